"""What the kept-open event log writes, Dagster's own reads, and the other way round."""

import errno
import os
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
