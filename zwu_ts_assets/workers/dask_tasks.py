"""What runs elsewhere in a Dask cluster: one item on a worker, and questions about who is there.

What belongs here: what travels to workers and to the scheduler, and what they do with it. What does
not: handing it out (`dask_pool`), connections (`dask_client`).

Importing this module imports little, since the scheduler does it too, and workers do it while the
scheduler waits for an answer.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from zwu_ts_assets.errors import CorpusError

if TYPE_CHECKING:
    from zwu_ts_assets.workers.likeness import Likeness

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Call(Generic[T, R]):
    """One item on its way to a worker.

    Attributes:
        function: What to call.
        item: With what.
        ours: What the process that wants the result is like.
    """

    function: Callable[[T], R]
    item: T
    ours: "Likeness"


@dataclass(frozen=True)
class Outcome(Generic[R]):
    """What became of it. An error of the domain is no failure of the task, to be tried again."""

    result: R | None = None
    error: CorpusError | None = None


class WorkerTrouble(Exception):
    """The operating system of a worker refused something."""


def packed(call: Call[Any, Any]) -> Any:
    """A call as bytes: the scheduler unpacks what it is given, and would import it all."""
    from distributed.protocol.serialize import serialize_bytes

    return serialize_bytes(call)


def run(call_as_bytes: Any) -> Outcome[Any]:
    """Do one item; runs on a worker."""
    from distributed import get_worker
    from distributed.protocol.serialize import deserialize_bytes

    from zwu_ts_assets.workers.likeness import likeness

    call: Call[Any, Any] = deserialize_bytes(call_as_bytes)
    worker = get_worker()
    # Here too: a worker that has just joined gets work before the next look at the cluster.
    problem = threads_problem(worker.address, worker.state.nthreads)
    if not problem and (difference := call.ours.difference(likeness())):
        problem = unlike(worker.address, difference)
    if problem:
        return Outcome(error=CorpusError(problem))
    try:
        return Outcome(call.function(call.item))
    except CorpusError as error:
        return Outcome(error=error)
    except OSError as error:
        raise WorkerTrouble(f"worker {worker.address} of the Dask cluster: {error}") from None


async def likeness_there() -> "Likeness":
    """What a worker is like; runs there, aside, so that it goes on answering the scheduler."""

    def answer() -> "Likeness":
        from zwu_ts_assets.workers.likeness import likeness

        return likeness()

    return await asyncio.to_thread(answer)


def is_here() -> None:
    """Runs where this module can be imported."""


def threads_problem(worker: str, threads: int) -> str:
    """Why a worker must not be used for its number of threads; empty if it may.

    Args:
        worker: Its address.
        threads: How many it has.
    """
    if threads == 1:
        return ""
    return (
        f"worker {worker} of the Dask cluster has {threads} threads, and matplotlib's settings are "
        "those of a whole process: threads would wait for each other or draw with another's. Start "
        f"it as {threads} processes: dask worker ADDRESS --nworkers {threads} --nthreads 1"
    )


def unlike(worker: str, difference: str) -> str:
    """Why a worker must not be used for what it has that is not as here.

    Args:
        worker: Its address.
        difference: What `Likeness.difference` said.
    """
    return (
        f"worker {worker} of the Dask cluster would make other bytes than this process: it has "
        f"{difference}. Install the same versions there from the lock, and start it again"
    )
