"""What a user can mend is told in a sentence, whatever database the run history is in."""

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
