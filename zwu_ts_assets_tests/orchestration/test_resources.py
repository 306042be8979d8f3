"""IO managers keep artifacts inside their folder; the workers are processes here, or a cluster."""

import errno
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import dagster as dg
import pytest

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.orchestration.layout import file_names
from zwu_ts_assets.orchestration.resources import FilesIOManager, Workers
from zwu_ts_assets.orchestration.specs import SPECS
from zwu_ts_assets.orchestration.work import Product, Work
from zwu_ts_assets.workers.dask_pool import DaskPool
from zwu_ts_assets.workers.pool import Pool, WorkerPool
from zwu_ts_assets_tests.project import Project, failures

KEYS = [str(batch) for batch in range(200)]
BATCHES = dg.StaticPartitionsDefinition(KEYS)


def test_every_asset_has_its_files_and_no_two_share_one() -> None:
    names = [
        name
        for asset in (spec.name for spec in SPECS if spec.files)
        for key in ("0", "1")
        for name in set(file_names("etth1_raw" if asset == "raw" else asset, key, SPECS).values())
    ]
    per_batch = {name for name in names if names.count(name) == 1}
    assert {
        "batch_windows/batch_1.parquet",
        "correlations/batch_1.png",
        "patch_videos/batch_1.mp4",
        "line_plots/batch_1.png",
        "altered_lines/batch_1.png",
    } <= per_batch
    for_good = set(names) - per_batch
    # Windows, figures, line plots, those of altered copies, and videos of two batches.
    assert len(per_batch) == 2 * 5
    # Table; text; vocabularies and rows; ranges; samples and their report;
    # questions and theirs; evidence; baselines; preflight.
    assert len(for_good) == 1 + 1 + 2 * 2 + 1 + 4 + 4 + 3 + 2 + 2
    assert all(names.count(name) == 2 for name in for_good)


def test_a_range_is_written_as_it_comes_and_never_held_in_memory(tmp_path: Path) -> None:
    alive = 0
    most = 0

    class Counted(dict[str, bytes]):
        def __init__(self) -> None:
            nonlocal alive, most
            super().__init__(png=b"x" * 1000)
            alive += 1
            most = max(most, alive)

        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

    def make(keys: Sequence[str]) -> Iterator[Product[Counted]]:
        return (Product(Counted()) for _ in keys)

    @dg.asset(
        name="correlation_pngs",
        partitions_def=BATCHES,
        backfill_policy=dg.BackfillPolicy.single_run(),
        io_manager_key="files_io",
        code_version="1",
    )
    def figures(context: dg.AssetExecutionContext) -> Work:
        return Work(dict.fromkeys(context.partition_keys, "rows"), make)

    result = (
        dg.Definitions(
            assets=[figures],
            resources={"files_io": FilesIOManager(artifacts_dir=str(tmp_path), specs=SPECS)},
        )
        .resolve_implicit_global_asset_job_def()
        .execute_in_process(
            tags={
                "dagster/asset_partition_range_start": "0",
                "dagster/asset_partition_range_end": "199",
            }
        )
    )
    assert result.success
    assert len(list((tmp_path / "correlations").glob("batch_*.png"))) == 200
    assert most <= 3


def test_a_read_only_folder_is_a_clear_failure_and_leaves_what_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_to_write(tmp_path, monkeypatch, errno.EROFS, "read-only; make it writable")


def test_a_full_disk_is_a_clear_failure_and_leaves_what_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_to_write(tmp_path, monkeypatch, errno.ENOSPC, "the disk is full; free some space")


def test_a_folder_without_rights_is_a_clear_failure_and_leaves_what_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_to_write(tmp_path, monkeypatch, errno.EACCES, "you may not write there")


def refuse_to_write(
    folder: Path, monkeypatch: pytest.MonkeyPatch, number: int, sentence: str
) -> None:
    project = Project(folder)
    assert project.materialize("etth1_raw", "batch_windows", batches=(0, 0)).success
    before = project.files()

    def refuse(**_: object) -> tuple[int, str]:
        raise OSError(number, "refused by the test", str(project.artifacts))

    monkeypatch.setattr(tempfile, "mkstemp", refuse)
    result = project.materialize("batch_windows", batches=(0, 2))
    assert not result.success
    said = failures(result)[0]
    assert sentence in said
    assert str(project.artifacts) in said
    assert "What was written before is untouched" in said
    assert project.files() == before
    monkeypatch.undo()
    assert project.materialize("batch_windows", batches=(0, 2)).success


def test_a_file_where_the_artifacts_folder_should_be_is_told(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.artifacts.write_text("in the way", encoding="utf-8")
    said = failures(project.materialize("etth1_raw"))[0]
    assert "a part of its path is a file" in said
    assert project.artifacts.read_text(encoding="utf-8") == "in the way"


def test_a_damaged_input_is_named_with_the_asset_to_materialize(tmp_path: Path) -> None:
    project = Project(tmp_path)
    assert project.materialize("etth1_raw", "batch_windows", batches=(0, 2)).success
    window = project.artifacts / "batch_windows" / "batch_1.parquet"
    window.write_bytes(window.read_bytes()[:-9])
    said = failures(project.materialize("correlation_pngs", batches=(0, 2)))[0]
    assert "batch 1 of batch_windows is damaged" in said
    assert "materialize batch_windows first" in said
    assert project.materialize("batch_windows", batches=(0, 2)).success
    assert project.materialize("correlation_pngs", batches=(0, 2)).success


def test_a_missing_input_is_named_with_the_asset_to_materialize(tmp_path: Path) -> None:
    project = Project(tmp_path)
    said = failures(project.materialize("batch_windows", batches=(0, 2)))[0]
    assert "etth1_raw is missing" in said
    assert "materialize etth1_raw first" in said


def test_a_batch_without_input_fails_and_is_not_recorded_as_materialized(tmp_path: Path) -> None:
    project = Project(tmp_path)
    assert project.materialize("etth1_raw", "batch_windows", batches=(0, 0)).success
    result = project.materialize("correlation_pngs", batches=(0, 2))
    (said,) = failures(result)
    assert "correlation_pngs has no input for batch 1, 2" in said
    assert "materialize that first" in said
    key = dg.AssetKey("correlation_pngs")
    assert project.instance.get_materialized_partitions(key) == set()
    assert not (project.artifacts / "correlations").exists()


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
