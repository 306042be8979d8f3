"""Failures that a user can mend, told in a sentence.

What belongs here: turning bad input and an unusable folder into Dagster failures. What does not:
errors of our own making; those keep their traceback.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

from zwu_ts_assets.corpus.errors import CorpusError


@contextmanager
def speaking_to_the_user(folder: Path) -> Iterator[None]:
    """Turn bad input and an unusable artifacts folder into a failure that says what to do.

    Without it the message would be the last line below a traceback through Dagster.
    """
    try:
        yield
    except CorpusError as error:
        # `from None`: the sentence says it all, and a chain of tracebacks would bury it.
        raise dg.Failure(description=str(error), allow_retries=False) from None
    except OSError as error:
        remedies = {
            errno.ENOSPC: "the disk is full; free some space and run again",
            errno.EDQUOT: "your disk quota is used up; free some space and run again",
            errno.EROFS: "the folder is read-only; make it writable or set ZWU_TS_ARTIFACTS_DIR",
            errno.EACCES: "you may not write there; change its rights or set ZWU_TS_ARTIFACTS_DIR",
            errno.EMFILE: "too many files are open; raise the limit (ulimit -n) and run again",
            errno.ENOTDIR: "a part of its path is a file; remove it or set ZWU_TS_ARTIFACTS_DIR",
            errno.EISDIR: "a folder lies where the file belongs; remove it",
            errno.EEXIST: "a part of its path is a file; remove it or set ZWU_TS_ARTIFACTS_DIR",
        }
        remedy = remedies.get(error.errno or 0)
        if remedy is None:
            raise
        where = error.filename or folder
        raise dg.Failure(
            description=f"{where}: cannot be written ({error.strerror}): {remedy}. "
            "What was written before is untouched.",
            allow_retries=False,
        ) from None
