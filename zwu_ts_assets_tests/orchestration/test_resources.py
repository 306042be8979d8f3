"""Who does the work of a run is the resource `workers`: processes here, or a Dask cluster."""

import dagster as dg
import pytest

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.orchestration.resources import Workers
from zwu_ts_assets.workers.dask_pool import DaskPool
from zwu_ts_assets.workers.pool import Pool, WorkerPool


def pool_of(processes: int = 0, dask: str = "") -> Pool:
    """The pool of a run with this resource."""
    workers = Workers(processes=processes, dask=dask)
    with workers.yield_for_execution(dg.build_init_resource_context()) as there:
        return there.pool


def test_the_processes_of_this_machine_do_it_unless_a_cluster_is_named() -> None:
    assert isinstance(pool_of(), WorkerPool)
    assert pool_of(processes=3).workers == 3
    there = pool_of(dask="tcp://127.0.0.1:8786")
    assert isinstance(there, DaskPool)
    assert there.address == "tcp://127.0.0.1:8786"


def test_a_cluster_is_not_asked_before_there_is_work() -> None:
    assert pool_of(dask="tcp://127.0.0.1:9").workers == 0


def test_a_password_in_the_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(CorpusError) as refused:
        pool_of(dask="tcp://me:pass-word-7@127.0.0.1:8786")
    assert "the Dask scheduler of the resource workers" in str(refused.value)
    assert "pass-word-7" not in str(refused.value)


def test_the_workers_are_only_there_while_a_run_executes() -> None:
    with pytest.raises(RuntimeError, match="only there while a run executes"):
        _ = Workers(processes=1, dask="").pool


def test_a_run_of_the_web_ui_may_be_given_another_number_of_processes() -> None:
    seen: list[Pool] = []

    @dg.op
    def look(workers: Workers) -> None:
        seen.append(workers.pool)

    @dg.job(resource_defs={"workers": Workers(processes=1, dask="")})
    def job() -> None:
        look()

    config = {"resources": {"workers": {"config": {"processes": 3}}}}
    assert job.execute_in_process(run_config=config).success
    assert [pool.workers for pool in seen] == [3]
