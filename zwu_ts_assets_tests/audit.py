"""`python -m zwu_ts_assets_tests.audit`: the pinned packages against published vulnerabilities.

What belongs here: running pip-audit on the locks and saying honestly what that means. What does
not: which versions are pinned, which `make lock` decides.

pip-audit asks a service on the network, and ends with "No known vulnerabilities found" also where
an index stands in for that service and knows nothing. So a version with published vulnerabilities
is asked for first: unless it is found, nothing was audited, and that is said and not passed over.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

# Three vulnerabilities and more, published since 2021; never withdrawn.
KNOWN: Final = "jinja2==2.11.2"

ACCEPTED: Final[Mapping[str, str]] = {}
"""Vulnerabilities that do not concern this project: the id, and why. `make audit` refuses an id
without a reason, and one that is no longer found."""

Report = Sequence[Mapping[str, Any]]
"""What pip-audit says of each package: name, and either version and vulns, or skip_reason."""


class NotAuditedError(Exception):
    """The service gave no answer that could be used."""


def pip_audit(requirements: Sequence[Path], *, hashed: bool) -> Report:
    """Run pip-audit on files of pinned requirements.

    Raises:
        NotAuditedError: It gave no report.
    """
    command = [sys.executable, "-m", "pip_audit", "--format", "json", "--progress-spinner", "off"]
    command += ["--disable-pip", "--timeout", "20", "--require-hashes" if hashed else "--no-deps"]
    for file in requirements:
        command += ["--requirement", str(file)]
    try:
        run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900)
        return json.loads(run.stdout)["dependencies"]  # type: ignore[no-any-return]
    except subprocess.TimeoutExpired:
        raise NotAuditedError("no answer within 15 minutes") from None
    except (ValueError, KeyError):
        last = (run.stderr.strip() or "it printed nothing").splitlines()[-1]
        raise NotAuditedError(f"pip-audit gave no report: {last[:300]}") from None


def is_answered(run: Callable[..., Report]) -> str:
    """Why the service's answers mean nothing; empty if it knows the known vulnerabilities."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "known.txt"
        file.write_text(f"{KNOWN}\n", encoding="utf-8")
        try:
            report = run([file], hashed=False)
        except NotAuditedError as error:
            return str(error)
    if any(package.get("vulns") for package in report):
        return ""
    skipped = "; ".join(p["skip_reason"] for p in report if "skip_reason" in p)
    return f"it does not know the vulnerabilities of {KNOWN} ({skipped or 'none found'})"


def audit(
    locks: Sequence[Path],
    *,
    must_answer: bool,
    run: Callable[..., Report] = pip_audit,
    accepted: Mapping[str, str] = ACCEPTED,
) -> tuple[int, list[str]]:
    """Audit the locks.

    Args:
        locks: Files of hashed pins.
        must_answer: Whether it is a failure if the service gives no usable answer.
        run: What asks the service.
        accepted: Ids of vulnerabilities that do not count, with the reason.

    Returns:
        Exit code and lines to print. 0: no vulnerability is known, or the service gave no answer;
        1: at least one is known, or an accepted one has no reason or is gone; 2: no answer though
        there must be one.
    """
    if unreasoned := [name for name, reason in accepted.items() if not reason.strip()]:
        return 1, [f"{name} is accepted without a reason" for name in unreasoned]
    unaudited = 2 if must_answer else 0
    if why := is_answered(run):
        return unaudited, _loudly(f"The vulnerability service is of no use here: {why}.")
    try:
        report = run(locks, hashed=True)
    except NotAuditedError as error:
        return unaudited, _loudly(str(error))
    lines, found = [], set()
    for package in report:
        for vulnerability in package.get("vulns", []):
            names = {vulnerability["id"], *vulnerability.get("aliases", [])}
            found |= names
            if names.isdisjoint(accepted):
                mended = ", ".join(vulnerability.get("fix_versions", [])) or "no version yet"
                lines.append(
                    f"{package['name']} {package['version']}: {vulnerability['id']}, mended in "
                    f"{mended}"
                )
    lines += [
        f"{name} is accepted but no longer found: remove it" for name in accepted.keys() - found
    ]
    if lines:
        return 1, sorted(set(lines))
    if skipped := sorted({p["name"] for p in report if "skip_reason" in p}):
        return unaudited, _loudly(f"The service does not know: {', '.join(skipped)}.")
    return 0, [f"{len(report)} pinned packages audited, no known vulnerability."]


def _loudly(why: str) -> list[str]:
    frame = "*" * 72
    return [
        frame,
        "NOT AUDITED: whether the pinned packages have vulnerabilities is unknown.",
        why,
        frame,
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what was found; the exit code is that of `audit`."""
    parser = argparse.ArgumentParser(prog="python -m zwu_ts_assets_tests.audit")
    parser.add_argument("--must-answer", action="store_true", help="fail if nothing was audited")
    parser.add_argument("locks", nargs="+", type=Path)
    given = parser.parse_args(arguments)
    code, lines = audit(given.locks, must_answer=given.must_answer)
    print("\n".join(lines), file=sys.stderr if code else sys.stdout)
    return code


if __name__ == "__main__":
    sys.exit(main())
