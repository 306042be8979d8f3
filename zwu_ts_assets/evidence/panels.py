"""Pixels of a dependence figure -> the six matrices that it shows, relative to their ranges.

What belongs here: cells to numbers, by inverting the colour maps. What does not: where the panels
are (`boxes`), printed numbers (`printed`), what a question asks.

A colour map has 256 colours, so that a number comes back to within 1/512 of its panel's range: what
is read is the middle of the numbers that share a colour. (Viridis has some neighbours that are one
colour at 8 bits: there it is 3/512.)

* Cells of the feature panels have a number printed over their middle. Their colour is the median of
  the pixels above and below it.
* Where a picture was not resized, a time cell has the colour of the pixel at its middle. In resized
  pictures and videos it is the mean of a small box around it.
* White is not in any of the colour maps: such a cell has no value and reads as NaN.
"""

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import matplotlib
import numpy as np
from numpy.typing import NDArray

from zwu_ts_assets.evidence.boxes import (
    Box,
    FigureBoxes,
    Floats,
    NotAFigure,
    Pixels,
    find_boxes,
)

__all__ = ["TIME_PANELS", "NotAFigure", "Panels", "pearson_values", "read_figure"]

COLOUR_MAPS: Final = ("viridis", "coolwarm", "coolwarm", "viridis_r", "coolwarm", "coolwarm")
"""Of the six panels, row by row, from the lower end of a range to the upper one.

That of the time panel of DTW may be turned round: its colour bar shows which end is the upper one.
"""

_WHITE: Final = 238
"""No channel of white is lower: half way from the palest colour of the maps, 221, to 255."""

_RIDGE: Final = 0.003
"""How much a cell is held to the mean of pixels around its middle, where those do not tell more."""

_WIDE: Final = 8
"""From so many pixels on the middle of a cell is its own, and its mean has the least noise."""

_TIE: Final = 1e-9
"""So near to the middle of a pixel an edge is taken to be behind it."""

_FINE: Final = 8
"""A drawing of unknown size is taken to have had so many pixels for one of the picture."""

TIME_PANELS: Final = (3, 4, 5)
"""The time panels among the six: DTW, covariance, Pearson."""

_STRIPS: Final = np.concatenate([np.linspace(0.1, 0.26, 7), np.linspace(0.74, 0.9, 7)])
"""Where in the height of a feature cell its colour is sampled: numbers are between the strips."""


@dataclass(frozen=True, eq=False)
class Panels:
    """The six matrices of a figure, relative to the range of each panel's colours.

    All are float64 from 0 (the lower end of the colour bar) to 1 (the upper end), NaN where a cell
    is white. Row 0 is the upper one, column 0 the left one.

    Attributes:
        feature_dtw: (features, features).
        feature_covariance: Likewise.
        feature_pearson: Likewise.
        time_dtw: (steps, steps).
        time_covariance: Likewise.
        time_pearson: Likewise.
    """

    feature_dtw: Floats
    feature_covariance: Floats
    feature_pearson: Floats
    time_dtw: Floats
    time_covariance: Floats
    time_pearson: Floats


def read_figure(
    pixels: Pixels,
    n_features: int,
    n_steps: int,
    drawn: tuple[int, int] | None = None,
    *,
    time_panels: Collection[int] = TIME_PANELS,
    boxes: FigureBoxes | None = None,
) -> Panels:
    """Read the six matrices of a figure or a frame of a video.

    Args:
        pixels: (height, width, 3) RGB, as drawn or resized as a whole.
        n_features: How many features the upper panels show.
        n_steps: How many time steps the lower panels show.
        drawn: Width and height of the figure when it was drawn. For a resized picture with small
            time cells it halves the error or better: such cells are 4 or 5 pixels wide when drawn,
            and this tells which.
        time_panels: Which of the time panels are read, which takes nearly all of the time; the
            matrices of the others are NaN.
        boxes: Where the panels are, from `find_boxes` of this picture or of another frame of its
            video, whose panels are at the same place; None to find them.

    Raises:
        NotAFigure: The picture does not show two rows of panels with colour bars.
        ValueError: A number of cells is not positive.
    """
    if n_features < 1 or n_steps < 1:
        raise ValueError(
            f"{n_features} features and {n_steps} time steps: expected at least 1 of each"
        )
    found = boxes or find_boxes(pixels)
    panels, colour_maps = found.panels, list(COLOUR_MAPS)
    if _is_bright_above(pixels, found.bars[3]):
        colour_maps[3] = colour_maps[3].removesuffix("_r")
    sharp = bool(time_panels) and _is_sharp(pixels, panels[3], colour_maps[3])
    matrices = []
    for i, (box, colour_map) in enumerate(zip(panels, colour_maps, strict=True)):
        if i >= 3 and i not in time_panels:
            matrices.append(np.full((n_steps, n_steps), np.nan))
            continue
        if i < 3:
            colours = _feature_cells(pixels, box, n_features)
        elif sharp:
            colours = _middles(pixels, _on_whole_pixels(box), n_steps)
        else:
            colours = _unmixed(pixels, box, n_steps, drawn)
        matrices.append(_positions(colours, colour_map))
    return Panels(*matrices)


