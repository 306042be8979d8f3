"""Read a CSV into a validated `Series`.

What belongs here: the way through a file, by blocks where its lines are plain and line by line
where they are not. What does not: the rules for one line (`csv_lines.py`), for the header
(`csv_header.py`), for timestamps (`csv_times.py`) and for gaps (`csv_gaps.py`).

There are two ways through the data lines. `_read_line_by_line` is the definition: it names the
first line and column that it refuses. `parse_block` is ten times faster and never decides against
a file: where anything in a block is unusual it gives up, and the other way is taken for that block.
Both give the float64 nearest to a decimal text: `numpy.loadtxt` and `float` share one parser.
pandas is not used because older versions parse some numbers a last bit off, because it takes `NA`
and missing cells for NaN without a word, and because its import would delay the loading of
partition keys.

Everything is bounded, so that no file ends a run by using up the memory: bytes of the file
(`table_formats`) and of a line (`csv_lines.LINE_LIMIT`), columns and features (`csv_header`),
missing rows (`csv_gaps`).
"""

import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Final

import numpy as np
from numpy.typing import NDArray

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.timeseries.case_files import LABEL_NAME, Cases, read_cases
from zwu_ts_assets.timeseries.csv_blocks import Table, parse_block
from zwu_ts_assets.timeseries.csv_cells import plain_cells
from zwu_ts_assets.timeseries.csv_columns import NO_TIME, ROWS, Columns, Rows
from zwu_ts_assets.timeseries.csv_features import label_hints, listed, repeats_time
from zwu_ts_assets.timeseries.csv_gaps import Grid, count_grid, fill, fine_grid, grid_of
from zwu_ts_assets.timeseries.csv_header import open_packed, open_table, read_columns
from zwu_ts_assets.timeseries.csv_lines import (
    LINE_LIMIT,
    REPEAT_LIMIT,
    DataRows,
    Line,
    cells_of,
    find_decimal,
    is_missing,
    is_number,
    oldest_first,
    parse_number,
    read_line,
    refuse,
    show,
    split_line,
    without_repeated_lines,
)
from zwu_ts_assets.timeseries.csv_long import pivot, read_labels
from zwu_ts_assets.timeseries.csv_rules import CsvRules, class_names, holds_cases
from zwu_ts_assets.timeseries.csv_times import NANO, parse_time, seconds_of, to_utc
from zwu_ts_assets.timeseries.series import Labels, Series, TimeAxis, counted, roomy

# Bytes read at once: a few times this is the memory needed beside the result.
_BLOCK: Final = 4 << 20
LABEL_LIMIT: Final = 100
"""The most different labels: with more it is likely that the column holds measurements."""

# What a number does not end with, unless the rest of it is missing.
_CUT: Final = re.compile(rb"[.,eE+-]\s*\Z")
# The same before white space beyond ASCII is decoded: the reading of lines then tells.
_MAYBE_CUT: Final = re.compile(rb"[.,eE+-][\s\x80-\xff]*\Z")


@dataclass(frozen=True, eq=False)
class Reading:
    """What reading a CSV gives.

    Attributes:
        series: The series.
        columns: The columns and how they are written, found or as the user said.
        inserted: Rows of the series that the CSV does not have.
        notes: What was passed over, left out or put in order, for people.
        gaps: How many holes the inserted rows fill.
    """

    series: Series
    columns: Columns
    inserted: int
    notes: tuple[str, ...] = ()
    gaps: int = 0

    def time_told(self, zone: str | None = None) -> str:
        """What was found of the time, for people: where it is, its steps and its gaps.

        Args:
            zone: The time zone that the settings name.
        """
        series = self.series
        told = self.columns.time_told + (f", {zone}" if zone else "")
        seconds = 0
        if series.axis.is_fixed and series.rows > 1:
            seconds = int(series.interval / np.timedelta64(1, "s"))
        if series.axis.kind == "order":
            told += "; rows are counted, times are labels"
        elif series.axis.kind != "rows" and series.rows > 1:
            told += f"; {series.axis.span_text(1, seconds)}"
        if self.gaps:
            told += f"; {counted(self.gaps, 'gap')}"
        return told


