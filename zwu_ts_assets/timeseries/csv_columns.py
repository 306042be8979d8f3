"""The columns of a CSV, and where its rows tell their time: in a column, in several, or nowhere."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import IO, Final

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.timeseries.csv_cells import CellForm
from zwu_ts_assets.timeseries.csv_features import listed, numbers_among, refuse_missing
from zwu_ts_assets.timeseries.csv_lines import (
    is_missing,
    is_number,
    read_line,
    refuse,
    show,
    split_line,
)
from zwu_ts_assets.timeseries.csv_periods import (
    UNITS,
    bare_pattern,
    parts_seconds,
    unit_columns,
    unit_of,
    whole_number,
)
from zwu_ts_assets.timeseries.csv_rules import CsvRules
from zwu_ts_assets.timeseries.csv_times import (
    ISO,
    TimeFormat,
    find_format,
    may_be_a_time,
    means_a_clock,
    means_a_count,
    means_a_day,
    means_a_time,
    means_decimal_seconds,
    seconds_of,
)


@dataclass(frozen=True)
class Columns:
    """The columns of a CSV, the ones that are used, and how cells are written.

    Attributes:
        names: All column names, in the order of the file.
        time: Index of the time column; `NO_TIME` if there is none.
        features: Indices of the feature columns, in the order wanted.
        delimiter: Between the cells.
        decimal: The mark in numbers.
        times: How timestamps are written.
        missing: Whether a missing value is read as NaN.
        decimal_is_told: Whether it is certain; otherwise no number has had a mark yet.
        blanks: Empty cells at the end of every data line, for which there is no name.
        notes: What was left out, for people.
        joined: Indices of the columns whose cells belong to the stamp, after that of `time`.
        series: Indices of the columns that name the series of a long table; none elsewhere.
        wanted: Of a long table, the names of the series' columns that are wanted; None for all.
        pivoted: Of a long table, the names of the columns that it has made; known when it is read.
        left_out: The columns that are not used, each with the reason.
        forms: How the cells of some columns are dressed, by their index.
        label: Index of the column that labels the rows; -1 if there is none.
    """

    names: tuple[str, ...]
    time: int
    features: tuple[int, ...]
    delimiter: str = ","
    decimal: str = "."
    times: TimeFormat = ISO
    missing: bool = False
    decimal_is_told: bool = True
    blanks: int = 0
    notes: tuple[str, ...] = ()
    joined: tuple[int, ...] = ()
    series: tuple[int, ...] = ()
    wanted: tuple[str, ...] | None = None
    pivoted: tuple[str, ...] | None = None
    left_out: tuple[tuple[str, str], ...] = ()
    forms: Mapping[int, CellForm] = field(default_factory=dict)
    label: int = -1

    def stamp(self, cells: Sequence[str]) -> str:
        """The time that a line tells, in one text; the line has all its cells."""
        if self.time == NO_TIME:
            return ""
        if not self.joined:
            return cells[self.time]
        return " ".join(cells[i].strip() for i in (self.time, *self.joined))

    @property
    def time_name(self) -> str:
        """The name of the time column, the first of several; empty if there is none."""
        return "" if self.time == NO_TIME else self.names[self.time]

    @property
    def time_told(self) -> str:
        """Where the time is and how it is written, for people."""
        if self.time == NO_TIME:
            return "no times, rows are counted"
        columns = [self.names[i] for i in (self.time, *self.joined)]
        told = f"column{'s' if self.joined else ''} {', '.join(columns[:-1])}"
        told += f"{' and ' if self.joined else ''}{columns[-1]}"
        forms = {
            "iso": ", ISO 8601",
            "offset": ", ISO 8601 with the offset from UTC",
            "hours": ", days and hours",
            "count": ", which counts the rows",
            "parts": "",
        }
        return told + forms.get(self.times.kind, f", {self.times.pattern}")

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the feature columns, in the order wanted."""
        if self.pivoted is not None:
            return self.pivoted
        return tuple(self.names[index] for index in self.features)


