"""What an export consists of: files that are written, and media that are linked or copied.

What belongs here: the type between an export's shape (`exports/`) and whoever writes it. What does
not: writing, which the IO manager does.
"""

import io
import shutil
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import BinaryIO


@dataclass(frozen=True)
class WrittenFile:
    """A file whose bytes the export makes, only if it is not current.

    Attributes:
        path: Relative to the export's folder, with `/` between its parts.
        made_from: A digest that changes whenever the bytes would.
        write: Writes the bytes, piece by piece where they are many; the same each time.
    """

    path: str
    made_from: str
    write: Callable[[BinaryIO], object]

    def build(self) -> bytes:
        """The bytes at once."""
        held = io.BytesIO()
        self.write(held)
        return held.getvalue()


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


def file_of(path: str, pieces: Iterable[bytes]) -> WrittenFile:
    """A file of given bytes, told by their digest; until it is written they lie on disk."""
    held = tempfile.TemporaryFile(prefix="zwu-ts-assets-")  # noqa: SIM115 - goes with the file
    digest = sha256()
    for piece in pieces:
        held.write(piece)
        digest.update(piece)

    def write(sink: BinaryIO) -> None:
        held.seek(0)
        shutil.copyfileobj(held, sink, _PIECE)

    return WrittenFile(path, digest.hexdigest(), write)


_PIECE = 1024 * 1024
