"""Which CSVs lie in the data folder, and what the datasets made of them are called.

What belongs here: names from the names of files, and what is wrong with those that give none. What
does not: what a dataset is (`datasets.py`). Reads the folder's list of files and no CSV, since it
is done whenever definitions load.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from zwu_ts_assets.config.settings import shown
from zwu_ts_assets.config.settings_file import SHARED_SETTINGS, shared_tables
from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.orchestration.specs import SPECS

# A name becomes a folder, asset keys and a part of the names of Dagster's operations.
NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")

ETTH1: Final = "etth1"
SAMPLE: Final = "sample"
_ETTH1_FILE: Final = "ETTh1.csv"

# ETTh1 has no folder of its own: another dataset of such a name would write among its artifacts.
# And the settings beside a `datasets.csv` would be those of all datasets.
_FOLDERS: Final = {place.split("/")[0] for spec in SPECS for place in spec.places if "/" in place}
RESERVED: Final = frozenset({*_FOLDERS, Path(SHARED_SETTINGS).stem})


@dataclass(frozen=True)
class Discovery:
    """What lies in a data folder.

    Attributes:
        folder: The folder.
        csvs: The CSV of each dataset by name: of ETTh1 and the sample whether they are there or
            not, and of every other CSV that gives a name.
        problems: What is wrong with CSVs that give none and with tables of settings without a CSV,
            by a name under which it can be shown.
    """

    folder: Path
    csvs: Mapping[str, Path]
    problems: Mapping[str, str]

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


def dataset_name(stem: str) -> str:
    """The name that a file gives: lower case, anything but letters, digits and `_` becomes `_`.

    Args:
        stem: The file's name without its suffix. The result need not be a valid name.
    """
    return re.sub(r"[^a-z0-9_]", "_", stem.lower())


def discover(data_dir: Path) -> Discovery:
    """The datasets of a data folder.

    Args:
        data_dir: The folder; one that is not there has no CSVs.

    Raises:
        CorpusError: The folder cannot be listed.
    """
    files: dict[str, list[Path]] = {
        ETTH1: [data_dir / _ETTH1_FILE],
        SAMPLE: [data_dir / f"{SAMPLE}.csv"],
    }
    nameless: list[Path] = []
    for csv in _csvs(data_dir):
        name = dataset_name(csv.stem)
        if csv in files.get(name, []):
            continue
        if NAME.fullmatch(name) and name not in RESERVED and _is_printable(csv.name):
            files.setdefault(name, []).append(csv)
        else:
            nameless.append(csv)
    problems: dict[str, str] = {}
    for csv in nameless:
        # Never the name of another file: its dataset would be shown as broken in place of this.
        name = dataset_name(csv.stem)
        free = _free_name(f"csv_{name}", {*files, *problems})
        problems[free] = _no_name(csv, name, free)
    csvs: dict[str, Path] = {}
    for name, found in files.items():
        # One that is not there yet takes no name away, but keeps its own spelling.
        if len(found) == 1:
            csvs[name] = found[0]
        else:
            problems[name] = _same_name(name, found)
    return Discovery(data_dir, csvs, {**_stray_tables(data_dir, [*csvs, *problems]), **problems})


def _stray_tables(data_dir: Path, known: Sequence[str]) -> dict[str, str]:
    """Tables of settings without a dataset: a name mistyped, or a CSV that is not there yet."""
    toml = data_dir / SHARED_SETTINGS
    try:
        tables = shared_tables(toml)
    except CorpusError:  # every dataset says so, as each would have had a table there
        return {}
    problems: dict[str, str] = {}
    for number, table in enumerate((name for name in tables if name not in known), start=1):
        name = table
        if not NAME.fullmatch(table) or table in RESERVED:
            name = _free_name(f"table_{number}", {*known, *tables, *problems})
        meant = dataset_name(table)
        problems[name] = (
            f"{toml}: found a table {shown(table)} and no CSV that gives this name; expected a CSV "
            f"for every table. Copy it to {data_dir}, or correct or remove the table; the datasets "
            f"there are: {', '.join(known)}."
            + (f" Did you mean [{meant}]?" if meant in known else "")
        )
    return problems


def _csvs(data_dir: Path) -> list[Path]:
    """The CSVs of a folder; hidden files are others' temporaries."""
    try:
        return sorted(
            path
            for path in data_dir.iterdir()
            if path.suffix.lower() == ".csv" and not path.name.startswith(".")
        )
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise CorpusError(
            f"{data_dir}: the folder cannot be listed ({error.strerror}); expected the folder with "
            "the CSVs. Check its permissions, or set ZWU_TS_DATA_DIR."
        ) from error


def _is_printable(name: str) -> bool:
    """Whether a file's name can be told: no log or web page can show bytes that are no UTF-8."""
    return not any(unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") for letter in name)


def _free_name(wish: str, taken: Collection[str]) -> str:
    """A valid name that begins as wished and is nobody's."""
    ends = ("", *(f"_{number}" for number in range(2, len(taken) + 3)))
    names = (f"{wish[: 63 - len(end)]}{end}" for end in ends)
    return next(name for name in names if name not in taken)


def _no_name(csv: Path, name: str, example: str) -> str:
    if not _is_printable(csv.name):
        return (
            f"{csv.parent}: found a CSV whose name has bytes that are no UTF-8, or control "
            f"characters: {csv.name!r}; expected a name that can be printed. Rename the file, for "
            f"example to {example}.csv."
        )
    if name in RESERVED:
        found = f"found the name {name!r}, which artifacts or settings have already"
    else:
        found = f"found a name that gives no dataset ({name[:80]!r})"
    return (
        f"{csv}: {found}; expected a letter and then at most 62 letters, digits and underscores. "
        f"Rename the file, for example to {example}.csv."
    )


def _same_name(name: str, found: list[Path]) -> str:
    files = " and ".join(path.name for path in found)
    if name == ETTH1:
        files = f"{files.removeprefix(f'{_ETTH1_FILE} and ')} (the name belongs to {_ETTH1_FILE})"
    return (
        f"{found[0].parent}: found {files}, each of which would be the dataset {name!r}; expected "
        "one CSV of that name. Rename the others."
    )
