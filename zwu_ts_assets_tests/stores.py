"""The places that artifacts can be kept in, as somebody sees them who is not the store."""

import sqlite3
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path

import fsspec

from zwu_ts_assets.storage.artifact_store import ArtifactStore
from zwu_ts_assets.storage.folder_store import FolderStore
from zwu_ts_assets.storage.object_store import ObjectStore
from zwu_ts_assets.storage.places import Remote
from zwu_ts_assets_tests.object_server import BUCKET, ask, contents, listed


class Shelf(ABC):
    """A store, and its files by a way of their own."""

    store: ArtifactStore

    @abstractmethod
    def files(self) -> dict[str, bytes]:
        """Every file, by name."""

    @abstractmethod
    def put(self, name: str, data: bytes) -> None:
        """Put a file there, by hand."""

    @abstractmethod
    def drop(self, name: str) -> None:
        """Delete a file, by hand."""

    @abstractmethod
    def stamps(self) -> dict[str, object]:
        """When each file was last written, and what else tells one version from another."""


class FolderShelf(Shelf):
    """A folder."""

    def __init__(self, root: Path) -> None:
        self.root, self.store = root, FolderStore(root)

    def files(self) -> dict[str, bytes]:
        """Every file, by name."""
        return {
            path.relative_to(self.root).as_posix(): path.read_bytes()
            for path in self.root.rglob("*")
            if path.is_file()
        }

    def put(self, name: str, data: bytes) -> None:
        """Put a file there, by hand."""
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_bytes(data)

    def drop(self, name: str) -> None:
        """Delete a file, by hand."""
        (self.root / name).unlink()

    def stamps(self) -> dict[str, object]:
        """When each file was last written."""
        stats = {name: (self.root / name).stat() for name in self.files()}
        return {name: (stat.st_ino, stat.st_mtime_ns) for name, stat in stats.items()}


class MemoryShelf(Shelf):
    """Objects in the memory of this process."""

    def __init__(self, name: str) -> None:
        self.root, self.system = f"/{name}", fsspec.filesystem("memory")
        self.store = ObjectStore(Remote("memory", name))

    def files(self) -> dict[str, bytes]:
        """Every file, by name."""
        found = self.system.find(self.root)
        return {path[len(self.root) + 1 :]: self.system.cat_file(path) for path in found}

    def put(self, name: str, data: bytes) -> None:
        """Put a file there, by hand."""
        self.system.pipe_file(f"{self.root}/{name}", data)

    def drop(self, name: str) -> None:
        """Delete a file, by hand."""
        self.system.rm_file(f"{self.root}/{name}")

    def stamps(self) -> dict[str, object]:
        """When each file was last written."""
        found = self.system.find(self.root, detail=True)
        return {path[len(self.root) + 1 :]: info["created"] for path, info in found.items()}


class S3Shelf(Shelf):
    """Objects on a server that speaks S3."""

    def __init__(self, port: int, prefix: str) -> None:
        self.port, self.prefix = port, prefix
        self.store = ObjectStore(Remote("s3", f"{BUCKET}/{prefix}"))

    def files(self) -> dict[str, bytes]:
        """Every file, by name."""
        return contents(self.port, self.prefix)

    def put(self, name: str, data: bytes) -> None:
        """Put a file there, by hand."""
        ask(self.port, "PUT", f"/{BUCKET}/{self.prefix}/{name}", data)

    def drop(self, name: str) -> None:
        """Delete a file, by hand."""
        ask(self.port, "DELETE", f"/{BUCKET}/{self.prefix}/{name}")

    def stamps(self) -> dict[str, object]:
        """When each file was last written."""
        return dict(listed(self.port, f"{self.prefix}/"))


def unpacked(path: Path) -> Iterator[bytes]:
    """The bytes of a file, and of a database every cell, unpacked where it is packed."""
    yield path.read_bytes()
    if path.suffix != ".db":
        return
    with sqlite3.connect(path) as database:
        tables = database.execute("select name from sqlite_master where type = 'table'").fetchall()
        for (table,) in tables:
            for row in database.execute(f'select * from "{table}"'):  # noqa: S608 - from the file
                for cell in row:
                    if isinstance(cell, bytes):
                        try:
                            yield zlib.decompress(cell)
                        except zlib.error:
                            yield cell
