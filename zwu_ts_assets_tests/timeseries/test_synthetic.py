"""A synthetic series is what its truth says, and nothing else."""

import csv
import io
import json
import math
import statistics
from pathlib import Path
from typing import Any

import pytest

from zwu_ts_assets.config.discovery import discover
from zwu_ts_assets.config.settings_file import read_settings
from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.timeseries.csv_file import read_csv
from zwu_ts_assets.timeseries.synthetic import DIFFICULTIES, Difficulty, synthetic_series
from zwu_ts_assets_tests.shell import Shell


def season(column: dict[str, Any], row: int) -> float:
    """The season of a column at a row, from its truth alone."""
    amplitude = column["amplitudes"][row >= column["season_changes"]]
    return float(amplitude * math.cos(2 * math.pi * (row - column["phase"]) / column["period"]))


def clean(truth: dict[str, Any], name: str, row: int) -> float:
    """What a column would be at a row without noise, from its truth alone."""
    column = truth["columns"][name]
    value = column["level"] + season(column, row)
    turn, (before, after) = column["trend_changes"], column["slopes"]
    value += before * row if row < turn else before * turn + after * (row - turn)
    value += sum(size for at, size in column["breaks"] if row >= at)
    if column["follows"]:
        leader = truth["columns"][column["follows"]]
        value += column["share"] * season(leader, row - column["lag"])
    for each in truth["anomalies"]:
        if each["column"] == name and each["start"] <= row < each["stop"]:
            value += each["size"]
    return float(value)


@pytest.mark.parametrize("difficulty", DIFFICULTIES)
def test_without_its_noise_the_series_is_what_its_truth_says(difficulty: Difficulty) -> None:
    content, made = synthetic_series(rows=2000, columns=3, seed=11, difficulty=difficulty)
    truth = json.loads(made.to_json())
    table = list(csv.DictReader(io.StringIO(content.decode("ascii"))))
    assert len(table) == truth["rows"] == 2000
    marked = [any(a["start"] <= row < a["stop"] for a in truth["anomalies"]) for row in range(2000)]
    assert [row["anomaly"] for row in table] == [str(int(mark)) for mark in marked]
    for regime in truth["regimes"]:
        rest = [
            float(table[row][name]) - clean(truth, name, row)
            for row in range(regime["start"], regime["stop"])
            for name in truth["columns"]
            if not marked[row]
        ]
        assert statistics.fmean(rest) == pytest.approx(0, abs=0.15 * regime["noise"])
        assert statistics.pstdev(rest) == pytest.approx(regime["noise"], rel=0.12)
    for each in truth["anomalies"]:
        span = range(each["start"], each["stop"])
        found = [float(table[row][each["column"]]) for row in span]
        rest = [v - clean(truth, each["column"], row) for v, row in zip(found, span, strict=True)]
        regime = next(r for r in truth["regimes"] if r["start"] <= each["start"] < r["stop"])
        if each["kind"] == "flat":
            assert len(set(found)) == 1
        elif each["kind"] == "noise":
            assert statistics.pstdev(rest) > 2 * regime["noise"]
        else:
            assert each["size"] != 0
            assert max(map(abs, rest)) < 6 * 2 * regime["noise"]


def test_anomalies_of_all_kinds_lie_all_over_the_series_and_do_not_touch() -> None:
    _, truth = synthetic_series(rows=20_000)
    assert {each.kind for each in truth.anomalies} == {"spike", "shift", "flat", "noise"}
    starts = [each.start for each in truth.anomalies]
    stops = [each.stop for each in truth.anomalies]
    assert all(later - stop >= 96 for stop, later in zip(stops, starts[1:], strict=False))
    assert starts[0] < 200 and stops[-1] > 19_500


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    first, truth = synthetic_series(rows=600, seed=3)
    assert synthetic_series(rows=600, seed=3) == (first, truth)
    assert synthetic_series(rows=600, seed=4)[0] != first


@pytest.mark.parametrize("wrong", [{"rows": 499}, {"columns": 0}, {"columns": 51}, {"seed": -1}])
def test_arguments_out_of_bounds_are_told(wrong: dict[str, int]) -> None:
    with pytest.raises(CorpusError, match="expected 500 to 200,000 rows, 1 to 50 columns"):
        synthetic_series(**wrong)  # type: ignore[arg-type]


def test_the_command_makes_a_dataset_whose_truth_is_no_table_and_whose_labels_are_no_feature(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell = Shell(tmp_path, monkeypatch)
    made = shell.enter("synthetic", "--name", "toy", "--rows", "600", "--columns", "2")
    assert made.exit_code == 0, made.output
    found = discover(shell.data)
    assert "toy" in found.names
    assert found.others == {}
    assert json.loads((shell.data / "toy.truth.json").read_bytes())["rows"] == 600
    settings = read_settings(shell.data / "toy.toml")
    read = read_csv(
        found.csvs["toy"],
        time_column=settings.time_column,
        features=settings.features,
        rules=settings.csv_rules,
    )
    assert read.series.features == ("c1", "c2")


def test_the_command_overwrites_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shell = Shell(tmp_path, monkeypatch)
    (shell.data / "toy.toml").write_text("window_length = 48\n", encoding="utf-8")
    made = shell.enter("synthetic", "--name", "toy")
    assert made.exit_code == 1
    assert "toy.toml is there and would be changed; nothing was written" in made.output
    assert [path.name for path in shell.data.iterdir()] == ["toy.toml"]
    assert "is no name of a dataset" in shell.enter("synthetic", "--name", "../up").output
