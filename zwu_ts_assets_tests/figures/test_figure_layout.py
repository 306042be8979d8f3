"""The layout: nothing overlaps, nothing leaves the canvas, labels stay readable."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zwu_ts_assets.figures.figure_layout import Canvas, Layout, make_layout, time_label_step

NAMES = st.lists(st.text("abcdefgh_ ", max_size=60), min_size=1, max_size=100).map(tuple)
CANVASES = st.builds(
    Canvas,
    st.integers(14, 128).map(lambda n: 32 * n),
    st.integers(7, 128).map(lambda n: 32 * n),
)


def layout_of(features: tuple[str, ...], length: int, canvas: Canvas) -> Layout:
    return make_layout(features, length, canvas, lambda text: 8 * canvas.scale * len(text))


@settings(max_examples=200, deadline=None)
@given(NAMES, st.integers(2, 1000), CANVASES)
def test_panels_and_bars_lie_apart_and_on_the_canvas(
    features: tuple[str, ...], length: int, canvas: Canvas
) -> None:
    layout = layout_of(features, length, canvas)
    boxes = (*layout.panels, *layout.bars)
    for box in boxes:
        assert box.width > 0
        assert box.height > 0
        assert box.left >= 0
        assert box.top >= 0
        assert box.left + box.width <= canvas.width
        assert box.top + box.height <= canvas.height
    for a, b in itertools.combinations(boxes, 2):
        beside = a.left + a.width <= b.left or b.left + b.width <= a.left
        above = a.top + a.height <= b.top or b.top + b.height <= a.top
        assert beside or above
    # Whatever the names are, panels keep two fifths of the canvas' width and height.
    assert 3 * layout.panels[0].width > 0.4 * canvas.width
    assert 2 * layout.panels[0].height > 0.4 * canvas.height
    assert len({(panel.width, panel.height) for panel in layout.panels}) == 1


def test_the_default_figure_has_feature_cells_that_are_equal_to_the_pixel() -> None:
    layout = layout_of(("HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT"), 96, Canvas())
    panel = layout.panels[0]
    assert panel.width % 7 == panel.height % 7 == 0
    assert panel.width > 420
    assert panel.height > 410
    assert not layout.names_below_vertical
    assert not layout.names_left_horizontal


def test_names_turn_where_they_would_overlap() -> None:
    layout = layout_of(("rather a name",) * 7, 96, Canvas())
    assert not layout.numbered
    assert layout.names_below_vertical
    assert layout.names_left_horizontal


def test_crowded_names_are_shown_every_few_features() -> None:
    assert layout_of(("a",) * 30, 96, Canvas()).feature_step == 1
    layout = layout_of(("a",) * 100, 96, Canvas())
    assert layout.feature_step == 4
    assert not layout.numbered


def test_a_name_that_is_too_long_ends_in_an_ellipsis() -> None:
    (label,) = layout_of(("n" * 60,), 96, Canvas()).feature_labels
    assert label == 17 * "n" + "…" + 16 * "n"


def test_what_tells_long_names_apart_is_shown() -> None:
    """Thirty of them, with the same beginning; each once, whole or without its middle."""
    short = tuple(f"temperature_sensor_hall_{i}" for i in range(30))
    long = tuple(f"temperature_sensor_in_the_eastern_hall_on_floor_{i}" for i in range(30))
    for names in (short, long):
        layout = layout_of(names, 96, Canvas())
        assert layout.numbered
        assert layout.feature_step == 1
        assert len(set(layout.feature_labels)) == 30
        for number, (name, text) in enumerate(zip(names, layout.left_labels(0), strict=True), 1):
            begins, _, ends = text.removeprefix(f"{number}  ").partition("…")
            assert name.startswith(begins)
            assert name.endswith(ends)
        assert layout.left_labels(1) == layout.left_labels(2) == layout.numbers
    assert layout_of(short, 96, Canvas()).feature_labels == short


def test_names_that_are_many_get_smaller_before_any_is_left_out() -> None:
    found = {count: layout_of(("a rather long name",) * count, 96, Canvas()) for count in (7, 35)}
    assert [found[7].name_points, found[7].feature_step] == [10.0, 1]
    assert [found[35].name_points, found[35].feature_step] == [8.0, 1]
    assert layout_of(("a rather long name",) * 100, 96, Canvas()).feature_step == 3


@pytest.mark.parametrize(
    ("length", "step"),
    [
        (2, 1),
        (10, 1),
        (11, 2),
        (20, 2),
        (24, 5),
        (48, 5),
        (96, 10),
        (100, 10),
        (101, 20),
        (1000, 100),
    ],
)
def test_time_is_labelled_at_round_steps_and_at_most_ten_times(length: int, step: int) -> None:
    assert time_label_step(length) == step
