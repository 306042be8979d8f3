"""One run of a dataset by command: make what is out of date, and say what is there.

What belongs here: the run that `make run` and its like start in their own process, and what they
print of it. What does not: the commands (`cli.py`), deciding what is out of date (`comparison.py`).
"""

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import click

from zwu_ts_assets.config.discovery import file_remark
from zwu_ts_assets.config.environment import artifacts_dir
from zwu_ts_assets.config.settings import EXPORTS
from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.orchestration.automation import guards, job_name
from zwu_ts_assets.orchestration.build import build_definitions
from zwu_ts_assets.orchestration.check_definitions import stage_of
from zwu_ts_assets.orchestration.datasets import Dataset, asset_inputs, asset_names
from zwu_ts_assets.orchestration.event_log import instance_for_a_run
from zwu_ts_assets.orchestration.failures import failures_of, was_interrupted
from zwu_ts_assets.orchestration.layout import dataset_store, files_there, foreign_sentence
from zwu_ts_assets.orchestration.partitions import batch_count, register_batches
from zwu_ts_assets.orchestration.refresh.comparison import GONE, Difference, difference
from zwu_ts_assets.orchestration.refresh.reconcile import (
    fail_dead_runs,
    report_comparison,
    report_unusable_csv,
)
from zwu_ts_assets.orchestration.refresh.todo import Todo, todo
from zwu_ts_assets.orchestration.reports import Reporter, asset_key
from zwu_ts_assets.orchestration.runs import refresh_tags, run_lock_if_possible
from zwu_ts_assets.orchestration.terminal import progress
from zwu_ts_assets.orchestration.too_short import (
    empty_splits,
    unasked_splits,
    why_no_question,
    why_no_sample,
)
from zwu_ts_assets.orchestration.work import WHOLE
from zwu_ts_assets.storage.data_mirror import told
from zwu_ts_assets.storage.places import StoreError


def run_dataset(
    dataset: Dataset, workers: int, dask: str, force: bool, started: float, also: Sequence[str] = ()
) -> None:
    """Make what is missing or out of date of a dataset, and print where it is and how much.

    Args:
        dataset: Which it is.
        workers: Worker processes; 0 for one per processor.
        dask: Address of a Dask scheduler whose workers do it; empty: this machine's do.
        force: Whether to make again also what is current.
        started: `time.monotonic()` when its turn began.
        also: Assets to make that are otherwise only kept current.

    Raises:
        CorpusError: Options that contradict each other, a CSV or settings that are not sound, or
            one that is too short for what was asked for.
        click.ClickException: Some assets failed; why is printed before.
        KeyboardInterrupt: Somebody interrupted it; its message says what is kept.
    """
    if workers and dask:
        raise CorpusError(
            f"--workers {workers} is about this machine's processes, but the Dask cluster at "
            f'{dask} is to do the work: leave --workers out, or the cluster (--dask "")'
        )
    artifacts = artifacts_dir()
    store = dataset_store(artifacts, dataset.prefix)
    # Also when there is nothing to do: a killed run may have finished all but its tidying up.
    store.remove_abandoned()
    with instance_for_a_run() as instance:
        look = store.look()
        reporter = Reporter(instance, dataset, look, asset_inputs(dataset))
        fail_dead_runs(artifacts, instance)
        try:
            with progress(dataset.name, {}) as shown:
                shown.begin("comparing with the CSV")
                found = difference(dataset, artifacts, also, store=look)
        except StoreError:
            raise  # which says nothing about the CSV
        except CorpusError as error:
            sentence = told(str(error))
            report_unusable_csv(reporter, dataset, sentence)
            raise
        register_batches(instance, dataset)
        due = todo(dataset, found.stale)
        if force:
            due = Todo(found.assets, range(found.batches))
        if not due.assets:
            report_comparison(reporter, dataset, found)
            click.echo(
                f"{dataset.name}: nothing to do, every artifact is current; they are in "
                f"{store.root} ({time.monotonic() - started:.1f} s)."
            )
            _say_what_is_foreign(dataset, found)
            _refuse_to_export_nothing(dataset, found, also)
            return
        if surplus := sum(item.reason in GONE for item in found.stale):
            click.echo(
                f"{dataset.name}: removing {surplus} artifacts that the CSV and the settings "
                "no longer have",
                err=True,
            )
        click.echo(f"{dataset.name}: making {', '.join(due.assets)}", err=True)
        definitions = build_definitions([dataset], artifacts, workers, dask=dask)
        job = definitions.resolve_job_def(job_name(dataset)).get_subset(
            asset_selection={asset_key(dataset, name) for name in due.assets},
            asset_check_selection=set(guards(dataset, due.assets)),
        )
        run_id = str(uuid4())
        # Held until Dagster has recorded the end: a run that is killed between its last step and
        # then would be "started" for ever.
        with (
            run_lock_if_possible(artifacts, run_id, instance.root_directory),
            progress(dataset.name, _efforts(dataset, due)) as shown,
        ):
            result = job.execute_in_process(
                instance=instance,
                # Again, since it is this that Dagster records with the run.
                asset_selection=[asset_key(dataset, name) for name in due.assets],
                tags=refresh_tags(dataset.name, found.goal, due.batches),
                run_config=_run_config(dataset, due.assets, force),
                raise_on_error=False,
                run_id=run_id,
            )
        if was_interrupted(result.all_events):
            raise KeyboardInterrupt(shown.kept())
        reporter.store = look = store.look()
        found = difference(dataset, artifacts, also, store=look, with_splits=not also)
        report_comparison(reporter, dataset, found)
    for sentence in failures_of(result.all_events, artifacts, Path(os.environ["DAGSTER_HOME"])):
        click.echo(sentence, err=True)
    _say_what_is_foreign(dataset, found)
    # Who asked for more is told by the error or the warning about it.
    _say_what_is_there(dataset, found, started, found.outlook(dataset))
    if not result.success:
        raise click.ClickException(
            "Some assets failed; what succeeded is kept, and the next run makes the rest."
        )

    _refuse_to_export_nothing(dataset, found, also)


