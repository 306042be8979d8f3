"""The forecast's answer: written, read back, checked."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.training.forecast import FORECAST, format_forecast, parse_forecast
from zwu_ts_assets.training.task_settings import TaskSettings
from zwu_ts_assets_tests.training.builders import sample_of, walk

SETTINGS = TaskSettings()
NAMES = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=5)


def test_the_answer_has_one_line_per_column() -> None:
    target = np.array([[12.734, 30.53], [11.99, 27.785], [-0.001, 1e3]])
    sample = sample_of(np.ones((4, 2)), target, ["HUFL", "OT"])
    question = FORECAST.ask(sample, SETTINGS)
    assert question is not None
    assert question.answer == "HUFL: 12.73 11.99 0.00\nOT: 30.53 27.79 1000.00"
    assert question.facts["forecast_steps"] == 3


@given(
    hnp.arrays(
        np.float64,
        st.tuples(st.integers(1, 6), st.integers(1, 4)),
        elements=st.floats(-1e9, 1e9),
    ),
    st.integers(0, 6),
    st.data(),
)
def test_reading_an_answer_gives_the_numbers_back_within_the_rounding(
    values: np.ndarray, decimals: int, data: st.DataObject
) -> None:
    features = values.shape[1]
    names = tuple(data.draw(st.lists(NAMES, min_size=features, max_size=features, unique=True)))
    text = format_forecast(values, names, decimals)
    read = parse_forecast(text, names, len(values))
    assert read.shape == values.shape
    assert np.abs(read - values).max() <= 0.5 * 10.0**-decimals + 1e-6
    sample = sample_of(np.zeros((2, features)), values, names)
    settings = TaskSettings(decimals=decimals)
    question = FORECAST.ask(sample, settings)
    assert question is not None
    assert question.answer == text
    assert FORECAST.check(sample, text, settings) == ""


def test_fewer_steps_and_columns_can_be_asked_for() -> None:
    sample = sample_of(walk(30), walk(10, seed=1))
    settings = TaskSettings(forecast_steps=2, forecast_features=("c", "a"), recent_steps=1)
    question = FORECAST.ask(sample, settings)
    assert question is not None
    read = parse_forecast(question.answer, ("c", "a"), 2)
    assert np.abs(read - sample.target[:2, [2, 0]]).max() <= 0.005
    recent = parse_forecast(str(question.facts["recent_values"]), ("a", "b", "c"), 1)
    assert np.abs(recent - sample.past[-1:]).max() <= 0.005
    assert FORECAST.check(sample, question.answer, settings) == ""


def test_without_a_target_there_is_no_question() -> None:
    assert FORECAST.ask(sample_of(walk(30)), SETTINGS) is None


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (TaskSettings(forecast_steps=11), "forecast_steps is 11, but the target span has 10 rows"),
        (TaskSettings(forecast_features=("a", "OT")), "'OT', which is no column"),
        (TaskSettings(forecast_features=("a", "a")), "'a', which is no column or is named twice"),
    ],
)
def test_more_than_there_is_cannot_be_asked_for(settings: TaskSettings, sentence: str) -> None:
    with pytest.raises(CorpusError, match=sentence):
        FORECAST.ask(sample_of(walk(30), walk(10)), settings)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("1.00", "1.01"), "a at step 0 of the target: found 1.01, expected 1.0 to 2 decimals"),
        (("1.00", "1.0"), "expected a number with 2 decimals"),
        (("1.00 ", ""), "line 1, a, has 1 numbers; expected 2"),
        (("1.00", "x"), "line 1, a, has 'x' at step 0; expected a number"),
        (("1.00", "inf"), "has 'inf' at step 0"),
        (("a:", "b:"), "line 1 begins with 'b:'; expected 'a:' and 2 numbers"),
        (("\n", " "), "has 1 line(s); expected 2, one for each of: a, b"),
        (("2.00", "2.00\n"), "white space around it"),
    ],
)
def test_a_wrong_answer_is_found_and_named(change: tuple[str, str], problem: str) -> None:
    sample = sample_of(walk(30, 2), np.array([[1.0, 5.0], [3.0, 2.0]]))
    right = "a: 1.00 3.00\nb: 5.00 2.00"
    assert FORECAST.check(sample, right, SETTINGS) == ""
    wrong = right.replace(*change)
    assert wrong != right
    assert problem in FORECAST.check(sample, wrong, SETTINGS)


def test_a_models_answer_may_have_white_space_around_it() -> None:
    assert parse_forecast("\n a: 1 2\nb: 3 4 \n\n", ("a", "b"), 2).tolist() == [[1, 3], [2, 4]]
