"""The runs before this look, by Dagster's records: tried, never begun, or no longer worth keeping.

What belongs here: reading run records as attempts; telling that a run was killed while it was
starting, before it took the lock by which it lives; removing runs that nothing refers to any more.
What does not: runs that took their lock (`runs.py`), what follows from attempts (`decision.py`,
`todo.py`), ending runs whose process is gone (`reconcile.py`), and artifacts and their records,
which no run history is needed for.

A daemon asks a code server to start a run, and the server notices when the run's process ends. If
both were killed at once, nobody does, and Dagster itself waits for minutes. The run's tags say
which server it was, and its events which process.

A run of three batches takes 0.4 MB of history. Dagster itself keeps every run for ever.
"""

import json
import os
import re
import socket
from collections.abc import Set
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import dagster as dg

from zwu_ts_assets.orchestration.dagster_private import (
    FINISHED_STATUSES,
    GRPC_INFO_TAG,
    NOT_FINISHED_STATUSES,
    SCHEDULE_NAME_TAG,
    SENSOR_NAME_TAG,
    DefaultRunLauncher,
)
from zwu_ts_assets.orchestration.datasets import Dataset, asset_names
from zwu_ts_assets.orchestration.refresh.decision import Attempt
from zwu_ts_assets.orchestration.reports import asset_key
from zwu_ts_assets.orchestration.runs import DATASET, GOAL, batches_of_run

# On an instance that has never seen the corpus settled these would be all runs there ever were.
_MOST_ENDED: Final = 1000

_ASKED: Final = frozenset({SCHEDULE_NAME_TAG, SENSOR_NAME_TAG})


def attempts_since(
    since: float, dataset: Dataset, instance: dg.DagsterInstance, batches: int
) -> list[Attempt]:
    """Runs under way, whoever started them, and refreshes that ended; newest first.

    Args:
        since: Those that were created before this time and have ended are left out; in seconds of
            the epoch.
        dataset: The dataset that they concern.
        instance: Dagster's.
        batches: How many batches there are.
    """
    under_way = dg.RunsFilter(statuses=NOT_FINISHED_STATUSES)
    ended = dg.RunsFilter(
        tags={DATASET: dataset.name},
        statuses=FINISHED_STATUSES,
        created_after=datetime.fromtimestamp(since, UTC),
    )
    # In this order: a run that ends in between is found twice, and not missed.
    records = {
        record.storage_id: record
        for filters, limit in ((under_way, None), (ended, _MOST_ENDED))
        for record in _runs(dataset, instance, filters, limit)
    }
    return [
        _attempt(dataset, instance, record, batches)
        for _, record in sorted(records.items(), reverse=True)
        if not record.dagster_run.is_finished or GOAL in record.dagster_run.tags
    ]


def _attempt(
    dataset: Dataset, instance: dg.DagsterInstance, record: dg.RunRecord, batches: int
) -> Attempt:
    run = record.dagster_run
    ended, failure = None, ""
    if run.is_finished:
        ended = record.end_time or record.update_timestamp.timestamp()
        failure = "" if run.is_success else failure_of_run(instance, run.run_id)
    selected = run.asset_selection
    return Attempt(
        goal=run.tags.get(GOAL, ""),
        ended=ended,
        failure=failure,
        run_id=run.run_id,
        assets=frozenset(
            name
            for name in asset_names(dataset)
            if not selected or asset_key(dataset, name) in selected
        ),
        batches=frozenset(batches_of_run(run.tags, range(batches))),
        asked_for=record.create_timestamp.timestamp() if _ASKED & run.tags.keys() else 0.0,
    )


def is_begun(dataset: Dataset, instance: dg.DagsterInstance, since: float) -> bool:
    """Whether a refresh was begun since some time.

    Args:
        dataset: The dataset.
        instance: Dagster's.
        since: When it was last settled, in seconds of the epoch.
    """
    runs = dg.RunsFilter(
        tags={DATASET: dataset.name},
        created_after=datetime.fromtimestamp(since, UTC),
    )
    return bool(_runs(dataset, instance, runs, limit=1))


def _runs(
    dataset: Dataset, instance: dg.DagsterInstance, filters: dg.RunsFilter, limit: int | None = None
) -> list[dg.RunRecord]:
    """Runs that concern a dataset, whoever started them; newest first."""
    assets = {asset_key(dataset, name) for name in asset_names(dataset)}
    return [
        record
        for record in instance.get_run_records(filters, limit=limit)
        if record.dagster_run.tags.get(DATASET) == dataset.name
        or assets & set(record.dagster_run.asset_selection or ())
    ]


