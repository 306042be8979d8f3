"""One look at a dataset: what it decides, and what it tells Dagster."""

import asyncio
import os
import time
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.definitions.data_version import CachingStaleStatusResolver
from dagster._core.loader import LoadingContextForTest

from zwu_ts_assets.config.environment import AutomationSettings, Limits
from zwu_ts_assets.orchestration.build import build_definitions
from zwu_ts_assets.orchestration.refresh.reconcile import Memory, Outcome, memory_of, reconcile
from zwu_ts_assets.orchestration.refresh.todo import Todo
from zwu_ts_assets.orchestration.reports import asset_key
from zwu_ts_assets.orchestration.runs import refresh_tags, run_lock
from zwu_ts_assets_tests.project import ASSETS, PER_BATCH, Project, check_of, write_csv

SETTINGS = AutomationSettings(settle_seconds=0)
FORGOTTEN = Memory()


def look(
    project: Project, memory: Memory = FORGOTTEN, settings: AutomationSettings = SETTINGS
) -> Outcome:
    return reconcile(project.dataset, project.artifacts, project.instance, settings, memory)


def refresh(project: Project, outcome: Outcome) -> dg.ExecuteInProcessResult:
    """Run what a look asks for, as the daemon would."""
    job = build_definitions([project.dataset], project.artifacts, 1).resolve_job_def("etth1_corpus")
    return job.execute_in_process(
        instance=project.instance,
        asset_selection=[asset_key(project.dataset, name) for name in outcome.todo.assets],
        tags=refresh_tags("etth1", outcome.goal, outcome.todo.batches),
        raise_on_error=False,
    )


def statuses(project: Project) -> Counter[str]:
    """How many artifacts Dagster's own rules call fresh, stale or missing."""
    graph = build_definitions([project.dataset], project.artifacts).resolve_asset_graph()
    resolver = CachingStaleStatusResolver(
        project.instance, graph, LoadingContextForTest(project.instance)
    )
    found: Counter[str] = Counter()
    for name in ASSETS:
        keys = map(str, range(3)) if name in PER_BATCH else [None]
        found.update(resolver.get_status(dg.AssetKey(name), key).name for key in keys)
    return found


def check(project: Project, asset: str, name: str) -> dg.AssetCheckEvaluation:
    return check_of(project.instance, asset, name)


def events(project: Project, asset: str) -> int:
    records = project.instance.fetch_materializations(dg.AssetKey(asset), limit=100).records
    return len(records)


@pytest.fixture
def settled(built: Project) -> Project:
    """A project whose artifacts are current and known to the instance."""
    assert look(built).decision.settled
    return built


def test_a_fresh_instance_is_asked_for_everything_in_one_run(tmp_path: Path) -> None:
    project = Project(tmp_path)
    outcome = look(project)
    assert outcome.decision.run
    assert list(outcome.todo.assets) == list(ASSETS)
    assert outcome.todo.batches == [0, 1, 2]
    assert refresh(project, outcome).success
    assert look(project).decision.settled


def test_a_refresh_gives_each_artifact_its_content_as_data_version(tmp_path: Path) -> None:
    project = Project(tmp_path)
    refresh(project, look(project))
    versions = {
        record.asset_materialization.partition: record.event_log_entry.tags["dagster/data_version"]
        for record in project.instance.fetch_materializations(
            dg.AssetKey("correlation_pngs"), limit=10
        ).records
        if record.asset_materialization and record.event_log_entry.tags
    }
    assert len(set(versions.values())) == 3
    for batch, version in versions.items():
        record = (project.artifacts / f".records/correlation_pngs/{batch}.json").read_text("utf-8")
        assert f'"version": "{version}"' in record


def test_by_dagsters_own_rules_everything_is_fresh_after_a_refresh(tmp_path: Path) -> None:
    project = Project(tmp_path)
    refresh(project, look(project))
    look(project)
    assert statuses(project) == {"FRESH": 13}


def test_artifacts_that_another_instance_made_are_told_of_without_a_run(built: Project) -> None:
    assert statuses(built)["FRESH"] == 0
    assert look(built).decision.settled
    assert statuses(built) == {"FRESH": 13}
    assert built.instance.get_runs() == []


