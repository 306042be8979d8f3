"""The folders that `imagefolder` of Hugging Face `datasets` loads.

What belongs here: this format's row and files. What does not: what it shares with WebDataset
(`rows`).

A row is a sample, with its conversations as a list: releases of `datasets` before 3.4 walk over the
image files and keep one row for each, so that rows of one image would be lost. `file_name` becomes
the column `image`. The path of the video is in `video`; ending in `_file_name`, it would be read as
an image too. All paths are relative to the metadata, since none may climb out of its folder.

Columns are inferred from the text. Names that all look like times would be read as times, so a
dataset with such columns is refused.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.training.card import card_files
from zwu_ts_assets.training.export_files import ExportFile, MediaFile
from zwu_ts_assets.training.exports.manifest import manifest_file
from zwu_ts_assets.training.exports.rows import (
    SAMPLE_COLUMNS,
    in_media_folder,
    jsonl,
    sample_row,
    written,
)
from zwu_ts_assets.training.exports.schema import Schema
from zwu_ts_assets.training.exports.source import Entry, ExportSource, entries_by_split

NAME: Final = "huggingface"

ROW: Final[Schema] = {"file_name": str, "video": str, **SAMPLE_COLUMNS}

_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d(:?\d\d(:?\d\d)?)?Z?)?")


def huggingface_export(source: ExportSource) -> Iterator[ExportFile]:
    """The files of the export for `datasets`: `{split}/metadata.jsonl` and `{split}/media/`.

    Raises:
        CorpusError: As `entries_by_split` says; or all columns or units are named like times.
    """
    entries = entries_by_split(source)
    for sample in source.samples[:1]:
        for kind, names in (("columns", sample.features), ("units", sample.units)):
            if names and all(map(_TIME.fullmatch, names)):
                raise CorpusError(
                    f"all {kind} of {source.dataset!r} are named like times ({names[0]!r}, ...), "
                    "which `datasets` would load as times. Rename one of them."
                )
    files = {split: [f"{split}/metadata.jsonl"] for split in entries}
    for split, found in entries.items():
        yield written(f"{split}/metadata.jsonl", jsonl(map(_row, found)))
        for path in dict.fromkeys(path for each in found for path in (*each.images, *each.videos)):
            sha256 = source.media[path].sha256
            yield MediaFile(f"{split}/{in_media_folder(path)}", path, sha256)
    yield manifest_file(
        source,
        NAME,
        entries,
        files,
        lambda entry, path: f"{entry.sample.split}/{in_media_folder(path)}",
        row=_row,
    )
    yield from card_files(
        source.card,
        format_name=NAME,
        # The extensions tell the loader, and each sample has as many videos as images.
        data_files={
            split: [f"{split}/metadata.jsonl", f"{split}/media/**/*.png"] for split in entries
        },
        usage="""With `datasets`:

    from datasets import load_dataset
    corpus = load_dataset("imagefolder", data_dir="/path/to/this/folder")

Pillow decodes the pictures. Videos are paths; `transformers` 5 with `torchvision` from 0.26 decodes
them with the package `torchcodec` and the FFmpeg of the system.

A row is a sample: `image` is its figure, `video` the path of its video relative to the split's
folder, `conversations` its questions and answers. The column `flags` has one flag per line.

Write checkpoints outside of this folder, with `TrainingArguments(output_dir=...)` of
`transformers`: `imagefolder` would take pictures among them for data.""",
    )


def _row(entry: Entry) -> dict[str, Any]:
    return {
        "file_name": in_media_folder(entry.sample.image),
        "video": in_media_folder(entry.sample.video),
        **sample_row(entry, in_media_folder),
    }
