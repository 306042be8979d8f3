"""How a CSV parts its cells and writes its numbers, found in its first lines.

What belongs here: delimiter and decimal mark, found where that is certain and else asked for. What
does not: how timestamps are written (`csv_times.py`).
"""

import csv
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from zwu_ts_assets.timeseries.csv_lines import Line, refuse, show
from zwu_ts_assets.timeseries.csv_rules import DELIMITERS

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
