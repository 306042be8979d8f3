"""What a file must be, and its first line, to be read as a CSV."""

import bz2
import gzip
import lzma
from pathlib import Path

import pytest

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.timeseries.csv_file import read_series
from zwu_ts_assets_tests.timeseries.csv_text import (
    good_lines,
    refusal,
    text_of,
    wide,
    with_line,
    write,
)


def test_a_missing_file_is_told_with_the_place_where_it_was_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CorpusError) as caught:
        read_series(Path("data/ETTh1.csv"))
    assert "data/ETTh1.csv: there is no such file" in str(caught.value)
    assert f"looked for {tmp_path / 'data' / 'ETTh1.csv'}" in str(caught.value)
    assert "Copy it to that place." in str(caught.value)


def test_a_directory_is_not_a_file(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="found a directory; expected a CSV file"):
        read_series(tmp_path)


def test_a_file_below_a_file_cannot_be_read(tmp_path: Path) -> None:
    path = write(tmp_path, "x")
    with pytest.raises(CorpusError, match=r"cannot be read \(Not a directory\)"):
        read_series(path / "y.csv")


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf"])
def test_an_empty_file_is_refused(tmp_path: Path, content: bytes) -> None:
    assert refusal(tmp_path, content).startswith(": the file is empty; expected a header line")


@pytest.mark.parametrize(
    "content", ["date,load", "date,load\n", "date,load\r\n", "date,load\n\n  \n\r\n"]
)
def test_a_header_alone_is_refused(tmp_path: Path, content: str) -> None:
    message = refusal(tmp_path, content)
    assert "found a header line and no data line after it" in message
    assert "Copy the file again." in message


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"PK\x03\x04\x14\x00\x00\x00", "a zip archive or an Excel workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook"),
        (gzip.compress(text_of(good_lines()).encode()), "gzip-compressed"),
        (bz2.compress(b""), "bzip2-compressed"),
        (bz2.compress(text_of(good_lines()).encode()), "bzip2-compressed"),
        (lzma.compress(b""), "xz-compressed"),
        (b"PAR1\x15\x04", "a Parquet file"),
        (b"ARROW1\0\0\xff\xff\xff\xff", "an Arrow file"),
        (b"SQLite format 3\0", "an SQLite database"),
        (b"\n<!DOCTYPE html>\n<html>"[1:], "a web page, not the download itself"),
    ],
)
def test_other_formats_are_recognised(tmp_path: Path, content: bytes, what: str) -> None:
    message = refusal(tmp_path, content)
    assert f": the file is {what}; expected a CSV" in message
    assert "export it as CSV" in message


@pytest.mark.parametrize("name", ["par1", "PAR1", "BZh9", "bzh", "ARROW1", "pk", "SQLite format 3"])
def test_a_column_may_be_named_like_the_signature_of_another_format(
    tmp_path: Path, name: str
) -> None:
    path = write(tmp_path, f"{name},date\n1,2016-07-01\n2,2016-07-02\n")
    assert read_series(path).features == (name,)


@pytest.mark.parametrize("line", ["sep=:", "SEP=", "sep= "])
def test_a_delimiter_that_is_none_is_told(tmp_path: Path, line: str) -> None:
    message = refusal(tmp_path, f"{line}\nwhen;a\n2016-07-01;1\n")
    assert message.startswith(
        f", line 1: found {line!r}, which tells Excel the delimiter; expected"
    )


def test_other_binary_files_are_refused_at_their_first_nul_byte(tmp_path: Path) -> None:
    message = refusal(tmp_path, b"date,lo\0ad\n")
    assert ", line 1: found a NUL byte at byte 7 of the file; expected text" in message


def test_utf_16_without_a_mark_is_refused(tmp_path: Path) -> None:
    message = refusal(tmp_path, text_of(good_lines()).encode("utf-16-le"))
    assert ", line 1: found a NUL byte at byte 1" in message
    assert "UTF-16" in message


def test_a_missing_time_column_is_told(tmp_path: Path) -> None:
    content = with_line(1, "Date,load,temperature")
    message = refusal(tmp_path, content, time_column="date")
    assert "found no column 'date'; the columns are 'Date', 'load', 'temperature'" in message
    assert "`time_column`" in message
    assert "Did you mean 'Date' for 'date'?" in message


