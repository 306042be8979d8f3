"""The figure: equal to matplotlib's and seaborn's own drawing, whatever the numbers and names."""

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
from zwu_ts_assets.figures.colours import PanelRanges, bar_ticks, value_range
from zwu_ts_assets.figures.dependence import DependenceMatrices, dependence_matrices
from zwu_ts_assets.figures.figure import (
    Canvas,
    Look,
    draw_figure,
    draw_matrices,
    number_points,
    template,
    title_points,
)
from zwu_ts_assets.figures.rendering import text_stamps
from zwu_ts_assets.timeseries.windows import Selection
from zwu_ts_assets_tests.figures.figure_oracle import draw_slowly
from zwu_ts_assets_tests.reference import ETTH1_CSV

ETTH1_FEATURES = ("HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT")
SMALL = Canvas(896, 512)
Range = tuple[float, float]
FIXED = PanelRanges((0.0, 86.5), (2.5, 60.0), (0.0, 26.0), (-2.9, 8.0))


def etth1(batch: int, patch: int | None = None) -> NDArray[np.float64]:
    start, rows = (96 * batch, 96) if patch is None else (96 * batch + 12 * patch, 24)
    return np.loadtxt(
        ETTH1_CSV, delimiter=",", skiprows=1 + start, max_rows=rows, usecols=range(1, 8)
    )


def walk(rows: int, features: int) -> NDArray[np.float64]:
    return np.random.default_rng(rows * features).normal(size=(rows, features)).cumsum(axis=0)


def names(count: int) -> tuple[str, ...]:
    return tuple(f"f{i}" for i in range(count))


def made_up(
    features: int, rows: int, dtw: Range, covariance: Range, time_dtw: Range, time_covariance: Range
) -> DependenceMatrices:
    """Random symmetric matrices that reach both ends of the given ranges."""
    random = np.random.default_rng(features + rows)

    def matrix(count: int, low: float, high: float) -> NDArray[np.float64]:
        values = random.uniform(low, high, (count, count))
        values = np.clip(values / 2 + values.T / 2, low, high)
        values[0, 0], values[-1, -1] = low, high
        return values

    return DependenceMatrices(
        matrix(features, *dtw),
        matrix(features, *covariance),
        matrix(features, -1, 1),
        matrix(rows, *time_dtw),
        matrix(rows, *time_covariance),
        matrix(rows, -1, 1),
    )


def assert_drawn_as_by_seaborn(
    matrices: DependenceMatrices,
    features: tuple[str, ...],
    canvas: Canvas = Canvas(),  # noqa: B008 - frozen
    title_prefix: str = "",
    ranges: PanelRanges | None = None,
    shown: Selection | None = None,
    look: Look = "original",
) -> None:
    count, rows = len(matrices.feature_dtw), len(matrices.time_dtw)
    told = "{0}x{0}" if shown is None else f"{{0}} of {len(features)}"
    drawn = features if shown is None else shown.names(features)
    kept = template(drawn, rows, canvas, shown.suffixes if shown else (), look)
    panel = kept.layout.panels[0]
    numbers = (
        [f"{value:.1f}" for value in matrices.feature_dtw.flat],
        [f"{value:.2f}" for value in matrices.feature_covariance.flat],
        [f"{value:.2f}" for value in matrices.feature_pearson.flat if not np.isnan(value)],
    )
    annotated = [
        [text.lstrip("-") if float(text) == 0 else text for text in texts] for texts in numbers
    ]
    sizes = [
        number_points(texts, panel.width / count, panel.height / count, canvas.dpi)
        for texts in annotated
    ]
    titles = [
        title_prefix + title
        for title in (
            f"Feature DTW ({told.format(count)})",
            "Feature Covariance (FFT Magnitude)",
            "Feature Pearson (FFT Magnitude)",
            f"Time DTW ({rows}x{rows})",
            "Time Covariance",
            "Time Pearson",
        )
    ]
    slow = draw_slowly(
        matrices,
        kept.layout,
        title_prefix=title_prefix,
        title_points=title_points(titles, kept.layout.column_pitch, canvas.dpi),
        number_points=(sizes[0], sizes[1], sizes[2]),
        ranges=ranges,
        features_told=told,
        clear=look == "clear",
    )
    # The strings that seaborn and matplotlib chose are the ones that the renderer is given.
    assert slow.titles == titles
    for i in range(3):
        assert slow.numbers[i] == (annotated[i] if sizes[i] else [])
    for i, name in (
        (0, "feature_dtw"),
        (1, "feature_covariance"),
        (3, "time_dtw"),
        (4, "time_covariance"),
    ):
        ends = getattr(ranges, name) if ranges else value_range(getattr(matrices, name))
        _, labels, factor = bar_ticks(kept.bars, *ends)
        assert (labels, factor) == (slow.bar_labels[i], slow.bar_factors[i])
    # And the pixels are the same, so that every string is also drawn. What was asked of the fast
    # drawing is a mean of 1.5 and 99.5 % of pixels within 16; it does better, and stays there.
    fast = draw_matrices(matrices, features, canvas, title_prefix, ranges, shown, look)
    difference = np.abs(fast.astype(int) - slow.pixels)
    assert difference.mean() <= 0.01  # of 255
    assert (difference.max(axis=2) > 0).mean() <= 0.002
    # What remains: single steps of the colour bars' gradients, of one colour in 256.
    assert difference.max() <= 16


