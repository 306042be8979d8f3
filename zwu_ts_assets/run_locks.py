"""Which runs are still alive: a file per run, locked as long as its process lives.

What belongs here: holding such a lock and asking whether somebody does. What does not: what is done
about a dead run (`reconcile.py`).

Dagster learns of a run's end from the run itself. One that was killed stays "started" for ever, and
a sensor that waits for it would wait for ever too. The operating system releases a lock when the
process ends, whatever ended it.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_FOLDER = ".runs"


@contextmanager
def run_lock(artifacts: Path, run_id: str) -> Iterator[None]:
    """Hold the lock of a run; several holders in one process share it.

    Args:
        artifacts: The folder that holds the outputs of all datasets.
        run_id: The run's id.

    Raises:
        OSError: The folder cannot be written.
    """
    path = _path(artifacts, run_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH)
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(handle)


def is_dead(artifacts: Path, run_id: str) -> bool:
    """Whether a run took its lock on this machine and its process is gone.

    False also for a run that never took one: it may be about to, or work on another machine.
    """
    try:
        handle = os.open(_path(artifacts, run_id), os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(handle)
    return True


def forget(artifacts: Path, run_id: str) -> None:
    """Remove what a dead run left."""
    _path(artifacts, run_id).unlink(missing_ok=True)


def _path(artifacts: Path, run_id: str) -> Path:
    # Run ids are UUIDs; whatever else came here must not lead out of the folder.
    if not run_id.replace("-", "").isalnum():
        raise ValueError(f"{run_id!r} is no run id")
    return artifacts / _FOLDER / run_id
