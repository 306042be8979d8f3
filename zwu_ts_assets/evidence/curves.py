"""Pixels of a line plot -> the courses that it shows, relative to the range of each.

What belongs here: finding lines by their colour and following them. What does not: what a question
asks of them (`answers`).

What a picture is taken to look like: panels in rows on white, in each one blue line from the first
step to the last one; all else is black or grey. A line is connected, so that its pixels fill a
rectangle without a gap, whose edges are its smallest and largest value and its first and last step.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from zwu_ts_assets.evidence.boxes import Floats, NotAFigure, Pixels

Marks = NDArray[np.bool_]

_BLUE: Final = 125.0
"""Blue less red of the line's colour; black, grey and white have 0."""

_INK: Final = 0.4
"""So much of a pixel must be line."""


@dataclass(frozen=True, eq=False)
class Curves:
    """The courses of a line plot, panel by panel in reading order.

    All are (panels, steps) float64 from 0, the smallest value of a panel, to 1; 0.5 throughout for
    a line that stays level.

    Attributes:
        middle: The middle of the line at each step.
        upper: Its upper edge, which is the value at a peak, however steep its sides are.
        lower: Its lower edge, which is the value at a trough.
    """

    middle: Floats
    upper: Floats
    lower: Floats


def read_lines(pixels: Pixels, count: int, steps: int) -> Curves:
    """Follow the lines of a line plot.

    Args:
        pixels: (height, width, 3) RGB.
        count: How many panels there are.
        steps: How many steps each line has, at least 2.

    Raises:
        NotAFigure: The picture does not show so many lines.
    """
    red, blue = (pixels[:, :, i].astype(np.float64) for i in (0, 2))
    ink = np.clip((blue - red) / _BLUE, 0.0, 1.0)
    drawn: Marks = ink > _INK
    curves = []
    for top, bottom in _runs(np.asarray(drawn.any(axis=1))):
        for left, right in _runs(np.asarray(drawn[top:bottom].any(axis=0))):
            if right - left >= steps // 2:
                curves.append(_curve(ink[top:bottom, left:right], steps))
    if len(curves) != count:
        raise NotAFigure(
            f"the picture shows {len(curves)} lines; expected {count}: pass a line plot of so many "
            "columns"
        )
    return Curves(*(np.array([curve[edge] for curve in curves]) for edge in range(3)))


def _curve(ink: Floats, steps: int) -> tuple[Floats, Floats, Floats]:
    """Middle, upper and lower edge of a line at each step, from the ink of its panel."""
    drawn = ink > _INK
    rows = np.flatnonzero(drawn.any(axis=1))
    ink, drawn = ink[rows[0] : rows[-1] + 1], drawn[rows[0] : rows[-1] + 1]
    height, width = ink.shape
    # Where it is flattest, a line is as high as it is thick.
    half = float(np.quantile(ink.sum(axis=0), 0.05)) / 2
    if height <= 2 * half + 2:
        return np.full(steps, 0.5), np.full(steps, 0.5), np.full(steps, 0.5)
    x = half + np.arange(steps) * (width - 2 * half) / (steps - 1)
    columns = np.clip(x.astype(np.intp), 0, width - 1)
    # The last column may hold nothing but the end of a stroke.
    filled = np.flatnonzero(drawn.any(axis=0))
    columns = filled[np.abs(filled[None, :] - columns[:, None]).argmin(axis=1)]
    top = drawn.argmax(axis=0)[columns] + half
    bottom = height - drawn[::-1].argmax(axis=0)[columns] - half
    span = height - 2 * half
    return (
        np.clip(1.0 - ((top + bottom) / 2 - half) / span, 0.0, 1.0),
        np.clip(1.0 - (top - half) / span, 0.0, 1.0),
        np.clip(1.0 - (bottom - half) / span, 0.0, 1.0),
    )


def _runs(marked: Marks) -> list[tuple[int, int]]:
    """First and one after the last of each run of marked neighbours; a gap of one is none."""
    closed = marked.copy()
    closed[1:-1] |= marked[:-2] & marked[2:]
    padded = np.concatenate([[False], closed, [False]])
    starts = np.flatnonzero(~padded[:-1] & padded[1:])
    stops = np.flatnonzero(padded[:-1] & ~padded[1:])
    return [(int(a), int(b)) for a, b in zip(starts, stops, strict=True)]