# As matplotlib and seaborn draw it.


WINDOWS = (0, 17, 90, 97, 180)
"""Of ETTh1; batch 97 has two constant columns."""
PATCHES = tuple((batch, patch) for batch in (0, 7, 45, 90, 180) for patch in range(7))
"""In patch 4 of batch 7 every column is constant, in patch 6 of batch 45 one, but for rounding."""
QUICK = ((0, 3), (7, 4), (45, 6))


@pytest.mark.shared
@pytest.mark.parametrize(
    ("batch", "patch"),
    [
        *((batch, None) for batch in WINDOWS),
        *(pytest.param(*p, marks=() if p in QUICK else pytest.mark.slow) for p in PATCHES),
    ],
)
def test_figures_of_the_real_data_are_drawn_as_by_seaborn(batch: int, patch: int | None) -> None:
    matrices = dependence_matrices(etth1(batch, patch))
    assert_drawn_as_by_seaborn(matrices, ETTH1_FEATURES)


@pytest.mark.parametrize(
    ("dtw", "covariance", "time_dtw", "time_covariance"),
    [
        ((0, 77.4), (-3, 60), (0, 19), (-1.7, 3.2)),
        ((0, 1e-8), (1e6, 1.00001e6), (0, 1e7), (-1e-4, 1e-5)),
        ((0, 0), (5, 5), (0, 0), (-2, -2)),
        ((0, 1e6), (-12345.6, -12345.1), (0, 123456), (1000.001, 1000.002)),
        ((1e-300, 2e-300), (1e-12, 1e-12), (0, 5e-320), (-1e-9, 1e9)),
    ],
)
def test_any_range_of_numbers_is_drawn_as_by_seaborn(
    dtw: Range, covariance: Range, time_dtw: Range, time_covariance: Range
) -> None:
    matrices = made_up(7, 24, dtw, covariance, time_dtw, time_covariance)
    assert_drawn_as_by_seaborn(matrices, ETTH1_FEATURES)


@pytest.mark.parametrize(
    ("features", "rows"),
    [(1, 2), (3, 5), (13, 30), (30, 24), pytest.param(20, 11, marks=pytest.mark.slow)],
)
def test_any_number_of_features_is_drawn_as_by_seaborn(features: int, rows: int) -> None:
    matrices = made_up(features, rows, (0, 99), (-12, 99), (0, 19), (-2, 3))
    assert_drawn_as_by_seaborn(matrices, names(features))


@pytest.mark.parametrize(
    ("features", "canvas"),
    [
        (21, SMALL),
        (64, SMALL),
        (100, SMALL),
        pytest.param(100, Canvas(), marks=pytest.mark.slow),
    ],
)
def test_many_features_are_drawn_as_by_seaborn(features: int, canvas: Canvas) -> None:
    matrices = made_up(features, 24, (0, 99), (-12, 99), (0, 19), (-2, 3))
    assert_drawn_as_by_seaborn(matrices, names(features), canvas)


LONG = tuple(f"temperature_sensor_hall_{i // 10}_floor_{i}" for i in range(100))


@pytest.mark.parametrize(
    ("features", "canvas"),
    [
        (LONG[:7], Canvas()),
        (LONG[:30], Canvas()),
        (LONG[:30], SMALL),
        (tuple("n" * 80 + str(i) for i in range(5)), SMALL),
        pytest.param(LONG, Canvas(), marks=pytest.mark.slow),
    ],
)
def test_long_names_are_drawn_once_and_numbers_elsewhere(
    features: tuple[str, ...], canvas: Canvas
) -> None:
    matrices = made_up(len(features), 24, (0, 99), (-12, 99), (0, 19), (-2, 3))
    assert_drawn_as_by_seaborn(matrices, features, canvas)


