"""Files on their way to their final name: locked by who writes them, removed when nobody does.

What belongs here: making such a file and telling one that somebody is writing from one that a
killed process left. What does not: what is written, and moving it into place
(`artifact_store.py`, `runs.py`).

The lock is the operating system's, and it releases it when the process ends, whatever ended it.
Process ids alone would not do: another process may get the id of a killed one, and two containers
that share a folder and a host name do not see each other's.
"""

import fcntl
import hashlib
import os
import re
import socket
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from zwu_ts_assets.storage.regular_files import entries_below, is_regular

_TEMPORARY: Final = re.compile(
    r"(?P<owner>\.(?P<host>[0-9a-f]{8})-(?P<pid>\d+)-[a-z0-9_]+)(?P<link>\.link)?\.tmp"
)
_ABANDONED_SECONDS: Final = 24 * 3600


def locked_temporary(folder: Path) -> tuple[int, Path]:
    """A new file in a folder, with a shared lock that lasts until its handle is closed.

    Args:
        folder: Where it is to be moved into place.

    Returns:
        Its handle and its path. Move it while the handle is open.

    Raises:
        OSError: The folder is full, read-only or not there.
    """
    while True:
        handle, name = tempfile.mkstemp(
            prefix=f".{_host()}-{os.getpid()}-", suffix=".tmp", dir=folder
        )
        with suppress(OSError):  # a file system without locks; then the process id has to do
            fcntl.flock(handle, fcntl.LOCK_SH)
        if os.fstat(handle).st_nlink:
            return handle, Path(name)
        os.close(handle)  # removed by somebody who looked before it was locked


def link_name(owner: Path) -> Path:
    """The name of a hard link on its way, beside a temporary file whose lock protects it.

    The link has the lock, and the time, of the file that it is a name of; neither tells who made
    it. So it may be there only as long as the file by whose name it is called.

    Args:
        owner: A file from `locked_temporary`, to be removed after the link.
    """
    return owner.with_suffix(".link.tmp")


def remove_abandoned(root: Path) -> None:
    """Remove what killed processes left unfinished, anywhere below a folder.

    What a living process of this machine writes is left, and what another machine writes is left
    for a day: locks do not reach through every network file system. Links to folders are not
    followed.

    Raises:
        OSError: There is some, and the folder is read-only.
    """
    links = []
    for entry in entries_below(root):
        match = _TEMPORARY.fullmatch(entry.name)
        if not match or not is_regular(entry):
            continue
        temporary = Path(entry.path)
        if match["link"]:
            links.append((temporary, temporary.with_name(f"{match['owner']}.tmp")))
            continue
        with suppress(FileNotFoundError):  # its writer has just finished
            if match["host"] == _host():
                _remove_if_unlocked(temporary, int(match["pid"]))
            elif time.time() - temporary.stat().st_mtime > _ABANDONED_SECONDS:
                temporary.unlink()
    for temporary, owner in links:
        if not owner.exists():
            temporary.unlink(missing_ok=True)


def _remove_if_unlocked(temporary: Path, pid: int) -> None:
    handle = os.open(temporary, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
    try:
        if _is_abandoned(handle, pid):
            temporary.unlink()
    finally:
        os.close(handle)


def _is_abandoned(handle: int, pid: int) -> bool:
    """Whether nobody holds the lock of an open file; if so, the handle holds it from now on."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return not _is_alive(pid)
    return True


def _host() -> str:
    return hashlib.sha256(socket.gethostname().encode("utf-8")).hexdigest()[:8]


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
