"""Which rows of a series windows, batches and patches own, and what a window is called by them.

What belongs here: arithmetic on row numbers, and the one form of a window's name in headings, rows
and messages. What does not: the rows themselves (`windows.py`), the ids of samples
(`training/sample.py`).

Windows begin in rows 0, stride, 2 stride, ... as long as the series has all their rows. Batch i
owns the windows that begin in rows length*i .. length*i + length - 1: one window, side by side with
the next, where the stride is the length, and several that overlap where it is smaller. The stride
is at most the length, so that every batch owns at least one.

A window is named by the row in which it begins. Where a batch has one window, that row follows from
the batch, and the batch alone is named; where it has several, both are.
"""

from zwu_ts_assets.errors import CorpusError

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
