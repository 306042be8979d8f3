"""Which tables lie in the data folder, and what the datasets made of them are called.

What belongs here: names from the names of files, and what is wrong with those that give none. What
does not: what a dataset is (`orchestration/datasets.py`), which suffixes are tables
(`csv_rules.py`). Reads the folder's list of files and no table, since it is done whenever
definitions load.

Every file that can be printed has a name, and no two have the same:

1. Lower case, with `_` for anything but the letters a to z, digits and underscores.
2. `csv_` in front of what does not begin with a letter, or is taken by ETTh1's own folders.
3. Of more than 63 characters the first 56, and six digits of the hash of the file's name. The same
   digits follow where nothing else of the name is left: `csv_9f2c41`.
4. Where several files give one name, the one that is written exactly so has it, a `.csv` before any
   other. A file that differs in its suffix gets that behind its name (`load_parquet`), any other
   the six digits.
5. A long table of which each series is a dataset has the name of none: each dataset is called as
   its file would be, an underscore, and the series (`shops_north`).
"""

import hashlib
import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Final

from zwu_ts_assets.config.settings import shown
from zwu_ts_assets.config.settings_file import SHARED_SETTINGS, each_series, shared_tables
from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.timeseries.csv_rules import (
    CASES,
    PACKINGS,
    PARQUET,
    TEXTS,
    TSF,
    settings_file,
    table_stem,
    table_suffix,
)

# A name becomes a folder, asset keys and a part of the names of Dagster's operations.
NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")
_LONGEST: Final = 63
_CUT: Final = 56  # characters before an underscore and six digits
_LISTED: Final = 10  # files in a sentence

ETTH1: Final = "etth1"
SAMPLE: Final = "sample"
_ETTH1_FILE: Final = "ETTh1.csv"

# The settings beside a `datasets.csv` would be those of all datasets.
_RESERVED: Final = frozenset({Path(SHARED_SETTINGS).stem})


@dataclass(frozen=True)
class Discovery:
    """What lies in a data folder.

    Attributes:
        folder: The folder.
        csvs: The table of each dataset by name: of ETTh1 and the sample whether they are there or
            not, and of every other table.
        problems: What is wrong with tables whose name cannot be told, and with settings without a
            table, by a name under which it can be shown.
        others: The names of files and folders that are passed over, each with the reason.
        series: Which series of a long table a dataset is, by name; all others are whole tables.
    """

    folder: Path
    csvs: Mapping[str, Path]
    problems: Mapping[str, str]
    others: Mapping[str, str] = field(default_factory=dict)
    series: Mapping[str, str] = field(default_factory=dict)

    @property
    def default_names(self) -> list[str]:
        """What is defined unless somebody asks for something else: all but the demonstration."""
        names = {*self.csvs, *self.problems} - {SAMPLE, ETTH1}
        if SAMPLE in self.problems:
            names.add(SAMPLE)
        return [ETTH1, *sorted(names)]

    @property
    def names(self) -> list[str]:
        """Every name that can be asked for."""
        return [ETTH1, SAMPLE, *sorted({*self.csvs, *self.problems} - {ETTH1, SAMPLE})]


def truth_file(stem: str) -> str:
    """The name of the file that says what is true of a synthetic series; it is no table."""
    return f"{stem}.truth.json"


def dataset_name(stem: str) -> str:
    """The name that a file gives: lower case, anything but letters, digits and `_` becomes `_`.

    Args:
        stem: The file's name without its suffix. The result need not be a valid name.
    """
    return re.sub(r"[^a-z0-9_]", "_", stem.lower())


def discover(data_dir: Path, folders: Collection[str] = ()) -> Discovery:
    """The datasets of a data folder.

    Args:
        data_dir: The folder; one that is not there has no CSVs.
        folders: What ETTh1 has below `artifacts/`. It has no folder of its own, so another dataset
            of such a name would write among its artifacts.

    Raises:
        CorpusError: The folder cannot be listed.
    """
    reserved = {*folders, *_RESERVED}
    tables, others = _tables(data_dir)
    nameless = [table for table in tables if not _is_printable(table.name)]
    csvs = {ETTH1: data_dir / _ETTH1_FILE, SAMPLE: data_dir / f"{SAMPLE}.csv"}
    named = {table for table in tables if table not in nameless} - set(csvs.values())
    csvs |= _names(named, csvs, reserved)
    csvs, series = _apart(csvs)
    problems: dict[str, str] = {}
    for table in nameless:
        # Never the name of another file: its dataset would be shown as broken in place of this.
        free = _free_name(f"csv_{dataset_name(table_stem(table))}", {*csvs, *problems})
        problems[free] = _no_name(table, free)
    stray = _stray_tables(data_dir, [*csvs, *problems], reserved)
    for csv in csvs.values():
        others.pop(truth_file(table_stem(csv)), None)
    settings = {f"{table_stem(csv)}.toml" for csv in csvs.values()}
    for name in [name for name in others if name.endswith(".toml")]:
        if name in settings or name == SHARED_SETTINGS:
            del others[name]
        else:
            others[name] = "settings, and no table of that name"
    return Discovery(data_dir, csvs, {**stray, **problems}, others, series)


def _apart(csvs: Mapping[str, Path]) -> tuple[dict[str, Path], dict[str, str]]:
    """Datasets with those of series in the place of their long tables, and the series of these."""
    named = {
        name: each_series(settings_file(csv))
        for name, csv in csvs.items()
        if name not in (ETTH1, SAMPLE)
    }
    found = {name: csv for name, csv in csvs.items() if not named.get(name)}
    series: dict[str, str] = {}
    for name, texts in named.items():
        for text in texts:
            wish = f"{name}_{dataset_name(text)}"
            if len(wish) > _LONGEST:
                digits = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:6]
                wish = f"{wish[:_CUT]}_{digits}"
            free = _free_name(wish, {*csvs, *found})
            found[free], series[free] = csvs[name], text
    return found, series


