"""The clients of object stores, with how often and how long each of them tries.

What belongs here: making the client of a protocol. What does not: what is asked of it
(`object_files.py`), what its errors mean (`object_errors.py`).
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from zwu_ts_assets.storage.places import StoreError

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
