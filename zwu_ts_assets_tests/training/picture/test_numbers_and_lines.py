"""Questions of printed cells, numbers in the prompt, line plots, what is not shown and lies ahead.

The answers are found again by brute force, from the samples' values or from the prompt's text.
"""

import itertools
import math
import re
import statistics
from collections import Counter, defaultdict
from dataclasses import replace

import numpy as np
import pytest

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.training.picture.pose import PICTURE_TASKS, questions_of
from zwu_ts_assets.training.picture.question import PictureQuestion, QuestionSet
from zwu_ts_assets.training.picture.task import Asking
from zwu_ts_assets.training.sample import Sample
from zwu_ts_assets_tests.training.builders import sample_of
from zwu_ts_assets_tests.training.picture.windows import PATCHES, ROWS, world

UNKNOWN = "cannot be told from this"


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    return world(90)


@pytest.fixture(scope="module")
def by_id(samples: list[Sample]) -> dict[str, Sample]:
    return {sample.id: sample for sample in samples}


@pytest.fixture(scope="module")
def everything(samples: list[Sample]) -> QuestionSet:
    asking = Asking(forecast_steps=8, text_share=0.5, ahead_share=0.5, unanswerable=0.5)
    return questions_of(samples, PATCHES, asking)


def of_task(asked: QuestionSet, task: str) -> list[PictureQuestion]:
    found = [q for q in asked.questions if q.task == task]
    assert len(found) >= 8
    return found


def numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", text)]


def listed(question: PictureQuestion) -> list[float]:
    """The values that the prompt lists, ten to a line."""
    found: list[float] = []
    for line in question.prompt.split("\n"):
        head, colon, rest = line.partition(": ")
        if colon and head.isdigit():
            assert int(head) == len(found)
            found += map(float, rest.split())
    assert len(found) == ROWS
    return found


def chosen(question: PictureQuestion) -> str:
    """The option that the answer names, by its letter or its words."""
    lettered: dict[str, str] = dict(re.findall(r"^([A-H])\. (.*)$", question.prompt, re.MULTILINE))
    return lettered.get(question.answer, question.answer)


def column(question: PictureQuestion, sample: Sample) -> list[float]:
    return [
        float(v) for v in sample.past[:, sample.features.index(str(question.subject["feature"]))]
    ]


# Numbers in the prompt.


def test_the_highest_and_lowest_of_four_steps_are_those_of_the_list(
    everything: QuestionSet,
) -> None:
    for question in of_task(everything, "extremes"):
        values = listed(question)
        at = [values[int(option.removeprefix("step "))] for option in question.options]
        wanted = max(at) if question.subject["kind"] == "highest" else min(at)
        assert at.count(wanted) == 1
        assert values[int(chosen(question).removeprefix("step "))] == wanted


def test_the_trend_is_that_of_the_standard_librarys_regression(everything: QuestionSet) -> None:
    for question in of_task(everything, "trend"):
        values = listed(question)
        change = statistics.linear_regression(range(ROWS), values).slope * (ROWS - 1)
        ratio = change / statistics.pstdev(values)
        word = "stays level" if abs(ratio) < 0.5 else "rises" if ratio > 0 else "falls"
        assert chosen(question) == f"it {word}"
        assert abs(abs(ratio) - 0.5) > 0.09


def test_the_quarter_that_varies_most_is_that_of_the_standard_library(
    everything: QuestionSet,
) -> None:
    for question in of_task(everything, "volatility"):
        values = listed(question)
        spreads = {}
        for option in question.options:
            first, last = map(int, re.findall(r"\d+", option))
            spreads[option] = statistics.pstdev(values[first : last + 1])
        best = max if question.subject["kind"] == "most" else min
        assert chosen(question) == best(spreads, key=lambda option: spreads[option])
        # Every number of the rationale is one of these.
        told = numbers(question.rationale.split(". ", 1)[1].rsplit(" So ", 1)[0])
        for option, spread in spreads.items():
            assert any(abs(number - spread) <= 0.005 + 1e-9 for number in told), option


