"""Questions about one column: extremes, trend, volatility.

What belongs here: their definitions, answers and checks. What does not: questions about two columns
(`relations`), wording (`templates/`).

No value can be read off a figure of standardised columns, so the prompt holds the column's values,
and the answer follows from them as they are printed. A column is asked about only if its answer is
unambiguous; which one of those, the sample's id decides.

* extremes: the highest and the lowest value and their steps. Not asked if, as printed, another step
  has the same value.
* trend: the least-squares line through the values. It "rises" or "falls" if it changes by half a
  standard deviation or more from the first step to the last, else it "stays level".
* volatility: the quarter of the window with the largest and that with the smallest standard
  deviation (population). Not asked if, as printed, another quarter has the same.
"""

import itertools
import math
import re
import statistics
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from zwu_ts_assets.training.numbers import (
    NUMBER,
    mean_and_deviation,
    number_problem,
    number_text,
    values_block,
)
from zwu_ts_assets.training.sample import Sample
from zwu_ts_assets.training.task import (
    Question,
    Task,
    answer_groups,
    by_hash,
    first_problem,
    varying,
)
from zwu_ts_assets.training.task_settings import TaskSettings

_LEVEL = 0.5  # of a standard deviation
_QUARTERS = 4

_Answer = Callable[[str, NDArray[np.float64], int], str | None]
_Check = Callable[[str, list[float], str, int], str]


def _extremes_answer(name: str, values: NDArray[np.float64], decimals: int) -> str | None:
    printed = [float(number_text(value, decimals)) for value in values]
    highest, lowest = max(printed), min(printed)
    if printed.count(highest) > 1 or printed.count(lowest) > 1:
        return None
    high, low = printed.index(highest), printed.index(lowest)
    return (
        f"{name} is highest at step {high} with {number_text(values[high], decimals)} and lowest "
        f"at step {low} with {number_text(values[low], decimals)}."
    )


def _extremes_check(name: str, values: list[float], answer: str, decimals: int) -> str:
    groups = answer_groups(
        rf"{re.escape(name)} is highest at step ([0-9]+) with ({NUMBER}) and lowest at step "
        rf"([0-9]+) with ({NUMBER})\.",
        answer,
    )
    if groups is None:
        return f"found {answer!r}, expected the steps of the highest and lowest value of {name!r}"
    unit = 10.0**-decimals
    for step, text, sign in ((groups[0], groups[1], 1), (groups[2], groups[3], -1)):
        if int(step) >= len(values):
            return f"step {step} is after the window's last, {len(values) - 1}"
        value = values[int(step)]
        problem = number_problem(text, value, decimals)
        if problem:
            return f"at step {step}: {problem}"
        for other, rival in enumerate(values):
            if other != int(step) and sign * (rival - value) > -unit * 1e-9:
                return f"step {step} has {value!r}, but step {other} has {rival!r}"
    return ""


def _trend_answer(name: str, values: NDArray[np.float64], decimals: int) -> str | None:
    steps = np.arange(len(values)) - (len(values) - 1) / 2
    half = steps[-1] * (steps @ (values - values.mean())) / (steps @ steps)
    change, threshold = 2 * half, _LEVEL * values.std()
    # On the threshold, rounding would decide.
    if abs(abs(change) - threshold) <= 1e-6 * threshold or threshold == 0:
        return None
    verb = "stays level" if abs(change) < threshold else "rises" if change > 0 else "falls"
    first = number_text(values.mean() - half, decimals)
    last = number_text(values.mean() + half, decimals)
    return (
        f"{name} {verb}: its least-squares line goes from {first} at step 0 to {last} at step "
        f"{len(values) - 1}."
    )


def _trend_check(name: str, values: list[float], answer: str, decimals: int) -> str:
    groups = answer_groups(
        rf"{re.escape(name)} (rises|falls|stays level): its least-squares line goes from ({NUMBER})"
        rf" at step 0 to ({NUMBER}) at step {len(values) - 1}\.",
        answer,
    )
    if groups is None:
        return f"found {answer!r}, expected the trend of {name!r}"
    line = statistics.linear_regression(range(len(values)), values)
    change = line.slope * (len(values) - 1)
    deviation = mean_and_deviation(values)[1]
    expected = "stays level"
    if abs(change) >= _LEVEL * deviation:
        expected = "rises" if change > 0 else "falls"
    slack = 1e-9 * max(map(abs, values))
    return first_problem(
        (
            ("trend", "" if groups[0] == expected else f"found {groups[0]}, expected {expected}"),
            ("first step", number_problem(groups[1], line.intercept, decimals, slack)),
            ("last step", number_problem(groups[2], line.intercept + change, decimals, slack)),
        )
    )


