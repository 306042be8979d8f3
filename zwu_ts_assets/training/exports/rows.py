"""What the formats share: rows and their shape as plain data, their text form, media paths.

What belongs here: pieces that more than one format is built from, also those whose rows are single
questions, for rewards and for evaluation; and holding a row against its shape. What does not: any
format's own shape, checks of the source (`source`), the manifest (`manifest`), Parquet (`parquet`).
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from importlib import resources
from types import UnionType
from typing import Any, Final

import numpy as np

from zwu_ts_assets.storage.spool import Spool
from zwu_ts_assets.training import reward
from zwu_ts_assets.training.export_files import MediaFile, WrittenFile
from zwu_ts_assets.training.exports.source import Entry, ExportSource, conversations_of
from zwu_ts_assets.training.picture.question import PictureQuestion
from zwu_ts_assets.training.profiles import Lengths
from zwu_ts_assets.training.reward import Truth, truth_json
from zwu_ts_assets.training.sample import Conversation, Sample, Turn

# A type, or one that may be missing (`int | None`); a list with one element, the schema of all
# elements; or a mapping of exactly these keys.
Schema = type | UnionType | list[Any] | Mapping[str, Any]

_NAMES = {str: "a text", int: "a whole number", float: "a number"}


def mismatch(value: Any, schema: Schema, at: str = "the row") -> str:
    """How a value that came out of JSON differs from its schema; empty if it does not.

    Keys must be the same and in the same order: loaders that infer columns from the first row
    otherwise find other columns in the next.
    """
    if isinstance(schema, list):
        if not isinstance(value, list):
            return f"{at} is {_told(value)}, expected a list"
        if isinstance(schema[0], type) and all(type(each) is schema[0] for each in value):
            return ""  # long lists of numbers, which are most of a row
        problems = (mismatch(each, schema[0], f"{at}[{i}]") for i, each in enumerate(value))
        return next(filter(None, problems), "")
    if isinstance(schema, Mapping):
        if not isinstance(value, dict):
            return f"{at} is {_told(value)}, expected an object"
        if list(value) != list(schema):
            return f"{at} has the columns {list(value)}, expected {list(schema)}"
        inner = "" if at == "the row" else f"{at}."
        problems = (mismatch(value[key], schema[key], f"{inner}{key}") for key in schema)
        return next(filter(None, problems), "")
    if isinstance(schema, UnionType):
        return "" if value is None else mismatch(value, schema.__args__[0], at)
    if type(value) is not schema:  # a bool is no whole number here
        return f"{at} is {_told(value)}, expected {_NAMES[schema]}"
    return ""


def _told(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


MEDIA_FOLDER: Final = "media"

IMAGE_PLACEHOLDER: Final = "<image>"
VIDEO_PLACEHOLDER: Final = "<video>"

MESSAGE: Final[Schema] = {"role": str, "content": str}

QUESTION: Final[Schema] = {
    "id": str,
    "task": str,
    "level": int,
    "needs": str,
    "form": str,
    "options": str,
    "answer": str,
    "tolerance": float,
    "rationale": str,
}
"""What rows say of a question, in its turn's place.

`needs` names views with `+` between them, `options` are lines. Lists would be of no type in a split
in which all are empty, and a loader would find two kinds of rows.
"""

MESSAGE_ROW: Final[Schema] = {
    "id": str,
    "messages": [MESSAGE],
    "images": [str],
    "videos": [str],
    "questions": [QUESTION],
}
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
    "alteration": str,
    "images": [str],
    "videos": [str],
    "conversations": [
        {
            "id": str,
            "images": [str],
            "videos": [str],
            "messages": [MESSAGE],
            "questions": [QUESTION],
        }
    ],
}
"""What a row per sample holds in Hugging Face `datasets` and in WebDataset."""


def user_text(turn: Turn) -> str:
    """What the user says, with placeholders: images, then videos, a line each, then the prompt.

    White space around the prompt goes: Qwen's loader strips it, other trainers keep it, and the
    number of tokens would depend on the trainer.
    """
    placeholders = [IMAGE_PLACEHOLDER] * turn.images + [VIDEO_PLACEHOLDER] * turn.videos
    return "\n".join([*placeholders, turn.prompt.strip()])


def messages(conversation: Conversation) -> list[dict[str, str]]:
    """The turns of a conversation as trainers and chat templates name them."""
    return [
        message
        for turn in conversation.turns
        for message in (
            {"role": "user", "content": user_text(turn)},
            {"role": "assistant", "content": turn.answer},
        )
    ]


def question_row(question: PictureQuestion) -> dict[str, Any]:
    """What is said of a question beside its text; the columns `QUESTION`."""
    return {
        "id": question.id,
        "task": question.task,
        "level": question.level,
        "needs": "+".join(question.needs),
        "form": question.form,
        "options": "\n".join(question.options),
        "answer": question.answer,
        "tolerance": float(question.tolerance),
        "rationale": question.rationale,
    }


def question_rows(conversation: Conversation) -> list[dict[str, Any]]:
    """What is said of each question of a conversation, turn by turn."""
    return [question_row(turn.question) for turn in conversation.turns]


def message_row(conversation: Conversation) -> dict[str, Any]:
    """A row for ms-swift and LLaMA-Factory, which both drop the column `id` before training."""
    return {
        "id": conversation.id,
        "messages": messages(conversation),
        "images": [in_media_folder(path) for path in conversation.images],
        "videos": [in_media_folder(path) for path in conversation.videos],
        "questions": question_rows(conversation),
    }


def sample_row(entry: Entry, exported: Callable[[str], str]) -> dict[str, Any]:
    """What is said of a sample in formats with a row per sample; the columns `SAMPLE_COLUMNS`.

    `flags` is one text with a flag per line, since a list that is empty all through one split
    would be of another type than in the next. Times are empty where there is no target.
    `alteration` says what was put into the altered copy, which only conversations with questions
    that need `altered` show; it is empty where none was drawn.

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
        "alteration": sample.alteration,
        "images": [exported(path) for path in entry.images],
        "videos": [exported(path) for path in entry.videos],
        "conversations": [
            {
                "id": each.id,
                "images": [exported(path) for path in each.images],
                "videos": [exported(path) for path in each.videos],
                "messages": messages(each),
                "questions": question_rows(each),
            }
            for each in entry.conversations
        ],
    }


