"""Old refreshes leave the run history; what tells of an artifact or was started by hand stays."""

from pathlib import Path

import dagster as dg
import pytest

from zwu_ts_assets.orchestration.build import build_definitions
from zwu_ts_assets.orchestration.refresh import history
from zwu_ts_assets.orchestration.refresh.history import forget_old_runs
from zwu_ts_assets.orchestration.reports import asset_key
from zwu_ts_assets.orchestration.runs import DATASET, GOAL
from zwu_ts_assets_tests.project import Project


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "LEAST_RUNS", 2)


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
    monkeypatch.setattr(history, "_AT_ONCE", 2)
    for _ in range(7):
        refresh(built, "etth1_raw")
    gone = [forget_old_runs(built.dataset, built.instance, keep=1) for _ in range(4)]
    assert gone == [2, 2, 1, 0]


def test_fewer_runs_than_are_kept_are_all_kept(built: Project) -> None:
    before = len(built.instance.get_runs())
    assert forget_old_runs(built.dataset, built.instance, keep=10) == 0
    assert len(built.instance.get_runs()) == before
