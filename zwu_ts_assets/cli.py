"""The command line: build what is out of date, say what that is, start the web UI.

What belongs here: the commands behind `make run` and `make dev` and what they print. What does
not: deciding what is out of date (`refresh.py`) and making it (the assets).
"""

import os
import socket
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from zwu_ts_assets.corpus.errors import CorpusError
from zwu_ts_assets.datasets import Dataset, load_datasets
from zwu_ts_assets.environment import artifacts_dir, data_dir, dataset_names, project_root
from zwu_ts_assets.lineage import CODE_VERSIONS, PER_BATCH
from zwu_ts_assets.work import WHOLE

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class _Group(click.Group):
    """Prints a user's mistake as one line instead of a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except CorpusError as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Turn a time-series CSV into a multimodal corpus for Qwen3-VL."""
    # Dagster keeps its run history in the project's own folder unless told otherwise.
    home = Path(os.environ.get("DAGSTER_HOME") or project_root() / ".dagster").resolve()
    home.mkdir(parents=True, exist_ok=True)
    os.environ["DAGSTER_HOME"] = str(home)  # absolute, or Dagster refuses it with a traceback


@main.command()
@click.option("--workers", default=0, help="Worker processes; 0 for one per processor.")
@click.option("--force", is_flag=True, help="Make again also what is current.")
def run(workers: int, force: bool) -> None:
    """Materialize what is missing or out of date, through Dagster, in one run."""
    started = time.monotonic()
    for dataset in _datasets_with_a_csv():
        _run_dataset(dataset, workers, force, started)


@main.command()
def status() -> None:
    """List what is out of date, and why; change nothing."""
    from zwu_ts_assets.refresh import out_of_date

    for dataset in load_datasets(data_dir(), dataset_names()):
        stale = out_of_date(dataset, artifacts_dir())
        click.echo(f"{dataset.name}: {len(stale)} artifacts out of date")
        for (asset, reason), count in Counter((s.asset, s.reason) for s in stale).items():
            keys = [s.key for s in stale if (s.asset, s.reason) == (asset, reason)]
            click.echo(f"  {asset:<18} {count:>5}  {reason}  ({_span(keys)})")


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=3000, show_default=True)
def dev(host: str, port: int) -> None:
    """Start the Dagster web UI and daemon on this machine."""
    import dagster as dg

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
    with dg.DagsterInstance.get() as instance:
        for dataset in _datasets_with_a_csv():
            click.echo(f"{dataset.name}: {register_batches(instance, dataset)} batches")
    command = [sys.executable, "-m", "dagster", "dev", "-m", "zwu_ts_assets"]
    command += ["--host", host, "--port", str(port)]
    os.execv(sys.executable, command)  # noqa: S606 - our own interpreter, no shell


@dataclass(frozen=True)
class _Todo:
    assets: Sequence[str]
    batches: Sequence[int]


def _datasets_with_a_csv() -> list[Dataset]:
    """The datasets to work on; without ETTh1.csv and a network, the bundled sample instead."""
    from zwu_ts_assets.artifact_store import ArtifactStore
    from zwu_ts_assets.corpus.sample import sample_csv
    from zwu_ts_assets.download import download_etth1

    names = dataset_names()
    datasets = load_datasets(data_dir(), names)
    for dataset in datasets:
        if dataset.csv.exists():
            continue
        if dataset.name == "sample":
            try:
                ArtifactStore(dataset.csv.parent).write(dataset.csv.name, sample_csv())
            except OSError as error:
                raise CorpusError(
                    f"{dataset.csv.parent} cannot be written ({error.strerror}); make it writable, "
                    "or set ZWU_TS_DATA_DIR"
                ) from error
        elif dataset.name == "etth1":
            click.echo(f"{dataset.csv} is not there; downloading it.", err=True)
            try:
                download_etth1(dataset.csv)
            except CorpusError as error:
                click.echo(f"{error}; building the synthetic sample dataset instead.", err=True)
                os.environ["ZWU_TS_DATASETS"] = "sample"
                return _datasets_with_a_csv()
    return datasets


