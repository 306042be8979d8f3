"""Colour ranges that are the same on every figure, fitted on the windows of the training split.

What belongs here: from windows to the ends of the colours, and their file. What does not: which
windows are for training, and how a figure is drawn within a range (`figure`).

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

import json
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.figures.colour_bars import levelled, value_range
from zwu_ts_assets.figures.dependence import DependenceMatrices, dependence_matrices
from zwu_ts_assets.timeseries.selection import Selection
from zwu_ts_assets.timeseries.window_rows import patch_spans

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
