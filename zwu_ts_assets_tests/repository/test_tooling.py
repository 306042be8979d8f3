"""What surrounds the code: the locks, the Makefile, the README and what they say of each other."""

import json
import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from pydantic import BaseModel

from zwu_ts_assets.config.settings import Settings
from zwu_ts_assets.config.settings_file import read_settings
from zwu_ts_assets.training.task_settings import TaskSettings
from zwu_ts_assets_tests.reference import REPOSITORY

LOCKS = ("requirements.lock", "requirements-cluster.lock", "requirements-dev.lock")
APART = ("requirements-transformers5.lock", "requirements-transformers4.lock")
"""Of the environments that `make trainers` makes; they have torch."""
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")

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


def code_blocks(language: str) -> list[str]:
    """The code blocks of the README in a language."""
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


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


def settings_rows(number: int = 1) -> Iterator[tuple[str, str, str]]:
    """Name, default and bounds of each row of a table of settings in the README."""
    table = README.split("| setting | default | bounds | meaning |")[number].partition("\n\n")[0]
    for line in table.strip().splitlines()[1:]:
        name, default, bounds, meaning = (cell.strip() for cell in line.strip("|").split("|"))
        assert meaning
        yield name.strip("`"), default.strip("`"), bounds


def as_toml(value: Any) -> str:
    """A default as it would be written in the settings file."""
    if value is None:
        return "unset"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, BaseModel):
        return "a table"
    if isinstance(value, tuple):
        return json.dumps(value)
    return f'"{value}"' if isinstance(value, str) else str(value)


def test_the_readme_lists_every_setting_with_its_default() -> None:
    expected = {name: as_toml(field.default) for name, field in Settings.model_fields.items()}

    assert {name: default for name, default, _ in settings_rows()} == expected


def test_the_readme_lists_every_setting_of_tasks_with_its_default() -> None:
    expected = {name: as_toml(field.default) for name, field in TaskSettings.model_fields.items()}

    assert {name: default for name, default, _ in settings_rows(2)} == expected


def test_the_readme_tells_the_bounds_of_every_setting() -> None:
    properties = Settings.model_json_schema()["properties"]
    keys = ("minimum", "maximum", "exclusiveMinimum", "minItems", "maxItems", "multipleOf")

    for name, _, bounds in settings_rows():
        alternatives = properties[name].get("anyOf", [properties[name]])
        alternatives += [rule["items"] for rule in alternatives if "items" in rule]
        limits = {rule[key] for rule in alternatives for key in keys if key in rule}
        told = {float(number) for number in re.findall(r"\d+(?:\.\d+)?", bounds)}
        assert {float(limit) for limit in limits} == told, name


def test_the_settings_files_in_the_readme_are_valid(tmp_path: Path) -> None:
    blocks = code_blocks("toml")
    assert len(blocks) >= 3

    for block in blocks:
        file = tmp_path / "ETTh1.toml"
        file.write_text(block, encoding="utf-8")
        assert read_settings(file) != Settings.model_validate({})


def test_the_readme_names_every_environment_variable() -> None:
    source = (REPOSITORY / "zwu_ts_assets" / "config" / "environment.py").read_text(
        encoding="utf-8"
    )
    variables = set(re.findall(r"ZWU_TS_[A-Z_]+", source))

    assert variables
    assert {name for name in variables if f"| `{name}` |" not in README} == set()


def test_the_python_example_of_the_readme_draws_a_figure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data").mkdir()
    shutil.copy(REPOSITORY / "data" / "sample.csv", tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    (block,) = code_blocks("python")

    names: dict[str, Any] = {}
    exec(compile(block, "README.md", "exec"), names)  # noqa: S102 - our own page

    assert names["frame"].shape == (992, 1792, 3)
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")


def test_every_file_that_the_readme_speaks_of_is_there() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)
    layout = README.partition("```text\n")[2].partition("```")[0]
    modules = re.findall(r"\b\w+\.py\b", layout)
    present = {path.name for path in (REPOSITORY / "zwu_ts_assets").rglob("*.py")}

    assert links
    assert [link for link in links if not (REPOSITORY / link).is_file()] == []
    assert len(modules) > 10
    assert set(modules) <= present


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


def test_the_makefile_has_every_command_that_the_readme_names() -> None:
    targets = set()
    for arguments in re.findall(r"(?:`|^)make ([^`#\n]+)", README, re.MULTILINE):
        words = re.sub(r"-C \S+|\w+=(\"[^\"]*\"|\S*)", "", arguments).split()
        targets.update(words)
    rules = (REPOSITORY / "Makefile").read_text(encoding="utf-8")

    assert {"run", "test", "dev", "status", "check", "lock", "clean", ".venv"} <= targets
    assert {t for t in targets if not re.search(rf"^{re.escape(t)}:", rules, re.MULTILINE)} == set()


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
