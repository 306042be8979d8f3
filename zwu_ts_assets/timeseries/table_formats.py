"""Files that are no plain text: recognised, unpacked, or written as CSV.

Parquet and `.tsf` files become a temporary CSV, so that there is one way through a table and one
set of messages. Numbers arrive bit for bit: each is written with the digits that give the same
float64 again.
"""

import bz2
import csv
import gzip
import io
import lzma
import re
import stat
import tempfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO, Final

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.timeseries.csv_lines import show

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

_PIECE: Final = 1 << 20
_ROWS: Final = 50_000  # of a Parquet file at once
_PANDAS_INDEX: Final = re.compile(
    r"__index_level_\d+__"
)  # how pandas calls an index without a name


@contextmanager
def unpacked(path: Path, file: IO[bytes], packing: str) -> Iterator[IO[bytes]]:
    """The content of a packed file, in a temporary one.

    Args:
        path: The file's name in messages.
        file: The packed file.
        packing: Its suffix, `.gz` and the like.

    Raises:
        CorpusError: It is damaged, cut off or packed in another way, or unpacks to too much.
    """
    problems: list[type[Exception]] = [OSError, EOFError, zlib.error, lzma.LZMAError, ValueError]
    with tempfile.TemporaryFile() as text:
        size = 0
        try:
            read = _reading(file, packing)
            while piece := read(_PIECE):
                size += len(piece)
                if size > FILE_LIMIT:
                    raise CorpusError(
                        f"{path}: unpacks to more than {FILE_LIMIT:,} bytes; expected at most "
                        "that. Split the file by time, or leave out columns that are not used."
                    )
                text.write(piece)
        except tuple(problems) as error:
            raise CorpusError(
                f"{path}: cannot be unpacked as {packing} ({error}); expected a whole file packed "
                "as its name says. Copy it again, or give it the right suffix."
            ) from error
        text.seek(0)
        yield text


def _reading(file: IO[bytes], packing: str) -> Callable[[int], bytes]:
    """What reads the next so many bytes."""
    if packing == ".gz":
        return gzip.GzipFile(fileobj=file).read
    if packing == ".bz2":
        return bz2.BZ2File(file).read
    if packing == ".xz":
        return lzma.LZMAFile(file).read
    import pyarrow as pa  # brings zstd along

    read: Callable[[int], bytes]
    read = pa.CompressedInputStream(pa.PythonFile(file, mode="r"), "zstd").read
    return read


class _Limited(io.RawIOBase):
    """A file that refuses to become larger than a table may be."""

    def __init__(self, path: Path, file: IO[bytes]) -> None:
        self._path, self._file, self._size = path, file, 0

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = bytes(data)  # type: ignore[call-overload]
        self._size += len(piece)
        if self._size > FILE_LIMIT:
            raise CorpusError(
                f"{self._path}: has more than {FILE_LIMIT:,} bytes when it is written as text; "
                "expected at most that. Split the file by time, or leave out columns that are not "
                "used."
            )
        return self._file.write(piece)


@contextmanager
def parquet_as_csv(path: Path, file: IO[bytes]) -> Iterator[tuple[IO[bytes], tuple[str, ...]]]:
    """A Parquet file as CSV with commas, and what there is to say of it.

    Args:
        path: The file's name in messages.
        file: The Parquet file.

    Raises:
        CorpusError: The file is damaged, or has no column that can be read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    with tempfile.TemporaryFile() as text:
        try:
            table = pq.ParquetFile(file)
            wanted = [field for field in table.schema_arrow if _is_plain(field.type)]
            others = [field for field in table.schema_arrow if not _is_plain(field.type)]
            counters = [field.name for field in wanted if _counts_rows(table, field)]
            names = [field.name for field in wanted if field.name not in counters]
            if not names:
                raise CorpusError(
                    f"{path}: found no column of numbers, times or texts; expected a time column "
                    "and columns of numbers. Write the columns that are nested as plain ones."
                )
            header = io.StringIO()
            csv.writer(header, lineterminator="\n").writerow(names)
            out = _Limited(path, text)
            out.write(header.getvalue().encode("utf-8"))
            for batch in table.iter_batches(_ROWS, columns=names):
                _write_batch(pa.Table.from_batches([batch]).select(names), out)
        except (pa.ArrowException, OSError) as error:
            raise CorpusError(
                f"{path}: cannot be read as Parquet ({str(error)[:200]}); expected a whole Parquet "
                "file. Copy it again, or write it again."
            ) from error
        notes = [f"{show(field.name)} left out, of the type {field.type}" for field in others]
        notes += [f"{show(name)} left out, row numbers that pandas wrote" for name in counters]
        text.seek(0)
        yield text, tuple(notes)


def _counts_rows(table: "pq.ParquetFile", field: "pa.Field[pa.DataType]") -> bool:
    """Whether a column is an index without a name of a pandas table whose rows have no labels.

    One that begins elsewhere than at 0 may hold years, and is a column like others.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if not (_PANDAS_INDEX.fullmatch(field.name) and pa.types.is_integer(field.type)):
        return False
    return bool(pc.min(table.read([field.name])[field.name]).as_py() == 0)


