"""Windows at every offset, end to end: names, pairing, exports, and exact refreshes."""

import io
import json
from pathlib import Path

import av
import dagster as dg
import datasets
import huggingface_hub
import numpy as np
import pyarrow.parquet as pq
import pytest
import webdataset

from zwu_ts_assets.figures.figure import Canvas, draw_figure, encode_png
from zwu_ts_assets.orchestration.assets.validate import validate_folders
from zwu_ts_assets.orchestration.datasets import asset_names
from zwu_ts_assets.orchestration.refresh.comparison import (
    CODE,
    MISSING,
    SURPLUS,
    OutOfDate,
    difference,
)
from zwu_ts_assets.orchestration.specs import TRAINING
from zwu_ts_assets.text.stats import stats_lines
from zwu_ts_assets.timeseries.csv_file import read_series
from zwu_ts_assets_tests.last_mile import (
    FORMATS,
    change_row,
    copy_of,
    evaluations,
    refresh,
    stale,
    with_setting,
)
from zwu_ts_assets_tests.project import (
    OVERLAPPING,
    OVERLAPPING_SPLIT,
    PER_BATCH,
    Project,
    failures,
    metadata,
    names,
    write_csv,
)

LENGTH, HORIZON, ROWS = 12, 3, 90
WINDOWS = range(ROWS - LENGTH + 1)  # at stride 1, a window begins in each of these rows
# A sample needs 15 rows of its split.
STARTS = {"train": range(36), "validation": range(50, 56), "test": range(70, 76)}
SAMPLES = {split: len(starts) for split, starts in STARTS.items()}


def media(rows: "range | list[int]") -> set[str]:
    """The figures and videos of windows, by their first rows."""
    return {
        f"{folder}/batch_{row // LENGTH}/row_{row}.{suffix}"
        for folder, suffix in (("correlations", "png"), ("patch_videos", "mp4"))
        for row in rows
    }


def media_of(project: Project) -> set[str]:
    return {
        name
        for name in project.files()
        if name.endswith((".png", ".mp4")) and "/batch_" in name and not name.startswith("exports/")
    }


def overlaps(row: int, start: int) -> bool:
    return start <= row < start + LENGTH


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, dg.ExecuteInProcessResult]:
    project = Project(tmp_path_factory.mktemp("overlapping"), ROWS, OVERLAPPING + OVERLAPPING_SPLIT)
    assets = asset_names(project.dataset)
    return project, project.materialize(*assets, batches=(0, 6))


Made = tuple[Project, dg.ExecuteInProcessResult]


@pytest.fixture
def project(made: Made, tmp_path: Path) -> Project:
    return copy_of(made[0].data.parent, tmp_path / "project")


@pytest.fixture
def corpus(made: Made, tmp_path: Path) -> Project:
    """The corpus alone: nobody asked for the last mile, which takes most of the time."""
    return without(copy_of(made[0].data.parent, tmp_path / "project"), *TRAINING)


def without(project: Project, *assets: str) -> Project:
    """As if some assets had never been made."""
    for asset in assets:
        (project.artifacts / ".records" / asset / "all.json").unlink()
    return project


def test_one_run_makes_every_window_and_every_check_passes(made: Made) -> None:
    project, result = made
    assert result.success, failures(result)
    assert media_of(project) == media(WINDOWS)
    assert names("batch_windows", range(7), "parquet") == sorted(
        name for name in project.files() if name.startswith("batch_windows/")
    )
    failed = {check for _, check, passed, warning in evaluations(result) if not passed}
    assert failed <= {"consumers_lose_nothing"}
    assert stale(project) == set()


def test_events_and_records_are_per_batch(made: Made) -> None:
    project, result = made
    told = [
        event.asset_key.to_user_string()
        for event in result.get_asset_materialization_events()
        if event.asset_key
    ]
    assert [told.count(asset) for asset in PER_BATCH] == [7, 7, 7]
    records = project.artifacts / ".records" / "patch_videos"
    assert sorted(path.stem for path in records.iterdir()) == [str(batch) for batch in range(7)]
    shown = metadata(project, "patch_videos", 1)
    assert (shown["windows"], shown["past_rows"], shown["target_span"]) == (12, "12..34", "24..37")
    assert shown["path"].endswith("patch_videos/batch_1")
    assert metadata(project, "etth1_raw")["windows"] == len(WINDOWS)


