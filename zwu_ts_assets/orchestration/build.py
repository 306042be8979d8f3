"""Datasets in, Dagster definitions out.

What belongs here: which datasets are defined and what they are bound to. What does not: anything
that could be wrong about an asset; follow its name from `specs.py` into `assets/`.
"""

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import click
import dagster as dg

from zwu_ts_assets.config.environment import (
    AutomationSettings,
    artifacts_dir,
    automation_settings,
    dask_address,
    data_dir,
    dataset_names,
)
from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.orchestration.artifact_io_manager import ArtifactIOManager
from zwu_ts_assets.orchestration.asset_definitions import dataset_assets
from zwu_ts_assets.orchestration.asset_spec import Specs
from zwu_ts_assets.orchestration.automation import (
    dataset_job,
    dataset_schedule,
    dataset_sensor,
    remake_job,
)
from zwu_ts_assets.orchestration.broken import broken_assets, broken_check, broken_sensor
from zwu_ts_assets.orchestration.check_definitions import dataset_checks
from zwu_ts_assets.orchestration.chosen_datasets import find_datasets
from zwu_ts_assets.orchestration.dagster_private import refuse_batches_of_several_datasets
from zwu_ts_assets.orchestration.datasets import BrokenDataset, Dataset
from zwu_ts_assets.orchestration.export_io_manager import ExportIOManager
from zwu_ts_assets.orchestration.resources import (
    FilesIOManager,
    SeriesIOManager,
    WindowsIOManager,
    Workers,
)
from zwu_ts_assets.orchestration.specs import SPECS
from zwu_ts_assets.storage.data_mirror import bring_up_to_date, told
from zwu_ts_assets.storage.places import Place, StoreError

_LOADING_SECONDS: Final = 60.0  # Dagster waits three minutes for a code location


def build_definitions(
    datasets: Sequence[Dataset],
    artifacts: Place,
    workers: int = 0,
    automation: AutomationSettings = AutomationSettings(),  # noqa: B008 - frozen
    dask: str = "",
    broken: Sequence[BrokenDataset] = (),
    *,
    guest: bool = False,
) -> dg.Definitions:
    """The definitions of some datasets.

    Args:
        datasets: What to define, each with its own assets, batches and folder.
        artifacts: The folder for the outputs.
        workers: Worker processes of a run; 0 for one per processor.
        automation: When the datasets are looked after by themselves.
        dask: Address of a Dask scheduler whose workers do the work; empty: this machine's do.
        broken: What to show with the reason why it is not defined.
        guest: Whether somebody else's code location gets them: it has an executor and an IO manager
            of its own.
    """
    with warnings.catch_warnings():
        # Backfill policies are "beta" in the Dagster releases that we pin and test; saying so to
        # every user on every command would only hide the warnings that matter.
        warnings.simplefilter("ignore", category=dg.BetaWarning)
        assets = [
            asset
            for dataset in datasets
            for asset in dataset_assets(
                dataset, automation.verify_hours, automation.batches_per_run
            )
        ] + [asset for dataset in broken for asset in broken_assets(dataset)]
    checks = [check for dataset in datasets for check in dataset_checks(dataset, artifacts)] + [
        broken_check(dataset) for dataset in broken
    ]
    # Of a broken dataset nothing is written.
    specs = datasets[0].specs if datasets else SPECS
    managers: dict[str, Callable[..., ArtifactIOManager]] = {
        "series_io": SeriesIOManager,
        "windows_io": WindowsIOManager,
        "files_io": FilesIOManager,
        "exports_io": ExportIOManager,
    }
    scopes = dict.fromkeys(dataset.scope for dataset in datasets) or [""]
    resources: dict[str, Any] = {}
    for scope in scopes:
        resources |= {
            f"{scope}{key}": manager(artifacts_dir=str(artifacts), specs=specs)
            for key, manager in managers.items()
        }
        resources[f"{scope}workers"] = Workers(processes=workers, dask=dask)
    sensors = [dataset_sensor(dataset, artifacts, automation) for dataset in datasets]
    return dg.Definitions(
        assets=assets,
        asset_checks=checks,
        jobs=[job(dataset) for dataset in datasets for job in (dataset_job, remake_job)],
        sensors=[*sensors, *(broken_sensor(dataset, artifacts, automation) for dataset in broken)],
        schedules=[dataset_schedule(dataset, artifacts, automation) for dataset in datasets],
        # Nothing of ours uses `io_manager`. Dagster's default pickles into any folder that a run's
        # configuration names, and would be a resource of every job.
        resources=resources if guest else {**resources, "io_manager": dg.mem_io_manager},
        executor=None if guest else dg.in_process_executor,
    )


def _data_folder() -> Path:
    """The folder with the CSVs; as they were last seen, if their store cannot be used now."""
    folder = data_dir()
    try:
        bring_up_to_date(folder, seconds=_LOADING_SECONDS)
    except StoreError as error:
        # Without definitions there would be no web UI that tells of it: the sensor does.
        dg.get_dagster_logger("zwu_ts_assets").warning(
            f"{error} Definitions are those of the CSVs and settings as they were last seen."
        )
    return folder


def _of_one_dataset(partitions: Sequence[str]) -> str:
    names = [name.removesuffix("_batches") for name in partitions]
    return (
        f"A batch is one of a dataset, and the assets that were selected are of {len(names)} "
        f"datasets: {', '.join(names)}. Select one of them: --select group:{names[0]}"
    )


def defined(specs: Specs = SPECS) -> dg.Definitions:
    """The definitions of what the environment and the data folder say.

    Args:
        specs: The assets that a dataset may have.

    Raises:
        click.ClickException: The environment, or every settings file, has a mistake.
    """
    refuse_batches_of_several_datasets(_of_one_dataset)
    try:
        found = find_datasets(_data_folder(), dataset_names(), specs)
        if found.broken and not found.sound:
            raise CorpusError("\n".join(dataset.problem for dataset in found.broken))
        automation, dask = automation_settings(), dask_address()
    except CorpusError as error:
        # A mistake in a settings file: the command line prints this error's message alone, where
        # any other exception would end it with a traceback.
        raise click.ClickException(told(str(error))) from None
    for dataset in found.broken:
        # Also for those who never open the web UI.
        click.echo(told(f"{dataset.name} is not defined: {dataset.problem}"), err=True)
    return build_definitions(
        found.sound, artifacts_dir(), automation=automation, dask=dask, broken=found.broken
    )
