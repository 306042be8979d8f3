"""Which assets a dataset has, what each is made from, and the code version of each.

What belongs here: the edges by name, and versions that Dagster compares. What does not: what there
is to know of an asset (`specs.py`), what an artifact comes from (`origins.py`).
"""

from typing import Final

from zwu_ts_assets.orchestration.datasets import Dataset
from zwu_ts_assets.orchestration.specs import SPECS

TRAINING: Final = SPECS.last_mile
"""The last mile: made for those who ask for it, and kept current from then on. What is drawn for it
alone comes along."""


def asset_inputs(dataset: Dataset) -> dict[str, tuple[str, ...]]:
    """What each asset of a dataset is made from, by name, in an order in which they can be made.

    The raw table is made from the CSV.
    """
    specs, settings = dataset.specs, dataset.settings
    named = {
        dataset.asset_name(spec.name): tuple(
            map(dataset.asset_name, specs.inputs(spec.name, settings).values())
        )
        for spec in specs.enabled(settings)
    }
    return {**named, dataset.raw_asset: (dataset.csv_asset,)}


def asset_names(dataset: Dataset) -> list[str]:
    """The assets of a dataset, in an order in which they can be made."""
    return list(asset_inputs(dataset))


def corpus_assets(dataset: Dataset) -> list[str]:
    """Those that every corpus has: all but the last mile."""
    return [name for name in asset_names(dataset) if not dataset.specs.of(name).last_mile]


def code_version(dataset: Dataset, asset: str) -> str:
    """Code version of an asset: ours, and a digest of the settings that matter to it.

    Dagster compares code versions, so a changed setting shows as out of date in the web UI too.
    """
    return f"{dataset.specs.of(asset).code_version}-{dataset.settings_digest(asset)}"
