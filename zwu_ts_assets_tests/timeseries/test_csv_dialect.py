"""Delimiter and decimal mark are found where they are certain, else asked for."""

import csv
import io
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.timeseries import csv_file, csv_header
from zwu_ts_assets.timeseries.csv_file import read_csv, read_series
from zwu_ts_assets.timeseries.csv_rules import DELIMITERS, CsvRules, Decimal, Delimiter
from zwu_ts_assets_tests.timeseries.csv_text import (
    assert_reads_like_pandas,
    good_lines,
    refusal,
    text_of,
    with_line,
    write,
)


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_another_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    path = write(tmp_path, text_of(good_lines()).replace(",", delimiter))
    assert_reads_like_pandas(path, sep=delimiter)
    assert read_csv(path).columns.delimiter == delimiter


def test_semicolons_and_decimal_commas_are_found(tmp_path: Path) -> None:
    text = text_of(good_lines()).replace(",", ";").replace(".", ",")
    assert_reads_like_pandas(write(tmp_path, text), sep=";", decimal=",")


def test_a_comma_in_a_quoted_name_is_no_delimiter(tmp_path: Path) -> None:
    path = write(tmp_path, 'date;"load, kW";temperature\n2016-07-01;1,5;2,5\n')
    assert_reads_like_pandas(path, sep=";", decimal=",")


def test_a_comma_wins_where_it_finds_the_time_column(tmp_path: Path) -> None:
    path = write(tmp_path, "date,a;b,c\n2016-07-01,1,2\n")
    assert read_series(path).features == ("a;b", "c")


def test_columns_that_two_delimiters_tell_apart_are_refused_with_what_to_write(
    tmp_path: Path,
) -> None:
    content = "when;a,b\n2016-07-01;1,5\n"
    assert refusal(tmp_path, content) == (
        ", line 1: found columns that can be told apart by commas (',') and by semicolons (';'): "
        "'when;a,b'; expected one delimiter. Write the right one into the settings, for example "
        "`delimiter = ';'`."
    )
    path = write(tmp_path, content)
    rules = CsvRules(delimiter=";")
    assert read_series(path, rules=rules).values.tolist() == [[1.5]]


def test_a_delimiter_that_was_said_is_the_only_one_that_is_tried(tmp_path: Path) -> None:
    path = write(tmp_path, text_of(good_lines()))
    with pytest.raises(CorpusError, match="no numeric column beside the time column"):
        read_series(path, time_column="date,load,temperature", rules=CsvRules(delimiter=";"))


@pytest.mark.parametrize(
    ("cells", "decimal"),
    [
        (["1,5", "2,5"], ","),
        (["1.5", "2.5"], "."),
        (["1", "2"], "."),
        (["1.234", "0.5"], "."),
        (["1,234", "1,2345"], ","),
        (["-,5", "7"], ","),
        (["1e5", "1,5e5"], ","),
    ],
)
def test_the_decimal_mark_is_that_of_the_first_number_that_tells(
    tmp_path: Path, cells: list[str], decimal: str
) -> None:
    text = f"date;a\n2016-07-01;{cells[0]}\n2016-07-02;{cells[1]}\n"
    path = write(tmp_path, text)
    assert read_csv(path).columns.decimal == decimal
    assert_reads_like_pandas(path, sep=";", decimal=decimal)


@pytest.mark.parametrize("mark", [",", "."])
def test_numbers_whose_mark_may_part_thousands_are_refused_with_what_to_write(
    tmp_path: Path, mark: str
) -> None:
    content = f"date;a\n2016-07-01;1{mark}234\n2016-07-02;22{mark}345\n"
    message = refusal(tmp_path, content)
    assert message.startswith(f", line 2, column 'a': found '1{mark}234', and neither the lines")
    assert "write `decimal" in message
    rules = CsvRules(decimal=mark)  # type: ignore[arg-type]
    assert read_series(write(tmp_path, content), rules=rules).values[0, 0] == 1.234


@pytest.mark.parametrize(
    ("second", "third"), [("1,5", "1.5"), ("1.5", "1,5"), ("1,5", "1.234,5"), ("1", "1,5")]
)
def test_a_number_with_another_mark_than_those_before_is_refused(
    tmp_path: Path, second: str, third: str
) -> None:
    rows = "".join(f"2016-07-{day:02d};{second}\n" for day in range(1, 20))
    content = f"date;a\n{rows}2016-07-20;{third}\n"
    # A first mark may come late, and a mark between thousands.
    if late := {"1": 1.5, "1.234,5": 1234.5}.get(second if second == "1" else third):
        assert read_series(write(tmp_path, content)).values[-1, 0] == late
        return
    message = refusal(tmp_path, content)
    assert message.startswith(f", line 21, column 'a': found '{third}'; expected a finite decimal")
    assert "the setting `decimal` says which mark it is" in message


