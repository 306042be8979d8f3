"""Missing rows and values are refused, dropped or interpolated, as the settings say."""

import math
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.timeseries import csv_file
from zwu_ts_assets.timeseries.csv_file import (
    count_data_rows,
    count_grid_rows,
    read_csv,
    read_series,
)
from zwu_ts_assets.timeseries.csv_rules import CsvRules
from zwu_ts_assets_tests.timeseries.csv_text import good_lines, refusal, text_of, with_line, write

DROP = CsvRules(gaps="drop")


def interpolating(limit: int) -> CsvRules:
    """Rules that interpolate runs of at most so many."""
    return CsvRules(gaps="interpolate", interpolate_limit=limit)


def nan(values: np.ndarray) -> list[list[float | None]]:
    """Values as lists, with None for NaN."""
    return [[None if math.isnan(v) else v for v in row] for row in values.tolist()]


def test_a_hole_becomes_rows_of_nan_that_are_missing(tmp_path: Path) -> None:
    lines = good_lines(8)
    del lines[3:5]
    path = write(tmp_path, text_of(lines))
    reading = read_csv(path, rules=DROP)
    series = reading.series
    assert reading.inserted == 2
    assert series.timestamps.tolist() == [
        datetime(2016, 7, 1) + timedelta(hours=hour) for hour in range(8)
    ]
    assert series.missing is not None
    assert series.missing.tolist() == [False, False, True, True, False, False, False, False]
    assert nan(series.values)[2:5] == [[None, None], [None, None], [4.25, -4.5]]
    assert series.interpolated is None
    assert count_grid_rows(path, rules=DROP) == 8


@pytest.mark.parametrize("cell", ["", " ", "NaN", "nan", "NA", "N/A", "null", "None", "-", "?"])
@pytest.mark.parametrize("blocks", [True, False])
def test_a_missing_value_makes_its_row_missing_and_leaves_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cell: str, blocks: bool
) -> None:
    if not blocks:
        monkeypatch.setattr(csv_file, "parse_block", lambda *_: None)
    path = write(tmp_path, with_line(4, f"2016-07-01 02:00:00,{cell},-2.5"))
    series = read_series(path, rules=DROP)
    assert series.missing is not None
    assert series.missing.tolist() == [False, False, True, False, False, False]
    assert nan(series.values)[2] == [None, -2.5]


@pytest.mark.parametrize("cell", ["inf", "closed", "1e999", "nan(1)", "-nan"])
def test_what_is_neither_a_number_nor_missing_is_refused_all_the_same(
    tmp_path: Path, cell: str
) -> None:
    path = write(tmp_path, with_line(4, f"2016-07-01 02:00:00,{cell},-2.5"))
    with pytest.raises(CorpusError, match="line 4, column 'load': found "):
        read_series(path, rules=DROP)


def test_a_good_file_is_read_as_without_the_setting(tmp_path: Path) -> None:
    path = write(tmp_path, text_of(good_lines()))
    plain, series = read_series(path), read_series(path, rules=interpolating(3))
    assert (series.missing, series.interpolated) == (None, None)
    assert series.values.tobytes() == plain.values.tobytes()
    assert series.timestamps.tobytes() == plain.timestamps.tobytes()


def test_a_refusal_tells_the_setting(tmp_path: Path) -> None:
    message = refusal(tmp_path, with_line(4, "2016-07-01 02:00:00,,-2.5"))
    assert message.startswith(", line 4, column 'load': found an empty cell; expected a finite")
    assert 'The setting `gaps` ("drop" or "interpolate") allows missing values.' in message
    lines = good_lines(8)
    del lines[3]
    assert '`gaps` ("drop" or "interpolate") allows that.' in refusal(tmp_path, text_of(lines))
    # A row off the interval is no gap.
    assert "`gaps`" not in refusal(tmp_path, with_line(4, "2016-07-01 02:30:00,1,-2.5"))


