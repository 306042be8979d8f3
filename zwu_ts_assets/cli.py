"""The command line: build what is out of date, say what that is, start the web UI.

What belongs here: the commands behind `make run` and `make dev` and what they print. What does
not: deciding what is out of date (`refresh.py`) and making it (the assets).
"""

import os
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import click

from zwu_ts_assets.chosen_datasets import data_folder, datasets_with_a_csv, each
from zwu_ts_assets.corpus.errors import CorpusError
from zwu_ts_assets.data_mirror import told
from zwu_ts_assets.datasets import EXPORTS, Dataset, find_datasets
from zwu_ts_assets.environment import (
    ARTIFACTS_DIR_VARIABLE,
    DATASETS_VARIABLE,
    artifacts_dir,
    checked_dask_address,
    dask_address,
    dataset_names,
    project_root,
)
from zwu_ts_assets.lineage import TRAINING, asset_inputs, asset_names

_LOOPBACK = ("127.0.0.1", "localhost", "::1")

_names = click.argument("names", nargs=-1, metavar="[DATASET]...")


class _Group(click.Group):
    """Prints a user's mistake as one line instead of a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except CorpusError as error:
            raise click.ClickException(told(str(error))) from error
        except Exception as error:
            if sentence := _sentence_of(error):
                raise click.ClickException(sentence) from error
            raise


def _sentence_of(error: BaseException | None) -> str:
    """What a user can mend about folders, disks and Dagster's database; empty if it is not that."""
    from zwu_ts_assets.failures import database_problem, unusable

    home = Path(os.environ.get("DAGSTER_HOME", ""))
    while error is not None:
        if isinstance(error, OSError):
            at_home = error.filename is not None and Path(error.filename).is_relative_to(home)
            variable = "DAGSTER_HOME" if at_home else ARTIFACTS_DIR_VARIABLE
            sentence = unusable(error, artifacts_dir(), variable)
        else:
            sentence = database_problem(str(error), home)
        if sentence:
            return sentence
        error = error.__cause__ or error.__context__
    return ""


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Turn a time-series CSV into a multimodal corpus for Qwen3-VL."""
    # Dagster keeps its run history in the project's own folder unless told otherwise.
    home = Path(os.environ.get("DAGSTER_HOME") or project_root() / ".dagster").resolve()
    os.environ["DAGSTER_HOME"] = str(home)  # absolute, or Dagster refuses it with a traceback
    home.mkdir(parents=True, exist_ok=True)


def _address(context: click.Context, option: click.Parameter, value: str | None) -> str:
    """The Dask scheduler of the command line, or else of the environment."""
    return dask_address() if value is None else checked_dask_address(value, "--dask")


_dask_option = click.option(
    "--dask",
    callback=_address,
    metavar="ADDRESS",
    help="A Dask scheduler whose workers do it, e.g. tcp://127.0.0.1:8786.",
)


@main.command()
@_names
@click.option("--workers", default=0, help="Worker processes; 0 for one per processor.")
@_dask_option
@click.option("--force", is_flag=True, help="Make again also what is current.")
def run(names: tuple[str, ...], workers: int, dask: str, force: bool) -> None:
    """Materialize what is missing or out of date, through Dagster, in one run per dataset."""
    started = time.monotonic()
    each(
        datasets_with_a_csv(names),
        lambda dataset: _run_dataset(dataset, workers, dask, force, started),
    )


@main.command()
@_names
@click.option("--format", "formats", multiple=True, help="Of these; all, if none is named.")
@click.option("--workers", default=0, help="Worker processes; 0 for one per processor.")
@_dask_option
@click.option("--force", is_flag=True, help="Make again also what is current.")
def export(
    names: tuple[str, ...], formats: tuple[str, ...], workers: int, dask: str, force: bool
) -> None:
    """Make what trainers load: samples, the preflight report and exports."""
    started = time.monotonic()
    for name in formats:
        if name not in EXPORTS:
            raise CorpusError(f"there is no format {name!r}; the formats are: {', '.join(EXPORTS)}")
    also = ["samples", "preflight", *(EXPORTS[name] for name in formats or EXPORTS)]
    each(
        datasets_with_a_csv(names),
        lambda dataset: _run_dataset(dataset, workers, dask, force, started, also),
    )


@main.command()
@_names
@click.option("--workers", default=0, help="Worker processes; 0 for one per processor.")
@_dask_option
def preflight(names: tuple[str, ...], workers: int, dask: str) -> None:
    """Report what each trainer would make of the corpus: tokens, sizes, frames, legibility."""
    from zwu_ts_assets.layout import dataset_store, file_names
    from zwu_ts_assets.work import WHOLE

    started = time.monotonic()

    def report(dataset: Dataset) -> None:
        _run_dataset(dataset, workers, dask, False, started, ["samples", "preflight"])
        store = dataset_store(artifacts_dir(), dataset.prefix)
        click.echo(store.read(file_names("preflight", WHOLE)["report"]).decode("utf-8"))

    each(datasets_with_a_csv(names), report)


@main.command()
@click.argument("folders", nargs=-1)
@click.option("--format", "format_name", help="Its format; unset: what its corpus.json says.")
def validate(folders: tuple[str, ...], format_name: str | None) -> None:
    """Check exports: those of the artifacts folder, of a dataset, or any in other FOLDERS."""
    from zwu_ts_assets.places import printed_place
    from zwu_ts_assets.validate import validate_folders

    found = find_datasets(data_folder(), dataset_names())
    for dataset in found.broken:
        click.echo(told(f"{dataset.name}: {dataset.problem}"), err=True)
    # What is no folder may be the name of a dataset.
    defined = {dataset.name: dataset for dataset in found.sound}
    named = [word for word in folders if word in defined and not Path(word).exists()]
    sound = validate_folders(
        found.sound,
        artifacts_dir(),
        [printed_place(word) for word in folders if word not in named],
        format_name,
        click.echo,
        named,
    )
    if not sound:
        raise click.ClickException("Not every export is sound.")


@main.command()
@_names
def status(names: tuple[str, ...]) -> None:
    """List what is out of date, and why; change nothing."""
    from zwu_ts_assets.checks import out_of_date_sentence
    from zwu_ts_assets.refresh import out_of_date

    def tell(dataset: Dataset) -> None:
        stale = out_of_date(dataset, artifacts_dir())
        click.echo(f"{dataset.name}: {len(stale)} artifacts out of date")
        for asset in asset_names(dataset):
            if items := [item for item in stale if item.asset == asset]:
                click.echo(f"  {asset:<20} {out_of_date_sentence(items)}")

    each(find_datasets(data_folder(), names or dataset_names()), tell)


@main.command()
@_names
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=3000, show_default=True)
def dev(names: tuple[str, ...], host: str, port: int) -> None:
    """Start the Dagster web UI and daemon on this machine."""
    from zwu_ts_assets.event_log import instance_of_home
    from zwu_ts_assets.partitions import register_batches

    if host not in _LOOPBACK:
        click.echo(
            f"Warning: {host} is reachable from other machines, and the web UI has no password: "
            "whoever reaches it can start runs and read artifacts.",
            err=True,
        )
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        # Dagster's web server would fail on a port in use, and leave the daemon running alone.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise click.ClickException(
                f"{host}:{port} cannot be used ({error.strerror}); name another: --port {port + 1}"
            ) from None
    if names:
        os.environ[DATASETS_VARIABLE] = ",".join(names)
    with instance_of_home() as instance:
        found = datasets_with_a_csv(())
        for dataset in found.sound:
            try:
                click.echo(f"{dataset.name}: {register_batches(instance, dataset)} batches")
            except CorpusError as error:  # the web UI is where the other datasets are looked at
                click.echo(told(f"{dataset.name}: {error}"), err=True)
        for broken in found.broken:
            click.echo(told(f"{broken.name}: {broken.problem}"), err=True)
    # The first look at a large CSV takes longer than the minute that Dagster gives a sensor.
    os.environ.setdefault("DAGSTER_SENSOR_GRPC_TIMEOUT_SECONDS", "600")
    command = [sys.executable, "-m", "dagster", "dev", "-m", "zwu_ts_assets"]
    command += ["--host", host, "--port", str(port)]
    os.execv(sys.executable, command)  # noqa: S606 - our own interpreter, no shell


def _run_dataset(
    dataset: Dataset, workers: int, dask: str, force: bool, started: float, also: Sequence[str] = ()
) -> None:
    from zwu_ts_assets.automation import guards, job_name
    from zwu_ts_assets.checks import CSV_CHECK
    from zwu_ts_assets.definitions import build_definitions
    from zwu_ts_assets.event_log import instance_for_a_run
    from zwu_ts_assets.failures import failures_of
    from zwu_ts_assets.layout import dataset_store
    from zwu_ts_assets.partitions import register_batches
    from zwu_ts_assets.places import StoreError
    from zwu_ts_assets.reconcile import fail_dead_runs, report_comparison
    from zwu_ts_assets.refresh import GONE, difference
    from zwu_ts_assets.reports import Reporter, asset_key
    from zwu_ts_assets.run_locks import run_lock_if_possible
    from zwu_ts_assets.run_tags import refresh_tags
    from zwu_ts_assets.todo import Todo, todo

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
            found = difference(dataset, artifacts, also, store=look)
        except StoreError:
            raise  # which says nothing about the CSV
        except CorpusError as error:
            sentence = told(str(error))
            reporter.check(dataset.raw_asset, CSV_CHECK, passed=False, description=sentence)
            raise
        register_batches(instance, dataset)
        due = todo(dataset, found.stale)
        if force:
            due = Todo(found.assets, range(found.batches))
        if not due.assets:
            report_comparison(reporter, dataset, found)
            click.echo(f"{dataset.name}: nothing to do, every artifact is current.")
            _say_what_is_there(dataset, started)
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
        with run_lock_if_possible(artifacts, run_id, instance.root_directory):
            result = job.execute_in_process(
                instance=instance,
                # Again, since it is this that Dagster records with the run.
                asset_selection=[asset_key(dataset, name) for name in due.assets],
                tags=refresh_tags(dataset.name, found.goal, due.batches),
                run_config=_run_config(dataset, due.assets, force),
                raise_on_error=False,
                run_id=run_id,
            )
        reporter.store = look = store.look()
        found = difference(dataset, artifacts, also, store=look)
        report_comparison(reporter, dataset, found)
    for sentence in failures_of(result.all_events, artifacts, Path(os.environ["DAGSTER_HOME"])):
        click.echo(sentence, err=True)
    _say_what_is_there(dataset, started)
    if not result.success:
        raise click.ClickException(
            "Some assets failed; what succeeded is kept, and the next run makes the rest."
        )


def _run_config(dataset: Dataset, assets: Sequence[str], force: bool) -> dict[str, Any]:
    ops = ["__".join([*dataset.prefix, name]) for name in assets]
    return {
        "ops": {op: {"config": {"force": force}} for op in ops},
        # The failures are printed below in a sentence each; the whole log is in the web UI.
        "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
    }


def _say_what_is_there(dataset: Dataset, started: float) -> None:
    from zwu_ts_assets.layout import dataset_store, files_there
    from zwu_ts_assets.partitions import batch_count

    store = dataset_store(artifacts_dir(), dataset.prefix).look()
    click.echo(f"Artifacts of {dataset.name} in {store.root}:")
    for asset in asset_names(dataset):
        for pattern, count in files_there(
            store, asset, batch_count(dataset), overlapping=dataset.settings.overlapping
        ):
            if count or asset not in TRAINING:
                click.echo(f"  {pattern:<42} {count:>5}")
    click.echo(f"in {time.monotonic() - started:.1f} s")
