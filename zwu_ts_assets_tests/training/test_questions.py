"""Questions about one column: answers by hand, degenerate windows, wrong answers."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from zwu_ts_assets.training.questions import EXTREMES, TREND, VOLATILITY, quarter_steps
from zwu_ts_assets.training.task import Task

from zwu_ts_assets.training.sample import Sample
from zwu_ts_assets.training.task_settings import TaskSettings
from zwu_ts_assets_tests.training.builders import sample_of, walk

SETTINGS = TaskSettings()
ALL = (EXTREMES, TREND, VOLATILITY)


def asked(task: Task, column: Sequence[float] | np.ndarray) -> str | None:
    """The answer about a window of this column, called OT, and a constant one."""
    return answer_of(task, one_column(column))


def one_column(column: Sequence[float] | np.ndarray) -> Sample:
    past = np.column_stack([np.asarray(column, np.float64), np.ones(len(column))])
    return sample_of(past, features=["OT", "flat"])


def answer_of(task: Task, sample: Sample) -> str | None:
    question = task.ask(sample, SETTINGS)
    if question is None:
        return None
    assert task.check(sample, question.answer, SETTINGS) == ""
    return question.answer


def test_extremes_by_hand() -> None:
    assert asked(EXTREMES, [3, 1, 4, -1.5, 5, 2]) == (
        "OT is highest at step 4 with 5.00 and lowest at step 3 with -1.50."
    )


def test_extremes_that_are_reached_twice_are_not_asked_about() -> None:
    assert asked(EXTREMES, [3, 1, 4, 4, 2]) is None
    assert asked(EXTREMES, [3, 1, 1, 4, 2]) is None
    # As printed, both are 4.00.
    assert asked(EXTREMES, [3, 1, 4.001, 4.002, 2]) is None
    assert asked(EXTREMES, [3, 1, 4.00, 4.02, 2]) is not None


def test_trends_by_hand() -> None:
    assert asked(TREND, np.arange(10)) == (
        "OT rises: its least-squares line goes from 0.00 at step 0 to 9.00 at step 9."
    )
    assert asked(TREND, -2.0 * np.arange(5)) == (
        "OT falls: its least-squares line goes from 0.00 at step 0 to -8.00 at step 4."
    )
    # Symmetric: slope 0, mean 1.5.
    assert asked(TREND, [0, 3, 0, 3, 3, 0, 3, 0]) == (
        "OT stays level: its least-squares line goes from 1.50 at step 0 to 1.50 at step 7."
    )


def test_the_trend_threshold_is_half_a_standard_deviation() -> None:
    """A line of change c beside noise that is orthogonal to it: the deviation is known."""
    steps = np.arange(8) - 3.5
    noise = np.array([1, -1, -1, 1, 1, -1, -1, 1.0])
    assert noise @ steps == 0 == noise.sum()
    for change, verb in ((0.5, "stays level"), (0.52, "rises"), (-0.52, "falls")):
        column = noise + steps * change / 7
        assert (abs(change) < column.std() / 2) == (verb == "stays level")
        assert f"OT {verb}:" in str(asked(TREND, column))


def test_volatility_by_hand() -> None:
    """Deviations of the quarters: 1, 2, 0.5, 3."""
    column = [0, 2, 0, 2, 0, 4, 0, 4, 7, 8, 7, 8, 0, 6, 0, 6]
    assert asked(VOLATILITY, column) == (
        "OT varies most in quarter 4 (steps 12 to 15) with a standard deviation of 3.00, and least "
        "in quarter 3 (steps 8 to 11) with 0.50."
    )


def test_equal_quarters_are_not_asked_about() -> None:
    assert asked(VOLATILITY, [0, 2, 0, 2, 0, 2, 0, 1]) is None
    assert asked(VOLATILITY, [0, 2, 0]) is None
    # 0.816 and 0.816 of 1e100: printed in full they differ by rounding alone.
    large = 1e100 * np.array([0, 1, 2, 1, 2, 0, 2, 0, 1, 0, 5, 0])
    assert asked(VOLATILITY, large) is None


def test_quarters_cover_the_window() -> None:
    assert quarter_steps(96) == [(0, 24), (24, 48), (48, 72), (72, 96)]
    assert quarter_steps(10) == [(0, 2), (2, 5), (5, 7), (7, 10)]


@pytest.mark.parametrize("task", ALL, ids=lambda task: task.name)
def test_constant_columns_are_never_asked_about(task: Task) -> None:
    assert task.ask(sample_of(np.ones((24, 2))), SETTINGS) is None
    noise = np.where(np.arange(24) % 2, 5.0, np.nextafter(5.0, 6.0))
    assert task.ask(sample_of(noise[:, None]), SETTINGS) is None


@pytest.mark.parametrize("task", ALL, ids=lambda task: task.name)
@given(data=st.data())
@settings(max_examples=60)
def test_whatever_the_window_the_check_agrees_or_there_is_no_question(
    task: Task, data: st.DataObject
) -> None:
    """Numbers on a coarse grid make ties likely, others make them rare."""
    elements = data.draw(
        st.sampled_from([st.integers(-3, 3).map(float), st.floats(-1e6, 1e6), st.floats(-0.05, 0)])
    )
    shape = st.tuples(st.integers(4, 40), st.integers(1, 3))
    answer_of(task, sample_of(data.draw(hnp.arrays(np.float64, shape, elements=elements))))


@pytest.mark.parametrize(
    ("task", "old", "new", "problem"),
    [
        (EXTREMES, "step 4", "step 0", "at step 0: found 5.00, expected 3.0"),
        (EXTREMES, "step 4 with 5.00", "step 2 with 4.00", "but step 4 has 5.0"),
        (EXTREMES, "step 4", "step 99", "is after the window's last, 7"),
        (EXTREMES, "OT", "flat", "expected the steps of the highest and lowest value of 'OT'"),
        (TREND, "level", "up", "expected the trend of 'OT'"),
        (TREND, "stays level", "rises", "trend: found rises, expected stays level"),
        (TREND, "at step 0", "at step 1", "expected the trend"),
        (VOLATILITY, "quarter 1", "quarter 2", "quarter 2 is not steps 0 to 1"),
        (VOLATILITY, "(steps 0 to 1)", "(steps 0 to 2)", "quarter 1 is not steps 0 to 2"),
        (
            VOLATILITY,
            "least in quarter 1 (steps 0 to 1)",
            "least in quarter 3 (steps 4 to 5)",
            "exp",
        ),
    ],
)
def test_a_wrong_answer_is_found(task: Task, old: str, new: str, problem: str) -> None:
    sample = one_column([3, 2.9, 4, -1.5, 5, 2, 3, 4.2])
    right = answer_of(task, sample)
    assert right is not None
    wrong = right.replace(old, new)
    assert wrong != right
    assert problem in task.check(sample, wrong, SETTINGS)


def test_which_column_is_asked_about_follows_from_the_id() -> None:
    past = walk(96, 6)
    names = [EXTREMES.ask(sample_of(past, start=i), SETTINGS) for i in range(40)]
    features = [question.facts["feature"] for question in names if question is not None]
    assert len(set(features)) == 6
    again = EXTREMES.ask(sample_of(past, start=7), SETTINGS)
    assert again == names[7]


def test_the_prompt_gets_every_value_of_the_column() -> None:
    sample = one_column(walk(96, 1)[:, 0])
    question = TREND.ask(sample, SETTINGS)
    assert question is not None
    lines = str(question.facts["values"]).split("\n")
    assert [line.split(": ")[0] for line in lines] == [str(10 * i) for i in range(10)]
    values = [float(v) for line in lines for v in line.split(": ")[1].split()]
    assert np.abs(np.array(values) - sample.past[:, 0]).max() <= 0.005
