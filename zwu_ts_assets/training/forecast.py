"""The forecast task: the numbers of the target span.

What belongs here: the answer's format, written and read. What does not: scoring a forecast.

The answer has one line per column, its name, a colon, and its values in the order of time with one
space between them:

    HUFL: 12.73 11.99 10.05
    OT: 30.53 27.79 27.79

One line per column and not one per step: the name is written once per column, a column's next value
stands beside the one before it, and each line can be checked by itself. With two decimals and four
digits a value is six tokens of Qwen; 96 steps of seven columns are about 4,000.
"""

import numpy as np
from numpy.typing import NDArray

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.training.numbers import number_problem, values_text
from zwu_ts_assets.training.sample import Sample
from zwu_ts_assets.training.task import Question, Task
from zwu_ts_assets.training.task_settings import TaskSettings


def format_forecast(values: NDArray[np.float64], features: tuple[str, ...], decimals: int) -> str:
    """Values as the text of an answer.

    Args:
        values: (steps, features) float64, finite.
        features: Names of the columns.
        decimals: Decimals of each number.
    """
    return "\n".join(
        f"{name}: {values_text(column, decimals)}"
        for name, column in zip(features, values.T, strict=True)
    )


def parse_forecast(text: str, features: tuple[str, ...], steps: int) -> NDArray[np.float64]:
    """The values in the text of an answer, such as a model's.

    Args:
        text: The answer; white space around it and at the ends of lines is ignored.
        features: Names of the columns, in order.
        steps: How many values each has.

    Returns:
        (steps, features) float64.

    Raises:
        CorpusError: The text is not in the format; the message names the line, counted from 1.
    """
    values = np.array(
        [[float(number) for number in numbers] for numbers in _numbers(text, features, steps)],
        dtype=np.float64,
    )
    return np.ascontiguousarray(values.T)


def _numbers(text: str, features: tuple[str, ...], steps: int) -> list[list[str]]:
    lines = text.strip().split("\n")
    if len(lines) != len(features):
        raise CorpusError(
            f"the forecast has {len(lines)} line(s); expected {len(features)}, one for each of: "
            f"{', '.join(features)}"
        )
    rows = []
    for number, (line, name) in enumerate(zip(lines, features, strict=True), start=1):
        # The name is known, so it may hold a colon or a space itself.
        if not line.startswith(f"{name}:"):
            raise CorpusError(
                f"the forecast's line {number} begins with {line[: len(name) + 1]!r}; expected "
                f"'{name}:' and {steps} numbers"
            )
        numbers = line[len(name) + 1 :].split()
        if len(numbers) != steps:
            raise CorpusError(
                f"the forecast's line {number}, {name}, has {len(numbers)} numbers; expected "
                f"{steps}"
            )
        for position, text_number in enumerate(numbers):
            try:
                finite = np.isfinite(float(text_number))
            except ValueError:
                finite = False
            if not finite:
                raise CorpusError(
                    f"the forecast's line {number}, {name}, has {text_number[:40]!r} at step "
                    f"{position}; expected a number"
                )
        rows.append(numbers)
    return rows


def _ask(sample: Sample, settings: TaskSettings) -> Question | None:
    if not len(sample.target):
        return None  # the horizon is 0: there is nothing to forecast
    columns = list(settings.forecast_columns(sample))
    steps = settings.forecast_length(sample)
    names = tuple(sample.features[i] for i in columns)
    recent = min(settings.recent_steps, len(sample.past))
    return Question(
        answer=format_forecast(sample.target[:steps, columns], names, settings.decimals),
        facts={
            "forecast_steps": steps,
            "forecast_features": names,
            "recent_steps": recent,
            "recent_values": format_forecast(
                sample.past[len(sample.past) - recent :], sample.features, settings.decimals
            )
            if recent
            else "",
        },
    )


def _check(sample: Sample, answer: str, settings: TaskSettings) -> str:
    names = tuple(sample.features[i] for i in settings.forecast_columns(sample))
    steps = settings.forecast_length(sample)
    try:
        rows = _numbers(answer, names, steps)
    except CorpusError as error:
        return str(error)
    for name, row in zip(names, rows, strict=True):
        column = sample.features.index(name)
        for step, text in enumerate(row):
            problem = number_problem(text, float(sample.target[step, column]), settings.decimals)
            if problem:
                return f"{name} at step {step} of the target: {problem}"
    return "" if answer == answer.strip() else "the answer has white space around it"


FORECAST = Task(
    "forecast",
    "the values of the target span: one line per column, `NAME: v0 v1 v2 ...`",
    _ask,
    _check,
    is_question=False,
)
