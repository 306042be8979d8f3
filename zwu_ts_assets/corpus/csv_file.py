"""Read a CSV into a validated `Series`.

What belongs here: opening the file, the fast reading of good files, the line-by-line reading of all
others, and the order of the timestamps. What does not: the rules for one line (`csv_lines.py`) and
for the header (`csv_header.py`).

There are two ways through the data lines. `_read_line_by_line` is the definition: it names the
first line and column that it refuses. `_parse_block` is ten times faster and never decides against
a file: where anything in a block is unusual it gives up, and the other way is taken for that block.
Both give the float64 nearest to a decimal text: `numpy.loadtxt` and `float` share one parser.
pandas is not used because older versions parse some numbers a last bit off, because it takes `NA`
and missing cells for NaN without a word, and because its import would delay the loading of
partition keys.

Everything is bounded, so that no file ends a run by using up the memory: bytes (here), bytes of a
line (`csv_lines.LINE_LIMIT`), columns and features (`csv_header`).
"""

import io
import stat
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from zwu_ts_assets.corpus.csv_header import Columns, read_columns, skip_bom
from zwu_ts_assets.corpus.csv_lines import (
    LINE_LIMIT,
    Line,
    parse_number,
    parse_timestamp,
    read_line,
    refuse,
    show,
    split_line,
)
from zwu_ts_assets.corpus.errors import CorpusError
from zwu_ts_assets.corpus.series import Series

# Seven columns of usual numbers take 0.7 times the file's size in memory, and twice that while the
# blocks are joined; cells of one digit in a hundred columns take eight times the file's size.
FILE_LIMIT: Final = 512 << 20
"""The most bytes of a CSV."""

# Bytes read at once: a few times this is the memory needed beside the result.
_BLOCK: Final = 4 << 20

# Where the digits of a timestamp are, by its width: date, to the minute, to the second.
_DIGITS: Final = {
    10: [0, 1, 2, 3, 5, 6, 8, 9],
    16: [0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15],
    19: [0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18],
}
_SEPARATORS: Final = {4: b"-", 7: b"-", 10: b" T", 13: b":", 16: b":"}

_Table = tuple[NDArray[np.datetime64], NDArray[np.float64]]


def read_series(
    path: Path, *, time_column: str = "date", features: Sequence[str] | None = None
) -> Series:
    r"""Read a CSV with a header line, a time column and numeric columns.

    The file is UTF-8 (with or without a byte order mark) with commas, a header line and a line end
    (`\n` or `\r\n`) after every line, the last one included. Blank lines are accepted at the end
    only. Timestamps are ISO 8601 without a zone, in whole seconds, at one and the same interval.
    Columns that are not used may hold anything. A file has at most `FILE_LIMIT` bytes, a line
    `csv_lines.LINE_LIMIT`; there are at most `csv_header.COLUMN_LIMIT` columns, of which at most
    `limits.FEATURE_LIMIT` are used.

    Args:
        path: The CSV file.
        time_column: Name of the time column.
        features: Names of the feature columns, in the order wanted; None for every column other
            than the time column whose first data cell is a number.

    Returns:
        The series: timestamps (rows,) datetime64[s]; values (rows, features) float64, each exactly
        `float(text)` of its cell.

    Raises:
        CorpusError: The file cannot be read, or something in it is not as described; the message
            names the line (the header is line 1) and the column.
    """
    with _open(path) as file:
        columns = read_columns(file, path, time_column, features)
        timestamps, values = _read_table(file, path, columns)
    _check_interval(path, time_column, timestamps)
    return Series(timestamps, values, columns.feature_names)


def count_data_rows(path: Path) -> int:
    """Count the lines after the header without reading what they say.

    Blank lines at the end do not count. A last line without a line end does, although `read_series`
    refuses it.

    Raises:
        CorpusError: The file cannot be read.
    """
    rows = line_ends = 0
    with _open(path) as file:
        skip_bom(file)
        while block := file.read(_BLOCK):
            text = block.rstrip()
            if text:  # line ends up to the last text: one per line before it, the header included
                rows = line_ends + text.count(b"\n")
            line_ends += block.count(b"\n")
    return rows


