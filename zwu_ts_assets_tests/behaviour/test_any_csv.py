"""Three CSVs of different shape, interval and dialect beside ETTh1, end to end in one location."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray
from PIL import Image

from zwu_ts_assets.figures.mp4 import probe_mp4
from zwu_ts_assets.orchestration.automation import job_name
from zwu_ts_assets.orchestration.build import build_definitions
from zwu_ts_assets.orchestration.chosen_datasets import find_datasets
from zwu_ts_assets.orchestration.datasets import Dataset, corpus_assets
from zwu_ts_assets.orchestration.refresh.comparison import difference
from zwu_ts_assets.orchestration.reports import asset_key
from zwu_ts_assets_tests.project import SETTINGS, failures, write_csv

ROWS = 24 * 2 + 5


def numbers(columns: int) -> NDArray[np.float64]:
    """Random walks of three decimals."""
    steps = np.random.default_rng(columns).normal(size=(ROWS, columns))
    return np.asarray(np.round(np.cumsum(steps, axis=0), 3), dtype=np.float64)


def write_traffic(folder: Path) -> pd.DataFrame:
    """Rows every 15 minutes in local time through an hour that the clocks leave out, 7 columns."""
    moments = pd.date_range("2017-03-25 20:00", periods=ROWS, freq="15min", tz="UTC")
    frame = pd.DataFrame(numbers(7), index=moments, columns=[f"road {i}" for i in range(7)])
    stamps = moments.tz_convert("Europe/Berlin").strftime("%Y-%m-%d %H:%M:%S")
    frame.set_axis(stamps).to_csv(folder / "Traffic.csv", index_label="Zeit")
    (folder / "Traffic.toml").write_text(SETTINGS + 'time_zone = "Europe/Berlin"\n', "utf-8")
    return frame.tz_localize(None)


def write_weather(folder: Path) -> pd.DataFrame:
    """Rows every 10 minutes, 21 columns, semicolons, decimal commas, the day before the month."""
    moments = pd.date_range("2020-01-31 18:20", periods=ROWS, freq="10min")
    frame = pd.DataFrame(numbers(21), index=moments, columns=[f"größe {i}" for i in range(21)])
    odd = frame.set_axis(moments.strftime("%d.%m.%Y %H:%M"))
    odd.to_csv(folder / "weather 2020.csv", sep=";", decimal=",", index_label="Date Time")
    (folder / "weather 2020.toml").write_text(SETTINGS, "utf-8")
    return frame


def write_sales(folder: Path) -> pd.DataFrame:
    """A row per day, counted from 1970, 2 columns, with rows and values missing."""
    moments = pd.date_range("2019-12-01", periods=ROWS, freq="D")
    frame = pd.DataFrame(numbers(2), index=moments, columns=["shop", "web"])
    gaps = frame.copy()
    gaps.iloc[[7, 30], 0] = np.nan
    gaps["ts"] = [int(moment.timestamp()) for moment in moments]
    gaps = gaps.drop(gaps.index[[11, 12]])
    gaps.to_csv(folder / "sales.csv", index=False)
    (folder / "datasets.toml").write_text(
        f'[sales]\n{SETTINGS}gaps = "interpolate"\ninterpolate_limit = 2\n', "utf-8"
    )
    return gaps[["shop", "web"]].asfreq("D").interpolate(method="time")


@dataclass
class Location:
    """What one code location over the four CSVs made."""

    artifacts: Path
    datasets: dict[str, Dataset]
    expected: dict[str, pd.DataFrame]
    results: dict[str, dg.ExecuteInProcessResult]
    instance: dg.DagsterInstance


@pytest.fixture(scope="module")
def location(tmp_path_factory: pytest.TempPathFactory) -> Location:
    folder = tmp_path_factory.mktemp("any_csv")
    data, artifacts = folder / "data", folder / "artifacts"
    data.mkdir()
    write_csv(data / "ETTh1.csv", ROWS)
    (data / "ETTh1.toml").write_text(SETTINGS + "max_batches = 1\n", "utf-8")
    expected = {
        "traffic": write_traffic(data),
        "weather_2020": write_weather(data),
        "sales": write_sales(data),
    }
    found = find_datasets(data)
    assert found.broken == ()
    definitions = build_definitions(found.sound, artifacts, workers=1)
    instance = dg.DagsterInstance.ephemeral()
    results = {}
    for dataset in found.sound:
        last = "0" if dataset.name == "etth1" else "1"
        chosen = corpus_assets(dataset)
        job = definitions.resolve_job_def(job_name(dataset)).get_subset(
            asset_selection={asset_key(dataset, name) for name in chosen},
            asset_check_selection={
                dg.AssetCheckKey(asset_key(dataset, name), check)
                for name in chosen
                for check in dataset.specs.of(name).guards
            },
        )
        results[dataset.name] = job.execute_in_process(
            instance=instance,
            tags={
                "dagster/asset_partition_range_start": "0",
                "dagster/asset_partition_range_end": last,
            },
            raise_on_error=False,
        )
    return Location(artifacts, {d.name: d for d in found.sound}, expected, results, instance)


NAMES = ("sales", "traffic", "weather_2020")


def test_all_runs_and_all_checks_pass(location: Location) -> None:
    assert set(location.results) == {"etth1", *NAMES}
    for name, result in location.results.items():
        assert result.success, (name, failures(result))
        evaluations = result.get_asset_check_evaluations()
        assert len(evaluations) == 7
        assert [each.check_name for each in evaluations if not each.passed] == []


@pytest.mark.parametrize("name", NAMES)
def test_the_raw_table_is_what_pandas_reads_when_it_is_told_everything(
    location: Location, name: str
) -> None:
    expected = location.expected[name]
    table = pq.ParquetFile(location.artifacts / name / f"{name}_raw.parquet").read()
    columns = 1 + len(expected.columns)
    assert table.column_names[1:columns] == list(expected.columns)
    assert table.column(0).to_pylist() == pd.DatetimeIndex(expected.index).to_pydatetime().tolist()
    values = np.column_stack([column.to_numpy() for column in table.columns[1:columns]])
    np.testing.assert_allclose(values, expected.to_numpy(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_every_artifact_is_in_the_folder_of_its_dataset_and_whole(
    location: Location, name: str
) -> None:
    folder = location.artifacts / name
    for batch in range(2):
        window = pq.ParquetFile(folder / f"batch_windows/batch_{batch}.parquet").read()
        values = np.column_stack([column.to_numpy() for column in window.columns[1:]])
        rows = location.expected[name].to_numpy()[24 * batch : 24 * batch + 24]
        np.testing.assert_allclose(values, rows, rtol=0, atol=1e-12)
        png = (folder / f"correlations/batch_{batch}.png").read_bytes()
        with Image.open(io.BytesIO(png)) as image:
            image.load()
            assert image.size == (448, 224)
        assert probe_mp4((folder / f"patch_videos/batch_{batch}.mp4").read_bytes()).frames == 4
    text = (folder / "correlations/batch_stats.txt").read_text("utf-8")
    assert all(column in text for column in location.expected[name].columns)
    assert not (location.artifacts / "batch_windows" / "batch_1.parquet").exists()  # ETTh1's


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_out_of_date_after_a_run(location: Location, name: str) -> None:
    assert difference(location.datasets[name], location.artifacts).stale == ()
    assert location.instance.get_dynamic_partitions(f"{name}_batches") == ["0", "1"]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("traffic", {"time_column": "Zeit", "time_zone": "Europe/Berlin", "interval_seconds": 900}),
        (
            "weather_2020",
            {
                "time_column": "Date Time",
                "delimiter": ";",
                "decimal": ",",
                "date_format": "%d.%m.%Y %H:%M",
                "interval_seconds": 600,
            },
        ),
        (
            "sales",
            {
                "date_format": "unix",
                "time_zone": "UTC",
                "interval_seconds": 86400,
                "rows": ROWS,
                "rows_inserted": 2,
                "values_interpolated": 6,
                "rows_missing": 0,
            },
        ),
    ],
)
def test_the_details_tell_what_was_found(
    location: Location, name: str, told: dict[str, Any]
) -> None:
    key = dg.AssetKey([name, f"{name}_raw"])
    event = location.instance.get_latest_materialization_event(key)
    assert event is not None
    assert event.asset_materialization is not None
    found = {k: v.value for k, v in event.asset_materialization.metadata.items()}
    assert told.items() <= found.items()
