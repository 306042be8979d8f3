"""The proof: what each reader gets right, task by task and split by split, with intervals.

What belongs here: running the readers over questions, counting, and the verdict. What does not: the
readers (`blind`, `answers`, `panels`), how questions are made, and where media lie.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from zwu_ts_assets.evidence.answers import Reader, can_read
from zwu_ts_assets.evidence.blind import (
    TextQuestion,
    majority_answers,
    regression_answers,
    usual_numbers,
)
from zwu_ts_assets.evidence.reading import (
    NO_ANSWER,
    Expect,
    Gallery,
    Job,
    Mapped,
    Question,
    Shown,
    read_all,
)

NATIVE: Final = "native"
"""Name of the size at which media are as they were made."""

BLIND_MARGIN: Final = 0.05
"""A blind reader may be right this much more often than by chance."""

PIXELS_LEAST: Final = 0.99
"""A reader of pixels must be right this often at native size."""

REACH: Final = 0.25
"""How far the 95 % interval of the best blind reader may reach above chance, and that of the reader
of pixels below all. With two options the ends meet at 75 %, where somebody is right who knows half
of the answers: of fewer questions, a score may be either reader's, and shows nothing."""

_MOST: Final = 10_000
_Z95: Final = 1.959963984540054


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
        return _interval(self.share, self.asked) if self.asked else (0.0, 1.0)


def _interval(p: float, n: int) -> tuple[float, float]:
    z = _Z95
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def _tells(chance: float, blind: float, n: int) -> bool:
    """Whether n questions tell a blind reader, of this share, from a reader of pixels."""
    return _interval(blind, n)[1] <= chance + REACH and _interval(1.0, n)[0] >= 1 - REACH


