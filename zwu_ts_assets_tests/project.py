"""A small dataset of its own for each test, and one call to materialize it.

Windows have 24 rows and the canvas is small, so that a whole corpus takes a second or two.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import pytest
from click.testing import CliRunner, Result

from zwu_ts_assets import cli
from zwu_ts_assets.orchestration.automation import job_name
from zwu_ts_assets.orchestration.build import build_definitions
from zwu_ts_assets.orchestration.chosen_datasets import etth1
from zwu_ts_assets.orchestration.datasets import Dataset, corpus_assets

FEATURES = ("HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT")
PER_BATCH = ("batch_windows", "correlation_pngs", "patch_videos")
ASSETS = (
    "etth1_raw",
    "batch_windows",
    "correlation_pngs",
    "batch_stats",
    "vocab",
    "qwen_tokens",
    "patch_videos",
)
TRAINING = (
    "samples",
    "questions",
    "evidence",
    "baselines",
    "preflight",
    "gallery",
    "qwen_export",
    "ms_swift_export",
    "llama_factory_export",
    "huggingface_export",
    "webdataset_export",
    "rl_export",
    "vlmevalkit_export",
    "lmms_eval_export",
)
DRAWN_FOR_QUESTIONS = ("line_plots", "altered_lines")
SETTINGS = """\
window_length = 24
horizon = 24
patch_length = 12
patch_stride = 6
canvas_width = 448
canvas_height = 224
"""

OVERLAPPING = """\
features = ["HUFL", "LULL", "OT"]
window_length = 12
window_stride = 1
horizon = 3
patch_length = 6
patch_stride = 3
canvas_width = 448
canvas_height = 224
shard_samples = 20
line_plots = false
"""
OVERLAPPING_SPLIT = "[split]\nborders = [0, 50, 70, 90]\n"


def write_csv(path: Path, rows: int, seed: int = 7) -> None:
    """A CSV with the columns of ETTh1 and random walks in them; longer ones begin alike."""
    steps = np.random.default_rng(seed).normal(size=(100_000, len(FEATURES)))[:rows]
    values = np.round(np.cumsum(steps, axis=0), 3)
    start = np.datetime64("2016-07-01T00:00:00")
    lines = ["date," + ",".join(FEATURES)]
    for row in range(rows):
        when = str(start + np.timedelta64(row, "h")).replace("T", " ")
        lines.append(f"{when}," + ",".join(str(value) for value in values[row]))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_settings(folder: Path, text: str) -> Path:
    """The settings file of ETTh1."""
    toml = folder / "ETTh1.toml"
    toml.write_text(text, encoding="utf-8")
    return toml


class Project:
    """A data folder, an artifacts folder and a Dagster instance of one test."""

    def __init__(self, folder: Path, rows: int = 77, settings: str = SETTINGS) -> None:
        """Args: a folder; rows of the CSV (3 batches and 5 more); the TOML beside it."""
        self.data = folder / "data"
        self.artifacts = folder / "artifacts"
        self.csv = self.data / "ETTh1.csv"
        self.instance = dg.DagsterInstance.ephemeral()
        if not self.data.exists():
            self.data.mkdir(parents=True)
            write_csv(self.csv, rows)
            self.configure(settings)

    def configure(self, settings: str) -> None:
        """Replace the settings file."""
        write_settings(self.data, settings)

    @property
    def dataset(self) -> Dataset:
        """The dataset as its settings file describes it now."""
        return etth1(self.data)

    def materialize(
        self,
        *assets: str,
        batches: tuple[int, int] | None = None,
        config: dict[str, Any] | None = None,
    ) -> dg.ExecuteInProcessResult:
        """Run some assets (a whole corpus, if none is named), for a range of batches if given."""
        definitions = build_definitions([self.dataset], self.artifacts, workers=1)
        chosen = assets or corpus_assets(self.dataset)
        tags = {}
        if batches is not None:
            tags = {
                "dagster/asset_partition_range_start": str(batches[0]),
                "dagster/asset_partition_range_end": str(batches[1]),
            }
        job = definitions.resolve_job_def(job_name(self.dataset)).get_subset(
            asset_selection={dg.AssetKey(name) for name in chosen},
            # As the sensor has it: without the checks that compare with the CSV.
            asset_check_selection={
                dg.AssetCheckKey(dg.AssetKey(name), check)
                for name in chosen
                for check in self.dataset.specs.of(name).guards
            },
        )
        return job.execute_in_process(
            instance=self.instance,
            tags=tags,
            run_config=config or {},
            raise_on_error=False,
        )

    def files(self) -> dict[str, bytes]:
        """Every artifact file, by its path below `artifacts/`; records are left out."""
        return {
            str(path.relative_to(self.artifacts)): path.read_bytes()
            for path in sorted(self.artifacts.rglob("*"))
            if path.is_file() and ".records" not in path.parts
        }

    def modified(self) -> dict[str, int]:
        """When each artifact file was last written."""
        return {name: (self.artifacts / name).stat().st_mtime_ns for name in self.files()}


def commands_beside(
    project: Project, monkeypatch: pytest.MonkeyPatch, dataset: str = "etth1"
) -> Callable[..., Result]:
    """What enters a command beside a project, in this process.

    Args:
        project: The project.
        monkeypatch: Sets the environment for it.
        dataset: The dataset that commands are about.
    """
    monkeypatch.setenv("ZWU_TS_DATA_DIR", str(project.data))
    monkeypatch.setenv("ZWU_TS_ARTIFACTS_DIR", str(project.artifacts))
    monkeypatch.setenv("DAGSTER_HOME", str(project.data.parent / "home"))
    monkeypatch.setenv("ZWU_TS_DATASETS", dataset)
    return lambda *words: CliRunner().invoke(cli.main, words)


def failures(result: dg.ExecuteInProcessResult) -> list[str]:
    """What each failed step of a run says to the user."""
    sentences = []
    for event in result.all_events:
        if event.is_step_failure:
            failure = event.step_failure_data.user_failure_data
            error = event.step_failure_data.error
            sentences.append((failure.description if failure else None) or str(error))
    return sentences


def metadata(project: Project, asset: str, batch: int | None = None) -> dict[str, Any]:
    """Values of the latest materialization's metadata, and those of its details."""
    if batch is None:
        event = project.instance.get_latest_materialization_event(dg.AssetKey(asset))
    else:
        records = project.instance.fetch_materializations(
            dg.AssetRecordsFilter(dg.AssetKey(asset), asset_partitions=[str(batch)]), limit=1
        ).records
        event = records[0].event_log_entry
    assert event is not None
    assert event.asset_materialization is not None
    told = {name: entry.value for name, entry in event.asset_materialization.metadata.items()}
    details = told.pop("details", {})  # of a batch; of others, each is an entry
    assert isinstance(details, dict)
    return told | details


def checks(result: dg.ExecuteInProcessResult) -> dict[str, bool]:
    """Which asset checks ran, and whether they passed."""
    return {e.check_name: e.passed for e in result.get_asset_check_evaluations()}


def check_of(instance: dg.DagsterInstance, asset: str, name: str) -> dg.AssetCheckEvaluation:
    """The latest result of a check."""
    key = dg.AssetCheckKey(dg.AssetKey(asset), name)
    storage = instance.event_log_storage
    record = storage.get_latest_asset_check_execution_by_key([key])[key]
    assert record.event is not None
    assert record.event.dagster_event is not None
    data = record.event.dagster_event.event_specific_data
    assert isinstance(data, dg.AssetCheckEvaluation)
    return data


def names(folder: str, batches: Sequence[int], suffix: str) -> list[str]:
    """`folder/batch_{i}.suffix` for some batches."""
    return [f"{folder}/batch_{batch}.{suffix}" for batch in batches]
