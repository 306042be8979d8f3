"""The 2x3 figure of a window: an RGB frame, and its bytes as PNG or JPEG.

What does not change between windows is drawn once, as a template; a figure adds its panels, its
colour bars and their labels.

Positions and shapes are not computed by formulas of ours but measured on what matplotlib draws, so
that a figure equals matplotlib's to the pixel. (Since matplotlib 3.11, which places each character
on its own; before, it moved whole texts to whole pixels, and ours may lie one pixel beside.)
Seaborn's part of the look is small (no spines, vertical names, no outline of the colour bar) and
set here directly: importing seaborn takes longer than drawing a hundred figures.

The figure is the one that seaborn draws: six annotated heat maps with colour bars. It is drawn here
in three steps, none of which starts matplotlib's machinery: cells get their colours by table
lookup and are expanded to pixels; titles, numbers and labels are stamped from characters that
matplotlib drew once; marks of the colour bars are copied. The result equals matplotlib's drawing.

Numbers in cells have 10 points where they fit (with "-0.00" and the panel's longest number as the
measure), else 9, 8, 7, 6 or 5; where 5 points do not fit, or are less than 5 pixels high, the panel
has colours only. Titles have 12 points, or less where one would be wider than its column.

Where there are many columns, feature panels show a selection of them, and the title of the first
says so: "Feature DTW (100 of 321)". The time panels are of all columns always.
"""

import io
import math
import struct
import warnings
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

import matplotlib
import numpy as np
from isal import isal_zlib
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.figures.colours import (
    BarTemplate,
    PanelRanges,
    draw_bar_ticks,
    explain_white,
    levelled,
    measure_bars,
    value_range,
)
from zwu_ts_assets.figures.dependence import DependenceMatrices, Matrix, dependence_matrices
from zwu_ts_assets.figures.figure_layout import (
    LABEL_POINTS,
    MEASURED,
    TITLE_POINTS,
    Canvas,
    Layout,
    Rectangle,
    make_layout,
)
from zwu_ts_assets.figures.rendering import (
    BLACK,
    DARK,
    FONT,
    WHITE,
    Placed,
    add_axes,
    baseline_shift,
    default_settings,
    drawable,
    exact_figure,
    recorded_texts,
    rendered,
    stamp_text,
    text_stamps,
)
from zwu_ts_assets.timeseries.windows import Selection

Look = Literal["original", "clear"]
"""`"original"`: near is dark in the feature panel of DTW and bright in the time panel, and the
first time panel says what it counts. `"clear"`: near is dark in both, and each time panel says so.
"""

COLOUR_MAPS: Mapping[Look, tuple[str, ...]] = {
    "original": ("viridis", "coolwarm", "coolwarm", "viridis_r", "coolwarm", "coolwarm"),
    "clear": ("viridis", "coolwarm", "coolwarm", "viridis", "coolwarm", "coolwarm"),
}
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
    features: tuple[str, ...],
    length: int,
    canvas: Canvas,
    suffixes: tuple[str, ...] = (),
    look: Look = "original",
) -> Template:
    """Draw the template of a kind of figure at the first call; later calls get the same one.

    Args:
        features: Names of the features that are shown.
        length: Rows of a window.
        canvas: The canvas.
        suffixes: What follows each name, such as ` +4`; nothing if it is empty.
        look: How it looks.
    """
    names = drawable_names(features)
    with default_settings():
        width = text_stamps(LABEL_POINTS, canvas.dpi).width
        layout = make_layout(names, length, canvas, width, suffixes)
        pixels = rendered(_static_figure(layout, length, look))
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


def drawable_names(features: tuple[str, ...]) -> tuple[str, ...]:
    """Replace what cannot be drawn in names of features by "\ufffd", and warn of it."""
    half = MEASURED // 2
    features = tuple(f if len(f) <= MEASURED else f[:half] + f[-half:] for f in features)
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


