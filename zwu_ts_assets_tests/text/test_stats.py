"""The statistics' text: the golden form, and the way back."""

import math
import re
import statistics
from decimal import Context, Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.text.stats import (
    format_block,
    format_stats,
    hidden_variances,
    parse_stats,
    significant_text,
    stats_lines,
)
from zwu_ts_assets.timeseries.csv_file import read_series
from zwu_ts_assets.timeseries.windows import WindowKey, cut_window, window_count
from zwu_ts_assets_tests.reference import ETTH1_CSV, GOLDEN, REPOSITORY

LINE = "a: Mean=1.00, Max=2.00, Var=0.25"


def stats_of(path: Path) -> str:
    """The whole text for a CSV with windows of 96 rows."""
    series = read_series(path)
    windows = [
        cut_window(series, batch, length=96, horizon=96)
        for batch in range(window_count(series.rows, 96))
    ]
    return format_stats(
        (batch, stats_lines(window.values, series.features)) for batch, window in enumerate(windows)
    )


@pytest.mark.shared
def test_the_text_of_etth1_equals_the_golden_one_byte_for_byte() -> None:
    assert stats_of(ETTH1_CSV).encode("utf-8") == (GOLDEN / "batch_stats.txt").read_bytes()


@pytest.mark.shared
def test_the_golden_text_is_read_back_block_by_block() -> None:
    text = (GOLDEN / "batch_stats.txt").read_text(encoding="utf-8")
    blocks = parse_stats(text)
    assert [batch for batch, _ in blocks] == list(range(181))
    assert blocks[180][1].startswith("HUFL: Mean=6.75, Max=16.48, Var=54.01 HULL: Mean=3.98, ")
    assert blocks[180][1].endswith(" OT: Mean=7.55, Max=10.06, Var=2.20")


def test_the_statistics_are_mean_maximum_and_population_variance() -> None:
    series = read_series(REPOSITORY / "data" / "sample.csv")
    lines = stats_lines(series.values, series.features)
    for line, name, column in zip(lines, series.features, series.values.T, strict=True):
        numbers = [float(number) for number in column]
        mean, variance = statistics.fmean(numbers), statistics.pvariance(numbers)
        assert line == f"{name}: Mean={mean:.2f}, Max={max(numbers):.2f}, Var={variance:.2f}"


def test_a_constant_column_has_variance_zero_and_a_tiny_negative_mean_keeps_its_sign() -> None:
    values = np.array([[5.0, -0.001], [5.0, -0.002]])
    assert stats_lines(values, ("a", "b")) == [
        "a: Mean=5.00, Max=5.00, Var=0.00",
        "b: Mean=-0.00, Max=-0.00, Var=0.00",
    ]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_significant_numbers_are_rounded_to_four_digits_or_to_whole_numbers(value: float) -> None:
    text = significant_text(value)
    exact = Decimal(value)
    if value == 0:
        assert text == "0"
    elif 999.95 < abs(value) < 9.995e14:
        assert Decimal(text) == exact.quantize(Decimal(1))
        assert "." not in text
        assert "e" not in text
    elif abs(value) < 9.995e14 or abs(value) > 1.0005e15:
        assert Decimal(text) == Context(prec=4).create_decimal(exact)
        assert len(text.lstrip("-0.").partition("e")[0].replace(".", "")) == 4
    line = f"a: Mean={text}, Max={text}, Var={text}"
    assert parse_stats(f"--- Batch 0 ---\n{line}\n\n") == [(0, line)]


def test_variances_that_two_decimals_hide_are_found() -> None:
    values = np.array([[0.71, 1.0, 5.0], [0.7102, 9.0, 5.0]])
    hidden = hidden_variances(values, stats_lines(values, "abc"))
    assert hidden == [True, False, None]
    lines = stats_lines(values, "abc", "significant")
    assert lines[0] == "a: Mean=0.7101, Max=0.7102, Var=1.000e-08"
    assert lines[1] == "b: Mean=5.000, Max=9.000, Var=16.00"
    assert hidden_variances(values, lines) == [False, False, None]


