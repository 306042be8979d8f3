"""The fast way through the data lines of a CSV: whole blocks of plain lines at once.

What belongs here: parsing blocks in which every line is plainly as it should be. What does not:
deciding against a file, which only the line-by-line reading does (`csv_file.py`).
"""

import io
import re
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from zwu_ts_assets.timeseries.csv_cells import CellForm
from zwu_ts_assets.timeseries.csv_columns import Columns
from zwu_ts_assets.timeseries.csv_lines import LINE_LIMIT, is_number
from zwu_ts_assets.timeseries.csv_time_blocks import parse_times
from zwu_ts_assets.timeseries.csv_times import TimeFormat, seconds_of

# A point where a comma is the decimal mark is no part of a number; neither mark is where it is not
# told yet what they mean.
_TO_POINT: Final = bytes.maketrans(b",.", b".?")
_TO_NEITHER: Final = bytes.maketrans(b",.", b"??")
# NumPy takes more spellings for NaN than stand for a missing value here.
_WORD: Final = re.compile(rb"[nN][aA]")

Table = tuple[NDArray[np.int64], NDArray[np.float64]]
"""Seconds, (rows,), and values, (rows, features)."""


def parse_block(block: bytes, columns: Columns) -> Table | None:
    """Parse whole lines, or return None unless every line is plainly as it should be.

    Args:
        block: Lines, each with its end.
        columns: Which columns there are and how they are written.

    Returns:
        Seconds (rows,) int64 and values (rows, features) float64, NaN where a value is missing.
    """
    marks_of_missing = _missing_numbers(columns)
    if marks_of_missing is None:
        return None
    if b'"' in block or b"\0" in block or not block.endswith(b"\n"):
        return None
    if block.count(b"\r") != block.count(b"\r\n"):
        return None
    delimiter = columns.delimiter.encode("ascii")
    if columns.decimal == columns.delimiter:
        return None
    per_line = len(columns.names) + columns.blanks - 1
    # Counted first: arrays of the places of four million line ends would take a lot of memory.
    if block.count(delimiter) != block.count(b"\n") * per_line:
        return None
    data = np.frombuffer(block, np.uint8)
    ends = np.flatnonzero(data == ord("\n"))
    starts = np.concatenate(([0], ends[:-1] + 1))
    marks = np.flatnonzero(data == ord(delimiter))
    if (ends - starts).max() >= LINE_LIMIT:
        return None
    # Each line has its share of the marks if the first and the last of each share lie within it.
    cuts = marks.reshape(len(ends), per_line)
    if per_line and ((cuts[:, 0] < starts).any() or (cuts[:, -1] > ends).any()):
        return None
    line_ends = ends - (data[ends - 1] == ord("\r"))
    if not per_line and (line_ends == starts).any():
        return None  # of one column, a blank line has as many marks as any other
    # Nothing but marks in the cells that have no name.
    if columns.blanks and (cuts[:, -columns.blanks] != line_ends - columns.blanks).any():
        return None

    def span(column: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Where the cells of a column begin and end."""
        return (
            starts if column == 0 else cuts[:, column - 1] + 1,
            cuts[:, column] if column < per_line else line_ends,
        )

    seconds: NDArray[np.int64] | None
    if columns.times.kind == "rows":
        seconds = np.zeros(len(ends), np.int64)  # counted when all blocks are read
    elif not columns.joined:
        seconds = parse_times(data, *span(columns.time), columns.times)
    else:
        spans = [span(column) for column in (columns.time, *columns.joined)]
        seconds = _joined_times(data, spans, columns.times)
    if seconds is None:
        return None
    if not columns.features:  # only the times are asked for
        return seconds, np.empty((len(seconds), 0))
    values = _parse_values(block, columns)
    if values is None or len(values) != len(seconds):
        return None
    if marks_of_missing:
        gone = np.isin(values, marks_of_missing)
        if gone.any() and not columns.missing:
            return None
        values[gone] = np.nan
    return seconds, values


def _missing_numbers(columns: Columns) -> list[float] | None:
    """The numbers that stand for a missing value; None if cells are dressed in another way."""
    found: list[float] = []
    for form in (columns.forms.get(index, CellForm()) for index in columns.features):
        numbers = [mark for mark in form.missing if is_number(mark) and "," not in mark]
        if form != CellForm(missing=form.missing) or len(numbers) < len(form.missing):
            return None
        found = [float(mark) for mark in numbers]
    return found


def _joined_times(
    data: NDArray[np.uint8],
    spans: Sequence[tuple[NDArray[np.intp], NDArray[np.intp]]],
    form: TimeFormat,
) -> NDArray[np.int64] | None:
    """The seconds of stamps in several columns."""
    parts = []
    for first, after in spans:
        width = int(after[0] - first[0])
        if width < 1 or (after - first != width).any():
            return _one_by_one(data, spans, form)
        parts += [data[first[:, None] + np.arange(width)], np.full((len(first), 1), ord(" "), "u1")]
    whole = np.concatenate(parts[:-1], axis=1)
    if (whole[:, [0, -1]] == ord(" ")).any():
        return _one_by_one(data, spans, form)
    firsts = np.arange(len(whole)) * whole.shape[1]
    return parse_times(whole.ravel(), firsts, firsts + whole.shape[1], form)


def _one_by_one(
    data: NDArray[np.uint8],
    spans: Sequence[tuple[NDArray[np.intp], NDArray[np.intp]]],
    form: TimeFormat,
) -> NDArray[np.int64] | None:
    """Likewise, of cells of different lengths."""
    text = data.tobytes()
    columns = [
        [text[i:j].decode("utf-8", "replace").strip() for i, j in zip(*places, strict=True)]
        for places in ((first.tolist(), after.tolist()) for first, after in spans)
    ]
    found = [seconds_of(" ".join(cells), form) for cells in zip(*columns, strict=True)]
    return None if None in found else np.array(found, dtype=np.int64)


def _parse_values(block: bytes, columns: Columns) -> NDArray[np.float64] | None:
    """The features' columns, (rows, features), or None unless all are numbers or, rarely, empty."""
    if not columns.decimal_is_told:
        block = block.translate(_TO_NEITHER)
    elif columns.decimal == ",":
        block = block.translate(_TO_POINT)
    if columns.missing:
        if _WORD.search(block):
            return None
        block = _with_nan(block, columns.delimiter.encode("ascii"))
    try:
        values = np.loadtxt(
            io.StringIO(block.decode("utf-8")),
            dtype=np.float64,
            delimiter=columns.delimiter,
            comments=None,
            usecols=columns.features,
            ndmin=2,
        )
    except ValueError:  # not UTF-8 or not a number: the line-by-line reading says where
        return None
    sound = ~np.isinf(values) if columns.missing else np.isfinite(values)
    return values if sound.all() else None


def _with_nan(block: bytes, delimiter: bytes) -> bytes:
    """The same lines with `nan` in the cells that are empty."""
    pair, filled = delimiter * 2, delimiter + b"nan" + delimiter
    # Twice, since of three in a row the first replacement sees one pair.
    block = block.replace(pair, filled).replace(pair, filled)
    for end in (b"\r\n", b"\n"):
        block = block.replace(delimiter + end, delimiter + b"nan" + end)
    block = block.replace(b"\n" + delimiter, b"\nnan" + delimiter)
    return b"nan" + block if block.startswith(delimiter) else block
