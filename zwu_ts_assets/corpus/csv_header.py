"""Which columns a CSV has and which of them are used.

What belongs here: the first line of a CSV, checked, and the choice of time column and features.
What does not: the data lines (`csv_lines.py`, `csv_file.py`).
"""

import difflib
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from zwu_ts_assets.corpus.csv_lines import (
    EXPECTED_NUMBER,
    Line,
    means_a_number,
    parse_number,
    read_line,
    refuse,
    show,
    split_line,
)
from zwu_ts_assets.corpus.errors import CorpusError
from zwu_ts_assets.corpus.limits import FEATURE_LIMIT

_SIGNATURES: Final = (
    (b"PK\x03\x04", "a zip archive or an Excel workbook"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"\x1f\x8b", "gzip-compressed"),
    (b"BZh", "bzip2-compressed"),
    (b"\xfd7zXZ\0", "xz-compressed"),
    (b"\x28\xb5\x2f\xfd", "zstd-compressed"),
    (b"PAR1", "a Parquet file"),
    (b"ARROW1", "an Arrow file"),
    (b"\x89HDF", "an HDF5 file"),
    (b"SQLite format 3", "an SQLite database"),
    (b"%PDF", "a PDF"),
    (b"\xff\xfe", "UTF-16 text"),
    (b"\xfe\xff", "UTF-16 text"),
    (b"<!doctype html", "a web page, not the download itself"),
    (b"<html", "a web page, not the download itself"),
)
COLUMN_LIMIT: Final = 5_000
"""The most columns of a CSV, used or not."""
_LISTED: Final = 20  # names in a message
_COMPARED: Final = 100  # characters up to which a name is looked for among the others

