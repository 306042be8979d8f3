"""Exports: from samples and media to the files of one format, with the facts of its card.

What belongs here: gathering what an export says of itself, and holding one against the CSV. What
does not: the formats, cards and checks themselves (`training/`), where an export lies.
"""

import base64
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np

from zwu_ts_assets.batches import Batches
from zwu_ts_assets.corpus.series import Series
from zwu_ts_assets.datasets import Dataset, Settings
from zwu_ts_assets.lineage import CODE_VERSIONS
from zwu_ts_assets.training.card import CardFacts, CheckFacts, Picture, SplitFacts
from zwu_ts_assets.training.export_files import ExportFile
from zwu_ts_assets.training.exports.formats import FORMATS
from zwu_ts_assets.training.exports.source import ExportSource, Medium, Scalar
from zwu_ts_assets.training.facts import duration_text
from zwu_ts_assets.training.leaks import leak_problem
from zwu_ts_assets.training.media_tokens import image_tokens, video_tokens
from zwu_ts_assets.training.processor import Size
from zwu_ts_assets.training.sample import SPLITS, Sample, sample_id
from zwu_ts_assets.training.samples import sampling_interval
from zwu_ts_assets.training.tasks import TASKS, check_answer
from zwu_ts_assets.training.validation import Expectations, ValidationReport, validate_export
from zwu_ts_assets.training_products import (
    TokenCounts,
    View,
    media_path,
    medium_facts,
    samples_version,
)
from zwu_ts_assets.work import Product


def export_product(
    format_name: str, view: View, media: Mapping[str, Batches]
) -> Product[Iterator[ExportFile]]:
    """The files of an export, made one by one as they are asked for.

    Args:
        format_name: One of the formats.
        view: The samples, worded and counted.
        media: The batches of each asset that an export holds files of.
    """
    source = _source(view, media)
    settings = view.dataset.settings
    counts = Counter(conversation.split for conversation in view.conversations)
    details = {
        "media": settings.export_media,
        "samples": len(view.samples),
        "conversations": len(view.conversations),
        **{f"{name}_conversations": counts[name] for name in SPLITS},
    }
    preview = "\n".join(
        ["| split | conversations |", "|---|---|", *(f"| {n} | {counts[n]} |" for n in SPLITS)]
    )
    return Product(FORMATS[format_name](source), details, preview=preview)


def validate(
    folder: Path,
    format_name: str,
    dataset: Dataset | None = None,
    series: Series | None = None,
    counts: TokenCounts | None = None,
) -> ValidationReport:
    """Hold an export against itself and, as far as they are at hand, its CSV and tokenizer.

    Args:
        folder: The export's folder.
        format_name: Its format.
        dataset: The dataset that it was made from.
        series: Its table, read from the CSV: targets and answers are computed from it again.
        counts: Its tokenizer, by which tokens are counted again.
    """
    expected = Expectations()
    if dataset is not None and series is not None and counts is not None:
        expected = _expectations(dataset, series, counts)
    return validate_export(folder, format_name, expected)


def _source(view: View, media: Mapping[str, Batches]) -> ExportSource:
    known: dict[str, Medium] = {}
    places: dict[str, tuple[str, int]] = {}
    for name, batches in media.items():
        for batch, record in batches.records.items():
            path = media_path(record)
            known[path] = Medium(**medium_facts(record))
            places[path] = (name, batch)

    def read_media(path: str) -> bytes:
        name, batch = places[path]
        (content,) = media[name][batch].values()
        assert isinstance(content, bytes)
        return content

    dataset = view.dataset
    return ExportSource(
        dataset=dataset.name,
        samples=view.samples,
        conversations=view.conversations,
        media=known,
        read_media=read_media,
        count_tokens=view.counts.of_text,
        tokenizer=f"{view.source.kind} {view.source.digest[:16]}",
        parameters=_parameters(dataset.settings),
        versions=_versions(),
        card=_card(view, media),
        samples_per_shard=dataset.settings.shard_samples,
    )


def _card(view: View, media: Mapping[str, Batches]) -> CardFacts:
    dataset, settings, samples = view.dataset, view.dataset.settings, view.samples
    tokens = Counter[str]()
    count = view.counts.of_text
    by_id = {sample.id: sample for sample in samples}
    for conversation in view.conversations:
        sample = by_id[conversation.sample_id]
        text = count(conversation.prompt) + count(conversation.answer)
        tokens[conversation.split] += text + sample.image_tokens + sample.video_tokens
    conversations = Counter(conversation.split for conversation in view.conversations)
    first = samples[0] if samples else None
    batch = first.batch if first else 0
    figures, films = media["correlation_pngs"], media["patch_videos"]
    leak = leak_problem(samples, settings.split.embargo_rows)
    return CardFacts(
        dataset=dataset.name,
        title=settings.title or dataset.name,
        description=settings.description,
        source=settings.source,
        licence=settings.licence,
        units=dict(zip(first.features, first.units, strict=True)) if first else {},
        interval=duration_text(_seconds(first)) if first else "",
        splits=[
            _split_facts(
                name,
                [sample for sample in samples if sample.split == name],
                conversations[name],
                _embargoed(view, name),
                tokens[name],
            )
            for name in SPLITS
        ],
        split_rule=_split_rule(view),
        tasks=dict(Counter(conversation.task for conversation in view.conversations)),
        answers={task: TASKS[task].content for task in settings.tasks.tasks if task in TASKS},
        parameters=_parameters(settings),
        checks=[
            CheckFacts(
                "no row in two splits",
                not leak,
                leak or "proved from the rows of every sample",
            )
        ],
        fingerprints={
            "samples": samples_version(view.files),
            "prompts": view.templates.digest,
            "tokenizer": view.source.digest,
        },
        versions=_versions(),
        figure=Picture(figures.record(batch).version, lambda: figures[batch]["png"]),
        film_strip=Picture(
            films.record(batch).version, lambda: base64.b64decode(films.record(batch).preview)
        ),
    )


