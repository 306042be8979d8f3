"""The batches of a dataset are those of its CSV, whatever the instance remembers."""

from pathlib import Path
from typing import Any

import click
import dagster as dg
import pytest

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.orchestration.assets import corpus_products as products
from zwu_ts_assets.orchestration.partitions import BatchPartitions, batch_count, register_batches
from zwu_ts_assets.timeseries import csv_file
from zwu_ts_assets_tests.project import SETTINGS, Project, failures, write_csv


def test_keys_follow_from_the_csv_on_an_instance_that_never_saw_them(tmp_path: Path) -> None:
    project = Project(tmp_path)
    assert BatchPartitions(project.dataset).get_partition_keys() == ["0", "1", "2"]
    assert project.instance.get_dynamic_partitions("etth1_batches") == []


def test_keys_grow_and_shrink_with_the_csv_while_the_process_lives(tmp_path: Path) -> None:
    project = Project(tmp_path)
    partitions = BatchPartitions(project.dataset)
    for rows, batches in ((77, 3), (95, 3), (96, 4), (24, 1)):
        write_csv(project.csv, rows)
        assert len(partitions.get_partition_keys()) == batches


def test_the_number_of_batches_can_be_capped(tmp_path: Path) -> None:
    project = Project(tmp_path, settings=SETTINGS + "max_batches = 2\n")
    assert batch_count(project.dataset) == 2


def test_registering_brings_the_instance_in_step_also_when_batches_vanish(tmp_path: Path) -> None:
    project = Project(tmp_path)
    assert register_batches(project.instance, project.dataset) == 3
    assert project.instance.get_dynamic_partitions("etth1_batches") == ["0", "1", "2"]
    write_csv(project.csv, 48)
    register_batches(project.instance, project.dataset)
    assert sorted(project.instance.get_dynamic_partitions("etth1_batches")) == ["0", "1"]


def test_registering_without_a_csv_says_so_and_forgets_nothing(tmp_path: Path) -> None:
    project = Project(tmp_path)
    register_batches(project.instance, project.dataset)
    project.csv.unlink()
    with pytest.raises(CorpusError, match=r"ETTh1.csv does not exist; copy the CSV there"):
        register_batches(project.instance, project.dataset)
    with dg.partition_loading_context(dynamic_partitions_store=project.instance):
        assert BatchPartitions(project.dataset).get_partition_keys() == ["0", "1", "2"]


def test_materializing_the_raw_table_registers_the_batches(tmp_path: Path) -> None:
    project = Project(tmp_path)
    assert project.materialize("etth1_raw").success
    assert project.instance.get_dynamic_partitions("etth1_batches") == ["0", "1", "2"]


def test_a_broken_csv_does_not_change_the_registered_batches(tmp_path: Path) -> None:
    project = Project(tmp_path)
    assert project.materialize("etth1_raw").success
    text = project.csv.read_text(encoding="utf-8")
    project.csv.write_text(text + "garbage\n" * 60, encoding="utf-8")
    assert not project.materialize("etth1_raw").success
    assert project.instance.get_dynamic_partitions("etth1_batches") == ["0", "1", "2"]


def test_a_key_that_is_no_batch_is_refused_with_the_batches_there_are(tmp_path: Path) -> None:
    project = Project(tmp_path)
    partitions = BatchPartitions(project.dataset)
    with dg.partition_loading_context(dynamic_partitions_store=project.instance) as context:
        partitions.validate_partition_key("2", context)
        with pytest.raises(click.ClickException, match=r"no batch '3'.*24 rows.*are 0\.\.\.2"):
            partitions.validate_partition_key("3", context)
        project.csv.unlink()
        with pytest.raises(click.ClickException, match="does not exist"):
            partitions.validate_partition_key("0", context)


def test_rows_that_are_inserted_count_and_are_counted_once_per_change_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Project(tmp_path, settings=SETTINGS + 'gaps = "drop"\n')
    lines = project.csv.read_text("utf-8").splitlines(keepends=True)
    project.csv.write_text("".join(lines[:11] + lines[41:]), "utf-8")  # 30 of 77 rows
    assert products.raw_product(project.csv, project.dataset.settings).details["batches"] == 3
    counted: list[Path] = []
    counting = csv_file.count_grid_rows

    def noted(path: Path, **options: Any) -> int:
        counted.append(path)
        return counting(path, **options)

    monkeypatch.setattr(csv_file, "count_grid_rows", noted)
    (tmp_path / "other").mkdir()
    other = Project(tmp_path / "other")
    for _ in range(3):
        assert batch_count(project.dataset) == 3
        assert batch_count(other.dataset) == 3  # of which nothing is forgotten in between
    assert counted == [project.csv]
    project.configure(SETTINGS)
    assert batch_count(project.dataset) == 1  # by its lines, until reading refuses the gap


def test_timestamps_that_tell_no_number_of_rows_leave_it_to_the_lines(tmp_path: Path) -> None:
    project = Project(tmp_path, settings=SETTINGS + 'gaps = "drop"\n')
    text = project.csv.read_text("utf-8")
    project.csv.write_text(text.replace("2016-07-02 01:00", "2016-07-02 01:20"), "utf-8")
    assert batch_count(project.dataset) == 3
    result = project.materialize("etth1_raw")
    assert not result.success
    assert "line 27, column 'date'" in failures(result)[0]
