"""Exports: from samples and media to the files of one format, with the facts of its card.

What belongs here: gathering what an export says of itself. What does not: the formats and cards
(`training/`), where an export lies, holding one against the CSV (`export_checks.py`).
"""

import base64
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import NamedTuple

import numpy as np

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.orchestration.assets.media_records import (
    file_reader,
    media_facts,
    medium_version,
)
from zwu_ts_assets.orchestration.assets.sample_views import View, samples_version
from zwu_ts_assets.orchestration.assets.training_products import leak_of
from zwu_ts_assets.orchestration.datasets import Dataset
from zwu_ts_assets.orchestration.work import Batches, Product
from zwu_ts_assets.training.card import CardFacts, CheckFacts, Picture, SplitFacts, TaskFacts
from zwu_ts_assets.training.export_files import ExportFile
from zwu_ts_assets.training.exports.formats import FORMATS, SINGLE_QUESTIONS, VIDEOS_APART
from zwu_ts_assets.training.exports.source import ExportSource, Medium, Scalar
from zwu_ts_assets.training.picture.question import PictureQuestion
from zwu_ts_assets.training.quality import is_interpolation_flag
from zwu_ts_assets.training.sample import SPLITS, Conversation, Sample
from zwu_ts_assets.training.samples import interval_seconds


class Proof(NamedTuple):
    """The files of what readers make of the questions, and of what has to be beaten."""

    evidence: Mapping[str, bytes]
    baselines: Mapping[str, bytes]


def export_product(
    format_name: str, view: View, proof: Proof, media: Mapping[str, Batches]
) -> Product[Iterator[ExportFile]]:
    """The files of an export, made one by one as they are asked for.

    Args:
        format_name: One of the formats.
        view: The samples, worded and counted.
        proof: What readers and baselines make of the questions.
        media: The batches of each asset that an export holds files of.
    """
    conversations = _conversations(view, format_name)
    if not conversations:
        raise CorpusError(
            "no split has a sample that is asked anything, so there is nothing to export; "
            "materialize every batch, or give the splits more rows"
        )
    source = _source(view, conversations, proof, media)
    settings = view.dataset.settings
    counts = Counter(conversation.split for conversation in conversations)
    details = {
        "media": settings.export_media,
        "samples": len(view.samples),
        "conversations": len(conversations),
        "questions": sum(len(each.turns) for each in conversations),
        **{f"{name}_conversations": counts[name] for name in SPLITS},
    }
    preview = "\n".join(
        ["| split | conversations |", "|---|---|", *(f"| {n} | {counts[n]} |" for n in SPLITS)]
    )
    return Product(FORMATS[format_name](source), details, preview=preview)


def _conversations(view: View, format_name: str) -> Sequence[Conversation]:
    """What a format has rows of."""
    if format_name in SINGLE_QUESTIONS:
        return view.single_conversations
    return view.conversations_by_kind if format_name in VIDEOS_APART else view.conversations


def _source(
    view: View,
    conversations: Sequence[Conversation],
    proof: Proof,
    media: Mapping[str, Batches],
) -> ExportSource:
    known: dict[str, Medium] = {}
    places: dict[str, tuple[str, int]] = {}
    for name, batches in media.items():
        for batch, record in batches.records.items():
            for path, facts in media_facts(record).items():
                known[path] = Medium(**facts)
                places[path] = (name, batch)
    read = file_reader(media)
    dataset = view.dataset
    return ExportSource(
        dataset=dataset.name,
        samples=view.samples,
        conversations=conversations,
        media=known,
        read_media=lambda path: read(*places[path], path),
        count_tokens=view.counts.of_text,
        lengths=view.counts.of_conversation,
        tokenizer=view.counts.name,
        parameters=parameters_of(dataset),
        versions=_versions(dataset),
        card=_card(view, conversations, proof, media),
        samples_per_shard=dataset.settings.shard_samples,
    )


def _card(
    view: View,
    conversations: Sequence[Conversation],
    proof: Proof,
    media: Mapping[str, Batches],
) -> CardFacts:
    dataset, settings, samples = view.dataset, view.dataset.settings, view.samples
    tokens = Counter[str]()
    count = view.counts.of_text
    of_media = {each.id: (each.image_tokens, each.video_tokens) for each in samples}
    for conversation in conversations:
        of_image, of_film = of_media[conversation.sample_id]
        text = sum(count(turn.prompt) + count(turn.answer) for turn in conversation.turns)
        # A line plot is drawn on the canvas of the figure, and is as many tokens.
        pictures = of_image * len(conversation.images)
        films = of_film * len(conversation.videos)
        tokens[conversation.split] += text + pictures + films
    counted = Counter(conversation.split for conversation in conversations)
    splits = [sample.split for sample in samples]
    first = samples[0] if samples else None
    batch, image = (first.batch, first.image) if first else (0, "")
    figures, videos = media["correlation_pngs"].record(batch), media["patch_videos"].record(batch)
    read = file_reader(media)
    leak = leak_of(view.files, settings)
    return CardFacts(
        dataset=dataset.name,
        title=settings.title or dataset.name,
        description=settings.description,
        source=settings.source,
        licence=settings.licence,
        units=dict(zip(first.features, first.units, strict=True)) if first else {},
        interval=first.axis.span_text(1, interval_seconds(first)) if first else "",
        splits=[
            _split_facts(
                name,
                [at for at, split in enumerate(splits) if split == name],
                samples,
                counted[name],
                _embargoed(view, name),
                tokens[name],
            )
            for name in SPLITS
        ],
        split_rule=_split_rule(view),
        tasks=_tasks(view),
        evidence=proof.evidence["report"].decode("utf-8"),
        baselines=proof.baselines["report"].decode("utf-8"),
        rationale=settings.tasks.rationale,
        parameters=parameters_of(dataset),
        checks=[
            CheckFacts(
                "no row in two splits",
                not leak,
                leak or "proved from the rows of every sample",
            ),
            *_interpolation(samples),
        ],
        fingerprints={
            "samples": samples_version(view.files),
            "prompts": view.templates.digest,
            "tokenizer": view.source.digest,
        },
        versions=_versions(dataset),
        figure=Picture(
            medium_version(figures, image), lambda: read("correlation_pngs", batch, image)
        ),
        film_strip=Picture(
            videos.version, lambda: base64.b64decode(media["patch_videos"].preview(batch))
        ),
        selection=_selection_told(first) if first else "",
        media_are_links=settings.export_media == "link",
    )


