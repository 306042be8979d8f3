"""Folders are found from the project's root, and variables move them."""

from pathlib import Path

import pytest

from zwu_ts_assets import environment
from zwu_ts_assets_tests.reference import REPOSITORY


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATA_DIR", "ARTIFACTS_DIR", "CACHE_DIR", "DATASETS"):
        monkeypatch.delenv(f"ZWU_TS_{name}", raising=False)


def test_folders_lie_in_the_project_whatever_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert environment.data_dir() == REPOSITORY / "data"
    assert environment.artifacts_dir() == REPOSITORY / "artifacts"


def test_an_installed_wheel_uses_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = tmp_path / "site-packages" / "zwu_ts_assets" / "environment.py"
    monkeypatch.setattr(environment, "__file__", str(installed))
    monkeypatch.chdir(tmp_path)
    assert environment.artifacts_dir() == tmp_path / "artifacts"


def test_variables_move_the_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZWU_TS_DATA_DIR", str(tmp_path / "in"))
    monkeypatch.setenv("ZWU_TS_ARTIFACTS_DIR", "~/out")
    monkeypatch.setenv("ZWU_TS_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert environment.data_dir() == tmp_path / "in"
    assert environment.artifacts_dir() == tmp_path / "out"
    assert environment.cache_dir() == tmp_path / "cache"


def test_the_datasets_that_there_are_are_defined_unless_some_are_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert environment.dataset_names() == []
    monkeypatch.setenv("ZWU_TS_DATASETS", "etth1, sample")
    assert environment.dataset_names() == ["etth1", "sample"]
