"""From samples to the world that tasks look at: what is known of the windows of one split.

What belongs here: gathering it, the lines of a prompt about events and about columns known in
advance, and whether what would be asked about can be read at the size at which it is drawn. What
does not: the type (`task`), the matrices (`measures`), choosing questions (`pose`).

Events are told by steps of the window and not by dates, which would say where in time a window is.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from zwu_ts_assets.figures.dependence import Matrix
from zwu_ts_assets.storage.spool import Spool
from zwu_ts_assets.training.picture.balance import stable_hash
from zwu_ts_assets.training.picture.measures import Measures, measures_of
from zwu_ts_assets.training.picture.task import Asking, World, values_text
from zwu_ts_assets.training.sample import Sample
from zwu_ts_assets.training.task_settings import Event

LEAST_DIGIT: Final = 11.5
"""Pixels of a font of which the reader of digits reads nearly all numbers: in smaller ones
characters touch. A question that it cannot read would be asked without a proof."""

LEAST_STEP: Final = 2.0
"""Pixels between two steps of a line plot that keep spans of steps apart."""

LEAST_PANEL: Final = 64
"""Pixels of height of a line plot's panel in which a flat stretch is told from a calm one."""


def world_of(
    samples: Sequence[Sample],
    inside: Sequence[int],
    patches: Sequence[tuple[int, int]],
    asking: Asking,
    label_names: tuple[str, ...],
) -> World:
    """What tasks know of the windows of one split, whose samples are looked at one by one."""
    over_time: Spool[Matrix] = Spool()
    ids: list[str] = []
    pasts, targets, labels = [], [], []
    measures: list[Measures] = []
    has_lines = has_altered = True
    columns: tuple[str, ...] = ()
    shows_all = True
    for sample in map(samples.__getitem__, inside):
        shown = list(sample.panel_columns)
        if not ids:
            columns = tuple(sample.features[i] for i in shown)
            shows_all = len(shown) == len(sample.features)
        ids.append(sample.id)
        measures.append(measures_of(sample, patches, over_time))
        pasts.append(sample.past[:, shown])
        targets.append(sample.target[:, shown])
        labels.append(sample.labels)
        has_lines &= bool(sample.line_plot)
        has_altered &= bool(sample.altered_plot)
    steps = len(pasts[0])
    return World(
        ids=ids,
        measures=measures,
        columns=columns,
        partner=_partners(ids),
        coin=[stable_hash("coin", i) % 2 == 1 for i in ids],
        pasts=pasts,
        targets=targets,
        asking=asking,
        lines=lines_problem(len(columns), steps, asking)
        if has_lines
        else "no line plots are drawn: set line_plots to true",
        altered=altered_problem(len(columns), steps, asking)
        if has_altered
        else "no altered copies of windows are drawn: set line_plots to true",
        shows_all=shows_all,
        digits=digits_problem(columns, steps, asking),
        labels=labels if label_names else (),
        label_names=label_names,
        contexts=_contexts(map(samples.__getitem__, inside), min(map(len, targets)), asking),
    )


def _contexts(samples: Iterable[Sample], ahead: int, asking: Asking) -> list[str]:
    steps = min(asking.forecast_steps, ahead)
    if not steps or not (asking.events or asking.covariates):
        return []
    told = asking.events, asking.covariates, asking.decimals
    return [context_of(sample, steps, *told) for sample in samples]


def _partners(ids: Sequence[str]) -> list[int]:
    """Another window for each: the next one in an order by hash, so never a neighbour by rule."""
    order = sorted(range(len(ids)), key=lambda i: stable_hash("partner", ids[i]))
    following = dict(zip(order, [*order[1:], *order[:1]], strict=True))
    return [following[i] for i in range(len(ids))]


def context_of(
    sample: Sample, steps: int, events: Sequence[Event], covariates: Sequence[str], decimals: int
) -> str:
    """The lines of a prompt that tell what is known of a window and what follows it.

    Args:
        sample: The sample.
        steps: How many steps are looked ahead.
        events: Of the whole series.
        covariates: Columns whose values are known in advance.
        decimals: Of numbers.

    Returns:
        Lines with line ends between them; empty where nothing is known.
    """
    lines = []
    for name in covariates:
        column = sample.features.index(name)
        told = values_text(sample.target[:steps, column], decimals)
        lines.append(f"Known in advance, the next {steps} values of {name}: {told}")
    found = _events_at(sample, steps, events)
    if found:
        lines.append(f"Events: {'; '.join(found)}.")
    return "\n".join(lines)


