"""The last mile through Dagster: samples, preflight and exports of a small corpus."""

import json
from pathlib import Path
from typing import Any

import dagster as dg
import datasets
import huggingface_hub
import pytest
import webdataset

from zwu_ts_assets.orchestration.build import build_definitions
from zwu_ts_assets.orchestration.check_definitions import CURRENT_CHECK
from zwu_ts_assets.orchestration.refresh.comparison import (
    FOLLOWS,
    MISSING,
    OutOfDate,
    difference,
)
from zwu_ts_assets.orchestration.specs import SPECS, TRAINING
from zwu_ts_assets_tests.last_mile import (
    FORMATS,
    PLAIN,
    SAMPLES,
    SPLIT,
    change_row,
    copy_of,
    evaluations,
    new_project,
    run,
    stale,
    with_setting,
)
from zwu_ts_assets_tests.project import Project, failures, metadata

EXPORTS = tuple(f"{name}_export" for name in FORMATS)
MADE_FROM = ("samples", "questions", "evidence", "baselines")
Whole = tuple[Project, dg.ExecuteInProcessResult]


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def whole(exported_once: Whole) -> Whole:
    return exported_once


@pytest.fixture
def project(whole: Whole, tmp_path: Path) -> Project:
    return copy_of(whole[0].data.parent, tmp_path / "project")


def test_one_run_makes_the_last_mile_after_the_corpus(whole: Whole) -> None:
    project, result = whole
    assert result.success, failures(result)
    events = result.get_asset_materialization_events()
    made = {event.asset_key.to_user_string() for event in events if event.asset_key}
    assert set(TRAINING) <= made
    folders = {path.name for path in (project.artifacts / "exports").iterdir()}
    assert folders == set(FORMATS)


def test_every_check_of_the_last_mile_runs_and_only_the_consumers_may_be_warned_of(
    whole: Whole,
) -> None:
    looked = [each for each in evaluations(whole[1]) if each[1] != CURRENT_CHECK]
    found = [each for each in looked if each[0] in TRAINING]
    assert sorted(each[:2] for each in found) == sorted(
        [
            ("samples", "splits_share_no_row"),
            ("questions", "answers_are_balanced"),
            ("evidence", "questions_need_their_media"),
            ("preflight", "consumers_lose_nothing"),
            *((name, "export_is_sound") for name in EXPORTS),
        ]
    )
    # The canvas of the tests is too small to be read, which is the consumers' trouble alone.
    assert [each[:2] for each in found if not each[2]] == [("preflight", "consumers_lose_nothing")]
    assert [each[1] for each in found if each[3]] == ["consumers_lose_nothing"]


def test_metadata_tell_counts_and_stay_short(whole: Whole) -> None:
    project, _ = whole
    told = metadata(project, "samples")
    assert {name: told[f"{name}_samples"] for name in SAMPLES} == SAMPLES
    assert told["windows_embargoed"] == 2
    assert (told["train_rows"], told["validation_rows"]) == ("0..206", "207..275")
    conversations = rows_of(project, "qwen")
    for name in EXPORTS:
        told = metadata(project, name)
        assert told["samples"] == sum(SAMPLES.values())
        if name in ("qwen_export", "ms_swift_export", "llama_factory_export", "webdataset_export"):
            assert {s: told[f"{s}_conversations"] for s in SAMPLES} == {
                split: len(rows) for split, rows in conversations.items()
            }
        folder = project.artifacts / "exports" / name.removesuffix("_export")
        paths = [Path(value) for key, value in told.items() if key.split(" ")[0] == "path"]
        assert paths == [folder] or all(folder in path.parents for path in paths)
        # An export may have hundreds of files, and every event is kept for ever.
        assert len(told) < 20 or len(paths) < 10
    told = metadata(project, "preflight")
    assert told["conversations"] == sum(map(len, conversations.values()))
    assert told["qwen3_vl_tokens"] > 0
    assert "](/artifacts/preflight/preflight.png.preview.jpg?" in told["preview"]
    assert told["report"].startswith("Figures of 448x224")
    for name in ("samples", "questions", "evidence", "baselines"):
        assert len(metadata(project, name)["preview"]) < 1_000


def test_the_lineage_reaches_from_the_csv_to_each_export(whole: Whole) -> None:
    definitions = build_definitions([whole[0].dataset], whole[0].artifacts)
    specs = {spec.key.to_user_string(): spec for spec in definitions.resolve_all_asset_specs()}

    def above(name: str) -> set[str]:
        deps = {each.asset_key.to_user_string() for each in specs[name].deps}
        return deps.union(*map(above, deps))

    for name in (*EXPORTS, "preflight"):
        assert {"etth1_csv", "etth1_raw", "batch_windows", "samples"} <= above(name)
    for name in EXPORTS:
        direct = {each.asset_key.to_user_string() for each in specs[name].deps}
        assert direct == {
            *("samples", "questions", "evidence", "baselines"),
            *("correlation_pngs", "line_plots", "patch_videos"),
        }


def test_afterwards_nothing_is_out_of_date(whole: Whole) -> None:
    assert stale(whole[0]) == set()
    found = difference(whole[0].dataset, whole[0].artifacts)
    assert set(TRAINING) <= set(found.assets)


