"""The proof: what each reader gets right, task by task and split by split, with intervals.

What belongs here: running the readers over questions, counting, and the verdict. What does not: the
readers (`blind`, `answers`, `panels`), how questions are made, and where media lie.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from zwu_ts_assets.evidence.answers import Seen, answer_from_pixels
from zwu_ts_assets.evidence.blind import TextQuestion, majority_answers, regression_answers
from zwu_ts_assets.evidence.media import resized
from zwu_ts_assets.evidence.panels import NotAFigure, Panels, read_figure

Pixels = NDArray[np.uint8]

NATIVE: Final = "native"
"""Name of the size at which media are as they were made."""

BLIND_MARGIN: Final = 0.05
"""A blind reader may be right this much more often than by chance."""

PIXELS_LEAST: Final = 0.99
"""A reader of pixels must be right this often at native size."""

_Z95: Final = 1.959963984540054
_NO_ANSWER: Final = -1


class Question(Protocol):
    """What the readers need of a question; the answer is used for counting alone."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def sample_id(self) -> str:
        """The sample whose media it shows."""

    @property
    def other_sample(self) -> str:
        """A second sample whose media it shows; empty for none."""

    @property
    def split(self) -> str:
        """Name of the split."""

    @property
    def task(self) -> str:
        """Name of the task."""

    @property
    def needs(self) -> tuple[str, ...]:
        """The views in which the answer stands."""

    @property
    def subject(self) -> Mapping[str, object]:
        """What the text is about."""

    @property
    def options(self) -> tuple[str, ...]:
        """The options, in order."""

    @property
    def right(self) -> int:
        """The right option, counted from 0."""

    @property
    def prompt(self) -> str:
        """All that a blind reader sees."""


@dataclass(frozen=True, eq=False)
class Gallery:
    """Where the readers find media, and what the prompt says about them.

    Attributes:
        figure: From a sample's id to the RGB pixels of its figure.
        video: From a sample's id to the RGB frames of its video.
        columns: Names of the columns of the feature panels, in order.
        steps: Steps of a window.
        patches: First step and the step after the last one of each frame that repeats no other.
    """

    figure: Callable[[str], Pixels]
    video: Callable[[str], Sequence[Pixels]]
    columns: tuple[str, ...]
    steps: int
    patches: Sequence[tuple[int, int]]


