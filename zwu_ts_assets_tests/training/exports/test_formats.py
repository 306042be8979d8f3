"""What holds for all formats alike: same bytes, little rewritten, paths, ids, empty splits."""

import csv
import io
import json
import tarfile
from collections import Counter
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import datasets
import pyarrow.json
import pyarrow.parquet
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.training.export_files import MediaFile, WrittenFile
from zwu_ts_assets.training.exports.formats import FORMATS
from zwu_ts_assets.training.exports.rows import in_media_folder
from zwu_ts_assets.training.exports.source import ExportSource
from zwu_ts_assets.training.reserved import reserved_word
from zwu_ts_assets.training.validation import validate_export
from zwu_ts_assets_tests.training.corpora import (
    changed_sample,
    make_sample,
    make_source,
    series_values,
    text_source,
    write_export,
)

each_format = pytest.mark.parametrize("name", list(FORMATS))

SPLIT_FILE = {
    "qwen": "train.jsonl",
    "ms_swift": "train.jsonl",
    "llama_factory": "train.json",
    "huggingface": "images/train.parquet",
    "webdataset": "train-000000.tar",
    "rl": "train.parquet",
    "vlmevalkit": "demo_train.tsv",
    "lmms_eval": "train.parquet",
}
EMBEDDED = {"huggingface", "webdataset", "rl", "vlmevalkit", "lmms_eval"}
"""The formats that hold pictures in the files of rows."""


def row_files(name: str) -> set[str]:
    """The files with pictures of train; what shows a video may have one of its own."""
    videos = {"rl": ["train-video.parquet"], "huggingface": ["videos/train.parquet"]}
    return {SPLIT_FILE[name], *videos.get(name, [])}


def digests(name: str, source: ExportSource) -> dict[str, str]:
    """By path: what a writer looks at to tell whether a file is current."""
    return {
        file.path: file.sha256 if isinstance(file, MediaFile) else file.made_from
        for file in FORMATS[name](source)
    }


def built(name: str, source: ExportSource) -> dict[str, bytes]:
    return {
        file.path: file.build() for file in FORMATS[name](source) if isinstance(file, WrittenFile)
    }


@each_format
def test_the_same_source_gives_the_same_bytes(name: str) -> None:
    assert built(name, text_source()) == built(name, text_source())
    assert digests(name, text_source()) == digests(name, text_source())


@each_format
def test_paths_are_relative_safe_and_written_once(name: str) -> None:
    paths = [file.path for file in FORMATS[name](text_source())]
    assert len(paths) == len(set(paths))
    for path in paths:
        assert not PurePosixPath(path).is_absolute()
        assert ".." not in PurePosixPath(path).parts


@each_format
def test_a_changed_sample_rewrites_only_what_holds_it(name: str) -> None:
    before, after = text_source(), changed_sample(text_source(), 0)
    old, new = digests(name, before), digests(name, after)
    changed = {path for path in old if old[path] != new[path]}
    media = {path for path in old if path.endswith("correlations/batch_0.png")}
    figure = set() if name in EMBEDDED else media
    assert set(old) == set(new)
    assert changed == row_files(name) | {"corpus.json"} | figure


@pytest.mark.parametrize("name", ["qwen", "ms_swift", "llama_factory"])
def test_other_rows_of_a_changed_split_keep_their_bytes(name: str) -> None:
    path = SPLIT_FILE[name]
    old = built(name, text_source())[path].split(b"\n")
    new = built(name, changed_sample(text_source(), 0))[path].split(b"\n")
    assert sum(a != b for a, b in zip(old, new, strict=True)) == 2


@each_format
def test_another_picture_alone_changes_no_row(name: str) -> None:
    source = text_source()
    path = source.samples[0].image
    redrawn = replace(
        source, media={**source.media, path: replace(source.media[path], sha256="ab" * 32)}
    )
    old, new = digests(name, source), digests(name, redrawn)
    changed = {path for path in old if old[path] != new[path]} - {"corpus.json"}
    assert changed == (row_files(name) if name in EMBEDDED else {f"media/{path}"})


def test_members_of_a_shard_have_no_owner_and_no_time() -> None:
    shard = built("webdataset", text_source())["train-000000.tar"]
    with tarfile.open(fileobj=io.BytesIO(shard)) as archive:
        members = archive.getmembers()
    assert len(members) == 3
    for member in members:
        assert (member.mtime, member.uid, member.gid, member.uname, member.gname, member.mode) == (
            *(0, 0, 0, "", ""),
            0o644,
        )


def test_a_shard_of_no_samples_is_refused() -> None:
    with pytest.raises(CorpusError, match="samples per shard: found 0, expected 1 or more"):
        list(FORMATS["webdataset"](replace(text_source(), samples_per_shard=0)))


