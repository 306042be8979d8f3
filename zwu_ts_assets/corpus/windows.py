"""Windows and patches: which rows they own.

What belongs here: arithmetic on row numbers, cutting a window out of a series, and the digest of
its content. What does not: anything computed from the values.

A batch is a window: batch i owns rows length*i .. length*i + length - 1 of the series. Rows after
the last full window belong to no batch.
"""

import hashlib
import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zwu_ts_assets.corpus.errors import CorpusError
from zwu_ts_assets.corpus.selection import Selection, selection_json
from zwu_ts_assets.corpus.series import Series


@dataclass(frozen=True, eq=False)
class Window:
    """Consecutive rows of a series.

    Attributes:
        start: Row of the series, counted from 0, at which the window begins.
        timestamps: (length,) datetime64[s].
        values: (length, features) float64, C-contiguous; a view of the series' values.
        features: The column names.
        target_rows: How many rows the series has after the window, at most the horizon.
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


def window_count(rows: int, length: int, max_batches: int | None = None) -> int:
    """How many full windows fit into a number of rows, one after another.

    Args:
        rows: Rows of the series; 0 or more.
        length: Rows of a window; at least 1.
        max_batches: At most so many; None for no limit.

    Returns:
        The number of batches, 0 if the rows do not fill a single window.

    Raises:
        CorpusError: An argument is out of bounds.
    """
    _at_least("rows", rows, 0)
    _at_least("length", length, 1)
    count = rows // length
    if max_batches is None:
        return count
    _at_least("max_batches", max_batches, 1)
    return min(count, max_batches)


def cut_window(
    series: Series, batch: int, *, length: int, horizon: int, shown: Selection | None = None
) -> Window:
    """The window of one batch.

    Args:
        series: The whole series.
        batch: Index of the batch, from 0.
        length: Rows of a window; at least 1.
        horizon: Rows of the target span after the window; 0 or more.
        shown: The columns that feature panels show; None for all.

    Returns:
        Rows length*batch .. length*batch + length - 1, as views of the series' arrays.

    Raises:
        CorpusError: An argument is out of bounds, or the series has no such batch.
    """
    _at_least("horizon", horizon, 0)
    count = window_count(series.rows, length)
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
    start = batch * length
    stop = start + length
    return Window(
        start=start,
        timestamps=series.timestamps[start:stop],
        values=series.values[start:stop],
        features=series.features,
        target_rows=min(horizon, series.rows - stop),
        shown=shown,
    )


def patch_spans(length: int, patch_length: int, stride: int) -> tuple[tuple[int, int], ...]:
    """The (start, stop) rows of the patches of a window, within the window.

    Patches as in PatchTST (Nie et al. 2023), without padding at the end: patch k begins at row
    stride*k, and only whole patches count. Rows after the last patch are in none.

    Args:
        length: Rows of the window; at least 1.
        patch_length: Rows of a patch; at least 1 and at most `length`.
        stride: Rows between the starts of two patches; at least 1.

    Raises:
        CorpusError: An argument is out of bounds.
    """
    _at_least("length", length, 1)
    _at_least("patch_length", patch_length, 1)
    _at_least("stride", stride, 1)
    if patch_length > length:
        raise CorpusError(
            f"patch_length is {patch_length}, longer than the window of {length} rows, so no "
            "patch fits. Make patch_length smaller."
        )
    starts = range(0, length - patch_length + 1, stride)
    return tuple((start, start + patch_length) for start in starts)


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


def _at_least(name: str, value: int, bound: int) -> None:
    """Refuse a number below its bound, naming it."""
    if value < bound:
        raise CorpusError(f"{name} is {value}; expected {bound} or more.")
