"""What a data line, a number and a timestamp must be, and what is said of others."""

from pathlib import Path

import pytest

from zwu_ts_assets.timeseries.csv_file import read_series
from zwu_ts_assets_tests.timeseries.csv_text import (
    assert_reads_like_pandas,
    good_lines,
    refusal,
    text_of,
    with_line,
    write,
)

NUMBER = "expected a finite decimal number such as 1.5 or -2e-3"
TIME = "2016-07-01 02:00:00"  # the time on line 4 of a good file


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("", "an empty cell"),
        ("  ", "an empty cell"),
        ("NaN", "'NaN', a missing value"),
        ("NA", "'NA', a missing value"),
        ("#N/A", "'#N/A', a missing value"),
        ("null", "'null', a missing value"),
        ("-", "'-', a missing value"),
        ("inf", "'inf', infinity"),
        ("-Infinity", "'-Infinity', infinity"),
        ("1e999", "'1e999', too large for a 64-bit float"),
        ("-1e999", "'-1e999', too large for a 64-bit float"),
        ("closed", "the text 'closed'"),
        ("True", "the text 'True'"),
        ("1.5 kW", "the text '1.5 kW'"),
        ("１.５", "'１.５'"),
        ("1_000", "'1_000'"),
        ("0x10", "'0x10'"),
        ('"1,5"', "'1,5'"),
        ("1.2.3", "'1.2.3'"),
        ("9" * 70 + "x", "the text '" + "9" * 40 + "'... (71 characters)"),
    ],
)
def test_a_cell_that_is_no_finite_number_is_named(tmp_path: Path, cell: str, found: str) -> None:
    message = refusal(tmp_path, with_line(4, f"{TIME},{cell},-2.5"))
    assert message.startswith(f", line 4, column 'load': found {found}; {NUMBER}. "), message


@pytest.mark.parametrize(
    ("cell", "advice"),
    [
        ("", "Fill the gap, or leave the column out with the setting `features`."),
        ("inf", "Put a finite number there"),
        ("1e999", "change the unit of the column"),
        ("1_000", "Write numbers with the digits 0 to 9, a decimal point"),
        ("closed", "Mend the cell"),
    ],
)
def test_each_kind_of_bad_number_gets_its_advice(tmp_path: Path, cell: str, advice: str) -> None:
    assert advice in refusal(tmp_path, with_line(4, f"{TIME},{cell},-2.5"))


@pytest.mark.parametrize(
    "cell", ["1", "-0.0", "+1.5", "1.", ".5", "1e5", "1E-05", " 2.5 ", "\t3", "1e-400", "007"]
)
def test_a_number_is_what_float_makes_of_it(tmp_path: Path, cell: str) -> None:
    path = write(tmp_path, with_line(4, f"{TIME},{cell},-2.5"))
    assert repr(read_series(path).values[2, 0].item()) == repr(float(cell))


@pytest.mark.parametrize(
    ("cell", "found", "advice"),
    [
        ("", "an empty cell", "Every row needs its time"),
        ("yesterday", "'yesterday'", "`time_column`"),
        ("07/01/2016 02:00", "'07/01/2016 02:00'", "`time_column`"),
        ("20160701", "'20160701'", "`time_column`"),
        ("1467338400", "'1467338400'", "`time_column`"),
        ("2016-7-1", "'2016-7-1'", "`time_column`"),
        ("2016-07", "'2016-07'", "`time_column`"),
        ("NaT", "'NaT'", "`time_column`"),
        ("now", "'now'", "`time_column`"),
        ("2016-02-30", "'2016-02-30', which is no day or time of the calendar", "Mend"),
        ("2016-07-01 24:00:00", "'2016-07-01 24:00:00', which is no day or time", "Mend"),
        ("2016-07-01 02:00:00.5", "'2016-07-01 02:00:00.5', with a fraction", "remove it"),
        ("2016-07-01T02:00:00.001Z", "'2016-07-01T02:00:00.001Z', with a fraction", "remove it"),
        ("2016-07-01T02:00:00Z", "'2016-07-01T02:00:00Z', with a time zone", "to UTC"),
        ("2016-07-01 02:00:00+02:00", "'2016-07-01 02:00:00+02:00', with a time zone", "to UTC"),
        ("2016-07-01 02:00:00 UTC", "'2016-07-01 02:00:00 UTC', with a time zone", "to UTC"),
    ],
)
def test_a_cell_that_is_no_timestamp_is_named(
    tmp_path: Path, cell: str, found: str, advice: str
) -> None:
    message = refusal(tmp_path, with_line(4, f"{cell},2.25,-2.5"))
    assert message.startswith(f", line 4, column 'date': found {found}")
    assert "expected an ISO 8601 date and time such as 2016-07-01 00:00:00" in message
    assert advice in message


