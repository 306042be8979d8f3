"""Single questions for trainers with rewards: what each of them looks for is there and is right."""

import io
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import datasets
import huggingface_hub
import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from zwu_ts_assets.training.exports.formats import FORMATS
from zwu_ts_assets.training.exports.source import ExportSource
from zwu_ts_assets.training.validation import validate_export
from zwu_ts_assets_tests.training.corpora import CANVAS, conversations_for, text_source

FILES = ("train", "train-video", "validation", "validation-video", "test", "test-video")


@pytest.fixture
def folder(exports_once: Path) -> Path:
    return exports_once / "rl"


@pytest.fixture
def rows(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """As `datasets` loads them, which is what TRL, verl, EasyR1 and ms-swift load with."""
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "cache"))
    files = {name.replace("-", "_"): str(folder / f"{name}.parquet") for name in FILES}
    return dict(datasets.load_dataset("parquet", data_files=files))


def test_every_question_is_one_row_under_its_own_id(
    rows: dict[str, Any], source: ExportSource
) -> None:
    found = [row["id"] for each in rows.values() for row in each]
    asked = [turn.question.id for each in source.conversations for turn in each.turns]
    assert sorted(found) == sorted(asked)
    assert len({str(each.features) for each in rows.values()}) == 1


def test_pictures_are_embedded_and_decode_to_what_was_drawn(
    rows: dict[str, Any], source: ExportSource
) -> None:
    by_id = {sample.id: sample for sample in source.samples}
    for row in rows["train"]:
        sample = by_id[row["id"].rpartition("-")[0]]
        with Image.open(io.BytesIO(source.read_media(sample.image))) as drawn:
            assert [image.size for image in row["images"]] == [(CANVAS.width, CANVAS.height)]
            assert np.array_equal(np.asarray(row["images"][0].convert("RGB")), np.asarray(drawn))


def test_a_picture_of_many_questions_is_kept_once(source: ExportSource, tmp_path: Path) -> None:
    sample = source.samples[0]
    picture = os.urandom(200_000)
    one = conversations_for(sample)[1]
    many = [
        replace(one, turns=(replace(one.turns[0], question=replace(one.turns[0].question, id=i)),))
        for i in map("demo-{}".format, range(30))
    ]
    facts = dict(source.media)
    some = replace(
        source,
        samples=[sample],
        conversations=[replace(each, id=f"c{i}") for i, each in enumerate(many)],
        read_media=lambda path: picture,
        media=facts,
    )
    file = next(each for each in FORMATS["rl"](some) if each.path == "train.parquet")
    content = file.build()  # type: ignore[union-attr]
    assert len(content) < 2 * len(picture)
    read = pq.read_table(io.BytesIO(content)).column("images").to_pylist()
    assert [each[0]["bytes"] for each in read] == [picture] * 30


def test_trl_gets_a_prompt_without_placeholders_and_the_others_one_for_each_medium(
    rows: dict[str, Any],
) -> None:
    for name, each in rows.items():
        for row in each:
            assert row["prompt"][0]["role"] == "user"
            assert "<image>" not in row["prompt"][0]["content"]
            assert "<video>" not in row["prompt"][0]["content"]
            assert row["messages"] == [{"role": "user", "content": row["problem"]}]
            assert row["problem"].count("<image>") == len(row["images"])
            assert row["problem"].count("<video>") == len(row["videos"])
            assert bool(row["videos"]) == name.endswith("video")


def test_videos_are_files_beside_it(rows: dict[str, Any], folder: Path) -> None:
    paths = {path for each in rows.values() for row in each for path in row["videos"]}
    assert len(paths) == 6
    for path in paths:
        assert (folder / path).read_bytes()[4:8] == b"ftyp"


def test_the_reward_beside_it_gives_all_for_what_its_rows_call_right(
    rows: dict[str, Any], folder: Path
) -> None:
    asked = [
        {"reply": row["extra_info"]["reply"], "truth": row[key]}
        for row in rows["test"]
        for key in ("answer", "solution")
    ]
    asked += [
        {"reply": "Answer: A, B, C", "truth": row["reward_model"]["ground_truth"]}
        for row in rows["test"]
    ]
    code = (
        "import json, sys, reward\n"
        "asked = json.load(sys.stdin)\n"
        "print(json.dumps([reward.compute_score('d', a['reply'], a['truth'], {})['score'] "
        "for a in asked]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(folder), "PATH": os.environ["PATH"]},
    )
    found = json.loads(done.stdout)
    right = 2 * len(rows["test"])
    assert found == [1.0] * right + [0.0] * (len(found) - right)


def test_it_is_validated_like_all_other_formats(folder: Path, tmp_path: Path) -> None:
    report = validate_export(folder, "rl")
    assert report.problems == []
    assert report.questions == 18
    assert report.media == 12
    file = folder / "train.parquet"
    damaged = tmp_path / "rl"
    damaged.mkdir()
    for path in folder.rglob("*"):
        if path.is_file():
            copy = damaged / path.relative_to(folder)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    (damaged / "train.parquet").write_bytes(file.read_bytes()[:-20])
    (damaged / "media" / "videos" / "batch_0.mp4").unlink()
    problems = [str(each) for each in validate_export(damaged, "rl").problems]
    assert any(
        each.startswith("train.parquet: ") and "is not Parquet of this format" in each
        for each in problems
    )
    assert any("batch_0.mp4: the file is missing" in each for each in problems)


def test_a_split_without_videos_is_no_obstacle_where_columns_have_types() -> None:
    source = text_source()
    kept = [each for each in source.conversations if each.split == "train" or not each.videos]
    for name in ("rl", "lmms_eval", "vlmevalkit"):
        paths = {file.path for file in FORMATS[name](replace(source, conversations=kept))}
        assert "corpus.json" in paths
    names = {each.path for each in FORMATS["rl"](replace(source, conversations=kept))}
    assert "train-video.parquet" in names
    assert "test-video.parquet" not in names
