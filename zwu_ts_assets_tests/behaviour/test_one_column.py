"""A series of one column: that panels are trivial is said, and lagged copies help."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from click.testing import Result

from zwu_ts_assets_tests.project import SETTINGS, Project, commands_beside

PLAIN = SETTINGS.replace("horizon = 24", "horizon = 6")
LAGS = [1, 24]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path / "project", rows=345, settings=PLAIN + 'features = ["OT"]\n')
    return project


@pytest.fixture
def enter(project: Project, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Enters a command beside the project."""
    return commands_beside(project, monkeypatch)


def test_one_column_gets_copies_of_its_past_as_further_columns(
    project: Project, enter: Callable[..., Result]
) -> None:
    says = "warning: OT is the only value column, so that five of the six panels of a figure are"
    result = enter("run", "--workers", "1")
    assert result.exit_code == 0, result.output
    assert says in result.output
    assert "such as `lags = [1, 24]`" in enter("status").output
    project.configure(
        PLAIN + f'features = ["OT"]\nlags = {LAGS}\n[split]\nratios = [0.6, 0.2, 0.2]\n'
    )
    result = enter("export", "--format", "qwen", "--workers", "1")
    assert result.exit_code == 0, result.output
    assert "warning" not in result.output
    assert "features: OT, OT (lag 1), OT (lag 24)" in result.output

    frame = pd.read_csv(project.csv, parse_dates=["date"]).set_index("date")[["OT"]]
    for lag in LAGS:
        frame[f"OT (lag {lag})"] = frame["OT"].shift(lag)
    frame = frame.dropna()
    windows = sorted(project.artifacts.glob("batch_windows/*.parquet"))
    assert len(windows) == len(frame) // 24 == 13
    table = pq.read_table(project.artifacts / "etth1_raw.parquet").to_pandas()
    assert np.array_equal(table[list(frame.columns)].to_numpy(), frame.to_numpy())
    assert (table.iloc[:, 0].to_numpy() == frame.index.to_numpy()).all()

    manifest = json.loads((project.artifacts / "exports/qwen/corpus.json").read_bytes())
    questions = [
        question
        for file in sorted(project.artifacts.glob("questions/*.parquet"))
        for question in pq.read_table(file).to_pylist()
    ]
    assert any("(lag " in question["prompt"] for question in questions)
    ahead = [question for question in questions if question["level"] == 5]
    assert not any("(lag " in question["prompt"] for question in ahead)
    # A window whose copies reach into another split is in none.
    report = json.loads((project.artifacts / "samples/splits.json").read_bytes())
    for sample in manifest["samples"]:
        first = int(sample["id"].rpartition("-r")[2])
        begin, _ = report["rows"][sample["split"]]
        assert sample["split"] == "train" or first - max(LAGS) >= begin
    assert enter("validate").exit_code == 0
    assert enter("status").output.startswith("etth1: 0 artifacts out of date")


@pytest.mark.parametrize(
    ("lags", "says"),
    [
        ("[24, 1]", "setting 'lags': [24, 1] does not increase"),
        ("[0]", "setting 'lags[0]' is 0"),
        ("[400]", "The setting `lags` reaches 400 rows back, and there are 345"),
    ],
)
def test_lags_that_cannot_be_are_refused(
    project: Project, enter: Callable[..., Result], lags: str, says: str
) -> None:
    project.configure(PLAIN + f"lags = {lags}\n")
    result = enter("status")
    assert result.exit_code == 1
    assert says in result.output