@pytest.mark.parametrize("number", [2, 4, 7])
def test_too_few_fields_are_named_with_the_first_column_that_is_missing(
    tmp_path: Path, number: int
) -> None:
    message = refusal(tmp_path, with_line(number, f"2016-07-01 0{number - 2}:00:00,2.25"))
    assert (
        f", line {number}, column 'temperature': found 2 fields, the line ending before this "
        "column; expected 3 fields, as in the header. Complete the line."
    ) in message


@pytest.mark.parametrize("number", [2, 4, 7])
def test_too_many_fields_are_named(tmp_path: Path, number: int) -> None:
    message = refusal(tmp_path, with_line(number, f"2016-07-01 0{number - 2}:00:00,2,25,-2.5"))
    assert (
        f", line {number}: found 4 fields, the first one too many being '-2.5'; "
        "expected 3 fields, as in the header."
    ) in message
    assert "numbers take a decimal point, not a comma" in message


def test_a_missing_field_is_not_made_up_for_by_one_too_many_on_the_next_line(
    tmp_path: Path,
) -> None:
    lines = good_lines()
    lines[3], lines[4] = f"{TIME},2.25", "2016-07-01 03:00:00,3.25,-3.5,9"
    assert ", line 4, column 'temperature': found 2 fields" in refusal(tmp_path, text_of(lines))


@pytest.mark.parametrize("blank", ["", "  ", "\t"])
def test_a_blank_line_between_data_lines_is_refused(tmp_path: Path, blank: str) -> None:
    lines = good_lines()
    lines.insert(3, blank)
    message = refusal(tmp_path, text_of(lines))
    assert ", line 4: found a blank line between data lines" in message
    assert "Remove the line, or put the row there that is missing." in message


def test_a_blank_line_after_the_header_is_refused(tmp_path: Path) -> None:
    lines = good_lines()
    lines.insert(1, "")
    assert ", line 2: found a blank line" in refusal(tmp_path, text_of(lines))


def test_latin_1_is_refused_at_the_line_and_byte_where_it_shows(tmp_path: Path) -> None:
    content = with_line(4, f"{TIME},2.25,-2.5é").encode("latin-1")
    message = refusal(tmp_path, content)
    offset = content.index(0xE9)
    assert f", line 4: found byte 0xe9 at byte {offset} of the file, which is not UTF-8" in message
    assert 'encoding = "latin-1"' in message


def test_latin_1_in_the_header_is_refused(tmp_path: Path) -> None:
    message = refusal(tmp_path, "date,Öltemperatur\n2016-07-01,1\n".encode("latin-1"))
    assert ", line 1: found byte 0xd6 at byte 5 of the file" in message


def test_latin_1_in_a_column_that_is_not_used_is_refused_too(tmp_path: Path) -> None:
    content = "date,a,note\n2016-07-01,1,x\n2016-07-02,1,é\n".encode("latin-1")
    assert ", line 3: found byte 0xe9" in refusal(tmp_path, content, features=["a"])


@pytest.mark.parametrize("cut", range(5, 20))
def test_a_file_cut_off_before_its_last_cell_is_refused(tmp_path: Path, cut: int) -> None:
    content = text_of(good_lines())[:-cut]
    message = refusal(tmp_path, content)
    fields = content.rsplit("\n", 1)[1].count(",") + 1
    assert ", line 7: found the end of the file after " in message
    assert f"with {fields} of 3 fields and no newline, so the line has been cut" in message
    assert "if the file is complete, complete the line" in message


