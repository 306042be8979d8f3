"""`dg`, the command line of today's Dagster, works in a checkout as it does in any project."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

from zwu_ts_assets_tests.project import ASSETS, SETTINGS, write_csv, write_settings
from zwu_ts_assets_tests.reference import REPOSITORY

DG = Path(sys.executable).with_name("dg")  # of the dev lock


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The environment of a project with a small CSV, which knows `dg` as a user's shell does."""
    data = tmp_path / "data"
    data.mkdir()
    write_csv(data / "ETTh1.csv", 77)
    write_settings(data, SETTINGS)
    (tmp_path / "home").mkdir()
    shutil.copy(REPOSITORY / ".dagster" / "dagster.yaml", tmp_path / "home")
    return {
        **os.environ,
        "ZWU_TS_DATA_DIR": str(data),
        "ZWU_TS_ARTIFACTS_DIR": str(tmp_path / "artifacts"),
        "ZWU_TS_DATASETS": "etth1",
        "DAGSTER_HOME": str(tmp_path / "home"),
        "NO_COLOR": "1",
    }


def dg(environment: dict[str, str], *words: str) -> str:
    """What a command of `dg` prints in the folder of the repository."""
    ended = subprocess.run(
        [DG, *words], cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_it_is_of_the_release_of_dagster() -> None:
    assert version("dagster-dg-cli") == version("dagster")
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["tool"]["dg"]["project"]["root_module"] == "zwu_ts_assets"


@pytest.mark.slow
def test_definitions_are_found_checked_and_listed(environment: dict[str, str]) -> None:
    assert "All definitions loaded successfully" in dg(environment, "check", "defs")
    listed = json.loads(dg(environment, "list", "defs", "--json"))
    assert set(ASSETS) <= {asset["asset_key"] for asset in listed["assets"]}


@pytest.mark.slow
def test_an_asset_is_launched(environment: dict[str, str]) -> None:
    dg(environment, "launch", "--assets", "etth1_raw")
    dg(environment, "launch", "--assets", "batch_windows,batch_stats", "--partition-range", "0...2")
    artifacts = Path(environment["ZWU_TS_ARTIFACTS_DIR"])
    assert (artifacts / "batch_windows" / "batch_2.parquet").is_file()
    assert "--- Batch 2 ---" in (artifacts / "correlations" / "batch_stats.txt").read_text("utf-8")