def test_a_range_run_from_the_web_ui_gets_its_content_versions_at_the_next_look(
    tmp_path: Path,
) -> None:
    project = Project(tmp_path)
    look(project)
    assert project.materialize(batches=(0, 2)).success  # Dagster logs one version for all batches
    assert look(project).decision.settled
    assert statuses(project) == {"FRESH": 13}


def test_a_changed_csv_shows_as_stale_and_its_batch_as_not_current(settled: Project) -> None:
    change(settled, batch=1)
    outcome = look(settled)
    assert outcome.todo.batches == [1]
    assert statuses(settled)["STALE"] == 1  # the raw table: its CSV has a new version
    result = check(settled, "correlation_pngs", "is_current")
    assert not result.passed
    assert result.severity == dg.AssetCheckSeverity.WARN
    assert result.description == "1 input changed (batch 1)"


def test_windows_that_a_changed_csv_left_as_they_were_stay_fresh(settled: Project) -> None:
    change(settled, batch=1)
    refresh(settled, look(settled))
    assert look(settled).decision.settled
    assert statuses(settled) == {"FRESH": 13}


def test_of_batches_between_two_changed_ones_nothing_is_told(settled: Project) -> None:
    change(settled, batch=0)
    change(settled, batch=2)
    before = events(settled, "patch_videos")
    outcome = look(settled)
    assert outcome.todo.batches == [0, 2]
    refresh(settled, outcome)
    assert events(settled, "patch_videos") == before + 2


def test_every_check_counts_for_the_latest_materialization(settled: Project) -> None:
    change(settled, batch=1)
    refresh(settled, look(settled))
    assert look(settled).decision.settled
    storage = settled.instance.event_log_storage
    graph = build_definitions([settled.dataset], settled.artifacts).resolve_asset_graph()
    keys = [key for key in graph.asset_check_keys if key.asset_key.to_user_string() in ASSETS]
    found = storage.get_latest_asset_check_execution_by_key(keys)

    async def counting() -> set[dg.AssetCheckKey]:
        loading = LoadingContextForTest(settled.instance)
        return {k for k in keys if await found[k].targets_latest_materialization(loading)}

    assert asyncio.run(counting()) == set(keys)


def test_nothing_new_is_reported_when_nothing_changed(settled: Project) -> None:
    before = settled.instance.event_log_storage.get_maximum_record_id()
    assert look(settled).decision.settled
    assert settled.instance.event_log_storage.get_maximum_record_id() == before


def test_a_raw_table_that_nobody_compared_for_long_is_told_of_again(settled: Project) -> None:
    settings = AutomationSettings(settle_seconds=0, verify_hours=1e-6)
    before = events(settled, "etth1_raw")
    look(settled, settings=settings)
    assert events(settled, "etth1_raw") == before + 1


def test_a_broken_csv_fails_a_check_that_says_why_and_starts_no_run(settled: Project) -> None:
    good = settled.csv.read_bytes()
    files = settled.files()
    settled.csv.write_bytes(good.replace(b",", b";", 1))
    outcome = look(settled)
    assert not outcome.decision.run
    result = check(settled, "etth1_raw", "csv_is_sound")
    assert not result.passed
    assert result.severity == dg.AssetCheckSeverity.ERROR
    assert "ETTh1.csv" in (result.description or "")
    for asset in ("etth1_raw", "correlation_pngs", "qwen_tokens"):
        assert not check(settled, asset, "is_current").passed
    assert settled.files() == files
    settled.csv.write_bytes(good)
    assert look(settled).decision.settled
    assert check(settled, "etth1_raw", "csv_is_sound").passed
    assert check(settled, "correlation_pngs", "is_current").passed


def test_what_nobody_asked_for_is_never_a_warning(settled: Project) -> None:
    """Neither while the CSV is broken, nor for ever after."""
    unasked = ("samples", "evidence", "preflight", "gallery", "qwen_export", "line_plots")
    good = settled.csv.read_bytes()
    for content in (good, good.replace(b",", b";", 1), good):
        settled.csv.write_bytes(content)
        look(settled)
        for asset in unasked:
            result = check(settled, asset, "is_current")
            assert result.passed
            assert "Nobody has asked for it" in (result.description or "")


