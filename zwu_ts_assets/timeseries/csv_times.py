"""How the timestamps of a CSV are written, and what seconds they name.

Seconds are counted from 1970-01-01 00:00, of UTC where a stamp tells so, else of its own time line.
Where the first stamps have fractions of a second, nanoseconds are counted.

Local wall times follow the rules of `zoneinfo`. An hour that the clocks leave out names no moment,
and a stamp in it is refused. An hour that they show twice names two: the rows tell which, where the
stamps go back once between the two, or where only one reading keeps the rows in order.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import chain, islice, pairwise, takewhile
from pathlib import Path
from typing import Final, Literal
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from zwu_ts_assets.timeseries.csv_lines import line_of, means_a_number, refuse, show
from zwu_ts_assets.timeseries.csv_periods import (
    bare_pattern,
    parts_seconds,
    period_pattern,
    special_seconds,
    whole_number,
)
from zwu_ts_assets.timeseries.csv_rules import UNIX_FORMATS

_DAY_AND_TIME: Final = r"\d{4}-\d{2}-\d{2}(?:[ T]\d{2}:\d{2}(?::\d{2})?)?"
_ISO: Final = re.compile(_DAY_AND_TIME, re.ASCII)
_SUB_SECOND: Final = re.compile(_DAY_AND_TIME + r"[.,]\d+(?:Z|[+-][\d:]+)?", re.ASCII)
_ZONED: Final = re.compile(_DAY_AND_TIME + r" ?(?:Z|[A-Z]{3,4}|[+-]\d{2}:?(?:\d{2})?)", re.ASCII)
_OFFSET: Final = re.compile(
    r"(\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(?::\d{2})?) ?(?:(Z|UTC|GMT)|([+-])(\d{2}):?(\d{2})?)",
    re.ASCII,
)
_ODD: Final = re.compile(
    r"(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})"
    r"(?:( {1,2}|T)\d{1,2}:\d{2}(:\d{2})?(?:( ?)([AaPp][Mm]))?)?",
    re.ASCII,
)
_CLOCK: Final = r"(?:( {1,2}|T)\d{1,2}:\d{2}(:\d{2})?(?:( ?)([AaPp][Mm]))?)?"
_MONTH: Final = (
    r"(Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?"
    r"|Sep(?:tember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)"
)
# With the name of a month: 1 Jan 2000, 01-Jan-00, January 1, 2000, 2000-Jan-01. Each is put
# together from marks, the format of the month and, where it may be short, the year.
_NAMED: Final = tuple(
    (re.compile(form + _CLOCK, re.ASCII | re.IGNORECASE), pattern)
    for form, pattern in (
        (r"\d{1,2}([ ./-]?)" + _MONTH + r"([ ./-]?)(\d{4}|\d{2})", "%d{0}{month}{2}{year}"),
        (_MONTH + r"([ ./-])\d{1,2}(,? |[./-])(\d{4})", "{month}{1}%d{2}{year}"),
        (r"(\d{4})([ ./-])" + _MONTH + r"([ ./-])\d{1,2}", "{year}{1}{month}{3}%d"),
    )
)
# ISO 8601 without marks in day and time; ten and twelve digits may be counts as well.
_BASIC: Final = re.compile(
    r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
    r"(T(?:[01]\d|2[0-3])[0-5]\d([0-5]\d)?(Z|[+-]\d{2}:?\d{2})?)?",
    re.ASCII,
)
# Where a fraction of a second is, whatever stands around it.
_FRACTIONS: Final = tuple(
    re.compile(before + r"[.,](\d{1,9})(?!\d)", re.ASCII)
    for before in (r"(?<=:\d\d)", r"(?<=[T ]\d{6})")
)
_DECIMAL_COUNT: Final = re.compile(r"(-?\d{1,19})(?:\.(\d{1,9}))?", re.ASCII)
NANO: Final = 10**9
"""Nanoseconds of a second."""
_FIRST_NANO: Final = -9_223_372_036_000_000_000
_LAST_NANO: Final = 9_223_372_036_000_000_000
_TOLD_BY: Final = 200  # stamps that tell whether a column has fractions
_NO_FRACTION: Final = re.compile(r"(?<=:\d\d)[.,]0{1,9}(?!\d)", re.ASCII)
# Lengths of a count of seconds, milli-, micro- and nanoseconds between 1973 and 2286.
_UNIX_DIGITS: Final = {9: "unix", 10: "unix", 12: "unix_ms", 13: "unix_ms"} | {
    15: "unix_us",
    16: "unix_us",
    18: "unix_ns",
    19: "unix_ns",
}
# Of these the lengths of 10 and 12 digits may be counts as well.
_COMPACT: Final = re.compile(
    r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
    r"(?:(?:[01]\d|2[0-3])(?:[0-5]\d(?:[0-5]\d)?)?)?",
    re.ASCII,
)
_COMPACT_FORMATS: Final = {8: "%Y%m%d", 10: "%Y%m%d%H", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
_INTEGER: Final = re.compile(r"-?\d{1,19}", re.ASCII)
_RUN: Final = re.compile(r"(?:%[YmdHMS])+")
_DIGITS: Final = re.compile(r"\d+", re.ASCII)
_EPOCH: Final = datetime(1970, 1, 1)

EXPECTED_TIMESTAMP: Final = "an ISO 8601 date and time such as 2016-07-01 00:00:00"


@dataclass(frozen=True)
class TimeFormat:
    """How the stamps of a column are written.

    Attributes:
        kind: ISO 8601 without a zone, with an offset from UTC, a count from 1970, or a pattern;
            parts in several columns; a day, and an hour in another column; a count of rows, or
            none.
        pattern: The `strptime` format of a pattern, or which of `UNIX_FORMATS` a count is; the
            units of parts with a space between them; the format of days, empty for ISO 8601.
        fine: Whether stamps have fractions of a second, so that they name nanoseconds.
    """

    kind: Literal["iso", "offset", "unix", "pattern", "parts", "hours", "count", "rows"] = "iso"
    pattern: str = ""
    fine: bool = False

    @property
    def per_second(self) -> int:
        """How many of what is counted are a second."""
        return NANO if self.fine else 1

    @property
    def is_utc(self) -> bool:
        """Whether a stamp names a moment, and needs no time zone to do so."""
        return self.kind in ("offset", "unix") or "%z" in self.pattern


ISO: Final = TimeFormat()


def means_a_time(cell: str) -> bool:
    """Whether a text is a day, or a day and a time, in a form that can be found."""
    text = _without_fraction(cell.strip())
    if any(form.fullmatch(text) for form in (_ISO, _SUB_SECOND, _ZONED, _ODD)):
        return True
    found = _BASIC.fullmatch(text)
    if (found is not None and bool(found[1])) or _named_pattern([text]) is not None:
        return True
    return period_pattern([text]) is not None


def means_a_day(cell: str) -> bool:
    """Whether a number is a date without marks, `20160701` or `20160701183000`, and no count."""
    text = cell.strip()
    return len(text) in (8, 14) and _COMPACT.fullmatch(text) is not None


def means_a_clock(cell: str) -> bool:
    """Whether a text is a time of day: `18:20`, `6:20:00 PM`."""
    return re.fullmatch(_CLOCK, f" {_without_fraction(cell.strip())}", re.ASCII) is not None


def _whole(text: str) -> str:
    """A stamp without a fraction of a second that is zero."""
    return _NO_FRACTION.sub("", text)


def _fraction(text: str) -> re.Match[str] | None:
    """Where a stamp has a fraction of a second."""
    return next((found for form in _FRACTIONS if (found := form.search(text))), None)


def _without_fraction(text: str) -> str:
    """A stamp without its fraction of a second."""
    found = _fraction(text)
    return text[: found.start()] + text[found.end() :] if found else text


def means_a_count(cell: str) -> bool:
    """Whether a text is a count of seconds or parts of it from 1970, by its length."""
    text = cell.strip()
    return text.isascii() and text.isdigit() and len(text) in _UNIX_DIGITS


def means_decimal_seconds(cell: str) -> bool:
    """Whether a text is a count of seconds from 1970 with decimals, `1704103200.250`."""
    found = _DECIMAL_COUNT.fullmatch(cell.strip())
    return found is not None and found[2] is not None and len(found[1]) == 10


def may_be_a_time(cell: str) -> bool:
    """Whether a text that is in no form that can be found may still be a day or a time.

    Such are `20160701` and anything but a number that has two groups of digits: `1 Jul 2016`.
    """
    text = cell.strip()
    return _COMPACT.fullmatch(text) is not None or (
        re.search(r"\d\D+\d", text, re.ASCII) is not None and not means_a_number(text)
    )


def find_format(
    path: Path, column: str, cells: Iterable[tuple[int, str]], date_format: str | None
) -> TimeFormat:
    """How the stamps of a column are written.

    Args:
        path: The file's name in messages.
        column: Name of the time column.
        cells: Its first cells with their lines; only as many are looked at as are needed.
        date_format: What the user says; None to find it.

    Raises:
        CorpusError: Day and month, or a count and a date without marks, cannot be told apart.
    """
    cells = iter(cells)
    first = list(islice(cells, _TOLD_BY))
    if date_format is not None and "%f" in date_format:
        return TimeFormat("pattern", re.sub(r"[.,]%f", "", date_format), fine=True)
    if date_format is not None:
        form = TimeFormat("unix" if date_format in UNIX_FORMATS else "pattern", date_format)
    else:
        form = _found_format(path, column, chain(first, cells))
    return replace(form, fine=_is_fine([cell.strip() for _, cell in first], form))


def _is_fine(stamps: Sequence[str], form: TimeFormat) -> bool:
    """Whether the first stamps have fractions of a second that are not zero."""
    if form.kind not in ("iso", "offset", "unix", "pattern"):
        return False

    def fraction(stamp: str) -> bool:
        if form.kind == "unix":
            found = _DECIMAL_COUNT.fullmatch(stamp)
            whole = found is None or int(found[1]) % UNIX_FORMATS[form.pattern] == 0
            return not whole or (found is not None and bool((found[2] or "").strip("0")))
        mark = _fraction(stamp)
        return mark is not None and bool(mark[1].strip("0"))

    # Without a mark on the first lines, one further down is a mistake.
    marked = bool(stamps) and form.kind != "unix" and _fraction(stamps[0]) is not None
    return any(map(fraction, stamps if marked else stamps[:2]))


def _found_format(path: Path, column: str, cells: Iterator[tuple[int, str]]) -> TimeFormat:
    """The form that stamps have, leaving fractions of a second aside."""
    line, first = next(cells, (2, ""))
    text = _without_fraction(first.strip())
    if means_a_day(text):
        return TimeFormat("pattern", _COMPACT_FORMATS[len(text)])
    basic = _BASIC.fullmatch(text)
    if basic is not None and basic[1]:
        seconds, zone = "%S" if basic[2] else "", "%z" if basic[3] else ""
        return TimeFormat("pattern", f"%Y%m%dT%H%M{seconds}{zone}")
    if _named_pattern([text]) is not None:
        named = _named_pattern([text, *(_without_fraction(c.strip()) for _, c in cells)])
        return TimeFormat("pattern", named) if named else ISO
    if period_pattern([text]) is not None:
        period = period_pattern([text, *(cell.strip() for _, cell in cells)])
        return TimeFormat("pattern", period) if period else ISO
    if bare_pattern([text]) is not None:
        bare = bare_pattern([text, *(cell.strip() for _, cell in cells)])
        return TimeFormat("pattern", bare) if bare else ISO
    if _OFFSET.fullmatch(text):
        return TimeFormat("offset")
    if means_a_count(text):
        count = _UNIX_DIGITS[len(text)]
        if _COMPACT.fullmatch(text):
            # A day of hours, or hours of days, would pass for seconds at one interval.
            refuse(
                path,
                line,
                column,
                f"{show(first)}, which may be a date without marks or a count from 1970",
                "a date format that is certain",
                f"Write `date_format = '{_COMPACT_FORMATS[len(text)]}'` or "
                f"`date_format = '{count}'` into the settings.",
            )
        return TimeFormat("unix", count)
    if means_decimal_seconds(text):
        return TimeFormat("unix", "unix")
    odd = _ODD.fullmatch(text)
    if odd is None or _ISO.fullmatch(text):
        return ISO  # reading the line says what is wrong with it
    if len(odd[1]) == 4:
        return TimeFormat("pattern", _pattern(odd, "%Y{0}%m{0}%d"))
    if len(odd[4]) == 2 and len(odd[1]) <= 2:
        return _two_digit_year(path, line, column, [first, *(cell for _, cell in cells)])
    if len(odd[4]) != 4:
        return ISO
    for _, cell in ((line, first), *cells):
        found = _ODD.fullmatch(_without_fraction(cell.strip()))
        if found is None:
            break
        if int(found[1]) > 12:
            return TimeFormat("pattern", _pattern(odd, "%d{0}%m{0}%Y"))
        if int(found[3]) > 12:
            return TimeFormat("pattern", _pattern(odd, "%m{0}%d{0}%Y"))
    day_first, month_first = _pattern(odd, "%d{0}%m{0}%Y"), _pattern(odd, "%m{0}%d{0}%Y")
    refuse(
        path,
        line,
        column,
        f"{show(first)}, of which the first lines do not tell whether the day or the month is "
        "first",
        "a date format that is certain",
        f"Write `date_format = '{day_first}'` or `date_format = '{month_first}'` into the "
        "settings.",
    )


def _two_digit_year(path: Path, line: int, column: str, stamps: Sequence[str]) -> TimeFormat:
    """The format of stamps of three numbers with at most two digits each.

    Raises:
        CorpusError: Several orders of day, month and year would do.
    """
    read = (_ODD.fullmatch(_without_fraction(stamp.strip())) for stamp in stamps)
    odds = list(takewhile(lambda odd: odd is not None, read))
    groups = [(odd[1], odd[3], odd[4]) for odd in odds if odd is not None]
    days = {tuple(map(int, group)): None for group in groups}
    orders = []
    if all(len(last) == 2 for _, _, last in groups):
        if all(0 < day <= 31 and 0 < month <= 12 for day, month, _ in days):
            orders.append("%d{0}%m{0}%y")
        if all(0 < day <= 31 and 0 < month <= 12 for month, day, _ in days):
            orders.append("%m{0}%d{0}%y")
    # Where the first number changes and the last one stays, the first one is no year.
    steady = any(a[0] != b[0] and a[2] == b[2] for a, b in pairwise(days))
    may_be_first = all(len(year) == 2 for year, _, _ in groups) and not (orders and steady)
    if may_be_first and all(0 < day <= 31 and 0 < month <= 12 for _, month, day in days):
        orders.append("%y{0}%m{0}%d")
    if odds[0] is None or not orders:
        return ISO
    patterns = [_pattern(odds[0], order) for order in orders]
    if len(patterns) == 1:
        return TimeFormat("pattern", patterns[0])
    text = _without_fraction(stamps[0].strip())
    readings = [f"{datetime.strptime(text, form):%Y-%m-%d}" for form in patterns]
    settings = [f"`date_format = '{form}'`" for form in patterns]
    refuse(
        path,
        line,
        column,
        f"{show(stamps[0])}, which may be {' or '.join(readings)}, and the first lines do not tell",
        "a date format that is certain",
        f"Write {' or '.join(settings)} into the settings.",
    )


def _named_pattern(stamps: Sequence[str]) -> str | None:
    """The `strptime` format of stamps with the name of a month, as the first one is written."""
    for form, pattern in _NAMED:
        found = form.fullmatch(stamps[0])
        if found is None:
            continue
        # May is short and long: the others tell.
        names = (re.search(_MONTH, stamp, re.IGNORECASE) for stamp in stamps)
        month = "%B" if any(name and len(name[0]) > 3 for name in names) else "%b"
        marks = found.groups()[:4]
        short = all(len(mark) < 3 for mark in marks if mark.isdigit())
        day = pattern.format(*marks, month=month, year="%y" if short else "%Y")
        return day + _clock_pattern(*found.groups()[4:])
    return None


def _pattern(odd: re.Match[str], day: str) -> str:
    """The `strptime` format of an odd stamp."""
    return day.format(odd[2]) + _clock_pattern(odd[5], odd[6], odd[7], odd[8])


def _clock_pattern(
    mark: str | None, seconds: str | None, space: str | None, half: str | None
) -> str:
    """The `strptime` format of a time of day and what is before it."""
    if not mark:
        return ""
    hour = "%I" if half else "%H"
    return f"{mark}{hour}:%M{':%S' if seconds else ''}" + (f"{space}%p" if half else "")


def parse_time(path: Path, line: int, column: str, cell: str, form: TimeFormat) -> int:
    """The second that a stamp names.

    Args:
        path: The file.
        line: The line.
        column: Name of the time column.
        cell: The stamp.
        form: How the column is written.

    Raises:
        CorpusError: The cell is not such a stamp, or names no day of the calendar.
    """
    text = cell.strip()
    if (seconds := seconds_of(text, form)) is not None:
        return seconds
    expected = EXPECTED_TIMESTAMP
    if form.kind != "iso":
        expected = {
            "offset": "an offset from UTC as in the lines before, such as 2016-07-01T00:00:00Z",
            "unix": f"a whole number of seconds since 1970 ({form.pattern})",
            "pattern": f"a time of the form {form.pattern!r}",
            "parts": f"whole numbers that tell a time ({form.pattern})",
            "hours": "a day, and an hour from 0 to 24",
            "count": "a whole number that counts the rows",
        }[form.kind]
    if not text:
        found, do = "an empty cell", "Every row needs its time: fill it in, or remove the row."
    elif form.kind == "iso" and _ISO.fullmatch(text):
        found, do = f"{show(cell)}, which is no day or time of the calendar", "Mend the cell."
    elif _SUB_SECOND.fullmatch(text) or (form.kind == "unix" and _INTEGER.fullmatch(text)):
        found = f"{show(cell)}, with a fraction of a second"
        do = (
            "The first lines have whole seconds, so this looks like a mistake: remove it. If "
            "seconds have fractions, write these on the first lines too; if times only tell an "
            'order, write `time_axis = "order"` into the settings: rows are counted then.'
        )
    elif form.kind == "iso" and _ZONED.fullmatch(text):
        found = f"{show(cell)}, with a time zone"
        do = (
            "A column tells its offset from UTC on every line or on none, as Z or +01:00, and the "
            "name of a zone in the setting `time_zone`: write it so, or convert the column to UTC "
            "and leave the zone off."
        )
    else:
        found = show(cell)
        do = (
            "Write the time like that, say how it is written with the setting `date_format`, or "
            "name another column with the setting `time_column`. If the rows follow each other as "
            'they are, write `time_axis = "order"`: rows are counted then.'
        )
    refuse(path, line, column, found, expected, do)


def seconds_of(text: str, form: TimeFormat) -> int | None:
    """The second that a stamp names, or None if it is not of the form.

    Args:
        text: The stamp, without white space around it.
        form: How the column is written; where that has fractions, nanoseconds are given.
    """
    if form.fine:
        return _nanoseconds(text, form)
    if ":" in text:
        text = _whole(text)
    if form.kind == "iso":
        return _iso_seconds(text) if _ISO.fullmatch(text) else None
    if form.kind == "unix":
        text = re.sub(r"\.0+\Z", "", text)
        count, rest = divmod(int(text), UNIX_FORMATS[form.pattern]) if _is_count(text) else (0, 1)
        return None if rest or not -62_167_219_200 <= count < 253_402_300_800 else count
    if form.kind == "offset":
        found = _OFFSET.fullmatch(text)
        if found is None or (local := _iso_seconds(found[1])) is None:
            return None
        offset = int(found[4] or 0) * 3600 + int(found[5] or 0) * 60
        if offset >= 86_400 or int(found[5] or 0) > 59:
            return None
        return local + offset if found[3] == "-" else local - offset
    if form.kind == "parts":
        return parts_seconds(text, form.pattern)
    if form.kind == "hours":
        day, _, hour = text.rpartition(" ")
        late = whole_number(hour)
        start = seconds_of(day, TimeFormat("pattern", form.pattern) if form.pattern else ISO)
        if start is None or late is None or not 0 <= late <= 24:
            return None
        return start + 3600 * late
    if form.kind in ("count", "rows"):
        return whole_number(text) if form.kind == "count" else 0
    # `strptime` reads digits of any script.
    if any(character.isdigit() and not character.isascii() for character in text):
        return None
    # Of units without a mark between them it would guess where one digit is missing.
    for units, digits in zip(_RUN.findall(form.pattern), _DIGITS.findall(text), strict=False):
        if len(units) > 2 and len(digits) != len(units) + 2 * units.count("%Y"):
            return None
    if "%q" in form.pattern or "%V" in form.pattern:
        return special_seconds(text, form.pattern)
    try:
        moment = datetime.strptime(text, form.pattern)
        if moment.tzinfo is not None:
            moment = moment.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None
    return (moment - _EPOCH) // timedelta(seconds=1)


def _nanoseconds(text: str, form: TimeFormat) -> int | None:
    """The nanosecond that a stamp names."""
    if form.kind == "unix":
        found = _DECIMAL_COUNT.fullmatch(text)
        if found is None:
            return None
        size = NANO // UNIX_FORMATS[form.pattern]  # nanoseconds of what is counted
        part = int((found[2] or "").ljust(9, "0")) * size
        nanos = int(found[1]) * size + (-1 if text.startswith("-") else 1) * (part // NANO)
        return None if part % NANO or not _FIRST_NANO <= nanos < _LAST_NANO else nanos
    mark = _fraction(text)
    seconds = seconds_of(_without_fraction(text), replace(form, fine=False))
    if seconds is None:
        return None
    nanos = seconds * NANO + (int(mark[1].ljust(9, "0")) if mark else 0)
    return nanos if _FIRST_NANO <= nanos < _LAST_NANO else None


def fraction_place(text: str) -> tuple[int, int] | None:
    """Where a stamp has a fraction of a second: the place of its mark, and the one after it."""
    found = _fraction(text)
    return found.span() if found else None


def _is_count(text: str) -> bool:
    return _INTEGER.fullmatch(text) is not None


def _iso_seconds(text: str) -> int | None:
    try:
        return int(np.datetime64(text, "s").astype(np.int64))
    except ValueError:
        return None


def say_time(second: np.int64, per_second: int = 1) -> str:
    """A second as a message tells it: `2016-07-01 00:00:00`.

    Args:
        second: The count.
        per_second: How many of what is counted are a second: 1 or `NANO`.
    """
    text = str(np.datetime64(int(second), "ns" if per_second == NANO else "s"))
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.replace("T", " ")


_DAY: Final = 86_400
# Wall times of the years 2 to 9998: further out, `datetime` ends within a day.
_FIRST: Final = -62_104_060_800
_LAST: Final = 253_370_764_800


def to_utc(
    path: Path,
    column: str,
    wall: NDArray[np.int64],
    zone: str,
    lines: NDArray[np.int64] | None = None,
) -> NDArray[np.int64]:
    """The moments that local wall times name.

    Args:
        path: The file's name in messages.
        column: Name of the time column.
        wall: (rows,) int64, seconds from 1970-01-01 00:00 on the clocks of the zone.
        zone: IANA name of the zone.
        lines: The line of each row, as in `DataRows`.

    Returns:
        (rows,) int64, seconds from 1970-01-01 00:00 UTC.

    Raises:
        CorpusError: A stamp that names no moment, or two of which the rows tell neither.
    """
    rules = ZoneInfo(zone)
    outside = np.flatnonzero((wall < _FIRST) | (wall >= _LAST))
    if len(outside):
        row = int(outside[0])
        found, do = f"{say_time(wall[row])}", "Mend the cell, or leave `time_zone` out."
        refuse(
            path,
            line_of(lines, row),
            column,
            found,
            f"a year in which {zone} has rules, 2 to 9998",
            do,
        )
    # Most days have one offset from UTC, which is asked for once; rows of the others are asked for
    # one by one. A day is looked at from the one before to the one after, as it is a local one.
    days, which = np.unique(wall // _DAY, return_inverse=True)
    steady = np.empty(len(days), dtype=np.bool_)
    offsets = np.empty(len(days), dtype=np.int64)
    for index, day in enumerate(days.tolist()):
        found_offsets = {_offset(rules, (2 * day + half) * _DAY // 2) for half in range(-2, 5)}
        steady[index] = len(found_offsets) == 1
        offsets[index] = found_offsets.pop()
    utc = wall - offsets[which]
    later = utc.copy()
    for row in np.flatnonzero(~steady[which]).tolist():
        moments = _moments(rules, int(wall[row]))
        if not moments:
            refuse(
                path,
                line_of(lines, row),
                column,
                f"{say_time(wall[row])}, a time that the clocks of {zone} left out",
                "a local time that there was",
                "Correct the cell. If the column keeps winter time all year, set `time_zone` to "
                'that, such as "Etc/GMT-1" for UTC+1.',
            )
        utc[row], later[row] = moments
    return _resolved(path, column, zone, wall, utc, later, lines)


def _offset(rules: ZoneInfo, utc: int) -> int:
    """Seconds that the clocks are ahead of UTC at a moment."""
    moment = (_EPOCH + timedelta(seconds=utc)).replace(tzinfo=UTC).astimezone(rules)
    offset = moment.utcoffset()
    assert offset is not None
    return offset // timedelta(seconds=1)


def _moments(rules: ZoneInfo, wall: int) -> tuple[int, int] | None:
    """The first and the last moment at which the clocks show a wall time; None if they never do."""
    local = _EPOCH + timedelta(seconds=wall)
    found = []
    for fold in (0, 1):
        moment = local.replace(tzinfo=rules, fold=fold).astimezone(UTC)
        if moment.astimezone(rules).replace(tzinfo=None) == local:
            found.append((moment.replace(tzinfo=None) - _EPOCH) // timedelta(seconds=1))
    return (found[0], found[-1]) if found else None


def _resolved(
    path: Path,
    column: str,
    zone: str,
    wall: NDArray[np.int64],
    utc: NDArray[np.int64],
    later: NDArray[np.int64],
    lines: NDArray[np.int64] | None,
) -> NDArray[np.int64]:
    """Choose between the two moments of each wall time that has two."""
    twice = utc != later
    if not twice.any():
        return utc
    steps = np.diff(utc)[~twice[1:] & ~twice[:-1]]
    lengths, counts = np.unique(steps[steps > 0], return_counts=True)
    usual = int(lengths[counts.argmax()]) if len(lengths) else 0
    edges = np.flatnonzero(np.diff(np.concatenate(([False], twice, [False])).astype(np.int8)))
    for start, stop in edges.reshape(-1, 2).tolist():
        back = np.flatnonzero(np.diff(wall[start:stop]) <= 0)
        if len(back) == 1:
            utc[start + back[0] + 1 : stop] = later[start + back[0] + 1 : stop]
            continue
        fitting = [
            moments
            for moments in (utc[start:stop].copy(), later[start:stop])
            if len(back) == 0
            and (start == 0 or moments[0] - utc[start - 1] == usual)
            and (stop == len(wall) or utc[stop] - moments[-1] == usual)
        ]
        if len(fitting) != 1 or (start == 0 and stop == len(wall)):
            refuse(
                path,
                line_of(lines, start),
                column,
                f"{say_time(wall[start])}, which the clocks of {zone} showed twice that day, and "
                "the rows around it do not tell which of the two it is",
                "both hours in order, at the interval of the other rows",
                "Complete the rows, or write the stamps of the column with their offset from UTC.",
            )
        utc[start:stop] = fitting[0]
    return utc
