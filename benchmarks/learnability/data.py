"""What is learned from: the questions of a corpus, and their pictures as arrays.

What belongs here: asking and drawing with the project's own code, for windows that overlap. What
does not: what a model sees of a question (`text`), models (`model`).

Frames are figures of patches. Where the stride of the windows divides that of the patches, windows
share frames, so that each frame is drawn and kept once.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.learnability.exercises import NO_QUESTION, Content, Exercise
from benchmarks.learnability.text import Vocabulary, vocabulary_of
from zwu_ts_assets.config.settings import Settings
from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.figures.figure import Canvas, draw_figure
from zwu_ts_assets.orchestration.datasets import Dataset
from zwu_ts_assets.text.stats import stats_lines
from zwu_ts_assets.timeseries.csv_file import read_series
from zwu_ts_assets.timeseries.windows import batch_count, cut_batch, patch_spans
from zwu_ts_assets.training.leaks import leak_problem
from zwu_ts_assets.training.picture.pose import PICTURE_TASKS, questions_of
from zwu_ts_assets.training.picture.question import PictureQuestion
from zwu_ts_assets.training.picture.task import Asking
from zwu_ts_assets.training.sample import Sample
from zwu_ts_assets.training.samples import WindowAssets, make_samples
from zwu_ts_assets.training.splits import resolve_borders

Pixels = NDArray[np.uint8]

LEARNED_FROM: Final = "train"
TESTED_ON: Final = "test"

WIDTH: Final = 448
HEIGHT: Final = 256
"""Pixels of a figure and a frame: half of the compact preset's, each way."""

TASKS: Final = (
    *("closest_pair", "most_correlated", "least_correlated", "span_relation", "odd_column"),
    *("returning_span", "odd_span", "break", "rhythm"),
    *("frame_pair", "frame_correlated", "pearson_part", "count_parts", "first_part", "drift"),
)
"""The tasks about one figure, or about the frames of one video."""


@dataclass(frozen=True, eq=False)
class Corpus:
    """Samples of overlapping windows, and what is asked about them.

    Attributes:
        settings: Those of the corpus.
        samples: Of the splits that are learned from and tested on, without media.
        questions: About the samples, balanced within each split.
    """

    settings: Settings
    samples: tuple[Sample, ...]
    questions: tuple[PictureQuestion, ...]

    @property
    def patches(self) -> tuple[tuple[int, int], ...]:
        """First row and the row after the last one of each patch of a window."""
        settings = self.settings
        return patch_spans(settings.window_length, settings.patch_length, settings.patch_stride)

    @property
    def canvas(self) -> Canvas:
        """The size of figures and frames."""
        return Canvas(*self.settings.canvas_size)


@dataclass(frozen=True, eq=False)
class Pictures:
    """Pictures, each of them once.

    Attributes:
        pixels: (pictures, height, width, 3) uint8 RGB.
        shown: By id of the sample, the indices of what is shown of it: its figure, or its frames
            in the order of time.
    """

    pixels: Pixels
    shown: dict[str, tuple[int, ...]]


def benchmark_settings(settings: Settings, stride: int) -> Settings:
    """The compact preset on the smallest canvas of its proportions, and windows that overlap.

    Nothing is asked about what follows a window, so that there is no target span: windows reach to
    the ends of their split.

    Args:
        settings: Those of the dataset.
        stride: Rows between the starts of two windows.

    Raises:
        CorpusError: The stride is out of its bounds.
    """
    changed = {
        "preset": "compact",
        "window_stride": stride,
        "colour_range": "window",
        "horizon": 0,
        "canvas_width": WIDTH,
        "canvas_height": HEIGHT,
        "video_width": None,
        "video_height": None,
    }
    if not 1 <= stride <= settings.window_length:
        raise CorpusError(f"stride {stride}: expected 1 to {settings.window_length}")
    return Settings.model_validate({**settings.model_dump(exclude_unset=True), **changed})


def ask(dataset: Dataset, tasks: Sequence[str]) -> Corpus:
    """Cut all windows, divide them, and ask about those that are learned from or tested on.

    Args:
        dataset: The CSV and its settings.
        tasks: Names of the tasks.

    Raises:
        CorpusError: The CSV cannot be read, a task is not one of `TASKS` or has no question, or
            samples of two splits share a row.
    """
    for name in tasks:
        if name not in TASKS:
            raise CorpusError(f"task {name!r}: expected some of {', '.join(TASKS)}")
    settings = dataset.settings
    series = read_series(
        dataset.csv,
        time_column=settings.time_column,
        features=settings.features,
        rules=settings.csv_rules,
    )
    length, stride = settings.window_length, settings.stride
    patches = patch_spans(length, settings.patch_length, settings.patch_stride)
    windows = [
        WindowAssets(
            batch=batch,
            window=window,
            image="",
            video="",
            line_plot="",
            stats_text=" ".join(stats_lines(window.values, window.features)),
            stats_tokens=0,
            image_tokens=0,
            video_tokens=0,
            versions={},
        )
        for batch in range(batch_count(series.rows, length, stride))
        for window in cut_batch(series, batch, length=length, horizon=0, stride=stride).windows
    ]
    samples, _ = make_samples(
        windows,
        dataset=dataset.name,
        series=series,
        borders=resolve_borders(dataset.split_rule(series.rows), series.timestamps),
        horizon=0,
        patches=patches,
    )
    if problem := leak_problem(samples):
        raise CorpusError(problem)
    used = tuple(each for each in samples if each.split in (LEARNED_FROM, TESTED_ON))
    asked = questions_of(used, patches, Asking(tasks=tuple(tasks), canvas=settings.canvas_size))
    for split in (LEARNED_FROM, TESTED_ON):
        found = {question.task for question in asked.questions if question.split == split}
        for name in tasks:
            if name not in found:
                reason = asked.left_out.get(name, "no text can be balanced there")
                raise CorpusError(
                    f"task {name!r} has no question in the split {split}: {reason}. Leave it out, "
                    "or use a CSV with more rows or a smaller stride"
                )
    return Corpus(settings, used, tuple(asked.questions))


