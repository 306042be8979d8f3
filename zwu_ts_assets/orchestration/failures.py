"""Failures that a user can mend, told in a sentence.

What belongs here: turning bad input and an unusable folder into Dagster failures. What does not:
errors of our own making; those keep their traceback.
"""

import errno
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import dagster as dg
from dagster_shared.error import SerializableErrorInfo

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.storage.data_mirror import told
from zwu_ts_assets.storage.places import Place

_INTERRUPTED: Final = dg.DagsterExecutionInterruptedError.__name__
_REMEDIES: Final[Mapping[int, str]] = {
    errno.ENOSPC: "the disk is full; free some space and run again",
    errno.EDQUOT: "your disk quota is used up; free some space and run again",
    errno.EFBIG: "files may not become as large as that; raise the limit (ulimit -f) and run again",
    errno.EROFS: "the folder is read-only; make it writable or set {variable}",
    errno.EACCES: "you may not write there; change its rights or set {variable}",
    errno.EMFILE: "too many files are open; raise the limit (ulimit -n) and run again",
    errno.ENFILE: "too many files are open on this machine; close some programs and run again",
    errno.ENOTDIR: "a part of its path is a file; remove it or set {variable}",
    errno.EISDIR: "a folder lies where the file belongs; remove it",
    errno.EEXIST: "a part of its path is a file; remove it or set {variable}",
}

# SQLite's own words, and those of PostgreSQL's client; SQLAlchemy hands on no number.
_DATABASE_REMEDIES: Final[Mapping[str, str]] = {
    "database or disk is full": "free some space and run again",
    "disk I/O error": "the disk is full or damaged; free some space and run again",
    "attempt to write a readonly database": "make the folder writable",
    "unable to open database file": (
        "the folder is read-only, the disk is full or too many files are open; make it writable, "
        "free some space or raise the limit (ulimit -n)"
    ),
    "database is locked": "another process keeps it busy; wait for it and run again",
    "password authentication failed": "mend the user or the password that dagster.yaml takes",
    "could not translate host name": "mend the name of the host that dagster.yaml takes",
    "connection to server at": "start PostgreSQL, or mend the host that dagster.yaml takes",
}


@contextmanager
def speaking_to_the_user(folder: Place) -> Iterator[None]:
    """Turn bad input and an unusable artifacts folder into a failure that says what to do.

    Without it the message would be the last line below a traceback through Dagster.
    """
    try:
        yield
    except CorpusError as error:
        # `from None`: the sentence says it all, and a chain of tracebacks would bury it.
        raise dg.Failure(description=told(str(error)), allow_retries=False) from None
    except OSError as error:
        sentence = unusable(error, folder)
        if not sentence:
            raise
        raise dg.Failure(description=told(sentence), allow_retries=False) from None


def unusable(error: OSError, folder: Place, variable: str = "ZWU_TS_ARTIFACTS_DIR") -> str:
    """Why a folder cannot be used and what to do, in a sentence; empty if that is not known.

    Args:
        error: What the operating system said.
        folder: Which it was, if the error does not tell.
        variable: The environment variable that names another folder instead.
    """
    remedy = _REMEDIES.get(error.errno or 0)
    if remedy is None:
        return ""
    # Of a rename, the name that a file was to get: the other one is a temporary's.
    path = error.filename2 or error.filename or folder
    if error.errno == errno.EACCES and isinstance(path, str | os.PathLike):
        remedy = _unreadable(Path(path)) or remedy
    return (
        f"{path}: cannot be used ({error.strerror}): "
        f"{remedy.format(variable=variable)}. What was written before is untouched."
    )


def _unreadable(path: Path) -> str:
    """What to do about a file that is there and cannot be read; empty if that is not so."""
    if os.access(path, os.F_OK):
        return "" if os.access(path, os.R_OK) else "you may not read it; change its rights"
    for folder in path.parents:
        if os.access(folder, os.F_OK):
            closed = not os.access(folder, os.X_OK)
            return f"you may not look into {folder}; change its rights" if closed else ""
    return ""


def database_problem(message: str, home: Path) -> str:
    """Why Dagster's database cannot be used, in a sentence; empty if that is not known.

    Args:
        message: What the database said, among other things.
        home: The folder that it lies in, or that says where it is: `DAGSTER_HOME`.
    """
    if unset := re.search(r'environment variable "(\w+)" which is not set', message):
        return (
            f"{home}: the dagster.yaml there takes where Dagster's run history is from {unset[1]}, "
            "which is not set; set it, or set DAGSTER_HOME to another folder."
        )
    for words, remedy in _DATABASE_REMEDIES.items():
        if words in message:
            return (
                f"{home}: Dagster's run history there cannot be used ({words}): {remedy}, or set "
                "DAGSTER_HOME to another folder. Artifacts that were written are kept."
            )
    return ""


def failures_of(events: Iterable[dg.DagsterEvent], folder: Place, home: Path) -> list[str]:
    """Why a run failed: a sentence for each failed step, or for the run if it failed outside one.

    Args:
        events: Of the run.
        folder: The artifacts folder.
        home: Dagster's, `DAGSTER_HOME`.
    """
    sentences, outside = [], []
    for event in events:
        if event.is_step_failure:
            failure = event.step_failure_data
            own = failure.user_failure_data.description if failure.user_failure_data else None
            sentences.append(f"{event.step_key}: {own or _in_short(failure.error, folder, home)}")
        elif event.event_type is dg.DagsterEventType.RUN_FAILURE:
            outside.append(
                _in_short(event.job_failure_data.error, folder, home) or str(event.message)
            )
    return sentences or outside


def was_interrupted(events: Iterable[dg.DagsterEvent]) -> bool:
    """Whether a run ended because somebody pressed Ctrl-C or ended its process.

    Args:
        events: Of the run.
    """
    errors: list[SerializableErrorInfo | None] = []
    for event in events:
        if event.is_step_failure:
            errors.append(event.step_failure_data.error)
        elif event.event_type is dg.DagsterEventType.RUN_FAILURE:
            errors.append(event.job_failure_data.error)
    return any(error is not None and error.cls_name == _INTERRUPTED for error in errors)


def _in_short(error: SerializableErrorInfo | None, folder: Place, home: Path) -> str:
    """The innermost error's sentence if it is one that a user can mend, else its last line."""
    if error is None:
        return ""
    while error.cause:
        error = error.cause
    words = error.message.strip()
    number = re.search(r"\[Errno (\d+)\]", words)
    known = unusable(OSError(int(number[1]), os.strerror(int(number[1]))), folder) if number else ""
    return known or database_problem(words, home) or words.splitlines()[-1]
