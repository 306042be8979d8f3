"""The tasks about line plots: what only the values themselves show, not their distances.

The matrices of a figure are the same for a window and for the same window upside down; its line
plot is not. Three tasks are about the line plots of altered copies, see `alterations`.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Final

import numpy as np

from zwu_ts_assets.training.picture.alterations import (
    CLEAR,
    FLAT,
    KINDS,
    Alteration,
    alteration_of,
    alteration_text,
    altered_spans,
    altered_values,
    strengths,
    unmistakable,
)
from zwu_ts_assets.training.picture.question import ALTERED
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
    too_few_columns,
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


NOTHING: Final = "nothing"
"""What is right of a copy in which nothing was altered."""


def _altered(world: World) -> dict[int, tuple[Values, Alteration | None]]:
    """Of each window in whose copy nothing looks altered but what is: the values, and that."""
    return {w: (copy, done) for w, copy, done in _copies(world) if unmistakable(copy, done).all()}


def _copies(world: World) -> Iterator[tuple[int, Values, Alteration | None]]:
    for w, (name, past) in enumerate(zip(world.ids, world.pasts, strict=True)):
        yield w, altered_values(name, past), alteration_of(name, past)


def _anomaly(world: World) -> Iterator[Text]:
    copies = _altered(world)
    right = {w: len(KINDS) if done is None else done.kind for w, (_, done) in copies.items()}
    yield replace(classes(right, (*KINDS, NOTHING), {}), told=lambda w: _anomaly_told(*copies[w]))


def _anomaly_told(copy: Values, done: Alteration | None) -> str:
    """By what the kind is told; neither column nor span, which later turns ask for."""
    if done is None:
        return "In no span of any column does an anomaly stand out."
    strength = float(strengths(copy)[done.kind, done.column, done.span])
    return {
        "a spike": f"One step lies {strength:.2f} of its column's range from both neighbours, "
        "beyond what others in the span do.",
        "a level shift": f"A span lies {strength:.2f} of its column's range apart from the steps "
        "before and after it.",
        "a flat stretch": f"In a span the values of a column move by {strength:.2f} of its range.",
        "noise": f"In a span every other step lies {strength:.2f} of its column's range from both "
        "neighbours.",
    }[KINDS[done.kind]]


def _anomaly_column(world: World) -> Iterator[Text]:
    altered = {}
    values = np.full((len(world.ids), len(world.columns)), np.nan)
    for w, copy, done in _copies(world):
        if done is not None:
            altered[w] = done
            # Only the columns that are offered have to be free of what looks altered.
            free = unmistakable(copy, done)
            values[w, free] = (np.arange(len(free)) == done.column)[free]
    # Of many columns, most are altered in no window, and no menu with one of them is balanced.
    kept = np.flatnonzero((values == 1.0).any(axis=0))
    items = [world.columns[column] for column in kept]
    for text in choices(values[:, kept], 1.0, items, {}, "anomaly_column", largest=True):
        yield replace(
            text,
            compared=None,
            told=lambda w: (
                f"Into {world.columns[altered[w].column]} was put {KINDS[altered[w].kind]}."
            ),
        )


def _anomaly_span(world: World) -> Iterator[Text]:
    copies = {w: done for w, (_, done) in _altered(world).items() if done is not None}
    spans = altered_spans(world.steps)
    values = np.full((len(world.ids), len(spans)), np.nan)
    for w, done in copies.items():
        values[w] = np.arange(len(spans)) == done.span
    # Neither the first nor the last span is ever altered, so neither is offered.
    items = [span_text(span) for span in spans[1:-1]]
    for text in choices(values[:, 1:-1], 1.0, items, {}, "anomaly_span", largest=True):
        yield replace(
            text,
            compared=None,
            told=lambda w: (
                f"The copy has {alteration_text(copies[w], world.columns, world.steps)}."
            ),
        )


def _no_altered(world: World) -> str:
    return world.altered


def _altered_columns(world: World) -> str:
    return world.altered or too_few_columns(OPTIONS)(world)


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
    PictureTask(
        "anomaly",
        4,
        (ALTERED,),
        "what was put into one column and one of the eight spans of the copy, if anything: a spike "
        f"from {CLEAR[0]:g} of the column's range to both neighbours, a level shift from "
        f"{CLEAR[1]:g} of it, a flat stretch up to {CLEAR[FLAT]:g} of it, noise from {CLEAR[3]:g} "
        "of it",
        _anomaly,
        WORDINGS["anomaly"],
        unfit=_no_altered,
    ),
    PictureTask(
        "anomaly_column",
        4,
        (ALTERED,),
        "the column of the copy into which something was put",
        _anomaly_column,
        WORDINGS["anomaly_column"],
        unfit=_altered_columns,
    ),
    PictureTask(
        "anomaly_span",
        4,
        (ALTERED,),
        "the span, of the eight of the copy, into which something was put",
        _anomaly_span,
        WORDINGS["anomaly_span"],
        unfit=_no_altered,
    ),
)
"""All tasks about line plots."""
