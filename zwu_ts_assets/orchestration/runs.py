"""What a run is for, by its tags, and whether it is still alive, by a file that it holds locked.

What belongs here: writing and reading those tags; holding such a lock, and asking whether somebody
does. What does not: deciding on a run (`decision.py`), what is done about a dead one
(`reconcile.py`).

Dagster's own tags name one batch or a span of batches. A refresh concerns single batches, which may
lie far apart, and is still one run, because two runs would race for the text of all batches. So its
span reaches from the first to the last of them, and a tag of ours lists them: of the batches in
between none is opened, made or told to be made.

Dagster learns of a run's end from the run itself. One that was killed stays "started" for ever, and
a sensor that waits for it would wait for ever too. The operating system releases a lock when the
process ends, whatever ended it.

Where artifacts are in a folder, the locks are there too, so that whoever looks after them finds
them. In an object store there are no locks: those of runs of this machine are in its cache folder.
"""

import errno
import fcntl
import os
import socket
import stat
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

from zwu_ts_assets.config.environment import cache_dir
from zwu_ts_assets.storage.places import Place
from zwu_ts_assets.storage.temporaries import locked_temporary, remove_abandoned

ONE_BATCH: Final = "dagster/partition"
FIRST_BATCH: Final = "dagster/asset_partition_range_start"
LAST_BATCH: Final = "dagster/asset_partition_range_end"

# Dagster then logs no event of its own for each batch of the span, before and after: the IO
# managers tell of what was made, each batch with its own data version. (Dagster can give all
# batches of a span but one and the same.)
_EVENTS_ARE_OURS: Final = "dagster/defer_asset_events"

BATCHES: Final = "zwu_ts_assets/batches"
DATASET: Final = "zwu_ts_assets/dataset"
FORCE: Final = "zwu_ts_assets/force"
"""Of a run that makes again also what is current, if it is `true`."""

# Nobody reads a digest: tags that begin so are not shown by the web UI.
GOAL: Final = ".dagster/zwu_ts_assets_goal"


def refresh_tags(dataset: str, goal: str, batches: Sequence[int]) -> dict[str, str]:
    """The tags of a run that makes some batches current.

    Args:
        dataset: Name of the dataset.
        goal: Digest of the state that the run is to reach, see `refresh.Difference`.
        batches: Which; none, if only assets without batches are out of date.
    """
    tags = {DATASET: dataset, GOAL: goal, _EVENTS_ARE_OURS: "true"}
    if batches:
        tags[FIRST_BATCH], tags[LAST_BATCH] = str(min(batches)), str(max(batches))
        tags[BATCHES] = spans_text(batches)
    return tags


def events_are_ours(tags: Mapping[str, str]) -> bool:
    """Whether the IO managers have to tell Dagster what they made."""
    return tags.get(_EVENTS_ARE_OURS) == "true"


def batches_of_run(tags: Mapping[str, str], known: Iterable[int]) -> list[int]:
    """Those of the known batches that a run is for, in order; all, if its tags name none."""
    if BATCHES in tags:
        wanted = [range(first, last + 1) for first, last in _spans(tags[BATCHES])]
    elif ONE_BATCH in tags:
        wanted = [range(int(tags[ONE_BATCH]), int(tags[ONE_BATCH]) + 1)]
    elif FIRST_BATCH in tags:
        wanted = [range(int(tags[FIRST_BATCH]), int(tags[LAST_BATCH]) + 1)]
    else:
        return sorted(known)
    keys = set(known)
    found: set[int] = set()
    for span in wanted:  # of a thousand scattered batches there are a thousand
        found |= (
            keys.intersection(span)
            if len(span) < len(keys)
            else {key for key in keys if key in span}
        )
    return sorted(found)


def spans_text(batches: Iterable[int]) -> str:
    """Batches as text, runs of neighbours drawn together: `3,17-19,90`."""
    spans: list[list[int]] = []
    for batch in sorted(set(batches)):
        if spans and batch == spans[-1][1] + 1:
            spans[-1][1] = batch
        else:
            spans.append([batch, batch])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in spans)


def _spans(text: str) -> list[tuple[int, int]]:
    ends = [part.split("-") for part in text.split(",")]
    return [(int(end[0]), int(end[-1])) for end in ends]


_FOLDER = ".runs"
_FOLDER_OF_URLS = "runs"

# How often each lock is held in this process; the last holder removes the file.
_HELD: "Counter[Path]" = Counter()


