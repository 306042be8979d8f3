"""Rasterising what a figure's template holds: axes by matplotlib's Agg, text as stamps.

Matplotlib draws here without pyplot and its global state.

Drawing one number through `RendererAgg.draw_text` takes about a millisecond, and a figure holds
some 180 of them. But numbers are made of a dozen characters, and Agg places each character on a
grid of 1/64 pixel, so the coverage of a character depends on nothing but the character, the size
and the fraction of its position. Each is drawn once, when first needed, and kept.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, NamedTuple

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from numpy.typing import NDArray

from zwu_ts_assets.figures.figure_layout import Canvas, Rectangle

_LOCK = threading.RLock()


@contextmanager
def default_settings() -> Iterator[None]:
    """Draw with matplotlib's defaults: a notebook's style must not change the corpus.

    The settings are global, so threads draw one after the other.
    """
    with _LOCK, matplotlib.rc_context():
        matplotlib.rcdefaults()
        yield


def exact_figure(canvas: Canvas) -> Figure:
    """Make an empty figure whose size is the canvas exactly, in spite of inches."""
    inches = []
    for pixels in (canvas.width, canvas.height):
        size = pixels / canvas.dpi
        while size * canvas.dpi < pixels:  # 1791.9999 would become 1791
            size = float(np.nextafter(size, np.inf))
        inches.append(size)
    figure = Figure(figsize=(inches[0], inches[1]), dpi=canvas.dpi)
    FigureCanvasAgg(figure)
    return figure


def add_axes(figure: Figure, canvas: Canvas, box: Rectangle) -> Axes:
    """Add axes that cover exactly the pixels of `box`."""
    bottom = canvas.height - box.top - box.height
    return figure.add_axes(
        (
            box.left / canvas.width,
            bottom / canvas.height,
            box.width / canvas.width,
            box.height / canvas.height,
        )
    )


def rendered(figure: Figure) -> NDArray[np.uint8]:
    """Draw a figure; (height, width, 3) RGB."""
    canvas: Any = figure.canvas
    canvas.draw()
    return np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[..., :3])


class RecordedText(NamedTuple):
    """A text as matplotlib would draw it, its origin in pixels from the left and the bottom."""

    text: str
    x: float
    y: float


def recorded_texts(figure: Figure) -> list[RecordedText]:
    """Find out where matplotlib would draw which text, in the order of drawing."""
    recorder = _TextRecorder(figure.bbox.width, figure.bbox.height, figure.dpi)
    figure.draw(recorder)
    return recorder.texts


@lru_cache(maxsize=16)
def baseline_shift(points: float, dpi: float, text: str = "0") -> float:
    """How far the baseline of a text lies above the middle of its box, in pixels."""
    with default_settings():
        figure = Figure(dpi=dpi)
        figure.text(0, 0, text, size=points, ha="center", va="center", transform=None)
        return recorded_texts(figure)[0].y


class _TextRecorder(RendererAgg):
    def __init__(self, width: float, height: float, dpi: float) -> None:
        super().__init__(width, height, dpi)  # type: ignore[no-untyped-call]
        self.texts: list[RecordedText] = []

    def draw_text(self, gc: Any, x: float, y: float, s: str, *args: Any, **kwargs: Any) -> None:
        self.texts.append(RecordedText(s, x, self.height - y))


_GRID = 64  # positions per pixel at which matplotlib places a glyph

WHITE, DARK, BLACK = 0, 1, 2
"""The three text colours: "w" and ".15" of seaborn's annotations, black of everything else."""
_LEVELS = (255, 38, 0)


Stamp = NDArray[np.intp]
"""(3, n): rows, columns and coverage (0..255) of the pixels that some text covers, relative to its
origin, the left end of the baseline."""

Placed = tuple[Stamp, int, int, int]
"""A stamp, the row and column of its origin, and its colour."""


def _blend_table() -> NDArray[np.uint8]:
    """(colour, coverage, level below) -> level above, by the integer formula of Agg.

    Agg's plain RGBA blender on an opaque pixel: with coverage a, new alpha A = 256 * (a + 255) -
    255 * a, the level is ((256 * colour - 255 * below) * a + 256 * 255 * below) // A.
    """
    colour = np.array(_LEVELS, dtype=np.int64)[:, None, None]
    coverage = np.arange(256, dtype=np.int64)[:, None]
    below = np.arange(256, dtype=np.int64)
    opaque = 256 * (coverage + 255) - 255 * coverage
    above = ((256 * colour - 255 * below) * coverage + 256 * 255 * below) // opaque
    above[:, 255] = colour[:, 0]  # full coverage copies the colour
    above[:, 0] = below
    return above.astype(np.uint8)


_BLEND = _blend_table().reshape(-1)


FONT = "DejaVu Sans"
"""Matplotlib's default font; it comes with it, so that figures are the same on every machine."""


def drawable(text: str) -> str:
    """Replace what cannot be drawn (control characters, those the font lacks) by "\ufffd"."""
    font = get_font(findfont(FontProperties(family=FONT)))
    return "".join(c if c.isprintable() and font.get_char_index(ord(c)) else "\ufffd" for c in text)


def _renderer(width: int, height: int, dpi: float) -> Any:
    """Make a blank, transparent canvas; matplotlib's own class for it has no types."""
    return RendererAgg(width, height, dpi)  # type: ignore[no-untyped-call]


