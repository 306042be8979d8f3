"""The manifest says what the export holds."""

import json
from pathlib import Path

from zwu_ts_assets.training.exports.manifest import MANIFEST
from zwu_ts_assets.training.exports.manifest_reading import read_manifest
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
        turns = zip(said[conversation.id].turns, conversation.turns, strict=True)
        for counted, turn in turns:
            assert (counted.id, counted.task) == (turn.question.id, turn.question.task)
            assert counted.user_tokens == count_words(turn.prompt)
            assert counted.answer_tokens == count_words(turn.answer)


def test_it_says_parameters_versions_and_counts(exports_once: Path) -> None:
    content = json.loads((exports_once / "webdataset" / MANIFEST).read_bytes())
    assert content["parameters"] == {"line_plot": False, "window_length": 24}
    assert content["versions"] == {"zwu_ts_assets": "0.1.0"}
    assert content["splits"]["train"] == {"samples": 3, "conversations": 6, "questions": 9}
    assert content["files"]["train"] == [f"train-00000{i}.tar" for i in range(3)]
    assert content["samples"][0]["fingerprints"] == {"batch_windows": "w0", "target": "t0"}
