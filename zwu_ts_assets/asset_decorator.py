"""What the assets of a dataset have in common.

What belongs here: the decorator that every asset of ours has, and its configuration. What does not:
the assets (`assets.py`, `training_assets.py`).
"""

from collections.abc import Callable, Sequence
from typing import Any

import dagster as dg
from pydantic import Field

from zwu_ts_assets import lineage
from zwu_ts_assets.datasets import Dataset
from zwu_ts_assets.partitions import BatchPartitions

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
    """What the assets of a dataset have in common, as a decorator to be called with the rest.

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
        name: str,
        io_manager: str,
        kinds: set[str],
        *,
        per_batch: bool = False,
        deps: Sequence[dg.AssetKey] = (),
        freshness: dg.FreshnessPolicy | None = None,
        output_required: bool = True,
        description: str | None = None,
        **inputs: str,
    ) -> Callable[[Callable[..., Any]], dg.AssetsDefinition]:
        return dg.asset(
            name=name,
            key_prefix=list(dataset.prefix) or None,
            ins={
                argument: dg.AssetIn(key=dg.AssetKey([*dataset.prefix, upstream]))
                for argument, upstream in inputs.items()
            },
            deps=deps,
            io_manager_key=io_manager,
            partitions_def=batches if per_batch else None,
            backfill_policy=in_runs if per_batch else one_run,
            code_version=lineage.code_version(dataset, name),
            group_name=dataset.name,
            owners=OWNERS,
            kinds=kinds,
            freshness_policy=freshness,
            output_required=output_required,
            description=description,
            metadata={
                "settings": dg.MetadataValue.json(dataset.settings_of(name)),
                "source": dataset.settings.source,
            },
        )

    return asset