@dataclass(frozen=True)
class TaskEvidence:
    """What the readers made of one task in one split.

    Attributes:
        task: Name of the task.
        split: Name of the split, or `all`.
        needs: The views in which the answer stands.
        chance: The share that guessing gets right.
        blind: By reader; each was fitted on train.
        pixels: By size of the media; nothing is asked where the answer lies ahead. Where it stands
            in the text, this is a reader of the text.
        wrong_picture: The pixel reader on the media of another window.
        asked: How many questions there are.
    """

    task: str
    split: str
    needs: tuple[str, ...]
    chance: float
    blind: Mapping[str, Rate]
    pixels: Mapping[str, Rate]
    wrong_picture: Rate
    asked: int

    @property
    def best_blind(self) -> Rate:
        """What the best of the blind readers gets right."""
        return max(self.blind.values(), key=lambda rate: rate.right)

    @property
    def needed(self) -> int:
        """Of too few questions to tell, how many are needed at least; 0 where there are enough."""
        best, native = self.best_blind, self.pixels.get(NATIVE, Rate(0, 0))
        blind = not best.asked or best.interval[1] <= self.chance + REACH
        pixels = not native.asked or native.interval[0] >= 1 - REACH
        if self.problems or (blind and pixels):
            return 0
        # Of a blind reader that is right by chance, else of this one.
        for share in (self.chance, best.share):
            counts = range(1, _MOST)
            needed = next((n for n in counts if _tells(self.chance, share, n)), 0)
            if needed > self.asked:
                return needed
        return 2 * self.asked

    @property
    def problems(self) -> list[str]:
        """Why this disproves it, a sentence each; empty if it does not."""
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
        unread: Tasks of which there is no reader of pixels, so that only blind readers prove them.
        consumers: What pixels give at each consumer's sizes, by its name and by view: of questions
            that need nothing but that view.
    """

    rows: tuple[TaskEvidence, ...]
    unanswered: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    consumers: Mapping[str, Mapping[str, Rate]] = field(default_factory=dict)

    @property
    def problems(self) -> list[str]:
        """Why this is no proof; judged over all splits, as one split has few questions."""
        return [text for row in self._whole for text in row.problems]

    @property
    def too_few(self) -> dict[str, str]:
        """The tasks of which nothing can be told, and why: how many questions there should be."""
        return {
            row.task: f"too few questions to tell ({row.asked}; at least {row.needed} are needed)"
            for row in self._whole
            if row.needed
        }

    @property
    def proven(self) -> int:
        """Of how many tasks it is shown that they need what is given; none of those ahead."""
        return sum(bool(row.needs) and not (row.problems or row.needed) for row in self._whole)

    @property
    def _whole(self) -> list[TaskEvidence]:
        return [row for row in self.rows if row.split == ALL_SPLITS]

    def to_json(self) -> dict[str, object]:
        """Counts and shares as plain numbers, for a file."""
        return {
            "rows": [
                {
                    "task": row.task,
                    "split": row.split,
                    "needs": list(row.needs),
                    "questions": row.asked,
                    "chance": row.chance,
                    "blind": {name: _rate_json(rate) for name, rate in row.blind.items()},
                    "pixels": {name: _rate_json(rate) for name, rate in row.pixels.items()},
                    "wrong_picture": _rate_json(row.wrong_picture),
                }
                for row in self.rows
            ],
            "unanswered": list(self.unanswered),
            "wrong": list(self.wrong),
            "unread": list(self.unread),
            "consumers": {
                name: {view: _rate_json(rate) for view, rate in rates.items()}
                for name, rates in self.consumers.items()
            },
            "problems": self.problems,
            "too_few": self.too_few,
        }


ALL_SPLITS: Final = "all"
"""Name of the rows that count every split."""


def _rate_json(rate: Rate) -> dict[str, object]:
    low, high = rate.interval
    return {"right": rate.right, "asked": rate.asked, "interval": [low, high]}


def prove(
    questions: Sequence[Question],
    gallery: Gallery,
    consumers: Mapping[str, Shown] | None = None,
    readers: Mapping[str, Reader] | None = None,
    mapped: Mapped = map,
    expect: Expect = lambda _: None,
) -> Evidence:
    """Run all readers over all questions.

    Args:
        questions: Those of every split; the blind readers learn from train.
        gallery: The media.
        consumers: How consumers show media, by name. What can be read then is told of a part of
            the samples; None for the native size alone.
        readers: Readers of pixels for tasks that are not the project's, by task.
        mapped: Maps the reading of samples over worker processes; the answers are the same.
        expect: Told how many samples will be read.
    """
    asked = list(questions)
    # What lies ahead stands nowhere, and no one reads a task without a reader.
    read = [bool(q.needs) and can_read(q.task, readers) for q in asked]
    places = _windows_by_split(asked)
    windows = {split: (list(inside), inside) for split, inside in places.items()}
    elsewhere = {
        at: _others(q, *windows[q.split])
        for at, q in enumerate(asked)
        if read[at] and _can_be_exchanged(q)
    }
    wrong = [NO_ANSWER] * len(asked)
    own = [(at, (q.sample_id, q.other_sample)) for at, q in enumerate(asked) if read[at]]
    right = [NO_ANSWER] * len(asked)
    jobs = [Job(samples, at, None, right) for at, samples in own]
    jobs += [Job(samples, at, None, wrong) for at, samples in elsewhere.items()]
    at_consumers, told = _jobs_at_consumers(asked, own, consumers or {})
    read_all(asked, jobs + at_consumers, gallery, readers or {}, mapped, expect)
    found = {NATIVE: right}
    blind = _blind_answers(asked)
    rows = []
    splits = [*dict.fromkeys(q.split for q in asked), ALL_SPLITS]
    for task in dict.fromkeys(q.task for q in asked):
        for split in splits:
            inside = [
                at
                for at, q in enumerate(asked)
                if q.task == task and split in (q.split, ALL_SPLITS)
            ]
            if inside:
                rows.append(_row(task, split, inside, asked, blind, found, wrong, elsewhere, read))
    misread = [
        (q.id, answer)
        for q, answer, is_read in zip(asked, found[NATIVE], read, strict=True)
        if is_read and not _is_right(q, answer)
    ]
    return Evidence(
        tuple(rows),
        unanswered=tuple(name for name, answer in misread if math.isnan(answer)),
        wrong=tuple(name for name, answer in misread if not math.isnan(answer)),
        unread=tuple(
            dict.fromkeys(
                q.task for q, is_read in zip(asked, read, strict=True) if q.needs and not is_read
            )
        ),
        consumers={
            name: _rates_by_view(asked, at_consumers, answers) for name, answers in told.items()
        },
    )


def _jobs_at_consumers(
    asked: Sequence[Question],
    own: Sequence[tuple[int, tuple[str, str]]],
    consumers: Mapping[str, Shown],
) -> tuple[list[Job], dict[str, list[float]]]:
    """Questions of some samples, spread over all, at the size of each consumer; and their answers.

    Consumers that show media alike share their answers.
    """
    names = sorted({samples[0] for _, samples in own})
    some = set(names[:: max(1, len(names) // _AT_CONSUMERS)])
    answers = {shown: [NO_ANSWER] * len(asked) for shown in consumers.values()}
    jobs = [
        Job(samples, at, shown, answers[shown])
        for samples, at in sorted((samples, at) for at, samples in own)
        if samples[0] in some and len(asked[at].needs) == 1
        for shown in answers
    ]
    return jobs, {name: answers[shown] for name, shown in consumers.items()}


def _rates_by_view(
    asked: Sequence[Question], jobs: Sequence[Job], answers: list[float]
) -> dict[str, Rate]:
    """How often the answers of one size are right, by the view that a question needs."""
    right: Counter[str] = Counter()
    count: Counter[str] = Counter()
    for job in jobs:
        if job.answers is answers:
            (view,) = asked[job.at].needs
            count[view] += 1
            right[view] += _is_right(asked[job.at], answers[job.at])
    return {view: Rate(right[view], count[view]) for view in count if view != "text"}


def _can_be_exchanged(question: Question) -> bool:
    """Whether another window's media must give another answer where the answers differ."""
    return set(question.needs) <= set(question.given) - {"text"}