def test_a_warning_of_before_is_taken_back(settled: Project) -> None:
    """Earlier versions left one on each asset that nobody asked for."""
    settled.instance.report_runless_asset_event(
        dg.AssetCheckEvaluation(
            asset_key=dg.AssetKey("qwen_export"),
            check_name="is_current",
            passed=False,
            metadata={},
            severity=dg.AssetCheckSeverity.WARN,
            description="Not known while the CSV cannot be used.",
        )
    )
    look(settled)
    assert check(settled, "qwen_export", "is_current").passed


def test_what_somebody_asked_for_is_a_warning_while_it_is_missing(settled: Project) -> None:
    toml = settled.data / "ETTh1.toml"
    settled.configure(toml.read_text("utf-8") + 'exports = ["qwen"]\n')
    look(settled)
    for asset in ("samples", "questions", "evidence", "qwen_export"):
        result = check(settled, asset, "is_current")
        assert not result.passed
        assert result.severity == dg.AssetCheckSeverity.WARN
    assert check(settled, "ms_swift_export", "is_current").passed


def test_the_button_of_the_check_says_the_same(settled: Project) -> None:
    definitions = build_definitions([settled.dataset], settled.artifacts)
    job = definitions.resolve_implicit_global_asset_job_def()
    keys = {
        dg.AssetCheckKey(dg.AssetKey(name), "is_current") for name in ("etth1_raw", "qwen_export")
    }
    ran = job.get_subset(asset_selection=set(), asset_check_selection=keys).execute_in_process(
        instance=settled.instance
    )
    told = {each.asset_key.path[-1]: each for each in ran.get_asset_check_evaluations()}
    assert told["qwen_export"].passed
    assert "Nobody has asked for it" in (told["qwen_export"].description or "")
    assert told["etth1_raw"].description == "what the CSV, the settings and the code say now"


def test_a_csv_that_just_changed_is_waited_for(built: Project) -> None:
    patient = AutomationSettings(settle_seconds=3600)
    built.csv.touch()
    outcome = look(built, settings=patient)
    assert not outcome.decision.run
    assert "is being written" in outcome.decision.reason
    # One that has stayed the same long enough by our own watch is read, whatever its time says.
    os.utime(built.csv, (time.time() + 9e6, time.time() + 9e6))
    seen = look(built, outcome.memory, patient).memory
    long_ago = Memory(seen.seen, seen.seen_since - 4000, 0.0)
    assert look(built, long_ago, patient).decision.settled