@contextmanager
def _default_text() -> Iterator[None]:
    """Draw text with matplotlib's defaults, whatever a notebook has set.

    `rc_context` copies all settings, which takes longer than drawing a character, and a run draws
    some thousands of them.
    """
    everything: Any = matplotlib.rcParams  # its types want every name spelled out
    wanted = {"text.hinting": "default", "text.antialiased": True}
    before = {name: everything[name] for name in wanted}
    everything.update(wanted)
    try:
        yield
    finally:
        everything.update(before)


class TextStamps:
    """Stamps of one font size at one resolution."""

    def __init__(self, points: float, dpi: float) -> None:
        self._dpi = dpi
        self._font = FontProperties(
            family=FONT,
            size=points,
            style="normal",
            variant="normal",
            weight="normal",
            stretch="normal",
        )
        self._measure = _renderer(1, 1, dpi)
        self._advances: dict[str, int] = {}
        self._characters: dict[tuple[str, int, int], Stamp] = {}
        # Words of titles come and go, for instance a batch's index.
        self._word = lru_cache(maxsize=256)(self._draw)
        self._word_advance = lru_cache(maxsize=1024)(self._advance)
        self.width = lru_cache(maxsize=1024)(self._width)
        # Matrices are symmetric, and each number is measured twice: for its size and its place.
        self.number_width = lru_cache(maxsize=1024)(self._number_width)

    def number(self, text: str, x: float, y: float, height: int, colour: int) -> list[Placed]:
        """Place a number character by character.

        Args:
            text: Digits, signs, points.
            x: Left end of the baseline, in pixels from the left.
            y: The baseline, in pixels from the bottom of the canvas.
            height: The canvas' height in pixels.
            colour: `WHITE`, `DARK` or `BLACK`.

        Returns:
            One placed stamp per character.
        """
        row, down = divmod(height * _GRID - round(_GRID * y), _GRID)
        position = round(_GRID * x)
        placed = []
        for character in text:
            key = (character, position % _GRID, down)
            stamp = self._characters.get(key)
            if stamp is None:
                stamp = self._draw(character, key[1] / _GRID, down / _GRID)
                self._characters[key] = stamp
            placed.append((stamp, row, position // _GRID, colour))
            position += self._advances.get(character) or self._character_advance(character)
        return placed

    def words(self, text: str, x: float, y: float, height: int, colour: int) -> list[Placed]:
        """Place a line of text word by word; arguments as for `number`."""
        # Not on the grid: halves of 1/64 occur here, and matplotlib rounds them glyph by glyph.
        row, down = divmod(height - y, 1.0)
        placed = []
        for word in text.split(" "):
            column, right = divmod(x, 1.0)
            placed.append((self._word(word, right, down), int(row), int(column), colour))
            x += self._word_advance(word + " ") / _GRID
        return placed

    def _number_width(self, text: str) -> float:
        """The width in pixels of a number: the sum of its characters', as digits do not kern."""
        return sum(self._advances.get(c) or self._character_advance(c) for c in text) / _GRID

    def _width(self, text: str) -> float:
        """The width of a line of text in pixels, as matplotlib lays it out."""
        if not text:
            return 0.0
        # A user's own settings of matplotlib, such as its hinting, would move every character.
        with _default_text():
            width: float = self._measure.get_text_width_height_descent(text, self._font, False)[0]
        return width

    def _advance(self, text: str) -> int:
        """How far `text` moves the place of what follows it, in 1/64 pixel."""
        return round((self._width(text + "0") - self._width("0")) * _GRID)

    def _character_advance(self, character: str) -> int:
        self._advances[character] = self._advance(character)
        return self._advances[character]

    def _draw(self, text: str, right: float, down: float) -> Stamp:
        """Draw `text` with its origin that many pixels right of and below a pixel's corner."""
        line = int(self._measure.points_to_pixels(self._font.get_size_in_points()) * 2) + 2
        renderer = _renderer(int(self._width(text)) + 2 * line, 2 * line, self._dpi)
        with _default_text():
            renderer.draw_text(renderer.new_gc(), line + right, line + down, text, self._font, 0)
        # The canvas starts transparent, so that its alpha becomes the coverage.
        alpha = np.asarray(renderer.buffer_rgba())[..., 3]
        rows, columns = np.nonzero(alpha)
        return np.stack([rows - line, columns - line, alpha[rows, columns]])


@lru_cache(maxsize=32)
def text_stamps(points: float, dpi: float) -> TextStamps:
    """Return the stamps of a font size, kept for all figures."""
    return TextStamps(points, dpi)


def stamp_text(frame: NDArray[np.uint8], placed: list[Placed]) -> None:
    """Blend placed stamps onto `frame` (height, width, 3), in place.

    In two rounds, every other stamp each: neighbouring characters of a small font may cover the
    same pixel, and of the stamps of one round only one can.
    """
    _stamp(frame, placed[::2])
    _stamp(frame, placed[1::2])


def _stamp(frame: NDArray[np.uint8], placed: list[Placed]) -> None:
    if not placed:
        return
    stamps, *anchors = zip(*placed, strict=True)
    covered = np.concatenate(stamps, axis=1)
    covered += np.repeat(
        np.array(anchors) * [[1], [1], [256]], [stamp.shape[1] for stamp in stamps], axis=1
    )
    rows, columns, levels = covered
    height, width, _ = frame.shape
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    if not inside.all():  # text reaches over the canvas' edge
        rows, columns, levels = covered[:, inside]
    pixels = frame.reshape(-1, 3)
    index = rows * width + columns
    below = pixels.take(index, axis=0)
    pixels[index] = _BLEND.take((levels * 256)[:, None] + below)
