"""Lines of a CSV: what one may be, how it parts its cells, and in which order lines stand.

The definition of an acceptable line and number is here; `csv_blocks.py` reads faster, and accepts
nothing that would be refused here. Delimiter and decimal mark are found where the first lines make
them certain, and asked for otherwise.
"""

import csv
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Final, NoReturn

import numpy as np
from numpy.typing import NDArray

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.timeseries.csv_rules import DELIMITERS, VALUES_ADVICE

# A line of 100 numbers is 2.5 kB. Without a limit, a file that is no CSV and has no line ends would
# be read whole. It equals the csv module's own limit on a field, so that one cannot be met first.
LINE_LIMIT: Final = 131_072

_NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_MISSING: Final = re.compile(r"[#<]?n/?an?>?|null|none|missing|-1\.#ind|[-?.]+|:", re.IGNORECASE)
# Of a number with a decimal comma; a point in it makes it none.
_TO_POINT: Final = {ord(","): ".", ord("."): "?"}
_INFINITE: Final = re.compile(r"[+-]?(?:inf(?:inity)?|1\.#inf)", re.IGNORECASE)
_DIGITS_AND_MARKS: Final = re.compile(r"[+-]?(?:0x[0-9a-f]+|\d[\d.,_' ]*)", re.IGNORECASE)
# A minus of typesetters, a percent sign, a currency.
_DRESSED: Final = re.compile(
    r"[+\-\u2212]?\s?[$€£¥]?\s?[+\-\u2212]?\d[\d.,_'\s]*(?:[eE][+-]?\d+)?\s?[%‰$€£¥]?"
)

_MARK: Final = 12  # characters of a text that may stand for a missing value
EXPECTED_NUMBER: Final = "a finite decimal number such as 1.5 or -2e-3"


class LineError(CorpusError):
    """What is wrong at one line of a table.

    Lines are counted from the column names, which need not be on the first line of the file: who
    opened the file moves the error. It arrives from another process as a `CorpusError`.
    """

    def __init__(self, path: Path, line: int, rest: str) -> None:
        """Say it of a line; `rest` is the message from there on."""
        super().__init__(f"{path}, line {line}{rest}")
        self._place = path, line, rest

    def moved(self, lines: int) -> "LineError":
        """The same error so many lines further down."""
        path, line, rest = self._place
        return LineError(path, line + lines, rest)

    def of_row(self) -> CorpusError:
        """The same error of a table that has rows and no lines."""
        path, line, rest = self._place
        return CorpusError(f"{path}, row {line - 1}{rest}" if line > 1 else f"{path}{rest}")

    def __reduce__(self) -> tuple[type[CorpusError], tuple[str]]:
        """As a `CorpusError`, which takes one string."""
        return CorpusError, (str(self),)


def refuse(
    path: Path, line: int, column: str | None, found: str, expected: str, do: str
) -> NoReturn:
    """Raise the error for one place in a file.

    Args:
        path: The file.
        line: Line of the file, the header being line 1.
        column: Name of the column, or None where it is about the whole line.
        found: What is there.
        expected: What should be there.
        do: What the user can do about it, as full sentences.

    Raises:
        CorpusError: Always.
    """
    place = "" if column is None else f", column {show(column)}"
    raise LineError(path, line, f"{place}: found {found}; expected {expected}. {do}")


def show(text: str) -> str:
    """A text in quotes, shortened if it would drown the message."""
    if len(text) <= 60:
        return repr(text)
    return f"{text[:40]!r}... ({len(text)} characters)"


@dataclass(frozen=True)
class Line:
    """One physical line of a file.

    Attributes:
        number: Counted from 1.
        text: Without its line end.
        ended: Whether a line end followed; False only for the last line of a file.
    """

    number: int
    text: str
    ended: bool

    @property
    def blank(self) -> bool:
        """Whether there is nothing but white space of ASCII, as for the `bytes` of the file."""
        return not self.text.strip(" \t\n\r\v\f")


def read_line(file: IO[bytes], path: Path, number: int, delimiter: str = ",") -> Line | None:
    r"""The next line of a file, or None at its end. Lines end with `\n` or `\r\n`.

    Args:
        file: At the start of a line.
        path: The file's name in messages.
        number: Of the line, from 1.
        delimiter: Between the cells, to name a cell that is too long.

    Raises:
        CorpusError: The line is too long, not UTF-8, or has a NUL byte or a lone carriage return.
    """
    raw = file.readline(LINE_LIMIT + 1)
    if not raw:
        return None
    if len(raw) > LINE_LIMIT:
        refuse(
            path,
            number,
            None,
            f"more than {LINE_LIMIT} bytes without a line end, in field "
            f"{raw.count(delimiter.encode('ascii')) + 1}",
            "one row per line",
            "Check that the file is a CSV, that its line ends are intact, and that no cell holds "
            "a document.",
        )
    if b"\0" in raw:
        refuse(
            path,
            number,
            None,
            f"a NUL byte at byte {file.tell() - len(raw) + raw.index(0)} of the file",
            "text",
            "The file is binary, damaged or UTF-16. Export it as CSV in UTF-8.",
        )
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        offset = file.tell() - len(raw) + error.start
        refuse(
            path,
            number,
            None,
            f"byte 0x{raw[error.start]:02x} at byte {offset} of the file, which is not UTF-8",
            "UTF-8 text",
            "The file is probably in Latin-1 or another old encoding. Say which with the setting "
            '`encoding`, for example `encoding = "latin-1"`, or save it as UTF-8.',
        )
    ended = text.endswith("\n")
    # A file may also be cut off between the two characters of its last line end.
    text = text.removesuffix("\n").removesuffix("\r")
    if "\r" in text:
        refuse(
            path,
            number,
            None,
            "a carriage return in the middle of the line",
            "lines that end with a newline",
            "Save the file with Unix or Windows line ends (old Mac line ends are not read).",
        )
    return Line(number, text, ended)


