"""What `read_series` accepts, how exact it is, and that its two ways of reading agree."""

import csv
import io
import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.timeseries import csv_file, csv_lines, table_formats
from zwu_ts_assets.timeseries.csv_file import count_data_rows, read_series
from zwu_ts_assets.timeseries.csv_lines import Line
from zwu_ts_assets_tests.reference import ETTH1_CSV, REPOSITORY
from zwu_ts_assets_tests.timeseries.csv_text import (
    good_lines,
    refusal,
    text_of,
    with_line,
    write,
)


def plain_reading(path: Path) -> tuple[list[datetime], list[list[float]]]:
    """The oracle: Python's own csv module, `datetime` and `float`."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))[1:]
    times = [datetime.fromisoformat(row[0]) for row in rows]
    return times, [[float(cell) for cell in row[1:]] for row in rows]


def assert_reads_like_plain_python(path: Path) -> None:
    times, values = plain_reading(path)
    series = read_series(path)
    assert series.timestamps.dtype == np.dtype("datetime64[s]")
    assert series.timestamps.tolist() == times
    assert series.values.dtype == np.float64
    assert series.values.flags.c_contiguous
    assert series.values.tolist() == values


@pytest.fixture(params=["block by block", "line by line"])
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run the test once for each way of reading."""
    if request.param == "line by line":
        monkeypatch.setattr(csv_file, "parse_block", lambda *_: None)
    yield


@pytest.mark.usefixtures("either_way")
@pytest.mark.shared
def test_etth1_is_read_exactly() -> None:
    assert_reads_like_plain_python(ETTH1_CSV)
    series = read_series(ETTH1_CSV)
    assert series.values.shape == (17_420, 7)
    assert series.features == ("HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT")
    assert series.interval == np.timedelta64(3600, "s")


@pytest.mark.usefixtures("either_way")
def test_the_sample_is_read_exactly() -> None:
    assert_reads_like_plain_python(REPOSITORY / "data" / "sample.csv")


@pytest.mark.shared
def test_etth1_takes_the_fast_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(csv_file, "_read_line_by_line")
    assert read_series(ETTH1_CSV).rows == 17_420


@pytest.mark.parametrize(
    "content",
    [
        text_of(good_lines()),
        "\ufeff" + text_of(good_lines()),
        text_of(good_lines()).replace("\n", "\r\n"),
        text_of(good_lines()).replace(" ", "T"),
        text_of(good_lines()).replace(":00:00,", ":00,"),
        "load,date\r\n1.5,2016-07-01\r\n2.5,2016-07-02\r\n",
        "größe,date\n1.5,2016-07-01\n2.5,2016-07-02\n",
    ],
)
def test_usual_files_take_the_fast_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    path = write(tmp_path, content)
    by_lines = read_with(path, blocks=False)
    monkeypatch.delattr(csv_file, "_read_line_by_line")
    assert read_with(path, blocks=True) == by_lines


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize(
    "content",
    [
        "\ufeff" + text_of(good_lines()),
        text_of(good_lines()).replace("\n", "\r\n"),
        text_of(good_lines()).replace(" ", "T"),
        text_of(good_lines()) + "\n",
        text_of(good_lines()) + "\r\n \n\n",
        text_of(good_lines()).replace("date,", '"date",').replace("3.25", '"3.25"'),
    ],
)
def test_byte_order_mark_windows_line_ends_quotes_and_blank_lines_at_the_end_are_accepted(
    tmp_path: Path, content: str
) -> None:
    plain = read_series(write(tmp_path, text_of(good_lines())))
    other = read_series(write(tmp_path, content))
    assert other.features == plain.features
    assert other.timestamps.tolist() == plain.timestamps.tolist()
    assert other.values.tolist() == plain.values.tolist()


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize(
    ("cell", "second"),
    [("2016-07-01", 0), ("2016-07-01 00:00", 0), ("2016-07-01T00:00:07", 7), ("1969-12-31", 0)],
)
def test_a_timestamp_may_be_a_date_or_have_minutes_or_seconds(
    tmp_path: Path, cell: str, second: int
) -> None:
    series = read_series(write(tmp_path, f"date,a\n{cell},1\n"))
    day = datetime.fromisoformat(cell[:10])
    assert series.timestamps.tolist() == [day + timedelta(seconds=second)]


