"""A PostgreSQL server of its own for tests of an instance that several users share."""

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from zwu_ts_assets_tests.reference import REPOSITORY

CONFIGURATION = REPOSITORY / "deployment" / "dagster.yaml"
"""The instance's configuration as it is deployed; tests use it, so that it is known to work."""


def binaries() -> Path:
    """The folder of the newest server of this machine; without one, a skip unless CI insists."""
    folders = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if on_path := shutil.which("initdb"):
        folders.append(Path(on_path).resolve().parent)
    if not folders:
        sentence = "no PostgreSQL found; looked in /usr/lib/postgresql and on the PATH for initdb"
        if os.environ.get("ZWU_TS_REQUIRE_POSTGRES") == "1":
            pytest.fail(sentence + ", and ZWU_TS_REQUIRE_POSTGRES=1 requires one")
        pytest.skip(sentence)
    return max(folders, key=lambda folder: [int(n) for n in folder.parts if n.isdigit()])


@contextmanager
def postgres_server() -> Iterator[dict[str, str]]:
    """Start a server with one empty database; what its users find in their environment.

    Its clock is in another time zone than Dagster's times, as that of a server elsewhere may be.
    """
    folder = Path(tempfile.mkdtemp(prefix="zwu-postgres-"))
    programs = binaries()
    data, log, password = folder / "data", folder / "log", folder / "password"
    secret = secrets.token_urlsafe(16)
    password.write_text(secret, encoding="utf-8")
    owner = _owner(folder)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    control = [str(programs / "pg_ctl"), "--pgdata", str(data)]
    options = f"-c listen_addresses=127.0.0.1 -p {port} -c unix_socket_directories= -c fsync=off"
    options += " -c timezone=Pacific/Auckland"
    try:
        initdb = [str(programs / "initdb"), "--pgdata", str(data), "--username", "dagster"]
        initdb += ["--auth", "scram-sha-256", "--pwfile", str(password), "--encoding", "UTF8"]
        _run(owner, [*initdb, "--no-sync"])
        _run(owner, [*control, "--log", str(log), "--options", options, "--wait", "start"])
        yield {
            "DAGSTER_POSTGRES_HOST": "127.0.0.1",
            "DAGSTER_POSTGRES_PORT": port,
            "DAGSTER_POSTGRES_DB": "postgres",
            "DAGSTER_POSTGRES_USER": "dagster",
            "DAGSTER_POSTGRES_PASSWORD": secret,
        }
    finally:
        if (data / "postmaster.pid").exists():
            _run(owner, [*control, "--mode", "immediate", "--wait", "stop"])
        shutil.rmtree(folder)


def _owner(folder: Path) -> list[str]:
    """How to become the user who may run a server: it refuses to be root."""
    if os.geteuid() != 0:
        return []
    user = pwd.getpwnam("postgres")
    for path in (folder, *folder.iterdir()):
        os.chown(path, user.pw_uid, user.pw_gid)
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]


def _run(owner: Sequence[str], command: Sequence[str]) -> None:
    # To a file: the server would keep a pipe open for as long as it lives.
    with tempfile.TemporaryFile() as said:
        ended = subprocess.run([*owner, *command], stdout=said, stderr=said, cwd="/", timeout=120)
        said.seek(0)
        assert ended.returncode == 0, said.read().decode("utf-8", "replace")