def read_series(
    path: Path,
    *,
    time_column: str | None = None,
    features: Sequence[str] | None = None,
    rules: CsvRules = CsvRules(),  # noqa: B008 - frozen
) -> Series:
    """The series of `read_csv`, whose arguments and errors these are."""
    return read_csv(path, time_column=time_column, features=features, rules=rules).series


def read_csv(
    path: Path,
    *,
    time_column: str | None = None,
    features: Sequence[str] | None = None,
    rules: CsvRules = CsvRules(),  # noqa: B008 - frozen
) -> Reading:
    r"""Read a CSV with a header line and numeric columns.

    The file is UTF-8 (with or without a byte order mark), or UTF-16 with one, with a header line
    and a line end (`\n` or `\r\n`) after every line but, if it is whole, the last one. Blank lines
    are accepted at the end only, title lines above the header (`csv_header`), rows newest first and
    lines that repeat the one before them (`csv_lines`).
    Timestamps are in whole seconds or, where the first ones have fractions, in nanoseconds. Steps
    are of one interval, of the calendar, or counted, where there is no time column or the rules say
    so. Unless the rules say otherwise, delimiter, decimal mark and the form of timestamps are found
    in the first lines; what all lines do not agree on is refused. Columns that are not used may
    hold anything. A file has at most `table_formats.FILE_LIMIT` bytes, a line
    `csv_lines.LINE_LIMIT`; there are at most `csv_header.COLUMN_LIMIT` columns, of which at most
    `csv_rules.FEATURE_LIMIT` are used.

    Args:
        path: The CSV file.
        time_column: Name of the time column; None for `date` or, without it, the one column whose
            first cell is a timestamp.
        features: Names of the feature columns, in the order wanted; None for every column other
            than the time column whose first data cell is a number.
        rules: How the file is written, and what becomes of its gaps.

    Returns:
        The series: timestamps (rows,) datetime64[s] or [ns], of UTC if the stamps or the rules tell
        a zone;
        values (rows, features) float64, each exactly `float(text)` of its cell.

    Raises:
        CorpusError: The file cannot be read, or something in it is not as described; the message
            names the line (the header is line 1) and the column.
    """
    if holds_cases(path):
        return _read_cases(path, time_column, features, rules)
    grid, columns, values, notes, labels = _read_rows(path, time_column, features, rules)
    if features is None and columns.pivoted is None:
        columns, values, counters = _without_counters(grid, columns, values)
        notes = (*notes, *counters)
        if labels is None:
            notes = (*notes, *label_hints(columns.feature_names, values))
    filled = fill(grid, values, rules)
    series = Series(
        grid.timestamps.view("datetime64[ns]" if columns.times.fine else "datetime64[s]"),
        filled.values,
        columns.feature_names,
        filled.missing,
        filled.interpolated,
        grid.axis,
        labels,
    )
    return Reading(series, columns, grid.inserted, notes, grid.gaps)


def _cases_of(
    path: Path, time_column: str | None, features: Sequence[str] | None, rules: CsvRules
) -> Cases:
    with open_packed(path) as file:
        return read_cases(path, file, time_column, features, rules)


def _read_cases(
    path: Path, time_column: str | None, features: Sequence[str] | None, rules: CsvRules
) -> Reading:
    """The cases of a file below each other."""
    cases = _cases_of(path, time_column, features, rules)
    rows, breaks = len(cases.values), cases.breaks
    counts = np.arange(rows, dtype=np.int64)
    grid = Grid(counts, axis=TimeAxis("rows"))
    filled = fill(grid, cases.values, rules, breaks.tolist())
    labels = None
    if cases.labels:
        names = tuple(sorted(set(cases.labels) - {""}))
        codes = [names.index(label) if label else -1 for label in cases.labels]
        labels = _checked(
            path, LABEL_NAME, Labels(np.repeat(np.array(codes, np.int64), cases.lengths), names)
        )
    series = Series(
        counts.view("datetime64[s]"),
        filled.values,
        cases.features,
        filled.missing,
        filled.interpolated,
        grid.axis,
        labels,
        breaks,
    )
    places = tuple(range(len(cases.features)))
    reasons = tuple((name, "not named in the setting `features`") for name in cases.left_out)
    columns = Columns(cases.features, NO_TIME, places, times=ROWS, left_out=reasons)
    return Reading(series, columns, 0, cases.notes)


