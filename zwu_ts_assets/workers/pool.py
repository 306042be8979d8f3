"""The processes that do the work, behind one small interface.

What belongs here: the interface `Pool`, and the processes of this machine. What does not: other
machines (`dask_pool`), what the functions do.
"""

import importlib
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from zwu_ts_assets.errors import CorpusError, entered

if TYPE_CHECKING:
    from concurrent.futures import Future

T = TypeVar("T")
R = TypeVar("R")

# Starting a process and importing what it draws with takes as long as drawing this many batches.
_HANDFUL = 8

AHEAD_PER_WORKER = 2
"""Items that are handed out beyond the one whose result is waited for. Finished results wait until
they are written: a few per worker keep everyone busy, more would only hold figures in memory."""


class Pool(Protocol):
    """Maps functions over items somewhere; the same bytes come out wherever that is."""

    @property
    def workers(self) -> int:
        """How many processes do the work, as far as is known."""

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """The results in the order of the items, which are drawn only as workers get free.

        Args:
            function: A module-level function or a `functools.partial` of one.
            items: What to map over; read lazily, never all at once.

        Raises:
            Exception: Whatever the function raised, at the place of its item.
            CorpusError: The workers cannot be reached, are not fit for it or were killed; results
                that were given out before are good.
        """

    def warm(self, items: int) -> None:
        """Get ready while this process still prepares the first of so many items.

        Raises:
            CorpusError: There is nobody to do the work.
        """

    def close(self) -> None:
        """Let go of the workers; the pool finds new ones if it is used again."""


class WorkerPool:
    """Maps functions over items in several processes; one worker means this process.

    The processes start when there are more than a handful of items and live until `close`, so
    that the figures, the videos and the checks of a run share them.
    """

    def __init__(self, workers: int, preload: str = "") -> None:
        """The processes are started when there is work.

        Args:
            workers: Number of processes, at least 1.
            preload: A module that they import as soon as they are warmed: what they draw with.
        """
        if workers < 1:
            raise ValueError(f"a pool needs at least one worker, not {workers}")
        self.workers = workers
        self._preload = preload
        self._executor: Any = None  # loky's, which has no types
        self._unfinished: set[Future[Any]] = set()

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """The results in the order of the items; see `Pool.map`.

        After a process was killed, the next call starts new ones.
        """
        remaining = iter(items)
        first = list(islice(remaining, _HANDFUL + 1))
        if self.workers == 1 or (self._executor is None and len(first) <= _HANDFUL):
            yield from map(function, chain(first, remaining))
            return
        executor = self._start()
        ahead: deque[Future[R]] = deque()
        try:
            for item in chain(first, remaining):
                future = executor.submit(function, item)
                self._unfinished.add(future)
                future.add_done_callback(self._unfinished.discard)
                ahead.append(future)
                if len(ahead) > AHEAD_PER_WORKER * self.workers:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        except BrokenExecutor:
            self.close()
            # Not tried again: where memory is short, that would only end the same way.
            raise CorpusError(
                "a worker process was killed, by somebody or by the system for want of memory; "
                "what was made so far is kept. Run again; if it happens again, with fewer "
                f"processes: {entered('run', '--workers', '1')}"
            ) from None
        finally:
            for future in ahead:
                future.cancel()

    def warm(self, items: int) -> None:
        """Start the processes in the background if so many items will be worth it.

        They import what they draw with while this process is still preparing the first item.
        """
        if self._preload and self.workers > 1 and items > _HANDFUL:
            executor = self._start()
            for _ in range(self.workers):
                executor.submit(importlib.import_module, self._preload)

    def close(self) -> None:
        """Stop the processes; the pool starts new ones if it is used again.

        What they still do is for nobody: who maps takes every result, unless interrupted.
        """
        if self._executor is not None:
            self._executor.shutdown(wait=True, kill_workers=bool(self._unfinished))
            self._unfinished.clear()
            self._executor = None

    def _start(self) -> Any:
        if self._executor is None:
            from loky import ProcessPoolExecutor

            self._executor = ProcessPoolExecutor(
                max_workers=self.workers,
                initializer=_exit_with_parent,
                initargs=(os.getpid(),),
            )
        return self._executor


def _exit_with_parent(parent: int) -> None:
    """Keep a worker from outliving a killed run: it would wait for work for ever.

    Ctrl-C reaches all processes of a terminal; what becomes of the workers, the run decides.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
