"""The arrays of a series fit together, or there is no series."""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.timeseries.series import Series


def hours(rows: int) -> NDArray[np.datetime64]:
    return np.datetime64("2016-07-01", "s") + np.arange(rows) * np.timedelta64(3600, "s")


def test_the_interval_is_the_time_from_one_row_to_the_next() -> None:
    series = Series(hours(3), np.zeros((3, 2)), ("a", "b"))
    assert series.rows == 3
    assert series.interval == np.timedelta64(1, "h")
    assert series.interval.dtype == np.dtype("timedelta64[s]")


def test_one_row_has_no_interval() -> None:
    series = Series(hours(1), np.zeros((1, 1)), ("a",))
    with pytest.raises(CorpusError, match=r"has 1 row.*an interval needs at least two rows"):
        _ = series.interval


def test_the_reach_of_a_row_is_where_its_interpolated_values_came_from() -> None:
    marks = np.zeros((8, 2), np.bool_)
    marks[2:4, 0] = marks[3:5, 1] = marks[6, 1] = True
    first, last = Series(hours(8), np.zeros((8, 2)), ("a", "b"), None, marks).reach
    assert first.tolist() == [0, 1, 1, 1, 2, 5, 5, 7]
    assert last.tolist() == [0, 1, 4, 5, 5, 5, 7, 7]
    plain = Series(hours(3), np.zeros((3, 2)), ("a", "b")).reach
    assert [rows.tolist() for rows in plain] == [[0, 1, 2], [0, 1, 2]]


@pytest.mark.parametrize(
    ("timestamps", "values", "message"),
    [
        (hours(3).astype("datetime64[us]"), np.zeros((3, 2)), r"timestamps are datetime64\[us\]"),
        (hours(3)[:, None], np.zeros((3, 2)), r"of shape \(3, 1\); expected datetime64\[s\]"),
        (hours(3), np.zeros((4, 2)), r"shape \(4, 2\); expected float64 of shape \(3, 2\)"),
        (hours(3), np.zeros((3, 1)), r"shape \(3, 1\); expected float64 of shape \(3, 2\)"),
        (hours(3), np.zeros((3, 2), np.float32), "values are float32"),
        (hours(3), np.zeros((2, 3)).T, "not C-contiguous"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(
    timestamps: NDArray[np.datetime64], values: NDArray[np.float64], message: str
) -> None:
    with pytest.raises(CorpusError, match=message):
        Series(timestamps, values, ("a", "b"))


@pytest.mark.parametrize(
    ("marks", "message"),
    [
        ({"missing": np.zeros(2, bool)}, r"missing is bool of shape \(2,\); expected .*\(3,\)"),
        ({"missing": np.zeros(3, np.int64)}, "missing is int64 of shape"),
        ({"interpolated": np.zeros(3, bool)}, r"interpolated is bool .*expected .*\(3, 2\)"),
    ],
)
def test_marks_that_do_not_fit_are_refused(marks: dict[str, Any], message: str) -> None:
    with pytest.raises(CorpusError, match=message):
        Series(hours(3), np.zeros((3, 2)), ("a", "b"), **marks)


def test_the_modules_that_load_with_the_definitions_need_nothing_heavier_than_numpy() -> None:
    """A pandas or matplotlib import would slow down every command, `--help` included."""
    names = [
        *("timeseries.series", "timeseries.windows", "timeseries.sample"),
        *("timeseries.csv_file", "text.stats", "text.vocabulary", "errors"),
    ]
    code = (
        "import sys; sys.modules['zwu_ts_assets'] = type(sys)('zwu_ts_assets'); "
        "sys.modules['zwu_ts_assets'].__path__ = [sys.argv[1]]; "
        + "; ".join(f"import zwu_ts_assets.{name}" for name in names)
        + "; print(*sys.modules)"
    )
    package = sys.modules["zwu_ts_assets"].__path__[0]
    loaded = subprocess.run(
        [sys.executable, "-c", code, package], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "zwu_ts_assets.timeseries.csv_file" in loaded
    heavy = {"dagster", "pandas", "matplotlib", "seaborn", "PIL", "pyarrow", "transformers"}
    assert not heavy & set(loaded)