_OTHER_DELIMITERS: Final = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_BOM: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Columns:
    """The columns of a CSV and the ones that are used.

    Attributes:
        names: All column names, in the order of the file.
        time: Index of the time column.
        features: Indices of the feature columns, in the order wanted.
    """

    names: tuple[str, ...]
    time: int
    features: tuple[int, ...]

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the feature columns, in the order wanted."""
        return tuple(self.names[index] for index in self.features)


def skip_bom(file: BinaryIO) -> None:
    """Move past a UTF-8 byte order mark at the start of a file, if there is one."""
    if file.read(len(_BOM)) != _BOM:
        file.seek(0)


def read_columns(
    file: BinaryIO, path: Path, time_column: str, features: Sequence[str] | None
) -> Columns:
    """Read the header and choose the columns; the file is left at the first data line.

    Args:
        file: Open at its start.
        path: The file's name in messages.
        time_column: Name of the time column.
        features: The feature columns in the order wanted; None for every column other than the
            time column whose first data cell is a number.

    Raises:
        CorpusError: The file is no CSV with a header, or lacks a column.
    """
    _refuse_other_formats(path, file.read(16))
    file.seek(0)
    skip_bom(file)
    header = read_line(file, path, 1)
    if header is None:
        raise CorpusError(
            f"{path}: the file is empty; expected a header line and data lines. Copy it again."
        )
    names = tuple(split_line(path, header))
    if len(names) > COLUMN_LIMIT:
        refuse(
            path,
            1,
            None,
            f"{len(names):,} columns",
            f"at most {COLUMN_LIMIT:,}",
            "Check that the series runs down the file, one row per time; leave out columns that "
            "are not used.",
        )
    # The delimiter comes first: with the wrong one, all else that could be said would mislead.
    _refuse_other_delimiters(path, header, names, time_column)
    _check_names(path, names)
    if time_column not in names:
        _refuse_missing(path, names, [time_column], "time_column")
    start = file.tell()
    first = read_line(file, path, 2)
    file.seek(start)
    if first is None or (first.blank and _only_blank_lines(file)):
        raise CorpusError(
            f"{path}: found a header line and no data line after it; expected data from line 2 "
            "on. Copy the file again."
        )
    file.seek(start)
    time = names.index(time_column)
    chosen = (
        _numeric(path, names, time, first)
        if features is None
        else _named(path, names, time, features)
    )
    return Columns(names, time, chosen)


def _only_blank_lines(file: BinaryIO) -> bool:
    """Whether nothing but white space follows; in pieces, as it may be half a gigabyte."""
    return not any(piece.strip() for piece in iter(lambda: file.read(1 << 20), b""))


def _refuse_other_formats(path: Path, head: bytes) -> None:
    """Recognise a file that is something else than a CSV by its first bytes."""
    for signature, what in _SIGNATURES:
        if head.lower().startswith(signature.lower()):
            raise CorpusError(
                f"{path}: the file is {what}; expected a CSV: UTF-8 text with commas. "
                "Unpack it, or export it as CSV."
            )


def _refuse_other_delimiters(
    path: Path, header: Line, names: tuple[str, ...], time_column: str
) -> None:
    """Refuse a header that falls into columns only with another delimiter than a comma."""
    if time_column in names:
        return
    for delimiter, what in _OTHER_DELIMITERS.items():
        cells = [cell.strip('" ') for cell in header.text.split(delimiter)]
        if len(cells) > 1 and (len(names) == 1 or time_column in cells):
            refuse(
                path,
                1,
                None,
                f"{what} ({delimiter!r}) between the column names: {show(header.text)}",
                "commas (',')",
                "Export the file with commas between the cells and points as decimal marks.",
            )


def _check_names(path: Path, names: tuple[str, ...]) -> None:
    """Refuse column names that are empty, hold control characters or occur twice."""
    for position, name in enumerate(names, start=1):
        if not name.strip():
            refuse(
                path,
                1,
                None,
                f"an empty name for column {position} of {len(names)}",
                "a name for every column",
                "Name the column or remove it (pandas writes such a column unless told "
                "`index=False`).",
            )
        # A line break in a name would tear a line of the stats text in two.
        if any(unicodedata.category(character) in ("Cc", "Zl", "Zp") for character in name):
            refuse(
                path,
                1,
                name,
                f"a control character or line break in the name of column {position}",
                "printable names",
                "Rename the column.",
            )
    for name, count in Counter(names).items():
        if count > 1:
            places = [str(i) for i, other in enumerate(names, start=1) if other == name]
            refuse(
                path,
                1,
                name,
                f"{count} columns of this name (columns {_listed(places)})",
                "each name once",
                "Rename or remove all but one of them.",
            )


def _refuse_missing(path: Path, names: tuple[str, ...], missing: list[str], setting: str) -> None:
    """Refuse columns that are not there, and say which are and which come close."""
    # Comparing takes time by the square of the lengths: long names are not compared.
    folded = {n.strip().casefold(): n for n in names if len(n) <= _COMPARED}
    close = []
    for name in [name for name in missing if len(name) <= _COMPARED][:_LISTED]:
        for match in difflib.get_close_matches(name.strip().casefold(), folded, n=1):
            close.append(f"{show(folded[match])} for {show(name)}")
    hint = f" Did you mean {', '.join(close)}?" if close else ""
    if any(means_a_number(name) for name in names):
        hint = " Line 1 looks like data: add a line with the column names above it."
    refuse(
        path,
        1,
        None,
        f"no column {_listed(list(map(show, missing)))}; the columns are "
        f"{_listed(list(map(show, names)))}",
        f"every column that is named in the settings, here by `{setting}`",
        f"Correct the setting `{setting}` or the header.{hint}",
    )


def _listed(texts: list[str]) -> str:
    """Texts with commas between them; of many, only the first."""
    listed = ", ".join(texts[:_LISTED])
    return listed if len(texts) <= _LISTED else f"{listed} and {len(texts) - _LISTED} more"


def _named(
    path: Path, names: tuple[str, ...], time: int, features: Sequence[str]
) -> tuple[int, ...]:
    """The indices of the features that the user named."""
    wanted = [features] if isinstance(features, str) else list(features)
    if not wanted:
        raise CorpusError(
            "The setting `features` names no column; expected at least one. Name the columns, or "
            "leave the setting out to use every numeric column."
        )
    if len(wanted) > FEATURE_LIMIT:
        raise CorpusError(
            f"The setting `features` names {len(wanted):,} columns; expected at most "
            f"{FEATURE_LIMIT}. Leave some out, or make several datasets."
        )
    missing = [name for name in wanted if name not in names]
    if missing:
        _refuse_missing(path, names, missing, "features")
    twice = [name for name, count in Counter(wanted).items() if count > 1]
    if twice:
        raise CorpusError(
            f"The setting `features` names {_listed(list(map(show, twice)))} more than once; "
            "expected each column once. Remove the repetition."
        )
    if names[time] in wanted:
        raise CorpusError(
            f"The setting `features` names the time column {show(names[time])}; expected other "
            "columns. Remove it from the setting."
        )
    return tuple(names.index(name) for name in wanted)


def _numeric(path: Path, names: tuple[str, ...], time: int, first: Line) -> tuple[int, ...]:
    """The indices of the columns whose first data cell is a number."""
    cells = split_line(path, first)
    chosen = []
    # A line with too few or too many cells is refused with the other data lines.
    for index, cell in enumerate(cells[: len(names)]):
        # A first cell that is empty or `NaN` leaves open whether the column is wanted. To drop the
        # column without a word would train on less than the user believes.
        if index != time and means_a_number(cell):
            chosen.append(index)
    if len(chosen) > FEATURE_LIMIT:
        some = _listed([show(names[index]) for index in chosen[:_LISTED]])
        refuse(
            path,
            first.number,
            None,
            f"{len(chosen):,} numeric columns ({some} and so on), all of which would be used",
            f"at most {FEATURE_LIMIT}",
            "Name the columns to use with the setting `features`, for example "
            f"`features = [{', '.join(show(names[index]) for index in chosen[:3])}]` in "
            f"{path.with_suffix('.toml').name} beside the CSV.",
        )
    for index in chosen:
        parse_number(path, first.number, names[index], cells[index])
    if not chosen and len(cells) == len(names):
        texts = _listed(
            [
                f"{show(name)}: {show(cell)}"
                for index, (name, cell) in enumerate(zip(names, cells, strict=True))
                if index != time
            ]
        )
        refuse(
            path,
            first.number,
            None,
            f"no numeric column beside the time column ({texts or 'it is the only column'})",
            f"at least one column whose cells are each {EXPECTED_NUMBER}",
            "Check that this is the right file and that its numbers are plain decimal numbers.",
        )
    return tuple(chosen)
