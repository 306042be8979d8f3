"""The preflight report: what each consumer makes of the samples.

What belongs here: gathering what the report needs to know, and saying what there is to know of it.
What does not: the report itself (`training/preflight.py`).
"""

import json
from collections.abc import Iterator, Mapping

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.figures.dependence import FeatureMatrices, feature_matrices
from zwu_ts_assets.figures.figure import Canvas
from zwu_ts_assets.orchestration.assets.media_records import film_of, size_of
from zwu_ts_assets.orchestration.assets.sample_views import TokenCounts, View
from zwu_ts_assets.orchestration.work import Product
from zwu_ts_assets.storage.artifact_store import Detail, Record
from zwu_ts_assets.timeseries.windows import patch_spans
from zwu_ts_assets.training.legibility import Verdict, drawn_figure
from zwu_ts_assets.training.preflight import (
    ConversationShape,
    CorpusShape,
    Preflight,
    preflight,
)
from zwu_ts_assets.training.preflight_views import preflight_markdown, preflight_png
from zwu_ts_assets.training.sample import Conversation

Files = Mapping[str, bytes]


def _shape_of(conversation: Conversation, counts: TokenCounts) -> ConversationShape:
    turns = [
        (counts.of_text(turn.prompt.strip()), counts.of_text(turn.answer))
        for turn in conversation.turns
    ]
    images, videos = len(conversation.images), len(conversation.videos)
    return ConversationShape(
        text=counts.of_chat(turns, images + videos),
        # What a trainer learns of a turn: the answer and the token that ends it.
        learned=sum(answer + 1 for _, answer in turns),
        questions=len(turns),
        images=images,
        videos=videos,
    )


# The asset and its check look at the same report, of which the matrices take a minute.
_REPORTS: dict[str, Preflight] = {}


def preflight_report(view: View, films: Mapping[int, Record], evidence: Files) -> Preflight:
    """What each consumer makes of the corpus.

    Args:
        view: The samples; the size of the numbers in a figure depends on their numbers.
        films: The records of the videos, by batch.
        evidence: What a reader of pixels gets right at each consumer's sizes.

    Raises:
        CorpusError: There is nothing to look at.
    """
    if not view.conversations:
        raise CorpusError(
            "no split has a sample that is asked anything, so there is nothing to look at before "
            "training; materialize every batch, or give the splits more rows"
        )
    key = f"{view.made_from} {view.dataset.settings!r}"
    if key not in _REPORTS:
        read, asked = _read_at(evidence)
        made = preflight(_shape(view, films), view.counts.tokenizer, read=read, asked=asked)
        _REPORTS.clear()
        _REPORTS[key] = made
    return _REPORTS[key]


def _read_at(evidence: Files) -> tuple[dict[str, dict[str, float]], dict[str, int]]:
    """The share of questions that pixels answer at each consumer's sizes, by title and view.

    And how many questions that are, by view.
    """
    consumers = json.loads(evidence["numbers"])["consumers"]
    read: dict[str, dict[str, float]] = {}
    asked: dict[str, int] = {}
    for title, rates in consumers.items():
        some = {view: rate for view, rate in rates.items() if rate["asked"]}
        read[title] = {view: rate["right"] / rate["asked"] for view, rate in some.items()}
        asked |= {view: rate["asked"] for view, rate in some.items()}
    return read, asked


def _shape(view: View, films: Mapping[int, Record]) -> CorpusShape:
    settings, first = view.dataset.settings, view.samples[0]
    spans = patch_spans(settings.window_length, settings.patch_length, settings.patch_stride)
    shown = first.shown
    columns = None if shown is None else shown.columns
    names = first.features if shown is None else shown.names(first.features)
    suffixes = () if shown is None else shown.suffixes

    def patches() -> Iterator[FeatureMatrices]:
        seen: set[int] = set()  # overlapping windows share most of their patches
        for sample in view.samples:
            for start, stop in spans:
                if sample.past_start + start not in seen:
                    seen.add(sample.past_start + start)
                    yield feature_matrices(sample.past[start:stop], columns)

    # Made only where they are asked for: with many columns, no number fits into a cell. And one at
    # a time: there may be many thousands.
    whole = (feature_matrices(sample.past, columns) for sample in view.samples)
    film = films[first.batch]
    frames, fps = film_of(film)
    size = size_of(film)
    return CorpusShape(
        figure=drawn_figure(
            names, settings.window_length, Canvas(*settings.canvas_size), whole, suffixes
        ),
        frame=drawn_figure(
            names, settings.patch_length, Canvas(size.width, size.height), patches(), suffixes
        ),
        frames=frames,
        fps=fps,
        conversations=tuple(_shape_of(each, view.counts) for each in view.conversations),
        columns=len(first.features),
        has_lines=any(
            {"lines", "altered"} & set(turn.question.given)
            for conversation in view.conversations
            for turn in conversation.turns
        ),
    )


def preflight_product(report: Preflight) -> Product[Files]:
    """The report as a table and a plot."""
    table = preflight_markdown(report)
    verdicts = {each.profile.name: each for each in report.consumers}
    details: dict[str, Detail] = {
        "conversations": len(report.corpus.conversations),
        "questions": report.corpus.questions,
        "learned_tokens": report.corpus.learned,
    }
    for name, each in verdicts.items():
        details[f"{name}_tokens"] = each.total
        details[f"{name}_media_tokens_per_question"] = round(each.per_question, 1)
        details[f"{name}_verdict"] = str(each.verdict) + (", too long" if each.too_long else "")
    details["legible_everywhere"] = not trouble_of(report)
    plot = preflight_png(report)
    return Product({"report": table.encode("utf-8"), "plot": plot}, details, preview=table)


def trouble_of(report: Preflight) -> dict[str, str]:
    """The consumers that lose something with their defaults, and what to set for each."""
    return {
        each.profile.name: " ".join(each.advice or each.refused) or str(each.verdict)
        for each in report.consumers
        if each.verdict is not Verdict.LEGIBLE or each.too_long or each.advice
    }
