"""Objects in an object store: listed, read, written, copied and removed, or a sentence why not.

What belongs here: what is asked of fsspec's clients (`object_clients.py`). What does not: what the
objects are (`object_store.py` for artifacts, `data_mirror.py` for CSVs).

Transient errors (5xx, throttling, dropped connections, time-outs) are tried again by botocore, and
within a body by s3fs, with back-off; `object_clients.py` says how often and how long. What is left
after that, and what no repetition mends, ends in a `StoreError`.
"""

import hashlib
import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from zwu_ts_assets.storage.object_clients import code_of, filesystem_of, is_of_a_store, sentence_of
from zwu_ts_assets.storage.places import Remote, StoreError

# Of everything together: a body that trickles has no silence, and would never end.
_MOST_SECONDS: Final = 300.0
_DOWNLOAD_SECONDS: Final = 3600.0
# Where the same content has the same tag whoever wrote it: an MD5, of parts if there is a hyphen.
_CONTENT_TAG: Final = re.compile(r"[0-9a-f]{32}(-\d+)?")


class Facts(NamedTuple):
    """What a store says of an object without reading it: bytes, and a tag that changes with it."""

    size: int
    tag: str


class ObjectFiles:
    """The objects below a URL, by their names relative to it.

    Every method raises `StoreError` if the store cannot be used, in a sentence.
    """

    def __init__(
        self, root: Remote, seconds: float = _MOST_SECONDS, until: float | None = None
    ) -> None:
        """Nothing is asked yet.

        Args:
            root: Bucket and prefix.
            seconds: How long to wait for an answer.
            until: When all of them must have come, by `time.monotonic`; unset: no matter.
        """
        self.root, self._seconds, self._until = root, seconds, until

    def listing(self, folder: str = "") -> dict[str, Facts]:
        """All objects anywhere below a folder, and what is known of each.

        Args:
            folder: Relative to the root; empty for all of it.
        """
        start = f"{self._path('')}/"
        with self._speaking():
            found = self._call("find", self._path(folder), detail=True).values()
        return {info["name"][len(start) :]: _facts(info) for info in found if _is_file(info, start)}

    def top(self) -> dict[str, tuple[Facts, float]]:
        """The objects directly in the root: what is known of each, and when it was last changed.

        The time is in seconds of the epoch, 0.0 if the store does not say.
        """
        start = f"{self._path('')}/"
        with self._speaking():
            try:
                found = self._call("ls", self._path(""), detail=True)
            except FileNotFoundError as error:
                if code_of(error) == "NoSuchBucket":
                    raise
                found = []
        return {
            info["name"][len(start) :]: (_facts(info), _changed(info))
            for info in found
            if _is_file(info, start)
        }

    def facts(self, name: str) -> Facts | None:
        """What is known of an object, or None if it is not there."""
        with self._speaking(name):
            try:
                info = self._call("info", self._path(name))
            except FileNotFoundError as error:
                if code_of(error) == "NoSuchBucket":
                    raise
                return None
        return _facts(info) if info["type"] == "file" else None

    def read(self, name: str) -> bytes:
        """The bytes of an object; FileNotFoundError if there is none."""
        with self._speaking(name):
            data: bytes = self._call("cat_file", self._path(name))
        return data

    def read_many(self, names: Sequence[str]) -> dict[str, bytes]:
        """The bytes of several objects, asked for at once; what is not there is left out."""
        paths = {self._path(name): name for name in names}
        found: dict[str, bytes] = {}
        with self._speaking():
            answers = self._call("cat", list(paths), on_error="return") if paths else {}
            for path, answer in answers.items():
                if isinstance(answer, FileNotFoundError):
                    continue
                if isinstance(answer, BaseException):
                    raise answer
                found[paths[path]] = answer
        return found

    def write(self, name: str, data: bytes) -> str:
        """Put an object in one step; readers see the old or the new one, whole.

        Returns:
            Its tag.
        """
        with self._speaking(name):
            answer = self._call("pipe_file", self._path(name), data)
        if isinstance(answer, dict) and answer.get("ETag"):
            return str(answer["ETag"]).strip('"')
        return self.tag_of(name, hashlib.sha256(data).hexdigest())

    def copy(self, source: str, name: str, facts: Facts) -> Facts:
        """Copy an object within the store, without its bytes coming here.

        Args:
            source: What is copied.
            name: Where to.
            facts: What is known of the source; another content is not copied.

        Raises:
            ValueError: The source is not what it was.
        """
        with self._speaking(source):
            filesystem, path = filesystem_of(self.root.protocol, os.getpid()), self._path(source)
            if hasattr(filesystem, "call_s3"):  # s3fs' own way asks three times, and checks nothing
                (bucket, key, _), (_, new, _) = map(filesystem.split_path, (path, self._path(name)))
                try:
                    answer = self._call(
                        "call_s3",
                        "copy_object",
                        Bucket=bucket,
                        Key=new,
                        CopySource={"Bucket": bucket, "Key": key},
                        CopySourceIfMatch=f'"{facts.tag}"',
                    )
                except OSError as error:
                    if code_of(error) != "PreconditionFailed":
                        raise
                    raise ValueError(f"{self.root / source} was changed meanwhile") from None
                return Facts(facts.size, str(answer["CopyObjectResult"]["ETag"]).strip('"'))
            self._call("cp_file", path, self._path(name))
        copied = self.facts(name)
        if copied is None:
            raise ValueError(f"{self.root / name} was removed meanwhile")
        return copied

    def remove(self, name: str) -> None:
        """Remove an object if it is there."""
        with self._speaking(name):
            try:
                self._call("rm_file", self._path(name))
            except FileNotFoundError as error:
                if code_of(error) == "NoSuchBucket":
                    raise

    def download(self, name: str, path: Path) -> None:
        """Write the bytes of an object into a file of this machine, a piece at a time."""
        with self._speaking(name):
            self._call("get_file", self._path(name), str(path), seconds=_DOWNLOAD_SECONDS)

    def tag_of(self, name: str, sha256: str) -> str:
        """The tag that belongs to a content, found by reading it.

        Raises:
            StoreError: The object has another content, or is changing.
        """
        before = self.facts(name)
        data = self.read(name) if before else b""
        if before is None or before != self.facts(name):
            raise StoreError(f"{self.root / name} is being written by somebody else; run again")
        if hashlib.sha256(data).hexdigest() != sha256:
            raise StoreError(f"{self.root / name} was written by somebody else; run again")
        return before.tag

    def _path(self, name: str) -> str:
        filesystem_of(self.root.protocol, os.getpid())  # says what to install, if it is missing
        from fsspec.core import strip_protocol

        return str(strip_protocol(f"{self.root}/{name}" if name else str(self.root)))

    def _call(self, method: str, *args: Any, seconds: float = 0.0, **kwargs: Any) -> Any:
        """Call a method of the file system, for no longer than some seconds."""
        from fsspec.asyn import sync

        filesystem = filesystem_of(self.root.protocol, os.getpid())
        if not filesystem.async_impl:
            return getattr(filesystem, method)(*args, **kwargs)
        coroutine = getattr(filesystem, f"_{method}")
        limit = seconds or self._seconds
        if self._until is not None:
            # Not 0, which would be for ever.
            limit = max(min(limit, self._until - time.monotonic()), 0.001)
        return sync(filesystem.loop, coroutine, *args, timeout=limit, **kwargs)

    @contextmanager
    def _speaking(self, name: str = "") -> Iterator[None]:
        """Turn what a client says of a store into a sentence that names the URL and the object."""
        try:
            yield
        except (StoreError, FileNotFoundError) as error:
            if code_of(error) != "NoSuchBucket":
                raise
            raise StoreError(sentence_of(error, self.root, name)) from None
        except Exception as error:
            if not is_of_a_store(error):
                raise
            raise StoreError(sentence_of(error, self.root, name)) from None