def quarter_steps(length: int) -> list[tuple[int, int]]:
    """First step, and the step after the last, of each quarter of a window."""
    bounds = [length * quarter // _QUARTERS for quarter in range(_QUARTERS + 1)]
    return list(itertools.pairwise(bounds))


def _volatility_answer(name: str, values: NDArray[np.float64], decimals: int) -> str | None:
    if len(values) < 2 * _QUARTERS:
        return None
    parts = quarter_steps(len(values))
    deviations = [float(values[start:stop].std()) for start, stop in parts]
    texts = [number_text(deviation, decimals) for deviation in deviations]
    ranked = sorted(range(_QUARTERS), key=deviations.__getitem__)
    low, high = ranked[0], ranked[-1]
    # Told apart by what is printed, and by more than rounding where numbers are very large.
    least = 1e-6 * float(np.abs(values).max())
    for one, other in ((low, ranked[1]), (ranked[-2], high)):
        if texts[one] == texts[other] or deviations[other] - deviations[one] <= least:
            return None
    return (
        f"{name} varies most in quarter {high + 1} (steps {parts[high][0]} to "
        f"{parts[high][1] - 1}) with a standard deviation of {texts[high]}, and least in quarter "
        f"{low + 1} (steps {parts[low][0]} to {parts[low][1] - 1}) with {texts[low]}."
    )


def _volatility_check(name: str, values: list[float], answer: str, decimals: int) -> str:
    quarter = r"quarter ([1-4]) \(steps ([0-9]+) to ([0-9]+)\)"
    groups = answer_groups(
        rf"{re.escape(name)} varies most in {quarter} with a standard deviation of ({NUMBER}), and "
        rf"least in {quarter} with ({NUMBER})\.",
        answer,
    )
    if groups is None:
        return f"found {answer!r}, expected the quarters in which {name!r} varies most and least"
    length = len(values)
    parts = {
        str(k + 1): values[math.floor(length * k / 4) : math.floor(length * (k + 1) / 4)]
        for k in range(4)
    }
    deviations = {k: mean_and_deviation(part)[1] for k, part in parts.items()}
    slack = 1e-9 * max(map(abs, values))
    for which, (number, first, last, text), extreme in (
        ("most", groups[:4], max),
        ("least", groups[4:], min),
    ):
        begin = sum(len(parts[k]) for k in parts if k < number)
        if (int(first), int(last)) != (begin, begin + len(parts[number]) - 1):
            return f"quarter {number} is not steps {first} to {last}"
        expected = extreme(deviations, key=deviations.__getitem__)
        if number != expected:
            return f"varies {which}: found quarter {number}, expected {expected}"
        problem = number_problem(text, deviations[number], decimals, slack)
        if problem:
            return f"varies {which}: {problem}"
    return ""


def _question(name: str, content: str, answer_of: _Answer, check_of: _Check) -> Task:
    """A task about the first column, in the order of the hash, that has an unambiguous answer."""

    def chosen(sample: Sample, settings: TaskSettings) -> tuple[int, str] | None:
        for i in by_hash(sample.id, name, varying(sample.past)):
            answer = answer_of(sample.features[i], sample.past[:, i], settings.decimals)
            if answer is not None:
                return i, answer
        return None

    def ask(sample: Sample, settings: TaskSettings) -> Question | None:
        found = chosen(sample, settings)
        if found is None:
            return None
        column, answer = found
        facts: dict[str, object] = {
            "feature": sample.features[column],
            "values": values_block(sample.past[:, column], settings.decimals),
        }
        if name == "volatility":
            facts["quarters"] = [(a, b - 1) for a, b in quarter_steps(len(sample.past))]
        return Question(answer, facts)

    def check(sample: Sample, answer: str, settings: TaskSettings) -> str:
        found = chosen(sample, settings)
        if found is None:
            return f"sample {sample.id} has no column with an unambiguous answer"
        column = found[0]
        values = sample.past[:, column].tolist()
        return check_of(sample.features[column], values, answer, settings.decimals)

    return Task(name, content, ask, check)


EXTREMES = _question(
    "extremes",
    "the highest and the lowest value of a column and their steps",
    _extremes_answer,
    _extremes_check,
)
TREND = _question(
    "trend",
    "whether a column rises, falls or stays level, and the ends of its least-squares line",
    _trend_answer,
    _trend_check,
)
VOLATILITY = _question(
    "volatility",
    "the quarters of the window in which a column varies most and least",
    _volatility_answer,
    _volatility_check,
)
