"""A manifest that was changed is refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.training.exports.manifest import MANIFEST
from zwu_ts_assets.training.exports.manifest_reading import read_manifest


def changed(key: str, value: object) -> Callable[[dict[str, Any]], object]:
    return lambda content: content | {key: value}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda _: [], "found manifest version None, expected 3"),
        (changed("manifest_version", 1), "found manifest version 1, expected 3"),
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
