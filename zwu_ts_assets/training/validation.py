"""Whether an export is what it says it is, also one that was made earlier and moved elsewhere.

What belongs here: the checks of an export as a whole and of its media. What does not: reading it
(`export_reading`), what a row says (`row_checks`, whose `Expectations` are handed on here), knowing
the right answers, which whoever has the CSV hands in.

An export is held against its own `corpus.json`. What a check finds is a `Problem` that names file,
row and reason; a check that needs something that was not handed in is named as not made.
"""

import hashlib
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final, TypeVar

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.figures.verification import PngDecoder, video_problem
from zwu_ts_assets.training.export_reading import (
    Problem,
    ReadSample,
    read_export,
    read_media,
    shard_problems,
)
from zwu_ts_assets.training.exports import webdataset
from zwu_ts_assets.training.exports.formats import FORMATS
from zwu_ts_assets.training.exports.manifest import MANIFEST
from zwu_ts_assets.training.exports.manifest_reading import DeclaredSample, Manifest, read_manifest
from zwu_ts_assets.training.exports.source import Medium
from zwu_ts_assets.training.row_checks import (
    Expectations,
    conversation_problems,
    sample_problems,
)
from zwu_ts_assets.training.sample import SPLITS

__all__ = ["Expectations", "Problem", "ValidationReport", "validate_export"]

PROBLEMS_LIMIT: Final = 10_000
"""So many problems are told; a file can be made to have millions."""


_Item = TypeVar("_Item")

SECONDS: Final = 6 * 3600.0
"""So long an export is looked at; one of ETTh1, with 147 samples, takes seconds."""


@dataclass(frozen=True)
class ValidationReport:
    """What a validation found.

    Attributes:
        problems: Empty for a sound export.
        conversations: Rows (or conversations in rows) that were read.
        questions: Questions that they ask.
        media: Media files that were decoded or found missing.
        not_checked: What could not be checked, and what it would take: a sentence each.
    """

    problems: Sequence[Problem]
    conversations: int
    questions: int
    media: int
    not_checked: Sequence[str]


def validate_export(
    folder: Path,
    format_name: str,
    expectations: Expectations | None = None,
    *,
    decode: bool = True,
    seconds: float = SECONDS,
) -> ValidationReport:
    """Check an export in every respect that can be checked.

    Args:
        folder: The export's folder.
        format_name: One of `FORMATS`.
        expectations: What is known from elsewhere; None for nothing.
        decode: Whether every image and video is decoded, which takes nearly all of the time.
            Otherwise their content is held against its digest alone.
        seconds: After this time what was not looked at yet is a problem.

    Raises:
        CorpusError: There is no such format.
    """
    if format_name not in FORMATS:
        raise CorpusError(f"format {format_name!r}: expected one of {', '.join(FORMATS)}.")
    expected = expectations or Expectations()
    not_checked = _not_checked(expected, decode)
    try:
        manifest = read_manifest(folder)
    except CorpusError as error:
        problem = Problem(MANIFEST, None, "", str(error))
        return ValidationReport([problem], 0, 0, 0, [*not_checked, "Everything else: no manifest."])
    if manifest.format != format_name:
        reason = f"says that this is the format {manifest.format!r}, expected {format_name!r}"
        return ValidationReport(
            [Problem(MANIFEST, None, "", reason)], 0, 0, 0, [*not_checked, "Everything else."]
        )
    seen: dict[str, str] = {}
    with PngDecoder() as decoder:
        in_time = _Deadline(seconds)
        found = _problems(folder, manifest, expected, seen, decoder if decode else None, in_time)
        problems = list(islice(found, PROBLEMS_LIMIT))
        if next(found, None) is not None:
            reason = f"more than {PROBLEMS_LIMIT:,} problems are not looked for"
            problems.append(Problem(MANIFEST, None, "", reason))
    names = {key.partition(" ")[2] for key in seen if key.startswith("conversation ")}
    questions = sum(
        len(conversation.turns)
        for sample in manifest.samples
        for conversation in sample.conversations
        if conversation.id in names
    )
    return ValidationReport(problems, len(names), questions, len(manifest.media), not_checked)


