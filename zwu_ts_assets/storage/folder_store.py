"""Artifacts in a folder of this machine: atomic by moving what is whole into place.

What belongs here: how files are written, linked, compared and removed on disk. What does not: what
a store is, and records (`artifact_store.py`), object stores (`object_store.py`).
"""

import hashlib
import os
import shutil
from collections.abc import Container, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path

from zwu_ts_assets.storage.artifact_store import ArtifactStore, FileRecord
from zwu_ts_assets.storage.temporaries import locked_temporary, remove_abandoned


class FolderStore(ArtifactStore):
    """A folder of artifacts on this machine."""

    root: Path

    def __init__(self, root: Path) -> None:
        super().__init__(root)

    def path(self, name: str) -> Path:
        """The file of a relative name; see `ArtifactStore.path`."""
        return self.root.joinpath(*self.parts(name))

    def read(self, name: str) -> bytes:
        """The bytes of an artifact file; FileNotFoundError if there is none."""
        return self.path(name).read_bytes()

    def write(self, name: str, data: bytes) -> FileRecord:
        """Write a file under its final name in one step, or leave what was there.

        A file that already has these bytes is left alone, so its modification time tells when its
        content last changed.

        Raises:
            OSError: The folder is full, read-only or not a folder. Nothing is left behind.
        """
        path = self.path(name)
        record = FileRecord(bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
        if self._matches(path, record):
            return record
        with self._new(path) as temporary, temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        return record

    def place(self, source: str, name: str, sha256: str, *, link: bool) -> FileRecord:
        """Give an artifact file a second name in one step: a hard link, or a copy of its own.

        Args:
            source: The file, relative to the store's root.
            name: Its second name, likewise.
            sha256: Of its content.
            link: A link; it takes no space, and a program that writes into it changes both.

        Raises:
            ValueError: The source has another content.
            OSError: The folder is full or read-only, or the file system has no hard links.
        """
        path, original = self.path(name), self.path(source)
        record = FileRecord(bytes=original.stat().st_size, sha256=sha256)
        linked = path.exists() and path.samefile(original)
        if linked is link and self._matches(path, record):
            return record
        if not self._matches(original, record):
            raise ValueError(f"{original} has another content than its record says")
        with self._new(path) as temporary:
            if link:
                temporary.unlink()
                os.link(original, temporary)
            else:
                shutil.copyfile(original, temporary)
                with temporary.open("rb") as file:
                    os.fsync(file.fileno())
        return record

    def has(self, name: str, expected: FileRecord) -> bool:
        """Whether a file is there with a content."""
        return self._matches(self.path(name), expected)

    def is_there(self, name: str) -> bool:
        """Whether there is a file of that name, whatever is in it."""
        return self.path(name).is_file()

    def names(self, folder: str) -> list[str]:
        """The files anywhere below a folder, by their names in the store; none if it is missing."""
        found = self.path(folder).rglob("*")
        return [path.relative_to(self.root).as_posix() for path in found if path.is_file()]

    def remove(self, name: str) -> None:
        """Remove a file if it is there, and the folder of a batch that is then empty."""
        path = self.path(name)
        path.unlink(missing_ok=True)
        if path.parent.parent not in (self.root, self.root.parent, self.root / ".records"):
            # `correlations/` stays, `correlations/batch_1/` goes, unless it has other files.
            with suppress(OSError):
                path.parent.rmdir()

    def opened(self, folder: str) -> AbstractContextManager[Path]:
        """A folder of the store, for programs that read files: the folder itself."""
        return nullcontext(self.path(folder))

    def remove_others(self, folder: str, kept: Container[str]) -> None:
        """Remove the files of a folder that are not named, and folders that are then empty.

        Args:
            folder: Relative to the store's root.
            kept: Paths of files, likewise.
        """
        for path in sorted(self.path(folder).rglob("*"), reverse=True):  # a folder after its files
            if path.is_dir() and not path.is_symlink():
                if not any(path.iterdir()):
                    path.rmdir()
            elif path.relative_to(self.root).as_posix() not in kept:
                path.unlink()

    def has_others(self, folder: str, kept: Container[str]) -> bool:
        """Whether a folder has files that are not named and that a program would find there.

        Hidden ones do not count: desktops leave them in every folder that somebody looks at.

        Args:
            folder: Relative to the store's root.
            kept: Paths of files, likewise.
        """
        return any(
            path.relative_to(self.root).as_posix() not in kept
            for path in self.path(folder).rglob("*")
            if not path.name.startswith(".") and (path.is_symlink() or not path.is_dir())
        )

    @contextmanager
    def _new(self, path: Path) -> Iterator[Path]:
        """A temporary file beside a path, which takes its place if all goes well."""
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = locked_temporary(path.parent)
        try:
            yield temporary
            temporary.chmod(0o644)  # made private; artifacts are read by trainers
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        finally:
            os.close(handle)
        _sync_folder(path.parent)

    def remove_abandoned(self) -> None:
        """Remove temporaries that killed runs left anywhere in the folder.

        Raises:
            OSError: There are some, and the folder is read-only.
        """
        remove_abandoned(self.root)

    def _matches(self, path: Path, expected: FileRecord) -> bool:
        try:
            if path.stat().st_size != expected.bytes:
                return False
            return hashlib.sha256(path.read_bytes()).hexdigest() == expected.sha256
        except (FileNotFoundError, NotADirectoryError):
            return False


def _sync_folder(folder: Path) -> None:
    # Without this a power cut can undo the rename although the file's content was synced.
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