@pytest.mark.usefixtures("either_way")
def test_the_time_column_may_stand_anywhere_and_have_any_name(tmp_path: Path) -> None:
    path = write(tmp_path, "a,b,when\n1,2,2016-07-01\n3,4,2016-07-02\n")
    series = read_series(path, time_column="when")
    assert series.timestamps.tolist() == [datetime(2016, 7, 1), datetime(2016, 7, 2)]
    assert series.values.tolist() == [[1, 2], [3, 4]]


@pytest.mark.usefixtures("either_way")
def test_columns_that_are_not_used_may_hold_anything(tmp_path: Path) -> None:
    path = write(tmp_path, 'date,note,a\n2016-07-01,NaN,1\n2016-07-02,"x, y",2\n2016-07-03,,3\n')
    assert read_series(path, features=["a"]).values.tolist() == [[1], [2], [3]]


def test_one_data_row_is_a_series(tmp_path: Path) -> None:
    assert read_series(write(tmp_path, text_of(good_lines(1)))).rows == 1


def test_timestamps_a_second_time_are_refused(tmp_path: Path) -> None:
    message = refusal(tmp_path, with_line(5, "2016-07-01 02:00:00,1,1"))
    assert message == (
        ", line 5, column 'date': found 2016-07-01 02:00:00 a second time, as on the line before; "
        "expected each time once. Correct its time, or remove one of the two "
        "rows. If several series are below each other, name the column that tells them apart with "
        "`series_column`. If the clocks "
        "changed there, change no row: name their zone with the setting `time_zone`, for example "
        '"Europe/Berlin".'
    )


def test_days_and_times_of_day_in_two_columns_are_told_to_be_named(tmp_path: Path) -> None:
    content = "Date,Phase,a\n2016-07-01,00,1\n2016-07-01,01,2\n"
    message = refusal(tmp_path, content)
    assert message.startswith(", line 3, column 'Date': found 2016-07-01 00:00:00 a second time")
    assert message.endswith(
        "If the time of day is in another column, name both with `time_columns`."
    )


def test_timestamps_that_go_back_are_refused(tmp_path: Path) -> None:
    message = refusal(tmp_path, with_line(5, "2016-06-30 23:00:00,1,1"))
    assert message == (
        ", line 5, column 'date': found 2016-06-30 23:00:00 after 2016-07-01 02:00:00 on the line "
        "before; expected increasing times. Sort the file by this column. If several series are "
        "below each other, name the column that tells them apart with `series_column`."
    )


def test_a_row_out_of_order_in_a_file_that_is_newest_first_is_refused(tmp_path: Path) -> None:
    header, *rows = good_lines()
    newest_first = rows[::-1]
    newest_first[2], newest_first[3] = newest_first[3], newest_first[2]
    message = refusal(tmp_path, text_of([header, *newest_first]))
    assert ", line 3, column 'date': found 2016-07-01 04:00:00 after 2016-07-01 05:00" in message


def test_a_hole_in_a_file_that_is_newest_first_is_told_at_its_line(tmp_path: Path) -> None:
    header, *rows = good_lines()
    del rows[2]
    message = refusal(tmp_path, text_of([header, *reversed(rows)]))
    assert message.startswith(
        ", line 4, column 'date': found 2016-07-01 03:00:00, 2:00:00 (h:mm:ss) after "
        "2016-07-01 01:00:00 on the line after"
    )


