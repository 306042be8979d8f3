"""Which columns are features: those that are named, or every one that holds numbers."""

import time
from pathlib import Path

import pytest

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.timeseries.csv_file import read_csv, read_series
from zwu_ts_assets.timeseries.csv_rules import CsvRules, Gaps
from zwu_ts_assets_tests.timeseries.csv_text import (
    good_lines,
    refusal,
    text_of,
    wide,
    with_line,
    write,
)


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        *(("5 %", 5), ("5%", 5), ("$5", 5), ("-$5.50", -5.5), ("\u22125", -5)),
        *(("1\u202f234", 1234), ("5.5e3%", 5500), ("(7)", -7)),
    ],
)
def test_a_column_of_numbers_with_something_around_them_is_read_with_a_word(
    tmp_path: Path, cell: str, number: float
) -> None:
    content = f'date,a,b\n2016-07-01,1,"{cell}"\n2016-07-02,2,"{cell}"\n'
    reading = read_csv(write(tmp_path, content))
    assert reading.series.values.tolist() == [[1, number], [2, number]]
    assert reading.notes[0].startswith("'b' read with ")


@pytest.mark.parametrize("cells", [("$5", "€5"), ("5%", "5"), ("5%", "x")])
def test_a_column_of_numbers_with_different_things_around_them_is_not_left_out_without_a_word(
    tmp_path: Path, cells: tuple[str, str]
) -> None:
    content = f'date,a,b\n2016-07-01,1,"{cells[0]}"\n2016-07-02,2,"{cells[1]}"\n'
    message = refusal(tmp_path, content)
    assert message.startswith(f", line 2, column 'b': found {cells[0]!r}; expected a finite")


@pytest.mark.parametrize("gaps", ["refuse", "drop"])
@pytest.mark.parametrize("text", ["n.a.", "offline", "#DIV/0!", "kW"])
def test_a_column_of_numbers_that_begins_with_a_text_is_not_left_out_without_a_word(
    tmp_path: Path, text: str, gaps: Gaps
) -> None:
    rules = CsvRules(gaps=gaps)
    content = f"date,a,b\n2016-07-01,1,{text}\n2016-07-02,2,1.5\n2016-07-03,3,7\n2016-07-04,3,x\n"
    with pytest.raises(CorpusError) as caught:
        read_series(write(tmp_path, content), rules=rules)
    assert (
        f", line 2, column 'b': found the text {text!r} in a column of numbers, such as '1.5' "
        in (str(caught.value))
    )
    assert read_series(write(tmp_path, content), features=["a"]).rows == 4


def test_a_text_after_missing_values_and_above_numbers_is_told_at_its_line(tmp_path: Path) -> None:
    content = "date,a,b\n2016-07-01,1,\n2016-07-02,2,x\n2016-07-03,3,7\n2016-07-04,4,8\n"
    with pytest.raises(CorpusError, match="line 3, column 'b': found the text 'x' in a column of"):
        read_series(write(tmp_path, content), rules=CsvRules(gaps="drop"))


@pytest.mark.parametrize(
    "cells", [["a", "b", "c"], ["A1", "7", "B2"], ["a", "", ""], ["x"], ["on", "", "1", "off"]]
)
def test_a_column_of_text_is_left_out_also_if_some_of_its_cells_are_numbers(
    tmp_path: Path, cells: list[str]
) -> None:
    rows = "".join(f"2016-07-{day:02d},{day},{cell}\n" for day, cell in enumerate(cells, 1))
    path = write(tmp_path, f"date,a,note\n{rows}")
    assert read_series(path).features == ("a",)
    assert read_series(path, rules=CsvRules(gaps="drop")).features == ("a",)