def test_the_rows_of_a_batch_are_kept_once_with_the_starts_of_its_windows(made: Made) -> None:
    project, _ = made
    series = read_series(project.csv, features=("HUFL", "LULL", "OT"))
    table = pq.read_table(project.artifacts / "batch_windows" / "batch_2.parquet")
    assert table.num_rows == 12 + LENGTH - 1
    assert table.column("OT").to_pylist() == series.values[24:47, 2].tolist()
    facts = table.schema.metadata
    assert json.loads(facts[b"starts"]) == list(range(24, 36))
    assert (facts[b"start"], facts[b"window_length"]) == (b"24", b"12")


def test_the_first_row_pairs_figure_video_text_and_tokens_of_a_window(made: Made) -> None:
    project, _ = made
    series = read_series(project.csv, features=("HUFL", "LULL", "OT"))
    files = project.files()
    rows = {
        name: [json.loads(line) for line in files[f"correlations/{name}.jsonl"].splitlines()]
        for name in ("batch_stats_tokens", "batch_stats_qwen")
    }
    text = files["correlations/batch_stats.txt"].decode("utf-8")
    for row in WINDOWS:
        values = series.values[row : row + LENGTH]
        lines = stats_lines(values, series.features)
        heading = f"--- Batch {row // LENGTH} Row {row} ---"
        assert "\n".join([heading, *lines, "", ""]) in text
        for kind in rows.values():
            assert (kind[row]["batch"], kind[row]["row"]) == (row // LENGTH, row)
        assert rows["batch_stats_qwen"][row]["text"] == " ".join(lines)
    for row in (0, 11, 12, 40, 78):
        figure = encode_png(
            draw_figure(series.values[row : row + LENGTH], series.features, Canvas(448, 224))
        )
        assert files[f"correlations/batch_{row // LENGTH}/row_{row}.png"] == figure
    samples = [
        sample
        for split in SAMPLES
        for sample in pq.read_table(project.artifacts / f"samples/{split}.parquet").to_pylist()
    ]
    assert [sample["past_start"] for sample in samples] == [
        row for starts in STARTS.values() for row in starts
    ]
    for sample in samples:
        row = sample["past_start"]
        assert sample["id"] == f"etth1-r{row:07d}"
        assert {sample["image"], sample["video"]} == media([row])
        assert sample["past"] == series.values[row : row + LENGTH].tolist()
        assert sample["target"] == series.values[row + LENGTH : row + LENGTH + HORIZON].tolist()


def test_every_export_is_loaded_with_a_row_per_sample_and_its_own_media(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "cache"))
    datasets.disable_progress_bars()
    exports = made[0].artifacts / "exports"
    folder = str(exports / "huggingface")
    loaded = datasets.load_dataset(folder, "samples")
    ids = [name for split in SAMPLES for name in loaded[split]["id"]]
    assert {split: len(loaded[split]) for split in SAMPLES} == SAMPLES
    assert len(set(ids)) == len(ids)
    films: dict[str, bytes] = {}
    for rows in datasets.load_dataset(folder, "videos").values():
        column = datasets.List(datasets.Video(decode=False))
        for row in rows.cast_column("videos", column).select_columns("videos"):
            films |= {each["path"]: each["bytes"] for each in row["videos"]}
    named = {path for split in SAMPLES for path in loaded[split]["video"]} - {""}
    assert named <= set(films)  # a window may be shown beside another one alone
    for content in list(films.values())[::9]:
        with av.open(io.BytesIO(content), mode="r") as container:
            stream = container.streams.video[0]
            assert (stream.width, stream.height) == (448, 224)
            assert stream.average_rate == 2
            assert len(list(container.decode(stream))) == 4  # three patches, the last one twice
    for name, images, extension in (
        ("qwen", "image", "jsonl"),
        ("ms_swift", "images", "jsonl"),
        ("llama_factory", "images", "json"),
    ):
        files = {split: str(exports / name / f"{split}.{extension}") for split in SAMPLES}
        table = datasets.load_dataset("json", data_files=files)
        for split, starts in STARTS.items():
            found = set()
            for row in table[split]:
                assert all((exports / name / path).is_file() for path in row[images])
                found.add(row["id"].split("-")[1])
            assert found == {f"r{start:07d}" for start in starts}
    shards = sorted(str(path) for path in (exports / "webdataset").glob("train-*.tar"))
    keys = [sample["__key__"] for sample in webdataset.WebDataset(shards, shardshuffle=False)]
    assert keys == [f"etth1-r{start:07d}" for start in STARTS["train"]]


