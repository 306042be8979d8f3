"""What the clients of object stores say of an error, told in a sentence.

What belongs here: which errors are about a store, and what to look at. What does not: which of them
are worth another attempt, which the clients know (`object_files.py`).
"""

import re
from collections.abc import Mapping
from typing import Final

from zwu_ts_assets.storage.places import Remote

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