def _refuse_to_export_nothing(dataset: Dataset, found: Difference, also: Sequence[str]) -> None:
    """Fail if somebody asked for what is made of samples or questions, and there are none.

    An export fails if a split that is to have rows has no sample, too.
    """
    samples = found.current.get(("samples", WHOLE))
    if samples and set(also) - {"samples"}:
        why = why_no_sample(dataset.csv, dataset.settings, samples.details)
        questions = found.current.get(("questions", WHOLE))
        # Samples of which nothing is asked can still be looked at.
        if not why and questions and set(also) - {"gallery"}:
            why = why_no_question(dataset.csv, dataset.settings, questions.details)
        if why:
            raise CorpusError(why)
        if sentence := empty_splits(dataset.csv, dataset.settings, samples.details):
            # Who trains on an export would miss the split late; who looks sees that it is empty.
            if set(also) & set(EXPORTS.values()):
                raise CorpusError(sentence)
            click.echo(told(f"Warning: {sentence}"), err=True)
        if questions and (
            sentence := unasked_splits(
                dataset.csv, dataset.settings, samples.details, questions.details
            )
        ):
            click.echo(told(f"Warning: {sentence}"), err=True)


def _efforts(dataset: Dataset, due: Todo) -> dict[str, float]:
    """The stages of a run and how long they take, next to each other: assets and their checks."""
    batches = len(due.batches) or batch_count(dataset)
    efforts: dict[str, float] = {}
    for spec in map(dataset.specs.of, due.assets):
        efforts[dataset.asset_name(spec.name)] = spec.effort * batches
        efforts |= {stage_of(spec, check): check.effort * batches for check in spec.checks}
    return efforts


def _run_config(dataset: Dataset, assets: Sequence[str], force: bool) -> dict[str, Any]:
    ops = ["__".join([*dataset.prefix, name]) for name in assets]
    return {
        "ops": {op: {"config": {"force": force}} for op in ops},
        # The failures are printed below in a sentence each; the whole log is in the web UI.
        "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
    }


def _say_what_is_foreign(dataset: Dataset, found: Difference) -> None:
    for asset, names in found.foreign.items():
        click.echo(f"{dataset.name}: {asset}: {foreign_sentence(names)}", err=True)


def _say_what_is_there(
    dataset: Dataset, found: Difference, started: float, outlook: Sequence[str]
) -> None:
    store = dataset_store(artifacts_dir(), dataset.prefix).look()
    click.echo(f"Artifacts of {dataset.name} in {store.root}:")
    for asset in asset_names(dataset):
        for pattern, count in files_there(
            store,
            asset,
            batch_count(dataset),
            overlapping=dataset.settings.overlapping,
            specs=dataset.specs,
        ):
            if count or not dataset.specs.of(asset).last_mile:
                click.echo(f"  {pattern:<42} {count:>5}")
    remarks = (file_remark(dataset.name, dataset.csv), *found.remarks, *outlook)
    for remark in filter(None, remarks):
        click.echo(told(f"  {remark}"))
    click.echo(f"in {time.monotonic() - started:.1f} s")
