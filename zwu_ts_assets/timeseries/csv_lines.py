"""What one line and one cell of a CSV may be, and the message when it is something else.

What belongs here: the definition of an acceptable line and number. What does not: timestamps
(`csv_times.py`), which columns there are (`csv_header.py`), and fast reading (`csv_blocks.py`,
which accepts nothing that would be refused here).
"""

import csv
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, NoReturn

from zwu_ts_assets.errors import CorpusError

# A line of 100 numbers is 2.5 kB. Without a limit, a file that is no CSV and has no line ends would
# be read whole. It equals the csv module's own limit on a field, so that one cannot be met first.
LINE_LIMIT: Final = 131_072

_NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_MISSING: Final = re.compile(r"[#<]?n/?an?>?|null|none|missing|-1\.#ind|[-?.]+", re.IGNORECASE)
# Of a number with a decimal comma; a point in it makes it none.
_TO_POINT: Final = {ord(","): ".", ord("."): "?"}
_INFINITE: Final = re.compile(r"[+-]?(?:inf(?:inity)?|1\.#inf)", re.IGNORECASE)
_DIGITS_AND_MARKS: Final = re.compile(r"[+-]?(?:0x[0-9a-f]+|\d[\d.,_' ]*)", re.IGNORECASE)
# A minus of typesetters, a percent sign, a currency.
_DRESSED: Final = re.compile(
    r"[+\-\u2212]?\s?[$€£¥]?\s?[+\-\u2212]?\d[\d.,_'\s]*(?:[eE][+-]?\d+)?\s?[%‰$€£¥]?"
)

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
        do = (
            "Fill the gap, or leave the column out with the setting `features`. The setting `gaps` "
            '("drop" or "interpolate") allows missing values.'
        )
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
