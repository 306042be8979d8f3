"""Where everything is on the line plot of a window, in pixels.

What belongs here: how panels are arranged, which labels there is room for, sizes of text. What does
not: drawing (`line_plot`).

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
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from zwu_ts_assets.figures.figure_layout import (
    LABEL_POINTS,
    TITLE_POINTS,
    Canvas,
    Rectangle,
    time_label_step,
)

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
