"""Each check fails on an artifact that is not what it should be, and names the batch."""

from dataclasses import replace

import dagster as dg
import pandas as pd
import pytest

from zwu_ts_assets.config.settings import Settings
from zwu_ts_assets.figures.figure import Canvas
from zwu_ts_assets.figures.mp4 import Frame, encode_mp4
from zwu_ts_assets.figures.video import draw_patch_frames
from zwu_ts_assets.orchestration.assets.training_products import leak_of
from zwu_ts_assets.training.sample_table import encode_samples
from zwu_ts_assets_tests.project import FEATURES, SETTINGS, Project, checks
from zwu_ts_assets_tests.training.builders import sample_of, walk


def rerun(project: Project, *assets: str) -> dict[str, dg.AssetCheckEvaluation]:
    """Run the assets' checks once more; what is current is not made again."""
    result = project.materialize(*assets, batches=(0, 2))
    return {e.check_name: e for e in result.get_asset_check_evaluations()}


def accept(project: Project, asset: str, key: str, name: str, data: bytes) -> None:
    """Put other bytes under an artifact's name, with a record that vouches for them."""
    from zwu_ts_assets.storage.folder_store import FolderStore

    store = FolderStore(project.artifacts)
    record = store.record(asset, key)
    assert record is not None
    files = {**record.files, name: store.write(name, data)}
    store.write_record(asset, key, replace(record, files=files))


def drawn_frames(project: Project) -> list[Frame]:
    """The frames of batch 0's video, drawn once more."""
    windows = pd.read_parquet(project.artifacts / "batch_windows" / "batch_0.parquet")
    drawing = draw_patch_frames(
        windows[list(FEATURES)].to_numpy(),
        FEATURES,
        patch_length=12,
        patch_stride=6,
        canvas=Canvas(448, 224),
        frame_multiple=2,
    )
    return list(drawing)


def test_a_png_of_another_size_fails_the_check(built: Project) -> None:
    import io

    from PIL import Image

    buffer = io.BytesIO()
    Image.new("RGB", (448, 192)).save(buffer, "PNG")
    accept(built, "correlation_pngs", "1", "correlations/batch_1.png", buffer.getvalue())
    evaluation = rerun(built, "correlation_pngs")["pngs_decode_to_the_canvas"]
    assert not evaluation.passed
    assert evaluation.description == "batch 1 is PNG RGB 448x192, not PNG RGB 448x224"


def test_a_png_cut_short_fails_the_check(built: Project) -> None:
    png = (built.artifacts / "correlations" / "batch_2.png").read_bytes()
    accept(built, "correlation_pngs", "2", "correlations/batch_2.png", png[: len(png) // 2])
    evaluation = rerun(built, "correlation_pngs")["pngs_decode_to_the_canvas"]
    assert not evaluation.passed
    assert evaluation.description is not None
    assert evaluation.description.startswith("batch 2 does not decode")


def test_a_video_with_a_frame_too_few_fails_the_check(built: Project) -> None:
    name = "patch_videos/batch_0.mp4"
    frames = drawn_frames(built)
    accept(built, "patch_videos", "0", name, encode_mp4(frames[:-1], 2.0))
    evaluation = rerun(built, "patch_videos")["videos_decode_to_every_frame"]
    assert not evaluation.passed
    assert evaluation.description == "batch 0 has 3 frames, not 4"


def test_a_video_at_another_rate_fails_the_check(built: Project) -> None:
    name = "patch_videos/batch_0.mp4"
    frames = drawn_frames(built)
    accept(built, "patch_videos", "0", name, encode_mp4(frames, 4.0))
    evaluation = rerun(built, "patch_videos")["videos_decode_to_every_frame"]
    assert not evaluation.passed
    assert evaluation.description == "batch 0 plays at 4.0 frames per second, not 2.0"


def test_ids_that_give_other_tokens_fail_the_check(built: Project) -> None:
    name = "correlations/batch_stats_tokens.jsonl"
    rows = (built.artifacts / name).read_bytes().replace(b"[2, 4, 5,", b"[2, 5, 5,", 1)
    accept(built, "vocab", "all", name, rows)
    evaluation = rerun(built, "vocab")["ids_give_the_tokens"]
    assert not evaluation.passed
    assert evaluation.description == "the ids of batch 0 do not give its tokens"


def test_ids_that_decode_to_another_text_fail_the_check(built: Project) -> None:
    name = "correlations/batch_stats_qwen.jsonl"
    rows = (built.artifacts / name).read_bytes().replace(b'"ids": [88014', b'"ids": [88015', 1)
    accept(built, "qwen_tokens", "all", name, rows)
    evaluation = rerun(built, "qwen_tokens", "batch_stats")["ids_decode_to_the_text"]
    assert not evaluation.passed
    assert evaluation.description == "the ids of batch 0 do not decode to its text"


def test_a_check_in_a_run_for_one_batch_looks_at_that_batch(built: Project) -> None:
    result = built.materialize("correlation_pngs", batches=(1, 1))
    evaluations = {e.check_name: e for e in result.get_asset_check_evaluations()}
    evaluation = evaluations["pngs_decode_to_the_canvas"]
    assert evaluation.passed
    assert evaluation.metadata["batches"].value == 1


def test_constant_columns_pass_the_matrix_check(tmp_path_factory: pytest.TempPathFactory) -> None:
    project = Project(tmp_path_factory.mktemp("constant"))
    lines = project.csv.read_text(encoding="utf-8").splitlines()
    cut = [line.rsplit(",", 2)[0] + ",0.1,0.1" for line in lines[1:]]
    project.csv.write_text("\n".join([lines[0], *cut]) + "\n", encoding="utf-8")
    result = project.materialize("etth1_raw", "batch_windows", batches=(0, 2))
    assert checks(result)["matrices_are_sound"]


def test_a_cap_on_the_batches_is_no_missing_batch(tmp_path_factory: pytest.TempPathFactory) -> None:
    project = Project(tmp_path_factory.mktemp("cap"), settings=SETTINGS + "max_batches = 2\n")
    result = project.materialize("etth1_raw", "batch_windows", "batch_stats", batches=(0, 1))
    assert checks(result)["text_covers_every_batch"]


@pytest.mark.parametrize(("embargo_rows", "told"), [(3, ""), (4, "at least 4 row(s)")])
def test_the_check_of_samples_holds_the_embargo_of_the_settings(
    embargo_rows: int, told: str
) -> None:
    values = walk(96)
    before = sample_of(values, start=0)
    after = replace(sample_of(values, start=99), split="validation")
    files = {
        "train": encode_samples([before]),
        "validation": encode_samples([after]),
        "test": encode_samples([]),
    }
    settings = Settings.model_validate({"split": {"embargo_rows": embargo_rows}})
    problem = leak_of(files, settings)
    assert (told in problem) if told else problem == ""