@pytest.mark.parametrize("canvas", [Canvas(), SMALL])
def test_the_clear_look_is_drawn_as_by_seaborn(canvas: Canvas) -> None:
    matrices = made_up(7, 24, (0, 77.4), (-3, 60), (0, 19), (-1.7, 3.2))
    assert_drawn_as_by_seaborn(matrices, ETTH1_FEATURES, canvas, look="clear")


@pytest.mark.parametrize("canvas", [Canvas(), SMALL, Canvas(448, 224)])
def test_white_cells_are_explained_as_matplotlib_would(canvas: Canvas) -> None:
    values = walk(24, 4)
    values[:, 1] = 0.1
    values[5] = values.mean(axis=0)  # a step without a correlation
    matrices = dependence_matrices(values)
    assert_drawn_as_by_seaborn(matrices, names(4), canvas)


SOME = Selection((7, 3, 300, 1), (5, 1, 100, 2))


@pytest.mark.parametrize("prefix", ["", "Batch 3 "])
def test_a_selection_is_drawn_as_by_seaborn(prefix: str) -> None:
    matrices = made_up(4, 24, (0, 77.4), (-3, 60), (0, 19), (-1.7, 3.2))
    features = tuple(f"MT_{i:03d}" for i in range(321))
    assert_drawn_as_by_seaborn(matrices, features, SMALL, prefix, shown=SOME)


def test_a_hundred_of_862_columns_are_drawn_as_by_seaborn() -> None:
    matrices = made_up(100, 24, (0, 77.4), (-3, 60), (0, 19), (-1.7, 3.2))
    chosen = Selection(tuple(range(0, 800, 8)), tuple(1 + i % 12 for i in range(100)))
    assert_drawn_as_by_seaborn(matrices, names(862), SMALL, ranges=FIXED, shown=chosen)


@pytest.mark.parametrize("canvas", [SMALL, Canvas(448, 224), Canvas(1024, 1024)])
def test_any_canvas_is_drawn_as_by_seaborn(canvas: Canvas) -> None:
    matrices = made_up(7, 24, (0, 77.4), (-3, 60), (0, 19), (-1.7, 3.2))
    assert_drawn_as_by_seaborn(matrices, ETTH1_FEATURES, canvas)


@pytest.mark.slow
def test_cells_smaller_than_a_pixel_are_drawn_as_by_seaborn() -> None:
    matrices = made_up(7, 1000, (0, 77.4), (-3, 60), (0, 19), (-1.7, 3.2))
    assert_drawn_as_by_seaborn(matrices, ETTH1_FEATURES)


@pytest.mark.parametrize("prefix", ["Batch 17 Patch 3 ", "A long story of $x_i$ and others, "])
def test_names_and_prefixes_are_drawn_letter_by_letter(prefix: str) -> None:
    matrices = made_up(5, 24, (0, 77.4), (-3, 60), (0, 19), (-1.7, 3.2))
    features = ("a$b$", "_under_score", "température", "\\frac{1}{2}", "two words")
    assert_drawn_as_by_seaborn(matrices, features, title_prefix=prefix)


@pytest.mark.parametrize(
    ("dtw", "covariance", "time_dtw", "time_covariance"),
    [
        ((0, 40), (5, 50), (0, 19), (-1.7, 3.2)),  # within the ranges
        ((0, 160), (-30, 90), (0, 34), (-5, 13)),  # beyond both ends
        ((100, 160), (-1e30, 1e30), (-1e300, 1e300), (-4, -3)),  # far beyond
        ((0, 0), (60, 60), (26, 26), (0, 0)),  # constant
    ],
)
def test_fixed_ranges_are_drawn_as_by_seaborn(
    dtw: Range, covariance: Range, time_dtw: Range, time_covariance: Range
) -> None:
    matrices = made_up(7, 24, dtw, covariance, time_dtw, time_covariance)
    assert_drawn_as_by_seaborn(matrices, ETTH1_FEATURES, SMALL, ranges=FIXED)


