"""The tasks about numbers in the prompt: what they say, and what comes after them.

What the prompt prints is all that counts: answers are computed from the numbers as they are
printed, so that none rests on digits that are not given. A column is asked about where its answer
is clear.

Where the answer lies ahead, nothing that is given determines it. Such a question is still balanced:
who does not look at the numbers is right by chance alone.
"""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Final

import numpy as np

from zwu_ts_assets.timeseries.csv_rules import lag_of
from zwu_ts_assets.training.picture.balance import Answers
from zwu_ts_assets.training.picture.task import (
    PictureTask,
    Text,
    Values,
    World,
    choices,
    classes,
    number_text,
    values_block,
    values_text,
)
from zwu_ts_assets.training.picture.wordings import WORDINGS

_LEVEL: Final = 0.5  # of a standard deviation: what changes by less stays level
_UNCLEAR: Final = 0.1  # of a standard deviation around that, where nothing is asked
_AHEAD: Final = 1.1  # of two deviations the larger must be so many times the other
_CORRELATION_MARGIN: Final = 0.06
_LAG_LEAST: Final = 0.1  # of a correlation: below, a column does not repeat itself
_LEVEL_MARGIN: Final = 0.05  # of the window's range
_EDGE_MARGIN: Final = 0.02  # of the window's range, around the edges of classes
_MENUS: Final = 40
_LEAST_STEPS: Final = 16


def _varying(world: World, column: int) -> list[int]:
    """The windows in which a column is not constant, as printed."""
    return [w for w in range(len(world.pasts)) if np.ptp(_printed(world, w, column)) > 0]


def _printed(world: World, window: int, column: int) -> Values:
    printed: Values = world.printed_pasts[window][:, column]
    return printed


def _whole(world: World, column: int, window: int) -> str:
    block = values_block(world.pasts[window][:, column], world.asking.decimals)
    return (
        f"{world.columns[column]}, each line beginning with the step of its first value:\n{block}"
    )


def _text(world: World, value: float) -> str:
    return number_text(value, world.asking.decimals)


def _columns(world: World) -> Iterator[tuple[int, dict[str, object]]]:
    for column, name in enumerate(world.columns):
        yield column, {"feature": name}


# What the numbers say.


def _extremes(world: World) -> Iterator[Text]:
    items = [f"step {step}" for step in range(world.steps)]
    for column, subject in _columns(world):
        values = np.array([_printed(world, w, column) for w in range(len(world.pasts))])
        for kind in ("highest", "lowest"):
            for text in choices(
                values,
                0.5 * 10.0**-world.asking.decimals,
                items,
                {**subject, "kind": kind},
                f"extremes {column} {kind}",
                largest=kind == "highest",
                most=_MENUS,
            ):
                yield replace(
                    text,
                    series=partial(_whole, world, column),
                    told=partial(_listed, world, text),
                )


def _listed(world: World, text: Text, window: int) -> str:
    pairs = zip(text.options, text.values_of(window), strict=True)
    listed = "; ".join(f"{option}: {_text(world, value)}" for option, value in pairs)
    return f"{listed}. The {text.subject['kind']} counts."


def _line(values: Values) -> tuple[float, float]:
    """The least-squares line's values at the first and the last step."""
    steps = np.arange(len(values)) - (len(values) - 1) / 2
    half = float(steps[-1] * (steps @ (values - values.mean())) / (steps @ steps))
    mean = float(values.mean())
    return mean - half, mean + half


def _trend(world: World) -> Iterator[Text]:
    for column, subject in _columns(world):
        right = {}
        for w in _varying(world, column):
            values = _printed(world, w, column)
            first, last = _line(values)
            change = (last - first) / values.std()
            if abs(change) <= _LEVEL - _UNCLEAR:
                right[w] = 2
            elif abs(change) >= _LEVEL + _UNCLEAR:
                right[w] = int(change < 0)
        yield replace(
            classes(right, ("it rises", "it falls", "it stays level"), subject),
            series=partial(_whole, world, column),
            told=partial(_trend_told, world, column),
        )


def _trend_told(world: World, column: int, window: int) -> str:
    values = _printed(world, window, column)
    first, last = _line(values)
    return (
        f"The line goes from {_text(world, first)} to {_text(world, last)}; half a standard "
        f"deviation is {_text(world, _LEVEL * float(values.std()))}."
    )


