"""Which column of a CSV holds the time.

What belongs here: the choice of the column, by its name or its first cell. What does not: how its
stamps are written (`csv_times.py`).
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

from zwu_ts_assets.timeseries.csv_features import listed, refuse_missing
from zwu_ts_assets.timeseries.csv_lines import is_number, refuse, show
from zwu_ts_assets.timeseries.csv_times import (
    may_be_a_time,
    means_a_clock,
    means_a_count,
    means_a_day,
    means_a_time,
)

TIME_COLUMN: Final = "date"
"""The time column, if there is one of this name and nobody names another."""


_NAMES_OF_TIMES: Final = frozenset(
    (
        *("date", "time", "datetime", "date time", "date_time", "timestamp", "ds", "dt", "day"),
        *("utc", "index", "month", "quarter", "period", "datum", "zeit", "zeitstempel", "fecha"),
    )
)


def time_index(
    path: Path, names: tuple[str, ...], cells: Sequence[str], time_column: str | None
) -> int:
    """Index of the time column.

    Args:
        path: The file.
        names: All columns.
        cells: The first data line.
        time_column: Its name, which is one of the columns; None for `date`, else the one column
            whose first cell is a timestamp, else the one whose first cell counts from 1970.

    Raises:
        CorpusError: There is no such column, there are several, or it may be another one.
    """
    if time_column is not None:
        return names.index(time_column)
    if TIME_COLUMN in names:
        return names.index(TIME_COLUMN)
    pairs = list(enumerate(cells[: len(names)]))
    found = [i for i, cell in pairs if means_a_time(cell)]
    if not found:
        # Only where nothing looks like a date: a number may count anything.
        found = [i for i, cell in pairs if means_a_count(cell) or means_a_day(cell)]
        _refuse_doubt(path, names, pairs, found)
    # Where the names are times themselves, the first line is no header.
    if not found or any(map(means_a_time, names)):
        _refuse_unknown_form(path, names, pairs)
        refuse_missing(path, names, [TIME_COLUMN], "time_column")
    if len(found) > 1:
        candidates = [show(names[index]) for index in found]
        refuse(
            path,
            2,
            None,
            f"{len(found)} columns whose first cell is a timestamp: {listed(candidates)}",
            "one, or one that is named 'date'",
            f"Name the right one in the settings, for example `time_column = {candidates[0]}`.",
        )
    return found[0]


def _refuse_unknown_form(
    path: Path, names: tuple[str, ...], pairs: Sequence[tuple[int, str]]
) -> None:
    """Refuse a column that is named like a time and whose first cell is in no form that is known.

    To say that there is no column `date` where there is one called `Date` would mislead.
    """
    for index, cell in pairs:
        if names[index].strip().casefold() in _NAMES_OF_TIMES and not is_number(cell):
            refuse(
                path,
                2,
                names[index],
                f"{show(cell)}" if cell.strip() else "an empty cell",
                "a time in a form that is known, such as 2016-07-01 18:30:00 or 31.12.2016",
                f"If it is the time, say so: `time_column = {show(names[index])}`, and how it is "
                "written, such as `date_format = '%d %b %Y'`. If not, name the column that is.",
            )


def clock_index(time: int, rows: Iterable[Sequence[str]], features: Sequence[int]) -> int | None:
    """Index of the column with the time of day, or None.

    It is the only other column of such, where the time column has days and the first lines have a
    day in several rows: beside one row a day, a time of day is a text like any other.

    Args:
        time: Index of the time column.
        rows: The cells of the first data lines, of which as many are looked at as are needed.
        features: Indices of the features, which it is none of.
    """
    rows = iter(rows)
    first = next(rows, None)
    if first is None or not means_a_time(first[time]) or ":" in first[time]:
        return None
    open_ones = [i for i, cell in enumerate(first) if i != time and i not in features]
    if not any(means_a_clock(first[i]) for i in open_ones):
        return None  # as in most files, of which no more is read
    lines = [first, *rows]
    if not any(a[time].strip() == b[time].strip() for a, b in pairwise(lines)):
        return None
    found = [i for i in open_ones if all(means_a_clock(line[i]) for line in lines)]
    return found[0] if len(found) == 1 else None


def _refuse_doubt(
    path: Path, names: tuple[str, ...], pairs: Sequence[tuple[int, str]], counts: Sequence[int]
) -> None:
    """Refuse to take a running number for the time where another column may hold it."""
    others = [i for i, cell in pairs if i not in counts and may_be_a_time(cell)]
    if counts and others:
        count, other = counts[0], others[0]
        meaning = (
            "a date without marks"
            if means_a_day(pairs[count][1])
            else "a count of seconds from 1970"
        )
        refuse(
            path,
            2,
            names[count],
            f"{show(pairs[count][1])}, which may be {meaning}, and in column "
            f"{show(names[other])} {show(pairs[other][1])}, which may be a time",
            "one column that may hold the time",
            f"Name it in the settings, for example `time_column = {show(names[other])}`, and how "
            "its times are written with `date_format`.",
        )
