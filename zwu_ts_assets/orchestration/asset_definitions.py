"""The assets of a dataset as Dagster sees them, made from their specs.

What belongs here: the one definition that all assets share, and the CSV and the raw table, with
which the lineage begins. What does not: what there is to know of an asset (`specs.py`), what its
body calls (`assets/`).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from inspect import Parameter, Signature
from typing import Any

import dagster as dg
from pydantic import Field

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.orchestration.asset_spec import AssetSpec
from zwu_ts_assets.orchestration.contexts import AssetRun, Inputs, surroundings_of
from zwu_ts_assets.orchestration.datasets import Dataset, code_version
from zwu_ts_assets.orchestration.failures import speaking_to_the_user
from zwu_ts_assets.orchestration.partitions import BatchPartitions, register_batches
from zwu_ts_assets.orchestration.reports import asset_key
from zwu_ts_assets.orchestration.resources import Workers
from zwu_ts_assets.orchestration.runs import DATASET, batches_of_run
from zwu_ts_assets.orchestration.work import WHOLE, Artifact, Batches, Product, Work, once
from zwu_ts_assets.storage.artifact_store import Record
from zwu_ts_assets.storage.data_mirror import bring_up_to_date, told

OWNERS = ["team:corpus"]

_Decorator = Callable[[Callable[..., Any]], dg.AssetsDefinition]


class MakeConfig(dg.Config):
    """How to make, never what.

    What shapes the corpus is the dataset's settings alone, so that no two artifacts of a corpus
    are made with different ones.
    """

    force: bool = Field(False, description="Make again also what is already current.")


def dataset_assets(
    dataset: Dataset, verify_hours: float, batches_per_run: int | None = None
) -> list[dg.AssetsDefinition | dg.SourceAsset]:
    """The assets of a dataset, and the CSV that they come from.

    Args:
        dataset: Whose CSV and settings they are made from.
        verify_hours: Hours after which artifacts that nobody compared with the CSV count as stale.
        batches_per_run: A backfill is cut into runs of so many batches; None: it is one run.
    """
    raw, *others = dataset.specs.enabled(dataset.settings)
    csv = _csv_asset(dataset)
    return [
        csv,
        _raw_asset(dataset, raw, csv.key, verify_hours),
        *(_asset(dataset, spec, batches_per_run) for spec in others),
    ]


def _csv_asset(dataset: Dataset) -> dg.SourceAsset:
    @dg.observable_source_asset(
        key=asset_key(dataset, dataset.csv_asset),
        description=f"The file {dataset.csv.name}, as the sensor last saw it.",
        group_name=dataset.name,
        metadata={
            "path": dg.MetadataValue.path(told(str(dataset.csv))),
            "source": dataset.settings.source,
        },
    )
    def csv() -> dg.DataVersion:
        from zwu_ts_assets.orchestration.assets import corpus_products as products

        with speaking_to_the_user(dataset.csv):
            bring_up_to_date(dataset.csv.parent)
        return dg.DataVersion(products.csv_digest(dataset.csv))

    found: dg.SourceAsset = csv
    return found


def _raw_asset(
    dataset: Dataset, spec: AssetSpec, csv: dg.AssetKey, verify_hours: float
) -> dg.AssetsDefinition:
    """The raw table: its only input is the CSV, which is no asset of ours."""

    def raw(context: dg.AssetExecutionContext, config: MakeConfig) -> Iterator[dg.Output[Work]]:
        from zwu_ts_assets.orchestration.assets import corpus_products as products

        with speaking_to_the_user(dataset.csv):
            bring_up_to_date(dataset.csv.parent)
        sha256 = products.csv_digest(dataset.csv)

        def make() -> Product[Any]:
            product = products.raw_product(dataset.csv, dataset.settings)
            if product.details["csv_sha256"] != sha256:
                # The new rows must not be recorded as made from the old content.
                raise CorpusError(
                    f"{dataset.csv}: changed while it was read; run again when it is complete"
                )
            return product

        inputs = replace(_inputs(dataset, spec, {}), csv_sha256=sha256)
        yield dg.Output(
            Work(
                {key: origin.made_from for key, origin in spec.origins(inputs, [WHOLE]).items()},
                once(make),
                config.force,
                switched_off=dataset.specs.switched_off(dataset.settings),
                overlapping=dataset.settings.overlapping,
            )
        )
        # Reached only when the table is written: a broken CSV must not change the known batches.
        register_batches(context.instance, dataset)

    decorator: _Decorator = dg.asset(
        **_described(dataset, spec),
        deps=[csv],
        # Not the age of the data: a series that has ended is no failure. What must not grow old is
        # the knowledge that artifacts and CSV agree; the sensor renews it.
        freshness_policy=dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=verify_hours)),
    )
    return decorator(raw)


def _asset(dataset: Dataset, spec: AssetSpec, batches_per_run: int | None) -> dg.AssetsDefinition:
    """Any other asset: its inputs arrive under the names of arguments that the spec gives."""
    body = spec.body
    if body is None:
        raise ValueError(f"the asset {spec.name!r} has no body")
    sources = dataset.specs.inputs(spec.name, dataset.settings)

    def asset(
        context: dg.AssetExecutionContext, config: MakeConfig, **loaded: Any
    ) -> Iterator[dg.Output[Work]]:
        workers: Workers = loaded.pop(f"{dataset.scope}workers")
        keys = [WHOLE]
        if spec.per_batch:
            batches = batches_of_run(context.run.tags, map(int, context.partition_keys))
            keys = list(map(str, batches))
        with speaking_to_the_user(dataset.csv.parent):
            run = AssetRun(dataset, surroundings_of(dataset), keys, workers.pool)
            inputs = _inputs(dataset, spec, loaded)
            make = body(run, **loaded)
            origins = spec.origins(inputs, keys)
        if not origins and spec.may_make_nothing:
            # A run for one batch may have nothing to look at or to export.
            context.log.warning(
                "the windows made so far are too few, or in no split: nothing is asked of them"
            )
            return
        made_from = {key: origin.made_from for key, origin in origins.items()}
        yield dg.Output(Work(made_from, make, config.force))

    # Dagster takes from the signature which resources there are; their names differ by dataset.
    asset.__signature__ = Signature(  # type: ignore[attr-defined]
        [
            Parameter("context", Parameter.POSITIONAL_OR_KEYWORD),
            Parameter("config", Parameter.POSITIONAL_OR_KEYWORD, annotation=MakeConfig),
            Parameter(f"{dataset.scope}workers", Parameter.KEYWORD_ONLY, annotation=Workers),
            Parameter("loaded", Parameter.VAR_KEYWORD, annotation=Any),
        ]
    )
    decorator: _Decorator = dg.asset(
        **_described(dataset, spec, batches_per_run),
        ins={
            argument: dg.AssetIn(key=asset_key(dataset, dataset.asset_name(source)))
            for argument, source in sources.items()
        },
    )
    return decorator(asset)


def _described(
    dataset: Dataset, spec: AssetSpec, batches_per_run: int | None = None
) -> Mapping[str, Any]:
    """What the decorator of an asset is told by its spec."""
    name = dataset.asset_name(spec.name)
    # One run covers a range of batches; the unpartitioned assets say so too, or the command line
    # refuses `--partition-range` for a selection that includes them.
    one_run = dg.BackfillPolicy.single_run()
    in_runs = dg.BackfillPolicy.multi_run(batches_per_run) if batches_per_run else one_run
    return {
        "name": name,
        "key_prefix": list(dataset.prefix) or None,
        "io_manager_key": f"{dataset.scope}{spec.io_manager}",
        "partitions_def": BatchPartitions(dataset) if spec.per_batch else None,
        "backfill_policy": in_runs if spec.per_batch else one_run,
        "code_version": code_version(dataset, name),
        "group_name": spec.group(dataset.name),
        "owners": OWNERS,
        "kinds": set(spec.kinds),
        "output_required": not spec.may_make_nothing,
        "description": spec.description,
        "metadata": {
            DATASET: dataset.name,
            "settings": dg.MetadataValue.json(dataset.settings_of(name)),
            "source": dataset.settings.source,
        },
    }


def _inputs(dataset: Dataset, spec: AssetSpec, loaded: Mapping[str, Any]) -> Inputs:
    """What is known of the inputs of an asset, by what IO managers have loaded."""
    sources = dataset.specs.inputs(spec.name, dataset.settings)
    records: dict[str, Mapping[str, Record]] = {}
    known = 0
    for argument, value in loaded.items():
        if isinstance(value, Batches):
            records[sources[argument]] = {
                str(batch): record for batch, record in value.records.items()
            }
            known = value.known
        elif isinstance(value, Artifact):
            records[sources[argument]] = {WHOLE: value.record}
    by_asset: dict[str, Any] = {asset: loaded[argument] for argument, asset in sources.items()}

    return Inputs(
        dataset,
        surroundings_of(dataset),
        series=lambda: by_asset["raw"],
        records=records,
        batches=known,
    )
