"""What a run has to make of what is out of date.

What belongs here: which artifacts are made for one that is out of date, as assets and batches. What
does not: finding out what is (`comparison.py`), dividing it into several runs (`parts.py`).
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from zwu_ts_assets.orchestration.datasets import Dataset, asset_names
from zwu_ts_assets.orchestration.refresh.comparison import GONE, OutOfDate
from zwu_ts_assets.orchestration.work import WHOLE

Item = tuple[str, str]
"""An artifact: the asset's name, and the batch index as text or `all`."""


@dataclass(frozen=True)
class Todo:
    """What a run has to make.

    Attributes:
        assets: Names, in an order in which they can be made.
        batches: Batches that any of the per-batch assets among them needs.
    """

    assets: Sequence[str] = ()
    batches: Sequence[int] = ()


def todo(dataset: Dataset, stale: Iterable[OutOfDate]) -> Todo:
    """What a run has to make so that nothing is out of date.

    Args:
        dataset: Whose artifacts they are.
        stale: What is out of date.
    """
    return todo_of(dataset, {item_of(dataset, artifact) for artifact in stale})


def item_of(dataset: Dataset, artifact: OutOfDate) -> Item:
    """The artifact whose making mends one that is out of date; itself, if it should be there.

    Args:
        dataset: Whose artifact it is.
        artifact: What is out of date.
    """
    # Files of vanished batches and assets are removed where the raw table is written.
    if artifact.reason in GONE:
        return dataset.raw_asset, WHOLE
    return artifact.asset, artifact.key


def todo_of(dataset: Dataset, items: Collection[Item]) -> Todo:
    """A run that makes some artifacts.

    Args:
        dataset: Whose artifacts they are.
        items: Which.
    """
    assets = {asset for asset, _ in items}
    batches = sorted({int(key) for _, key in items if key != WHOLE})
    return Todo([name for name in asset_names(dataset) if name in assets], batches)
