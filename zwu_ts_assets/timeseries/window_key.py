"""What a window is called in the text assets, and in a title: by its batch, and by its first row.

What belongs here: the one form of that name in headings, rows and messages. What does not: file
names (`layout.py`), the ids of samples (`training/sample.py`).

A window is told by the row it begins in, which no other window of the series does. Where a batch
has one window, that row follows from the batch, and the batch alone is named; where windows overlap
and a batch has several, both are.
"""

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
