"""What all figures of one kind share, drawn once by matplotlib.

What belongs here: the static pixels (axes, names, time labels, colour bars, the ticks of the
Pearson bars) and the measurements from which `figure` adds the rest. What does not: anything that
depends on a window's values.

Positions and shapes are not computed by formulas of ours but measured on what matplotlib draws, so
that a figure equals matplotlib's to the pixel. (Since matplotlib 3.11, which places each character
on its own; before, it moved whole texts to whole pixels, and ours may lie one pixel beside.)
Seaborn's part of the look is small (no spines, vertical names, no outline of the colour bar) and
set here directly: importing seaborn takes longer than drawing a hundred figures.
"""

import warnings
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from zwu_ts_assets.figures.agg import (
    add_axes,
    default_settings,
    exact_figure,
    recorded_texts,
    rendered,
)
from zwu_ts_assets.figures.colour_bars import BarTemplate, measure_bars
from zwu_ts_assets.figures.figure_layout import (
    LABEL_POINTS,
    MEASURED,
    TITLE_POINTS,
    Canvas,
    Layout,
    Rectangle,
    make_layout,
)
from zwu_ts_assets.figures.text_stamps import BLACK, FONT, Placed, drawable, text_stamps

COLOUR_MAPS = ("viridis", "coolwarm", "coolwarm", "viridis_r", "coolwarm", "coolwarm")
"""Of the six panels, row by row."""
PEARSON_PANELS = (2, 5)
"""The panels whose range is always -1..1, so that their colour bars are static."""


@dataclass(frozen=True, eq=False)
class Template:
    """The static part of a figure.

    Attributes:
        layout: Where everything is.
        pixels: (height, width, 3), everything static.
        cell_rows: For the feature panels and the time panels: the cell that each row of the panel's
            pixels shows; the number of cells where it shows none.
        cell_columns: Likewise for the columns of pixels.
        edge_stamps: The ends of tick marks that reach onto the panels, to be drawn over the cells.
        title_anchors: For each panel's title the middle of its baseline, in pixels from the left
            and from the bottom.
        bars: How the other colour bars get their ticks.
    """

    layout: Layout
    pixels: NDArray[np.uint8]
    cell_rows: tuple[NDArray[np.intp], ...]
    cell_columns: tuple[NDArray[np.intp], ...]
    edge_stamps: list[Placed]
    title_anchors: tuple[tuple[float, float], ...]
    bars: BarTemplate


@lru_cache(maxsize=8)
def template(
    features: tuple[str, ...], length: int, canvas: Canvas, suffixes: tuple[str, ...] = ()
) -> Template:
    """Draw the template of a kind of figure at the first call; later calls get the same one.

    Args:
        features: Names of the features that are shown.
        length: Rows of a window.
        canvas: The canvas.
        suffixes: What follows each name, such as ` +4`; nothing if it is empty.
    """
    names = drawable_names(features)
    with default_settings():
        width = text_stamps(LABEL_POINTS, canvas.dpi).width
        layout = make_layout(names, length, canvas, width, suffixes)
        pixels = rendered(_static_figure(layout, length))
        kinds = ((layout.panels[0], len(names)), (layout.panels[3], length))
        return Template(
            layout=layout,
            pixels=pixels,
            cell_rows=tuple(_cell_map(canvas, *kind, axis=0) for kind in kinds),
            cell_columns=tuple(_cell_map(canvas, *kind, axis=1) for kind in kinds),
            edge_stamps=[_edge_stamp(pixels, panel) for panel in layout.panels],
            title_anchors=_title_anchors(canvas, layout.panels),
            bars=measure_bars(canvas, layout.bars),
        )


@lru_cache(maxsize=16)
def baseline_shift(points: float, dpi: float) -> float:
    """How far the baseline of a number lies above the middle of its box, in pixels."""
    with default_settings():
        figure = Figure(dpi=dpi)
        figure.text(0, 0, "0", size=points, ha="center", va="center", transform=None)
        return recorded_texts(figure)[0].y


def drawable_names(features: tuple[str, ...]) -> tuple[str, ...]:
    """Replace what cannot be drawn in names of features by "\ufffd", and warn of it."""
    features = tuple(feature[:MEASURED] for feature in features)
    names = tuple(map(drawable, features))
    changed = [feature for feature, name in zip(features, names, strict=True) if feature != name]
    if changed:
        some = ", ".join(repr(name[:40]) for name in changed[:10])
        warnings.warn(
            f"the figures show \ufffd for characters of feature names ({len(changed)}: {some}) "
            f"that the font {FONT} lacks or that cannot be drawn",
            stacklevel=5,
        )
    return names