def _without_counters(
    grid: Grid, columns: Columns, values: NDArray[np.float64]
) -> tuple[Columns, NDArray[np.float64], tuple[str, ...]]:
    """Leave out the columns that only tell the time again, unless there is no other one."""
    seconds = grid.timestamps if grid.places is None else grid.timestamps[grid.places]
    per_second = columns.times.per_second
    reasons = (repeats_time(seconds, column, per_second) for column in values.T)
    found = {place: reason for place, reason in enumerate(reasons) if reason}
    if not found:
        return columns, values, ()
    names = columns.feature_names
    told = listed([f"{show(names[place])}, which {reason}" for place, reason in found.items()])
    if len(found) == len(names):
        return columns, values, (f"kept, as there is no other column: {told}",)
    kept = [place for place in range(len(names)) if place not in found]
    left_out = ((names[place], reason) for place, reason in found.items())
    columns = replace(
        columns,
        features=tuple(columns.features[place] for place in kept),
        left_out=(*columns.left_out, *left_out),
    )
    note = f"left out: {told} (name them in `features` to use them)"
    return columns, np.ascontiguousarray(values[:, kept]), (note,)


def count_grid_rows(
    path: Path,
    *,
    time_column: str | None = None,
    features: Sequence[str] | None = None,
    rules: CsvRules,
    stride: int = 1,
) -> int:
    """Count the rows that a CSV makes with those of its holes: as many as `read_csv` gives.

    Only the timestamps are read. The arguments are those of `read_csv`; of a file of cases, the
    rows are those of `with_room`, given the stride.

    Raises:
        CorpusError: They cannot be read, or are not at one interval but for the holes.
    """
    if holds_cases(path):
        lengths = np.array(_cases_of(path, time_column, features, rules).lengths)
        return int(roomy(lengths[:-1], stride).sum() + lengths[-1])
    return len(_read_rows(path, time_column, features, rules, only_times=True)[0].timestamps)


def _read_rows(
    path: Path,
    time_column: str | None,
    features: Sequence[str] | None,
    rules: CsvRules,
    *,
    only_times: bool = False,
) -> tuple[Grid, Columns, NDArray[np.float64], tuple[str, ...], Labels | None]:
    """The rows at one interval, of UTC where a zone is told.

    Returns:
        The grid, the columns, the values of the CSV's rows, what there is to say, and the labels.
    """
    with open_table(path, rules.encoding) as source:
        file = source.file
        if source.delimiter is not None and rules.delimiter is None:
            rules = replace(rules, delimiter=source.delimiter)
        columns = read_columns(file, path, time_column, features, rules)
        start = file.tell()
        seconds, values, columns, ended = _read_table(
            file, path, replace(columns, features=()) if only_times else columns
        )
        if columns.times.fine and not (seconds % NANO).any():
            seconds, columns = (
                seconds // NANO,
                replace(columns, times=replace(columns.times, fine=False)),
            )
        rows = oldest_first(DataRows(seconds, values))
        name = columns.time_name
        counts = columns.times.kind in ("count", "rows")
        if rules.time_zone is not None and counts:
            raise CorpusError(
                f"{path}: found rows without times and the setting `time_zone`; expected times. "
                "Remove the setting, or name the column of the times with `time_column`."
            )
        if rules.time_zone is not None:
            per_second = columns.times.per_second
            wall, fraction = np.divmod(rows.seconds, per_second)
            utc = to_utc(path, name, wall, rules.time_zone, rows.lines)
            rows = replace(rows, seconds=utc * per_second + fraction)
        rows = without_repeated_lines(rows, file, start)
        told = None
        if columns.label >= 0 and not only_times:
            told = read_labels(file, path, start, columns, (columns.label,))
        if columns.series:
            labels = read_labels(file, path, start, columns)
            rows, columns = pivot(path, rows, labels, columns, rules, told)
        is_utc = rules.time_zone is not None or columns.times.is_utc
        if columns.times.fine:
            grid = fine_grid(path, name, rows.seconds, rules, lines=rows.lines)
        elif counts:
            grid = count_grid(path, name, rows.seconds, rules, lines=rows.lines)
        else:
            grid = grid_of(path, name, rows.seconds, rules, utc=is_utc, lines=rows.lines)
    end = () if ended else ("no line end after the last line, which has all its cells",)
    found = None
    if told is not None:
        found = _labels(path, columns, rows, grid, *told, classes=rules.label_kind == "classes")
    return grid, columns, rows.values, (*source.notes, *columns.notes, *rows.notes, *end), found


