"""Courses come back from the pixels of a line plot; the oracles are the values that were drawn."""

import numpy as np
import pytest
from numpy.typing import NDArray

from zwu_ts_assets.evidence.curves import read_lines
from zwu_ts_assets.evidence.media import resized
from zwu_ts_assets.evidence.panels import NotAFigure
from zwu_ts_assets.figures.figure_layout import Canvas
from zwu_ts_assets.figures.line_plot import draw_line_plot
from zwu_ts_assets_tests.reference import ETTH1_CSV

Floats = NDArray[np.float64]
NAMES = tuple("abcdefghijklmnopqrstuvwxyz")


def etth1(row: int) -> Floats:
    return np.loadtxt(ETTH1_CSV, delimiter=",", skiprows=1 + row, max_rows=96, usecols=range(1, 8))


def walk(rows: int, columns: int) -> Floats:
    return np.random.default_rng(rows + columns).normal(size=(rows, columns)).cumsum(axis=0)


def relative(values: Floats) -> Floats:
    found: Floats = ((values - values.min(axis=0)) / np.ptp(values, axis=0)).T
    return found


@pytest.mark.shared
@pytest.mark.parametrize("row", [0, 1632, 7008, 13000])
def test_a_line_plot_of_real_data_gives_its_values(row: int) -> None:
    values = etth1(row)
    read = read_lines(draw_line_plot(values, NAMES[:7]), 7, 96)
    assert np.abs(read.middle - relative(values)).mean() < 0.01
    # A peak is at the upper edge of its line, however steep its sides are.
    assert np.abs(read.upper.max(axis=1) - 1.0).max() < 0.01
    tops = read.upper.argmax(axis=1)
    assert (relative(values)[np.arange(7), tops] > 0.97).all()


@pytest.mark.parametrize(
    ("columns", "rows", "canvas"),
    [(1, 96, (1792, 992)), (3, 48, (896, 512)), (20, 96, (1792, 992)), (5, 24, (1024, 1024))],
)
def test_any_number_of_panels_is_followed(columns: int, rows: int, canvas: tuple[int, int]) -> None:
    values = walk(rows, columns)
    read = read_lines(draw_line_plot(values, NAMES[:columns], Canvas(*canvas)), columns, rows)
    assert read.middle.shape == (columns, rows)
    assert np.abs(read.middle - relative(values)).mean() < 0.02


def test_a_resized_line_plot_is_followed() -> None:
    values = walk(48, 5)
    pixels = resized(draw_line_plot(values, NAMES[:5]), (896, 480))
    assert np.abs(read_lines(pixels, 5, 48).middle - relative(values)).mean() < 0.02


def test_a_line_that_stays_level_is_followed_beside_others() -> None:
    values = walk(48, 3)
    values[:, 1] = 7.0
    read = read_lines(draw_line_plot(values, NAMES[:3]), 3, 48)
    assert (read.middle[1] == 0.5).all()
    assert np.abs(read.middle[2] - relative(values[:, 2:])[0]).mean() < 0.01


def test_what_shows_other_lines_is_refused() -> None:
    pixels = draw_line_plot(walk(48, 3), NAMES[:3])
    with pytest.raises(NotAFigure, match="shows 3 lines; expected 4"):
        read_lines(pixels, 4, 48)
    with pytest.raises(NotAFigure, match="shows 0 lines; expected 3"):
        read_lines(np.full((992, 1792, 3), 255, dtype=np.uint8), 3, 48)
