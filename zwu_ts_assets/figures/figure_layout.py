"""Where everything is on a figure's canvas, in pixels.

What belongs here: the canvas, the rectangles of panels and colour bars, which tick labels are shown
and which way they run. What does not: drawing (`figure`).

The layout depends on the features' names, the window's length and the canvas, never on values, so
that frames of a video do not jitter and what is static can be drawn once. Its rules:

* Everything (fonts, ticks, gaps) is designed for 1792x992 at 100 dots per inch. Another canvas
  scales it all by the smaller of width/1792 and height/992. Below about 896x512 tick labels are
  under 7 pixels high and hard to read; smaller canvases are drawn all the same.
* All six panels have one size. Its width and height are cut down to a multiple of the number of
  features (where cells have 4 pixels or more), so that feature cells are equal to the pixel.
* Feature names run along the axes as seaborn sets them: horizontal below and vertical at the left,
  turned where they would overlap.
* Where a name is longer than 1/12 of the canvas' width or 1/8 of its height, or names are lower
  than a line of text apart, features are numbered from 1: the names are written once, left of the
  first panel, each behind its number and down to 8 points where they are many, and the other axes
  have the numbers. A name longer than 1/6 of the canvas' width loses its middle to an ellipsis;
  what says for how many columns it stands (`+4`) stays. Where names are too many even so, only
  every k-th is shown, and short ones stand on each axis after all.
* Where a panel has white cells, a white square with the words "no value" stands below its colour
  bar, where there is nothing else.
* Time steps are labelled every 1, 2, 5, 10, 20, ... rows, at most ten labels: 96 rows every 10,
  24 rows every 5.
"""

import bisect
import itertools
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from zwu_ts_assets.errors import CorpusError

DESIGN_WIDTH, DESIGN_HEIGHT, DESIGN_DPI = 1792, 992, 100
LABEL_POINTS, TITLE_POINTS = 10.0, 12.0

# Distances in pixels of the design canvas.
_OUTER = 8  # free margin around everything
_TITLE = 27  # title line and its distance to the panel
_TICKS = 10  # tick marks and their distance to the labels
_LINE = 16  # a line of label text
_AXIS_LABEL = 20  # the words "Time Step"
_BAR_GAP, _BAR_WIDTH = 27, 21
_BAR_LABELS = 80  # e.g. "−0.0125", "−123456"; the widest that the formatter gives
_FIXED_BAR_LABELS = 58  # "−1.00"
_COLUMN_GAP = 4
_SWATCH = 12  # a side

_NAME_POINTS = (10.0, 9.0, 8.0)  # of names beside their numbers

MEASURED = 200
"""Characters of a name that are looked at, half of them from its end; some forty fit."""


@dataclass(frozen=True)
class Canvas:
    """The size of a figure in pixels; multiples of 32 suit both Qwen3-VL and H.264."""

    width: int = DESIGN_WIDTH
    height: int = DESIGN_HEIGHT

    def __post_init__(self) -> None:
        if not (448 <= self.width <= 4096 and 224 <= self.height <= 4096):
            raise CorpusError(
                f"the canvas is {self.width}x{self.height} pixels, expected 448x224 to 4096x4096: "
                "change the canvas in the settings"
            )
        if self.width % 32 or self.height % 32:
            raise CorpusError(
                f"the canvas is {self.width}x{self.height} pixels, expected multiples of 32 (a "
                "vision model would resample anything else): change the canvas in the settings"
            )

    @property
    def scale(self) -> float:
        """The size of text and ticks relative to the design canvas."""
        return min(self.width / DESIGN_WIDTH, self.height / DESIGN_HEIGHT)

    @property
    def dpi(self) -> float:
        """Pixels per inch, what matplotlib derives pixels of text and lines from."""
        return DESIGN_DPI * self.scale


class Rectangle(NamedTuple):
    """Pixels from `left` (inclusive) and from `top` downwards."""

    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True)