def test_the_lag_has_the_largest_correlation_by_the_standard_library(
    everything: QuestionSet,
) -> None:
    for question in of_task(everything, "lag"):
        values = listed(question)
        found = {
            option: statistics.correlation(
                values[: -int(option.split()[0])], values[int(option.split()[0]) :]
            )
            for option in question.options
        }
        assert chosen(question) == max(found, key=lambda option: found[option])


def test_no_text_question_needs_more_digits_than_its_prompt_prints(samples: list[Sample]) -> None:
    """Values that differ behind the last digit alone are equal for who reads them."""
    flat = [
        replace(each, past=np.round(each.past / 100) * 100 + each.past / 1e6) for each in samples
    ]
    asked = questions_of(flat, PATCHES, Asking(tasks=("extremes", "trend"), decimals=0))
    for question in asked.questions:
        if question.task == "extremes":
            values = listed(question)
            at = [values[int(option.removeprefix("step "))] for option in question.options]
            assert at.count(at[question.right]) == 1


# What lies ahead.


def next_values(question: PictureQuestion, sample: Sample) -> list[float]:
    steps = int(str(question.subject["steps"]))
    at = sample.features.index(str(question.subject["feature"]))
    return [float(value) for value in sample.target[:steps, at]]


def recent(question: PictureQuestion) -> list[float]:
    (line,) = re.findall(r"^The last \d+ values of [^:]*: (.*)$", question.prompt, re.MULTILINE)
    found = [float(number) for number in line.split()]
    assert len(found) == question.subject["recent"] == ROWS // 4
    return found


def test_the_level_ahead_is_against_the_quartiles(
    everything: QuestionSet, by_id: dict[str, Sample]
) -> None:
    for question in of_task(everything, "ahead_level"):
        low, _, high = statistics.quantiles(recent(question), n=4, method="inclusive")
        mean = statistics.fmean(next_values(question, by_id[question.sample_id]))
        assert chosen(question) == ("above" if mean > high else "below" if mean < low else "within")


def test_the_quarter_ahead_is_of_the_windows_range(
    everything: QuestionSet, by_id: dict[str, Sample]
) -> None:
    names = ("the lowest", "the second", "the third", "the highest")
    for question in of_task(everything, "ahead_quarter"):
        (line,) = re.findall(r"^In the whole window .*$", question.prompt, re.MULTILINE)
        low, high = numbers(line)
        mean = statistics.fmean(next_values(question, by_id[question.sample_id]))
        quarter = min(3, max(0, math.floor(4 * (mean - low) / (high - low))))
        assert chosen(question).startswith(names[quarter])


def test_the_end_ahead_is_against_the_last_value(
    everything: QuestionSet, by_id: dict[str, Sample]
) -> None:
    for question in of_task(everything, "ahead_end"):
        end = next_values(question, by_id[question.sample_id])[-1]
        assert chosen(question) == ("higher" if end > recent(question)[-1] else "lower")


def test_a_forecast_is_the_next_numbers_of_one_column(
    everything: QuestionSet, by_id: dict[str, Sample]
) -> None:
    for question in of_task(everything, "forecast"):
        values = next_values(question, by_id[question.sample_id])
        assert question.form == "numbers"
        assert len(values) == 8
        assert question.answer == " ".join(f"{value:.2f}" for value in values)


def test_without_known_steps_nothing_is_asked_ahead(samples: list[Sample]) -> None:
    asked = questions_of([replace(each, target=each.target[:0]) for each in samples], PATCHES)
    ahead = {name for name, task in PICTURE_TASKS.items() if task.level == 5}
    assert len(ahead) == 4
    for name in ahead:
        assert asked.left_out[name] == "no steps are known after the windows: the horizon is 0"


# Printed cells.


