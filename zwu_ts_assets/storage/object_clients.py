"""The clients of object stores: how often each of them tries, and what its errors mean.

What belongs here: making the client of a protocol, telling its errors in a sentence, and keeping
what was read by its tags. What does not: what is asked of it (`object_files.py`), when a tag proves
a content (`object_store.py`).
"""

import re
from collections import OrderedDict
from collections.abc import Mapping
from functools import cache
from threading import Lock
from typing import Any, Final

from zwu_ts_assets.storage.artifact_store import Record
from zwu_ts_assets.storage.places import Remote, StoreError

# Packages whose errors are about the store, in case they are no OSError.
_CLIENTS: Final = frozenset({"aiobotocore", "aiohttp", "botocore", "fsspec", "s3fs"})

_REMEDIES: Final[Mapping[str, str]] = {
    "NoSuchBucket": "there is no such bucket; create it, or correct the URL",
    "InvalidBucketName": "that is no name of a bucket; correct the URL",
    "AccessDenied": "the credentials do not allow this; look at the policy of the bucket and the "
    "user: listing, reading, writing and deleting are needed",
    "403": "the credentials do not allow this; look at the policy of the bucket and the user: "
    "listing, reading, writing and deleting are needed",
    "InvalidAccessKeyId": "the store does not know these credentials; look at AWS_ACCESS_KEY_ID",
    "SignatureDoesNotMatch": "the secret does not fit the key; look at AWS_SECRET_ACCESS_KEY",
    "ExpiredToken": "the credentials have expired; get new ones",
    "NoCredentialsError": "there are no credentials; set AWS_ACCESS_KEY_ID and "
    "AWS_SECRET_ACCESS_KEY, or AWS_PROFILE",
    "PartialCredentialsError": "half of the credentials is missing; set AWS_ACCESS_KEY_ID and "
    "AWS_SECRET_ACCESS_KEY",
    "ProfileNotFound": "there is no such profile; look at AWS_PROFILE",
    "SlowDown": "the store wants fewer requests, also after several attempts; run again later",
    "QuotaExceeded": "the store is full; free some space and run again",
}
# Of an address: a name and a password before the host, and what is signed behind a question mark.
_CREDENTIALS: Final = re.compile(r"""(?<=://)[^"'<>]*(?=@)|(?<=\?)[^\s"'<>]+""")
_UNREACHABLE: Final = (
    "the store did not answer, also after several attempts; look at AWS_ENDPOINT_URL and the "
    "network, and run again"
)


def is_of_a_store(error: Exception) -> bool:
    """Whether an error is about a store or the way to it, and no mistake of ours."""
    package = type(error).__module__.partition(".")[0]
    # Of an address that is none, botocore says so with a plain ValueError.
    no_address = isinstance(error, ValueError) and str(error).startswith("Invalid endpoint")
    return isinstance(error, OSError) or package in _CLIENTS or no_address


def sentence_of(error: Exception, root: Remote, name: str = "") -> str:
    """What was found and what to look at; no credential.

    Args:
        error: What a client raised.
        root: The folder in question.
        name: The object in it, if it is about one.
    """
    code = code_of(error)
    # Not the whole error: a client's may hold the request with its headers.
    said = _CREDENTIALS.sub("...", " ".join(str(error).split()))[:200]
    what = (code or type(error).__name__) + (f" at {name}" if name else "")
    remedy = _REMEDIES.get(code)
    if remedy is None:
        remedy = _REMEDIES["403"] if isinstance(error, PermissionError) else _UNREACHABLE
    return (
        f"{root}: cannot be used ({what}: {said}): {remedy}. What was written before is untouched."
    )


def code_of(error: BaseException) -> str:
    """The store's own word for an error, if it had one; for a client's own error, its name."""
    for each in (error, error.__cause__):
        response = getattr(each, "response", None)
        if isinstance(response, Mapping):
            return str(response.get("Error", {}).get("Code", ""))
    return "" if isinstance(error, OSError) else type(error).__name__


class KeptObjects:
    """Contents by name and tag; what was not asked for longest goes first."""

    def __init__(self, most_bytes: int) -> None:
        """Args: how much to keep in all."""
        self._most_bytes, self._bytes = most_bytes, 0
        self._contents: OrderedDict[str, tuple[str, Record | bytes, int]] = OrderedDict()
        self._lock = Lock()  # a code server looks at several datasets in threads

    def get(self, name: str, tag: str) -> Record | bytes | None:
        """What an object held when it had this tag, if that is known."""
        with self._lock:
            known = self._contents.get(name)
            if known is None or known[0] != tag:
                return None
            self._contents.move_to_end(name)
            return known[1]

    def keep(self, name: str, tag: str, content: Record | bytes, size: int) -> None:
        """Keep what an object holds while it has this tag.

        Args:
            name: Its URL.
            tag: Its tag, which proves the content.
            content: What it holds.
            size: Bytes that this takes, about.
        """
        with self._lock:
            if name in self._contents:
                self._bytes -= self._contents.pop(name)[2]
            self._contents[name] = (tag, content, size)
            self._bytes += size
            while self._bytes > self._most_bytes:
                self._bytes -= self._contents.popitem(last=False)[1][2]


# Of a request: botocore waits up to 1, 2, 4 and 8 s between five attempts.
_ATTEMPTS: Final = 5
# Of an answer: s3fs asks again if it ends in the middle of the body.
_READS: Final = 3
_CONNECT_SECONDS: Final = 5
_SILENCE_SECONDS: Final = 30
_CONNECTIONS: Final = 32

_OPTIONS: Final[Mapping[str, Mapping[str, Any]]] = {
    "s3": {
        "config_kwargs": {
            "retries": {"mode": "standard", "total_max_attempts": _ATTEMPTS},
            "connect_timeout": _CONNECT_SECONDS,
            "read_timeout": _SILENCE_SECONDS,
            "max_pool_connections": _CONNECTIONS,
        },
        # More would ask for the size of each object before reading it. Many are read at once.
        "max_concurrency": 1,
    },
}


@cache
def filesystem_of(protocol: str, process: int) -> Any:
    """The client of a protocol; one per process, because its connections survive no fork.

    Raises:
        StoreError: It is not installed, or the protocol is none that can be used.
    """
    try:
        import fsspec

        # Without its cache of listings: others write too.
        options = _OPTIONS.get("s3" if protocol == "s3a" else protocol, {})
        filesystem = fsspec.filesystem(
            protocol, use_listings_cache=False, skip_instance_cache=True, **options
        )
    except ImportError as error:
        raise StoreError(
            f"{protocol}:// needs a package that is not installed ({error.name or error}); install "
            "it: make cluster, or pip install 'zwu-ts-assets[cluster]'"
            + ("" if protocol in ("s3", "s3a") else ", and the client of this store")
        ) from None
    except ValueError as error:
        raise StoreError(f"{protocol}:// is no object store that is known here ({error})") from None
    if hasattr(filesystem, "retries"):
        filesystem.retries = _READS
    return filesystem
