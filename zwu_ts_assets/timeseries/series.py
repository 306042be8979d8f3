"""The validated table that everything else is cut from, and what its steps are.

A step is a fixed time, a unit of the calendar, or the next row. Windows, splits, embargo and
horizons count steps, whatever these are.

A figure of one column has nothing to set against each other. With copies of its past, rows are
compared by where the series came from: two rows are alike if their recent past is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.timeseries.csv_rules import FEATURE_LIMIT, lag_of, lagged_name

Kind = Literal["seconds", "nanoseconds", "months", "business days", "order", "rows"]

_WEEK: Final = 604_800
_TIMES: Final = (np.dtype("datetime64[s]"), np.dtype("datetime64[ns]"))


@dataclass(frozen=True)
class TimeAxis:
    """What lies between two rows of a series.

    Attributes:
        kind: "seconds": a fixed time, which the timestamps tell. "nanoseconds": a fixed time that
            is no whole number of seconds, to the nearest nanosecond. "months": months of the
            calendar, whose lengths differ. "business days": Monday to Friday. "order": the rows
            follow each other at times that tell no interval. "rows": there are no times; a
            timestamp counts.
        step: How many nanoseconds or months; 1 business day; 0 where it does not apply.
    """

    kind: Kind = "seconds"
    step: int = 0

    @property
    def is_fixed(self) -> bool:
        """Whether a step is always as many whole seconds."""
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
        if self.kind == "nanoseconds":
            return nanoseconds_text(steps * self.step)
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
        text = str(time)
        if "." in text:
            return text.rstrip("0").rstrip(".")
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


def nanoseconds_text(nanoseconds: int) -> str:
    """A duration: `250 milliseconds`, `33.33 milliseconds`, `9.6 seconds`, `2 minutes`."""
    if nanoseconds % 10**9 == 0:
        return duration_text(nanoseconds // 10**9)
    for unit, size in (("second", 10**9), ("millisecond", 10**6), ("microsecond", 10**3)):
        if nanoseconds >= size:
            # Of an interval that is rounded itself, further digits would tell nothing.
            text = f"{nanoseconds / size:.4g}"
            return f"1 {unit}" if text == "1" else f"{text} {unit}s"
    return counted(nanoseconds, "nanosecond")


def counted(count: int, unit: str) -> str:
    """A number and its unit, `1 step` or `2 steps`."""
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


@dataclass(frozen=True, eq=False)
class Labels:
    """What each row of a series is labelled, which no figure and no statistic sees.

    Attributes:
        codes: (rows,) int64 into the names; -1 for a row that the CSV does not have.
        names: The labels, sorted.
    """

    codes: NDArray[np.int64]
    names: tuple[str, ...]

    def of(self, start: int, stop: int) -> tuple[str, ...]:
        """The labels of some rows; an empty text where a row has none."""
        return tuple(self.names[code] if code >= 0 else "" for code in self.codes[start:stop])


@dataclass(frozen=True, eq=False)
class Series:
    """A multivariate time series, its rows a step apart.

    Attributes:
        timestamps: (rows,) datetime64[s], or [ns] where they have fractions of a second, increasing
            by one and the same interval unless `axis` says otherwise; where it has no times, the
            counts of the rows.
        values: (rows, features) float64, C-contiguous, in the units of the CSV; finite but in the
            rows that are `missing`.
        features: The column names, one per column of `values`, no name twice.
        missing: (rows,) bool, the rows that lack a value, which is NaN there: no window and no
            target may contain one. None if no row does.
        interpolated: (rows, features) bool, the values that no CSV held and that were interpolated.
            None if there is none.
        axis: What lies between two rows.
        labels: What each row is labelled; None where nothing labels them.
        breaks: int64, increasing: the rows with which another case begins, which does not follow
            from the row before; no window and no target reaches over one. None where all rows
            follow each other.

    Raises:
        CorpusError: Arrays of another type or of shapes that do not fit together.
    """

    timestamps: NDArray[np.datetime64]
    values: NDArray[np.float64]
    features: tuple[str, ...]
    missing: NDArray[np.bool_] | None = None
    interpolated: NDArray[np.bool_] | None = None
    axis: TimeAxis = FIXED
    labels: Labels | None = None
    breaks: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        if self.timestamps.dtype not in _TIMES or self.timestamps.ndim != 1:
            raise CorpusError(
                f"timestamps are {self.timestamps.dtype} of shape {self.timestamps.shape}; "
                "expected datetime64[s] of shape (rows,). Convert them with "
                "`.astype('datetime64[s]')`."
            )
        expected = (len(self.timestamps), len(self.features))
        if self.values.dtype != np.float64 or self.values.shape != expected:
            raise CorpusError(
                f"values are {self.values.dtype} of shape {self.values.shape}; expected float64 "
                f"of shape {expected}, one row per timestamp and one column per feature."
            )
        if not self.values.flags.c_contiguous:
            raise CorpusError(
                "values are not C-contiguous, so their bytes would depend on how they were made. "
                "Convert them with `numpy.ascontiguousarray`."
            )
        for name, marks, shape in (
            ("missing", self.missing, expected[:1]),
            ("interpolated", self.interpolated, expected),
        ):
            if marks is not None and (marks.dtype != np.bool_ or marks.shape != shape):
                raise CorpusError(
                    f"{name} is {marks.dtype} of shape {marks.shape}; expected bool of shape "
                    f"{shape}, or None."
                )

    @property
    def rows(self) -> int:
        """The number of rows."""
        return len(self.timestamps)

    @cached_property
    def missing_rows(self) -> NDArray[np.int64]:
        """The rows that lack a value, increasing, int64; empty if none does."""
        rows: NDArray[np.int64]
        rows = np.flatnonzero(self.missing) if self.missing is not None else np.empty(0, np.int64)
        return rows

    def is_whole(self, start: int, stop: int) -> bool:
        """Whether rows follow each other and none of them lacks a value."""
        gaps = np.diff(np.searchsorted(self.missing_rows, [start, stop]))
        between = self.breaks is None or not ((self.breaks > start) & (self.breaks < stop)).any()
        return between and not gaps[0]

    @cached_property
    def reach(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The first and the last row that the values of each row were computed from.

        Two of (rows,) int64. It is the row itself unless it has an interpolated value, which was
        computed from the values around its run, or lagged copies of earlier ones.
        """
        rows = np.arange(self.rows, dtype=np.int64)
        lag = max((lag_of(name, self.features) for name in self.features), default=0)
        first, last = np.maximum(rows - lag, 0), rows.copy()
        for marks in self.interpolated.T if self.interpolated is not None else ():
            found, known = np.flatnonzero(marks), np.flatnonzero(~marks)
            if len(found) and len(known):
                after = np.searchsorted(known, found)
                first[found] = np.minimum(first[found], known[np.maximum(after - 1, 0)])
                last[found] = np.maximum(last[found], known[np.minimum(after, len(known) - 1)])
        return first, last

    @property
    def interval(self) -> np.timedelta64:
        """The time from the first row to the second, timedelta64[s].

        It is the one between any two where the axis is fixed.

        Raises:
            CorpusError: The series has fewer than two rows.
        """
        if self.rows < 2:
            raise CorpusError(
                f"The series has {self.rows} row(s); an interval needs at least two rows."
            )
        interval: np.timedelta64 = self.timestamps[1] - self.timestamps[0]
        return interval


