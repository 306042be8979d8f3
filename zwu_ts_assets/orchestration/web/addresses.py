"""Under which addresses the web UI is opened: what `Host` and `Origin` may be.

What belongs here: comparing those two headers with the addresses that are ours. What does not: what
else a request must have (`guard.py`).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from zwu_ts_assets.errors import CorpusError

LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_HOST: Final = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+")
_EVERY_INTERFACE: Final = ("0.0.0.0", "::", "")  # noqa: S104 - compared with, not listened on


@dataclass(frozen=True)
class Address:
    """What the browser's address bar begins with, which is an origin.

    Attributes:
        scheme: `http` or `https`.
        host: A name or a number, in lower case; of IPv6 without brackets.
        port: Also where the address bar leaves it out.
    """

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        name = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{name}{port}"


def address_of(text: str) -> Address | None:
    """An address as it is written, such as `https://corpus.example.com`; None if it is none."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _DEFAULT_PORTS or not _HOST.fullmatch(parts.hostname or ""):
        return None
    address = Address(parts.scheme, str(parts.hostname), port or _DEFAULT_PORTS[parts.scheme])
    # Whatever else a URL may have, such as a user, a path or white space, is no part of an address.
    written = {str(address), f"{str(address).removesuffix(f':{address.port}')}:{address.port}"}
    return address if text.lower() in written else None


def own_addresses(host: str, port: int, others: Iterable[str], variable: str) -> list[Address]:
    """The addresses under which a server is opened.

    Args:
        host: What it listens on.
        port: The port it listens on.
        others: Addresses under which a proxy or a forwarded port leads to it.
        variable: Where the others come from.

    Raises:
        CorpusError: One of the others is no address.
    """
    own = [Address("http", name, port) for name in LOOPBACK]
    if host.lower() not in (*LOOPBACK, *_EVERY_INTERFACE):
        own.append(Address("http", host.lower(), port))
    for text in others:
        address = address_of(text.removesuffix("/"))
        if address is None:
            raise CorpusError(
                f"{variable} has {text!r}; expected what the browser's address bar begins with, "
                "such as https://corpus.example.com or http://192.168.1.5:3000"
            )
        own.append(address)
    return own


def addressed(own: Iterable[Address], host: str) -> list[Address]:
    """Those of the addresses that a `Host` header means; empty if it is foreign.

    The header has no scheme: a proxy may have ended TLS before us.
    """
    return [address for address in own if address_of(f"{address.scheme}://{host}") == address]
