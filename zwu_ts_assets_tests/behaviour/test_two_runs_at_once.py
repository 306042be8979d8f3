"""Two processes work on one corpus at the same time: both end, and leave what one would have."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from sqlalchemy.exc import IntegrityError

from zwu_ts_assets.orchestration.assets import corpus_products as products
from zwu_ts_assets.orchestration.partitions import register_batches
from zwu_ts_assets_tests.daemon import Watched
from zwu_ts_assets_tests.processes import Undisturbed, assert_as_recorded, assert_whole, patience
from zwu_ts_assets_tests.project import Project, failures


@pytest.mark.slow
def test_two_runs_that_start_together_from_nothing_leave_what_one_would(
    undisturbed: Undisturbed,
) -> None:
    shell = undisturbed.shell
    runs = [shell.start(log=f"run{number}.log") for number in range(2)]
    ends = [run.wait(timeout=patience(300)) for run in runs]
    said = [shell.log.with_name(f"run{number}.log").read_text("utf-8") for number in range(2)]
    assert ends == [0, 0], said
    assert shell.files() == undisturbed.files
    assert shell.strays() == []
    assert shell.broken_databases() == []
    assert shell.unfinished_runs() == []
    with closing(sqlite3.connect(shell.home / "history/runs/index.db")) as database:
        keys = database.execute("SELECT partition FROM dynamic_partitions").fetchall()
    assert sorted(keys) == [(str(batch),) for batch in range(9)]
    code, text = shell.run()
    assert code == 0
    assert "nothing to do, every artifact is current" in text


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    """A project whose daemon is stopped at the end."""
    watched = Watched(tmp_path / "project")
    yield watched
    watched.stop()


@pytest.mark.slow
def test_a_run_by_hand_while_the_daemon_s_own_is_at_it_makes_the_same_corpus(
    watched: Watched,
) -> None:
    watched.start()
    watched.wait(lambda: (watched.artifacts / "batch_windows/batch_0.parquet").exists(), "a window")
    by_hand = subprocess.run(
        [sys.executable, "-m", "zwu_ts_assets", "run", "--workers", "1"],
        env=watched.environment,
        capture_output=True,
        text=True,
    )
    assert by_hand.returncode == 0, by_hand.stderr
    watched.settle()
    assert all(run.is_success for run in watched.runs())
    files = {name: data for name, (_, data) in watched.files().items()}
    for name, data in files.items():
        assert_whole(name, data)
    records = watched.artifacts / ".records"
    assert_as_recorded(
        files
        | {
            f".records/{path.relative_to(records)}": path.read_bytes()
            for path in records.rglob("*.json")
        }
    )
    watched.stop()
    assert not list(watched.artifacts.rglob(".runs/*"))
    for path in watched.home.rglob("*.db"):
        with closing(sqlite3.connect(path)) as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_home_is_made_by_one_of_several_processes_and_used_by_all(tmp_path: Path) -> None:
    code = (
        "import sys, time\n"
        "from zwu_ts_assets.orchestration.event_log import instance_of_home\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "with instance_of_home() as instance: print(len(instance.get_runs()))\n"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code],
            env={**os.environ, "DAGSTER_HOME": str(tmp_path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        said, complaints = process.communicate(timeout=patience(120))
        assert (said, process.returncode) == ("0\n", 0), complaints


def test_batches_that_another_process_registers_at_the_same_time_are_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Project(tmp_path)
    real = project.instance.add_dynamic_partitions

    def beaten(name: str, keys: list[str]) -> None:
        monkeypatch.undo()
        real(name, keys[:2])
        raise IntegrityError("INSERT", None, Exception("UNIQUE constraint failed"))

    monkeypatch.setattr(project.instance, "add_dynamic_partitions", beaten)
    assert register_batches(project.instance, project.dataset) == 3
    assert project.instance.get_dynamic_partitions("etth1_batches") == ["0", "1", "2"]


def change(project: Project) -> None:
    """Give another last value to a row of batch 1."""
    lines = project.csv.read_text("utf-8").splitlines(keepends=True)
    lines[30] = lines[30].rsplit(",", 1)[0] + ",123.25\n"
    project.csv.write_text("".join(lines), encoding="utf-8")


def test_what_another_run_made_again_meanwhile_is_not_taken_for_what_was_there(
    built: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The figure would show the new rows and be recorded as made from the old ones: once the CSV
    # goes back to those, it would be believed.
    good = built.csv.read_bytes()
    figure = built.artifacts / "correlations" / "batch_1.png"
    expected = figure.read_bytes()
    figure.unlink()
    real = products.ranges_of

    def interrupted() -> object:
        monkeypatch.undo()
        change(built)
        other = Project(tmp_path / "project")
        assert other.materialize("etth1_raw", "batch_windows", batches=(0, 2)).success
        return real()

    monkeypatch.setattr(products, "ranges_of", interrupted)
    (said,) = failures(built.materialize("correlation_pngs", batches=(0, 2)))
    assert "batch 1 of batch_windows" in said
    assert "was made again by another run" in said
    built.csv.write_bytes(good)
    assert built.materialize(batches=(0, 2)).success
    assert figure.read_bytes() == expected


def test_a_csv_that_changes_as_a_run_begins_is_not_recorded_as_what_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Project(tmp_path)
    real = products.csv_digest

    def interrupted(csv: Path) -> str:
        monkeypatch.undo()
        digest = real(csv)
        change(project)
        return digest

    monkeypatch.setattr(products, "csv_digest", interrupted)
    (said,) = failures(project.materialize("etth1_raw"))
    assert "changed while it was read; run again" in said
    assert not (project.artifacts / "etth1_raw.parquet").exists()
    assert project.materialize("etth1_raw").success


def test_the_lock_of_a_run_by_hand_is_held_until_dagster_has_recorded_its_end(
    at_the_command_line: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    from click.testing import CliRunner

    from zwu_ts_assets import cli

    held: dict[str, bool] = {}
    real = dg.DagsterInstance.handle_new_event

    def look(self: dg.DagsterInstance, event: dg.EventLogEntry, **options: Any) -> None:
        if event.dagster_event is not None:
            lock = at_the_command_line.artifacts / ".runs" / event.run_id
            held[event.dagster_event.event_type_value] = lock.exists()
        real(self, event, **options)

    monkeypatch.setattr(dg.DagsterInstance, "handle_new_event", look)
    assert CliRunner().invoke(cli.main, ["run", "--workers", "1"]).exit_code == 0
    assert held[dg.DagsterEventType.RUN_SUCCESS.value]
    assert not list((at_the_command_line.artifacts / ".runs").iterdir())


@pytest.fixture
def at_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project that the command line is pointed at."""
    project = Project(tmp_path)
    monkeypatch.setenv("ZWU_TS_DATA_DIR", str(project.data))
    monkeypatch.setenv("ZWU_TS_ARTIFACTS_DIR", str(project.artifacts))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ZWU_TS_DATASETS", "etth1")
    return project
