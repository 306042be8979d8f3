"""Artifacts in a folder of this machine: atomic by moving what is whole into place.

What belongs here: how files are written, linked, compared and removed on disk. What does not: what
a store is, and records (`artifact_store.py`), object stores (`object_store.py`).
"""

import fcntl
import hashlib
import io
import os
import shutil
import stat
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from zwu_ts_assets.storage.artifact_store import RECORD_LIMIT, ArtifactStore, FileRecord
from zwu_ts_assets.storage.regular_files import (
    entries_below,
    entries_of,
    is_regular,
    link_on_the_way,
    read_regular,
    remove_regular,
    sha256_of,
)
from zwu_ts_assets.storage.temporaries import link_name, locked_temporary, remove_abandoned

_RECORDS = ".records"
_FICLONE = 0x40049409  # from linux/fs.h: all of a file's blocks, shared until one side changes


class FolderStore(ArtifactStore):
    """A folder of artifacts on this machine."""

    root: Path

    def __init__(self, root: Path, hidden: int = 0o022) -> None:
        """Nothing is made yet.

        Args:
            root: The folder.
            hidden: The rights that its files and folders do not give, as a umask.
        """
        super().__init__(root)
        self._hidden = hidden

    def path(self, name: str) -> Path:
        """The file of a relative name; see `ArtifactStore.path`."""
        return self.root.joinpath(*self.parts(name))

    def read(self, name: str) -> bytes:
        """The bytes of an artifact file; FileNotFoundError if there is none."""
        return read_regular(self.path(name))

    def _record_bytes(self, name: str) -> bytes:
        return read_regular(self.path(name), follow=False, limit=RECORD_LIMIT)

    def write(self, name: str, data: bytes) -> FileRecord:
        """Write a file under its final name in one step, or leave what was there.

        A file that already has these bytes is left alone, so its modification time tells when its
        content last changed.

        Raises:
            OSError: The folder is full, read-only or not a folder. Nothing is left behind.
        """
        path = self.path(name)
        record = FileRecord(bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
        # A link in place of a record is not read as one, so it must not be taken for it here.
        is_ours = not (name.startswith(_RECORDS) and path.is_symlink())
        if is_ours and self._matches(path, record):
            return record
        with self._new(path) as temporary, temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        return record

    def write_with(self, name: str, write: Callable[[BinaryIO], object]) -> FileRecord:
        """Write a file as `write` does, with no more of it in memory than a piece.

        Raises:
            OSError: As `write` says.
        """
        path = self.path(name)
        made: list[FileRecord] = []
        with (
            self._new(path, unless=lambda: self._matches(path, made[0])) as temporary,
            temporary.open("wb") as file,
        ):
            sink = _Counted(file)
            write(sink)
            made.append(FileRecord(sink.tell(), sink.sha256.hexdigest()))
            file.flush()
            os.fsync(file.fileno())
        return made[0]

    def place(self, source: str, name: str, sha256: str, *, link: bool) -> FileRecord:
        """Give an artifact file a second name in one step: a hard link, or a copy of its own.

        Args:
            source: The file, relative to the store's root.
            name: Its second name, likewise.
            sha256: Of its content.
            link: A link; it takes no space, and a program that writes into it changes both. A copy
                takes none either where the file system lets files share blocks until one changes
                (Btrfs, XFS, bcachefs).

        Raises:
            ValueError: The source has another content.
            OSError: The folder is full or read-only, or the file system has no hard links.
        """
        path, original = self.path(name), self.path(source)
        record = FileRecord(bytes=original.stat().st_size, sha256=sha256)
        if _is_same_file(path, original) is link and self._matches(path, record):
            return record
        if not self._matches(original, record):
            raise ValueError(f"{original} has another content than its record says")
        if link:
            _link(original, path, self._hidden)
            return record
        with self._new(path) as temporary:
            _copy(original, temporary)
        return record

    def has(self, name: str, expected: FileRecord) -> bool:
        """Whether a file is there with a content."""
        return self._matches(self.path(name), expected)

    def is_there(self, name: str) -> bool:
        """Whether there is a file of that name, whatever is in it."""
        return self.path(name).is_file()

    def names(self, folder: str) -> list[str]:
        """The files anywhere below a folder, by their names in the store; none if it is missing.

        Links are neither followed nor named.
        """
        found = entries_below(self.path(folder))
        return [self._name(entry) for entry in found if is_regular(entry)]

    def remove(self, name: str) -> bool:
        """Remove a file if it is there, and the folders below the topmost that are then empty.

        Returns:
            Whether there is nothing of that name now; see `ArtifactStore.remove`.
        """
        parts = self.parts(name)
        if not remove_regular(self.root, parts):
            return False
        # `correlations/` stays, `correlations/batch_1/` goes, unless it has other files.
        for depth in range(len(parts) - 1, 2 if parts[0] == _RECORDS else 1, -1):
            try:
                self.root.joinpath(*parts[:depth]).rmdir()
            except OSError:
                break
        return True

    def opened(self, folder: str) -> AbstractContextManager[Path]:
        """A folder of the store, for programs that read files: the folder itself."""
        return nullcontext(self.path(folder))

    def others(self, folder: str, kept: Collection[str]) -> list[str]:
        """What a folder has that is not named; see `ArtifactStore.others`.

        Hidden files do not count: desktops leave them in every folder that somebody looks at.
        """
        path = self.path(folder)
        if link := link_on_the_way(self.root, self.parts(folder)):
            return [link.relative_to(self.root).as_posix()]
        if _is_no_folder(path):
            return [folder]
        folders = {each.as_posix() for name in kept for each in PurePosixPath(name).parents}
        return list(self._others(path, set(kept), folders))

    def _others(self, folder: Path, kept: set[str], folders: set[str]) -> Iterator[str]:
        for entry in entries_of(folder):
            name = self._name(entry)
            if entry.name.startswith("."):
                continue
            if not entry.is_dir(follow_symlinks=False):
                if name not in kept:
                    yield name
            elif name in folders:
                yield from self._others(Path(entry.path), kept, folders)
            elif _has_visible_files(Path(entry.path)):
                yield f"{name}/"

    def link_on_the_way(self, name: str) -> Path | None:
        """The link to another folder by which a name would lead out of the store, if any."""
        return link_on_the_way(self.root, self.parts(name)[:-1])

    def _name(self, entry: "os.DirEntry[str]") -> str:
        return Path(entry.path).relative_to(self.root).as_posix()

    @contextmanager
    def _new(self, path: Path, unless: Callable[[], bool] = lambda: False) -> Iterator[Path]:
        """A temporary file beside a path, which takes its place if all goes well.

        Args:
            path: The place.
            unless: Tells afterwards whether what is there is to stay.
        """
        handle, temporary = _temporary_in(path.parent, self._hidden)
        try:
            yield temporary
            if unless():
                temporary.unlink()
                return
            temporary.chmod(0o666 & ~self._hidden)
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
            return sha256_of(path) == expected.sha256
        except (FileNotFoundError, NotADirectoryError):
            return False


class _Counted(io.RawIOBase, BinaryIO):
    """What is written into a file, counted and hashed on its way."""

    def __init__(self, file: BinaryIO) -> None:
        self.sha256 = hashlib.sha256()
        self._file = file
        self._bytes = 0

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, data: Any) -> int:
        """Pass it on."""
        with memoryview(data) as view:
            self.sha256.update(view)
            self._file.write(view)
            self._bytes += view.nbytes
            return view.nbytes

    def tell(self) -> int:
        """How many bytes there were."""
        return self._bytes


