"""The guard of the web UI, attacked by headers; behind it an app that notes what gets through."""

import json
from collections.abc import Mapping
from urllib.parse import quote

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from zwu_ts_assets.orchestration.web.addresses import Address, own_addresses
from zwu_ts_assets.orchestration.web.guard import Guard

HERE = "http://127.0.0.1:3000"
# In full: the test client takes a path for one of another host.
SOCKET = "ws://127.0.0.1:3000/graphql"
PROXY = "https://corpus.example.com"
TOKEN = "correct-horse-battery-staple"  # noqa: S105
MUTATION = 'mutation { addDynamicPartition(partitionKey: "7") { __typename } }'
BODY = json.dumps({"query": MUTATION})
JSON = {"Content-Type": "application/json"}


class Behind:
    """An app like Dagster's, which does what it is asked and remembers it."""

    def __init__(self) -> None:
        """Nothing has come through yet."""
        self.reached: list[str] = []
        self.app = Starlette(
            routes=[
                WebSocketRoute("/graphql", self.socket),
                Route("/{path:path}", self.answer, methods=["GET", "POST", "PUT", "DELETE"]),
            ]
        )

    async def answer(self, request: Request) -> Response:
        """Whatever it is."""
        self.reached.append(f"{request.method} {request.url.path}")
        return JSONResponse({"done": True})

    async def socket(self, websocket: WebSocket) -> None:
        """Whoever it is."""
        self.reached.append("WebSocket")
        await websocket.accept(subprotocol="graphql-ws")
        await websocket.close()

    def client(
        self, token: str | None, others: tuple[str, ...] = (), base: str = HERE
    ) -> TestClient:
        """A browser or a program before the guard."""
        addresses = own_addresses("127.0.0.1", 3000, others, "THE_VARIABLE")
        return TestClient(Guard(self.app, addresses, token), base_url=base, follow_redirects=False)


@pytest.fixture
def behind() -> Behind:
    return Behind()


@pytest.fixture
def open_one(behind: Behind) -> TestClient:
    """A guard that asks for no token: its other rules have to hold alone."""
    return behind.client(token=None)


@pytest.fixture
def closed(behind: Behind) -> TestClient:
    """A guard that asks for a token."""
    return behind.client(TOKEN)


@pytest.mark.parametrize(
    "host",
    [
        "attacker.example",
        "attacker.example:3000",
        "127.0.0.1.attacker.example:3000",
        "127.0.0.1:3001",  # another server of this machine
        "127.0.0.1",
        "localhost",
        "user@127.0.0.1:3000",
        "127.0.0.1:3000/x",
        "127.0.0.1:3000 ",
        "127.0.0.1:",
        "[::1]",
        "0.0.0.0:3000",
        "2130706433:3000",  # 127.0.0.1 in another notation
        "",
    ],
)
@pytest.mark.parametrize("path", ["/", "/graphql", "/server_info"])
def test_a_foreign_host_is_refused_everywhere(
    behind: Behind, open_one: TestClient, host: str, path: str
) -> None:
    answer = open_one.get(path, headers={"Host": host})
    assert answer.status_code == 403
    assert "ZWU_TS_WEB_ADDRESSES" in answer.text
    with pytest.raises(WebSocketDisconnect):
        open_one.websocket_connect(SOCKET, headers={"Host": host}).__enter__()
    assert behind.reached == []


@pytest.mark.parametrize(
    "host", ["127.0.0.1:3000", "localhost:3000", "LOCALHOST:3000", "[::1]:3000"]
)
def test_every_loopback_name_opens_it(behind: Behind, open_one: TestClient, host: str) -> None:
    assert open_one.get("/", headers={"Host": host}).status_code == 200
    assert behind.reached == ["GET /"]


def test_two_hosts_are_none(behind: Behind, open_one: TestClient) -> None:
    twice = [("Host", "127.0.0.1:3000"), ("Host", "attacker.example")]
    assert open_one.get("/", headers=twice).status_code == 403
    assert behind.reached == []


ORIGINS = [
    "http://attacker.example",
    "https://127.0.0.1:3000",
    "http://127.0.0.1:8888",  # another server of this machine
    "http://localhost:3000",  # ours, but not the page that was opened
    "http://127.0.0.1",
    "http://127.0.0.1:3000.attacker.example",
    "http://127.0.0.1:3000@attacker.example",
    "null",
    "file://",
    "",
]


@pytest.mark.parametrize("origin", ORIGINS)
def test_a_foreign_origin_is_refused_whatever_it_asks_for(
    behind: Behind, open_one: TestClient, origin: str
) -> None:
    for method in ("GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD"):
        for path in ("/", "/graphql", "/report_asset_materialization/x"):
            answer = open_one.request(
                method, path, headers={"Origin": origin, **JSON}, content=BODY
            )
            assert answer.status_code == 403, (method, path)
            assert "access-control-allow-origin" not in answer.headers
    assert behind.reached == []