def _is_plain(kind: "pa.DataType") -> bool:
    """Whether the values of a column can be the cells of a CSV."""
    from pyarrow import types

    if types.is_dictionary(kind):
        kind = kind.value_type
    tests = (
        *(types.is_integer, types.is_floating, types.is_decimal, types.is_boolean),
        *(types.is_timestamp, types.is_date, types.is_string, types.is_large_string),
    )
    return any(test(kind) for test in tests)


def _write_batch(table: "pa.Table", out: _Limited) -> None:
    import pyarrow as pa
    import pyarrow.csv as pc

    columns = [_written(column) for column in table.columns]
    options = pc.WriteOptions(include_header=False)
    pc.write_csv(pa.table(columns, names=table.column_names), pa.PythonFile(out, "w"), options)


def _written(column: "pa.ChunkedArray") -> "pa.ChunkedArray":
    """A column in a type that is written with all that it holds."""
    import pyarrow as pa
    from pyarrow import types

    kind = column.type
    if types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if types.is_boolean(kind):
        return column.cast(pa.int8())
    if types.is_float16(kind) or types.is_float32(kind):
        return column.cast(pa.float64())
    if types.is_timestamp(kind):
        zone = "UTC" if kind.tz else None
        for unit in ("s", "ms", "us", "ns"):
            try:
                return column.cast(pa.timestamp(unit, zone))
            except pa.ArrowInvalid:  # would lose a fraction
                continue
    if types.is_date64(kind):
        return column.cast(pa.date32())
    return column


_STEPS: Final = {
    "secondly": "1 second",
    "minutely": "1 minute",
    "half_hourly": "30 minute",
    "hourly": "1 hour",
    "daily": "1 day",
    "weekly": "7 day",
    "monthly": "1 month",
    "quarterly": "3 month",
    "yearly": "12 month",
}
_STEP: Final = re.compile(r"(\d+) ?_?(second|minute|hour|day|week|month|year)s?", re.ASCII)
_START: Final = "%Y-%m-%d %H-%M-%S"


@dataclass(frozen=True)
class _Head:
    """What the head of a `.tsf` file says.

    Attributes:
        attributes: Name and type of what stands before the values of each series.
        step: Between two values: a count and a unit.
        lines: How many lines it has, `@data` included.
    """

    attributes: tuple[tuple[str, str], ...]
    step: tuple[int, str]
    lines: int


@contextmanager
def tsf_as_csv(path: Path, file: IO[bytes]) -> Iterator[IO[bytes]]:
    """The series of a `.tsf` file as the columns of a CSV with commas.

    A column is named by the texts of its series. Where series begin or end at different times, the
    cells of the times that one lacks are empty.

    Args:
        path: The file's name in messages.
        file: The file.

    Raises:
        CorpusError: The file is no such one, its series have no start or no common frequency, or
            there are too many.
    """
    with tempfile.TemporaryFile() as text:
        buffered = io.BufferedWriter(_Limited(path, text))
        out = io.TextIOWrapper(buffered, encoding="utf-8", newline="\n")
        lines = io.TextIOWrapper(io.BytesIO(file.read()), encoding="utf-8", errors="replace")
        head = _tsf_head(path, lines)
        series: dict[str, tuple[datetime, list[str]]] = {}
        for number, line in enumerate(lines, start=head.lines + 1):
            if line.strip():
                name, start, values = _tsf_series(path, number, line.strip(), head)
                if name in series:
                    raise CorpusError(
                        f"{path}, line {number}: found a second series named {show(name)}; "
                        "expected each once. Rename one of them."
                    )
                series[name] = start, values
        if not series:
            raise CorpusError(f"{path}: found no series below @data; expected at least one.")
        rows = _on_one_grid(path, series, head.step)
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["start_timestamp", *series])
        writer.writerows(rows)
        out.flush()
        text.seek(0)
        yield text


