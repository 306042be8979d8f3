"""A Dask cluster does the work as this machine's processes do: the same bytes, and nothing lost.

The schedulers and workers are real ones, in processes of their own on the loopback interface.
"""

import io
import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count, islice
from pathlib import Path
from typing import Any
from uuid import uuid4

import dask
import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from benchmarks.dask_processes import DaskProcesses
from zwu_ts_assets import cli
from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.orchestration.assets.corpus_products import correlation_product, video_product
from zwu_ts_assets.workers import dask_client
from zwu_ts_assets.workers.dask_client import Connection
from zwu_ts_assets.workers.dask_pool import DaskPool
from zwu_ts_assets_tests.processes import Undisturbed, wait_for
from zwu_ts_assets_tests.reference import REPOSITORY
from zwu_ts_assets_tests.shell import Shell
from zwu_ts_assets_tests.workers.items import (
    BATCHES,
    SETTINGS,
    Items,
    made_by,
    process_of,
    refuse,
    square,
    windows,
)

pytestmark = pytest.mark.slow

HOUR = timedelta(hours=1)


def anything(_: int) -> str:
    return uuid4().hex


def refuse_input(number: int) -> int:
    if number == 3:
        raise CorpusError("line 3 has no value; fill it")
    return number


def missing_file(number: int) -> bytes:
    return Path(f"/nowhere/{number}").read_bytes()


def slow(number: int) -> tuple[int, int]:
    """The number, and the process that had it."""
    time.sleep(0.1)
    return number, os.getpid()


def deadly(item: tuple[int, str]) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return item[0]


@pytest.fixture(scope="module")
def cluster() -> Iterator[DaskProcesses]:
    """Two workers that are up to it."""
    with DaskProcesses(2) as cluster:
        yield cluster


@pytest.fixture
def pool(cluster: DaskProcesses) -> Iterator[DaskPool]:
    pool = DaskPool(cluster.address)
    yield pool
    pool.close()


@pytest.fixture(scope="module")
def scheduler() -> Iterator[DaskProcesses]:
    """No workers yet; a single death is enough for it to give an item up."""
    once = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}
    with DaskProcesses(environment=once) as scheduler:
        yield scheduler


def tasks_of(pool: DaskPool) -> int:
    """How many tasks the scheduler knows."""
    assert pool._connection is not None
    client: Any = pool._connection.client
    return int(client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks)))


def refusal(scheduler: DaskProcesses, **worker: Any) -> str:
    """What a pool says to a cluster whose only worker is started like this."""
    process = scheduler.add_worker(**worker)
    scheduler.wait_for_a_worker()
    pool = DaskPool(scheduler.address)
    try:
        with pytest.raises(CorpusError) as refused:
            list(pool.map(square, range(3)))
        return str(refused.value)
    finally:
        pool.close()
        process.kill()
        process.wait()


def test_figures_and_videos_are_the_same_bytes_as_those_of_this_machine(pool: DaskPool) -> None:
    figures = pool.map(partial(correlation_product, settings=SETTINGS), windows())
    videos = pool.map(partial(video_product, settings=SETTINGS), windows())
    made = list(zip(figures, videos, strict=True))
    assert made == made_by(1)
    assert len(made) == BATCHES


def test_results_come_in_the_order_of_the_items_from_the_workers(
    pool: DaskPool, cluster: DaskProcesses
) -> None:
    assert list(pool.map(square, range(20))) == [n * n for n in range(20)]
    assert list(pool.map(square, [])) == []
    assert set(pool.map(process_of, range(20))) == {worker.pid for worker in cluster.workers}
    assert pool.workers == 2


def test_equal_items_are_done_each_on_its_own_and_again_in_the_next_run(pool: DaskPool) -> None:
    assert len({*pool.map(anything, [1] * 6), *pool.map(anything, [1] * 6)}) == 12


def test_items_are_drawn_as_results_are_taken_and_results_are_not_kept(pool: DaskPool) -> None:
    items = Items()
    results = pool.map(square, items)
    for taken in range(1, 50):
        next(results)
        assert items.drawn <= taken + 4  # two ahead for each worker
    # What was taken is forgotten soon after; what is under way or waits may be there.
    wait_for(lambda: tasks_of(pool) <= 5, seconds=10)
    results.close()  # type: ignore[attr-defined]
    wait_for(lambda: tasks_of(pool) == 0, seconds=10)


def test_an_error_arrives_at_the_place_of_its_item(pool: DaskPool) -> None:
    for function, error in ((refuse, ValueError), (refuse_input, CorpusError)):
        results = pool.map(function, range(20))
        assert [next(results), next(results), next(results)] == [0, 1, 2]
        with pytest.raises(error, match=r"three is refused|line 3 has no value; fill it"):
            next(results)


