"""What a task is: a question about a sample that has one right answer, and its check.

What belongs here: the types and settings that all tasks share, and the choice by hash. What does
not: the tasks (`forecast`, `describe`, `questions`, `relations`), their list (`tasks`), their
wording (`templates/`).
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from zwu_ts_assets.training.sample import Sample
from zwu_ts_assets.training.task_settings import TaskSettings

T = TypeVar("T")

ROUNDING: Final = 1e-7
"""A column with a spread below this, relative to its largest number, counts as constant."""


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


def varying_in_panels(sample: Sample) -> list[int]:
    """Those of the columns of the feature panels that vary, in the order of the panels.

    What is read off a figure is asked about what the figure shows.
    """
    moving = set(varying(sample.past))
    return [column for column in sample.panel_columns if column in moving]


def answer_groups(pattern: str, answer: str) -> Sequence[str] | None:
    """The groups of a pattern that must be the whole answer; None if it is not."""
    match = re.fullmatch(pattern, answer)
    return match.groups() if match else None


def first_problem(problems: Iterable[tuple[str, str]]) -> str:
    """The first of (what, problem) with a problem, as a sentence; empty if there is none."""
    return next((f"{what}: {problem}" for what, problem in problems if problem), "")
