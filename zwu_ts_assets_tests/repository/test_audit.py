"""The audit of the locks fails on a finding, and never passes for what was not audited."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from zwu_ts_assets_tests.audit import KNOWN, NotAuditedError, Report, audit

LOCKS = [Path("requirements.lock")]
FOUND = {"name": "jinja2", "version": "2.11.2", "vulns": [{"id": "PYSEC-2021-66"}]}
CLEAN = {"name": "numpy", "version": "2.4.0", "vulns": []}
FLAWED = {
    "name": "pillow",
    "version": "9.0.0",
    "vulns": [{"id": "PYSEC-2022-42979", "aliases": ["CVE-2022-1"], "fix_versions": ["9.0.1"]}],
}
UNKNOWN = {"name": "numpy", "skip_reason": "Dependency not found on PyPI"}


def service(known: Report, locks: Report) -> Callable[..., Report]:
    """A service that answers the first question with one report, the second with another."""

    def run(requirements: Sequence[Path], *, hashed: bool) -> Report:
        if hashed:
            assert list(requirements) == LOCKS
            return locks
        assert requirements[0].read_text(encoding="utf-8") == f"{KNOWN}\n"
        return known

    return run


def unreachable(_: Sequence[Path], *, hashed: bool) -> Report:
    raise NotAuditedError("pip-audit gave no report: Connection refused")


def test_pins_without_a_known_vulnerability_pass() -> None:
    code, lines = audit(LOCKS, must_answer=True, run=service([FOUND], [CLEAN]))
    assert (code, lines) == (0, ["1 pinned packages audited, no known vulnerability."])


def test_a_known_vulnerability_fails_and_says_what_mends_it() -> None:
    code, lines = audit(LOCKS, must_answer=False, run=service([FOUND], [CLEAN, FLAWED]))
    assert (code, lines) == (1, ["pillow 9.0.0: PYSEC-2022-42979, mended in 9.0.1"])


@pytest.mark.parametrize(
    ("run", "why"),
    [
        (unreachable, "Connection refused"),
        (service([{"name": "jinja2", "skip_reason": "not found"}], [CLEAN]), "not found"),
        (service([{"name": "jinja2", "version": "2.11.2", "vulns": []}], [CLEAN]), "none found"),
        (service([], [CLEAN]), "does not know the vulnerabilities of jinja2==2.11.2"),
        (service([FOUND], [CLEAN, UNKNOWN]), "does not know: numpy"),
    ],
)
def test_what_was_not_audited_is_said_loudly_and_fails_where_an_answer_is_a_must(
    run: Callable[..., Report], why: str
) -> None:
    for must_answer, expected in ((False, 0), (True, 2)):
        code, lines = audit(LOCKS, must_answer=must_answer, run=run)
        assert code == expected
        assert any(line.startswith("NOT AUDITED") for line in lines)
        assert why in "\n".join(lines)


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ({"CVE-2022-1": "we open only images of our own"}, 0),
        ({"PYSEC-2022-42979": "we open only images of our own"}, 0),
        ({"CVE-2022-1": " "}, 1),
        ({"CVE-2022-1": "ours", "CVE-2000-1": "gone"}, 1),
        ({"CVE-2000-1": "another"}, 1),
    ],
)
def test_a_vulnerability_is_accepted_with_a_reason_and_only_while_it_is_found(
    accepted: Mapping[str, Any], expected: int
) -> None:
    run = service([FOUND], [CLEAN, FLAWED])
    assert audit(LOCKS, must_answer=True, run=run, accepted=accepted)[0] == expected
