"""Steps of the calendar: months, quarters, years and business days.

What belongs here: telling from the times of rows that they are such steps apart, and the rows of
holes between them. What does not: steps of a fixed time (`csv_gaps.py`), which come first.

Months are of different lengths, and a missing one is a gap. Rows may be at any one place of their
months: the same day and time, the last day, the first or the last business day.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from zwu_ts_assets.timeseries.time_axis import TimeAxis

_DAY: Final = 86_400
_LONGEST_FIXED: Final = 27 * _DAY
_MONDAY: Final = np.datetime64("0001-01-01")
_SUREST: Final = 10  # rows that tell business days although some are missing

Seconds = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Calendar:
    """Times as steps of a calendar.

    Attributes:
        axis: The steps; its `step` is the usual one.
        numbers: (rows,) int64, the number of each row's month or business day.
        seconds_of: From such numbers back to times.
    """

    axis: TimeAxis
    numbers: Seconds
    seconds_of: Callable[[Seconds], Seconds]

    @property
    def wrong(self) -> NDArray[np.bool_]:
        """(rows - 1,) bool, which steps are not the usual one."""
        wrong: NDArray[np.bool_] = np.diff(self.numbers) != self.axis.step
        return wrong


def find_calendar(seconds: Seconds, usual: int) -> Calendar | None:
    """The calendar that the times of rows follow, with holes or without; None if they follow none.

    Args:
        seconds: (rows,) int64, increasing.
        usual: The step that is the most frequent.
    """
    if len(seconds) < 2 or usual < _DAY or (np.diff(seconds) <= 0).any():
        return None
    if usual > _LONGEST_FIXED:
        return _months(seconds)
    return _business_days(seconds) if usual == _DAY else None


def _months(seconds: Seconds) -> Calendar | None:
    numbers = seconds.view("datetime64[s]").astype("datetime64[M]").astype(np.int64)
    steps = np.diff(numbers)
    if (steps < 1).any():
        return None
    lengths, counts = np.unique(steps, return_counts=True)
    step = int(lengths[counts.argmax()])
    for back in _PLACES:
        clock = seconds - back(numbers)
        if (clock == clock[0]).all():
            first = int(clock[0])
            return Calendar(
                TimeAxis("months", step),
                numbers,
                lambda wanted, back=back, first=first: back(wanted) + first,  # type: ignore[misc]
            )
    return None


def _first_days(numbers: Seconds) -> Seconds:
    days = numbers.astype("datetime64[M]").astype("datetime64[D]")
    return days.astype(np.int64) * _DAY


def _last_days(numbers: Seconds) -> Seconds:
    return _first_days(numbers + 1) - _DAY


def _first_business_days(numbers: Seconds) -> Seconds:
    days = numbers.astype("datetime64[M]").astype("datetime64[D]")
    return np.busday_offset(days, 0, roll="forward").astype(np.int64) * _DAY


def _last_business_days(numbers: Seconds) -> Seconds:
    days = (numbers + 1).astype("datetime64[M]").astype("datetime64[D]")
    return np.busday_offset(days, -1, roll="forward").astype(np.int64) * _DAY


# Where in a month a row may be, the simplest first.
_PLACES: Final = (_first_days, _last_days, _first_business_days, _last_business_days)


def _business_days(seconds: Seconds) -> Calendar | None:
    clock = seconds % _DAY
    days = (seconds // _DAY).astype("datetime64[D]")
    if (clock != clock[0]).any() or not np.is_busday(days).all():
        return None
    numbers = np.busday_count(_MONDAY, days).astype(np.int64)
    # Within a week business days are days, and what only looks like them is a daily series.
    if len(seconds) < _SUREST and (np.diff(numbers) != 1).any():
        return None
    first = int(clock[0])

    def back(wanted: Seconds) -> Seconds:
        found = np.busday_offset(_MONDAY, wanted)
        return found.astype(np.int64) * _DAY + first

    return Calendar(TimeAxis("business days", 1), numbers, back)