def _events_at(sample: Sample, steps: int, events: Sequence[Event]) -> list[str]:
    """The events of a window and the steps after it, each with its steps."""
    times = np.concatenate([sample.past_timestamps, sample.target_timestamps[:steps]])
    # A step reaches to the next one.
    end = times[-1] + (times[-1] - times[-2])
    found = []
    for event in events:
        first, last = (np.datetime64(moment) for moment in event.span)
        if last < times[0] or first >= end:
            continue
        start = max(int(np.searchsorted(times, first, "right")) - 1, 0)
        stop = int(np.searchsorted(times, last, "right")) - 1
        span = f"step {start}" if start == stop else f"steps {start} to {stop}"
        found.append(f"{event.text} ({span})")
    return found


def digits_problem(columns: tuple[str, ...], steps: int, asking: Asking) -> str:
    """Why nobody could read the numbers in the cells of the figures; empty if they can be read.

    Args:
        columns: Names of the columns of the feature panels.
        steps: Steps of a window.
        asking: With the canvas.
    """
    # Matplotlib is loaded here alone.
    from zwu_ts_assets.figures.figure import number_points, template
    from zwu_ts_assets.figures.figure_layout import Canvas
    from zwu_ts_assets.figures.rendering import default_settings

    canvas = Canvas(*asking.canvas)
    panel = template(columns, steps, canvas).layout.panels[0]
    count = len(columns)
    # A window's DTW distances rarely have more digits than ten times its steps.
    with default_settings():
        points = number_points(
            [f"{10 * steps}.0"], panel.width / count, panel.height / count, canvas.dpi
        )
    size = points * canvas.dpi / 72
    if size >= LEAST_DIGIT:
        return ""
    shown = f"numbers in cells are {size:.0f} pixels high" if size else "cells have no numbers"
    return f"{_where(asking, count)} {shown}; it takes {LEAST_DIGIT:.0f} pixels"


def lines_problem(count: int, steps: int, asking: Asking) -> str:
    """Why spans of steps could not be told apart in line plots; empty if they can be.

    Args:
        count: How many columns have a panel.
        steps: Steps of a window.
        asking: With the canvas.
    """
    between = _line_panel(count, steps, asking)[0] / steps
    if between >= LEAST_STEP:
        return ""
    return (
        f"{_where(asking, count)} steps of line plots are {between:.1f} pixels apart; it takes "
        f"{LEAST_STEP:.0f}"
    )


def altered_problem(count: int, steps: int, asking: Asking) -> str:
    """Why it could not be told from line plots what was altered; empty if it can be.

    Args:
        count: How many columns have a panel.
        steps: Steps of a window.
        asking: With the canvas.
    """
    height = _line_panel(count, steps, asking)[1]
    if height < LEAST_PANEL:
        return (
            f"{_where(asking, count)} panels of line plots are {height} pixels high; it takes "
            f"{LEAST_PANEL}"
        )
    return lines_problem(count, steps, asking)


def _line_panel(count: int, steps: int, asking: Asking) -> tuple[int, int]:
    """Width and height in pixels of each panel of a line plot."""
    from zwu_ts_assets.figures.figure_layout import LABEL_POINTS, Canvas
    from zwu_ts_assets.figures.line_plot import make_line_layout, text_points
    from zwu_ts_assets.figures.rendering import default_settings, text_stamps

    canvas = Canvas(*asking.canvas)
    with default_settings():
        stamps = text_stamps(text_points(LABEL_POINTS, canvas), canvas.dpi)
    panel = make_line_layout(count, steps, canvas, stamps.number_width).panels[0]
    return panel.width, panel.height


def _where(asking: Asking, columns: int) -> str:
    width, height = asking.canvas
    return f"on the canvas of {width}x{height} pixels, with {columns} columns,"
