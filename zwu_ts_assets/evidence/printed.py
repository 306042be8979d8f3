"""Pixels -> the numbers that are printed on a figure.

What belongs here: digits in cells and beside colour bars. What does not: colours (`panels`).

Characters are told apart by blank columns of pixels between them and matched to those of the font
that comes with matplotlib. That needs a picture that was not resized and in which digits are about
10 pixels high, as on 1792x992 pixels.
"""

from functools import lru_cache
from pathlib import Path
from typing import Final

import matplotlib
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from zwu_ts_assets.evidence.boxes import Box, Floats, Pixels

_SHAPE: Final = (12, 16)
"""Width and height to which characters are brought before they are compared."""

_FAINT: Final = 0.15
"""Less ink than this is the edge of a neighbouring character."""

_BAR: Final = 21.0
"""Pixels of a bar's width where digits are 10 pixels high; all else is a multiple of it."""


_LARGE: Final = 12
"""How many times as large characters are drawn before they are shrunk."""


class Illegible(ValueError):
    """There is no number, or one that cannot be read with certainty."""


def read_cell_number(pixels: Pixels, panel: Box, count: int, row: int, column: int) -> float:
    """Read the number that is printed in a cell of a feature panel.

    Args:
        pixels: (height, width, 3) RGB, not resized.
        panel: Where the panel is, from `boxes`.
        count: How many features it shows.
        row: The cell's row, from 0 above.
        column: The cell's column, from 0 at the left.

    Raises:
        Illegible: No number can be read there.
    """
    width, height = panel.width / count, panel.height / count
    top, left = panel.top + row * height, panel.left + column * width
    cell = pixels[
        round(top) + 2 : round(top + height) - 2, round(left) + 2 : round(left + width) - 2
    ].astype(np.float64)
    difference = np.abs(cell - np.median(cell[:5].reshape(-1, 3), axis=0)).sum(axis=2)
    return _number(difference / max(float(difference.max()), 60.0))


def read_range(pixels: Pixels, bar: Box) -> tuple[float, float]:
    """Read the numbers at the lower and the upper end of a colour bar from its tick labels.

    Ticks are at whole pixels, so that an end is wrong by up to about 0.15 % of the range.

    Args:
        pixels: (height, width, 3) RGB, not resized.
        bar: Where the bar is, from `boxes`.

    Raises:
        Illegible: Fewer than two labels can be read, or they have a common factor.
    """
    scale = bar.width / _BAR
    right, top, bottom = round(bar.right), round(bar.top), round(bar.bottom)
    ink = 1.0 - pixels.max(axis=2) / 255.0
    above = ink[max(top - round(18 * scale), 0) : top - 2, round(bar.left) : right + 2]
    if (above > 0.5).any():
        raise Illegible("the labels of the colour bar have a common factor, which is not read")
    margin = round(8 * scale)
    first = top - margin
    beside = ink[first : bottom + margin]
    marks = beside[:, right + 1 : right + 3].mean(axis=1)
    positions, numbers = [], []
    for start, stop in _stretches(marks > 0.2):
        rows = np.arange(start, stop)
        position = float((rows * marks[rows]).sum() / marks[rows].sum())
        middle = round(position)
        text = beside[
            max(middle - margin, 0) : middle + margin + 1,
            right + round(6 * scale) : right + round(78 * scale),
        ]
        # Agg draws a mark over the row of pixels whose upper edge is nearest to its place.
        positions.append(first + position)
        numbers.append(_number(text))
    if len(numbers) < 2:
        raise Illegible(f"{len(numbers)} labels at the colour bar; expected at least 2")
    slope, offset = np.polyfit(positions, numbers, 1)
    return float(slope * bar.bottom + offset), float(slope * bar.top + offset)


def _number(ink: Floats) -> float:
    """The number that is printed, alone, in (height, width) ink from 0 to 1."""
    columns = ink.max(axis=0) > _FAINT
    pieces = [ink[:, a:b] for a, b in _stretches(columns)]
    heights = [np.ptp(np.flatnonzero(piece.max(axis=1) > _FAINT)) + 1 for piece in pieces]
    if not pieces:
        raise Illegible("no number is printed here")
    tallest = max(heights)
    text = ""
    for piece, height in zip(pieces, heights, strict=True):
        if height > 0.6 * tallest:
            text += _digit(piece)
        else:
            text += "." if piece.shape[1] < 0.4 * tallest else "-"
    try:
        return float(text)
    except ValueError as error:
        raise Illegible(f"{text!r} is read, which is no number") from error


def _digit(piece: Floats) -> str:
    shape = _normal(piece)
    likeness = {
        digit: max(float((shape * one).sum()) for one in known)
        for digit, known in _digits().items()
    }
    best, second = sorted(likeness, key=lambda digit: -likeness[digit])[:2]
    if likeness[best] < 0.7 or likeness[best] - likeness[second] < 0.02:
        raise Illegible(f"a character is like {best} ({likeness[best]:.2f}) and like {second}")
    return best


@lru_cache(maxsize=1)
def _digits() -> dict[str, list[Floats]]:
    """The digits of matplotlib's font, drawn large and shrunk from different places in a pixel."""
    path = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    font = ImageFont.truetype(path, 13.89 * _LARGE)
    known: dict[str, list[Floats]] = {}
    for digit in "0123456789":
        known[digit] = []
        for right in range(0, _LARGE, _LARGE // 4):
            for down in range(0, _LARGE, _LARGE // 4):
                picture = Image.new("L", (20 * _LARGE, 24 * _LARGE))
                place = (4 * _LARGE + right, 3 * _LARGE + down)
                ImageDraw.Draw(picture).text(place, digit, fill=255, font=font)
                small = picture.resize((20, 24), Image.Resampling.BOX)
                known[digit].append(_normal(np.asarray(small) / 255.0))
    return known


def _normal(ink: Floats) -> Floats:
    """A character cut to its ink, brought to one size, with mean 0 and norm 1."""
    rows = np.flatnonzero(ink.max(axis=1) > _FAINT)
    columns = np.flatnonzero(ink.max(axis=0) > _FAINT)
    cut = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    picture = Image.fromarray(cut.astype(np.float32)).resize(_SHAPE, Image.Resampling.BILINEAR)
    levels = np.asarray(picture, dtype=np.float64)
    levels = levels - levels.mean()
    return np.asarray(levels / max(float(np.linalg.norm(levels)), 1e-9))


def _stretches(marked: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], marked.astype(np.int8), [0]])))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
