"""What has to be beaten: guessing, the most frequent answer, and forecasts that anyone can make.

A baseline sees questions and numbers of the past, never a picture and never a model.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from zwu_ts_assets.evidence.blind import TextQuestion, majority_answers
from zwu_ts_assets.scoring.intervals import Interval, mean_of, share
from zwu_ts_assets.training.picture.question import PictureQuestion
from zwu_ts_assets.training.reward import Truth, is_right, mean_error
from zwu_ts_assets.training.sample import Sample
from zwu_ts_assets.training.samples import interval_seconds

Values = NDArray[np.float64]

FORECAST_FORM: Final = "numbers"
"""The form of questions for the next values of a column."""

FORECASTS: Final = ("last value", "seasonal naive", "window mean")
"""Names of the forecasts that anyone can make."""

_DAY: Final = 86_400  # seconds


@dataclass(frozen=True)
class Reference:
    """What a forecast is held against.

    Attributes:
        column: Name of the column.
        right: What came.
        last: The last value before it.
        forecasts: By name: the last value again and again, the last season again, and the mean of
            the window; no season where the window holds none.
        scale: The mean absolute difference, over the window, between a value and that one season
            before it, or one step before where there is no season: 1 in the mean absolute scaled
            error of Hyndman and Koehler (2006). 0 for a column that does not change.
        deviation: The column's standard deviation over the windows of the train split.
        season: Steps of a season; 0 where there is none.
    """

    column: str
    right: tuple[float, ...]
    last: float
    forecasts: Mapping[str, tuple[float, ...]]
    scale: float
    deviation: float
    season: int = 0


def references(
    questions: Sequence[PictureQuestion], samples: Sequence[Sample]
) -> dict[str, Reference]:
    """What each question for the next values of a column is held against, by its id.

    Args:
        questions: All questions; those of other forms are passed over.
        samples: The samples behind them, and those of the train split for deviations; a question
            whose sample is missing has no reference.
    """
    by_id = {sample.id: sample for sample in samples}
    deviations = _deviations(samples)
    found = {}
    for question in questions:
        sample = by_id.get(question.sample_id)
        column = question.subject.get("feature", question.subject.get("column"))
        if question.form != FORECAST_FORM or sample is None or column not in sample.features:
            continue
        name = str(column)
        past = sample.past[:, sample.features.index(name)]
        right = tuple(map(float, question.answer.split()))
        season = _season(sample)
        lag = season or 1
        found[question.id] = Reference(
            column=name,
            right=right,
            last=float(past[-1]),
            forecasts=_forecasts(past, season, len(right)),
            scale=float(np.abs(past[lag:] - past[:-lag]).mean()) if len(past) > lag else 0.0,
            deviation=deviations.get(name, math.nan),
            season=season,
        )
    return found


def _season(sample: Sample) -> int:
    """Steps of a day; 0 where a window has no two days, or a day no whole number of steps."""
    step = interval_seconds(sample)
    steps = _DAY // step if step else 0
    return steps if steps > 1 and step * steps == _DAY and 2 * steps <= len(sample.past) else 0


def _forecasts(past: Values, season: int, steps: int) -> dict[str, tuple[float, ...]]:
    found = {"last value": (float(past[-1]),) * steps}
    if season:
        found["seasonal naive"] = tuple(float(past[i % season - season]) for i in range(steps))
    found["window mean"] = (float(past.mean()),) * steps
    return found


def _deviations(samples: Sequence[Sample]) -> dict[str, float]:
    train = [sample for sample in samples if sample.split == "train"]
    if not train:
        return {}
    values = np.concatenate([sample.past for sample in train])
    return dict(zip(train[0].features, map(float, values.std(axis=0)), strict=True))


def majority_right(
    train: Sequence[PictureQuestion], asked: Sequence[PictureQuestion]
) -> list[bool]:
    """Whether the most frequent answer of train is right, question by question.

    With options: the most frequent one of the same options, else of the task. For a number, the
    median of the task's train answers. Nothing else is tried for the other forms.
    """
    found = [False] * len(asked)
    with_options = [i for i, q in enumerate(asked) if q.options and q.right >= 0]
    guesses = majority_answers(
        [_text(q) for q in train if q.options and q.right >= 0],
        [_text(asked[i]) for i in with_options],
        by_text=True,
    )
    for i, guess in zip(with_options, guesses, strict=True):
        found[i] = guess == asked[i].right
    medians: dict[str, float] = {}
    for task in {q.task for q in asked if q.form == "number"}:
        values = sorted(float(q.answer) for q in train if q.task == task and q.form == "number")
        if values:
            medians[task] = values[len(values) // 2]
    for i, question in enumerate(asked):
        if question.form == "number" and question.task in medians:
            found[i] = is_right(medians[question.task], truth_of(question))
    return found


def _text(question: PictureQuestion) -> TextQuestion:
    return TextQuestion(question.task, question.prompt, question.options, question.right)


def truth_of(question: PictureQuestion, reference: Reference | None = None) -> Truth:
    """What is right about a question, as rewards and scores take it."""
    return Truth(
        form=question.form,
        answer=question.answer,
        options=question.options,
        tolerance=question.tolerance,
        last=reference.last if reference else None,
    )


@dataclass(frozen=True)
class BaselineRow:
    """What baselines make of a task in a split.

    Attributes:
        task: Name of the task.
        split: Name of the split.
        asked: So many questions.
        chance: The share that guessing gets right.
        majority: The share that the most frequent answer of train gets right; None for forecasts.
        scaled_errors: For forecasts, the mean absolute scaled error of each, by name.
        season: For forecasts, the steps of a season; 0 where there is none.
    """

    task: str
    split: str
    asked: int
    chance: float
    majority: Interval | None
    scaled_errors: Mapping[str, Interval]
    season: int = 0


def baselines(questions: Sequence[PictureQuestion], samples: Sequence[Sample]) -> list[BaselineRow]:
    """What has to be beaten, by task and split.

    Args:
        questions: Those of every split.
        samples: The samples behind them.
    """
    train = [question for question in questions if question.split == "train"]
    known = references(questions, samples)
    rows = []
    for task in dict.fromkeys(question.task for question in questions):
        for split in dict.fromkeys(question.split for question in questions):
            asked = [q for q in questions if q.task == task and q.split == split]
            if not asked:
                continue
            right = majority_right(train, asked)
            ahead = asked[0].form == FORECAST_FORM
            held = [known[q.id] for q in asked if q.id in known]
            rows.append(
                BaselineRow(
                    task=task,
                    split=split,
                    asked=len(asked),
                    chance=sum(q.chance for q in asked) / len(asked),
                    majority=None if ahead else share(sum(right), len(right)),
                    scaled_errors=scaled_errors(held),
                    season=max((each.season for each in held), default=0),
                )
            )
    return rows


def scaled_errors(held: Sequence[Reference]) -> dict[str, Interval]:
    """The mean absolute scaled error of each forecast that anyone can make.

    Args:
        held: What is forecast; those without a scale are passed over.
    """
    found = {}
    for name in FORECASTS:
        errors = [
            mean_error(each.forecasts[name], each.right) / each.scale
            for each in held
            if name in each.forecasts and each.scale > 0
        ]
        if errors:
            found[name] = mean_of(errors)
    return found


def baselines_json(rows: Sequence[BaselineRow]) -> dict[str, object]:
    """The rows as plain numbers, for a file."""
    return {
        "rows": [
            {
                "task": row.task,
                "split": row.split,
                "asked": row.asked,
                "chance": row.chance,
                "majority": None if row.majority is None else vars(row.majority),
                "scaled_errors": {name: vars(each) for name, each in row.scaled_errors.items()},
            }
            for row in rows
        ]
    }


def baselines_markdown(rows: Sequence[BaselineRow]) -> str:
    """The rows as a Markdown table, with 95 % intervals."""
    forecasts = [name for name in FORECASTS if any(name in row.scaled_errors for row in rows)]
    head = ["task", "split", "questions", "chance", "majority of train", *forecasts]
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for row in rows:
        cells = [f"`{row.task}`", row.split, str(row.asked)]
        cells += ["" if row.majority is None else f"{row.chance:.0%}", share_text(row.majority)]
        for name in forecasts:
            each = row.scaled_errors.get(name)
            cells.append(f"{each.value:.2f} ({each.low:.2f} to {each.high:.2f})" if each else "")
        lines.append(f"| {' | '.join(cells)} |")
    notes = ["", _scale_told(max(row.season for row in rows))] if forecasts else []
    return "\n".join([*lines, *notes]) + "\n"


def _scale_told(season: int) -> str:
    """What the errors of forecasts are measured by, for these windows."""
    before = (
        f"that of the day before, {season} steps earlier" if season else "that of the step before"
    )
    why = (
        ""
        if season
        else " There is no seasonal forecast: that takes windows of two days or more, and a whole "
        "number of steps a day, more than one."
    )
    return (
        "Forecasts by mean absolute scaled error: 1 is the mean difference between a value and "
        f"{before}.{why}"
    )


def share_text(found: Interval | None) -> str:
    """A share with its interval, in percent; empty for none."""
    if found is None or math.isnan(found.value):
        return ""
    return f"{found.value:.1%} ({found.low:.0%} to {found.high:.0%})"
