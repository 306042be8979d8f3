"""Publishing: the real client of the hub, against a stand-in for the hub on loopback."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from zwu_ts_assets_tests.hub_server import TOKEN, Hub, Repository, hub_server
from zwu_ts_assets_tests.last_mile import copy_of, with_setting
from zwu_ts_assets_tests.project import Project
from zwu_ts_assets_tests.reference import REPOSITORY

pytestmark = pytest.mark.slow

Exported = tuple[Project, dg.ExecuteInProcessResult]


@pytest.fixture
def hub() -> Iterator[Hub]:
    with hub_server() as found:
        yield found


@pytest.fixture
def project(exported_once: Exported, tmp_path: Path) -> Project:
    return copy_of(exported_once[0].data.parent, tmp_path / "project")


def publish(project: Project, hub: Hub, *words: str, token: str = TOKEN) -> tuple[int, str]:
    """Enter the command in a process of its own, where the client looks for hub and token."""
    home = project.data.parent / "home"
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(REPOSITORY),
        "HOME": str(home),
        "HF_HOME": str(home / "huggingface"),
        "HF_ENDPOINT": hub.url,
        "HF_HUB_DISABLE_XET": "1",  # whose content store the stand-in has not
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "DAGSTER_HOME": str(home),
        "ZWU_TS_DATA_DIR": str(project.data),
        "ZWU_TS_ARTIFACTS_DIR": str(project.artifacts),
        "ZWU_TS_DATASETS": "etth1",
    }
    if token:
        environment["HF_TOKEN"] = token
    if cache := os.environ.get("ZWU_TS_CACHE_DIR"):
        environment["ZWU_TS_CACHE_DIR"] = cache
    done = subprocess.run(
        [sys.executable, "-m", "zwu_ts_assets", "publish", *words],
        cwd=project.data.parent,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout + done.stderr


def files_of(project: Project) -> dict[str, bytes]:
    folder = project.artifacts / "exports" / "huggingface"
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_an_export_is_pushed_byte_for_byte_and_privately(project: Project, hub: Hub) -> None:
    made = files_of(project)
    (project.artifacts / "exports" / "huggingface" / "checkpoint.bin").write_bytes(b"mine")
    code, said = publish(project, hub, "jane/walks", "--despite-licence")
    assert code == 0, said
    assert hub.repositories["jane/walks"].private
    assert hub.repositories["jane/walks"].files == made
    assert f"{hub.url}/datasets/jane/walks/commit/" in said
    assert "seen by you and your organisation alone" in said
    assert TOKEN not in said


def test_what_an_earlier_push_had_is_removed_and_what_others_put_there_stays(
    project: Project, hub: Hub
) -> None:
    there = {"images/train-00001-of-00002.parquet": b"old", "notes.md": b"of a person"}
    hub.repositories["jane/walks"] = Repository(True, dict(there))
    code, said = publish(project, hub, "jane/walks", "--despite-licence")
    assert code == 0, said
    expected = files_of(project) | {"notes.md": b"of a person"}
    assert hub.repositories["jane/walks"].files == expected


def test_a_dry_run_tells_each_file_and_asks_nobody(project: Project, hub: Hub) -> None:
    code, said = publish(project, hub, "jane/walks", "--despite-licence", "--dry-run", token="")
    assert code == 0, said
    made = files_of(project)
    assert f"would push {len(made):,} files, {sum(map(len, made.values())):,} bytes" in said
    told = {line.split()[1] for line in said.splitlines() if line.startswith("  ")}
    assert told == set(made)
    assert hub.requests == []


@pytest.mark.parametrize(
    ("licence", "told"),
    [
        ("cc-by-nd-4.0", "the licence cc-by-nd-4.0 of its series does not allow sharing adapted"),
        ("CC BY-NC-ND 3.0", "does not allow sharing adapted material"),
        ("", "its settings name no licence"),
    ],
)
def test_data_that_nobody_may_share_changed_are_not_published(
    project: Project, hub: Hub, licence: str, told: str
) -> None:
    with_setting(project, f'licence = "{licence}"')
    for words in (["jane/walks"], ["jane/walks", "--dry-run"], ["jane/walks", "--public"]):
        code, said = publish(project, hub, *words)
        assert code == 1
        assert told in said
        assert "add --despite-licence" in said
    assert hub.requests == []


def test_an_export_that_is_out_of_date_is_not_published(project: Project, hub: Hub) -> None:
    with_setting(project, 'licence = "cc-by-4.0"')  # which its card does not say yet
    code, said = publish(project, hub, "jane/walks")
    assert code == 1
    assert "the export huggingface is missing or out of date" in said
    assert "(in a clone `make export ARGS=" in said
    assert hub.requests == []


def test_a_repository_that_everybody_sees_gets_nothing_unless_that_is_meant(
    project: Project, hub: Hub
) -> None:
    hub.repositories["jane/walks"] = Repository(False)
    code, said = publish(project, hub, "jane/walks", "--despite-licence")
    assert code == 1
    assert "is there already, and everybody sees it" in said
    assert hub.repositories["jane/walks"].files == {}
    code, said = publish(project, hub, "jane/walks", "--despite-licence", "--public")
    assert code == 0, said
    assert "seen by everybody" in said
    assert hub.repositories["jane/walks"].files == files_of(project)


@pytest.mark.parametrize(
    ("repository", "token", "told"),
    [
        ("jane/walks", "", "there is no token of the hub. Sign in: hf auth login"),
        ("jane/walks", "hf_wrong", "the hub refuses jane/walks: Invalid username or password"),
        ("somebody-else/walks", TOKEN, "the hub refuses somebody-else/walks: You may not write"),
        ("jane/a b", TOKEN, "'jane/a b' is no name on the hub"),
        ("walks", TOKEN, "'walks': expected OWNER/NAME"),
    ],
)
def test_what_the_hub_does_not_take_is_told_in_a_sentence(
    project: Project, hub: Hub, repository: str, token: str, told: str
) -> None:
    code, said = publish(project, hub, repository, "--despite-licence", token=token)
    assert code == 1
    assert told in said
    assert hub.commits == []


def test_a_hub_that_is_not_there_is_told_in_a_sentence(project: Project) -> None:
    nowhere = Hub(url="http://127.0.0.1:9")
    code, said = publish(project, nowhere, "jane/walks", "--despite-licence")
    assert code == 1
    assert "the hub at http://127.0.0.1:9 cannot be reached" in said