@pytest.mark.parametrize(
    ("stamp", "says"),
    [
        ("2016-07-01 02:30:00", "found 2016-07-01 02:30:00, 1:30:00 (h:mm:ss) after"),
        ("2016-07-01 01:00:00", "a second time"),
        ("2016-07-01 00:00:00", "expected increasing times"),
    ],
)
def test_rows_that_are_no_gap_are_refused_also_where_gaps_are_allowed(
    tmp_path: Path, stamp: str, says: str
) -> None:
    path = write(tmp_path, with_line(4, f"{stamp},1,-2.5"))
    for function in (read_series, count_grid_rows):
        with pytest.raises(CorpusError) as caught:
            function(path, rules=DROP)
        assert says in str(caught.value)


def test_the_interval_may_be_less_frequent_than_its_double(tmp_path: Path) -> None:
    hours = [0, 1, 2, 4, 6, 8, 10, 11, 12]
    lines = [good_lines(1)[0], *(f"2016-07-01 {hour:02d}:00:00,1,2" for hour in hours)]
    series = read_series(write(tmp_path, text_of(lines)), rules=DROP)
    assert series.interval == np.timedelta64(3600, "s")
    assert series.rows == 13


@pytest.mark.parametrize("last", ["2016-07-01 20:00:00", "9999-01-01 00:00:00"])
def test_more_missing_rows_than_rows_are_refused_and_take_no_memory(
    tmp_path: Path, last: str
) -> None:
    path = write(tmp_path, text_of([*good_lines(), f"{last},1,1"]))
    with pytest.raises(CorpusError, match=r"found 7 of the [\d,]+ rows that an interval of 1:00"):
        read_series(path, rules=DROP)


def test_the_first_value_tells_whether_a_column_is_numeric(tmp_path: Path) -> None:
    content = "date,a,b,c\n2016-07-01,,NA,1\n2016-07-02,x,,2\n2016-07-03,y,3,3\n"
    series = read_series(write(tmp_path, content), rules=DROP)
    assert series.features == ("b", "c")
    assert nan(series.values) == [[None, 1], [None, 2], [3, 3]]
    content = "date,a\n2016-07-01,\n2016-07-02,\n"
    with pytest.raises(CorpusError, match="no value at all in the first lines of 'a'"):
        read_series(write(tmp_path, content), rules=DROP)


def test_a_column_without_any_value_is_left_out_with_the_reason(tmp_path: Path) -> None:
    path = write(tmp_path, "date,a,b,note\n2016-07-01,,1,x\n2016-07-02,NA,2,y\n")
    reading = read_csv(path, rules=DROP)
    assert reading.series.features == ("b",)
    assert reading.series.missing is None
    assert reading.columns.left_out == (
        ("a", "no value in the first lines"),
        ("note", "text, such as 'x'"),
    )
    assert any("'a' (name them in `features` to use them)" in note for note in reading.notes)
    # Who wants it nevertheless has rows that lack it.
    named = read_series(path, features=["a", "b"], rules=DROP)
    assert nan(named.values) == [[None, 1], [None, 2]]


