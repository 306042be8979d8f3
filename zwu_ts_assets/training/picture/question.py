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
        level: 1 read, 2 locate, 3 watch, 4 join, 5 look ahead.
        needs: The views in which the answer stands: `figure`, `video`, `lines` or `text`; none
            where nothing that is given determines it, because it lies ahead.
        subject: What the question is about, by name; two questions of a task with the same subject
            and options differ in their media alone.
        options: The texts of the options, in the order A, B, ...
        right: The right option, counted from 0; -1 where the answer is no option.
        answer: What stands behind `Answer: ` in the right answer.
        values: What was compared, one number for each option; empty where options are classes.
        wording: Which wording was used, counted from 0.
        prompt: The text of the question, options and form of the answer included.
        rationale: How the answer is read off the media, in one or two sentences.
        other_sample: A second sample whose figure or video is shown too; empty for none.
        form: How it is answered: `choice` by the letter of an option, `name` by the text of one of
            the options, `number` by one number, `numbers` by several with spaces between them.
        tolerance: By how much a number may differ from the right one; 0 for other forms.
    """

    id: str
    sample_id: str
    split: str
    task: str
    level: int
    needs: tuple[str, ...]
    subject: Mapping[str, object]
    options: tuple[str, ...]
    right: int
    answer: str
    wording: int
    prompt: str
    rationale: str
    values: tuple[float, ...] = ()
    other_sample: str = ""
    form: str = "choice"
    tolerance: float = 0.0

    @property
    def chance(self) -> float:
        """The share of such questions that guessing gets right; 0 without options."""
        return 1 / len(self.options) if self.options else 0.0

    @property
    def answer_line(self) -> str:
        """The line that answers the question."""
        return f"{ANSWER_PREFIX}{self.answer}"
