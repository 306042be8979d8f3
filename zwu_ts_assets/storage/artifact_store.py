"""Artifacts: written whole or not at all, each with a record of what it was made from.

What belongs here: what a store of artifacts promises, records, the question whether an artifact is
current, and asking a store that is waited for several things at a time. What does not: how files
are written (`folder_store.py` on disk, `object_store.py` behind a URL), what is in an artifact (the
corpus modules) and which file it is (the IO managers).

A record lies in `.records/<asset>/<key>.json` and is written after the files it speaks of. A run
killed in between leaves a record that does not match its files, and `is_current` says no: the
artifact is made again. So no order of events ends in a wrong artifact that is believed.
"""

import hashlib
import io
import json
import math
import re
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeVar

from zwu_ts_assets.storage.places import Place, StoreError

# JSON scalars only: details go into records and into the web UI.
Detail = str | int | float | bool | None

RECORD_LIMIT: Final = 256 * 1024 * 1024
"""Bytes that a record may have: an export of 100,000 windows has one of 30 MB."""

_SAFE_PART: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]*")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_INTEGERS: Final = 2**63  # what Dagster and its database can hold


@dataclass(frozen=True)
class FileRecord:
    """Size in bytes and sha256 of one file as it was written.

    Attributes:
        bytes: Its size.
        sha256: Of its content, in hexadecimal digits.
        tag: What an object store calls this content in its listings, its ETag; empty on disk.
    """

    bytes: int
    sha256: str
    tag: str = ""


