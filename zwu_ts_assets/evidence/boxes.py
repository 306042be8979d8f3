"""Pixels -> where the six panels and their colour bars are.

What belongs here: finding rectangles in a picture. What does not: what the colours in them mean
(`panels`).

What a picture is taken to look like: two rows of three panels of one size on white, each with a
colour bar of the panel's height at its right, the columns equally far apart. Panels may be white in
part or entirely, where cells have no value. Three things never are: the first panel of each row
(distances always have a value, and its colour map has no grey), the first bar and the last bar of
each row. The rest follows from these by equal distances, so that white panels are found too.

Edges are found to a fraction of a pixel, because a consumer may have resized the picture: a pixel
on an edge is mixed of panel and paper, and its share of the panel says where in it the edge is.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float64]

_COLOURFUL: Final = 25
"""The least difference of the channels of a coloured pixel; text is black or grey."""

_PAPER: Final = 238
"""No channel of white paper is lower: half way from the palest colour of a panel, 221, to 255."""

_MARGIN: Final = 3
"""How many pixels beside a suspected edge are looked at: resizing blurs edges that wide."""

_WHOLE: Final = 0.03
"""Edges this near to a whole pixel are there: in a picture that was not resized all of them are."""


class NotAFigure(ValueError):
    """The picture does not show two rows of three panels with colour bars."""


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels, from `left` and `top` (inclusive) to `right` and `bottom`."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """From the left edge to the right one."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """From the upper edge to the lower one."""
        return self.bottom - self.top


@dataclass(frozen=True)
class FigureBoxes:
    """Where the panels and the colour bars are, row by row, six of each."""

    panels: tuple[Box, ...]
    bars: tuple[Box, ...]


def find_boxes(pixels: Pixels) -> FigureBoxes:
    """Find the panels and the colour bars of a figure.

    Args:
        pixels: (height, width, 3) RGB, of any size at which a bar is at least two pixels wide.

    Raises:
        NotAFigure: The picture does not show two rows of panels with bars.
    """
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:
        raise NotAFigure(
            f"the picture has shape {pixels.shape} and type {pixels.dtype}; "
            "expected (height, width, 3) uint8 RGB"
        )
    height, width, _ = pixels.shape
    # Plane by plane: numpy reduces a last axis of three numbers ten times slower.
    red, green, blue = (np.ascontiguousarray(pixels[:, :, i]) for i in range(3))
    darkest = np.minimum(np.minimum(red, green), blue)
    colourful = np.maximum(np.maximum(red, green), blue) - darkest > _COLOURFUL
    # Between cells of two colours resizing may leave a line of grey.
    bands = _runs(_closed(colourful.sum(axis=1) > 0.1 * width), least=max(4, height // 8))
    if len(bands) != 2:
        raise NotAFigure(
            f"the picture of {width}x{height} pixels has {len(bands)} rows of coloured panels; "
            "expected 2: pass a dependence figure, not cropped and not turned"
        )
    drawn = darkest < _PAPER
    covered, coloured = (
        np.minimum(*(marked[top:bottom].mean(axis=0) for top, bottom in bands))
        for marked in (drawn, colourful)
    )
    columns = [(a, b) for a, b in _runs(covered > 0.5, least=2) if np.median(coloured[a:b]) > 0.5]
    if len(columns) < 3:
        raise NotAFigure(
            f"the picture of {width}x{height} pixels has {len(columns)} coloured columns beside "
            "each other; expected a panel, its colour bar and more: pass a dependence figure"
        )
    ink = 255.0 * 3 - (red.astype(np.float64) + green + blue)
    panel, first, last = columns[0], columns[1], columns[-1]
    across = np.concatenate([ink[top + 2 : bottom - 2] for top, bottom in bands])
    left, right = _edges(across, panel)
    first_left, first_right = _edges(across, first)
    last_left, last_right = _edges(across, last)
    pitch = (last_left - first_left) / 2
    bar = first_right - first_left
    if abs(last_right - last_left - bar) > 1 or not 2 * bar < right - left < pitch:
        raise NotAFigure(
            f"in the picture of {width}x{height} pixels the first panel is {right - left:.0f} "
            f"pixels wide, its colour bar {bar:.0f} and the last one {last_right - last_left:.0f}; "
            "expected wide panels with equal bars: pass a dependence figure"
        )
    panels, bars = [], []
    for band in bands:
        # Bars, not panels, show where a row ends: below a panel there are tick marks.
        down = np.concatenate([ink[:, a + 1 : b - 1].T for a, b in (first, last) if b - a > 2])
        top, bottom = _edges(down, band)
        for column in range(3):
            shift = column * pitch
            panels.append(Box(left + shift, top, right + shift, bottom))
            bars.append(Box(first_left + shift, top, first_right + shift, bottom))
    return FigureBoxes(tuple(panels), tuple(bars))


def _runs(marked: NDArray[np.bool_], least: int) -> list[tuple[int, int]]:
    """Where `least` or more neighbours are marked: first and one after the last of each run."""
    padded = np.concatenate([[False], marked, [False]])
    starts = np.flatnonzero(~padded[:-1] & padded[1:])
    stops = np.flatnonzero(padded[:-1] & ~padded[1:])
    return [(int(a), int(b)) for a, b in zip(starts, stops, strict=True) if b - a >= least]


def _closed(marked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The same with gaps of one or two closed."""
    padded = np.pad(marked, 2)
    before = padded[1:-3] | padded[:-4]
    after = padded[3:-1] | padded[4:]
    return marked | (before & after & (padded[1:-3] | padded[3:-1]))


def _edges(ink: Floats, run: tuple[int, int]) -> tuple[float, float]:
    """Where what is drawn in the columns `run` of `ink` begins and ends, to a part of a pixel.

    Every line of `ink` gives an edge of its own, and the middle one is taken: tick marks stick out
    of some lines, but never of half of them.
    """
    start, stop = run
    inside = min(_MARGIN, (stop - start) // 2)
    begin, end = max(start - _MARGIN, 0), min(stop + _MARGIN, ink.shape[1])
    left = _edge(ink[:, begin : start + inside], start + inside)
    right = -_edge(ink[:, stop - inside : end][:, ::-1], inside - stop)
    return left, right


def _edge(ink: Floats, after: int) -> float:
    """The edge left of the column `after`, which is the one behind the last of `ink`."""
    full = ink[:, -1]
    # A pale line says little about its edge.
    strong = full >= np.median(full) / 2
    covered = (ink[strong] / full[strong, None]).sum(axis=1)
    edge = after - float(np.median(covered))
    return float(round(edge)) if abs(edge - round(edge)) < _WHOLE else edge
