"""`corpus.json`: what an export holds, for machines, so that it can be checked without the corpus.

What belongs here: what it says, and the digests in it. What does not: reading it
(`manifest_reading`), checking an export against it (`validation`).

It lies at the root of every export. Paths in it are those of the export; in WebDataset they are
names within the shards. A sample is one line, so that a difference between two exports can be read.
"""

import hashlib
import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from zwu_ts_assets.storage.spool import Spool
from zwu_ts_assets.training.export_files import WrittenFile, file_of
from zwu_ts_assets.training.exports.rows import lengths_of, messages, question_rows
from zwu_ts_assets.training.exports.source import (
    Entry,
    ExportSource,
    Medium,
    Scalar,
)
from zwu_ts_assets.training.picture.question import ALTERED
from zwu_ts_assets.training.quality import is_interpolation_flag
from zwu_ts_assets.training.sample import SPLITS, Conversation

MANIFEST: Final = "corpus.json"
VERSION: Final = 3


def conversation_digest(texts: Sequence[str], questions: Sequence[Mapping[str, Any]]) -> str:
    """The sha256 of what is said, placeholders included, and of what rows say of the questions.

    Args:
        texts: What user and assistant say, in turn.
        questions: The columns of each question.
    """
    content = json.dumps([list(texts), [dict(each) for each in questions]])
    return hashlib.sha256(content.encode("ascii")).hexdigest()


def row_digest(row: Mapping[str, Any]) -> str:
    """The sha256 of a sample's row without its conversations, which have digests of their own."""
    kept = {key: value for key, value in row.items() if key != "conversations"}
    return hashlib.sha256(json.dumps(kept).encode("ascii")).hexdigest()


def manifest_file(
    source: ExportSource,
    format_name: str,
    entries: Mapping[str, Sequence[Entry]],
    files: Mapping[str, Sequence[str]],
    exported: Callable[[Entry, str], str],
    row: Callable[[Entry], Mapping[str, Any]] | None = None,
    *,
    whole: bool = False,
) -> WrittenFile:
    """Make the manifest of an export.

    Args:
        source: What the export is made from.
        format_name: Name of the format.
        entries: By split.
        files: Names of the files with rows, by split.
        exported: From an entry and the path of one of its media in the corpus to the path in the
            export.
        row: A sample's row, in formats that have a row per sample.
        whole: Whether the export holds all media of a sample, and not only those that conversations
            show.
    """
    counts: Counter[tuple[str, str]] = Counter()
    media: dict[str, Medium] = {}
    samples: Spool[str] = Spool()  # their lines come after those of the media
    for entry in (each for found in entries.values() for each in found):
        counts["conversations", entry.sample.split] += len(entry.conversations)
        counts["questions", entry.sample.split] += sum(len(c.turns) for c in entry.conversations)
        used = [path for each in entry.conversations for path in (*each.images, *each.videos)]
        held = [*entry.images, *entry.videos] if whole else used
        names = {path: exported(entry, path) for path in held}
        media |= {name: source.media[path] for path, name in names.items()}
        digest = "" if row is None else row_digest(row(entry))
        samples.append(_json(_sample(entry, names, digest, source)))
    splits = {sample.id: sample.split for sample in source.samples}
    head: dict[str, Any] = {
        "manifest_version": VERSION,
        "format": format_name,
        "dataset": source.dataset,
        "tokenizer": source.tokenizer,
        "versions": dict(sorted(source.versions.items())),
        "parameters": _sorted(source.parameters),
        "splits": {
            split: {
                "samples": len(found),
                "conversations": counts["conversations", split],
                "questions": counts["questions", split],
            }
            for split, found in entries.items()
        },
        # Answers are balanced among all samples of a split, also those that got no question.
        "asked": {split: [name for name, of in splits.items() if of == split] for split in SPLITS},
        "files": {split: list(names) for split, names in files.items()},
    }
    medium_lines = (
        f"{json.dumps(name, ensure_ascii=False)}: {_json(_medium(facts))}"
        for name, facts in sorted(media.items())
    )
    pieces = itertools.chain(
        [json.dumps(head, ensure_ascii=False, indent=1, allow_nan=False)[:-2], ',\n "media": {'],
        _lines(medium_lines),
        ['},\n "samples": ['],
        _lines(samples),
        ["]\n}\n"],
    )
    return file_of(MANIFEST, (piece.encode("utf-8") for piece in pieces))


def _sample(
    entry: Entry, names: Mapping[str, str], digest: str, source: ExportSource
) -> dict[str, Any]:
    sample = entry.sample
    # Prompts say it to a model; this is for machines, since rows of conversations have no flags.
    # Left out where there is none: exports of whole series stay as they are.
    interpolated = [flag for flag in sample.flags if is_interpolation_flag(flag)]
    return {
        "id": sample.id,
        "split": sample.split,
        **({"interpolated": interpolated} if interpolated else {}),
        **({"alteration": sample.alteration} if sample.alteration else {}),
        "past_start": sample.past_start,
        "past_stop": sample.past_stop,
        "target_stop": sample.target_stop,
        "image": names.get(sample.image, ""),
        "video": names.get(sample.video, ""),
        "image_tokens": sample.image_tokens,
        "video_tokens": sample.video_tokens,
        "stats_tokens": sample.stats_tokens,
        "row_sha256": digest,
        "fingerprints": dict(sorted(sample.fingerprints.items())),
        "conversations": [_conversation(each, names, source) for each in entry.conversations],
    }


def _conversation(
    conversation: Conversation, names: Mapping[str, str], source: ExportSource
) -> dict[str, Any]:
    texts = [each["content"] for each in messages(conversation)]
    altered = any(ALTERED in turn.question.given for turn in conversation.turns)
    return {
        "id": conversation.id,
        # It shows no window as it is, but an altered copy. Left out of all others.
        **({"altered": True} if altered else {}),
        "images": [names[path] for path in conversation.images],
        "videos": [names[path] for path in conversation.videos],
        "turns": [
            {
                "id": turn.question.id,
                "task": turn.question.task,
                # Of the prompt alone: a chat template puts media in the place of placeholders.
                "user_tokens": source.count_tokens(turn.prompt.strip()),
                "answer_tokens": source.count_tokens(turn.answer),
            }
            for turn in conversation.turns
        ],
        "tokens": lengths_of(conversation, source),
        "sha256": conversation_digest(texts, question_rows(conversation)),
    }


def _medium(facts: Medium) -> dict[str, Any]:
    return {
        "sha256": facts.sha256,
        "bytes": facts.bytes,
        "width": facts.width,
        "height": facts.height,
        "frames": facts.frames,
        "fps": float(facts.fps),
    }


def _sorted(parameters: Mapping[str, Scalar]) -> dict[str, Scalar]:
    return dict(sorted(parameters.items()))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _lines(lines: Iterable[str]) -> Iterator[str]:
    for number, line in enumerate(lines):
        yield f",\n  {line}" if number else f"\n  {line}"
    yield "\n "