def test_a_csv_that_changes_while_it_is_read_is_waited_for(
    built: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    from zwu_ts_assets.orchestration.refresh import reconcile as module
    from zwu_ts_assets.orchestration.refresh.comparison import difference as real

    def interrupted(*arguments: Any, **named: Any) -> object:
        found = real(*arguments, **named)
        write_csv(built.csv, 99)
        return found

    monkeypatch.setattr(module, "difference", interrupted)
    assert "changed while it was read" in look(built).decision.reason


class Clock:
    """What a look takes for the time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from zwu_ts_assets.orchestration.refresh import reconcile as module

        self.now = time.time()
        monkeypatch.setattr(module, "time", self)

    def time(self) -> float:
        """Seconds of the epoch."""
        return self.now


def test_a_csv_that_is_appended_to_for_ever_is_told_and_read_in_the_end(
    built: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, settings = Clock(monkeypatch), AutomationSettings(settle_seconds=5)
    memory, severities = Memory(), set()
    for _ in range(25):
        # Written to just before each look.
        clock.now += 30
        os.utime(built.csv, (clock.now - 1, clock.now - 1))
        outcome = look(built, memory, settings)
        if "is being written" not in outcome.decision.reason:
            if outcome.decision.settled:
                break
            result = check(built, "etth1_raw", "csv_is_sound")
            assert not result.passed
            assert f"{built.csv} has been written to for " in (result.description or "")
            assert "ZWU_TS_SETTLE_SECONDS" in (result.description or "")
            severities.add(result.severity)
        memory = memory_of(outcome.memory.text())
    assert outcome.decision.settled
    assert clock.now - outcome.memory.waiting_since <= 630
    assert severities == {dg.AssetCheckSeverity.WARN}
    assert check(built, "etth1_raw", "csv_is_sound").passed


def test_a_wait_that_ended_does_not_count_for_the_next(
    built: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, settings = Clock(monkeypatch), AutomationSettings(settle_seconds=5)
    os.utime(built.csv, (clock.now, clock.now))
    waiting = look(built, Memory(), settings).memory
    assert waiting.waiting_since == clock.now
    clock.now += 30
    rested = look(built, waiting, settings).memory
    assert rested.waiting_since == 0.0


def test_a_clock_that_was_set_back_holds_nothing_up(
    built: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, settings = Clock(monkeypatch), AutomationSettings(settle_seconds=5)
    year = 365 * 24 * 3600
    clock.now += year
    os.utime(built.csv, (clock.now, clock.now))
    ahead = look(built, Memory(), settings).memory
    clock.now -= year
    back = look(built, ahead, settings)
    assert "is being written" in back.decision.reason
    clock.now += 6
    assert look(built, back.memory, settings).decision.settled


def test_attempts_count_although_the_clock_was_set_back(
    settled: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(settled, batch=1)
    video = settled.artifacts / "patch_videos" / "batch_1.mp4"
    video.unlink()
    video.mkdir()
    clock = Clock(monkeypatch)
    ahead = clock.now + 365 * 24 * 3600
    memory = Memory(settled=ahead)
    limits = Limits(attempts=2, retry_seconds=0)
    impatient = AutomationSettings(settle_seconds=0, limits=limits)
    tried = 0
    while tried < 10:
        clock.now = time.time()
        outcome = reconcile(
            *(settled.dataset, settled.artifacts, settled.instance, impatient, memory),
            since=ahead,
        )
        memory = memory_of(outcome.memory.text())
        if not outcome.decision.run:
            break
        assert not refresh(settled, outcome).success
        tried += 1
    assert outcome.decision.gave_up
    assert tried <= 3


def test_batches_that_are_no_more_are_retired_with_their_keys(settled: Project) -> None:
    write_csv(settled.csv, 50)
    outcome = look(settled)
    assert "etth1_raw" in outcome.todo.assets
    assert refresh(settled, outcome).success
    assert look(settled).decision.settled
    assert not [name for name in settled.files() if "batch_2." in name]
    assert settled.instance.get_dynamic_partitions("etth1_batches") == ["0", "1"]


def test_a_file_that_no_record_names_is_left_alone(settled: Project) -> None:
    foreign = settled.artifacts / "correlations" / "batch_7.png"
    foreign.write_bytes(b"of somebody else")
    outcome = look(settled)
    assert outcome.todo.assets == []
    assert outcome.decision.settled
    assert foreign.read_bytes() == b"of somebody else"


def test_a_failure_is_retried_after_a_wait_and_given_up_visibly(settled: Project) -> None:
    change(settled, batch=1)
    film = settled.artifacts / "patch_videos" / "batch_1.mp4"
    film.unlink()
    film.mkdir()  # no file can be moved into its place
    impatient = AutomationSettings(settle_seconds=0, limits=Limits(attempts=2, retry_seconds=0))
    memory = Memory()
    for _ in range(2):
        outcome = look(settled, memory, impatient)
        assert outcome.decision.run
        memory = outcome.memory
        assert not refresh(settled, outcome).success
    outcome = look(settled, memory, impatient)
    assert outcome.decision.gave_up
    assert "patch_videos" in outcome.decision.reason
    result = check(settled, "patch_videos", "is_current")
    assert result.severity == dg.AssetCheckSeverity.ERROR
    assert "gave up after attempt 2 of 2" in (result.description or "")
    film.rmdir()
    again = reconcile(
        settled.dataset,
        settled.artifacts,
        settled.instance,
        impatient,
        memory,
        since=time.time(),  # the sensor was switched off and on
    )
    assert again.decision.run
    assert list(again.todo.assets) == ["patch_videos"]
    assert refresh(settled, again).success
    assert look(settled).decision.settled


IN_PARTS = AutomationSettings(settle_seconds=0, batches_per_run=2)


@pytest.mark.slow
def test_in_runs_of_two_batches_each_look_asks_for_what_has_its_inputs(tmp_path: Path) -> None:
    project = Project(tmp_path)
    asked = []
    while runs := (outcome := look(project, settings=IN_PARTS)).runs:
        asked.append([(list(run.assets), list(run.batches)) for run in runs])
        for run in runs:
            assert refresh(project, replace(outcome, todo=run)).success
    assert asked == [
        [(["etth1_raw"], [])],
        [(list(PER_BATCH), [0, 1]), (list(PER_BATCH), [2])],
        [(["batch_stats", "vocab", "qwen_tokens"], [])],
    ]
    assert outcome.decision.settled
    assert statuses(project) == {"FRESH": 13}


def test_what_a_run_under_way_is_for_is_not_asked_for_again(
    settled: Project,
) -> None:
    for batch in range(3):
        change(settled, batch)
    outcome = look(settled)
    assert refresh(settled, replace(outcome, todo=Todo(["etth1_raw"]))).success
    first, second = look(settled, settings=IN_PARTS).runs
    settled.instance.create_run_for_job(
        build_definitions([settled.dataset], settled.artifacts).resolve_job_def("etth1_corpus"),
        asset_selection=frozenset(asset_key(settled.dataset, name) for name in first.assets),
        tags=refresh_tags("etth1", outcome.goal, first.batches),
        status=dg.DagsterRunStatus.STARTED,
    )
    assert look(settled, settings=IN_PARTS).runs == [second]


@pytest.mark.slow
def test_a_part_that_failed_is_asked_for_by_itself_and_the_rest_is_finished(
    settled: Project,
) -> None:
    for batch in range(3):
        change(settled, batch)
    film = settled.artifacts / "patch_videos" / "batch_0.mp4"
    film.unlink()
    film.mkdir()  # no file can be moved into its place
    settings = replace(IN_PARTS, limits=Limits(attempts=2, retry_seconds=0))
    asked = []
    while runs := (outcome := look(settled, settings=settings)).runs:
        asked.append([(list(run.assets), list(run.batches)) for run in runs])
        for run in runs:
            refresh(settled, replace(outcome, todo=run))
    texts = ["batch_stats", "vocab", "qwen_tokens"]
    assert asked == [
        [(["etth1_raw"], [])],
        [(list(PER_BATCH), [0, 1]), (list(PER_BATCH), [2])],
        [(texts, []), (["patch_videos"], [0, 1])],
    ]
    assert outcome.decision.gave_up
    assert "gave up after attempt 2 of 2: patch_videos: " in outcome.decision.reason


def test_a_sensor_that_is_off_only_goes_on_with_what_was_begun(settled: Project) -> None:
    alone = replace(IN_PARTS, sensor_seconds=None, schedule="0 3 * * *")
    definitions = build_definitions([settled.dataset], settled.artifacts, 1, alone)
    sensor = definitions.resolve_sensor_def("etth1_sensor")

    def tick() -> dg.SensorResult:
        context = dg.build_sensor_context(
            settled.instance, definitions=definitions, cursor=look(settled).memory.text()
        )
        result = sensor(context)
        assert isinstance(result, dg.SensorResult)
        return result

    change(settled, 1)
    assert "the schedule has begun nothing" in str(tick().skip_reason)
    # As if by the schedule, in a run of its own because more than two batches were out of date.
    assert refresh(settled, replace(look(settled), todo=Todo(["etth1_raw"]))).success
    (request,) = tick().run_requests or ()
    assert request.tags["zwu_ts_assets/batches"] == "1"


def test_the_lock_of_a_run_that_is_over_is_removed_and_that_of_an_unknown_one_is_left(
    settled: Project,
) -> None:
    run = settled.materialize("etth1_raw")
    locks = settled.artifacts / ".runs"
    unknown, ours = "0e3f7a52-1111-4222-8333-444455556666", "1e3f7a52-1111-4222-8333-444455556666"
    (locks / run.run_id).touch()
    (locks / unknown).touch()
    with suppress(KeyError), run_lock(settled.artifacts, ours, settled.instance.root_directory):
        raise KeyError("killed before Dagster knew of it")
    assert look(settled).decision.settled
    assert [path.name for path in locks.iterdir()] == [unknown]
    assert run.dagster_run.is_success


def test_a_cursor_of_another_version_is_forgotten() -> None:
    assert memory_of("no json") == Memory()
    assert memory_of('{"other": 1}') == Memory()
    memory = Memory((1, 2, 3), 4.0, 5.0)
    assert memory_of(memory.text()) == memory


def change(project: Project, batch: int) -> None:
    """Give another last value to a row of one batch."""
    lines = project.csv.read_text("utf-8").splitlines(keepends=True)
    row = 1 + batch * 24 + 5
    lines[row] = lines[row].rsplit(",", 1)[0] + f",{123.25 + batch}\n"
    project.csv.write_text("".join(lines), encoding="utf-8")