def _static_figure(layout: Layout, length: int, look: Look) -> Figure:
    figure = exact_figure(layout.canvas)
    for i, (panel, bar) in enumerate(zip(layout.panels, layout.bars, strict=True)):
        ax = add_axes(figure, layout.canvas, panel)
        ax.spines[:].set_visible(False)
        if i < 3:
            _label_features(ax, layout, i)
        else:
            _label_time(ax, length, layout.time_step)
        if i == 3:
            ax.set(xlabel="Time Step", ylabel="Time Step")
        elif i > 3 and look == "clear":
            ax.set(xlabel="Time Step")
        pearson = i in PEARSON_PANELS
        colours = ScalarMappable(Normalize(-1 if pearson else 0, 1), COLOUR_MAPS[look][i])
        colour_bar = figure.colorbar(colours, cax=add_axes(figure, layout.canvas, bar))
        colour_bar.outline.set_linewidth(0)
        if not pearson:
            colour_bar.set_ticks([])
    return figure


def _label_features(ax: Axes, layout: Layout, panel: int) -> None:
    count, step = len(layout.feature_labels), layout.feature_step
    ax.set(xlim=(0, count), ylim=(count, 0))
    positions = np.arange(count) + 0.5
    shown = layout.left_labels(panel)[::step]
    left = "horizontal" if layout.names_left_horizontal else "vertical"
    # A dollar sign in a name is a dollar sign, not the start of a formula.
    ax.set_yticks(
        positions[::step],
        shown,
        rotation=left,
        va="center",
        parse_math=False,
        size=layout.name_points,
    )
    turned = "vertical" if layout.names_below_vertical else "horizontal"
    below: Sequence[str] = layout.feature_labels
    first = 0
    if layout.numbered:  # 5, 10, 15 are easier to count on from than 1, 6, 11
        step, below = layout.number_step, layout.numbers
        first = step - 1
    ax.set_xticks(positions[first::step], below[first::step], rotation=turned, parse_math=False)


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


Frame = NDArray[np.uint8]


def encode_png(frame: Frame) -> bytes:
    """Encode a frame as PNG, losslessly and with the same bytes each time.

    Rows are stored as differences to the row above, for most rows of a figure repeat the one above.
    ISA-L deflates them in a sixth of zlib's time to the same size; and its bytes are those of its
    version alone, where zlib's are also those of the zlib that a Python was built with.
    """
    height, width, _ = frame.shape
    rows = np.ascontiguousarray(frame).reshape(height, width * 3)
    filtered = np.empty((height, 1 + width * 3), dtype=np.uint8)
    filtered[:, 0] = 2  # filter type "up"
    filtered[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=filtered[1:, 1:])

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)  # 8 bits, RGB
    data = isal_zlib.compress(filtered.data, 1)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


def thumbnail(frame: Frame, width: int = 448) -> bytes:
    """Encode a small JPEG of a frame, for metadata and previews.

    Args:
        frame: (height, width, 3) RGB.
        width: The thumbnail's width in pixels; its height keeps the proportions.
    """
    image = Image.fromarray(frame)
    height = max(1, round(image.height * width / image.width))
    buffer = io.BytesIO()
    image.resize((width, height), Image.Resampling.BOX, reducing_gap=1.0).save(
        buffer, "JPEG", quality=50
    )
    return buffer.getvalue()


__all__ = ["Canvas", "draw_figure", "draw_matrices", "encode_png", "thumbnail"]


_COLOURS = 256
NUMBER_FORMATS = ("z.1f", "z.2f", "z.2f")
"""Of the numbers in the three feature panels; what is rounded to zero has no sign."""
_NUMBER_POINTS = (10.0, 9.0, 8.0, 7.0, 6.0, 5.0)
_LEAST_NUMBER_PIXELS = 5


