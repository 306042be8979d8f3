"""Fixed colour ranges: from the training windows alone, by a rule that two lines of Python say."""

import json
import math
import random
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.figures.colours import (
    RANGED_PANELS,
    ColourRanges,
    Extremes,
    PanelRanges,
    fit_ranges,
    ranges_json,
    read_ranges,
    window_extremes,
)

Values = NDArray[np.float64]


def walk(seed: int, rows: int = 12, features: int = 3) -> Values:
    return np.random.default_rng(seed).normal(size=(rows, features)).cumsum(axis=0)


def textbook_dtw(a: list[float], b: list[float]) -> float:
    row = [0.0] + [math.inf] * len(b)
    for x in a:
        above, row = row, [math.inf]
        for j, y in enumerate(b):
            row.append(abs(x - y) + min(above[j], above[j + 1], row[j]))
    return row[-1]


def textbook_panels(values: Values) -> dict[str, list[float]]:
    """All numbers of the four panels, in plain Python from their definitions."""
    columns = [list(map(float, column)) for column in values.T]
    z = []
    for column in columns:
        mean = math.fsum(column) / len(column)
        std = math.sqrt(math.fsum((x - mean) ** 2 for x in column) / len(column))
        z.append([(x - mean) / (std + 1e-5) for x in column])
    steps = [list(step) for step in zip(*z, strict=True)]
    rows = len(steps)
    magnitudes = [
        [
            math.hypot(
                math.fsum(x * math.cos(2 * math.pi * k * t / rows) for t, x in enumerate(column)),
                math.fsum(x * math.sin(2 * math.pi * k * t / rows) for t, x in enumerate(column)),
            )
            for k in range(rows // 2 + 1)
        ]
        for column in z
    ]

    def covariances(series: list[list[float]]) -> list[float]:
        n = len(series[0])
        centred = [[x - math.fsum(one) / n for x in one] for one in series]
        return [
            math.fsum(x * y for x, y in zip(a, b, strict=True)) / (n - 1)
            for a in centred
            for b in centred
        ]

    return {
        "feature_dtw": [textbook_dtw(a, b) for a in z for b in z],
        "feature_covariance": covariances(magnitudes),
        "time_dtw": [textbook_dtw(a, b) for a in steps for b in steps],
        "time_covariance": covariances(steps),
    }


def textbook_range(lows: list[float], highs: list[float]) -> tuple[float, float]:
    """At least 98 of 100 windows lie within either end, and one window less would not do."""
    need = 98 * len(lows)
    low = max(x for x in lows if 100 * sum(y >= x for y in lows) >= need)
    high = min(x for x in highs if 100 * sum(y <= x for y in highs) >= need)
    return low, high


def symmetric(ends: tuple[float, float]) -> tuple[float, float]:
    """As far to both sides as the farther end, so that zero is in the middle."""
    low, high = ends
    return (low, -low) if -low > high else (-high, high)


@pytest.mark.parametrize("count", [1, 5])
def test_ranges_are_those_of_a_recomputation_from_the_definitions(count: int) -> None:
    windows = [walk(seed) for seed in range(count)]
    patches = [window[start : start + 6] for window in windows for start in (0, 3, 6)]
    fitted = fit_ranges(window_extremes(w, patch_length=6, patch_stride=3) for w in windows)
    assert (fitted.fitted_windows, fitted.fitted_patches) == (count, 3 * count)
    for made_from, ranges in ((windows, fitted.windows), (patches, fitted.patches)):
        panels = [textbook_panels(values) for values in made_from]
        for name in RANGED_PANELS:
            lows = [min(panel[name]) for panel in panels]
            highs = [max(panel[name]) for panel in panels]
            expected = textbook_range(lows, highs)
            if name == "time_covariance":
                expected = symmetric(expected)
            assert getattr(ranges, name) == pytest.approx(expected, rel=1e-9, abs=1e-9)


def extremes(pairs: list[tuple[float, float]]) -> list[Extremes]:
    """Windows, of one patch each, whose four panels all have the given extremes."""
    rows = [np.array([pair] * 4) for pair in pairs]
    return [Extremes(row, row[None]) for row in rows]


PAIRS = st.lists(
    st.tuples(st.floats(-1e6, 1e6), st.floats(0.001, 1e6)).map(lambda p: (p[0], p[0] + p[1])),
    min_size=1,
    max_size=160,
)


@given(PAIRS, st.randoms(use_true_random=False))
def test_the_rule_holds_for_any_numbers_in_any_order(
    pairs: list[tuple[float, float]], shuffler: random.Random
) -> None:
    fitted = fit_ranges(extremes(pairs))
    lows, highs = [low for low, _ in pairs], [high for _, high in pairs]
    assert fitted.windows.time_dtw == textbook_range(lows, highs)
    assert fitted.windows.time_covariance == symmetric(textbook_range(lows, highs))
    assert fitted.patches == fitted.windows
    shuffled = pairs.copy()
    shuffler.shuffle(shuffled)
    assert ranges_json(fit_ranges(extremes(shuffled))) == ranges_json(fitted)


@pytest.mark.parametrize(("count", "beyond"), [(1, 0), (49, 0), (50, 1), (99, 1), (125, 2)])
def test_so_many_windows_may_lie_beyond_an_end(count: int, beyond: int) -> None:
    fitted = fit_ranges(extremes([(-float(i), float(i) + 1) for i in range(count)]))
    assert fitted.windows.feature_dtw == (-(count - 1.0 - beyond), count - float(beyond))


def test_a_panel_without_variation_gets_a_range_all_the_same() -> None:
    fitted = fit_ranges([window_extremes(np.ones((24, 1)), patch_length=12)])
    assert fitted.windows == PanelRanges((-0.1, 0.1), (-0.1, 0.1), (-0.1, 0.1), (-0.1, 0.1))


def test_processes_can_share_the_work() -> None:
    windows = [walk(seed) for seed in range(3)]
    work = partial(window_extremes, patch_length=6, patch_stride=3)
    with ProcessPoolExecutor(1) as pool:
        shared = fit_ranges(pool.map(work, windows))
    assert shared == fit_ranges(map(work, windows))


def test_ranges_come_back_from_their_file_to_the_last_bit() -> None:
    ranges = fit_ranges(window_extremes(walk(seed), patch_length=6) for seed in range(3))
    data = ranges_json(ranges)
    assert read_ranges(data) == ranges
    assert ranges_json(read_ranges(data)) == data
    assert json.loads(data)["windows"]["time_dtw"] == list(ranges.windows.time_dtw)


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-20],
        lambda data: b"\xff" + data,
        lambda data: b"[]",
        lambda data: data.replace(b"time_dtw", b"time_dwt"),
        lambda data: data.replace(b'"windows"', b'"w"'),
    ],
)
def test_a_damaged_file_is_refused(damage: Callable[[bytes], bytes]) -> None:
    data = ranges_json(ColourRanges(PANELS, PANELS, 1, 7))
    with pytest.raises(CorpusError, match="colour ranges cannot be read"):
        read_ranges(damage(data))


PANELS = PanelRanges((0.0, 80.0), (-3.0, 60.0), (0.0, 20.0), (-2.0, 3.0))


@pytest.mark.parametrize("ends", [(1.0, 1.0), (2.0, 1.0), (0.0, math.nan), (-math.inf, 0.0)])
def test_a_range_has_two_finite_ends(ends: tuple[float, float]) -> None:
    with pytest.raises(CorpusError, match="colour range of time_dtw is"):
        PanelRanges((0.0, 1.0), (0.0, 1.0), ends, (0.0, 1.0))


def test_without_training_windows_there_is_nothing_to_fit_on() -> None:
    with pytest.raises(CorpusError, match="no training window to fit colour ranges on"):
        fit_ranges([])