@dataclass(frozen=True)
class Rows:
    """Lines as far as they can be read, each as its number and its cells.

    What is wrong with the line after them is told when it is read with the others.

    Attributes:
        file: Its place changes.
        path: The file's name in messages.
        delimiter: Between the cells.
        start: Where in the file the first of the lines begins.
        stop: Lines that begin before this are looked at.
        number: Of the first line.
        forms: How the cells of some columns are dressed; they are given as plain numbers.
    """

    file: IO[bytes]
    path: Path
    delimiter: str
    start: int
    stop: int
    number: int = 2
    forms: Mapping[int, CellForm] = field(default_factory=dict)

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        """From the first line again, each time."""
        at, number = self.start, self.number
        try:
            while at < self.stop:
                self.file.seek(at)  # others read in between
                line = read_line(self.file, self.path, number, self.delimiter)
                if line is None or line.blank:
                    return
                at = self.file.tell()
                yield number, self._plain(split_line(self.path, line, self.delimiter))
                number += 1
        except CorpusError:
            return

    def _plain(self, cells: list[str]) -> list[str]:
        for index, form in self.forms.items():
            if index < len(cells):
                plain = "" if form.is_mark(cells[index]) else form.plain(cells[index])
                cells[index] = cells[index] if plain is None else plain
        return cells


TIME_COLUMN: Final = "date"
"""The time column, if there is one of this name and nobody names another."""

NO_TIME: Final = -1
"""In the place of a column's index, where no column holds the time."""

ROWS: Final = TimeFormat("rows")
_COUNT: Final = TimeFormat("count")

# Names in lower case. Those of times, under which a number may be a year or a month; and those
# under which a number that rises from row to row counts the rows.
_TIMES: Final = (
    *("date", "time", "datetime", "timestamp", "ds", "when", "period", "yearmonth", "yyyymm"),
    *("datum", "zeit", "fecha"),
)
_COUNTERS: Final = (
    *("t", "time", "index", "idx", "step", "steps", "no", "no.", "nr", "obs", "observation", "row"),
    *("n", "i", "#", "id", "instant", "tick", "sample", "number", "period", "date", "ds"),
    *("day", "days", "week", "month", "hour", "hours", "minute", "minutes", "second", "seconds"),
)
_NAMES_OF_TIMES: Final = (
    *("date time", "date_time", "dt", "day", "utc", "index", "month", "quarter", "zeitstempel"),
)
_SURE: Final = 3  # rows that tell a counter

Row = Sequence[str]


@dataclass(frozen=True)
class TimePlace:
    """Where the time of a row is.

    Attributes:
        time: Index of the column; `NO_TIME` where rows are only counted.
        joined: Indices of further columns whose cells belong to the stamp, in order.
        times: How the stamps are written; None where they have to be looked at.
        left_out: Indices of columns that rise with the rows, and are no features.
        notes: What was found, for people.
    """

    time: int
    joined: tuple[int, ...] = ()
    times: TimeFormat | None = None
    left_out: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()


def find_time(
    path: Path,
    names: tuple[str, ...],
    rows: Sequence[Row],
    time_column: str | None,
    rules: CsvRules,
    index: Sequence[int] = (),
) -> TimePlace:
    """Find the columns that hold the time.

    Args:
        path: The file.
        names: All columns.
        rows: The cells of some first data lines; only those that are whole.
        time_column: Its name, which is one of the columns. None for the columns that the rules
            name; without them for `date`, else the one column whose first cell is a timestamp, else
            columns named year, month and so on, else a count from 1970, else a counter.
        rules: What the user says.
        index: Indices of columns that number the rows.

    Raises:
        CorpusError: There is no such column, there are several, or it may be another one.
    """
    if rules.time_columns is not None:
        place = _told_columns(path, names, rows, rules.time_columns)
    elif time_column is not None or TIME_COLUMN in names:
        place = _of_column(names.index(time_column or TIME_COLUMN), names, rows, rules)
    else:
        place = _found(path, names, rows, rules, index)
    if rules.time_axis == "order" and place.time != NO_TIME and rows:
        stamps = [(line, _stamp(row, place)) for line, row in enumerate(rows, start=2)]
        form = place.times or find_format(path, names[place.time], stamps, rules.date_format)
        if any(seconds_of(stamp.strip(), form) is None for _, stamp in stamps):
            note = f"times of {show(names[place.time])} not read: rows are counted"
            return TimePlace(NO_TIME, times=ROWS, left_out=(place.time,), notes=(note,))
    return place