class Layout:
    """The layout of all figures of one kind.

    Attributes:
        canvas: The canvas.
        panels: The six heat maps, row by row.
        bars: The six colour bars, in the same order.
        column_pitch: Pixels between the left edges of neighbouring panels, room for a title.
        feature_labels: The names as displayed, without their numbers.
        feature_step: Every how many features a name is shown.
        numbered: Names are left of the first panel alone, and numbers on the other axes.
        number_step: Every how many features a number is shown below a panel.
        name_points: The size of names, and of numbers left of a panel.
        names_below_vertical: Names below the panels run upwards instead of across.
        names_left_horizontal: Names left of the panels run across instead of upwards.
        time_step: Every how many rows a time label is shown.
    """

    canvas: Canvas
    panels: tuple[Rectangle, ...]
    bars: tuple[Rectangle, ...]
    column_pitch: int
    feature_labels: tuple[str, ...]
    feature_step: int
    names_below_vertical: bool
    names_left_horizontal: bool
    time_step: int
    numbered: bool = False
    number_step: int = 1
    name_points: float = LABEL_POINTS

    def left_labels(self, panel: int) -> list[str]:
        """What stands left of a feature panel, for each feature."""
        if not self.numbered:
            return list(self.feature_labels)
        if panel:
            return self.numbers
        return [
            f"{number}  {name}"
            for number, name in zip(self.numbers, self.feature_labels, strict=True)
        ]

    @property
    def numbers(self) -> list[str]:
        """The number of each feature."""
        return [str(number) for number in range(1, len(self.feature_labels) + 1)]


def time_label_step(length: int, most: int = 10) -> int:
    """Every how many of `length` rows to label: 1, 2 or 5 times a power of ten, `most` labels."""
    power = 1
    while True:
        for step in (power, 2 * power, 5 * power):
            if math.ceil(length / step) <= max(most, 1):
                return step
        power *= 10


def make_layout(
    features: tuple[str, ...],
    length: int,
    canvas: Canvas,
    text_width: Callable[[str], float],
    suffixes: tuple[str, ...] = (),
) -> Layout:
    """Lay out the figures of windows of `length` rows.

    Args:
        features: Names of the features that are shown, of characters that the font has.
        length: Rows of a window.
        canvas: The canvas.
        text_width: The width in pixels of a label's text on this canvas.
        suffixes: What follows each name and is never cut; none follow if it is empty.

    Returns:
        The layout.
    """
    tails = suffixes or ("",) * len(features)
    plain = _plain_layout(features, length, canvas, text_width, tails)
    whole = plain.feature_labels == tuple(map(str.__add__, features, tails))
    if whole and plain.feature_step == 1:
        return plain
    numbered = _numbered_layout(features, length, canvas, text_width, tails)
    return plain if whole and numbered.feature_step > 1 else numbered


def _plain_layout(
    features: tuple[str, ...],
    length: int,
    canvas: Canvas,
    text_width: Callable[[str], float],
    suffixes: tuple[str, ...],
) -> Layout:
    """Every axis of the feature panels has the names."""
    room = _name_room(canvas)
    # One label for both axes: the reader matches rows and columns by it.
    labels = _labels(features, suffixes, room, text_width)
    widths = [text_width(label) for label in labels]
    line = LABEL_POINTS * canvas.dpi / 72
    below_vertical = left_horizontal = False
    while True:
        left = max(widths) if left_horizontal else _LINE * canvas.scale
        below = max(widths) if below_vertical else _LINE * canvas.scale
        width, height = _panel_size(len(labels), canvas, left, left, below)
        step = math.ceil(len(labels) * line / min(width, height))
        shown = widths[::step]
        turn_below = _overlap(shown, width * step / len(labels))
        turn_left = _overlap(shown, height * step / len(labels))
        if turn_below <= below_vertical and turn_left <= left_horizontal:
            break
        # Turned names narrow the panels, so that the other axis' may have to turn too.
        below_vertical |= turn_below
        left_horizontal |= turn_left
    panels, bars, pitch = _rectangles(canvas, width, height, left, left, below)
    return Layout(
        canvas=canvas,
        panels=panels,
        bars=bars,
        column_pitch=pitch,
        feature_labels=labels,
        feature_step=step,
        names_below_vertical=below_vertical,
        names_left_horizontal=left_horizontal,
        time_step=_time_step(length, width, height, text_width),
    )


def _numbered_layout(
    features: tuple[str, ...],
    length: int,
    canvas: Canvas,
    text_width: Callable[[str], float],
    suffixes: tuple[str, ...],
) -> Layout:
    """The names are left of the first feature panel, and numbers stand for them elsewhere."""
    count, s = len(features), canvas.scale
    number = text_width(str(count))
    room = canvas.width / 6 - text_width(f"{count}  ")
    labels = _labels(features, suffixes, room, text_width)
    # Smaller text is a little wider than in proportion, for its characters are rounded.
    names = 1.03 * (text_width(f"{count}  ") + max(map(text_width, labels)))
    others = max(1.03 * number, _LINE * s)
    width, height = _panel_size(count, canvas, names, others, _LINE * s)
    for points in _NAME_POINTS:
        step = math.ceil(count * points * canvas.dpi / 72 / height)
        if step == 1:
            break
    panels, bars, pitch = _rectangles(canvas, width, height, names, others, _LINE * s)
    return Layout(
        canvas=canvas,
        panels=panels,
        bars=bars,
        column_pitch=pitch,
        feature_labels=labels,
        feature_step=step,
        names_below_vertical=False,
        names_left_horizontal=True,
        time_step=_time_step(length, width, height, text_width),
        numbered=True,
        number_step=time_label_step(count, int(width / (1.25 * number))),
        name_points=points,
    )