@pytest.mark.shared
def test_a_real_figure_with_fixed_ranges_is_drawn_as_by_seaborn() -> None:
    """Batch 97 has constant columns: its Pearson is NaN, its covariance zero."""
    assert_drawn_as_by_seaborn(dependence_matrices(etth1(97)), ETTH1_FEATURES, ranges=FIXED)


# What it shows.


def test_with_fixed_ranges_colour_bars_are_the_same_on_every_figure() -> None:
    layout = template(names(3), 24, SMALL).layout
    one = draw_figure(walk(24, 3), names(3), SMALL, ranges=FIXED)
    other = draw_figure(np.sqrt(np.abs(walk(24, 3))), names(3), SMALL, ranges=FIXED)
    assert not np.array_equal(one, other)
    for panel, bar in zip(layout.panels, layout.bars, strict=True):
        # From the bar to the next panel's names, with ticks, labels and the factor above.
        rows = slice(panel.top - 10, panel.top + panel.height + 5)
        columns = slice(bar.left, bar.left + bar.width + 25)
        np.testing.assert_array_equal(one[rows, columns], other[rows, columns])


def test_ranges_that_are_a_figures_own_change_nothing() -> None:
    matrices = dependence_matrices(walk(24, 3))
    own = PanelRanges(
        *(
            (float(matrix.min()), float(matrix.max()))
            for matrix in (
                matrices.feature_dtw,
                matrices.feature_covariance,
                matrices.time_dtw,
                matrices.time_covariance,
            )
        )
    )
    np.testing.assert_array_equal(
        draw_matrices(matrices, names(3), SMALL, ranges=own),
        draw_matrices(matrices, names(3), SMALL),
    )


def test_the_figure_of_values_is_the_figure_of_their_matrices() -> None:
    values = walk(24, 3)
    expected = draw_matrices(dependence_matrices(values), names(3), SMALL)
    np.testing.assert_array_equal(draw_figure(values, names(3), SMALL), expected)


def test_a_selection_changes_the_feature_panels_and_not_the_time_panels() -> None:
    values, chosen = walk(24, 9), Selection((8, 2, 5), (4, 1, 2))
    matrices, all_of_them = dependence_matrices(values, chosen.columns), dependence_matrices(values)
    some = np.ix_(chosen.columns, chosen.columns)
    # The same numbers, but for what summing in other lengths rounds differently.
    for kind in ("dtw", "covariance", "pearson"):
        whole = getattr(all_of_them, f"feature_{kind}")[some]
        np.testing.assert_allclose(getattr(matrices, f"feature_{kind}"), whole, rtol=1e-12)
        one, other = (getattr(each, f"time_{kind}") for each in (matrices, all_of_them))
        np.testing.assert_array_equal(one, other)
    expected = draw_matrices(matrices, names(9), SMALL, shown=chosen)
    np.testing.assert_array_equal(draw_figure(values, names(9), SMALL, shown=chosen), expected)


def test_a_label_keeps_what_it_says_of_other_columns_when_its_name_is_cut() -> None:
    long = tuple(f"a rather, rather long name of feature number {i}" for i in range(3))
    labels = template(long, 24, SMALL, (" +861", "", " +1")).layout.feature_labels
    assert labels[0].endswith("number 0 +861")
    assert labels[1].endswith("number 1")
    assert labels[2].endswith("number 2 +1")
    width = text_stamps(10.0, SMALL.dpi).width
    assert max(map(width, labels)) <= SMALL.width / 6
    assert all("…" in label for label in labels)


def test_a_selection_of_another_table_is_refused() -> None:
    with pytest.raises(CorpusError, match="column 300 is to be shown, but there are 9 columns"):
        draw_figure(walk(24, 9), names(9), SMALL, shown=SOME)


def test_constant_columns_are_blank_in_the_pearson_panel_only() -> None:
    values = walk(24, 4)
    values[:, 1] = 0.1
    frame = draw_figure(values, names(4), Canvas())
    panels = template(names(4), 24, Canvas()).layout.panels
    for panel, blank in ((panels[1], False), (panels[2], True)):
        middle = panel.left + 3 * panel.width // 8  # of the second column
        column = frame[panel.top : panel.top + panel.height, middle - 20 : middle + 20]
        assert bool((column == 255).all()) is blank


def legends(frame: NDArray[np.uint8], features: int) -> list[int]:
    """The panels with something written below their colour bars."""
    layout = template(names(features), 24, Canvas()).layout
    found = []
    for i, bar in enumerate(layout.bars):
        below = slice(bar.top + bar.height + 10, bar.top + bar.height + 26)
        if (frame[below, bar.left : bar.left + 84] < 255).any():
            found.append(i)
    return found


