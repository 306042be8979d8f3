"""Axes whose range changes from window to window: their ticks, and the colour bars.

What belongs here: the round numbers at which matplotlib labels an axis, and what its colour bar
does with a range. What does not: the bars' colours, which are static (`figure_template.py`).
"""

import copy
import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.ticker import MaxNLocator, ScalarFormatter
from matplotlib.transforms import Bbox, BboxTransformFrom, BboxTransformTo, Transform
from numpy.typing import NDArray

from zwu_ts_assets.figures.agg import (
    add_axes,
    default_settings,
    exact_figure,
    recorded_texts,
    rendered,
)
from zwu_ts_assets.figures.figure_layout import LABEL_POINTS, Canvas, Rectangle
from zwu_ts_assets.figures.text_stamps import BLACK, Placed, text_stamps

# Sums of a thousand products, each rounded, may be apart by so much relatively.
_ROUNDING: Final = 1e-12


@lru_cache(maxsize=1)
def _formatter() -> ScalarFormatter:
    with default_settings():  # it takes its limits from them when it is made
        return ScalarFormatter(useOffset=True, useMathText=False, useLocale=False)


def value_range(values: NDArray[np.float64]) -> tuple[float, float]:
    """The range of an axis: smallest to largest value, widened where they are equal.

    Widened as matplotlib's colour bar does: by a tenth of the value to both sides, or to -0.1..0.1
    where all values are zero or smaller than 2e-287. NaN is passed over.
    """
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    magnitude = max(abs(low), abs(high))
    if magnitude < 1e6 / 1e-15 * np.finfo(float).tiny:
        return -0.1, 0.1
    if high - low <= magnitude * 1e-15:
        return low - 0.1 * abs(low), high + 0.1 * abs(high)
    return low, high


