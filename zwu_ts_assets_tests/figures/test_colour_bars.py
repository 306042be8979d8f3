"""Ranges, ticks and labels of colour bars are matplotlib's."""

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from zwu_ts_assets.figures.colours import bar_ticks, draw_bar_ticks, value_range
from zwu_ts_assets.figures.figure import template
from zwu_ts_assets.figures.figure_layout import Canvas

NUMBERS = st.one_of(
    st.floats(-1e7, 1e7),
    st.floats(-100, 100).map(lambda x: round(x, 2)),
    st.floats(-1, 1).map(lambda x: x * 1e-9),
)


@settings(max_examples=40, deadline=None)
@given(NUMBERS, NUMBERS)
@example(0.0, 0.0)
@example(3.0, 3.0)
@example(-1e-20, -1e-20)
@example(12345.0, 12345.5)
@example(0.0, 1e-300)
def test_range_ticks_and_labels_are_those_of_matplotlib(a: float, b: float) -> None:
    low, high = min(a, b), max(a, b)
    kept = template(("a", "b"), 24, Canvas())
    bar = kept.layout.bars[0]
    figure = Figure(figsize=(17.92, 9.92), dpi=100)
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_axes((0.5, 0.1, bar.width / 1792, bar.height / 992))
    mappable = ScalarMappable(Normalize(low, high))
    figure.colorbar(mappable, cax=axes)
    canvas.draw()  # type: ignore[no-untyped-call]
    found = value_range(np.array([[low, high], [np.nan, high]]))
    assert found == (mappable.norm.vmin, mappable.norm.vmax)
    positions, labels, factor = bar_ticks(kept.bars, *found)
    bottom, top = axes.get_ylim()
    inside = [
        (tick.get_loc(), tick.label2.get_text())
        for tick in axes.yaxis.get_major_ticks()
        if bottom - 1e-10 * (top - bottom) <= tick.get_loc() <= top + 1e-10 * (top - bottom)
    ]
    assert list(zip(positions, labels, strict=True)) == inside
    assert factor == axes.yaxis.get_offset_text().get_text()


def test_a_range_without_a_round_number_has_no_tick_as_in_matplotlib() -> None:
    kept = template(("a", "b"), 24, Canvas())
    low, high = 81.30905501257259, 81.30905501257267
    assert bar_ticks(kept.bars, low, high)[:2] == ([], [])
    frame = kept.pixels.copy()
    draw_bar_ticks(frame, kept.bars, 0, low, high)
    assert (frame == kept.pixels).all()
