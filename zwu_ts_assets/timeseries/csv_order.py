"""The order of data lines, and lines that are there twice.

What belongs here: series that are written newest first, or in pieces, and dropping a line that
repeats another one to the letter. What does not: holes between rows (`csv_gaps.py`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import IO, Final

import numpy as np
from numpy.typing import NDArray

from zwu_ts_assets.timeseries.csv_lines import LINE_LIMIT

REPEAT_LIMIT: Final = 2_000_000
"""The most lines among which repeated ones are looked for that do not follow each other."""

_PIECE: Final = 24  # rows of a piece on average, at least: else rows are in disorder


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
    """Drop rows whose line repeats another line of the same time, letter for letter.

    Where files were put below each other, so that times go back a few times, rows are put into the
    order of time first. Two lines of one time that differ stay where they are, and are refused with
    the other steps between rows.

    Args:
        rows: The rows; their times are those that count, of UTC where a zone is told.
        file: The file; its place changes.
        start: Where the first data line begins.
    """
    steps = np.diff(rows.seconds)
    if not len(steps) or steps.min() > 0:
        return rows
    ordered = _pieces_in_order(rows) if steps.min() < 0 else rows
    again = np.flatnonzero(np.diff(ordered.seconds) == 0) + 1
    if not len(again):
        return ordered
    lines = np.arange(2, len(rows.seconds) + 2) if ordered.lines is None else ordered.lines
    repeats = _are_equal(file, start, lines[again - 1], lines[again])
    if ordered is not rows and not repeats.all():
        return rows  # several series below each other, perhaps
    if not repeats.any():
        return rows
    kept = np.ones(len(lines), dtype=np.bool_)
    kept[again[repeats]] = False
    count = int(repeats.sum())
    return replace(
        ordered,
        seconds=ordered.seconds[kept],
        values=ordered.values[kept],
        lines=lines[kept],
        notes=(
            *ordered.notes,
            f"{count} {'line' if count == 1 else 'lines'} dropped that repeat another line",
        ),
    )


def _pieces_in_order(rows: DataRows) -> DataRows:
    """The rows in the order of time, if they are a few pieces that each are in one direction."""
    steps = np.diff(rows.seconds)
    back, ahead = int((steps < 0).sum()), int((steps > 0).sum())
    if min(back, ahead) > len(rows.seconds) // _PIECE or len(rows.seconds) > REPEAT_LIMIT:
        return rows
    within = steps > 0 if back < ahead else steps < 0
    times, counts = np.unique(rows.seconds, return_counts=True)
    places = np.searchsorted(times, rows.seconds)
    once = counts[places] == 1  # a line that is repeated further down is between others there
    if (np.abs(np.diff(places))[within & once[1:] & once[:-1]] > 1).any():
        # Rows of another piece would come between two that follow each other: a row of another
        # time is a mistake in the file, and is told where it is.
        return rows
    order = np.argsort(rows.seconds, kind="stable")
    lines = np.arange(2, len(rows.seconds) + 2) if rows.lines is None else rows.lines
    count = min(back, ahead) + 1
    return DataRows(
        rows.seconds[order],
        np.ascontiguousarray(rows.values[order]),
        lines[order],
        (*rows.notes, f"{count} pieces in the file, put into the order of time"),
    )


def _are_equal(
    file: IO[bytes], start: int, some: NDArray[np.int64], others: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Whether lines are equal to others, by their numbers, the first data line being line 2."""
    wanted = {*some.tolist(), *others.tolist()}
    file.seek(start)
    texts = {n: text for n, text in enumerate(_stripped_lines(file), start=2) if n in wanted}
    pairs = zip(some.tolist(), others.tolist(), strict=True)
    return np.array([texts[one] == texts[other] for one, other in pairs], dtype=np.bool_)


def _stripped_lines(file: IO[bytes]) -> Iterator[bytes]:
    """The lines from here on without their ends, however long."""
    return (line.rstrip(b"\r\n") for line in iter(lambda: file.readline(LINE_LIMIT + 1), b""))
