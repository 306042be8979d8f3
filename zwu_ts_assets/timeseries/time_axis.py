"""What a step of a series is: a fixed time, a unit of the calendar, or the next row.

What belongs here: the kinds of steps, how they and spans of them are told, how a time is told.
What does not: finding the steps of a file (`csv_calendar.py`, `csv_gaps.py`).

Windows, splits, embargo and horizons count steps, whatever these are.
"""

from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np

from zwu_ts_assets.errors import CorpusError

Kind = Literal["seconds", "months", "business days", "order", "rows"]

_WEEK: Final = 604_800


@dataclass(frozen=True)
class TimeAxis:
    """What lies between two rows of a series.

    Attributes:
        kind: "seconds": a fixed time, which the timestamps tell. "months": months of the calendar,
            whose lengths differ. "business days": Monday to Friday. "order": the rows follow each
            other at times that tell no interval. "rows": there are no times; a timestamp counts.
        step: How many months; 1 business day; 0 where it does not apply.
    """

    kind: Kind = "seconds"
    step: int = 0

    @property
    def is_fixed(self) -> bool:
        """Whether a step is always as many seconds."""
        return self.kind == "seconds"

    @property
    def is_counted(self) -> bool:
        """Whether steps stand for no time at all."""
        return self.kind in ("order", "rows")

    def span_text(self, steps: int, seconds: int) -> str:
        """The time that some steps make: `24 months`, `4 days`, `24 rows`.

        Args:
            steps: How many.
            seconds: Of one step, where it is a fixed time.
        """
        if self.kind == "seconds":
            if seconds % _WEEK == 0 and seconds:
                return counted(steps * seconds // _WEEK, "week")
            return duration_text(steps * seconds)
        if self.kind == "months":
            for unit, size in (("year", 12), ("quarter", 3)):
                if self.step % size == 0:
                    return counted(steps * self.step // size, unit)
            return counted(steps * self.step, "month")
        return counted(steps, "business day" if self.kind == "business days" else "row")

    def time_text(self, time: np.datetime64) -> str:
        """A time as the data tell it: a month, a day, a day and time, or the count of a row."""
        if self.kind == "rows":
            return f"row {int(time.astype('datetime64[s]').astype(np.int64))}"
        text = str(time.astype("datetime64[s]"))
        if self.kind == "months" and text.endswith("-01T00:00:00"):
            return text[:4] if self.step % 12 == 0 and text[5:7] == "01" else text[:7]
        if self.kind in ("months", "business days") and text.endswith("T00:00:00"):
            return text[:10]
        return text

    def to_text(self) -> str:
        """The axis in a short text, for the metadata of files."""
        return f"{self.kind}:{self.step}" if self.step else self.kind

    @staticmethod
    def from_text(text: str) -> "TimeAxis":
        """The axis of a text that `to_text` gave.

        Raises:
            CorpusError: It is none.
        """
        kind, _, step = text.partition(":")
        for known in get_args(Kind):
            if kind == known and (not step or step.isdigit()):
                return TimeAxis(known, int(step or 0))
        raise CorpusError(f"a stored table has the time axis {text!r}, which is unknown here")


FIXED: Final = TimeAxis()


def duration_text(seconds: int) -> str:
    """A duration in the largest unit that divides it: `15 minutes`, `24 hours`, `4 days`.

    Days from two on: one day is a cycle of hours in most data, and is called `24 hours`.
    """
    for unit, size, least in (("day", 86_400, 2), ("hour", 3600, 1), ("minute", 60, 1)):
        if seconds % size == 0 and seconds >= least * size:
            return counted(seconds // size, unit)
    return counted(seconds, "second")


def counted(count: int, unit: str) -> str:
    """A number and its unit, `1 step` or `2 steps`."""
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