@dataclass(frozen=True)
class Rate:
    """How many of some questions a reader got right."""

    right: int
    asked: int

    @property
    def share(self) -> float:
        """The share that was right; NaN of none."""
        return self.right / self.asked if self.asked else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of Wilson (1927), which also holds near 0 and 1."""
        if not self.asked:
            return 0.0, 1.0
        n, p, z = self.asked, self.share, _Z95
        middle = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        return max(0.0, middle - half), min(1.0, middle + half)


@dataclass(frozen=True)
class TaskEvidence:
    """What the readers made of one task in one split.

    Attributes:
        task: Name of the task.
        split: Name of the split, or `all`.
        needs: The views in which the answer stands.
        chance: The share that guessing gets right.
        blind: By reader; each was fitted on train.
        pixels: By size of the media.
        wrong_picture: The pixel reader on the media of another window.
    """

    task: str
    split: str
    needs: tuple[str, ...]
    chance: float
    blind: Mapping[str, Rate]
    pixels: Mapping[str, Rate]
    wrong_picture: Rate

    @property
    def problems(self) -> list[str]:
        """Why this is no proof, a sentence each; empty if it is one."""
        found = []
        for reader, rate in self.blind.items():
            if rate.share > self.chance + BLIND_MARGIN and rate.interval[0] > self.chance:
                found.append(
                    f"{self.task}, {self.split}: the blind reader {reader!r} is right on "
                    f"{rate.right} of {rate.asked}, chance is {self.chance:.0%}; expected at most "
                    f"{BLIND_MARGIN * 100:.0f} points more"
                )
        native = self.pixels.get(NATIVE)
        if native is not None and native.asked and native.share < PIXELS_LEAST:
            found.append(
                f"{self.task}, {self.split}: the reader of pixels is right on {native.right} of "
                f"{native.asked} at native size; expected {PIXELS_LEAST:.0%} or more"
            )
        return found


@dataclass(frozen=True)
class Evidence:
    """The whole proof.

    Attributes:
        rows: By task and split, then each task over all splits.
        unanswered: Ids of the questions that the pixel reader could not read at native size.
        wrong: Ids of the questions that it read and answered wrongly at native size.
    """

    rows: tuple[TaskEvidence, ...]
    unanswered: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()

    @property
    def problems(self) -> list[str]:
        """Why this is no proof; judged over all splits, as one split has few questions."""
        return [text for row in self.rows if row.split == ALL_SPLITS for text in row.problems]

    def to_json(self) -> dict[str, object]:
        """Counts and shares as plain numbers, for a file."""
        return {
            "rows": [
                {
                    "task": row.task,
                    "split": row.split,
                    "needs": list(row.needs),
                    "chance": row.chance,
                    "blind": {name: _rate_json(rate) for name, rate in row.blind.items()},
                    "pixels": {name: _rate_json(rate) for name, rate in row.pixels.items()},
                    "wrong_picture": _rate_json(row.wrong_picture),
                }
                for row in self.rows
            ],
            "unanswered": list(self.unanswered),
            "wrong": list(self.wrong),
            "problems": self.problems,
        }


ALL_SPLITS: Final = "all"
"""Name of the rows that count every split."""


def _rate_json(rate: Rate) -> dict[str, object]:
    low, high = rate.interval
    return {"right": rate.right, "asked": rate.asked, "interval": [low, high]}


@dataclass(eq=False)
class _Reading:
    """What was read at one size, sample by sample, so that each medium is read once."""

    gallery: Gallery
    max_pixels: int | None
    figures: dict[str, Panels] = field(default_factory=dict)
    videos: dict[tuple[str, bool], tuple[Panels, ...]] = field(default_factory=dict)

    def _read(self, pixels: Pixels, steps: int, *, with_time: bool) -> Panels:
        height, width = pixels.shape[:2]
        shown = pixels if self.max_pixels is None else resized(pixels, self.max_pixels)
        columns = len(self.gallery.columns)
        return read_figure(shown, columns, steps, (width, height), with_time=with_time)

    def figure(self, sample: str) -> Panels:
        if sample not in self.figures:
            pixels = self.gallery.figure(sample)
            self.figures[sample] = self._read(pixels, self.gallery.steps, with_time=True)
        return self.figures[sample]

    def frames(self, sample: str, *, with_time: bool) -> tuple[Panels, ...]:
        key = sample, with_time
        if key not in self.videos:
            spans = self.gallery.patches
            frames = self.gallery.video(sample)[: len(spans)]
            self.videos[key] = tuple(
                self._read(frame, stop - start, with_time=with_time)
                for frame, (start, stop) in zip(frames, spans, strict=True)
            )
        return self.videos[key]

    def answer(self, question: Question, own: str, other: str) -> int:
        """The reader's answer from the media of given samples; `_NO_ANSWER` if it finds none."""
        both = len(question.needs) > 1
        figures: list[Panels] = []
        frames: Sequence[Panels] = ()
        try:
            if "figure" in question.needs:
                figures.append(self.figure(own))
                if other and not both:
                    figures.append(self.figure(other))
            if "video" in question.needs:
                frames = self.frames(other if other and both else own, with_time=both)
            seen = Seen(
                figures, frames, self.gallery.columns, tuple(a for a, _ in self.gallery.patches)
            )
            return answer_from_pixels(question, seen)
        except NotAFigure:
            return _NO_ANSWER