def _stamp(row: Row, place: TimePlace) -> str:
    return " ".join(row[i].strip() for i in (place.time, *place.joined))


def _of_column(time: int, names: Sequence[str], rows: Sequence[Row], rules: CsvRules) -> TimePlace:
    """The time is in one column; what counts in steps is a counter."""
    cells = [row[time].strip() for row in rows]
    first = cells[0] if cells else ""
    forms = (means_a_time, means_a_count, means_a_day, means_decimal_seconds)
    known = any(form(first) for form in forms)
    if rules.date_format is None and not known and bare_pattern(cells) is None and _step(cells):
        return TimePlace(time, times=_COUNT)
    return TimePlace(time)


def _told_columns(
    path: Path, names: tuple[str, ...], rows: Sequence[Row], told: Sequence[str]
) -> TimePlace:
    """The time is in the columns that the settings name."""
    missing = [name for name in told if name not in names]
    if missing:
        refuse_missing(path, names, missing, "time_columns")
    time, *joined = (names.index(name) for name in told)
    units = [unit_of(name) for name in told]
    if joined and "year" in units and None not in units:
        form = TimeFormat("parts", " ".join(str(unit) for unit in units))
        return TimePlace(time, tuple(joined), form)
    if len(joined) == 1 and units[1] == "hour" and rows and means_a_time(rows[0][time]):
        return TimePlace(time, tuple(joined), _hours(path, names[time], rows, time))
    return TimePlace(time, tuple(joined))


def _hours(path: Path, name: str, rows: Sequence[Row], time: int) -> TimeFormat:
    """The form of a day in one column and an hour in another."""
    days = find_format(path, name, [(i, row[time]) for i, row in enumerate(rows, 2)], None)
    return TimeFormat("hours", days.pattern)


def _found(
    path: Path, names: tuple[str, ...], rows: Sequence[Row], rules: CsvRules, index: Sequence[int]
) -> TimePlace:
    """Find the time where nobody says anything of it."""
    cells = rows[0] if rows else ()
    pairs = [(i, cell) for i, cell in enumerate(cells[: len(names)]) if i not in index]
    found = [i for i, cell in pairs if means_a_time(cell)]
    if len(found) > 1:  # a moment tells its day as well
        clocks = [i for i in found if ":" in cells[i]]
        found = clocks if len(clocks) == 1 else found
    # Where the names are times themselves, the first line is no header.
    if any(map(means_a_time, names)) or (not rows and not found):
        refuse_missing(path, names, [TIME_COLUMN], "time_column")
    if not found and (place := _of_units(names, rows) or _of_years(names, rows)):
        return place
    if not found:
        # Only where nothing looks like a date: a number may count anything.
        found = [
            i
            for i, cell in pairs
            if means_a_count(cell)
            or means_a_day(cell)
            or (means_decimal_seconds(cell) and names[i].strip().casefold() in _TIMES)
        ]
        _refuse_doubt(path, names, pairs, found)
    if len(found) > 1:
        candidates = [show(names[i]) for i in found]
        refuse(
            path,
            2,
            None,
            f"{len(found)} columns whose first cell is a timestamp: {listed(candidates)}",
            "one, or one that is named 'date'",
            f"Name the right one in the settings, for example `time_column = {candidates[0]}`.",
        )
    return TimePlace(found[0]) if found else _counted(path, names, rows, rules, index)