def _run_dataset(dataset: Dataset, workers: int, force: bool, started: float) -> None:
    import dagster as dg

    from zwu_ts_assets.definitions import build_definitions
    from zwu_ts_assets.event_log import instance_for_a_run
    from zwu_ts_assets.io_managers import dataset_store
    from zwu_ts_assets.partitions import register_batches

    # Also when there is nothing to do: a killed run may have finished all but its tidying up.
    dataset_store(artifacts_dir(), dataset.prefix).remove_abandoned()
    with instance_for_a_run() as instance:
        todo = _todo(dataset, instance, force)
        if not todo.assets:
            click.echo(f"{dataset.name}: nothing to do, every artifact is current.")
            _say_what_is_there(dataset, started)
            return
        register_batches(instance, dataset)
        defs = build_definitions([dataset], artifacts_dir(), workers)
        keys = [dg.AssetKey([*dataset.prefix, asset]) for asset in todo.assets]
        click.echo(f"{dataset.name}: making {', '.join(todo.assets)}", err=True)
        tags = {}
        if todo.batches:
            tags = {
                "dagster/asset_partition_range_start": str(min(todo.batches)),
                "dagster/asset_partition_range_end": str(max(todo.batches)),
            }
        result = defs.resolve_implicit_global_asset_job_def().execute_in_process(
            instance=instance,
            asset_selection=keys,
            tags=tags,
            run_config=_run_config(dataset, todo.assets, force),
            raise_on_error=False,
        )
    failures = [event for event in result.all_events if event.is_step_failure]
    for event in failures:
        error = event.step_failure_data.user_failure_data
        sentence = error.description if error else event.message
        click.echo(f"{event.step_key}: {sentence}", err=True)
    _say_what_is_there(dataset, started)
    if not result.success:
        raise click.ClickException(
            "Some assets failed; what succeeded is kept, and the next run makes the rest."
        )


def _todo(dataset: Dataset, instance: Any, force: bool) -> _Todo:
    """What a run has to make: what is out of date, and what this instance never heard of."""
    import dagster as dg

    from zwu_ts_assets.partitions import batch_count
    from zwu_ts_assets.refresh import out_of_date

    names = [dataset.raw_asset if name == "raw" else name for name in CODE_VERSIONS]
    batches = {str(batch) for batch in range(batch_count(dataset))}
    if force:
        return _Todo(names, sorted(map(int, batches)))
    stale = out_of_date(dataset, artifacts_dir())
    assets = {item.asset for item in stale}
    due = {item.key for item in stale} & batches
    for name in names:
        # A new instance over existing artifacts is told of them, or its web UI shows none.
        key = dg.AssetKey([*dataset.prefix, name])
        if name in PER_BATCH and (unknown := batches - instance.get_materialized_partitions(key)):
            assets.add(name)
            due |= unknown
        elif name not in PER_BATCH and instance.get_latest_materialization_event(key) is None:
            assets.add(name)
    return _Todo([name for name in names if name in assets], sorted(map(int, due)))


def _run_config(dataset: Dataset, assets: Sequence[str], force: bool) -> dict[str, Any]:
    ops = ["__".join([*dataset.prefix, name]) for name in assets]
    return {
        "ops": {op: {"config": {"force": force}} for op in ops},
        # The failures are printed below in a sentence each; the whole log is in the web UI.
        "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
    }


def _say_what_is_there(dataset: Dataset, started: float) -> None:
    from zwu_ts_assets.io_managers import LAYOUT, dataset_store, file_names
    from zwu_ts_assets.partitions import batch_count

    root = dataset_store(artifacts_dir(), dataset.prefix).root
    surplus = 0
    click.echo(f"Artifacts of {dataset.name} in {root}:")
    for asset, layout in LAYOUT.items():
        name_of_asset = dataset.raw_asset if asset == "raw" else asset
        for role, name in layout.items():
            pattern = name.format(asset=dataset.raw_asset, key="*")
            there = {str(path.relative_to(root)) for path in root.glob(pattern)}
            keys = map(str, range(batch_count(dataset))) if asset in PER_BATCH else [WHOLE]
            expected = {file_names(name_of_asset, key)[role] for key in keys}
            surplus += len(there - expected)
            click.echo(f"  {pattern:<42} {len(there & expected):>5}")
    if surplus:
        click.echo(
            f"{surplus} more files belong to batches that the CSV and the settings no longer have; "
            "remove them before you train on the folder."
        )
    click.echo(f"in {time.monotonic() - started:.1f} s")


def _span(keys: Sequence[str]) -> str:
    if keys == ["all"]:
        return "all"
    return keys[0] if len(keys) == 1 else f"{keys[0]}...{keys[-1]}"