def test_exports_are_held_against_the_csv_and_the_stride_they_were_made_with(
    project: Project,
) -> None:
    said: list[str] = []
    folders = [project.artifacts / "exports" / "qwen"]
    assert validate_folders([project.dataset], project.artifacts, folders, None, said.append)
    assert not [line for line in said if "not checked" in line]
    with_setting(project, "window_stride = 4")
    said.clear()
    validate_folders([project.dataset], project.artifacts, folders, None, said.append)
    assert "window_stride was 1 and is 4" in "\n".join(said)


def test_a_corrected_value_redraws_the_windows_that_hold_it_and_no_other(project: Project) -> None:
    without(
        project, "baselines", "preflight", *(f"{name}_export" for name in FORMATS if name != "qwen")
    )
    change_row(project, 27, 7.25)
    found = {item for item in stale(project) if item.asset in PER_BATCH}
    # Row 27 is of batch 2, and windows of batch 1 reach over to it.
    assert {item.key for item in found} == {"1", "2"}
    assert len(found) == 2 * len(PER_BATCH)
    changed = refresh(project)
    drawn = {name for name in changed if name in media(WINDOWS)}
    assert drawn == media([row for row in WINDOWS if overlaps(27, row)])
    assert not {name for name in changed if name.startswith("exports/qwen/validation")}


def test_appended_rows_make_the_windows_that_they_complete(corpus: Project) -> None:
    write_csv(corpus.csv, ROWS + 7)
    found = {item for item in stale(corpus) if item.asset in PER_BATCH}
    assert {item.key for item in found} == {"6", "7"}
    assert {item for item in found if item.key == "7"} == {
        OutOfDate(asset, "7", MISSING) for asset in PER_BATCH
    }
    changed = refresh(corpus)
    new = range(len(WINDOWS), len(WINDOWS) + 7)
    assert media_of(corpus) == media(range(len(WINDOWS) + 7))
    assert {name for name in changed if name in media(range(200))} == media(new)


def test_a_shrunk_csv_leaves_nothing_of_windows_that_are_no_more(corpus: Project) -> None:
    write_csv(corpus.csv, ROWS - 11)  # of batch 5 eight windows are left, of batch 6 none
    found = {item for item in stale(corpus) if item.reason == SURPLUS}
    assert found == {OutOfDate(asset, "6", SURPLUS) for asset in PER_BATCH}
    refresh(corpus)
    assert media_of(corpus) == media(WINDOWS[:-11])
    assert not (corpus.artifacts / "correlations" / "batch_6").exists()


def test_another_stride_leaves_nothing_of_the_other_layout_and_the_way_back_works(
    corpus: Project,
) -> None:
    before = {name: data for name, data in corpus.files().items() if not name.startswith("exp")}
    with_setting(corpus, "window_stride = 12")
    reasons = {(item.asset, item.reason) for item in stale(corpus)}
    assert ("correlation_pngs", CODE) in reasons
    assert ("patch_videos", CODE) in reasons
    refresh(corpus)
    assert media_of(corpus) == {
        *names("correlations", range(7), "png"),
        *names("patch_videos", range(7), "mp4"),
    }
    for folder in ("correlations", "patch_videos"):
        assert not [path for path in (corpus.artifacts / folder).iterdir() if path.is_dir()]
    with_setting(corpus, "window_stride = 1")
    refresh(corpus)
    after = {name: data for name, data in corpus.files().items() if not name.startswith("exp")}
    assert after == before


def test_a_file_of_a_window_that_a_batch_does_not_have_is_told_and_left_alone(
    corpus: Project,
) -> None:
    foreign = corpus.artifacts / "patch_videos" / "batch_1" / "row_99.mp4"
    foreign.write_bytes(b"of nobody")
    found = difference(corpus.dataset, corpus.artifacts)
    assert found.stale == ()
    assert found.foreign["patch_videos"] == ["patch_videos/batch_1/row_99.mp4"]
    with_setting(corpus, "window_stride = 12")
    refresh(corpus)
    assert foreign.read_bytes() == b"of nobody"


def test_the_title_tells_the_window_if_asked(corpus: Project) -> None:
    with_setting(corpus, "title_batch_index = true")
    assert corpus.materialize("correlation_pngs", batches=(1, 1)).success
    series = read_series(corpus.csv, features=("HUFL", "LULL", "OT"))
    frame = draw_figure(series.values[14:26], series.features, Canvas(448, 224), "Batch 1 Row 14 ")
    file = corpus.artifacts / "correlations" / "batch_1" / "row_14.png"
    assert file.read_bytes() == encode_png(frame)
    assert np.ptp(frame) > 0
