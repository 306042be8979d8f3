"""From the corpus to samples.

What belongs here: calling the modules of `training/` and saying what there is to know of the
result. What does not: the training data itself (`training/`), samples that are read again
(`sample_views.py`), Dagster, artifact paths.

Importing this module imports numpy, matplotlib and the rest, so asset bodies import it when they
run and never when definitions load.
"""

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final, NamedTuple

from zwu_ts_assets.config.settings import Settings
from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.orchestration.assets.media_records import (
    film_of,
    media_paths,
    medium_version,
    size_of,
)
from zwu_ts_assets.orchestration.assets.text_products import (
    loaded_tokenizer,
    sha256,
    tokenizer_source,
)
from zwu_ts_assets.orchestration.datasets import Dataset
from zwu_ts_assets.orchestration.work import Product
from zwu_ts_assets.storage.artifact_store import Detail, Record
from zwu_ts_assets.text.qwen import TextTokenizer
from zwu_ts_assets.text.stats import parse_stats
from zwu_ts_assets.timeseries.series import Series
from zwu_ts_assets.timeseries.windows import Batch, Window, content_digest, first_row, patch_spans
from zwu_ts_assets.training.leaks import leak_problem
from zwu_ts_assets.training.media_tokens import sample_media_tokens
from zwu_ts_assets.training.processor import Size
from zwu_ts_assets.training.quality import is_interpolation_flag
from zwu_ts_assets.training.sample import SPLITS, Sample
from zwu_ts_assets.training.sample_table import encode_samples, samples_in
from zwu_ts_assets.training.samples import WindowAssets, make_samples
from zwu_ts_assets.training.splits import resolve_borders

Files = Mapping[str, bytes]

INTERPOLATED_SAMPLES: Final = "samples_with_interpolated_values"
"""The detail of the samples that says how many have such values; left out where none has."""


def series_digests(series: Series) -> list[str]:
    """Digests of a whole table: of its rows, and of what is missing and interpolated if any is."""
    whole = Window(0, series.timestamps, series.values, series.features, 0)
    marks = [
        f"{name} {sha256(marked.tobytes())}"
        for name, marked in (("missing", series.missing), ("interpolated", series.interpolated))
        if marked is not None and marked.any()
    ]
    axis = [] if series.axis.is_fixed else [f"axis {series.axis.to_text()}"]
    if series.labels is not None:
        marks.append(f"labels {series.labels.names} {sha256(series.labels.codes.tobytes())}")
    if series.breaks is not None:
        marks.append(f"breaks {sha256(series.breaks.tobytes())}")
    return [content_digest(whole), *marks, *axis]


def samples_product(
    dataset: Dataset,
    series: Series,
    batches: Mapping[int, Batch],
    records: Mapping[str, Mapping[int, Record]],
    stats: Files,
    tokens: Files,
    tokenizer: TextTokenizer,
) -> Product[Files]:
    """The samples of all windows that have a figure, a film and statistics, by split.

    Args:
        dataset: Whose they are.
        series: The whole table.
        batches: The windows, by batch.
        records: Of the per-batch assets by name, by batch.
        stats: The statistics text.
        tokens: The token rows of that text.
        tokenizer: For the timestamps of videos.
    """
    settings = dataset.settings
    length = settings.window_length
    blocks = parse_stats(stats["text"].decode("utf-8"))
    texts = {first_row(key, length): text for key, text in blocks}
    rows = map(json.loads, tokens["rows"].splitlines())
    ids = {row.get("row", row["batch"] * length): len(row["ids"]) for row in rows}
    count = functools.lru_cache(maxsize=64)(functools.partial(_media_tokens, tokenizer=tokenizer))
    assets = []
    for batch, content in batches.items():
        windows = content.windows
        paths = {
            name: media_paths(found[batch], content.starts)
            for name, found in records.items()
            if name != "batch_windows" and batch in found
        }
        for window in windows:
            row = window.start
            missing = [n for n in records if n != "batch_windows" and row not in paths.get(n, {})]
            missing += [] if row in texts and row in ids else ["batch_stats"]
            if missing:
                raise CorpusError(
                    f"batch {batch} has a window and lacks its {' and '.join(missing)}; "
                    "materialize that first"
                )
            figure, film = records["correlation_pngs"][batch], records["patch_videos"][batch]
            image, video = count(size_of(figure), size_of(film), *film_of(film))
            media = {name: found[row] for name, found in paths.items()}
            assets.append(
                WindowAssets(
                    batch=batch,
                    window=window,
                    image=media["correlation_pngs"],
                    video=media["patch_videos"],
                    line_plot=media.get("line_plots", ""),
                    altered_plot=media.get("altered_lines", ""),
                    stats_text=texts[row],
                    stats_tokens=ids[row],
                    image_tokens=image,
                    video_tokens=video,
                    versions={
                        "batch_windows": content_digest(window),
                        **{
                            name: medium_version(records[name][batch], path)
                            for name, path in media.items()
                        },
                    },
                )
            )
    samples, report = make_samples(
        assets,
        dataset=dataset.name,
        series=series,
        borders=resolve_borders(dataset.split_rule(series.rows), series.timestamps, series.breaks),
        horizon=settings.horizon,
        patches=patch_spans(settings.window_length, settings.patch_length, settings.patch_stride),
        units=settings.units,
        stats_format=settings.stats_format,
    )
    files = {name: encode_samples([s for s in samples if s.split == name]) for name in SPLITS}
    files["report"] = (json.dumps(asdict(report), indent=1) + "\n").encode("ascii")
    details: dict[str, Detail] = {**report.details}
    if marked := sum(any(map(is_interpolation_flag, sample.flags)) for sample in samples):
        details[INTERPOLATED_SAMPLES] = marked
    return Product(files, details, preview=_samples_table(samples))


def tokenizer_of(settings: Settings, project_dir: Path, cache: Path) -> TextTokenizer:
    """The tokenizer of a dataset."""
    return loaded_tokenizer(tokenizer_source(settings, project_dir, cache))


def leak_of(files: Files, settings: Settings) -> str:
    """Which samples of two splits share a row, proved from the samples alone; usually none."""
    spans = (
        _Span(sample.id, sample.split, sample.past_start, sample.past_stop, sample.target_stop)
        for name in SPLITS
        for sample in samples_in(files[name])
    )
    return leak_problem(spans, settings.split.embargo_rows)


class _Span(NamedTuple):
    """The rows of a sample, without what is in them."""

    id: str
    split: str
    past_start: int
    past_stop: int
    target_stop: int


def _media_tokens(
    image: Size, video: Size, frames: int, fps: float, *, tokenizer: TextTokenizer
) -> tuple[int, int]:
    counted = sample_media_tokens(image, video, frames, fps, tokenizer)
    return counted.image.tokens, counted.video.tokens


def _flags(flags: Sequence[str], most: int = 20) -> str:
    """Flags in a cell: of a thousand columns there may be thousands."""
    listed = ", ".join(flags[:most])
    return listed if len(flags) <= most else f"{listed} and {len(flags) - most} more"


def _samples_table(samples: Sequence[Sample]) -> str:
    lines = ["| id | split | past rows | target rows | flags |", "|---|---|---|---|---|"]
    for sample in samples[:12]:
        flags = _flags(sample.flags).replace("|", "\\|").replace("\n", " ")
        lines.append(
            f"| {sample.id} | {sample.split} | {sample.past_start}..{sample.past_stop - 1} "
            f"| {sample.past_stop}..{sample.target_stop - 1} | {flags} |"
        )
    return "\n".join(lines)