def pearson_values(relative: Floats) -> Floats:
    """The correlations that a Pearson panel shows: its colours always span -1 to 1."""
    return 2.0 * relative - 1.0


@lru_cache(maxsize=4)
def _table(colour_map: str) -> Floats:
    """(256, 3) The colours of a map as levels from 0 to 255."""
    return np.rint(matplotlib.colormaps[colour_map](np.arange(256))[:, :3] * 255.0)


def _is_bright_above(pixels: Pixels, bar: Box) -> bool:
    """Whether the upper half of a colour bar is brighter than its lower half."""
    top, bottom, middle = round(bar.top), round(bar.bottom), round((bar.top + bar.bottom) / 2)
    columns = slice(round(bar.left), round(bar.right))
    return bool(pixels[top:middle, columns].mean() > pixels[middle:bottom, columns].mean())


def _is_sharp(pixels: Pixels, box: Box, colour_map: str) -> bool:
    """Whether pixels of a time panel are not mixed: nearly all have exactly a colour of the map."""
    # Some of them tell as much as all of them.
    area = pixels[round(box.top) : round(box.bottom) : 3, round(box.left) : round(box.right) : 3]
    codes = area.reshape(-1, 3).astype(np.int64) @ [65536, 256, 1]
    known = _table(colour_map).astype(np.int64) @ [65536, 256, 1]
    return bool(np.isin(codes, known).mean() > 0.95)


def _on_whole_pixels(box: Box) -> Box:
    return Box(round(box.left), round(box.top), round(box.right), round(box.bottom))


