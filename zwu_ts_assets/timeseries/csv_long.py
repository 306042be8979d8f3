"""Long tables: several series below each other, or line by line in turn, in one column of values.

What belongs here: finding the column that names the series, and putting the series side by side.
What does not: the lines and cells themselves, which are read as those of any other table.

A series and a time must be there once. Where all series have the same times, the table becomes one
column for each series and column of values; where they do not, that takes gaps, or the choice of
series that have.
"""

import csv
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, islice
from pathlib import Path
from typing import IO, Final, NoReturn

import numpy as np
from numpy.typing import NDArray

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.timeseries.csv_columns import NO_TIME, Columns, TimePlace
from zwu_ts_assets.timeseries.csv_features import listed, numbers_among, refuse_missing
from zwu_ts_assets.timeseries.csv_lines import LINE_LIMIT, DataRows, is_missing, refuse, show
from zwu_ts_assets.timeseries.csv_periods import whole_number
from zwu_ts_assets.timeseries.csv_rules import (
    FEATURE_LIMIT,
    SERIES_LIMIT,
    CsvRules,
    settings_file,
)
from zwu_ts_assets.timeseries.csv_times import means_a_clock, means_a_time, say_time

_LOOKED_AT: Final = 20_000  # lines among which times repeat, or the table is no long one
_SURE: Final = 3  # rows of a series that tell it apart
_TAIL: Final = 1 << 16  # bytes at the end of a file
# Under these names a number may name a series.
_IDS: Final = ("id", "unique_id", "series_id", "item_id", "store_id", "series", "store", "item")
_SHOWN: Final = 6  # series in a note

Rows = Iterable[tuple[int, Sequence[str]]]


def find_series(
    path: Path,
    names: tuple[str, ...],
    file: IO[bytes],
    rows: Rows,
    place: TimePlace,
    rules: CsvRules,
    left_out: Sequence[int],
) -> tuple[int, ...]:
    """The columns that name the series of a long table; none if it is an ordinary one.

    It is the one column of texts (or of numbers, if it is named like an id) that tells rows of one
    time apart, where times repeat in the first lines or go back further down.

    Args:
        path: The file.
        names: All columns.
        file: Its place changes.
        rows: Some first data lines with their cells.
        place: Where the time is.
        rules: What the user says.
        left_out: Indices of columns that are none of them.

    Raises:
        CorpusError: A column that the settings name is not there, or several together tell the
            series apart.
    """
    if rules.series_column is not None:
        missing = [name for name in rules.series_column if name not in names]
        if missing:
            refuse_missing(path, names, missing, "series_column")
        return tuple(names.index(name) for name in rules.series_column)
    if place.time == NO_TIME:
        return ()
    whole = ([*row] for _, row in rows if len(row) >= len(names))
    first = next(whole, None)
    if first is None:
        return ()
    own = (place.time, *place.joined, *left_out)
    numbers = numbers_among(first)
    candidates = [
        i
        for i, name in enumerate(names)
        if i not in own and _may_name(name, first[i], i in numbers)
    ]
    if not candidates:
        return ()  # as in most files, of which no more is looked at
    sample = [first, *islice(whole, _LOOKED_AT)]
    distinct = {tuple(row) for row in sample}
    stamps = {_stamp(row, place) for row in distinct}
    if len(stamps) == len(distinct):
        # No time is there twice: the series follow each other in time as well.
        blocks = [i for i in candidates if names[i].casefold() in _IDS and _in_blocks(sample, i)]
        if blocks:
            return (blocks[0],)
        last = _last_row(file, len(names), first, sample[-1])
        if last is None:
            return ()
        texts = [i for i in candidates if last[i] != first[i]]
        goes_on = texts and all(row[texts[0]] == first[texts[0]] for row in sample)
        return (texts[0],) if goes_on and names[texts[0]].casefold() in _IDS else ()
    apart = [i for i in candidates if _tell_apart(distinct, (i,), place)]
    if apart:
        sizes = {i: len({row[i] for row in distinct}) for i in apart}
        return (min(apart, key=lambda i: (sizes[i], i)),)
    texts = [i for i in candidates if i not in numbers]
    if len(texts) > 1 and _tell_apart(distinct, tuple(texts), place):
        told = ", ".join(f'"{names[i]}"' for i in texts)
        refuse(
            path,
            2,
            None,
            f"several series below each other, which the columns "
            f"{listed([show(names[i]) for i in texts])} tell apart together",
            "one column that names the series, or the setting `series_column`",
            f"Write `series_column = [{told}]` into the settings.",
        )
    return ()