def levelled(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The values, or the smallest one in place of all where nothing but rounding parts them.

    The panels of columns that are affine copies of each other, such as Celsius and Kelvin, have one
    value everywhere, computed in several orders. Colours from end to end would show its last bits.
    NaN stays.
    """
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    if 0 < high - low <= max(abs(low), abs(high)) * _ROUNDING:
        return np.where(np.isnan(values), np.nan, low)
    return values


def value_locator(most_ticks: int) -> MaxNLocator:
    """Finds round numbers as an axis of matplotlib does, at most `most_ticks` steps of them."""
    return MaxNLocator(nbins=most_ticks, steps=[1, 2, 2.5, 5, 10])


def value_ticks(
    locator: MaxNLocator, low: float, high: float
) -> tuple[list[float], list[str], str]:
    """Positions and labels of the ticks of a range, and the common factor or offset of the labels.

    Args:
        locator: From `value_locator`.
        low: The lower end, finite.
        high: The upper end, above `low`.
    """
    margin = 1e-10 * (high - low)  # as matplotlib's axes decide whether a tick is inside
    positions = [
        float(position)
        for position in locator.tick_values(low, high)
        if low - margin <= position <= high + margin
    ]
    formatter = copy.copy(_formatter())  # it keeps state
    formatter.create_dummy_axis()
    assert formatter.axis is not None
    formatter.axis.set_view_interval(low, high)
    formatter.axis.set_data_interval(low, high)
    # A notebook may have switched the typographic minus off.
    labels = [label.replace("-", "−") for label in formatter.format_ticks(positions)]
    return positions, labels, formatter.get_offset().replace("-", "−")


@dataclass(frozen=True, eq=False)
class BarTemplate:
    """How matplotlib draws ticks and labels of the bars of a layout.

    Attributes:
        canvas: The canvas.
        boxes: The six bars in matplotlib's coordinates, pixels from the bottom left.
        label: Where labels start: (right of a bar's left edge, above the tick's position).
        factor: Where the common factor of the labels ends: (right of a bar's left edge, above its
            upper edge).
        tick_mark: (rows, columns, 3) pixels of a tick mark, right of a bar.
        tick_mark_row: The mark's first row, relative to the row of the tick's position.
        locator: Gives the tick positions of a range.
    """

    canvas: Canvas
    boxes: tuple[Bbox, ...]
    label: tuple[float, float]
    factor: tuple[float, float]
    tick_mark: NDArray[np.uint8]
    tick_mark_row: int
    locator: MaxNLocator


@lru_cache(maxsize=8)  # figures of windows and of patches differ in less than that
def measure_bars(canvas: Canvas, bars: tuple[Rectangle, ...]) -> BarTemplate:
    """Measure ticks and labels on a bar of range 0 to 1e-9 with one tick in its middle."""
    figure = exact_figure(canvas)
    axes = [add_axes(figure, canvas, bar) for bar in bars]
    boxes = tuple(ax.bbox.frozen() for ax in axes)
    for ax in axes[1:]:
        ax.remove()
    tick = 0.5e-9
    colour_bar = figure.colorbar(ScalarMappable(Normalize(0, 2 * tick)), cax=axes[0])
    colour_bar.outline.set_linewidth(0)
    # As AutoLocator chooses for an axis of this height.
    most_ticks = int(np.clip(axes[0].yaxis.get_tick_space(), 1, 9))
    colour_bar.set_ticks([tick])
    label, factor = recorded_texts(figure)
    assert (label.text, factor.text) == ("5", "1e−10"), (label, factor)
    bar, stamps = bars[0], text_stamps(LABEL_POINTS, canvas.dpi)
    # The mark is what is not white right of the bar, before the label.
    beside = rendered(figure)[bar.top : bar.top + bar.height, bar.left + bar.width : int(label.x)]
    rows, columns = np.nonzero((beside < 255).any(axis=2))
    tick_row = _tick_rows(canvas, axes[0].transData, [tick])[0]
    return BarTemplate(
        canvas=canvas,
        boxes=boxes,
        label=(label.x - bar.left, label.y - boxes[0].y0 - bar.height / 2),
        factor=(factor.x + stamps.number_width(factor.text) - bar.left, factor.y - boxes[0].y1),
        tick_mark=beside[rows.min() : rows.max() + 1, : columns.max() + 1].copy(),
        tick_mark_row=int(rows.min()) + bar.top - tick_row,
        locator=value_locator(most_ticks),
    )


def bar_ticks(bars: BarTemplate, low: float, high: float) -> tuple[list[float], list[str], str]:
    """Positions and labels of the ticks of a range, and the common factor printed above them."""
    return value_ticks(bars.locator, low, high)


def draw_bar_ticks(
    frame: NDArray[np.uint8], bars: BarTemplate, i: int, low: float, high: float
) -> list[Placed]:
    """Copy the tick marks of bar `i` onto the frame, and return its labels to be stamped."""
    positions, labels, factor = bar_ticks(bars, low, high)
    box, height = bars.boxes[i], bars.canvas.height
    to_pixels = BboxTransformFrom(Bbox.from_extents(0, low, 1, high)) + BboxTransformTo(box)
    rows, columns, _ = bars.tick_mark.shape
    right = round(box.x1)
    for row in _tick_rows(bars.canvas, to_pixels, positions):
        top = row + bars.tick_mark_row
        frame[top : top + rows, right : right + columns] = bars.tick_mark
    stamps = text_stamps(LABEL_POINTS, bars.canvas.dpi)
    x = box.x0 + bars.factor[0] - stamps.number_width(factor)
    placed = stamps.number(factor, x, box.y1 + bars.factor[1], height, BLACK)
    # A range of a few roundings may hold no round number; matplotlib labels no tick then either.
    points = np.array([(1.0, position) for position in positions]).reshape(-1, 2)
    heights = to_pixels.transform(points)[:, 1]
    for y, label in zip(heights.tolist(), labels, strict=True):
        placed += stamps.number(label, box.x0 + bars.label[0], y + bars.label[1], height, BLACK)
    return placed


def _tick_rows(canvas: Canvas, to_pixels: Transform, positions: list[float]) -> list[int]:
    """The rows of pixels to which Agg snaps the tick marks at `positions`.

    In Agg's order of operations: where a mark falls between two rows, as is usual for the round
    numbers of a degenerate range, the last bit of its position decides.
    """
    matrix = to_pixels.get_matrix()
    scale, shift = -matrix[1, 1], canvas.height + 0.5 - matrix[1, 2]
    return [math.floor(position * scale + shift) for position in positions]
