"""The lineage end to end on a small CSV: what each asset writes, and what it says of it."""

import hashlib
import json
from pathlib import Path

import dagster as dg
import pytest

from zwu_ts_assets_tests.project import (
    FEATURES,
    SETTINGS,
    Project,
    checks,
    failures,
    metadata,
    names,
    write_csv,
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, dg.ExecuteInProcessResult]:
    project = Project(tmp_path_factory.mktemp("whole"))
    return project, project.materialize(batches=(0, 2))


Whole = tuple[Project, dg.ExecuteInProcessResult]


def test_one_run_over_the_range_makes_every_artifact(whole: Whole) -> None:
    project, result = whole
    assert result.success, failures(result)
    assert sorted(project.files()) == sorted(
        [
            "etth1_raw.parquet",
            *names("batch_windows", range(3), "parquet"),
            *names("correlations", range(3), "png"),
            *names("patch_videos", range(3), "mp4"),
            "correlations/batch_stats.txt",
            "correlations/batch_stats_qwen.jsonl",
            "correlations/batch_stats_tokens.jsonl",
            "correlations/vocab.json",
            "correlations/vocab_qwen.json",
        ]
    )


def test_every_check_runs_in_that_run_and_passes(whole: Whole) -> None:
    assert checks(whole[1]) == {
        "matrices_are_sound": True,
        "pngs_decode_to_the_canvas": True,
        "videos_decode_to_every_frame": True,
        "text_covers_every_batch": True,
        "text_tells_every_variance": True,
        "ids_give_the_tokens": True,
        "ids_decode_to_the_text": True,
    }


def test_rows_that_fill_no_batch_are_told(whole: Whole) -> None:
    told = metadata(whole[0], "etth1_raw")
    assert told["rows"] == 77
    assert told["batches"] == 3
    assert told["rows_in_no_batch"] == 5


def test_a_batch_tells_its_rows_and_how_much_of_its_target_exists(whole: Whole) -> None:
    first, last = (metadata(whole[0], "patch_videos", batch) for batch in (0, 2))
    assert (first["past_rows"], first["target_span"]) == ("0..23", "24..47")
    assert (first["target_rows"], first["target_complete"]) == (24, True)
    assert (last["past_rows"], last["target_span"]) == ("48..71", "72..95")
    assert (last["target_rows"], last["target_complete"]) == (5, False)


def test_a_video_has_a_frame_per_patch_and_the_last_one_repeated(whole: Whole) -> None:
    told = metadata(whole[0], "patch_videos", 1)
    assert (told["patches"], told["repeated_frames"], told["frames"]) == (3, 1, 4)
    assert told["fps"] == 2.0


def test_every_materialization_shows_path_size_hash_and_something_to_look_at(
    whole: Whole,
) -> None:
    project, _ = whole
    for asset, batch in (("correlation_pngs", 1), ("patch_videos", 1)):
        told = metadata(project, asset, batch)
        path = Path(told["path"])
        assert path.is_file()
        assert told["bytes"] == path.stat().st_size
        assert len(told["sha256"]) == 64
        name = path.relative_to(project.artifacts)
        version = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
        assert f"](/artifacts/{name}.preview.jpg?{version})" in told["preview"]
        # The web UI shows at once what is shorter, and the event log keeps it for ever.
        assert len(told["preview"]) < 1_000
        assert next(iter(told)) == "preview"
        assert told["gallery"] == "/artifacts/gallery/index.html#row=b1"
    assert "HUFL: Mean=" in metadata(project, "batch_stats")["preview"]
    assert metadata(project, "qwen_tokens")["entries"] == 151_669
    assert metadata(project, "qwen_tokens")["ids"] > 0


def test_the_data_version_of_the_raw_table_is_its_content(tmp_path: Path) -> None:
    def version(project: Project) -> str:
        assert project.materialize("etth1_raw").success
        event = project.instance.get_latest_materialization_event(dg.AssetKey("etth1_raw"))
        assert event is not None
        assert event.asset_materialization is not None
        assert event.asset_materialization.tags is not None
        return event.asset_materialization.tags["dagster/data_version"]

    (tmp_path / "a").mkdir()
    project = Project(tmp_path / "a")
    first = version(project)
    project.csv.touch()
    assert version(project) == first
    write_csv(project.csv, 77, seed=8)
    assert version(project) != first