def _split_facts(
    name: str, samples: Sequence[Sample], conversations: int, embargoed: int, tokens: int
) -> SplitFacts:
    return SplitFacts(
        name=name,
        first_row=samples[0].past_start if samples else None,
        stop_row=samples[-1].target_stop if samples else None,
        first_time=str(samples[0].past_timestamps[0]) if samples else "",
        last_time=str(samples[-1].target_timestamps[-1]) if samples else "",
        samples=len(samples),
        conversations=conversations,
        embargoed=embargoed,
        tokens=tokens,
    )


def _embargoed(view: View, name: str) -> int:
    """How many of the embargoed windows begin in the rows of a split."""
    first, stop = view.report.rows[name]
    # The rows that a split gives up to the embargo before the next one are still its own.
    stop += view.report.embargo_rows
    return sum(first <= row < stop for row in view.report.embargoed)


def _split_rule(view: View) -> str:
    rule = view.dataset.settings.split.model_dump(mode="json", exclude_none=True)
    rows = view.report.rows
    borders = ", ".join(f"{name} {rows[name][0]} to {rows[name][1] - 1}" for name in SPLITS)
    chosen = ", ".join(f"{name} {value}" for name, value in rule.items())
    return f"rows {borders} ({chosen})"


def _parameters(settings: Settings) -> dict[str, Scalar]:
    """The settings that shaped samples and conversations, as plain values by name."""
    flat: dict[str, Scalar] = {}
    for name, value in settings.model_dump(mode="json").items():
        if name in ("exports", "export_media", "title", "description", "source", "licence"):
            continue
        if isinstance(value, dict):
            flat |= {
                f"{name}.{key}": inner if isinstance(inner, Scalar) else str(inner)
                for key, inner in value.items()
            }
        else:
            flat[name] = value if isinstance(value, Scalar) else str(value)
    return flat


def _versions() -> dict[str, str]:
    return {"zwu-ts-assets": version("zwu-ts-assets"), **CODE_VERSIONS}


def _seconds(sample: Sample) -> int:
    return int(sampling_interval(sample) / np.timedelta64(1, "s"))


def _expectations(dataset: Dataset, series: Series, counts: TokenCounts) -> Expectations:
    """What the CSV and the tokenizer say, independently of what the corpus holds."""
    settings = dataset.settings

    def sample_of(name: str) -> Sample | str:
        text = name.rsplit("-r", 1)[-1]
        start = int(text) if text.isdecimal() and len(text) < 19 else -1
        stop = start + settings.window_length
        if name != sample_id(dataset.name, start) or stop + settings.horizon > series.rows:
            return f"the CSV has no sample {name}"
        return _sample_of_rows(dataset, series, start)

    def answer_problem(name: str, task: str, answer: str) -> str:
        sample = sample_of(name)
        if isinstance(sample, str):
            return sample
        return check_answer(sample, task, answer, settings.tasks)

    def target_problem(name: str, target: Sequence[Sequence[float]]) -> str:
        sample = sample_of(name)
        if isinstance(sample, str):
            return sample
        given = np.asarray(target, dtype=np.float64)
        same = given.shape == sample.target.shape and np.array_equal(given, sample.target)
        return "" if same else "the CSV has other numbers in these rows"

    def count_video(frames: int, width: int, height: int, fps: float) -> int:
        return video_tokens(Size(width, height), frames, fps, counts.tokenizer).tokens

    return Expectations(
        check_answer=answer_problem,
        check_target=target_problem,
        count_tokens=counts.of_text,
        image_tokens=lambda width, height: image_tokens(Size(width, height)).tokens,
        video_tokens=count_video,
    )


def _sample_of_rows(dataset: Dataset, series: Series, start: int) -> Sample:
    """A sample with the numbers of the CSV alone: nothing that the corpus made of them."""
    settings = dataset.settings
    stop = start + settings.window_length
    end = stop + settings.horizon
    return Sample(
        id=sample_id(dataset.name, start),
        dataset=dataset.name,
        split="",
        batch=start // settings.window_length,
        past_start=start,
        past_stop=stop,
        target_stop=end,
        past_timestamps=series.timestamps[start:stop],
        target_timestamps=series.timestamps[stop:end],
        features=series.features,
        units=tuple(settings.units.get(name, "") for name in series.features),
        past=series.values[start:stop],
        target=series.values[stop:end],
        image="",
        video="",
        line_plot="",
        stats_text="",
        stats_tokens=0,
        image_tokens=0,
        video_tokens=0,
        flags=(),
        fingerprints={},
    )
