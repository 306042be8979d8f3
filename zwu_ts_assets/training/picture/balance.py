"""Counterbalancing: choosing questions so that their text tells nothing about their answer.

A data set has habits. In ETTh1 the same two columns are nearly always the closest pair, so a model
that only reads "which of these pairs is closest?" is right far more often than by chance. Here a
question text (task, subject and options) is asked of as many windows in which option A
is right as of windows in which B is right, and so on, within each split; what cannot be balanced so
is not asked. Every function of the text, however it was fitted, is then right in exactly one of
len(options) cases of each split.

The wording belongs to the text. Questions are therefore chosen in *rounds*: one window for each
option of a text, and one wording for the whole round.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from zwu_ts_assets.training.picture.question import PictureQuestion

_MOST_ROUNDS: Final = 4
"""Of one text within a split, so that none fills a task alone."""


@dataclass(frozen=True)
class Answers:
    """The right answers of one text, in each window of which it could be asked.

    Attributes:
        key: Identifies the text: subject and options.
        options: How many options there are.
        right: The right option by index of the window, for windows with an unambiguous answer.
    """

    key: Hashable
    options: int
    right: Mapping[int, int]


@dataclass(frozen=True)
class Chosen:
    """One question that is asked.

    Attributes:
        text: Index of the text.
        window: Index of the window.
        answer: The right option.
        round: Number of the round within text and split; the wording follows from it.
    """

    text: int
    window: int
    answer: int
    round: int


def stable_hash(*parts: object) -> int:
    """A number that depends on the text forms of `parts` alone, the same on every machine."""
    text = "\n".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode("utf-8")).digest()[:8], "big")


def balanced(
    texts: Sequence[Answers], windows: Sequence[int], names: Sequence[str], seed: str
) -> list[Chosen]:
    """Choose questions of one task in one split, each window at most once.

    Texts that yield most come first. Of each, every option is right equally often.

    Args:
        texts: The answers of each text that could be asked.
        windows: Indices of the windows of the split.
        names: Id of each window by index; the choice depends on ids, not on positions.
        seed: Name of the task and the split.

    Returns:
        The chosen questions, by window.
    """
    free = set(windows)
    # A task with few texts needs more rounds of each to fill a split.
    most = max(_MOST_ROUNDS, len(free) // max(len(texts), 1))
    chosen: list[Chosen] = []
    order = sorted(
        range(len(texts)),
        key=lambda at: (-_rounds(texts[at], free), stable_hash(seed, texts[at].key)),
    )
    for at in order:
        text = texts[at]
        rounds = min(_rounds(text, free), most)
        for option in range(text.options if rounds else 0):
            bucket = [w for w in _bucket(text, option) if w in free]
            bucket.sort(key=lambda w: stable_hash(seed, text.key, names[w]))
            for number, window in enumerate(bucket[:rounds]):
                chosen.append(Chosen(at, window, option, number))
                free.remove(window)
    return sorted(chosen, key=lambda each: each.window)


def _bucket(text: Answers, option: int) -> list[int]:
    return [window for window, right in text.right.items() if right == option]


def _rounds(text: Answers, free: set[int]) -> int:
    """How many complete rounds the free windows allow."""
    counts = [0] * text.options
    for window, right in text.right.items():
        if window in free:
            counts[right] += 1
    return min(counts)


def imbalances(questions: Iterable[PictureQuestion]) -> list[str]:
    """Where a text tells of its answer: one option of it is right more often than another.

    Args:
        questions: Of any splits; those without options are passed over.

    Returns:
        A sentence for each text (task, split, subject and options) that is not balanced.
    """
    counts: dict[tuple[str, str, str, tuple[str, ...]], Counter[int]] = {}
    for each in questions:
        if each.options:
            subject = json.dumps(dict(each.subject), sort_keys=True, default=str)
            key = (each.task, each.split, subject, each.options)
            counts.setdefault(key, Counter())[each.right] += 1
    found = []
    for (task, split, subject, options), right in counts.items():
        times = [right[number] for number in range(len(options))]
        if len(set(times)) > 1:
            told = ", ".join(
                f"{option!r} {n} times" for option, n in zip(options, times, strict=True)
            )
            found.append(f"{task}, {split}, {subject}: right are {told}")
    return found
