"""Whether matrices, figures and videos are what they should be, told from themselves.

What belongs here: opening what was written and comparing it with the settings and the window. What
does not: making anything. A problem is returned as a sentence; no problem as an empty string.
"""

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.figures.dependence import dependence_matrices
from zwu_ts_assets.figures.mp4 import probe_mp4


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


def video_problem(video: bytes, width: int, height: int, frames: int, fps: float) -> str:
    """Whether a video decodes, whole, to the expected frames."""
    try:
        found = probe_mp4(video, frames)
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
