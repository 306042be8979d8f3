"""The description task: the statistics of a window in words.

What belongs here: which statistics, their sentences, their check. What does not: the corpus' own
statistics text (`text/stats.py`), which is in the prompt.

The figure shows standardised columns, so no mean or maximum can be read off it: a model that had to
name them would learn to make numbers up. The prompt therefore holds the statistics text, and the
answer says what follows from it and from the figure: for each column the standard deviation (the
root of the variance) and how many of them the maximum lies above the mean; then which two columns
are the most and the least alike in the Feature Pearson panel, of those that it shows.
"""

import itertools
import re
from typing import Final

import numpy as np

from zwu_ts_assets.figures.dependence import feature_matrices
from zwu_ts_assets.training.numbers import NUMBER, mean_and_deviation, number_problem, number_text
from zwu_ts_assets.training.relations import pair_values, spectral_pearson
from zwu_ts_assets.training.sample import Sample
from zwu_ts_assets.training.task import (
    ROUNDING,
    Question,
    Task,
    answer_groups,
    varying,
    varying_in_panels,
)
from zwu_ts_assets.training.task_settings import TaskSettings

PANEL_DECIMALS: Final = 2
"""Of the numbers in the Feature Pearson panel."""

PANEL_SLACK: Final = 1e-6
"""How far two ways to compute them may differ, for columns that are nearly constant."""


def _ask(sample: Sample, settings: TaskSettings) -> Question | None:
    decimals = settings.decimals
    lines = []
    moving = set(varying(sample.past))
    for i, name in enumerate(sample.features):
        column = sample.past[:, i]
        if i not in moving:
            lines.append(f"{name}: constant at {number_text(column[0], decimals)}.")
            continue
        mean, deviation, highest = column.mean(), column.std(), column.max()
        scaled = column / np.abs(column).max()  # the square of a very small number is 0
        above = (scaled.max() - scaled.mean()) / scaled.std()
        lines.append(
            f"{name}: mean {number_text(mean, decimals)}, standard deviation "
            f"{number_text(deviation, decimals)}, maximum {number_text(highest, decimals)}, which "
            f"is {number_text(above, 1)} standard deviations above the mean."
        )
    panels = varying_in_panels(sample)
    if len(panels) > 2:
        pearson = feature_matrices(sample.past, panels).pearson
        values = {
            pair: number_text(value, PANEL_DECIMALS)
            for pair, value in pair_values(pearson, panels).items()
        }
        lines += [
            _pair_sentence("Most", values, max(values.values(), key=float), sample.features),
            _pair_sentence("Least", values, min(values.values(), key=float), sample.features),
        ]
    return Question("\n".join(lines))


def _pair_sentence(
    which: str, values: dict[tuple[int, int], str], value: str, features: tuple[str, ...]
) -> str:
    """As printed in the figure: two pairs that show the same number are equally alike."""
    pairs = [f"{features[a]} and {features[b]}" for (a, b), v in values.items() if v == value]
    if len(pairs) > 3:
        return f"{which} alike: {len(pairs)} pairs, with a Pearson correlation of {value}."
    return f"{which} alike: {'; '.join(pairs)}, with a Pearson correlation of {value}."


def _check(sample: Sample, answer: str, settings: TaskSettings) -> str:
    lines = answer.split("\n")
    pearson = spectral_pearson(sample.past)
    moving = [i for i in sample.panel_columns if not _constant(sample.past[:, i].tolist())]
    expected = len(sample.features) + (2 if len(moving) > 2 else 0)
    if len(lines) != expected:
        return f"the answer has {len(lines)} line(s); expected {expected}"
    for i, name in enumerate(sample.features):
        problem = _column_problem(sample.past[:, i].tolist(), name, lines[i], settings.decimals)
        if problem:
            return f"line {i + 1}: {problem}"
    if len(moving) <= 2:
        return ""
    # The largest number among all pairs, whoever they are, and then every pair that is named.
    likeness = {(a, b): float(pearson[a, b]) for a, b in itertools.combinations(moving, 2)}
    numbers = likeness.values()
    for line, which, extreme in zip(lines[-2:], ("Most", "Least"), (max, min), strict=True):
        groups = answer_groups(
            rf"{which} alike: (.+), with a Pearson correlation of ({NUMBER})\.", line
        )
        if groups is None:
            return f"found {line!r}, expected a line like '{which} alike: A and B, with ...'"
        named, value = groups
        problem = number_problem(value, extreme(numbers), PANEL_DECIMALS, PANEL_SLACK)
        if problem:
            return f"{which.lower()} alike: {problem}"
        # A pair just between two printed numbers may be named or not.
        pairs: dict[str, bool] = {}
        for (a, b), number in likeness.items():
            if not number_problem(value, number, PANEL_DECIMALS, PANEL_SLACK):
                surely = not number_problem(value, number, PANEL_DECIMALS, -PANEL_SLACK)
                pairs[f"{sample.features[a]} and {sample.features[b]}"] = surely
        counted = re.fullmatch(r"([0-9]+) pairs", named)
        if counted:
            right = sum(pairs.values()) <= int(counted[1]) <= len(pairs)
        else:
            right = named == "; ".join(p for p, surely in pairs.items() if surely or p in named)
        if not right:
            return f"{which.lower()} alike: found {named!r}, expected {'; '.join(pairs)!r}"
    return ""


def _constant(values: list[float]) -> bool:
    return max(values) - min(values) <= ROUNDING * max(map(abs, values))


def _column_problem(values: list[float], name: str, line: str, decimals: int) -> str:
    scale = max(map(abs, values))
    slack = 1e-9 * scale
    if _constant(values):
        groups = answer_groups(rf"{re.escape(name)}: constant at ({NUMBER})\.", line)
        if groups is None:
            return f"found {line!r}, expected {name!r} to be called constant"
        return number_problem(groups[0], values[0], decimals)
    scaled = [value / scale for value in values]
    groups = answer_groups(
        rf"{re.escape(name)}: mean ({NUMBER}), standard deviation ({NUMBER}), maximum ({NUMBER}), "
        rf"which is ({NUMBER}) standard deviations above the mean\.",
        line,
    )
    if groups is None:
        return f"found {line!r}, expected mean, standard deviation and maximum of {name!r}"
    mean, deviation = mean_and_deviation(values)
    scaled_mean, spread = mean_and_deviation(scaled)
    above = (max(scaled) - scaled_mean) / spread
    return (
        number_problem(groups[0], mean, decimals, slack)
        or number_problem(groups[1], deviation, decimals, slack)
        or number_problem(groups[2], max(values), decimals)
        or number_problem(groups[3], above, 1, 1e-9 / spread)
    )


DESCRIBE = Task(
    "describe",
    "spread and peak of each column, and which columns are the most and the least alike",
    _ask,
    _check,
    is_question=False,
)
