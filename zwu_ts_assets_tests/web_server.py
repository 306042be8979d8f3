"""`make dev` as a process of its own, for tests of the web UI.

What belongs here: starting it, the address that it prints, asking it by GraphQL. What does not: the
browser (`browser.py`).
"""

import json
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from zwu_ts_assets_tests.processes import patience, stop_group
from zwu_ts_assets_tests.reference import REPOSITORY

# Starting Dagster takes ten seconds on an idle machine, and a minute on a busy one.
SERVER_SECONDS = 240


@dataclass(frozen=True)
class Server:
    """A running web UI.

    Attributes:
        address: Without a path.
        opened: What it printed for the user to open; with the token, if it asks for one.
        process: Of `make dev`, in a group of its own.
        log: What it prints.
    """

    address: str
    opened: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def token(self) -> str:
        """The printed one; empty without one."""
        return self.opened.partition("?token=")[2]

    def ask(self, query: str) -> Any:
        """The data that a GraphQL query gives to who has the token."""
        request = urllib.request.Request(  # noqa: S310 - our own server
            f"{self.address}/graphql",
            json.dumps({"query": query}).encode(),
            {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            said = json.loads(answer.read())
        assert "errors" not in said, said
        return said["data"]


@contextmanager
def dev_server(
    log: Path, environment: Mapping[str, str], options: Sequence[str] = ()
) -> Iterator[Server]:
    """A web UI on a free port of the loopback address.

    Args:
        log: A file for what it prints.
        environment: Of its processes.
        options: Further ones of `dev`.
    """
    port = free_port()
    command = [sys.executable, "-m", "zwu_ts_assets", "dev", "--port", str(port), *options]
    with log.open("w", encoding="utf-8") as output:
        # A session of its own, so that the server's children can be stopped with it.
        process = subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        address = f"http://127.0.0.1:{port}"
        wait_until_it_answers(address, process, log)
        (opened,) = re.findall(r"The web UI is on (\S+)", log.read_text("utf-8"))
        yield Server(address, opened, process, log)
    finally:
        stop_group(process)


def free_port() -> int:
    """A port of the loopback address that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_it_answers(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return when the server answers; fail with its last words if it ended or takes too long."""
    started = time.monotonic()
    while time.monotonic() < started + patience(SERVER_SECONDS) and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/server_info", timeout=5):  # noqa: S310
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    words = log.read_text(encoding="utf-8", errors="replace")[-3000:]
    pytest.fail(f"the web UI at {address} did not start (exit {process.returncode}):\n{words}")
