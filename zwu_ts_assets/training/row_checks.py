"""What a row of an export says, held against the manifest and what is known from elsewhere.

What belongs here: the checks of one conversation and of one sample's row. What does not: reading
rows (`export_reading`), media, and what concerns the export as a whole (`validation`).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zwu_ts_assets.training.export_reading import Problem, ReadConversation, ReadSample
from zwu_ts_assets.training.exports.manifest import conversation_digest, row_digest
from zwu_ts_assets.training.exports.manifest_reading import (
    DeclaredConversation,
    DeclaredSample,
    DeclaredTurn,
)
from zwu_ts_assets.training.exports.rows import IMAGE_PLACEHOLDER, VIDEO_PLACEHOLDER
from zwu_ts_assets.training.exports.source import is_safe_path
from zwu_ts_assets.training.profiles import MeasureLengths
from zwu_ts_assets.training.reserved import reserved_word, without_thought


@dataclass(frozen=True)
class RightQuestion:
    """A question as it should be.

    Attributes:
        columns: What rows say of it.
        prompt: The question, without what introduces media before it.
        reply: What the assistant says.
    """

    columns: Mapping[str, Any]
    prompt: str
    reply: str


@dataclass(frozen=True)
class Expectations:
    """What an export is held against beside its own manifest; each may be missing.

    Attributes:
        questions: The right questions by id, computed from the CSV again.
        check_target: From sample id and target values (rows of numbers) to what is wrong with them
            by the CSV; empty if nothing is. A sample that the CSV does not have is wrong too.
        count_tokens: Tokens of a text.
        image_tokens: Tokens of an image of a width and a height, in Qwen3-VL.
        video_tokens: Tokens of a video of so many frames, a width, a height and an fps.
        lengths: Tokens of a conversation for each consumer.
    """

    questions: Mapping[str, RightQuestion] | None = None
    check_target: Callable[[str, Sequence[Sequence[float]]], str] | None = None
    count_tokens: Callable[[str], int] | None = None
    image_tokens: Callable[[int, int], int] | None = None
    video_tokens: Callable[[int, int, int, float], int] | None = None
    lengths: MeasureLengths | None = None


def _met_before(key: str, at: ReadConversation | ReadSample, seen: dict[str, str]) -> str:
    """Where an id was met before, or nothing; it is remembered as met."""
    before = seen.get(key, "")
    seen.setdefault(key, f"{at.file}, row {at.row}")
    return before


def conversation_problems(
    read: ReadConversation,
    declared: Mapping[str, tuple[DeclaredSample, DeclaredConversation]],
    seen: dict[str, str],
    expected: Expectations,
) -> Iterator[Problem]:
    """What is wrong with a conversation; `seen` remembers where each id was met."""
    if first := _met_before(f"conversation {read.id}", read, seen):
        yield read.problem(f"the id {read.id!r} occurs twice, first in {first}")
        return
    if read.id not in declared:
        yield read.problem("is not declared in corpus.json")
        return
    sample, conversation = declared[read.id]
    if read.split != sample.split:
        yield read.problem(f"is in the split {read.split}, but belongs to {sample.split}")
    if (read.images, read.videos) != (conversation.images, conversation.videos):
        found = [*read.images, *read.videos]
        wanted = [*conversation.images, *conversation.videos]
        unsafe = [path for path in found if not is_safe_path(path)]
        told = f"; {unsafe[0]!r} leads out of the export" if unsafe else ""
        yield read.problem(f"shows the media {found}, expected {wanted}{told}")
    problems = list(_text_problems(read, conversation, expected))
    if read.tokens is not None and read.tokens != conversation.tokens:
        problems.append(f"has {dict(read.tokens)} tokens, declared are {dict(conversation.tokens)}")
    digest = conversation_digest(read.texts, read.questions)
    if not problems and digest != conversation.sha256:
        problems = ["prompts, answers or columns differ from what was exported"]
    yield from map(read.problem, problems)


def _text_problems(
    read: ReadConversation, conversation: DeclaredConversation, expected: Expectations
) -> Iterator[str]:
    users, answers = read.texts[::2], read.texts[1::2]
    for word, media, kind in (
        (IMAGE_PLACEHOLDER, read.images, "images"),
        (VIDEO_PLACEHOLDER, read.videos, "videos"),
    ):
        count = sum(user.count(word) for user in users)
        if count != len(media):
            yield f"has {count} times {word} for {len(media)} {kind}"
    found = [str(question["id"]) for question in read.questions]
    declared = [turn.id for turn in conversation.turns]
    if found != declared:
        yield f"asks {found}, expected {declared}"
        return
    for turn, question, user, answer in zip(
        conversation.turns, read.questions, users, answers, strict=True
    ):
        for problem in _turn_problems(turn, question, _prompt(user), answer, expected):
            yield f"{turn.id}: {problem}"


def _turn_problems(
    turn: DeclaredTurn,
    question: Mapping[str, Any],
    prompt: str,
    answer: str,
    expected: Expectations,
) -> Iterator[str]:
    for part, text in (("prompt", prompt), ("answer", without_thought(answer))):
        if word := reserved_word(text):
            yield f"the {part} holds the reserved word {word!r}"
        elif not text.strip():
            yield f"the {part} is empty"
        elif not _is_unicode(text):
            yield f"the {part} is no Unicode text"
    if expected.questions is not None:
        right = expected.questions.get(turn.id)
        if right is None:
            yield "the CSV gives no such question"
        else:
            yield from _differences(question, prompt, answer, right)
    if expected.count_tokens is not None:
        for part, text, count in (
            ("prompt", prompt, turn.user_tokens),
            ("answer", answer, turn.answer_tokens),
        ):
            if _is_unicode(text) and (found := expected.count_tokens(text)) != count:
                yield f"the {part} has {found} tokens, declared are {count}"


def _differences(
    question: Mapping[str, Any], prompt: str, answer: str, right: RightQuestion
) -> Iterator[str]:
    for name, value in right.columns.items():
        if question[name] != value:
            yield f"{name} is {question[name]!r}, by the CSV it is {value!r}"
    if answer != right.reply:
        yield f"the answer is wrong: it is {answer!r}, by the CSV it is {right.reply!r}"
    # What comes before it introduces the media, in words that a user may have changed since.
    if not prompt.endswith(right.prompt):
        yield "the prompt does not end with the question that the CSV gives"


def _is_unicode(text: str) -> bool:
    """Whether a text can be written; half of a pair, which JSON lets through, cannot."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _prompt(user: str) -> str:
    """What the user says behind the placeholders."""
    lines = user.split("\n")
    while lines and lines[0] in {IMAGE_PLACEHOLDER, VIDEO_PLACEHOLDER}:
        lines.pop(0)
    return "\n".join(lines)