def draw_figure(
    values: Matrix,
    features: tuple[str, ...],
    canvas: Canvas = Canvas(),  # noqa: B008 - frozen
    title_prefix: str = "",
    ranges: PanelRanges | None = None,
    shown: Selection | None = None,
    look: Look = "original",
) -> Frame:
    """Draw the figure of a window or a patch.

    Args:
        values: (rows, features) float64, finite, at least two rows.
        features: The names of the columns.
        canvas: The size in pixels.
        title_prefix: Printed before each title, e.g. "Batch 0 ". Empty by default: the batch's
            index would tell a model where in time it is.
        ranges: The ends of the colours, from `colours.fit_ranges`; values beyond get the colour of
            the end. Without them each panel's colours span its own values. Pearson is -1..1 always.
        shown: The columns that the feature panels show; None for all.
        look: How it looks.

    Returns:
        (height, width, 3) RGB.

    Raises:
        CorpusError: The values are not finite, or their shape does not fit.
    """
    if shown is None:
        matrices = dependence_matrices(values)
    else:
        shown.names(features)  # says what is wrong if it is of another table
        matrices = dependence_matrices(values, shown.columns)
    return draw_matrices(matrices, features, canvas, title_prefix, ranges, shown, look)


def draw_matrices(
    matrices: DependenceMatrices,
    features: tuple[str, ...],
    canvas: Canvas = Canvas(),  # noqa: B008 - frozen
    title_prefix: str = "",
    ranges: PanelRanges | None = None,
    shown: Selection | None = None,
    look: Look = "original",
) -> Frame:
    """Draw six matrices; arguments and result as for `draw_figure`.

    With a selection, the feature matrices are those of the columns that are shown.
    """
    count, length = len(matrices.feature_dtw), len(matrices.time_dtw)
    names = features if shown is None else shown.names(features)
    if len(names) != count:
        raise CorpusError(
            f"{len(names)} feature names for {count} columns of values: give one name per column"
        )
    if shown is None:
        kept, size = template(names, length, canvas, look=look), f"{count}x{count}"
    else:
        kept = template(names, length, canvas, shown.suffixes, look)
        size = f"{count} of {len(features)}"
    frame = _titled(kept, size, length, drawable(title_prefix)).copy()
    panels = (
        levelled(matrices.feature_dtw),
        levelled(matrices.feature_covariance),
        matrices.feature_pearson,
        levelled(matrices.time_dtw),
        levelled(matrices.time_covariance),
        matrices.time_pearson,
    )
    texts = list(kept.edge_stamps)
    for i, (matrix, (low, high)) in enumerate(zip(panels, _ends(panels, ranges), strict=True)):
        scale = _colour_scale(COLOUR_MAPS[look][i])
        cells = _colour_index(matrix, low, high)
        _fill_cells(frame, kept, i, scale.colours.take(cells, axis=0))
        if i < 3:
            texts += _numbers(kept, i, matrix, scale.dark_text[cells])
        if i not in PEARSON_PANELS:
            texts += draw_bar_ticks(frame, kept.bars, i, low, high)
        if (cells == _COLOURS).any():
            texts += explain_white(frame, canvas, kept.layout.bars[i])
    stamp_text(frame, texts)
    return frame


def _ends(panels: tuple[Matrix, ...], ranges: PanelRanges | None) -> list[tuple[float, float]]:
    """The ends of the colours of the six panels."""
    if ranges is None:
        return [
            (-1.0, 1.0) if i in PEARSON_PANELS else value_range(matrix)
            for i, matrix in enumerate(panels)
        ]
    features = [ranges.feature_dtw, ranges.feature_covariance, (-1.0, 1.0)]
    return [*features, ranges.time_dtw, ranges.time_covariance, (-1.0, 1.0)]


class _ColourScale(NamedTuple):
    """A colour map as tables; the last entry is for NaN.

    Attributes:
        colours: (257, 3) levels as Agg rounds them.
        dark_text: (257,) whether text on the colour is dark, by seaborn's rule.
    """

    colours: NDArray[np.uint8]
    dark_text: NDArray[np.bool_]


