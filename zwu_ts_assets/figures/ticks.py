"""The ticks of an axis of values: positions, labels and the factor they share.

What belongs here: the range that an axis shows and the round numbers at which matplotlib labels it.
What does not: drawing them (`colour_bars`, `line_plot`).
"""

import copy
from functools import lru_cache
from typing import Final

import numpy as np
from matplotlib.ticker import MaxNLocator, ScalarFormatter
from numpy.typing import NDArray

from zwu_ts_assets.figures.agg import default_settings

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
