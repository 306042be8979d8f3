"""Decoding media with a decoder that did not encode them, and what a figure or video must be."""

import io
import json
import selectors
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.figures.decode_child import REQUEST
from zwu_ts_assets.figures.dependence import dependence_matrices
from zwu_ts_assets.figures.mp4 import probe_mp4

PNG_LIMIT: Final = 256 * 1024 * 1024
"""Bytes of a PNG: the largest canvas, of noise, has a fifth of it."""

_SECONDS: Final = 60.0  # the largest canvas takes one
_CHILD: Final = Path(__file__).with_name("decode_child.py")


class PngDecoder:
    """A process that decodes one PNG after the other; started when it is first asked.

    Use it as a context: the process ends with it.
    """

    def __init__(self, seconds: float = _SECONDS) -> None:
        """Args: how long one PNG may take."""
        self._seconds = seconds
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "PngDecoder":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end()

    def problem(self, content: bytes, width: int, height: int) -> str:
        """Whether a PNG decodes, whole, to an RGB image of a size.

        Args:
            content: The file's content.
            width: Pixels, as declared.
            height: Likewise.

        Returns:
            A sentence without its end; empty if it does.
        """
        if len(content) > PNG_LIMIT:
            return f"has {len(content):,} bytes, at most {PNG_LIMIT:,} are decoded"
        process = self._running()
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(REQUEST.pack(width, height, len(content)) + content)
            process.stdin.flush()
            answer = self._answer(process.stdout)
        except BrokenPipeError:
            answer = b""
        if answer is None:
            self._end()
            return f"does not decode: it takes longer than {self._seconds:g} s"
        try:
            return str(json.loads(answer)["problem"])
        except (ValueError, KeyError, TypeError):
            self._end()
            return f"does not decode: the decoder ended with exit code {process.returncode}"

    def _answer(self, output: IO[bytes]) -> bytes | None:
        """A line of the process; None if there is none in time, empty at its end."""
        with selectors.DefaultSelector() as selector:
            selector.register(output, selectors.EVENT_READ)
            return output.readline() if selector.select(self._seconds) else None

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._process = subprocess.Popen(  # noqa: S603 - our own arguments, no shell
                [sys.executable, "-P", str(_CHILD)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()


def matrices_problem(values: NDArray[np.float64], columns: Sequence[int] | None = None) -> str:
    """Whether the six matrices of a window are symmetric, and finite except where undefined.

    Pearson is undefined, and NaN, for a column (or a row) that does not vary; nothing else may be.

    Args:
        values: (rows, features) float64, one window.
        columns: The features of the feature matrices, in order; None for all.
    """
    matrices = dependence_matrices(values, columns)
    chosen = values if columns is None else values[:, list(columns)]
    constant_columns = chosen.max(axis=0) == chosen.min(axis=0)
    for name in ("feature", "time"):
        for kind in ("dtw", "covariance", "pearson"):
            matrix = getattr(matrices, f"{name}_{kind}")
            if not np.array_equal(matrix, matrix.T, equal_nan=True):
                return f"{name} {kind} is not symmetric"
            if kind != "pearson" and not np.isfinite(matrix).all():
                return f"{name} {kind} has a value that is not finite"
            if kind == "pearson" and np.nanmax(np.abs(matrix), initial=0.0) > 1.0:
                return f"{name} pearson has a value outside -1..1"
    z = (values - values.mean(axis=0)) / (values.std(axis=0) + 1e-5)
    # Time steps whose z clearly differ from feature to feature; close calls may go either way.
    varying_rows = np.ptp(z, axis=1) > 1e-9
    defined = varying_rows[:, None] & varying_rows[None, :]
    if (np.isnan(matrices.time_pearson) & defined).any():
        row, column = np.argwhere(np.isnan(matrices.time_pearson) & defined)[0]
        return f"time pearson of steps {row} and {column} is NaN though both vary"
    undefined = np.isnan(matrices.feature_pearson)
    expected = constant_columns[:, None] | constant_columns[None, :]
    if (undefined & ~expected).any():
        row, column = np.argwhere(undefined & ~expected)[0]
        return f"feature pearson of columns {row} and {column} is NaN though both vary"
    if (expected & ~undefined).any():
        return "feature pearson gives a constant column a correlation"
    return ""


def png_problem(png: bytes, width: int, height: int) -> str:
    """Whether a PNG decodes, whole, to an RGB image of the canvas' size."""
    try:
        with Image.open(io.BytesIO(png), formats=("PNG",)) as image:
            image.load()
            kind, mode, size = image.format, image.mode, image.size
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        return f"does not decode: {error}"
    if (kind, mode, size) != ("PNG", "RGB", (width, height)):
        return f"is {kind} {mode} {size[0]}x{size[1]}, not PNG RGB {width}x{height}"
    return ""


def video_problem(
    video: bytes, width: int, height: int, frames: int, fps: float, *, isolated: bool = True
) -> str:
    """Whether a video decodes, whole, to the expected frames; `isolated` as in `probe_mp4`."""
    try:
        found = probe_mp4(video, frames, isolated=isolated)
    except CorpusError as error:
        return f"does not decode: {error}"
    if (found.width, found.height) != (width, height):
        return f"is {found.width}x{found.height}, not {width}x{height}"
    if found.frames != frames:
        told = f"more than {frames}" if found.frames > frames else str(found.frames)
        return f"has {told} frames, not {frames}"
    if abs(found.fps - fps) > 1e-3 * fps:
        return f"plays at {found.fps} frames per second, not {fps}"
    return ""