def is_content_tag(tag: str) -> bool:
    """Whether equal tags of two objects mean equal content."""
    return _CONTENT_TAG.fullmatch(tag) is not None


def _is_file(info: Mapping[str, Any], start: str) -> bool:
    """Whether an entry of a listing is an object below a path."""
    name = info["name"]
    # A name that ends like a folder is what a web console makes of one.
    return bool(info["type"] == "file" and name.startswith(start) and not name.endswith("/"))


def _facts(info: Mapping[str, Any]) -> Facts:
    """Size and tag of an object: its ETag, or when it was made in stores that have none."""
    size = -1 if info["size"] is None else int(info["size"])  # a web server may not say
    for key in ("ETag", "etag", "md5Hash", "content_md5"):
        if info.get(key):
            return Facts(size, str(info[key]).strip('"'))
    return Facts(size, repr(_changed(info)))


def _changed(info: Mapping[str, Any]) -> float:
    """When an object was last changed, in seconds of the epoch; 0.0 if the store does not say."""
    for key in ("LastModified", "last_modified", "mtime", "updated", "created"):
        value = info.get(key)
        if isinstance(value, datetime):
            return value.timestamp()
        if isinstance(value, int | float):
            return float(value)
        if isinstance(value, str):
            return datetime.fromisoformat(value).timestamp()
    return 0.0
