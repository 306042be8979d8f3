"""Jobs, and what starts them by itself: the sensor and the schedule.

What belongs here: Dagster's wrappers around one look at a dataset (`reconcile.py`). What does not:
what is out of date (`comparison.py`), whether to start a run (`decision.py`).
"""

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import dagster as dg

from zwu_ts_assets.config.environment import AutomationSettings
from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.orchestration.chosen_datasets import dataset_of
from zwu_ts_assets.orchestration.dagster_private import UnresolvedAssetJobDefinition
from zwu_ts_assets.orchestration.datasets import Dataset, asset_inputs, asset_names, corpus_assets
from zwu_ts_assets.orchestration.reports import asset_key
from zwu_ts_assets.orchestration.runs import FORCE, refresh_tags
from zwu_ts_assets.storage.data_mirror import bring_up_to_date, told
from zwu_ts_assets.storage.places import Place

if TYPE_CHECKING:
    from zwu_ts_assets.orchestration.refresh.todo import Todo

_DEFAULT_SECONDS = 30
_MOST_JITTER = 10.0  # seconds; a tick has a minute
_DEFAULT_CRON = "0 3 * * *"
_NOT_BEGUN = "the sensor is off, and the schedule has begun nothing that is to be gone on with"


def job_name(dataset: Dataset) -> str:
    """Name of the job of a dataset."""
    return f"{dataset.name}_corpus"


def dataset_job(dataset: Dataset) -> UnresolvedAssetJobDefinition:
    """The job that materializes everything of one dataset, for any of its batches.

    It has the checks that look at artifacts, and not those that compare them with the CSV: these
    are answered after a run, by the sensor or by `make run`.
    """
    return dg.define_asset_job(
        job_name(dataset),
        selection=_everything(dataset),
        description=f"Everything from {dataset.csv.name} to figures, videos, text and tokens.",
        # The steps share one pool of worker processes; a process per step would cost a start-up
        # each and gain nothing.
        executor_def=dg.in_process_executor,
    )


def remake_job(dataset: Dataset) -> UnresolvedAssetJobDefinition:
    """The job for the web UI that makes the corpus again, also what is current."""
    return dg.define_asset_job(
        f"{dataset.name}_remake",
        selection=_everything(dataset, corpus_assets(dataset)),
        # By a tag, which any of these assets may be chosen with: a configuration names them all.
        tags={FORCE: "true"},
        description=(
            f"Makes figures, videos, text and tokens of {dataset.csv.name} again, also those that "
            "are current. To make a single asset again, hold Shift while you press Materialize, "
            "and set `force: true`."
        ),
    )


def _everything(dataset: Dataset, assets: Sequence[str] = ()) -> dg.AssetSelection:
    """Some assets of a dataset, or all, with the checks that look at what they made."""
    names = assets or asset_names(dataset)
    chosen = dg.AssetSelection.assets(*(asset_key(dataset, name) for name in names))
    return chosen.without_checks() | dg.AssetSelection.checks(*guards(dataset, names))


