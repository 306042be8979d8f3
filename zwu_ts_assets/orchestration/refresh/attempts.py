"""What was tried lately: the runs of a dataset, as Dagster's run records tell them.

What belongs here: reading run records. What does not: what follows from them (`decision.py`,
`parts.py`), and ending the runs whose process is gone (`reconcile.py`).
"""

from datetime import UTC, datetime
from typing import Final

import dagster as dg

from zwu_ts_assets.orchestration.dagster_private import (
    FINISHED_STATUSES,
    NOT_FINISHED_STATUSES,
    SCHEDULE_NAME_TAG,
    SENSOR_NAME_TAG,
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
