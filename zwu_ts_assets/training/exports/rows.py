"""What the formats share: rows, their text form, files with a digest, and media paths.

What belongs here: pieces that more than one format is built from. What does not: checks of the
source (`source`), the manifest (`manifest`).
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np

from zwu_ts_assets.training.conversation import Conversation
from zwu_ts_assets.training.export_files import MediaFile, WrittenFile
from zwu_ts_assets.training.exports.schema import Schema
from zwu_ts_assets.training.exports.source import Entry, ExportSource, conversations_of

MEDIA_FOLDER: Final = "media"

IMAGE_PLACEHOLDER: Final = "<image>"
VIDEO_PLACEHOLDER: Final = "<video>"

MESSAGE: Final[Schema] = {"role": str, "content": str}

MESSAGE_ROW: Final[Schema] = {"id": str, "messages": [MESSAGE], "images": [str], "videos": [str]}
"""A row of ms-swift and LLaMA-Factory."""

SAMPLE_COLUMNS: Final[Mapping[str, Schema]] = {
    "id": str,
    "dataset": str,
    "batch": int,
    "past_start": int,
    "past_stop": int,
    "target_stop": int,
    "past_first_time": str,
    "past_last_time": str,
    "target_first_time": str,
    "target_last_time": str,
    "features": [str],
    "units": [str],
    "target": [[float]],
    "stats_text": str,
    "stats_tokens": int,
    "image_tokens": int,
    "video_tokens": int,
    "flags": str,
    "images": [str],
    "videos": [str],
    "conversations": [
        {"id": str, "task": str, "images": [str], "videos": [str], "messages": [MESSAGE]}
    ],
}
"""What a row per sample holds in Hugging Face `datasets` and in WebDataset."""


def user_text(conversation: Conversation) -> str:
    """What the user says, with placeholders: images, then videos, a line each, then the prompt.

    White space around the prompt goes: Qwen's loader strips it, other trainers keep it, and the
    number of tokens would depend on the trainer.
    """
    placeholders = [IMAGE_PLACEHOLDER] * len(conversation.images)
    placeholders += [VIDEO_PLACEHOLDER] * len(conversation.videos)
    return "\n".join([*placeholders, conversation.prompt.strip()])


def messages(conversation: Conversation) -> list[dict[str, str]]:
    """The two turns of a conversation as trainers and chat templates name them."""
    return [
        {"role": "user", "content": user_text(conversation)},
        {"role": "assistant", "content": conversation.answer},
    ]


def message_row(conversation: Conversation) -> dict[str, Any]:
    """A row for ms-swift and LLaMA-Factory, which both drop the column `id` before training."""
    return {
        "id": conversation.id,
        "messages": messages(conversation),
        "images": [in_media_folder(path) for path in conversation.images],
        "videos": [in_media_folder(path) for path in conversation.videos],
    }


def sample_row(entry: Entry, exported: Callable[[str], str]) -> dict[str, Any]:
    """What is said of a sample in formats with a row per sample; the columns `SAMPLE_COLUMNS`.

    `flags` is one text with a flag per line, since a list that is empty all through one split
    would be of another type than in the next. Times are empty where there is no target.

    Args:
        entry: The sample and its conversations.
        exported: From a medium's path in the corpus to what stands for it in the row.
    """
    sample = entry.sample
    past = [sample.axis.time_text(time) for time in sample.past_timestamps]
    target = [sample.axis.time_text(time) for time in sample.target_timestamps]
    return {
        "id": sample.id,
        "dataset": sample.dataset,
        "batch": sample.batch,
        "past_start": sample.past_start,
        "past_stop": sample.past_stop,
        "target_stop": sample.target_stop,
        "past_first_time": past[0] if past else "",
        "past_last_time": past[-1] if past else "",
        "target_first_time": target[0] if target else "",
        "target_last_time": target[-1] if target else "",
        "features": list(sample.features),
        "units": list(sample.units),
        "target": np.asarray(sample.target, dtype=np.float64).tolist(),
        "stats_text": sample.stats_text,
        "stats_tokens": sample.stats_tokens,
        "image_tokens": sample.image_tokens,
        "video_tokens": sample.video_tokens,
        "flags": "\n".join(sample.flags),
        "images": [exported(path) for path in entry.images],
        "videos": [exported(path) for path in entry.videos],
        "conversations": [
            {
                "id": each.id,
                "task": each.task,
                "images": [exported(path) for path in each.images],
                "videos": [exported(path) for path in each.videos],
                "messages": messages(each),
            }
            for each in entry.conversations
        ],
    }


def json_line(row: Mapping[str, Any]) -> str:
    """A row as one line of JSON, without its line end.

    Line separators of Unicode are escaped: a reader that splits lines the way Python's
    `str.splitlines` does would cut the row in two.
    """
    text = json.dumps(row, ensure_ascii=False, allow_nan=False, separators=(", ", ": "))
    for character in "\x85\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def jsonl(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Rows as JSON Lines in UTF-8."""
    return "".join(json_line(row) + "\n" for row in rows).encode("utf-8")


def written(path: str, content: bytes) -> WrittenFile:
    """A file of which the bytes are known, told by their digest."""
    return WrittenFile(path, hashlib.sha256(content).hexdigest(), lambda: content)


def in_media_folder(path: str) -> str:
    """Where the formats without a folder per split keep a medium."""
    return f"{MEDIA_FOLDER}/{path}"


def used_media(source: ExportSource, entries: Sequence[Entry]) -> Iterator[MediaFile]:
    """The media that conversations show, each once, in the order of the rows."""
    paths = (path for each in conversations_of(entries) for path in (*each.images, *each.videos))
    for path in dict.fromkeys(paths):
        yield MediaFile(in_media_folder(path), path, source.media[path].sha256)
