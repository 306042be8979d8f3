"""From the bytes of a file to its columns: which there are, which are used, how they are written.

Packing, UTF-16, the line that tells Excel the delimiter, and title lines may lie above the names.
"""

import codecs
import re
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from typing import IO, Final

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.timeseries.csv_cells import find_forms
from zwu_ts_assets.timeseries.csv_columns import (
    NO_TIME,
    TIME_COLUMN,
    Columns,
    Rows,
    find_time,
    joined_with,
    stamps_of,
)
from zwu_ts_assets.timeseries.csv_features import (
    listed,
    named_features,
    numbers_among,
    numeric_features,
    refuse_missing,
)
from zwu_ts_assets.timeseries.csv_lines import (
    LINE_LIMIT,
    LineError,
    cells_of,
    find_decimal,
    find_delimiter,
    is_missing,
    is_number,
    means_a_number,
    read_line,
    refuse,
    show,
    split_line,
)
from zwu_ts_assets.timeseries.csv_long import find_series
from zwu_ts_assets.timeseries.csv_rules import (
    DELIMITERS,
    PACKINGS,
    PARQUET,
    TSF,
    CsvRules,
    Delimiter,
    table_suffix,
)
from zwu_ts_assets.timeseries.csv_times import (
    find_format,
    may_be_a_time,
    means_a_count,
    means_a_time,
)
from zwu_ts_assets.timeseries.table_formats import (
    has_old_line_ends,
    open_csv,
    parquet_as_csv,
    refuse_other_formats,
    skip_bom,
    tsf_as_csv,
    unpacked,
    with_names,
    with_new_line_ends,
)

COLUMN_LIMIT: Final = 5_000
"""The most columns of a CSV, used or not."""

UNNAMED: Final = "Unnamed: 0"
"""The name of a first column that has none, as in pandas."""

# Bytes of the first lines that are looked at to find how a file is written, where its very first
# line does not tell. A year of hourly rows tells day from month.
_SAMPLE: Final = 1 << 20
_LOOKED_AT: Final = 200  # lines that tell where the time is