@contextmanager
def run_lock(artifacts: Place, run_id: str, home: str = "") -> Iterator[None]:
    """Hold the lock of a run; several holders in one process share it.

    Args:
        artifacts: The folder that holds the outputs of all datasets.
        run_id: The run's id.
        home: Dagster's, if the lock is taken before Dagster knows the run.

    Raises:
        OSError: The folder cannot be written.
    """
    path = _path(artifacts, run_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = _shared_lock(path, home)
    _HELD[path] += 1
    try:
        yield
        if _HELD[path] == 1:
            path.unlink(missing_ok=True)
        # Left after an error: perhaps nobody could record the run's end. Who looks next will.
    finally:
        _HELD[path] -= 1
        os.close(handle)


@contextmanager
def run_lock_if_possible(artifacts: Place, run_id: str, home: str = "") -> Iterator[None]:
    """Hold the lock of a run, or none where the folder cannot be used.

    That is told by the step that writes there: a failure here would come without a step, and nobody
    would be shown its sentence.

    Args:
        artifacts: The folder that holds the outputs of all datasets.
        run_id: The run's id.
        home: Dagster's, if the lock is taken before Dagster knows the run.
    """
    with ExitStack() as stack:
        with suppress(OSError):
            stack.enter_context(run_lock(artifacts, run_id, home))
        yield


def is_dead(artifacts: Place, run_id: str) -> bool:
    """Whether a run took its lock on this machine and its process is gone.

    False also for a run that never took one: it may be about to, or work on another machine.
    """
    try:
        handle = os.open(_path(artifacts, run_id), os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError as error:
        # Not there; or a folder, a link or a socket, which is no lock of ours.
        if error.errno in (errno.ENOENT, errno.EISDIR, errno.ELOOP, errno.ENXIO):
            return False
        raise
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return False
        if not _was_taken_here(handle):
            return False
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Without a name it was released by a run that came to its end since it was opened here.
        return os.fstat(handle).st_nlink > 0
    except BlockingIOError:
        return False
    finally:
        os.close(handle)


def dead_runs(artifacts: Place) -> list[str]:
    """The runs that took their lock on this machine and whose process is gone."""
    names = sorted(path.name for path in _folder(artifacts).glob("[!.]*"))
    return [name for name in names if _is_run_id(name) and is_dead(artifacts, name)]


def home_of(artifacts: Place, run_id: str) -> str:
    """The home that a lock was taken for before Dagster knew the run; empty if it knew it."""
    try:
        return _path(artifacts, run_id).read_text("utf-8").partition("\n")[2]
    except FileNotFoundError:
        return ""


def forget(artifacts: Place, run_id: str) -> None:
    """Remove what a dead run left."""
    _path(artifacts, run_id).unlink(missing_ok=True)


def _shared_lock(path: Path, home: str) -> int:
    """An open handle with a shared lock on the file of a run, which is made if it is not there.

    It appears locked under its name: a look in between would take the run for a dead one.
    """
    with suppress(FileNotFoundError):
        handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        fcntl.flock(handle, fcntl.LOCK_SH)
        return handle
    remove_abandoned(path.parent)
    handle, temporary = locked_temporary(path.parent)
    try:
        os.write(handle, f"{_machine()}\n{home}".encode())
        temporary.replace(path)
    except BaseException:
        os.close(handle)
        temporary.unlink(missing_ok=True)
        raise
    return handle


def _was_taken_here(handle: int) -> bool:
    """Whether the lock of an open file is one of this machine, by its name or its kernel.

    Locks do not reach through every network file system: a run that works on another machine would
    be taken for a dead one. Containers have names of their own and one kernel; after a restart a
    machine has another kernel and its old name.
    """
    taken = os.pread(handle, 1000, 0).decode("utf-8", "replace").partition("\n")[0]
    return not taken or not set(taken.split()).isdisjoint(_machine().split())


def _machine() -> str:
    kernel = Path("/proc/sys/kernel/random/boot_id")
    boot = f" boot={kernel.read_text('ascii').strip()}" if kernel.is_file() else ""
    return f"host={socket.gethostname()}{boot}"


def _folder(artifacts: Place) -> Path:
    if isinstance(artifacts, Path):
        return artifacts / _FOLDER
    return cache_dir() / _FOLDER_OF_URLS / artifacts.folder_name


def _path(artifacts: Place, run_id: str) -> Path:
    # Run ids are UUIDs; whatever else came here must not lead out of the folder.
    if not _is_run_id(run_id):
        raise ValueError(f"{run_id!r} is no run id")
    return _folder(artifacts) / run_id


def _is_run_id(name: str) -> bool:
    return name.replace("-", "").isalnum()
