"""The original approach, as plainly as it was: what the ratios divide by.

Each window gets a new matplotlib figure, drawn by seaborn from scratch and laid out anew; DTW is
two nested loops of Python; each video starts an encoder with its defaults. Nothing here is shared
with the package, and nothing in the package may come to depend on it.
"""

from pathlib import Path
from typing import Any

import imageio.v3 as iio
import matplotlib
import numpy as np
from numpy.typing import NDArray

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import seaborn as sns
from matplotlib.figure import Figure

Matrix = NDArray[np.float64]


def dtw(a: Matrix, b: Matrix) -> float:
    """Dynamic time warping with the cost |a - b|, no band, no square root."""
    n, m = len(a), len(b)
    distance = np.full((n + 1, m + 1), np.inf)
    distance[0, 0] = 0.0
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            cost = abs(a[i - 1] - b[j - 1])
            distance[i, j] = cost + min(
                distance[i - 1, j], distance[i, j - 1], distance[i - 1, j - 1]
            )
    return float(distance[n, m])


def dtw_matrix(rows: Matrix) -> Matrix:
    """DTW between every two rows."""
    count = len(rows)
    matrix = np.zeros((count, count))
    for i in range(count):
        for j in range(i + 1, count):
            matrix[i, j] = matrix[j, i] = dtw(rows[i], rows[j])
    return matrix


def draw(window: Matrix, features: tuple[str, ...]) -> "Figure":
    """The 2x3 figure of one window, (rows, features)."""
    z = (window - window.mean(axis=0)) / (window.std(axis=0) + 1e-5)
    spectrum = np.abs(np.fft.rfft(z, axis=0))
    with np.errstate(all="ignore"):
        panels = [
            ("Feature DTW", dtw_matrix(z.T), "viridis", ".1f", None),
            ("Feature Covariance (FFT Magnitude)", np.cov(spectrum.T), "coolwarm", ".2f", None),
            ("Feature Pearson (FFT Magnitude)", np.corrcoef(spectrum.T), "coolwarm", ".2f", 1.0),
            ("Time DTW", dtw_matrix(z), "viridis_r", None, None),
            ("Time Covariance", np.cov(z), "coolwarm", None, None),
            ("Time Pearson", np.corrcoef(z), "coolwarm", None, 1.0),
        ]
    figure, axes = plt.subplots(2, 3, figsize=(17.92, 9.92))
    for axis, (title, matrix, colours, number, limit) in zip(axes.flat, panels, strict=True):
        names: Any = {"xticklabels": features, "yticklabels": features} if number else {}
        sns.heatmap(
            matrix,
            ax=axis,
            cmap=colours,
            annot=number is not None,
            fmt=number or "",
            vmin=None if limit is None else -limit,
            vmax=limit,
            **names,
        )
        axis.set_title(title)
    plt.tight_layout()
    return figure


def figure_png(window: Matrix, features: tuple[str, ...], path: Path) -> None:
    """One window as a PNG on disk."""
    figure = draw(window, features)
    figure.savefig(path)
    plt.close(figure)


def patch_frames(window: Matrix, features: tuple[str, ...]) -> list[NDArray[np.uint8]]:
    """One frame per patch of 24 rows at stride 12."""
    frames = []
    for start in range(0, len(window) - 24 + 1, 12):
        figure = draw(window[start : start + 24], features)
        canvas: Any = figure.canvas  # Agg's, which the base class does not promise
        canvas.draw()
        frames.append(np.asarray(canvas.buffer_rgba())[..., :3].copy())
        plt.close(figure)
    return frames


def video_mp4(window: Matrix, features: tuple[str, ...], path: Path) -> None:
    """One window as a video on disk."""
    iio.imwrite(path, np.stack(patch_frames(window, features)), fps=2, codec="h264")