def prove(
    questions: Sequence[Question], gallery: Gallery, sizes: Mapping[str, int] | None = None
) -> Evidence:
    """Run all readers over all questions.

    Args:
        questions: Those of every split; the blind readers learn from train.
        gallery: The media.
        sizes: Further sizes at which pixels are read: from a name to the most pixels that a picture
            keeps when it is resized as Qwen3-VL's processor does. None for the native size alone.
    """
    answers: dict[str, list[int]] = {}
    for name, most in {NATIVE: None, **(sizes or {})}.items():
        reading = _Reading(gallery, most)
        answers[name] = [
            reading.answer(each, each.sample_id, each.other_sample) for each in questions
        ]
        if name == NATIVE:
            wrong = [reading.answer(each, *_others(each, questions)) for each in questions]
    texts = [TextQuestion(q.task, q.prompt, q.options, q.right) for q in questions]
    train = [text for text, q in zip(texts, questions, strict=True) if q.split == "train"]
    blind = {
        "majority of the task": majority_answers(train, texts, by_text=False),
        "majority of the options": majority_answers(train, texts, by_text=True),
        "regression on words": regression_answers(train, texts),
    }
    rows = []
    splits = [*dict.fromkeys(q.split for q in questions), ALL_SPLITS]
    for task in dict.fromkeys(q.task for q in questions):
        for split in splits:
            at = [
                i
                for i, q in enumerate(questions)
                if q.task == task and split in (q.split, ALL_SPLITS)
            ]
            if at:
                rows.append(_row(task, split, at, questions, blind, answers, wrong))
    native = answers[NATIVE]
    misread = [
        (q.id, found) for q, found in zip(questions, native, strict=True) if found != q.right
    ]
    return Evidence(
        tuple(rows),
        unanswered=tuple(name for name, found in misread if found == _NO_ANSWER),
        wrong=tuple(name for name, found in misread if found != _NO_ANSWER),
    )


def _row(
    task: str,
    split: str,
    at: Sequence[int],
    questions: Sequence[Question],
    blind: Mapping[str, Sequence[int]],
    pixels: Mapping[str, Sequence[int]],
    wrong: Sequence[int],
) -> TaskEvidence:
    def rate(found: Sequence[int]) -> Rate:
        return Rate(sum(found[i] == questions[i].right for i in at), len(at))

    return TaskEvidence(
        task=task,
        split=split,
        needs=questions[at[0]].needs,
        chance=1 / len(questions[at[0]].options),
        blind={name: rate(found) for name, found in blind.items()},
        pixels={name: rate(found) for name, found in pixels.items()},
        wrong_picture=rate(wrong),
    )


def _others(question: Question, questions: Sequence[Question]) -> tuple[str, str]:
    """The media of another window of the split instead of the question's own.

    Where figure and video are compared, the figure alone is exchanged; then most pairs differ.
    """
    inside = list(dict.fromkeys(q.sample_id for q in questions if q.split == question.split))
    at = inside.index(question.sample_id)
    shifted = inside[(at + len(inside) // 2) % len(inside)]
    if not question.other_sample:
        return shifted, question.sample_id if len(question.needs) > 1 else ""
    other = inside.index(question.other_sample) if question.other_sample in inside else at + 1
    return shifted, inside[(other + len(inside) // 3 + 1) % len(inside)]


def markdown(evidence: Evidence) -> str:
    """The proof as a Markdown table over all splits, with 95 % intervals."""
    sizes = list(evidence.rows[0].pixels) if evidence.rows else [NATIVE]
    head = ["task", "needs", "questions", "chance", "best blind reader"]
    head += [f"pixels, {size}" for size in sizes]
    lines = [f"| {' | '.join([*head, 'wrong picture'])} |"]
    lines.append("|" + "---|" * (len(head) + 1))
    for row in evidence.rows:
        if row.split != ALL_SPLITS:
            continue
        best = max(row.blind.values(), key=lambda rate: rate.share)
        cells = [f"`{row.task}`", " + ".join(row.needs), str(best.asked), f"{row.chance:.0%}"]
        cells += [_cell(best), *(_cell(row.pixels[size]) for size in sizes)]
        lines.append(f"| {' | '.join([*cells, _cell(row.wrong_picture)])} |")
    problems = [f"* {text}." for text in evidence.problems]
    verdict = ["", *(problems or ["Every task needs its media, and can be answered from them."])]
    return "\n".join([*lines, *verdict]) + "\n"


def _cell(rate: Rate) -> str:
    low, high = rate.interval
    return f"{rate.share:.1%} ({low:.0%} to {high:.0%})"
