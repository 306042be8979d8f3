"""Months, quarters, weeks and years as the cells of a CSV name them, in one column or several.

What belongs here: the forms of a period, what they mean, and days and hours told in parts. What
does not: stamps of a day or a moment (`csv_times.py`), the steps between rows (`csv_gaps.py`).

A period is read as its first moment: 1999 is 1999-01-01 00:00, 2000Q2 is 2000-04-01 00:00, the
week 2020-W01 is Monday 2019-12-30.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

_MONTH: Final = (
    r"(Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?"
    r"|Sep(?:tember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)"
)
# Each with the pattern of `date_format`.
_FORMS: Final = tuple(
    (re.compile(form, re.ASCII | re.IGNORECASE), pattern)
    for form, pattern in (
        (r"\d{4}(?P<mark>[-/ ])(?:0[1-9]|1[0-2])", "%Y{mark}%m"),
        (r"(?:0[1-9]|1[0-2])(?P<mark>[-/])\d{4}", "%m{mark}%Y"),
        (r"\d{4}(?P<mark> ?M)(?:0?[1-9]|1[0-2])", "%Y{mark}%m"),
        (r"\d{4}(?P<mark>[ -]?Q)[1-4]", "%Y{mark}%q"),
        (r"Q[1-4](?P<mark>[ /-]?)\d{4}", "Q%q{mark}%Y"),
        (r"\d{4}(?P<mark>-?W)\d{2}", "%G{mark}%V"),
        (_MONTH + r"(?P<mark>[ /-]?)\d{4}", "{month}{mark}%Y"),
        (_MONTH + r"(?P<mark>[ /-])\d{2}", "{month}{mark}%y"),
        (r"\d{4}(?P<mark>[ /-]?)" + _MONTH, "%Y{mark}{month}"),
    )
)
_YEAR: Final = re.compile(r"[12]\d{3}", re.ASCII)
_YEAR_MONTH: Final = re.compile(r"[12]\d{3}(?:0[1-9]|1[0-2])", re.ASCII)
_WHOLE: Final = re.compile(r"(-?\d{1,15})(?:\.0*)?", re.ASCII)
_EPOCH: Final = datetime(1970, 1, 1)
_MONTHS: Final = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}

UNITS: Final[dict[str, tuple[str, ...]]] = {
    "year": ("year", "yr", "yyyy", "jahr", "annee", "année", "ano", "año", "anno"),
    "quarter": ("quarter", "qtr", "quartal", "trimestre"),
    "month": ("month", "mon", "mo", "mm", "mnth", "monat", "mois", "mes"),
    "day": ("day", "dd", "dom", "mday", "tag", "jour", "dia", "día"),
    "hour": ("hour", "hr", "hh", "stunde", "heure", "hora"),
    "minute": ("minute", "minuto"),
    "second": ("second", "segundo"),
}
"""The units that a column's name may tell, each with its names in lower case."""

_AFTER: Final = {
    "year": ("quarter", "month"),
    "month": ("day",),
    "day": ("hour",),
    "hour": ("minute",),
    "minute": ("second",),
}


def period_pattern(cells: Sequence[str]) -> str | None:
    """The `date_format` of cells that name months, quarters or weeks, as the first one is written.

    Args:
        cells: Without white space around them; the first one decides.
    """
    for form, pattern in _FORMS:
        found = form.fullmatch(cells[0])
        if found is None:
            continue
        # May is short and long: the others tell.
        names = (re.search(_MONTH, cell, re.IGNORECASE) for cell in cells)
        month = "%B" if any(name and len(name[0]) > 3 for name in names) else "%b"
        return pattern.format(mark=found["mark"], month=month)
    return None


def _is_month(text: str) -> bool:
    return re.fullmatch(_MONTH, text, re.IGNORECASE) is not None


def bare_pattern(cells: Sequence[str]) -> str | None:
    """The `date_format` of cells that are years (1999) or years with months (199912), else None.

    Args:
        cells: Those of a column that holds times: other numbers look the same.
    """
    texts = [cell.strip() for cell in cells]
    if not texts:
        return None
    if all(_YEAR.fullmatch(text) for text in texts):
        return "%Y"
    return "%Y%m" if all(_YEAR_MONTH.fullmatch(text) for text in texts) else None


def special_seconds(text: str, pattern: str) -> int | None:
    """The second at which a quarter (`%q`) or a week (`%V`) begins; None if it is none.

    Args:
        text: Without white space around it.
        pattern: The `date_format`.
    """
    if "%q" in pattern:
        form = re.escape(pattern).replace("%q", "([1-4])").replace("%Y", r"\d{4}")
        found = re.fullmatch(form, text, re.ASCII | re.IGNORECASE)
        year = re.search(r"\d{4}", text, re.ASCII)
        if found is None or year is None or int(year[0]) < 1:
            return None
        return _seconds_of(datetime(int(year[0]), 3 * int(found[1]) - 2, 1))
    try:
        return _seconds_of(datetime.strptime(f"{text}-1", f"{pattern}-%u"))
    except ValueError:
        return None


def unit_of(name: str) -> str | None:
    """The unit that a column's name tells, one of `UNITS`."""
    folded = name.strip().casefold()
    return next((unit for unit, names in UNITS.items() if folded in names), None)


def unit_columns(names: Sequence[str]) -> tuple[int, ...]:
    """The columns that tell a time together, from the year on: their indices, usually none.

    A unit counts only if the next larger one is there. A year alone counts as well.
    """
    units = [unit_of(name) for name in names]
    if units.count("year") != 1:
        return ()
    found, unit = [units.index("year")], "year"
    while following := [u for u in _AFTER.get(unit, ()) if units.count(u) == 1]:
        unit = following[0]
        found.append(units.index(unit))
    return tuple(found)


def whole_number(cell: str) -> int | None:
    """A whole number, also as `1959.0`; None for anything else."""
    found = _WHOLE.fullmatch(cell.strip())
    return int(found[1]) if found else None


def parts_seconds(text: str, units: str) -> int | None:
    """The second that a year, month, day and so on tell, each a whole number or a month's name.

    Args:
        text: The numbers with a space between each two.
        units: The units, likewise.
    """
    cells, wanted = text.split(" "), units.split(" ")
    if len(cells) != len(wanted):
        return None
    told = {"month": 1, "day": 1, "hour": 0, "minute": 0, "second": 0}
    for unit, cell in zip(wanted, cells, strict=True):
        number = whole_number(cell)
        if number is None and unit == "month":
            number = _MONTHS.get(cell[:3].casefold()) if _is_month(cell) else None
        if number is None and unit == "quarter" and re.fullmatch(r"[Qq][1-4]", cell):
            number = int(cell[1])
        if number is None:
            return None
        told[unit] = number
    if "quarter" in told:
        if told["quarter"] not in (1, 2, 3, 4):
            return None
        told["month"] = 3 * told["quarter"] - 2
    try:
        day = datetime(told["year"], told["month"], told["day"])
        # The hour that ends a day is 24 in some tables.
        clock = datetime(2000, 1, 1, told["hour"] % 24, told["minute"], told["second"])
    except (ValueError, OverflowError):
        return None
    if not 0 <= told["hour"] <= 24:
        return None
    late = 86_400 if told["hour"] == 24 else 0
    return _seconds_of(day) + late + (clock - datetime(2000, 1, 1)) // timedelta(seconds=1)


def _seconds_of(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(seconds=1)
