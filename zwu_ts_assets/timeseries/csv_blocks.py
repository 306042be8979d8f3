"""The fast way through the data lines of a CSV: whole blocks of plain lines at once.

What belongs here: parsing blocks in which every line, stamp and number is plainly as it should be.
What does not: the form of stamps (`csv_times.py`), and deciding against a file, which only the
line-by-line reading does (`csv_file.py`).
"""

import io
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from zwu_ts_assets.timeseries.csv_cells import CellForm
from zwu_ts_assets.timeseries.csv_columns import Columns
from zwu_ts_assets.timeseries.csv_lines import LINE_LIMIT, is_number
from zwu_ts_assets.timeseries.csv_times import NANO, TimeFormat, fraction_place, seconds_of

# Where the digits of a stamp are, by its width: date, to the minute, to the second.
_DIGITS: Final = {
    10: [0, 1, 2, 3, 5, 6, 8, 9],
    16: [0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15],
    19: [0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18],
}
_SEPARATORS: Final = {4: b"-", 7: b"-", 10: b" T", 13: b":", 16: b":"}
# Where the units of a pattern belong in an ISO stamp to the second.
_PLACES: Final = {"%Y": 0, "%m": 5, "%d": 8, "%H": 11, "%M": 14, "%S": 17}
_FURTHEST: Final = 9_223_372_035  # seconds of which nanoseconds fit into 64 bits
_UNITS: Final = re.compile(r"(%.)|(.)", re.DOTALL)


def parse_times(
    data: NDArray[np.uint8], first: NDArray[np.intp], after: NDArray[np.intp], form: TimeFormat
) -> NDArray[np.int64] | None:
    """The seconds that the stamps between byte positions name, (rows,) int64.

    They are nanoseconds where the form has fractions. None unless all are plainly as they should
    be: then the line-by-line reading decides.
    """
    if form.fine:
        nanos = _fine_block(data, first, after, form)
        if nanos is not None:
            return nanos
    elif form.kind == "iso":
        return _iso_block(data, first, after)
    elif form.kind == "offset":
        return _offset_block(data, first, after)
    elif form.kind == "pattern":
        seconds = _pattern_block(data, first, after, form.pattern)
        if seconds is not None:
            return seconds
    text = data.tobytes()
    spans = zip(first.tolist(), after.tolist(), strict=True)
    found = [seconds_of(text[i:j].decode("utf-8", "replace").strip(), form) for i, j in spans]
    return None if None in found else np.array(found, dtype=np.int64)


def _fine_block(
    data: NDArray[np.uint8], first: NDArray[np.intp], after: NDArray[np.intp], form: TimeFormat
) -> NDArray[np.int64] | None:
    """Stamps of one and the same width with a fraction at one place, in nanoseconds."""
    width = int(after[0] - first[0])
    if form.kind == "unix" or width < 1 or (after - first != width).any():
        return None
    cells = data[first[:, None] + np.arange(width)]
    place = fraction_place(cells[0].tobytes().decode("latin-1"))
    if place is None:
        return None
    mark, end = place
    digits = cells[:, mark + 1 : end]
    if (
        (cells[:, mark] != cells[0, mark]).any()
        or (digits < ord("0")).any()
        or (digits > ord("9")).any()
    ):
        return None
    powers = 10 ** np.arange(8, 8 - digits.shape[1], -1, dtype=np.int64)
    fractions = (digits.astype(np.int64) - ord("0")) @ powers
    rest = np.concatenate([cells[:, :mark], cells[:, end:]], axis=1)
    starts = rest.shape[1] * np.arange(len(rest))
    seconds = parse_times(rest.ravel(), starts, starts + rest.shape[1], replace(form, fine=False))
    # Further from 1970, nanoseconds do not fit: the line-by-line reading says where.
    if seconds is None or (np.abs(seconds) > _FURTHEST).any():
        return None
    return np.asarray(seconds * NANO + fractions)


def _iso_block(
    data: NDArray[np.uint8], first: NDArray[np.intp], after: NDArray[np.intp]
) -> NDArray[np.int64] | None:
    """ISO stamps of one and the same width."""
    width = int(after[0] - first[0])
    if width not in _DIGITS or (after - first != width).any():
        return None
    cells = data[first[:, None] + np.arange(width)]
    digits = cells[:, _DIGITS[width]]
    if (digits < ord("0")).any() or (digits > ord("9")).any():
        return None
    for position, allowed in _SEPARATORS.items():
        if position < width and not np.isin(cells[:, position], list(allowed)).all():
            return None
    try:
        texts = cells.view(f"S{width}").ravel()
        return np.asarray(texts.astype("datetime64[s]").astype(np.int64))
    except ValueError:  # a thirteenth month: the line-by-line reading says where
        return None


def _offset_block(
    data: NDArray[np.uint8], first: NDArray[np.intp], after: NDArray[np.intp]
) -> NDArray[np.int64] | None:
    """ISO stamps to the second with offsets of one and the same width: `Z`, `+01:00`, `+0100`."""
    width = int(after[0] - first[0])
    if not 20 <= width <= 25 or (after - first != width).any():
        return None
    local = _iso_block(data, first, first + 19)
    if local is None:
        return None
    suffixes = data[first[:, None] + np.arange(19, width)].view(f"S{width - 19}").ravel()
    kinds, which = np.unique(suffixes, return_inverse=True)
    # A day of which the offset alone is looked at.
    texts = [b"1970-01-01T00:00:00" + kind for kind in kinds.tolist()]
    offsets = [seconds_of(text.decode("latin-1"), TimeFormat("offset")) for text in texts]
    if None in offsets:
        return None
    return np.asarray(local + np.array(offsets, dtype=np.int64)[which])


def _pattern_block(
    data: NDArray[np.uint8], first: NDArray[np.intp], after: NDArray[np.intp], pattern: str
) -> NDArray[np.int64] | None:
    """Stamps of digits at fixed places, put into the order of ISO 8601; None for any others."""
    iso = np.frombuffer(b"0000-01-01T00:00:00", np.uint8)
    width, digits, marks = 0, [], []  # places in the stamp, and what belongs there
    for unit, mark in _UNITS.findall(pattern):
        if mark:
            marks.append((width, ord(mark)))
            width += 1
        elif unit in _PLACES:
            digits += [(width + i, _PLACES[unit] + i) for i in range(4 if unit == "%Y" else 2)]
            width += 4 if unit == "%Y" else 2
        else:
            return None
    if not digits or not pattern.isascii() or (after - first != width).any():
        return None
    cells = data[first[:, None] + np.arange(width)]
    if any((cells[:, place] != mark).any() for place, mark in marks):
        return None
    sources, targets = (list(places) for places in zip(*digits, strict=True))
    wanted = cells[:, sources]
    if (wanted < ord("0")).any() or (wanted > ord("9")).any():
        return None
    ordered = np.tile(iso, (len(first), 1))
    ordered[:, targets] = wanted
    if (ordered[:, :4] == ord("0")).all(axis=1).any():  # a year that `datetime` does not have
        return None
    starts = len(iso) * np.arange(len(first))
    return _iso_block(ordered.ravel(), starts, starts + len(iso))


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
