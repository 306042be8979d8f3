"""Six matrices -> an RGB frame.

What belongs here: what a window's values change on a figure, drawn onto the template. What does
not: what all figures share (`figure_template`), where things are (`figure_layout`), the matrices
(`dependence`), how a frame is stored (`frame_files`).

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

import math
from functools import lru_cache
from typing import NamedTuple

import matplotlib
import numpy as np
from numpy.typing import NDArray

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.figures.colour_bars import draw_bar_ticks, levelled, value_range
from zwu_ts_assets.figures.colour_ranges import PanelRanges
from zwu_ts_assets.figures.dependence import DependenceMatrices, Matrix, dependence_matrices
from zwu_ts_assets.figures.figure_layout import TITLE_POINTS, Canvas
from zwu_ts_assets.figures.figure_template import (
    COLOUR_MAPS,
    PEARSON_PANELS,
    Template,
    baseline_shift,
    template,
)
from zwu_ts_assets.figures.frame_files import encode_png, thumbnail
from zwu_ts_assets.figures.text_stamps import (
    BLACK,
    DARK,
    WHITE,
    Placed,
    drawable,
    stamp_text,
    text_stamps,
)
from zwu_ts_assets.timeseries.selection import Selection

__all__ = ["Canvas", "draw_figure", "draw_matrices", "encode_png", "thumbnail"]

Frame = NDArray[np.uint8]

_COLOURS = 256
NUMBER_FORMATS = (".1f", ".2f", ".2f")
"""Of the numbers in the three feature panels."""
_NUMBER_POINTS = (10.0, 9.0, 8.0, 7.0, 6.0, 5.0)
_LEAST_NUMBER_PIXELS = 5


def draw_figure(
    values: Matrix,
    features: tuple[str, ...],
    canvas: Canvas = Canvas(),  # noqa: B008 - frozen
    title_prefix: str = "",
    ranges: PanelRanges | None = None,
    shown: Selection | None = None,
) -> Frame:
    """Draw the figure of a window or a patch.

    Args:
        values: (rows, features) float64, finite, at least two rows.
        features: The names of the columns.
        canvas: The size in pixels.
        title_prefix: Printed before each title, e.g. "Batch 0 ". Empty by default: the batch's
            index would tell a model where in time it is.
        ranges: The ends of the colours, from `colour_ranges`; values beyond get the colour of the
            end. Without them each panel's colours span its own values. Pearson is -1..1 always.
        shown: The columns that the feature panels show; None for all.

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
    return draw_matrices(matrices, features, canvas, title_prefix, ranges, shown)


def draw_matrices(
    matrices: DependenceMatrices,
    features: tuple[str, ...],
    canvas: Canvas = Canvas(),  # noqa: B008 - frozen
    title_prefix: str = "",
    ranges: PanelRanges | None = None,
    shown: Selection | None = None,
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
        kept, size = template(names, length, canvas), f"{count}x{count}"
    else:
        kept = template(names, length, canvas, shown.suffixes)
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
        scale = _colour_scale(COLOUR_MAPS[i])
        cells = _colour_index(matrix, low, high)
        _fill_cells(frame, kept, i, scale.colours.take(cells, axis=0))
        if i < 3:
            texts += _numbers(kept, i, matrix, scale.dark_text[cells])
        if i not in PEARSON_PANELS:
            texts += draw_bar_ticks(frame, kept.bars, i, low, high)
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
