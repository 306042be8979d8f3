"""What the assets of a dataset have in common.

What belongs here: the decorator that every asset of ours has, and its configuration. What does not:
the assets (`corpus_assets.py`, `training_assets.py`).
"""

from collections.abc import Callable, Sequence
from typing import Any

import dagster as dg
from pydantic import Field

from zwu_ts_assets.config.datasets import Dataset
from zwu_ts_assets.orchestration import lineage
from zwu_ts_assets.orchestration.partitions import BatchPartitions
from zwu_ts_assets.orchestration.reports import asset_key
from zwu_ts_assets.orchestration.specs import BY_ROLE, enabled_inputs

OWNERS = ["team:corpus"]


class MakeConfig(dg.Config):
    """How to make, never what.

    What shapes the corpus is the dataset's settings alone, so that no two artifacts of a corpus
    are made with different ones.
    """

    force: bool = Field(False, description="Make again also what is already current.")


def asset_decorator(
    dataset: Dataset, batches_per_run: int | None = None
) -> Callable[..., Callable[[Callable[..., Any]], dg.AssetsDefinition]]:
    """A decorator for the bodies of a dataset's assets, to be called with an asset's role.

    An asset's spec says everything else: its inputs arrive under the argument names given there.

    Args:
        dataset: Whose assets they are.
        batches_per_run: A backfill is cut into runs of so many batches; None: it is one run.
    """
    batches = BatchPartitions(dataset)
    # One run covers a range of batches; the unpartitioned assets say so too, or the command line
    # refuses `--partition-range` for a selection that includes them.
    one_run = dg.BackfillPolicy.single_run()
    in_runs = dg.BackfillPolicy.multi_run(batches_per_run) if batches_per_run else one_run

    def asset(
        role: str,
        *,
        deps: Sequence[dg.AssetKey] = (),
        freshness: dg.FreshnessPolicy | None = None,
    ) -> Callable[[Callable[..., Any]], dg.AssetsDefinition]:
        spec = BY_ROLE[role]
        name = dataset.asset_name(role)
        return dg.asset(
            name=name,
            key_prefix=list(dataset.prefix) or None,
            ins={
                argument: dg.AssetIn(key=asset_key(dataset, dataset.asset_name(source)))
                for argument, source in enabled_inputs(role, dataset.settings).items()
            },
            deps=deps,
            io_manager_key=spec.io_manager,
            partitions_def=batches if spec.per_batch else None,
            backfill_policy=in_runs if spec.per_batch else one_run,
            code_version=lineage.code_version(dataset, name),
            group_name=dataset.name,
            owners=OWNERS,
            kinds=set(spec.kinds),
            freshness_policy=freshness,
            output_required=not spec.may_make_nothing,
            description=spec.description,
            metadata={
                "settings": dg.MetadataValue.json(dataset.settings_of(name)),
                "source": dataset.settings.source,
            },
        )

    return asset