def _is_right(question: Question, answer: float) -> bool:
    if question.options:
        return answer == question.right
    # Numbers are printed in decimal: half a unit is met exactly.
    return abs(answer - float(question.answer)) <= question.tolerance * (1 + 1e-9)


def _blind_answers(questions: Sequence[Question]) -> dict[str, list[float]]:
    """The answers of the readers who see no media, and no numbers that the prompt gives.

    NaN where a reader has none: series of numbers are not guessed.
    """
    texts = [
        TextQuestion(
            q.task,
            q.prompt.replace(f"{q.series}\n", "") if q.series else q.prompt,
            q.options,
            q.right,
            str(sorted(q.subject.items())),
            float(q.answer) if q.form == "number" else 0.0,
            q.tolerance,
        )
        for q in questions
    ]
    answers = {
        name: [NO_ANSWER] * len(questions)
        for name in ("majority of the task", "majority of the options", "regression on words")
    }
    for numbers in (False, True):
        at = [
            i
            for i, q in enumerate(questions)
            if (q.form == "number" if numbers else bool(q.options))
        ]
        asked = [texts[i] for i in at]
        train = [texts[i] for i in at if questions[i].split == "train"]
        guesses: tuple[Sequence[float], ...] = (
            (
                usual_numbers(train, asked, by_text=False),
                usual_numbers(train, asked, by_text=True),
            )
            if numbers
            else (
                majority_answers(train, asked, by_text=False),
                majority_answers(train, asked, by_text=True),
                regression_answers(train, asked),
            )
        )
        for name, guessed in zip(answers, guesses, strict=False):
            for i, guess in zip(at, guessed, strict=True):
                answers[name][i] = guess
    return answers


def _row(
    task: str,
    split: str,
    inside: Sequence[int],
    questions: Sequence[Question],
    blind: Mapping[str, Sequence[float]],
    pixels: Mapping[str, Sequence[float]],
    wrong: Sequence[float],
    exchanged: Iterable[int],
    read: Sequence[bool],
) -> TaskEvidence:
    def rate(found: Sequence[float], at: Sequence[int]) -> Rate:
        return Rate(sum(_is_right(questions[i], found[i]) for i in at), len(at))

    guessed = [i for i in inside if questions[i].form != "numbers"]
    seen = [i for i in inside if read[i]]
    chances = [1 / len(questions[i].options) for i in guessed if questions[i].options]
    elsewhere = set(exchanged)
    return TaskEvidence(
        task=task,
        split=split,
        needs=questions[inside[0]].needs,
        chance=sum(chances) / len(guessed) if guessed else 0.0,
        blind={name: rate(found, guessed) for name, found in blind.items()},
        pixels={name: rate(found, seen) for name, found in pixels.items()},
        wrong_picture=rate(wrong, [i for i in inside if i in elsewhere]),
        asked=len(inside),
    )