def _labels(
    path: Path,
    columns: Columns,
    rows: DataRows,
    grid: Grid,
    codes: NDArray[np.int64],
    names: tuple[str, ...],
    *,
    classes: bool,
) -> Labels:
    """The labels of the rows, given those of the lines."""
    if classes:
        names = class_names(names)
    if not names:
        raise CorpusError(
            f"{path}, column {show(columns.names[columns.label])}: found no label in any cell; "
            "expected some. Name another column in `label_column`, or remove the setting."
        )
    if rows.lines is not None:
        codes = codes[rows.lines - 2]
    order = sorted(range(len(names)), key=names.__getitem__)
    ranks = np.empty(len(names), np.int64)
    ranks[order] = np.arange(len(names))
    whole = np.full(len(grid.timestamps), -1, np.int64)
    found = np.where(codes >= 0, ranks[codes], -1)
    whole[slice(None) if grid.places is None else grid.places] = found
    return _checked(path, columns.names[columns.label], Labels(whole, tuple(sorted(names))))


def _checked(path: Path, column: str, labels: Labels) -> Labels:
    """The labels, if they are not too many to be classes."""
    if len(labels.names) > LABEL_LIMIT:
        raise CorpusError(
            f"{path}, column {show(column)}: found {len(labels.names):,} different "
            f"labels; expected at most {LABEL_LIMIT}. Name a column of classes or flags in "
            "`label_column`."
        )
    return labels


def lines_are_rows(
    path: Path,
    *,
    time_column: str | None = None,
    features: Sequence[str] | None = None,
    rules: CsvRules,
) -> bool:
    """Whether a row of the series is a line, so that counting lines is enough to count rows.

    Only the first lines are read. The arguments are those of `read_csv`.

    Raises:
        CorpusError: They cannot be read.
    """
    # By a zone's clocks, two equal lines may be two hours.
    if rules.allows_gaps or rules.time_zone or rules.time_axis == "order" or holds_cases(path):
        return False
    with open_table(path, rules.encoding) as source:
        if source.delimiter is not None and rules.delimiter is None:
            rules = replace(rules, delimiter=source.delimiter)
        columns = read_columns(source.file, path, time_column, features, rules)
    # A line that repeats the one before it is a row where there is no time.
    return not columns.series and columns.times.kind != "rows"


def count_data_rows(path: Path, encoding: str | None = None) -> int:
    """Count the lines after the header without reading what they say.

    Blank lines at the end do not count, nor do lines above the header and those that repeat
    another line; among more than `csv_lines.REPEAT_LIMIT` lines, those that repeat the one before.
    A last line without a line end does, although `read_series` refuses it if it is cut.

    Raises:
        CorpusError: The file cannot be read.
    """
    rows = line_ends = repeated = 0
    with open_table(path, encoding) as source:
        file = source.file
        last = b""
        header = True
        seen: set[int] = set()
        while block := file.read(_BLOCK):
            block += file.readline(LINE_LIMIT + 1)
            text = block.rstrip()
            if text:  # line ends up to the last text: one per line before it, the header included
                rows = line_ends + text.count(b"\n")
                lines = block.rstrip(b"\r\n").replace(b"\r\n", b"\n").split(b"\n")
                pairs = zip([last, *lines], lines, strict=False)
                again = [line == before and bool(line.strip()) for before, line in pairs]
                last = lines[-1]
                if len(seen) <= REPEAT_LIMIT:
                    new = {hash(line) for line in lines[header:] if line.strip()}
                    kept = sum(1 for line in lines[header:] if line.strip())
                    repeated += kept - len(new - seen)
                    seen |= new
                else:
                    repeated += sum(again)
                header = False
            line_ends += block.count(b"\n")
    return rows - repeated


