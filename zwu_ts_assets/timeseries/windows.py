"""Windows and batches: which rows they own, cutting them out of a series, their names and digests.

Windows begin in rows 0, stride, 2 stride, ... as long as the series has all their rows. A window
with a row that lacks a value, or over the border of two cases, is not cut, so that a batch of a
series with gaps may have fewer windows than it owns, or none.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.timeseries.series import Series

WindowKey = int | tuple[int, int]
"""The batch; or the batch and the window's first row, where a batch has several windows."""


def window_key(batch: int, row: int, *, overlapping: bool) -> WindowKey:
    """The key of a window.

    Args:
        batch: The batch that owns it.
        row: Its first row.
        overlapping: Whether batches have several windows.
    """
    return (batch, row) if overlapping else batch


def key_text(key: WindowKey) -> str:
    """A key in a heading or a title: `Batch 17` or `Batch 17 Row 1640`."""
    batch, row = _parts(key)
    return f"Batch {batch}" if row is None else f"Batch {batch} Row {row}"


def key_label(key: WindowKey) -> str:
    """A key in a message: `batch 17` or `batch 17 row 1640`."""
    return key_text(key).lower()


def key_fields(key: WindowKey) -> dict[str, int]:
    """A key as the first fields of a JSON row: `batch`, and `row` where it has one."""
    batch, row = _parts(key)
    return {"batch": batch} if row is None else {"batch": batch, "row": row}


def first_row(key: WindowKey, length: int) -> int:
    """The row that a window begins in.

    Args:
        key: Its key.
        length: Rows of a window.
    """
    batch, row = _parts(key)
    return batch * length if row is None else row


def _parts(key: WindowKey) -> tuple[int, int | None]:
    return key if isinstance(key, tuple) else (key, None)


def window_count(rows: int, length: int, stride: int | None = None) -> int:
    """How many windows begin at a multiple of the stride and fit into a number of rows.

    Args:
        rows: Rows of the series; 0 or more.
        length: Rows of a window; at least 1.
        stride: Rows between the starts of two windows, 1 to `length`; None for `length`.

    Raises:
        CorpusError: An argument is out of bounds.
    """
    at_least("rows", rows, 0)
    stride = checked_stride(length, stride)
    return (rows - length) // stride + 1 if rows >= length else 0


def batch_count(
    rows: int, length: int, stride: int | None = None, max_batches: int | None = None
) -> int:
    """How many batches a number of rows makes.

    Args:
        rows: Rows of the series; 0 or more.
        length: Rows of a window; at least 1.
        stride: Rows between the starts of two windows, 1 to `length`; None for `length`.
        max_batches: At most so many; None for no limit.

    Returns:
        The number of batches, 0 if the rows do not fill a single window. Rows that lack a value
        do not change it.

    Raises:
        CorpusError: An argument is out of bounds.
    """
    windows = window_count(rows, length, stride)
    last_start = (windows - 1) * checked_stride(length, stride)
    count = last_start // length + 1 if windows else 0
    if max_batches is None:
        return count
    at_least("max_batches", max_batches, 1)
    return min(count, max_batches)


