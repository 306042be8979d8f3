"""The command in the place of `dagster-webserver`: the same options, the same UI, and a guard.

What belongs here: what the environment says of it, and what it prints. What does not: the rules
(`guard.py`).
"""

import secrets
from urllib.parse import quote

import click
from starlette.types import ASGIApp

from zwu_ts_assets.config.environment import (
    WEB_ADDRESSES_VARIABLE,
    WEB_TOKEN_VARIABLE,
    artifacts_dir,
    web_addresses,
    web_token,
)
from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.orchestration.dagster_private import run_webserver
from zwu_ts_assets.orchestration.web.addresses import LOOPBACK, own_addresses
from zwu_ts_assets.orchestration.web.guard import Guard
from zwu_ts_assets.orchestration.web.pages import Pages


def guarded(app: ASGIApp, host: str, port: int) -> Guard:
    """An app behind the guard that the environment asks for; prints where to open it.

    Args:
        app: What is guarded.
        host: What the server listens on.
        port: The port it listens on.
    """
    addresses = own_addresses(host, port, web_addresses(), WEB_ADDRESSES_VARIABLE)
    named = addresses[len(LOOPBACK) :]  # by the user, behind this machine's own
    place = (named or [own for own in addresses if own.host == host] or addresses)[0]
    token = web_token()
    if token is None:
        click.echo(f"The web UI is on {place}/ and asks for no token.")
    elif token:
        click.echo(f"The web UI is on {place}/ and asks for the token in {WEB_TOKEN_VARIABLE}.")
    else:
        token = secrets.token_urlsafe(32)
        click.echo(f"The web UI is on {place}/?token={quote(token)}")
    return Guard(Pages(app, artifacts_dir()), addresses, token)


def check_environment() -> None:
    """Say what is wrong with the variables of the web UI, before anything is started.

    Raises:
        CorpusError: An address is none, or the token is too short.
    """
    web_token()
    own_addresses("", 0, web_addresses(), WEB_ADDRESSES_VARIABLE)


def main() -> None:
    """Serve the web UI; the options are those of `dagster-webserver`."""
    try:
        check_environment()
    except CorpusError as error:
        raise SystemExit(f"Error: {error}") from None
    run_webserver(guarded)
