"""What a user may say of how a table is written and of its gaps, and which files are tables.

Also the bounds that settings and the domain share. Imports nothing heavy, since settings are read
and files are looked for whenever definitions load.
"""

import codecs
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path, PurePath
from typing import Final, Literal
from zoneinfo import ZoneInfo

FEATURE_LIMIT: Final = 1_000
"""The most columns that can be used: time DTW takes the square of their number."""

SERIES_LIMIT: Final = 50
"""The most datasets of one long table: each adds to the time in which definitions load."""

FIGURE_FEATURES: Final = 100
"""How many columns feature panels show unless the settings say another number."""

LINE_PLOT_LIMIT: Final = 100
"""The most panels of a line plot: with more, each is a few dozen pixels high."""

StatsFormat = Literal["decimals", "significant"]
"""How the numbers of the statistics are written: with two decimals, or four significant digits."""

_WHOLE: Final = re.compile(r"[+-]?\d+(?:\.\d*)?", re.ASCII)
_LAGGED: Final = re.compile(r"(.+) \(lag ([1-9]\d{0,5})\)", re.ASCII | re.DOTALL)


def lagged_name(name: str, lag: int) -> str:
    """The name of the copy of a column from so many rows back."""
    return f"{name} (lag {lag})"


def lag_of(name: str, features: Collection[str]) -> int:
    """How many rows back a column is a copy of another one, by its name; 0 if it is none."""
    found = _LAGGED.fullmatch(name)
    return int(found[2]) if found and found[1] in features else 0


FLAGS: Final = (
    *(("0", "1"), ("0.0", "1.0"), ("false", "true"), ("no", "yes"), ("n", "y")),
    *(("normal", "anomaly"), ("normal", "abnormal"), ("normal", "anomalous")),
)
"""Labels that are flags of anomalies, unless the user says that they are classes: off and on."""

LabelKind = Literal["found", "classes"]


def class_names(labels: Sequence[str]) -> tuple[str, ...]:
    """What classes are called: numbers and what would pass for flags as `class 0`."""
    folded = {label.casefold() for label in labels}
    flags = any(folded <= set(pair) for pair in FLAGS)
    if flags or all(_WHOLE.fullmatch(label) for label in labels):
        return tuple(f"class {label}" for label in labels)
    return tuple(labels)


Delimiter = Literal[",", ";", "\t", "|"]
Decimal = Literal[".", ","]
Thousands = Literal[",", ".", " ", "'"]
Gaps = Literal["refuse", "drop", "interpolate"]
Axis = Literal["calendar", "order"]

DELIMITERS: Final[tuple[Delimiter, ...]] = (",", ";", "\t", "|")

UNIX_FORMATS: Final = {"unix": 1, "unix_ms": 10**3, "unix_us": 10**6, "unix_ns": 10**9}
"""`date_format` of numbers that count from 1970-01-01 00:00 UTC, and how many are a second."""


VALUES_ADVICE: Final = 'The setting `gaps` ("drop" or "interpolate") allows missing values.'
ROWS_ADVICE: Final = (
    'If rows are missing, the setting `gaps` ("drop" or "interpolate") allows that.'
)
"""What is advised of a table that lacks values or rows, before it is known what helps."""

_DAYS: Final = ("%d", "%j", "%c", "%x", "%U", "%W", "%V")
_MONTHS: Final = ("%m", "%b", "%B")


@dataclass(frozen=True)
class CsvRules:
    """How a CSV is written and what becomes of its gaps.

    Attributes:
        delimiter: Between the cells; None: found in the first lines, else a comma.
        decimal: The mark in numbers; None: a point, or found in files with another delimiter.
        date_format: A `strptime` format or one of `UNIX_FORMATS`; None: found in the first lines.
        time_zone: IANA name of the zone whose local time the stamps tell; None: they are taken as
            they are, on one time line without a zone.
        gaps: "refuse": a missing value or row is an error. "drop": rows that lack a value are
            marked as missing. "interpolate": short runs are interpolated, the others marked.
        interpolate_limit: The most values in a row of a column that are interpolated.
        thousands: The mark between thousands; None: found.
        magnitudes: Whether K, M, B after numbers are powers of ten; None: found.
        strip: Texts that are passed over in cells of numbers.
        missing_values: Cells that stand for a missing value, besides those that always do.
        encoding: Of the text; None: UTF-8, or UTF-16 with its mark.
        time_axis: "calendar": rows are at one interval, or at steps of the calendar. "order": they
            follow each other, whatever time lies between them, and are counted.
        time_columns: The columns that tell the time together, such as year, month and day.
        series_column: In a table with several series below each other, the columns that name them.
        value_column: There, the column with the values; None: every numeric one.
        label_column: The column with the label of each row, which is no feature.
        label_kind: "classes": labels that would pass for flags are classes.
    """

    delimiter: Delimiter | None = None
    decimal: Decimal | None = None
    date_format: str | None = None
    time_zone: str | None = None
    gaps: Gaps = "refuse"
    interpolate_limit: int | None = None
    thousands: Thousands | None = None
    magnitudes: bool | None = None
    strip: tuple[str, ...] = ()
    missing_values: tuple[str, ...] = ()
    encoding: str | None = None
    time_axis: Axis = "calendar"
    time_columns: tuple[str, ...] | None = None
    series_column: tuple[str, ...] | None = None
    value_column: str | None = None
    label_column: str | None = None
    label_kind: LabelKind = "found"

    @property
    def dresses_cells(self) -> bool:
        """Whether anything is said of cells that are no plain numbers."""
        told = self.thousands, self.magnitudes, self.strip, self.missing_values
        return any(told)

    @property
    def allows_gaps(self) -> bool:
        """Whether missing values and rows are accepted."""
        return self.gaps != "refuse"


