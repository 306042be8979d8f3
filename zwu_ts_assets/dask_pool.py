"""The processes of a Dask cluster as a pool.

What belongs here: handing items to the workers of a Dask scheduler, and what may go wrong on the
way. What does not: the interface and this machine's own processes (`pool`), starting a cluster.

Functions and items travel pickled, as everything does in Dask: whoever reaches a scheduler can run
code on its workers and in this process. Results are written by this process alone, so that workers
need no folder of ours.

Importing this module imports little, since the scheduler does it too, and workers do it while the
scheduler waits for an answer.
"""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from zwu_ts_assets.corpus.errors import CorpusError
from zwu_ts_assets.environment import DASK_VARIABLE
from zwu_ts_assets.pool import AHEAD_PER_WORKER

if TYPE_CHECKING:
    from distributed import Client

    from zwu_ts_assets.likeness import Likeness

T = TypeVar("T")
R = TypeVar("R")

_CONNECT_SECONDS: Final = 5.0
_LOOK_SECONDS: Final = 2.0
"""Seconds between two looks at which workers there are."""
_FETCH_SECONDS: Final = 60.0
# Results on their way at once: each takes some milliseconds, most of them spent waiting.
_FETCHERS: Final = 4
# What an item raises that is no `CorpusError` may be the machine's fault, and another can do it.
_RETRIES: Final = 2


class DaskPool:
    """Maps functions over items on the workers of a Dask scheduler.

    Dask gives the items of a worker that died to the others, and work to a worker that joins late.
    """

    def __init__(self, address: str, patience: float = 60.0) -> None:
        """Nothing is connected before there is work.

        Args:
            address: Of the scheduler, from `checked_dask_address`.
            patience: Seconds to wait for a worker while the scheduler has none.
        """
        self.address = address
        self._patience = patience
        self._client: Client | None = None
        self._workers: dict[str, int] = {}
        self._looked = self._seen = 0.0

    @property
    def workers(self) -> int:
        """How many processes the scheduler had at the last look; 0 before the first."""
        return len(self._workers)

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """The results in the order of the items; see `Pool.map`.

        Results wait on the workers until it is nearly their turn: this process holds a few.
        """
        from distributed.protocol.serialize import serialize_bytes

        from zwu_ts_assets.likeness import likeness

        client, ours = self._connected(), likeness()
        ahead: deque[Future[Any]] = deque()
        fetchers = ThreadPoolExecutor(_FETCHERS, thread_name_prefix="fetch")
        try:
            for position, item in enumerate(items):
                task = client.submit(
                    _run,
                    # As bytes: the scheduler unpacks what it is given, and would import it all.
                    serialize_bytes(_Call(function, item, ours)),
                    # Else Dask would name the task by a hash of its arguments, take equal ones for
                    # one, and remember results of an earlier run.
                    pure=False,
                    retries=_RETRIES,
                )
                ahead.append(fetchers.submit(self._result, client, _name(item, position), task))
                del task  # results are released on the cluster when nobody refers to them
                self._look(client)
                if len(ahead) > AHEAD_PER_WORKER * self.workers:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            # What nobody refers to is not begun any more.
            fetchers.shutdown(wait=False, cancel_futures=True)
            ahead.clear()

    def warm(self, items: int) -> None:
        """Connect, and let the workers import what they draw with."""
        if items:
            self._connected()

    def close(self) -> None:
        """Disconnect; the cluster goes on, and forgets what was not finished."""
        if self._client is not None:
            client, self._client = self._client, None
            client.close(timeout=_CONNECT_SECONDS)  # type: ignore[no-untyped-call]

    def _connected(self) -> "Client":
        if self._client is None:
            self._client = _client(self.address)
            self._looked, self._seen = 0.0, time.monotonic()
            try:
                self._look(self._client)
                self._require_package_on_scheduler(self._client)
                self._require_likeness(self._client)
            except CorpusError:
                self.close()
                raise
        return self._client

    def _look(self, client: "Client", *, now: bool = False) -> None:
        """Ask the scheduler every now and then which workers it has."""
        clock = time.monotonic()
        if not now and clock - self._looked < _LOOK_SECONDS:
            return
        if client.status != "running":
            raise self._lost()
        try:
            self._workers = dict(client.nthreads())  # type: ignore[no-untyped-call]
        except OSError:
            raise self._lost() from None
        self._looked = clock
        if self._workers:
            self._seen = clock
            for worker, threads in self._workers.items():
                if problem := _threads_problem(worker, threads):
                    raise CorpusError(problem)
        elif clock - self._seen > self._patience:
            raise CorpusError(
                f"the Dask scheduler at {self.address} has had no worker for {self._patience:g} s; "
                f"start one: dask worker {self.address} --nworkers -1 --nthreads 1"
            )

    def _result(self, client: "Client", name: str, task: Any) -> Any:
        """The result of a task, or the error that belongs in its place; runs in a thread."""
        from distributed import CancelledError, KilledWorker

        # Not `task.result` with a short time: when that is up it also drops a result on its way,
        # and on a slow network would do so for ever.
        done = threading.Event()
        task.add_done_callback(lambda _: done.set())
        while not done.wait(_LOOK_SECONDS):
            self._look(client, now=True)
        while True:
            try:
                outcome: _Outcome[Any] = task.result(timeout=_FETCH_SECONDS)
            except CancelledError:
                raise self._lost() from None
            except KilledWorker:
                raise CorpusError(
                    f"workers of the Dask cluster at {self.address} died again and again at {name} "
                    "or what they had beside it, for want of memory or because they lack this "
                    "package (their logs say why); what was made so far is kept. Give each worker "
                    "more memory, as by fewer of them per machine (--nworkers), or install the "
                    "package there, and run again"
                ) from None
            except Exception as error:
                if task.status == "error":
                    self._require_likeness(client)  # the likelier cause, if it is one
                    if isinstance(error, _WorkerTrouble):
                        raise CorpusError(f"{error}, at {name}: mend that and run again") from None
                    raise
                # Time is up, or the connection was lost. Where the time is up while a result is
                # on its way, Dask's `sync` may end with the last of these instead.
                if not isinstance(error, OSError | UnboundLocalError):
                    raise
                self._look(client, now=True)
            else:
                if outcome.error is not None:
                    raise outcome.error
                return outcome.result

    def _require_likeness(self, client: "Client") -> None:
        """Refuse a cluster of which a worker would make other bytes."""
        from zwu_ts_assets.likeness import likeness

        try:
            answers = client.run(_likeness, on_error="return")
        except OSError:
            raise self._lost() from None
        for worker, theirs in sorted(answers.items()):
            if isinstance(theirs, OSError):
                continue  # it has just left
            if isinstance(theirs, Exception):
                difference = f"code that is missing or fails ({str(theirs) or repr(theirs)})"
            else:
                difference = likeness().difference(theirs)
            if difference:
                raise CorpusError(_unlike(worker, difference))

    def _require_package_on_scheduler(self, client: "Client") -> None:
        """Refuse a scheduler that could not unpack a task."""
        try:
            client.run_on_scheduler(_is_here)  # type: ignore[no-untyped-call]
        except OSError:
            raise self._lost() from None
        except Exception as error:  # noqa: BLE001 - whatever its import raised
            raise CorpusError(
                f"the Dask scheduler at {self.address} cannot import zwu_ts_assets ({error}): "
                "start it with the Python of an environment that has this package"
            ) from None

    def _lost(self) -> CorpusError:
        self.close()
        return CorpusError(
            f"the connection to the Dask scheduler at {self.address} was lost; what was made so "
            "far is kept. Start it and its workers again if they have ended, and run again"
        )