@pytest.mark.parametrize("origin", ORIGINS)
def test_a_websocket_of_a_foreign_page_is_refused(
    behind: Behind, open_one: TestClient, origin: str
) -> None:
    with pytest.raises(WebSocketDisconnect) as refused:
        open_one.websocket_connect(SOCKET, headers={"Origin": origin}).__enter__()
    assert refused.value.code == 1008
    assert behind.reached == []


@pytest.mark.parametrize("site", ["cross-site", "same-site", "something-new"])
@pytest.mark.parametrize(
    ("method", "mode", "destination"),
    [
        ("GET", "no-cors", "image"),
        ("GET", "no-cors", "script"),
        ("GET", "navigate", "iframe"),
        ("POST", "no-cors", "empty"),
        ("POST", "navigate", "document"),  # a form
    ],
)
def test_a_page_of_another_site_is_refused_also_if_it_is_of_this_machine(
    behind: Behind, open_one: TestClient, site: str, method: str, mode: str, destination: str
) -> None:
    sent = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": destination}
    for path in ("/", "/report_asset_materialization/x", "/logs/run/step.err"):
        assert open_one.request(method, path, headers=sent).status_code == 403
    assert behind.reached == []


def test_a_link_of_another_site_may_lead_here(behind: Behind, open_one: TestClient) -> None:
    followed = {
        "Sec-Fetch-Site": "cross-site",
        "Sec-Fetch-Mode": "navigate",
        "Sec-Fetch-Dest": "document",
    }
    assert open_one.get("/assets", headers=followed).status_code == 200
    asked = open_one.get(f"/graphql?query={quote(MUTATION)}", headers=followed)
    assert asked.status_code == 405
    assert behind.reached == ["GET /assets"]


