"""An S3 server on this machine, and a proxy before it that counts requests and makes trouble.

The server is moto's, in a process of its own. The proxy takes a request whole before it hands it
on, as an object store does: of an upload that is cut off, nothing arrives.
"""

import http.client
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

BUCKET = "corpora"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "AKIAZWUTSASSETSTEST1",
    "AWS_SECRET_ACCESS_KEY": "zwu/tests+secret/KEY0123456789abcdefghij",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/nonexistent",
    "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
}

_SERVER = (
    "import sys; from moto.server import ThreadedMotoServer\n"
    "server = ThreadedMotoServer('127.0.0.1', 0, verbose=False); server.start()\n"
    "print(server.get_host_and_port()[1], flush=True); sys.stdin.read(); server.stop()\n"
)


@contextmanager
def object_server() -> Iterator[int]:
    """The port of a server with an empty bucket."""
    with subprocess.Popen(
        [sys.executable, "-c", _SERVER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as server:
        try:
            assert server.stdout is not None
            port = int(server.stdout.readline())
            ask(port, "PUT", f"/{BUCKET}")
            yield port
        finally:
            server.kill()


def ask(port: int, method: str, path: str, body: bytes = b"") -> bytes:
    """One request that no client of the project is part of."""
    key = ENVIRONMENT["AWS_ACCESS_KEY_ID"]
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}",
        data=body or None,
        method=method,
        # The server looks at no signature; it wants to see one.
        headers={
            "Authorization": f"AWS4-HMAC-SHA256 Credential={key}/20260101/us-east-1/s3/x",
            "Content-Type": "application/octet-stream",
        },
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - of this machine
        data: bytes = answer.read()
    return data


@dataclass(frozen=True)
class Listed:
    """What a listing says of an object."""

    size: int
    etag: str
    modified: str


def listed(port: int, prefix: str = "") -> dict[str, Listed]:
    """Every object below a prefix of the bucket, by its name below it."""
    found: dict[str, Listed] = {}
    token = ""
    while True:
        page = ask(port, "GET", f"/{BUCKET}?list-type=2&prefix={prefix}{token}")
        tree = ElementTree.fromstring(page)  # noqa: S314 - of our own server
        space = {"s": tree.tag.partition("}")[0][1:]}
        for each in tree.findall("s:Contents", space):
            key, size, etag, modified = (
                each.findtext(f"s:{name}", "", space)
                for name in ("Key", "Size", "ETag", "LastModified")
            )
            found[key[len(prefix) :].lstrip("/")] = Listed(int(size), etag, modified)
        following = tree.findtext("s:NextContinuationToken", "", space)
        if not following:
            return found
        token = f"&continuation-token={following}"


def contents(port: int, prefix: str = "") -> dict[str, bytes]:
    """Every object below a prefix of the bucket, with its bytes."""
    start = f"{prefix}/" if prefix else ""
    return {name: ask(port, "GET", f"/{BUCKET}/{start}{name}") for name in listed(port, prefix)}


@dataclass(frozen=True)
class Request:
    """A request as the proxy saw it."""

    method: str
    path: str
    number: int

    @property
    def kind(self) -> str:
        """What is asked for: `list`, `head`, `get`, `put`, `copy`, `delete`."""
        if self.method == "GET" and "list-type" in parse_qs(urlsplit(self.path).query):
            return "list"
        return self.method.lower()


@dataclass(frozen=True)
class Trouble:
    """What a request gets instead of its answer, or with it.

    Attributes:
        status: This status and an error with the code; 0: the server's own answer.
        code: Of the error.
        cut: Close the connection in the middle of the body.
        drop: Close the connection without an answer.
        wait: Seconds before the answer.
    """

    status: int = 0
    code: str = ""
    cut: bool = False
    drop: bool = False
    wait: float = 0.0


SLOW_DOWN = Trouble(503, "SlowDown")
BROKEN = Trouble(500, "InternalError")
DENIED = Trouble(403, "AccessDenied")
CUT = Trouble(cut=True)
DROPPED = Trouble(drop=True)


@dataclass
class Proxy:
    """A proxy on a port of its own.

    Attributes:
        port: Where it listens.
        requests: What it was asked since it was last told to forget.
        trouble: What a request gets.
    """

    port: int
    requests: list[Request] = field(default_factory=list)
    trouble: Callable[[Request], Trouble | None] = lambda _: None

    @property
    def url(self) -> str:
        """Its address, for AWS_ENDPOINT_URL."""
        return f"http://127.0.0.1:{self.port}"

    def count(self, kind: str) -> int:
        """How many requests of a kind there were."""
        return sum(request.kind == kind for request in self.requests)

    def forget(self) -> None:
        """Count from nothing again, and make no trouble."""
        self.requests.clear()
        self.trouble = lambda _: None


@contextmanager
def proxy_of(server: int) -> Iterator[Proxy]:
    """A proxy before the server on a port."""
    lock = Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            if len(body) < length:  # the sender is gone
                self.close_connection = True
                return
            with lock:
                request = Request(self.command, self.path, len(proxy.requests))
                if self.headers.get("x-amz-copy-source"):
                    request = Request("COPY", self.path, request.number)
                proxy.requests.append(request)
            trouble = proxy.trouble(request) or Trouble()
            time.sleep(trouble.wait)
            if trouble.drop:
                self.close_connection = True
                return
            if trouble.status:
                self.refuse(trouble)
            else:
                self.hand_on(body, cut=trouble.cut)

        def refuse(self, trouble: Trouble) -> None:
            text = (
                "<?xml version='1.0'?><Error>"
                f"<Code>{trouble.code}</Code><Message>refused by the test</Message></Error>"
            ).encode()
            self.send_response(trouble.status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(text)

        def hand_on(self, body: bytes, *, cut: bool) -> None:
            connection = http.client.HTTPConnection("127.0.0.1", server, timeout=60)
            try:
                headers = {k: v for k, v in self.headers.items() if k.lower() != "connection"}
                connection.request(self.command, self.path, body, headers)
                answer = connection.getresponse()
                data = answer.read()
            finally:
                connection.close()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in {
                    "connection",
                    "transfer-encoding",
                    "content-length",
                    "server",
                    "date",
                }:
                    self.send_header(name, value)
            length = answer.getheader("Content-Length") if self.command == "HEAD" else None
            self.send_header("Content-Length", length or str(len(data)))
            self.end_headers()
            if cut and data:
                self.wfile.write(data[: len(data) // 2])
                self.close_connection = True
            else:
                self.wfile.write(data)

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = handle_any

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """Say nothing of clients that are gone."""

    with Server(("127.0.0.1", 0), Handler) as listening:
        proxy = Proxy(listening.server_address[1])
        Thread(target=listening.serve_forever, daemon=True).start()
        try:
            yield proxy
        finally:
            listening.shutdown()


def record_of(port: int, prefix: str, asset: str, key: str) -> dict[str, Any]:
    """A record as it lies in the bucket."""
    found: dict[str, Any] = json.loads(
        ask(port, "GET", f"/{BUCKET}/{prefix}/.records/{asset}/{key}.json")
    )
    return found
