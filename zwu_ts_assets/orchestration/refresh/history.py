"""How much run history is kept: the newest refreshes, and those that still tell of an artifact.

What belongs here: removing runs that nothing refers to any more. What does not: artifacts and
their records, which no run history is needed for.

A run of three batches takes 0.4 MB. Dagster itself keeps every run for ever.
"""

from collections.abc import Set
from typing import Final

import dagster as dg

from zwu_ts_assets.orchestration.dagster_private import FINISHED_STATUSES
from zwu_ts_assets.orchestration.datasets import Dataset, asset_names
from zwu_ts_assets.orchestration.reports import asset_key
from zwu_ts_assets.orchestration.runs import DATASET

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
