"""Exports, held against the CSV and the tokenizer.

What belongs here: what the CSV says of a sample, independently of what the corpus holds. What does
not: the checks themselves (`training/validation.py`), which exports are checked (`validate.py`).
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from zwu_ts_assets.config.environment import allowed_code
from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.orchestration.assets.batch_products import feature_selection
from zwu_ts_assets.orchestration.assets.question_products import asked_of
from zwu_ts_assets.orchestration.assets.sample_views import TokenCounts
from zwu_ts_assets.orchestration.datasets import Dataset
from zwu_ts_assets.storage.spool import Shelf
from zwu_ts_assets.timeseries.series import Series
from zwu_ts_assets.timeseries.windows import Selection
from zwu_ts_assets.training.conversations import reply
from zwu_ts_assets.training.exports.manifest_reading import read_manifest
from zwu_ts_assets.training.exports.rows import question_row
from zwu_ts_assets.training.media_tokens import image_tokens, video_tokens
from zwu_ts_assets.training.processor import Size
from zwu_ts_assets.training.row_checks import RightQuestion
from zwu_ts_assets.training.sample import Sample, sample_id
from zwu_ts_assets.training.validation import (
    SECONDS,
    Expectations,
    ValidationReport,
    validate_export,
)


def validate(
    folder: Path,
    format_name: str,
    dataset: Dataset | None = None,
    series: Series | None = None,
    counts: TokenCounts | None = None,
    seconds: float = SECONDS,
) -> ValidationReport:
    """Hold an export against itself and, as far as they are at hand, its CSV and tokenizer.

    Args:
        folder: The export's folder.
        format_name: Its format.
        dataset: The dataset that it was made from.
        series: Its table, read from the CSV: targets and answers are computed from it again.
        counts: Its tokenizer, by which tokens are counted again.
        seconds: So long it is looked at.
    """
    try:
        asked = read_manifest(folder).asked
    except CorpusError:
        asked = {}  # told by `validate_export`
    expected = _expectations(dataset, series, counts, asked)
    return validate_export(folder, format_name, expected, seconds=seconds)


def _expectations(
    dataset: Dataset | None,
    series: Series | None,
    counts: TokenCounts | None,
    asked: Mapping[str, Sequence[str]],
) -> Expectations:
    """What the CSV and the tokenizer say, independently of what the corpus holds."""
    expected = Expectations(image_tokens=lambda *size: image_tokens(Size(*size)).tokens)
    if counts is not None:
        expected = replace(
            expected,
            count_tokens=counts.of_text,
            video_tokens=partial(_video_tokens, counts),
            lengths=counts.of_conversation,
        )
    if dataset is not None and series is not None:
        csv = _Csv(dataset, series)
        expected = replace(
            expected, questions=csv.questions(asked), check_target=csv.target_problem
        )
    return expected


def _video_tokens(counts: TokenCounts, frames: int, width: int, height: int, fps: float) -> int:
    return video_tokens(Size(width, height), frames, fps, counts.tokenizer).tokens


_LAST_QUESTIONS: dict[str, Shelf[RightQuestion]] = {}
"""A cache: the questions that were posed last, by what they were posed from."""


class _Csv:
    """What the CSV says of samples: their numbers, and with these the right questions."""

    def __init__(self, dataset: Dataset, series: Series) -> None:
        self.dataset = dataset
        self.series = series
        self.shown = feature_selection(dataset, series)

    def sample(self, name: str) -> Sample | None:
        """A sample by its id; None for one that the CSV does not have."""
        settings, series = self.dataset.settings, self.series
        text = name.rsplit("-r", 1)[-1]
        start = int(text) if text.isdecimal() and len(text) < 19 else -1
        stop = start + settings.window_length + settings.horizon
        if (
            name != sample_id(self.dataset.name, start)
            or stop > series.rows
            or start % settings.stride
            or not series.is_whole(start, stop)
        ):
            return None
        return _sample_of_rows(self.dataset, series, start, self.shown)

    def questions(self, asked: Mapping[str, Sequence[str]]) -> Shelf[RightQuestion]:
        """The questions of the samples of each split, by id; none of what the CSV does not have.

        All exports of a command ask the same, and posing it takes most of a check's time.
        """
        key = self._key(asked)
        if key not in _LAST_QUESTIONS:
            _LAST_QUESTIONS.clear()
            _LAST_QUESTIONS[key] = self._questions(asked)
        return _LAST_QUESTIONS[key]

    def _key(self, asked: Mapping[str, Sequence[str]]) -> str:
        series = self.series
        told = [
            *(self.dataset.name, str(self.dataset.csv), self.dataset.settings.model_dump_json()),
            *(repr(series.features), repr(series.axis)),
            *((repr(series.labels.names),) if series.labels else ()),
            json.dumps({split: list(names) for split, names in asked.items()}),
        ]
        found = hashlib.sha256(json.dumps(told).encode("utf-8"))
        codes = series.labels.codes if series.labels else None
        for numbers in (
            series.timestamps,
            series.values,
            series.missing,
            series.interpolated,
            codes,
            series.breaks,
        ):
            found.update(b"" if numbers is None else numbers.tobytes())
            found.update(b"/")
        return found.hexdigest()

    def _questions(self, asked: Mapping[str, Sequence[str]]) -> Shelf[RightQuestion]:
        settings, allowed = self.dataset.settings, allowed_code(self.dataset.csv)
        samples = [
            replace(sample, split=split)
            for split, names in asked.items()
            for sample in map(self.sample, names)
            if sample is not None
        ]
        return Shelf(
            (
                question.id,
                RightQuestion(
                    columns=question_row(question),
                    prompt=question.prompt.strip(),
                    reply=reply(question, settings.tasks.rationale),
                ),
            )
            for question in asked_of(samples, settings, allowed).questions
        )

    def target_problem(self, name: str, target: Sequence[Sequence[float]]) -> str:
        """What is wrong with a sample's target."""
        sample = self.sample(name)
        if sample is None:
            return f"the CSV has no sample {name}"
        # Row by row: of a target without rows, JSON does not keep how many columns it has.
        same = len(target) == len(sample.target) and all(map(np.array_equal, target, sample.target))
        return "" if same else "the CSV has other numbers in these rows"


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
        # That there is one decides on what is asked; where it lies does not.
        line_plot="line_plot" if settings.draws_lines else "",
        altered_plot="altered_plot" if settings.draws_altered_lines else "",
        stats_text="",
        stats_tokens=0,
        image_tokens=0,
        video_tokens=0,
        flags=(),
        fingerprints={},
        shown=shown,
        labels=series.labels.of(start, stop) if series.labels else (),
    )
