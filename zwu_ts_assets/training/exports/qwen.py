"""The rows that Qwen's own fine-tuning code reads, and the lines that register them.

What belongs here: this format's row and its snippet. What does not: what other formats share
(`rows`).

The loader (`qwenvl/data` in `qwen-vl-finetune` of the Qwen3-VL repository) joins each path to
`data_path`, splits the user's text at `<image>` and `<video>` and takes media from the two lists in
order; a medium too many or too few is an error that it retries and then meets in training.
"""

from collections.abc import Iterator
from typing import Any, Final

from zwu_ts_assets.training.card import card_files
from zwu_ts_assets.training.export_files import ExportFile, file_of
from zwu_ts_assets.training.exports.manifest import manifest_file
from zwu_ts_assets.training.exports.rows import (
    QUESTION,
    Schema,
    in_media_folder,
    jsonl,
    messages,
    question_rows,
    used_media,
    written,
)
from zwu_ts_assets.training.exports.source import (
    ExportSource,
    conversations_of,
    entries_by_split,
)
from zwu_ts_assets.training.sample import Conversation

NAME: Final = "qwen"
SNIPPET: Final = "qwen_datasets.py"

ROW: Final[Schema] = {
    "id": str,
    "image": [str],
    "video": [str],
    "conversations": [{"from": str, "value": str}],
    "questions": [QUESTION],
}
_SPEAKERS: Final = {"user": "human", "assistant": "gpt"}

_SNIPPET: Final = '''"""This export for Qwen's fine-tuning code.

Add these two lines to the end of the list of datasets in qwenvl/data/__init__.py, with the path of
this file, and name the datasets in --dataset_use:

    import runpy
    data_dict.update(runpy.run_path("PATH/OF/{snippet}")["DATASETS"])

The paths below follow this file, wherever the folder is moved.
"""

from pathlib import Path

FOLDER = Path(__file__).resolve().parent

DATASETS = {{
{entries}}}
'''


def qwen_export(source: ExportSource) -> Iterator[ExportFile]:
    """The files of the export for Qwen's fine-tuning code.

    `{split}.jsonl` with a row per conversation, the media below `media/`, and a snippet that
    registers annotation and data path of each split as `{dataset}_{split}`.

    Raises:
        CorpusError: As `entries_by_split` says.
    """
    entries = entries_by_split(source)
    files = {split: [f"{split}.jsonl"] for split in entries}
    for split, found in entries.items():
        yield file_of(f"{split}.jsonl", jsonl(map(qwen_row, conversations_of(found))))
        yield from used_media(source, found)
    snippet = "".join(
        f'    "{source.dataset}_{split}": {{\n'
        f'        "annotation_path": str(FOLDER / "{split}.jsonl"),\n'
        '        "data_path": str(FOLDER),\n'
        "    },\n"
        for split in entries
    )
    text = _SNIPPET.format(snippet=SNIPPET, entries=snippet)
    yield written(SNIPPET, text.encode("utf-8"))
    yield manifest_file(source, NAME, entries, files, lambda _, path: in_media_folder(path))
    yield from card_files(
        source.card,
        format_name=NAME,
        configurations={"default": files},
        usage=f"""Register the splits with Qwen's fine-tuning code as `{SNIPPET}` says, then train
with

    --dataset_use {source.dataset}_train --output_dir /path/to/checkpoints

`--output_dir` is for checkpoints: name a folder outside of this one.
`image` and `video` are always lists, with paths relative to this folder.

That code is written for `transformers` 4.57: in 5 it ignores its own limits of pixels without a
word. `--model_max_length` cuts nothing. Videos are read by `torchvision` below 0.26, or by
`torchcodec` with the FFmpeg of the system.""",
    )


def qwen_row(conversation: Conversation) -> dict[str, Any]:
    """A row as Qwen's loader reads it."""
    return {
        "id": conversation.id,
        "image": [in_media_folder(path) for path in conversation.images],
        "video": [in_media_folder(path) for path in conversation.videos],
        "conversations": [
            {"from": _SPEAKERS[each["role"]], "value": each["content"]}
            for each in messages(conversation)
        ],
        "questions": question_rows(conversation),
    }
