"""The same figure drawn by matplotlib and seaborn alone, slowly.

It shares no drawing with the renderer: of the layout it takes where panels and colour bars are, how
names run, and the sizes of text where the renderer's documented rules make it smaller. What differs
from seaborn is said to seaborn here, or drawn with matplotlib: numbers without the sign of a zero,
names that stand once behind numbers, and what white cells mean.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import matplotlib
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle as Patch
from numpy.typing import NDArray

from zwu_ts_assets.figures.colours import PanelRanges
from zwu_ts_assets.figures.dependence import DependenceMatrices
from zwu_ts_assets.figures.figure_layout import Layout


@dataclass
class OracleFigure:
    """What the slow drawing gives: the pixels and every string in it, panel by panel."""

    pixels: NDArray[np.uint8]
    titles: list[str]
    bar_labels: list[list[str]]
    bar_factors: list[str]
    numbers: list[list[str]]


@contextmanager
def _default_style() -> Iterator[None]:
    with plt.style.context("default"):
        yield


def draw_slowly(
    matrices: DependenceMatrices,
    layout: Layout,
    *,
    title_prefix: str = "",
    title_points: float = 12.0,
    number_points: tuple[float, float, float] = (10.0, 10.0, 10.0),
    ranges: PanelRanges | None = None,
    features_told: str = "{0}x{0}",
    clear: bool = False,
) -> OracleFigure:
    """Draw the six matrices with `seaborn.heatmap`, on the layout's rectangles."""
    canvas = layout.canvas
    panels = [
        (f"Feature DTW ({features_told})", matrices.feature_dtw, "viridis", ".1f"),
        ("Feature Covariance (FFT Magnitude)", matrices.feature_covariance, "coolwarm", ".2f"),
        ("Feature Pearson (FFT Magnitude)", matrices.feature_pearson, "coolwarm", ".2f"),
        ("Time DTW ({0}x{0})", matrices.time_dtw, "viridis" if clear else "viridis_r", ""),
        ("Time Covariance", matrices.time_covariance, "coolwarm", ""),
        ("Time Pearson", matrices.time_pearson, "coolwarm", ""),
    ]
    fixed: dict[int, tuple[float, float]] = {2: (-1.0, 1.0), 5: (-1.0, 1.0)}
    if ranges is not None:
        fixed |= {0: ranges.feature_dtw, 1: ranges.feature_covariance}
        fixed |= {3: ranges.time_dtw, 4: ranges.time_covariance}
    with _default_style():
        matplotlib.use("agg")
        figure = plt.figure(dpi=canvas.dpi)
        # A hair more where the product would be truncated to one pixel less.
        size = np.array([canvas.width, canvas.height]) / canvas.dpi
        size = np.where(size * canvas.dpi < [canvas.width, canvas.height], size * (1 + 1e-15), size)
        figure.set_size_inches(float(size[0]), float(size[1]))
        axes = [_axes(figure, layout, i, bar=False) for i in range(6)]
        bars = [_axes(figure, layout, i, bar=True) for i in range(6)]
        for i in range(6):
            title, matrix, colours, form = panels[i]
            # Each heatmap draws the whole figure to see whether its own labels overlap.
            for other in (*axes, *bars):
                other.set_visible(other in (axes[i], bars[i]))
            ax, feature = axes[i], form != ""
            annotated = feature and number_points[i] > 0
            names = list(layout.feature_labels) if feature else list(range(len(matrix)))
            every = layout.feature_step if feature else layout.time_step
            numbered = feature and layout.numbered
            sns.heatmap(
                pd.DataFrame(matrix, names, names),
                ax=ax,
                cbar_ax=bars[i],
                cmap=colours,
                vmin=fixed[i][0] if i in fixed else None,
                vmax=fixed[i][1] if i in fixed else None,
                annot=_without_signs_of_zero(matrix, form) if annotated else False,
                fmt=form or ".2g",
                annot_kws={"size": number_points[i]} if annotated else None,
                xticklabels=every,
                yticklabels=every,
            )
            if numbered:
                _number(ax, layout, first=i == 0)
            ax.set_title(
                title_prefix + title.format(len(matrix)), fontsize=title_points, parse_math=False
            )
            for text in (*ax.get_xticklabels(), *ax.get_yticklabels()):
                text.set_parse_math(False)
        for ax in (*axes, *bars):
            ax.set_visible(True)
        axes[3].set(xlabel="Time Step", ylabel="Time Step")
        for ax in axes[4:] if clear else ():
            ax.set(xlabel="Time Step")
        for i in range(6):
            if np.isnan(panels[i][1]).any():
                _explain_white(figure, layout, i)
        figure.canvas.draw()
        pixels = np.asarray(figure.canvas.buffer_rgba())[..., :3].copy()  # type: ignore[attr-defined]
        drawn = OracleFigure(
            pixels=pixels,
            titles=[ax.get_title() for ax in axes],
            bar_labels=[_visible_labels(bar) for bar in bars],
            bar_factors=[bar.yaxis.get_offset_text().get_text() for bar in bars],
            numbers=[[text.get_text() for text in ax.texts] for ax in axes],
        )
        plt.close(figure)
    return drawn


def _without_signs_of_zero(matrix: NDArray[np.float64], form: str) -> NDArray[np.float64]:
    """What is printed: rounded, and no zero is negative."""
    rounded = [float(format(value, form)) for value in matrix.flat]
    return np.reshape(rounded, matrix.shape) + 0.0


def _number(ax: Axes, layout: Layout, *, first: bool) -> None:
    """Numbers from 1 in place of the names, which stand behind them left of the first panel."""
    count = len(layout.feature_labels)
    left = [
        f"{i + 1}  {layout.feature_labels[i]}" if first else str(i + 1)
        for i in range(0, count, layout.feature_step)
    ]
    ax.set_yticks(
        [i + 0.5 for i in range(0, count, layout.feature_step)],
        left,
        rotation=0,
        fontsize=layout.name_points,
    )
    below = range(layout.number_step, count + 1, layout.number_step)
    ax.set_xticks([number - 0.5 for number in below], list(map(str, below)), rotation=0)


def _explain_white(figure: Figure, layout: Layout, i: int) -> None:
    """A white square with a grey edge below the colour bar, and its meaning beside it."""
    canvas, bar = layout.canvas, layout.bars[i]
    scale = min(canvas.width / 1792, canvas.height / 992)
    side, edge = max(5, round(12 * scale)), max(1, round(scale))
    middle = bar.top + bar.height + round(18 * scale)
    left, bottom = bar.left, canvas.height - (middle - side // 2) - side
    for colour, inset in (("#808080", 0), ("white", edge)):
        size = side - 2 * inset
        place = (left + inset, bottom + inset)
        figure.add_artist(Patch(place, size, size, fc=colour, lw=0, transform=None))
    x, y = left + 1.4 * side, canvas.height - middle
    figure.text(x, y, "no value", size=10, va="center", transform=None)


def _axes(figure: Figure, layout: Layout, i: int, *, bar: bool) -> Axes:
    box = layout.bars[i] if bar else layout.panels[i]
    width, height = layout.canvas.width, layout.canvas.height
    bottom = height - box.top - box.height
    return figure.add_axes(
        (box.left / width, bottom / height, box.width / width, box.height / height)
    )


def _visible_labels(bar: Axes) -> list[str]:
    low, high = sorted(bar.get_ylim())
    margin = 1e-10 * (high - low)
    return [
        tick.label2.get_text()
        for tick in bar.yaxis.get_major_ticks()
        if low - margin <= tick.get_loc() <= high + margin
    ]
