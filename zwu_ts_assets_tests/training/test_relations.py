"""Questions about two columns: answers by construction, ties, wrong answers."""

import itertools
import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from zwu_ts_assets.figures.dependence import dependence_matrices, feature_matrices
from zwu_ts_assets.timeseries.selection import Selection
from zwu_ts_assets.training.describe import DESCRIBE
from zwu_ts_assets.training.relations import LAG, TOGETHER, dtw_distances, spectral_pearson
from zwu_ts_assets.training.sample import Sample
from zwu_ts_assets.training.split_rule import ETTH1_BORDERS, SplitRule
from zwu_ts_assets.training.task import Task
from zwu_ts_assets.training.task_settings import TaskSettings
from zwu_ts_assets_tests.reference import GOLDEN
from zwu_ts_assets_tests.training.builders import etth1, sample_of, samples_of, walk

SETTINGS = TaskSettings()


def answer_of(task: Task, sample: Sample) -> str | None:
    question = task.ask(sample, SETTINGS)
    if question is None:
        return None
    assert task.check(sample, question.answer, SETTINGS) == ""
    return question.answer


def noise(rows: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=rows)


def test_a_shifted_copy_follows_by_the_shift() -> None:
    base = noise(110, 0)
    first, late = base[10:106], base[7:103]  # late[t + 3] = first[t]
    both = sample_of(np.column_stack([first, late]), features=["load", "oil"])
    assert answer_of(LAG, both) == "oil follows load by 3 steps, with a correlation of 1.00."
    turned = sample_of(np.column_stack([late, first]), features=["oil", "load"])
    assert answer_of(LAG, turned) == "oil follows load by 3 steps, with a correlation of 1.00."
    one = sample_of(np.column_stack([first, base[9:105]]), features=["load", "oil"])
    assert answer_of(LAG, one) == "oil follows load by 1 step, with a correlation of 1.00."


def test_a_copy_without_a_shift_has_no_lag() -> None:
    sample = sample_of(np.column_stack([noise(96, 1), 5 + 2 * noise(96, 1)]))
    assert answer_of(LAG, sample) == (
        "a and b move without a lag: their correlation is highest at shift 0 with 1.00."
    )


def test_columns_without_a_clear_lag_are_not_asked_about() -> None:
    assert answer_of(LAG, sample_of(np.column_stack([noise(96, 2), noise(96, 3)]))) is None
    cycle = np.tile([0.0, 1.0, 0.0, -1.0], 24)  # every fourth shift is as good
    assert answer_of(LAG, sample_of(np.column_stack([cycle, cycle]))) is None
    base = noise(130, 4)  # 24 steps are a quarter of the window, the largest shift that is tried
    assert answer_of(LAG, sample_of(np.column_stack([base[24:120], base[:96]]))) is None
    assert answer_of(LAG, sample_of(np.column_stack([base[23:119], base[:96]]))) is not None
    assert answer_of(LAG, sample_of(np.ones((96, 2)))) is None


def test_the_most_similar_columns_are_found_by_construction() -> None:
    """Column b is nearly a; d has a's frequencies in another course."""
    a = noise(96, 5)
    past = np.column_stack([a, a + 0.1 * noise(96, 6), noise(96, 7), a[::-1]])
    text = str(answer_of(TOGETHER, sample_of(past)))
    assert text.startswith("a and b have the most similar course, with a DTW distance of ")
    # Reversed in time, the FFT has the same magnitudes.
    assert text.endswith(
        "a and d have the most similar rhythm, with a Pearson correlation of 1.00."
    )


def test_what_the_panels_do_not_show_is_not_asked_about() -> None:
    """Columns 1 and 3 are most alike, but the figure shows 4, 0 and 2."""
    a, b = noise(96, 5), noise(96, 9)
    past = np.column_stack([b, a, b + 0.5 * noise(96, 7), a + 0.01 * noise(96, 6), noise(96, 8)])
    whole = sample_of(past)
    assert str(answer_of(TOGETHER, whole)).startswith("b and d have the most similar course")
    some = replace(whole, shown=Selection((4, 2, 0), (1, 1, 3)))
    text = str(answer_of(TOGETHER, some))
    assert text.startswith("c and a have the most similar course, with a DTW distance of ")
    assert TOGETHER.check(whole, text, SETTINGS) != ""
    said = str(answer_of(DESCRIBE, some)).splitlines()
    assert [line.split(":")[0] for line in said[:5]] == ["a", "b", "c", "d", "e"]
    assert all("b" not in line.split(":")[1].split(", with")[0] for line in said[5:])