def test_what_a_worker_lacks_is_told_with_its_address_and_the_item(pool: DaskPool) -> None:
    with pytest.raises(CorpusError, match=r"worker tcp://127.* No such file .*'/nowhere/0'.* item"):
        list(pool.map(missing_file, range(3)))


def test_the_pool_can_be_used_again_after_it_was_closed(pool: DaskPool) -> None:
    for _ in range(2):
        assert list(pool.map(square, range(5))) == [n * n for n in range(5)]
        pool.close()


def test_a_worker_that_joins_late_gets_work_and_one_that_is_killed_loses_none() -> None:
    with DaskProcesses(1) as cluster:
        pool, given, processes = DaskPool(cluster.address), 0, set[int]()
        late = None
        stop = False

        def items() -> Iterator[int]:
            nonlocal given
            for number in count():
                if stop:
                    return
                given += 1
                yield number

        taken = []
        for number, process in pool.map(slow, items()):
            taken.append(number)
            processes.add(process)
            if late is None:
                late = cluster.add_worker()
            elif late.pid in processes and cluster.workers[0].poll() is None:
                # In the middle of something, and with finished results in its memory.
                cluster.workers[0].kill()
                cluster.workers[0].wait()
                after = number + 12
            elif cluster.workers[0].poll() is not None and number >= after:
                stop = True
            assert number < 500, "the late worker got no work"
        pool.close()
    assert taken == list(range(given))
    assert processes == {worker.pid for worker in cluster.workers}


def test_a_scheduler_that_ends_in_the_middle_ends_the_run_with_a_sentence() -> None:
    said = io.StringIO()
    listening = logging.StreamHandler(said)
    logging.getLogger("distributed").addHandler(listening)
    with DaskProcesses(1) as cluster:
        pool = DaskPool(cluster.address)
        results = pool.map(slow, range(1000))
        assert [number for number, _ in islice(results, 3)] == [0, 1, 2]
        cluster.scheduler.kill()
        killed = time.monotonic()
        with pytest.raises(CorpusError) as lost:
            list(results)
        pool.close()
        assert time.monotonic() - killed < 20
    assert f"the connection to the Dask scheduler at {cluster.address} was lost" in str(lost.value)
    assert "run again" in str(lost.value)
    logging.getLogger("distributed").removeHandler(listening)
    assert said.getvalue() == ""  # Dask would tell of it in a traceback


def test_a_scheduler_that_ends_while_a_result_is_written_is_told_as_well() -> None:
    with DaskProcesses(1) as cluster:
        pool = DaskPool(cluster.address)
        results = pool.map(slow, range(1000))
        next(results)
        cluster.scheduler.kill()
        connection = pool._connection
        assert connection is not None
        wait_for(lambda: not connection.is_open)  # noticed by who waits for the next results
        with pytest.raises(CorpusError, match=r"the Dask scheduler at .* was lost"):
            list(results)
        pool.close()


def test_a_scheduler_that_stands_still_is_not_waited_for_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dask_client, "_ANSWER_SECONDS", 2.0)
    monkeypatch.setattr(dask_client, "_CONNECT_SECONDS", 2.0)
    with DaskProcesses(1) as cluster:
        pool = DaskPool(cluster.address)
        results = pool.map(slow, range(1000))
        next(results)
        os.kill(cluster.scheduler.pid, signal.SIGSTOP)
        with pytest.raises(CorpusError, match=r"of no use, for it has been silent for 2 s"):
            list(results)
        pool.close()


