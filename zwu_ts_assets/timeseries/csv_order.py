"""The order of data lines, and lines that are there twice.

What belongs here: series that are written newest first, and dropping a line that repeats the one
above it to the letter. What does not: holes between rows (`csv_gaps.py`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import IO

import numpy as np
from numpy.typing import NDArray

from zwu_ts_assets.timeseries.csv_lines import LINE_LIMIT


@dataclass(frozen=True, eq=False)
class DataRows:
    """The data lines as read, in the order of time as far as the file has one.

    Attributes:
        seconds: (rows,) int64.
        values: (rows, features) float64, NaN where a value is missing.
        lines: (rows,) int64, the line of each; None where row 0 is on line 2 and so on.
        notes: What was done to them, for people.
    """

    seconds: NDArray[np.int64]
    values: NDArray[np.float64]
    lines: NDArray[np.int64] | None = None
    notes: tuple[str, ...] = ()


def line_of(lines: NDArray[np.int64] | None, row: int) -> int:
    """The line of a row, given `DataRows.lines`."""
    return row + 2 if lines is None else int(lines[row])


def oldest_first(rows: DataRows) -> DataRows:
    """Reverse rows whose times go back from each one to the next; leave any others."""
    steps = np.diff(rows.seconds)
    if not len(steps) or steps.max() > 0 or steps.min() == 0:
        return rows
    lines = np.arange(len(rows.seconds) + 1, 1, -1, dtype=np.int64)
    return DataRows(
        rows.seconds[::-1].copy(),
        np.ascontiguousarray(rows.values[::-1]),
        lines,
        (*rows.notes, "newest row first in the file: reversed"),
    )


def without_repeated_lines(rows: DataRows, file: IO[bytes], start: int) -> DataRows:
    """Drop rows whose line repeats the line before, letter for letter.

    Two lines of one time that differ stay, and are refused with the other steps between rows.

    Args:
        rows: The rows; their times are those that count, of UTC where a zone is told.
        file: The file; its place changes.
        start: Where the first data line begins.
    """
    again = np.flatnonzero(np.diff(rows.seconds) == 0) + 1
    if not len(again):
        return rows
    lines = np.arange(2, len(rows.seconds) + 2) if rows.lines is None else rows.lines
    # Of two neighbours the one further down in the file repeats the other.
    lower = np.maximum(lines[again], lines[again - 1])
    repeated = np.isin(lower, _repeated_lines(file, start))
    if not repeated.any():
        return rows
    kept = np.ones(len(lines), dtype=np.bool_)
    kept[again[repeated]] = False
    count = int(repeated.sum())
    return replace(
        rows,
        seconds=rows.seconds[kept],
        values=rows.values[kept],
        lines=lines[kept],
        notes=(
            *rows.notes,
            f"{count} {'line' if count == 1 else 'lines'} dropped that repeat the line before",
        ),
    )


def _repeated_lines(file: IO[bytes], start: int) -> NDArray[np.int64]:
    """The numbers of the lines that equal the line before, the first data line being line 2."""
    file.seek(start)
    pairs = enumerate(pairwise(_stripped_lines(file)), start=3)
    found = [number for number, (before, text) in pairs if text == before]
    return np.array(found, dtype=np.int64)


def _stripped_lines(file: IO[bytes]) -> Iterator[bytes]:
    """The lines from here on without their ends, however long."""
    return (line.rstrip(b"\r\n") for line in iter(lambda: file.readline(LINE_LIMIT + 1), b""))