def test_a_block_is_a_heading_lines_and_a_blank_line() -> None:
    assert format_block(7, [LINE, "b: ..."]) == f"--- Batch 7 ---\n{LINE}\nb: ...\n\n"
    assert format_block((17, 1640), [LINE]) == f"--- Batch 17 Row 1640 ---\n{LINE}\n\n"


def test_no_blocks_are_no_text() -> None:
    assert format_stats([]) == ""
    assert parse_stats("") == []


@pytest.mark.parametrize(
    "keys",
    [
        [1, 0],
        [3, 3],
        [-1],
        [(1, 12), (0, 13)],
        [(1, 12), (1, 12)],
        [(1, 12), (2, 11)],
        [(0, -1)],
        [0, (1, 12)],
        [(1, 12), 2],
    ],
)
def test_keys_that_do_not_increase_or_are_of_two_kinds_are_not_written(
    keys: list[WindowKey],
) -> None:
    with pytest.raises(CorpusError, match="expected increasing batches, each once"):
        format_stats((key, [LINE]) for key in keys)


@pytest.mark.parametrize(
    ("values", "features", "message"),
    [
        (np.zeros((0, 1)), ("a",), r"shape \(0, 1\).*at least one row"),
        (np.zeros((3, 2)), ("a",), r"shape \(3, 2\); expected \(rows, 1\)"),
        (np.zeros(3), ("a",), r"shape \(3,\)"),
        (np.zeros((3, 1)), ("a\nb",), r"feature 'a\\nb': found a name that is empty or holds"),
        (np.zeros((3, 1)), ("a\ud800",), "feature 'a.ud800': found half of a surrogate pair"),
        (np.zeros((3, 1)), ("",), "feature '': found a name that is empty"),
        (np.array([[1.0], [np.nan]]), ("a",), "feature 'a': found mean nan"),
        (np.array([[1e200], [-1e200]]), ("a",), "variance inf; .*change the unit"),
    ],
)
def test_values_without_statistics_are_refused(
    values: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
    features: tuple[str, ...],
    message: str,
) -> None:
    with pytest.raises(CorpusError, match=message):
        stats_lines(values, features)


AWKWARD = [
    "---",
    "--- Batch 3 ---",
    ":",
    "=",
    ", ",
    " ",
    LINE,
    "x: Mean=",
    "\u2028",
    "\x85",
    "温度",
]
NAMES = st.one_of(
    st.sampled_from(AWKWARD),
    st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), min_size=1),
    st.lists(st.sampled_from(AWKWARD), min_size=1, max_size=4).map("".join),
)