@dataclass(frozen=True)
class _Call(Generic[T, R]):
    """One item on its way to a worker."""

    function: Callable[[T], R]
    item: T
    ours: "Likeness"


@dataclass(frozen=True)
class _Outcome(Generic[R]):
    """What became of it. An error of the domain is no failure of the task, to be tried again."""

    result: R | None = None
    error: CorpusError | None = None


class _WorkerTrouble(Exception):
    """The operating system of a worker refused something."""


def _run(packed: bytes) -> _Outcome[Any]:
    """Do one item; runs on a worker."""
    from distributed import get_worker
    from distributed.protocol.serialize import deserialize_bytes

    from zwu_ts_assets.likeness import likeness

    call: _Call[Any, Any] = deserialize_bytes(packed)
    worker = get_worker()
    # Here too: a worker that has just joined gets work before the next look at the cluster.
    problem = _threads_problem(worker.address, worker.state.nthreads)
    if not problem and (difference := call.ours.difference(likeness())):
        problem = _unlike(worker.address, difference)
    if problem:
        return _Outcome(error=CorpusError(problem))
    try:
        return _Outcome(call.function(call.item))
    except CorpusError as error:
        return _Outcome(error=error)
    except OSError as error:
        raise _WorkerTrouble(f"worker {worker.address} of the Dask cluster: {error}") from None


async def _likeness() -> "Likeness":
    """What a worker is like; runs there, aside, so that it goes on answering the scheduler."""

    def answer() -> "Likeness":
        from zwu_ts_assets.likeness import likeness

        return likeness()

    return await asyncio.to_thread(answer)


def _is_here() -> None:
    """Runs where this module can be imported."""


def _client(address: str) -> "Client":
    """Connect to a scheduler."""
    try:
        from distributed import Client
    except ImportError:
        raise CorpusError(
            f"{DASK_VARIABLE} or --dask names a Dask cluster, but Dask is not installed here: "
            "make cluster, or pip install distributed"
        ) from None
    # It tells of a lost connection in tracebacks; `_lost` does in a sentence.
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
    try:
        return Client(  # type: ignore[no-untyped-call]
            address, timeout=_CONNECT_SECONDS, set_as_default=False, name="zwu_ts_assets"
        )
    except (OSError, ValueError) as error:
        raise CorpusError(
            f"the Dask scheduler at {address} ({DASK_VARIABLE}, --dask) cannot be reached: "
            f"{str(error).splitlines()[0] if str(error) else type(error).__name__}. Start it, or "
            'leave the address out (--dask "") to work with the processes of this machine'
        ) from None


def _threads_problem(worker: str, threads: int) -> str:
    """Why a worker must not be used for its number of threads; empty if it may."""
    if threads == 1:
        return ""
    return (
        f"worker {worker} of the Dask cluster has {threads} threads, and matplotlib's settings are "
        "those of a whole process: threads would wait for each other or draw with another's. Start "
        f"it as {threads} processes: dask worker ADDRESS --nworkers {threads} --nthreads 1"
    )


def _unlike(worker: str, difference: str) -> str:
    return (
        f"worker {worker} of the Dask cluster would make other bytes than this process: it has "
        f"{difference}. Install the same versions there from the lock, and start it again"
    )


def _name(item: Any, position: int) -> str:
    """What to call an item before the user: most are a batch with something of it."""
    if isinstance(item, tuple) and item and isinstance(item[0], int):
        return f"batch {item[0]}"
    return f"item {position} of this step, counted from 0"
