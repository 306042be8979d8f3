"""Colour ranges of the panels, and the colour bars that tell them.

Without fixed ranges each panel's colours span its own smallest to largest value, so that one colour
means another number on each figure. With them a colour means one number throughout a corpus, and
the colour bars have the same ticks everywhere. Only training windows may be looked at: a range
that knows the test split's extremes tells a model about it.

The rule. Of each training window the smallest and the largest value of a panel are taken. The
range goes from the value that 2 % of the smallest ones lie below to the value that 2 % of the
largest ones lie above (nearest rank, so both are values of the data; of fewer than 50 windows it is
the smallest and the largest of all). Colours end there: what lies beyond has the colour of the end,
on training figures too; the numbers in feature cells stay exact. Not simply smallest to
largest: in ETTh1 a single window of 125 reaches a feature DTW of 168 where the middle one reaches
89, and would take half of the colours from all the others.

Time covariances come in both signs, and the sign is what one looks for: their range reaches equally
far to both sides, as far as the farther end, so that zero has the neutral colour in the middle, as
in the Pearson panel beside it. The covariances of FFT magnitudes are nearly all positive; half of
the colours would never be used, so their range is as fitted.

Patches have ranges of their own, fitted in the same way on the patches of the training windows:
their sums run over fewer rows. Pearson panels are -1..1 always.
"""

import copy
import json
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.ticker import MaxNLocator, ScalarFormatter
from matplotlib.transforms import Bbox, BboxTransformFrom, BboxTransformTo, Transform
from numpy.typing import NDArray

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.figures.dependence import DependenceMatrices, dependence_matrices
from zwu_ts_assets.figures.figure_layout import LABEL_POINTS, Canvas, Rectangle, swatch
from zwu_ts_assets.figures.rendering import (
    BLACK,
    Placed,
    add_axes,
    baseline_shift,
    default_settings,
    exact_figure,
    recorded_texts,
    rendered,
    text_stamps,
)
from zwu_ts_assets.timeseries.windows import Selection, patch_spans

# Sums of a thousand products, each rounded, may be apart by so much relatively.
_ROUNDING: Final = 1e-12


@lru_cache(maxsize=1)
def _formatter() -> ScalarFormatter:
    with default_settings():  # it takes its limits from them when it is made
        return ScalarFormatter(useOffset=True, useMathText=False, useLocale=False)


def value_range(values: NDArray[np.float64]) -> tuple[float, float]:
    """The range of an axis: smallest to largest value, widened where they are equal.

    Widened as matplotlib's colour bar does: by a tenth of the value to both sides, or to -0.1..0.1
    where all values are zero or smaller than 2e-287. NaN is passed over.
    """
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    magnitude = max(abs(low), abs(high))
    if magnitude < 1e6 / 1e-15 * np.finfo(float).tiny:
        return -0.1, 0.1
    if high - low <= magnitude * 1e-15:
        return low - 0.1 * abs(low), high + 0.1 * abs(high)
    return low, high