def _tsf_head(path: Path, lines: io.TextIOWrapper) -> _Head:
    attributes: list[tuple[str, str]] = []
    step = None
    for number, line in enumerate(lines, start=1):
        words = line.split()
        match words[0].lower() if words else "":
            case "@attribute" if len(words) == 3:
                attributes.append((words[1], words[2].lower()))
            case "@frequency" if len(words) >= 2:
                told = " ".join(words[1:]).lower()
                found = _STEP.fullmatch(_STEPS.get(told, told))
                if found is None:
                    raise CorpusError(
                        f"{path}, line {number}: found the frequency {show(told)}; expected one "
                        f"of {', '.join(_STEPS)}, or a count of them such as `10_minutes`."
                    )
                step = int(found[1]), found[2]
            case "@data":
                if step is None or not any(kind == "date" for _, kind in attributes):
                    raise CorpusError(
                        f"{path}: found no `@frequency` or no `@attribute ... date` above @data; "
                        "expected both, which tell the times of the values. Add them."
                    )
                return _Head(tuple(attributes), step, number)
            case word if word and not word.startswith(("@", "#")):
                break
    raise CorpusError(
        f"{path}: found no line `@data`; expected the head of a .tsf file and the series below "
        "`@data`. Is it such a file?"
    )


def _tsf_series(path: Path, number: int, line: str, head: _Head) -> tuple[str, datetime, list[str]]:
    parts = line.split(":")
    if len(parts) != len(head.attributes) + 1:
        raise CorpusError(
            f"{path}, line {number}: found {len(parts)} parts with colons between them; expected "
            f"{len(head.attributes)} attributes and the values. Mend the line."
        )
    names, start = [], None
    for (_, kind), part in zip(head.attributes, parts, strict=False):
        if kind != "date":
            names.append(part.strip())
            continue
        try:
            start = datetime.strptime(part.strip(), _START)
        except ValueError as error:
            raise CorpusError(
                f"{path}, line {number}: found the start {show(part)}; expected a time such as "
                "'2016-07-01 00-00-00'. Mend it."
            ) from error
    assert start is not None
    values = ["" if cell.strip() == "?" else cell.strip() for cell in parts[-1].split(",")]
    return " ".join(names) or f"series {number - head.lines}", start, values


