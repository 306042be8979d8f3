"""From predictions to figures: how many are right, by task, level, view and form.

What belongs here: counting, and what stands beside each figure. What does not: what a text says
(`reward`), files (`files`), tables and plots (`pages`).

A question without a prediction counts as wrong, so that leaving out what is hard gains nothing;
how many there are is told, as is how many predictions give no answer. Forecasts have no right
answer: they are held against those that anyone can make.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from zwu_ts_assets.scoring.baselines import (
    FORECAST_FORM,
    FORECASTS,
    Reference,
    majority_right,
    truth_of,
)
from zwu_ts_assets.scoring.intervals import Interval, mean_of, ratio_of, share
from zwu_ts_assets.training.picture.question import PictureQuestion
from zwu_ts_assets.training.reward import is_right, mean_error, read_answer

ALL: Final = "all"
KINDS: Final = (ALL, "task", "level", "view", "form")
"""By what questions are counted together."""

_LEVELS: Final = {1: "1 read", 2: "2 locate", 3: "3 watch", 4: "4 join", 5: "5 look ahead"}


@dataclass(frozen=True)
class Outcome:
    """What became of one question.

    Attributes:
        question: The question.
        given: Whether there was a prediction.
        problem: Why the prediction gives no answer; empty if it gives one, or was not given.
        right: Whether the answer is right; never of a forecast.
        error: Of a number, or the mean one of a forecast, in the unit of the column; None if there
            is no answer, or the form has no error.
    """

    question: PictureQuestion
    given: bool
    problem: str
    right: bool
    error: float | None


@dataclass(frozen=True)
class ScoreRow:
    """How questions of one kind were answered.

    Attributes:
        kind: One of `KINDS`.
        name: Which of the kind.
        asked: So many questions.
        right: So many were answered rightly.
        unparsable: So many predictions give no answer, or no single one.
        missing: So many questions have no prediction.
        chance: The share that guessing gets right.
        majority: The share that the most frequent answer of train gets right; None if train has no
            questions.
        blind: The share that the best blind reader gets right; None where no evidence is known.
        pixels: The share that the reader of pixels gets right at native size; likewise.
        error: Median absolute error of numbers that were given; None if none were.
    """

    kind: str
    name: str
    asked: int
    right: int
    unparsable: int
    missing: int
    chance: float
    majority: float | None
    blind: float | None
    pixels: float | None
    error: float | None

    @property
    def accuracy(self) -> Interval:
        """The share that is right, with its 95 % interval."""
        return share(self.right, self.asked)


@dataclass(frozen=True)
class ForecastRow:
    """How the next values were forecast, over the questions that were answered.

    Attributes:
        name: A column, or `all`.
        asked: So many questions.
        unparsable: So many predictions do not give the numbers that were asked.
        missing: So many questions have no prediction.
        error: Mean absolute error in standard deviations of the column in train.
        scaled: Mean absolute scaled error.
        skill: By each forecast that anyone can make: 1 less the ratio of the scaled error to its
            own, on the same questions; 0 is as good, below 0 worse.
    """

    name: str
    asked: int
    unparsable: int
    missing: int
    error: Interval
    scaled: Interval
    skill: Mapping[str, Interval]


@dataclass(frozen=True)
class Score:
    """The figures of one file of predictions.

    Attributes:
        name: What the predictions are called.
        split: The split.
        rows: By kind and name; the first counts all questions but forecasts.
        forecasts: Over all columns, then by column; empty if no forecast was asked.
        outcomes: By question.
        problems: How often a prediction gave no answer, by reason.
    """

    name: str
    split: str
    rows: tuple[ScoreRow, ...]
    forecasts: tuple[ForecastRow, ...]
    outcomes: Mapping[str, Outcome]
    problems: Mapping[str, int]

    def of_row(self, row: ScoreRow) -> list[Outcome]:
        """What a row counts."""
        return [
            outcome
            for outcome in self.outcomes.values()
            if outcome.question.form != FORECAST_FORM
            and _KEYS[row.kind](outcome.question) == row.name
        ]

    def to_json(self) -> dict[str, object]:
        """All figures as plain numbers, for a file; no number where one is not known."""
        return {
            "predictions": self.name,
            "split": self.split,
            "rows": [{**vars(row), "accuracy": interval_json(row.accuracy)} for row in self.rows],
            "forecasts": [
                {
                    **vars(row),
                    "error": interval_json(row.error),
                    "scaled": interval_json(row.scaled),
                    "skill": {name: interval_json(each) for name, each in row.skill.items()},
                }
                for row in self.forecasts
            ],
            "problems": dict(self.problems),
        }


def interval_json(found: Interval) -> dict[str, float | None]:
    """An interval as JSON has it, which knows no NaN."""
    return {name: None if math.isnan(each) else each for name, each in vars(found).items()}


@dataclass(frozen=True)
class Known:
    """What stands beside the figures.

    Attributes:
        train: Questions of the train split, for the most frequent answers.
        references: What forecasts are held against, by question.
        evidence: What the readers made of the questions, as `make evidence` writes it.
    """

    train: Sequence[PictureQuestion] = ()
    references: Mapping[str, Reference] | None = None
    evidence: Mapping[str, Any] | None = None


def score(
    questions: Sequence[PictureQuestion],
    predictions: Mapping[str, str],
    known: Known | None = None,
    name: str = "predictions",
) -> Score:
    """Hold predictions against the questions of a split.

    Args:
        questions: All questions of the split.
        predictions: A model's raw text by the id of the question.
        known: What stands beside the figures.
        name: What the predictions are called.
    """
    known = known or Known()
    held = known.references or {}
    outcomes = {q.id: _outcome(q, predictions.get(q.id), held.get(q.id)) for q in questions}
    exact = [q for q in questions if q.form != FORECAST_FORM]
    majority = dict(
        zip((q.id for q in exact), majority_right(known.train, exact), strict=True)
        if known.train
        else ()
    )
    readers = _readers(known.evidence or {}, questions[0].split if questions else "")
    rows = []
    for kind in KINDS:
        key = _KEYS[kind]
        for each in sorted({key(q) for q in exact}) if kind != "task" else _tasks(exact):
            asked = [q for q in exact if key(q) == each]
            rows.append(_row(kind, each, asked, outcomes, majority, readers))
    ahead = [q for q in questions if q.form == FORECAST_FORM]
    return Score(
        name=name,
        split=questions[0].split if questions else "",
        rows=tuple(rows),
        forecasts=tuple(_forecast_rows(ahead, outcomes, held)),
        outcomes=outcomes,
        problems=dict(Counter(o.problem for o in outcomes.values() if o.problem).most_common()),
    )


_KEYS: Final[Mapping[str, Callable[[PictureQuestion], str]]] = {
    ALL: lambda question: ALL,
    "task": lambda question: question.task,
    "level": lambda question: _LEVELS.get(question.level, str(question.level)),
    "view": lambda question: " + ".join(question.needs) or "none",
    "form": lambda question: question.form,
}


def _tasks(questions: Sequence[PictureQuestion]) -> list[str]:
    return list(dict.fromkeys(question.task for question in questions))


def _outcome(
    question: PictureQuestion, prediction: str | None, reference: Reference | None
) -> Outcome:
    if prediction is None:
        return Outcome(question, False, "", False, None)
    truth = truth_of(question, reference)
    reading = read_answer(prediction, truth)
    if reading.value is None:
        return Outcome(question, True, reading.problem, False, None)
    error = None
    if question.form == FORECAST_FORM:
        right = tuple(map(float, question.answer.split()))
        assert isinstance(reading.value, tuple)
        return Outcome(question, True, "", False, mean_error(reading.value, right))
    if question.form == "number":
        assert isinstance(reading.value, float)
        error = abs(reading.value - float(question.answer))
    return Outcome(question, True, "", is_right(reading.value, truth), error)


_Readers = Mapping[str, tuple[float | None, float | None]]


def _row(
    kind: str,
    name: str,
    asked: Sequence[PictureQuestion],
    outcomes: Mapping[str, Outcome],
    majority: Mapping[str, bool],
    readers: _Readers,
) -> ScoreRow:
    found = [outcomes[q.id] for q in asked]
    errors = sorted(each.error for each in found if each.error is not None)
    return ScoreRow(
        kind=kind,
        name=name,
        asked=len(asked),
        right=sum(each.right for each in found),
        unparsable=sum(bool(each.problem) for each in found),
        missing=sum(not each.given for each in found),
        chance=sum(q.chance for q in asked) / len(asked),
        majority=sum(majority[q.id] for q in asked) / len(asked) if majority else None,
        blind=_mean([readers.get(q.task, (None, None))[0] for q in asked]),
        pixels=_mean([readers.get(q.task, (None, None))[1] for q in asked]),
        error=errors[len(errors) // 2] if errors else None,
    )


def _mean(values: Sequence[float | None]) -> float | None:
    """The mean, if all are known: a mean of some would stand for other questions."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known and len(known) == len(values) else None


