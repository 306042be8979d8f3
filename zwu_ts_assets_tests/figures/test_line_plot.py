"""The line plot: equal to matplotlib's own drawing, legible, the same bytes each time."""

import hashlib
import os
import subprocess
import sys
import warnings

import matplotlib
import numpy as np
import pytest
from numpy.typing import NDArray

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.figures.figure_layout import Canvas
from zwu_ts_assets.figures.line_plot import (
    LineLayout,
    draw_line_plot,
    make_line_layout,
    text_points,
    title_points,
)
from zwu_ts_assets.figures.rendering import text_stamps
from zwu_ts_assets_tests.figures.line_plot_oracle import draw_lines_slowly
from zwu_ts_assets_tests.reference import ETTH1_CSV

SMALL = Canvas(896, 512)
Values = NDArray[np.float64]


def walk(rows: int, features: int) -> Values:
    return np.random.default_rng(rows * features).normal(size=(rows, features)).cumsum(axis=0)


def names(count: int) -> tuple[str, ...]:
    return tuple(f"f{i}" for i in range(count))


def layout_of(values: Values, canvas: Canvas) -> LineLayout:
    width = text_stamps(text_points(10.0, canvas), canvas.dpi).number_width
    return make_line_layout(values.shape[1], len(values), canvas, width)


def assert_drawn_as_by_matplotlib(
    values: Values, titles: tuple[str, ...], canvas: Canvas = SMALL
) -> None:
    layout = layout_of(values, canvas)
    points = title_points(layout, list(titles))
    slow = draw_lines_slowly(values, list(titles), layout, points)
    fast = draw_line_plot(values, titles, canvas)
    difference = np.abs(fast.astype(int) - slow)
    # Lines, numbers and names are the same. A light grey grid line that falls between two rows of
    # pixels may be drawn in the other one, as the last bit of its position decides.
    assert (difference.max(axis=2) > 48).sum() == 0
    assert difference.mean() <= 0.05  # of 255; a panel without its grid lines would be 0.08


# As matplotlib draws it.


@pytest.mark.shared
@pytest.mark.parametrize("batch", [0, 17, 97, 180])
def test_windows_of_the_real_data_are_drawn_as_by_matplotlib(batch: int) -> None:
    """Batch 97 has two constant columns, one of them zero."""
    values = np.loadtxt(
        ETTH1_CSV, delimiter=",", skiprows=1 + 96 * batch, max_rows=96, usecols=range(1, 8)
    )
    titles = ("HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT")
    assert_drawn_as_by_matplotlib(values, titles, Canvas())


@pytest.mark.parametrize(
    ("rows", "features", "canvas"),
    [
        (96, 1, SMALL),
        (2, 2, SMALL),
        (24, 13, Canvas()),
        (1000, 3, SMALL),
        (96, 7, Canvas(448, 224)),
        (24, 16, SMALL),  # so low that a step of values may have a single label
        (96, 5, Canvas(1184, 640)),
        (48, 6, Canvas(512, 2048)),
    ],
)
def test_any_shape_is_drawn_as_by_matplotlib(rows: int, features: int, canvas: Canvas) -> None:
    assert_drawn_as_by_matplotlib(walk(rows, features), names(features), canvas)


@pytest.mark.parametrize(
    "scale", [1e-9, 1e-4, 0.01, 1e3, 1e6, 1e100, 1e299], ids=lambda scale: f"{scale:g}"
)
def test_any_magnitude_is_drawn_as_by_matplotlib(scale: float) -> None:
    assert_drawn_as_by_matplotlib(walk(24, 2) / 10 * scale, ("a", "b"))


def test_what_barely_varies_is_drawn_as_by_matplotlib() -> None:
    values = walk(24, 3) * [1e-6, 1e-3, 0.0] + [-5.0, 1e6, 1e-12]
    assert_drawn_as_by_matplotlib(values, ("near five", "offset", "constant"))


def test_names_are_drawn_letter_by_letter() -> None:
    titles = ("a$b$", "_under_score", "température", "\\frac{1}{2}", "two words")
    assert_drawn_as_by_matplotlib(walk(24, 5), titles)


# What it shows.


def test_the_unit_stands_behind_the_name_and_the_prefix_before_it() -> None:
    values = walk(24, 2)
    spelt_out = draw_line_plot(values, ("Batch 3 OT (°C)", "Batch 3 load"), SMALL)
    given = draw_line_plot(values, ("OT", "load"), SMALL, units=("°C", ""), title_prefix="Batch 3 ")
    np.testing.assert_array_equal(given, spelt_out)