@dataclass(frozen=True)
class Record:
    """What is known of an artifact without opening it.

    Attributes:
        fingerprint: Of everything it was made from: inputs, settings, code version.
        code_version: Of the asset that made it, settings included.
        version: Of its content; what is made from it carries this in its own fingerprint.
        files: By path relative to the store's root.
        details: Shapes, counts and spans, for the web UI and for downstream assets.
        preview: A small JPEG as base64, or Markdown, to look at; empty if there is none.
        preview_kind: `jpeg`, `markdown` or empty.
        sources: Of an artifact of many files: by path, a digest of what that file was made from.
    """

    fingerprint: str
    code_version: str
    version: str
    files: Mapping[str, FileRecord]
    details: Mapping[str, Detail] = field(default_factory=dict)
    preview: str = ""
    preview_kind: str = ""
    sources: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether it rightly has no file: it is of a batch in which every window has a gap."""
        return not self.files and self.details.get("windows") == 0


def digest(*parts: str) -> str:
    """A sha256 over some strings, with their boundaries: ("ab", "c") is not ("a", "bc")."""
    return hashlib.sha256(json.dumps(parts).encode("utf-8")).hexdigest()


class ArtifactStore(ABC):
    """A folder of artifacts. Names are relative and have only safe parts, so none escapes it.

    Attributes:
        root: The folder.
        at_once: How many files to read or write at the same time, where each is waited for.
    """

    root: Place
    at_once: int = 1

    def __init__(self, root: Place) -> None:
        self.root = root

    def parts(self, name: str) -> list[str]:
        """The parts of a relative name such as `correlations/batch_17.png`.

        Raises:
            ValueError: The name is absolute, climbs with `..` or has characters that could.
        """
        parts = name.split("/")
        if not all(_SAFE_PART.fullmatch(part) for part in parts if part != ".records"):
            raise ValueError(f"{name!r} is not a safe artifact name")
        return parts

    def path(self, name: str) -> Place:
        """Where the file of a name is, to be told; `ValueError` as for `parts`."""
        return self.root.joinpath(*self.parts(name))

    def look(self) -> "ArtifactStore":
        """The same store, for many questions at once.

        An object store lists its objects once and answers from that; on disk nothing changes.
        What is written through it is known to it, what others write meanwhile is not.
        """
        return self

    @abstractmethod
    def read(self, name: str) -> bytes:
        """The bytes of an artifact file; FileNotFoundError if there is none."""

    @abstractmethod
    def write(self, name: str, data: bytes) -> FileRecord:
        """Write a file under its final name in one step, or leave what was there.

        A file that already has these bytes is left alone, so its modification time tells when its
        content last changed.
        """

    def write_with(self, name: str, write: Callable[[BinaryIO], object]) -> FileRecord:
        """Write a file as `write` does, of bytes that are made piece by piece.

        Args:
            name: Of the file.
            write: Writes them, each time the same.
        """
        held = io.BytesIO()
        write(held)
        return self.write(name, held.getvalue())

    @abstractmethod
    def place(self, source: str, name: str, sha256: str, *, link: bool) -> FileRecord:
        """Give an artifact file a second name in one step.

        Args:
            source: The file, relative to the store's root.
            name: Its second name, likewise.
            sha256: Of its content.
            link: On disk, a hard link instead of a copy.

        Raises:
            ValueError: The source has another content.
            FileNotFoundError: There is no source.
        """

    @abstractmethod
    def has(self, name: str, expected: FileRecord) -> bool:
        """Whether a file is there with a content."""

    @abstractmethod
    def is_there(self, name: str) -> bool:
        """Whether there is a file of that name, whatever is in it."""

    @abstractmethod
    def names(self, folder: str) -> list[str]:
        """The files anywhere below a folder, by their names in the store; none if it is missing."""

    @abstractmethod
    def remove(self, name: str) -> bool:
        """Remove a file if it is there.

        Returns:
            Whether there is nothing of that name now. What is no file of ours is left alone: a
            link, a folder, and whatever lies behind a link.
        """

    @abstractmethod
    def opened(self, folder: str) -> AbstractContextManager[Path]:
        """A folder of the store on this machine, for programs that read files; not to be changed.

        On disk it is the folder itself, else a copy that lasts as long as the context.

        Args:
            folder: Relative to the store's root; empty for all of it.
        """

    @abstractmethod
    def others(self, folder: str, kept: Collection[str]) -> list[str]:
        """What a folder has that is not named; hidden files do not count.

        Of a folder without any named file only its own name, which ends in a slash; a link to a
        folder is one name too. Nothing is followed, read or changed.

        Args:
            folder: Relative to the store's root.
            kept: Names of files, likewise.
        """

    def link_on_the_way(self, name: str) -> Place | None:
        """The link to another folder by which a name would lead out of the store, if there is one.

        Args:
            name: Of a file, relative to the store's root.
        """
        return None

    @abstractmethod
    def remove_abandoned(self) -> None:
        """Remove what killed runs left unfinished anywhere in the folder."""

    def record(self, asset: str, key: str) -> Record | None:
        """The record of an artifact without its preview; None if there is none that can be read.

        Previews are a hundred times the rest: a run over thousands of batches holds their records.
        """
        record = self._whole_record(asset, key)
        return replace(record, preview="") if record else None

    def with_preview(self, asset: str, key: str, record: Record) -> Record:
        """A record as `record` gave it, with its preview, unless another one was written since."""
        written = self._whole_record(asset, key)
        same = written is not None and replace(written, preview="") == replace(record, preview="")
        return written if written is not None and same else record

    def _whole_record(self, asset: str, key: str) -> Record | None:
        try:
            return parsed_record(self._record_bytes(_record_name(asset, key)))
        except FileNotFoundError:
            return None

    @abstractmethod
    def _record_bytes(self, name: str) -> bytes:
        """The bytes of a record; FileNotFoundError if there is none, or something else instead."""

    def write_record(self, asset: str, key: str, record: Record) -> None:
        """Write the record of an artifact; call it after the artifact's files are written.

        Raises:
            StoreError: It would be too large to be read again.
        """
        fields = asdict(record)
        for entry in fields["files"].values():
            if not entry["tag"]:
                del entry["tag"]  # on disk there are none, and records were written without
        text = json.dumps(fields, ensure_ascii=False, sort_keys=True, indent=1)
        data = (text + "\n").encode("utf-8")
        if len(data) > RECORD_LIMIT:
            raise StoreError(
                f"{self.root}: the record of {asset} has {len(data)} bytes, and at most "
                f"{RECORD_LIMIT} are read; divide the CSV into several datasets"
            )
        self.write(_record_name(asset, key), data)

    def retire(self, asset: str, key: str, names: Iterable[str]) -> list[str]:
        """Remove an artifact's files and then its record, as far as they are there.

        In this order: were the record gone first, nothing would tell of files that are left.

        Args:
            asset: The asset's name.
            key: Batch index as text, or `all`.
            names: Its files by its record, relative to the store's root.

        Returns:
            The names that were left alone, because what is there is no file of ours.
        """
        left = [name for name in names if not self.remove(name)]
        self.remove(_record_name(asset, key))
        return left

    def record_keys(self, asset: str) -> list[str]:
        """The keys of an asset of which there are records."""
        folder, suffix = f".records/{asset}", ".json"
        return [
            name[len(folder) + 1 : -len(suffix)]
            for name in self.names(folder)
            if name.endswith(suffix)
        ]

    def is_whole(self, record: Record) -> bool:
        """Whether every file of a record is there with the recorded content."""
        return (bool(record.files) or record.is_empty) and all(
            self.has(name, expected) for name, expected in record.files.items()
        )

    def read_whole(self, record: Record, names: Mapping[str, str]) -> dict[str, bytes] | None:
        """The files of a record by role, or None if one has not the recorded content.

        Each is read once, so what is returned is what was held against the record, also when
        another process replaces the file meanwhile.

        Args:
            record: The artifact's record.
            names: Its files by role, relative to the store's root.
        """
        contents: dict[str, bytes] = {}
        for role, name in names.items():
            try:
                data = self.read(name)
            except (FileNotFoundError, NotADirectoryError):
                return None
            expected = record.files.get(name)
            if expected is None or hashlib.sha256(data).hexdigest() != expected.sha256:
                return None
            contents[role] = data
        return contents

    def current_record(self, asset: str, key: str, fingerprint: str) -> Record | None:
        """The record of an artifact that is whole and has this fingerprint, else None."""
        record = self.record(asset, key)
        if record is None or record.fingerprint != fingerprint or not self.is_whole(record):
            return None
        return record


def parsed_record(data: bytes) -> Record | None:
    """A record as it lies in a store, or None if it is none that this project could have written.

    A damaged, edited or older record is no proof of anything: the artifact counts as missing and is
    made again. What is returned can be relied on: names lead nowhere else, numbers are numbers.
    """
    if len(data) > RECORD_LIMIT:
        return None
    try:
        return _checked_record(json.loads(data.decode("utf-8")))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _checked_record(fields: Any) -> Record:
    files = {name: FileRecord(**entry) for name, entry in fields.pop("files").items()}
    record = Record(files=files, **fields)
    for name, file in files.items():
        if not all(map(_SAFE_PART.fullmatch, name.split("/"))):
            raise ValueError(f"{name!r} is not a safe artifact name")
        if not _SHA256.fullmatch(file.sha256) or not isinstance(file.tag, str):
            raise ValueError(f"{name!r} has no sha256")
        if type(file.bytes) is not int or not 0 <= file.bytes < _INTEGERS:
            raise ValueError(f"{name!r} has no size")
    texts = [record.fingerprint, record.code_version, record.version]
    texts += [record.preview, record.preview_kind, *(file.tag for file in files.values())]
    texts += [*record.sources, *record.sources.values(), *record.details]
    texts += [value for value in record.details.values() if isinstance(value, str)]
    for text in texts:
        text.encode("utf-8")  # of a lone surrogate, which JSON can hold and nothing can print
        if not isinstance(text, str):
            raise TypeError("expected a text")
    for value in record.details.values():
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError("expected a finite number")
        if isinstance(value, int) and not -_INTEGERS <= value < _INTEGERS:
            raise ValueError("expected a smaller number")
        if not isinstance(value, str | int | float | None):
            raise TypeError("expected a JSON scalar")
    return record


def _record_name(asset: str, key: str) -> str:
    return f".records/{asset}/{key}.json"


S = TypeVar("S")
T = TypeVar("T")


def ahead(function: Callable[[S], T], items: Iterable[S], at_once: int) -> Iterator[T]:
    """Results of a function in the order of its items, some of them begun before their turn.

    Items are taken one by one, in the caller's thread, as results are consumed; so a range of any
    length is never held.

    Args:
        function: Called in threads.
        items: Its arguments.
        at_once: How many calls may be under way; less than two for none before its turn, in the
            caller's own thread.
    """
    if at_once < 2:
        yield from map(function, items)
        return
    # Threads are loaded here alone, for those who wait.
    from concurrent.futures import Future, ThreadPoolExecutor

    pool = ThreadPoolExecutor(at_once)
    begun: deque[Future[T]] = deque()
    try:
        for item in items:
            begun.append(pool.submit(function, item))
            if len(begun) == at_once:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