def failure_of_run(instance: dg.DagsterInstance, run_id: str) -> str:
    """Why a run failed, in the words of its first failed step."""
    for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.STEP_FAILURE):
        event = entry.dagster_event
        if event is None:
            continue
        failure = event.step_failure_data
        if failure.user_failure_data and failure.user_failure_data.description:
            return f"{event.step_key}: {failure.user_failure_data.description}"
        if error := failure.error:
            # Dagster wraps what happened in errors of its own, which say where and not what.
            while error.cause:
                error = error.cause
            return f"{event.step_key}: {error.message.strip().splitlines()[-1]}"
    return "the run was stopped or killed."


# From being asked for to having a server takes milliseconds, from there to telling its process two
# seconds, and ten on a busy machine. A run that begins later all the same finds itself ended.
_SILENT_SECONDS: Final = 20.0
_STARTED: Final = re.compile(r"Started process for run \(pid: (\d+)\)")


def stillborn_runs(instance: dg.DagsterInstance, now: float) -> list[dg.DagsterRun]:
    """The runs of this machine that are starting, and of which nothing is alive.

    Args:
        instance: Dagster's.
        now: Seconds of the epoch.
    """
    starting = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTING])
    return [
        record.dagster_run
        for record in instance.get_run_records(starting)
        if _is_stillborn(instance, record, now)
    ]


def _is_stillborn(instance: dg.DagsterInstance, record: dg.RunRecord, now: float) -> bool:
    run = record.dagster_run
    silent = now - record.update_timestamp.timestamp() > _SILENT_SECONDS
    if GRPC_INFO_TAG not in run.tags:
        # No server was asked: the daemon was killed before it could; if servers are asked at all.
        return silent and isinstance(instance.run_launcher, DefaultRunLauncher)
    server = _socket_of(run)
    if server is None or _is_listening(server):
        return False  # on another machine, or of a server that will notice itself
    for entry in instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ENGINE_EVENT):
        if told := _STARTED.match(entry.dagster_event.message or "" if entry.dagster_event else ""):
            return not Path(f"/proc/{told[1]}").exists() and _has_proc()
    return silent


def _socket_of(run: dg.DagsterRun) -> str | None:
    """The socket of the code server that started a run; None if it listens to other machines."""
    try:
        found = json.loads(run.tags.get(GRPC_INFO_TAG, "")).get("socket")
    except (ValueError, AttributeError):
        return None
    return found if isinstance(found, str) else None


def _is_listening(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(1.0)
        try:
            client.connect(path)
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        except OSError:  # it may be, and be busy, or not be ours to ask
            return True
    return True


def _has_proc() -> bool:
    return Path(f"/proc/{os.getpid()}").exists()


LEAST_RUNS: Final = 20
"""So many are always kept: whoever gives up counts attempts by them."""

_AT_ONCE: Final = 20  # a look is to stay short
_EVENTS_AT_ONCE: Final = 500


def forget_old_runs(dataset: Dataset, instance: dg.DagsterInstance, keep: int) -> int:
    """Remove the oldest refreshes of a dataset beyond a number, a few at a time.

    Runs that somebody started in the web UI are kept, and so are those in which an artifact was
    made that is still the newest of its kind: the web UI tells of it by that run.

    Args:
        dataset: Whose runs.
        instance: Dagster's.
        keep: How many refreshes are kept; at least `LEAST_RUNS`.

    Returns:
        How many were removed.
    """
    refreshes = dg.RunsFilter(tags={DATASET: dataset.name}, statuses=FINISHED_STATUSES)
    surplus = instance.get_runs_count(refreshes) - max(keep, LEAST_RUNS)
    if surplus <= 0:
        return 0
    told = _runs_that_tell(dataset, instance)
    oldest = instance.get_run_records(refreshes, limit=_AT_ONCE + len(told), ascending=True)
    names = [record.dagster_run.run_id for record in oldest[:surplus]]
    removed = [name for name in names if name not in told][:_AT_ONCE]
    for run_id in removed:
        # What it printed first: nothing would tell of it later.
        instance.compute_log_manager.delete_logs(prefix=[run_id])
        instance.delete_run(run_id)
    return len(removed)


def _runs_that_tell(dataset: Dataset, instance: dg.DagsterInstance) -> Set[str]:
    """The runs with the newest materialization of an asset, or of one of its batches."""
    runs: set[str] = set()
    for name in asset_names(dataset):
        key = asset_key(dataset, name)
        if event := instance.get_latest_materialization_event(key):
            runs.add(event.run_id)
        latest = instance.event_log_storage.get_latest_storage_id_by_partition(
            key, dg.DagsterEventType.ASSET_MATERIALIZATION
        )
        numbers = sorted(latest.values())
        for first in range(0, len(numbers), _EVENTS_AT_ONCE):
            chosen = numbers[first : first + _EVENTS_AT_ONCE]
            filters = dg.AssetRecordsFilter(asset_key=key, storage_ids=chosen)
            found = instance.fetch_materializations(filters, limit=len(chosen)).records
            runs.update(record.event_log_entry.run_id for record in found)
    return runs
