"""The proof: readers that answer, counts that add up, and a verdict that can be red."""

from collections.abc import Callable
from dataclasses import replace

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
