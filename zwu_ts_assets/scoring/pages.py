"""Scores and comparisons as tables, for the terminal and in Markdown, and as a plot.

What belongs here: how figures are shown. What does not: how they are counted.
"""

import io
import math
from collections.abc import Callable, Sequence
from typing import Final

from zwu_ts_assets.scoring.baselines import FORECASTS, share_text
from zwu_ts_assets.scoring.compare import Comparison
from zwu_ts_assets.scoring.intervals import Interval
from zwu_ts_assets.scoring.score import Score, ScoreRow

_Table = tuple[list[str], list[list[str]]]

_NOTES: Final = (
    "Right: with its 95 % interval (Wilson); a question without a prediction counts as wrong. "
    "Majority: the most frequent answer of train. Blind: the best reader of the text alone. "
    "Pixels: a program that reads the media. Error: the median one of numbers.",
    "Forecasts by mean absolute error in standard deviations of train, and scaled (1 is the mean "
    "difference to the day before; to the step before where no seasonal forecast is told). Skill: "
    "above 0 is nearer than that forecast, on the same questions.",
    "Questions are paired. Difference: with its 95 % interval (Bonett and Price). p: McNemar's "
    "exact test; among many rows some are below 0.05 by chance, so read the first one first.",
)


def terminal_text(scores: Sequence[Score], comparisons: Sequence[Comparison] = ()) -> str:
    """Everything as aligned plain text."""
    return _page(scores, comparisons, aligned, "")


def markdown_text(scores: Sequence[Score], comparisons: Sequence[Comparison] = ()) -> str:
    """Everything as a Markdown page."""
    return _page(scores, comparisons, _piped, "## ")


def _page(
    scores: Sequence[Score],
    comparisons: Sequence[Comparison],
    table: Callable[[list[str], list[list[str]]], str],
    heading: str,
) -> str:
    parts = []
    for score in scores:
        parts += [f"{heading}{score.name}, {score.split}", table(*_score_table(score)), _NOTES[0]]
        if score.forecasts:
            parts += [table(*_forecast_table(score)), _NOTES[1]]
        if score.problems:
            told = "; ".join(f"{problem}: {n}" for problem, n in score.problems.items())
            parts.append(f"Predictions without an answer: {told}.")
        missing = sum(not each.given for each in score.outcomes.values())
        if missing:
            parts.append(f"{missing} of {len(score.outcomes)} questions have no prediction.")
    for each in comparisons:
        parts.append(f"{heading}{each.before} to {each.after}")
        parts += [table(*_change_table(each)), _NOTES[2]]
        if each.forecasts and not math.isnan(each.forecast_skill.value):
            skill = _figure(each.forecast_skill)
            parts.append(f"Skill on {each.forecasts} forecasts that both gave: {skill}.")
    return "\n\n".join(parts) + "\n"


def _score_table(score: Score) -> _Table:
    head = ["what", "questions", "right", "chance", "majority", "blind", "pixels"]
    head += ["no answer", "missing", "error"]
    return head, [
        [
            _name(row.kind, row.name),
            str(row.asked),
            share_text(row.accuracy),
            *(_percent(each) for each in (row.chance, row.majority, row.blind, row.pixels)),
            str(row.unparsable),
            str(row.missing),
            "" if row.error is None else f"{row.error:.3g}",
        ]
        for row in score.rows
    ]


def _forecast_table(score: Score) -> _Table:
    head = ["forecast", "questions", "error", "scaled error"]
    head += [*(f"skill against {name}" for name in FORECASTS), "no answer", "missing"]
    return head, [
        [
            row.name,
            str(row.asked),
            _figure(row.error),
            _figure(row.scaled),
            *(_figure(row.skill[name]) for name in FORECASTS),
            str(row.unparsable),
            str(row.missing),
        ]
        for row in score.forecasts
    ]


def _change_table(comparison: Comparison) -> _Table:
    head = ["what", "questions", "before", "after", "difference", "gained", "lost", "p"]
    return head, [
        [
            _name(each.kind, each.name),
            str(each.asked),
            _percent(each.before),
            _percent(each.after),
            _points(each.difference),
            str(each.gained),
            str(each.lost),
            f"{each.p:.3f}" if each.p >= 0.001 else "< 0.001",
        ]
        for each in comparison.changes
    ]