def test_a_worker_that_stands_still_at_first_holds_up_nothing_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dask_client, "_LIKENESS_SECONDS", 3.0)
    # By itself the scheduler would wait for five minutes before it gives it up.
    with DaskProcesses(1, {"DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "4s"}) as cluster:
        cluster.wait_for_a_worker()
        os.kill(cluster.workers[0].pid, signal.SIGSTOP)
        pool = DaskPool(cluster.address)
        results = pool.map(square, range(3))
        cluster.add_worker()
        assert list(results) == [0, 1, 4]
        pool.close()


def test_a_scheduler_that_cannot_be_reached_is_told_within_seconds() -> None:
    started = time.monotonic()
    with pytest.raises(CorpusError) as unreachable:
        DaskPool("tcp://127.0.0.1:9").warm(1)
    assert time.monotonic() - started < 10
    assert "the Dask scheduler at tcp://127.0.0.1:9 (ZWU_TS_DASK, --dask)" in str(unreachable.value)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an authority, a certificate that it signed, and one of somebody else."""
    folder, now = tmp_path_factory.mktemp("certificates"), datetime.now(UTC)

    def certify(name: str, by: tuple[x509.Name, ec.EllipticCurvePrivateKey] | None) -> Any:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        issuer, signing = by or (subject, key)
        built = x509.CertificateBuilder(
            issuer, subject, key.public_key(), x509.random_serial_number(), now - HOUR, now + HOUR
        ).add_extension(x509.BasicConstraints(ca=by is None, path_length=None), critical=True)
        signed = built.sign(signing, hashes.SHA256())
        (folder / f"{name}.pem").write_bytes(signed.public_bytes(Encoding.PEM))
        plain = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / f"{name}.key").write_bytes(plain)
        return subject, key

    certify("node", certify("authority", None))
    certify("stranger", None)
    return folder


@pytest.fixture(scope="module")
def secured(certificates: Path) -> Iterator[DaskProcesses]:
    """A cluster of one worker that speaks with nobody without a certificate."""
    options = ("--tls-ca-file", "authority.pem", "--tls-cert", "node.pem", "--tls-key", "node.key")
    files = [word if word.startswith("-") else str(certificates / word) for word in options]
    with DaskProcesses(1, options=files) as cluster:
        yield cluster


def over_tls(address: str, **files: Path) -> list[int]:
    """The squares of some numbers from a cluster, with files named in Dask's configuration."""
    with dask.config.set({f"distributed.comm.tls.{name}": str(files[name]) for name in files}):
        pool = DaskPool(address)
        try:
            return list(pool.map(square, range(5)))
        finally:
            pool.close()


def test_a_cluster_with_certificates_works_for_who_has_one(
    secured: DaskProcesses, certificates: Path
) -> None:
    assert secured.address.startswith("tls://")
    authority, node = certificates / "authority.pem", certificates / "node.pem"
    own = {"ca-file": authority, "client.cert": node, "client.key": certificates / "node.key"}
    assert over_tls(secured.address, **own) == [0, 1, 4, 9, 16]
    # The key may be in the file of the certificate.
    both = certificates / "both.pem"
    both.write_bytes(node.read_bytes() + own["client.key"].read_bytes())
    assert over_tls(secured.address, **{"ca-file": authority, "client.cert": both})[-1] == 16


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, r"tls.ca-file in Dask's configuration is nothing; expected a PEM file.*__CA_FILE"),
        (
            {"ca-file": "authority.pem"},
            r"tls.client.cert in Dask's configuration is nothing.*COMM__TLS__CLIENT__CERT",
        ),
        (
            {"ca-file": "authority.pem", "client.cert": "node.pem", "client.key": "lost.key"},
            r"tls.client.key in Dask's configuration is '.*/lost.key', which is no file",
        ),
        (
            {"ca-file": "stranger.pem", "client.cert": "node.pem", "client.key": "node.key"},
            "cannot be reached.*look at the certificates",
        ),
        (
            {"ca-file": "authority.pem", "client.cert": "node.pem", "client.key": "stranger.key"},
            "cannot be reached.*look at the certificates",
        ),
        (
            {
                "ca-file": "authority.pem",
                "client.cert": "stranger.pem",
                "client.key": "stranger.key",
            },
            "cannot be reached.*look at the certificates",
        ),
    ],
)
def test_without_the_right_certificate_a_sentence_says_which_is_missing(
    secured: DaskProcesses, certificates: Path, files: dict[str, str], said: str
) -> None:
    with pytest.raises(CorpusError, match=said):
        over_tls(secured.address, **{name: certificates / files[name] for name in files})


def test_who_asks_a_cluster_with_certificates_in_the_clear_is_told_to_write_tls(
    secured: DaskProcesses,
) -> None:
    with pytest.raises(CorpusError, match="write tls:// if it asks for certificates"):
        over_tls(secured.address.replace("tls://", "tcp://"))


def test_without_the_package_a_sentence_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(CorpusError, match="Dask is not installed here: make cluster"):
        DaskPool("tcp://127.0.0.1:9").warm(1)