def _positions(colours: Floats, colour_map: str) -> Floats:
    """Where on a colour map the nearest points to (..., 3) colours are, 0 to 1; NaN for white.

    Between two neighbouring colours of the map as well: a mean of pixels may lie there.
    """
    flat = colours.reshape(-1, 3)
    levels = np.rint(flat)
    if not (levels == flat).all():
        return _nearest(flat, colour_map).reshape(colours.shape[:-1])
    # Cells share few colours where they are not mixed.
    codes, back = np.unique(levels.astype(np.int64) @ [65536, 256, 1], return_inverse=True)
    few = np.stack([codes // 65536, codes // 256 % 256, codes % 256], axis=1).astype(np.float64)
    return _nearest(few, colour_map)[back].reshape(colours.shape[:-1])


def _nearest(flat: Floats, colour_map: str) -> Floats:
    """`_positions` of (n, 3) colours."""
    table = _table(colour_map)
    distances = (table**2).sum(axis=1) - 2.0 * flat @ table.T
    nearest = distances.argmin(axis=1)
    best = np.full(len(flat), np.inf)
    positions = np.zeros(len(flat))
    for first in (nearest - 1, nearest):
        # The point of the segment between two neighbours that is nearest.
        first = np.clip(first, 0, len(table) - 2)
        step = table[first + 1] - table[first]
        offset = flat - table[first]
        along = np.clip((offset * step).sum(axis=1) / np.maximum((step**2).sum(axis=1), 1), 0, 1)
        distance = ((offset - along[:, None] * step) ** 2).sum(axis=1)
        positions = np.where(distance < best, first + along, positions)
        best = np.minimum(best, distance)
    positions = (positions + 0.5) / 256
    positions[(flat >= _WHITE).all(axis=1)] = np.nan
    return positions


def _feature_cells(pixels: Pixels, box: Box, count: int) -> Floats:
    """(count, count, 3) The colours of cells with numbers over them."""
    across = np.linspace(0.2, 0.8, 12)
    cells = np.arange(count)[:, None]
    rows = (box.top + (cells + _STRIPS) * box.height / count).astype(np.intp)
    columns = (box.left + (cells + across) * box.width / count).astype(np.intp)
    samples = pixels[rows[:, None, :, None], columns[None, :, None, :]]
    return np.asarray(np.median(samples.reshape(count, count, -1, 3), axis=2))


def _middles(pixels: Pixels, box: Box, count: int) -> Floats:
    """(count, count, 3) The pixels at the middles of the cells."""
    middles = (np.arange(count) + 0.5) / count
    rows = (box.top + middles * box.height).astype(np.intp)
    columns = (box.left + middles * box.width).astype(np.intp)
    return pixels[np.ix_(rows, columns)].astype(np.float64)


def _unmixed(pixels: Pixels, box: Box, count: int, drawn: tuple[int, int] | None) -> Floats:
    """(count, count, 3) The colours of cells whose pixels are mixed with their neighbours'.

    Bicubic resizing is linear: each pixel is a known mix of cells and of the paper around them, so
    that the cells are the solution of least squares, first down, then across. A ridge holds them to
    the means of small boxes around the middles of the cells where the pixels do not tell more.
    """
    height, width, _ = pixels.shape
    # Of a drawing of unknown size the cells are taken to be equally wide.
    across, down = drawn or (_FINE * width, _FINE * height)
    levels = pixels[_lines(box.top, box.bottom), _lines(box.left, box.right)].astype(np.float64)
    columns = _solved(levels, box.top, box.bottom, count, down / height)
    turned = _solved(columns.transpose(1, 0, 2), box.left, box.right, count, across / width)
    return np.clip(turned.transpose(1, 0, 2), 0.0, 255.0)


def _lines(start: float, stop: float) -> slice:
    """The lines of pixels whose middles are between two edges."""
    return slice(int(np.floor(start + 0.5)), int(np.ceil(stop - 0.5)))


def _solved(levels: Floats, start: float, stop: float, count: int, scale: float) -> Floats:
    """The cells (count, n, 3) between two edges.

    Args:
        levels: (lines, n, 3), the lines of pixels between the edges.
        start: The first edge, in pixels of the picture.
        stop: The last one.
        count: How many cells there are between them.
        scale: How many pixels of the drawing are one of the picture.
    """
    lines = _lines(start, stop)
    flat = levels.reshape(len(levels), -1)
    middles: Floats = np.arange(lines.start, lines.stop, dtype=np.float64) + 0.5
    # A drawing without smoothing gives each of its pixels to the cell that its middle is in.
    equal = np.linspace(round(start * scale), round(stop * scale), count + 1)
    edges = np.floor(equal + 0.5 + _TIE).astype(np.intp)
    means = _means(edges / scale, middles)
    guess = np.stack([_weighted(row, flat) for row in means])
    if count <= len(middles) < _WIDE * count:  # fewer pixels than cells cannot tell more
        mixes = _mixes(edges, middles, scale)
        # What of a pixel is no cell is paper.
        missing = flat - 255.0 * (1.0 - mixes.sum(axis=1, keepdims=True)) - mixes @ guess
        ridge = _RIDGE * np.eye(count)
        guess += np.linalg.solve(mixes.T @ mixes + ridge, mixes.T @ missing)
    return np.asarray(guess.reshape(count, *levels.shape[1:]))


def _weighted(weights: Floats, flat: Floats) -> Floats:
    """The weighted sum of lines, of which most have no weight."""
    lines = np.flatnonzero(weights)
    first, last = int(lines[0]), int(lines[-1]) + 1
    found: Floats = weights[first:last] @ flat[first:last]
    return found


def _mixes(edges: NDArray[np.intp], middles: Floats, scale: float) -> Floats:
    """(pixels, cells) How much of each cell is in each pixel after bicubic resizing.

    By the cubic convolution kernel (Keys, 1981, with a = -1/2), widened when pictures shrink, as
    the consumers' libraries do it.

    Args:
        edges: Of the cells, in pixels of the drawing.
        middles: Of the pixels of the picture, in its own pixels.
        scale: How many pixels of the drawing are one of the picture.
    """
    widened = max(scale, 1.0)
    margin = int(np.ceil(2 * widened)) + 1
    drawn = np.arange(edges[0] - margin, edges[-1] + margin)
    x = np.abs(drawn + 0.5 - (middles * scale)[:, None]) / widened
    near = 1.5 * x**3 - 2.5 * x**2 + 1.0
    far = -0.5 * x**3 + 2.5 * x**2 - 4.0 * x + 2.0
    weights = np.where(x < 1.0, near, np.where(x < 2.0, far, 0.0))
    weights /= weights.sum(axis=1, keepdims=True)
    sums = np.concatenate([np.zeros((len(middles), 1)), weights.cumsum(axis=1)], axis=1)
    return np.diff(sums[:, edges - drawn[0]], axis=1)


def _means(edges: Floats, middles: Floats) -> Floats:
    """(cells, pixels) How much each pixel counts in the mean around the middle of each cell."""
    centres = (edges[:-1, None] + edges[1:, None]) / 2
    half = np.maximum(0.5 * np.diff(edges)[:, None], 1.0) / 2
    overlap = np.minimum(centres + half, middles + 0.5) - np.maximum(centres - half, middles - 0.5)
    shares = np.clip(overlap, 0.0, None)
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))
