"""A file system that crashes, fails or forgets at a chosen operation: what does that leave?

It lies between Python and the operating system: what changes anything below one folder is counted,
and one operation of the count can be made to go wrong. All else passes through.

- A crash ends a process without a handler of its own being able to do anything: every operation
  after it fails too, so `except` and `finally` of the code under test run, and change nothing.
- With the power lost, what was not synced is undone: bytes that were not, and names in folders that
  were not, in one of several ways, since a file system may keep any of them.
- An error is one that the caller gets to see, and may tidy up after.
"""

import errno
import io
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from unittest import mock

KINDS: Final = ("before", "after", "torn", "power", "last folder", "full", "error", "short")
"""What can go wrong at an operation.

`before` and `after`: a crash before or after it. `torn`: a crash in the middle of a write. `power`:
a crash after it, with the power lost, of which everything that was not synced is gone; `last
folder`: likewise, but for the folder that was changed last, all of which is kept. `full`: the disk
is full from then on. `error`: it fails once. `short`: of a write a half is written, and then it
fails, or says so.
"""

_TAKES_SPACE: Final = frozenset({"create", "write", "mkdir", "link", "rename"})
_CRASHES: Final = frozenset({"before", "after", "torn", "power", "last folder"})


class Crash(BaseException):
    """The process is gone."""


@dataclass
class _Undo:
    """How to take back a change of a folder that was not synced."""

    folder: Path
    undo: Callable[[], object]