@contextmanager
def _open(path: Path) -> Iterator[BinaryIO]:
    """Open a file for reading; an error of the operating system becomes one that helps."""
    try:
        kind = path.stat()
        # To open a pipe would wait for its other end, and a device has no end.
        if not stat.S_ISREG(kind.st_mode) and not stat.S_ISDIR(kind.st_mode):
            raise CorpusError(
                f"{path}: found a pipe, a socket or a device; expected a CSV file. Save what it "
                "gives to a file."
            )
        if kind.st_size > FILE_LIMIT:
            raise CorpusError(
                f"{path}: found {kind.st_size:,} bytes; expected at most {FILE_LIMIT:,}. Split the "
                "file by time, leave out columns that are not used, or write fewer digits."
            )
        with path.open("rb") as file:
            yield file
    except FileNotFoundError as error:
        raise CorpusError(
            f"{path}: there is no such file (looked for {path.absolute()}); expected the CSV "
            "there. Copy it to that place."
        ) from error
    except IsADirectoryError as error:
        raise CorpusError(
            f"{path}: found a directory; expected a CSV file. Name the file in it."
        ) from error
    except OSError as error:
        raise CorpusError(
            f"{path}: the file cannot be read ({error.strerror}); expected a readable CSV file. "
            "Check its permissions and the disk."
        ) from error


def _read_table(file: BinaryIO, path: Path, columns: Columns) -> _Table:
    """Read all data lines, block by block, an unusual block line by line."""
    timestamps: list[NDArray[np.datetime64]] = []
    values: list[NDArray[np.float64]] = []
    before = 1  # lines: the header
    blank: int | None = None
    while block := file.read(_BLOCK):
        block += file.readline(LINE_LIMIT + 1)
        ends = block[: len(block) - len(block.lstrip(b"\r\n"))]
        if ends and ends.count(b"\r") == ends.count(b"\r\n"):
            # Empty lines: to read them one by one would take half an hour for a full file.
            blank = blank or before + 1
            before += ends.count(b"\n")
            block = block[len(ends) :]
            if not block:
                continue
        # After a blank line any other is an error, which only the reading of lines tells.
        table = None if blank else _parse_block(block, columns)
        if table is None:
            stop = file.tell()
            file.seek(stop - len(block))
            table, blank = _read_line_by_line(file, path, columns, before, stop, blank)
        timestamps.append(table[0])
        values.append(table[1])
        before += block.count(b"\n")
    return np.concatenate(timestamps), np.concatenate(values)


def _parse_block(block: bytes, columns: Columns) -> _Table | None:
    """Parse whole lines, or return None unless every line is plainly as it should be."""
    if b'"' in block or b"\0" in block or not block.endswith(b"\n"):
        return None
    if block.count(b"\r") != block.count(b"\r\n"):
        return None
    per_line = len(columns.names) - 1
    # Counted first: arrays of the places of four million line ends would take a lot of memory.
    if block.count(b",") != block.count(b"\n") * per_line:
        return None
    data = np.frombuffer(block, np.uint8)
    ends = np.flatnonzero(data == ord("\n"))
    starts = np.concatenate(([0], ends[:-1] + 1))
    commas = np.flatnonzero(data == ord(","))
    if (ends - starts).max() >= LINE_LIMIT:
        return None
    # Each line has its share of the commas if the first and the last of each share lie within it.
    cuts = commas.reshape(len(ends), per_line)
    if (cuts[:, 0] < starts).any() or (cuts[:, -1] > ends).any():
        return None
    first = starts if columns.time == 0 else cuts[:, columns.time - 1] + 1
    after = ends - (data[ends - 1] == ord("\r"))
    if columns.time < per_line:
        after = cuts[:, columns.time]
    timestamps = _parse_timestamps(data, first, after)
    values = _parse_values(block, columns.features)
    if timestamps is None or values is None or len(values) != len(timestamps):
        return None
    return timestamps, values


def _parse_timestamps(
    data: NDArray[np.uint8], first: NDArray[np.intp], after: NDArray[np.intp]
) -> NDArray[np.datetime64] | None:
    """The timestamps between byte positions, or None unless all have one usual form."""
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
        return np.asarray(texts.astype("datetime64[s]"))
    except ValueError:  # a thirteenth month: the line-by-line reading says where
        return None


def _parse_values(block: bytes, features: tuple[int, ...]) -> NDArray[np.float64] | None:
    """The features' columns, (rows, features), or None unless all are finite numbers."""
    try:
        values = np.loadtxt(
            io.StringIO(block.decode("utf-8")),
            dtype=np.float64,
            delimiter=",",
            comments=None,
            usecols=features,
            ndmin=2,
        )
    except ValueError:  # not UTF-8 or not a number: the line-by-line reading says where
        return None
    return values if np.isfinite(values).all() else None


