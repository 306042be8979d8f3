"""Exports, held against the CSV and the tokenizer.

What belongs here: what the CSV says of a sample, independently of what the corpus holds. What does
not: the checks themselves (`training/validation.py`), which exports are checked (`validate.py`).
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from zwu_ts_assets.config.datasets import Dataset
from zwu_ts_assets.orchestration.assets.selection_products import feature_selection
from zwu_ts_assets.orchestration.assets.token_counts import TokenCounts
from zwu_ts_assets.timeseries.selection import Selection
from zwu_ts_assets.timeseries.series import Series
from zwu_ts_assets.training.media_tokens import image_tokens, video_tokens
from zwu_ts_assets.training.processor import Size
from zwu_ts_assets.training.sample import Sample, sample_id
from zwu_ts_assets.training.tasks import check_answer
from zwu_ts_assets.training.validation import Expectations, ValidationReport, validate_export


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
    return validate_export(folder, format_name, _expectations(dataset, series, counts))


def _expectations(
    dataset: Dataset | None, series: Series | None, counts: TokenCounts | None
) -> Expectations:
    """What the CSV and the tokenizer say, independently of what the corpus holds."""
    expected = Expectations(image_tokens=lambda *size: image_tokens(Size(*size)).tokens)
    if counts is not None:
        expected = replace(
            expected, count_tokens=counts.of_text, video_tokens=partial(_video_tokens, counts)
        )
    if dataset is not None and series is not None:
        answer_problem, target_problem = _numbers_of(dataset, series)
        expected = replace(expected, check_answer=answer_problem, check_target=target_problem)
    return expected


def _video_tokens(counts: TokenCounts, frames: int, width: int, height: int, fps: float) -> int:
    return video_tokens(Size(width, height), frames, fps, counts.tokenizer).tokens


def _numbers_of(
    dataset: Dataset, series: Series
) -> tuple[Callable[[str, str, str], str], Callable[[str, Sequence[Sequence[float]]], str]]:
    """What is wrong with an answer, and with a target, by the numbers of the CSV."""
    settings = dataset.settings
    shown = feature_selection(dataset, series)

    def sample_of(name: str) -> Sample | str:
        text = name.rsplit("-r", 1)[-1]
        start = int(text) if text.isdecimal() and len(text) < 19 else -1
        stop = start + settings.window_length + settings.horizon
        if (
            name != sample_id(dataset.name, start)
            or stop > series.rows
            or start % settings.stride
            or np.searchsorted(series.missing_rows, start)
            < np.searchsorted(series.missing_rows, stop)
        ):
            return f"the CSV has no sample {name}"
        return _sample_of_rows(dataset, series, start, shown)

    def answer_problem(name: str, task: str, answer: str) -> str:
        sample = sample_of(name)
        if isinstance(sample, str):
            return sample
        return check_answer(sample, task, answer, settings.tasks)

    def target_problem(name: str, target: Sequence[Sequence[float]]) -> str:
        sample = sample_of(name)
        if isinstance(sample, str):
            return sample
        # Row by row: of a target without rows, JSON does not keep how many columns it has.
        same = len(target) == len(sample.target) and all(map(np.array_equal, target, sample.target))
        return "" if same else "the CSV has other numbers in these rows"

    return answer_problem, target_problem


def _sample_of_rows(
    dataset: Dataset, series: Series, start: int, shown: Selection | None
) -> Sample:
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
        axis=series.axis,
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
        shown=shown,
    )
