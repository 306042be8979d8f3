"""Previews survive what users put into names and texts."""

import json

import numpy as np

from zwu_ts_assets.orchestration.assets.previews import (
    preview_text,
    rows_table,
    series_table,
    text_block,
)
from zwu_ts_assets.timeseries.series import Series


def test_a_table_shows_names_and_values_and_only_the_first_rows() -> None:
    stamps = np.datetime64("2016-07-01T00:00:00", "s") + np.arange(50)
    series = Series(stamps, np.arange(100.0).reshape(50, 2), ("a", "b"))
    lines = series_table(series).splitlines()
    assert lines[0] == "| timestamp | a | b |"
    assert lines[2] == "| 2016-07-01T00:00:00 | 0.0 | 1.0 |"
    assert len(lines) == 2 + 12


def test_a_bar_in_a_column_name_does_not_tear_the_table() -> None:
    stamps = np.datetime64("2016-07-01T00:00:00", "s") + np.arange(2)
    series = Series(stamps, np.zeros((2, 1)), ("a|b",))
    assert series_table(series).splitlines()[0] == "| timestamp | a\\|b |"


def test_of_many_columns_and_long_lines_a_preview_shows_the_first_part() -> None:
    stamps = np.datetime64("2016-07-01T00:00:00", "s") + np.arange(2)
    names = tuple(f"c{index}" for index in range(100))
    header = series_table(Series(stamps, np.zeros((2, 100)), names)).splitlines()[0]
    assert header.endswith("| c18 | c19 |")
    assert text_block(["x" * 100, "y"]) == "```\n" + "x" * 60 + "…\ny\n```"


def test_token_rows_show_their_batch_and_count() -> None:
    row = {"batch": 7, "tokens": list("abcdefghijklmnop"), "ids": list(range(18))}
    table = rows_table(json.dumps(row).encode("utf-8"))
    assert table.splitlines()[2] == "| 7 | 18 | a b c d e f g h i j k l |"


def test_a_preview_is_kept_as_text_with_its_kind() -> None:
    assert preview_text(b"\xff\xd8") == ("/9g=", "jpeg")
    assert preview_text("| a |") == ("| a |", "markdown")
    assert preview_text(b"") == ("", "")
