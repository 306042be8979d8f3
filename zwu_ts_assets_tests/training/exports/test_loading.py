"""Every export, loaded with a client that is not ours: as many rows out as went in."""

import io
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import datasets
import huggingface_hub
import pytest
import webdataset
from PIL import Image

from zwu_ts_assets.training.exports.formats import FORMATS
from zwu_ts_assets.training.exports.source import ExportSource
from zwu_ts_assets.training.processor import Size
from zwu_ts_assets.training.readers import Clip
from zwu_ts_assets.training.sample import Conversation
from zwu_ts_assets_tests.training.corpora import (
    CANVAS,
    FPS,
    SPLIT_OF_SAMPLE,
    add_up,
    count_words,
    text_source,
    write_export,
)

SPLITS = ("train", "validation", "test")
SAMPLES = {split: SPLIT_OF_SAMPLE.count(split) for split in SPLITS}
CONVERSATIONS = {split: 2 * count for split, count in SAMPLES.items()}


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep `datasets` from asking a hub, and its cache out of the user's home."""
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "cache"))
    datasets.disable_progress_bars()


def load(*arguments: Any, **options: Any) -> dict[str, Any]:
    return dict(datasets.load_dataset(*arguments, **options))


def lengths(loaded: dict[str, Any]) -> dict[str, int]:
    return {split: len(rows) for split, rows in loaded.items()}


@pytest.mark.parametrize("name", ["qwen", "ms_swift", "llama_factory"])
def test_datasets_reads_every_row_of_a_format_with_a_file_per_split(
    exports_once: Path, source: ExportSource, name: str
) -> None:
    extension = "json" if name == "llama_factory" else "jsonl"
    files = {split: str(exports_once / name / f"{split}.{extension}") for split in SPLITS}
    loaded = load("json", data_files=files)
    assert lengths(loaded) == CONVERSATIONS
    assert len({str(rows.features) for rows in loaded.values()}) == 1
    ids = [name for split in SPLITS for name in loaded[split]["id"]]
    assert ids == [each.id for each in source.conversations]


@pytest.mark.parametrize("name", ["qwen", "ms_swift", "llama_factory"])
def test_media_of_a_row_are_found_from_the_folder(exports_once: Path, name: str) -> None:
    folder = exports_once / name
    extension = "json" if name == "llama_factory" else "jsonl"
    files = {split: str(folder / f"{split}.{extension}") for split in SPLITS}
    images, videos = ("image", "video") if name == "qwen" else ("images", "videos")
    seen = set()
    for row in (row for rows in load("json", data_files=files).values() for row in rows):
        for path in row[images]:
            with Image.open(folder / path) as image:
                assert image.size == (CANVAS.width, CANVAS.height)
        for path in row[videos]:
            assert decoded(folder / path) == (4, FPS, CANVAS.width, CANVAS.height)
            seen.add(folder / path)
    assert seen == set(folder.rglob("*.mp4"))


def decoded(video: Path | io.BytesIO) -> tuple[int, float, int, int]:
    """Frames, frames per second, width and height by PyAV."""
    name = video if isinstance(video, io.BytesIO) else str(video)
    with av.open(name, mode="r") as container:
        stream = container.streams.video[0]
        frames = len(list(container.decode(stream)))
        assert stream.average_rate is not None
        return frames, float(stream.average_rate), stream.width, stream.height


def same_content(row: dict[str, Any], conversation: Conversation) -> None:
    """Hold a row of the hub against the conversation that it is."""
    said = [turn for message in row["messages"] for turn in [message["content"]]]
    kinds = [[part["type"] for part in content if part["type"] != "text"] for content in said]
    texts = ["".join(part["text"] or "" for part in content).strip() for content in said]
    expected_kinds, expected_texts = [], []
    for turn in conversation.turns:
        expected_kinds += [["image"] * turn.images + ["video"] * turn.videos, []]
        expected_texts += [turn.prompt.strip(), turn.answer]
    assert (kinds, texts) == (expected_kinds, expected_texts)
    assert [message["role"] for message in row["messages"]] == ["user", "assistant"] * (
        len(conversation.turns)
    )
    for asked, turn in zip(row["questions"], conversation.turns, strict=True):
        question = turn.question
        typed = (asked["task"], asked["level"], asked["form"], asked["answer"])
        assert typed == (question.task, question.level, question.form, question.answer)
        assert asked["tolerance"] == question.tolerance
        assert tuple(asked["needs"].split("+")) == question.needs
        assert tuple(asked["options"].split("\n")) == question.options


def test_the_hub_gets_a_row_per_conversation_with_its_media_bit_for_bit(
    exports_once: Path, source: ExportSource
) -> None:
    folder = str(exports_once / "huggingface")
    conversations = {each.id: each for each in source.conversations}
    met: list[str] = []
    for kind in ("images", "videos"):
        loaded = load(folder, kind)
        assert lengths(loaded) == SAMPLES  # one of each kind
        assert len({str(rows.features) for rows in loaded.values()}) == 1
        for split, rows in loaded.items():
            raw = rows.cast_column("images", datasets.List(datasets.Image(decode=False)))
            raw = raw.cast_column("videos", datasets.List(datasets.Video(decode=False)))
            for row, held in zip(rows.select_columns(["id", "images"]), raw, strict=True):
                conversation = conversations[row["id"]]
                met.append(conversation.id)
                assert conversation.split == split
                assert bool(conversation.videos) == (kind == "videos")
                for column, paths in (
                    ("images", conversation.images),
                    ("videos", conversation.videos),
                ):
                    found = [each["bytes"] for each in held[column]]
                    assert found == [source.read_media(path) for path in paths]
                for picture, path in zip(row["images"], conversation.images, strict=True):
                    png = Image.open(io.BytesIO(source.read_media(path)))
                    assert picture.tobytes() == png.tobytes()
                assert all(decoded(io.BytesIO(e["bytes"]))[0] == 4 for e in held["videos"])
                same_content(held, conversation)
    assert sorted(met) == sorted(conversations)