def _on_one_grid(
    path: Path, series: dict[str, tuple[datetime, list[str]]], step: tuple[int, str]
) -> Iterator[Sequence[str]]:
    """Rows with the time and a cell per series."""
    count, unit = step
    first = min(start for start, _ in series.values())
    if unit in ("month", "year"):
        months = count * (12 if unit == "year" else 1)

        def place(start: datetime) -> tuple[int, bool]:
            since = (start.year - first.year) * 12 + start.month - first.month
            return since // months, since % months == 0 and start.day == first.day

        def time(row: int) -> datetime:
            month = first.month - 1 + row * months
            return first.replace(year=first.year + month // 12, month=month % 12 + 1)

    else:
        length = timedelta(**{f"{unit}s": count})

        def place(start: datetime) -> tuple[int, bool]:
            since = start - first
            return since // length, since % length == timedelta(0)

        def time(row: int) -> datetime:
            return first + row * length

    places: list[tuple[int, list[str]]] = []
    for name, (start, values) in series.items():
        row, fits = place(start)
        if not fits:
            raise CorpusError(
                f"{path}, series {show(name)}: begins at {start}, which is no whole number of "
                f"steps of {count} {unit}(s) after {first}; expected series at the same times. "
                "Make a file of each."
            )
        places.append((row, values))
    rows = max(row + len(values) for row, values in places)
    if rows * len(places) * 2 > FILE_LIMIT:
        raise CorpusError(
            f"{path}: found {len(places):,} series over {rows:,} times; expected fewer cells. "
            "Split the file."
        )
    try:
        for row in range(rows):
            cells = [v[row - at] if 0 <= row - at < len(v) else "" for at, v in places]
            yield [time(row).isoformat(sep=" "), *cells]
    except (ValueError, OverflowError) as error:
        raise CorpusError(
            f"{path}: the times of its values cannot be told ({error}); expected starts on a day "
            "that every month has, in the years 1 to 9999."
        ) from error


# Seven columns of usual numbers take 0.7 times the file's size in memory, and twice that while the
# blocks are joined; cells of one digit in a hundred columns take eight times the file's size.
FILE_LIMIT: Final = 512 << 20
"""The most bytes of a CSV."""

# With what follows the letters of a signature: a column may be named `par1` or `BZh`.
_SIGNATURES: Final = (
    (rb"PK\x03\x04", "a zip archive or an Excel workbook"),
    (rb"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (rb"\x1f\x8b", "gzip-compressed"),
    (rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)", "bzip2-compressed"),
    (rb"\xfd7zXZ\0", "xz-compressed"),
    (rb"\x28\xb5\x2f\xfd", "zstd-compressed"),
    (rb"PAR1[\0-\x1f]", "a Parquet file"),
    (rb"ARROW1\0", "an Arrow file"),
    (rb"\x89HDF", "an HDF5 file"),
    (rb"SQLite format 3\0", "an SQLite database"),
    (rb"%PDF-", "a PDF"),
    (rb"(?i:<!doctype html|<html)", "a web page, not the download itself"),
)
_BOM: Final = b"\xef\xbb\xbf"


def skip_bom(file: IO[bytes]) -> None:
    """Move past a UTF-8 byte order mark at the start of a file, if there is one."""
    if file.read(len(_BOM)) != _BOM:
        file.seek(0)


def has_old_line_ends(file: IO[bytes]) -> bool:
    """Whether the first lines end with a carriage return alone; the place in the file stays."""
    start = file.tell()
    head = file.read(_PIECE)
    file.seek(start)
    return b"\r" in head.rstrip(b"\r") and b"\n" not in head


@contextmanager
def with_new_line_ends(file: IO[bytes]) -> Iterator[IO[bytes]]:
    """The text of a file, whose lines end with carriage returns, in a temporary one."""
    with tempfile.TemporaryFile() as text:
        while piece := file.read(_PIECE):
            text.write(piece.replace(b"\r", b"\n"))
        text.seek(0)
        yield text


@contextmanager
def with_names(file: IO[bytes], delimiter: str, count: int) -> Iterator[IO[bytes]]:
    """The rest of a file below a line of names, in a temporary one."""
    with tempfile.TemporaryFile() as text:
        text.write(delimiter.join(str(i + 1) for i in range(count)).encode() + b"\n")
        while piece := file.read(_PIECE):
            text.write(piece)
        text.seek(0)
        yield text


def refuse_other_formats(path: Path, head: bytes) -> None:
    """Recognise a file that is something else than a CSV by its first bytes.

    Raises:
        CorpusError: It is one of the formats that people hand over by mistake.
    """
    for signature, what in _SIGNATURES:
        if re.match(signature, head):
            raise CorpusError(
                f"{path}: the file is {what}; expected a CSV: UTF-8 text with commas. "
                "Unpack it, or export it as CSV."
            )


@contextmanager
def open_csv(path: Path) -> Iterator[BinaryIO]:
    """Open a file for reading; an error of the operating system becomes one that helps.

    Raises:
        CorpusError: The file cannot be read, is no file or is too large.
    """
    try:
        kind = path.stat()
        # To open a pipe would wait for its other end, and a device has no end.
        if not stat.S_ISREG(kind.st_mode) and not stat.S_ISDIR(kind.st_mode):
            raise CorpusError(
                f"{path}: found a pipe, a socket or a device; expected a CSV file. Save what it "
                "gives to a file."
            )
        if kind.st_size > FILE_LIMIT:
            raise CorpusError(
                f"{path}: found {kind.st_size:,} bytes; expected at most {FILE_LIMIT:,}. Split the "
                "file by time, leave out columns that are not used, or write fewer digits."
            )
        with path.open("rb") as file:
            yield file
    except FileNotFoundError as error:
        raise CorpusError(
            f"{path}: there is no such file (looked for {path.absolute()}); expected the CSV "
            "there. Copy it to that place."
        ) from error
    except IsADirectoryError as error:
        raise CorpusError(
            f"{path}: found a directory; expected a CSV file. Name the file in it."
        ) from error
    except OSError as error:
        raise CorpusError(
            f"{path}: the file cannot be read ({error.strerror}); expected a readable CSV file. "
            "Check its permissions and the disk."
        ) from error
