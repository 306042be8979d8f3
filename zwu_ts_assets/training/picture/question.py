"""The type of a question and the form of its answer.

Imports nothing heavy, since settings are read whenever definitions load.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

LETTERS: Final = "ABCDEFGH"
"""What options are called, in their order."""

SPANS: Final = 8
"""Into so many spans of nearly equal length the steps of a window are cut."""

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
        needs: The views in which the answer stands: `figure`, `video`, `lines`, `altered` (the
            lines of an altered copy) or `text`; none where nothing that is given determines it,
            because it lies ahead.
        subject: What the question is about, by name; two questions of a task with the same subject
            and options differ in their media alone.
        options: The texts of the options, in the order A, B, ...
        right: The right option, counted from 0; -1 where the answer is no option.
        given: The views that are shown: the needed ones, except for unanswerable questions.
        series: The lines of the prompt that give numbers of the window; empty where none do.
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
    given: tuple[str, ...]
    wording: int
    prompt: str
    rationale: str
    values: tuple[float, ...] = ()
    series: str = ""
    other_sample: str = ""
    form: str = "choice"
    tolerance: float = 0.0

    @property
    def answerable(self) -> bool:
        """Whether what is shown holds the answer, or nothing could."""
        return set(self.needs) <= {*self.given, "text"}

    @property
    def chance(self) -> float:
        """The share of such questions that guessing gets right; 0 without options."""
        return 1 / len(self.options) if self.options else 0.0

    @property
    def answer_line(self) -> str:
        """The line that answers the question."""
        return f"{ANSWER_PREFIX}{self.answer}"


TASK_NAMES: Final = (
    "cell_value",
    "closest_pair",
    "most_correlated",
    "least_correlated",
    "span_relation",
    "line_ends",
    "odd_column",
    "returning_span",
    "odd_span",
    "break",
    "rhythm",
    "line_peak",
    "peak_if_shown",
    "extremes",
    "trend",
    "volatility",
    "lag",
    "frame_pair",
    "frame_correlated",
    "pearson_part",
    "count_parts",
    "first_part",
    "drift",
    "part_if_shown",
    "drift_if_shown",
    "same_window",
    "same_lines",
    "which_figure",
    "anomaly",
    "anomaly_column",
    "anomaly_span",
    "ahead_level",
    "ahead_quarter",
    "ahead_end",
    "forecast",
)
"""The project's own tasks, in the order in which questions are listed."""

LABEL_TASK_NAMES: Final = ("label", "labelled", "labelled_quarter")
"""The tasks about what a column of the user's own says of the rows: asked where there is one."""

ALTERED: Final = "altered"
"""The view that shows an altered copy of a window as lines. It is never shown together with a view
of the window itself, which it would contradict."""

ALTERED_LEAST_STEPS: Final = 48
"""Of shorter windows nothing is altered: an eighth of them is too short to show noise."""

ON_LINES: Final[Mapping[str, Mapping[str, int]]] = {
    "lines": {
        **{"line_ends": 1, "line_peak": 2, "peak_if_shown": 2, "same_lines": 4},
        **dict.fromkeys(LABEL_TASK_NAMES, 4),
    },
    ALTERED: {"anomaly": 4, "anomaly_column": 4, "anomaly_span": 4},
}
"""The tasks for which line plots, or those of altered copies, are drawn, with their levels: what
the settings know of tasks without loading them."""


@dataclass(frozen=True)
class QuestionSet:
    """The questions of a dataset.

    Attributes:
        questions: By split, task and sample; of many windows they lie on disk.
        left_out: Why a task has no question, by its name, as a sentence.
    """

    questions: Sequence[PictureQuestion]
    left_out: Mapping[str, str] = field(default_factory=dict)


def spans_of(steps: int) -> list[tuple[int, int]]:
    """First step, and the step after the last one, of each span of a window.

    Args:
        steps: Steps of the window.
    """
    edges = [round(i * steps / SPANS) for i in range(SPANS + 1)]
    return list(itertools.pairwise(edges))
