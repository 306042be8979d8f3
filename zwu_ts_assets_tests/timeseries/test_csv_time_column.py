"""The column with the times is found where it is certain, else asked for."""

from pathlib import Path

import numpy as np
import pytest

from zwu_ts_assets.timeseries.csv_file import read_csv, read_series
from zwu_ts_assets_tests.timeseries.csv_text import (
    assert_reads_like_pandas,
    good_lines,
    refusal,
    text_of,
    write,
)


def test_the_time_column_is_date_else_the_one_that_has_timestamps(tmp_path: Path) -> None:
    path = write(tmp_path, "a,When,b\n1,2016-07-01 00:00,2\n3,2016-07-01 01:00,4\n")
    assert_reads_like_pandas(path, time="When")
    path = write(tmp_path, "When,date,b\n2015-07-01,2016-07-01,2\n2015-07-02,2016-07-02,4\n")
    assert read_series(path, features=["b"]).timestamps[0] == np.datetime64("2016-07-01")


def test_several_columns_with_timestamps_are_refused_with_their_names(tmp_path: Path) -> None:
    content = "begin,end,a\n2016-07-01,2016-07-02,1\n2016-07-02,2016-07-03,2\n"
    assert refusal(tmp_path, content) == (
        ", line 2: found 2 columns whose first cell is a timestamp: 'begin', 'end'; expected one, "
        "or one that is named 'date'. Name the right one in the settings, for example "
        "`time_column = 'begin'`."
    )
    path = write(tmp_path, content)
    assert read_series(path, time_column="end", features=["a"]).rows == 2


def test_without_any_timestamp_the_time_column_is_asked_for(tmp_path: Path) -> None:
    message = refusal(tmp_path, "a,b\nx,2\ny,4\n")
    assert message.startswith(", line 1: found no column 'date'; the columns are 'a', 'b'")
    assert "`time_column`" in message


def test_a_count_of_seconds_is_a_time_only_where_no_column_has_dates(tmp_path: Path) -> None:
    path = write(tmp_path, "ts,a\n1467331200,1\n1467334800,2\n")
    series = read_series(path)
    assert series.features == ("a",)
    assert series.timestamps[1] == np.datetime64("2016-07-01T01:00:00")
    path = write(tmp_path, "day,serial\n2016-07-01,1467331200\n2016-07-02,1467334800\n")
    assert read_series(path).features == ("serial",)


@pytest.mark.parametrize("stamp", ["1st July 2016", "2016-W26-5", "1/2016"])
def test_a_running_number_is_not_taken_for_the_time_beside_what_may_be_one(
    tmp_path: Path, stamp: str
) -> None:
    content = f"id,when,a\n100000001,{stamp},1\n100000002,{stamp},2\n"
    message = refusal(tmp_path, content)
    assert message.startswith(", line 2, column 'id': found '100000001', which may be a count of")
    assert f"in column 'when' {stamp!r}, which may be a time" in message
    assert "for example `time_column = 'when'`" in message
    path = write(tmp_path, content)
    assert read_series(path, time_column="id", features=["a"]).rows == 2


def test_a_count_of_seconds_is_found_beside_text_and_numbers(tmp_path: Path) -> None:
    path = write(tmp_path, "ts,station,a,b\n1467331200,ST 42,1.25,1e5\n1467334800,ST 42,2.5,2e5\n")
    assert read_csv(path).columns.time_name == "ts"


def test_a_file_without_a_header_is_not_read_as_if_it_had_one(tmp_path: Path) -> None:
    content = text_of(good_lines()[1:]).replace(",", ";")
    assert "Line 1 looks like data" in refusal(tmp_path, content)
