"""What a user can mend is told in a sentence, whatever database the run history is in."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from zwu_ts_assets.orchestration.failures import database_problem

HOME = Path("/srv/home")
REFUSED = """(psycopg2.OperationalError) connection to server at "127.0.0.1", port 1 failed: \
Connection refused
\tIs the server running on that host and accepting TCP/IP connections?
"""
FORBIDDEN = 'connection to server at "db", port 5432: FATAL:  password authentication failed '
UNKNOWN = 'could not translate host name "db.example" to address: Name or service not known'
UNSET = """You have attempted to fetch the environment variable "DAGSTER_POSTGRES_PASSWORD" \
which is not set. In order for this execution to succeed it must be set in this environment."""


@pytest.mark.parametrize(
    ("message", "remedy"),
    [
        ("(sqlite3.OperationalError) database or disk is full", "free some space"),
        (REFUSED, "start PostgreSQL, or mend the host"),
        (FORBIDDEN, "mend the user or the password"),
        (UNKNOWN, "mend the name of the host"),
        (UNSET, "DAGSTER_POSTGRES_PASSWORD, which is not set; set it"),
    ],
)
def test_a_run_history_that_cannot_be_used_is_told_with_its_remedy(
    message: str, remedy: str
) -> None:
    sentence = database_problem(message, HOME)
    assert sentence.startswith("/srv/home: ")
    assert remedy in sentence
    assert "\n" not in sentence


def test_what_is_not_known_is_left_to_its_traceback() -> None:
    assert database_problem("no such table: runs", HOME) == ""


@pytest.mark.skipif(os.name != "posix", reason="rights are others elsewhere")
def test_what_cannot_be_read_is_not_told_as_what_cannot_be_written(tmp_path: Path) -> None:
    """By another user than root, who may read everything."""
    closed = tmp_path / "closed"
    closed.mkdir()
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.getuid() and folder != Path("/tmp"):  # noqa: S108
            folder.chmod(folder.stat().st_mode | 0o055)
    for path in (tmp_path / "secret.json", closed / "inner.json"):
        path.write_text("{}", encoding="utf-8")
    (tmp_path / "secret.json").chmod(0)
    closed.chmod(0o600)
    script = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from zwu_ts_assets.orchestration.failures import unusable\n"
        "if os.getuid() == 0: os.setgid(65534); os.setuid(65534)\n"
        "for name in sys.argv[1:]:\n"
        "    try: Path(name).read_bytes() if 'json' in name else Path(name, 'x').touch()\n"
        "    except OSError as error: print(unusable(error, Path(name)))\n"
    )
    names = [str(tmp_path / "secret.json"), str(closed / "inner.json"), str(tmp_path)]
    ended = subprocess.run(
        [sys.executable, "-c", script, *names], capture_output=True, text=True, check=False
    )
    closed.chmod(0o700)
    if "No module named" in ended.stderr or "Permission denied: '/root" in ended.stderr:
        pytest.skip("another user cannot read the package here")
    unread, hidden, unwritable = ended.stdout.splitlines()
    assert "secret.json: cannot be used (Permission denied): you may not read it" in unread
    assert f"you may not look into {closed}; change its rights" in hidden
    assert "you may not write there" in unwritable
