"""Altered copies of windows: what is put into which column and span, and when it stands out.

A copy of each window gets an anomaly whose truth is known, or none: then it is an unchanged copy.
What is done to a copy depends on the sample's id, a seed and the window's own values alone, so that
drawing, asking and validating agree without telling each other.

The four anomalies are those that a line plot shows at a glance: a spike (one step far away from its
neighbours), a level shift (a whole span apart from what comes before and after it), a flat stretch
(a span in which nothing moves) and noise (a span that goes up and down with every step). How far
values move is a multiple of the column's own range in the window.

Whoever changes what is done to a copy raises the code version of `altered_lines` in
`orchestration/specs.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from zwu_ts_assets.training.picture.balance import stable_hash
from zwu_ts_assets.training.picture.question import ALTERED_LEAST_STEPS

Values = NDArray[np.float64]

KINDS: Final = ("a spike", "a level shift", "a flat stretch", "noise")
"""What is put into copies, in the order of the options."""

SPANS: Final = 8
"""Into so many spans of nearly equal length a window is cut; neither the first nor the last of them
is altered, because a shift would have one side only."""

SEED: Final = 1
"""Another seed gives other alterations of all windows."""

_CASES: Final = (*range(len(KINDS)), *range(len(KINDS)), *range(len(KINDS)), -1, -1, -1, -1)
"""A quarter of the copies stays as it is: in many windows something of the data's own stands out,
and of those in which nothing does there must be as many as of each kind."""

# From and to how many times the column's range values are moved. A spike begins at the column's
# largest or smallest value, so that it leaves the range by so much.
_SPIKE: Final = (1.8, 3.0)
_SHIFT: Final = (1.4, 2.4)
_NOISE: Final = (0.8, 1.4)

CLEAR: Final = (0.6, 0.3, 0.01, 0.22)
"""By kind, the strength from which an alteration stands out; of a flat stretch at most this."""

QUIET: Final = (0.52, 0.2, 0.03, 0.15)
"""By kind, the strength that everything else in the window stays below; of flat stretches above."""

FLAT: Final = KINDS.index("a flat stretch")
"""The one kind of which a smaller strength is the stronger one."""


@dataclass(frozen=True)
class Alteration:
    """What was done to a copy.

    Attributes:
        kind: Index in `KINDS`.
        column: Index of the column among those of the line plot.
        span: Index of the span, see `altered_spans`.
    """

    kind: int
    column: int
    span: int


def altered_spans(steps: int) -> list[tuple[int, int]]:
    """First step, and the step after the last one, of each span of a window."""
    edges = [round(i * steps / SPANS) for i in range(SPANS + 1)]
    return [(edges[i], edges[i + 1]) for i in range(SPANS)]


def alteration_of(name: str, values: Values) -> Alteration | None:
    """What is done to the copy of a window; None where it stays as it is.

    Args:
        name: The sample's id.
        values: (steps, columns) float64, the columns that the line plot shows.
    """
    case = _CASES[stable_hash("altered", SEED, name, "kind") % len(_CASES)]
    # Of a constant column no range says how far its values are to be moved.
    columns = np.flatnonzero(np.ptp(values, axis=0) > 0)
    if case < 0 or not columns.size or len(values) < ALTERED_LEAST_STEPS:
        return None
    column = int(columns[stable_hash("altered", SEED, name, "column") % columns.size])
    span = 1 + stable_hash("altered", SEED, name, "span") % (SPANS - 2)
    return Alteration(case, column, span)


def altered_values(name: str, values: Values) -> Values:
    """The values of a window's altered copy.

    Args:
        name: The sample's id.
        values: (steps, columns) float64, the columns that the line plot shows; not changed.
    """
    changed: Values = values.copy()
    done = alteration_of(name, values)
    if done is None:
        return changed
    start, stop = altered_spans(len(values))[done.span]
    column = changed[:, done.column]
    low, high = float(column.min()), float(column.max())
    up = 1.0 if stable_hash("altered", SEED, name, "up") % 2 else -1.0

    def moved(bounds: tuple[float, float]) -> float:
        share = _share(name, "how far")
        return up * (bounds[0] + share * (bounds[1] - bounds[0])) * (high - low)

    if KINDS[done.kind] == "a spike":
        inside = stop - start - 2  # not at the edge of the span
        step = start + 1 + stable_hash("altered", SEED, name, "step") % inside
        column[step] = (high if up > 0 else low) + moved(_SPIKE)
    elif KINDS[done.kind] == "a level shift":
        column[start:stop] += moved(_SHIFT)
    elif KINDS[done.kind] == "a flat stretch":
        column[start:stop] = column[start]
    else:
        steps = range(stop - start)
        swing = [(-1) ** i * (0.5 + 0.5 * _share(name, f"swing {i}")) for i in steps]
        column[start:stop] += moved(_NOISE) * np.array(swing)
    return changed


def _share(name: str, what: str) -> float:
    """A number from 0 to 1 that stands for chance."""
    return stable_hash("altered", SEED, name, what) / 2**64


def strengths(values: Values) -> Values:
    """How strongly each kind shows in each column and span, relative to the column's range.

    * a spike: the largest distance of a step from both neighbours, where these lie on the same
      side, less twice the median of such distances in the span;
    * a level shift: the gap between the values of the span and those of the three steps before and
      after it; a step at either edge is left out;
    * a flat stretch: the range of the span, without its first and last step;
    * noise: the median distance of a step from both neighbours, 0 where these lie on two sides.

    Args:
        values: (steps, columns) float64.

    Returns:
        (kinds, columns, spans) float64.
    """
    spread = np.ptp(values, axis=0)
    x = (values - values.min(axis=0)) / np.where(spread > 0, spread, 1.0)
    before, after = x[1:-1] - x[:-2], x[1:-1] - x[2:]
    lonely = np.zeros_like(x)
    lonely[1:-1] = np.where(before * after > 0, np.minimum(np.abs(before), np.abs(after)), 0.0)
    spans = altered_spans(len(x))
    found: Values = np.zeros((len(KINDS), x.shape[1], SPANS))
    for at, (start, stop) in enumerate(spans):
        inner = x[start + 1 : stop - 1]
        noise = np.median(lonely[start + 1 : stop - 1], axis=0)
        found[0, :, at] = lonely[start:stop].max(axis=0) - 2 * noise
        if 0 < at < SPANS - 1:
            beside = np.concatenate([x[start - 4 : start - 1], x[stop + 1 : stop + 4]])
            above = inner.min(axis=0) - beside.max(axis=0)
            below = beside.min(axis=0) - inner.max(axis=0)
            found[1, :, at] = np.maximum(above, below)
        found[FLAT, :, at] = np.ptp(inner, axis=0)
        found[3, :, at] = noise
    return found


def unmistakable(values: Values, done: Alteration | None) -> NDArray[np.bool_]:
    """In which columns of a copy nothing looks altered but what is, and that clearly.

    Args:
        values: (steps, columns) float64 of the altered copy.
        done: What was done to it; None: nothing.

    Returns:
        (columns,) bool.
    """
    sign = np.where(np.arange(len(KINDS)) == FLAT, -1.0, 1.0)
    found = sign[:, None, None] * strengths(values)
    loud = found > (sign * np.array(QUIET))[:, None, None]
    missed = np.zeros(values.shape[1], dtype=np.bool_)
    if done is not None:
        place = done.kind, done.column, done.span
        missed[done.column] = found[place] < sign[done.kind] * CLEAR[done.kind]
        loud[place] = False
    free: NDArray[np.bool_] = ~loud.any(axis=(0, 2)) & ~missed
    return free


def alteration_text(done: Alteration | None, columns: Sequence[str], steps: int) -> str:
    """What was done to a copy, in a phrase.

    Args:
        done: What was done.
        columns: Names of the columns of the line plot.
        steps: Steps of the window.
    """
    if done is None:
        return "nothing: an unchanged copy"
    start, stop = altered_spans(steps)[done.span]
    return f"{KINDS[done.kind]} in {columns[done.column]}, steps {start} to {stop - 1}"