@lru_cache(maxsize=8)
def _colour_scale(name: str) -> _ColourScale:
    colours = matplotlib.colormaps[name](np.arange(_COLOURS))[:, :3]
    # Relative luminance, https://www.w3.org/TR/WCAG20/#relativeluminancedef
    linear = np.where(colours <= 0.03928, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    dark_text = linear @ [0.2126, 0.7152, 0.0722] > 0.408
    levels = np.floor(colours * 255 + 0.5).astype(np.uint8)
    white = np.full((1, 3), 255, dtype=np.uint8)
    return _ColourScale(np.concatenate([levels, white]), np.append(dark_text, True))


def _colour_index(matrix: Matrix, low: float, high: float) -> NDArray[np.intp]:
    """The entry of a colour scale for each value, as Normalize and Colormap find it."""
    with np.errstate(invalid="ignore", over="ignore"):  # NaN is sorted out below
        # Clipped while still floats: a value far beyond a fixed range does not fit an integer.
        index = np.clip((matrix - low) / (high - low) * _COLOURS, 0, _COLOURS - 1).astype(np.intp)
    index[np.isnan(matrix)] = _COLOURS
    return index


def _fill_cells(frame: Frame, kept: Template, i: int, colours: NDArray[np.uint8]) -> None:
    """Expand the (cells, cells, 3) colours of panel `i` to its pixels."""
    panel = kept.layout.panels[i]
    count = len(colours)
    # One more row and column, white, for pixels that show no cell.
    padded = np.full((count + 1, count + 1, 3), 255, dtype=np.uint8)
    padded[:count, :count] = colours
    wide = padded.take(kept.cell_columns[i // 3], axis=1)
    frame[panel.top : panel.top + panel.height, panel.left : panel.left + panel.width] = wide.take(
        kept.cell_rows[i // 3], axis=0
    )


@lru_cache(maxsize=4)  # a few: one per kind of figure; prefixes change from window to window
def _titled(kept: Template, size: str, length: int, prefix: str) -> Frame:
    """The template with its titles; `size` is what the first one says of the features."""
    canvas = kept.layout.canvas
    titles = [
        prefix + title
        for title in (
            f"Feature DTW ({size})",
            "Feature Covariance (FFT Magnitude)",
            "Feature Pearson (FFT Magnitude)",
            f"Time DTW ({length}x{length})",
            "Time Covariance",
            "Time Pearson",
        )
    ]
    stamps = text_stamps(title_points(titles, kept.layout.column_pitch, canvas.dpi), canvas.dpi)
    placed = []
    for title, (middle, y) in zip(titles, kept.title_anchors, strict=True):
        x = middle - stamps.width(title) / 2
        placed += stamps.words(title, x, y, canvas.height, BLACK)
    frame = kept.pixels.copy()
    stamp_text(frame, placed)
    return frame


def title_points(titles: list[str], room: float, dpi: float) -> float:
    """The font size at which all titles fit into `room` pixels, at most 12 points."""
    widest = max(map(text_stamps(TITLE_POINTS, dpi).width, titles))
    return TITLE_POINTS * min(1.0, max(0.25, math.floor(100 * 0.97 * room / widest) / 100))


def number_points(texts: list[str], cell_width: float, cell_height: float, dpi: float) -> float:
    """The font size, in points, at which all numbers fit into cells of this size; 0 for none."""
    for points in _NUMBER_POINTS:
        em = points * dpi / 72
        if em < _LEAST_NUMBER_PIXELS:
            break
        if em <= 0.9 * cell_height:
            stamps = text_stamps(points, dpi)
            if max(map(stamps.number_width, ["-0.00", *texts])) <= 0.95 * cell_width:
                return points
    return 0.0


def _numbers(kept: Template, i: int, matrix: Matrix, dark_text: NDArray[np.bool_]) -> list[Placed]:
    canvas, panel, count = kept.layout.canvas, kept.layout.panels[i], len(matrix)
    width, height = panel.width / count, panel.height / count
    if not number_points([], width, height, canvas.dpi):
        return []  # with 100 features, formatting 10,000 numbers for nothing takes a while
    texts = [format(value, NUMBER_FORMATS[i]) for value in matrix.flat]
    points = number_points(texts, width, height, canvas.dpi)
    if not points:
        return []
    stamps = text_stamps(points, canvas.dpi)
    top = canvas.height - panel.top + baseline_shift(points, canvas.dpi)
    placed = []
    for cell, text in enumerate(texts):
        if text == "nan":
            continue
        row, column = divmod(cell, count)
        x = panel.left + (column + 0.5) * width - stamps.number_width(text) / 2
        y = top - (row + 0.5) * height
        colour = DARK if dark_text[row, column] else WHITE
        placed += stamps.number(text, x, y, canvas.height, colour)
    return placed
