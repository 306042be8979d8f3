"""Which files are tables, by their names.

What belongs here: the suffixes that are read, and what a table's settings file is called. What does
not: reading any of them (`table_formats.py`, `csv_file.py`). Imports nothing heavy, since it is
asked whenever definitions load.
"""

import re
from pathlib import Path, PurePath
from typing import Final

TEXTS: Final = (".csv", ".tsv", ".txt")
"""Tables of text with a delimiter."""

PACKINGS: Final = (".gz", ".bz2", ".xz", ".zst")
"""What a table of text may be packed with, as a second suffix."""

PARQUET: Final = ".parquet"

TSF: Final = ".tsf"
"""Series below each other, with a header of their own: the archive of Monash University."""

_TABLE: Final = re.compile(
    rf"(?P<stem>.+?)(?P<suffix>(?:{'|'.join(map(re.escape, TEXTS))}|{re.escape(TSF)})"
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


def table_stem(path: PurePath) -> str:
    """The name of a file without the suffix of a table."""
    return path.name.removesuffix(table_suffix(path.name) or path.suffix)


def settings_file(table: Path) -> Path:
    """The settings file beside a table: `load.toml` beside `load.csv` or `load.csv.gz`."""
    return table.with_name(f"{table_stem(table)}.toml")