def _quarters(steps: int) -> list[tuple[int, int]]:
    edges = [steps * i // 4 for i in range(5)]
    return list(itertools.pairwise(edges))


def _deviations(world: World, window: int, column: int) -> list[float]:
    values = _printed(world, window, column)
    return [float(values[start:stop].std()) for start, stop in _quarters(world.steps)]


def _volatility(world: World) -> Iterator[Text]:
    options = tuple(f"steps {start} to {stop - 1}" for start, stop in _quarters(world.steps))
    for column, subject in _columns(world):
        for kind in ("most", "least"):
            right = {}
            for w in _varying(world, column):
                ranked = sorted(_deviations(world, w, column), reverse=kind == "most")
                larger, smaller = sorted(ranked[:2], reverse=True)
                # Also told apart by what the rationale prints.
                if larger >= _AHEAD * smaller and _text(world, larger) != _text(world, smaller):
                    right[w] = _deviations(world, w, column).index(ranked[0])
            yield replace(
                classes(right, options, {**subject, "kind": kind}),
                series=partial(_whole, world, column),
                told=partial(_volatility_told, world, column, options, kind),
            )


def _volatility_told(
    world: World, column: int, options: tuple[str, ...], kind: str, window: int
) -> str:
    pairs = zip(options, _deviations(world, window, column), strict=True)
    listed = "; ".join(f"{option}: {_text(world, value)}" for option, value in pairs)
    return f"{listed}. The {'largest' if kind == 'most' else 'smallest'} counts."


def _lag(world: World) -> Iterator[Text]:
    stride = max(1, world.steps // 24)
    lags = list(range(max(2, stride), world.steps // 2 + 1, stride))
    for column, subject in _columns(world):
        values = np.full((len(world.pasts), len(lags)), np.nan)
        for w in _varying(world, column):
            printed = _printed(world, w, column)
            found = [_autocorrelation(printed, lag) for lag in lags]
            if max(found) >= _LAG_LEAST:
                values[w] = found
        for text in choices(
            values,
            _CORRELATION_MARGIN,
            [f"{lag} steps" for lag in lags],
            subject,
            f"lag {column}",
            largest=True,
            most=_MENUS,
        ):
            compared = text.compared
            right = {
                w: option
                for w, option in text.answers.right.items()
                if compared is not None and compared[w, option] >= _LAG_LEAST
            }
            yield replace(
                text,
                answers=replace(text.answers, right=right),
                series=partial(_whole, world, column),
            )


def _autocorrelation(values: Values, lag: int) -> float:
    """Pearson correlation of values with those `lag` steps later; NaN if either do not vary."""
    early, late = values[:-lag], values[lag:]
    if not np.ptp(early) or not np.ptp(late):
        return float("nan")
    return float(np.corrcoef(early, late)[0, 1])


# What comes after them.


def _horizon(world: World) -> int:
    return min(world.asking.forecast_steps, world.horizon)


def _recent(world: World) -> int:
    return world.steps // 4


def _ahead_columns(world: World) -> Iterator[tuple[int, dict[str, object]]]:
    for column, subject in _columns(world):
        name = world.columns[column]
        # The future of a lagged copy is in the window; that of a covariate is told.
        if not lag_of(name, world.columns) and name not in world.asking.covariates:
            yield column, {**subject, "steps": _horizon(world), "recent": _recent(world)}


def _latest(world: World, column: int, window: int) -> str:
    """The last quarter of the window, and the range of the whole, as text."""
    values = world.pasts[window][:, column]
    recent = values_text(values[-_recent(world) :], world.asking.decimals)
    told = (
        f"The last {_recent(world)} values of {world.columns[column]}: {recent}\n"
        f"In the whole window it was from {_text(world, float(values.min()))} to "
        f"{_text(world, float(values.max()))}."
    )
    known = world.contexts[window] if world.contexts else ""
    return f"{told}\n{known}" if known else told


def _next_mean(world: World, column: int, window: int) -> float:
    return float(world.targets[window][: _horizon(world), column].mean())


def _middle_half(world: World, column: int, window: int) -> tuple[float, float]:
    recent = _printed(world, window, column)[-_recent(world) :]
    low, high = np.quantile(recent, [0.25, 0.75])
    return float(low), float(high)


def _ahead_level(world: World) -> Iterator[Text]:
    for column, subject in _ahead_columns(world):
        right = {}
        for w in _varying(world, column):
            mean = _next_mean(world, column, w)
            low, high = _middle_half(world, column, w)
            edge = _EDGE_MARGIN * float(np.ptp(world.pasts[w][:, column]))
            if min(abs(mean - low), abs(mean - high)) >= edge:
                right[w] = 0 if mean > high else 1 if mean < low else 2
        yield replace(
            classes(right, ("above", "below", "within"), subject),
            series=partial(_latest, world, column),
            told=partial(_level_told, world, column),
        )


def _level_told(world: World, column: int, window: int) -> str:
    low, high = _middle_half(world, column, window)
    return (
        f"The middle half of the last {_recent(world)} values is from {_text(world, low)} to "
        f"{_text(world, high)}; the mean of the next {_horizon(world)} turned out to be "
        f"{_text(world, _next_mean(world, column, window))}."
    )


_QUARTER_NAMES: Final = (
    "the lowest quarter or below",
    "the second quarter from below",
    "the third quarter from below",
    "the highest quarter or above",
)


def _range_edges(world: World, column: int, window: int) -> Values:
    values = _printed(world, window, column)
    edges: Values = np.linspace(values.min(), values.max(), 5)
    return edges


def _ahead_quarter(world: World) -> Iterator[Text]:
    for column, subject in _ahead_columns(world):
        right = {}
        for w in _varying(world, column):
            mean, edges = _next_mean(world, column, w), _range_edges(world, column, w)
            inner = edges[1:4]
            if np.abs(inner - mean).min() >= _EDGE_MARGIN * (edges[4] - edges[0]):
                right[w] = int((inner < mean).sum())
        yield replace(
            classes(right, _QUARTER_NAMES, subject),
            series=partial(_latest, world, column),
            told=partial(_quarter_told, world, column),
        )


def _quarter_told(world: World, column: int, window: int) -> str:
    edges = ", ".join(_text(world, float(e)) for e in _range_edges(world, column, window))
    return (
        f"The quarters of the range are divided by {edges}; the mean of the next "
        f"{_horizon(world)} values turned out to be "
        f"{_text(world, _next_mean(world, column, window))}."
    )


def _ahead_end(world: World) -> Iterator[Text]:
    for column, subject in _ahead_columns(world):
        right = {}
        for w in _varying(world, column):
            last, end = _last_and_end(world, column, w)
            if abs(end - last) >= _LEVEL_MARGIN * np.ptp(world.pasts[w][:, column]):
                right[w] = int(end < last)
        yield replace(
            classes(right, ("higher", "lower"), subject),
            series=partial(_latest, world, column),
            told=partial(_end_told, world, column),
        )


def _last_and_end(world: World, column: int, window: int) -> tuple[float, float]:
    last = float(_printed(world, window, column)[-1])
    return last, float(world.targets[window][_horizon(world) - 1, column])


def _end_told(world: World, column: int, window: int) -> str:
    last, end = _last_and_end(world, column, window)
    return (
        f"The last value is {_text(world, last)}; that {_horizon(world)} steps later turned out to "
        f"be {_text(world, end)}."
    )


def _forecast(world: World) -> Iterator[Text]:
    for column, subject in _ahead_columns(world):
        yield Text(
            Answers(tuple(sorted(subject.items())), 1, dict.fromkeys(_varying(world, column), 0)),
            subject,
            (),
            series=partial(_latest, world, column),
            answer_of=partial(_next_values, world, column),
        )


def _next_values(world: World, column: int, window: int) -> str:
    values = world.targets[window][: _horizon(world), column]
    return values_text(values, world.asking.decimals)


def _unfit_text(world: World) -> str:
    if world.steps >= _LEAST_STEPS:
        return ""
    return f"a window has {world.steps} steps; it takes {_LEAST_STEPS}"


def _unfit_ahead(world: World) -> str:
    if _horizon(world) < 1:
        return "no steps are known after the windows: the horizon is 0"
    return _unfit_text(world)


_AMONG: Final = {"ahead_level": (2,), "ahead_quarter": (3,), "ahead_end": (4,), "forecast": (5,)}


def _task(
    name: str,
    definition: str,
    texts: Callable[[World], Iterator[Text]],
    forms: tuple[str, ...] = ("choice", "name"),
) -> PictureTask:
    ahead = name.startswith("ahead") or name == "forecast"
    return PictureTask(
        name,
        5 if ahead else 2,
        () if ahead else ("text",),
        definition,
        texts,
        WORDINGS[name],
        forms=forms,
        unfit=_unfit_ahead if ahead else _unfit_text,
        among=_AMONG.get(name, (2, 3, 4, 5)),
    )


SERIES_TASKS: Final = (
    _task(
        "extremes",
        "the step, of four, at which the column's value is highest or lowest",
        _extremes,
    ),
    _task(
        "trend",
        "the least-squares line through the column's values: it stays level if it changes by less "
        "than half their standard deviation from the first step to the last",
        _trend,
    ),
    _task(
        "volatility",
        "the quarter of the window in which the column's standard deviation is largest or smallest",
        _volatility,
    ),
    _task(
        "lag",
        "the lag, of four, with the largest Pearson correlation between the column's values and "
        "those so many steps later",
        _lag,
    ),
    _task(
        "ahead_level",
        "whether the mean of the column's next values is above, below or within the middle half of "
        "its recent values, from their lower to their upper quartile",
        _ahead_level,
    ),
    _task(
        "ahead_quarter",
        "the quarter, of the range of the column in the whole window, in which the mean of its "
        "next "
        "values lies",
        _ahead_quarter,
    ),
    _task(
        "ahead_end",
        "whether the last of the column's next values is higher or lower than its last value",
        _ahead_end,
    ),
    _task("forecast", "the column's next values", _forecast, ("numbers",)),
)
"""All tasks about numbers in the prompt."""