def test_a_missing_feature_is_told_with_the_columns_that_exist(tmp_path: Path) -> None:
    message = refusal(tmp_path, text_of(good_lines()), features=["Temperatur", "load", "HUFL"])
    assert (
        ", line 1: found no column 'Temperatur', 'HUFL'; the columns are 'date', 'load', "
        "'temperature'; expected every column that is named in the settings, here by `features`"
    ) in message
    assert "Did you mean 'temperature' for 'Temperatur'?" in message


def test_a_column_name_with_spaces_around_it_is_offered(tmp_path: Path) -> None:
    content = with_line(1, "date, load, temperature")
    message = refusal(tmp_path, content, features=["load"])
    assert "Did you mean ' load' for 'load'?" in message


def test_many_columns_are_not_all_listed(tmp_path: Path) -> None:
    names = ["date", *(f"c{index}" for index in range(100))]
    content = ",".join(names) + "\n" + ",".join(["2016-07-01", *["1"] * 100]) + "\n"
    message = refusal(tmp_path, content, features=["nothing"])
    assert "'c18' and 81 more" in message
    assert "'c19'" not in message


def test_a_file_without_a_numeric_column_is_refused(tmp_path: Path) -> None:
    message = refusal(tmp_path, "date,state\n2016-07-01,on\n2016-07-02,off\n")
    assert ", line 2: found no numeric column beside the time column ('state': 'on')" in message
    assert "expected at least one column whose cells are each a finite decimal number" in message


def test_a_file_of_nothing_but_times_has_no_numeric_column(tmp_path: Path) -> None:
    message = refusal(tmp_path, "date\n2016-07-01\n2016-07-02\n")
    assert "found no numeric column beside the time column (it is the only column)" in message


@pytest.mark.parametrize(
    ("features", "says"),
    [
        ([], "`features` names no column; expected at least one"),
        (["load", "load"], "`features` names 'load' more than once; expected each column once"),
        (["load", "date"], "`features` names the time column 'date'; expected other columns"),
    ],
)
def test_features_that_make_no_sense_are_refused(
    tmp_path: Path, features: list[str], says: str
) -> None:
    path = write(tmp_path, text_of(good_lines()))
    with pytest.raises(CorpusError) as caught:
        read_series(path, features=features)
    assert says in str(caught.value)


@pytest.mark.parametrize("cell", ["", "NaN", "NA", "null", "inf", "1e999", "1_000", "0x10"])
def test_a_column_that_starts_with_no_proper_number_is_not_dropped_in_silence(
    tmp_path: Path, cell: str
) -> None:
    message = refusal(tmp_path, with_line(2, f"2016-07-01 00:00:00,{cell},1.5"))
    assert ", line 2, column 'load': found " in message


def test_features_unset_means_every_column_whose_first_cell_is_a_number(tmp_path: Path) -> None:
    content = "a,date,name,b\n1,2016-07-01,x,-.5e1\n2,2016-07-02,7,3.\n"
    series = read_series(write(tmp_path, content))
    assert series.features == ("a", "b")
    assert series.values.tolist() == [[1.0, -5.0], [2.0, 3.0]]


def test_named_features_come_in_the_order_named(tmp_path: Path) -> None:
    path = write(tmp_path, text_of(good_lines(2)))
    series = read_series(path, features=["temperature", "load"])
    assert series.features == ("temperature", "load")
    assert series.values.tolist() == [[-0.5, 0.25], [-1.5, 1.25]]


def test_a_feature_named_as_a_bare_string_is_one_column(tmp_path: Path) -> None:
    assert read_series(write(tmp_path, text_of(good_lines())), features="load").features == (
        "load",
    )


def test_names_that_are_not_there_are_looked_for_in_reasonable_time(tmp_path: Path) -> None:
    path = write(tmp_path, wide(60, features="some rather long name of a column " * 50))
    started = time.monotonic()
    with pytest.raises(CorpusError, match="and 79 more; the columns are"):
        read_series(
            path, features=["some rather long nome of a column " * 50 + str(i) for i in range(99)]
        )
    assert time.monotonic() - started < 5  # comparing them all took minutes
