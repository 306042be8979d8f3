"""The layout of line plots: nothing overlaps, nothing leaves the canvas, text stays readable."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zwu_ts_assets.figures.figure_layout import Canvas
from zwu_ts_assets.figures.line_plot import (
    LineLayout,
    cut_in_the_middle,
    make_line_layout,
    text_points,
)

CANVASES = st.builds(
    Canvas,
    st.integers(14, 128).map(lambda n: 32 * n),
    st.integers(7, 128).map(lambda n: 32 * n),
)


def layout_of(features: int, length: int, canvas: Canvas) -> LineLayout:
    em = text_points(10.0, canvas) * canvas.dpi / 72
    return make_line_layout(features, length, canvas, lambda text: 0.6 * em * len(text))


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 100), st.integers(2, 1000), CANVASES)
def test_panels_and_their_labels_lie_apart_and_on_the_canvas(
    features: int, length: int, canvas: Canvas
) -> None:
    layout = layout_of(features, length, canvas)
    assert len(layout.panels) == features
    for panel in layout.panels:
        assert panel.width > 0
        assert panel.height > 0
        assert panel.left - layout.gutter >= 0
        assert panel.top >= 0
        assert panel.left + panel.width <= canvas.width
        assert panel.top + panel.height <= canvas.height
    for a, b in itertools.combinations(layout.panels, 2):
        beside = min(abs(a.left - b.left), abs(b.left - a.left)) >= a.width + layout.gutter
        assert beside or abs(a.top - b.top) >= a.height


@settings(max_examples=100, deadline=None)
@given(CANVASES)
def test_text_is_never_less_than_nine_pixels_high(canvas: Canvas) -> None:
    layout = layout_of(7, 96, canvas)
    for points in (layout.label_points, layout.title_points):
        assert points * canvas.dpi / 72 >= 9 - 1e-9


def test_seven_features_have_large_panels_with_all_their_labels() -> None:
    layout = layout_of(7, 96, Canvas())
    assert layout.columns == 2
    assert layout.steps_everywhere
    assert layout.gutter
    assert layout.value_steps >= 4
    assert layout.time_step == 10
    assert layout.panels[0].width > 750
    assert layout.panels[0].height > 150
    assert [layout.is_lowest(i) for i in range(7)] == [False] * 5 + [True] * 2


@pytest.mark.parametrize("features", [20, 50, 100])
def test_many_features_keep_labels_of_values_on_the_default_canvas(features: int) -> None:
    assert layout_of(features, 96, Canvas()).gutter


def test_a_text_is_cut_in_its_middle() -> None:
    assert cut_in_the_middle("temperature 17", 14, len) == "temperature 17"
    assert cut_in_the_middle("temperature 17", 9, len) == "temp…e 17"
    assert cut_in_the_middle("temperature 17", 0, len) == "…"


@given(st.text(max_size=60), st.integers(1, 40))
def test_a_cut_text_is_as_long_as_there_is_room(text: str, room: int) -> None:
    cut = cut_in_the_middle(text, room, len)
    assert len(cut) == min(len(text), room)