def test_a_file_without_a_header_is_told_apart_from_one_with_another(tmp_path: Path) -> None:
    message = refusal(tmp_path, text_of(good_lines()[1:]))
    assert "Line 1 looks like data: add a line with the column names above it." in message


def test_duplicated_columns_are_refused_with_their_positions(tmp_path: Path) -> None:
    message = refusal(tmp_path, with_line(1, "date,load,load"), features=["load"])
    assert ", line 1, column 'load': found 2 columns of this name (columns 2, 3)" in message
    assert "expected each name once" in message


@pytest.mark.parametrize("header", [",date,load", "date,,load", "date,load, "])
def test_an_empty_column_name_is_refused_with_its_position(tmp_path: Path, header: str) -> None:
    message = refusal(tmp_path, with_line(1, header))
    position = [name.strip() for name in header.split(",")].index("") + 1
    assert f", line 1: found an empty name for column {position} of 3" in message
    assert "`index=False`" in message


@pytest.mark.parametrize("character", ["\x0b", "\x85", "\u2028", "\x1b"])
def test_a_control_character_in_a_column_name_is_refused(tmp_path: Path, character: str) -> None:
    message = refusal(tmp_path, with_line(1, f"date,lo{character}ad,temperature"))
    assert "found a control character or line break in the name of column 2" in message


def test_a_line_break_in_a_column_name_is_refused(tmp_path: Path) -> None:
    message = refusal(tmp_path, with_line(1, 'date,"lo\nad",temperature'))
    assert ", line 1: found quotes that do not close as they should" in message
    assert "a cell must not contain a line break" in message


def test_a_thousand_numeric_columns_are_used(tmp_path: Path) -> None:
    assert read_series(write(tmp_path, wide(1000))).values.shape == (2, 1000)


def test_more_numeric_columns_are_refused_with_what_to_write_where(tmp_path: Path) -> None:
    message = refusal(tmp_path, wide(1001))
    assert message.startswith(", line 2: found 1,001 numeric columns ('c0', 'c1', ")
    assert "all of which would be used; expected at most 1000." in message
    assert "`features = ['c0', 'c1', 'c2']` in x.toml beside the CSV." in message
    assert len(message) < 500


def test_of_more_columns_a_thousand_can_be_used_and_no_more(tmp_path: Path) -> None:
    names = [f"c{index}" for index in range(0, 2000, 2)]
    path = write(tmp_path, wide(2000))
    assert read_series(path, features=names).features == tuple(names)
    with pytest.raises(CorpusError, match="names 1,001 columns; expected at most 1000"):
        read_series(path, features=[*names, "c1"])


def test_more_columns_than_the_limit_are_refused_even_if_none_is_used(tmp_path: Path) -> None:
    assert read_series(write(tmp_path, wide(4_999)), features=["c7"]).rows == 2
    message = refusal(tmp_path, wide(5_000), features=["c7"])
    assert message.startswith(", line 1: found 5,001 columns; expected at most 5,000.")


@pytest.mark.parametrize(
    "content",
    [
        "date," + ",".join(["x" * 10_000] * 12) + "\n2016-07-01,1\n",
        "date," + ",".join(["x"] * 4_000) + "\n2016-07-01,1\n",
        "x" * 60_000 + "," + "y" * 60_000 + "\nq,2\n",
        "date," + "x" * 100_000 + "\n2016-07-01,nan\n",
        "date," + ",".join(f"t{i}" for i in range(4_000)) + "\nx" + ",t" * 4_000 + "\n",
    ],
)
def test_a_message_stays_readable_however_long_the_names_are(tmp_path: Path, content: str) -> None:
    assert len(refusal(tmp_path, content)) < 2_500
    assert len(refusal(tmp_path, content, features=["z" * 10_000] * 2 + ["z"])) < 2_500


@pytest.mark.parametrize("blank", ["\x1c", "\xa0", "\u2028", "\x1c\n"])
def test_white_space_that_is_not_ascii_is_no_blank_line(tmp_path: Path, blank: str) -> None:
    # It once passed for a file without any feature, and failed with an error of NumPy's.
    assert ", line 2" in refusal(tmp_path, f"date,load,a\n{blank}")
    assert ", line 8" in refusal(tmp_path, text_of(good_lines()) + blank)
