"""Whether what a task asks about can be read at the size at which it is drawn."""

from typing import Final

from zwu_ts_assets.training.picture.task import Asking

LEAST_DIGIT: Final = 11.5
"""Pixels of a font of which the reader of digits reads nearly all numbers: in smaller ones
characters touch. A question that it cannot read would be asked without a proof."""

LEAST_STEP: Final = 2.0
"""Pixels between two steps of a line plot that keep spans of steps apart."""

LEAST_PANEL: Final = 64
"""Pixels of height of a line plot's panel in which a flat stretch is told from a calm one."""


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