def _time_step(length: int, width: int, height: int, text_width: Callable[[str], float]) -> int:
    most = int(min(width, height) / (1.25 * text_width(str(length - 1))))
    return time_label_step(length, min(10, most))


def swatch(canvas: Canvas, bar: Rectangle) -> Rectangle:
    """Where the sample of a colour is that is not on a colour bar: below it, its text beside it."""
    s = canvas.scale
    side = max(5, round(_SWATCH * s))
    middle = bar.top + bar.height + round((_TICKS + _LINE / 2) * s)
    return Rectangle(bar.left, middle - side // 2, side, side)


def most_features(canvas: Canvas) -> int:
    """How many features a panel can show in cells of at least a pixel, whatever their names."""
    longest = _name_room(canvas)
    return min(_panel_size(sys.maxsize, canvas, longest, longest, longest))


def _name_room(canvas: Canvas) -> float:
    return min(canvas.width / 12, canvas.height / 8)


def _labels(
    names: tuple[str, ...],
    suffixes: tuple[str, ...],
    room: float,
    text_width: Callable[[str], float],
) -> tuple[str, ...]:
    """The names, each cut so that it fits into `room` pixels with what follows it."""
    return tuple(
        _cut(name, room - (text_width(suffix) if suffix else 0.0), text_width) + suffix
        for name, suffix in zip(names, suffixes, strict=True)
    )


def _cut(name: str, room: float, text_width: Callable[[str], float]) -> str:
    """A name without its middle: what tells columns apart is often at the end."""
    if len(name) < MEASURED and text_width(name) <= room:
        return name
    # Shortening one by one would take minutes for a hundred long names.
    lengths = range(1, min(len(name), MEASURED))
    fitting = bisect.bisect_right(lengths, room, key=lambda n: text_width(_without_middle(name, n)))
    return _without_middle(name, fitting)


def _without_middle(name: str, kept: int) -> str:
    """`kept` characters of a name, the odd one at its beginning."""
    return f"{name[: kept - kept // 2]}…{name[len(name) - kept // 2 :]}"


def _overlap(widths: list[float], distance: float) -> bool:
    return any((a + b) / 2 > distance for a, b in itertools.pairwise(widths))


def _panel_size(
    features: int, canvas: Canvas, left: float, others: float, below: float
) -> tuple[int, int]:
    """Width and height that remain for one panel beside names of the given extents.

    Args:
        features: How many cells a panel has beside each other.
        canvas: The canvas.
        left: Pixels of the names left of the first panel.
        others: Of those left of the others.
        below: Of those below.
    """
    s = canvas.scale
    beside = _TICKS * s + others + (_BAR_GAP + _BAR_WIDTH) * s
    fixed = (2 * _OUTER + _AXIS_LABEL + 2 * _BAR_LABELS + _FIXED_BAR_LABELS + 2 * _COLUMN_GAP) * s
    width = int((canvas.width - fixed - (left - others) - 3 * beside) / 3)
    time_line = (_TICKS + _LINE + _AXIS_LABEL) * s
    height = int((canvas.height - (2 * _OUTER + 2 * _TITLE + _TICKS) * s - below - time_line) / 2)
    if width >= 4 * features:
        width -= width % features
    if height >= 4 * features:
        height -= height % features
    return width, height


def _rectangles(
    canvas: Canvas, width: int, height: int, left: float, others: float, below: float
) -> tuple[tuple[Rectangle, ...], tuple[Rectangle, ...], int]:
    s = canvas.scale
    first = round((_OUTER + _AXIS_LABEL + _TICKS) * s + left)
    beside = _BAR_GAP + _BAR_WIDTH + _BAR_LABELS + _COLUMN_GAP + _TICKS
    pitch = round(width + beside * s + others)
    top = round((_OUTER + _TITLE) * s)
    second = round(top + height + (_TICKS + _TITLE + _OUTER / 2) * s + below)
    panels = tuple(
        Rectangle(first + column * pitch, y, width, height)
        for y in (top, second)
        for column in range(3)
    )
    bar_left, bar_width = round(width + _BAR_GAP * s), max(2, round(_BAR_WIDTH * s))
    bars = tuple(Rectangle(p.left + bar_left, p.top, bar_width, height) for p in panels)
    return panels, bars, pitch
