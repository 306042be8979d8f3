"""A preflight as a table and as a plot.

What belongs here: Markdown and a PNG of a report; the same report gives the same bytes. What does
not: what is in the report (`preflight`).
"""

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from zwu_ts_assets.figures.figure import encode_png
from zwu_ts_assets.figures.rendering import default_settings, rendered
from zwu_ts_assets.training.legibility import RULE, Legibility, Verdict
from zwu_ts_assets.training.media_tokens import ImageTokens, VideoTokens
from zwu_ts_assets.training.preflight import ConsumerReport, Preflight

_HEAD = (
    "consumer",
    "figure seen",
    "digits / cells, pixels",
    "figure is",
    "figure tokens",
    "video seen",
    "digits / cells, pixels",
    "video is",
    "frames kept",
    "video tokens",
)
_LINES_AT = _HEAD.index("figure tokens") + 1  # a column more, where there are line plots
_LINES_HEAD = "line plots are"
_TOKENS_HEAD = (
    "consumer",
    "media tokens per question",
    "learned per 1,000 media tokens",
    "tokens per conversation, shortest / median / longest",
    "limit",
    "tokens of all",
)


def preflight_markdown(report: Preflight) -> str:
    """Show a report as Markdown: two tables, what to set, the rule, the sources.

    Returns:
        Lines that end in a newline.
    """
    corpus = report.corpus
    lines = [
        f"Figures of {corpus.figure.size}, videos of {corpus.frames} frames of "
        f"{corpus.frame.size} at {corpus.fps:g} fps; {corpus.questions:,} questions in "
        f"{len(corpus.conversations):,} conversations. "
        "Digits and cells are the smallest of each, after resampling.",
        "",
        *_seen_table(report),
        "",
        *_table(_TOKENS_HEAD, [_tokens_row(consumer) for consumer in report.consumers]),
        "",
    ]
    told = [("Texts", report.text_advice)]
    told += [(each.profile.title, (*each.refused, *each.advice)) for each in report.consumers]
    for title, sentences in told:
        if sentences:
            lines += [f"**{title}**", ""]
            lines += [f"- {sentence}" for sentence in sentences] + [""]
    lines += [_rule(report), "", "The defaults were read in:", ""]
    profiles = [consumer.profile for consumer in report.consumers]
    lines += [f"- {profile.title}: {profile.source}" for profile in profiles]
    return "\n".join(lines) + "\n"


def _rule(report: Preflight) -> str:
    if all(each.image_read is each.lines_read is None for each in report.consumers):
        return RULE
    names = {"figure": "figures", "lines": "line plots", "altered": "altered copies"}
    counts = [
        f"{count:,} about {names.get(view, 'videos')}" for view, count in report.asked.items()
    ]
    some = f": {', '.join(counts)}" if counts else ""
    return f"{_MEASURED}{some}."


def _seen_table(report: Preflight) -> list[str]:
    corpus, at = report.corpus, _LINES_AT
    rows = [_seen_row(consumer, corpus.frames) for consumer in report.consumers]
    if not corpus.has_lines:
        return _table(_HEAD, rows)
    told = [_lines_told(consumer) for consumer in report.consumers]
    return _table(
        (*_HEAD[:at], _LINES_HEAD, *_HEAD[at:]),
        [(*row[:at], lines, *row[at:]) for row, lines in zip(rows, told, strict=True)],
    )


def _lines_told(consumer: ConsumerReport) -> str:
    if consumer.image is None:
        return "refused"
    if consumer.lines_verdict is None:
        return "not measured"
    return f"{consumer.lines_verdict}: {consumer.lines_read:.0%} read"


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    rule = ("---", *["---:"] * (len(head) - 1))
    return ["| " + " | ".join(cells) + " |" for cells in (head, rule, *rows)]


def _seen_row(consumer: ConsumerReport, frames: int) -> tuple[str, ...]:
    kept = f"{len(consumer.video.kept)} of {frames}" if consumer.video else "none"
    image = _medium_cells(
        consumer.image, consumer.image_legibility, consumer.image_verdict, consumer.image_read
    )
    video = _medium_cells(
        consumer.video, consumer.video_legibility, consumer.video_verdict, consumer.video_read
    )
    return (consumer.profile.title, *image, *video[:3], kept, video[3])


def _medium_cells(
    medium: ImageTokens | VideoTokens | None,
    judged: Legibility | None,
    verdict: Verdict | None,
    read: float | None,
) -> tuple[str, str, str, str]:
    if medium is None or judged is None:
        return ("-", "-", "refused", "0")
    pixels = f"{judged.digit_pixels:.1f} / {judged.cell_pixels:.1f}"
    told = str(verdict) if read is None else f"{verdict}: {read:.0%} read"
    return (str(medium.size), pixels, told, f"{medium.tokens:,}")


def _tokens_row(consumer: ConsumerReport) -> tuple[str, ...]:
    limit = consumer.profile.length_limit
    shown = "the model's" if limit is None else f"{limit:,}" + " (exceeded)" * consumer.too_long
    return (
        consumer.profile.title,
        f"{consumer.per_question:,.0f}",
        f"{consumer.learned_per_thousand:,.1f}",
        f"{consumer.minimum:,} / {consumer.median:,.0f} / {consumer.maximum:,}",
        shown,
        f"{consumer.total:,}",
    )


