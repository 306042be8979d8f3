"""Numbers with something around or within them: units, currencies, thousands marks, magnitudes.

What belongs here: finding how the cells of a column are dressed, and the plain number in such a
cell. What does not: plain numbers (`csv_lines.py`), the decimal mark of a file (`csv_lines.py`).

A column is read so only if all of its first cells agree, and every other cell has to agree with
them: `5 kW` among cells in MW is refused, as is `5`. Where two readings are possible, the sentence
names both and the setting that tells.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Final

from zwu_ts_assets.timeseries.csv_features import listed
from zwu_ts_assets.timeseries.csv_lines import is_missing, is_number, refuse, show
from zwu_ts_assets.timeseries.csv_rules import VALUES_ADVICE, CsvRules
from zwu_ts_assets.timeseries.csv_times import means_a_time

_CURRENCY: Final = "$€£¥₹₽₩"
_WORD: Final = rf"(?:[^\W\d_]|[%‰°µμΩ{_CURRENCY}])[^\s\d,;:\"()+\-]{{0,11}}"
_SHAPE: Final = re.compile(
    rf"""
    (?P<open>\()?\s* (?P<sign>[+\-\u2212])?\s*
    (?P<prefix>US\$|[{_CURRENCY}]|USD|EUR|GBP|CHF|JPY)?\s* (?P<second>[+\-\u2212])?\s*
    (?P<core>\d(?:[\d.,'\u2019\u0020\u00a0\u202f]*\d)?[.,]? | [.,]\d+)
    (?P<exponent>[eE][+-]?\d+)?\s*
    (?P<suffix>{_WORD}(?:\s{_WORD})?[23\u00b2\u00b3]?)?\s* (?P<close>\))?
    """,
    re.VERBOSE,
)
_PLAIN: Final = re.compile(r"-?\d+(?:\.\d+)?|\d{4}-\d\d-\d\d[^,]*", re.ASCII)  # or a day
_GROUPED: Final = re.compile(r"[1-9]\d{0,2}[.,]\d{3}")  # one mark, which may part thousands
_PARTED: Final = "'\u2019\u0020\u00a0\u202f"  # marks that can part nothing but thousands
_MONTH: Final = re.compile("(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)", re.IGNORECASE)

# Powers of ten. Of those of one capital letter each may be a unit as well: kelvin, metres, bytes.
_MAGNITUDES: Final[Mapping[str, int]] = {
    **{"K": 3, "M": 6, "B": 9, "T": 12, "k": 3, "Mn": 6, "mn": 6, "mln": 6, "Mio": 6, "Mio.": 6},
    **{"MM": 6, "bn": 9, "Bn": 9, "Mrd": 9, "Mrd.": 9, "tn": 12, "Tn": 12, "trn": 12},
}
_LETTERS: Final = frozenset("KMBT")

# Lines that show whether any cell is dressed; if one is, all lines of the sample are looked at.
_LOOKED_AT: Final = 100


@dataclass(frozen=True)
class CellForm:
    """How the cells of a column are dressed.

    Attributes:
        prefix: Before each number.
        suffix: After each number.
        thousands: Between thousands.
        scaled: Whether K, M, B and the like after a number are powers of ten.
        strip: Texts that are removed wherever they are, as the user says.
        missing: Cells that stand for a missing value, as the user says: texts and numbers.
    """

    prefix: str = ""
    suffix: str = ""
    thousands: str = ""
    scaled: bool = False
    strip: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    def is_mark(self, cell: str) -> bool:
        """Whether a cell is one of those that stand for a missing value by the settings."""
        text = cell.strip()
        if not self.missing:
            return False
        if text in self.missing:
            return True
        numbers = (float(mark) for mark in self.missing if is_number(mark) and "," not in mark)
        return is_number(text) and "," not in text and float(text) in numbers

    def plain(self, cell: str) -> str | None:
        """The number in a cell as a plain one with its decimal mark; None if the cell is another.

        Args:
            cell: The text; one that stands for a missing value is returned as it is.
        """
        text = cell.strip()
        for part in self.strip:
            text = text.replace(part, "").strip()
        if is_missing(text):
            return text
        found = _SHAPE.fullmatch(text)
        if found is None or bool(found["open"]) != bool(found["close"]):
            return None
        suffix, power = found["suffix"] or "", ""
        if self.scaled:
            if suffix and (suffix not in _MAGNITUDES or found["exponent"]):
                return None
            power = f"e{_MAGNITUDES[suffix]}" if suffix else ""
        elif suffix != self.suffix:
            return None
        if (found["prefix"] or "") != self.prefix or (found["sign"] and found["second"]):
            return None
        core = _without_thousands(found["core"], self.thousands)
        if core is None:
            return None
        minus = (found["sign"] or found["second"] or "+") != "+"
        if minus and found["open"]:
            return None
        return f"{'-' if minus or found['open'] else ''}{core}{found['exponent'] or power}"

    def told(self) -> str:
        """What is read past, for people."""
        parts = [f"{show(text)} {where}" for text, where in self._affixes() if text]
        if self.thousands:
            parts.append(f"{show(self.thousands)} between thousands")
        if self.scaled:
            parts.append("K, M, B and the like as powers of ten")
        return " and ".join(parts) or "signs in brackets or of typesetters"

    def _affixes(self) -> tuple[tuple[str, str], tuple[str, str]]:
        return (self.prefix, "before numbers"), (self.suffix, "after numbers")


def _without_thousands(core: str, mark: str) -> str | None:
    """The digits without marks between thousands; None if others part them, or not in thousands."""
    if mark == " ":
        core = re.sub("[\u00a0\u202f]", " ", core)
    if mark == "'":
        core = core.replace("\u2019", "'")
    if not mark or mark not in core:
        return core if is_number(core) else None
    other = "," if mark == "." else "."
    if mark in " '":
        other = ".,"
    m = re.escape(mark)
    if not re.fullmatch(rf"\d{{1,3}}(?:{m}\d{{2,3}})*{m}\d{{3}}(?:[{other}]\d*)?", core):
        return None
    return core.replace(mark, "")


def plain_cells(
    path: Path,
    line: int,
    names: Sequence[str],
    cells: Sequence[str],
    forms: Mapping[int, CellForm],
    *,
    missing: bool,
) -> list[str]:
    """The cells of a line with plain numbers in the columns that are dressed.

    Args:
        path: The file.
        line: The line.
        names: The names of the columns.
        cells: As many, or more.
        forms: How the cells of some columns are dressed.
        missing: Whether missing values are accepted.

    Raises:
        CorpusError: A cell is dressed in another way.
    """
    plain = list(cells)
    for index, form in forms.items():
        cell = cells[index]
        if form.is_mark(cell):
            if not missing:
                refuse(
                    path,
                    line,
                    names[index],
                    f"{show(cell)}, a missing value by the setting `missing_values`",
                    "a value",
                    f"Fill the gap. {VALUES_ADVICE}",
                )
            plain[index] = ""
            continue
        number = form.plain(cell)
        if number is not None:
            plain[index] = number
        elif not form.strip and (form.prefix or form.suffix):
            text = form.prefix or form.suffix
            refuse(
                path,
                line,
                names[index],
                show(cell),
                f"a number with {form.told()}, as in the lines before",
                f"Mend the cell. If {show(text)} may be missing, write `strip = [{show(text)}]` "
                "into the settings; other texts can be added to it.",
            )
    return plain


def find_forms(
    path: Path,
    names: Sequence[str],
    rows: Iterable[tuple[int, Sequence[str]]],
    rules: CsvRules,
    *,
    delimiter: str,
    quoted: bool,
) -> tuple[dict[int, CellForm], tuple[str, ...]]:
    """How the cells of each column are dressed, by its index; plain columns are left out.

    Args:
        path: The file's name in messages.
        names: All columns.
        rows: Line and cells of the first data lines.
        rules: What the user says.
        delimiter: Between the cells: where it is a comma, one in a number is no decimal mark.
        quoted: Whether any cell is in quotes, so that a late one may hold thousands marks.

    Returns:
        The forms, and what there is to say of them.

    Raises:
        CorpusError: Two readings are possible.
    """
    rest = ((line, cells) for line, cells in rows if len(cells) >= len(names))
    sample = list(islice(rest, _LOOKED_AT))
    if quoted or any(_is_dressed(cell) for _, row in sample for cell in row):
        sample += rest
    elif delimiter == "," and not rules.dresses_cells:
        return {}, ()  # as in most files, of which no more is looked at
    told = CellForm(
        thousands=rules.thousands or "",
        scaled=bool(rules.magnitudes),
        strip=rules.strip,
        missing=rules.missing_values,
    )
    decimal = rules.decimal or _file_decimal(cell for _, row in sample for cell in row)
    forms: dict[int, CellForm] = {}
    notes: dict[CellForm, list[str]] = {}
    for index, name in enumerate(names):
        column = [
            (line, row[index])
            for line, row in sample
            if not is_missing(row[index]) and not told.is_mark(row[index])
        ]
        if not column or means_a_time(column[0][1]):
            continue
        first = column[0][1]
        if (told.strip or told.thousands or told.scaled) and told.plain(first) is not None:
            forms[index] = told
            continue
        form = _form_of(path, name, column, rules, decimal, comma=delimiter == ",")
        if form is not None:
            notes.setdefault(form, []).append(show(name))
        if form is not None or (told.missing and is_number(first)):
            forms[index] = replace(form or CellForm(), missing=told.missing)
    said = tuple(f"{listed(columns)} read with {form.told()}" for form, columns in notes.items())
    return forms, said


def _is_dressed(cell: str) -> bool:
    """Whether a cell is a number with something around or within it."""
    if _PLAIN.fullmatch(cell):
        return False
    text = cell.strip()
    return not is_number(text) and not means_a_time(text) and _SHAPE.fullmatch(text) is not None


def _file_decimal(cells: Iterable[str]) -> str | None:
    """The decimal mark by the first cell that leaves no doubt; None if none does."""
    for cell in cells:
        found = _SHAPE.fullmatch(cell.strip())
        if found is None:
            continue
        core = found["core"]
        commas, points = core.count(","), core.count(".")
        if commas and points:
            return "," if core.rindex(",") > core.rindex(".") else "."
        if commas + points == 1 and not _GROUPED.fullmatch(core):
            return "," if commas else "."
        if commas > 1 or points > 1:
            return "." if commas else ","
    return None


def _form_of(
    path: Path,
    name: str,
    column: Sequence[tuple[int, str]],
    rules: CsvRules,
    decimal: str | None,
    *,
    comma: bool,
) -> CellForm | None:
    """How the cells of a column are dressed; None if they are plain, or no numbers.

    Raises:
        CorpusError: Two readings are possible.
    """
    found = [_SHAPE.fullmatch(cell.strip()) for _, cell in column]
    shapes = [shape for shape in found if shape is not None]
    if len(shapes) < len(found):
        return None
    prefixes = {shape["prefix"] or "" for shape in shapes}
    suffixes = {shape["suffix"] or "" for shape in shapes}
    if len(prefixes) > 1:
        return None
    scaled = suffixes <= {"", *_MAGNITUDES} and suffixes != {""} and rules.magnitudes is not False
    if scaled and len(suffixes) == 1 and suffixes <= _LETTERS and rules.magnitudes is None:
        (letter,) = suffixes
        line, cell = column[0]
        refuse(
            path,
            line,
            name,
            f"{show(cell)}, of which {show(letter)} may be a power of ten "
            f"({10 ** _MAGNITUDES[letter]:,}) or a unit",
            "one reading",
            "Write `magnitudes = true` into the settings if it is a power of ten, "
            "`magnitudes = false` if it is a unit.",
        )
    if not scaled and len(suffixes) > 1:
        return None
    suffix = "" if scaled else next(iter(suffixes))
    # A word that is the same in every row, or the day of a month, is a text.
    constant = len({cell for _, cell in column}) == 1
    if _MONTH.match(suffix) or (constant and re.match(r"\w", suffix)):
        return None
    cores = [shape["core"] for shape in shapes]
    thousands = _thousands_of(path, name, column, cores, decimal, comma=comma)
    if not thousands and all(is_number(cell) for _, cell in column):
        return None
    form = CellForm(next(iter(prefixes)), suffix, thousands, scaled)
    return form if all(form.plain(cell) is not None for _, cell in column) else None


def _thousands_of(
    path: Path,
    name: str,
    column: Sequence[tuple[int, str]],
    cores: Sequence[str],
    decimal: str | None,
    *,
    comma: bool,
) -> str:
    """The mark between the thousands of a column; empty if there is none.

    Raises:
        CorpusError: It may be the decimal mark.
    """
    for core in cores:
        for mark in _PARTED:
            if mark in core:
                return "'" if mark in "'\u2019" else " "
    for mark, other in ((",", "."), (".", ",")):
        marked = [core for core in cores if mark in core]
        if not marked or decimal == mark:
            continue
        if decimal == other or any(core.count(mark) > 1 or other in core for core in marked):
            return mark
        if mark == "," and comma and all(_GROUPED.fullmatch(core) for core in marked):
            line, cell = next((line, cell) for line, cell in column if mark in cell)
            refuse(
                path,
                line,
                name,
                f"{show(cell)}, of which the comma may part thousands or be the decimal mark, and "
                "no other number tells",
                "one reading",
                'Write `thousands = ","` or `decimal = ","` into the settings.',
            )
    return ""
