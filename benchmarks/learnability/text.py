"""What a model sees of a question's text: numbers of its words.

What belongs here: the words of task, subject and options, without any word of the answer. What does
not: pictures (`data`).

The wording is left out: it is one sentence for all questions of a text, so that it tells nothing
that task, subject and options do not.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from zwu_ts_assets.training.picture.question import PictureQuestion

_OPTION = "option"
_WORD = re.compile(r"\w+")

Words = NDArray[np.int64]


@dataclass(frozen=True)
class Vocabulary:
    """The words of questions, by what they tell of.

    Attributes:
        tasks: Names of the tasks.
        roles: What is told: the names of a subject's parts, and `option`.
        words: All words.
        most_options: Of a question.
        most_words: Of a part of the subject or of an option.
    """

    tasks: tuple[str, ...]
    roles: tuple[str, ...]
    words: tuple[str, ...]
    most_options: int
    most_words: int

    def number(self, word: str) -> int:
        """The number of a word; 0 where no question has it."""
        return self._numbers.get(word, 0)

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {word: number for number, word in enumerate(self.words, start=1)}

    def encode(self, question: PictureQuestion) -> Words:
        """The words of a question, option by option.

        Args:
            question: Whose words are all known.

        Returns:
            (most_options, roles, most_words) int64: numbers of words from 1 on; 0 for no word.

        Raises:
            KeyError: A word is not known.
        """
        numbers = np.zeros((self.most_options, len(self.roles), self.most_words), np.int64)
        for at, option in enumerate(question.options):
            for role, text in (*_subject(question), (_OPTION, option)):
                found = [self._numbers[word] for word in _WORD.findall(text)]
                numbers[at, self.roles.index(role), : len(found)] = found
        return numbers


def vocabulary_of(questions: Sequence[PictureQuestion]) -> Vocabulary:
    """The words of some questions, in an order that does not depend on theirs."""
    parts = [
        (role, _WORD.findall(text))
        for question in questions
        for role, text in (*_subject(question), *((_OPTION, each) for each in question.options))
    ]
    return Vocabulary(
        tasks=tuple(sorted({question.task for question in questions})),
        roles=tuple(sorted({role for role, _ in parts})),
        words=tuple(sorted({word for _, words in parts for word in words})),
        most_options=max(len(question.options) for question in questions),
        most_words=max(len(words) for _, words in parts),
    )


def _subject(question: PictureQuestion) -> list[tuple[str, str]]:
    return [(name, str(value)) for name, value in question.subject.items()]