@pytest.mark.parametrize("blocks", [True, False])
@pytest.mark.parametrize(
    ("late", "decimal"), [("1,5", ","), ("1.5", "."), ("0,125", ","), ("1234.125", "."), ("7", ".")]
)
def test_a_mark_that_comes_after_the_lines_that_are_looked_at_is_read_as_what_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, late: str, decimal: str, blocks: bool
) -> None:
    monkeypatch.setattr(csv_header, "_SAMPLE", 64)
    monkeypatch.setattr(csv_file, "_BLOCK", 64)
    if not blocks:
        monkeypatch.setattr(csv_file, "parse_block", lambda *_: None)
    days = [f"2016-07-{day:02d};{day}\n" for day in range(1, 20)]
    path = write(tmp_path, "date;a\n" + "".join([*days, f"2016-07-20;{late}\n2016-07-21;2\n"]))
    reading = read_csv(path)
    assert_reads_like_pandas(path, sep=";", decimal=decimal)
    assert reading.columns.decimal == decimal


@pytest.mark.parametrize("blocks", [True, False])
@pytest.mark.parametrize("late", ["1.234", "12,345"])
def test_a_thousand_that_comes_after_the_lines_that_are_looked_at_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, late: str, blocks: bool
) -> None:
    # It was 1.234 without a word.
    monkeypatch.setattr(csv_header, "_SAMPLE", 64)
    monkeypatch.setattr(csv_file, "_BLOCK", 64)
    if not blocks:
        monkeypatch.setattr(csv_file, "parse_block", lambda *_: None)
    days = "".join(f"2016-07-{day:02d};{day}\n" for day in range(1, 20))
    message = refusal(tmp_path, f"date;a\n{days}2016-07-20;{late}\n2016-07-21;2\n")
    assert message.startswith(
        f", line 21, column 'a': found '{late}', and neither the lines before"
    )


def test_quoted_decimal_commas_between_commas_are_read_if_that_is_said(tmp_path: Path) -> None:
    path = write(tmp_path, 'date,a,b\n2016-07-01,"1,5",2\n2016-07-02,"2,5",3\n')
    series = read_series(path, rules=CsvRules(decimal=","))
    assert series.values.tolist() == [[1.5, 2.0], [2.5, 3.0]]


@settings(deadline=None)
@given(
    delimiter=st.sampled_from(DELIMITERS),
    decimal=st.sampled_from([".", ","]),
    values=st.lists(
        st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=3, max_size=3),
        min_size=1,
        max_size=9,
    ),
    place=st.integers(0, 3),
    block=st.integers(1, 300),
    line_end=st.sampled_from(["\n", "\r\n"]),
)
def test_what_the_csv_module_writes_is_read_back_bit_by_bit_in_any_dialect(
    tmp_path_factory: pytest.TempPathFactory,
    delimiter: Delimiter,
    decimal: Decimal,
    values: list[list[float]],
    place: int,
    block: int,
    line_end: str,
) -> None:
    times = [datetime(2016, 2, 28, 22) + timedelta(minutes=15 * row) for row in range(len(values))]
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=line_end)
    names = ["a", "b", "c"]
    writer.writerow([*names[:place], "time", *names[place:]])
    for time, row in zip(times, values, strict=True):
        cells = [repr(number).replace(".", decimal) for number in row]
        writer.writerow([*cells[:place], time.isoformat(" "), *cells[place:]])
    path = write(tmp_path_factory.getbasetemp(), text.getvalue())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_file, "_BLOCK", block)
        series = read_series(path, rules=CsvRules(delimiter, decimal))
    assert series.values.tobytes() == np.array(values, dtype=np.float64).tobytes()
    assert series.timestamps.tolist() == times


@pytest.mark.parametrize("damage", ["1.5", "x", "1;5", '"1,5"', "1,5,5", "inf", " 1,5 "])
@pytest.mark.parametrize("note", ["", ";n.o,t e"])
def test_both_ways_of_reading_say_the_same_of_a_file_with_decimal_commas(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str, note: str
) -> None:
    lines = [line.replace(",", ";").replace(".", ",") + note for line in good_lines()]
    lines[0] = "date;load;temperature" + (";note" if note else "")
    lines[4] = f"2016-07-01 03:00:00;{damage};1{note}"
    path = write(tmp_path, text_of(lines))

    def said() -> object:
        try:
            return read_series(path, features=["load", "temperature"]).values.tolist()
        except CorpusError as error:
            return str(error)

    by_blocks = said()
    monkeypatch.setattr(csv_file, "parse_block", lambda *_: None)
    assert said() == by_blocks


def test_files_with_semicolons_and_decimal_commas_take_the_fast_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(csv_file, "_read_line_by_line")
    text = text_of(good_lines()).replace(",", ";").replace(".", ",")
    assert read_series(write(tmp_path, text)).values[3].tolist() == [3.25, -3.5]
    lines = text.replace("2016-07-01 ", "01.07.2016 ")
    rules = CsvRules(date_format="%d.%m.%Y %H:%M:%S")
    assert read_series(write(tmp_path, lines), rules=rules).rows == 6


def test_the_first_bad_line_is_named_also_where_the_first_lines_were_looked_at(
    tmp_path: Path,
) -> None:
    text = with_line(4, "2016-07-01 02:00:00,x,1").replace(",", ";").encode() + b"\xff\n"
    assert refusal(tmp_path, text).startswith(", line 4, column 'load': found the text 'x'")