def test_more_shards_than_a_folder_on_the_hub_takes_are_refused() -> None:
    few = text_source(("train",))
    many = [replace(few.samples[0], id=f"demo-r{i:07d}") for i in range(9_901)]
    of_each = [
        replace(few.conversations[1], id=f"{each.id}-c0", sample_id=each.id) for each in many
    ]
    source = replace(few, samples=many, conversations=of_each, samples_per_shard=1)
    with pytest.raises(CorpusError, match=r"more than the 9,900 .* Set shard_samples to 2 or more"):
        next(FORMATS["webdataset"](source))


@pytest.mark.parametrize(("samples", "shards"), [(1, 1), (3, 3), (5, 4), (24, 4), (25, 4), (33, 5)])
def test_a_split_has_a_shard_for_each_of_four_workers_if_it_has_the_samples(
    samples: int, shards: int
) -> None:
    source = replace(text_source(("train",) * samples), samples_per_shard=8)
    files = [*FORMATS["webdataset"](source)]
    assert len([file for file in files if file.path.endswith(".tar")]) == shards
    card = next(file for file in files if file.path == "README.md")
    assert isinstance(card, WrittenFile)
    told = card.build().decode("utf-8")
    assert ("Too small for 4 shards: train." in told) == (shards < 4)


def test_further_samples_change_only_the_last_shard() -> None:
    few = digests("webdataset", text_source(("train",) * 7))
    more = digests("webdataset", text_source(("train",) * 8))
    shards = {path for path in more if path.endswith(".tar")}
    assert {path for path in shards if few.get(path) != more[path]} == {"train-000003.tar"}


def test_a_shard_is_built_only_when_it_is_asked_for() -> None:
    read: list[str] = []
    source = text_source()

    def reading(path: str) -> bytes:
        read.append(path)
        return source.read_media(path)

    files = list(FORMATS["webdataset"](replace(source, read_media=reading)))
    assert read == []
    shard = next(file for file in files if file.path == "train-000001.tar")
    assert isinstance(shard, WrittenFile)
    shard.build()
    assert read == ["correlations/batch_1.png", "videos/batch_1.mp4"]


@each_format
def test_a_split_without_samples_has_no_file_and_the_rest_loads(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: ExportSource
) -> None:
    folder = tmp_path / name
    kept = [each for each in source.samples if each.split != "validation"]
    ids = {each.id for each in kept}
    conversations = [each for each in source.conversations if each.sample_id in ids]
    some = replace(source, samples=kept, conversations=conversations)
    write_export(folder, FORMATS[name](some), some)
    assert not [path for path in folder.rglob("*") if "validation" in path.name]
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(folder.parent / "cache"))
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    loaded = datasets.load_dataset(str(folder))
    per_sample = {"huggingface": 1, "webdataset": 1, "rl": 3, "vlmevalkit": 1, "lmms_eval": 3}.get(
        name, 2
    )
    assert {split: len(rows) for split, rows in loaded.items()} == {
        "train": 3 * per_sample,
        "test": per_sample,
    }
    assert validate_export(folder, name, decode=False).problems == []


@each_format
def test_nothing_to_export_is_refused(name: str) -> None:
    with pytest.raises(CorpusError, match="no conversation, so there is nothing to export"):
        list(FORMATS[name](replace(text_source(), conversations=[])))


@each_format
def test_a_sample_of_which_nothing_is_asked_is_left_out(name: str) -> None:
    source = text_source()
    first = source.samples[0].id
    fewer = [each for each in source.conversations if each.sample_id != first]
    content = built(name, replace(source, conversations=fewer))["corpus.json"]
    manifest = json.loads(content)
    assert first not in [sample["id"] for sample in manifest["samples"]]
    assert first in manifest["asked"]["train"], "answers were balanced among all samples"