def _in_blocks(rows: Sequence[Sequence[str]], column: int) -> bool:
    """Whether several names are in a column, the rows of each together."""
    runs = [len(list(same)) for _, same in groupby(row[column] for row in rows)]
    return 1 < len(runs) == len({row[column] for row in rows}) and min(runs) >= _SURE


def _may_name(name: str, cell: str, is_number: bool) -> bool:
    """Whether a column may name series, by its name and first cell."""
    if is_missing(cell):
        return False
    if is_number:
        return name.strip().casefold() in _IDS and whole_number(cell) is not None
    return not (means_a_time(cell) or means_a_clock(cell))


def _stamp(row: Sequence[str], place: TimePlace) -> tuple[str, ...]:
    return tuple(row[i].strip() for i in (place.time, *place.joined))


def _tell_apart(
    rows: Collection[Sequence[str]], columns: tuple[int, ...], place: TimePlace
) -> bool:
    """Whether no two rows of one time have the same cells in some columns, as in a long table.

    One of these series must have half of its times in common with others. An hour that the clocks
    show twice, told by a column with summer or winter, makes no two series of a table.
    """
    seen = [(tuple(row[i] for i in columns), _stamp(row, place)) for row in rows]
    if len(set(seen)) < len(seen):
        return False
    often = Counter(stamp for _, stamp in seen)
    sizes = Counter(label for label, _ in seen)
    shared = Counter(label for label, stamp in seen if often[stamp] > 1)
    half = any(size >= _SURE and 2 * shared[label] >= size for label, size in sizes.items())
    return half or sizes == shared


def _last_row(
    file: IO[bytes], count: int, first: Sequence[str], known: Sequence[str]
) -> Sequence[str] | None:
    """The cells of a file's last line, where they can be told; None if it is among those known."""
    end = file.seek(0, 2)
    file.seek(max(0, end - _TAIL))
    lines = file.read(_TAIL).decode("utf-8", "replace").splitlines()
    for line in reversed(lines):
        for delimiter in (",", ";", "\t", "|"):
            cells = line.split(delimiter)
            if len(cells) == count and cells != list(known) and count > 1:
                return [cell.strip('"') for cell in cells]
        if line.strip():
            return None
    return None