def test_the_hub_shows_pictures_first_and_tells_the_samples_apart(
    exports_once: Path, source: ExportSource
) -> None:
    folder = str(exports_once / "huggingface")
    assert datasets.get_dataset_config_names(folder) == ["images", "videos", "samples"]
    loaded = load(folder)
    assert lengths(loaded) == SAMPLES
    assert loaded["train"].features["images"] == datasets.List(datasets.Image())
    assert load(folder, "videos")["train"].features["videos"] == datasets.List(datasets.Video())
    samples = {each.id: each for each in source.samples}
    for split, rows in load(folder, "samples").items():
        for row in rows:
            sample = samples.pop(row["id"])
            assert sample.split == split
            assert row["target"] == sample.target.tolist()
            assert tuple(row["features"]) == sample.features
            assert tuple(row["units"]) == sample.units
            assert tuple(row["flags"].split()) == sample.flags
            assert row["image"] == f"media/{sample.image}"
    assert not samples


@pytest.mark.parametrize("name", ["huggingface", "rl", "qwen"])
def test_an_export_that_was_made_again_is_loaded_anew_and_not_from_a_cache(
    tmp_path: Path, name: str
) -> None:
    folder = tmp_path / name
    first = text_source()
    for source, rationale in ((first, "none"), (first, "think")):
        shutil.rmtree(folder, ignore_errors=True)
        changed = [
            replace(
                each, turns=tuple(replace(t, answer=f"Answer: {rationale}") for t in each.turns)
            )
            for each in source.conversations
        ]
        made = replace(
            source, conversations=changed, card=replace(source.card, rationale=rationale)
        )
        write_export(folder, FORMATS[name](made), made)
        assert f"Answer: {rationale}" in str(load(str(folder))["test"].data.to_pylist())


def test_rows_of_the_hub_tell_how_many_tokens_they_are(
    exports_once: Path, source: ExportSource
) -> None:
    conversations = {each.id: each for each in source.conversations}
    for kind in ("images", "videos"):
        for row in load(str(exports_once / "huggingface"), kind)["train"].remove_columns("videos"):
            conversation = conversations[row["id"]]
            turns = [(count_words(t.prompt), count_words(t.answer)) for t in conversation.turns]
            pixels = [Size(CANVAS.width, CANVAS.height) for _ in conversation.images]
            clips = [Clip(Size(CANVAS.width, CANVAS.height), 4, FPS) for _ in conversation.videos]
            assert row["tokens"] == add_up(turns, pixels, clips)
            assert row["length"] == row["tokens"]["qwen3_vl"]
            assert (row["tokens"]["trl"] is None) == (kind == "videos")


def test_datasets_reads_shards_with_pictures_and_videos(exports_once: Path) -> None:
    folder = exports_once / "webdataset"
    for loaded in (
        load(str(folder)),
        load("webdataset", data_files={s: str(folder / f"{s}-*.tar") for s in SPLITS}),
    ):
        assert lengths(loaded) == SAMPLES
        for rows in loaded.values():
            assert isinstance(rows.features["png"], datasets.Image)
            assert isinstance(rows.features["mp4"], datasets.Video)
            for row in rows.cast_column("mp4", datasets.Video(decode=False)):
                assert row["png"].size == (CANVAS.width, CANVAS.height)
                assert decoded(io.BytesIO(row["mp4"]["bytes"]))[0] == 4
                assert row["json"]["id"] == row["__key__"]


def test_webdataset_reads_every_sample_of_the_shards_in_order(
    exports_once: Path, source: ExportSource
) -> None:
    folder = exports_once / "webdataset"
    ids = []
    for split in SPLITS:
        index = json.loads((folder / f"{split}-index.json").read_bytes())
        shards = [str(folder / shard["url"]) for shard in index["shardlist"]]
        assert shards == [str(path) for path in sorted(folder.glob(f"{split}-*.tar"))]
        counts = []
        for shard in shards:
            rows = list(webdataset.WebDataset(shard, shardshuffle=False).decode("pil"))
            counts.append(len(rows))
            for row in rows:
                assert set(row) >= {"json", "png", "mp4"}
                assert row["png"].size == (CANVAS.width, CANVAS.height)
                assert decoded(io.BytesIO(row["mp4"])) == (4, FPS, CANVAS.width, CANVAS.height)
                ids.append(row["json"]["id"])
                assert row["__key__"] == ids[-1]
                shown = [each["images"] + each["videos"] for each in row["json"]["conversations"]]
                assert shown == [["png", "mp4"], ["png"]]
        assert counts == [shard["nsamples"] for shard in index["shardlist"]]
        assert max(counts) <= source.samples_per_shard
    assert ids == [each.id for each in source.samples]