def test_the_last_mile_is_compared_only_if_somebody_wants_it(tmp_path: Path) -> None:
    project = new_project(tmp_path)

    def wanted(*also: str) -> dict[str, str]:
        found = difference(project.dataset, project.artifacts, also)
        assert {item.asset for item in found.stale} <= set(found.assets)
        last_mile = {spec.name for spec in SPECS if spec.last_mile}
        return {i.asset: i.reason for i in found.stale if i.asset in last_mile}

    assert wanted() == {}
    drawn = {"line_plots": MISSING}  # asked about, while so short windows have no altered copies
    followers = dict.fromkeys((*MADE_FROM, "qwen_export"), FOLLOWS)
    assert wanted("qwen_export") == drawn | followers
    with_setting(project, 'exports = ["webdataset"]')
    assert wanted() == drawn | dict.fromkeys((*MADE_FROM, "webdataset_export"), FOLLOWS)


def test_what_was_made_once_is_kept_current(project: Project) -> None:
    change_row(project, 106, 7.25)
    found = {item for item in stale(project) if item.asset in TRAINING}
    assert found == {OutOfDate(name, "all", FOLLOWS) for name in TRAINING}


def test_without_samples_the_exports_follow(project: Project) -> None:
    (project.artifacts / ".records" / "samples" / "all.json").unlink()
    others = {name for name in TRAINING if name != "samples"}
    assert stale(project) == {
        OutOfDate("samples", "all", MISSING),
        *(OutOfDate(name, "all", FOLLOWS) for name in others),
    }


def test_prompts_that_cannot_be_used_are_told_where_they_are_needed(
    project: Project, tmp_path: Path
) -> None:
    folder = tmp_path / "prompts"
    folder.mkdir()
    template = folder / "media.j2"
    template.write_text("{% if %}", encoding="utf-8")
    with_setting(project, f'prompts = "{folder}"')
    before = difference(project.dataset, project.artifacts)
    assert {(i.asset, i.reason) for i in before.stale} == {
        (name, "its prompts cannot be used") for name in TRAINING if name not in MADE_FROM
    }
    (sentence, *_) = failures(run(project))
    assert f"{template}, line 1" in sentence
    # Mended prompts are another state to be reached, which is tried anew.
    template.write_text("Look at {{ rows }} steps.", encoding="utf-8")
    after = difference(project.dataset, project.artifacts)
    assert after.goal != before.goal
    assert "its prompts cannot be used" not in {item.reason for item in after.stale}


def test_of_no_sample_nothing_is_made_and_the_run_does_not_fail(tmp_path: Path) -> None:
    project = new_project(tmp_path)
    project.configure(PLAIN + SPLIT + "embargo_rows = 180\n")
    result = project.materialize(
        "etth1_raw",
        *("batch_windows", "correlation_pngs", "line_plots", "patch_videos", "batch_stats"),
        *("qwen_tokens", *MADE_FROM, "preflight", "qwen_export"),
        batches=(1, 1),
    )
    assert failures(result) == []
    assert (project.artifacts / "samples" / "train.parquet").is_file()
    assert not (project.artifacts / "preflight").exists()
    assert not (project.artifacts / "exports").exists()


def rows_of(project: Project, name: str) -> dict[str, list[dict[str, Any]]]:
    folder = project.artifacts / "exports" / name
    return {
        split: [json.loads(line) for line in (folder / f"{split}.jsonl").open(encoding="utf-8")]
        for split in SAMPLES
    }


def test_clients_load_as_many_rows_as_went_in(
    whole: Whole, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "cache"))
    datasets.disable_progress_bars()
    exports = whole[0].artifacts / "exports"
    asked = {split: len(rows) for split, rows in rows_of(whole[0], "qwen").items()}
    assert all(count >= SAMPLES[split] for split, count in asked.items())

    def lengths(loaded: Any) -> dict[str, int]:
        return {split: len(rows) for split, rows in loaded.items()}

    for name in ("qwen", "ms_swift", "llama_factory"):
        extension = "json" if name == "llama_factory" else "jsonl"
        files = {s: str(exports / name / f"{s}.{extension}") for s in SAMPLES}
        assert lengths(datasets.load_dataset("json", data_files=files)) == asked
    folder = str(exports / "huggingface")
    kinds = {kind: datasets.load_dataset(folder, kind) for kind in ("images", "videos")}
    assert lengths(datasets.load_dataset(folder, "samples")) == SAMPLES
    for split, rows in rows_of(whole[0], "qwen").items():
        questions = {each["id"] for row in rows for each in row["questions"]}
        columns = [loaded[split]["questions"] for loaded in kinds.values() if split in loaded]
        found = [each["id"] for column in columns for turns in column for each in turns]
        assert sorted(found) == sorted(questions)
    picture = kinds["images"]["train"][0]["images"][0]
    assert picture.size == (448, 224)
    for split, count in SAMPLES.items():
        shards = sorted(map(str, (exports / "webdataset").glob(f"{split}-*.tar")))
        assert len(shards) == min(4, count)
        rows = list(webdataset.WebDataset(shards, shardshuffle=False))
        assert len(rows) == count
        told = [json.loads(row["json"]) for row in rows]
        assert sum(len(row["conversations"]) for row in told) == asked[split]
        assert all(row["png"] and row["mp4"] for row in rows)


def test_without_a_target_span_nothing_but_the_forecast_is_left_out(tmp_path: Path) -> None:
    project = new_project(tmp_path, PLAIN.replace("horizon = 6", "horizon = 0"))
    result = run(project, EXPORTS)
    assert result.success, failures(result)
    assert all(passed or warning for _, _, passed, warning in evaluations(result))
    manifest = json.loads((project.artifacts / "exports/qwen/corpus.json").read_text("utf-8"))
    conversations = [each for sample in manifest["samples"] for each in sample["conversations"]]
    tasks = {turn["task"] for each in conversations for turn in each["turns"]}
    assert {"closest_pair", "frame_pair"} <= tasks
    assert not {task for task in tasks if task.startswith("ahead") or task == "forecast"}
