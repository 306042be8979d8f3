"""Artifacts on disk: written whole or not at all, each with a record of what it was made from.

What belongs here: atomic writes, records and the question whether an artifact is current. What
does not: what is in an artifact (the corpus modules) and which file it is (the IO managers).

A record lies in `.records/<asset>/<key>.json` and is written after the files it speaks of. A run
killed in between leaves a record that does not match its files, and `is_current` says no: the
artifact is made again. So no order of events ends in a wrong artifact that is believed.
"""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Container, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Final

from zwu_ts_assets.temporaries import locked_temporary, remove_abandoned

# JSON scalars only: details go into records and into the web UI.
Detail = str | int | float | bool | None

_SAFE_PART: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]*")


@dataclass(frozen=True)
class FileRecord:
    """Size in bytes and sha256 of one file as it was written."""

    bytes: int
    sha256: str


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


class ArtifactStore:
    """A folder of artifacts. Paths are relative and use only safe names, so none escapes it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, name: str) -> Path:
        """The file of a relative name such as `correlations/batch_17.png`.

        Raises:
            ValueError: The name is absolute, climbs with `..` or has characters that could.
        """
        parts = name.split("/")
        if not all(_SAFE_PART.fullmatch(part) for part in parts if part != ".records"):
            raise ValueError(f"{name!r} is not a safe artifact name")
        return self.root.joinpath(*parts)

    def read(self, name: str) -> bytes:
        """The bytes of an artifact file; FileNotFoundError if there is none."""
        return self.path(name).read_bytes()

    def write(self, name: str, data: bytes) -> FileRecord:
        """Write a file under its final name in one step, or leave what was there.

        A file that already has these bytes is left alone, so its modification time tells when its
        content last changed.

        Raises:
            OSError: The folder is full, read-only or not a folder. Nothing is left behind.
        """
        path = self.path(name)
        record = FileRecord(bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
        if self._matches(path, record):
            return record
        with self._new(path) as temporary, temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        return record

    def place(self, source: str, name: str, sha256: str, *, link: bool) -> FileRecord:
        """Give an artifact file a second name in one step: a hard link, or a copy of its own.

        Args:
            source: The file, relative to the store's root.
            name: Its second name, likewise.
            sha256: Of its content.
            link: A link; it takes no space, and a program that writes into it changes both.

        Raises:
            ValueError: The source has another content.
            OSError: The folder is full or read-only, or the file system has no hard links.
        """
        path, original = self.path(name), self.path(source)
        record = FileRecord(bytes=original.stat().st_size, sha256=sha256)
        linked = path.exists() and path.samefile(original)
        if linked is link and self._matches(path, record):
            return record
        if not self._matches(original, record):
            raise ValueError(f"{original} has another content than its record says")
        with self._new(path) as temporary:
            if link:
                temporary.unlink()
                os.link(original, temporary)
            else:
                shutil.copyfile(original, temporary)
                with temporary.open("rb") as file:
                    os.fsync(file.fileno())
        return record

    def has(self, name: str, expected: FileRecord) -> bool:
        """Whether a file is there with a content."""
        return self._matches(self.path(name), expected)

    def remove_others(self, folder: str, kept: Container[str]) -> None:
        """Remove the files of a folder that are not named, and folders that are then empty.

        Args:
            folder: Relative to the store's root.
            kept: Paths of files, likewise.
        """
        for path in sorted(self.path(folder).rglob("*"), reverse=True):  # a folder after its files
            if path.is_dir() and not path.is_symlink():
                if not any(path.iterdir()):
                    path.rmdir()
            elif path.relative_to(self.root).as_posix() not in kept:
                path.unlink()

    def has_others(self, folder: str, kept: Container[str]) -> bool:
        """Whether a folder has files that are not named and that a program would find there.

        Hidden ones do not count: desktops leave them in every folder that somebody looks at.

        Args:
            folder: Relative to the store's root.
            kept: Paths of files, likewise.
        """
        return any(
            path.relative_to(self.root).as_posix() not in kept
            for path in self.path(folder).rglob("*")
            if not path.name.startswith(".") and (path.is_symlink() or not path.is_dir())
        )

    @contextmanager
    def _new(self, path: Path) -> Iterator[Path]:
        """A temporary file beside a path, which takes its place if all goes well."""
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = locked_temporary(path.parent)
        try:
            yield temporary
            temporary.chmod(0o644)  # made private; artifacts are read by trainers
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        finally:
            os.close(handle)
        _sync_folder(path.parent)

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
            fields = json.loads(self.read(_record_name(asset, key)))
            files = {name: FileRecord(**entry) for name, entry in fields.pop("files").items()}
            return Record(files=files, **fields)
        except FileNotFoundError:
            return None
        except (ValueError, TypeError, KeyError, AttributeError):
            # A damaged or older record is no proof of anything: the artifact counts as missing
            # and is made again.
            return None

    def write_record(self, asset: str, key: str, record: Record) -> None:
        """Write the record of an artifact; call it after the artifact's files are written."""
        text = json.dumps(asdict(record), ensure_ascii=False, sort_keys=True, indent=1)
        self.write(_record_name(asset, key), (text + "\n").encode("utf-8"))

    def retire(self, asset: str, key: str, names: Iterable[str]) -> None:
        """Remove an artifact's files and then its record, as far as they are there.

        In this order: were the record gone first, nothing would tell of files that are left.

        Args:
            asset: The asset's name.
            key: Batch index as text, or `all`.
            names: Its files, relative to the store's root.
        """
        self.remove(names)
        self.path(_record_name(asset, key)).unlink(missing_ok=True)

    def remove(self, names: Iterable[str]) -> None:
        """Remove files, as far as they are there, and the folder of a batch that is then empty.

        Args:
            names: Relative to the store's root.
        """
        folders = set()
        for name in names:
            path = self.path(name)
            path.unlink(missing_ok=True)
            if path.parent.parent != self.root:  # `correlations/` stays, `correlations/batch_1/`
                folders.add(path.parent)
        for folder in folders:
            with suppress(OSError):  # it has other files, or is not there
                folder.rmdir()

    def record_keys(self, asset: str) -> list[str]:
        """The keys of an asset of which there are records."""
        return [path.stem for path in (self.root / ".records" / asset).glob("*.json")]

    def is_whole(self, record: Record) -> bool:
        """Whether every file of a record is there with the recorded content."""
        return (bool(record.files) or record.is_empty) and all(
            self._matches(self.path(name), expected) for name, expected in record.files.items()
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

    def remove_abandoned(self) -> None:
        """Remove temporaries that killed runs left anywhere in the folder.

        Raises:
            OSError: There are some, and the folder is read-only.
        """
        remove_abandoned(self.root)

    def _matches(self, path: Path, expected: FileRecord) -> bool:
        try:
            if path.stat().st_size != expected.bytes:
                return False
            return hashlib.sha256(path.read_bytes()).hexdigest() == expected.sha256
        except (FileNotFoundError, NotADirectoryError):
            return False


def _record_name(asset: str, key: str) -> str:
    return f".records/{asset}/{key}.json"


def _sync_folder(folder: Path) -> None:
    # Without this a power cut can undo the rename although the file's content was synced.
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
