"""Where a folder is: on this machine, or in an object store under a URL.

What belongs here: telling one from the other, and names below either. What does not: reading and
writing there (`folder_store.py`, `object_store.py`), which folders there are (`environment.py`).
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from zwu_ts_assets.errors import CorpusError

_URL: Final = re.compile(r"(?P<protocol>[A-Za-z][A-Za-z0-9+.\-]*)://.*", re.DOTALL)
# Letters of a bucket and of a prefix; whatever else a shell, a log or a URL could take for syntax.
_PART: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-=+ ]*")


class StoreError(CorpusError):
    """An object store that cannot be used; the message names it and says what to look at."""


@dataclass(frozen=True)
class Remote:
    """A folder in an object store, or a name below it, as a path is one on this machine.

    Attributes:
        protocol: Of the URL, such as `s3`.
        path: Bucket and prefix, such as `bucket/some/prefix`; safe parts only, no `..`.
    """

    protocol: str
    path: str

    def __str__(self) -> str:
        return f"{self.protocol}://{self.path}"

    def __truediv__(self, name: str) -> "Remote":
        return Remote(self.protocol, f"{self.path}/{name}")

    def joinpath(self, *names: str) -> "Remote":
        """What lies below it by some names; itself, if there is none."""
        return Remote(self.protocol, "/".join([self.path, *names]))

    @property
    def folder_name(self) -> str:
        """What a folder of this machine is called that has something to do with it."""
        return hashlib.sha256(str(self).encode("utf-8")).hexdigest()[:16]


Place = Path | Remote
"""A folder, wherever it is. Both print as a person would type them."""


def printed_place(text: str) -> Place:
    """The place that prints like this; a path is taken as it is.

    Raises:
        CorpusError: As for `place_of`.
    """
    return place_of(text) if _URL.fullmatch(text) else Path(text)


def place_of(text: str, variable: str = "") -> Place:
    """The folder that a path or a URL names. `file://` is a path like any other.

    Args:
        text: What somebody wrote.
        variable: The environment variable that it is from, for the message.

    Raises:
        CorpusError: The URL holds a password or something else that is no bucket and no prefix.
    """
    match = _URL.fullmatch(text)
    if match is None:
        return Path(text).expanduser().resolve()
    protocol, rest = match["protocol"].lower(), text[match.end("protocol") + 3 :]
    before = f"{variable} " if variable else ""
    if "@" in rest:
        # Not shown: it holds what should not be in a terminal or a log.
        raise CorpusError(
            f"{before}is a URL of {protocol}:// with a name or password in it; take it out, and "
            "set the variables that the store's client reads instead, such as AWS_ACCESS_KEY_ID "
            "and AWS_SECRET_ACCESS_KEY"
        )
    if protocol == "file":
        host, slash, path = rest.partition("/")
        if host not in ("", "localhost") or not slash:
            raise CorpusError(f"{before}is {text!r}; expected file:///a/folder, with three slashes")
        return Path(f"/{unquote(path)}").resolve()
    path = rest.rstrip("/")
    if not all(_PART.fullmatch(part) for part in path.split("/")):
        # What follows a ? or a # may be a key or a signature, and so may what is before a colon.
        shown = f" a URL of {protocol}://" if re.search("[:?#;]", rest) else f" {text!r}"
        raise CorpusError(
            f"{before}is{shown}; expected a bucket and a prefix of letters, digits and "
            "_ . - = +, such as s3://bucket/prefix. Settings of the store belong into the "
            "environment."
        )
    return Remote(protocol, path)
