"""Work that waits for a network, several at a time.

What belongs here: doing so in order and without holding more than that many. What does not: work
for a processor, which is what the worker processes are for (`pool.py`).
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

S = TypeVar("S")
T = TypeVar("T")


def ahead(function: Callable[[S], T], items: Iterable[S], at_once: int) -> Iterator[T]:
    """Results of a function in the order of its items, some of them begun before their turn.

    Items are taken one by one, in the caller's thread, as results are consumed; so a range of any
    length is never held.

    Args:
        function: Called in threads.
        items: Its arguments.
        at_once: How many calls may be under way; less than two for none before its turn, in the
            caller's own thread.
    """
    if at_once < 2:
        yield from map(function, items)
        return
    pool = ThreadPoolExecutor(at_once)
    begun: deque[Future[T]] = deque()
    try:
        for item in items:
            begun.append(pool.submit(function, item))
            if len(begun) == at_once:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
