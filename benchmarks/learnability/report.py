"""What was learned: a table, a plot of the learning curves, and the numbers.

What belongs here: telling what became of the models. What does not: making them (`training`).
"""

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from benchmarks.learnability.exercises import Sight
from benchmarks.learnability.lesson import Lesson

LEARNED: Final = 0.5
"""A task counts as learned if it is answered so much more often with pictures than blind."""

_RESAMPLES: Final = 2000
_ACROSS: Final = 5
_COLOURS: Final[Mapping[Sight, str]] = {
    "pictures": "#2a7f62",
    "grey": "#8a8a8a",
    "blind": "#b3392f",
}


@dataclass(frozen=True)
class Share:
    """A share of right answers, with its 95 % interval."""

    share: float
    low: float
    high: float


@dataclass(frozen=True)
class Row:
    """What became of one task.

    Attributes:
        task: Its name.
        view: What is shown: `figure` or `video`.
        learned_from: How many questions of it there are in the split that is learned from.
        tested_on: And in the one that is tested on.
        chance: The share that guessing gets right.
        shares: What each model gets right, by what it was shown.
    """

    task: str
    view: str
    learned_from: int
    tested_on: int
    chance: float
    shares: Mapping[Sight, Share]

    @property
    def gain(self) -> float:
        """How much more often it is answered with pictures than blind."""
        return self.shares["pictures"].share - self.shares["blind"].share


def share_of(right: Sequence[bool], first_rows: Sequence[int], window_length: int) -> Share:
    """A share of right answers.

    Windows that overlap are not independent, so that an interval over questions would be too
    narrow. Whole stretches of the series, each of a window's length, are drawn instead: the block
    bootstrap (Kunsch 1989), with one seed.

    Args:
        right: For each question whether it was answered rightly; at least one.
        first_rows: For each question where its window begins.
        window_length: Rows of a window.
    """
    stretches, which = np.unique(np.array(first_rows) // window_length, return_inverse=True)
    asked = np.bincount(which)
    hits = np.bincount(which, weights=np.array(right, np.float64))
    drawn = np.random.default_rng(0).integers(0, len(stretches), (_RESAMPLES, len(stretches)))
    low, high = np.quantile(hits[drawn].sum(axis=1) / asked[drawn].sum(axis=1), [0.025, 0.975])
    return Share(sum(right) / len(right), float(low), float(high))


def table(rows: Sequence[Row], lessons: Mapping[Sight, Lesson]) -> str:
    """The rows in Markdown, with how long each model took."""
    lines = [
        "| task | shown | questions: train, test | chance | blind | grey | pictures "
        "| above blind | learned |",
        "|---|---|---|---:|---:|---:|---:|---:|---|",
    ]
    for row in rows:
        seen = row.shares["pictures"]
        lines.append(
            f"| `{row.task}` | {row.view} | {row.learned_from:,}, {row.tested_on:,} "
            f"| {row.chance:.0%} | {row.shares['blind'].share:.1%} "
            f"| {row.shares['grey'].share:.1%} "
            f"| {seen.share:.1%} ({seen.low:.0%} to {seen.high:.0%}) "
            f"| {100 * row.gain:.0f} points | {'yes' if row.gain >= LEARNED else 'no'} |"
        )
    lines += ["", "| model | numbers learned | steps | minutes | minutes of processors |"]
    lines += ["|---|---:|---:|---:|---:|"]
    for sight, lesson in lessons.items():
        lines.append(
            f"| {sight} | {lesson.parameters:,} | {lesson.curve[-1][0]:,} "
            f"| {lesson.seconds / 60:.1f} | {lesson.processor_seconds / 60:.1f} |"
        )
    return "\n".join(lines)


def curves_png(rows: Sequence[Row], lessons: Mapping[Sight, Lesson]) -> bytes:
    """Draw the learning curves, a panel for each task.

    Args:
        rows: The tasks.
        lessons: The models, by what they were shown.

    Returns:
        A PNG; the same bytes for the same lessons.
    """
    across = min(_ACROSS, max(2, len(rows)))
    down = math.ceil(len(rows) / across)
    with rc_context({"font.family": ["DejaVu Sans"], "font.size": 8.0}):
        figure = Figure(
            figsize=(2.4 * across + 1.5, 1.9 * down + 0.7), dpi=100, layout="constrained"
        )
        FigureCanvasAgg(figure)
        panels = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False).ravel()
        for axes, row in zip(panels, rows, strict=False):
            axes.axhline(row.chance, color="black", linewidth=0.8, linestyle=":")
            axes.axhline(row.chance + LEARNED, color="#bbbbbb", linewidth=0.8, linestyle="--")
            for sight, lesson in lessons.items():
                steps = [step for step, _ in lesson.curve]
                shares = [told[row.task] for _, told in lesson.curve]
                axes.plot(steps, shares, color=_COLOURS[sight], linewidth=1.4)
            axes.set_title(f"{row.task} ({row.view})", fontsize=8)
            axes.set_ylim(0, 1.02)
            axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
            axes.spines[["top", "right"]].set_visible(False)
        for axes in panels[len(rows) :]:
            axes.set_axis_off()
        figure.supxlabel("steps")
        figure.supylabel("right answers, test split")
        handles = [
            panels[0].plot([], [], color=colour, label=sight)[0]
            for sight, colour in _COLOURS.items()
            if sight in lessons
        ]
        for label, style, colour in (
            ("chance", ":", "black"),
            ("50 points above chance", "--", "#bbbbbb"),
        ):
            handles += panels[0].plot([], [], style, color=colour, label=label)
        figure.legend(handles=handles, loc="outside upper center", ncols=3, frameon=False)
        stream = io.BytesIO()
        figure.savefig(stream, format="png", metadata={"Software": None})
        return stream.getvalue()