def _of_units(names: Sequence[str], rows: Sequence[Row]) -> TimePlace | None:
    """Year, month, day and so on in columns of these names."""
    columns = unit_columns(names)
    while len(columns) > 1:
        units = " ".join(str(unit_of(names[i])) for i in columns)
        stamps = (" ".join(row[i].strip() for i in columns) for row in rows)
        if all(parts_seconds(stamp, units) is not None for stamp in stamps):
            return TimePlace(columns[0], columns[1:], TimeFormat("parts", units))
        columns = columns[:-1]
    return None


def _of_years(names: Sequence[str], rows: Sequence[Row]) -> TimePlace | None:
    """Years, or years with months, in the one column whose name tells of time."""
    found = []
    for i, name in enumerate(names):
        folded = name.strip().casefold()
        cells = [row[i] for row in rows]
        pattern = bare_pattern(cells)
        if folded in UNITS["year"] or folded in _TIMES:
            if pattern is not None:
                found.append(TimePlace(i, times=TimeFormat("pattern", pattern)))
            elif folded in UNITS["year"] and all(map(_is_year, cells)):
                found.append(TimePlace(i, times=TimeFormat("parts", "year")))
        elif folded in UNITS["month"] and pattern == "%Y%m":
            found.append(TimePlace(i, times=TimeFormat("pattern", pattern)))
    return found[0] if len(found) == 1 else None


def _is_year(cell: str) -> bool:
    number = whole_number(cell)
    return number is not None and 1000 <= number < 3000


def _counted(
    path: Path, names: tuple[str, ...], rows: Sequence[Row], rules: CsvRules, index: Sequence[int]
) -> TimePlace:
    """Rows without times: those of a counter, or of a table of numbers."""
    first = rows[0]
    # Numbers are names only where they count the columns, as pandas numbers them.
    header = [str(i) for i in range(len(names))], [str(i + 1) for i in range(len(names))]
    # Nor does data lack its first cell on the first line only: `,0` is what pandas writes.
    if not index and any(map(is_number, names)) and list(names) not in header:
        refuse_missing(path, names, [TIME_COLUMN], "time_column")
    numeric = [i for i in numbers_among(first) if i < len(names) and i not in index]
    counters = [i for i in numeric if i == 0 or names[i].strip().casefold() in _COUNTERS]
    whole = [i for i in counters if _step([row[i].strip() for row in rows])]
    if whole:
        return TimePlace(whole[0], times=_COUNT)
    rising = [i for i in counters if names[i].strip().casefold() in _COUNTERS and _rise(rows, i)]
    others = [i for i in range(len(names)) if i not in numeric and i not in index]
    doubt = [i for i in numeric if names[i].strip().casefold() in _TIMES and i not in rising]
    if rules.time_axis != "order" and (others or doubt or (index and len(names) == 1)):
        _refuse_unknown_form(path, names, first)
        refuse_missing(
            path,
            names,
            [TIME_COLUMN],
            "time_column",
            more=" If several columns tell the time, name them with `time_columns`; if none does, "
            'write `time_axis = "order"`: rows are counted then.',
        )
    told = listed([show(names[i]) for i in rising])
    notes = (f"left out as they rise with the rows: {told}",) if rising else ()
    return TimePlace(NO_TIME, times=ROWS, left_out=tuple(rising), notes=notes)


def _refuse_unknown_form(path: Path, names: Sequence[str], cells: Row) -> None:
    """Refuse a column that is named like a time and whose first cell is in no form that is known.

    To say that there is no column `date` where there is one called `Date` would mislead.
    """
    for name, cell in zip(names, cells, strict=False):
        if name.strip().casefold() in (*_TIMES, *_NAMES_OF_TIMES) and not is_number(cell):
            refuse(
                path,
                2,
                name,
                f"{show(cell)}" if cell.strip() else "an empty cell",
                "a time in a form that is known, such as 2016-07-01 18:30:00 or 31.12.2016",
                f"If it is the time, say so: `time_column = {show(name)}`, and how it is written, "
                "such as `date_format = '%d %b %Y'`. If not, name the column that is, or write "
                '`time_axis = "order"`: rows are counted then.',
            )