@given(rows=st.sets(st.integers(0, 10_000), max_size=6), length=st.integers(1, 50))
def test_windows_that_overlap_are_read_back_with_their_first_rows(
    rows: set[int], length: int
) -> None:
    blocks: list[tuple[WindowKey, list[str]]]
    blocks = [((row // length, row), [LINE]) for row in sorted(rows)]
    assert parse_stats(format_stats(blocks)) == [(key, LINE) for key, _ in blocks]


@given(data=st.data())
def test_what_is_written_is_read_back_whatever_the_features_are_called(data: st.DataObject) -> None:
    features = data.draw(st.lists(NAMES, min_size=1, max_size=4))
    batches = sorted(data.draw(st.sets(st.integers(0, 10_000), max_size=4)))
    number = st.floats(-1e150, 1e150)
    blocks = []
    for batch in batches:
        cells = st.lists(number, min_size=len(features), max_size=len(features))
        rows = data.draw(st.lists(cells, min_size=1, max_size=3))
        blocks.append((batch, stats_lines(np.array(rows), features)))
    read = parse_stats(format_stats(blocks))
    assert read == [(batch, " ".join(lines)) for batch, lines in blocks]


@given(
    names=st.lists(st.from_regex(r"[a-z]{1,5}", fullmatch=True), min_size=1, unique=True),
    seed=st.integers(0, 1000),
)
def test_the_text_holds_each_statistic_to_two_decimals(names: list[str], seed: int) -> None:
    values = np.random.default_rng(seed).normal(scale=50, size=(20, len(names)))
    [(_, text)] = parse_stats(format_block(0, stats_lines(values, names)))
    found = re.findall(r"([a-z]+): Mean=(\S+), Max=(\S+), Var=(\S+)", text)
    assert [name for name, *_ in found] == names
    for (_, mean, maximum, variance), column in zip(found, values.T.tolist(), strict=True):
        average = math.fsum(column) / 20
        assert abs(float(mean) - average) < 0.00501
        assert abs(float(maximum) - max(column)) < 0.00501
        squares = math.fsum((value - average) ** 2 for value in column) / 20
        assert abs(float(variance) - squares) < 0.00501


@pytest.mark.parametrize(
    ("text", "line", "found"),
    [
        ("\n", 1, "''"),
        ("x", 1, "'x'"),
        (f"{LINE}\n", 1, repr(LINE)),
        # More digits than Python converts to a number.
        (
            "--- Batch " + "9" * 5000 + " ---\n",
            1,
            "'--- Batch " + "9" * 50 + "'... (5014 characters)",
        ),
        ("--- Batch 01 ---\n", 1, "'--- Batch 01 ---'"),
        ("--- Batch 0 ---\n", 2, "''"),
        ("--- Batch 0 ---\n\n", 2, "''"),
        (f"--- Batch 0 ---\n{LINE}", 2, repr(LINE)),
        (f"--- Batch 0 ---\n{LINE}\n", 3, "''"),
        (f"--- Batch 0 ---\n{LINE}\n\n\n", 4, "''"),
        (f"--- Batch 0 ---\n{LINE}\n{LINE[:-1]}\n\n", 3, repr(LINE[:-1])),
        (f"--- Batch 0 ---\n{LINE}\n--- Batch 1 ---\n", 3, "'--- Batch 1 ---'"),
        (f"--- Batch 1 ---\n{LINE}\n\n--- Batch 1 ---\n{LINE}\n\n", 4, "'--- Batch 1 ---'"),
        (f"--- Batch 0 ---\n{LINE}\n\n--- Batch 1 Row 9 ---\n", 4, "'--- Batch 1 Row 9 ---'"),
        (f"--- Batch 0 Row 3 ---\n{LINE}\n\n--- Batch 1 ---\n", 4, "'--- Batch 1 ---'"),
        (f"--- Batch 1 Row 9 ---\n{LINE}\n\n--- Batch 0 Row 10 ---\n", 4, "'--- Batch 0 Row 10"),
        (f"--- Batch 1 Row 9 ---\n{LINE}\n\n--- Batch 1 Row 9 ---\n", 4, "'--- Batch 1 Row 9"),
        ("--- Batch 1 Row 09 ---\n", 1, "'--- Batch 1 Row 09 ---'"),
        ("--- Batch 0 ---\na: Mean=nan, Max=2.00, Var=0.25\n\n", 2, "'a: Mean=nan, Max=2.00"),
        (f"--- Batch 0 ---\n{LINE}\r\n\r\n", 2, repr(LINE + "\r")),
        ("--- Batch 0 ---\n" + "x" * 500 + "\n\n", 2, "'" + "x" * 60 + "'... (500 characters)"),
    ],
)
def test_malformed_text_is_refused_at_its_line(text: str, line: int, found: str) -> None:
    with pytest.raises(CorpusError) as caught:
        parse_stats(text)
    assert str(caught.value).startswith(f"stats text, line {line}: found {found}")
    assert "expected" in str(caught.value)