def _read_table(
    file: IO[bytes], path: Path, columns: Columns
) -> tuple[NDArray[np.int64], NDArray[np.float64], Columns, bool]:
    """Read all data lines, block by block, an unusual block line by line.

    Returns:
        The rows, the columns with the decimal mark that the numbers have, and whether the last line
        has its end.
    """
    ended = True
    seconds: list[NDArray[np.int64]] = []
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
        ended = block.endswith(b"\n")
        whole = block if ended else block + b"\n"
        cut = not ended and _MAYBE_CUT.search(block)
        table = None if blank or cut else parse_block(whole, columns)
        if table is None:
            stop = file.tell()
            if not columns.decimal_is_told:
                rows = Rows(
                    *(file, path, columns.delimiter, stop - len(block), stop, before + 1),
                    forms=columns.forms,
                )
                if mark := find_decimal(path, columns.names, columns.features, rows):
                    columns = replace(columns, decimal=mark, decimal_is_told=True)
            file.seek(stop - len(block))
            table, blank = _read_line_by_line(file, path, columns, before, stop, blank)
        seconds.append(table[0])
        values.append(table[1])
        before += block.count(b"\n")
    times = np.concatenate(seconds)
    if columns.times.kind == "rows":
        times = np.arange(len(times), dtype=np.int64)
    return times, np.concatenate(values), columns, ended


def _read_line_by_line(
    file: IO[bytes], path: Path, columns: Columns, before: int, stop: int, blank: int | None
) -> tuple[Table, int | None]:
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
    number = before
    while file.tell() < stop:
        line = read_line(file, path, number := number + 1, columns.delimiter)
        if line is None:
            break
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
        stamp = columns.stamp(cells)
        seconds.append(parse_time(path, line.number, columns.time_name, stamp, columns.times))
        for index in columns.features:
            name = columns.names[index]
            cell, decimal, missing = cells[index], columns.decimal, columns.missing
            numbers.append(parse_number(path, line.number, name, cell, decimal, missing=missing))
    values = np.array(numbers, dtype=np.float64).reshape(len(seconds), len(columns.features))
    return (np.array(seconds, dtype=np.int64), values), blank


def _cells(path: Path, line: Line, columns: Columns) -> list[str]:
    """The cells of a whole data line, one per column."""
    count = len(columns.names) + columns.blanks
    if not line.ended and not _is_whole(line, columns):
        # Without the line end, 30.53 may be what is left of 30.5310001373291.
        refuse(
            path,
            line.number,
            None,
            f"the end of the file after {show(line.text[-40:])}, with "
            f"{line.text.count(columns.delimiter) + 1} of {count} fields and no newline, so the "
            "line has been cut",
            "a last line as whole as the others",
            "Copy the file again; if the file is complete, complete the line.",
        )
    cells = split_line(path, line, columns.delimiter)
    if len(cells) < count:
        refuse(
            path,
            line.number,
            columns.names[len(cells)] if len(cells) < len(columns.names) else None,
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
    if columns.blanks and (texts := [c for c in cells[len(columns.names) :] if c.strip()]):
        refuse(
            path,
            line.number,
            None,
            f"{show(texts[0])} in a column without a name",
            "nothing in it, as on the lines before",
            "Name the column on the line with the column names, or empty the cell.",
        )
    if columns.forms:
        forms = {i: form for i, form in columns.forms.items() if i in columns.features}
        return plain_cells(path, line.number, columns.names, cells, forms, missing=columns.missing)
    return cells


def _is_whole(line: Line, columns: Columns) -> bool:
    """Whether a line without its end has all cells and the last one is one of its column."""
    cells = cells_of(line.text, columns.delimiter)
    if len(cells) != len(columns.names) + columns.blanks:
        return False
    last, text = len(cells) - 1, cells[-1].strip()
    if last == columns.time or last in columns.joined:
        return seconds_of(columns.stamp(cells).strip(), columns.times) is not None
    if last in columns.features:
        missing = columns.missing and is_missing(text)
        return missing or (is_number(text) and not _CUT.search(text.encode()))
    return True
