"""The pool gives results in order, draws items lazily and dies with its parent."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from zwu_ts_assets.workers.pool import WorkerPool
from zwu_ts_assets_tests.workers.items import Items, process_of, refuse, square


@pytest.fixture
def pool() -> Iterator[WorkerPool]:
    pool = WorkerPool(2)
    yield pool
    pool.close()


def test_results_come_in_the_order_of_the_items(pool: WorkerPool) -> None:
    assert list(pool.map(square, range(20))) == [n * n for n in range(20)]


def test_the_work_is_done_in_other_processes(pool: WorkerPool) -> None:
    assert os.getpid() not in set(pool.map(process_of, range(20)))


def test_a_handful_of_items_is_not_worth_starting_processes(pool: WorkerPool) -> None:
    assert set(pool.map(process_of, range(8))) == {os.getpid()}
    assert list(pool.map(square, [])) == []


def test_one_worker_is_this_process() -> None:
    assert set(WorkerPool(1).map(process_of, range(3))) == {os.getpid()}


def test_items_are_drawn_as_results_are_taken_so_memory_stays_flat(pool: WorkerPool) -> None:
    items = Items()
    results = pool.map(square, items)
    for taken in range(1, 50):
        next(results)
        assert items.drawn <= taken + 10


def test_an_error_arrives_at_the_place_of_its_item(pool: WorkerPool) -> None:
    results = pool.map(refuse, range(20))
    assert [next(results), next(results), next(results)] == [0, 1, 2]
    with pytest.raises(ValueError, match="three is refused"):
        next(results)


def test_the_pool_can_be_used_again_after_it_was_closed(pool: WorkerPool) -> None:
    for _ in range(2):
        assert list(pool.map(square, range(20))) == [n * n for n in range(20)]
        pool.close()


def test_workers_end_when_their_parent_is_killed() -> None:
    parent = (
        "import os, sys\n"
        "from zwu_ts_assets.workers.pool import WorkerPool\n"
        "from zwu_ts_assets_tests.workers.items import process_of\n"
        "pool = WorkerPool(2)\n"
        "print(*set(pool.map(process_of, range(20))), flush=True)\n"
        "sys.stdin.read()\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    workers = [int(pid) for pid in child.stdout.readline().split()]
    assert workers
    child.send_signal(signal.SIGKILL)
    child.communicate()
    deadline = time.monotonic() + 20
    while any(is_alive(pid) for pid in workers):
        assert time.monotonic() < deadline, "a worker outlived its killed parent"
        time.sleep(0.1)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    # An orphan that nobody reaps stays as a zombie, which does nothing any more.
    return not (
        stat.exists() and stat.read_text(encoding="ascii").rsplit(")")[-1].split()[0] == "Z"
    )
