"""The processes of a Dask cluster as a pool.

What belongs here: handing items to the workers of a Dask scheduler, and what may go wrong on the
way. What does not: the interface and this machine's own processes (`pool`), the connection
(`dask_client`), what runs on a worker (`dask_tasks`), starting a cluster.

Functions and items travel pickled, as everything does in Dask: whoever reaches a scheduler can run
code on its workers and in this process. Results are written by this process alone, so that workers
need no folder of ours.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final, TypeVar

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.workers.dask_tasks import Call, WorkerTrouble, threads_problem, unlike
from zwu_ts_assets.workers.pool import AHEAD_PER_WORKER

if TYPE_CHECKING:
    from zwu_ts_assets.workers.dask_client import Connection
    from zwu_ts_assets.workers.dask_tasks import Outcome

T = TypeVar("T")
R = TypeVar("R")

_LOOK_SECONDS: Final = 2.0
"""Seconds between two looks at which workers there are."""
_FETCH_SECONDS: Final = 60.0
# Results on their way at once: each takes some milliseconds, most of them spent waiting.
_FETCHERS: Final = 4


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
        self._connection: Connection | None = None
        self._workers: dict[str, int] = {}
        self._looked = 0.0
        self._alone_since: float | None = None

    @property
    def workers(self) -> int:
        """How many processes the scheduler had at the last look; 0 before the first."""
        return len(self._workers)

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """The results in the order of the items; see `Pool.map`.

        Results wait on the workers until it is nearly their turn: this process holds a few.
        """
        from zwu_ts_assets.workers.likeness import likeness

        connection, ours = self._connected(), likeness()
        # Who left while there was nothing to do may have left because there was nothing to do.
        self._alone_since = None
        ahead: deque[Future[Any]] = deque()
        fetchers = ThreadPoolExecutor(_FETCHERS, thread_name_prefix="fetch")
        try:
            for position, item in enumerate(items):
                task = connection.submit(Call(function, item, ours))
                ahead.append(fetchers.submit(self._result, connection, _name(item, position), task))
                del task  # results are released on the cluster when nobody refers to them
                self._look(connection)
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
        if self._connection is not None:
            connection, self._connection = self._connection, None
            connection.close()

    def _connected(self) -> "Connection":
        if self._connection is None or not self._connection.is_open:
            from zwu_ts_assets.workers.dask_client import Connection

            self._connection = Connection(self.address)
            self._looked, self._alone_since = 0.0, None
            try:
                self._look(self._connection)
                self._connection.require_package()
                self._require_likeness(self._connection)
            except BaseException:
                self.close()
                raise
        return self._connection

    def _look(self, connection: "Connection", *, now: bool = False) -> None:
        """Ask the scheduler every now and then which workers it has."""
        if not now and time.monotonic() - self._looked < _LOOK_SECONDS:
            return
        self._workers = connection.threads()
        self._looked = time.monotonic()
        for worker, threads in self._workers.items():
            if problem := threads_problem(worker, threads):
                raise CorpusError(problem)
        since = self._alone_since or self._looked
        self._alone_since = None if self._workers else since
        if not self._workers and self._looked - since > self._patience:
            raise CorpusError(
                f"the Dask scheduler at {self.address} has had no worker for {self._patience:g} s; "
                f"start one: dask worker {self.address} --nworkers -1 --nthreads 1"
            )

    def _result(self, connection: "Connection", name: str, task: Any) -> Any:
        """The result of a task, or the error that belongs in its place; runs in a thread."""
        from distributed import CancelledError, KilledWorker

        # Not `task.result` with a short time: when that is up it also drops a result on its way,
        # and on a slow network would do so for ever.
        done = threading.Event()
        task.add_done_callback(lambda _: done.set())
        while not done.wait(_LOOK_SECONDS):
            self._look(connection, now=True)
        while True:
            try:
                outcome: Outcome[Any] = task.result(timeout=_FETCH_SECONDS)
            except CancelledError:
                raise connection.lost() from None
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
                    self._require_likeness(connection)  # the likelier cause, if it is one
                    if isinstance(error, WorkerTrouble):
                        raise CorpusError(f"{error}, at {name}: mend that and run again") from None
                    raise
                # Time is up, or the connection was lost. Where the time is up while a result is
                # on its way, Dask's `sync` may end with the last of these instead.
                if not isinstance(error, OSError | UnboundLocalError):
                    raise
                self._look(connection, now=True)
            else:
                if outcome.error is not None:
                    raise outcome.error
                return outcome.result

    def _require_likeness(self, connection: "Connection") -> None:
        """Refuse a cluster of which a worker would make other bytes."""
        from zwu_ts_assets.workers.likeness import likeness

        for worker, theirs in sorted(connection.likenesses().items()):
            if isinstance(theirs, OSError):
                continue  # it has just left
            if isinstance(theirs, Exception):
                difference = f"code that is missing or fails ({str(theirs) or repr(theirs)})"
            else:
                difference = likeness().difference(theirs)
            if difference:
                raise CorpusError(unlike(worker, difference))


def _name(item: Any, position: int) -> str:
    """What to call an item before the user: most are a batch with something of it."""
    if isinstance(item, tuple) and item and isinstance(item[0], int):
        return f"batch {item[0]}"
    return f"item {position} of this step, counted from 0"