@dataclass
class FaultyDisk:
    """The operations below a folder.

    Attributes:
        root: The folder.
        at: The operation that goes wrong, counted from 0; -1: none.
        kind: How, one of `KINDS`.
        done: The operations so far, each with its kind and path.
    """

    root: Path
    at: int = -1
    kind: str = ""
    done: list[tuple[str, str]] = field(default_factory=list)
    _dead: bool = False
    _full: bool = False
    _undo: list[_Undo] = field(default_factory=list)
    _synced: dict[int, tuple[Path, int]] = field(default_factory=dict)

    def operation(
        self,
        kind: str,
        path: Path,
        do: Callable[[], Any],
        half: Callable[[], Any] | None = None,
        undo: Callable[[], object] | None = None,
    ) -> Any:
        """Do something, unless it is to go wrong.

        Args:
            kind: What it is.
            path: What it is done to.
            do: Does it.
            half: Does a half of it.
            undo: Takes it back, as long as its folder was not synced.
        """

        def done() -> Any:
            result = do()
            if undo is not None:
                self._undo.append(_Undo(path.parent, undo))
            return result

        if self._dead:
            raise Crash
        number = len(self.done)
        self.done.append((kind, path.relative_to(self.root).as_posix()))
        if number != self.at:
            if self._full and kind in _TAKES_SPACE:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
            return done()
        match self.kind:
            case "before":
                self._die()
            case "torn" if half is not None:
                half()
                self._die()
            case "short" if half is not None:
                return half()
            case "full":
                self._full = True
                if kind in _TAKES_SPACE:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
            case "error":
                raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))
        result = done()
        if self.kind in _CRASHES:
            self._die()
        return result

    def _die(self) -> None:
        self._dead = True
        raise Crash

    def lose_power(self, *, keep_last: bool = False) -> None:
        """Take back what was not synced.

        Args:
            keep_last: Keep the names in the folder that was changed last.
        """
        kept = self._undo[-1].folder if self._undo and keep_last else None
        for change in reversed(self._undo):
            if change.folder != kept:
                change.undo()
        self._undo.clear()
        for inode, (folder, size) in self._synced.items():
            for path in folder.iterdir() if folder.is_dir() else ():
                facts = path.lstat()
                if facts.st_ino == inode and facts.st_size > size:
                    os.truncate(path, size)
        self._synced.clear()

    # What the code under test calls, by the names of the modules that it is in.

    @contextmanager
    def mounted(self) -> Iterator[None]:
        """Between Python and the operating system, as long as the context lasts."""
        names = ("mkdir", "rmdir", "unlink", "remove", "rename", "replace", "link", "chmod")
        patched = {name: getattr(self, f"_{name}") for name in (*names, "fsync", "write", "open")}
        real = {name: getattr(os, name) for name in patched}
        self._os = real
        self._io_open = io.open
        with mock.patch.multiple(os, **patched), mock.patch.object(io, "open", self._file):
            yield

    def _below(self, path: Any, dir_fd: int | None = None) -> Path | None:
        """A path, if it is below the folder."""
        if isinstance(path, int):
            try:
                path = Path(f"/proc/self/fd/{path}").readlink()
            except OSError:
                return None
        found = Path(os.fsdecode(path))
        if dir_fd is not None:
            found = Path(f"/proc/self/fd/{dir_fd}").readlink() / found
        return found if found.is_relative_to(self.root) and found != self.root else None

    def _mkdir(self, path: Any, mode: int = 0o777, *, dir_fd: int | None = None) -> Any:
        real, found = self._os["mkdir"], self._below(path, dir_fd)
        if found is None or found.exists():
            return real(path, mode, dir_fd=dir_fd)
        return self.operation(
            "mkdir",
            found,
            lambda: real(path, mode, dir_fd=dir_fd),
            undo=lambda: shutil.rmtree(found, ignore_errors=True),
        )

    def _rmdir(self, path: Any, *, dir_fd: int | None = None) -> Any:
        real, found = self._os["rmdir"], self._below(path, dir_fd)
        if found is None or any(found.iterdir()):
            return real(path, dir_fd=dir_fd)
        return self.operation(
            "rmdir",
            found,
            lambda: real(path, dir_fd=dir_fd),
            undo=lambda: found.mkdir(exist_ok=True),
        )

    def _unlink(self, path: Any, *, dir_fd: int | None = None) -> Any:
        real, found = self._os["unlink"], self._below(path, dir_fd)
        if found is None or not found.exists():
            return real(path, dir_fd=dir_fd)
        old = found.read_bytes()
        return self.operation(
            "unlink",
            found,
            lambda: real(path, dir_fd=dir_fd),
            undo=lambda: _put_back(found, old),
        )

    _remove = _unlink

    def _rename(self, source: Any, target: Any, **options: Any) -> Any:
        real, found = self._os["replace"], self._below(target)
        if found is None:
            return real(source, target, **options)
        before, old = Path(source), found.read_bytes() if found.is_file() else None

        def undo() -> None:
            if found.exists():
                real(found, before)
            if old is not None:
                _put_back(found, old)

        return self.operation("rename", found, lambda: real(source, target, **options), undo=undo)

    _replace = _rename

    def _link(self, source: Any, target: Any, **options: Any) -> Any:
        real, found = self._os["link"], self._below(target)
        if found is None:
            return real(source, target, **options)
        return self.operation(
            "link",
            found,
            lambda: real(source, target, **options),
            undo=lambda: found.unlink(missing_ok=True),
        )

    def _chmod(self, path: Any, mode: int, **options: Any) -> Any:
        real, found = self._os["chmod"], self._below(path)
        if found is None:
            return real(path, mode, **options)
        return self.operation("chmod", found, lambda: real(path, mode, **options))

    def _open(self, path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        real, found = self._os["open"], self._below(path, dir_fd)
        if found is None or not flags & os.O_CREAT or found.exists():
            opened: int = real(path, flags, mode, dir_fd=dir_fd)
            return opened
        handle: int = self.operation(
            "create",
            found,
            lambda: real(path, flags, mode, dir_fd=dir_fd),
            undo=lambda: found.unlink(missing_ok=True),
        )
        return handle

    def _write(self, handle: int, data: bytes) -> int:
        real, found = self._os["write"], self._below(handle)
        if found is None:
            written: int = real(handle, data)
            return written
        self._unsynced(found)
        some = bytes(data)
        written = self.operation(
            "write",
            found,
            lambda: real(handle, some),
            lambda: real(handle, some[: len(some) // 2]),
        )
        return written

    def _fsync(self, handle: int) -> Any:
        found = self._below(handle) or self.root
        if found == self.root and Path(f"/proc/self/fd/{handle}").readlink() != self.root:
            return self._os["fsync"](handle)

        def sync() -> None:
            # Nothing is really lost here, so that nothing has to be waited for.
            if found.is_dir():
                self._undo = [change for change in self._undo if change.folder != found]
            else:
                self._synced.pop(os.fstat(handle).st_ino, None)

        return self.operation("fsync", found, sync)

    def _file(self, path: Any, mode: str = "r", *arguments: Any, **options: Any) -> Any:
        opened = self._io_open
        found = None if isinstance(path, int) else self._below(path)
        if found is None or not set(mode) & set("wax+"):
            return opened(path, mode, *arguments, **options)
        if not found.exists():
            raise AssertionError(f"{found} is written without having been made")
        return _File(self, found, opened(path, mode, buffering=0))

    def _unsynced(self, path: Path) -> None:
        facts = path.stat()
        self._synced.setdefault(facts.st_ino, (path.parent, facts.st_size))


class _File:
    """A file that is written to without a buffer, each write an operation."""

    def __init__(self, disk: FaultyDisk, path: Path, file: Any) -> None:
        self._disk, self._path, self._raw = disk, path, file

    def write(self, data: bytes) -> int:
        """Write all of it, as a buffered file does; of a short write the rest fails."""

        def half() -> int:
            self._raw.write(data[: len(data) // 2])
            if self._disk.kind == "short":
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._path))
            return 0

        def whole() -> int:
            written = 0
            while written < len(data):
                written += self._raw.write(data[written:])
            return written

        self._disk._unsynced(self._path)
        result: int = self._disk.operation("write", self._path, whole, half)
        return result

    def flush(self) -> None:
        """Nothing is kept back."""

    def __enter__(self) -> "_File":
        return self

    def __exit__(self, *_: object) -> None:
        self._raw.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)


def _put_back(path: Path, content: bytes) -> None:
    """A file as it was, under a number of its own: its old one may have other names."""
    if path.parent.is_dir():
        path.unlink(missing_ok=True)
        path.write_bytes(content)
