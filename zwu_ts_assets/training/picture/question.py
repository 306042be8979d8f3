"""The type of a picture question, and the form of its answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

LETTERS: Final = "ABCDEFGH"
"""What options are called, in their order."""

ANSWER_PREFIX: Final = "Answer: "
"""Begins the last line of every answer, which is all that a scorer reads."""


@dataclass(frozen=True)
class PictureQuestion:
    """One question about the media of a sample.

    Attributes:
        id: Unique and stable: the sample's id and the task.
        sample_id: The sample whose media are shown first.
        split: The sample's split.
        task: Name of the task, see `PICTURE_TASKS`.
        level: 1 read, 2 locate, 3 watch, 4 join.
        needs: The views in which the answer stands: `figure`, `video`.
        subject: What the question is about, by name; two questions of a task with the same subject
            and options differ in their media alone.
        options: The texts of the options, in the order A, B, ...
        answer: The right option, counted from 0.
        values: What was compared, one number for each option; empty where options are classes.
        wording: Which wording was used, counted from 0.
        prompt: The text of the question, options and form of the answer included.
        rationale: How the answer is read off the media, in one or two sentences.
        other_sample: A second sample whose figure or video is shown too; empty for none.
    """

    id: str
    sample_id: str
    split: str
    task: str
    level: int
    needs: tuple[str, ...]
    subject: Mapping[str, object]
    options: tuple[str, ...]
    answer: int
    wording: int
    prompt: str
    rationale: str
    values: tuple[float, ...] = ()
    other_sample: str = ""

    @property
    def letter(self) -> str:
        """The letter of the right option."""
        return LETTERS[self.answer]

    @property
    def answer_text(self) -> str:
        """The line that answers the question."""
        return f"{ANSWER_PREFIX}{self.letter}"
