"""Who may talk to the web server: the user's own browser, on our own pages, and nobody else.

What belongs here: deciding about a request by its headers, as ASGI middleware around any web app.
What does not: Dagster (`dagster_private.py`), which addresses are ours (`addresses.py`).

Dagster's web server runs code for whoever reaches it, and asks nobody who they are. Any page in any
tab of the user's browser reaches a server on 127.0.0.1. So each request is held against five rules,
the first of which alone would do against a browser that keeps all standards:

1. `Host` is one of our addresses: a foreign name may have been pointed here by its owner.
2. `Origin`, where there is one, is the very address that `Host` names; also of WebSockets.
3. `Sec-Fetch-Site`, where there is one, is our own page or the user; a link may lead here.
4. GraphQL comes as a POST of `application/json`, which no foreign page can send unasked.
5. The session token is there: as a cookie, in `Authorization: Bearer`, or once in the URL.
"""

import hashlib
import hmac
import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, quote, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from zwu_ts_assets.config.environment import WEB_ADDRESSES_VARIABLE
from zwu_ts_assets.orchestration.web.addresses import Address, address_of, addressed

_POLICY_VIOLATION: Final = 1008  # RFC 6455; before the handshake, servers make a 403 of it
# What a browser asks for without cookies, and what health checks ask for. They tell versions.
_OPEN: Final = frozenset({"/server_info", "/manifest.json"})
_HARMLESS: Final = frozenset({"GET", "HEAD"})
_OUR_PAGES: Final = frozenset({"same-origin", "none"})
_OWN_HEADERS: Final = {
    "X-Frame-Options": "SAMEORIGIN",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_PAGE_HEADERS: Final = {
    **_OWN_HEADERS,
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; form-action 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}
_ASK: Final = """\
<!doctype html><meta charset="utf-8"><title>Token</title>
<p>Open the address that was printed when the web UI was started, or enter its token:</p>
<form><input name="token" type="password" autofocus> <button>Open</button></form>
<p>If you had opened it before and came here by a link, <a href="PLACE">go on</a>.</p>
"""
# No redirect: after one, a browser that came from elsewhere would send no strict cookie.
_ENTER: Final = """\
<!doctype html><meta charset="utf-8"><title>Dagster</title>
<meta http-equiv="refresh" content="0;url=PLACE"><a href="PLACE">Go on</a>
"""


@dataclass(frozen=True)
class Refusal:
    """Why a request is not answered.

    Attributes:
        status: Of HTTP.
        sentence: Tells the user what was expected.
    """

    status: int
    sentence: str


class Guard:
    """Answers what breaks a rule itself, and hands the rest to the app behind it."""

    def __init__(self, app: ASGIApp, addresses: Sequence[Address], token: str | None) -> None:
        """Args: the app; under which addresses it is opened; its token, if it asks for one."""
        self.app, self.addresses, self.token = app, tuple(addresses), token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request or hand it on; what is no request, such as the start, is handed on."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        answer: Response | None = None
        refusal = foreign(connection, self.addresses) or _no_graphql(scope, connection.headers)
        if refusal is None and self.token is not None:
            refusal, answer = self._entered(connection, self.token)
        if refusal is None and answer is None:
            await self.app(scope, receive, _with_headers(send))
        elif scope["type"] == "websocket":
            await receive()  # the browser's request to connect
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
        else:
            if answer is None:
                assert refusal is not None
                answer = PlainTextResponse(
                    refusal.sentence + "\n", refusal.status, headers=_PAGE_HEADERS
                )
            await answer(scope, receive, send)

    def _entered(
        self, connection: HTTPConnection, token: str
    ) -> tuple[Refusal | None, Response | None]:
        """Whether somebody has the token: why not, or the page that makes a cookie of it."""
        scope, headers = connection.scope, connection.headers
        method = scope["method"] if scope["type"] == "http" else ""
        our = addressed(self.addresses, headers["host"])
        # With the port, for browsers give the cookies of a host to all of its ports.
        name, session = f"zwu_ts_assets_{our[0].port}", _session(token)
        place = html.escape(_without_token(scope))
        if method == "GET" and _same(connection.query_params.get("token", "").strip(), token):
            page = HTMLResponse(_ENTER.replace("PLACE", place), headers=_PAGE_HEADERS)
            secure = all(address.scheme == "https" for address in our)
            page.set_cookie(name, session, httponly=True, samesite="strict", secure=secure)
            return None, page
        scheme, _, credentials = headers.get("authorization", "").partition(" ")
        if (
            (method in _HARMLESS and scope["path"] in _OPEN)
            or _same(connection.cookies.get(name, ""), session)
            or (scheme.lower() == "bearer" and _same(credentials.strip(), token))
        ):
            return None, None
        if method == "GET" and "text/html" in headers.get("accept", ""):
            page = HTMLResponse(_ASK.replace("PLACE", place), 401, headers=_PAGE_HEADERS)
            return None, page
        return Refusal(401, "The token of the web UI is missing or is another one."), None


def foreign(connection: HTTPConnection, addresses: Sequence[Address]) -> Refusal | None:
    """Why a request is not one of the user, or of a page of ours; None if it is."""
    scope, headers = connection.scope, connection.headers
    hosts, origins = headers.getlist("host"), headers.getlist("origin")
    our = addressed(addresses, hosts[0]) if len(hosts) == 1 else []
    if not our:
        return Refusal(
            403,
            f"The Host {', '.join(hosts)!r} is not an address of this web UI, which is opened as "
            f"{', '.join(map(str, addresses))}. Name others in {WEB_ADDRESSES_VARIABLE}.",
        )
    if len(origins) > 1 or (origins and address_of(origins[0]) not in our):
        return Refusal(
            403,
            f"The request comes from a page of {', '.join(origins)!r}; expected one of "
            f"{', '.join(map(str, our))}.",
        )
    site = headers.get("sec-fetch-site", "none")
    followed = (
        scope["type"] == "http"
        and scope["method"] == "GET"
        and headers.get("sec-fetch-mode") == "navigate"
        and headers.get("sec-fetch-dest") == "document"
    )
    if site not in _OUR_PAGES and not followed:
        return Refusal(403, f"The request comes from a page of another site ({site}).")
    return None


def _no_graphql(scope: Scope, headers: Headers) -> Refusal | None:
    """Why something is no GraphQL that Dagster may execute; None if it is, or none at all.

    Dagster also takes it from the URL, of a GET and of a POST whose content type it does not know.
    """
    if scope["type"] != "http" or scope["path"].rstrip("/").rpartition("/")[2] != "graphql":
        return None
    if scope["method"] == "POST":
        kinds = [kind.partition(";")[0].strip().lower() for kind in headers.getlist("content-type")]
        if kinds != ["application/json"]:
            return Refusal(415, "GraphQL has to be sent as application/json.")
    elif scope["method"] != "GET" or "query" in dict(_parameters(scope)):
        return Refusal(405, "GraphQL has to be sent by POST, as application/json.")
    return None


def _with_headers(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _OWN_HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sent


def _session(token: str) -> str:
    """What the cookie holds: it tells that somebody had the token, and not what it is."""
    return hmac.new(token.encode("utf-8"), b"session of the web UI", hashlib.sha256).hexdigest()


def _same(given: str, expected: str) -> bool:
    # As bytes: texts with other characters than ASCII cannot be compared in constant time.
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode("utf-8"))


def _parameters(scope: Scope) -> list[tuple[str, str]]:
    return parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)


def _without_token(scope: Scope) -> str:
    """The same place on this server; not one that begins with two slashes, which is elsewhere."""
    rest = [(name, value) for name, value in _parameters(scope) if name != "token"]
    place = "/" + quote(scope["path"].lstrip("/\\"))
    return f"{place}?{urlencode(rest)}" if rest else place