_MEASURED = (
    "Legible is what lets a reader of pixels answer 99 % of the questions or more at the "
    "consumer's sizes, doubtful 90 % or more, as the asset `evidence` has measured on the "
    "questions of some samples"
)

_DPI = 100
_WIDTH, _ROW, _MARGINS = 12.0, 0.7, 0.95  # inches
_BAR = 0.68  # of a row
_LETTER = 0.018  # of the axes' width; a letter of a word in a bar, with room around the word
_COLOURS = {
    Verdict.LEGIBLE: "#2a7f62",
    Verdict.DOUBTFUL: "#d99a2b",
    Verdict.NOT_LEGIBLE: "#b3392f",
}
_TEXT_COLOUR = "#9aa0a6"


def preflight_png(report: Preflight) -> bytes:
    """Plot the tokens of the longest conversation, a bar per consumer; colours tell what is read.

    What is beyond the consumer's limit is hatched: that is what a trainer cuts off or refuses. A
    white mark in a bar shows where the median conversation ends.

    Returns:
        A PNG, 1200 pixels wide; higher with more consumers.
    """
    with default_settings():
        height = _MARGINS + _ROW * len(report.consumers)
        figure = Figure(figsize=(_WIDTH, height), dpi=_DPI)
        FigureCanvasAgg(figure)
        axes = figure.add_axes((0.24, 0.55 / height, 0.5, (height - _MARGINS) / height))
        widest = 1.02 * max(consumer.maximum for consumer in report.consumers)
        for row, consumer in enumerate(report.consumers):
            _draw_bar(axes, row, consumer, widest)
            beside = axes.get_yaxis_transform()
            note = _note(consumer, report.corpus.frames)
            axes.text(1.02, row, note, va="center", transform=beside, fontsize=9)
        axes.set_yticks(
            range(len(report.consumers)),
            [consumer.profile.title.replace(", ", ",\n") for consumer in report.consumers],
            fontsize=9,
        )
        axes.set_ylim(len(report.consumers) - 0.5, -0.5)
        axes.set_xlim(0, widest)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        axes.set_xlabel("tokens of the longest conversation: pictures, videos, text")
        axes.spines[["top", "right"]].set_visible(False)
        _legend(figure)
        return encode_png(rendered(figure))


def _draw_bar(axes: Axes, row: int, consumer: ConsumerReport, widest: float) -> None:
    """The longest conversation by its parts, the end of the median one, and the limit."""
    left, longest, limit = 0, consumer.longest, consumer.profile.length_limit
    hatched = limit if consumer.too_long and limit is not None else consumer.maximum
    for medium, judged, name, plural, count in (
        (consumer.image, consumer.pictures_verdict, "figure", "pictures", longest.images),
        (consumer.video, consumer.video_verdict, "video", "videos", longest.videos),
    ):
        if medium and judged and count:
            tokens = medium.tokens * count
            axes.barh(row, tokens, _BAR, left, color=_COLOURS[judged], edgecolor="white")
            word = name if count == 1 else f"{count} {plural}"
            room = min(left + tokens, hatched) - left  # no hatch through a word
            if room > _LETTER * len(word) * widest:
                axes.text(left + room / 2, row, word, ha="center", va="center", color="white")
            left += tokens
    text = consumer.maximum - left
    axes.barh(row, text, _BAR, left, color=_TEXT_COLOUR, edgecolor="white")
    # Below the words, which stand in the middle of the bar.
    axes.plot(
        consumer.median, row + 0.27, "^", color="white", markersize=6, markeredgecolor="black"
    )
    if beyond := consumer.maximum - hatched:
        axes.barh(row, beyond, _BAR, hatched, color="none", edgecolor="black", hatch="//")
    if limit is not None and limit <= widest:
        axes.plot(limit, row - 0.42, "v", color="black", markersize=8)


def _note(consumer: ConsumerReport, frames: int) -> str:
    notes = []
    for name, medium, judged in (
        ("figure", consumer.image, consumer.image_verdict),
        ("video", consumer.video, consumer.video_verdict),
    ):
        if medium and judged:
            notes.append(f"{name} {medium.size} {judged}")
            if isinstance(medium, VideoTokens) and len(medium.kept) < frames:
                notes[-1] += f", {len(medium.kept)} of {frames} frames"
        else:
            notes.append(f"{name} refused")
        if name == "figure" and consumer.lines_verdict:
            notes[-1] += f", lines {consumer.lines_verdict}"
    if consumer.too_long:
        notes.append(f"beyond its limit of {consumer.profile.length_limit:,} tokens")
    return "\n".join(notes)


def _legend(figure: Figure) -> None:
    handles: list[Patch | Line2D] = [
        Patch(color=colour, label=str(verdict)) for verdict, colour in _COLOURS.items()
    ]
    handles.append(Patch(color=_TEXT_COLOUR, label="text"))
    handles.append(
        Line2D([], [], marker="v", color="black", linestyle="none", label="limit of the consumer")
    )
    handles.append(Patch(facecolor="none", edgecolor="black", hatch="//", label="beyond it"))
    median = Line2D([], [], marker="^", color="white", markeredgecolor="black", linestyle="none")
    median.set_label("median conversation")
    handles.append(median)
    figure.legend(handles=handles, loc="upper center", ncols=len(handles), frameon=False)