def shows_video(task: str) -> bool:
    """Whether a task is about the frames of a video; else it is about a figure."""
    return PICTURE_TASKS[task].needs == ("video",)


def draw(corpus: Corpus, samples: Iterable[Sample], *, video: bool) -> Pictures:
    """Draw the figures of samples, or the frames of their videos before these are encoded.

    Args:
        corpus: Whose settings hold.
        samples: Some of its samples.
        video: Whether frames are drawn.
    """
    spans = corpus.patches if video else ((0, corpus.settings.window_length),)
    drawn: dict[tuple[int, int], int] = {}
    pixels: list[Pixels] = []
    shown = {}
    for sample in samples:
        indices = []
        for start, stop in spans:
            rows = sample.past_start + start, sample.past_start + stop
            if rows not in drawn:
                drawn[rows] = len(pixels)
                frame = draw_figure(sample.past[start:stop], sample.features, corpus.canvas)
                pixels.append(shrunk(frame))
            indices.append(drawn[rows])
        shown[sample.id] = tuple(indices)
    return Pictures(np.stack(pixels), shown)


def shrunk(picture: Pixels) -> Pixels:
    """The means of 2x2 pixels, as a consumer that caps the pixels of a picture would shrink it."""
    height, width, _ = picture.shape
    sums = picture.reshape(height // 2, 2, width // 2, 2, 3).sum(axis=(1, 3), dtype=np.uint16)
    means: Pixels = ((sums + 2) // 4).astype(np.uint8)
    return means


def exercises(corpus: Corpus) -> tuple[Content, dict[str, list[Exercise]]]:
    """Bring all questions and their pictures into the form in which a model takes them.

    Args:
        corpus: The questions.

    Returns:
        What the exercises have in common; and by split the one about figures and the one about
        videos, where there is a question of such a task.
    """
    vocabulary = vocabulary_of(corpus.questions)
    found: dict[str, list[Exercise]] = {LEARNED_FROM: [], TESTED_ON: []}
    for split, own in found.items():
        samples = [each for each in corpus.samples if each.split == split]
        for video in (False, True):
            if any(shows_video(task) == video for task in vocabulary.tasks):
                pictures = draw(corpus, samples, video=video)
                own.append(exercise(corpus, samples, vocabulary, pictures, video=video))
    settings, shown = corpus.settings, found[TESTED_ON]
    _, height, width, _ = shown[0].pixels.shape
    content = Content(
        tasks=vocabulary.tasks,
        words=len(vocabulary.words),
        roles=len(vocabulary.roles),
        frames=tuple(
            (vocabulary.number("part"), vocabulary.number(str(part)))
            for part in range(1, len(corpus.patches) + 1)
        ),
        width=width,
        height=height,
        window_length=settings.window_length,
        run=max(1, settings.patch_stride // settings.stride),
    )
    return content, found


def exercise(
    corpus: Corpus,
    samples: Sequence[Sample],
    vocabulary: Vocabulary,
    pictures: Pictures,
    *,
    video: bool,
) -> Exercise:
    """The questions about some samples that show figures, or videos.

    Args:
        corpus: The questions.
        samples: About which.
        vocabulary: The words of all questions.
        pictures: What is shown of the samples.
        video: Whether the questions are those about videos.
    """
    tasks = [task for task in vocabulary.tasks if shows_video(task) == video]
    at = {sample.id: number for number, sample in enumerate(samples)}
    shape = len(samples), len(tasks), vocabulary.most_options
    words = np.zeros((*shape, len(vocabulary.roles), vocabulary.most_words), np.int64)
    right = np.full(shape[:2], NO_QUESTION, np.int64)
    offered = np.ones(shape, np.bool_)
    for question in corpus.questions:
        if question.sample_id in at and question.task in tasks:
            place = at[question.sample_id], tasks.index(question.task)
            words[place] = vocabulary.encode(question)
            right[place] = question.right
            offered[place] = np.arange(shape[2]) < len(question.options)
    return Exercise(
        tasks=np.array([vocabulary.tasks.index(task) for task in tasks], np.int64),
        words=words,
        right=right,
        offered=offered,
        shown=np.array([pictures.shown[sample.id] for sample in samples], np.int64),
        pixels=pictures.pixels,
        first_rows=np.array([sample.past_start for sample in samples], np.int64),
    )
