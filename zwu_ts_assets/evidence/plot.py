"""The proof as a plot: for each task, how often each reader is right.

What belongs here: drawing what a report counts. What does not: counting (`report`).
"""

import io
import math

from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from zwu_ts_assets.evidence.report import ALL_SPLITS, NATIVE, Evidence, Rate

_DPI = 100
_WIDTH, _ROW, _MARGINS = 10.0, 0.32, 1.2  # inches
_BLIND, _PIXELS, _WRONG = "#b3392f", "#2a7f62", "#d99a2b"


def evidence_png(evidence: Evidence) -> bytes:
    """Draw the share of right answers of each reader, a line per task, with 95 % intervals.

    Args:
        evidence: What the readers made of the questions; may be empty.

    Returns:
        A PNG, 1000 pixels wide; higher with more tasks; the same bytes for the same evidence.
    """
    rows = [row for row in evidence.rows if row.split == ALL_SPLITS]
    with rc_context({"font.family": ["DejaVu Sans"]}):
        height = _MARGINS + _ROW * max(len(rows), 1)
        figure = Figure(figsize=(_WIDTH, height), dpi=_DPI)
        FigureCanvasAgg(figure)
        axes = figure.add_axes((0.26, 0.55 / height, 0.71, (height - _MARGINS) / height))
        for at, row in enumerate(rows):
            low, high = at - 0.4, at + 0.4
            axes.plot([row.chance, row.chance], [low, high], color="black", linewidth=1.5)
            best = max(row.blind.values(), key=lambda rate: rate.share)
            for offset, rate, colour in (
                (-0.18, best, _BLIND),
                (0.0, row.wrong_picture, _WRONG),
                (0.18, row.pixels.get(NATIVE, Rate(0, 0)), _PIXELS),
            ):
                if not math.isnan(rate.share):
                    least, most = rate.interval
                    axes.plot([least, most], [at + offset] * 2, color=colour, linewidth=1.5)
                    axes.plot(rate.share, at + offset, "o", color=colour, markersize=5)
        names = [f"{row.task}, {' + '.join(row.needs) or 'ahead'}" for row in rows]
        axes.set_yticks(range(len(rows)), names, fontsize=8)
        axes.set_ylim(max(len(rows), 1) - 0.4, -0.6)
        axes.set_xlim(-0.02, 1.02)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
        axes.set_xlabel("right answers, all splits, with 95 % intervals")
        axes.grid(axis="x", color="#dddddd")
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
        marks = [("chance", "black"), ("best blind reader", _BLIND)]
        marks += [("pixels of another window", _WRONG), ("pixels, native size", _PIXELS)]
        handles = [axes.plot([], [], color=colour, label=name)[0] for name, colour in marks]
        figure.legend(handles=handles, loc="upper center", ncols=len(handles), frameon=False)
        stream = io.BytesIO()
        figure.savefig(stream, format="png", metadata={"Software": None})
        return stream.getvalue()