def test_the_number_of_a_cell_is_the_rounded_one(
    everything: QuestionSet, by_id: dict[str, Sample]
) -> None:
    for question in of_task(everything, "cell_value"):
        sample = by_id[question.sample_id]
        a, b = (sample.past[:, sample.features.index(str(question.subject[k]))] for k in ("a", "b"))
        za, zb = ((v - v.mean()) / (v.std() + 1e-5) for v in (a, b))
        if question.subject["panel"] == "Feature Pearson":
            value = float(np.corrcoef(abs(np.fft.rfft(za)), abs(np.fft.rfft(zb)))[0, 1])
            allowed = 0.005
        else:
            table = np.full((ROWS + 1, ROWS + 1), np.inf)
            table[0, 0] = 0
            for i in range(ROWS):
                for j in range(ROWS):
                    before = min(table[i, j + 1], table[i + 1, j], table[i, j])
                    table[i + 1, j + 1] = abs(za[i] - zb[j]) + before
            value, allowed = float(table[-1, -1]), 0.05
        assert float(chosen(question)) == pytest.approx(value, abs=allowed + 1e-9)
        if question.form == "number":
            assert question.tolerance == allowed
            assert question.options == ()


def test_each_number_of_a_cell_is_right_for_one_of_the_windows_asked(
    everything: QuestionSet,
) -> None:
    rounds: dict[tuple[str, str], list[PictureQuestion]] = defaultdict(list)
    for question in of_task(everything, "cell_value"):
        if question.options:
            rounds[question.split, question.prompt].append(question)
    for questions in rounds.values():
        assert sorted(chosen(q) for q in questions) == sorted(questions[0].options)


@pytest.mark.parametrize(
    ("canvas", "reason"),
    [
        ((448, 256), "numbers in cells are"),
        ((448, 224), "numbers in cells are"),
        ((1792, 992), ""),
    ],
)
def test_digits_are_asked_about_where_they_can_be_read(
    samples: list[Sample], canvas: tuple[int, int], reason: str
) -> None:
    asked = questions_of(samples, PATCHES, Asking(tasks=("cell_value",), canvas=canvas))
    if reason:
        assert asked.questions == ()
        assert (
            reason in asked.left_out["cell_value"] or "no numbers" in asked.left_out["cell_value"]
        )
        assert f"{canvas[0]}x{canvas[1]} pixels" in asked.left_out["cell_value"]
    else:
        assert asked.questions


# Line plots.


def test_the_highest_span_and_the_ends_of_a_line(
    everything: QuestionSet, by_id: dict[str, Sample]
) -> None:
    for question in of_task(everything, "line_peak"):
        values = column(question, by_id[question.sample_id])
        peaks = {}
        for option in question.options:
            first, last = map(int, re.findall(r"\d+", option))
            peaks[option] = max(values[first : last + 1])
        assert chosen(question) == max(peaks, key=lambda option: peaks[option])
    for question in of_task(everything, "line_ends"):
        values = column(question, by_id[question.sample_id])
        assert chosen(question) == ("higher" if values[-1] > values[0] else "lower")


def test_without_line_plots_none_of_them_is_asked_about(samples: list[Sample]) -> None:
    asked = questions_of([replace(each, line_plot="") for each in samples], PATCHES)
    assert not [q for q in asked.questions if "lines" in q.needs]
    for name in ("line_ends", "line_peak", "peak_if_shown", "same_lines"):
        assert asked.left_out[name] == "no line plots are drawn: set line_plots to true"


def test_many_columns_on_a_small_canvas_leave_their_line_plots_out() -> None:
    random = np.random.default_rng(1)
    many = [
        replace(sample_of(random.normal(size=(400, 9)).cumsum(axis=0)), line_plot="x")
        for _ in range(2)
    ]
    names = ("line_ends", "line_peak")
    asked = questions_of(many, [(0, 100)], Asking(tasks=names, canvas=(448, 224)))
    for name in names:
        assert re.search(r"steps of line plots are \d\.\d pixels apart", asked.left_out[name])


# What is not shown.


def test_what_is_not_shown_cannot_be_told(everything: QuestionSet) -> None:
    for task in ("part_if_shown", "drift_if_shown", "peak_if_shown"):
        for question in of_task(everything, task):
            hidden = not set(question.needs) <= set(question.given)
            assert question.answerable is not hidden
            assert (chosen(question) == UNKNOWN) is hidden
            assert UNKNOWN in question.options
            if hidden:
                assert question.given == ("figure",)
            assert set(question.given) <= PICTURE_TASKS[task].views
    rest = [q for q in everything.questions if not q.task.endswith("if_shown")]
    assert all(q.answerable and UNKNOWN not in q.options for q in rest)


