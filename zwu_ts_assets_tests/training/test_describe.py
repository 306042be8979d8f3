"""The description: what it says of known windows, and that wrong ones are found."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from zwu_ts_assets.training.describe import DESCRIBE

from zwu_ts_assets.training.sample import Sample
from zwu_ts_assets.training.split_rule import ETTH1_BORDERS, SplitRule
from zwu_ts_assets.training.task_settings import TaskSettings
from zwu_ts_assets_tests.reference import GOLDEN
from zwu_ts_assets_tests.training.builders import etth1, sample_of, samples_of, walk

SETTINGS = TaskSettings()


def described(sample: Sample) -> str:
    question = DESCRIBE.ask(sample, SETTINGS)
    assert question is not None
    assert DESCRIBE.check(sample, question.answer, SETTINGS) == ""
    return question.answer


def test_a_window_worked_out_by_hand() -> None:
    """Values 1, 2, 3, 6: mean 3, variance (4 + 1 + 0 + 9) / 4 = 3.5, root 1.87, 3 / 1.87 = 1.6."""
    past = np.column_stack([[1.0, 2.0, 3.0, 6.0], [8.28] * 4])
    assert described(sample_of(past, features=["HUFL", "LUFL"])) == (
        "HUFL: mean 3.00, standard deviation 1.87, maximum 6.00, which is 1.6 standard deviations "
        "above the mean.\nLUFL: constant at 8.28."
    )


def test_pairs_that_show_the_same_number_are_all_named() -> None:
    """The columns are multiples of a, so that all three pairs are perfectly alike."""
    a = walk(24, 1)[:, 0]
    last = described(sample_of(np.column_stack([a, 2 * a, -3 * a]))).split("\n")[-2:]
    pairs = "a and b; a and c; b and c, with a Pearson correlation of 1.00."
    assert last == [f"Most alike: {pairs}", f"Least alike: {pairs}"]
    many = described(sample_of(np.column_stack([a, 2 * a, 3 * a, 4 * a]))).split("\n")[-1]
    assert many == "Least alike: 6 pairs, with a Pearson correlation of 1.00."


def test_names_like_sentences_do_not_confuse_the_check() -> None:
    names = ["a and b", "b; a", "x: constant at 1.00."]
    described(sample_of(walk(48), features=names))


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("mean 3.00", "mean 3.01", "line 1: found 3.01, expected 3.0"),
        ("deviation 1.87", "deviation 1.88", "line 1: found 1.88"),
        ("maximum 6.00", "maximum 5.00", "line 1: found 5.00"),
        ("is 1.6", "is 1.7", "line 1: found 1.7"),
        ("a: mean", "b: mean", "line 1: found 'b: mean"),
        ("Most alike: ", "Most alike: a and d; ", "most alike: found 'a and d; "),
        ("\nLeast", " Least", "line(s); expected 5"),
    ],
)
def test_a_wrong_statement_is_found(old: str, new: str, problem: str) -> None:
    past = np.column_stack([[1.0, 2, 3, 6] * 6, walk(24, 2)])
    sample = sample_of(past)
    right = described(sample)
    wrong = right.replace(old, new, 1)
    assert wrong != right
    assert problem in DESCRIBE.check(sample, wrong, SETTINGS)


@pytest.mark.parametrize("scale", [1e-9, 1e-3, 1e3, 1e120])
def test_windows_of_any_size_are_described_and_checked(scale: float) -> None:
    described(sample_of(walk(96, 4, seed=7) * scale))


def test_numbers_that_differ_by_rounding_alone_are_constant() -> None:
    noisy = np.where(np.arange(24) % 2, 5.0, np.nextafter(5.0, 6.0))
    text = described(sample_of(np.column_stack([noisy, walk(24, 1)])))
    assert text.startswith("a: constant at 5.00.\n")


@pytest.mark.shared
def test_real_windows_agree_with_the_original_matrices() -> None:
    samples, _ = samples_of(etth1(), SplitRule(borders=ETTH1_BORDERS))
    with np.load(GOLDEN / "window_matrices.npz") as golden:
        for batch in (0, 17, 97):
            (sample,) = (s for s in samples if s.batch == batch)
            pearson = golden[f"batch_{batch}/feature_pearson"]
            above = pearson[np.triu_indices(7, 1)]
            most, least = described(sample).split("\n")[-2:]
            assert most.endswith(f"correlation of {np.nanmax(above):.2f}.")
            assert least.endswith(f"correlation of {np.nanmin(above):.2f}.")
    for sample in samples:
        described(sample)


@settings(max_examples=60)
@given(
    hnp.arrays(
        np.float64,
        st.tuples(st.integers(4, 30), st.integers(1, 4)),
        elements=st.one_of(st.integers(-3, 3).map(float), st.floats(-1e6, 1e6)),
    )
)
def test_whatever_the_window_the_check_agrees(past: np.ndarray) -> None:
    described(sample_of(past))