def read_columns(
    file: IO[bytes],
    path: Path,
    time_column: str | None,
    features: Sequence[str] | None,
    rules: CsvRules,
) -> Columns:
    """Read the header and choose the columns; the file is left at the first data line.

    Args:
        file: At the line with the column names, which is line 1 here.
        path: The file's name in messages.
        time_column: Name of the time column; None for `date` or, without it, the one column whose
            first cell is a timestamp.
        features: The feature columns in the order wanted; None for every column other than the
            time column whose first data cell is a number.
        rules: How the file is written, as far as the user says.

    Raises:
        CorpusError: The file is no CSV with a header, lacks a column, or leaves open how it is
            written.
    """
    header = read_line(file, path, 1, rules.delimiter or ",")
    if header is None:
        raise CorpusError(
            f"{path}: the file is empty; expected a header line and data lines. Copy it again."
        )
    start = file.tell()
    # The delimiter comes first: with the wrong one, all else that could be said would mislead.
    delimiter = rules.delimiter or find_delimiter(
        path, header, _peek(file, path), time_column or TIME_COLUMN
    )
    file.seek(start)
    names, blanks, index, notes = _named(
        path,
        split_line(path, header, delimiter),
        Rows(file, path, delimiter, start, start + _SAMPLE),
    )
    if len(names) > COLUMN_LIMIT:
        refuse(
            path,
            1,
            None,
            f"{len(names):,} columns",
            f"at most {COLUMN_LIMIT:,}",
            "Check that the series runs down the file, one row per time; leave out columns that "
            "are not used.",
        )
    if time_column is not None and time_column not in names:
        refuse_missing(path, names, [time_column], "time_column")
    file.seek(start)
    first = read_line(file, path, 2, delimiter)
    if first is None or (first.blank and _only_blank_lines(file, start)):
        raise CorpusError(
            f"{path}: found a header line and no data line after it; expected data from line 2 "
            "on. Copy the file again."
        )
    forms, told = find_forms(
        path,
        names,
        Rows(file, path, delimiter, start, start + _SAMPLE),
        rules,
        delimiter=delimiter,
        quoted=_has_quotes(file, start),
    )
    notes = (*notes, *told)
    rows = Rows(file, path, delimiter, start, start + _SAMPLE, forms=forms)
    cells = next(iter(rows), (2, split_line(path, first, delimiter)))[1]
    sample = [row for _, row in islice(rows, _LOOKED_AT) if len(row) >= len(names)]
    place = find_time(path, names, sample, time_column, rules, index)
    time = place.time
    # Columns that are no features, whatever they hold.
    left_out = (*index, *place.joined, *place.left_out)
    numbers = [i for i in numbers_among(cells[: len(names)], time) if i not in left_out]
    # An hour, or a time of day, may be in another column.
    is_day = time != NO_TIME and place.times is None and not place.joined
    if is_day and (rules.date_format is None or "%M" in rules.date_format):
        whole = (row for _, row in rows if len(row) >= len(names))
        place = joined_with(path, names, time, whole, numbers) or place
    left_out = (*left_out, *place.joined)
    label = _label(path, names, rules, (time, *place.joined))
    if label >= 0:
        left_out = (*left_out, label)
    series = find_series(
        path,
        names,
        file,
        Rows(file, path, delimiter, start, start + _SAMPLE),
        place,
        rules,
        left_out,
    )
    wanted = None
    if series:
        left_out = (*left_out, *series)
        notes = (*notes, f"series named by {listed([show(names[i]) for i in series])}")
        if features is not None and not set(features) <= set(names):
            wanted, features = tuple(features), None
        if rules.value_column is not None:
            features = (rules.value_column,)
    elif rules.value_column is not None:
        raise CorpusError(
            f"{path}: found the setting `value_column` and no column that names series; expected "
            "both or none. Name that column with `series_column`."
        )
    notes = (*notes, *place.notes)
    if features is not None:
        chosen = named_features(path, names, time, features)
    else:
        # The decimal mark of a first cell does not matter here: it is a number with either.
        chosen = tuple(i for i in numbers if i not in left_out)
    decimal: str | None = rules.decimal
    if decimal is None:
        decimal = "." if delimiter == "," else find_decimal(path, names, chosen, rows)
    if features is None:
        chosen = numeric_features(
            path,
            names,
            time,
            (row for _, row in rows),
            decimal or ".",
            missing=rules.allows_gaps,
            left_out=left_out,
        )
    used = (time, *chosen, *left_out)
    others = [i for i in range(len(names)) if i not in used]
    if features is None:
        first_texts = {i: _first_text(rows, i) for i in others}
        unused = [
            (i, f"text, such as {show(text)}" if text else "no value in the first lines")
            for i, text in first_texts.items()
        ]
        if texts := [show(names[i]) for i, text in first_texts.items() if text]:
            notes = (*notes, f"columns of text left out: {listed(texts)}")
        if empty := [show(names[i]) for i, text in first_texts.items() if not text]:
            notes = (
                *notes,
                f"columns without a value in the first lines left out: {listed(empty)} (name them "
                "in `features` to use them)",
            )
    else:
        unused = [(i, "not named in the setting `features`") for i in others]
    unused += [(i, "numbers the rows") for i in index]
    unused += [(i, "rises with the rows") for i in place.left_out]
    unused += [(label, "labels the rows")] if label >= 0 else []
    times = place.times
    if times is None:
        stamps = stamps_of(((n, row) for n, row in rows if len(row) >= len(names)), place)
        times = find_format(path, names[time], stamps, rules.date_format)
    if rules.time_zone is not None and times.is_utc:
        raise CorpusError(
            f"{path}, column {show(names[time])}: found stamps that tell their offset from UTC, "
            f"and the setting `time_zone` ({show(rules.time_zone)}); expected one of the two. "
            "Remove the setting."
        )
    file.seek(start)
    return Columns(
        names,
        time,
        chosen,
        delimiter,
        decimal or ".",
        times,
        missing=rules.allows_gaps,
        decimal_is_told=decimal is not None,
        blanks=blanks,
        notes=notes,
        joined=place.joined,
        series=series,
        wanted=wanted,
        forms=forms,
        left_out=tuple((names[i], reason) for i, reason in sorted(unused)),
        label=label,
    )


