"""Which columns of a CSV are its features.

What belongs here: the choice of the feature columns, what is said of columns that are not there,
and finding columns that only tell the time again, by which a model could read where in time it is.
What does not: the time column and the header itself (`csv_header.py`).
"""

import difflib
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Final, NoReturn

import numpy as np
from numpy.typing import NDArray

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.timeseries.csv_lines import (
    EXPECTED_NUMBER,
    is_dressed,
    is_missing,
    is_number,
    means_a_number,
    parse_number,
    refuse,
    show,
)
from zwu_ts_assets.timeseries.csv_rules import FEATURE_LIMIT, settings_file
from zwu_ts_assets.timeseries.csv_times import means_a_time

# Fewer rows may go up evenly by chance.
_LEAST_ROWS: Final = 24
# How far a time may be off the straight line, in steps: Excel writes days with ten digits.
_OFF: Final = 0.01


def repeats_time(
    seconds: NDArray[np.int64], values: NDArray[np.float64], per_second: int = 1
) -> str:
    """How a column tells the time again; empty if it does not.

    Args:
        seconds: (rows,) int64, increasing.
        values: (rows,) float64, NaN where a value is missing.
        per_second: How many of the counts are a second.
    """
    first = np.diff(values[:_LEAST_ROWS])
    rising, level = bool((first > 0).all() or (first < 0).all()), bool((first == 0).all())
    # Most columns are told by their first rows.
    if len(seconds) < _LEAST_ROWS or not (rising or level) or not np.isfinite(values).all():
        return ""
    if (_is_even(np.arange(len(values), dtype=np.float64), values)) or _is_even(
        (seconds - seconds[0]).astype(np.float64), values
    ):
        return "goes on evenly with the time, so it counts rows or is a time itself"
    if (values[:_LEAST_ROWS] == values[0]).all():  # as a year is
        years = (seconds // per_second).view("datetime64[s]").astype("datetime64[Y]").astype(
            np.int64
        ) + 1970
        ahead = values - years
        if (ahead == ahead[0]).all() and (years[0] != years[-1] or ahead[0] == 0):
            return "is the year of the time"
    return ""


def _is_even(steps: NDArray[np.float64], values: NDArray[np.float64]) -> bool:
    """Whether values lie on a line over the steps that is not level."""
    few = steps[:_LEAST_ROWS]
    if few[-1] == few[0]:  # counted rows, all of one time
        return False
    slope = (values[_LEAST_ROWS - 1] - values[0]) / (few[-1] - few[0])
    if slope == 0 or not np.isfinite(slope):
        return False
    # Most columns are told by their first rows; of the others the whole tells the slope better.
    width = abs(slope) * few[-1] / (_LEAST_ROWS - 1)
    if (np.abs(values[:_LEAST_ROWS] - values[0] - slope * few) > _OFF * width).any():
        return False
    slope = (values[-1] - values[0]) / steps[-1]
    return bool((np.abs(values - values[0] - slope * steps) <= _OFF * width).all())


_LABELS: Final = ("anomal", "attack", "changepoint", "class", "fault", "label", "outlier")


def label_hints(names: Sequence[str], values: NDArray[np.float64]) -> tuple[str, ...]:
    """What to do where features look like labels of the rows, whose answers pictures would show.

    Args:
        names: Of the features.
        values: (rows, features) float64, NaN where a value is missing.
    """
    return tuple(
        f"{show(name)} is a feature, and has 0 and 1 alone: if it labels the rows, keep it out of "
        f'the pictures with `label_column = "{name}"`, or leave it out of `features`'
        for name, column in zip(names, values.T, strict=True)
        if any(word in name.casefold() for word in _LABELS)
        and set(np.unique(column[~np.isnan(column)])) == {0.0, 1.0}
    )


_LOOKED_AT: Final = 100  # lines that tell whether a column is one of numbers
_LISTED: Final = 20  # names in a message
_COMPARED: Final = 100  # characters up to which a name is looked for among the others


def refuse_missing(
    path: Path, names: tuple[str, ...], missing: list[str], setting: str, *, more: str = ""
) -> NoReturn:
    """Refuse columns that are not there, and say which are and which come close.

    Args:
        path: The file.
        names: The columns that are there.
        missing: Those that are not.
        setting: Which setting names them.
        more: What else may be done, after a space.

    Raises:
        CorpusError: Always.
    """
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
        f"no column {listed(list(map(show, missing)))}; the columns are "
        f"{listed(list(map(show, names)))}",
        f"every column that is named in the settings, here by `{setting}`",
        f"Correct the setting `{setting}` or the header.{hint}{more}",
    )


def listed(texts: list[str]) -> str:
    """Texts with commas between them; of many, only the first.

    Args:
        texts: The texts, of any number.
    """
    text = ", ".join(texts[:_LISTED])
    return text if len(texts) <= _LISTED else f"{text} and {len(texts) - _LISTED} more"


