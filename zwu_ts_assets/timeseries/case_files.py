"""Files of labelled cases: the `.ts` format of the UCR and UEA archives, which sktime reads.

Each line is a case: its dimensions with colons between them, the values of each with commas, and
its class last. Cases become pieces of one table, one below the other: dimensions are columns, rows
are counted, and no window and no target may reach from one case into the next.
"""

import io
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import IO, Final

import numpy as np
from numpy.typing import NDArray

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.timeseries.csv_columns import NO_TIME
from zwu_ts_assets.timeseries.csv_features import named_features
from zwu_ts_assets.timeseries.csv_lines import parse_number, refuse, show
from zwu_ts_assets.timeseries.csv_rules import FEATURE_LIMIT, CsvRules, class_names
from zwu_ts_assets.timeseries.series import counted

LABEL_NAME: Final = "class"

_PLAIN: Final = re.compile(r"[-+\d.eE,\s]*", re.ASCII)
_LISTED: Final = 5  # classes in a message
# What a user can say of tables that these files say themselves, or do not have.
_OUT_OF_PLACE: Final = (
    *("delimiter", "decimal", "thousands", "magnitudes", "strip"),
    *("date_format", "time_zone", "time_columns", "series_column", "value_column", "label_column"),
)


@dataclass(frozen=True, eq=False)
class Cases:
    """What such a file holds.

    Attributes:
        values: (rows, dimensions) float64, the cases one below the other; NaN where one is missing.
        lengths: Rows of each case.
        labels: The class of each case, an empty text where it has none; empty where none has.
        features: Names of the dimensions.
        left_out: Dimensions that the user does not want.
        notes: What was left out or put in order, for people.
    """

    values: NDArray[np.float64]
    lengths: tuple[int, ...]
    labels: tuple[str, ...]
    features: tuple[str, ...]
    left_out: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def breaks(self) -> NDArray[np.int64]:
        """The first row of each case but the first."""
        return np.cumsum(self.lengths[:-1], dtype=np.int64)


@dataclass(frozen=True)
class _Head:
    """What stands above the cases.

    Attributes:
        classes: The classes that the cases have; None where they have none.
        regression: Whether the last part of a case is a number to be predicted.
        dimensions: How many dimensions it says there are; None where it does not say so.
        lines: How many lines it has, `@data` included.
    """

    classes: tuple[str, ...] | None
    regression: bool
    dimensions: int | None
    lines: int

    @property
    def has_last(self) -> bool:
        """Whether the last part of a case is no dimension."""
        return self.classes is not None or self.regression


def read_cases(
    path: Path,
    file: IO[bytes],
    time_column: str | None,
    features: Sequence[str] | None,
    rules: CsvRules,
) -> Cases:
    """The cases of a `.ts` file.

    Where the cases of each class are together, they are dealt out in turn, so that each split of a
    series by its rows has all classes in their shares.

    Args:
        path: The file's name in messages.
        file: The file.
        time_column: What a user says of tables that have times; it is refused.
        features: Names of the dimensions in the order wanted; None for all.
        rules: Which texts stand for missing values, and whether these are accepted.

    Raises:
        CorpusError: The file is no such one, tells the times of its values, or a case is not like
            the others; the message names the line.
    """
    given = {"time_column": time_column, **{n: getattr(rules, n) for n in _OUT_OF_PLACE}}
    if told := [name for name, value in given.items() if value]:
        raise CorpusError(
            f"{path}: found a .ts file and the setting `{told[0]}`; expected no such setting, as "
            "the file says itself what its parts are. Remove the setting."
        )
    text = file.read().decode(rules.encoding or "utf-8", "replace")
    lines = io.StringIO(text.removeprefix("\ufeff"))
    head = _head(path, lines)
    cases: list[NDArray[np.float64]] = []
    labels: list[str] = []
    names: tuple[str, ...] = ()
    chosen: tuple[int, ...] = ()
    for number, line in enumerate(lines, start=head.lines + 1):
        parts = line.strip().split(":")
        if parts == [""] or parts[0].startswith(("#", "%")):
            continue
        dimensions = parts[:-1] if head.has_last else parts
        if not names:
            names = _names(path, number, len(dimensions), head)
            chosen = tuple(range(len(names)))
            if features is not None:
                chosen = named_features(path, names, NO_TIME, features)
        if len(dimensions) != len(names):
            refuse(
                path,
                number,
                None,
                f"{len(parts)} parts with colons between them",
                f"{counted(len(names), 'dimension')}{' and the class' if head.has_last else ''}",
                "Mend the line.",
            )
        if head.classes is not None:
            labels.append(_class_of(path, number, parts[-1].strip(), head.classes))
        columns = [_numbers(path, number, names[i], dimensions[i], rules) for i in chosen]
        cases.append(_side_by_side(path, number, columns, rules))
    if not cases:
        raise CorpusError(f"{path}: found no case below @data; expected at least one.")
    if sum(case.shape[0] for case in cases) == 0:
        raise CorpusError(f"{path}: found no value in any case; expected some.")
    order = _dealt(labels)
    notes = [f"{counted(len(cases), 'case')} of {_span([len(case) for case in cases])}"]
    if order is not None:
        cases, labels = [cases[i] for i in order], [labels[i] for i in order]
        notes.append("cases of each class were together in the file: dealt out in turn")
    if head.regression:
        notes.append("the number to be predicted of each case left out")
    return Cases(
        np.ascontiguousarray(np.concatenate(cases)),
        tuple(len(case) for case in cases),
        _told_apart(labels),
        tuple(names[i] for i in chosen),
        tuple(name for i, name in enumerate(names) if i not in chosen),
        tuple(notes),
    )


