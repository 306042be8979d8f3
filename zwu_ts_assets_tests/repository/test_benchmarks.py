"""What the benchmark says of its figures, and the CSVs that it measures with."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.cluster import duration, estimate
from benchmarks.cluster_run import windows
from benchmarks.measure import Row
from benchmarks.pipeline import BATCH_ROWS, first_rows, repeated, with_one_value_changed
from zwu_ts_assets.timeseries.csv_file import read_series
from zwu_ts_assets.timeseries.sample import sample_csv
from zwu_ts_assets.timeseries.series import Series
from zwu_ts_assets_tests.reference import REPOSITORY

CSV = sample_csv(3 * BATCH_ROWS + 10)


def table(csv: bytes, folder: Path) -> Series:
    (folder / "series.csv").write_bytes(csv)
    return read_series(folder / "series.csv")


@pytest.mark.parametrize(
    ("ratios", "at_least", "aim", "verdict"),
    [
        ([59.0, 61.0, 90.0], 60, 150, "yes"),  # times as fast: more is better
        ([59.0, 59.9, 90.0], 60, 150, "NO"),
        ([0.02, 0.1, 0.3], 0.1, 0.05, "yes"),  # a part of the time: less is better
        ([0.02, 0.11, 0.11], 0.1, 0.05, "NO"),
    ],
)
def test_a_target_is_reached_by_the_median_in_its_own_direction(
    ratios: list[float], at_least: float, aim: float, verdict: str
) -> None:
    assert Row("a", "b", ratios, at_least, aim).text().endswith(f"| {verdict} |")


def test_a_row_tells_the_median_and_the_spread() -> None:
    assert Row("a", "b", [3.0, 1.0, 2.0], 1, 2).text() == "| a | b | 2 | 1 to 3 | 1 | 2 | yes |"
    assert "| once |" in Row("a", "b", [3.0], 1, 2).text()


def test_the_longer_csv_has_the_same_windows_again_at_later_times(tmp_path: Path) -> None:
    short, longer = table(CSV, tmp_path), table(repeated(CSV, 2, 5), tmp_path)
    rows = 2 * BATCH_ROWS
    np.testing.assert_array_equal(longer.values, np.tile(short.values[:rows], (5, 1)))
    assert longer.interval == short.interval
    assert longer.timestamps[0] == short.timestamps[0]


def test_a_changed_value_changes_one_batch(tmp_path: Path) -> None:
    before = table(CSV, tmp_path).values
    after = table(with_one_value_changed(CSV, 1), tmp_path).values
    changed = {int(row) // BATCH_ROWS for row in np.argwhere((before != after).any(axis=1))[:, 0]}
    assert changed == {1}


def test_the_first_rows_are_whole_lines_below_the_header() -> None:
    assert first_rows(CSV, 5).count(b"\n") == 6
    assert CSV.startswith(first_rows(CSV, 5))


def test_a_cluster_is_estimated_to_be_as_fast_as_its_cores_until_one_parent_is_the_limit() -> None:
    lines = estimate(here=10.0, per_core=5.0, at_most=100.0, cores=(1, 10, 1000)).splitlines()
    rows = {line.split(": ")[0]: line.split(" | ")[1:] for line in lines[2:]}
    # 17,325 windows: at 10 a second, at 5, at 50, and at no more than 100.
    assert rows["| ETTh1 or ETTh2"] == ["28.9 min", "57.8 min", "5.8 min", "2.9 min |"]
    assert rows["| ETTm1 or ETTm2"] == ["1.9 h", "3.9 h", "23.2 min", "11.6 min |"]
    assert "all four files: 173,820" in lines[-1]
    assert duration(42.4) == "42 s"


def test_the_cluster_benchmark_draws_windows_that_begin_at_every_row() -> None:
    made = list(windows(3))
    assert [start for start, _ in made] == [0, 1, 2]
    assert all(window.values.shape == (BATCH_ROWS, 7) for _, window in made)
    np.testing.assert_array_equal(made[0][1].values[1:], made[1][1].values[:-1])


@pytest.mark.slow
def test_the_cluster_benchmark_measures_each_way() -> None:
    command = [sys.executable, "-m", "benchmarks.cluster", "--small"]
    ran = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    rows = [line.strip("| ").split(" | ") for line in ran.stdout.splitlines() if "| once |" in line]
    assert [row[0] for row in rows] == ["one process", "two processes", "Dask, two workers"]
    for way, rate, _, total_mib, parent_mib in rows:
        assert 0.0 < float(rate) < 1000.0, way
        # An interpreter with what draws; one process encodes by itself, others have workers.
        assert 40 < int(parent_mib) <= int(total_mib) < 20_000, way
        assert (int(parent_mib) == int(total_mib)) == (way == "one process"), way
    sizes = re.search(r"A window is (\d+) KiB of PNG and MP4", ran.stdout)
    assert sizes is not None
    assert int(sizes[1]) > 100