@pytest.mark.parametrize("number", [3, 4, 6])
def test_a_gap_is_refused_at_the_line_after_it_wherever_it_is(tmp_path: Path, number: int) -> None:
    lines = good_lines(8)
    removed = lines.pop(number - 1)
    message = refusal(tmp_path, text_of(lines))
    after = lines[number - 1].split(",")[0]
    before = lines[number - 2].split(",")[0]
    assert removed.startswith("2016-07-01 0")
    assert message == (
        f", line {number}, column 'date': found {after}, 2:00:00 (h:mm:ss) after {before} on the "
        "line before; expected the interval of 1:00:00 that most rows have. Fill in the missing "
        "rows, or resample the series to one interval. If rows are missing, the setting `gaps` "
        '("drop" or "interpolate") allows that. If the clocks changed there, change no row: name '
        'their zone with the setting `time_zone`, for example "Europe/Berlin".'
    )


def test_an_interval_that_changes_is_refused(tmp_path: Path) -> None:
    content = "date,a\n2016-01-01,1\n2016-01-11,2\n2016-01-22,3\n2016-02-01,4\n"
    message = refusal(tmp_path, content)
    assert ", line 4, column 'date': found 2016-01-22 00:00:00, 11 days, 0:00:00" in message
    assert "expected the interval of 10 days, 0:00:00" in message


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        ("", 0),
        ("\n\n", 0),
        ("date,a", 0),
        ("date,a\n", 0),
        ("date,a\n\n\r\n", 0),
        ("\ufeffdate,a\n1,2\n", 1),
        ("date,a\n1,2", 1),
        ("date,a\r\n1,2\r\n3,4\r\n", 2),
        ("date,a\n1,2\n3,4\n\n  \n", 2),
        ("date,a\n1,2\n\n3,4\n", 3),
    ],
)
@pytest.mark.parametrize("block", [1, 3, 4096])
def test_rows_are_counted_without_reading_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str, rows: int, block: int
) -> None:
    monkeypatch.setattr(csv_file, "_BLOCK", block)
    assert count_data_rows(write(tmp_path, content)) == rows


@pytest.mark.shared
def test_the_rows_of_etth1_are_counted() -> None:
    assert count_data_rows(ETTH1_CSV) == 17_420


def test_counting_says_the_same_of_a_missing_file_as_reading(tmp_path: Path) -> None:
    for function in (count_data_rows, read_series):
        with pytest.raises(CorpusError, match=r"no such file .* Copy it to that place\."):
            function(tmp_path / "none.csv")
        with pytest.raises(CorpusError, match="found a directory"):
            function(tmp_path)


NAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1
).filter(lambda name: bool(name.strip()) and name != "date")


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[datetime], list[list[float]]]:
    """Names, times at one interval, and finite numbers of any size."""
    names = draw(st.lists(NAMES, min_size=1, max_size=5, unique=True))
    rows = draw(st.integers(1, 12))
    start = draw(st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1))).replace(microsecond=0)
    interval = timedelta(seconds=draw(st.integers(1, 10**7)))
    number = st.floats(allow_nan=False, allow_infinity=False)
    values = draw(
        st.lists(
            st.lists(number, min_size=len(names), max_size=len(names)),
            min_size=rows,
            max_size=rows,
        )
    )
    return names, [start + row * interval for row in range(rows)], values


@given(table=tables(), line_end=st.sampled_from(["\n", "\r\n"]), block=st.integers(1, 400))
def test_what_the_csv_module_writes_is_read_back_bit_by_bit(
    tmp_path_factory: pytest.TempPathFactory,
    table: tuple[list[str], list[datetime], list[list[float]]],
    line_end: str,
    block: int,
) -> None:
    names, times, values = table
    text = io.StringIO()
    writer = csv.writer(text, lineterminator=line_end)
    writer.writerow(["date", *names])
    for time, row in zip(times, values, strict=True):
        writer.writerow([time.isoformat(" "), *map(repr, row)])
    path = write(tmp_path_factory.getbasetemp(), text.getvalue())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_file, "_BLOCK", block)
        series = read_series(path)
    assert series.features == tuple(names)
    assert series.timestamps.tolist() == times
    assert series.values.tobytes() == np.array(values, dtype=np.float64).tobytes()
    assert count_data_rows(path) == len(times)


