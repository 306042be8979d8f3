"""`corpus.json`: what an export holds, for machines, so that it can be checked without the corpus.

What belongs here: the manifest's shape, written and read. What does not: checking an export against
it (`validation`).

It lies at the root of every export. Paths in it are those of the export; in WebDataset they are
names within the shards. A sample is one line, so that a difference between two exports can be read.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from zwu_ts_assets.corpus.errors import CorpusError
from zwu_ts_assets.training.conversation import Conversation
from zwu_ts_assets.training.export_files import WrittenFile
from zwu_ts_assets.training.exports.rows import user_text, written
from zwu_ts_assets.training.exports.schema import Schema, mismatch
from zwu_ts_assets.training.exports.source import (
    Entry,
    ExportSource,
    Medium,
    Scalar,
    is_safe_path,
)
from zwu_ts_assets.training.quality import is_interpolation_flag

MANIFEST: Final = "corpus.json"
_VERSION: Final = 1

_CONVERSATION: Final[Schema] = {
    "id": str,
    "task": str,
    "images": [str],
    "videos": [str],
    "user_tokens": int,
    "answer_tokens": int,
    "sha256": str,
}
_SAMPLE: Final[Schema] = {
    "id": str,
    "split": str,
    "past_start": int,
    "past_stop": int,
    "target_stop": int,
    "image": str,
    "video": str,
    "image_tokens": int,
    "video_tokens": int,
    "stats_tokens": int,
    "row_sha256": str,
    "conversations": [_CONVERSATION],
}
_MEDIUM: Final[Schema] = {"sha256": str, "width": int, "height": int, "frames": int, "fps": float}


@dataclass(frozen=True)
class DeclaredConversation:
    """What the manifest says of a conversation; `sha256` is that of `conversation_digest`."""

    id: str
    task: str
    images: tuple[str, ...]
    videos: tuple[str, ...]
    user_tokens: int
    answer_tokens: int
    sha256: str


@dataclass(frozen=True)
class DeclaredSample:
    """What the manifest says of a sample.

    Attributes:
        image: The figure; empty if the export does not hold it, as no conversation shows it.
        video: Likewise.
        row_sha256: The `row_digest` of the sample's row; empty in formats without one.
    """

    id: str
    split: str
    past_start: int
    past_stop: int
    target_stop: int
    image: str
    video: str
    image_tokens: int
    video_tokens: int
    stats_tokens: int
    row_sha256: str
    conversations: tuple[DeclaredConversation, ...]


@dataclass(frozen=True)
class Manifest:
    """A manifest that was read.

    Attributes:
        format: Name of the format.
        dataset: Name of the dataset.
        tokenizer: Name of the tokenizer that texts were counted with.
        files: The files with rows, by split, in order.
        media: By path in the export, or by name in the shards.
        samples: In the order of the rows.
        parameters: The settings that shaped samples and conversations.
    """

    format: str
    dataset: str
    tokenizer: str
    files: Mapping[str, Sequence[str]]
    media: Mapping[str, Medium]
    samples: Sequence[DeclaredSample]
    parameters: Mapping[str, Any] = field(default_factory=dict)


def conversation_digest(user: str, answer: str) -> str:
    """The sha256 of what user and assistant say, placeholders included."""
    return hashlib.sha256(json.dumps([user, answer]).encode("ascii")).hexdigest()


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
) -> WrittenFile:
    """Make the manifest of an export.

    Args:
        source: What the export is made from.
        format_name: Name of the format.
        entries: By split.
        files: Names of the files with rows, by split.
        exported: From an entry and the path of one of its media in the corpus to the path in the
            export.
        row: A sample's row, in formats that have a row per sample; these hold all media of a
            sample, the others only those that conversations show.
    """
    media: dict[str, Medium] = {}
    samples = []
    for entry in (each for found in entries.values() for each in found):
        used = [path for each in entry.conversations for path in (*each.images, *each.videos)]
        held = used if row is None else [*entry.images, *entry.videos]
        names = {path: exported(entry, path) for path in held}
        media |= {name: source.media[path] for path, name in names.items()}
        digest = "" if row is None else row_digest(row(entry))
        samples.append(_sample(entry, names, digest, source.count_tokens))
    head: dict[str, Any] = {
        "manifest_version": _VERSION,
        "format": format_name,
        "dataset": source.dataset,
        "tokenizer": source.tokenizer,
        "versions": dict(sorted(source.versions.items())),
        "parameters": _sorted(source.parameters),
        "splits": {
            split: {
                "samples": len(found),
                "conversations": sum(len(each.conversations) for each in found),
            }
            for split, found in entries.items()
        },
        "files": {split: list(names) for split, names in files.items()},
    }
    medium_lines = {name: _medium(facts) for name, facts in sorted(media.items())}
    content = (
        json.dumps(head, ensure_ascii=False, indent=1, allow_nan=False)[:-2]
        + ',\n "media": {'
        + _lines(
            f"{json.dumps(n, ensure_ascii=False)}: {_json(m)}" for n, m in medium_lines.items()
        )
        + '},\n "samples": ['
        + _lines(map(_json, samples))
        + "]\n}\n"
    )
    return written(MANIFEST, content.encode("utf-8"))


def _sample(
    entry: Entry, names: Mapping[str, str], digest: str, count_tokens: Callable[[str], int]
) -> dict[str, Any]:
    sample = entry.sample
    # Prompts say it to a model; this is for machines, since rows of conversations have no flags.
    # Left out where there is none: exports of whole series stay as they are.
    interpolated = [flag for flag in sample.flags if is_interpolation_flag(flag)]
    return {
        "id": sample.id,
        "split": sample.split,
        **({"interpolated": interpolated} if interpolated else {}),
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
        "conversations": [_conversation(each, names, count_tokens) for each in entry.conversations],
    }


def _conversation(
    conversation: Conversation, names: Mapping[str, str], count_tokens: Callable[[str], int]
) -> dict[str, Any]:
    user = user_text(conversation)
    return {
        "id": conversation.id,
        "task": conversation.task,
        "images": [names[path] for path in conversation.images],
        "videos": [names[path] for path in conversation.videos],
        # Of the prompt alone: a chat template puts media in the place of placeholders.
        "user_tokens": count_tokens(conversation.prompt.strip()),
        "answer_tokens": count_tokens(conversation.answer),
        "sha256": conversation_digest(user, conversation.answer),
    }


def _medium(facts: Medium) -> dict[str, Any]:
    return {
        "sha256": facts.sha256,
        "width": facts.width,
        "height": facts.height,
        "frames": facts.frames,
        "fps": float(facts.fps),
    }


def _sorted(parameters: Mapping[str, Scalar]) -> dict[str, Scalar]:
    return dict(sorted(parameters.items()))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _lines(lines: Iterable[str]) -> str:
    return ",".join(f"\n  {line}" for line in lines) + "\n "


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of an export.

    Raises:
        CorpusError: There is none, or it is none of ours.
    """
    path = folder / MANIFEST
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise CorpusError(
            f"{path}: cannot be read ({error.strerror or error}). An export has this file at its "
            "root; name the folder of an export, or export again."
        ) from error
    except (ValueError, RecursionError) as error:
        raise CorpusError(f"{path}: is not JSON ({error}). Export again.") from error
    if not isinstance(content, dict) or content.get("manifest_version") != _VERSION:
        found = content.get("manifest_version") if isinstance(content, dict) else None
        raise CorpusError(
            f"{path}: found manifest version {found!r}, expected {_VERSION}. Export again, or use "
            "the version of this package that made it."
        )
    problem = _problem(content)
    if problem:
        raise CorpusError(f"{path}: {problem}. The file was changed; export again.")
    return Manifest(
        format=content["format"],
        dataset=content["dataset"],
        tokenizer=content["tokenizer"],
        files=content["files"],
        media={name: Medium(**facts) for name, facts in content["media"].items()},
        samples=[_declared(sample) for sample in content["samples"]],
        parameters=content["parameters"],
    )


