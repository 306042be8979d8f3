"""What an export consists of: files that are written, and media that are linked or copied.

What belongs here: the type between an export's shape (`exports/`) and whoever writes it. What does
not: writing, which the IO manager does.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class WrittenFile:
    """A file whose bytes the export makes, only if it is not current.

    Attributes:
        path: Relative to the export's folder, with `/` between its parts.
        made_from: A digest that changes whenever the bytes would.
        build: Makes the bytes; the same each time.
    """

    path: str
    made_from: str
    build: Callable[[], bytes]


@dataclass(frozen=True)
class MediaFile:
    """A file that is an artifact of the corpus already.

    Attributes:
        path: Relative to the export's folder, with `/` between its parts.
        source: Relative to the dataset's artifact folder, likewise.
        sha256: Of its content, in hexadecimal digits.
    """

    path: str
    source: str
    sha256: str


ExportFile = WrittenFile | MediaFile
