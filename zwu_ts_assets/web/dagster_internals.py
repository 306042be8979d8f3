"""Everything of Dagster's web server and of `dagster dev` that is not public, as of 1.13.27.

What belongs here: each private name with the reason why it is needed. What does not: any decision
about a request (`guard.py`) or about the environment (`server.py`).

Neither command has a place where an app could be wrapped, so each is given another function under
the name that it calls. A release of Dagster that no longer has the name is refused, for its web
server would be open.
"""

import os
from collections.abc import Callable, Sequence
from subprocess import Popen
from types import ModuleType
from typing import Any, Final

# The command `dagster-webserver`: its options, its instance, its workspace and its way to end.
import dagster_webserver.cli as webserver_command
import uvicorn

# The command `dagster dev`: it starts code servers, daemon and web server, and ends them together.
from dagster._cli import dev as dev_command

# What is served for a workspace. The second one makes the web server's app from it.
from dagster._core.workspace.context import IWorkspaceProcessContext
from dagster_webserver.app import create_app_from_workspace_process_context
from starlette.types import ASGIApp

DEFAULT_PORT: Final = 3000

_SERVE: Final = "host_dagster_ui_with_workspace_process_context"
_START: Final = "open_ipc_subprocess"


def _replace(module: ModuleType, name: str, function: Callable[..., Any]) -> Any:
    """Put a function where a command looks for another, and return that one."""
    original = getattr(module, name, None)
    if original is None:
        raise RuntimeError(
            f"{module.__name__} has no {name}: this release of Dagster has another web server than "
            "the one that the guard was made for, and is not started without it"
        )
    setattr(module, name, function)
    return original


def run_webserver(guarded: Callable[[ASGIApp, str, int], ASGIApp]) -> None:
    """The command `dagster-webserver`, with an app around its own.

    Args:
        guarded: The app to serve instead, given Dagster's and where it listens.
    """

    def serve(
        process: IWorkspaceProcessContext[Any],
        host: str | None,
        port: int | None,
        path_prefix: str,
        log_level: str,
        live_data_poll_rate: int | None = None,
    ) -> None:
        # As the function of the same name does it, but for telemetry and another port if it is in
        # use. `_lifespan` keeps Ctrl-C from ending in a traceback.
        app = create_app_from_workspace_process_context(
            process, path_prefix, live_data_poll_rate, lifespan=webserver_command._lifespan
        )
        host, port = host or "127.0.0.1", port or DEFAULT_PORT
        uvicorn.run(guarded(app, host, port), host=host, port=port, log_level=log_level)

    _replace(webserver_command, _SERVE, serve)
    webserver_command.cli(auto_envvar_prefix="DAGSTER_WEBSERVER")


def run_dev(webserver: str, secrets: Sequence[str]) -> None:
    """The command `dagster dev`, with a module of ours as the web server.

    Args:
        webserver: The module; it takes the options of `dagster-webserver`.
        secrets: Environment variables that no other process gets.
    """
    kept = {name: os.environ.pop(name) for name in secrets if name in os.environ}

    def start(parts: Sequence[str], **options: Any) -> "Popen[Any]":
        match list(parts):
            case [python, "-m", "dagster_webserver", *words]:
                environment = {**os.environ, **kept}
                process = original([python, "-m", webserver, *words], env=environment, **options)
            case [_, "-m", "dagster._daemon", *_]:
                process = original(parts, **options)
            case _:  # it might be a web server
                raise RuntimeError(f"`dagster dev` starts {parts[1:3]}, which is not known here")
        assert isinstance(process, Popen)
        return process

    original = _replace(dev_command, _START, start)
    dev_command.dev_command(prog_name="dagster dev")
