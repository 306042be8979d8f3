"""Assets that a setting adds to the lineage: colour ranges and line plots; and smaller videos."""

import json
from pathlib import Path

import dagster as dg
import pyarrow.parquet as pq
import pytest

from zwu_ts_assets.config.environment import AutomationSettings
from zwu_ts_assets.figures.colours import read_ranges
from zwu_ts_assets.orchestration.automation import dataset_schedule, dataset_sensor, reload_reason
from zwu_ts_assets.orchestration.datasets import Dataset
from zwu_ts_assets.orchestration.refresh.comparison import SWITCHED_OFF, OutOfDate
from zwu_ts_assets.training.media_tokens import image_tokens, video_tokens
from zwu_ts_assets.training.processor import Size
from zwu_ts_assets_tests.last_mile import (
    BATCHES,
    PLAIN,
    change_row,
    copy_of,
    make_everything,
    new_project,
    refresh,
    stale,
    with_setting,
)
from zwu_ts_assets_tests.project import Project, failures, metadata, names
from zwu_ts_assets_tests.training.stand_in import TimestampTokenizer

OPTIONAL = """\
colour_range = "train"
line_plots = true
video_width = 480
video_height = 256
"""
DRAWN = {
    *names("correlations", range(BATCHES), "png"),
    *names("patch_videos", range(BATCHES), "mp4"),
}


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = new_project(tmp_path_factory.mktemp("optional"), OPTIONAL + PLAIN)
    result = make_everything(project)
    assert result.success, failures(result)
    return project


@pytest.fixture
def project(made_once: Project, tmp_path: Path) -> Project:
    return copy_of(made_once.data.parent, tmp_path / "project")


def media(changed: set[str]) -> set[str]:
    folders = ("correlations/batch_", "patch_videos/", "line_plots/")
    return {n for n in changed if n.startswith(folders) and n.endswith(("png", "mp4"))}


def test_afterwards_nothing_is_out_of_date(made_once: Project) -> None:
    assert stale(made_once) == set()
    assert (made_once.artifacts / "correlations" / "colour_ranges.json").is_file()


def test_ranges_are_fitted_on_the_windows_of_the_training_split(made_once: Project) -> None:
    told = metadata(made_once, "colour_ranges")
    assert told["training_windows"] == 207 // 24
    ranges = read_ranges((made_once.artifacts / "correlations" / "colour_ranges.json").read_bytes())
    assert ranges.fitted_windows == 8


def test_each_sample_has_a_line_plot_beside_its_figure(made_once: Project) -> None:
    for split in ("train", "validation", "test"):
        table = pq.read_table(made_once.artifacts / "samples" / f"{split}.parquet").to_pydict()
        plots = [f"line_plots/batch_{batch}.png" for batch in table["batch"]]
        assert table["line_plot"] == plots
        rows = made_once.artifacts / "exports" / "qwen" / f"{split}.jsonl"
        for row in map(json.loads, rows.read_text(encoding="utf-8").splitlines()):
            batch = int(row["id"].split("-")[1][1:]) // 24
            figure, plot, *further = row["image"]
            assert figure == f"media/correlations/batch_{batch}.png"
            assert plot == f"media/line_plots/batch_{batch}.png"
            assert all(image.startswith("media/correlations/") for image in further)
            first, *others = (each["value"] for each in row["conversations"][::2])
            shown = first.count("<image>")
            assert shown + sum(text.count("<image>") for text in others) == len(row["image"])
            assert first.startswith(shown * "<image>\n" + "<video>\n")
            assert "The second picture shows the values themselves as lines" in first


def test_videos_have_their_own_size(made_once: Project) -> None:
    told = metadata(made_once, "patch_videos", 3)
    assert (told["width"], told["height"]) == (480, 256)


def test_preflight_counts_both_pictures(made_once: Project) -> None:
    told = metadata(made_once, "preflight")
    manifest = json.loads((made_once.artifacts / "exports/ms_swift/corpus.json").read_bytes())
    conversations = [each for s in manifest["samples"] for each in s["conversations"]]
    assert told["conversations"] == len(conversations)
    turns = [turn for each in conversations for turn in each["turns"]]
    images = sum(len(each["images"]) for each in conversations)
    videos = sum(len(each["videos"]) for each in conversations)
    assert images >= 2 * len(conversations)
    picture = image_tokens(Size(448, 224)).tokens
    film = video_tokens(Size(480, 256), 4, 2.0, TimestampTokenizer()).tokens
    text = sum(turn["user_tokens"] + turn["answer_tokens"] for turn in turns)
    # The chat template: `<|im_start|>user\n`, `<|im_end|>\n`, `<|im_start|>assistant\n` and
    # `<|im_end|>\n` around each question, and a line end after each medium.
    frames = len(turns) * (3 + 2 + 3 + 2) + images + videos
    expected = text + images * picture + videos * film + frames
    assert told["qwen3_vl_tokens"] == expected


