"""Dagster resources: who does the work of a run, and which bytes the values of a corpus are.

What belongs here: the workers, and an IO manager for each kind of value. What does not: writing
what is due and reading it back (`artifact_io_manager.py`), exports (`export_io_manager.py`),
settings that shape the corpus, which are the dataset's (`datasets.py`).

A run's configuration is written by whoever may start a run. Nothing in it names a place to read,
write or call: such a value is an attribute of type `ResourceDependency`, which Dagster takes from
the definitions alone.
"""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import dagster as dg
from pydantic import Field, PrivateAttr

from zwu_ts_assets.config.environment import checked_dask_address
from zwu_ts_assets.orchestration.artifact_io_manager import ArtifactIOManager
from zwu_ts_assets.orchestration.failures import speaking_to_the_user
from zwu_ts_assets.orchestration.layout import foreign_sentence, left_over
from zwu_ts_assets.orchestration.work import WHOLE, Artifact, Work
from zwu_ts_assets.storage.artifact_store import Record
from zwu_ts_assets.workers.pool import Pool, WorkerPool

if TYPE_CHECKING:
    from zwu_ts_assets.timeseries.series import Series
    from zwu_ts_assets.timeseries.windows import Batch


# What worker processes run the functions of.
_DRAWING: Final = "zwu_ts_assets.orchestration.assets.corpus_products"


class Workers(dg.ConfigurableResource["Workers"]):
    """The processes that draw and encode; the same bytes come out whatever their number."""

    processes: int = Field(
        0, ge=0, le=256, description="Worker processes; 0: one per processor of this machine."
    )
    # The address of a Dask scheduler; empty: the processes of this machine. What a scheduler
    # answers is unpickled, so whoever names it can run code here.
    dask: dg.ResourceDependency[str]
    _pool: Pool | None = PrivateAttr(default=None)

    @contextmanager
    def yield_for_execution(
        self, context: dg.InitResourceContext
    ) -> Generator["Workers", None, None]:
        """Stop the processes, or let go of the cluster, when the run is over."""
        self._pool = self._make_pool()
        try:
            yield self
        finally:
            self._pool.close()

    @property
    def pool(self) -> Pool:
        """The pool of this run."""
        if self._pool is None:
            raise RuntimeError("the workers are only there while a run executes")
        return self._pool

    def _make_pool(self) -> Pool:
        # Again, for who builds definitions without the environment; nothing else is opened.
        if address := checked_dask_address(self.dask, "the Dask scheduler of the resource workers"):
            from zwu_ts_assets.workers.dask_pool import DaskPool

            return DaskPool(address)
        return WorkerPool(self.processes or _available_processors(), preload=_DRAWING)


def _available_processors() -> int:
    # A container's quota or `taskset` may allow fewer processors than the machine has: a process
    # for each one of a large node would take more memory than a pod may have.
    from loky import cpu_count

    return int(cpu_count())


class SeriesIOManager(ArtifactIOManager):
    """The raw table as Parquet; with it go the artifacts of what the corpus no longer has."""

    def handle_output(self, context: dg.OutputContext, obj: Work) -> None:
        """Write the table, then remove what belongs to batches and assets that are no more."""
        super().handle_output(context, obj)
        store = self.store_of(context.asset_key)
        retired = 0
        with speaking_to_the_user(store.root):
            store = store.look()
            record = store.record(context.asset_key.path[-1], WHOLE)
            batches = int(record.details["batches"] or 0) if record else 0
            left: list[str] = []
            for item in left_over(store, batches, obj.switched_off, self.specs):
                left += store.retire(item.asset, item.key, item.names)
                retired += 1
        if left:
            context.log.warning(foreign_sentence(left))
        if retired:
            context.log.info(f"{retired} artifacts that the corpus no longer has removed")

    def encode(self, value: "Series") -> Mapping[str, bytes]:
        """The table with its timestamps."""
        from zwu_ts_assets.orchestration.assets.tables import encode_series

        return {"table": encode_series(value)}

    def decode(self, files: Mapping[str, bytes], record: Record) -> "Series":
        """The table with its timestamps."""
        from zwu_ts_assets.orchestration.assets.tables import decode_series

        return decode_series(files["table"])


class WindowsIOManager(ArtifactIOManager):
    """One Parquet file per batch, with the rows its windows start at; none if it has no window."""

    def encode(self, value: "Batch") -> Mapping[str, bytes]:
        """The rows of the batch's windows, each once, and where they begin."""
        from zwu_ts_assets.orchestration.assets.tables import encode_batch

        return {"table": encode_batch(value)} if value.starts else {}

    def decode(self, files: Mapping[str, bytes], record: Record) -> "Batch":
        """The batch, and from the record how many target rows follow its last window."""
        from zwu_ts_assets.orchestration.assets.tables import decode_batch, empty_batch

        if not files:
            return empty_batch()
        target_rows = int(record.details["target_rows"] or 0)
        horizon = int(record.details.get("horizon") or target_rows)
        return decode_batch(files["table"], target_rows, horizon)


class FilesIOManager(ArtifactIOManager):
    """Files whose bytes the asset made itself: figures, videos, texts and tokens."""

    def encode(self, value: Mapping[str, bytes]) -> Mapping[str, bytes]:
        """The bytes as they are."""
        return value

    def decode(self, files: Mapping[str, bytes], record: Record) -> Artifact:
        """The bytes as they are."""
        return Artifact(files, record)