def test_white_cells_are_explained_where_they_occur_and_nowhere_else() -> None:
    values = walk(24, 4)
    assert legends(draw_figure(values, names(4)), 4) == []
    values[:, 1] = 0.1
    assert legends(draw_figure(values, names(4)), 4) == [2]
    values[:] = 0.1
    assert legends(draw_figure(values, names(4)), 4) == [2, 5]


@pytest.mark.parametrize(
    "features",
    [
        LONG[:7],
        LONG[:30],
        ("p (mbar)", "VPmax (mbar)", "H2OC (mmol/mol)", "max. PAR (µmol/m²/s)", "OT") * 4,
        LONG,
        ("n" * 500,) * 12,
    ],
)
def test_no_quarter_of_the_canvas_is_blank(features: tuple[str, ...]) -> None:
    """In squares of 32 pixels; with such names it was up to 27 %."""
    frame = draw_figure(walk(96, len(features)), features)
    squares = (frame == 255).all(axis=2).reshape(31, 32, 56, 32).all(axis=(1, 3))
    assert squares.mean() < 0.25


def test_no_zero_has_a_sign() -> None:
    """Numbers from -0.0049 to 0.0049 are printed alike."""
    frames = []
    for value in (-0.0049, -1e-300, -0.0, 0.0, 0.0049):
        covariance = np.full((2, 2), value)
        matrices = DependenceMatrices(np.zeros((2, 2)), covariance, np.eye(2), *[np.eye(24)] * 3)
        ranges = PanelRanges((0, 1), (-100, 100), (0, 1), (-1, 1))
        frames.append(draw_matrices(matrices, names(2), ranges=ranges))
    panel = template(names(2), 24, Canvas()).layout.panels[1]
    cells = [
        frame[panel.top : panel.top + panel.height, panel.left : panel.left + panel.width, 0]
        for frame in frames
    ]
    printed = [cell != np.median(cell) for cell in cells]
    assert printed[0].any()
    assert all((each == printed[0]).all() for each in printed)


def test_the_clear_look_changes_the_colours_of_one_panel_and_names_the_steps_of_two() -> None:
    values, layout = walk(24, 3), template(names(3), 24, Canvas()).layout
    one, other = (draw_figure(values, names(3), look=look) for look in ("original", "clear"))
    changed = (one != other).any(axis=2)
    panel, bar = layout.panels[3], layout.bars[3]
    time_dtw = np.zeros_like(changed)
    for box in (panel, bar):
        time_dtw[box.top : box.top + box.height, box.left : box.left + box.width] = True
    rows, columns = np.nonzero(changed & ~time_dtw)
    assert rows.min() > panel.top + panel.height + 20  # under the labels of the steps
    assert columns.min() > layout.bars[3].left
    for box in layout.panels[4:]:
        assert ((columns > box.left) & (columns < box.left + box.width)).any()
    # Near, the diagonal, is as dark as in the feature panel.
    corner = other[panel.top + 2, panel.left + 2]
    np.testing.assert_array_equal(
        corner, other[layout.panels[0].top + 5, layout.panels[0].left + 5]
    )


@pytest.mark.parametrize("seed", range(60))
def test_columns_that_are_affine_copies_of_each_other_are_drawn(seed: int) -> None:
    walk = np.random.default_rng(seed).normal(size=96).cumsum()
    celsius = np.round(20 + 5 * walk, 2)
    values = np.stack([celsius, celsius + 273.15, celsius * 1.01][: 2 + seed % 2], axis=1)
    draw_figure(values, names(2 + seed % 2))


def test_what_only_rounding_parts_has_one_colour() -> None:
    one = 81.30905501257259  # and the next numbers that there are
    covariance = np.array([[one, one], [one, one + 8e-14]])
    equal, parted = (
        draw_matrices(
            DependenceMatrices(*[np.zeros((2, 2)), matrix, np.ones((2, 2))], *[np.eye(24)] * 3),
            names(2),
        )
        for matrix in (np.full((2, 2), one), covariance)
    )
    assert (equal == parted).all()


