"""What is started in the place of Dagster's web server, with which token, and what is printed."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import dagster_webserver
import pytest
from dagster._cli import dev as dev_command
from starlette.applications import Starlette
from starlette.testclient import TestClient

from zwu_ts_assets.orchestration import dagster_private
from zwu_ts_assets.orchestration.web.server import guarded

INTERNALS: Any = dev_command  # untyped, for it does not export what it calls
TOKEN = "correct-horse-battery-staple"  # noqa: S105


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZWU_TS_WEB_TOKEN", "")
    monkeypatch.setenv("ZWU_TS_WEB_ADDRESSES", "")


def test_each_start_prints_another_token_and_that_one_opens_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tokens = set()
    for _ in range(2):
        guard = guarded(Starlette(), "127.0.0.1", 3000)
        printed = capsys.readouterr().out
        found = re.fullmatch(
            r"The web UI is on http://127\.0\.0\.1:3000/\?token=([\w-]{40,})\n", printed
        )
        assert found
        tokens.add(found[1])
        client = TestClient(guard, base_url="http://127.0.0.1:3000")
        assert client.get("/x").status_code == 401
        assert client.get(f"/x?token={found[1]}").status_code == 200
    assert len(tokens) == 2


def test_a_token_of_the_user_s_own_is_not_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ZWU_TS_WEB_TOKEN", TOKEN)
    monkeypatch.setenv("ZWU_TS_WEB_ADDRESSES", "https://corpus.example.com")
    guard = guarded(Starlette(), "0.0.0.0", 3000)  # noqa: S104
    printed = capsys.readouterr().out
    assert "on https://corpus.example.com/ and asks for the token in ZWU_TS_WEB_TOKEN" in printed
    assert TOKEN not in printed
    assert guard.token == TOKEN


def test_without_a_token_it_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ZWU_TS_WEB_TOKEN", "off")
    assert guarded(Starlette(), "::1", 3000).token is None
    assert capsys.readouterr().out == "The web UI is on http://[::1]:3000/ and asks for no token.\n"


def test_the_image_s_web_server_does_not_start_with_a_token_that_can_be_guessed() -> None:
    environment = {**os.environ, "ZWU_TS_WEB_TOKEN": "hunter2"}
    command = [sys.executable, "-m", "zwu_ts_assets.orchestration.web", "--empty-workspace"]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert ended.returncode == 1
    assert "expected 16 or more" in ended.stderr
    assert "hunter2" not in ended.stderr
    assert "Traceback" not in ended.stderr


class Started(subprocess.Popen[bytes]):
    """A process that is not started, but noted."""

    noted: list[tuple[list[str], dict[str, str]]]

    def __init__(self, parts: Sequence[str], env: dict[str, str] | None = None) -> None:
        """Args: the command; its environment, if it is another one."""
        self.noted.append((list(parts), dict(os.environ) if env is None else env))

    def __del__(self) -> None:
        """Nothing to wait for."""


DAEMON = ["zwu_ts_assets.orchestration.web.dev", "daemon"]


def dev_that(
    does: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> list[tuple[list[str], dict[str, str]]]:
    """What `dagster dev` starts, each with its environment, if it does something else."""
    Started.noted = []
    monkeypatch.setattr(dev_command, "open_ipc_subprocess", Started)
    monkeypatch.setattr(dev_command, "dev_command", lambda **_: does())
    monkeypatch.setenv("ZWU_TS_WEB_TOKEN", TOKEN)
    dagster_private.run_dev("zwu_ts_assets.orchestration.web", DAEMON, ["ZWU_TS_WEB_TOKEN"])
    return Started.noted


def test_the_web_server_alone_gets_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    def start() -> None:
        for module in ("dagster_webserver", "dagster._daemon"):
            command = [sys.executable, "-m", module, "--some", "option"]
            INTERNALS.open_ipc_subprocess(command)

    (web, of_web), (daemon, of_daemon) = dev_that(start, monkeypatch)
    assert web == [sys.executable, "-m", "zwu_ts_assets.orchestration.web", "--some", "option"]
    assert daemon == [sys.executable, "-m", *DAEMON, "--some", "option"]
    assert of_web["ZWU_TS_WEB_TOKEN"] == TOKEN
    assert "ZWU_TS_WEB_TOKEN" not in of_daemon


def test_a_server_that_is_not_known_is_not_started(monkeypatch: pytest.MonkeyPatch) -> None:
    def start() -> None:
        command = [sys.executable, "-m", "dagster_next_webserver"]
        INTERNALS.open_ipc_subprocess(command)

    with pytest.raises(RuntimeError, match="dagster_next_webserver"):
        dev_that(start, monkeypatch)
    assert Started.noted == []


def test_a_release_of_dagster_that_cannot_be_guarded_is_not_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def never(*_: Any, **__: Any) -> None:
        pytest.fail("started all the same")

    other = ModuleType("dagster_webserver.cli")
    monkeypatch.setattr(other, "cli", never, raising=False)
    monkeypatch.setattr(dagster_webserver, "cli", other, raising=False)
    with pytest.raises(RuntimeError, match=r"dagster_webserver\.cli has no host_dagster_ui"):
        dagster_private.run_webserver(guarded)
