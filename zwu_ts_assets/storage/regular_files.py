"""Files of a folder that others may put things into: read, listed and removed without surprises.

What belongs here: telling a regular file from a link, a pipe or a device, and never going through
one of these. What does not: which files are ours (`artifact_store.py`, `layout.py`).

Whoever can write into an artifacts folder can put a named pipe there, whose reader would wait for
ever, or a link to a folder whose files are not ours to remove.
"""

import errno
import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

# What the kernel says of a link where none is followed, of a file where a folder was expected, and
# of a socket: there is no file of ours.
_NO_FILE: Final = frozenset({errno.ELOOP, errno.ENOTDIR, errno.ENXIO, errno.ENODEV})
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def read_regular(path: Path, *, follow: bool = True, limit: int | None = None) -> bytes:
    """The bytes of a regular file.

    Args:
        path: The file.
        follow: Whether it may be a link to one.
        limit: How many bytes it may have; unset: no matter.

    Raises:
        FileNotFoundError: It is not there, is no regular file, or is larger.
    """
    with _opened(path, follow=follow, limit=limit) as file:
        return file.read() if limit is None else file.read(limit)


def sha256_of(path: Path) -> str:
    """The sha256 of a regular file, or of one behind a link; errors as of `read_regular`."""
    found = hashlib.sha256()
    with _opened(path) as file:
        while piece := file.read(_PIECE):
            found.update(piece)
    return found.hexdigest()


_PIECE: Final = 1024 * 1024


@contextmanager
def _opened(path: Path, *, follow: bool = True, limit: int | None = None) -> Iterator[BinaryIO]:
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | (0 if follow else os.O_NOFOLLOW)
    try:
        handle = os.open(path, flags)
    except OSError as error:
        if error.errno in _NO_FILE:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path)) from None
        raise
    try:
        facts = os.fstat(handle)
        if not stat.S_ISREG(facts.st_mode):
            raise FileNotFoundError(errno.ENOENT, "is no regular file", str(path))
        if limit is not None and facts.st_size > limit:
            raise FileNotFoundError(errno.ENOENT, f"has more than {limit} bytes", str(path))
        with os.fdopen(handle, "rb", closefd=False) as file:
            yield file
    finally:
        os.close(handle)


def open_inside(root: Path, name: str, limit: int | None = None) -> BinaryIO:
    """Open a regular file of a folder that somebody else made.

    Links are followed as far as they stay in the folder.

    Args:
        root: The folder; it may be a link.
        name: The file, relative to it.
        limit: How many bytes it may have; unset: no matter.

    Raises:
        OSError: It is not there, is no regular file, lies outside or is larger; `strerror` says so.
    """
    top = root.resolve()
    try:
        path = (top / name).resolve()
    except (RuntimeError, ValueError) as error:  # links in a circle; a name that no file can have
        raise OSError(errno.EINVAL, f"has no usable name: {error}", name) from error
    if not path.is_relative_to(top) or path == top:
        raise OSError(errno.ELOOP, "leads out of the folder", str(path))
    handle = os.open(top, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        *folders, last = path.relative_to(top).parts
        # Folder by folder: a link that somebody puts there meanwhile is not followed.
        for part in folders:
            inner = os.open(part, _FOLDER, dir_fd=handle)
            os.close(handle)
            handle = inner
        flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW
        opened = os.open(last, flags, dir_fd=handle)
    finally:
        os.close(handle)
    file = os.fdopen(opened, "rb")
    facts = os.fstat(opened)
    if stat.S_ISREG(facts.st_mode) and (limit is None or facts.st_size <= limit):
        return file
    file.close()
    if stat.S_ISREG(facts.st_mode):
        reason = f"has {facts.st_size:,} bytes, at most {limit:,} are read"
        raise OSError(errno.EFBIG, reason, str(path))
    raise OSError(errno.EINVAL, "is no regular file", str(path))


def entries_below(folder: Path) -> Iterator["os.DirEntry[str]"]:
    """Everything below a folder that is no folder; links to folders are among it, not followed.

    What vanishes meanwhile is left out.
    """
    waiting = [folder]  # and no recursion: folders can be nested deeper than Python's stack
    while waiting:
        for entry in entries_of(waiting.pop()):
            if entry.is_dir(follow_symlinks=False):
                waiting.append(Path(entry.path))
            else:
                yield entry


def entries_of(folder: Path) -> list["os.DirEntry[str]"]:
    """What lies directly in a folder, by name; nothing if it is missing, no folder or locked up."""
    unusable = (FileNotFoundError, NotADirectoryError, PermissionError)
    with suppress(*unusable), os.scandir(folder) as found:
        return sorted(found, key=lambda entry: entry.name)
    return []


def is_regular(entry: "os.DirEntry[str]") -> bool:
    """Whether an entry is a file itself, no link to one."""
    return entry.is_file(follow_symlinks=False)


def link_on_the_way(root: Path, parts: Sequence[str]) -> Path | None:
    """The first link among a folder's parts below another folder, if there is one."""
    path = root
    for part in parts:
        path = path / part
        if path.is_symlink():
            return path
    return None


def remove_regular(root: Path, parts: Sequence[str]) -> bool:
    """Remove a file below a folder, unless a link leads to it or something else is in its place.

    Args:
        root: The folder; it may be a link.
        parts: Of the file's name below it.

    Returns:
        Whether there is nothing of that name now.

    Raises:
        OSError: It cannot be removed; the folder may be read-only.
    """
    try:
        handle = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    try:
        # Folder by folder, each opened in the one before: a link that somebody puts there meanwhile
        # is not followed either.
        for part in parts[:-1]:
            inner = os.open(part, _FOLDER, dir_fd=handle)
            os.close(handle)
            handle = inner
        mode = os.stat(parts[-1], dir_fd=handle, follow_symlinks=False).st_mode
        if not stat.S_ISREG(mode):
            return False
        os.unlink(parts[-1], dir_fd=handle)
        # A record goes after the files that it names: were it the other way round after a power
        # cut, nothing would tell whose they are.
        os.fsync(handle)
    except FileNotFoundError:
        return True
    except OSError as error:
        if error.errno in _NO_FILE:
            return False
        raise
    finally:
        os.close(handle)
    return True