def split_line(path: Path, line: Line, delimiter: str = ",") -> list[str]:
    """The cells of a line, quotes resolved.

    Args:
        path: The file's name in messages.
        line: The line.
        delimiter: Between the cells.

    Raises:
        CorpusError: A quote is not closed on its line, or is followed by more text.
    """
    if '"' not in line.text:
        return line.text.split(delimiter)
    try:
        return next(csv.reader([line.text], delimiter=delimiter, strict=True))
    except csv.Error as error:
        refuse(
            path,
            line.number,
            None,
            f"quotes that do not close as they should ({error})",
            'every opening " to be closed on its own line, before a comma or the line end',
            "Mend the quotes; a cell must not contain a line break.",
        )


def parse_number(
    path: Path, line: int, column: str, cell: str, decimal: str = ".", *, missing: bool = False
) -> float:
    """The float64 nearest to a decimal text, exactly `float(cell)`.

    Narrower than `float`: no `inf`, `1_000` or digits of other scripts.

    Args:
        path: The file.
        line: The line.
        column: Name of the column.
        cell: The text.
        decimal: The decimal mark.
        missing: Whether an empty cell, `NaN`, `NA`, `null` and the like are a missing value: NaN.

    Raises:
        CorpusError: The cell is anything else than a finite decimal number.
    """
    text = cell.strip()
    plain = text if decimal == "." else text.translate(_TO_POINT)
    if _NUMBER.fullmatch(plain):
        number = float(plain)
        if math.isfinite(number):
            return number
        found = f"{show(cell)}, too large for a 64-bit float"
        do = "Check the cell, or change the unit of the column."
    elif is_missing(text):
        if missing:
            return math.nan
        found = f"{show(cell)}, a missing value" if text else "an empty cell"
        do = f"Fill the gap, or leave the column out with the setting `features`. {VALUES_ADVICE}"
    elif _INFINITE.fullmatch(text):
        found = f"{show(cell)}, infinity"
        do = "Put a finite number there, or leave the column out with the setting `features`."
    elif _DIGITS_AND_MARKS.fullmatch(text) or _DRESSED.fullmatch(text):
        found = show(cell)
        mark = "point" if decimal == "." else "comma"
        do = (
            f"Write numbers with the digits 0 to 9, a decimal {mark}, the sign - and nothing "
            "between or around digits; the setting `decimal` says which mark it is, `thousands` "
            "what parts thousands, and `strip` which texts to pass over. Or leave the column out "
            "with the setting `features`."
        )
    else:
        found = f"the text {show(cell)}"
        do = "Mend the cell, or leave the column out with the setting `features`."
        if len(text) <= _MARK:
            do += f" If it stands for a missing value, write `missing_values = [{show(text)}]`."
    expected = EXPECTED_NUMBER if decimal == "." else EXPECTED_NUMBER.replace("1.5", "1,5")
    refuse(path, line, column, found, expected, do)


def is_missing(cell: str) -> bool:
    """Whether a cell stands for a missing value: empty, `NaN`, `NA`, `null`, `-` and the like."""
    text = cell.strip()
    return not text or _MISSING.fullmatch(text) is not None


def is_number(cell: str) -> bool:
    """Whether a cell is a decimal number, with a point or a comma."""
    text = cell.strip()
    return any(_NUMBER.fullmatch(form) for form in (text, text.translate(_TO_POINT)))


def is_dressed(cell: str) -> bool:
    """Whether a cell is a number with something around it: `5 %`, `$5`, `−5`."""
    return _DRESSED.fullmatch(cell.strip()) is not None


def means_a_number(cell: str) -> bool:
    """Whether a cell is a number or stands where one belongs: empty, NaN, infinite, `1,5`."""
    text = cell.strip()
    patterns = (_MISSING, _INFINITE, _DIGITS_AND_MARKS)
    return not text or is_number(text) or any(pattern.fullmatch(text) for pattern in patterns)


_NAMES: Final = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
# One mark, and digits around it as between thousands: 1.234 may be a thousand or a little more.
_THOUSANDS: Final = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}", re.ASCII)
_ONE_MARK: Final = re.compile(r"[+-]?\d*([.,])\d*(?:[eE][+-]?\d+)?", re.ASCII)