def _name(kind: str, name: str) -> str:
    return name if kind == "all" else f"{kind} {name}"


def _percent(value: float | None) -> str:
    return "" if value is None or math.isnan(value) else f"{value:.1%}"


def _points(found: Interval) -> str:
    return f"{100 * found.value:+.1f} ({100 * found.low:+.1f} to {100 * found.high:+.1f}) points"


def _figure(found: Interval) -> str:
    if math.isnan(found.value):
        return ""
    return f"{found.value:.3f} ({found.low:.3f} to {found.high:.3f})"


def _piped(head: list[str], rows: list[list[str]]) -> str:
    # A column's name may hold the sign that ends a cell.
    cells = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    lines = [f"| {' | '.join(row)} |" for row in (head, *cells)]
    return "\n".join([lines[0], "|" + "---|" * len(head), *lines[1:]])


def aligned(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table as text: the first column to the left, the others to the right.

    Args:
        head: The names of the columns.
        rows: Their cells, as many in each row as there are names.
    """
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = []
    for row in (head, *rows):
        first, *others = zip(row, widths, strict=True)
        cells = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def plot_png(scores: Sequence[Score]) -> bytes:
    """Accuracy by task as a PNG, with intervals, and what has to be beaten beside each.

    Args:
        scores: One or more, of the same questions.
    """
    # Drawn without pyplot, which keeps figures and chooses a backend by the environment.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    shown = [[row for row in score.rows if row.kind in ("all", "task")] for score in scores]
    names = [row.name for row in shown[0]]
    figure = Figure(figsize=(9, 1.6 + len(names) * (0.26 + 0.1 * len(scores))), dpi=110)
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    bars = [(row, at) for at, row in enumerate(shown[0])]
    for value_of, colour, label, half in _MARKS:
        marks = [(value, at) for row, at in bars if (value := value_of(row)) is not None]
        if marks:
            axes.vlines(
                [value for value, _ in marks],
                [at - half for _, at in marks],
                [at + half for _, at in marks],
                colors=colour,
                linewidths=2,
                label=label,
            )
    step = 0.6 / len(scores)
    for number, (score, rows) in enumerate(zip(scores, shown, strict=True)):
        at = [i + (number - (len(scores) - 1) / 2) * step for i in range(len(rows))]
        found = [row.accuracy for row in rows]
        axes.errorbar(
            [each.value for each in found],
            at,
            # At 0 and 1 rounding may put an end of the interval on the wrong side of the share.
            xerr=[
                [max(0.0, each.value - each.low) for each in found],
                [max(0.0, each.high - each.value) for each in found],
            ],
            fmt="o",
            markersize=5,
            capsize=3,
            color=f"C{number}",
            label=score.name,
        )
    axes.set_yticks(
        range(len(names)), [f"{n} ({r.asked})" for n, r in zip(names, shown[0], strict=True)]
    )
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlim(-0.02, 1.02)
    axes.set_xlabel(f"share of questions answered rightly, {scores[0].split}, with 95 % intervals")
    axes.grid(axis="x", alpha=0.3)
    figure.legend(loc="upper center", ncols=4, frameon=False)
    figure.tight_layout(rect=(0, 0, 1, 1 - 0.55 / figure.get_figheight()))
    sink = io.BytesIO()
    figure.savefig(sink, format="png", metadata={"Software": None})
    return sink.getvalue()


def _chance(row: ScoreRow) -> float | None:
    return row.chance


def _majority(row: ScoreRow) -> float | None:
    return row.majority


def _blind(row: ScoreRow) -> float | None:
    return row.blind


def _pixels(row: ScoreRow) -> float | None:
    return row.pixels


# Of different heights, since they often lie at the same place.
_MARKS: Final = (
    (_chance, "#999999", "chance", 0.42),
    (_majority, "#c98500", "majority", 0.3),
    (_blind, "#b4413c", "blind", 0.2),
    (_pixels, "#3b7a57", "pixels", 0.42),
)
