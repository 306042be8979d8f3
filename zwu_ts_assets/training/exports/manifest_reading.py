"""`corpus.json`, read: what an export declares.

What belongs here: the shape of the file, and refusing another one. What does not: writing it
(`manifest`), checking an export against it (`validation`).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.storage.regular_files import open_inside
from zwu_ts_assets.training.exports.manifest import MANIFEST, VERSION
from zwu_ts_assets.training.exports.rows import Schema, mismatch
from zwu_ts_assets.training.exports.source import Medium, is_safe_path
from zwu_ts_assets.training.profiles import PROFILES, Lengths
from zwu_ts_assets.training.sample import SPLITS

_CONVERSATION: Final[Schema] = {
    "id": str,
    "images": [str],
    "videos": [str],
    "turns": [{"id": str, "task": str, "user_tokens": int, "answer_tokens": int}],
    "tokens": {profile.name: int | None for profile in PROFILES},
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
MANIFEST_LIMIT: Final = 256 * 1024 * 1024
"""Bytes of a manifest: one of 100,000 samples has a fifth of it."""

BRACKETS_LIMIT: Final = 10_000_000
"""Objects and lists in one JSON text: `{}` takes three bytes in a file and 72 in memory."""

# Of media: what the settings allow, and videos a little longer.
_SIDES: Final = (1, 4096)
_FRAMES: Final = (1, 10_000)
_FPS: Final = (0.001, 1000.0)

_MEDIUM: Final[Schema] = {
    "sha256": str,
    "bytes": int,
    "width": int,
    "height": int,
    "frames": int,
    "fps": float,
}


@dataclass(frozen=True)
class DeclaredTurn:
    """What the manifest says of a question; tokens are those of prompt and answer."""

    id: str
    task: str
    user_tokens: int
    answer_tokens: int


@dataclass(frozen=True)
class DeclaredConversation:
    """What the manifest says of a conversation.

    `tokens` are by consumer; `sha256` is that of `conversation_digest`.
    """

    id: str
    images: tuple[str, ...]
    videos: tuple[str, ...]
    turns: tuple[DeclaredTurn, ...]
    tokens: Lengths
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
        asked: Ids of all samples among which questions were balanced, by split.
        parameters: The settings that shaped samples and conversations.
    """

    format: str
    dataset: str
    tokenizer: str
    files: Mapping[str, Sequence[str]]
    media: Mapping[str, Medium]
    samples: Sequence[DeclaredSample]
    asked: Mapping[str, Sequence[str]] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of an export.

    Raises:
        CorpusError: There is none, or it is none of ours.
    """
    path = folder / MANIFEST
    try:
        with open_inside(folder, MANIFEST, MANIFEST_LIMIT) as file:
            content = loaded_json(file.read(MANIFEST_LIMIT))
    except OSError as error:
        raise CorpusError(
            f"{path}: cannot be read ({error.strerror or error}). An export has this file at its "
            "root; name the folder of an export, or export again."
        ) from error
    except (ValueError, RecursionError) as error:
        raise CorpusError(f"{path}: is not JSON ({error}). Export again.") from error
    if not isinstance(content, dict) or content.get("manifest_version") != VERSION:
        found = content.get("manifest_version") if isinstance(content, dict) else None
        raise CorpusError(
            f"{path}: found manifest version {found!r}, expected {VERSION}. Export again, or use "
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
        asked=content["asked"],
        parameters=content["parameters"],
    )


def loaded_json(content: bytes) -> Any:
    """What JSON in UTF-8 holds.

    Raises:
        ValueError: It is none, or has more objects and lists than `BRACKETS_LIMIT`.
        RecursionError: It nests too deep.
    """
    if (found := content.count(b"[") + content.count(b"{")) > BRACKETS_LIMIT:
        raise ValueError(f"it has {found:,} brackets, at most {BRACKETS_LIMIT:,} are read")
    return json.loads(content.decode("utf-8"))


def _problem(content: dict[str, Any]) -> str:
    for name in ("format", "dataset", "tokenizer"):
        if problem := mismatch(content.get(name), str, name):
            return problem
    if not isinstance(content.get("parameters"), dict):
        return "parameters are missing"
    if problem := mismatch(content.get("asked"), {split: [str] for split in SPLITS}, "asked"):
        return problem
    files, media, samples = (content.get(key) for key in ("files", "media", "samples"))
    if not isinstance(files, dict) or not isinstance(media, dict) or not isinstance(samples, list):
        return "files, media or samples are missing"
    for split, names in files.items():
        if problem := mismatch(names, [str], f"files of {split}"):
            return problem
    for name in [*media, *(name for names in files.values() for name in names)]:
        if not is_safe_path(name):
            return f"the path {name!r} leads out of the export or is no name of a file"
    problems = [
        mismatch(facts, _MEDIUM, name) or _medium_problem(name, facts)
        for name, facts in media.items()
    ]
    for i, sample in enumerate(samples):
        known = dict(sample) if isinstance(sample, dict) else sample
        if isinstance(known, dict):
            known.pop("fingerprints", None)  # free in its keys, and of no use to a check
            if problem := mismatch(known.pop("interpolated", []), [str], f"samples[{i}]"):
                return problem
            if problem := mismatch(known.pop("alteration", ""), str, f"samples[{i}]"):
                return problem
            if "conversations" in known:
                known["conversations"] = _without_marks(known["conversations"])
        problems.append(mismatch(known, _SAMPLE, f"samples[{i}]"))
    return next(filter(None, problems), "")


def _without_marks(conversations: Any) -> Any:
    """Conversations without the mark that only those about altered copies have."""
    if not isinstance(conversations, list):
        return conversations
    return [
        {key: value for key, value in each.items() if (key, value) != ("altered", True)}
        if isinstance(each, dict)
        else each
        for each in conversations
    ]


def _medium_problem(name: str, facts: Mapping[str, Any]) -> str:
    """Whether the numbers of a medium are some that a picture or a video can have."""
    is_video = name.endswith(".mp4")
    bounds = {"width": _SIDES, "height": _SIDES, "frames": _FRAMES if is_video else (1, 1)}
    for key, (least, most) in {**bounds, "fps": _FPS if is_video else (0.0, 0.0)}.items():
        if not least <= facts[key] <= most:
            told = f"{least} to {most}" if least != most else str(least)
            return f"the {key} of {name} is {facts[key]!r:.40}, expected {told}"
    return ""


def _declared(sample: dict[str, Any]) -> DeclaredSample:
    conversations = tuple(
        DeclaredConversation(
            id=each["id"],
            images=tuple(each["images"]),
            videos=tuple(each["videos"]),
            turns=tuple(DeclaredTurn(**turn) for turn in each["turns"]),
            tokens=each["tokens"],
            sha256=each["sha256"],
        )
        for each in sample["conversations"]
    )
    ignored = {"fingerprints", "interpolated", "alteration"}
    known = {key: value for key, value in sample.items() if key not in ignored}
    return DeclaredSample(**{**known, "conversations": conversations})