def find_delimiter(path: Path, header: Line, first: str, time_column: str) -> str:
    """What is between the cells.

    A comma if the time column is then among the columns; else the one delimiter for which it is;
    else the one by which the first data line has as many cells as the header, more than one.

    Args:
        path: The file's name in messages.
        header: The first line.
        first: The second line.
        time_column: Name of the time column, or the one that it has if nobody names another.

    Raises:
        CorpusError: Several delimiters would do.
    """
    split = {mark: cells_of(header.text, mark) for mark in DELIMITERS}
    if time_column in split[","]:
        return ","
    fitting = [mark for mark in DELIMITERS if time_column in split[mark]]
    if not fitting:
        fitting = [
            mark
            for mark in DELIMITERS
            if len(split[mark]) > 1 and len(split[mark]) == len(cells_of(first, mark))
        ]
    if len(fitting) > 1:
        marks = " and by ".join(f"{_NAMES[mark]} ({mark!r})" for mark in fitting)
        refuse(
            path,
            1,
            None,
            f"columns that can be told apart by {marks}: {show(header.text)}",
            "one delimiter",
            f"Write the right one into the settings, for example `delimiter = {fitting[-1]!r}`.",
        )
    return fitting[0] if fitting else ","


def find_decimal(
    path: Path,
    names: Sequence[str],
    columns: Sequence[int],
    rows: Iterable[tuple[int, Sequence[str]]],
) -> str | None:
    """The decimal mark of a file whose cells are not parted by commas.

    Args:
        path: The file's name in messages.
        names: All columns.
        columns: Indices of those that are looked at.
        rows: Of some data lines, the number and the cells.

    Returns:
        The mark of the first number that has one and cannot be a whole number with its thousands
        parted; None where no number has one.

    Raises:
        CorpusError: All numbers with a mark could be either.
    """
    doubtful: tuple[int, str, str] | None = None
    for line, cells in rows:
        for index in columns:
            if index >= len(cells):
                continue
            cell = cells[index]
            text = cell.strip()
            found = _ONE_MARK.fullmatch(text)
            if found is None or text in ".,":
                continue
            if not _THOUSANDS.fullmatch(text):
                return found[1]
            doubtful = doubtful or (line, names[index], cell)
    if doubtful is None:
        return None
    line, name, cell = doubtful
    refuse(
        path,
        line,
        name,
        f"{show(cell)}, and neither the lines before nor the next ones tell whether its mark is "
        "the decimal mark or parts thousands",
        "numbers of which one has another number of digits after the mark than three",
        'If it is the decimal mark, write `decimal = "."` or `decimal = ","` into the '
        'settings; if it parts thousands, `thousands = "."` or `thousands = ","`.',
    )


def cells_of(text: str, delimiter: str) -> list[str]:
    """The cells of a line, as far as they can be told; quotes that do not close tell none.

    Args:
        text: The line without its end.
        delimiter: Between the cells.
    """
    try:
        return next(csv.reader([text], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return text.split(delimiter)


REPEAT_LIMIT: Final = 2_000_000
"""The most lines among which repeated ones are looked for that do not follow each other."""

_PIECE: Final = 24  # rows of a piece on average, at least: else rows are in disorder

_TURNS: Final = 10  # steps back that are no single mistake,
_SHARE: Final = 100  # nor are they where one row in so many turns back


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
    shuffled = ordered is rows and _in_disorder(rows)
    if shuffled:
        order = np.argsort(rows.seconds, kind="stable")
        note = "rows in no order in the file, put into the order of time"
        ordered = _reordered(rows, order, note)
    again = np.flatnonzero(np.diff(ordered.seconds) == 0) + 1
    if not len(again):
        return ordered
    lines = np.arange(2, len(rows.seconds) + 2) if ordered.lines is None else ordered.lines
    repeats = _are_equal(file, start, lines[again - 1], lines[again])
    if ordered is not rows and not shuffled and not repeats.all():
        return rows  # several series below each other, perhaps
    if not repeats.any():
        return ordered if shuffled else rows
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
    count = min(back, ahead) + 1
    return _reordered(rows, order, f"{count} pieces in the file, put into the order of time")


def _in_disorder(rows: DataRows) -> bool:
    """Whether the rows of one series are in no order at all, as of a table sorted by its texts.

    A few rows that go back are mistakes, which are told where they are, and times that are there
    again and again are those of several series.
    """
    steps = np.diff(rows.seconds)
    turns, count = min(int((steps < 0).sum()), int((steps > 0).sum())), len(rows.seconds)
    if turns < _TURNS or turns * _SHARE < count or count > REPEAT_LIMIT:
        return False
    return (count - len(np.unique(rows.seconds))) * _SHARE <= count


def _reordered(rows: DataRows, order: NDArray[np.int64], note: str) -> DataRows:
    """The rows in another order, which a note tells."""
    lines = np.arange(2, len(rows.seconds) + 2) if rows.lines is None else rows.lines
    return DataRows(
        rows.seconds[order],
        np.ascontiguousarray(rows.values[order]),
        lines[order],
        (*rows.notes, note),
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
