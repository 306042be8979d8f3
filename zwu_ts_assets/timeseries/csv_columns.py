"""The columns of a CSV and its first lines, which tell how it is written.

What belongs here: what is known of the columns, and going through some lines as far as they can be
read. What does not: finding it (`csv_header.py`), reading all lines (`csv_file.py`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.timeseries.csv_cells import CellForm
from zwu_ts_assets.timeseries.csv_lines import read_line, split_line
from zwu_ts_assets.timeseries.csv_time_column import NO_TIME
from zwu_ts_assets.timeseries.csv_times import ISO, TimeFormat


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