def test_that_it_cannot_be_told_is_offered_as_often_right_as_any_other_answer(
    everything: QuestionSet,
) -> None:
    answers: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for question in everything.questions:
        if UNKNOWN in question.options:
            answers[question.split, question.prompt][chosen(question)] += 1
    for counts in answers.values():
        assert len(set(counts.values())) == 1
        assert UNKNOWN in counts


# One conversation.


def test_no_question_is_answered_by_what_another_about_the_window_prints_or_answers(
    everything: QuestionSet,
) -> None:
    """All questions about a window may be turns of one conversation."""
    about: dict[str, list[PictureQuestion]] = defaultdict(list)
    for question in everything.questions:
        about[question.sample_id].append(question)
    checked = 0
    for questions in about.values():
        printed = {q.subject["feature"] for q in questions if q.series}
        for question in questions:
            if question.needs == ("lines",):
                checked += 1
                assert question.subject["feature"] not in printed
        ahead = [q.subject["feature"] for q in questions if not q.needs]
        assert len(set(ahead)) == len(ahead)
        for task in ("pearson_part", "drift", "line_peak"):
            sibling = {"drift": "drift_if_shown", "pearson_part": "part_if_shown"}
            subjects = [
                q.subject for q in questions if q.task in (task, sibling.get(task, "peak_if_shown"))
            ]
            assert all(one != other for one, other in itertools.combinations(subjects, 2))
    assert checked > 100


# Shares.


@pytest.mark.parametrize("share", [0.0, 0.05, 0.1])
def test_shares_are_kept_by_whole_rounds(samples: list[Sample], share: float) -> None:
    asking = Asking(text_share=share, ahead_share=share, unanswerable=share)
    asked = questions_of(samples, PATCHES, asking).questions
    text = [q for q in asked if q.needs == ("text",)]
    ahead = [q for q in asked if not q.needs]
    hidden = [q for q in asked if not q.answerable]
    for found in (text, ahead, hidden):
        assert len(found) <= (share + 0.005) * len(asked)
        assert bool(found) is bool(share)
    answers: dict[tuple[str, str], Counter[int]] = defaultdict(Counter)
    for question in asked:
        if question.options:
            told = (
                question.prompt.replace(question.series, "") if question.series else question.prompt
            )
            answers[question.split, told][question.right] += 1
    assert all(len(set(counts.values())) == 1 for counts in answers.values())


def test_every_answer_of_a_choice_is_right_equally_often_in_train(everything: QuestionSet) -> None:
    right: dict[str, Counter[int]] = defaultdict(Counter)
    chances: dict[str, set[float]] = defaultdict(set)
    for question in everything.questions:
        if question.split == "train" and question.options:
            right[question.task][question.right] += 1
            chances[question.task].add(question.chance)
    for task, counts in right.items():
        (chance,) = chances[task]
        assert max(counts.values()) <= 1.3 * chance * counts.total(), task


def test_a_weight_keeps_a_share_of_a_tasks_rounds(samples: list[Sample]) -> None:
    def counts(**weights: float) -> Counter[str]:
        asking = Asking(tasks=("closest_pair", "drift", "line_peak"), weights=weights)
        return Counter(q.task for q in questions_of(samples, PATCHES, asking).questions)

    whole, part = counts(), counts(drift=0.5, line_peak=0.0)
    assert part["closest_pair"] == whole["closest_pair"]
    assert 0.35 * whole["drift"] <= part["drift"] <= 0.5 * whole["drift"]
    assert part["line_peak"] == 0
    asking = Asking(
        tasks=("line_peak", "trend"), weights={"line_peak": 0.0, "break": 1.0}, text_share=0.0
    )
    assert questions_of(samples, PATCHES, asking).left_out == {
        "line_peak": "its weight is 0",
        "trend": "text_share is 0",
    }
    with pytest.raises(CorpusError, match=r"weight of task 'drift': found 2, expected 0 to 1"):
        counts(drift=2)
    with pytest.raises(CorpusError, match=r"weight of task 'brake': there is no such task"):
        counts(brake=1)
