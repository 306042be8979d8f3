"""What the kept-open event log writes, Dagster's own reads, and the other way round."""

import errno
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.storage.event_log import SqliteEventLogStorage

from zwu_ts_assets.orchestration.event_log import (
    KeptOpenEventLog,
    instance_for_a_run,
    instance_of_home,
)

BATCHES = dg.StaticPartitionsDefinition([str(i) for i in range(5)])


@dg.asset(partitions_def=BATCHES)
def numbers(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
    return dg.MaterializeResult(metadata={"batch": int(context.partition_key)})


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    (tmp_path / "dagster.yaml").touch()
    return tmp_path


def materialize(instance: dg.DagsterInstance, batch: int) -> str:
    result = dg.materialize([numbers], instance=instance, partition_key=str(batch))
    assert result.success
    return result.run_id


def test_a_run_uses_it_and_others_do_not() -> None:
    with instance_for_a_run() as instance:
        assert type(instance.event_log_storage) is KeptOpenEventLog
    with dg.DagsterInstance.get() as instance:
        assert type(instance.event_log_storage) is SqliteEventLogStorage


def test_dagster_reads_every_event_that_it_wrote() -> None:
    with instance_for_a_run() as instance:
        run = materialize(instance, 1)
        written = [(entry.message, entry.timestamp) for entry in instance.all_logs(run)]
    with dg.DagsterInstance.get() as instance:
        assert [(e.message, e.timestamp) for e in instance.all_logs(run)] == written
        assert len(written) > 5
        assert instance.get_materialized_partitions(numbers.key) == {"1"}
        record = instance.get_run_record_by_id(run)
        assert record is not None
        assert record.dagster_run.status is dg.DagsterRunStatus.SUCCESS


def test_a_batch_is_told_in_full_to_its_asset_and_in_short_to_its_run(home: Path) -> None:
    @dg.asset(partitions_def=BATCHES)
    def files() -> dg.MaterializeResult[None]:
        metadata = {
            "path": dg.MetadataValue.path("/a/file"),
            "details": dg.MetadataValue.json({"rows": "0..95"}),
        }
        version = dg.DataVersion("content")
        return dg.MaterializeResult(metadata=metadata, data_version=version)

    with instance_for_a_run() as instance:
        run = dg.materialize([files], instance=instance, partition_key="3").run_id
    with dg.DagsterInstance.get() as instance:
        (record,) = instance.fetch_materializations(files.key, limit=1).records
        whole = record.asset_materialization
        assert whole is not None
        assert whole.metadata["details"] == dg.MetadataValue.json({"rows": "0..95"})
        assert (whole.tags or {})["dagster/data_version"] == "content"
        kind = dg.DagsterEventType.ASSET_MATERIALIZATION
        (entry,) = instance.all_logs(run, of_type=kind)
        short = entry.asset_materialization
        assert short is not None
        assert (short.asset_key, short.partition) == (files.key, "3")
        assert short.metadata == {"path": dg.MetadataValue.path("/a/file")}
        assert (entry.run_id, entry.step_key) == (record.run_id, "files") == (run, "files")
        assert entry.message == record.event_log_entry.message == "Materialized value files."
        (stats,) = instance.get_run_step_stats(run)
        assert stats.step_key == "files"
        assert len(stats.materialization_events) == 1


def test_a_batch_takes_fewer_bytes_than_dagster_would_write(home: Path) -> None:
    def bytes_of(instance: dg.DagsterInstance) -> int:
        run = materialize(instance, 4)
        folder = home / "history" / "runs"
        return sum(map(_text_of_batches, (folder / f"{run}.db", folder / "index.db")))

    with dg.DagsterInstance.get() as instance:
        before = bytes_of(instance)
    with instance_for_a_run() as instance:
        after = bytes_of(instance) - before // 2  # what the file of all runs has of the first one
    assert after < 0.6 * before


def _text_of_batches(database: Path) -> int:
    with closing(sqlite3.connect(database)) as connection:
        query = "select sum(length(event)) from event_logs where partition is not null"
        (found,) = connection.execute(query).fetchone()
    return int(found)


def test_it_reads_what_dagster_wrote_while_it_is_open() -> None:
    with instance_for_a_run() as kept, dg.DagsterInstance.get() as instance:
        materialize(kept, 0)
        materialize(instance, 2)
        materialize(kept, 3)
        assert kept.get_materialized_partitions(numbers.key) == {"0", "2", "3"}
        assert instance.get_materialized_partitions(numbers.key) == {"0", "2", "3"}


def test_another_event_log_is_left_as_it_is(home: Path) -> None:
    (home / "dagster.yaml").write_text(
        "event_log_storage:\n"
        "  module: dagster._core.storage.event_log\n"
        "  class: ConsolidatedSqliteEventLogStorage\n"
        f"  config: {{base_dir: '{home}'}}\n",
        encoding="utf-8",
    )
    with instance_for_a_run() as instance:
        assert type(instance.event_log_storage).__name__ == "ConsolidatedSqliteEventLogStorage"


def test_a_home_that_cannot_be_written_is_opened_as_a_container_with_a_database_has_it(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with dg.DagsterInstance.get():
        pass  # makes what there is to make
    real = os.open

    def read_only(path: Any, flags: int, *more: Any, **named: Any) -> int:
        if flags & os.O_CREAT and Path(path).parent == home:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))
        return real(path, flags, *more, **named)

    monkeypatch.setattr(os, "open", read_only)
    with instance_of_home() as instance:
        assert instance.root_directory == str(home)
