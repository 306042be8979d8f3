"""The rows that ms-swift reads.

What belongs here: this format's files. What does not: its row, which LLaMA-Factory shares (`rows`).

ms-swift opens a relative path from the folder it was started in. It drops rows whose answer is
empty, and columns that it does not know, such as `id`.
"""

from collections.abc import Iterator
from typing import Final

from zwu_ts_assets.training.card import card_files
from zwu_ts_assets.training.export_files import ExportFile, file_of
from zwu_ts_assets.training.exports.manifest import manifest_file
from zwu_ts_assets.training.exports.rows import (
    in_media_folder,
    jsonl,
    message_row,
    used_media,
)
from zwu_ts_assets.training.exports.source import (
    ExportSource,
    conversations_of,
    entries_by_split,
)

NAME: Final = "ms_swift"


def ms_swift_export(source: ExportSource) -> Iterator[ExportFile]:
    """The files of the export for ms-swift: `{split}.jsonl` and the media below `media/`.

    Raises:
        CorpusError: As `entries_by_split` says.
    """
    entries = entries_by_split(source)
    files = {split: [f"{split}.jsonl"] for split in entries}
    for split, found in entries.items():
        yield file_of(f"{split}.jsonl", jsonl(map(message_row, conversations_of(found))))
        yield from used_media(source, found)
    yield manifest_file(source, NAME, entries, files, lambda _, path: in_media_folder(path))
    options = "--dataset train.jsonl"
    options += " --val_dataset validation.jsonl" if "validation" in entries else ""
    yield from card_files(
        source.card,
        format_name=NAME,
        configurations={"default": files},
        usage=f"""Start ms-swift in this folder, because it opens relative paths from the folder it
is started in:

    swift sft {options} --split_dataset_ratio 0 --output_dir /path/to/checkpoints ...

Name a folder outside of this one in `--output_dir`: without it, ms-swift writes checkpoints to
`output/` in here, among the data. Videos are read by `qwen-vl-utils`: install `decord`, or
`torchcodec` with the FFmpeg of the system, unless `torchvision` is below 0.26.""",
    )
