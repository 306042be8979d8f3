"""Work that is waited for is begun before its turn, in order, and never more of it than allowed."""

import threading
import time
from collections.abc import Iterator

import pytest

from zwu_ts_assets.storage.ahead import ahead


@pytest.mark.parametrize("at_once", [0, 1, 2, 5])
def test_results_come_in_order_and_items_are_taken_as_they_are_needed(at_once: int) -> None:
    taken, running, most = 0, 0, 0
    lock = threading.Lock()

    def items() -> Iterator[int]:
        nonlocal taken
        for item in range(40):
            taken += 1
            yield item

    def work(item: int) -> int:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.001 * (item % 3))
        with lock:
            running -= 1
        return item * item

    for done, result in enumerate(ahead(work, items(), at_once), start=1):
        assert result == (done - 1) ** 2
        assert taken - done <= max(at_once - 1, 0)
    assert taken == 40
    assert most <= max(at_once, 1)


def test_several_are_under_way_at_the_same_time() -> None:
    together = threading.Barrier(3, timeout=30)
    assert list(ahead(lambda _: together.wait() >= 0, range(6), 3)) == [True] * 6


@pytest.mark.parametrize("at_once", [1, 4])
def test_an_error_ends_it_in_its_turn(at_once: int) -> None:
    def work(item: int) -> int:
        if item == 3:
            raise ValueError("the fourth")
        return item

    results = ahead(work, range(100), at_once)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="the fourth"):
        next(results)
