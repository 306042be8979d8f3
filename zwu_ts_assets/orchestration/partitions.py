"""Batch keys: which batches a dataset has, told by its CSV.

What belongs here: the partitions definition and keeping the instance's list of keys in step with
the CSV. What does not: cutting windows.

Dagster keeps the keys of dynamic partitions in the instance. The web server and the daemon read
them there; user code, and so the command line also on an instance that never saw them, asks the
CSV itself.
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import dagster as dg

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.orchestration.datasets import Dataset
from zwu_ts_assets.storage.data_mirror import told

if TYPE_CHECKING:
    from zwu_ts_assets.orchestration.dagster_private import PartitionLoadingContext

# Rows are counted again only when the file changed: Dagster asks for the keys several times per
# partition, and counting each time made a run of 2,000 batches seven times slower.
# By CSV, as one process looks after all datasets in turn.
_COUNTED: dict[Path, tuple[tuple[object, ...], int]] = {}


class BatchPartitions(dg.DynamicPartitionsDefinition):
    """The batches of one dataset, keyed `0`, `1`, ... by their position in the CSV."""

    dataset: Dataset

    def __new__(cls, dataset: Dataset) -> "BatchPartitions":
        """Args: the dataset whose CSV tells the batches."""
        self: BatchPartitions = super().__new__(cls, name=f"{dataset.name}_batches")
        self.dataset = dataset
        return self

    def get_partition_keys(
        self,
        current_time: datetime | None = None,
        dynamic_partitions_store: Any = None,
    ) -> Sequence[str]:
        """The keys by the CSV; without a CSV, those the instance still knows."""
        if self.dataset.csv.is_file():
            return [str(batch) for batch in range(batch_count(self.dataset))]
        if dynamic_partitions_store is None and not self._has_store():
            return []
        return super().get_partition_keys(current_time, dynamic_partitions_store)

    def has_partition_key(
        self,
        partition_key: str,
        current_time: datetime | None = None,
        dynamic_partitions_store: Any = None,
    ) -> bool:
        """Whether a key is one of the batches."""
        return partition_key in self.get_partition_keys(current_time, dynamic_partitions_store)

    def filter_valid_partition_keys(self, partition_keys: set[str]) -> AbstractSet[str]:
        """Those of the keys that are batches."""
        return partition_keys & set(self.get_partition_keys())

    def validate_partition_key(
        self, partition_key: str, context: "PartitionLoadingContext"
    ) -> None:
        """Refuse a key that is no batch, in a sentence for the person who typed it.

        Raises:
            click.ClickException: Dagster's own error would end the command line with a traceback
                that says neither which batches there are nor what to do.
        """
        keys = self.get_partition_keys(dynamic_partitions_store=context.dynamic_partitions_store)
        if partition_key in keys:
            return
        csv = self.dataset.csv
        shown = told(str(csv))
        if not csv.exists():
            raise click.ClickException(
                f"There is no batch {partition_key!r}: {shown} does not exist. Copy the CSV there."
            )
        length = self.dataset.settings.window_length
        known = f"its batches are 0...{len(keys) - 1}" if keys else "it has no batch"
        raise click.ClickException(
            f"There is no batch {partition_key!r}: {shown} is cut into windows of {length} rows, "
            f"and {known}."
        )

    def _has_store(self) -> bool:
        with dg.partition_loading_context() as context:
            return context.dynamic_partitions_store is not None


def batch_count(dataset: Dataset) -> int:
    """How many batches the CSV has, by its number of lines; nothing is validated.

    Where rows may be missing, their number follows from the timestamps, if these can be read.

    Raises:
        CorpusError: The file cannot be read.
    """
    from zwu_ts_assets.timeseries import windows
    from zwu_ts_assets.timeseries.csv_file import (
        count_data_rows,
        count_grid_rows,
        lines_are_rows,
    )

    if not dataset.csv.exists():
        raise CorpusError(f"{dataset.csv} does not exist; copy the CSV there.")
    settings = dataset.settings
    stat = dataset.csv.stat()
    how = (settings.time_column, settings.features, settings.csv_rules, settings.stride)
    identity = (stat.st_mtime_ns, stat.st_size, stat.st_ino, how)
    counted = _COUNTED.get(dataset.csv)
    if counted is None or counted[0] != identity:
        column, features, rules, stride = how
        rows = None
        # Whoever reads the table is told what is wrong with it. Here it would end Dagster's
        # command line, and its daemon's look, with a traceback.
        with suppress(CorpusError):
            if not lines_are_rows(dataset.csv, time_column=column, features=features, rules=rules):
                rows = count_grid_rows(
                    dataset.csv,
                    time_column=column,
                    features=features,
                    rules=rules,
                    stride=stride,
                )
        counted = (identity, count_data_rows(dataset.csv, rules.encoding) if rows is None else rows)
        _COUNTED[dataset.csv] = counted
    return windows.batch_count(
        max(0, counted[1] - max(settings.lags, default=0)),
        settings.window_length,
        settings.stride,
        settings.max_batches,
    )


def register_batches(instance: dg.DagsterInstance, dataset: Dataset) -> int:
    """Bring the instance's list of keys in step with the CSV; tell how many there are.

    Raises:
        CorpusError: There is no CSV to tell the batches from.
    """
    # Not with the definitions: it takes a quarter as long as Dagster itself to import.
    from sqlalchemy.exc import IntegrityError

    if not dataset.csv.is_file():
        raise CorpusError(f"{dataset.csv} does not exist; copy the CSV there.")
    partitions = BatchPartitions(dataset)
    name = str(partitions.name)
    expected = set(partitions.get_partition_keys())
    registered = set(instance.get_dynamic_partitions(name))
    while missing := sorted(expected - registered, key=int):
        try:
            instance.add_dynamic_partitions(name, missing)
            break
        except IntegrityError:
            # Another process, such as the daemon, added one of them since we looked.
            before, registered = registered, set(instance.get_dynamic_partitions(name))
            if registered == before:
                raise
    for surplus in sorted(registered - expected):
        instance.delete_dynamic_partition(name, surplus)
    return len(expected)