def sample_problems(
    read: ReadSample,
    declared: Mapping[str, DeclaredSample],
    seen: dict[str, str],
    expected: Expectations,
) -> Iterator[Problem]:
    """What is wrong with the row of a sample; `seen` remembers where each id was met."""
    if first := _met_before(f"sample {read.id}", read, seen):
        yield read.problem(f"the id {read.id!r} occurs twice, first in {first}")
        return
    if read.id not in declared:
        yield read.problem("is not declared in corpus.json")
        return
    sample, values = declared[read.id], read.values
    if read.split != sample.split:
        yield read.problem(f"is in the split {read.split}, but belongs to {sample.split}")
    for name in (
        *("past_start", "past_stop", "target_stop"),
        *("image_tokens", "video_tokens", "stats_tokens"),
    ):
        if values[name] != getattr(sample, name):
            reason = f"{name} is {values[name]}, declared is {getattr(sample, name)}"
            yield read.problem(reason)
    for kind, found in (("image", read.image), ("video", read.video)):
        if found != getattr(sample, kind):
            yield read.problem(f"its {kind} is {found!r}, declared is {getattr(sample, kind)!r}")
    problems = list(_value_problems(sample, values, expected))
    if not problems and row_digest(values) != sample.row_sha256:
        problems = ["a column differs from what was exported"]
    yield from map(read.problem, problems)


def _value_problems(
    sample: DeclaredSample, values: Mapping[str, Any], expected: Expectations
) -> Iterator[str]:
    rows, columns = sample.target_stop - sample.past_stop, len(values["features"])
    if len(values["units"]) != columns:
        yield f"has {len(values['units'])} units for {columns} columns"
    target = values["target"]
    if len(target) != rows or any(len(row) != columns for row in target):
        yield f"the target is not {rows} rows of {columns} numbers"
    elif expected.check_target is not None and (
        wrong := expected.check_target(sample.id, values["target"])
    ):
        yield f"the target is wrong: {wrong}"
    if expected.count_tokens is not None and _is_unicode(values["stats_text"]):
        found = expected.count_tokens(values["stats_text"])
        if found != sample.stats_tokens:
            yield f"the statistics have {found} tokens, declared are {sample.stats_tokens}"
