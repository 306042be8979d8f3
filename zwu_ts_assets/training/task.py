"""What a task is: a question about a sample that has one right answer, and its check.

What belongs here: the types and settings that all tasks share, and the choice by hash. What does
not: the tasks (`forecast`, `describe`, `questions`, `relations`), their list (`tasks`), their
wording (`templates/`).
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Final, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from zwu_ts_assets.corpus.errors import CorpusError
from zwu_ts_assets.training.sample import Sample

T = TypeVar("T")

ROUNDING: Final = 1e-7
"""A column with a spread below this, relative to its largest number, counts as constant."""


class TaskSettings(BaseModel):
    """What is asked of each sample, and how much of it."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    tasks: Annotated[tuple[str, ...], Field(strict=False)] = Field(
        default=("forecast", "describe", "extremes", "trend", "volatility", "together", "lag"),
        min_length=1,
        description="The tasks, see the table of tasks.",
    )
    questions_per_sample: int = Field(
        default=1, ge=0, le=5, description="How many of the questions among them each sample gets."
    )
    forecast_steps: int | None = Field(
        default=None, ge=1, description="Steps to forecast; unset: the whole target span."
    )
    forecast_features: Annotated[tuple[str, ...] | None, Field(strict=False)] = Field(
        default=None, min_length=1, description="Columns to forecast, in order; unset: all."
    )
    recent_steps: int = Field(
        default=24,
        ge=0,
        description="Last steps of the past that a forecast's prompt holds as numbers.",
    )
    decimals: int = Field(
        default=2, ge=0, le=9, description="Decimals of numbers in prompts and answers."
    )
    tell_dates: bool = Field(
        default=False, description="Tell the dates of a window; a model could learn them by heart."
    )

    def forecast_columns(self, sample: Sample) -> tuple[int, ...]:
        """Which columns are forecast.

        Raises:
            CorpusError: A column does not exist, or is named twice.
        """
        names = sample.features if self.forecast_features is None else self.forecast_features
        for name in names:
            if name not in sample.features or names.count(name) > 1:
                raise CorpusError(
                    f"forecast_features names {name!r}, which is no column or is named twice; "
                    f"the columns are: {', '.join(sample.features)}"
                )
        return tuple(map(sample.features.index, names))

    def forecast_length(self, sample: Sample) -> int:
        """How many steps are forecast.

        Raises:
            CorpusError: More than the target span has.
        """
        horizon = len(sample.target)
        steps = horizon if self.forecast_steps is None else self.forecast_steps
        if steps > horizon:
            raise CorpusError(
                f"forecast_steps is {steps}, but the target span has {horizon} rows; make "
                "forecast_steps smaller or the horizon larger"
            )
        return steps


@dataclass(frozen=True)
class Question:
    """A task as one sample poses it.

    Attributes:
        answer: The right answer.
        facts: What the template needs beside what all templates get, by name.
    """

    answer: str
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Task:
    """One kind of question.

    Attributes:
        name: Its name; also that of its template, and the end of the conversations' ids.
        content: What is asked and how the answer looks, for the documentation.
        ask: The question of a sample; None where there is no unambiguous answer.
        check: What is wrong with an answer; empty if nothing. It computes the numbers in another
            way than `ask` does.
        is_question: One of which a sample gets only some, chosen by hash.
    """

    name: str
    content: str
    ask: Callable[[Sample, TaskSettings], Question | None]
    check: Callable[[Sample, str, TaskSettings], str]
    is_question: bool = True


def by_hash(sample_id: str, purpose: str, options: Iterable[T]) -> list[T]:
    """The options in an order that follows from the sample's id alone.

    Not by a random generator: the order must not depend on which other samples there are, or in
    which process they are made.

    Args:
        sample_id: The sample's id.
        purpose: What is chosen, so that two choices of one sample are independent.
        options: The options; their text forms differ.
    """

    def key(option: T) -> bytes:
        return hashlib.sha256(f"{sample_id}\n{purpose}\n{option}".encode()).digest()

    return sorted(options, key=key)


def varying(values: NDArray[np.float64]) -> list[int]:
    """The columns whose spread is more than `ROUNDING` of their largest number.

    Questions are about these alone: what is left of a narrower one is mostly rounding, and two ways
    to compute its correlation would differ.

    Args:
        values: (rows, features) float64, finite.
    """
    spread = values.max(axis=0) - values.min(axis=0)
    return [int(i) for i in np.flatnonzero(spread > ROUNDING * np.abs(values).max(axis=0))]


def answer_groups(pattern: str, answer: str) -> Sequence[str] | None:
    """The groups of a pattern that must be the whole answer; None if it is not."""
    match = re.fullmatch(pattern, answer)
    return match.groups() if match else None


def first_problem(problems: Iterable[tuple[str, str]]) -> str:
    """The first of (what, problem) with a problem, as a sentence; empty if there is none."""
    return next((f"{what}: {problem}" for what, problem in problems if problem), "")
