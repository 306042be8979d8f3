"""The list of tasks, and which of them a sample gets.

What belongs here: looking tasks up, choosing among them, checking an answer by a task's name. What
does not: the tasks themselves.
"""

from collections.abc import Mapping
from typing import Final

from zwu_ts_assets.training.describe import DESCRIBE
from zwu_ts_assets.training.forecast import FORECAST
from zwu_ts_assets.training.questions import EXTREMES, TREND, VOLATILITY
from zwu_ts_assets.training.relations import LAG, TOGETHER
from zwu_ts_assets.training.sample import Sample
from zwu_ts_assets.training.task import Question, Task, by_hash
from zwu_ts_assets.training.task_settings import TaskSettings

TASKS: Final[Mapping[str, Task]] = {
    task.name: task for task in (FORECAST, DESCRIBE, EXTREMES, TREND, VOLATILITY, TOGETHER, LAG)
}
"""All tasks by name, in the order in which a sample's conversations are listed."""


def questions_of(sample: Sample, settings: TaskSettings) -> dict[str, Question]:
    """What a sample is asked, by the name of the task.

    Every task that is not a question, and as many of the questions as the settings say: the first
    ones, in an order that the sample's id decides, that have an unambiguous answer.

    Raises:
        CorpusError: The settings name an unknown column or too many steps.
    """
    found: dict[str, Question] = {}
    wanted = [TASKS[name] for name in TASKS if name in settings.tasks]
    for task in wanted:
        if not task.is_question and (question := task.ask(sample, settings)) is not None:
            found[task.name] = question
    left = settings.questions_per_sample
    for name in by_hash(sample.id, "task", (task.name for task in wanted if task.is_question)):
        if left and (question := TASKS[name].ask(sample, settings)) is not None:
            found[name] = question
            left -= 1
    return {name: found[name] for name in TASKS if name in found}


def check_answer(sample: Sample, task: str, answer: str, settings: TaskSettings) -> str:
    """What is wrong with an answer; an empty string if nothing.

    The numbers are computed from the sample's values in another way than for asking.

    Args:
        sample: The sample that was asked about.
        task: Name of the task.
        answer: The answer's text.
        settings: The settings with which it was asked.
    """
    if task not in TASKS:
        return f"there is no task {task!r}; the tasks are: {', '.join(TASKS)}"
    return TASKS[task].check(sample, answer, settings)


def tasks_markdown() -> str:
    """The tasks as a Markdown table, for the documentation."""
    lines = ["| task | answer |", "|---|---|"]
    lines += [f"| `{task.name}` | {task.content} |" for task in TASKS.values()]
    return "\n".join(lines) + "\n"
