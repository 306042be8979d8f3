"""The validated table that everything else is cut from.

What belongs here: the `Series` dataclass and the rules that its arrays keep. What does not: reading
a CSV (`csv_file.py`) and cutting windows (`windows.py`).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.timeseries.csv_rules import lag_of
from zwu_ts_assets.timeseries.time_axis import FIXED, TimeAxis


@dataclass(frozen=True, eq=False)
class Series:
    """A multivariate time series, its rows a step apart.

    Attributes:
        timestamps: (rows,) datetime64[s], increasing by one and the same interval unless
            `axis` says otherwise; where it has no times, the counts of the rows.
        values: (rows, features) float64, C-contiguous, in the units of the CSV; finite but in the
            rows that are `missing`.
        features: The column names, one per column of `values`, no name twice.
        missing: (rows,) bool, the rows that lack a value, which is NaN there: no window and no
            target may contain one. None if no row does.
        interpolated: (rows, features) bool, the values that no CSV held and that were interpolated.
            None if there is none.
        axis: What lies between two rows.

    Raises:
        CorpusError: Arrays of another type or of shapes that do not fit together.
    """

    timestamps: NDArray[np.datetime64]
    values: NDArray[np.float64]
    features: tuple[str, ...]
    missing: NDArray[np.bool_] | None = None
    interpolated: NDArray[np.bool_] | None = None
    axis: TimeAxis = FIXED

    def __post_init__(self) -> None:
        if self.timestamps.dtype != np.dtype("datetime64[s]") or self.timestamps.ndim != 1:
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