def _readers(evidence: Mapping[str, Any], split: str) -> _Readers:
    """What the best blind reader and the reader of pixels get right, by task, in this split.

    Where evidence tells of all splits together alone, that is taken.
    """
    found: dict[str, tuple[float | None, float | None]] = {}
    rows = evidence.get("rows", [])
    for wanted in ("all", split):
        for row in rows:
            if row.get("split") == wanted:
                blind = [_rate(each) for each in row.get("blind", {}).values()]
                known = [rate for rate in blind if rate is not None]
                pixels = _rate(row.get("pixels", {}).get("native", {}))
                found[str(row.get("task"))] = (max(known) if known else None, pixels)
    return found


def _rate(found: Mapping[str, Any]) -> float | None:
    return found["right"] / found["asked"] if found.get("asked") else None


def _forecast_rows(
    asked: Sequence[PictureQuestion],
    outcomes: Mapping[str, Outcome],
    held: Mapping[str, Reference],
) -> list[ForecastRow]:
    if not asked:
        return []
    columns = list(dict.fromkeys(held[q.id].column for q in asked if q.id in held))
    rows = [_forecast_row(ALL, asked, outcomes, held)]
    for column in columns:
        own = [q for q in asked if q.id in held and held[q.id].column == column]
        rows.append(_forecast_row(column, own, outcomes, held))
    return rows


