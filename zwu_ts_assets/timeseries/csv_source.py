"""From the bytes of a file to the first line of its table.

What belongs here: what may lie around a table, namely packing, UTF-16, the line that tells Excel
the delimiter, and title lines above the column names. What does not: the column names themselves
(`csv_header.py`), the data lines (`csv_file.py`) and formats that are no text (`table_formats.py`).
"""

import codecs
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.timeseries.csv_dialect import cells_of
from zwu_ts_assets.timeseries.csv_lines import (
    LINE_LIMIT,
    LineError,
    is_number,
    means_a_number,
    refuse,
    show,
)
from zwu_ts_assets.timeseries.csv_open import open_csv, refuse_other_formats, skip_bom
from zwu_ts_assets.timeseries.csv_rules import DELIMITERS, Delimiter
from zwu_ts_assets.timeseries.csv_times import may_be_a_time, means_a_count, means_a_time
from zwu_ts_assets.timeseries.table_files import PACKINGS, PARQUET, TSF, table_suffix
from zwu_ts_assets.timeseries.table_formats import parquet_as_csv, tsf_as_csv, unpacked

_TITLE_LINES: Final = 50  # lines among which the column names are looked for
_PIECE: Final = 1 << 20
_SEPARATOR: Final = re.compile(r"sep=(.?)", re.IGNORECASE)


@dataclass(frozen=True)
class Source:
    """A table in a file.

    Attributes:
        file: UTF-8 text, at the line with the column names. Places in it are those of the text.
        delimiter: What the file itself says of it, in a line `sep=;`.
        notes: What was passed over or converted, for people.
    """

    file: IO[bytes]
    delimiter: Delimiter | None
    notes: tuple[str, ...]


@contextmanager
def open_table(path: Path, encoding: str | None = None) -> Iterator[Source]:
    """Open a file at the line with the column names.

    Within the context that line is line 1. An error that leaves it names the line of the file.

    Args:
        path: The file.
        encoding: Of the text; None for UTF-8, or UTF-16 with its mark.

    Raises:
        CorpusError: The file cannot be read, or is something else than a CSV.
    """
    suffix = table_suffix(path.name).lower()
    with ExitStack() as stack:
        file: IO[bytes] = stack.enter_context(open_csv(path))
        if suffix == PARQUET:
            file, told = stack.enter_context(parquet_as_csv(path, file))
            with _of_rows():
                yield Source(file, ",", told)
            return
        if suffix.endswith(PACKINGS):
            file = stack.enter_context(unpacked(path, file, f".{suffix.rpartition('.')[2]}"))
        if suffix.startswith(TSF):
            file = stack.enter_context(tsf_as_csv(path, file))
            with _of_rows():
                yield Source(file, ",", ())
            return
        notes: list[str] = []
        head = file.read(16)
        file.seek(0)
        if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            file = stack.enter_context(_as_utf_8(path, file, "utf-16"))
            notes.append("UTF-16 was read as such")
        elif encoding is not None:
            refuse_other_formats(path, head)
            file = stack.enter_context(_as_utf_8(path, file, encoding))
            skip_bom(file)
        else:
            refuse_other_formats(path, head)
            skip_bom(file)
        above, delimiter = _above_names(path, file)
        if delimiter is not None:
            notes.append(f"the first line tells the delimiter {delimiter!r}")
        elif above:
            lines = "line" if above == 1 else "lines"
            notes.append(f"{above} {lines} above the column names passed over")
        try:
            yield Source(file, delimiter, tuple(notes))
        except LineError as error:
            raise error.moved(above) from error


@contextmanager
def _of_rows() -> Iterator[None]:
    """Errors about a table without lines name the row."""
    try:
        yield
    except LineError as error:
        raise error.of_row() from error


@contextmanager
def _as_utf_8(path: Path, file: IO[bytes], encoding: str) -> Iterator[IO[bytes]]:
    """The text of a file in a temporary one."""
    decoder = codecs.getincrementaldecoder(encoding)()
    name = "UTF-16" if encoding == "utf-16" else encoding
    with tempfile.TemporaryFile() as text:
        try:
            while piece := file.read(_PIECE):
                text.write(decoder.decode(piece).encode("utf-8"))
            text.write(decoder.decode(b"", final=True).encode("utf-8"))
        except UnicodeError as error:
            raise CorpusError(
                f"{path}: found {name} text that is cut off or damaged ({error}); expected whole "
                "characters. Copy the file again, or save it as UTF-8."
            ) from error
        text.seek(0)
        yield text


def _above_names(path: Path, file: IO[bytes]) -> tuple[int, Delimiter | None]:
    """Move to the column names: how many lines lie above, and the delimiter if one tells it."""
    start = file.tell()
    ends: list[int] = []
    lines: list[str] = []
    while len(lines) < _TITLE_LINES and (raw := file.readline(LINE_LIMIT + 1)):
        if len(raw) > LINE_LIMIT:  # reading it says so
            break
        lines.append(raw.decode("utf-8", "replace").rstrip("\r\n"))
        ends.append(file.tell())
    told = _SEPARATOR.fullmatch(lines[0].strip(" \r\n")) if lines else None
    if told is not None:
        delimiters: dict[str, Delimiter] = {mark: mark for mark in DELIMITERS}
        if told[1] not in delimiters:
            refuse(
                path,
                1,
                None,
                f"{show(lines[0])}, which tells Excel the delimiter",
                f"one of {' '.join(map(repr, DELIMITERS))}",
                "Remove the line, or export the file with another delimiter.",
            )
        file.seek(ends[0])
        return 1, delimiters[told[1]]
    above = _title_lines(lines)
    file.seek(ends[above - 1] if above else start)
    return above, None


def _title_lines(lines: Sequence[str]) -> int:
    """How many of the first lines are titles; 0 unless the table below them is beyond doubt.

    It is where a line of names is followed by lines with as many cells, a time among them, and no
    line above has as many cells, but for one with a single text that a spreadsheet filled up.
    """
    for above in range(len(lines) - 1):
        for mark in DELIMITERS:
            names = cells_of(lines[above], mark)
            if _are_names(names) and all(
                _is_row(cells_of(line, mark), len(names)) for line in lines[above + 1 : above + 3]
            ):
                over = [cells_of(line, mark) for line in lines[:above]]
                if all(len(c) != len(names) or sum(map(bool, c)) <= 1 for c in over):
                    return above
                return 0
    return 0


def _are_names(cells: Sequence[str]) -> bool:
    """Whether cells may be the names of columns; spreadsheets leave empty ones at the end."""
    named = [cell for cell in cells[1:] if cell.strip()]
    return bool(named) and not any(
        is_number(cell) or means_a_time(cell) for cell in [cells[0], *named]
    )


def _is_row(cells: Sequence[str], count: int) -> bool:
    """Whether cells may be a data line of so many columns."""
    times = [c for c in cells if means_a_time(c) or means_a_count(c) or may_be_a_time(c)]
    return len(cells) == count and bool(times) and any(means_a_number(cell) for cell in cells)