def lengths_of(conversation: Conversation, source: ExportSource) -> Lengths:
    """Tokens of a conversation for each consumer."""
    turns = [
        (source.count_tokens(turn.prompt.strip()), source.count_tokens(turn.answer))
        for turn in conversation.turns
    ]
    images = [source.media[path].size for path in conversation.images]
    videos = [source.media[path].clip for path in conversation.videos]
    return source.lengths(turns, images, videos)


def json_line(row: Mapping[str, Any]) -> str:
    """A row as one line of JSON, without its line end.

    Line separators of Unicode are escaped: a reader that splits lines the way Python's
    `str.splitlines` does would cut the row in two.
    """
    text = json.dumps(row, ensure_ascii=False, allow_nan=False, separators=(", ", ": "))
    for character in "\x85\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def jsonl(rows: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """Rows as JSON Lines in UTF-8, line by line."""
    return ((json_line(row) + "\n").encode("utf-8") for row in rows)


def written(path: str, content: bytes) -> WrittenFile:
    """A file of which the bytes are known, told by their digest."""
    digest = hashlib.sha256(content).hexdigest()
    return WrittenFile(path, digest, lambda sink: sink.write(content))


def in_media_folder(path: str) -> str:
    """Where exports keep a medium, or what they call it: below `media/`, as in the corpus.

    The hub takes 10,000 entries in a folder, so those of later batches have folders of their own:
    `media/correlations/from_5000/batch_5001.png`.
    """
    numbered = _NUMBERED.fullmatch(path)
    first = int(numbered["number"]) // _PER_FOLDER * _PER_FOLDER if numbered else 0
    if numbered is None or not first:
        return f"{MEDIA_FOLDER}/{path}"
    return f"{MEDIA_FOLDER}/{numbered['folder']}/from_{first}/{numbered['name']}"


_PER_FOLDER: Final = 5_000  # and folders beside them
_NUMBERED: Final = re.compile(r"(?P<folder>[^/]+)/(?P<name>[^/]*?_(?P<number>\d{1,15})[./].*)")


def used_media(source: ExportSource, entries: Sequence[Entry]) -> Iterator[MediaFile]:
    """The media that conversations show, each once, in the order of the rows."""
    paths = (path for each in conversations_of(entries) for path in (*each.images, *each.videos))
    for path in dict.fromkeys(paths):
        yield MediaFile(in_media_folder(path), path, source.media[path].sha256)


REWARD: Final = "reward.py"
"""The file that reads and grades answers, in every export of single questions."""


def single_source(source: ExportSource) -> ExportSource:
    """The same questions, each in a conversation of its own that has the question's id.

    A question that was not the first of its conversation is asked with all media shown up to it.
    """
    made = (each for conversation in source.conversations for each in _singly(conversation))
    return replace(source, conversations=Spool(made))


def _singly(conversation: Conversation) -> Iterator[Conversation]:
    images = videos = 0
    for turn in conversation.turns:
        images, videos = images + turn.images, videos + turn.videos
        yield replace(
            conversation,
            id=turn.question.id,
            images=conversation.images[:images],
            videos=conversation.videos[:videos],
            turns=(replace(turn, images=images, videos=videos),),
        )


def truth_text(sample: Sample, turn: Turn) -> str:
    """What is right about a question, as the reward takes it."""
    question = turn.question
    column = question.subject.get("feature")
    ahead = question.form == "numbers" and column in sample.features
    last = float(sample.past[-1, sample.features.index(str(column))]) if ahead else None
    truth = Truth(question.form, question.answer, question.options, question.tolerance, last)
    return truth_json(truth)


def reward_file() -> WrittenFile:
    """The file with the reward, as the scorer has it."""
    # Beside the module that is imported, wherever that is.
    content = resources.files(reward.__package__ or "").joinpath(REWARD).read_bytes()
    return written(REWARD, content)