def levelled(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The values, or the smallest one in place of all where nothing but rounding parts them.

    The panels of columns that are affine copies of each other, such as Celsius and Kelvin, have one
    value everywhere, computed in several orders. Colours from end to end would show its last bits.
    NaN stays.
    """
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    if 0 < high - low <= max(abs(low), abs(high)) * _ROUNDING:
        return np.where(np.isnan(values), np.nan, low)
    return values


def value_locator(most_ticks: int) -> MaxNLocator:
    """Finds round numbers as an axis of matplotlib does, at most `most_ticks` steps of them."""
    return MaxNLocator(nbins=most_ticks, steps=[1, 2, 2.5, 5, 10])


def value_ticks(
    locator: MaxNLocator, low: float, high: float
) -> tuple[list[float], list[str], str]:
    """Positions and labels of the ticks of a range, and the common factor or offset of the labels.

    Args:
        locator: From `value_locator`.
        low: The lower end, finite.
        high: The upper end, above `low`.
    """
    margin = 1e-10 * (high - low)  # as matplotlib's axes decide whether a tick is inside
    positions = [
        float(position)
        for position in locator.tick_values(low, high)
        if low - margin <= position <= high + margin
    ]
    formatter = copy.copy(_formatter())  # it keeps state
    formatter.create_dummy_axis()
    assert formatter.axis is not None
    formatter.axis.set_view_interval(low, high)
    formatter.axis.set_data_interval(low, high)
    # A notebook may have switched the typographic minus off.
    labels = [label.replace("-", "−") for label in formatter.format_ticks(positions)]
    return positions, labels, formatter.get_offset().replace("-", "−")


@dataclass(frozen=True, eq=False)
class BarTemplate:
    """How matplotlib draws ticks and labels of the bars of a layout.

    Attributes:
        canvas: The canvas.
        boxes: The six bars in matplotlib's coordinates, pixels from the bottom left.
        label: Where labels start: (right of a bar's left edge, above the tick's position).
        factor: Where the common factor of the labels ends: (right of a bar's left edge, above its
            upper edge).
        tick_mark: (rows, columns, 3) pixels of a tick mark, right of a bar.
        tick_mark_row: The mark's first row, relative to the row of the tick's position.
        locator: Gives the tick positions of a range.
    """

    canvas: Canvas
    boxes: tuple[Bbox, ...]
    label: tuple[float, float]
    factor: tuple[float, float]
    tick_mark: NDArray[np.uint8]
    tick_mark_row: int
    locator: MaxNLocator


@lru_cache(maxsize=8)  # figures of windows and of patches differ in less than that
def measure_bars(canvas: Canvas, bars: tuple[Rectangle, ...]) -> BarTemplate:
    """Measure ticks and labels on a bar of range 0 to 1e-9 with one tick in its middle."""
    figure = exact_figure(canvas)
    axes = [add_axes(figure, canvas, bar) for bar in bars]
    boxes = tuple(ax.bbox.frozen() for ax in axes)
    for ax in axes[1:]:
        ax.remove()
    tick = 0.5e-9
    colour_bar = figure.colorbar(ScalarMappable(Normalize(0, 2 * tick)), cax=axes[0])
    colour_bar.outline.set_linewidth(0)
    # As AutoLocator chooses for an axis of this height.
    most_ticks = int(np.clip(axes[0].yaxis.get_tick_space(), 1, 9))
    colour_bar.set_ticks([tick])
    label, factor = recorded_texts(figure)
    assert (label.text, factor.text) == ("5", "1e−10"), (label, factor)
    bar, stamps = bars[0], text_stamps(LABEL_POINTS, canvas.dpi)
    # The mark is what is not white right of the bar, before the label.
    beside = rendered(figure)[bar.top : bar.top + bar.height, bar.left + bar.width : int(label.x)]
    rows, columns = np.nonzero((beside < 255).any(axis=2))
    tick_row = _tick_rows(canvas, axes[0].transData, [tick])[0]
    return BarTemplate(
        canvas=canvas,
        boxes=boxes,
        label=(label.x - bar.left, label.y - boxes[0].y0 - bar.height / 2),
        factor=(factor.x + stamps.number_width(factor.text) - bar.left, factor.y - boxes[0].y1),
        tick_mark=beside[rows.min() : rows.max() + 1, : columns.max() + 1].copy(),
        tick_mark_row=int(rows.min()) + bar.top - tick_row,
        locator=value_locator(most_ticks),
    )


def bar_ticks(bars: BarTemplate, low: float, high: float) -> tuple[list[float], list[str], str]:
    """Positions and labels of the ticks of a range, and the common factor printed above them."""
    return value_ticks(bars.locator, low, high)


def draw_bar_ticks(
    frame: NDArray[np.uint8], bars: BarTemplate, i: int, low: float, high: float
) -> list[Placed]:
    """Copy the tick marks of bar `i` onto the frame, and return its labels to be stamped."""
    positions, labels, factor = bar_ticks(bars, low, high)
    box, height = bars.boxes[i], bars.canvas.height
    to_pixels = BboxTransformFrom(Bbox.from_extents(0, low, 1, high)) + BboxTransformTo(box)
    rows, columns, _ = bars.tick_mark.shape
    right = round(box.x1)
    for row in _tick_rows(bars.canvas, to_pixels, positions):
        top = row + bars.tick_mark_row
        frame[top : top + rows, right : right + columns] = bars.tick_mark
    stamps = text_stamps(LABEL_POINTS, bars.canvas.dpi)
    x = box.x0 + bars.factor[0] - stamps.number_width(factor)
    placed = stamps.number(factor, x, box.y1 + bars.factor[1], height, BLACK)
    # A range of a few roundings may hold no round number; matplotlib labels no tick then either.
    points = np.array([(1.0, position) for position in positions]).reshape(-1, 2)
    heights = to_pixels.transform(points)[:, 1]
    for y, label in zip(heights.tolist(), labels, strict=True):
        placed += stamps.number(label, box.x0 + bars.label[0], y + bars.label[1], height, BLACK)
    return placed


WHITE_MEANS: Final = "no value"
"""What a legend says of white cells: what is constant has no correlation."""

_GREY: Final = 128


def explain_white(frame: NDArray[np.uint8], canvas: Canvas, bar: Rectangle) -> list[Placed]:
    """Draw a white square below a colour bar, and return what it means, to be stamped."""
    left, top, side, _ = swatch(canvas, bar)
    edge = max(1, round(canvas.scale))
    frame[top : top + side, left : left + side] = _GREY
    frame[top + edge : top + side - edge, left + edge : left + side - edge] = 255
    y = canvas.height - (top + side // 2) + baseline_shift(LABEL_POINTS, canvas.dpi, WHITE_MEANS)
    stamps = text_stamps(LABEL_POINTS, canvas.dpi)
    return stamps.words(WHITE_MEANS, left + 1.4 * side, y, canvas.height, BLACK)


def _tick_rows(canvas: Canvas, to_pixels: Transform, positions: list[float]) -> list[int]:
    """The rows of pixels to which Agg snaps the tick marks at `positions`.

    In Agg's order of operations: where a mark falls between two rows, as is usual for the round
    numbers of a degenerate range, the last bit of its position decides.
    """
    matrix = to_pixels.get_matrix()
    scale, shift = -matrix[1, 1], canvas.height + 0.5 - matrix[1, 2]
    return [math.floor(position * scale + shift) for position in positions]


Range = tuple[float, float]

PERCENT_WITHIN: Final = 98
"""So many of 100 training windows lie within an end of a range."""

RANGED_PANELS: Final = ("feature_dtw", "feature_covariance", "time_dtw", "time_covariance")
"""The panels whose range is not always the same, in the order in which they are drawn."""


_TIME_COVARIANCE: Final = RANGED_PANELS.index("time_covariance")


@dataclass(frozen=True)
class PanelRanges:
    """The ends of the colours of the four panels that have no natural ones: (low, high) of each.

    Raises:
        CorpusError: An end is not finite, or low is not below high.
    """

    feature_dtw: Range
    feature_covariance: Range
    time_dtw: Range
    time_covariance: Range

    def __post_init__(self) -> None:
        for name in RANGED_PANELS:
            low, high = getattr(self, name)
            if not (math.isfinite(low) and math.isfinite(high) and low < high):
                raise CorpusError(
                    f"the colour range of {name} is {low} to {high}; expected two finite numbers, "
                    "the first below the second"
                )


@dataclass(frozen=True)
class ColourRanges:
    """The fixed ranges of a corpus.

    Attributes:
        windows: Of the figures of whole windows.
        patches: Of the frames of the videos.
        fitted_windows: How many windows they were fitted on.
        fitted_patches: How many patches.
    """

    windows: PanelRanges
    patches: PanelRanges
    fitted_windows: int
    fitted_patches: int


@dataclass(frozen=True, eq=False)
class Extremes:
    """The smallest and the largest value of each panel of one window, and of each of its patches.

    Attributes:
        window: (4, 2) float64: the panels in the order of `RANGED_PANELS`, smallest and largest.
        patches: (patches, 4, 2) float64, likewise.
    """

    window: NDArray[np.float64]
    patches: NDArray[np.float64]


def window_extremes(
    values: NDArray[np.float64],
    *,
    patch_length: int = 24,
    patch_stride: int = 12,
    shown: Selection | None = None,
) -> Extremes:
    """Compute what a window adds to the fit; 7 ms for 96 rows of 7 features.

    Args:
        values: (rows, features) float64, finite, in the units of the CSV.
        patch_length: Rows of a patch.
        patch_stride: Rows from the start of a patch to the start of the next.
        shown: The columns that the feature panels show; None for all.

    Raises:
        CorpusError: The values are not finite or are fewer than a patch.
    """
    columns = None if shown is None else shown.columns
    spans = patch_spans(len(values), patch_length, patch_stride)
    return Extremes(
        window=_extremes(dependence_matrices(values, columns)),
        patches=np.stack(
            [_extremes(dependence_matrices(values[start:stop], columns)) for start, stop in spans]
        ),
    )


def fit_ranges(extremes: Iterable[Extremes]) -> ColourRanges:
    """Fit the ranges on the training windows, by the rule in this module's docstring.

    Args:
        extremes: Of each training window, in any order: the order does not change the result.
            They are read one by one, and 64 bytes of each window and patch are kept.

    Raises:
        CorpusError: There are none.
    """
    windows: list[NDArray[np.float64]] = []
    patches: list[NDArray[np.float64]] = []
    for one in extremes:
        windows.append(one.window)
        patches.append(one.patches)
    if not windows:
        raise CorpusError(
            "there is no training window to fit colour ranges on: make the training split larger, "
            'or set colour_range to "window"'
        )
    every_patch = np.concatenate(patches)
    return ColourRanges(
        windows=_within(np.stack(windows)),
        patches=_within(every_patch),
        fitted_windows=len(windows),
        fitted_patches=len(every_patch),
    )


def ranges_json(ranges: ColourRanges) -> bytes:
    """Write ranges as JSON for people and machines; the same ranges give the same bytes."""
    return (json.dumps(asdict(ranges), indent=2) + "\n").encode("ascii")


def read_ranges(data: bytes) -> ColourRanges:
    """Read what `ranges_json` wrote; every float comes back exactly.

    Raises:
        CorpusError: The bytes are something else.
    """
    try:
        parsed = json.loads(data)
        return ColourRanges(
            windows=_panel_ranges(parsed["windows"]),
            patches=_panel_ranges(parsed["patches"]),
            fitted_windows=int(parsed["fitted_windows"]),
            fitted_patches=int(parsed["fitted_patches"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise CorpusError(
            f"the colour ranges cannot be read ({type(error).__name__}: {error}): the file is "
            "damaged; make it again"
        ) from error


def _panel_ranges(parsed: dict[str, list[float]]) -> PanelRanges:
    pairs = {name: (float(low), float(high)) for name, (low, high) in parsed.items()}
    return PanelRanges(**pairs)


def _extremes(matrices: DependenceMatrices) -> NDArray[np.float64]:
    panels = [getattr(matrices, name) for name in RANGED_PANELS]
    return np.array([(panel.min(), panel.max()) for panel in panels])


def _within(extremes: NDArray[np.float64]) -> PanelRanges:
    """The ranges that (count, 4, 2) smallest and largest values give."""
    count = len(extremes)
    beyond = count - -(-PERCENT_WITHIN * count // 100)  # whole numbers: no rounding decides
    ordered = np.sort(extremes, axis=0)
    ends = np.stack([ordered[beyond, :, 0], ordered[count - 1 - beyond, :, 1]], axis=1)
    farther = np.abs(ends[_TIME_COVARIANCE]).max()
    ends[_TIME_COVARIANCE] = -farther, farther
    # Where nothing varies, such as the DTW of a single feature, widened as it is without ranges.
    return PanelRanges(*(value_range(levelled(pair)) for pair in ends))
