"""What surrounds the code: the locks, the Makefile, CI and what they say of each other."""

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import dagster as dg
import pytest

from zwu_ts_assets_tests.reference import REPOSITORY

LOCKS = ("requirements.lock", "requirements-cluster.lock", "requirements-dev.lock")
APART = ("requirements-transformers5.lock", "requirements-transformers4.lock")
"""Of the environments that `make trainers` makes; they have torch."""
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))

# Given to the project from outside; every other dependency has to say why it is there.
FIXED = {
    "dagster",
    "dagster-webserver",
    "numpy",
    "pandas",
    "matplotlib",
    "seaborn",
    "transformers",
    "imageio",
    "imageio-ffmpeg",
}


def requirements(lock: str) -> dict[str, list[str]]:
    """The lines of each requirement of a lock, by `name==version` with its marker."""
    blocks: dict[str, list[str]] = {}
    current: list[str] = []
    for line in (REPOSITORY / lock).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith((" ", "#")):
            current = blocks.setdefault(line.rstrip(" \\"), [])
        else:
            current.append(line)
    return blocks


def declared(table: list[str]) -> set[str]:
    """Names of some requirements of pyproject.toml."""
    return {re.split(r"[<>=!~\[ ]", requirement, maxsplit=1)[0] for requirement in table}


@pytest.mark.parametrize("lock", (*LOCKS, *APART))
def test_every_requirement_of_a_lock_is_pinned_and_has_hashes(lock: str) -> None:
    blocks = requirements(lock)

    assert len(blocks) > 50
    for requirement, lines in blocks.items():
        assert re.fullmatch(r"[a-z0-9._-]+==[^ ]+( ; .+)?", requirement), requirement
        hashes = [line for line in lines if re.match(r" +--hash=sha256:[0-9a-f]{64}\b", line)]
        assert hashes, f"{requirement} has no hash"


@pytest.mark.parametrize("lock", (*LOCKS, *APART))
def test_a_lock_names_no_index_and_no_place_of_the_machine_that_made_it(lock: str) -> None:
    text = (REPOSITORY / lock).read_text(encoding="utf-8")

    assert not re.search(r"://|index|find-links|(?<![\w.])/\w+/", text)


@pytest.mark.parametrize("lock", LOCKS)
def test_nobody_has_to_download_torch(lock: str) -> None:
    names = {requirement.split("==")[0] for requirement in requirements(lock)}

    assert not {name for name in names if name.startswith(("torch", "nvidia"))}


def test_clusters_and_tests_run_with_the_very_packages_that_a_run_uses() -> None:
    # Without the markers: what a run needs on Windows only, a cluster may need everywhere.
    runtime, cluster, development = (
        {requirement.split(" ; ")[0] for requirement in requirements(lock)} for lock in LOCKS
    )

    assert runtime < cluster < development


def test_the_locks_hold_everything_that_pyproject_asks_for() -> None:
    extras = PROJECT["project"]["optional-dependencies"]
    runtime, cluster, development = (
        {requirement.split("==")[0] for requirement in requirements(lock)} for lock in LOCKS
    )

    assert declared(PROJECT["project"]["dependencies"]) <= runtime
    # Installing the project itself must not need the network.
    assert declared(extras["build"]) | declared(PROJECT["build-system"]["requires"]) <= runtime
    assert declared(extras["cluster"]) <= cluster
    # The project itself stands there for its extra.
    assert declared(extras["dev"]) - {PROJECT["project"]["name"]} <= development


@pytest.mark.parametrize("lock", APART)
def test_the_locks_of_trainers_hold_what_their_group_asks_for(lock: str) -> None:
    group = PROJECT["dependency-groups"][lock.removeprefix("requirements-").removesuffix(".lock")]
    pinned = {requirement.split(" ; ")[0] for requirement in requirements(lock)}

    assert declared(group) <= {requirement.split("==")[0] for requirement in pinned}
    assert {requirement for requirement in group if "==" in requirement} <= pinned


def test_every_dependency_that_is_not_given_says_why_it_is_there() -> None:
    lines = (REPOSITORY / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    extras = PROJECT["project"]["optional-dependencies"]
    tables = [*extras.values(), *PROJECT["dependency-groups"].values()]
    everything = declared(PROJECT["project"]["dependencies"]).union(*map(declared, tables))

    for name in sorted(everything - FIXED):
        line = next(line for line in lines if re.match(rf' +"{name}[\[<>=]', line))
        assert re.search(r'",\s+# \w', line), f"{name} has no reason beside it"


def make(*arguments: str, folder: Path = REPOSITORY) -> subprocess.CompletedProcess[str]:
    """Run make as from a fresh shell: a make that started the tests must not leak into it."""
    leaked = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "VENV", "ARGS", "PYTHON")
    return subprocess.run(
        ["make", *arguments],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if name not in leaked},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_fast_tests_are_those_that_need_nothing_and_ci_runs_them_all() -> None:
    rules = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    recipes = {
        target: rules.partition(f"\n{target}: .developed\n")[2].partition("\n\n")[0]
        for target in ("test", "test-all")
    }
    assert '-m "not slow and not browser"' in recipes["test"]
    assert " -m pytest $(ARGS)" in recipes["test-all"]
    ci = (REPOSITORY / ".ci" / "run").read_text(encoding="utf-8")
    assert "$make test-all " in ci
    assert "$make test " not in ci
    assert "\n$make docs\n" in ci


def fake_python(path: Path, body: str) -> Path:
    """An executable that answers like a Python where the body says so."""
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The files that make needs, in a folder with a space in its name."""
    folder = tmp_path / "a checkout"
    folder.mkdir()
    (folder / "tools").mkdir()
    for name in ("Makefile", "tools/environment.py", "pyproject.toml", *LOCKS):
        shutil.copy(REPOSITORY / name, folder / name)
    return folder


def test_an_unsuitable_python_is_refused_with_a_remedy(checkout: Path) -> None:
    old = fake_python(checkout / "old python", "echo 3.9")

    answer = make(f"PYTHON={old}", "run", folder=checkout)

    assert answer.returncode != 0
    assert "needs Python 3.11, 3.12, 3.13 or 3.14" in answer.stderr
    assert f"{old} is 3.9" in answer.stderr
    assert "make PYTHON=/path/to/python3.12 run" in answer.stderr
    assert not (checkout / ".venv").exists()


def test_a_run_of_the_projects_instance_prints_what_it_says_and_keeps_every_event(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(REPOSITORY / ".dagster" / "dagster.yaml", tmp_path)

    @dg.op
    def speak(context: dg.OpExecutionContext) -> None:
        context.log.info("3 made")

    @dg.job
    def job() -> None:
        speak()

    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        run = job.execute_in_process(instance=instance)
        kept = instance.all_logs(run.run_id)
    assert {dg.DagsterEventType.STEP_START, dg.DagsterEventType.STEP_SUCCESS} <= {
        entry.dagster_event_type for entry in kept
    }
    said = capfd.readouterr().err
    assert "3 made" in said
    assert " DEBUG " not in said