def _problem(content: dict[str, Any]) -> str:
    for name in ("format", "dataset", "tokenizer"):
        if problem := mismatch(content.get(name), str, name):
            return problem
    if not isinstance(content.get("parameters"), dict):
        return "parameters are missing"
    files, media, samples = (content.get(key) for key in ("files", "media", "samples"))
    if not isinstance(files, dict) or not isinstance(media, dict) or not isinstance(samples, list):
        return "files, media or samples are missing"
    for split, names in files.items():
        if problem := mismatch(names, [str], f"files of {split}"):
            return problem
    for name in [*media, *(name for names in files.values() for name in names)]:
        if not is_safe_path(name):
            return f"the path {name!r} leads out of the export"
    problems = [mismatch(facts, _MEDIUM, name) for name, facts in media.items()]
    for i, sample in enumerate(samples):
        known = dict(sample) if isinstance(sample, dict) else sample
        if isinstance(known, dict):
            known.pop("fingerprints", None)  # free in its keys, and of no use to a check
            if problem := mismatch(known.pop("interpolated", []), [str], f"samples[{i}]"):
                return problem
        problems.append(mismatch(known, _SAMPLE, f"samples[{i}]"))
    return next(filter(None, problems), "")


def _declared(sample: dict[str, Any]) -> DeclaredSample:
    conversations = tuple(
        DeclaredConversation(
            **{**each, "images": tuple(each["images"]), "videos": tuple(each["videos"])}
        )
        for each in sample["conversations"]
    )
    ignored = {"fingerprints", "interpolated"}
    known = {key: value for key, value in sample.items() if key not in ignored}
    return DeclaredSample(**{**known, "conversations": conversations})
