"""The same line plot drawn by matplotlib alone, slowly, with its own axes, ticks and lines.

Of the renderer it takes only the layout: where panels are and which labels there is room for.
"""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from zwu_ts_assets.figures.line_plot import LineLayout


def draw_lines_slowly(
    values: NDArray[np.float64], titles: list[str], layout: LineLayout, title_points: float
) -> NDArray[np.uint8]:
    """Draw (rows, features) values; (height, width, 3) RGB."""
    canvas, rows = layout.canvas, len(values)
    with plt.style.context("default"):
        plt.switch_backend("agg")
        figure = plt.figure(dpi=canvas.dpi)
        # A hair more where the product would be truncated to one pixel less.
        size = np.array([canvas.width, canvas.height]) / canvas.dpi
        size = np.where(size * canvas.dpi < [canvas.width, canvas.height], size * (1 + 1e-15), size)
        figure.set_size_inches(float(size[0]), float(size[1]))
        axes = [
            _draw_panel(figure, layout, i, values[:, i], rows, title, title_points)
            for i, title in enumerate(titles)
        ]
        figure.canvas.draw()  # so that the axes know their common factors
        for ax in axes:
            _move_factor(figure, ax, layout)
        figure.canvas.draw()
        pixels = np.asarray(figure.canvas.buffer_rgba())[..., :3].copy()  # type: ignore[attr-defined]
        plt.close(figure)
    return pixels


def _draw_panel(
    figure: Figure,
    layout: LineLayout,
    i: int,
    column: NDArray[np.float64],
    rows: int,
    title: str,
    title_points: float,
) -> Axes:
    box, width, height = layout.panels[i], layout.canvas.width, layout.canvas.height
    bottom = height - box.top - box.height
    ax = figure.add_axes(
        (box.left / width, bottom / height, box.width / width, box.height / height)
    )
    low, high = column.min(), column.max()
    if low == high:
        low, high = (low - abs(low) / 10, high + abs(high) / 10) if low else (-0.1, 0.1)
    twentieth = (high - low) / 20
    ax.set_ylim(low - twentieth, high + twentieth)
    ax.set_xlim(-(rows - 1) / 100, (rows - 1) * 1.01)
    ax.plot(column, color="#1f4e9c", linewidth=1.6 * layout.label_points / 10)
    steps = range(0, rows, layout.time_step)
    below = i + layout.columns >= len(layout.panels)
    ax.set_xticks(steps, [str(k) if below or layout.steps_everywhere else "" for k in steps])
    if layout.gutter:
        steps_of_values = layout.value_steps
        ax.yaxis.set_major_locator(MaxNLocator(steps_of_values, steps=[1, 2, 2.5, 5, 10]))
        lowest, highest = ax.get_ylim()
        while sum(lowest <= tick <= highest for tick in ax.get_yticks()) < 2:
            steps_of_values += 1
            ax.yaxis.set_major_locator(MaxNLocator(steps_of_values, steps=[1, 2, 2.5, 5, 10]))
    else:
        ax.set_yticks([])
    ax.tick_params(length=0, pad=4, labelsize=layout.label_points)
    ax.grid(color="#d9d9d9", linewidth=0.8)
    for spine in ax.spines.values():
        spine.set(color="#7f7f7f", linewidth=0.8)
    if below:
        ax.set_xlabel(layout.axis_name, fontsize=layout.label_points, labelpad=1)
    ax.set_title(title, fontsize=title_points, parse_math=False)
    return ax


def _move_factor(figure: Figure, ax: Axes, layout: LineLayout) -> None:
    """Put the common factor over the labels that it belongs to, level with the title."""
    factor, points = ax.yaxis.get_offset_text(), layout.canvas.dpi / 72
    figure.text(
        (ax.bbox.x0 - 4 * points) / layout.canvas.width,
        (ax.bbox.y1 + 6 * points) / layout.canvas.height,
        factor.get_text(),
        fontsize=layout.label_points,
        ha="right",
        va="baseline",
    )
    factor.set_visible(False)