def test_questions_about_a_thousand_columns_take_seconds() -> None:
    """Half a million pairs: looking at each would take minutes, and gigabytes."""
    past = walk(96, 1000, seed=4)
    names = [f"c{i}" for i in range(1000)]
    # Each column in five cycles of its own phase has no clear lag, so that every pair is tried.
    past = np.sin(np.arange(96)[:, None] * 2 * np.pi / 12 + np.arange(1000)) + 1e-3 * past
    sample = replace(
        sample_of(past, features=names), shown=Selection(tuple(range(0, 1000, 25)), (25,) * 40)
    )
    started = time.process_time()
    answer_of(LAG, sample)
    answer_of(TOGETHER, sample)
    assert len(str(answer_of(DESCRIBE, sample)).splitlines()) == 1002
    assert time.process_time() - started < 60


def test_distances_of_many_pairs_are_those_of_each() -> None:
    past = walk(12, 160, seed=2)
    pairs = list(itertools.combinations(range(160), 2))
    assert len(pairs) > 10_000  # more than are computed at once
    expected = feature_matrices(past).dtw[tuple(np.transpose(pairs))]
    assert dtw_distances(past, pairs) == pytest.approx(expected, rel=1e-9)


def test_ties_and_too_few_columns_are_not_asked_about() -> None:
    a = noise(96, 8)
    assert answer_of(TOGETHER, sample_of(np.column_stack([a, a, a]))) is None
    assert answer_of(TOGETHER, sample_of(np.column_stack([a, 2 * a, np.ones(96)]))) is None
    assert answer_of(TOGETHER, sample_of(a[:, None])) is None


def test_constant_columns_are_left_out() -> None:
    """Two constant columns have the distance 0, which is no likeness."""
    past = np.column_stack([np.ones(96), 2 * np.ones(96), walk(96, 3)])
    text = answer_of(TOGETHER, sample_of(past))
    assert text is not None
    assert not text.startswith("a and b")


@settings(max_examples=30)
@given(
    hnp.arrays(
        np.float64,
        st.tuples(st.integers(8, 30), st.integers(2, 4)),
        elements=st.one_of(st.integers(-3, 3).map(float), st.floats(-1e5, 1e5)),
    )
)
def test_whatever_the_window_the_check_agrees_or_there_is_no_question(past: np.ndarray) -> None:
    sample = sample_of(past)
    answer_of(LAG, sample)
    answer_of(TOGETHER, sample)


def test_the_second_computations_agree_with_the_figure() -> None:
    past = walk(60, 4, seed=9)
    matrices = dependence_matrices(past)
    pairs = [(0, 1), (0, 3), (2, 3)]
    expected = [matrices.feature_dtw[pair] for pair in pairs]
    assert dtw_distances(past, pairs) == pytest.approx(expected, rel=1e-12)
    assert spectral_pearson(past) == pytest.approx(matrices.feature_pearson, abs=1e-12)


@pytest.mark.parametrize(
    ("task", "old", "new", "problem"),
    [
        (LAG, "3 steps", "4 steps", "found a lag of 4 steps, expected 3"),
        (LAG, "b follows a", "a follows b", "found a lag of -3 steps, expected 3"),
        (LAG, "of 1.00", "of 0.99", "found 0.99"),
        (LAG, "b follows a by", "c follows a by", "expected which of a and b follows"),
        (TOGETHER, "a and b have the most similar course", "a and c have the most similar course",
         "course: found a and c, expected a and b"),
        (TOGETHER, "distance of ", "distance of 9", "course: found 9"),
        (TOGETHER, "a and b have the most similar rhythm", "b and c have the most similar rhythm",
         "rhythm: found b and c, expected a and b"),
        (TOGETHER, "correlation of 1.00", "correlation of 0.98", "rhythm: found 0.98"),
        (TOGETHER, "rhythm", "sound", "expected the columns with the most similar"),
    ],
)  # fmt: skip
def test_a_wrong_answer_is_found(task: Task, old: str, new: str, problem: str) -> None:
    base = noise(110, 0)
    past = np.column_stack([base[10:106], base[7:103], np.ones(96)])
    if task is TOGETHER:
        past = np.column_stack([past[:, 0], past[:, 0] * 2, noise(96, 3)])
    sample = sample_of(past)
    right = answer_of(task, sample)
    assert right is not None
    wrong = right.replace(old, new)
    assert wrong != right
    assert problem in task.check(sample, wrong, SETTINGS)


@pytest.mark.shared
def test_real_windows_agree_with_the_original_matrices() -> None:
    samples, _ = samples_of(etth1(), SplitRule(borders=ETTH1_BORDERS))
    with np.load(GOLDEN / "window_matrices.npz") as golden:
        (sample,) = (s for s in samples if s.batch == 0)
        dtw = golden["batch_0/feature_dtw"][np.triu_indices(7, 1)]
        pearson = golden["batch_0/feature_pearson"][np.triu_indices(7, 1)]
        text = str(answer_of(TOGETHER, sample))
        assert f"a DTW distance of {dtw.min():.1f};" in text
        assert text.endswith(f"correlation of {pearson.max():.2f}.")
    asked = 0
    for sample in samples[::5]:
        asked += answer_of(TOGETHER, sample) is not None
        asked += answer_of(LAG, sample) is not None
    assert asked > 50
