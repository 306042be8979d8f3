"""The rule, and what figures are drawn with."""

import numpy as np
import pytest
from matplotlib.font_manager import FontProperties, findfont, get_font
from PIL import Image

from zwu_ts_assets.figures.dependence import feature_matrices
from zwu_ts_assets.figures.figure import Canvas, draw_figure
from zwu_ts_assets.figures.rendering import text_stamps
from zwu_ts_assets.training.legibility import DIGIT_HEIGHT, Verdict, drawn_figure, legibility
from zwu_ts_assets.training.processor import Size

FEATURES = ("HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT")


def test_the_height_of_a_digit_is_that_of_the_font() -> None:
    font = get_font(findfont(FontProperties(family="DejaVu Sans")))
    font.set_size(1000, 72)
    font.set_text("1", 0.0)
    height = font.get_width_height()[1] / 64
    assert height / 1000 == pytest.approx(DIGIT_HEIGHT, abs=0.002)


def test_the_default_figure_has_numbers_of_ten_points_and_the_cells_of_its_time_panels() -> None:
    drawn = drawn_figure(FEATURES, 96, Canvas())
    assert drawn.number_points == 10
    assert drawn.digit_pixels == pytest.approx(10 * 100 / 72 * DIGIT_HEIGHT)
    assert drawn.cell == pytest.approx(420 / 96)


def test_digits_are_as_high_on_the_picture_as_is_said() -> None:
    # The cells of a constant window are of one colour, so that only digits differ from it.
    frame = draw_figure(np.ones((96, 2)), ("a", "b"))
    drawn = drawn_figure(("a", "b"), 96, Canvas())
    cell = frame[60:200, 80:240].astype(int)
    ink = np.abs(cell - cell[0, 0]).sum(axis=2).max(axis=1)
    rows = np.flatnonzero(ink > 0.3 * ink.max())
    assert rows[-1] - rows[0] + 1 == pytest.approx(drawn.digit_pixels, abs=1.0)


def test_long_numbers_are_drawn_smaller_and_count() -> None:
    names = tuple(f"c{i}" for i in range(12))
    rng = np.random.default_rng(0)
    matrices = [feature_matrices(1e4 * rng.normal(size=(96, 12)))]
    short = drawn_figure(names, 96, Canvas())
    long = drawn_figure(names, 96, Canvas(), matrices)
    assert 0 < long.number_points <= short.number_points
    assert long.digit_pixels <= short.digit_pixels


def test_where_no_number_fits_no_matrix_is_asked_for() -> None:
    names = tuple(f"c{i}" for i in range(100))
    unasked = (pytest.fail("was computed") for _ in range(1))
    assert drawn_figure(names, 96, Canvas(), unasked).number_points == 0


def test_all_digits_of_the_font_are_equally_wide() -> None:
    for points in (5.0, 7.0, 10.0):
        stamps = text_stamps(points, 100.0)
        assert len({stamps.number_width(digit) for digit in "0123456789"}) == 1


def test_a_figure_without_numbers_is_judged_by_its_labels() -> None:
    drawn = drawn_figure(tuple(f"c{i}" for i in range(100)), 96, Canvas())
    assert drawn.number_points == 0
    assert drawn.digit_pixels == pytest.approx(10 * 100 / 72 * DIGIT_HEIGHT)


@pytest.mark.parametrize(
    ("seen", "digits", "cells"),
    [
        ((1792, 992), Verdict.LEGIBLE, Verdict.LEGIBLE),
        ((1184, 640), Verdict.LEGIBLE, Verdict.LEGIBLE),
        ((896, 480), Verdict.DOUBTFUL, Verdict.LEGIBLE),  # digits of 4.9 pixels
        ((704, 384), Verdict.DOUBTFUL, Verdict.DOUBTFUL),  # 3.9, the smallest all read right
        ((544, 288), Verdict.NOT_LEGIBLE, Verdict.NOT_LEGIBLE),  # 2.9, a sixth read wrong
        ((1792, 480), Verdict.DOUBTFUL, Verdict.LEGIBLE),  # the smaller scale counts
    ],
)
def test_the_rule_on_the_default_figure(
    seen: tuple[int, int], digits: Verdict, cells: Verdict
) -> None:
    judged = legibility(drawn_figure(FEATURES, 96, Canvas()), Size(*seen))
    assert (judged.digits, judged.cells) == (digits, cells)
    assert judged.verdict == Verdict.worst([digits, cells])


def test_the_small_canvas_drawn_as_such_is_legible_and_enlarging_adds_nothing() -> None:
    small = drawn_figure(FEATURES, 96, Canvas(896, 512))
    assert legibility(small, small.size).verdict == Verdict.LEGIBLE
    tiny = drawn_figure(FEATURES, 96, Canvas(448, 224))
    assert legibility(tiny, Size(1792, 992)) == legibility(tiny, tiny.size)


def test_cells_survive_resampling_down_to_the_rule_and_not_much_below() -> None:
    # The measurement behind the rule, once more and with PIL alone.
    levels = np.random.default_rng(1).integers(0, 256, (96, 96)).astype(np.uint8)
    panel = Image.fromarray(np.kron(levels, np.ones((5, 5), dtype=np.uint8)))

    def explained(cell: float) -> float:
        side = round(96 * cell)
        seen = np.asarray(panel.resize((side, side), Image.Resampling.BICUBIC), dtype=float)
        middles = ((np.arange(96) + 0.5) * side / 96).astype(int)
        found = seen[np.ix_(middles, middles)]
        return float(np.corrcoef(found.ravel(), levels.ravel())[0, 1] ** 2)

    assert explained(2.1) > 0.98
    assert explained(1.6) > 0.93
    assert explained(1.3) < 0.93
    assert explained(0.85) < 0.7