def test_numbers_shrink_with_their_cells_and_vanish_before_they_overlap() -> None:
    assert number_points(["1.0"], 62, 60, 100) == 10.0
    assert number_points(["1234567.8"], 62, 60, 100) == 7.0
    assert number_points(["1.0"] * 400, 22, 21, 100) == 5.0
    assert number_points(["1.0"], 14, 14, 100) == 0.0
    assert number_points(["1.0"], 62, 8, 100) == 5.0
    assert number_points(["1.0"], 62, 60, 30) == 0.0  # less than 5 pixels high


def test_titles_shrink_to_the_width_of_their_column() -> None:
    assert title_points(["Time DTW (96x96)"], 592, 100) == 12.0
    assert 6.0 < title_points(["Time DTW (96x96) " * 5], 592, 100) < 12.0


def test_a_prefix_changes_the_titles_and_nothing_else() -> None:
    values = walk(24, 3)
    plain = draw_figure(values, names(3), SMALL)
    before = template.cache_info().misses
    titled = draw_figure(values, names(3), SMALL, title_prefix="Batch 5 ")
    assert template.cache_info().misses == before  # the static part was not drawn again
    changed = np.flatnonzero((plain != titled).any(axis=(1, 2)))
    layout = template(names(3), 24, SMALL).layout
    for row in changed:
        assert row < layout.panels[0].top or (
            layout.panels[0].top + layout.panels[0].height < row < layout.panels[3].top
        )


def test_characters_that_cannot_be_drawn_are_replaced_with_one_warning() -> None:
    features = ("温度", "tab\there", "line\nbreak", "ok")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(2):
            draw_figure(walk(24, 4), features, SMALL, title_prefix="Nr.\t1 ")
    (warning,) = caught
    assert "(3: '温度', 'tab\\there', 'line\\nbreak')" in str(warning.message)


@pytest.mark.parametrize(
    ("features", "rows", "canvas"),
    [
        (1, 2, Canvas(448, 224)),
        (100, 24, Canvas()),
        (100, 3, Canvas(448, 224)),
        (2, 300, Canvas(448, 2048)),
        (7, 24, Canvas(2048, 224)),
    ],
)
def test_crowded_figures_are_drawn_without_complaint(
    features: int, rows: int, canvas: Canvas
) -> None:
    long_names = tuple(f"a rather long name of feature number {i}" for i in range(features))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        frame = draw_figure(walk(rows, features), long_names, canvas)
    assert frame.shape == (canvas.height, canvas.width, 3)
    assert frame.dtype == np.uint8


# Same input, same bytes.


def test_the_style_of_a_notebook_changes_nothing() -> None:
    values = walk(24, 3)
    expected = draw_figure(values, names(3), SMALL)
    template.cache_clear()
    with matplotlib.rc_context(
        {
            "font.size": 20,
            "font.family": "serif",
            "text.hinting": "no_hinting",
            "axes.unicode_minus": False,
            "axes.formatter.useoffset": False,
            "axes.facecolor": "black",
            "image.cmap": "gray",
            "xtick.direction": "in",
        }
    ):
        np.testing.assert_array_equal(draw_figure(values, names(3), SMALL), expected)


def test_another_process_draws_the_same_bytes() -> None:
    program = (
        "import hashlib, numpy as np\n"
        "from zwu_ts_assets.figures.figure import draw_figure\n"
        "values = np.arange(48.0).reshape(24, 2) ** 1.5 % 17\n"
        "draw_figure(values[::-1], ('a', 'b'), title_prefix='Another ')\n"
        "print(hashlib.sha256(draw_figure(values, ('a', 'b'))).hexdigest())\n"
    )
    other = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONHASHSEED": "7", "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    values = np.arange(48.0).reshape(24, 2) ** 1.5 % 17
    here = hashlib.sha256(draw_figure(values, ("a", "b")).tobytes()).hexdigest()
    assert other.stdout.strip() == here


# Bad input.


def test_names_must_match_the_columns() -> None:
    with pytest.raises(CorpusError, match="2 feature names for 3 columns of values"):
        draw_figure(walk(24, 3), ("a", "b"))


@pytest.mark.parametrize("size", [(416, 224), (448, 192), (4128, 992), (1792, 4128)])
def test_a_canvas_has_bounds(size: tuple[int, int]) -> None:
    with pytest.raises(CorpusError, match=r"expected 448x224 to 4096x4096"):
        Canvas(*size)


def test_a_canvas_consists_of_multiples_of_32() -> None:
    with pytest.raises(CorpusError, match=r"1800x1000 pixels, expected multiples of 32"):
        Canvas(1800, 1000)
