"""A run that is stopped, or fails, at any operation loses nothing; some of all points are tried.

`python -m zwu_ts_assets_tests.crash_points` tries all of them.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from zwu_ts_assets.orchestration.refresh.reconcile import fail_dead_runs
from zwu_ts_assets.storage.folder_store import FolderStore
from zwu_ts_assets.storage.places import Remote
from zwu_ts_assets_tests.crash_points import (
    OBJECT_KINDS,
    FaultyStore,
    Start,
    losses_in_a_store,
    losses_on_disk,
    operations,
    points,
    run,
    starts,
    store_in_memory,
)
from zwu_ts_assets_tests.faulty_disk import KINDS, Crash, FaultyDisk
from zwu_ts_assets_tests.object_server import BUCKET, contents
from zwu_ts_assets_tests.project import Project

pytestmark = pytest.mark.slow

SEED = int(os.environ.get("ZWU_TS_TEST_SEED", "1"))
TRIED = 4  # of each kind
FOLDER = "crash_points"  # in a bucket that other tests use


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> list[Start]:
    return starts(tmp_path_factory.mktemp("recorded"))


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where files need no disk to be written to, if there is such a place."""
    return Path("/dev/shm") if Path("/dev/shm").is_dir() else tmp_path_factory.mktemp("disk")  # noqa: S108


@pytest.mark.parametrize("number", [0, 1], ids=["empty", "replaced"])
def test_on_disk_nothing_is_lost_at_any_point(
    prepared: list[Start], memory: Path, number: int
) -> None:
    start = prepared[number]
    done = operations(start, memory)
    kinds = {kind for kind, _ in done}
    assert kinds >= {"create", "write", "fsync", "chmod", "rename", "unlink"}
    assert len(done) > 400
    lost = {}
    for offset, kind in enumerate(KINDS):
        able = [
            at
            for at, (operation, _) in enumerate(done)
            if kind not in ("torn", "short") or operation == "write"
        ]
        stride = len(able) // TRIED
        for chosen in points(len(able), stride, SEED * 7 + offset * stride // len(KINDS)):
            if found := losses_on_disk(start, able[chosen], kind, memory):
                lost[kind, done[able[chosen]]] = found
    assert lost == {}


def test_in_an_object_store_nothing_is_lost_at_any_point(prepared: list[Start]) -> None:
    count, lost = FaultyStore(), {}
    root, _ = store_in_memory("counted")
    with count.mounted():
        run(prepared[0].recording, root)
    assert len(count.done) > 60
    for kind in OBJECT_KINDS:
        for at in points(len(count.done), len(count.done) // TRIED, SEED):
            root, there = store_in_memory("tried")
            found = losses_in_a_store(prepared[0], root, there, FaultyStore(at, kind))
            if found:
                lost[kind, count.done[at]] = found
    assert lost == {}


def test_on_a_server_that_speaks_s3_nothing_is_lost_either(prepared: list[Start], s3: int) -> None:
    for number, kind in enumerate(OBJECT_KINDS):
        root = Remote("s3", f"{BUCKET}/{FOLDER}/{kind}")
        fault = FaultyStore(at=20 + 15 * number, kind=kind)
        found = losses_in_a_store(
            prepared[0], root, partial(contents, s3, f"{FOLDER}/{kind}"), fault
        )
        assert found == []


@pytest.mark.parametrize("part", [0.3, 0.8])
def test_a_run_of_dagster_that_crashes_is_finished_by_the_next(
    prepared: list[Start], tmp_path: Path, part: float
) -> None:
    start = prepared[0]
    count = len(operations(start, tmp_path))
    project = Project(tmp_path / "project", rows=24 * 3 + 5)
    with (project.data / "ETTh1.toml").open("a", encoding="utf-8") as toml:
        toml.write("[split]\nratios = [1, 0, 0]\n")
    disk = FaultyDisk(project.artifacts, at=int(count * part), kind="before")
    names = [step.asset for step in start.recording.steps]
    project.artifacts.mkdir()
    with disk.mounted(), suppress(Crash):
        project.materialize(*names, batches=(0, 2))
    assert len(disk.done) > count * part
    fail_dead_runs(project.artifacts, project.instance)  # as each look and each run begins
    assert project.materialize(*names, batches=(0, 2)).success
    expected = {n: d for n, d in start.recording.files.items() if not n.startswith(".records/")}
    assert project.files() == expected
    assert not list(project.artifacts.rglob("*.tmp"))


# That the disk finds what it is to find: writers as they should not be.


def lost_by(write: Callable[[Path], object], kind: str, at: int, folder: Path) -> dict[str, bytes]:
    """What is in a folder after a writer that something happened to."""
    folder.mkdir()
    (folder / "a").write_bytes(b"old old")
    disk = FaultyDisk(folder, at, kind)
    with disk.mounted(), suppress(Crash, OSError):
        write(folder / "a")
    if kind == "power":
        disk.lose_power()
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def in_place(path: Path) -> None:
    path.write_bytes(b"new new")


def renamed_unsynced(path: Path) -> None:
    handle = os.open(path.with_name("b"), os.O_CREAT | os.O_WRONLY)
    os.write(handle, b"new new")
    os.close(handle)
    path.with_name("b").replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def ours(path: Path) -> None:
    FolderStore(path.parent).write(path.name, b"new new")


def test_a_writer_that_writes_in_place_is_found(tmp_path: Path) -> None:
    assert lost_by(in_place, "torn", 0, tmp_path / "x") == {"a": b"new"}


def test_a_writer_that_does_not_sync_before_it_renames_is_found(tmp_path: Path) -> None:
    assert lost_by(renamed_unsynced, "after", 3, tmp_path / "x") == {"a": b"new new"}
    assert lost_by(renamed_unsynced, "power", 3, tmp_path / "y") == {"a": b""}


@pytest.mark.parametrize("kind", ["before", "after", "torn", "power", "error", "short", "full"])
def test_ours_is_not(tmp_path: Path, kind: str) -> None:
    for at in range(6):
        left = lost_by(ours, kind, at, tmp_path / str(at))
        assert left.pop("a") in (b"old old", b"new new")
        if kind in ("error", "short", "full"):
            assert left == {}, "who lives to see the error tidies up"