def _label(path: Path, names: tuple[str, ...], rules: CsvRules, times: Collection[int]) -> int:
    """The column that labels the rows; -1 if the user names none."""
    if rules.label_column is None:
        if rules.label_kind != "found":
            raise CorpusError(
                f"{path}: found the setting `label_kind` and no `label_column`; expected both or "
                "none. Name the column with the labels, or remove the setting."
            )
        return -1
    if rules.label_column not in names:
        refuse_missing(path, names, [rules.label_column], "label_column")
    label = names.index(rules.label_column)
    if label in times:
        raise CorpusError(
            f"{path}, column {show(rules.label_column)}: found the time in the column that "
            "`label_column` names; expected labels. Name another column."
        )
    return label


def _has_quotes(file: IO[bytes], start: int) -> bool:
    """Whether any of the first cells is in quotes."""
    file.seek(start)
    return b'"' in file.read(_SAMPLE)


def _first_text(rows: Rows, column: int) -> str:
    """The first cell of a column in which there is something."""
    cells = (row[column] for _, row in rows if column < len(row))
    return next((cell for cell in cells if not is_missing(cell)), "")


def _named(
    path: Path, names: list[str], rows: Rows
) -> tuple[tuple[str, ...], int, tuple[int, ...], tuple[str, ...]]:
    """The names, with those that the header leaves open.

    Returns:
        The names; how many empty cells each line has after them; the columns that only number the
        rows; and what there is to say of it.
    """
    notes: list[str] = []
    cells = next(iter(rows), (2, []))[1]
    whole = len(names)
    while whole > 1 and not names[whole - 1].strip():
        whole -= 1
    blanks = 0
    # Where there are cells below an empty name, the name is missing.
    if len(cells) >= max(whole, 2) and not any(cell.strip() for cell in cells[whole:]):
        blanks = len(cells) - whole
        names = names[:whole]
        if blanks:
            notes.append("empty cells at the end of every line passed over")
    index: tuple[int, ...] = ()
    if len(names) > 1 and not names[0].strip() and UNNAMED not in names and cells:
        if _number_rows([row[0] for _, row in rows]):
            index = (0,)
            names = [UNNAMED, *names[1:]]
            notes.append("the first column, which has no name and numbers the rows, left out")
        elif (
            TIME_COLUMN not in names
            and means_a_time(cells[0])
            and not any(means_a_time(cell) for cell in cells[1:])
        ):
            names = [UNNAMED, *names[1:]]
            notes.append("the first column, which has no name, taken for the time")
    _check_names(path, tuple(names))
    return tuple(names), blanks, index, tuple(notes)


def _number_rows(cells: Sequence[str]) -> bool:
    """Whether cells count the rows, from whatever number on."""
    if not all(cell.isascii() and cell.isdigit() and len(cell) < 9 for cell in cells):
        return False
    numbers = [int(cell) for cell in cells]
    # Of tables that were put below each other, each is numbered from its beginning.
    return all(b == a + 1 or b == numbers[0] for a, b in pairwise(numbers))


def _peek(file: IO[bytes], path: Path) -> str:
    """The second line as far as it can be read; what is wrong with it is told later."""
    try:
        line = read_line(file, path, 2)
    except CorpusError:
        return ""
    return line.text if line else ""


def _only_blank_lines(file: IO[bytes], start: int) -> bool:
    """Whether nothing but white space follows; in pieces, as it may be half a gigabyte."""
    file.seek(start)
    return not any(piece.strip() for piece in iter(lambda: file.read(1 << 20), b""))