def _static_figure(layout: Layout, length: int) -> Figure:
    figure = exact_figure(layout.canvas)
    for i, (panel, bar) in enumerate(zip(layout.panels, layout.bars, strict=True)):
        ax = add_axes(figure, layout.canvas, panel)
        ax.spines[:].set_visible(False)
        if i < 3:
            _label_features(ax, layout)
        else:
            _label_time(ax, length, layout.time_step)
        if i == 3:
            ax.set(xlabel="Time Step", ylabel="Time Step")
        pearson = i in PEARSON_PANELS
        colours = ScalarMappable(Normalize(-1 if pearson else 0, 1), COLOUR_MAPS[i])
        colour_bar = figure.colorbar(colours, cax=add_axes(figure, layout.canvas, bar))
        colour_bar.outline.set_linewidth(0)
        if not pearson:
            colour_bar.set_ticks([])
    return figure


def _label_features(ax: Axes, layout: Layout) -> None:
    count = len(layout.feature_labels)
    ax.set(xlim=(0, count), ylim=(count, 0))
    positions = np.arange(0, count, layout.feature_step) + 0.5
    shown = layout.feature_labels[:: layout.feature_step]
    below = "vertical" if layout.names_below_vertical else "horizontal"
    left = "horizontal" if layout.names_left_horizontal else "vertical"
    # A dollar sign in a name is a dollar sign, not the start of a formula.
    ax.set_xticks(positions, shown, rotation=below, parse_math=False)
    ax.set_yticks(positions, shown, rotation=left, va="center", parse_math=False)


def _label_time(ax: Axes, length: int, step: int) -> None:
    ax.set(xlim=(0, length), ylim=(length, 0))
    steps = np.arange(0, length, step)
    shown = [str(i) for i in steps]
    ax.set_xticks(steps + 0.5, shown)
    ax.set_yticks(steps + 0.5, shown, rotation="vertical", va="center")


def _edge_stamp(pixels: NDArray[np.uint8], panel: Rectangle) -> Placed:
    """What was drawn onto a panel without cells: the ends of tick marks, black on white."""
    area = pixels[panel.top : panel.top + panel.height, panel.left : panel.left + panel.width]
    rows, columns = np.nonzero(area[..., 0] < 255)
    coverage = 255 - area[rows, columns, 0].astype(np.intp)
    return np.stack([rows, columns, coverage]), panel.top, panel.left, BLACK


@lru_cache(maxsize=8)  # figures of windows and of patches differ in less than that
def _title_anchors(
    canvas: Canvas, panels: tuple[Rectangle, ...]
) -> tuple[tuple[float, float], ...]:
    figure = exact_figure(canvas)
    for panel in panels:
        ax = add_axes(figure, canvas, panel)
        ax.set(xticks=[], yticks=[])
        ax.set_title("0")
    half = text_stamps(TITLE_POINTS, canvas.dpi).width("0") / 2
    return tuple((title.x + half, title.y) for title in recorded_texts(figure))


@lru_cache(maxsize=16)  # the feature panels of windows and of patches are the same
def _cell_map(canvas: Canvas, panel: Rectangle, count: int, axis: int) -> NDArray[np.intp]:
    """For the rows (`axis` 0) or columns of a panel's pixels, which of `count` cells each shows.

    Measured on a mesh of one column, or one row, in which each cell's colour is its number.
    """
    figure = exact_figure(canvas)
    ax = add_axes(figure, canvas, panel)
    ax.set_axis_off()
    numbers = np.arange(count)
    colours = np.stack([numbers % 256, numbers // 256, np.zeros(count)], axis=1) / 255
    whole, edges = np.array([0, count]), np.arange(count + 1)
    x, y, cells = (whole, edges, numbers[:, None]) if axis == 0 else (edges, whole, numbers[None])
    ax.pcolormesh(x, y, cells, cmap=ListedColormap(colours), vmin=-0.5, vmax=count - 0.5)
    ax.set(xlim=(0, count), ylim=(count, 0))
    area = rendered(figure)[
        panel.top : panel.top + panel.height, panel.left : panel.left + panel.width
    ].astype(np.intp)
    line = area[:, panel.width // 2] if axis == 0 else area[panel.height // 2]
    is_background = line[:, 2] == 255
    return np.where(is_background, count, line[:, 0] + 256 * line[:, 1])