def in_one_text(messages: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Messages of parts as messages of texts, with placeholders."""
    kinds = {"image": "<image>", "video": "<video>"}
    return [
        {**m, "content": "".join(kinds.get(p["type"]) or p["text"] for p in m["content"])}
        for m in messages
    ]


NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12).filter(
    lambda text: text.strip() and not reserved_word(text)
)


def rows_by_another_reader(name: str, content: bytes) -> list[dict[str, Any]]:
    """Rows as Arrow's JSON reader, or the standard library, finds them."""
    if name == "webdataset":
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            members = [each for each in archive if each.name.endswith(".json")]
            streams = [archive.extractfile(each) for each in members]
            return [json.loads(stream.read()) for stream in streams if stream is not None]
    if name == "llama_factory":
        return list(json.loads(content))
    if name == "vlmevalkit":
        lines = csv.DictReader(io.StringIO(content.decode("utf-8")), dialect="excel-tab")
        return [json.loads(line["record"]) for line in lines]
    if name in {"huggingface", "rl", "lmms_eval"}:
        return list(pyarrow.parquet.read_table(io.BytesIO(content)).to_pylist())
    return list(pyarrow.json.read_json(io.BytesIO(content)).to_pylist())


@each_format
@settings(max_examples=25, deadline=None)
@given(names=st.lists(NAMES, min_size=2, max_size=4, unique=True), unit=NAMES)
@example(names=["a\u2028b", "c\x85d"], unit="\u2029")
@example(names=['"', "\\"], unit="°C")
def test_rows_survive_whatever_columns_are_called(name: str, names: list[str], unit: str) -> None:
    features, units = tuple(names), ("kW",) + (unit,) * (len(names) - 1)
    source = text_source(("train", "test"), features, units)
    content = built(name, source)[SPLIT_FILE[name]]
    if name not in EMBEDDED:
        lines = {"llama_factory": 4}.get(name, 2)
        assert len(content.decode("utf-8").splitlines()) == lines
    for row in rows_by_another_reader(name, content):
        if name == "huggingface":
            turns = [in_one_text(row["messages"])]
        elif name == "webdataset":
            assert (tuple(row["features"]), tuple(row["units"])) == (features, units)
            assert row["stats_text"] == source.samples[0].stats_text
            turns = [each["messages"] for each in row["conversations"]]
        elif name in EMBEDDED:
            said = row if name == "vlmevalkit" else row["extra_info"]
            reply = {"role": "assistant", "content": said["reply"]}
            turns = [[*row["messages"], reply]]
        else:
            turns = [row["conversations" if name == "qwen" else "messages"]]
        asked = [turn for each in source.conversations for turn in each.turns]
        for said in turns:
            key = "value" if name == "qwen" else "content"
            prompts = {turn.prompt.strip() for turn in asked}
            for user, answer in zip(said[::2], said[1::2], strict=True):
                assert user[key].replace("<image>\n", "").replace("<video>\n", "") in prompts
                assert answer[key] in {turn.answer for turn in asked}


def test_a_second_picture_of_a_sample_is_a_field_of_its_own() -> None:
    values = series_values(30)
    sample = make_sample(0, "train", values)
    media = dict.fromkeys((sample.image, sample.video, "lines/batch_0.png"), b"x")
    plain = make_source([sample], media)
    both = [
        replace(
            each,
            images=(sample.image, "lines/batch_0.png"),
            turns=(replace(each.turns[0], images=2), *each.turns[1:]),
        )
        for each in plain.conversations
    ]
    shard = built("webdataset", replace(plain, conversations=both))["train-000000.tar"]
    names = [f"{sample.id}.{field}".encode() for field in ("json", "png", "2.png", "mp4")]
    assert [shard.index(each + b"\0") for each in names] == sorted(
        shard.index(each + b"\0") for each in names
    )
    assert b'"images": ["png", "2.png"]' in shard


def test_no_folder_of_an_export_has_more_entries_than_the_hub_takes() -> None:
    paths = [f"correlations/batch_{i}.png" for i in range(60_000)]
    paths += [f"patch_videos/batch_{i}/row_{i * 96 + j}.mp4" for i in range(11_000) for j in (0, 1)]
    exported = list(map(in_media_folder, paths))
    assert len(set(exported)) == len(paths)
    whole = {each for path in exported for each in (path, *map(str, PurePosixPath(path).parents))}
    entries = Counter(str(PurePosixPath(each).parent) for each in whole)
    assert max(entries.values()) <= 10_000
    assert exported[4_999:5_001] == [
        "media/correlations/batch_4999.png",
        "media/correlations/from_5000/batch_5000.png",
    ]


@each_format
def test_media_of_late_batches_are_found_where_the_rows_say(name: str, tmp_path: Path) -> None:
    source = text_source(("train", "validation", "test"))
    renamed = {
        path: path.replace("batch_", f"batch_{4_999 + number}")
        for number, path in enumerate(source.media)
    }
    late = replace(
        source,
        samples=[
            replace(each, image=renamed[each.image], video=renamed[each.video])
            for each in source.samples
        ],
        conversations=[
            replace(
                each,
                images=tuple(renamed[path] for path in each.images),
                videos=tuple(renamed[path] for path in each.videos),
            )
            for each in source.conversations
        ],
        media={renamed[path]: facts for path, facts in source.media.items()},
        read_media=lambda path: next(p for p, r in renamed.items() if r == path).encode(),
    )
    write_export(tmp_path, FORMATS[name](late), late)
    assert validate_export(tmp_path, name, decode=False).problems == []


def test_files_are_cut_where_their_media_fill_them() -> None:
    source = text_source(("train",) * 9)
    large = {path: replace(facts, bytes=40_000_000) for path, facts in source.media.items()}
    files = [*FORMATS["huggingface"](replace(source, media=large))]
    names = [file.path for file in files if file.path.endswith(".parquet")]
    # Of 128 MB: three figures are in a file, or one figure with its video.
    assert names == [
        *(f"images/train-{i:05d}-of-00003.parquet" for i in range(3)),
        *(f"videos/train-{i:05d}-of-00009.parquet" for i in range(9)),
        "samples/train.parquet",
    ]
    for file in files:
        if isinstance(file, WrittenFile) and file.path.startswith("images/"):
            parquet = pyarrow.parquet.ParquetFile(io.BytesIO(file.build()))
            assert parquet.metadata.num_rows == 3
            assert parquet.num_row_groups == 3, "a reader holds one group in memory at once"