def _names(
    tables: Collection[Path], taken: Collection[str], reserved: Collection[str]
) -> dict[str, Path]:
    """A name of its own for each table; see the top of the module.

    Args:
        tables: The files.
        taken: Names that none of them gets.
        reserved: Names that get `csv_` in front.
    """
    plain_name = partial(_plain_name, reserved=reserved)

    def rank(table: Path) -> tuple[bool, bool, str]:
        stem, suffix = table_stem(table), table_suffix(table.name)
        return stem != plain_name(table), suffix != ".csv", table.name

    found: dict[str, Path] = {}
    others: list[Path] = []
    for name, same in groupby(sorted(tables, key=plain_name), plain_name):
        first, *rest = sorted(same, key=rank)
        if name in taken or (rest and table_stem(first) != name):
            rest = [first, *rest]
        else:
            found[name] = first
        others += rest
    for table in others:
        name = plain_name(table)
        differs = table_stem(table) == name and name not in taken
        ending = dataset_name(table_suffix(table.name)[1:]) if differs else _hash(table)
        wish = f"{name[: _LONGEST - 1 - len(ending)]}_{ending}"
        wish = f"{wish[:_CUT]}_{_hash(table)}" if wish in (*found, *taken) else wish
        found[_free_name(wish, {*found, *taken})] = table
    return found


def _plain_name(table: Path, reserved: Collection[str]) -> str:
    """The name that a file gives if no other one gives the same."""
    name = dataset_name(table_stem(table))
    if not re.search("[a-z0-9]", name):
        name = _hash(table)
    if not NAME.match(name) or name in reserved:
        name = f"csv_{name}"
    return name if len(name) <= _LONGEST else f"{name[:_CUT]}_{_hash(table)}"


def _hash(table: Path) -> str:
    """Six digits that tell names of files apart."""
    return hashlib.sha256(table.name.encode("utf-8", "surrogateescape")).hexdigest()[:6]


def _stray_tables(
    data_dir: Path, known: Sequence[str], reserved: Collection[str]
) -> dict[str, str]:
    """Tables of settings without a dataset: a name mistyped, or a CSV that is not there yet."""
    toml = data_dir / SHARED_SETTINGS
    try:
        tables = shared_tables(toml)
    except CorpusError:  # every dataset says so, as each would have had a table there
        return {}
    problems: dict[str, str] = {}
    for number, table in enumerate((name for name in tables if name not in known), start=1):
        name = table
        if not NAME.fullmatch(table) or table in reserved:
            name = _free_name(f"table_{number}", {*known, *tables, *problems})
        meant = dataset_name(table)
        problems[name] = (
            f"{toml}: found a table {shown(table)} and no CSV that gives this name; expected a CSV "
            f"for every table. Copy it to {data_dir}, or correct or remove the table; the datasets "
            f"there are: {', '.join(known)}."
            + (f" Did you mean [{meant}]?" if meant in known else "")
        )
    return problems


def _tables(data_dir: Path) -> tuple[list[Path], dict[str, str]]:
    """The tables of a folder, and what else lies there; hidden files are others' temporaries."""
    tables: list[Path] = []
    others: dict[str, str] = {}
    try:
        for path in sorted(data_dir.iterdir()):
            if path.name.startswith(".") or path.name.endswith(".tmp"):
                continue
            if table_suffix(path.name):
                tables.append(path)
            elif path.is_dir():
                others[f"{path.name}/"] = "a folder"
            else:
                others[path.name] = "no table of a kind that is read"
    except (FileNotFoundError, NotADirectoryError):
        return [], {}
    except OSError as error:
        raise CorpusError(
            f"{data_dir}: the folder cannot be listed ({error.strerror}); expected the folder with "
            "the CSVs. Check its permissions, or set ZWU_TS_DATA_DIR."
        ) from error
    return tables, others


def _is_printable(name: str) -> bool:
    """Whether a file's name can be told: no log or web page can show bytes that are no UTF-8."""
    return not any(unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") for letter in name)


def _free_name(wish: str, taken: Collection[str]) -> str:
    """A valid name that begins as wished and is nobody's."""
    ends = ("", *(f"_{number}" for number in range(2, len(taken) + 3)))
    names = (f"{wish[: 63 - len(end)]}{end}" for end in ends)
    return next(name for name in names if name not in taken)


def _no_name(csv: Path, example: str) -> str:
    return (
        f"{csv.parent}: found a CSV whose name has bytes that are no UTF-8, or control "
        f"characters: {csv.name!r}; expected a name that can be printed. Rename the file, for "
        f"example to {example}.csv."
    )


def passed_over(found: Discovery) -> str:
    """Which files of the folder are passed over, in a sentence; empty if none is."""
    if not found.others:
        return ""
    told = [f"{printable(name)} ({reason})" for name, reason in found.others.items()]
    more = f" and {len(told) - _LISTED} more" if len(told) > _LISTED else ""
    kinds = ", ".join((*TEXTS, PARQUET, TSF, CASES))
    return (
        f"{found.folder}: not read: {', '.join(told[:_LISTED])}{more}. Read are {kinds}, of which "
        f"the texts may be packed ({', '.join(PACKINGS)})."
    )


def file_remark(name: str, table: Path) -> str:
    """Which file a dataset is made from, where its name does not say so.

    Args:
        name: The dataset's name.
        table: The file.
    """
    return "" if table_stem(table).lower() == name else f"file: {table.name}"


def printable(name: str) -> str:
    """A file's name, in quotes if it cannot be printed."""
    return name if _is_printable(name) else repr(name)