def with_lags(series: Series, lags: Sequence[int]) -> Series:
    """A series with lagged copies of each column behind the columns.

    The first rows, which lack a copy, are left out. A row that lacks a value makes those lack one
    in which its copy would be.

    Args:
        series: The series.
        lags: How many rows back each copy is, increasing.

    Raises:
        CorpusError: There are too few rows or too many columns, or a column has the name of a copy.
    """
    if not lags:
        return series
    if series.breaks is not None:
        raise CorpusError(
            "The setting `lags` would copy the end of one case into the beginning of the next; "
            "expected a series whose rows all follow each other. Remove the setting."
        )
    longest = max(lags)
    names = [lagged_name(name, lag) for lag in lags for name in series.features]
    if taken := sorted(set(names) & set(series.features)):
        raise CorpusError(
            f"The setting `lags` would make a second column {taken[0]!r}; expected new names. "
            "Rename the column, or leave the lag out."
        )
    if len(series.features) + len(names) > FEATURE_LIMIT:
        raise CorpusError(
            f"The setting `lags` makes {len(series.features) + len(names):,} columns; expected at "
            f"most {FEATURE_LIMIT}. Name fewer lags, or fewer columns in `features`."
        )
    if series.rows <= longest:
        raise CorpusError(
            f"The setting `lags` reaches {longest} rows back, and there are {series.rows}; "
            "expected more rows than that. Make it smaller."
        )

    spans = [slice(longest - lag, series.rows - lag) for lag in (0, *lags)]
    values = np.concatenate([series.values[span] for span in spans], axis=1)
    missing = np.isnan(values).any(axis=1)
    marks = series.interpolated
    if marks is not None:
        marks = np.concatenate([marks[span] for span in spans], axis=1)
    return replace(
        series,
        timestamps=series.timestamps[longest:],
        values=np.ascontiguousarray(values),
        features=(*series.features, *names),
        missing=missing if missing.any() else None,
        interpolated=marks,
        labels=series.labels and replace(series.labels, codes=series.labels.codes[longest:]),
    )


def with_room(series: Series, stride: int) -> Series:
    """A series whose cases begin where windows do.

    Each case is followed by rows without values up to a multiple of the stride, so that its first
    window begins with it. A series without breaks is as it was.

    Args:
        series: The series.
        stride: Rows between the starts of two windows.
    """
    if series.breaks is None:
        return series
    starts = np.concatenate([[0], series.breaks])
    lengths = np.diff(np.concatenate([starts, [series.rows]]))
    rooms = roomy(lengths, stride)
    begins = np.concatenate([[0], np.cumsum(rooms[:-1])])
    rows = int(begins[-1] + lengths[-1])
    # The row that each row becomes.
    places = np.arange(series.rows) + np.repeat(begins - starts, lengths)
    values = np.full((rows, len(series.features)), np.nan)
    values[places] = series.values
    missing = np.ones(rows, np.bool_)
    missing[places] = False if series.missing is None else series.missing
    marks = series.interpolated
    if marks is not None:
        marks = np.zeros(values.shape, np.bool_)
        marks[places] = series.interpolated
    labels = series.labels
    if labels is not None:
        codes = np.full(rows, -1, np.int64)
        codes[places] = labels.codes
        labels = replace(labels, codes=codes)
    return replace(
        series,
        timestamps=np.arange(rows, dtype=np.int64).view("datetime64[s]"),
        values=values,
        missing=missing if missing.any() else None,
        interpolated=marks,
        labels=labels,
        breaks=begins[1:].astype(np.int64),
    )


def roomy(lengths: NDArray[np.int64], stride: int) -> NDArray[np.int64]:
    """The rows of each case with those that `with_room` puts behind it, the last one's too."""
    rooms: NDArray[np.int64] = -(-lengths // stride) * stride
    return rooms