def test_a_changed_test_window_redraws_its_own_media_alone(project: Project) -> None:
    change_row(project, 12 * 24 + 10, 7.25)
    changed = refresh(project)
    assert media(changed) == {
        "correlations/batch_12.png",
        "patch_videos/batch_12.mp4",
        "line_plots/batch_12.png",
    }
    assert "correlations/colour_ranges.json" not in changed
    assert "exports/qwen/train.jsonl" not in changed


def test_a_training_window_that_widens_the_ranges_redraws_every_figure(project: Project) -> None:
    change_row(project, 4 * 24 + 10, 500.0)
    changed = refresh(project)
    assert "correlations/colour_ranges.json" in changed
    drawn = media(changed)
    assert {name for name in drawn if "line_plots" in name} == {"line_plots/batch_4.png"}
    # A range may stay as it is in a panel, but the widest does not fit all of them.
    assert len(drawn & DRAWN) > BATCHES


def test_what_is_switched_off_is_removed_with_all_that_held_it(project: Project) -> None:
    before = project.files()
    toml = project.data / "ETTh1.toml"
    changed = toml.read_text("utf-8").replace(OPTIONAL, "line_plots = false\n")
    toml.write_text(changed, encoding="utf-8")
    found = {item for item in stale(project) if item.reason == SWITCHED_OFF}
    assert found == {
        OutOfDate("colour_ranges", "all", SWITCHED_OFF),
        *(OutOfDate("line_plots", str(batch), SWITCHED_OFF) for batch in range(BATCHES)),
    }
    refresh(project)
    after = project.files()
    gone = set(before) - set(after)
    assert names("line_plots", range(BATCHES), "png") == sorted(
        (name for name in gone if name.startswith("line_plots/")),
        key=lambda name: int(name.split("_")[-1].split(".")[0]),
    )
    assert "correlations/colour_ranges.json" in gone
    assert not [name for name in after if "line_plot" in name or "colour_ranges" in name]
    assert not list((project.artifacts / ".records").glob("colour_ranges/*.json"))
    assert b"line_plots" not in after["exports/qwen/train.jsonl"]


def tick_of(project: Project, loaded: Dataset) -> str:
    settings = AutomationSettings(settle_seconds=0.0)
    sensor = dataset_sensor(loaded, project.artifacts, settings)
    found = sensor.evaluate_tick(dg.build_sensor_context(instance=project.instance))
    assert not found.run_requests
    return str(found.skip_message)


def test_the_sensor_asks_for_a_reload_instead_of_an_asset_that_dagster_does_not_know(
    tmp_path: Path,
) -> None:
    project = new_project(tmp_path, "line_plots = false\n" + PLAIN)
    loaded = project.dataset
    with_setting(project, "line_plots = true")
    expected = "the settings of etth1 add line_plots, which Dagster does not know yet: press"
    assert expected in tick_of(project, loaded)
    assert "Reload definitions" in tick_of(project, loaded)
    schedule = dataset_schedule(loaded, project.artifacts, AutomationSettings(settle_seconds=0.0))
    told = schedule.evaluate_tick(dg.build_schedule_context(instance=project.instance))
    assert expected in str(told.skip_message)
    assert reload_reason(project.dataset, project.dataset) == ""
    assert "remove line_plots" in reload_reason(project.dataset, loaded)


def test_a_lineage_that_is_only_wired_in_another_way_needs_a_reload_too(tmp_path: Path) -> None:
    project = new_project(tmp_path)
    loaded = project.dataset
    with_setting(project, 'colour_range = "train"')
    assert "add colour_ranges" in reload_reason(loaded, project.dataset)
    with_setting(project, "patch_stride = 4")
    with_setting(project, 'colour_range = "window"')
    assert reload_reason(loaded, project.dataset) == ""


def test_line_plots_are_drawn_where_tasks_ask_about_them_and_not_for_the_corpus_alone(
    tmp_path: Path,
) -> None:
    project = new_project(tmp_path)
    assert not {item for item in stale(project) if "lin" in item.asset}
    assert {i.key for i in stale(project, ["samples"]) if i.asset == "line_plots"} == {
        str(batch) for batch in range(BATCHES)
    }
    with_setting(project, "line_plots = true")
    assert {item for item in stale(project) if item.asset == "line_plots"}
    with_setting(project, "window_length = 48")
    assert {item for item in stale(project, ["samples"]) if item.asset == "altered_lines"}
    with_setting(project, "tasks = { tasks = ['break', 'anomaly'] }")
    also = stale(project, ["samples"])
    assert {item for item in also if item.asset == "altered_lines"}
    with_setting(project, "tasks = { tasks = ['break'] }")
    with_setting(project, "line_plots = false")
    assert not {item for item in stale(project, ["samples"]) if "lin" in item.asset}


def test_units_are_in_the_line_plots(project: Project) -> None:
    with (project.data / "ETTh1.toml").open("a", encoding="utf-8") as toml:
        toml.write('\n[units]\nOT = "°C"\n')
    found = {item.asset for item in stale(project)}
    assert "line_plots" in found
    assert "correlation_pngs" not in found
