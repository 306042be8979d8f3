"""Readers that see the text of a question and no picture.

If one of them is right more often than by chance, the text gives the answer away. Three are tried:
the most frequent answer of each task, the most frequent answer of each exact text, and a logistic
regression over the words of the text, each fitted on the train split.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_STEPS = 300
_RATE = 0.5
_PENALTY = 1e-3


@dataclass(frozen=True)
class TextQuestion:
    """What a blind reader is given of a question.

    Attributes:
        task: Name of the task.
        text: The whole text: question, options, form of the answer.
        options: The texts of the options.
        right: The right option; looked at while fitting alone.
        about: What the text is about, where a number is asked for.
        answer: The right number; looked at while fitting alone.
        tolerance: By how much an answer may be off.
    """

    task: str
    text: str
    options: tuple[str, ...]
    right: int
    about: str = ""
    answer: float = 0.0
    tolerance: float = 0.0


def majority_answers(
    train: Sequence[TextQuestion], asked: Sequence[TextQuestion], *, by_text: bool
) -> list[int]:
    """Answer each question as most train questions of its task, or of its options, were answered.

    Args:
        train: What is learned from.
        asked: What is answered.
        by_text: Whether the options count too, else the task alone.
    """

    def key(question: TextQuestion) -> tuple[object, ...]:
        return (question.task, question.options) if by_text else (question.task,)

    counts: dict[tuple[object, ...], Counter[int]] = {}
    for question in train:
        counts.setdefault(key(question), Counter())[question.right] += 1
    answers = []
    for question in asked:
        known = counts.get(key(question)) or counts.get((question.task,)) or Counter({0: 1})
        answers.append(max(range(len(question.options)), key=lambda i: (known[i], -i)))
    return answers


def usual_numbers(
    train: Sequence[TextQuestion], asked: Sequence[TextQuestion], *, by_text: bool
) -> list[float]:
    """Answer each question with the number that is right for most train questions of its kind.

    Args:
        train: What is learned from; a question that is answered itself does not count.
        asked: What is answered.
        by_text: Whether what the text is about counts too, else the task alone.
    """

    def key(question: TextQuestion) -> tuple[str, ...]:
        return (question.task, question.about) if by_text else (question.task,)

    known: dict[tuple[str, ...], list[TextQuestion]] = {}
    for question in train:
        known.setdefault(key(question), []).append(question)
        if by_text:
            known.setdefault((question.task,), []).append(question)
    answers = []
    for question in asked:
        # What occurs once is learned by heart: a question tells nothing about itself.
        others = [q for q in known.get(key(question), ()) if q is not question]
        others = others or [q for q in known.get((question.task,), ()) if q is not question]
        numbers = np.array([q.answer for q in others] or [0.0])
        reach = np.array([q.tolerance for q in others] or [0.0])
        hits = (np.abs(numbers[:, None] - numbers[None, :]) <= reach[None, :]).sum(axis=1)
        answers.append(float(numbers[hits.argmax()]))
    return answers


def regression_answers(train: Sequence[TextQuestion], asked: Sequence[TextQuestion]) -> list[int]:
    """Answer by a logistic regression that scores each option by its words and those of the text.

    Each task, whose questions all have as many options, gets a model of its own. It describes an
    option by its position, its words, and each pair of its words with the words of the question.
    That is enough to learn "these two columns are usually the closest" or "the break is usually in
    the middle".

    Args:
        train: What is learned from.
        asked: What is answered.
    """
    answers = [0] * len(asked)
    for task in {question.task for question in asked}:
        learned = [question for question in train if question.task == task]
        wanted = [at for at, question in enumerate(asked) if question.task == task]
        if learned:
            weights, names = _fitted(learned)
            for at in wanted:
                scores = _features(asked[at], names) @ weights
                answers[at] = int(scores.argmax())
    return answers


def _words(question: TextQuestion, option: int) -> list[str]:
    """The features of one option, as names."""
    own = question.options[option].split()
    first_line = question.text.split("\n")[0].split()
    rivals = [text for at, text in enumerate(question.options) if at != option]
    return [
        f"at {option}",
        f"is {question.options[option]}",
        *(f"word {word}" for word in own),
        *(f"beats {question.options[option]} {rival}" for rival in rivals),
        *(f"{word} in question, {' '.join(own)}" for word in first_line),
    ]


def _features(question: TextQuestion, names: Mapping[str, int]) -> Floats:
    """(options, features) float64 of 0 and 1."""
    found = np.zeros((len(question.options), len(names)))
    for option in range(len(question.options)):
        for word in _words(question, option):
            if word in names:
                found[option, names[word]] = 1.0
    return found


def _fitted(train: Sequence[TextQuestion]) -> tuple[Floats, dict[str, int]]:
    """Weights by gradient descent on the penalised log likelihood of the right options."""
    counts = Counter(
        word
        for question in train
        for option in range(len(question.options))
        for word in set(_words(question, option))
    )
    # What occurs once can only be learned by heart.
    names = {word: at for at, word in enumerate(w for w, count in counts.items() if count > 1)}
    tables = np.stack([_features(question, names) for question in train])
    right = np.array([question.right for question in train])
    weights = np.zeros(len(names))
    for _ in range(_STEPS):
        scores = tables @ weights
        chance = np.exp(scores - scores.max(axis=1, keepdims=True))
        chance /= chance.sum(axis=1, keepdims=True)
        chance[np.arange(len(train)), right] -= 1.0
        gradient = np.tensordot(chance, tables, axes=2) / len(train) + _PENALTY * weights
        weights = weights - _RATE * gradient
    return weights, names
