"""Artifacts in an object store: whole by their upload, compared by their listing.

What belongs here: what a store of artifacts promises (`artifact_store.py`), kept with objects. What
does not: requests, retries and errors (`object_files.py`).

An object appears, and is replaced, in one step when its upload is complete; so there are no
temporaries. Beside size and sha256, a record has the tag that the store gave the object when it was
written, its ETag. If the listing has the same size and tag, nobody has put another content there
since: the ETag of an upload is its MD5, or in encrypted buckets and of large objects something that
changes with each upload. It does not prove that the store keeps its bytes; who reads an artifact
holds what was read against the sha256.

There are no locks. Two runs that write the same artifact write the same bytes; and where a CSV
changed between them, the record of one does not fit the object of the other, the next look notices
and the artifact is made again.
"""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Final

from zwu_ts_assets.storage.artifact_store import (
    RECORD_LIMIT,
    ArtifactStore,
    FileRecord,
    Record,
    parsed_record,
)
from zwu_ts_assets.storage.object_clients import KeptObjects
from zwu_ts_assets.storage.object_files import Facts, ObjectFiles, is_content_tag
from zwu_ts_assets.storage.places import Remote, StoreError

_RECORDS: Final = ".records/"
# Behind a server 20 ms away, 100 small objects took 13.4 s one by one, 4.2 s four at once, 2.2 s
# eight at once, on a busy machine; more of them would be more in memory.
_AT_ONCE: Final = 8
_RECORDS_AT_ONCE: Final = 64
_SMALL_BYTES: Final = 1024 * 1024