@pytest.mark.parametrize("query", [MUTATION, "{ version }", "", "query { version } " + MUTATION])
@pytest.mark.parametrize("path", ["/graphql", "/graphql/", "//graphql", "/%67raphql", "/x/graphql"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT"])
def test_graphql_in_a_url_is_refused(
    behind: Behind, open_one: TestClient, method: str, path: str, query: str
) -> None:
    for accept in ("*/*", "text/html"):
        answer = open_one.request(
            method, f"{HERE}{path}?query={quote(query)}", headers={"Accept": accept}
        )
        assert answer.status_code == 405
    assert behind.reached == []


@pytest.mark.parametrize(
    "kind",
    [
        None,
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        # Dagster looks for the words anywhere, and a browser sends this one unasked.
        "text/plain; x=application/json",
        "application/graphql",
    ],
)
def test_graphql_that_a_foreign_page_could_post_unasked_is_refused(
    behind: Behind, open_one: TestClient, kind: str | None
) -> None:
    headers = {} if kind is None else {"Content-Type": kind}
    for path in ("/graphql", f"/graphql?query={quote(MUTATION)}"):
        answer = open_one.post(path, headers=headers, content=BODY)
        assert answer.status_code == 415
    assert behind.reached == []


WRONG: list[Mapping[str, str]] = [
    {},
    {"Authorization": "Bearer wrong"},
    {"Authorization": "Bearer "},
    {"Authorization": f"Basic {TOKEN}"},
    {"Authorization": "Bearer correct-horse-battery-stapl"},
    {"Cookie": "zwu_ts_assets_3000="},
    {"Cookie": f"zwu_ts_assets_3000={TOKEN}"},  # the cookie holds something else
    {"Cookie": 'zwu_ts_assets_3000="\\374ber"'},  # which is no ASCII
]


@pytest.mark.parametrize("headers", WRONG)
def test_without_the_token_nothing_is_told_and_nothing_done(
    behind: Behind, closed: TestClient, headers: Mapping[str, str]
) -> None:
    for path in ("/", "/graphql", "/runs?token=wrong", "/?token=", "/logs/x", "/download_debug/x"):
        assert closed.get(path, headers=headers).status_code == 401
    assert closed.post("/graphql", headers={**headers, **JSON}, content=BODY).status_code == 401
    # A token in the URL is for a person who opens it, not for what a page sends.
    assert closed.post(f"/report_asset_check/x?token={TOKEN}", headers=headers).status_code == 401
    with pytest.raises(WebSocketDisconnect):
        closed.websocket_connect(f"{SOCKET}?token={TOKEN}", headers=headers).__enter__()
    assert behind.reached == []


def test_the_printed_address_gives_a_cookie_and_the_cookie_opens_everything(
    behind: Behind, closed: TestClient
) -> None:
    first = closed.get(f"/runs/x?token={TOKEN}&view=a%20b")
    assert first.status_code == 200
    assert behind.reached == []  # the token has not been handed on
    assert 'content="0;url=/runs/x?view=a+b"' in first.text
    assert TOKEN not in first.text
    assert first.headers["referrer-policy"] == "no-referrer"
    assert first.headers["cache-control"] == "no-store"
    cookie = first.headers["set-cookie"]
    assert cookie.startswith("zwu_ts_assets_3000=")
    assert {"httponly", "samesite=strict", "path=/"} <= set(cookie.lower().split("; "))
    assert TOKEN not in cookie

    assert closed.get("/runs/x?view=a+b").status_code == 200
    assert closed.post("/graphql", headers={"Origin": HERE, **JSON}, content=BODY).is_success
    with closed.websocket_connect(SOCKET, headers={"Origin": HERE}):
        pass
    assert behind.reached == ["GET /runs/x", "POST /graphql", "WebSocket"]


@pytest.mark.parametrize("path", ["//attacker.example/x", "/\\attacker.example", "///a//b"])
def test_the_printed_address_leads_nowhere_else(closed: TestClient, path: str) -> None:
    page = closed.get(f"{HERE}{path}?token={TOKEN}").text
    target = page.partition("url=")[2].partition('"')[0]
    assert target.startswith("/")
    assert target[1] not in "/\\"


def test_what_is_in_the_address_is_no_part_of_the_page(closed: TestClient) -> None:
    nasty = "/%22%3E%3Cscript%3Ealert(1)%3C/script%3E"
    for page in (
        closed.get(nasty, headers={"Accept": "text/html"}),
        closed.get(f"{nasty}?token={TOKEN}"),
    ):
        assert "<script" not in page.text
        assert "default-src 'none'" in page.headers["content-security-policy"]


def test_the_cookie_is_of_no_use_to_a_foreign_page(behind: Behind, closed: TestClient) -> None:
    closed.get(f"/?token={TOKEN}")
    # A page of another port of this machine is the same site, so the browser sends the cookie.
    for headers in ({"Origin": "http://127.0.0.1:8888"}, {"Sec-Fetch-Site": "same-site"}):
        assert closed.post("/graphql", headers={**headers, **JSON}, content=BODY).status_code == 403
    assert closed.get(f"/graphql?query={quote(MUTATION)}").status_code == 405
    assert behind.reached == []


def test_the_cookie_of_another_token_opens_nothing(behind: Behind, closed: TestClient) -> None:
    closed.get(f"/?token={TOKEN}")
    after_a_restart = behind.client("another-token-of-this-server")
    after_a_restart.cookies = closed.cookies
    assert after_a_restart.get("/").status_code == 401


def test_a_program_sends_the_token_as_a_header(behind: Behind, closed: TestClient) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}", **JSON}
    assert closed.post("/graphql", headers=headers, content=BODY).is_success
    with closed.websocket_connect(SOCKET, headers=headers):
        pass
    assert behind.reached == ["POST /graphql", "WebSocket"]


def test_a_person_without_the_token_is_asked_for_it(closed: TestClient) -> None:
    page = closed.get("/runs", headers={"Accept": "text/html,*/*"})
    assert page.status_code == 401
    assert '<input name="token"' in page.text
    assert closed.get("/runs", headers={"Accept": "application/json"}).text.startswith("The token")


def test_a_health_check_needs_no_token(behind: Behind, closed: TestClient) -> None:
    assert closed.get("/server_info").is_success
    assert closed.post("/server_info").status_code == 401


def test_plain_requests_of_the_ui_get_through(behind: Behind, open_one: TestClient) -> None:
    own = {"Sec-Fetch-Site": "same-origin", "Origin": HERE}
    assert open_one.get("/", headers={"Sec-Fetch-Site": "none"}).is_success
    assert open_one.get("/graphql", headers={"Accept": "text/html"}).is_success  # GraphiQL
    assert open_one.get("/_next/static/x.js", headers={"Sec-Fetch-Site": "same-origin"}).is_success
    kind = {"Content-Type": "application/json; charset=utf-8"}
    assert open_one.post("/graphql", headers={**own, **kind}, content=BODY).is_success
    with open_one.websocket_connect(SOCKET, headers=own):
        pass
    assert len(behind.reached) == 5


def test_no_page_may_be_framed_or_embedded_elsewhere(open_one: TestClient) -> None:
    headers = open_one.get("/").headers
    assert headers["x-frame-options"] == "SAMEORIGIN"
    assert headers["cross-origin-resource-policy"] == "same-origin"


def test_behind_a_proxy_it_is_opened_by_the_address_that_was_allowed(behind: Behind) -> None:
    client = behind.client(TOKEN, (PROXY,), base=PROXY)
    own = {"Origin": PROXY, "Authorization": f"Bearer {TOKEN}", **JSON}
    assert client.post("/graphql", headers=own, content=BODY).is_success
    for origin in ("http://corpus.example.com", "https://other.example.com", HERE):
        answer = client.post("/graphql", headers={**own, "Origin": origin}, content=BODY)
        assert answer.status_code == 403, origin
    cookie = client.get(f"/?token={TOKEN}").headers["set-cookie"]
    assert "secure" in cookie.lower().split("; ")
    assert behind.reached == ["POST /graphql"]


def test_an_interface_of_this_machine_is_an_address_and_all_of_them_are_none() -> None:
    one = own_addresses("192.168.1.5", 3000, (), "THE_VARIABLE")
    assert Address("http", "192.168.1.5", 3000) in one
    every = own_addresses("0.0.0.0", 3000, (), "THE_VARIABLE")  # noqa: S104
    assert {address.host for address in every} == {"127.0.0.1", "localhost", "::1"}
