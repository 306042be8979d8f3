"""Old refreshes leave the run history, and runs that were killed while they started are ended."""

import json
import os
import socket
import subprocess
import time
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.events import EngineEventData

from zwu_ts_assets.orchestration.build import build_definitions
from zwu_ts_assets.orchestration.refresh import earlier_runs
from zwu_ts_assets.orchestration.refresh.earlier_runs import forget_old_runs
from zwu_ts_assets.orchestration.refresh.reconcile import fail_dead_runs
from zwu_ts_assets.orchestration.reports import asset_key
from zwu_ts_assets.orchestration.runs import DATASET, GOAL
from zwu_ts_assets_tests.project import Project


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(earlier_runs, "LEAST_RUNS", 2)


def refresh(project: Project, asset: str, batch: str = "") -> str:
    job = build_definitions([project.dataset], project.artifacts, 1).resolve_job_def("etth1_corpus")
    tags = {DATASET: "etth1", GOAL: "a"}
    result = job.execute_in_process(
        instance=project.instance,
        asset_selection=[asset_key(project.dataset, asset)],
        partition_key=batch or None,
        tags=tags,
    )
    return result.run_id


def tells_of(project: Project, run_id: str) -> bool:
    """Whether the newest event about some batch's figure is of a run."""
    found = project.instance.fetch_materializations(dg.AssetKey("correlation_pngs"), limit=99)
    newest: dict[str | None, str] = {}
    for record in found.records:  # newest first
        newest.setdefault(record.partition_key, record.run_id)
    return run_id in newest.values()


def by_hand(project: Project) -> str:
    run = dg.DagsterRun(job_name="etth1_corpus", status=dg.DagsterRunStatus.SUCCESS)
    project.instance.add_run(run)
    return run.run_id


def test_the_oldest_go_and_those_that_tell_of_an_artifact_stay(built: Project) -> None:
    instance = built.instance
    first = {refresh(built, "correlation_pngs", batch) for batch in "021"}
    again = refresh(built, "correlation_pngs", "1")  # the one before tells of nothing any more
    first = {run for run in first if tells_of(built, run)} | {again}
    mine = by_hand(built)
    refreshed = [refresh(built, "etth1_raw") for _ in range(6)]
    events = len(instance.fetch_materializations(dg.AssetKey("etth1_raw"), limit=99).records)
    assert forget_old_runs(built.dataset, instance, keep=2) == 5
    left = {run.run_id for run in instance.get_runs()}
    assert left == first | {mine} | set(refreshed[-2:])
    assert forget_old_runs(built.dataset, instance, keep=2) == 0
    found = instance.fetch_materializations(dg.AssetKey("etth1_raw"), limit=99).records
    assert len(found) == events - 4
    assert instance.get_materialized_partitions(dg.AssetKey("correlation_pngs")) == {"0", "1", "2"}
    for run_id in refreshed[:4]:
        assert not list(Path(instance.root_directory).rglob(f"*{run_id}*"))


def test_a_look_removes_no_more_than_a_few(built: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(earlier_runs, "_AT_ONCE", 2)
    for _ in range(7):
        refresh(built, "etth1_raw")
    gone = [forget_old_runs(built.dataset, built.instance, keep=1) for _ in range(4)]
    assert gone == [2, 2, 1, 0]


def test_fewer_runs_than_are_kept_are_all_kept(built: Project) -> None:
    before = len(built.instance.get_runs())
    assert forget_old_runs(built.dataset, built.instance, keep=10) == 0
    assert len(built.instance.get_runs()) == before


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