# Where an object appears whole; on a file server behind a URL it would grow in plain sight.
_PROTOCOLS: Final = frozenset(
    {"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "oss", "obs", "memory"}
)


class ObjectStore(ArtifactStore):
    """Artifacts below a URL."""

    root: Remote
    at_once = _AT_ONCE

    def __init__(self, root: Remote, listing: dict[str, Facts] | None = None) -> None:
        """Args: bucket and prefix; what is there, if this is a look."""
        super().__init__(root)
        if root.protocol not in _PROTOCOLS:
            known = ", ".join(sorted(_PROTOCOLS - {"memory"}))
            raise StoreError(
                f"{root}: artifacts cannot be kept there, because a file would be seen half "
                f"written; expected a folder, or an object store by one of: {known}"
            )
        self._files = ObjectFiles(root)
        self._listing = listing
        self._records: dict[str, Record | None] = {}
        self._vouched: dict[str, FileRecord] | None = None
        self._lock = Lock()

    def look(self) -> "ObjectStore":
        """The store as it is now, by one listing; records are read at once where it pays."""
        return ObjectStore(self.root, self._files.listing())

    def read(self, name: str) -> bytes:
        """The bytes of an artifact file; FileNotFoundError if there is none."""
        self.parts(name)
        if self._listing is None:
            return self._files.read(name)
        if name not in self._listing:
            raise FileNotFoundError(f"{self.root / name} is not there")
        facts = self._listing[name]
        if facts.size > _SMALL_BYTES or name.startswith(_RECORDS):
            return self._files.read(name)
        kept = _KEPT.get(str(self.root / name), facts.tag)
        if isinstance(kept, bytes):
            return kept
        data = self._files.read(name)
        if facts.tag == _md5(data):
            _KEPT.keep(str(self.root / name), facts.tag, data, len(data))
        return data

    def record(self, asset: str, key: str) -> Record | None:
        """The record of an artifact without its preview; None if there is none that can be read."""
        if self._listing is None:
            return super().record(asset, key)
        name, folder = f"{_RECORDS}{asset}/{key}.json", f"{_RECORDS}{asset}/"
        self.parts(name)
        if name in self._listing and name not in self._records:
            self._fetch_records([each for each in list(self._listing) if each.startswith(folder)])
        return self._records.get(name)

    def write(self, name: str, data: bytes) -> FileRecord:
        """Put an object in one step, or leave what was there; the same content is not put again.

        Raises:
            StoreError: The store cannot be used.
        """
        self.parts(name)
        sha256 = hashlib.sha256(data).hexdigest()
        facts = self._facts(name)
        if facts and facts.size == len(data) and self._holds(name, facts, data):
            return FileRecord(len(data), sha256, facts.tag)
        tag = self._files.write(name, data)
        self._know(name, Facts(len(data), tag))
        if name.startswith(_RECORDS) and self._listing is not None:
            self._records[name] = _slim(data)
        return FileRecord(len(data), sha256, tag)

    def place(self, source: str, name: str, sha256: str, *, link: bool) -> FileRecord:
        """Copy an artifact within the store; there are no links, so that either way it is a copy.

        Its bytes do not come here, if a record says that the source is as it was written.

        Raises:
            ValueError: The source has another content.
            FileNotFoundError: There is no source.
            StoreError: The store cannot be used.
        """
        self.parts(name), self.parts(source)
        original, there = self._facts(source), self._facts(name)
        if original is None:
            raise FileNotFoundError(f"{self.root / source} is not there")
        if not self._is_vouched(source, original, sha256) and not self._has_sha256(source, sha256):
            raise ValueError(f"{self.root / source} has another content than its record says")
        if there and there.size == original.size:
            same_tag = there == original and is_content_tag(original.tag)
            if same_tag or self._is_vouched(name, there, sha256) or self._has_sha256(name, sha256):
                return FileRecord(there.size, sha256, there.tag)
        copied = self._files.copy(source, name, original)
        if copied.tag != original.tag or not is_content_tag(copied.tag):
            copied = Facts(copied.size, self._files.tag_of(name, sha256))
        self._know(name, copied)
        return FileRecord(copied.size, sha256, copied.tag)

    def has(self, name: str, expected: FileRecord) -> bool:
        """Whether an object is there as it was written, by size and tag; nothing is read."""
        facts = self._facts(name)
        return bool(expected.tag) and facts == (expected.bytes, expected.tag)

    def is_there(self, name: str) -> bool:
        """Whether there is an object of that name, whatever is in it."""
        return self._facts(name) is not None

    def names(self, folder: str) -> list[str]:
        """The objects anywhere below a folder, by their names in the store."""
        listing = self._listing
        if listing is None:
            listing = self._files.listing(folder)
        start = f"{folder}/" if folder else ""
        return [name for name in list(listing) if name.startswith(start)]

    def remove(self, name: str) -> bool:
        """Remove an object if it is there; there are no links, so that nothing is left alone."""
        self.parts(name)
        self._files.remove(name)
        self._records.pop(name, None)
        if self._listing is not None:
            self._listing.pop(name, None)
        return True

    @contextmanager
    def opened(self, folder: str) -> Iterator[Path]:
        """A copy of a folder on this machine, for programs that read files.

        Raises:
            StoreError: The store cannot be used, or a name in it could lead out of the folder.
        """
        names = self.names(folder)
        start = len(folder) + 1 if folder else 0
        for name in names:
            if any(
                part in ("", ".", "..") or "\\" in part or "\0" in part for part in name.split("/")
            ):
                raise StoreError(f"{self.root}: has an object {name!r}, which is no safe file name")
        with TemporaryDirectory(prefix="zwu-ts-assets-") as temporary:
            copies = {name: Path(temporary, name[start:]) for name in names}
            for path in copies.values():
                path.parent.mkdir(parents=True, exist_ok=True)
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                for _ in pool.map(self._files.download, copies, copies.values()):
                    pass
            yield Path(temporary)

    def others(self, folder: str, kept: Collection[str]) -> list[str]:
        """What a folder has that is not named; see `ArtifactStore.others`."""
        named = set(kept)
        folders = {each for name in (*named, f"{folder}/.") for each in _folders_of(name)}
        found: dict[str, None] = {}
        for name in sorted(self.names(folder)):
            inner = name[len(folder) + 1 :].split("/")
            if name in named or any(part.startswith(".") for part in inner):
                continue
            topmost = next((each for each in _folders_of(name) if each not in folders), "")
            found[f"{topmost}/" if topmost else name] = None
        return list(found)

    def remove_abandoned(self) -> None:
        """Nothing to do: an upload that was not completed is not visible."""

    def current_record(self, asset: str, key: str, fingerprint: str) -> Record | None:
        """The record of an artifact that is whole and has this fingerprint, else None.

        An artifact that somebody copied here with its record has another tag, or none. It is read
        once, and if it is what its record says, the record is written again with the new tag.
        """
        record = self.record(asset, key)
        if record is None or record.fingerprint != fingerprint:
            return None
        return record if self.is_whole(record) else self._adopted(asset, key, record)

    def _record_bytes(self, name: str) -> bytes:
        facts = self._facts(name)
        if facts is None or facts.size > RECORD_LIMIT:
            raise FileNotFoundError(f"{self.root / name} is not there, or too large for a record")
        return self._files.read(name)

    def _adopted(self, asset: str, key: str, record: Record) -> Record | None:
        files: dict[str, FileRecord] = {}
        for name, expected in record.files.items():
            facts = self._facts(name)
            if facts is None or facts.size != expected.bytes:
                return None
            if not self.has(name, expected) and not self._has_sha256(name, expected.sha256):
                return None
            files[name] = replace(expected, tag=facts.tag)
        if not files:
            return None
        self.write_record(asset, key, replace(self.with_preview(asset, key, record), files=files))
        return replace(record, files=files)

    def _facts(self, name: str) -> Facts | None:
        return self._files.facts(name) if self._listing is None else self._listing.get(name)

    def _know(self, name: str, facts: Facts) -> None:
        if self._listing is not None:
            self._listing[name] = facts

    def _holds(self, name: str, facts: Facts, data: bytes) -> bool:
        """Whether an object of the same size has these bytes."""
        if facts.tag == _md5(data):
            return True
        return self._has_sha256(name, hashlib.sha256(data).hexdigest())

    def _has_sha256(self, name: str, sha256: str) -> bool:
        """Whether an object has a content, found by reading it."""
        try:
            return hashlib.sha256(self._files.read(name)).hexdigest() == sha256
        except FileNotFoundError:
            return False

    def _is_vouched(self, name: str, facts: Facts, sha256: str) -> bool:
        """Whether some record says that an object with this tag has a content; only in a look."""
        if self._listing is None:
            return False
        with self._lock:
            if self._vouched is None:
                self._vouched = self._all_files()
        known = self._vouched.get(name)
        return known == FileRecord(facts.size, sha256, facts.tag)

    def _all_files(self) -> dict[str, FileRecord]:
        """Every file of which there is a record."""
        self._fetch_records(self.names(_RECORDS.rstrip("/")))
        files: dict[str, FileRecord] = {}
        for record in list(self._records.values()):
            files |= record.files if record else {}
        return files

    def _fetch_records(self, names: Sequence[str]) -> None:
        """Read records of the listing that are not known by their tag already, many at once."""
        assert self._listing is not None
        missing = []
        for name in names:
            if name in self._records:
                continue
            kept = _KEPT.get(str(self.root / name), self._listing[name].tag)
            if isinstance(kept, Record):
                self._records[name] = kept
            elif self._listing[name].size > RECORD_LIMIT:
                self._records[name] = None
            else:
                missing.append(name)
        for first in range(0, len(missing), _RECORDS_AT_ONCE):  # they come with their previews
            some = missing[first : first + _RECORDS_AT_ONCE]
            for name, data in self._files.read_many(some).items():
                record = self._records[name] = _slim(data)
                # Of a content that the tag does not prove, it could be the next one.
                if record is not None and self._listing[name].tag == _md5(data):
                    _KEPT.keep(str(self.root / name), _md5(data), record, len(repr(record)))


_KEPT: Final = KeptObjects(64 * 1024 * 1024)


def _folders_of(name: str) -> Iterator[str]:
    """The folders that a name lies in, from the topmost one."""
    parts = name.split("/")
    return ("/".join(parts[:depth]) for depth in range(1, len(parts)))


def _slim(data: bytes) -> Record | None:
    record = parsed_record(data)
    return replace(record, preview="") if record else None


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()
