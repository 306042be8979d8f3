"""What is shown of a dataset that cannot be defined: its CSV and its raw table, with the reason.

What belongs here: Dagster definitions that say what is wrong wherever a user looks (asset, check,
run, sensor), so that the other datasets stay as they are. What does not: finding out what is wrong
(`discovery.py`, `settings_file.py`).
"""

import dagster as dg

from zwu_ts_assets.config.environment import AutomationSettings
from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.orchestration.check_definitions import CSV_CHECK
from zwu_ts_assets.orchestration.chosen_datasets import find_datasets
from zwu_ts_assets.orchestration.datasets import BrokenDataset
from zwu_ts_assets.orchestration.layout import dataset_store
from zwu_ts_assets.orchestration.reports import Reporter, asset_key
from zwu_ts_assets.storage.data_mirror import bring_up_to_date, told
from zwu_ts_assets.storage.places import Place

_DEFAULT_SECONDS = 30


def broken_assets(dataset: BrokenDataset) -> list[dg.AssetsDefinition | dg.SourceAsset]:
    """The CSV, and a raw table that fails with the reason; nothing that was made is touched.

    Args:
        dataset: Which it is, and what is wrong with it.
    """
    problem = told(dataset.problem)

    @dg.observable_source_asset(
        key=asset_key(dataset, dataset.csv_asset),
        description=f"Cannot be used: {problem}",
        group_name=dataset.name,
        metadata={"path": dg.MetadataValue.path(told(str(dataset.csv)))},
    )
    def csv() -> dg.DataVersion:
        raise dg.Failure(description=problem, allow_retries=False)

    @dg.asset(
        name=dataset.raw_asset,
        key_prefix=list(dataset.prefix) or None,
        deps=[csv.key],
        io_manager_key="series_io",
        group_name=dataset.name,
        description=f"Cannot be made: {problem}",
    )
    def raw() -> None:
        raise dg.Failure(description=problem, allow_retries=False)

    return [csv, raw]


def broken_check(dataset: BrokenDataset) -> dg.AssetChecksDefinition:
    """The check of the raw table that says what is wrong.

    Args:
        dataset: Which it is.
    """

    @dg.asset_check(asset=asset_key(dataset, dataset.raw_asset), name=CSV_CHECK)
    def csv_is_sound() -> dg.AssetCheckResult:
        """The CSV can be read, and its settings are sound."""
        return dg.AssetCheckResult(passed=False, description=told(dataset.problem))

    check: dg.AssetChecksDefinition = csv_is_sound
    return check


def broken_sensor(
    dataset: BrokenDataset, artifacts: Place, settings: AutomationSettings
) -> dg.SensorDefinition:
    """A sensor that says what is wrong at each look, and when definitions can be loaded again.

    Args:
        dataset: Which it is.
        artifacts: The folder for the outputs of all datasets.
        settings: When to look.
    """
    is_on = settings.sensor_seconds is not None

    @dg.sensor(
        name=f"{dataset.name}_sensor",
        minimum_interval_seconds=settings.sensor_seconds or _DEFAULT_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING if is_on else dg.DefaultSensorStatus.STOPPED,
        description=f"Cannot look after {dataset.name}: {told(dataset.problem)}",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        problem = problem_now(dataset)
        if not problem:
            return dg.SkipReason(
                f"{dataset.name} was mended or removed: press "
                '"Reload definitions" on the Lineage page of the web UI, or start it again'
            )
        store = dataset_store(artifacts, dataset.prefix)
        Reporter(context.instance, dataset, store, {}).check(
            dataset.raw_asset, CSV_CHECK, passed=False, description=problem
        )
        return dg.SkipReason(problem)

    return sensor


def problem_now(dataset: BrokenDataset) -> str:
    """What is wrong with it by now; empty if it was mended or is there no more.

    Args:
        dataset: As it was when definitions were loaded.
    """
    try:
        bring_up_to_date(dataset.data_dir)
        # The demonstration is there only if it is asked for.
        names = ["sample"] if dataset.name == "sample" else []
        found = find_datasets(dataset.data_dir, names)
    except CorpusError as error:
        return told(str(error))
    return next((each.problem for each in found.broken if each.name == dataset.name), "")
