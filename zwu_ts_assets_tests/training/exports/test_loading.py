"""Every export, loaded with a client that is not ours: as many rows out as went in."""

import io
import json
from pathlib import Path
from typing import Any

import av
import datasets
import huggingface_hub
import pytest
import webdataset
from PIL import Image

from zwu_ts_assets.training.exports.source import ExportSource
from zwu_ts_assets_tests.training.corpora import (
    CANVAS,
    FPS,
    SPLIT_OF_SAMPLE,
    conversations_for,
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


@pytest.mark.parametrize("by_name", [True, False], ids=["imagefolder", "the card's configuration"])
def test_imagefolder_gives_a_row_per_sample_with_its_picture(
    exports_once: Path, source: ExportSource, by_name: bool
) -> None:
    folder = exports_once / "huggingface"
    loaded = load("imagefolder", data_dir=str(folder)) if by_name else load(str(folder))
    assert lengths(loaded) == SAMPLES
    samples = {each.id: each for each in source.samples}
    for split, rows in loaded.items():
        assert isinstance(rows.features["image"], datasets.Image)
        assert rows.features["video"] == datasets.Value("string")
        for row in rows:
            sample = samples[row["id"]]
            assert sample.split == split
            png = Image.open(io.BytesIO(source.read_media(sample.image)))
            assert row["image"].tobytes() == png.tobytes()
            assert decoded(folder / split / row["video"])[0] == 4
            assert row["target"] == sample.target.tolist()
            assert tuple(row["features"]) == sample.features
            assert tuple(row["units"]) == sample.units
            assert tuple(row["flags"].split()) == sample.flags
            told = [
                (each["id"], *(message["content"] for message in each["messages"][1::2]))
                for each in row["conversations"]
            ]
            assert told == [
                (each.id, *(turn.answer for turn in each.turns))
                for each in conversations_for(sample)
            ]
            asked = [each["questions"] for each in row["conversations"]]
            assert [[q["answer"] for q in each] for each in asked] == [
                [turn.question.answer for turn in each.turns] for each in conversations_for(sample)
            ]


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
