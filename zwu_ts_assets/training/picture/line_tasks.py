"""The tasks about line plots: what only the values themselves show, not their distances.

The matrices of a figure are the same for a window and for the same window upside down; its line
plot is not.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Final

import numpy as np

from zwu_ts_assets.training.picture.task import (
    OPTIONS,
    PictureTask,
    Text,
    Values,
    World,
    choices,
    classes,
    span_text,
    spans_of,
)
from zwu_ts_assets.training.picture.tasks import with_unknown
from zwu_ts_assets.training.picture.wordings import WORDINGS

PEAK_MARGIN: Final = 0.06
"""Between the peaks of two spans, of the column's range."""

ENDS_MARGIN: Final = 0.12
"""Between the first and the last value, of the column's range."""

SAME_MOST: Final = 0.45
"""So well another window's Time DTW may agree with a figure's for both to be told apart."""

_MENUS: Final = 40


def _relative(world: World) -> Values:
    """(windows, T, columns) the values, each column's from 0 to 1; NaN for constant columns."""
    values = np.array(world.pasts)
    low, spread = values.min(axis=1, keepdims=True), np.ptp(values, axis=1)[:, None]
    found: Values = np.full(values.shape, np.nan)
    np.divide(values - low, spread, out=found, where=spread > 0)
    return found


def _peaks(world: World, seed: str, size: int) -> Iterator[Text]:
    spans = spans_of(world.steps)
    items = [span_text(span) for span in spans]
    values = _relative(world)
    for column, name in enumerate(world.columns):
        peaks = np.stack([values[:, a:b, column].max(axis=1) for a, b in spans], axis=1)
        yield from choices(
            peaks,
            PEAK_MARGIN,
            items,
            {"feature": name},
            f"{seed} {column}",
            largest=True,
            size=size,
            most=_MENUS,
        )


def _line_peak(world: World) -> Iterator[Text]:
    yield from _peaks(world, "line_peak", OPTIONS)


def _peak_if_shown(world: World) -> Iterator[Text]:
    for text in _peaks(world, "peak_if_shown", OPTIONS - 1):
        yield with_unknown(world, text)


def _line_ends(world: World) -> Iterator[Text]:
    values = _relative(world)
    for column, name in enumerate(world.columns):
        change = values[:, -1, column] - values[:, 0, column]
        right = {w: int(c < 0) for w, c in enumerate(change) if abs(c) >= ENDS_MARGIN}
        yield replace(
            classes(right, ("higher", "lower"), {"feature": name}),
            told=partial(_ends_told, values[:, :, column]),
        )


def _ends_told(values: Values, window: int) -> str:
    first, last = values[window, 0], values[window, -1]
    return f"Of the column's range it begins at {first:.2f} and ends at {last:.2f}."


def _same_lines(world: World) -> Iterator[Text]:
    right = {}
    for w, partner in enumerate(world.partner):
        one, other = (world.measures[i].time_dtw.ravel() for i in (w, partner))
        if partner == w or not one.std() or not other.std():
            continue
        if np.corrcoef(one, other)[0, 1] <= SAME_MOST:
            right[w] = int(world.coin[w])
    yield classes(right, ("yes", "no"), {}, uses_partner="lines")


def _no_lines(world: World) -> str:
    return world.lines


def _same_unfit(world: World) -> str:
    if world.lines:
        return world.lines
    if not world.shows_all:
        return "line plots show a selection of the columns, and Time DTW is of all of them"
    return "" if len(world.columns) > 1 else "it takes 2 columns, and there is 1"


LINE_TASKS: Final = (
    PictureTask(
        "line_ends",
        1,
        ("lines",),
        "whether the column's last value is higher or lower than its first one",
        _line_ends,
        WORDINGS["line_ends"],
        among=(0, 1),
        unfit=_no_lines,
    ),
    PictureTask(
        "line_peak",
        2,
        ("lines",),
        "the span with the highest value of the column",
        _line_peak,
        WORDINGS["line_peak"],
        among=(0,),
        unfit=_no_lines,
        unit=" of the column's range",
    ),
    PictureTask(
        "peak_if_shown",
        2,
        ("lines",),
        "the span with the highest value of the column",
        _peak_if_shown,
        WORDINGS["peak_if_shown"],
        among=(1,),
        instead=("figure",),
        unfit=_no_lines,
    ),
    PictureTask(
        "same_lines",
        4,
        ("figure", "lines"),
        "whether figure and line plot were drawn from the same rows",
        _same_lines,
        WORDINGS["same_lines"],
        unfit=_same_unfit,
    ),
)
"""All tasks about line plots."""