def _read_line_by_line(
    file: BinaryIO, path: Path, columns: Columns, before: int, stop: int, blank: int | None
) -> tuple[_Table, int | None]:
    """Read data lines one by one, refusing the first that is not as it should be.

    Args:
        file: At the start of a line.
        path: The file's name in messages.
        columns: Which columns there are.
        before: How many lines lie before.
        stop: Where in the file the last of the lines ends.
        blank: The first blank line before, if the lines before ended with one.

    Returns:
        The rows, and the first blank line if the lines end with one.
    """
    seconds = array("q")
    numbers = array("d")
    time_name = columns.names[columns.time]
    number = before
    while file.tell() < stop and (line := read_line(file, path, number := number + 1)) is not None:
        if line.blank:
            blank = blank or line.number
            continue
        if blank is not None:
            refuse(
                path,
                blank,
                None,
                "a blank line between data lines",
                "blank lines at the end of the file only",
                "Remove the line, or put the row there that is missing.",
            )
        cells = _cells(path, line, columns)
        timestamp = parse_timestamp(path, line.number, time_name, cells[columns.time])
        seconds.append(int(timestamp.astype(np.int64)))
        for index in columns.features:
            name = columns.names[index]
            numbers.append(parse_number(path, line.number, name, cells[index]))
    timestamps = np.array(seconds, dtype=np.int64).astype("datetime64[s]")
    values = np.array(numbers, dtype=np.float64).reshape(len(seconds), len(columns.features))
    return (timestamps, values), blank


def _cells(path: Path, line: Line, columns: Columns) -> list[str]:
    """The cells of a whole data line, one per column."""
    count = len(columns.names)
    if not line.ended:
        # Without the line end, 30.53 may be what is left of 30.5310001373291.
        refuse(
            path,
            line.number,
            None,
            f"the end of the file after {show(line.text[-40:])}, with {line.text.count(',') + 1} "
            f"of {count} fields and no newline, so the last number may have been cut in two",
            "a newline after the last line as well",
            "Copy the file again; if the file is complete, add a newline at its end.",
        )
    cells = split_line(path, line)
    if len(cells) < count:
        refuse(
            path,
            line.number,
            columns.names[len(cells)],
            f"{len(cells)} fields, the line ending before this column",
            f"{count} fields, as in the header",
            "Complete the line.",
        )
    if len(cells) > count:
        refuse(
            path,
            line.number,
            None,
            f"{len(cells)} fields, the first one too many being {show(cells[count])}",
            f"{count} fields, as in the header",
            "Remove what is too much; numbers take a decimal point, not a comma.",
        )
    return cells


def _check_interval(path: Path, column: str, timestamps: NDArray[np.datetime64]) -> None:
    """Refuse timestamps that do not increase by one and the same interval."""
    steps = np.diff(timestamps.astype(np.int64))
    if len(steps) == 0 or (steps[0] > 0 and (steps == steps[0]).all()):
        return
    # The interval is the one that most rows have: a gap after the first row must not make every
    # later row look wrong.
    lengths, counts = np.unique(steps[steps > 0], return_counts=True)
    usual = int(lengths[counts.argmax()]) if len(lengths) else 0
    row = int(np.flatnonzero(steps != usual)[0] if usual else 0) + 1
    step = int(steps[row - 1])
    line = row + 2  # row 0 is on line 2, and no blank line lies between
    here, before = _say(timestamps[row]), _say(timestamps[row - 1])
    if step == 0:
        found, expected = f"{here} a second time, as on the line before", "each time once"
        do = "Remove one of the two rows, or correct its time."
    elif step < 0:
        found, expected = f"{here} after {before} on the line before", "increasing times"
        do = "Sort the file by this column."
    else:
        found = f"{here}, {timedelta(seconds=step)} (h:mm:ss) after {before} on the line before"
        expected = f"the interval of {timedelta(seconds=usual)} that most rows have"
        do = "Fill in the missing rows, or resample the series to one interval."
    refuse(path, line, column, found, expected, do)


def _say(timestamp: np.datetime64) -> str:
    """A timestamp as the CSV writes it."""
    return str(timestamp).replace("T", " ")
