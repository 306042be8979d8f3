"""A run's tags name its batches alone; and one whose process is gone is told from a living one."""

import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zwu_ts_assets.orchestration.runs import (
    batches_of_run,
    dead_runs,
    events_are_ours,
    forget,
    home_of,
    is_dead,
    refresh_tags,
    run_lock,
    run_lock_if_possible,
    spans_text,
)
from zwu_ts_assets.storage.places import Remote

RUN = "0e3f7a52-1111-4222-8333-444455556666"

HOLD = """
import sys, time
from pathlib import Path
from zwu_ts_assets.orchestration.runs import run_lock
with run_lock(Path(sys.argv[1]), sys.argv[2]):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def holder(tmp_path: Path) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path), RUN], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_run_lives_as_long_as_its_process(
    tmp_path: Path, holder: "subprocess.Popen[str]"
) -> None:
    assert not is_dead(tmp_path, RUN)
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    assert is_dead(tmp_path, RUN)
    assert dead_runs(tmp_path) == [RUN]
    forget(tmp_path, RUN)
    assert not is_dead(tmp_path, RUN)
    assert dead_runs(tmp_path) == []


@pytest.mark.parametrize(
    ("host", "kernel", "dead"),
    [
        (True, True, True),
        (True, False, True),  # this machine, before it was started again
        (False, True, True),  # a container of this machine
        (False, False, False),
    ],
)
def test_of_a_run_on_another_machine_nothing_is_known(
    tmp_path: Path, host: bool, kernel: bool, dead: bool
) -> None:
    # To a file system that hands on no locks the run looks like one whose process is gone.
    with pytest.raises(OSError, match="full"), run_lock(tmp_path, RUN, "/home"):
        raise OSError("full")
    lock = tmp_path / ".runs" / RUN
    own, _, home = lock.read_text("utf-8").partition("\n")
    names = [
        word if here else "other" for word, here in zip(own.split(), (host, kernel), strict=True)
    ]
    lock.write_text(f"{' '.join(names)}\n{home}", encoding="utf-8")
    assert is_dead(tmp_path, RUN) is dead
    assert dead_runs(tmp_path) == [RUN] * dead
    assert home_of(tmp_path, RUN) == "/home"


def test_a_run_that_ended_leaves_nothing(tmp_path: Path) -> None:
    with run_lock(tmp_path, RUN), run_lock(tmp_path, RUN):
        assert not is_dead(tmp_path, RUN)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_the_last_of_several_holders_releases_it(tmp_path: Path) -> None:
    with run_lock(tmp_path, RUN):
        with run_lock(tmp_path, RUN):
            pass
        assert (tmp_path / ".runs" / RUN).exists()
    assert not (tmp_path / ".runs" / RUN).exists()


def test_a_run_is_at_no_moment_taken_for_dead_while_it_takes_its_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = fcntl.flock
    looks: list[bool] = []

    def look_around(handle: int, how: int) -> None:
        with monkeypatch.context() as undisturbed:
            undisturbed.setattr(fcntl, "flock", real)
            looks.append(is_dead(tmp_path, RUN))
            real(handle, how)
            looks.append(is_dead(tmp_path, RUN))

    monkeypatch.setattr(fcntl, "flock", look_around)
    with run_lock(tmp_path, RUN):
        assert looks == [False, False]


def test_a_run_that_ends_while_somebody_looks_did_not_die(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".runs").mkdir()
    (tmp_path / ".runs" / RUN).touch()
    real = fcntl.flock

    def end_first(handle: int, how: int) -> None:
        (tmp_path / ".runs" / RUN).unlink()
        real(handle, how)

    monkeypatch.setattr(fcntl, "flock", end_first)
    assert not is_dead(tmp_path, RUN)


def test_one_that_an_error_ended_is_left_to_who_looks_next(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="full"), run_lock(tmp_path, RUN):
        raise OSError("full")
    assert dead_runs(tmp_path) == [RUN]


def test_without_a_folder_a_run_goes_on_without_a_lock(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with run_lock_if_possible(tmp_path / "file", RUN):
        pass


def test_of_a_run_that_took_no_lock_nothing_is_said(tmp_path: Path) -> None:
    assert not is_dead(tmp_path, RUN)


def test_a_run_id_cannot_lead_out_of_the_folder(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no run id"), run_lock(tmp_path, "../../x"):
        pass


def test_of_artifacts_behind_a_url_the_locks_are_on_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZWU_TS_CACHE_DIR", str(tmp_path))
    here, elsewhere = Remote("s3", "bucket/corpora"), Remote("s3", "bucket/others")
    with run_lock(here, RUN):
        assert not is_dead(here, RUN)
        assert dead_runs(here) == []
    with pytest.raises(OSError, match="full"), run_lock(here, RUN, "/home"):
        raise OSError("full")
    assert (dead_runs(here), dead_runs(elsewhere)) == ([RUN], [])
    assert home_of(here, RUN) == "/home"
    forget(here, RUN)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


BATCHES = st.lists(st.integers(0, 300), unique=True, min_size=1)


@given(chosen=BATCHES, others=BATCHES)
def test_a_refresh_is_for_its_batches_and_none_in_between(
    chosen: list[int], others: list[int]
) -> None:
    tags = refresh_tags("etth1", "goal", chosen)
    assert batches_of_run(tags, {*chosen, *others}) == sorted(chosen)
    assert tags["dagster/asset_partition_range_start"] == str(min(chosen))
    assert tags["dagster/asset_partition_range_end"] == str(max(chosen))


def test_neighbours_are_drawn_together() -> None:
    assert spans_text([90, 3, 17, 18, 19]) == "3,17-19,90"


def test_without_batches_there_is_no_span_and_the_run_is_for_all() -> None:
    tags = refresh_tags("etth1", "goal", [])
    assert not [tag for tag in tags if "partition" in tag]
    assert batches_of_run(tags, [2, 0, 1]) == [0, 1, 2]


def test_dagsters_own_tags_are_read_too() -> None:
    assert batches_of_run({"dagster/partition": "2"}, range(5)) == [2]
    span = {
        "dagster/asset_partition_range_start": "1",
        "dagster/asset_partition_range_end": "3",
    }
    assert batches_of_run(span, range(5)) == [1, 2, 3]


def test_only_a_refresh_logs_its_own_events() -> None:
    assert events_are_ours(refresh_tags("etth1", "goal", [1]))
    assert not events_are_ours({"dagster/partition": "2"})
