"""Dagster resources: what a run may be told about the machine it is on.

What belongs here: thin wrappers that give plain objects a typed configuration and a life cycle.
What does not: settings that shape the corpus; those are the dataset's (`datasets.py`).

A run's configuration is written by whoever may start a run. Nothing in it names a place to read,
write or call: such a value is an attribute of type `ResourceDependency`, which Dagster takes from
the definitions alone.
"""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

import dagster as dg
from pydantic import Field, PrivateAttr

from zwu_ts_assets.config.environment import checked_dask_address
from zwu_ts_assets.workers.pool import Pool, WorkerPool

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