def test_a_run_for_one_batch_gives_text_for_that_batch_visibly_partial(tmp_path: Path) -> None:
    project = Project(tmp_path)
    result = project.materialize(batches=(1, 1))
    assert result.success, failures(result)
    text = (project.artifacts / "correlations" / "batch_stats.txt").read_text(encoding="utf-8")
    assert text.startswith("--- Batch 1 ---\n")
    assert text.count("--- Batch") == 1
    told = metadata(project, "batch_stats")
    assert (told["batches"], told["known_batches"], told["complete"]) == (1, 3, False)
    assert checks(result)["text_covers_every_batch"] is False
    rows = (project.artifacts / "correlations" / "batch_stats_qwen.jsonl").read_bytes()
    assert [json.loads(line)["batch"] for line in rows.splitlines()] == [1]


def test_a_csv_of_exactly_one_batch_works(tmp_path: Path) -> None:
    project = Project(tmp_path, rows=24)
    result = project.materialize(batches=(0, 0))
    assert result.success, failures(result)
    assert all(checks(result).values())
    assert metadata(project, "etth1_raw")["rows_in_no_batch"] == 0
    assert metadata(project, "patch_videos", 0)["target_rows"] == 0


def test_what_is_current_is_kept_and_said_to_be(built: Project) -> None:
    project = built
    before = project.modified()
    assert project.materialize(batches=(0, 2)).success
    assert project.modified() == before
    assert metadata(project, "correlation_pngs", 1)["rewritten"] is False
    # What is shown of a kept artifact is as rich as of a new one.
    assert "preview" in metadata(project, "correlation_pngs", 1)


def test_force_makes_again_what_is_current_and_gives_the_same_bytes(built: Project) -> None:
    project = built
    before = project.files()
    force = {"ops": {"patch_videos": {"config": {"force": True}}}}
    assert project.materialize("patch_videos", batches=(1, 1), config=force).success
    assert metadata(project, "patch_videos", 1)["rewritten"] is True
    assert project.files() == before


@pytest.mark.parametrize(
    ("line", "rewritten"),
    [
        ("patch_stride = 12", {"patch_videos"}),
        ("fps = 4", {"patch_videos"}),
        ("frame_multiple = 4\nmax_batches = 3", set()),
        ("title_batch_index = true", {"patch_videos", "correlations/batch_0.png"}),
    ],
)
def test_a_changed_setting_makes_dependent_artifacts_out_of_date(
    built: Project, line: str, rewritten: set[str]
) -> None:
    project = built
    before = project.files()
    kept = [s for s in SETTINGS.splitlines() if s.split(" =")[0] != line.split(" =")[0]]
    project.configure("\n".join([*kept, line]))
    assert project.materialize(batches=(0, 2)).success
    after = project.files()
    changed = {name for name in after if after[name] != before[name]}
    assert {n if "png" in n else n.split("/")[0] for n in changed} == (
        rewritten
        | ({f"correlations/batch_{b}.png" for b in range(3)} if "png" in str(rewritten) else set())
    )


def test_only_the_batch_whose_row_changed_is_made_again(built: Project) -> None:
    project = built
    before = project.modified()
    lines = project.csv.read_text(encoding="utf-8").splitlines()
    lines[1 + 30] = lines[1 + 30].rsplit(",", 1)[0] + ",99.5"
    project.csv.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert project.materialize(batches=(0, 2)).success
    after = project.modified()
    assert {name for name in after if after[name] != before[name]} == {
        "etth1_raw.parquet",
        "batch_windows/batch_1.parquet",
        "correlations/batch_1.png",
        "patch_videos/batch_1.mp4",
        "correlations/batch_stats.txt",
        "correlations/batch_stats_qwen.jsonl",
        "correlations/batch_stats_tokens.jsonl",
        "correlations/vocab.json",
    }


def test_windows_made_with_other_settings_are_no_part_of_the_text(built: Project) -> None:
    project = built
    project.configure(SETTINGS.replace("window_length = 24", "window_length = 36"))
    assert project.materialize(batches=(1, 1)).success
    told = metadata(project, "batch_stats")
    assert (told["batches"], told["known_batches"]) == (1, 2)


def test_windows_keep_timestamps_names_and_exact_values(whole: Whole) -> None:
    import csv

    import pandas as pd

    project, _ = whole
    with project.csv.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))[24:48]
    window = pd.read_parquet(project.artifacts / "batch_windows" / "batch_1.parquet")
    assert list(window.columns) == ["timestamp", *FEATURES]
    assert [str(stamp) for stamp in window["timestamp"]] == [row["date"] for row in rows]
    for name in FEATURES:
        assert window[name].tolist() == [float(row[name]) for row in rows]