def scaled_error(outcome: Outcome, held: Mapping[str, Reference]) -> float | None:
    """The scaled error of a forecast; None if none was given, or it has no scale."""
    reference = held.get(outcome.question.id)
    if outcome.error is None or reference is None or reference.scale <= 0:
        return None
    return outcome.error / reference.scale


def _forecast_row(
    name: str,
    asked: Sequence[PictureQuestion],
    outcomes: Mapping[str, Outcome],
    held: Mapping[str, Reference],
) -> ForecastRow:
    found = [outcomes[q.id] for q in asked]
    answered = [
        (o, held[o.question.id]) for o in found if o.error is not None and o.question.id in held
    ]
    scaled = [(s, r) for o, r in answered if (s := scaled_error(o, held)) is not None]
    skill = {}
    for each in FORECASTS:
        pairs = [
            (s, mean_error(r.forecasts[each], r.right) / r.scale)
            for s, r in scaled
            if each in r.forecasts
        ]
        ratio = ratio_of([own for own, _ in pairs], [other for _, other in pairs])
        skill[each] = Interval(1 - ratio.value, 1 - ratio.high, 1 - ratio.low)
    return ForecastRow(
        name=name,
        asked=len(asked),
        unparsable=sum(bool(each.problem) for each in found),
        missing=sum(not each.given for each in found),
        error=mean_of(
            [o.error / r.deviation for o, r in answered if o.error is not None and r.deviation > 0]
        ),
        scaled=mean_of([s for s, _ in scaled]),
        skill=skill,
    )
