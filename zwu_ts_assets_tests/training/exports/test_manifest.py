"""The manifest says what the export holds, and one that was changed is refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from zwu_ts_assets.corpus.errors import CorpusError
from zwu_ts_assets.training.exports.manifest import MANIFEST, read_manifest
from zwu_ts_assets.training.exports.source import ExportSource
from zwu_ts_assets_tests.training.corpora import count_words


def test_it_says_rows_tokens_and_media_of_every_sample(
    exports_once: Path, source: ExportSource
) -> None:
    manifest = read_manifest(exports_once / "qwen")
    assert [each.id for each in manifest.samples] == [each.id for each in source.samples]
    for declared, sample in zip(manifest.samples, source.samples, strict=True):
        spans = (declared.past_start, declared.past_stop, declared.target_stop)
        assert spans == (sample.past_start, sample.past_stop, sample.target_stop)
        assert declared.image == f"media/{sample.image}"
        assert manifest.media[declared.image] == source.media[sample.image]
        assert manifest.media[declared.video] == source.media[sample.video]
    said = {each.id: each for sample in manifest.samples for each in sample.conversations}
    for conversation in source.conversations:
        assert said[conversation.id].user_tokens == count_words(conversation.prompt)
        assert said[conversation.id].answer_tokens == count_words(conversation.answer)


def test_it_says_parameters_versions_and_counts(exports_once: Path) -> None:
    content = json.loads((exports_once / "webdataset" / MANIFEST).read_bytes())
    assert content["parameters"] == {"line_plot": False, "window_length": 24}
    assert content["versions"] == {"zwu_ts_assets": "0.1.0"}
    assert content["splits"]["train"] == {"samples": 3, "conversations": 6}
    assert content["files"]["train"] == ["train-000000.tar", "train-000001.tar"]
    assert content["samples"][0]["fingerprints"] == {"batch_windows": "w0", "target": "t0"}


def changed(key: str, value: object) -> Callable[[dict[str, Any]], object]:
    return lambda content: content | {key: value}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda _: [], "found manifest version None, expected 1"),
        (changed("manifest_version", 2), "found manifest version 2, expected 1"),
        (changed("tokenizer", 3), "tokenizer is 3, expected a text"),
        (changed("samples", {}), "files, media or samples are missing"),
        (changed("samples", [{"id": "x"}]), r"samples\[0\] has the columns \['id'\]"),
        (changed("samples", ["x"]), r"samples\[0\] is 'x', expected an object"),
        (changed("media", {"../x.png": {}}), r"the path '\.\./x\.png' leads out of the export"),
        (changed("media", {"x.png": {}}), r"x\.png has the columns \[\]"),
        (changed("files", {"train": "x"}), "files of train is 'x', expected a list"),
    ],
)
def test_a_manifest_of_another_shape_is_refused(
    moved_export: Callable[[str], Path], change: Callable[[Any], object], said: str
) -> None:
    folder = moved_export("qwen")
    content = json.loads((folder / MANIFEST).read_bytes())
    (folder / MANIFEST).write_text(json.dumps(change(content)), encoding="utf-8")
    with pytest.raises(CorpusError, match=said):
        read_manifest(folder)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_json_is_refused(moved_export: Callable[[str], Path], content: bytes) -> None:
    folder = moved_export("qwen")
    (folder / MANIFEST).write_bytes(content)
    with pytest.raises(CorpusError, match="is not JSON"):
        read_manifest(folder)