def _step(cells: Sequence[str]) -> int:
    """The step between cells that count up or down, a few perhaps missing; 0 if they do not."""
    numbers = [number for number in map(whole_number, cells) if number is not None]
    if len(numbers) < max(_SURE, len(cells)) or "." in "".join(cells):
        return 0
    steps = Counter(b - a for a, b in pairwise(numbers))
    step, often = steps.most_common(1)[0]
    counts = step != 0 and all(other * step > 0 for other in steps)
    return step if counts and 2 * often > len(numbers) else 0


def _rise(rows: Sequence[Row], column: int) -> bool:
    """Whether a column of decimal numbers rises from row to row."""
    cells = [row[column].strip() for row in rows]
    if len(cells) < _SURE or any(is_missing(cell) or not is_number(cell) for cell in cells):
        return False
    numbers = [float(cell.replace(",", ".")) for cell in cells]
    return all(a < b for a, b in pairwise(numbers))


def joined_with(
    path: Path, names: Sequence[str], time: int, rows: Iterable[Row], numbers: Sequence[int]
) -> TimePlace | None:
    """The time column with the one that has the times of day, or the hours; None for neither.

    It is the only other column of such, where the time column has days and the first lines have a
    day in several rows: beside one row a day, a time of day is a text like any other.

    Args:
        path: The file.
        names: All columns.
        time: Index of the time column.
        rows: The cells of the first data lines, of which as many are looked at as are needed.
        numbers: Indices of the columns of numbers, none of which has times of day.
    """
    rows = iter(rows)
    first = next(rows, None)
    if first is None or ":" in first[time]:
        return None
    if not (means_a_time(first[time]) or means_a_day(first[time])):
        return None
    hours = [i for i in numbers if unit_of(names[i]) == "hour"]
    clocks = [i for i, cell in enumerate(first[: len(names)]) if i != time and i not in numbers]
    clocks = [i for i in clocks if means_a_clock(first[i])]
    if not (clocks or hours):
        return None  # as in most files, of which no more is looked at
    rows = [first, *rows]
    if not any(a[time].strip() == b[time].strip() for a, b in pairwise(rows)):
        return None
    found = [i for i in clocks if all(means_a_clock(row[i]) for row in rows)]
    if len(found) == 1:
        note = f"days of {show(names[time])} joined with times of {show(names[found[0]])}"
        return TimePlace(time, (found[0],), notes=(note,))
    if len(hours) == 1 and not found:
        form = _hours(path, names[time], rows, time)
        told = [seconds_of(f"{row[time].strip()} {row[hours[0]].strip()}", form) for row in rows]
        known = [second for second in told if second is not None]
        if len(known) == len(rows) and all(a != b for a, b in pairwise(known)):
            note = f"days of {show(names[time])} joined with hours of {show(names[hours[0]])}"
            return TimePlace(time, (hours[0],), form, notes=(note,))
    return None


def stamps_of(rows: Iterable[tuple[int, Row]], place: TimePlace) -> Iterable[tuple[int, str]]:
    """The stamps of rows, with their lines.

    Args:
        rows: The lines and their cells.
        place: Where the time is.
    """
    if place.time == NO_TIME:
        return ()
    if not place.joined:
        return ((line, row[place.time]) for line, row in rows)
    return ((line, _stamp(row, place)) for line, row in rows)


def _refuse_doubt(
    path: Path, names: tuple[str, ...], pairs: Sequence[tuple[int, str]], counts: Sequence[int]
) -> None:
    """Refuse to take a running number for the time where another column may hold it."""
    others = [i for i, cell in pairs if i not in counts and may_be_a_time(cell)]
    if counts and others:
        count, other = counts[0], others[0]
        cells = dict(pairs)
        meaning = (
            "a date without marks" if means_a_day(cells[count]) else "a count of seconds from 1970"
        )
        refuse(
            path,
            2,
            names[count],
            f"{show(cells[count])}, which may be {meaning}, and in column "
            f"{show(names[other])} {show(cells[other])}, which may be a time",
            "one column that may hold the time",
            f"Name it in the settings, for example `time_column = {show(names[other])}`, and how "
            "its times are written with `date_format`.",
        )
