"""Data lines that are looked at to find how a CSV is written.

What belongs here: going through some lines as far as they can be read. What does not: reading them,
and saying what is wrong with one (`csv_file.py`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.timeseries.csv_cells import CellForm
from zwu_ts_assets.timeseries.csv_lines import read_line, split_line


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