def read_with(path: Path, *, blocks: bool) -> tuple[object, ...]:
    """All that reading gives, the message included, by one of the two ways or as usual."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_file, "_BLOCK", 64)
        if not blocks:
            patch.setattr(csv_file, "parse_block", lambda *_: None)
        try:
            series = read_series(path)
        except CorpusError as error:
            return (str(error),)
    return series.features, series.timestamps.tobytes(), series.values.tobytes()


PIECES = [b"\n", b"\r", b"\r\n", b",", b'"', b" ", b"-", b".", b"e", b"_", b"0x", b"nan", b"inf"]
PIECES += [b"\0", b"\xff", b"\xc3\xa9", b"\xc2\xa0", b"\x85", b"\x1c", b"1", b"9" * 310, b"T", b""]
EDITS = st.lists(
    st.tuples(st.integers(0, 10**6), st.integers(0, 3), st.sampled_from(PIECES)),
    min_size=1,
    max_size=3,
)


@settings(max_examples=500)
@given(edits=EDITS, windows_line_ends=st.booleans(), note=st.booleans())
def test_both_ways_of_reading_say_the_same_of_damaged_files(
    tmp_path_factory: pytest.TempPathFactory,
    edits: list[tuple[int, int, bytes]],
    windows_line_ends: bool,
    note: bool,
) -> None:
    lines = [line + (",note" if note else "") for line in good_lines(8)]
    content = text_of(lines).replace("\n", "\r\n" if windows_line_ends else "\n").encode()
    for position, removed, inserted in edits:
        at = position % (len(content) + 1)
        content = content[:at] + inserted + content[at + removed :]
    path = write(tmp_path_factory.getbasetemp(), content)
    assert read_with(path, blocks=True) == read_with(path, blocks=False)


def test_a_file_of_too_many_bytes_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    with path.open("wb") as file:
        file.truncate(table_formats.FILE_LIMIT + 1)  # a hole: it takes no space
    for function in (read_series, count_data_rows):
        with pytest.raises(CorpusError, match=r"found 536,870,913 bytes; expected at most 536,870"):
            function(path)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    os.mkfifo(path)
    for function in (read_series, count_data_rows):
        with pytest.raises(CorpusError, match="found a pipe, a socket or a device"):
            function(path)


def test_a_device_is_refused() -> None:
    with pytest.raises(CorpusError, match="found a pipe, a socket or a device"):
        read_series(Path("/dev/zero"))


def test_only_an_unusual_block_is_read_line_by_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = good_lines(40)
    lines[20] = lines[20].replace("19.25", '"19.25"')
    assert_reads_like_plain_python(write(tmp_path, text_of(lines)))
    slowly: list[int] = []
    reading = csv_lines.read_line

    def counted(file: BinaryIO, path: Path, number: int, delimiter: str) -> Line | None:
        slowly.append(number)
        return reading(file, path, number, delimiter)

    monkeypatch.setattr(csv_file, "read_line", counted)
    monkeypatch.setattr(csv_file, "_BLOCK", 100)
    assert read_series(write(tmp_path, text_of(lines) + " \n")).rows == 40
    assert 21 in slowly
    assert 42 in slowly  # the blank line at the end
    assert len(slowly) < 15


def test_a_blank_line_is_told_also_where_another_block_follows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_file, "_BLOCK", 64)
    lines = good_lines(40)
    lines.insert(9, "")
    assert ", line 10: found a blank line between data lines" in refusal(tmp_path, text_of(lines))
    # A block of blank lines alone, before it is known that any column is a feature.
    lines = good_lines()
    lines[1:1] = [""] * 100
    assert ", line 2: found a blank line between data lines" in refusal(tmp_path, text_of(lines))