class _Deadline:
    """The time in which an export is looked at: one may be made to take for ever."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.is_over = False
        self._end = time.monotonic() + seconds

    def of(self, items: Iterable[_Item]) -> Iterator[_Item]:
        """The items that there is time for."""
        for item in items:
            if time.monotonic() > self._end:
                self.is_over = True
                return
            yield item


def _problems(
    folder: Path,
    manifest: Manifest,
    expected: Expectations,
    seen: dict[str, str],
    decoder: PngDecoder | None,
    in_time: _Deadline,
) -> Iterator[Problem]:
    """All that is wrong; `seen` gets where each id was met. Without a decoder none is decoded."""
    yield from _manifest_problems(manifest)
    yield from _stray_files(folder, manifest)
    samples = {sample.id: sample for sample in manifest.samples}
    declared = {
        each.id: (sample, each) for sample in samples.values() for each in sample.conversations
    }
    for read in in_time.of(read_export(folder, manifest)):
        if isinstance(read, Problem):
            yield read
        elif isinstance(read, ReadSample):
            yield from sample_problems(read, samples, seen, expected)
        else:
            yield from conversation_problems(read, declared, seen, expected)
    for name, (sample, _) in declared.items():
        if f"conversation {name}" not in seen and not in_time.is_over:
            file = ", ".join(manifest.files.get(sample.split, [sample.split]))
            yield Problem(file, None, name, "the conversation is declared but missing")
    if manifest.format == webdataset.NAME:
        yield from shard_problems(folder, manifest)
    for file, path, content in in_time.of(read_media(folder, manifest)):
        if reason := _media_problem(path, content, manifest.media[path], decoder):
            yield Problem(file, None, "" if file == path else path, reason)
    yield from _media_token_problems(manifest, expected)
    yield from _length_problems(manifest, expected)
    if in_time.is_over:
        reason = (
            f"was looked at for {in_time.seconds:.0f} s and not to its end; "
            "give it more time: --minutes"
        )
        yield Problem(MANIFEST, None, "", reason)


def _not_checked(expected: Expectations, decode: bool) -> list[str]:
    needs = {
        "Media were not decoded, only compared by digest.": decode or None,
        "Questions and answers were not recomputed: that takes the CSV.": expected.questions,
        "Numeric targets were not compared with the series: that takes the CSV.": (
            expected.check_target
        ),
        "Tokens of texts were not counted: that takes the tokenizer.": expected.count_tokens,
        "Tokens of images were not counted.": expected.image_tokens,
        "Tokens of videos were not counted.": expected.video_tokens,
        "Lengths of conversations were not added up: that takes the tokenizer.": expected.lengths,
    }
    return [told for told, given in needs.items() if given is None]


def _manifest_problems(manifest: Manifest) -> Iterator[Problem]:
    """Ids, splits and row spans, as far as the manifest alone can tell."""
    seen: set[str] = set()
    asked: set[str] = set()
    for sample in manifest.samples:
        names = (each.id for each in sample.conversations)
        turns = (turn.id for each in sample.conversations for turn in each.turns)
        # A conversation of one question may have the question's id.
        for known, name in (
            *((seen, n) for n in (sample.id, *names)),
            *((asked, t) for t in turns),
        ):
            if name in known:
                yield Problem(MANIFEST, None, name, "is declared twice")
            known.add(name)
        if sample.split not in SPLITS or sample.split not in manifest.files:
            yield Problem(MANIFEST, None, sample.id, f"is in the unknown split {sample.split!r}")
        if not 0 <= sample.past_start < sample.past_stop <= sample.target_stop:
            yield Problem(MANIFEST, None, sample.id, "has row spans that are out of order")
    spans = sorted(manifest.samples, key=lambda sample: (sample.past_start, sample.target_stop))
    latest: dict[str, DeclaredSample] = {}  # of each split, the one that reaches furthest
    for sample in spans:
        for split, other in latest.items():
            if split != sample.split and other.target_stop > sample.past_start:
                yield Problem(
                    MANIFEST,
                    None,
                    sample.id,
                    f"shares rows {sample.past_start} to "
                    f"{min(other.target_stop, sample.target_stop) - 1} of the CSV with {other.id} "
                    f"of the split {split}: {sample.split} leaks",
                )
        if sample.target_stop >= latest.get(sample.split, sample).target_stop:
            latest[sample.split] = sample


def _stray_files(folder: Path, manifest: Manifest) -> Iterator[Problem]:
    """Files that a loader would take for rows, and that the manifest does not know."""
    known = {name for names in manifest.files.values() for name in names}
    for split in SPLITS:
        tables = tuple(f"{at}{split}{n}.parquet" for at in ("", "*/") for n in ("", "-*"))
        lines = (f"{split}.jsonl", f"{split}.json")
        patterns = (*lines, *tables, f"{split}-*.tar", f"{manifest.dataset}_{split}*.tsv")
        for path in sorted(found for each in patterns for found in folder.glob(each)):
            name = path.relative_to(folder).as_posix()
            if name not in known:
                yield Problem(name, None, "", "is no part of this export, but loaders will read it")


# What was decoded and is as declared, by its digest: all exports of a run hold the same media, and
# decoding takes nearly all of the time.
_DECODED: set[tuple[str, Medium]] = set()


def _media_problem(
    path: str, content: bytes | str, facts: Medium, decoder: PngDecoder | None
) -> str:
    """Whether a media file is there, decodes to what was declared, and is the one exported."""
    if isinstance(content, str):
        return content
    same = hashlib.sha256(content).hexdigest() == facts.sha256
    if decoder is None:
        return "" if same else "its content differs from what was exported"
    if same and (path[-4:], facts) in _DECODED:
        return ""
    if path.endswith(".png"):
        problem = decoder.problem(content, facts.width, facts.height)
    else:
        problem = video_problem(content, facts.width, facts.height, facts.frames, facts.fps)
    if not problem and not same:
        return "decodes, but its content differs from what was exported"
    if not problem:
        _DECODED.add((path[-4:], facts))
    return problem


def _media_token_problems(manifest: Manifest, expected: Expectations) -> Iterator[Problem]:
    for sample in manifest.samples:
        image, video = manifest.media.get(sample.image), manifest.media.get(sample.video)
        counted: list[tuple[str, int, int]] = []
        try:
            if image is not None and expected.image_tokens is not None:
                found = expected.image_tokens(image.width, image.height)
                counted.append(("image", found, sample.image_tokens))
            if video is not None and expected.video_tokens is not None:
                found = expected.video_tokens(video.frames, video.width, video.height, video.fps)
                counted.append(("video", found, sample.video_tokens))
        except CorpusError as error:
            yield Problem(MANIFEST, None, sample.id, str(error))
        for kind, found, count in counted:
            if found != count:
                reason = f"its {kind} has {found} tokens, declared are {count}"
                yield Problem(MANIFEST, None, sample.id, reason)


def _length_problems(manifest: Manifest, expected: Expectations) -> Iterator[Problem]:
    """Lengths that are not the sum of what is declared of texts and media, which is checked too."""
    if expected.lengths is None:
        return
    for conversation in (each for sample in manifest.samples for each in sample.conversations):
        shown = [*conversation.images, *conversation.videos]
        if any(path not in manifest.media for path in shown):
            yield Problem(MANIFEST, None, conversation.id, "shows a medium that is not declared")
            continue
        found = expected.lengths(
            [(turn.user_tokens, turn.answer_tokens) for turn in conversation.turns],
            [manifest.media[path].size for path in conversation.images],
            [manifest.media[path].clip for path in conversation.videos],
        )
        for name, tokens in found.items():
            if tokens != conversation.tokens[name]:
                reason = f"has {tokens} tokens for {name}, declared are {conversation.tokens[name]}"
                yield Problem(MANIFEST, None, conversation.id, reason)
