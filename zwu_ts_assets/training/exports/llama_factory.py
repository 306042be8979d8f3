"""The files that LLaMA-Factory reads.

What belongs here: this format's files and `dataset_info.json`. What does not: its row, which
ms-swift shares (`rows`).

LLaMA-Factory looks for `dataset_info.json` in `dataset_dir`, and joins relative media paths to
`media_dir`, which is `dataset_dir` unless set. Roles must alternate, user first; other rows are
skipped with no more than a warning.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from zwu_ts_assets.training.card import card_files
from zwu_ts_assets.training.export_files import ExportFile, file_of
from zwu_ts_assets.training.exports.manifest import manifest_file
from zwu_ts_assets.training.exports.rows import (
    in_media_folder,
    json_line,
    message_row,
    used_media,
    written,
)
from zwu_ts_assets.training.exports.source import (
    Entry,
    ExportSource,
    conversations_of,
    entries_by_split,
)

NAME: Final = "llama_factory"
DATASET_INFO: Final = "dataset_info.json"


def llama_factory_export(source: ExportSource) -> Iterator[ExportFile]:
    """The files of the export for LLaMA-Factory.

    `{split}.json` (an array with a row per line), the media below `media/`, and
    `dataset_info.json` with a dataset `{dataset}_{split}` per split.

    Raises:
        CorpusError: As `entries_by_split` says.
    """
    entries = entries_by_split(source)
    files = {split: [f"{split}.json"] for split in entries}
    for split, found in entries.items():
        yield file_of(f"{split}.json", _array(found))
        yield from used_media(source, found)
    info = json.dumps(dataset_info(source.dataset, files), indent=2) + "\n"
    yield written(DATASET_INFO, info.encode("ascii"))
    yield manifest_file(source, NAME, entries, files, lambda _, path: in_media_folder(path))
    evaluated = f"\n    eval_dataset: {source.dataset}_validation" if "validation" in files else ""
    yield from card_files(
        source.card,
        format_name=NAME,
        configurations={"default": files},
        usage=f"""Name this folder and its datasets in the training configuration:

    dataset_dir: /path/to/this/folder
    dataset: {source.dataset}_train{evaluated}
    template: qwen3_vl_nothink
    cutoff_len: 32768
    output_dir: /path/to/checkpoints

`template: qwen3_vl` would put empty thoughts into the labels; it is for answers with thoughts.
`cutoff_len` must be more than the tokens of the longest conversation, which preflight tells: at the
default of 2048 training ends in an error. `output_dir` is for checkpoints: name a folder outside of
this one.""",
    )


def dataset_info(dataset: str, files: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """What `dataset_info.json` says: where each split is, and how its rows are to be read."""
    return {
        f"{dataset}_{split}": {
            "file_name": names[0],
            "formatting": "sharegpt",
            "columns": {"messages": "messages", "images": "images", "videos": "videos"},
            "tags": {
                "role_tag": "role",
                "content_tag": "content",
                "user_tag": "user",
                "assistant_tag": "assistant",
                "system_tag": "system",
            },
        }
        for split, names in files.items()
    }


def _array(entries: Sequence[Entry]) -> Iterator[bytes]:
    yield b"[\n"
    for number, each in enumerate(conversations_of(entries)):
        yield (",\n" if number else "").encode("ascii")
        yield json_line(message_row(each)).encode("utf-8")
    yield b"\n]\n"