def test_the_line_is_highest_where_the_value_is() -> None:
    values = np.zeros((11, 1))
    values[7] = 5.0
    frame = draw_line_plot(values, ("peak",), SMALL)
    panel = layout_of(values, SMALL).panels[0]
    inside = frame[panel.top : panel.top + panel.height, panel.left : panel.left + panel.width]
    blue = (inside[..., 2].astype(int) - inside[..., 0]) > 60
    rows, columns = np.nonzero(blue)
    step = columns[rows == rows.min()].mean() / panel.width * 1.02 * 10 - 0.1
    assert step == pytest.approx(7, abs=0.03)
    # Five percent of the range are free above the peak and below the foot.
    assert rows.min() / panel.height == pytest.approx(0.05 / 1.1, abs=0.02)
    assert rows.max() / panel.height == pytest.approx(1 - 0.05 / 1.1, abs=0.02)


def test_one_feature_changes_its_own_panel_only() -> None:
    values = walk(48, 4)
    before = draw_line_plot(values, names(4), SMALL)
    values[:, 2] *= -3
    changed = (draw_line_plot(values, names(4), SMALL) != before).any(axis=2)
    layout = layout_of(values, SMALL)
    panel = layout.panels[2]
    rows, columns = np.nonzero(changed)
    assert rows.min() >= panel.top - 24
    assert rows.max() <= panel.top + panel.height + 8
    assert columns.min() >= panel.left - layout.gutter
    assert columns.max() < panel.left + panel.width


def test_long_names_that_differ_at_their_end_stay_different() -> None:
    values = np.tile(walk(24, 1), 20)
    long_names = tuple(f"a very long name of the temperature sensor number {i}" for i in range(20))
    frame = draw_line_plot(values, long_names, SMALL)
    layout = layout_of(values, SMALL)
    pictures = {
        frame[panel.top - 16 : panel.top, panel.left : panel.left + panel.width].tobytes()
        for panel in layout.panels
    }
    assert len(pictures) == 20


def test_characters_that_cannot_be_drawn_are_replaced_with_one_warning() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(2):
            draw_line_plot(walk(24, 2), ("温度计", "ok"), SMALL)
    (warning,) = caught
    assert "(1: '温度计')" in str(warning.message)


@pytest.mark.parametrize(
    ("features", "canvas"),
    [
        (1, Canvas(448, 224)),
        (30, Canvas(448, 2048)),
        (30, Canvas(2048, 224)),
        (100, Canvas(448, 224)),
        pytest.param(100, Canvas(), marks=pytest.mark.slow),
    ],
)
def test_crowded_plots_are_drawn_without_complaint(features: int, canvas: Canvas) -> None:
    long_names = tuple(f"a rather long name of feature {i} {'x' * 3000}" for i in range(features))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        frame = draw_line_plot(walk(24, features), long_names, canvas)
    assert frame.shape == (canvas.height, canvas.width, 3)
    assert frame.dtype == np.uint8


# Same input, same bytes.


def test_the_style_of_a_notebook_changes_nothing() -> None:
    values = walk(24, 3)
    expected = draw_line_plot(values, names(3), SMALL)
    with matplotlib.rc_context(
        {
            "font.size": 20,
            "font.family": "serif",
            "axes.facecolor": "black",
            "axes.unicode_minus": False,
            "axes.formatter.useoffset": False,
            "lines.linestyle": ":",
            "path.simplify": False,
            "path.snap": False,
        }
    ):
        np.testing.assert_array_equal(draw_line_plot(values, names(3), SMALL), expected)


def test_another_process_draws_the_same_bytes() -> None:
    program = (
        "import hashlib, numpy as np\n"
        "from zwu_ts_assets.figures.line_plot import draw_line_plot\n"
        "values = np.arange(48.0).reshape(24, 2) ** 1.5 % 17\n"
        "draw_line_plot(values[::-1], ('c', 'd'))\n"
        "print(hashlib.sha256(draw_line_plot(values, ('a', 'b'))).hexdigest())\n"
    )
    other = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONHASHSEED": "7", "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    values = np.arange(48.0).reshape(24, 2) ** 1.5 % 17
    here = hashlib.sha256(draw_line_plot(values, ("a", "b")).tobytes()).hexdigest()
    assert other.stdout.strip() == here


# Bad input.


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e301])
def test_a_value_that_cannot_be_drawn_is_named(bad: float) -> None:
    values = walk(24, 2)
    values[5, 1] = bad
    with pytest.raises(CorpusError, match=r"column 'load' has .* at step 5 of the window"):
        draw_line_plot(values, ("OT", "load"))


def test_names_and_units_must_match_the_columns() -> None:
    with pytest.raises(CorpusError, match="2 feature names for 3 columns"):
        draw_line_plot(walk(24, 3), ("a", "b"))
    with pytest.raises(CorpusError, match="a line plot of 101 columns was asked for; expected at"):
        draw_line_plot(walk(24, 101), names(101))
    with pytest.raises(CorpusError, match="1 units for 2 columns"):
        draw_line_plot(walk(24, 2), ("a", "b"), units=("MW",))


@pytest.mark.parametrize("shape", [(1, 2), (24, 0), (24,)])
def test_a_line_needs_two_rows_and_a_feature(shape: tuple[int, ...]) -> None:
    with pytest.raises(CorpusError, match="at least two rows and one feature"):
        draw_line_plot(np.zeros(shape), ("a", "b"))
