"""What the learnability benchmark gives its models, and what it tells of them.

The models themselves need PyTorch, which no test has: `make learnability` trains them.
"""

import itertools
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.learnability.data import (
    LEARNED_FROM,
    TESTED_ON,
    Corpus,
    ask,
    benchmark_settings,
    draw,
    exercises,
    shrunk,
)
from benchmarks.learnability.exercises import (
    NO_QUESTION,
    SIGHTS,
    Content,
    Exercise,
    Sight,
    load,
    save,
)
from benchmarks.learnability.lesson import Lesson
from benchmarks.learnability.report import Row, Share, curves_png, share_of, table
from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.figures.figure import Canvas, draw_figure
from zwu_ts_assets.figures.video import draw_patch_frames
from zwu_ts_assets.orchestration.chosen_datasets import dataset_of
from zwu_ts_assets.orchestration.datasets import Dataset
from zwu_ts_assets.timeseries.sample import sample_csv

STRIDE = 12
TASKS = ("closest_pair", "first_part")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    csv = tmp_path_factory.mktemp("learnability") / "small.csv"
    csv.write_bytes(sample_csv(1500))
    found = dataset_of("small", csv)
    return replace(found, settings=benchmark_settings(found.settings, STRIDE))


@pytest.fixture(scope="module")
def corpus(dataset: Dataset) -> Corpus:
    return ask(dataset, TASKS)


@pytest.fixture(scope="module")
def prepared(corpus: Corpus) -> tuple[Content, dict[str, list[Exercise]]]:
    return exercises(corpus)


def test_no_row_of_the_series_is_both_learned_from_and_tested_on(corpus: Corpus) -> None:
    asked = {split: set[int]() for split in (LEARNED_FROM, TESTED_ON)}
    windows = {sample.id: sample for sample in corpus.samples}
    for question in corpus.questions:
        window = windows[question.sample_id]
        asked[question.split].update(range(window.past_start, window.target_stop))
    assert asked[LEARNED_FROM] and asked[TESTED_ON]
    assert not asked[LEARNED_FROM] & asked[TESTED_ON]


def test_what_a_model_reads_of_a_text_goes_with_each_answer_equally_often(
    prepared: tuple[Content, dict[str, list[Exercise]]],
) -> None:
    content, found = prepared
    texts = 0
    for each in itertools.chain.from_iterable(found.values()):
        counts: dict[tuple[int, bytes, bytes], Counter[int]] = {}
        for window, at in zip(*np.nonzero(each.right != NO_QUESTION), strict=True):
            offered = each.offered[window, at]
            text = int(each.tasks[at]), each.words[window, at].tobytes(), offered.tobytes()
            counts.setdefault(text, Counter())[int(each.right[window, at])] += 1
        for (_, _, offered_bytes), right in counts.items():
            options = np.flatnonzero(np.frombuffer(offered_bytes, np.bool_))
            assert len({right[int(option)] for option in options}) == 1
        texts += len(counts)
    assert texts > 2
    assert content.tasks == TASKS


def test_grey_and_blind_models_get_no_trace_of_a_picture(
    prepared: tuple[Content, dict[str, list[Exercise]]],
) -> None:
    for each in prepared[1][LEARNED_FROM]:
        grey, blind = each.seen_as("grey"), each.seen_as("blind")
        assert np.unique(grey.pixels).size == 1
        assert blind.pixels.size == 0
        assert not grey.shown.any() and not blind.shown.any()
        for other in (grey, blind):
            np.testing.assert_array_equal(other.words, each.words)
            np.testing.assert_array_equal(other.right, each.right)


def test_each_window_is_shown_by_its_own_figure_and_frames(corpus: Corpus) -> None:
    samples = corpus.samples[:3]
    figures = draw(corpus, samples, video=False)
    frames = draw(corpus, samples, video=True)
    for sample in samples:
        figure = shrunk(draw_figure(sample.past, sample.features, Canvas(448, 256)))
        (shown,) = figures.shown[sample.id]
        np.testing.assert_array_equal(figures.pixels[shown], figure)
        video = draw_patch_frames(
            sample.past, sample.features, canvas=Canvas(448, 256), frame_multiple=1
        )
        own = frames.pixels[list(frames.shown[sample.id])]
        np.testing.assert_array_equal(own, [shrunk(frame) for frame in video])
    # A window that begins a patch's stride later has six of its seven frames in common.
    assert frames.shown[samples[1].id][:-1] == frames.shown[samples[0].id][1:]
    assert len(frames.pixels) == 9


def test_exercises_come_back_from_their_files(
    prepared: tuple[Content, dict[str, list[Exercise]]], tmp_path: Path
) -> None:
    content, found = prepared
    save(tmp_path, content, found)
    for before, after in zip(found[TESTED_ON], load(tmp_path, TESTED_ON, "pictures"), strict=True):
        for name, array in vars(before).items():
            np.testing.assert_array_equal(getattr(after, name), array)


def test_a_task_that_cannot_be_learned_here_is_refused_by_name(dataset: Dataset) -> None:
    with pytest.raises(CorpusError, match="task 'forecast': expected some of closest_pair"):
        ask(dataset, ("forecast",))


def test_shrinking_takes_the_mean_of_four_pixels() -> None:
    picture = np.array([[[0], [1]], [[2], [3]]], np.uint8).repeat(3, axis=2)
    np.testing.assert_array_equal(shrunk(picture), [[[2, 2, 2]]])  # 1.5 is rounded up


def test_the_interval_is_that_of_stretches_and_not_of_overlapping_windows() -> None:
    right = [True] * 400 + [False] * 100
    apart = share_of(right, [96 * i for i in range(500)], 96)
    together = share_of(right, [(i // 100) * 96 + i % 90 for i in range(500)], 96)
    assert apart.share == together.share == 0.8
    assert apart.high - apart.low < 0.08
    assert (together.low, together.high) == (0.4, 1.0)


def row(share: float) -> Row:
    shares: dict[Sight, Share] = dict.fromkeys(SIGHTS, Share(0.25, 0.25, 0.25))
    shares["pictures"] = Share(share, 0.7, 0.9)
    return Row("break", "figure", 1800, 500, 0.25, shares)


@pytest.mark.parametrize(("share", "verdict"), [(0.75, "yes"), (0.74, "no")])
def test_a_task_is_learned_from_50_points_above_blind(share: float, verdict: str) -> None:
    assert table([row(share)], {}).splitlines()[2].endswith(f"| {verdict} |")


def test_the_same_lessons_give_the_same_plot() -> None:
    curve = [(1, {"break": 0.2}), (2, {"break": 0.25})]
    lessons: dict[Sight, Lesson] = {"blind": Lesson("blind", 1, curve)}
    assert curves_png([row(0.8)], lessons) == curves_png([row(0.8)], lessons)