def _check_names(path: Path, names: tuple[str, ...]) -> None:
    """Refuse column names that are empty, hold control characters or occur twice."""
    for position, name in enumerate(names, start=1):
        if not name.strip():
            refuse(
                path,
                1,
                None,
                f"an empty name for column {position} of {len(names)}",
                "a name for every column",
                "Name the column or remove it (pandas writes such a column unless told "
                "`index=False`).",
            )
        # A line break in a name would tear a line of the stats text in two.
        if any(unicodedata.category(character) in ("Cc", "Zl", "Zp") for character in name):
            refuse(
                path,
                1,
                name,
                f"a control character or line break in the name of column {position}",
                "printable names",
                "Rename the column.",
            )
    for name, count in Counter(names).items():
        if count > 1:
            places = [str(i) for i, other in enumerate(names, start=1) if other == name]
            refuse(
                path,
                1,
                name,
                f"{count} columns of this name (columns {listed(places)})",
                "each name once",
                "Rename or remove all but one of them.",
            )


_TITLE_LINES: Final = 50  # lines among which the column names are looked for
_PIECE: Final = 1 << 20
_SURE_LINES: Final = 3  # lines of numbers that tell that there are no names
_FEW: Final = 10  # columns, beside which a whole number may be any other
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
        file = stack.enter_context(open_packed(path))
        if suffix == PARQUET:
            file, told = stack.enter_context(parquet_as_csv(path, file))
            with _of_rows():
                yield Source(file, ",", told)
            return
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
        if has_old_line_ends(file):
            file = stack.enter_context(with_new_line_ends(file))
            notes.append("lines that end with a carriage return, as of an old Mac, read as such")
        above, delimiter = _above_names(path, file)
        if not above and (found := _without_names(file)):
            delimiter, count = found
            file = stack.enter_context(with_names(file, delimiter or ",", count))
            above = -1  # the first line of the file is one of data
            notes.append(f"no line of column names: columns are named 1 to {count}")
        elif delimiter is not None:
            notes.append(f"the first line tells the delimiter {delimiter!r}")
        elif above:
            lines = "line" if above == 1 else "lines"
            notes.append(f"{above} {lines} above the column names passed over")
        try:
            yield Source(file, delimiter, tuple(notes))
        except LineError as error:
            raise error.moved(above) from error


@contextmanager
def open_packed(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for reading, unpacked if its name says that it is packed.

    Raises:
        CorpusError: The file cannot be read or unpacked.
    """
    suffix = table_suffix(path.name).lower()
    with open_csv(path) as packed:
        if not suffix.endswith(PACKINGS):
            yield packed
            return
        with unpacked(path, packed, f".{suffix.rpartition('.')[2]}") as file:
            yield file


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


def _without_names(file: IO[bytes]) -> tuple[Delimiter | None, int] | None:
    """The delimiter and how many columns a table of numbers has that lacks the names.

    It is one where the first lines hold numbers alone, of which the first has a decimal one, and
    they do not rise from column to column, as depths that are names do. A whole number before
    many decimal ones is the class of a series that runs across the file.
    """
    start = file.tell()
    raw = [file.readline(LINE_LIMIT + 1) for _ in range(_SURE_LINES)]
    file.seek(start)
    if len(raw[-1]) > LINE_LIMIT or not all(line.strip() for line in raw):
        return None
    lines = [line.decode("utf-8", "replace").rstrip("\r\n") for line in raw]
    for mark in DELIMITERS:
        rows = [cells_of(line, mark) for line in lines]
        first = rows[0]
        if any(len(row) != len(first) or not all(map(_is_plain, row)) for row in rows):
            continue
        decimals = [not cell.strip().lstrip("+-").isdigit() for cell in first]
        numbers = [float(cell) for cell in first]
        rises = len(numbers) > 1 and all(a < b for a, b in pairwise(numbers))
        is_class = len(first) > _FEW and not decimals[0] and sum(decimals) == len(first) - 1
        if any(decimals) and not rises and not is_class:
            return (mark if len(first) > 1 else None), len(first)
    return None


def _is_plain(cell: str) -> bool:
    return is_number(cell) and "," not in cell


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
