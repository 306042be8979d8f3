"""A run killed at any moment leaves only whole artifacts, and the next run finishes.

Six moments are tried; ZWU_TS_TEST_KILLS=50 tries fifty, and ZWU_TS_TEST_SEED draws others.
"""

import json
import os
import random
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from zwu_ts_assets_tests.daemon import Watched, is_finished, processes_holding
from zwu_ts_assets_tests.processes import (
    BATCHES,
    Shell,
    Undisturbed,
    assert_as_recorded,
    assert_whole,
    final,
    kill,
    patience,
    wait_for,
    workers_of,
)

pytestmark = pytest.mark.slow

KILLS = int(os.environ.get("ZWU_TS_TEST_KILLS", "6"))
SEED = int(os.environ.get("ZWU_TS_TEST_SEED", "1"))


def moments(count: int, seed: int) -> list[float]:
    """Parts of a whole run, at random but spread over all of it, in random order."""
    draw = random.Random(seed)  # noqa: S311 - a seeded draw is meant
    drawn = [(i + draw.random()) / count for i in range(count)]
    draw.shuffle(drawn)
    return drawn


def test_a_run_killed_at_any_of_many_moments_is_finished_by_the_next(
    undisturbed: Undisturbed,
) -> None:
    shell, expected = undisturbed.shell, undisturbed.files
    shutil.rmtree(shell.cache)
    for number, moment in enumerate(moments(KILLS, SEED)):
        seconds, group = moment * undisturbed.seconds, number % 2 == 0
        while took := seconds_of_a_run_not_killed(shell, seconds, group=group):
            assert_finished(shell, expected)
            shell.forget()  # from nothing again, where it lives longer
            # The same part of a run as fast as this one, and a little earlier: the machine may have
            # had much else to do when the first one was timed.
            seconds = min(0.97 * seconds, moment * took)
        files = shell.files()
        whole = final(files)
        # Equal to the undisturbed ones, which were opened: whole, and none that is foreign.
        assert {name: expected.get(name) for name in whole} == whole
        assert_as_recorded(whole)
        tell(
            second=round(seconds, 2),
            of=round(undisturbed.seconds, 2),
            killed="group" if group else "parent",
            files=sum(not name.startswith(".records") for name in whole),
            records=sum(name.startswith(".records") for name in whole),
            temporaries=sum(name.endswith(".tmp") for name in files),
            lock=any(name.startswith(".runs") for name in files),
        )
    code, said = shell.run()
    assert code == 0, said
    assert_finished(shell, expected)


def tell(**facts: object) -> None:
    """Append what a kill left to the file that ZWU_TS_TEST_REPORT names."""
    if target := os.environ.get("ZWU_TS_TEST_REPORT"):
        with Path(target).open("a", encoding="utf-8") as file:
            file.write(json.dumps(facts) + "\n")


def seconds_of_a_run_not_killed(shell: Shell, seconds: float, *, group: bool) -> float:
    """Start a run and kill it after some seconds: 0, or what it took if it had ended before."""
    run = shell.start()
    started = time.monotonic()
    while time.monotonic() < started + seconds:
        if run.poll() is not None:
            assert run.returncode == 0, shell.said()
            return time.monotonic() - started
        time.sleep(0.002)
    kill(run, group=group)
    return 0.0


def assert_finished(shell: Shell, expected: dict[str, bytes]) -> None:
    """The corpus is that of an undisturbed run, and nothing tells of those that were killed."""
    assert shell.files() == expected
    assert shell.strays() == []
    assert shell.unfinished_runs() == []
    assert shell.broken_databases() == []


def test_a_killed_worker_ends_its_step_with_a_sentence_and_the_next_run_finishes(
    undisturbed: Undisturbed,
) -> None:
    shell, expected = undisturbed.shell, undisturbed.files
    run = shell.start()
    first = shell.artifacts / ".records/correlation_pngs/0.json"
    wait_for(lambda: first.exists() or run.poll() is not None)
    os.kill(workers_of(run.pid)[0], signal.SIGKILL)
    assert run.wait(timeout=patience(120)) == 1, shell.said()
    assert "correlation_pngs: a worker process was killed" in shell.said()
    assert "--workers 1" in shell.said()
    assert "Traceback" not in shell.said()
    whole = final(shell.files())
    assert {name: expected.get(name) for name in whole} == whole
    # What does not need it is made in the same run, videos with new workers.
    assert {name for name in expected if "correlation_pngs" not in name} - set(whole) <= {
        f"correlations/batch_{batch}.png" for batch in range(BATCHES)
    }
    code, said = shell.run()
    assert code == 0, said
    assert_finished(shell, expected)


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    """A project whose daemon is stopped at the end."""
    watched = Watched(tmp_path / "project")
    yield watched
    watched.stop(signal.SIGKILL)


def test_a_daemon_killed_alone_in_the_middle_of_a_run_is_followed_by_one_that_settles(
    watched: Watched,
) -> None:
    watched.start()
    watched.wait(lambda: (watched.artifacts / "correlations/batch_0.png").exists(), "a figure")
    watched.kill_alone()
    watched.start()
    watched.settle()
    assert all(is_finished(run) for run in watched.runs())
    assert watched.runs()[-1].status is dg.DagsterRunStatus.SUCCESS
    for name, (_, data) in watched.files().items():
        assert_whole(name, data)
    watched.wait(lambda: not list(watched.artifacts.rglob(".runs/*")), "its lock to go")
    assert not list(watched.artifacts.rglob("*.tmp"))
    assert not processes_holding(watched.artifacts / ".runs")


def test_all_killed_while_a_run_is_starting_is_followed_by_a_daemon_that_settles_soon(
    watched: Watched,
) -> None:
    def is_starting() -> bool:
        return any(run.status is dg.DagsterRunStatus.STARTING for run in watched.runs())

    watched.start()
    watched.wait(is_starting, "a run to start")
    watched.stop(signal.SIGKILL)
    assert is_starting(), "it was killed while it was starting"
    watched.start()
    # Dagster's own monitoring would take 280 s.
    watched.wait(lambda: not is_starting(), "its end to be noticed", 90)
    watched.settle()
    assert [run.status for run in watched.runs()][-1] is dg.DagsterRunStatus.SUCCESS