def test_the_batch_index_is_in_the_titles_only_if_asked(tmp_path: Path) -> None:
    project = Project(tmp_path)
    write_csv(project.csv, 48)
    lines = project.csv.read_text(encoding="utf-8").splitlines()
    # Two batches with equal rows: their figures differ only if the titles tell them apart.
    rows = [line.split(",", 1) for line in lines[1:]]
    alike = [f"{when},{rows[i % 24][1]}" for i, (when, _) in enumerate(rows)]
    project.csv.write_text("\n".join([lines[0], *alike]) + "\n", encoding="utf-8")
    assert project.materialize(batches=(0, 1)).success
    files = project.files()
    assert files["correlations/batch_0.png"] == files["correlations/batch_1.png"]
    project.configure(SETTINGS + "title_batch_index = true\n")
    assert project.materialize(batches=(0, 1)).success
    files = project.files()
    assert files["correlations/batch_0.png"] != files["correlations/batch_1.png"]


def test_windows_of_other_columns_are_no_part_of_the_text(built: Project) -> None:
    built.configure(SETTINGS + 'features = ["HUFL", "OT"]\n')
    assert built.materialize(batches=(1, 1)).success
    told = metadata(built, "batch_stats")
    assert (told["batches"], told["complete"]) == (1, False)


def test_a_changed_horizon_is_told_by_every_video(tmp_path: Path) -> None:
    project = Project(tmp_path, settings=SETTINGS.replace("horizon = 24", "horizon = 5"))
    assets = ("etth1_raw", "batch_windows", "patch_videos")
    assert project.materialize(*assets, batches=(2, 2)).success
    assert metadata(project, "patch_videos", 2)["target_complete"] is True
    project.configure(SETTINGS)
    assert project.materialize(*assets, batches=(2, 2)).success
    told = metadata(project, "patch_videos", 2)
    assert (told["target_span"], told["target_complete"]) == ("72..95", False)


def test_the_raw_table_tells_the_batches_of_the_settings_it_has_now(built: Project) -> None:
    built.configure(SETTINGS.replace("window_length = 24", "window_length = 36"))
    assert built.materialize("etth1_raw").success
    told = metadata(built, "etth1_raw")
    assert (told["batches"], told["rows_in_no_batch"]) == (2, 5)


def test_the_text_is_not_replaced_by_nothing(built: Project) -> None:
    before = built.files()
    built.configure(SETTINGS.replace("window_length = 24", "window_length = 36"))
    (said,) = failures(built.materialize("batch_stats"))
    assert "materialize batch_windows first" in said
    assert built.files() == before


def test_rows_that_the_table_does_not_have_yet_are_told(built: Project) -> None:
    write_csv(built.csv, 120)
    (said,) = failures(built.materialize("batch_windows", batches=(4, 4)))
    assert "batch 4 is not in etth1_raw yet, which has 3 batches" in said
    assert "materialize etth1_raw first" in said


@pytest.mark.parametrize(
    "body", ["split = re.compile(r'\\w+').findall", "def split(text): return text.split()"]
)
def test_another_splitter_makes_the_vocabulary_and_a_change_to_it_remakes_it(
    built: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, body: str
) -> None:
    import importlib
    import sys

    module = tmp_path / "my_splitter.py"
    module.write_text(f"import re\n{body}\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "my_splitter", raising=False)
    importlib.invalidate_caches()
    monkeypatch.setenv("ZWU_TS_ALLOWED_MODULES", "my_splitter")
    built.configure(SETTINGS + 'splitter = "my_splitter:split"\n')
    assert built.materialize("vocab").success
    rows = (built.artifacts / "correlations" / "batch_stats_tokens.jsonl").read_bytes()
    tokens = json.loads(rows.splitlines()[0])["tokens"]
    assert tokens[:2] in (["HUFL", "Mean"], ["HUFL:", f"Mean={tokens[1][5:]}"])
    assert metadata(built, "vocab")["rewritten"] is True
    assert built.materialize("vocab").success
    assert metadata(built, "vocab")["rewritten"] is False
    module.write_text(f"import re\n# changed\n{body}\n", encoding="utf-8")
    assert built.materialize("vocab").success
    assert metadata(built, "vocab")["rewritten"] is True