def batch_starts(batch: int, length: int, stride: int, rows: tuple[int, int]) -> range:
    """The starts of a batch's windows that lie in some rows with all of their own.

    Args:
        batch: Index of the batch, from 0.
        length: Rows of a window; at least 1.
        stride: Rows between the starts of two windows, 1 to `length`.
        rows: First row, and the row after the last one: (0, the series' rows) for all windows.
    """
    first = max(batch * length, rows[0])
    stop = min((batch + 1) * length, rows[1] - length + 1)
    return range(-(-first // stride) * stride, stop, stride)


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
    at_least("length", length, 1)
    at_least("patch_length", patch_length, 1)
    at_least("stride", stride, 1)
    if patch_length > length:
        raise CorpusError(
            f"patch_length is {patch_length}, longer than the window of {length} rows, so no "
            "patch fits. Make patch_length smaller."
        )
    starts = range(0, length - patch_length + 1, stride)
    return tuple((start, start + patch_length) for start in starts)


def checked_stride(length: int, stride: int | None) -> int:
    """The stride, or the length in its place.

    Raises:
        CorpusError: One of them is out of bounds.
    """
    at_least("length", length, 1)
    if stride is None:
        return length
    at_least("stride", stride, 1)
    if stride > length:
        raise CorpusError(
            f"stride is {stride}, larger than the window of {length} rows, so rows between two "
            "windows would be in none. Make the stride at most the length."
        )
    return stride


def at_least(name: str, value: int, bound: int) -> None:
    """Refuse a number below its bound, naming it.

    Raises:
        CorpusError: It is below.
    """
    if value < bound:
        raise CorpusError(f"{name} is {value}; expected {bound} or more.")


@dataclass(frozen=True)
class Selection:
    """Some of the columns of a series.

    Attributes:
        columns: Indices of the columns, counted from 0, in the order in which they are shown; none
            twice, and at least one.
        sizes: For how many columns each of them stands, itself included; 1 or more.

    Raises:
        CorpusError: They are no selection.
    """

    columns: tuple[int, ...]
    sizes: tuple[int, ...]

    def __post_init__(self) -> None:
        if (
            not self.columns
            or len(set(self.columns)) < len(self.columns)
            or len(self.sizes) != len(self.columns)
            or min(self.columns) < 0
            or min(self.sizes) < 1
        ):
            raise CorpusError(
                f"a selection has the columns {self.columns[:5]} and so on and the sizes "
                f"{self.sizes[:5]} and so on; expected at least one column, each once, and a size "
                "of 1 or more for each"
            )

    def names(self, features: Sequence[str]) -> tuple[str, ...]:
        """The names of the columns, out of those of all columns.

        Raises:
            CorpusError: There are fewer columns than that.
        """
        if max(self.columns) >= len(features):
            raise CorpusError(
                f"column {max(self.columns)} is to be shown, but there are {len(features)} "
                "columns: choose the columns of this table"
            )
        return tuple(features[column] for column in self.columns)

    @property
    def suffixes(self) -> tuple[str, ...]:
        """What follows the names: ` +4` for a column that stands for five, else nothing."""
        return tuple(f" +{size - 1}" if size > 1 else "" for size in self.sizes)

    def labels(self, features: Sequence[str]) -> tuple[str, ...]:
        """Names and what follows them, such as `MT_017 +4`; errors as for `names`."""
        return tuple(map("".join, zip(self.names(features), self.suffixes, strict=True)))


def selection_json(selection: Selection) -> str:
    """A selection as one line of JSON; the same selection gives the same line."""
    return json.dumps({"columns": selection.columns, "sizes": selection.sizes})


def read_selection(text: str) -> Selection:
    """Read what `selection_json` wrote.

    Raises:
        CorpusError: The text is something else.
    """
    try:
        parsed = json.loads(text)
        columns, sizes = (tuple(map(int, parsed[name])) for name in ("columns", "sizes"))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CorpusError(
            f"a selection of columns cannot be read ({type(error).__name__}: {error}): the file is "
            "damaged; materialize it again"
        ) from error
    return Selection(columns, sizes)


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
    unit = np.datetime_data(window.timestamps.dtype)[0]
    digest.update(window.timestamps.astype(f"<M8[{unit}]").tobytes(order="C"))
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
    """For each row, the first one from it on that lacks a value or begins another case.

    Where there is none, the row count.
    """
    found = np.full(len(rows), series.rows, np.int64)
    gaps = series.missing_rows
    places = np.searchsorted(gaps, rows)
    found[places < len(gaps)] = gaps[places[places < len(gaps)]]
    if series.breaks is not None:
        # A window may begin with a case.
        places = np.searchsorted(series.breaks, rows, "right")
        inside = places < len(series.breaks)
        found[inside] = np.minimum(found[inside], series.breaks[places[inside]])
    return found
