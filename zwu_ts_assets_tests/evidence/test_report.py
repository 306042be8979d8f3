"""The proof: readers that answer, counts that add up, and a verdict that can be red."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray

from zwu_ts_assets.evidence import reading, report
from zwu_ts_assets.evidence.answers import Seen, answer_from_pixels
from zwu_ts_assets.evidence.boxes import Box, FigureBoxes
from zwu_ts_assets.evidence.curves import Curves
from zwu_ts_assets.evidence.panels import NotAFigure, Panels
from zwu_ts_assets.evidence.reading import Gallery
from zwu_ts_assets.evidence.report import ALL_SPLITS, NATIVE, Evidence, Rate, prove
from zwu_ts_assets.figures.dependence import dependence_matrices
from zwu_ts_assets.orchestration.assets import training_checks
from zwu_ts_assets.orchestration.contexts import CheckRun
from zwu_ts_assets.training.picture.alterations import altered_values
from zwu_ts_assets.training.picture.pose import questions_of
from zwu_ts_assets.training.picture.question import PictureQuestion
from zwu_ts_assets_tests.training.picture.windows import PATCHES, ROWS, world

Floats = NDArray[np.float64]
SAMPLES = world(90)
BY_ID = {sample.id: sample for sample in SAMPLES}
COLUMNS = SAMPLES[0].features


@pytest.fixture(scope="module")
def questions() -> list[PictureQuestion]:
    return list(questions_of(SAMPLES, PATCHES).questions)


def shown(values: Floats) -> Panels:
    """What a perfect reader of pixels would read of a figure of these values."""

    def scaled(matrix: Floats) -> Floats:
        low, high = np.nanmin(matrix), np.nanmax(matrix)
        found: Floats = (matrix - low) / (high - low)
        return found

    found = dependence_matrices(values)
    return Panels(
        scaled(found.feature_dtw),
        scaled(found.feature_covariance),
        (found.feature_pearson + 1) / 2,
        scaled(found.time_dtw),
        scaled(found.time_covariance),
        (found.time_pearson + 1) / 2,
    )


def followed(values: Floats) -> Curves:
    """What a perfect reader of line plots would read of these values."""
    low, high = values.min(axis=0), values.max(axis=0)
    courses = ((values - low) / (high - low)).T
    return Curves(courses, courses, courses)


def fake_gallery(monkeypatch: pytest.MonkeyPatch) -> Gallery:
    """A gallery whose pictures are numbers of windows, which the reader looks up."""
    numbers = {sample.id: number for number, sample in enumerate(SAMPLES)}

    def read(pixels: Floats, n_features: int, n_steps: int, *_: object, **__: object) -> Panels:
        number, frame = int(pixels[0, 0, 0]), int(pixels[0, 0, 1])
        past = SAMPLES[number].past
        if frame:
            start, stop = PATCHES[frame - 1]
            past = past[start:stop]
        assert past.shape == (n_steps, n_features)
        return shown(past)

    def picture(number: int, frame: int, altered: int = 0) -> NDArray[np.uint8]:
        return np.array([[[number, frame, altered]]], dtype=np.uint8)

    def lines(pixels: Floats, *_: object) -> Curves:
        sample = SAMPLES[int(pixels[0, 0, 0])]
        is_altered = bool(pixels[0, 0, 2])
        return followed(altered_values(sample.id, sample.past) if is_altered else sample.past)

    def number(pixels: Floats, panel: Box, _: int, row: int, column: int) -> float:
        found = dependence_matrices(SAMPLES[int(pixels[0, 0, 0])].past)
        if panel.left == 0:
            return float(f"{found.feature_dtw[row, column]:.1f}")
        return float(f"{found.feature_pearson[row, column]:.2f}")

    places = tuple(Box(left, 0, left + 1, 1) for left in range(6))
    monkeypatch.setattr(reading, "read_figure", read)
    monkeypatch.setattr(reading, "read_lines", lines)
    monkeypatch.setattr(reading, "read_cell_number", number)
    monkeypatch.setattr(reading, "find_boxes", lambda _: FigureBoxes(places, places))
    return Gallery(
        figure=lambda sample: picture(numbers[sample], 0),
        video=lambda sample: [picture(numbers[sample], i + 1) for i in range(len(PATCHES) + 1)],
        columns=COLUMNS,
        steps=ROWS,
        patches=PATCHES,
        lines=lambda sample: picture(numbers[sample], 0),
        altered=lambda sample: picture(numbers[sample], 0, 1),
    )


def row(evidence: Evidence, task: str, split: str = ALL_SPLITS) -> report.TaskEvidence:
    return next(row for row in evidence.rows if (row.task, row.split) == (task, split))


def test_a_reader_of_the_panels_answers_every_question(
    questions: list[PictureQuestion], monkeypatch: pytest.MonkeyPatch
) -> None:
    evidence = prove(questions, fake_gallery(monkeypatch))
    assert evidence.wrong == ()
    assert evidence.unanswered == ()
    assert evidence.problems == []
    for found in evidence.rows:
        assert found.pixels[NATIVE].asked == (found.asked if found.needs else 0)
        assert found.pixels[NATIVE].right == found.pixels[NATIVE].asked
        for blind in found.blind.values():
            if found.task != "cell_value":  # half of which asks for numbers, without options
                assert blind.right == pytest.approx(found.chance * blind.asked)


def test_wrong_pictures_change_the_answers(
    questions: list[PictureQuestion], monkeypatch: pytest.MonkeyPatch
) -> None:
    evidence = prove(questions, fake_gallery(monkeypatch))
    for found in evidence.rows:
        if found.split == ALL_SPLITS and found.wrong_picture.asked:
            assert found.wrong_picture.interval[0] < found.chance + 0.15
            assert found.wrong_picture.share < 0.75


def test_counts_of_the_splits_add_up(
    questions: list[PictureQuestion], monkeypatch: pytest.MonkeyPatch
) -> None:
    evidence = prove(questions, fake_gallery(monkeypatch))
    for task in {q.task for q in questions}:
        asked = [r.asked for r in evidence.rows if r.task == task]
        assert 2 * row(evidence, task).asked == sum(asked)


def test_a_text_that_gives_the_answer_away_is_red(
    questions: list[PictureQuestion], monkeypatch: pytest.MonkeyPatch
) -> None:
    leaky = [
        replace(q, prompt=f"{q.prompt}\nHint: {q.answer}") if q.task == "drift" else q
        for q in questions
    ]
    # The hint is in the first line, as a careless template would have it.
    leaky = [replace(q, prompt=f"{q.answer} {q.prompt}") if q.task == "drift" else q for q in leaky]
    evidence = prove(leaky, fake_gallery(monkeypatch))
    assert len(evidence.problems) == 1
    assert "drift, all: the blind reader 'regression on words' is right on" in evidence.problems[0]
    assert "expected at most 5 points more" in report.markdown(evidence)


def test_pictures_that_cannot_be_read_are_red(
    questions: list[PictureQuestion], monkeypatch: pytest.MonkeyPatch
) -> None:
    gallery = fake_gallery(monkeypatch)

    def read(*_: object, **__: object) -> Panels:
        raise NotAFigure("grey")

    monkeypatch.setattr(reading, "read_figure", read)
    asked = [q for q in questions if q.task == "drift"]
    evidence = prove(asked, gallery)
    assert set(evidence.unanswered) == {q.id for q in asked}
    (problem,) = evidence.problems
    assert f"the reader of pixels is right on 0 of {len(asked)} at native size" in problem


def test_a_wrong_answer_is_found_by_the_reader(questions: list[PictureQuestion]) -> None:
    asked = next(q for q in questions if q.task == "closest_pair")
    seen = Seen([shown(BY_ID[asked.sample_id].past)], [], COLUMNS, ())
    assert answer_from_pixels(asked, seen) == asked.right
    turned = replace(asked, options=asked.options[::-1])
    assert answer_from_pixels(turned, seen) == len(asked.options) - 1 - asked.right


@pytest.mark.parametrize(
    ("right", "asked", "low", "high"),
    # From the table of Newcombe (1998), Statistics in Medicine 17, method 3.
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_intervals_are_those_of_the_literature(
    right: int, asked: int, low: float, high: float
) -> None:
    found = Rate(right, asked).interval
    assert found == pytest.approx((low, high), abs=5e-5)


def test_names_that_hold_and_are_understood() -> None:
    matrix = np.array([[0.0, 0.2, 0.9], [0.2, 0.0, 0.5], [0.9, 0.5, 0.0]])
    panels = Panels(matrix, matrix, matrix, matrix, matrix, matrix)
    names = ("wind and rain", "wind", "rain")
    ask: Callable[[str], PictureQuestion] = lambda task: PictureQuestion(  # noqa: E731
        id="x",
        sample_id="x",
        split="train",
        task=task,
        level=1,
        needs=("figure",),
        subject={},
        options=("wind and rain and wind", "wind and rain and rain", "wind and rain"),
        right=0,
        answer="A",
        given=("figure",),
        wording=0,
        prompt="",
        rationale="",
    )
    seen = Seen([panels], [], names, ())
    assert answer_from_pixels(ask("closest_pair"), seen) == 0
    assert answer_from_pixels(ask("most_correlated"), seen) == 1


def told(blind: Rate, pixels: Rate, chance: float, task: str = "drift") -> report.TaskEvidence:
    """What the readers made of one task over all splits."""
    return report.TaskEvidence(
        task,
        ALL_SPLITS,
        ("video",),
        chance,
        {"majority of the task": blind},
        {NATIVE: pixels},
        Rate(0, 0),
        max(blind.asked, pixels.asked),
    )


@pytest.mark.parametrize(
    ("right", "asked", "chance", "needed"),
    [(1, 2, 0.5, 12), (1, 3, 1 / 3, 15), (3, 6, 0.5, 12), (0, 4, 0.0, 12), (5, 11, 0.5, 12)],
)
def test_of_too_few_questions_nothing_is_claimed(
    right: int, asked: int, chance: float, needed: int
) -> None:
    evidence = Evidence((told(Rate(right, asked), Rate(asked, asked), chance),))
    assert evidence.problems == []
    assert evidence.proven == 0
    table = report.markdown(evidence)
    sentence = f"too few questions to tell ({asked}; at least {needed} are needed)"
    assert f"* `drift`: {sentence}." in table
    assert "needs its media" not in table
    assert "a longer CSV, or a smaller `window_stride`" in table
    assert evidence.to_json()["too_few"] == {"drift": sentence}


@pytest.mark.parametrize("chance", [0.0, 0.2, 0.25, 1 / 3, 0.5])
def test_of_as_many_questions_as_are_named_something_is_claimed(chance: float) -> None:
    needed = told(Rate(0, 2), Rate(2, 2), chance).needed
    assert 12 <= needed <= 20
    few, enough = (
        told(Rate(round(chance * n), n), Rate(n, n), chance) for n in (needed - 1, needed)
    )
    # A count is whole and a chance is not: one of the two neighbours of it is enough.
    assert few.needed or round(chance * few.asked) < chance * few.asked
    assert not enough.needed or round(chance * needed) > chance * needed
    low, high = Rate(needed, needed).interval[0], chance + report.REACH
    assert low >= high  # the two readers are told apart


def test_what_is_claimed_is_of_the_other_tasks_alone() -> None:
    few = told(Rate(2, 6), Rate(6, 6), 1 / 3, "rhythm")
    many = told(Rate(30, 60), Rate(60, 60), 0.5)
    evidence = Evidence((few, many))
    assert list(evidence.too_few) == ["rhythm"]
    assert evidence.proven == 1
    ends = "\nEvery other task needs its media, and can be answered from them.\n"
    assert report.markdown(evidence).endswith(ends)
    wrong = told(Rate(30, 60), Rate(40, 60), 0.5, "extremes")
    assert "needs its media" not in report.markdown(Evidence((few, many, wrong)))
    ends = "\nEvery task needs its media, and can be answered from them.\n"
    assert report.markdown(Evidence((many,))).endswith(ends)


def test_of_what_lies_ahead_it_is_not_claimed_that_media_tell_it() -> None:
    seen = told(Rate(30, 60), Rate(60, 60), 0.5)
    ahead = replace(told(Rate(30, 60), Rate(0, 0), 0.5, "ahead_end"), needs=())
    series = replace(told(Rate(0, 0), Rate(0, 0), 0.0, "forecast"), needs=(), asked=60)
    table = report.markdown(Evidence((seen, ahead, series)))
    ends = "Every task, but for those about what lies ahead, needs its media, and can be answered"
    assert ends in table
    assert "needs its media" not in report.markdown(Evidence((ahead, series)))


def test_a_lucky_blind_reader_of_some_questions_calls_for_more_of_them() -> None:
    lucky = told(Rate(10, 16), Rate(16, 16), 0.5)
    assert lucky.problems == []
    assert lucky.best_blind.interval[1] > 0.75
    assert lucky.needed > 16


def test_what_no_reader_was_asked_is_not_called_too_few() -> None:
    assert told(Rate(0, 0), Rate(0, 0), 0.0).needed == 0


def test_the_check_says_of_which_tasks_there_are_too_few_questions() -> None:
    rows = [told(Rate(1, 2), Rate(2, 2), 0.5, task) for task in ("a", "b", "c", "d", "e")]
    numbers = json.dumps(Evidence(tuple(rows)).to_json()).encode()
    check = training_checks.QUESTIONS_NEED_THEIR_MEDIA
    verdict = check.verify(cast(CheckRun, None), {"numbers": numbers})
    assert verdict.passed
    first = "a: too few questions to tell (2; at least 12 are needed); b: too few"
    assert verdict.description.startswith(first)
    assert verdict.description.endswith("; and 2 more tasks")
    assert "too few questions to tell" in check.description