def dataset_sensor(
    dataset: Dataset, artifacts: Place, settings: AutomationSettings
) -> dg.SensorDefinition:
    """The sensor that keeps one dataset current.

    Args:
        dataset: Its settings are read anew at each look.
        artifacts: The folder for the outputs of all datasets.
        settings: When to look, and how patient to be.
    """
    is_on = settings.sensor_seconds is not None or settings.goes_on

    @dg.sensor(
        name=f"{dataset.name}_sensor",
        job_name=job_name(dataset),
        minimum_interval_seconds=settings.sensor_seconds or _DEFAULT_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING if is_on else dg.DefaultSensorStatus.STOPPED,
        description=f"Compares {dataset.csv.name} with its artifacts and makes what differs.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        from zwu_ts_assets.orchestration.refresh.earlier_runs import is_begun
        from zwu_ts_assets.orchestration.refresh.reconcile import memory_of, reconcile

        memory = memory_of(context.cursor)
        since = context.last_sensor_start_time or 0.0
        try:
            now = _as_it_is_now(dataset)
            begun = memory.at(time.time(), since).attempts_from(since, time.time())
            if settings.goes_on and not is_begun(now, context.instance, begun):
                return dg.SensorResult(skip_reason=_NOT_BEGUN, cursor=memory.text())
            if reason := reload_reason(dataset, now):
                return dg.SensorResult(skip_reason=reason, cursor=memory.text())
            if memory.waiting_since:
                # Somebody may write as regularly as this looks, and each time just before it.
                longest = min(settings.settle_seconds, _MOST_JITTER)
                time.sleep(random.SystemRandom().uniform(0.0, longest))
            outcome = reconcile(
                now,
                artifacts,
                context.instance,
                settings,
                memory,
                since,
            )
        except (CorpusError, OSError) as error:
            return dg.SensorResult(skip_reason=told(str(error)), cursor=memory.text())
        cursor = outcome.memory.text()
        if not outcome.decision.run:
            return dg.SensorResult(skip_reason=told(outcome.decision.reason), cursor=cursor)
        requests = [_request(dataset, outcome.goal, run) for run in outcome.runs]
        return dg.SensorResult(run_requests=requests, cursor=cursor)

    return sensor


def dataset_schedule(
    dataset: Dataset, artifacts: Place, settings: AutomationSettings
) -> dg.ScheduleDefinition:
    """The schedule that does once a day what the sensor does all the time.

    Each tick is an attempt of its own: it does not count those before.
    """
    is_on = settings.schedule is not None

    @dg.schedule(
        name=f"{dataset.name}_schedule",
        job_name=job_name(dataset),
        cron_schedule=settings.schedule or _DEFAULT_CRON,
        default_status=(
            dg.DefaultScheduleStatus.RUNNING if is_on else dg.DefaultScheduleStatus.STOPPED
        ),
        description=f"Compares {dataset.csv.name} with its artifacts and makes what differs.",
    )
    def schedule(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        import time

        from zwu_ts_assets.orchestration.refresh.reconcile import Memory, reconcile

        try:
            now = _as_it_is_now(dataset)
            if reason := reload_reason(dataset, now):
                yield dg.SkipReason(reason)
                return
            outcome = reconcile(
                now,
                artifacts,
                context.instance,
                settings,
                Memory(),
                since=time.time(),
            )
        except (CorpusError, OSError) as error:
            yield dg.SkipReason(told(str(error)))
            return
        for run in outcome.runs:
            yield _request(dataset, outcome.goal, run)
        if not outcome.decision.run:
            yield dg.SkipReason(told(outcome.decision.reason))

    return schedule


def reload_reason(loaded: Dataset, now: Dataset) -> str:
    """Why no run can be started before definitions are loaded again; empty if one can.

    Dagster knows the assets that the settings gave when it loaded them, and ends a look that asks
    for any other one with a traceback.

    Args:
        loaded: The dataset as Dagster knows it.
        now: As its settings say now.
    """
    before, after = asset_inputs(loaded), asset_inputs(now)
    if before == after:
        return ""
    changes = [
        f"{what} {', '.join(names)}"
        for what, names in (
            ("add", [name for name in after if name not in before]),
            ("remove", [name for name in before if name not in after]),
        )
        if names
    ]
    return (
        f"the settings of {now.name} {' and '.join(changes)}, which Dagster does not know yet: "
        'press "Reload definitions" on the Lineage page of the web UI, or start it again'
    )


def _as_it_is_now(dataset: Dataset) -> Dataset:
    """A dataset with the settings that its file has now; definitions were loaded some time ago."""
    bring_up_to_date(dataset.csv.parent)
    now = dataset_of(dataset.name, dataset.csv, dataset.specs, given=dataset.given)
    return replace(dataset, settings=now.settings)


def guards(dataset: Dataset, assets: Sequence[str]) -> list[dg.AssetCheckKey]:
    """The checks that a refresh runs: without those that compare with the CSV, as the look does.

    Args:
        dataset: Whose assets they are.
        assets: Their names.
    """
    return [
        dg.AssetCheckKey(asset_key(dataset, name), check)
        for name in assets
        for check in dataset.specs.of(name).guards
    ]


def _request(dataset: Dataset, goal: str, run: "Todo") -> dg.RunRequest:
    return dg.RunRequest(
        asset_selection=[asset_key(dataset, name) for name in run.assets],
        asset_check_keys=guards(dataset, run.assets),
        tags=refresh_tags(dataset.name, goal, run.batches),
    )