def _span(lengths: Sequence[int]) -> str:
    least, most = min(lengths), max(lengths)
    return counted(most, "row") if least == most else f"{least} to {most} rows"


def _head(path: Path, lines: io.StringIO) -> _Head:
    classes: tuple[str, ...] | None = None
    regression, dimensions = False, None
    for number, line in enumerate(lines, start=1):
        words = line.split()
        tag, rest = (words[0].lower(), words[1:]) if words else ("", [])
        on = bool(rest) and rest[0].lower() == "true"
        match tag:
            case "@timestamps" if on:
                refuse(
                    path,
                    number,
                    None,
                    "values that tell their times (`@timeStamps true`)",
                    "cases whose values follow each other (`@timeStamps false`)",
                    "Write the values without times, or make a CSV with a time column of each "
                    "case.",
                )
            case "@classlabel" if on:
                classes = tuple(rest[1:])
            case "@targetlabel":
                regression = on
            case "@dimensions" | "@dimension" if rest and rest[0].isdecimal():
                dimensions = int(rest[0])
            case "@data":
                return _Head(classes, regression, dimensions, number)
            case _ if tag and not tag.startswith(("@", "#", "%")):
                break
    raise CorpusError(
        f"{path}: found no line `@data`; expected the head of a .ts file of the UCR or UEA archive "
        "and the cases below `@data`. Is it such a file?"
    )


def _names(path: Path, number: int, count: int, head: _Head) -> tuple[str, ...]:
    """What the dimensions are called: as in sktime."""
    if count < 1 or (head.dimensions is not None and count != head.dimensions):
        refuse(
            path,
            number,
            None,
            counted(count, "dimension"),
            f"{head.dimensions or 1}, as `@dimensions` says" if head.dimensions else "at least one",
            "Mend the line, or what the head of the file says.",
        )
    if count > FEATURE_LIMIT:
        refuse(
            path,
            number,
            None,
            f"{count:,} dimensions",
            f"at most {FEATURE_LIMIT}",
            "Leave some out.",
        )
    return tuple(f"dim_{i}" for i in range(count))


def _class_of(path: Path, number: int, name: str, classes: Sequence[str]) -> str:
    """The class of a case; an empty text where it is not known."""
    if name in ("", "?"):
        return ""
    if classes and name not in classes:
        some = ", ".join(classes[:_LISTED])
        more = f" and {len(classes) - _LISTED} more" if len(classes) > _LISTED else ""
        refuse(
            path,
            number,
            None,
            f"the class {show(name)}",
            f"one of those that `@classLabel` names: {some}{more}",
            "Mend the line, or name the class there.",
        )
    return name


def _numbers(path: Path, number: int, name: str, text: str, rules: CsvRules) -> NDArray[np.float64]:
    """The values of one dimension of a case."""
    cells = text.split(",") if text.strip() else []
    if _PLAIN.fullmatch(text):
        try:
            found = np.array([float(cell) for cell in cells], dtype=np.float64)
        except ValueError:
            found = np.full(1, np.nan)
        if np.isfinite(found).all():
            return found
    marks = {mark.strip() for mark in rules.missing_values}
    return np.array(
        [
            parse_number(
                path,
                number,
                f"{name}, value {place}",
                "" if cell.strip() in marks else cell,
                missing=rules.allows_gaps,
            )
            for place, cell in enumerate(cells, start=1)
        ],
        dtype=np.float64,
    )


def _side_by_side(
    path: Path, number: int, columns: Sequence[NDArray[np.float64]], rules: CsvRules
) -> NDArray[np.float64]:
    """The dimensions of a case as columns; one that ends early lacks its last values."""
    rows = max(map(len, columns))
    if min(map(len, columns)) < rows and not rules.allows_gaps:
        refuse(
            path,
            number,
            None,
            f"dimensions of {min(map(len, columns))} to {rows} values",
            "as many in each dimension of a case",
            'Mend the line; or write `gaps = "drop"` into the settings: rows that lack a value are '
            "in no window then.",
        )
    table = np.full((rows, len(columns)), math.nan)
    for place, column in enumerate(columns):
        table[: len(column), place] = column
    return table


def _dealt(labels: Sequence[str]) -> list[int] | None:
    """The cases in an order in which classes take turns; None where they are mixed already."""
    sizes = Counter(labels)
    if len(sizes) < 2 or len(list(groupby(labels))) > len(sizes):
        return None
    ranks = _ranks(labels)
    first = {name: place for place, name in enumerate(sizes)}
    # Of each class an equal share lies before any point.
    return sorted(
        range(len(labels)),
        key=lambda i: ((2 * ranks[i] + 1) / sizes[labels[i]], first[labels[i]]),
    )


def _ranks(labels: Sequence[str]) -> list[int]:
    seen: Counter[str] = Counter()
    ranks = []
    for label in labels:
        ranks.append(seen[label])
        seen[label] += 1
    return ranks


def _told_apart(labels: Sequence[str]) -> tuple[str, ...]:
    """Classes by names that are no flags; nothing where no case has a class."""
    if not any(labels):
        return ()
    known = sorted(set(labels) - {""})
    names = dict(zip(known, class_names(known), strict=True))
    return tuple(names.get(label, "") for label in labels)
