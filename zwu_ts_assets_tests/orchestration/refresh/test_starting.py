"""A run that was killed while it was starting is ended by the next look, and no other one is."""

import json
import os
import socket
import subprocess
import time
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.events import EngineEventData

from zwu_ts_assets.orchestration.refresh.reconcile import fail_dead_runs

SOON, LATE = 1.0, 30.0


@dg.job
def job() -> None:
    """Nothing to do."""


@pytest.fixture
def instance(tmp_path: Path) -> dg.DagsterInstance:
    (tmp_path / "home").mkdir()
    return dg.DagsterInstance.local_temp(str(tmp_path / "home"))


@pytest.fixture
def gone() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def starting(
    instance: dg.DagsterInstance, server: dict[str, object], process: int | None = None
) -> dg.DagsterRun:
    """A run that a code server started, and whose process may have told of itself."""
    run = instance.create_run_for_job(
        job,
        status=dg.DagsterRunStatus.STARTING,
        tags={".dagster/grpc_info": json.dumps({"host": "localhost", **server})} if server else {},
    )
    if process is not None:
        message = f"Started process for run (pid: {process})."
        instance.report_engine_event(message, run, EngineEventData.in_process(process))
    return run


def after(
    seconds: float, instance: dg.DagsterInstance, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    """The runs that a look ends, some time from now."""
    from zwu_ts_assets.orchestration.refresh import reconcile

    now = time.time() + seconds

    class Clock:
        time = staticmethod(lambda: now)

    monkeypatch.setattr(reconcile, "time", Clock)
    return fail_dead_runs(folder, instance)


def test_with_its_server_and_its_process_gone_it_is_ended_at_once(
    instance: dg.DagsterInstance, tmp_path: Path, gone: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = starting(instance, {"socket": str(tmp_path / "gone")}, gone)
    assert after(SOON, instance, tmp_path, monkeypatch) == [run.run_id]
    found = instance.get_run_by_id(run.run_id)
    assert found is not None
    assert found.status is dg.DagsterRunStatus.FAILURE


def test_a_process_that_never_told_of_itself_is_given_some_seconds(
    instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = starting(instance, {"socket": str(tmp_path / "gone")})
    assert after(SOON, instance, tmp_path, monkeypatch) == []
    assert after(LATE, instance, tmp_path, monkeypatch) == [run.run_id]


def test_a_run_that_no_server_was_asked_to_start_is_given_some_seconds(
    instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = starting(instance, {})
    assert after(SOON, instance, tmp_path, monkeypatch) == []
    assert after(LATE, instance, tmp_path, monkeypatch) == [run.run_id]


def test_a_process_that_outlived_its_server_goes_on(
    instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    starting(instance, {"socket": str(tmp_path / "gone")}, os.getpid())
    assert after(LATE, instance, tmp_path, monkeypatch) == []


def test_a_server_that_lives_notices_itself_and_another_machine_is_none_of_ours(
    instance: dg.DagsterInstance, tmp_path: Path, gone: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(tmp_path / "server")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        starting(instance, {"socket": path}, gone)
        starting(instance, {"port": 4000}, gone)
        assert after(LATE, instance, tmp_path, monkeypatch) == []