def read_labels(
    file: IO[bytes],
    path: Path,
    start: int,
    columns: Columns,
    named: Sequence[int] | None = None,
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """The series that each data line belongs to, or what labels it.

    Args:
        file: Whose data lines were all read and found good; its place changes.
        path: The file's name in messages.
        start: Where the first data line begins.
        columns: The columns.
        named: Indices of the columns with the texts; None for those that name series.

    Returns:
        (lines,) int64 into the names, -1 where a line has no label, and the names in the order of
        their first lines.

    Raises:
        CorpusError: A cell without the name of a series.
    """
    file.seek(start)
    may_lack, named = named is not None, columns.series if named is None else named
    codes: dict[str, int] = {}
    found: list[int] = []
    for number, cells in enumerate(csv.reader(_lines(file), delimiter=columns.delimiter), 2):
        texts = [cells[i].strip() for i in named]
        if not all(texts):
            if may_lack:
                found.append(-1)
                continue
            refuse(
                path,
                number,
                columns.names[named[texts.index("")]],
                "an empty cell where the series of the line is named",
                "a name on every line",
                "Fill it in, or remove the line.",
            )
        found.append(codes.setdefault("/".join(texts), len(codes)))
    return np.array(found, dtype=np.int64), tuple(codes)


def _lines(file: IO[bytes]) -> Iterator[str]:
    for line in iter(lambda: file.readline(LINE_LIMIT + 1), b""):
        if line.strip():
            yield line.decode("utf-8")


@dataclass(frozen=True, eq=False)
class _Wanted:
    """The columns that a long table makes: names, and of each its series and column of values."""

    names: tuple[str, ...]
    series: tuple[int, ...]
    values: tuple[int, ...]


def pivot(
    path: Path,
    rows: DataRows,
    labels: tuple[NDArray[np.int64], tuple[str, ...]],
    columns: Columns,
    rules: CsvRules,
    told: tuple[NDArray[np.int64], tuple[str, ...]] | None = None,
) -> tuple[DataRows, Columns]:
    """Put the series of a long table side by side.

    Args:
        path: The file's name in messages.
        rows: Its rows as read; the number of columns of values is 0 where only times are wanted.
        labels: What `read_labels` gave.
        columns: Its columns.
        rules: What becomes of gaps.
        told: What `read_labels` gave of the column that labels the lines. The code of the first
            line of each time becomes that of the time.

    Returns:
        The rows in the order of time, each time once, and the columns with the names that it made.

    Raises:
        CorpusError: A series has a time twice, or the series differ in their times where no gaps
            are allowed, or in their labels at one time, or there are too many columns.
    """
    lines = np.arange(2, len(rows.seconds) + 2) if rows.lines is None else rows.lines
    codes, series = labels[0][lines - 2], labels[1]
    wanted = _wanted(path, series, columns)
    used = np.isin(codes, wanted.series)
    codes, lines, seconds = codes[used], lines[used], rows.seconds[used]
    values = rows.values[used]
    times, first, places = np.unique(seconds, return_index=True, return_inverse=True)
    places = places.reshape(-1)
    present = np.zeros((len(times), len(series)), np.int64)
    np.add.at(present, (places, codes), 1)
    if present.max(initial=0) > 1:
        _refuse_twice(path, columns, seconds, codes, lines, series)
    some = sorted(set(wanted.series))
    lacking = np.argwhere(present[:, some] == 0)
    if len(lacking) and not rules.allows_gaps:
        place, which = lacking[0]
        _refuse_other_times(
            path,
            columns,
            series[some[which]],
            times[place],
            lines[first[place]],
            present,
            some,
            series,
            wanted.names,
        )
    if told is not None:
        own = told[0][lines - 2]
        last = np.full(len(times), -1, np.int64)
        np.maximum.at(last, places, own)
        other = np.flatnonzero((own >= 0) & (own != last[places]))
        if len(other):
            here = int(other[0])
            there = int(np.flatnonzero((places == places[here]) & (own == last[places[here]]))[0])
            _refuse_other_labels(
                path,
                columns,
                told[1],
                own,
                seconds,
                codes,
                lines,
                series,
                wanted.names,
                here,
                there,
            )
        told[0][lines[first] - 2] = last
    table = np.empty((len(times), 0))
    if values.shape[1]:
        table = np.full((len(times), len(series), values.shape[1]), np.nan)
        table[places, codes] = values
        table = np.ascontiguousarray(table[:, wanted.series, wanted.values])
    named = listed([show(series[i]) for i in some[:_SHOWN]])
    more = f" and {len(some) - _SHOWN} more" if len(some) > _SHOWN else ""
    note = f"{len(some)} series put side by side: {named}{more}"
    result = DataRows(times, table, lines[first], (*rows.notes, note))
    return result, replace(columns, pivoted=wanted.names)


def _said(columns: Columns, second: np.int64) -> str:
    return say_time(second, columns.times.per_second)


def _wanted(path: Path, series: Sequence[str], columns: Columns) -> _Wanted:
    """Which columns the table makes, of those that it could make."""
    values = [columns.names[i] for i in columns.features] or [""]
    pairs = {
        label if len(values) == 1 else f"{label}.{value}": (code, place)
        for code, label in enumerate(series)
        for place, value in enumerate(values)
    }
    names = tuple(pairs)
    if columns.wanted is not None:
        # Where only times are read, the columns of values are not known: the series decide.
        if columns.features:
            # The name of a series stands for all of its columns.
            whole = {label: [f"{label}.{value}" for value in values] for label in series}
            own = {**whole, **{name: [name] for name in pairs}}
            missing = [name for name in columns.wanted if name not in own]
            if missing:
                refuse_missing(path, names, missing, "features")
            names = tuple(dict.fromkeys(n for name in columns.wanted for n in own[name]))
        else:
            names = tuple(
                n for n in series if any(w == n or w.startswith(f"{n}.") for w in columns.wanted)
            )
    if len(names) > FEATURE_LIMIT:
        some = ", ".join(show(name) for name in names[:3])
        raise CorpusError(
            f"{path}: found {len(series):,} series below each other, which make {len(names):,} "
            f"columns; expected at most {FEATURE_LIMIT}. Name those to use, for example "
            f"`features = [{some}]`."
        )
    chosen = [pairs[name] for name in names]
    return _Wanted(names, tuple(code for code, _ in chosen), tuple(place for _, place in chosen))


def _refuse_twice(
    path: Path,
    columns: Columns,
    seconds: NDArray[np.int64],
    codes: NDArray[np.int64],
    lines: NDArray[np.int64],
    series: Sequence[str],
) -> NoReturn:
    order = np.lexsort((lines, seconds, codes))
    again = (np.diff(seconds[order]) == 0) & (np.diff(codes[order]) == 0)
    row, before = order[1:][again], order[:-1][again]
    pick = int(lines[row].argmin())
    here, other = int(row[pick]), int(before[pick])
    refuse(
        path,
        int(lines[here]),
        columns.time_name,
        f"{_said(columns, seconds[here])} a second time for the series "
        f"{show(series[codes[here]])}, as on line {lines[other]}",
        "each time once in a series",
        "If further columns tell series apart, name all of them with `series_column`; or correct "
        "the time.",
    )


def _refuse_other_labels(
    path: Path,
    columns: Columns,
    names: Sequence[str],
    own: NDArray[np.int64],
    seconds: NDArray[np.int64],
    codes: NDArray[np.int64],
    lines: NDArray[np.int64],
    series: Sequence[str],
    wanted: Sequence[str],
    here: int,
    there: int,
) -> NoReturn:
    first, last = sorted((here, there), key=lambda row: int(lines[row]))
    label = series[codes[first]]
    told = ", ".join(f'"{n}"' for n in wanted if n == label or n.startswith(f"{label}."))
    refuse(
        path,
        int(lines[last]),
        columns.names[columns.label],
        f"{show(names[own[last]])} for the series {show(series[codes[last]])} at "
        f"{_said(columns, seconds[last])}, where line {lines[first]} has "
        f"{show(names[own[first]])} for {show(label)}",
        "one label for each time, as the series are put side by side",
        f"Choose the series whose labels are meant, for example `features = [{told}]`.",
    )


def _refuse_other_times(
    path: Path,
    columns: Columns,
    label: str,
    second: np.int64,
    line: np.int64,
    present: NDArray[np.int64],
    some: Sequence[int],
    series: Sequence[str],
    names: Sequence[str],
) -> NoReturn:
    counts = present[:, some].sum(axis=0)
    longest = series[some[int(counts.argmax())]]
    chosen = [name for name in names if name == longest or name.startswith(f"{longest}.")]
    told = ", ".join(f'"{name}"' for name in chosen[:3])
    common = int((present[:, some] > 0).all(axis=1).sum())
    own = ", ".join(f'"{series[place]}"' for place in some[:_SHOWN])
    more = ", ..." if len(some) > _SHOWN else ""
    do = (
        f"Make a dataset of each series, of at most {SERIES_LIMIT}: `each_series = [{own}{more}]` "
        f"in {settings_file(path).name}; or choose series that have the same times, for example "
        f"`features = [{told}]`"
    )
    if common:
        do += '; or write `gaps = "drop"`: windows are then made where all of them have values'
    refuse(
        path,
        int(line),
        columns.time_name,
        f"{_said(columns, second)}, a time that the series {show(label)} does not have, of "
        f"{len(some):,} series with {counts.min():,} to {counts.max():,} of {len(present):,} "
        f"times, {common:,} of which all have",
        "the same times in all series",
        f"{do}.",
    )