def _tasks(view: View) -> list[TaskFacts]:
    """What the card says of each task, with one example."""
    counts: Counter[str] = Counter()
    examples: dict[str, PictureQuestion] = {}
    # About the window whose figure and frames the card shows, where it was asked that.
    shown = view.samples[0].id
    for question in (turn.question for each in view.conversations for turn in each.turns):
        counts[question.task] += 1
        before = examples.setdefault(question.task, question)
        if before.sample_id != shown == question.sample_id:
            examples[question.task] = question
    return [
        TaskFacts(
            name=name,
            level=examples[name].level,
            needs=examples[name].needs,
            questions=counts[name],
            chance=examples[name].chance,
            example=examples[name].prompt,
            answer=examples[name].answer_line,
        )
        for name in sorted(examples, key=lambda name: examples[name].level)
    ]


def _selection_told(sample: Sample) -> str:
    if sample.shown is None:
        return ""
    labels = ", ".join(sample.shown.labels(sample.features))
    told = (
        f"The feature panels of figures show {len(sample.shown.columns)} of the "
        f"{len(sample.features)} columns: {labels}."
    )
    if max(sample.shown.sizes) > 1:
        told += (
            " A number behind a name says for how many further columns, similar in the first rows "
            "of the training split, a column stands."
        )
    return told


def _interpolation(samples: Sequence[Sample]) -> list[CheckFacts]:
    """What a card says of interpolated values; nothing where there is none."""
    count = sum(any(map(is_interpolation_flag, sample.flags)) for sample in samples)
    if not count:
        return []
    told = (
        f"{count:,} samples have interpolated values; their prompts and corpus.json say of which "
        "columns and how many"
    )
    return [CheckFacts("every value as in the CSV", False, told)]


def _split_facts(
    name: str,
    inside: Sequence[int],
    samples: Sequence[Sample],
    conversations: int,
    embargoed: int,
    tokens: int,
) -> SplitFacts:
    first, last = (samples[inside[0]], samples[inside[-1]]) if inside else (None, None)
    return SplitFacts(
        name=name,
        first_row=first.past_start if first else None,
        stop_row=last.target_stop if last else None,
        first_time=_time(first, first.past_timestamps[0]) if first else "",
        last_time=_time(last, _last_time(last)) if last else "",
        samples=len(inside),
        conversations=conversations,
        embargoed=embargoed,
        tokens=tokens,
    )


def _time(sample: Sample, time: np.datetime64) -> str:
    return sample.axis.time_text(time)


def _last_time(sample: Sample) -> np.datetime64:
    """The time of a sample's last row, which is of its past where the horizon is 0."""
    times = sample.target_timestamps if len(sample.target_timestamps) else sample.past_timestamps
    last: np.datetime64 = times[-1]
    return last


def _embargoed(view: View, name: str) -> int:
    """How many of the embargoed windows begin in the rows of a split."""
    # Up to where the next one begins: the rows that a split gives up to the embargo are its own.
    starts = [view.report.rows[each][0] for each in SPLITS]
    first, stop = [*zip(starts, [*starts[1:], None], strict=True)][SPLITS.index(name)]
    return sum(first <= row and (stop is None or row < stop) for row in view.report.embargoed)


def _split_rule(view: View) -> str:
    rule = view.dataset.settings.split.model_dump(mode="json", exclude_none=True)
    rows = view.report.rows
    borders = ", ".join(f"{name} {rows[name][0]} to {rows[name][1] - 1}" for name in SPLITS)
    chosen = ", ".join(f"{name} {value}" for name, value in rule.items())
    return f"rows {borders} ({chosen})"


def parameters_of(dataset: Dataset) -> dict[str, Scalar]:
    """The settings that shaped samples and conversations, as plain values by name."""
    flat: dict[str, Scalar] = {}
    for name, value in dataset.parameters.items():
        if isinstance(value, dict):
            flat |= {f"{name}.{key}": _scalar(inner) for key, inner in value.items()}
        else:
            flat[name] = _scalar(value)
    return flat


def _scalar(value: object) -> Scalar:
    """A setting as it is, or a list as one line."""
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return value if isinstance(value, Scalar) else str(value)


def _versions(dataset: Dataset) -> dict[str, str]:
    ours = {spec.name: spec.code_version for spec in dataset.specs}
    return {"zwu-ts-assets": version("zwu-ts-assets"), **ours}