def _windows_by_split(questions: Sequence[Question]) -> dict[str, dict[str, int]]:
    """The samples of each split that are asked about, with their places among them."""
    found: dict[str, dict[str, int]] = {}
    for question in questions:
        inside = found.setdefault(question.split, {})
        inside.setdefault(question.sample_id, len(inside))
    return found


def _others(question: Question, names: Sequence[str], inside: Mapping[str, int]) -> tuple[str, str]:
    """The media of another window of the split instead of the question's own.

    Where figure and video are compared, the figure alone is exchanged; then most pairs differ.
    """
    at = inside[question.sample_id]
    shifted = names[(at + len(names) // 2) % len(names)]
    if not question.other_sample:
        return shifted, question.sample_id if len(question.given) > 1 else ""
    other = inside.get(question.other_sample, at + 1)
    return shifted, names[(other + len(names) // 3 + 1) % len(names)]


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
        best = row.best_blind
        needs = " + ".join(row.needs) or "lies ahead"
        chance = f"{row.chance:.0%}" if best.asked else _NOTHING
        cells = [f"`{row.task}`", needs, str(row.asked), chance]
        cells += [_cell(best), *(_cell(row.pixels[size]) for size in sizes)]
        lines.append(f"| {' | '.join([*cells, _cell(row.wrong_picture)])} |")
    notes = [
        "Where the answer stands in the text, the reader of the text is in the place of that of "
        "pixels; where it lies ahead, nothing that is given determines it. Blind readers see no "
        "numbers of the prompt."
    ]
    if evidence.unread:
        notes += ["", f"Nothing reads {', '.join(evidence.unread)}: no reader of pixels was given."]
    if evidence.consumers:
        notes += ["", *_consumers_table(evidence.consumers)]
    return "\n".join([*lines, "", *notes, "", *_verdict(evidence)]) + "\n"


def _verdict(evidence: Evidence) -> list[str]:
    """What the table shows, and no more than that."""
    verdict = [f"* {text}." for text in evidence.problems]
    too_few = evidence.too_few
    if too_few:
        verdict += [f"* `{task}`: {text}." for task, text in too_few.items()]
        verdict += ["", _MORE]
    if not evidence.problems and evidence.proven:
        shown = ", and can be answered from them" if not evidence.unread else ""
        which = "Every other task" if too_few else "Every task"
        # Nobody can read what lies ahead, and of series of numbers nobody is even asked.
        if not all(row.needs for row in evidence.rows):
            which += ", but for those about what lies ahead,"
        verdict += [""] * bool(verdict) + [f"{which} needs its media{shown}."]
    return verdict


def _consumers_table(consumers: Mapping[str, Mapping[str, Rate]]) -> list[str]:
    views = list(dict.fromkeys(view for rates in consumers.values() for view in rates))
    lines = [
        "What the reader of pixels gets right of some samples, when each consumer has resized the "
        "media with its own defaults, by what a question needs:",
        "",
        f"| consumer | {' | '.join(views)} |",
        "|---" * (len(views) + 1) + "|",
    ]
    for name, rates in consumers.items():
        cells = [_cell(rates.get(view, Rate(0, 0))) for view in views]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


_NOTHING: Final = "–"
_MORE: Final = (
    "Of too few questions, the intervals of the best blind reader and of the reader of pixels are "
    "too wide to tell the two apart. More windows give more questions: a longer CSV, or a smaller "
    "`window_stride`."
)
_AT_CONSUMERS: Final = 16
"""Samples that are read at each consumer's sizes: enough to tell legible from not."""


def _cell(rate: Rate) -> str:
    if not rate.asked:
        return _NOTHING
    low, high = rate.interval
    return f"{rate.share:.1%} ({low:.0%} to {high:.0%})"
