"""The line plot of a window: its layout, and drawing it.

Its rules:

* One panel per feature, row by row in the order of the columns, all of one size, about three times
  as wide as high where the canvas allows it.
* Text has 10 points and titles 12 at 1792x992, in proportion on another canvas, but never less than
  9 pixels: what is smaller, a vision model cannot read.
* Each panel has its own labels of time steps if 90 pixels (of the design canvas) of height remain
  for its line; else only the lowest panel of each column has them. Steps are labelled at round
  numbers, at most ten.
* Each panel has labels of values where it is wide enough; with a hundred features on a small
  canvas it is not, and names and lines remain.
* Titles get smaller until the longest one fits, as far as 9 pixels; then what does not fit is cut
  in the middle, as names of sensors differ at their end.

One panel per feature and not one for all: seven lines in one panel cross each other, have to be
told apart by colours in a legend, and share an axis that fits none of them unless they are
standardised, so that no value can be read. Each panel has its own range, from the feature's
smallest to its largest value and a twentieth more on both sides. There are no dates: they would
tell a model where in time the window is.

As in `figure`, what all windows share is drawn once by matplotlib; lines are then drawn by the same
Agg renderer onto a copy, and labels are stamped. The result equals matplotlib's drawing.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.figure import Figure
from matplotlib.path import Path
from matplotlib.transforms import Bbox, IdentityTransform
from numpy.typing import NDArray
from PIL import Image

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.figures.colours import value_locator, value_range, value_ticks
from zwu_ts_assets.figures.figure import drawable_names
from zwu_ts_assets.figures.figure_layout import (
    LABEL_POINTS,
    TITLE_POINTS,
    Canvas,
    Rectangle,
    time_label_step,
)
from zwu_ts_assets.figures.rendering import (
    BLACK,
    Placed,
    TextStamps,
    add_axes,
    default_settings,
    drawable,
    exact_figure,
    recorded_texts,
    rendered,
    stamp_text,
    text_stamps,
)
from zwu_ts_assets.timeseries.csv_rules import LINE_PLOT_LIMIT

_LEAST_TEXT_PIXELS = 9.0

# Distances in pixels of the design canvas, stretched where text is larger than in proportion.
_OUTER = 8  # free margin around everything
_TITLE = 27  # title line and its distance to the panel
_STEPS = 20  # a line of time labels and its distance to the panel
_AXIS_LABEL = 20  # the words "Time Step"
_RIGHT = 16  # half of the last time label
_GAP = 6  # between a panel and what follows, or its labels
_SHAPE = 3.0  # width of a panel by its height
_ROOM_FOR_STEPS = 90
_LEAST_HEIGHT, _LEAST_WIDTH = 40, 60
_WIDEST_LABEL = "−0.00025"  # that the formatter gives; "−12347.5" is as wide
_AXIS_NAME = "Time Step"


@dataclass(frozen=True)
class LineLayout:
    """The layout of all line plots of one kind.

    Attributes:
        canvas: The canvas.
        panels: One rectangle per feature.
        label_points: The font size of labels in points, at the canvas' resolution.
        title_points: Of titles, at most.
        title_room: The width in pixels that a title may have.
        gutter: Pixels left of a panel for its labels of values; 0 if there are none.
        value_steps: Into how many steps labels divide the range of values, at most; more only
            where there would not be two labels.
        time_step: Every how many rows a time label is shown.
        steps_everywhere: Every panel has time labels, not only the lowest of each column.
        axis_name: What is written below the lowest panels; empty if there is no room.
        columns: How many panels share a row.
    """

    canvas: Canvas
    panels: tuple[Rectangle, ...]
    label_points: float
    title_points: float
    title_room: float
    gutter: int
    value_steps: int
    time_step: int
    steps_everywhere: bool
    axis_name: str
    columns: int

    def is_lowest(self, panel: int) -> bool:
        """Whether a panel has no other one below it."""
        return panel + self.columns >= len(self.panels)


def text_points(points: float, canvas: Canvas) -> float:
    """A font size, raised where it would be less than 9 pixels on this canvas."""
    return max(points, _LEAST_TEXT_PIXELS * 72 / canvas.dpi)


def cut_in_the_middle(text: str, room: float, text_width: Callable[[str], float]) -> str:
    """Leave out the middle of a text, with an ellipsis, until it is `room` pixels wide."""
    if len(text) <= room and text_width(text) <= room:  # no character is less than a pixel wide
        return text
    # By halves: measuring a text takes long, and a name may have thousands of characters.
    fits, too_long = 0, min(len(text), int(max(room, 0.0)) + 1)
    while too_long - fits > 1:
        kept = (fits + too_long) // 2
        if text_width(_ends(text, kept)) <= room:
            fits = kept
        else:
            too_long = kept
    return _ends(text, fits)


def _ends(text: str, kept: int) -> str:
    tail = kept // 2
    return text[: kept - tail] + "…" + text[len(text) - tail :]


def make_line_layout(
    features: int, length: int, canvas: Canvas, number_width: Callable[[str], float]
) -> LineLayout:
    """Lay out the line plots of windows of `length` rows.

    Args:
        features: How many there are; at least 1.
        length: Rows of a window.
        canvas: The canvas.
        number_width: The width in pixels of a label on this canvas, at `text_points(10)`.
    """
    grids = [_Grid(features, columns, canvas, number_width) for columns in range(1, features + 1)]
    best = min(grids, key=lambda grid: grid.cost)  # the first of equals
    most_steps = int(best.width / (1.6 * number_width(str(length - 1))))
    return LineLayout(
        canvas=canvas,
        panels=tuple(best.panel(i) for i in range(features)),
        label_points=text_points(LABEL_POINTS, canvas),
        title_points=text_points(TITLE_POINTS, canvas),
        title_room=best.title_room,
        gutter=best.gutter,
        value_steps=max(1, min(6, int(best.height / (36 * best.unit)))),
        time_step=time_label_step(length, min(10, most_steps)),
        steps_everywhere=best.steps_everywhere,
        axis_name=_AXIS_NAME if number_width(_AXIS_NAME) <= best.cell_width else "",
        columns=best.columns,
    )


class _Grid:
    """Panels in a number of columns, and how far that is from what is wanted."""

    def __init__(
        self, features: int, columns: int, canvas: Canvas, number_width: Callable[[str], float]
    ) -> None:
        self.columns = columns
        rows = math.ceil(features / columns)
        unit = text_points(LABEL_POINTS, canvas) * canvas.dpi / 72 / (LABEL_POINTS * 100 / 72)
        self.unit = unit
        self.cell_width = (canvas.width - 2 * _OUTER * unit) / columns
        wanted = math.ceil(number_width(_WIDEST_LABEL) + _GAP * unit)
        self.gutter = wanted if self.cell_width >= 2.2 * wanted else 0
        left = self.gutter or _GAP * unit
        self.width = max(1, int(self.cell_width - left - _RIGHT * unit))
        # Where there are labels of values, their common factor stands beside the title.
        self.title_room = self.width - 24 * unit if self.gutter else self.cell_width - 4 * unit
        self.left = _OUTER * unit + left
        self.top = (_OUTER + _TITLE) * unit
        free = canvas.height - (2 * _OUTER + _AXIS_LABEL) * unit
        cell_height = free / rows
        height = cell_height - (_TITLE + _STEPS + _GAP) * unit
        self.steps_everywhere = height >= _ROOM_FOR_STEPS * unit
        if not self.steps_everywhere:
            cell_height = (free - _STEPS * unit) / rows
            height = cell_height - (_TITLE + _GAP) * unit
        self.cell_height = cell_height
        self.height = max(1, int(height))
        empty = rows * columns / features - 1
        self.cost = (
            abs(math.log(self.width / self.height / _SHAPE))
            + 0.5 * empty
            + 4 * max(0.0, 1 - height / (_LEAST_HEIGHT * unit))
            + 4 * max(0.0, 1 - self.width / (_LEAST_WIDTH * unit))
        )

    def panel(self, i: int) -> Rectangle:
        """Where the panel of a feature is."""
        row, column = divmod(i, self.columns)
        return Rectangle(
            round(self.left + column * self.cell_width),
            round(self.top + row * self.cell_height),
            self.width,
            self.height,
        )


Frame = NDArray[np.uint8]

LINE_COLOUR, GRID_COLOUR, FRAME_COLOUR = "#1f4e9c", "#d9d9d9", "#7f7f7f"
LINE_POINTS, GRID_POINTS = 1.6, 0.8
VALUE_MARGIN, TIME_MARGIN = 0.05, 0.01
"""Free space beside a line, as a share of its range of values and of its steps."""

_LARGEST = 1e300  # beyond, the span of an axis and its ticks are no longer floats


def draw_line_plot(
    values: NDArray[np.float64],
    features: tuple[str, ...],
    canvas: Canvas = Canvas(),  # noqa: B008 - frozen
    *,
    units: tuple[str, ...] = (),
    title_prefix: str = "",
) -> Frame:
    """Draw the values of a window as lines, one panel per feature.

    Args:
        values: (rows, features) float64, finite, at least two rows, in the units of the CSV.
        features: The names of the columns.
        canvas: The size in pixels.
        units: The unit of each column, printed behind its name; empty where none is known.
        title_prefix: Printed before each name, e.g. "Batch 0 ". Empty by default: the batch's
            index would tell a model where in time it is.

    Returns:
        (height, width, 3) RGB.

    Raises:
        CorpusError: The values are not finite or beyond 1e300, the shapes do not fit together, or
            there are more than 100 columns.
    """
    _check(values, features, units)
    rows, count = values.shape
    kept = _template(count, rows, canvas)
    renderer = _renderer(canvas)
    surface = np.asarray(renderer.buffer_rgba())
    surface[:] = kept.pixels
    layout = kept.layout
    labels: list[Placed] = []
    with default_settings():
        for i, column in enumerate(values.T):
            low, high = value_range(column)
            margin = VALUE_MARGIN * (high - low)
            low, high = low - margin, high + margin
            if layout.gutter:
                labels += _draw_values_axis(renderer, kept, i, low, high)
            _draw_line(renderer, kept, i, column, low, high)
    # By Pillow: taking three of four channels in numpy is half of the time of a line plot.
    frame = np.array(Image.fromarray(surface).convert("RGB"))
    prefix = drawable(title_prefix)
    labels += _titles(kept, [prefix + name for name in _names(features, units)])
    stamp_text(frame, labels)
    return frame


def _check(values: NDArray[np.float64], features: tuple[str, ...], units: tuple[str, ...]) -> None:
    if values.ndim == 2 and values.shape[1] > LINE_PLOT_LIMIT:
        raise CorpusError(
            f"a line plot of {values.shape[1]} columns was asked for; expected at most "
            f"{LINE_PLOT_LIMIT}, since each has a panel of its own. Show fewer (setting "
            "figure_features or figure_columns), or set line_plots to false"
        )
    if values.ndim != 2 or len(values) < 2 or not values.shape[1]:
        raise CorpusError(
            f"values have shape {values.shape}; a line plot needs (rows, features), at least two "
            "rows and one feature"
        )
    for what, given in (("feature names", features), ("units", units)):
        if len(given) != values.shape[1] and (given or what == "feature names"):
            raise CorpusError(
                f"{len(given)} {what} for {values.shape[1]} columns of values: give one per column"
            )
    if not (np.abs(values) <= _LARGEST).all():  # false for NaN too
        row, column = np.argwhere(~(np.abs(values) <= _LARGEST))[0]
        raise CorpusError(
            f"column {features[column]!r} has {values[row, column]} at step {row} of the window; a "
            "line plot needs finite numbers up to 1e300: correct the value, or set line_plots to "
            "false"
        )


@lru_cache(maxsize=4)  # so that a name that cannot be drawn is warned of once
def _names(features: tuple[str, ...], units: tuple[str, ...]) -> tuple[str, ...]:
    names = drawable_names(features)
    units = units or ("",) * len(features)
    return tuple(
        f"{name} ({drawable(unit)})" if unit else name
        for name, unit in zip(names, units, strict=True)
    )


@dataclass(frozen=True, eq=False)
class _Template:
    """The static part of a line plot.

    Attributes:
        layout: Where everything is.
        pixels: (height, width, 4): frames, vertical grid lines and time labels.
        boxes: The panels in matplotlib's coordinates, pixels from the bottom left.
        label: Where labels of values end: (right of a panel's left edge, above the position).
        title: Where titles have the middle of their baseline: (right of a panel's left edge, above
            its upper edge).
    """

    layout: LineLayout
    pixels: NDArray[np.uint8]
    boxes: tuple[Bbox, ...]
    label: tuple[float, float]
    title: tuple[float, float]


@lru_cache(maxsize=4)
def _template(count: int, length: int, canvas: Canvas) -> _Template:
    with default_settings():
        stamps = text_stamps(text_points(LABEL_POINTS, canvas), canvas.dpi)
        layout = make_line_layout(count, length, canvas, stamps.number_width)
        figure = exact_figure(canvas)
        axes = [static_axes(figure, layout, i, length) for i in range(count)]
        pixels = np.full((canvas.height, canvas.width, 4), 255, dtype=np.uint8)
        pixels[..., :3] = rendered(figure)
        label, title = _measured(layout, stamps)
        boxes = tuple(ax.bbox.frozen() for ax in axes)
    return _Template(layout, pixels, boxes, label, title)


def static_axes(figure: Figure, layout: LineLayout, i: int, length: int) -> Axes:
    """Add panel `i` with everything that no value changes."""
    ax = add_axes(figure, layout.canvas, layout.panels[i])
    beside = TIME_MARGIN * (length - 1)
    ax.set(xlim=(-beside, length - 1 + beside), ylim=(0, 1), yticks=[])
    steps = np.arange(0, length, layout.time_step)
    labelled = layout.steps_everywhere or layout.is_lowest(i)
    ax.set_xticks(steps, [str(step) if labelled else "" for step in steps])
    ax.tick_params(length=0, pad=4, labelsize=layout.label_points)
    ax.grid(color=GRID_COLOUR, linewidth=GRID_POINTS)
    ax.spines[:].set(color=FRAME_COLOUR, linewidth=GRID_POINTS)
    if layout.is_lowest(i):
        ax.set_xlabel(layout.axis_name, fontsize=layout.label_points, labelpad=1)
    return ax


def _measured(
    layout: LineLayout, stamps: TextStamps
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Find out where matplotlib puts the label of a value and the title of a panel."""
    figure = exact_figure(layout.canvas)
    ax = add_axes(figure, layout.canvas, layout.panels[0])
    ax.set(xticks=[], ylim=(0, 2))
    ax.set_yticks([1], ["7"])
    ax.tick_params(length=0, pad=4, labelsize=layout.label_points)
    ax.set_title("0", fontsize=layout.title_points)
    found = {text.text: text for text in recorded_texts(figure)}
    label, title, box = found["7"], found["0"], ax.bbox
    half = text_stamps(layout.title_points, layout.canvas.dpi).width("0") / 2
    return (
        (label.x + stamps.number_width("7") - box.x0, label.y - (box.y0 + box.y1) / 2),
        (title.x + half - box.x0, title.y - box.y1),
    )


def _renderer(canvas: Canvas) -> Any:
    return RendererAgg(canvas.width, canvas.height, canvas.dpi)  # type: ignore[no-untyped-call]


def _draw_values_axis(
    renderer: Any, kept: _Template, i: int, low: float, high: float
) -> list[Placed]:
    """Draw the horizontal grid lines of panel `i`, and return their labels to be stamped."""
    layout, box = kept.layout, kept.boxes[i]
    # A single label would give no scale: then in smaller steps, until there are two.
    for most in range(layout.value_steps, 10):
        positions, texts, factor = value_ticks(value_locator(most), low, high)
        if len(positions) >= 2:
            break
    stamps = text_stamps(layout.label_points, layout.canvas.dpi)
    right, height = box.x0 + kept.label[0], layout.canvas.height
    placed: list[Placed] = []
    for position, text in zip(positions, texts, strict=True):
        y = box.y0 + (position - low) / (high - low) * box.height
        _stroke(renderer, box, [[box.x0, y], [box.x1, y]], GRID_COLOUR, GRID_POINTS, "butt")
        x = right - stamps.number_width(text)
        placed += stamps.number(text, x, y + kept.label[1], height, BLACK)
    # Above the labels that it belongs to, and not beyond the canvas.
    x = max(2.0, right - stamps.number_width(factor))
    placed += stamps.number(factor, x, box.y1 + kept.title[1], height, BLACK)
    return placed


def _draw_line(
    renderer: Any,
    kept: _Template,
    i: int,
    column: NDArray[np.float64],
    low: float,
    high: float,
) -> None:
    box, last = kept.boxes[i], len(column) - 1
    beside = TIME_MARGIN * last
    x = box.x0 + (np.arange(len(column)) + beside) / (last + 2 * beside) * box.width
    y = box.y0 + (column - low) / (high - low) * box.height
    points = LINE_POINTS * kept.layout.label_points / LABEL_POINTS
    _stroke(renderer, box, np.stack([x, y], axis=1), LINE_COLOUR, points, "projecting")


def _stroke(renderer: Any, box: Bbox, vertices: Any, colour: str, points: float, ends: str) -> None:
    """Draw (n, 2) vertices in pixels from the bottom left as matplotlib's Line2D draws them."""
    context = renderer.new_gc()
    context.set_clip_rectangle(box)
    context.set_foreground(colour)
    context.set_linewidth(points)
    context.set_joinstyle("round")
    context.set_capstyle(ends)
    renderer.draw_path(context, Path(vertices), IdentityTransform())


def title_points(layout: LineLayout, titles: list[str]) -> float:
    """The font size at which all titles fit, at least 9 pixels."""
    least = text_points(0, layout.canvas)
    if max(map(len, titles)) > layout.title_room:  # not even with a pixel for each character
        return min(layout.title_points, least)
    widest = max(map(text_stamps(layout.title_points, layout.canvas.dpi).width, titles))
    fitting = math.floor(100 * layout.title_points * min(1.0, layout.title_room / widest)) / 100
    return min(layout.title_points, max(fitting, least))


def _titles(kept: _Template, titles: list[str]) -> list[Placed]:
    layout = kept.layout
    stamps = text_stamps(title_points(layout, titles), layout.canvas.dpi)
    placed: list[Placed] = []
    for box, title in zip(kept.boxes, titles, strict=True):
        shown = cut_in_the_middle(title, layout.title_room, stamps.width)
        half = stamps.width(shown) / 2
        # Not over the edge of the canvas: the middle of a panel lies right of its cell's.
        x = min(box.x0 + kept.title[0], layout.canvas.width - half - 2.0) - half
        placed += stamps.words(shown, x, box.y1 + kept.title[1], layout.canvas.height, BLACK)
    return placed
