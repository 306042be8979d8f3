"""Opening a CSV, and recognising a file that is none.

What belongs here: everything about a file before its first line is read. What does not: lines
(`csv_lines.py`) and what they say.
"""

import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO, Final

from zwu_ts_assets.errors import CorpusError

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