@pytest.mark.parametrize("cell", ["", "-", "-5.", "-5.5e", "-5.5e-", "n", "-5.\u00a0"])
def test_a_file_cut_off_in_its_last_number_is_refused(tmp_path: Path, cell: str) -> None:
    content = with_line(7, f"2016-07-01 05:00:00,5.25,{cell}")[:-1]
    assert ", line 7: found the end of the file after " in refusal(tmp_path, content)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("cut", [1, 2, 3])
def test_a_whole_last_line_without_its_end_is_read(tmp_path: Path, end: str, cut: int) -> None:
    content = text_of(good_lines()).replace("\n", end)[:-cut]
    if cut >= len(end) + 1 and content.endswith("."):
        assert ", line 7: found the end" in refusal(tmp_path, content)
    else:
        assert_reads_like_pandas(write(tmp_path, content))


def test_a_quote_that_stays_open_is_refused_on_its_own_line(tmp_path: Path) -> None:
    message = refusal(tmp_path, with_line(4, f'{TIME},"2.25,-2.5'))
    assert ", line 4: found quotes that do not close as they should" in message
    assert "a cell must not contain a line break" in message


def test_text_after_a_closing_quote_is_refused(tmp_path: Path) -> None:
    assert ", line 4: found quotes" in refusal(tmp_path, with_line(4, f'{TIME},"2"25,-2.5'))


def test_a_quoted_line_break_in_a_column_that_is_not_used_is_refused(tmp_path: Path) -> None:
    content = 'date,a,note\n2016-07-01,1,"x\ny"\n2016-07-02,1,z\n'
    assert ", line 2: found quotes" in refusal(tmp_path, content, features=["a"])


def test_a_huge_field_is_refused_and_not_read_whole(tmp_path: Path) -> None:
    message = refusal(tmp_path, with_line(4, f"{TIME},{'9' * 200_000},-2.5"))
    assert ", line 4: found more than 131072 bytes without a line end, in field 2" in message
    assert "expected one row per line" in message


def test_a_lone_carriage_return_is_refused(tmp_path: Path) -> None:
    message = refusal(tmp_path, with_line(4, f"{TIME},2.25\r,-2.5"))
    assert ", line 4: found a carriage return in the middle of the line" in message


def test_line_ends_of_two_kinds_are_refused(tmp_path: Path) -> None:
    lines = good_lines()
    message = refusal(tmp_path, "\r".join(lines[:4]) + "\n" + text_of(lines[4:]))
    assert ", line 1: found a carriage return in the middle" in message
    assert "old Mac line ends" in message


def test_a_nul_byte_is_refused_on_its_line(tmp_path: Path) -> None:
    content = "date,a,note\n2016-07-01,1,x\n2016-07-02,1,\0\n"
    message = refusal(tmp_path, content, features=["a"])
    assert f", line 3: found a NUL byte at byte {content.index(chr(0))} of the file" in message


def test_the_first_bad_line_is_the_one_that_is_named(tmp_path: Path) -> None:
    lines = good_lines()
    lines[4] = "2016-07-01 03:00:00,x,-3.5"
    lines[3] = f"{TIME},2.25,y"
    assert ", line 4, column 'temperature': found the text 'y'" in refusal(tmp_path, text_of(lines))


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        # The commas of both lines together are as many as they should be.
        ("2016-07-01,1,x,y\n2016-07-02,2\n", ", line 2: found 4 fields"),
        ('2016-07-01,1,x\n2016-07-02,2,"x"y\n', ", line 3: found quotes"),
        ("2016-07-01,1,x\n-016-07-02,2,y\n", ", line 3, column 'date': found '-016-07-02'"),
        ("2016-07-01,1,x\n2016-07-02,2,y\n2016-07-03", ", line 4: found the end of the file"),
    ],
)
def test_damage_outside_the_columns_that_are_used_is_not_overlooked(
    tmp_path: Path, rows: str, says: str
) -> None:
    message = refusal(tmp_path, "date,a,note\n" + rows, features=["a"])
    assert message.startswith(says)