def test_a_lost_connection_is_closed_once_whoever_notices(
    scheduler: DaskProcesses, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection, closed = Connection(scheduler.address), []
    close = connection.client.close

    def slowly(timeout: float) -> None:
        closed.append(timeout)
        time.sleep(0.2)
        close(timeout=timeout)  # type: ignore[no-untyped-call]

    monkeypatch.setattr(connection.client, "close", slowly)
    with ThreadPoolExecutor(4) as threads:
        told = list(threads.map(lambda _: str(connection.lost()), range(4)))
    assert all("was lost" in sentence for sentence in told)
    assert len(closed) == 1


def test_a_scheduler_without_workers_is_waited_for_only_so_long(scheduler: DaskProcesses) -> None:
    pool = DaskPool(scheduler.address, patience=1.0)
    with pytest.raises(CorpusError, match=r"has had no worker for 1 s; start one: dask worker tcp"):
        list(pool.map(square, range(3)))
    # Also of a cluster whose workers left while there was nothing to do, it is that long.
    time.sleep(1.5)
    again = time.monotonic()
    with pytest.raises(CorpusError, match="has had no worker for 1 s"):
        list(pool.map(square, range(3)))
    assert time.monotonic() - again > 1.0
    pool.close()


def test_an_item_that_workers_die_of_is_named(scheduler: DaskProcesses) -> None:
    scheduler.add_worker()
    pool = DaskPool(scheduler.address)
    with pytest.raises(CorpusError, match=r"died again and again at batch 2 .* more memory"):
        list(pool.map(deadly, [(2, "window")]))
    pool.close()


def test_a_worker_with_several_threads_is_refused(scheduler: DaskProcesses) -> None:
    said = refusal(scheduler, threads=2)
    assert "has 2 threads" in said
    assert "--nworkers 2 --nthreads 1" in said


def test_a_worker_with_another_numpy_is_refused(scheduler: DaskProcesses, tmp_path: Path) -> None:
    # What is installed is looked up along the path; the library itself is the same.
    (tmp_path / "numpy-9.9.dist-info").mkdir()
    metadata = "Metadata-Version: 2.1\nName: numpy\nVersion: 9.9\n"
    (tmp_path / "numpy-9.9.dist-info" / "METADATA").write_text(metadata, encoding="utf-8")
    path = os.pathsep.join([str(tmp_path), str(REPOSITORY), os.environ.get("PYTHONPATH", "")])
    said = refusal(scheduler, environment={"PYTHONPATH": path})
    assert "numpy 9.9 instead of " in said
    assert "would make other bytes" in said


def test_a_worker_without_this_package_is_refused(scheduler: DaskProcesses, tmp_path: Path) -> None:
    (tmp_path / "zwu_ts_assets.py").write_text("'''Another thing of the same name.'''\n", "utf-8")
    said = refusal(scheduler, environment={"PYTHONPATH": str(tmp_path)})
    assert "code that is missing or fails (ModuleNotFoundError" in said
    assert "'zwu_ts_assets' is not a package" in said


def test_a_worker_with_other_code_is_refused_when_it_joins_late(
    scheduler: DaskProcesses, tmp_path: Path
) -> None:
    shutil.copytree(
        REPOSITORY / "zwu_ts_assets",
        tmp_path / "zwu_ts_assets",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    shutil.copytree(REPOSITORY / "zwu_ts_assets_tests", tmp_path / "zwu_ts_assets_tests")
    changed = tmp_path / "zwu_ts_assets" / "figures" / "dependence.py"
    changed.write_text(changed.read_text("utf-8") + "# Never run.\n", encoding="utf-8")
    scheduler.add_worker()
    pool = DaskPool(scheduler.address)
    results = pool.map(slow, range(1000))
    assert next(results)[0] == 0
    path = os.pathsep.join([str(tmp_path), str(REPOSITORY)])
    scheduler.add_worker(environment={"PYTHONPATH": path})
    with pytest.raises(CorpusError, match="it has other code of zwu_ts_assets"):
        list(results)
    pool.close()


@pytest.mark.slow
def test_a_run_over_a_cluster_makes_the_artifacts_and_records_of_one_without(
    undisturbed: Undisturbed, cluster: DaskProcesses
) -> None:
    shell = undisturbed.shell
    ended = subprocess.run(
        [sys.executable, "-m", "zwu_ts_assets", "run", "--dask", cluster.address],
        env=shell.environment,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    assert shell.files() == undisturbed.files
    # Dask itself has nothing to say to the user.
    assert "distributed" not in ended.stderr


def test_a_password_on_the_command_line_is_refused_and_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "tcp://me:pass-word-7@127.0.0.1:9"  # noqa: S105 - of nobody
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    ended = CliRunner().invoke(cli.main, ["run", "--dask", secret])
    assert ended.exit_code == 1
    assert "--dask has something before an @" in ended.output
    assert "pass-word-7" not in ended.output


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    shell = Shell(tmp_path, monkeypatch)
    shell.prepare()
    return shell


def test_a_run_without_a_scheduler_fails_with_a_sentence_and_not_on_this_machine(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask_client, "_CONNECT_SECONDS", 1.0)
    ended = shell.enter("run", "--dask", "tcp://127.0.0.1:9")
    assert ended.exit_code == 1
    assert "batch_windows: the Dask scheduler at tcp://127.0.0.1:9 (ZWU_TS_DASK" in ended.output
    assert "Traceback" not in ended.output
    assert not list(shell.artifacts.rglob("*.png"))


def test_processes_of_this_machine_and_a_cluster_are_not_both_to_do_it(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZWU_TS_DASK", "tcp://127.0.0.1:9")
    ended = shell.enter("run", "--workers", "1")
    assert ended.exit_code == 1
    assert "--workers 1 is about this machine's processes" in ended.output