def named_features(
    path: Path, names: tuple[str, ...], time: int, features: Sequence[str]
) -> tuple[int, ...]:
    """The indices of the features that the user named, in the order named.

    Args:
        path: The file.
        names: All columns.
        time: Index of the time column.
        features: The names.

    Raises:
        CorpusError: A name that is not there, is named twice, or is the time column's.
    """
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
        refuse_missing(path, names, missing, "features")
    twice = [name for name, count in Counter(wanted).items() if count > 1]
    if twice:
        raise CorpusError(
            f"The setting `features` names {listed(list(map(show, twice)))} more than once; "
            "expected each column once. Remove the repetition."
        )
    if time >= 0 and names[time] in wanted:
        raise CorpusError(
            f"The setting `features` names the time column {show(names[time])}; expected other "
            "columns. Remove it from the setting."
        )
    return tuple(names.index(name) for name in wanted)


def _refuse_text_above_numbers(path: Path, name: str, column: Sequence[tuple[int, str]]) -> None:
    """Refuse a column of numbers whose first cell is a text, such as `n.a.` or `offline`.

    To leave it out without a word would be to train on less than the user believes.

    Args:
        path: The file.
        name: Of the column.
        column: Its first cells with their lines.
    """
    present = [(line, cell) for line, cell in column if not is_missing(cell)]
    if not present:  # its first value, further down, is a text
        return
    (line, text), *others = present
    numbers = [(line, cell) for line, cell in others if is_number(cell)]
    if len(numbers) > max(1, len(others) / 2):
        other, number = numbers[0]
        refuse(
            path,
            line,
            name,
            f"the text {show(text)} in a column of numbers, such as {show(number)} on line {other}",
            "a number in every cell of the column, or in few of them",
            "Correct the cell; or empty it, and allow missing values with the setting `gaps`; or "
            "name the columns to use with the setting `features`.",
        )


def numbers_among(cells: Sequence[str], time: int | None = None) -> list[int]:
    """The indices of the cells that are numbers, or stand where one belongs.

    One that is empty or `NaN` leaves open whether its column is wanted. To drop the column without
    a word would be to train on less than the user believes.

    Args:
        cells: Of a line, which may have fewer than there are columns: it is refused with the other
            data lines.
        time: Index of the time column.
    """
    return [
        index
        for index, cell in enumerate(cells)
        if index != time
        and (means_a_number(cell) or is_dressed(cell))
        and not means_a_time(cell)  # 01.01.2024
    ]


def numeric_features(
    path: Path,
    names: tuple[str, ...],
    time: int,
    rows: Iterable[Sequence[str]],
    decimal: str,
    *,
    missing: bool,
    left_out: Sequence[int] = (),
) -> tuple[int, ...]:
    """The indices of the columns whose first data cell is a number, or stands where one belongs.

    Args:
        path: The file.
        names: All columns.
        time: Index of the time column.
        rows: The cells of the first data lines, of which as many are looked at as are needed.
        decimal: The decimal mark.
        missing: Whether a missing value is accepted: then the first cell that has one decides, and
            a column without any in these lines is none of them.
        left_out: Indices of columns that are none of them whatever they hold.

    Raises:
        CorpusError: There is no such column, there are too many, or a cell leaves it open.
    """
    rows = iter(rows)
    first = list(islice(rows, _LOOKED_AT))
    cells = list(first[0]) if first else []
    chosen = [i for i in numbers_among(cells[: len(names)], time) if i not in left_out]
    if missing:
        open_ones = {index for index in chosen if is_missing(cells[index])}
        for row in chain(first[1:], rows):
            if not open_ones:
                break
            for index in [i for i in open_ones if i < len(row) and not is_missing(row[i])]:
                open_ones.remove(index)
                if not numbers_among([row[index]]):
                    chosen.remove(index)
        if open_ones and len(open_ones) < len(chosen):
            # Not a word is lost: the caller names the columns that are left out.
            chosen = [index for index in chosen if index not in open_ones]
        elif open_ones:
            some = listed([show(names[index]) for index in sorted(open_ones)])
            refuse(
                path,
                2,
                None,
                f"no value at all in the first lines of {some}",
                "a first value that tells whether a column is numeric",
                "Name the columns to use with the setting `features`.",
            )
    used = {time, *chosen, *left_out}
    for index in range(min(len(cells), len(names))):
        if index not in used:
            column = [(line, row[index]) for line, row in enumerate(first, 2) if index < len(row)]
            _refuse_text_above_numbers(path, names[index], column)
    if len(chosen) > FEATURE_LIMIT:
        some = listed([show(names[index]) for index in chosen[:_LISTED]])
        refuse(
            path,
            2,
            None,
            f"{len(chosen):,} numeric columns ({some} and so on), all of which would be used",
            f"at most {FEATURE_LIMIT}",
            "Name the columns to use with the setting `features`, for example "
            f"`features = [{', '.join(show(names[index]) for index in chosen[:3])}]` in "
            f"{settings_file(path).name} beside the CSV.",
        )
    for index in chosen:
        parse_number(path, 2, names[index], cells[index], decimal, missing=missing)
    if not chosen and len(cells) == len(names):
        texts = listed(
            [
                f"{show(name)}: {show(cell)}"
                for index, (name, cell) in enumerate(zip(names, cells, strict=True))
                if index != time
            ]
        )
        refuse(
            path,
            2,
            None,
            f"no numeric column beside the time column ({texts or 'it is the only column'})",
            f"at least one column whose cells are each {EXPECTED_NUMBER}",
            "Check that this is the right file and that its numbers are plain decimal numbers.",
        )
    return tuple(chosen)
