"""Altered copies of windows: what is put in, by naive comparison, and what is asked of it."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from zwu_ts_assets.training.conversations import make_conversations
from zwu_ts_assets.training.facts import MediaFacts
from zwu_ts_assets.training.picture.alterations import (
    KINDS,
    alteration_of,
    alteration_text,
    altered_values,
)
from zwu_ts_assets.training.picture.balance import imbalances
from zwu_ts_assets.training.picture.label_tasks import LABEL_TASKS
from zwu_ts_assets.training.picture.line_tasks import LINE_TASKS
from zwu_ts_assets.training.picture.pose import questions_of
from zwu_ts_assets.training.picture.question import ALTERED, ON_LINES, PictureQuestion
from zwu_ts_assets.training.picture.task import Asking
from zwu_ts_assets.training.prompts import load_templates
from zwu_ts_assets.training.sample import Sample
from zwu_ts_assets.training.task_settings import TaskSettings
from zwu_ts_assets_tests.training.picture.windows import PATCHES, ROWS, world

Values = NDArray[np.float64]

TASKS = ("anomaly", "anomaly_column", "anomaly_span")


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    return world(windows=240)


@pytest.fixture(scope="module")
def questions(samples: list[Sample]) -> tuple[PictureQuestion, ...]:
    return tuple(questions_of(samples, PATCHES, Asking(tasks=TASKS)).questions)


def difference(sample: Sample) -> tuple[str, int, int, int] | None:
    """What a naive comparison finds: kind, column, first and last step that were changed."""
    before, after = sample.past, altered_values(sample.id, sample.past)
    places = np.argwhere(before != after)
    if not len(places):
        return None
    (column,) = set(places[:, 1].tolist())
    first, last = int(places[:, 0].min()), int(places[:, 0].max())
    moved = after[first : last + 1, column] - before[first : last + 1, column]
    if first == last:
        kind = "a spike"
    elif np.ptp(after[first - 1 : last + 1, column]) == 0:
        kind, first = "a flat stretch", first - 1  # whose first value is what it was
    elif np.allclose(moved, moved[0]):
        kind = "a level shift"
    else:
        assert (moved[1:] * moved[:-1] < 0).all()
        kind = "noise"
    return kind, int(column), first, last


def test_one_column_is_changed_in_one_span_and_the_original_stays(samples: list[Sample]) -> None:
    kinds: Counter[str] = Counter()
    for sample in samples:
        kept = sample.past.copy()
        found, done = difference(sample), alteration_of(sample.id, sample.past)
        assert np.array_equal(sample.past, kept)
        if done is None:
            assert found is None
            kinds["nothing"] += 1
            continue
        assert found is not None
        kind, column, first, last = found
        assert (kind, column) == (KINDS[done.kind], done.column)
        start, stop = done.span * 6, done.span * 6 + 6  # eighths of 48 steps
        assert start <= first <= last < stop
        assert kind == "a spike" or (first, last) == (start, stop - 1)
        text = alteration_text(done, sample.features, ROWS)
        assert text == f"{kind} in {sample.features[column]}, steps {start} to {stop - 1}"
        assert 0 < done.span < 7
        kinds[kind] += 1
    assert set(kinds) == {*KINDS, "nothing"}
    assert 0.15 < kinds["nothing"] / len(samples) < 0.35


def test_how_far_values_move_is_told_by_the_columns_own_range(samples: list[Sample]) -> None:
    for sample in samples[:60]:
        copy = altered_values(sample.id, sample.past)
        larger = altered_values(sample.id, 1000 * sample.past + 7)
        assert np.allclose(larger, 1000 * copy + 7)


def test_a_copy_depends_on_its_sample_and_its_values_alone(samples: list[Sample]) -> None:
    sample = samples[0]
    again = altered_values(sample.id, sample.past.copy())
    assert np.array_equal(again, altered_values(sample.id, sample.past))
    others = {alteration_of(f"other-{i}", sample.past) for i in range(60)}
    assert len(others) > 20


def test_constant_columns_and_short_windows_stay_as_they_are(samples: list[Sample]) -> None:
    for sample in samples[:60]:
        past = sample.past.copy()
        past[:, 1:] = 3.0
        done = alteration_of(sample.id, past)
        assert done is None or done.column == 0
        assert alteration_of(sample.id, np.full_like(past, 3.0)) is None
        assert np.array_equal(altered_values(sample.id, past[:24]), past[:24])


def test_answers_are_what_a_naive_comparison_finds(
    samples: list[Sample], questions: tuple[PictureQuestion, ...]
) -> None:
    by_id = {sample.id: sample for sample in samples}
    asked = Counter(question.task for question in questions)
    assert set(asked) == set(TASKS)
    assert min(asked.values()) >= 20
    for question in questions:
        sample = by_id[question.sample_id]
        found = difference(sample)
        right = question.options[question.right]
        assert question.needs == question.given == (ALTERED,)
        if question.task == "anomaly":
            assert right == ("nothing" if found is None else found[0])
            continue
        assert found is not None  # where nothing was put in, nobody asks where
        if question.task == "anomaly_column":
            assert right == sample.features[found[1]]
        else:
            first, last = (int(number) for number in right.split()[1::2])
            assert first <= found[2] <= found[3] <= last


def test_every_answer_is_right_equally_often_and_nothing_is_one_of_them(
    questions: tuple[PictureQuestion, ...],
) -> None:
    assert imbalances(questions) == []
    right = Counter(q.options[q.right] for q in questions if q.task == "anomaly")
    assert set(right) == {*KINDS, "nothing"}
    assert len(set(right.values())) == 1


def test_a_window_with_a_spike_of_its_own_is_not_asked(
    samples: list[Sample], questions: tuple[PictureQuestion, ...]
) -> None:
    spiky = []
    for sample in samples:
        past = sample.past.copy()
        past[5] = past.max(axis=0) + 9 * np.ptp(past, axis=0)
        spiky.append(replace(sample, past=past))
    assert len({q.sample_id for q in questions}) > 60
    assert questions_of(spiky, PATCHES, Asking(tasks=TASKS)).questions == ()


def test_a_copy_is_asked_about_apart_from_its_window_and_what_before_where(
    samples: list[Sample],
) -> None:
    asked = questions_of(samples, PATCHES).questions
    drawn = [replace(s, altered_plot=f"altered_lines/{s.id}.png") for s in samples]
    made = make_conversations(drawn, asked, TaskSettings(), load_templates(), MediaFacts())
    places: Counter[tuple[str, ...]] = Counter()
    for each in made:
        if any(ALTERED in turn.question.given for turn in each.turns):
            assert each.images == (f"altered_lines/{each.sample_id}.png",)
            assert each.videos == ()
            assert "The picture is of a copy of the window" in each.turns[0].prompt
            places[tuple(turn.question.task for turn in each.turns)] += 1
            # No earlier answer, with its rationale, tells a later one.
            for at, turn in enumerate(each.turns):
                for later in each.turns[at + 1 :]:
                    right = later.question.options[later.question.right]
                    told = turn.question.rationale
                    assert f"Into {right} " not in told
                    assert not right.startswith("steps") or right not in told
        else:
            assert not any("altered_lines" in image for image in each.images)
            assert "copy" not in each.turns[0].prompt
    assert all(list(tasks) == [task for task in TASKS if task in tasks] for tasks in places)
    assert max(map(len, places)) == 3


def test_panels_that_are_too_low_leave_copies_out(samples: list[Sample]) -> None:
    asked = questions_of(samples, PATCHES, Asking(tasks=TASKS, canvas=(448, 224)))
    assert asked.questions == ()
    assert "panels of line plots are" in asked.left_out["anomaly"]


def test_without_plots_of_copies_none_is_asked_about(samples: list[Sample]) -> None:
    bare = [replace(sample, altered_plot="") for sample in samples]
    asked = questions_of(bare, PATCHES, Asking(tasks=TASKS))
    reason = "no altered copies of windows are drawn: set line_plots to true"
    assert asked.left_out == dict.fromkeys(TASKS, reason)


def test_settings_know_the_tasks_on_lines_without_loading_them() -> None:
    for view, levels in ON_LINES.items():
        tasks = [task for task in LINE_TASKS if view in task.needs]
        if view == "lines":  # which also show what labels are about
            tasks += LABEL_TASKS
        on_view = {task.name: task.level for task in tasks}
        assert levels == on_view
