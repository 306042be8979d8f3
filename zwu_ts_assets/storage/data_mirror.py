"""CSVs and settings behind a URL, as a folder of this machine that follows it.

What belongs here: copying what changed there, and naming the URL where a message names the folder.
What does not: requests (`object_files.py`), which URL it is (`environment.py`), which files are
data, reading them (`timeseries/`).

So a dataset's CSV is always a path. A file is copied under another name and moved into place when
it is whole and still what the store lists; it gets the time that it has there. What was copied and
is no longer there is removed here. Other files are left alone.
"""

import fcntl
import hashlib
import json
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.storage.places import Remote, StoreError
from zwu_ts_assets.storage.regular_files import read_regular, remove_regular
from zwu_ts_assets.storage.temporaries import locked_temporary, remove_abandoned

# One part, not hidden, nothing that a terminal or a file system takes for something else.
_NAME: Final = re.compile(r"[^./\\\x00-\x1f\x7f][^/\\\x00-\x1f\x7f]*")
_LONGEST: Final = 255  # bytes of a file's name
_STATE: Final = ".state.json"
_STATE_LIMIT: Final = 64 * 1024 * 1024  # bytes; a file of the mirror takes about 100
_LOCK: Final = ".lock"

SuffixOf = Callable[[str], str]
"""The suffix of a file that is to be copied, by its name; empty of any other file."""


@dataclass(frozen=True)
class _Source:
    place: Remote
    suffix_of: SuffixOf


# The mirrors that this process knows, by their folder.
_SOURCES: dict[Path, _Source] = {}


def mirror_of(source: Remote, cache: Path, suffix_of: SuffixOf) -> Path:
    """The folder that follows a URL; nothing is copied yet.

    Args:
        source: Where the CSVs are.
        cache: The folder for what can be made again at any time.
        suffix_of: Tells which files are copied.
    """
    folder = cache / "data" / source.folder_name
    _SOURCES[folder] = _Source(source, suffix_of)
    return folder


def is_mirror(folder: Path) -> bool:
    """Whether a folder follows a URL, so that what is written there by hand would be lost."""
    return folder in _SOURCES


def told(text: str) -> str:
    """A text with the URL in place of the folder that follows it: that is what a person knows."""
    for folder, source in _SOURCES.items():
        text = text.replace(str(folder), str(source.place))
    return text


def bring_up_to_date(folder: Path, *, seconds: float | None = None) -> None:
    """Copy what changed behind the URL of a folder; nothing, if it follows none.

    Args:
        folder: A folder with CSVs.
        seconds: How long to wait for all of it; unset: as long as the largest file may take.

    Raises:
        StoreError: The store cannot be used, or not in that time. What was copied before stays as
            it is.
        CorpusError: The folder cannot be written.
    """
    source = _SOURCES.get(folder)
    if source is None:
        return
    until = time.monotonic() + seconds if seconds else None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder, source.place, until):
            _follow(source, folder, until)
    except OSError as error:
        raise CorpusError(
            f"the copy of {source.place} in {folder.parent} cannot be written ({error.strerror}); "
            "make room there, or set ZWU_TS_CACHE_DIR"
        ) from error


def _follow(source: _Source, folder: Path, until: float | None) -> None:
    # Not with the definitions: most data are on disk.
    from zwu_ts_assets.storage.object_files import ObjectFiles

    remove_abandoned(folder)
    files = ObjectFiles(source.place, until=until)
    state = _state(folder)
    there = {
        _here(name, suffix): (name, *facts)
        for name, facts in files.top().items()
        if _NAME.fullmatch(name) and (suffix := source.suffix_of(name))
    }
    # Settings first: they are small, and definitions need them and not the CSVs.
    for here, (name, facts, changed) in sorted(there.items(), key=lambda item: item[1][1].size):
        known = [facts.size, facts.tag, changed]
        if state.get(here) == known and (folder / here).is_file():
            continue
        handle, temporary = locked_temporary(folder)
        try:
            files.download(name, temporary)
            copied = temporary.stat().st_size
            if copied != facts.size >= 0 or files.facts(name) != facts:
                raise StoreError(f"{source.place / name} changed while it was copied; run again")
            if changed:
                os.utime(temporary, (changed, changed))
            # In this order: were it the other way round, a file could pass for what it is not.
            _write_state(folder, {**state, here: None})
            temporary.replace(folder / here)
        except FileNotFoundError:
            raise StoreError(
                f"{source.place / name} was removed while it was copied; run again"
            ) from None
        finally:
            temporary.unlink(missing_ok=True)
            os.close(handle)
        state[here] = known
        _write_state(folder, state)
    # What is named here was copied, or was to be: a file of no copy is somebody else's.
    for here in sorted(set(state) - set(there)):
        if "/" not in here and not here.startswith("."):
            remove_regular(folder, [here])
            del state[here]
            _write_state(folder, state)


def _here(name: str, suffix: str) -> str:
    """The name that a file gets on this machine, whose file systems have shorter ones.

    One too long gives no dataset, and is told like any other that gives none. To fail to copy it
    would be to take every other one down.
    """
    if len(name.encode("utf-8")) <= _LONGEST:
        return name
    short = name.encode("utf-8")[:100].decode("utf-8", "ignore")
    return f"{short}-{hashlib.sha256(name.encode('utf-8')).hexdigest()}{suffix}"


def _state(folder: Path) -> dict[str, Any]:
    """Size, tag and time of each file as it was copied; none of a state that cannot be read."""
    with suppress(FileNotFoundError, ValueError, RecursionError):
        state = json.loads(read_regular(folder / _STATE, follow=False, limit=_STATE_LIMIT))
        if isinstance(state, dict):
            return state
    return {}


def _write_state(folder: Path, state: dict[str, Any]) -> None:
    handle, temporary = locked_temporary(folder)
    try:
        temporary.write_text(json.dumps(state, indent=1, sort_keys=True), "utf-8")
        temporary.replace(folder / _STATE)
    finally:
        temporary.unlink(missing_ok=True)
        os.close(handle)


@contextmanager
def _alone(folder: Path, source: Remote, until: float | None) -> Iterator[None]:
    """One process at a time: a daemon, a run and a person may all look at once."""
    handle = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | (fcntl.LOCK_NB if until else 0))
            except BlockingIOError:
                if until and time.monotonic() > until:
                    raise StoreError(
                        f"{source}: another process is still copying what changed there; wait for "
                        "it, and try again"
                    ) from None
                time.sleep(0.1)
                continue
            except OSError:  # a file system without locks
                pass
            break
        yield
    finally:
        os.close(handle)