def encoding_problem(name: str) -> str:
    """What is wrong with the name of an encoding; nothing, usually."""
    example = "expected one of Python's text encodings, such as 'latin-1', 'cp1252' or 'utf-16-le'"
    try:
        "".encode(name)
        codecs.getincrementaldecoder(name)
    except LookupError:  # unknown, or no encoding of text
        return f"is no encoding of text; {example}"
    except (ValueError, UnicodeError):
        return f"is no name of an encoding; {example}"
    return ""


def strip_problem(texts: Iterable[str]) -> str:
    """What is wrong with texts that are to be passed over in cells; nothing, usually."""
    for text in texts:
        if not text.strip() or re.search(r"[\d.,+-]", text):
            return f"has {text!r}, which is empty or holds a digit, a mark or a sign of numbers"
    return ""


def time_zone_problem(name: str) -> str:
    """What is wrong with the name of a time zone; nothing, usually."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown; a path; the name of a folder of zones
        return "is no time zone; expected an IANA name such as 'Europe/Berlin' or 'UTC'"
    return ""


def date_format_problem(text: str) -> str:
    """What is wrong with a date format; nothing, usually.

    A format is good if what it writes of a time it reads back as that time, down to its smallest
    unit: without `%p`, `%I` would make morning of every afternoon.
    """
    if text in UNIX_FORMATS:
        return ""
    example = "expected a format such as '%d.%m.%Y %H:%M', or one of " + ", ".join(UNIX_FORMATS)
    if "%Z" in text:
        return f"has the name of a zone (%Z), which belongs into `time_zone`; {example}"
    if "%f" in text:
        whole = re.sub(r"(?<=%S)[.,]%f", "", text)
        if "%f" in whole:
            return f"has a fraction (%f) that is not behind seconds, as in %S.%f; {example}"
        return date_format_problem(whole)
    if "%q" in text:
        if "%Y" in text and set(re.findall("%.", text)) == {"%q", "%Y"}:
            return ""
        return f"has a quarter (%q), which goes with a year (%Y) and nothing else; {example}"
    if "%G" in text and "%V" in text and set(re.findall("%.", text)) == {"%G", "%V"}:
        return ""
    moment = datetime(2017, 11, 23, tzinfo=timezone(timedelta(hours=2)) if "%z" in text else None)
    if not any(unit in text for unit in _DAYS):
        moment = moment.replace(day=1)  # a month, or a year, is told by its first day
        if not any(unit in text for unit in _MONTHS):
            moment = moment.replace(month=1)
    if any(unit in text for unit in ("%H", "%I", "%c", "%X")):
        moment = moment.replace(hour=17)
    if any(unit in text for unit in ("%M", "%c", "%X")):
        moment = moment.replace(minute=38)
    if any(unit in text for unit in ("%S", "%c", "%X")):
        moment = moment.replace(second=49)
    try:
        written = moment.strftime(text)
        read = datetime.strptime(written, text)
    except (ValueError, OverflowError, re.error) as error:  # `re`: a unit that is there twice
        return f"is no date format ({str(error)[:80]}); {example}"
    if read != moment:
        return f"does not tell year, month, day and hour unmistakably; {example}"
    return ""


TEXTS: Final = (".csv", ".tsv", ".txt")
"""Tables of text with a delimiter."""

PACKINGS: Final = (".gz", ".bz2", ".xz", ".zst")
"""What a table of text may be packed with, as a second suffix."""

PARQUET: Final = ".parquet"

TSF: Final = ".tsf"
"""Series below each other, with a header of their own: the archive of Monash University."""

CASES: Final = ".ts"
"""Labelled cases, one a line: the archives of the universities of California and East Anglia."""

_TABLE: Final = re.compile(
    rf"(?P<stem>.+?)(?P<suffix>(?:{'|'.join(map(re.escape, (*TEXTS, TSF, CASES)))})"
    rf"(?:{'|'.join(map(re.escape, PACKINGS))})?|{re.escape(PARQUET)})",
    re.IGNORECASE | re.DOTALL,
)
# Text files that lie beside data everywhere.
_READING: Final = re.compile(
    r"(?:read[-_ ]?me|licen[cs]e|copying|notice|notes?|about|citation|changelog|requirements"
    r"|description|data[-_ ]?dictionary).*",
    re.IGNORECASE | re.DOTALL,
)


def table_suffix(name: str) -> str:
    """The suffix of a table as its name has it, such as `.csv` or `.CSV.gz`; empty of other files.

    A text that is meant to be read (`README.txt`, `notes.txt`) is no table.

    Args:
        name: Of the file, without folders.
    """
    found = _TABLE.fullmatch(name)
    if found is None or name.startswith("."):
        return ""
    if found["suffix"].lower().startswith(".txt") and _READING.fullmatch(found["stem"]):
        return ""
    return found["suffix"]


def data_suffix(name: str) -> str:
    """The suffix of a table or of settings; empty of other files.

    Args:
        name: Of the file, without folders.
    """
    return table_suffix(name) or (".toml" if name.lower().endswith(".toml") else "")


def holds_cases(path: PurePath) -> bool:
    """Whether a file is one of labelled cases, by its name."""
    suffix = table_suffix(path.name).lower()
    return any(suffix == f"{CASES}{packing}" for packing in ("", *PACKINGS))


def table_stem(path: PurePath) -> str:
    """The name of a file without the suffix of a table."""
    return path.name.removesuffix(table_suffix(path.name) or path.suffix)


def settings_file(table: Path) -> Path:
    """The settings file beside a table: `load.toml` beside `load.csv` or `load.csv.gz`."""
    return table.with_name(f"{table_stem(table)}.toml")
