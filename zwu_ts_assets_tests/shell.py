"""A person at a terminal, with folders of its own."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from zwu_ts_assets import cli
from zwu_ts_assets_tests.project import SETTINGS, write_csv


class Shell:
    """Runs commands against folders of its own."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Args: an empty folder, and what sets the environment for it."""
        self.data, self.artifacts = folder / "data", folder / "artifacts"
        self.csv = self.data / "ETTh1.csv"
        self.data.mkdir()
        monkeypatch.setenv("ZWU_TS_DATA_DIR", str(self.data))
        monkeypatch.setenv("ZWU_TS_ARTIFACTS_DIR", str(self.artifacts))
        monkeypatch.setenv("DAGSTER_HOME", str(folder / "home"))
        # Set to the value it has, so that what a command changes is undone after the test.
        monkeypatch.setenv("ZWU_TS_DATASETS", os.environ.get("ZWU_TS_DATASETS", ""))

    def prepare(self, rows: int = 77) -> None:
        """Put a CSV and its settings into the data folder."""
        write_csv(self.csv, rows)
        # `--select '*'` includes the exports: a single batch has to be a sample.
        split = "[split]\nratios = [1, 0, 0]\n"
        (self.data / "ETTh1.toml").write_text(SETTINGS + split, encoding="utf-8")

    def enter(self, *words: str) -> Result:
        """Enter a command line."""
        return CliRunner().invoke(cli.main, words)
