"""A stand-in for the Hugging Face hub on loopback, for its real client.

What belongs here: as much of the hub's interface as pushing a folder asks for, with repositories in
memory. What does not: any test.
"""

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

TOKEN = "hf_of_the_tests"  # noqa: S105 - of a server in memory


@dataclass
class Repository:
    """A dataset on the hub."""

    private: bool
    files: dict[str, bytes] = field(default_factory=dict)


@dataclass
class Hub:
    """What the server knows.

    Attributes:
        url: Its address.
        repositories: By `owner/name`.
        requests: Method and path of each request.
        commits: The messages of all commits.
    """

    url: str = ""
    repositories: dict[str, Repository] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    commits: list[str] = field(default_factory=list)


@contextmanager
def hub_server() -> Iterator[Hub]:
    """A hub without repositories, there as long as the context lasts."""
    hub = Hub()

    class Handler(_Handler):
        known = hub

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        hub.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield hub
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    known: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        path = self._begun()
        name = path.removeprefix("/api/datasets/").split("/revision/")[0].split("/tree/")[0]
        if name not in self.known.repositories:
            return self._answer({"error": "Repository not found"}, 404, "RepoNotFound")
        repository = self.known.repositories[name]
        if "/tree/" in path:
            listed = [
                {"type": "file", "path": path, "size": len(content), "oid": _git_sha(content)}
                for path, content in repository.files.items()
            ]
            return self._answer(listed)
        siblings = [{"rfilename": path} for path in repository.files]
        return self._answer(
            {"id": name, "private": repository.private, "sha": "0" * 40, "siblings": siblings}
        )

    def do_POST(self) -> None:
        path, body = self._begun(), self._body()
        if self.headers.get("Authorization") != f"Bearer {TOKEN}" and ".git/info/lfs" not in path:
            return self._answer({"error": "Invalid username or password."}, 401)
        if path == "/api/repos/create":
            return self._create(json.loads(body))
        if path == "/api/validate-yaml":
            return self._answer({"errors": [], "warnings": []})
        if path.endswith("/info/lfs/objects/batch"):
            return self._batch(json.loads(body))
        name = "/".join(path.removeprefix("/api/datasets/").split("/")[:2])
        if "/preupload/" in path:
            files = [
                {
                    "path": each["path"],
                    "uploadMode": "lfs" if each["path"].endswith(".parquet") else "regular",
                    "shouldIgnore": False,
                }
                for each in json.loads(body)["files"]
            ]
            return self._answer({"files": files})
        if "/commit/" in path:
            return self._commit(name, [json.loads(line) for line in body.splitlines()])
        return self._answer({"error": f"not known: {path}"}, 404)

    def do_PUT(self) -> None:
        path, body = self._begun(), self._body()
        oid = path.removeprefix("/objects/")
        if hashlib.sha256(body).hexdigest() != oid:
            return self._answer({"error": "another content"}, 400)
        self.known.objects[oid] = body
        return self._answer({})

    def _create(self, asked: dict[str, Any]) -> None:
        name = f"{asked['organization']}/{asked['name']}" if asked.get("organization") else ""
        if asked["type"] != "dataset" or not name:
            return self._answer({"error": f"no dataset: {asked}"}, 400)
        if name.startswith("somebody-else/"):
            return self._answer({"error": "You may not write here"}, 403)
        url = {"url": f"{self.known.url}/datasets/{name}", "name": name}
        if name in self.known.repositories:
            return self._answer({**url, "error": "You already created this dataset repo"}, 409)
        self.known.repositories[name] = Repository(asked["visibility"] == "private")
        return self._answer(url)

    def _batch(self, asked: dict[str, Any]) -> None:
        objects = [
            {
                **each,
                "authenticated": True,
                "actions": {"upload": {"href": f"{self.known.url}/objects/{each['oid']}"}},
            }
            for each in asked["objects"]
        ]
        self._answer({"transfer": "basic", "objects": objects})

    def _commit(self, name: str, lines: list[dict[str, Any]]) -> None:
        files = self.known.repositories[name].files
        for line in lines:
            key, value = line["key"], line["value"]
            if key == "header":
                self.known.commits.append(value["summary"])
            elif key == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif key == "lfsFile":
                files[value["path"]] = self.known.objects[value["oid"]]
            elif key == "deletedFile":
                del files[value["path"]]
        url = f"{self.known.url}/datasets/{name}/commit/{'1' * 40}"
        self._answer({"success": True, "commitUrl": url, "commitOid": "1" * 40})

    def _begun(self) -> str:
        path = urlsplit(self.path).path
        self.known.requests.append(f"{self.command} {path}")
        return path

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _answer(self, content: Any, status: int = 200, code: str = "") -> None:
        data = json.dumps(content).encode("utf-8")
        self.send_response(status)
        if code:
            self.send_header("X-Error-Code", code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _git_sha(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()  # noqa: S324 - as git does
