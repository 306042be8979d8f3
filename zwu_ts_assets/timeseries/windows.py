"""Windows and batches: cut out of a series, and told by their content.

What belongs here: the two types, cutting, and the digest of what was cut. What does not: which rows
a window owns (`window_rows`), anything computed from the values.

A window with a row that lacks a value is not cut, so that a batch of a series with gaps may have
fewer windows than it owns, or none.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.timeseries.selection import Selection, selection_json
from zwu_ts_assets.timeseries.series import Series
from zwu_ts_assets.timeseries.window_rows import at_least, batch_count, batch_starts, checked_stride


@dataclass(frozen=True, eq=False)
class Window:
    """Consecutive rows of a series.

    Attributes:
        start: Row of the series, counted from 0, at which the window begins.
        timestamps: (length,) datetime64[s].
        values: (length, features) float64, C-contiguous; a view of the series' values.
        features: The column names.
        target_rows: How many rows that lack no value follow the window, at most the horizon.
        shown: The columns that feature panels show; None where they show all.
    """

    start: int
    timestamps: NDArray[np.datetime64]
    values: NDArray[np.float64]
    features: tuple[str, ...]
    target_rows: int
    shown: Selection | None = None

    @property
    def stop(self) -> int:
        """The row after the window's last one; the target span begins here."""
        return self.start + len(self.timestamps)


@dataclass(frozen=True, eq=False)
class Batch:
    """The windows that begin in the rows of one batch, with the rows of all of them, each once.

    They begin less than a window apart, so that their rows are consecutive.

    Attributes:
        starts: Rows of the series at which its windows begin, increasing; empty where every window
            would have a row that lacks a value.
        length: Rows of a window.
        timestamps: (rows,) datetime64[s], from the first window's first row to the last one's last.
        values: (rows, features) float64, C-contiguous.
        features: The column names.
        target_rows: Of each window, see `Window`.
        shown: The columns that feature panels show; None where they show all.
    """

    starts: tuple[int, ...]
    length: int
    timestamps: NDArray[np.datetime64]
    values: NDArray[np.float64]
    features: tuple[str, ...]
    target_rows: tuple[int, ...]
    shown: Selection | None = None

    @property
    def start(self) -> int:
        """The first row of its first window; 0 if it has none."""
        return self.starts[0] if self.starts else 0

    @property
    def stop(self) -> int:
        """The row after the last one of its last window; 0 if it has none."""
        return self.starts[-1] + self.length if self.starts else 0

    @property
    def windows(self) -> list[Window]:
        """Its windows in the order of time, as views of its arrays."""
        rows = [
            slice(start - self.start, start - self.start + self.length) for start in self.starts
        ]
        return [
            Window(
                start,
                self.timestamps[own],
                self.values[own],
                self.features,
                target_rows,
                self.shown,
            )
            for start, own, target_rows in zip(self.starts, rows, self.target_rows, strict=True)
        ]


def whole_starts(series: Series, starts: Sequence[int], length: int) -> NDArray[np.int64]:
    """Those of some starts whose windows have no row that lacks a value.

    Args:
        series: The whole series.
        starts: Increasing rows at which windows begin; the series has all of their rows.
        length: Rows of a window.

    Returns:
        int64, in the same order.
    """
    begins = np.asarray(starts, dtype=np.int64)
    whole: NDArray[np.int64] = begins[_next_gap(series, begins) >= begins + length]
    return whole


def cut_batch(
    series: Series,
    batch: int,
    *,
    length: int,
    horizon: int,
    stride: int | None = None,
    shown: Selection | None = None,
) -> Batch:
    """The windows of one batch.

    Args:
        series: The whole series.
        batch: Index of the batch, from 0.
        length: Rows of a window; at least 1.
        horizon: Rows of the target span after a window; 0 or more.
        stride: Rows between the starts of two windows, 1 to `length`; None for `length`.
        shown: The columns that feature panels show; None for all.

    Returns:
        The windows that lack no value, as views of the series' arrays.

    Raises:
        CorpusError: An argument is out of bounds, or the series has no such batch.
    """
    at_least("horizon", horizon, 0)
    count = batch_count(series.rows, length, stride)
    if count == 0:
        raise CorpusError(
            f"The series has {series.rows} rows, fewer than one window of {length} rows, so it "
            "has no batch. Add rows to the CSV or choose a shorter window."
        )
    if not 0 <= batch < count:
        raise CorpusError(
            f"There is no batch {batch}: {series.rows} rows make {count} batches of {length} "
            f"rows, so the batches are 0 to {count - 1}. Choose one of them."
        )
    owned = batch_starts(batch, length, checked_stride(length, stride), (0, series.rows))
    starts = whole_starts(series, owned, length)
    rows = slice(int(starts[0]), int(starts[-1]) + length) if len(starts) else slice(0, 0)
    target_rows = np.minimum(_next_gap(series, starts) - (starts + length), horizon)
    return Batch(
        starts=tuple(starts.tolist()),
        length=length,
        timestamps=series.timestamps[rows],
        values=series.values[rows],
        features=series.features,
        target_rows=tuple(target_rows.tolist()),
        shown=shown,
    )


def cut_window(series: Series, batch: int, *, length: int, horizon: int) -> Window:
    """The window of one batch, where windows lie side by side.

    Arguments as for `cut_batch`.

    Raises:
        CorpusError: As there, or the window has a row that lacks a value.
    """
    windows = cut_batch(series, batch, length=length, horizon=horizon).windows
    if not windows:
        raise CorpusError(
            f"Batch {batch} has no window: a row of {batch * length} to {(batch + 1) * length - 1} "
            "lacks a value. Choose another batch, or fill the gap in the CSV."
        )
    return windows[0]


def content_digest(window: Window) -> str:
    """The SHA-256 of what a window holds, the same on every platform.

    It covers start, features, timestamps and values, and which columns are shown where not all
    are. `target_rows` is not part of it: rows that are added after a window do not change the
    window.

    Returns:
        64 hexadecimal digits.
    """
    # JSON with the shape goes first, so that no two windows can share one stream of bytes.
    head: dict[str, object] = {
        "start": int(window.start),
        "features": list(window.features),
        "shape": list(window.values.shape),
    }
    if window.shown is not None:
        head["shown"] = selection_json(window.shown)
    digest = hashlib.sha256(json.dumps(head, sort_keys=True).encode("ascii"))
    # Little-endian and fixed widths, whatever the machine has.
    digest.update(window.timestamps.astype("<M8[s]").tobytes(order="C"))
    digest.update(window.values.astype("<f8").tobytes(order="C"))
    return digest.hexdigest()


def batch_digest(batch: Batch) -> str:
    """The SHA-256 of what a batch holds: its rows and where its windows begin.

    That of a batch of one window is the window's own `content_digest`, which versions without
    overlapping windows recorded.

    Returns:
        64 hexadecimal digits.
    """
    rows = content_digest(
        Window(batch.start, batch.timestamps, batch.values, batch.features, 0, batch.shown)
    )
    if len(batch.starts) == 1:
        return rows
    text = json.dumps([rows, batch.length, *batch.starts])
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _next_gap(series: Series, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each row, the first one from it on that lacks a value; where none does, the row count."""
    gaps = series.missing_rows
    places = np.searchsorted(gaps, rows)
    found = np.full(len(rows), series.rows, np.int64)
    found[places < len(gaps)] = gaps[places[places < len(gaps)]]
    return found
