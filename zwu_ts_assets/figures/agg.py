"""Matplotlib figures of an exact number of pixels, and what matplotlib would draw on them.

What belongs here: the few ways in which this package has matplotlib draw, without pyplot and its
global state. What does not: what a figure of ours looks like.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
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


class _TextRecorder(RendererAgg):
    def __init__(self, width: float, height: float, dpi: float) -> None:
        super().__init__(width, height, dpi)  # type: ignore[no-untyped-call]
        self.texts: list[RecordedText] = []

    def draw_text(self, gc: Any, x: float, y: float, s: str, *args: Any, **kwargs: Any) -> None:
        self.texts.append(RecordedText(s, x, self.height - y))
