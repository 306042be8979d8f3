"""A corpus made from a packed or a Parquet file is the one made from the CSV."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from zwu_ts_assets import cli
from zwu_ts_assets_tests.project import SETTINGS, write_csv


@pytest.fixture
def enter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Enters a command beside the project."""
    monkeypatch.setenv("ZWU_TS_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("ZWU_TS_ARTIFACTS_DIR", str(tmp_path / "artifacts"))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ZWU_TS_DATASETS", "")
    (tmp_path / "data").mkdir()
    return lambda *words: CliRunner().invoke(cli.main, words)


def test_every_format_gives_the_same_figures_videos_and_text(
    tmp_path: Path, enter: Callable[..., Result]
) -> None:
    data = tmp_path / "data"
    write_csv(data / "ETTh1.csv", 77)
    content = (data / "ETTh1.csv").read_bytes()
    (data / "packed load.csv.gz").write_bytes(gzip.compress(content))
    pd.read_csv(data / "ETTh1.csv", parse_dates=["date"]).to_parquet(data / "2016.parquet")
    for name in ("ETTh1", "packed load", "2016"):
        (data / f"{name}.toml").write_text(SETTINGS, "utf-8")
    result = enter("run", "--workers", "1")
    assert result.exit_code == 0, result.output
    assert "  file: packed load.csv.gz\n" in result.output
    assert "  features: HUFL, HULL, MUFL, MULL, LUFL, LULL, OT\n" in result.output
    artifacts = tmp_path / "artifacts"
    for folder in ("correlations", "patch_videos"):
        names = [path.name for path in (artifacts / folder).glob("batch_*")]
        assert len(names) in (3, 6)
        for name in names:
            expected = (artifacts / folder / name).read_bytes()
            for dataset in ("packed_load", "csv_2016"):
                made = artifacts / dataset / folder / name
                assert name.endswith("qwen.jsonl") or made.read_bytes() == expected
    # They are followed like a CSV.
    frame = pd.read_parquet(data / "2016.parquet")
    frame.loc[30, "OT"] = 5.0
    frame.to_parquet(data / "2016.parquet")
    status = enter("status", "csv_2016").output
    assert "csv_2016_raw         1 input changed" in status
    assert "batch_windows        1 input changed (batch 1)" in status
