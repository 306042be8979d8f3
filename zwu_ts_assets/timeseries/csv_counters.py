"""Columns that only tell the time again, and so would let a model read where in time it is.

What belongs here: finding counters, times and years among columns of numbers. What does not: which
columns are numbers (`csv_features.py`), and the time column itself (`csv_time_column.py`).
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

# Fewer rows may go up evenly by chance.
_LEAST_ROWS: Final = 24
# How far a time may be off the straight line, in steps: Excel writes days with ten digits.
_OFF: Final = 0.01


def repeats_time(seconds: NDArray[np.int64], values: NDArray[np.float64]) -> str:
    """How a column tells the time again; empty if it does not.

    Args:
        seconds: (rows,) int64, increasing.
        values: (rows,) float64, NaN where a value is missing.
    """
    first = np.diff(values[:_LEAST_ROWS])
    rising, level = bool((first > 0).all() or (first < 0).all()), bool((first == 0).all())
    # Most columns are told by their first rows.
    if len(seconds) < _LEAST_ROWS or not (rising or level) or not np.isfinite(values).all():
        return ""
    if (_is_even(np.arange(len(values), dtype=np.float64), values)) or _is_even(
        (seconds - seconds[0]).astype(np.float64), values
    ):
        return "goes on evenly with the time, so it counts rows or is a time itself"
    if (values[:_LEAST_ROWS] == values[0]).all():  # as a year is
        years = seconds.view("datetime64[s]").astype("datetime64[Y]").astype(np.int64) + 1970
        ahead = values - years
        if (ahead == ahead[0]).all() and (years[0] != years[-1] or ahead[0] == 0):
            return "is the year of the time"
    return ""


def _is_even(steps: NDArray[np.float64], values: NDArray[np.float64]) -> bool:
    """Whether values lie on a line over the steps that is not level."""
    few = steps[:_LEAST_ROWS]
    slope = (values[_LEAST_ROWS - 1] - values[0]) / (few[-1] - few[0])
    if slope == 0 or not np.isfinite(slope):
        return False
    # Most columns are told by their first rows; of the others the whole tells the slope better.
    width = abs(slope) * few[-1] / (_LEAST_ROWS - 1)
    if (np.abs(values[:_LEAST_ROWS] - values[0] - slope * few) > _OFF * width).any():
        return False
    slope = (values[-1] - values[0]) / steps[-1]
    return bool((np.abs(values - values[0] - slope * steps) <= _OFF * width).all())
