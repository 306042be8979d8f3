"""Which tasks a sample gets."""

import itertools
from collections import Counter

import numpy as np
import pytest
from pydantic import ValidationError
from zwu_ts_assets.training.task import by_hash, varying
from zwu_ts_assets.training.tasks import TASKS, check_answer, questions_of, tasks_markdown

from zwu_ts_assets.training.task_settings import TASK_NAMES, TaskSettings
from zwu_ts_assets_tests.training.builders import sample_of, walk

QUESTIONS = {"extremes", "trend", "volatility", "together", "lag"}


def test_each_sample_gets_forecast_description_and_one_question() -> None:
    past, target = walk(96, 4), walk(12, 4, seed=1)
    seen: Counter[str] = Counter()
    for start in range(200):
        names = list(questions_of(sample_of(past, target, start=start), TaskSettings()))
        assert names[:2] == ["forecast", "describe"]
        (question,) = names[2:]
        seen[question] += 1
    possible = set(questions_of(sample_of(past, target), TaskSettings(questions_per_sample=5)))
    assert set(seen) == possible & QUESTIONS
    # Each about equally often: 200 over four or five questions.
    assert min(seen.values()) > 200 / 5 / 2


def test_a_question_without_an_answer_is_replaced_by_another() -> None:
    """Of two columns with one pair, `together` cannot be asked, and of constant ones nothing."""
    for start in range(30):
        names = questions_of(sample_of(walk(96, 2), start=start), TaskSettings())
        assert len(QUESTIONS & set(names)) == 1
        assert "together" not in names
    assert list(questions_of(sample_of(np.ones((96, 2))), TaskSettings())) == ["describe"]


def test_more_questions_only_add_to_the_ones_before() -> None:
    sample = sample_of(walk(96, 5))
    sets = [set(questions_of(sample, TaskSettings(questions_per_sample=n))) for n in range(6)]
    assert [len(names & QUESTIONS) for names in sets[:4]] == [0, 1, 2, 3]
    assert all(one <= other for one, other in itertools.pairwise(sets))


def test_only_the_tasks_of_the_settings_are_asked() -> None:
    sample = sample_of(walk(96, 3), walk(5, 3))
    assert list(questions_of(sample, TaskSettings(tasks=("trend", "forecast")))) == [
        "forecast",
        "trend",
    ]
    for tasks in (("forcast",), ("trend", "trend")):
        with pytest.raises(ValidationError, match="the tasks are: forecast, describe, extremes"):
            TaskSettings(tasks=tasks)


def test_settings_know_the_names_of_all_tasks() -> None:
    assert tuple(TASKS) == TASK_NAMES


def test_answers_are_checked_by_the_name_of_the_task() -> None:
    sample = sample_of(walk(96, 3), walk(5, 3))
    everything = TaskSettings(questions_per_sample=5)
    found = questions_of(sample, everything)
    for name, question in found.items():
        assert check_answer(sample, name, question.answer, everything) == ""
        assert check_answer(sample, name, question.answer + ".", everything) != ""
        assert check_answer(sample, name, "", everything) != ""
    assert check_answer(sample, "poem", "", everything).startswith("there is no task 'poem'")


@pytest.mark.parametrize("name", ["extremes", "trend", "volatility", "together", "lag"])
def test_an_answer_to_a_question_that_cannot_be_asked_is_a_problem(name: str) -> None:
    flat = sample_of(np.ones((96, 3)))
    assert "sample tiny-r0000000 has" in check_answer(flat, name, "any", TaskSettings())


def test_the_order_by_hash_is_the_same_for_ever() -> None:
    """Written down: another order would change every corpus that exists."""
    options = ["extremes", "trend", "volatility", "together", "lag"]
    assert by_hash("etth1-r0000000", "task", options)[0] == "lag"
    assert by_hash("etth1-r0000000", "task", reversed(options)) == by_hash(
        "etth1-r0000000", "task", options
    )
    orders = {tuple(by_hash(f"s{i}", "task", options)) for i in range(300)}
    assert len(orders) > 100  # of 120


def test_columns_vary_if_more_than_rounding_is_left() -> None:
    a = np.array([[1.0, 1e9, 0.0, 1e-30], [1.0, 1e9 + 1, 1e-300, 1e-30]])
    assert varying(a) == [2]


def test_the_table_of_tasks_has_every_task() -> None:
    assert all(f"| `{name}` |" in tasks_markdown() for name in TASKS)
    assert set(TASKS) == {"forecast", "describe"} | QUESTIONS
    assert set(TaskSettings().tasks) == set(TASKS)


@pytest.mark.parametrize(
    "bad", [{"decimals": 10}, {"forecast_steps": 0}, {"questions_per_sample": 6}, {"unknown": 1}]
)
def test_settings_out_of_bounds_are_refused(bad: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        TaskSettings.model_validate(bad)