def _temporary_in(folder: Path, hidden: int) -> tuple[int, Path]:
    """A new file in a folder that is made if need be."""
    for attempt in range(100):
        try:
            missing = [each for each in (folder, *folder.parents) if not each.exists()]
            for each in reversed(missing):
                each.mkdir(mode=0o777 & ~hidden, exist_ok=True)
                _sync_folder(each.parent)
            return locked_temporary(folder)
        except (FileNotFoundError, FileExistsError):
            # Another run has just removed it or its parent, found empty; `mkdir` says that it
            # exists if it was there and is gone a moment later. A file in its place stays there.
            if attempt == 99 or _is_no_folder(folder):
                raise
    raise AssertionError("the last attempt returns or raises")


def _is_no_folder(path: Path) -> bool:
    # One look: between two of them another run may make the folder and remove it.
    try:
        return not stat.S_ISDIR(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False


def _copy(original: Path, temporary: Path) -> None:
    """Give a new file the bytes of another one, by sharing its blocks where that can be done."""
    with original.open("rb") as source, temporary.open("r+b") as target:
        try:
            fcntl.ioctl(target.fileno(), _FICLONE, source.fileno())
        except OSError:  # another file system, or one whose files share nothing
            shutil.copyfileobj(source, target, 1024 * 1024)
            target.flush()
        os.fsync(target.fileno())


def _is_same_file(path: Path, original: Path) -> bool:
    # Asking whether the file exists first would leave a moment in which another run removes it.
    try:
        return path.samefile(original)
    except (FileNotFoundError, NotADirectoryError):
        return False


def _link(original: Path, path: Path, hidden: int) -> None:
    """Put a hard link to a file in its place in one step."""
    handle, owner = _temporary_in(path.parent, hidden)
    linked = link_name(owner)
    try:
        os.link(original, linked)
        linked.replace(path)
    finally:
        # Moved onto another name of the same file, which another run may have just made, it stays.
        linked.unlink(missing_ok=True)
        owner.unlink(missing_ok=True)
        os.close(handle)
    _sync_folder(path.parent)


def _has_visible_files(folder: Path) -> bool:
    visible = (not entry.name.startswith(".") for entry in entries_below(folder))
    return any(visible) or not os.access(folder, os.R_OK | os.X_OK)


def _sync_folder(folder: Path) -> None:
    # Without this a power cut can undo the rename although the file's content was synced.
    try:
        handle = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:  # another run has removed the file and then the folder, found empty
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