@st.composite
def tables(draw: st.DrawFn) -> pd.DataFrame:
    """Hourly rows of two columns with holes and missing values; first and last row are there."""
    rows = draw(st.integers(4, 40))
    number = st.floats(-1e6, 1e6) | st.none()
    frame = pd.DataFrame(
        {name: draw(st.lists(number, min_size=rows, max_size=rows)) for name in "ab"},
        index=pd.date_range("2016-07-01", periods=rows, freq="h"),
        dtype=float,
    )
    frame.iloc[0] = 1.0  # tells the columns
    # Few enough for the interval to stay the most frequent step.
    inner = st.integers(3, rows - 2) if rows > 5 else st.nothing()
    lost = draw(st.sets(inner, max_size=rows // 5 if rows > 5 else 0))
    return frame.drop(frame.index[sorted(lost)])


def written(folder: Path, frame: pd.DataFrame) -> Path:
    """A CSV of a table, as pandas writes it."""
    text = "date,a,b\n" + "".join(
        f"{when}," + ",".join("" if math.isnan(v) else repr(float(v)) for v in row) + "\n"
        for when, row in zip(frame.index, frame.to_numpy(), strict=True)
    )
    return write(folder, text)


@settings(deadline=None)
@given(frame=tables(), block=st.integers(1, 400))
def test_dropping_is_what_pandas_calls_reindexing(
    tmp_path_factory: pytest.TempPathFactory, frame: pd.DataFrame, block: int
) -> None:
    path = written(tmp_path_factory.getbasetemp(), frame)
    expected = frame.asfreq("h")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_file, "_BLOCK", block)
        reading = read_csv(path, rules=DROP)
        rows = count_grid_rows(path, rules=DROP)
    series = reading.series
    assert series.timestamps.tolist() == pd.DatetimeIndex(expected.index).to_pydatetime().tolist()
    np.testing.assert_array_equal(series.values, expected.to_numpy())
    lacking = expected.isna().any(axis=1).to_numpy()
    assert (series.missing is None) == (not lacking.any())
    if series.missing is not None:
        np.testing.assert_array_equal(series.missing, lacking)
    assert rows == len(expected) == count_data_rows(path) + reading.inserted


@settings(deadline=None)
@given(frame=tables(), limit=st.integers(1, 5))
def test_interpolation_is_that_of_pandas_in_runs_that_are_short_enough(
    tmp_path_factory: pytest.TempPathFactory, frame: pd.DataFrame, limit: int
) -> None:
    path = written(tmp_path_factory.getbasetemp(), frame)
    gaps = frame.asfreq("h")
    whole = gaps.interpolate(method="time", limit_area="inside")
    for name in gaps:
        lacking = gaps[name].isna()
        runs = (lacking != lacking.shift()).cumsum()
        too_long = lacking & (lacking.groupby(runs).transform("sum") > limit)
        whole.loc[too_long, name] = np.nan
    series = read_series(path, rules=interpolating(limit))
    np.testing.assert_allclose(series.values, whole.to_numpy(), rtol=1e-9, atol=1e-6)
    made = (gaps.isna() & whole.notna()).to_numpy()
    assert (series.interpolated is None) == (not made.any())
    if series.interpolated is not None:
        np.testing.assert_array_equal(series.interpolated, made)
    still = whole.isna().any(axis=1).to_numpy()
    assert (series.missing is None) == (not still.any())
    if series.missing is not None:
        np.testing.assert_array_equal(series.missing, still)
    # What the CSV held is held to the bit.
    np.testing.assert_array_equal(series.values[~made], gaps.to_numpy()[~made])


def test_interpolation_between_huge_values_stays_finite(tmp_path: Path) -> None:
    content = "date,a\n2016-07-01,-1.7e308\n2016-07-02,\n2016-07-03,1.7e308\n"
    series = read_series(write(tmp_path, content), rules=interpolating(1))
    assert series.values.tolist() == [[-1.7e308], [0.0], [1.7e308]]


def test_many_empty_cells_take_the_fast_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = ["1;;;4", ";;;", ";2;3;", "1;2;3;4"]
    content = "a;b;c;date;d\n" + "".join(
        f"{row.rsplit(';', 1)[0]};2016-07-0{day};{row.rsplit(';', 1)[1]}\n"
        for day, row in enumerate(rows, start=1)
    )
    by_lines = nan(read_series(write(tmp_path, content), features=list("abcd"), rules=DROP).values)
    monkeypatch.delattr(csv_file, "_read_line_by_line")
    for text in (content, content.replace("\n", "\r\n")):
        series = read_series(write(tmp_path, text), features=list("abcd"), rules=DROP)
        assert (
            nan(series.values)
            == by_lines
            == [
                [1, None, None, 4],
                [None, None, None, None],
                [None, 2, 3, None],
                [1, 2, 3, 4],
            ]
        )
