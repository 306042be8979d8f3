"""Right answers score 100 %, shuffled ones chance, and what stands beside them is told."""

import math
import random
from dataclasses import replace

import numpy as np
import pytest

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.evidence.report import Evidence, Rate, TaskEvidence
from zwu_ts_assets.scoring.baselines import (
    baselines,
    baselines_json,
    baselines_markdown,
    references,
)
from zwu_ts_assets.scoring.compare import compare
from zwu_ts_assets.scoring.intervals import mcnemar, paired_difference
from zwu_ts_assets.scoring.pages import markdown_text, plot_png, terminal_text
from zwu_ts_assets.scoring.score import Known, Score, ScoreRow, score
from zwu_ts_assets.training.picture.question import PictureQuestion
from zwu_ts_assets_tests.scoring.questions import STEPS, questions_of, samples

SAMPLES = samples()
QUESTIONS = questions_of(SAMPLES)
TEST = [question for question in QUESTIONS if question.split == "test"]
TRAIN = [question for question in QUESTIONS if question.split == "train"]
KNOWN = Known(train=TRAIN, references=references(QUESTIONS, SAMPLES))


def right_predictions(questions: list[PictureQuestion] = TEST) -> dict[str, str]:
    return {q.id: f"I looked.\n{q.answer_line}" for q in questions}


def row(found: Score, name: str, kind: str = "task") -> ScoreRow:
    return next(each for each in found.rows if (each.kind, each.name) == (kind, name))


def test_right_answers_score_a_hundred_percent() -> None:
    found = score(TEST, right_predictions(), KNOWN)
    assert found.split == "test"
    for each in found.rows:
        assert each.right == each.asked > 0, each
    kinds = {(each.kind, each.name) for each in found.rows}
    assert kinds >= {
        ("all", "all"),
        ("task", "pair"),
        ("level", "1 read"),
        ("level", "4 join"),
        ("view", "figure + video"),
        ("form", "number"),
    }
    assert row(found, "all", "all").asked == 3 * len(TEST) // 4  # forecasts are apart


def test_shuffled_answers_score_chance() -> None:
    generator = random.Random(0)  # noqa: S311
    predictions: dict[str, str] = {}
    for task in ("pair", "same"):
        asked = [q for q in TEST if q.task == task]
        lines = [q.answer_line for q in asked]
        generator.shuffle(lines)
        predictions |= {q.id: line for q, line in zip(asked, lines, strict=True)}
    found = score(TEST, predictions, KNOWN)
    for task in ("pair", "same"):
        each = row(found, task)
        assert each.accuracy.low <= each.chance <= each.accuracy.high


def test_missing_and_unreadable_predictions_are_told_apart_and_count_as_wrong() -> None:
    asked = [q for q in TEST if q.task == "pair"]
    predictions = {q.id: q.answer_line for q in asked}
    del predictions[asked[0].id]
    predictions[asked[1].id] = "Answer: A, B, C, D"
    found = row(score(asked, predictions, KNOWN), "pair")
    assert (found.missing, found.unparsable) == (1, 1)
    assert (found.right, found.asked) == (len(asked) - 2, len(asked))
    page = terminal_text([score(asked, predictions, KNOWN)])
    assert "several answers that differ: 1" in page
    assert f"1 of {len(asked)} questions have no prediction" in page


def test_numbers_tell_hits_within_tolerance_and_their_error() -> None:
    asked = [q for q in TEST if q.task == "cell"]
    predictions = {q.id: f"Answer: {float(q.answer) + 0.02}" for q in asked}
    found = row(score(asked, predictions), "cell")
    assert found.right == found.asked
    assert found.error == pytest.approx(0.02)
    predictions = {q.id: f"Answer: {float(q.answer) + 0.5}" for q in asked}
    assert row(score(asked, predictions), "cell").right == 0


def test_forecasts_are_held_against_those_that_anyone_can_make() -> None:
    asked = [q for q in TEST if q.task == "forecast"]
    held = KNOWN.references or {}
    by_id = {sample.id: sample for sample in SAMPLES}
    # By hand, from the samples alone.
    expected = []
    for q in asked:
        past, target = by_id[q.sample_id].past[:, 0], by_id[q.sample_id].target[:, 0]
        naive = np.array([past[48 + i] for i in range(STEPS)])
        scale = np.mean([abs(past[i] - past[i - 24]) for i in range(24, 72)])
        expected.append(np.abs(naive - target).mean() / scale)
    predictions = {
        q.id: "Answer: " + " ".join(map(str, held[q.id].forecasts["seasonal naive"])) for q in asked
    }
    found = score(asked, predictions, KNOWN).forecasts
    assert [each.name for each in found] == ["all", "a"]
    assert found[0].scaled.value == pytest.approx(np.mean(expected), rel=1e-3)
    assert found[0].skill["seasonal naive"].value == pytest.approx(0, abs=1e-9)
    right = score(asked, right_predictions(asked), KNOWN).forecasts[0]
    assert right.scaled.value == pytest.approx(0, abs=1e-3)
    assert all(each.value > 0.99 for each in right.skill.values())
    train = np.concatenate([s.past[:, 0] for s in SAMPLES if s.split == "train"])
    assert held[asked[0].id].deviation == pytest.approx(train.std())


def test_a_forecast_without_its_sample_is_not_scored_but_counted() -> None:
    asked = [q for q in TEST if q.task == "forecast"]
    found = score(asked, right_predictions(asked))
    assert found.rows == ()
    assert found.forecasts[0].asked == len(asked)
    assert math.isnan(found.forecasts[0].scaled.value)


def evidence(blind: int, pixels: int) -> dict[str, object]:
    rows = [
        TaskEvidence(
            task,
            "test",
            ("figure",),
            0.25,
            {"majority": Rate(blind - 1, 40), "words": Rate(blind, 40)},
            {"native": Rate(pixels, 40), "small": Rate(0, 40)},
            Rate(0, 40),
            40,
        )
        for task in ("pair", "same", "cell")
    ]
    return Evidence(tuple(rows)).to_json()


def test_readers_of_the_evidence_stand_beside_the_figures() -> None:
    known = replace(KNOWN, evidence=evidence(12, 39))
    found = score(TEST, right_predictions(), known)
    assert row(found, "pair").blind == pytest.approx(12 / 40)
    assert row(found, "pair").pixels == pytest.approx(39 / 40)
    assert row(found, "all", "all").pixels == pytest.approx(39 / 40)
    assert row(score(TEST, {}, KNOWN), "pair").blind is None


def test_a_constant_answer_scores_the_majority_of_a_balanced_set() -> None:
    found = row(score(TEST, right_predictions(), KNOWN), "pair")
    assert found.majority == pytest.approx(0.25)
    assert found.chance == pytest.approx(0.25)


def test_tables_and_plot_say_what_was_counted() -> None:
    known = replace(KNOWN, evidence=evidence(12, 39))
    first = score(TEST, right_predictions(), known, "before")
    second = score(TEST, right_predictions(TEST[::2]), known, "after")
    page = markdown_text([first, second], [compare(first, second, KNOWN.references)])
    assert "| task pair | 40 | 100.0% (91% to 100%) | 25.0% | 25.0% | 30.0% | 97.5% |" in page
    assert "## before to after" in page
    assert plot_png([first, second])[:4] == b"\x89PNG"
    assert plot_png([first]) == plot_png([first])


# Comparing


def test_the_same_answers_show_no_change() -> None:
    first = score(TEST, right_predictions(), KNOWN, "before")
    found = compare(first, score(TEST, right_predictions(), KNOWN, "after"), KNOWN.references)
    for each in found.changes:
        assert (each.gained, each.lost, each.p) == (0, 0, 1.0)
        assert each.difference.low <= 0 <= each.difference.high
    assert found.to_json() == compare(first, first, KNOWN.references).to_json() | {"after": "after"}


def test_what_was_gained_is_told_with_its_interval() -> None:
    asked = [q for q in TEST if q.task == "pair"]
    none = score(asked, {q.id: "Answer: Z" for q in asked}, KNOWN, "before")
    found = compare(none, score(asked, right_predictions(asked), KNOWN, "after"))
    assert (found.changes[0].gained, found.changes[0].lost) == (len(asked), 0)
    assert found.changes[0].difference.low > 0.8
    assert found.changes[0].p < 1e-9


def test_scores_of_different_questions_are_not_compared() -> None:
    with pytest.raises(CorpusError, match="different questions"):
        compare(score(TEST, {}), score(TEST[1:], {}))


def test_mcnemar_is_the_two_sided_binomial_test() -> None:
    # By scipy.stats.binomtest(min(b, c), b + c).pvalue.
    assert mcnemar(0, 0) == 1.0
    assert mcnemar(5, 0) == pytest.approx(0.0625)
    assert mcnemar(8, 2) == pytest.approx(0.109375)
    assert mcnemar(30, 30) == 1.0
    assert 0 < mcnemar(2_000, 1_800) < 0.002


def test_the_paired_interval_covers_the_true_difference() -> None:
    generator = np.random.default_rng(0)
    inside = 0
    for _ in range(1_000):
        up, down, _ = generator.multinomial(60, [0.2, 0.1, 0.7])
        found = paired_difference(int(up), int(down), 60)
        inside += found.low <= 0.1 <= found.high
    assert 0.93 <= inside / 1_000 <= 0.98


# Baselines


def test_baselines_tell_what_has_to_be_beaten_by_task_and_split() -> None:
    found = {(each.task, each.split): each for each in baselines(QUESTIONS, SAMPLES)}
    assert len(found) == 12
    assert found["pair", "test"].chance == pytest.approx(0.25)
    assert found["pair", "test"].majority is not None
    assert found["pair", "test"].majority.value == pytest.approx(0.25)
    ahead = found["forecast", "test"]
    assert ahead.majority is None
    assert set(ahead.scaled_errors) == {"last value", "seasonal naive", "window mean"}
    rows = baselines(QUESTIONS, SAMPLES)
    assert "`forecast` | test | 40" in baselines_markdown(rows)
    assert baselines_json(rows) == baselines_json(baselines(QUESTIONS, SAMPLES))


def test_a_window_of_less_than_two_days_has_no_season() -> None:
    short = [replace(s, past=s.past[:40], past_timestamps=s.past_timestamps[:40]) for s in SAMPLES]
    held = references(QUESTIONS, short)
    assert all(set(each.forecasts) == {"last value", "window mean"} for each in held.values())


def test_what_forecasts_are_measured_by_is_told_of_these_windows() -> None:
    told = baselines_markdown(baselines(QUESTIONS, SAMPLES))
    assert "that of the day before, 24 steps earlier.\n" in told
    assert "step before" not in told
    short = [replace(s, past=s.past[:40], past_timestamps=s.past_timestamps[:40]) for s in SAMPLES]
    told = baselines_markdown(baselines(QUESTIONS, short))
    assert "that of the step before. There is no seasonal forecast" in told
    assert "day before" not in told
    assert "| seasonal naive |" not in told


@pytest.mark.parametrize("hours", [7, 24, 168], ids=["no part of a day", "daily", "weekly"])
def test_without_several_whole_steps_a_day_no_day_before_is_told(hours: int) -> None:
    step = np.timedelta64(hours, "h")
    samples = [
        replace(s, past_timestamps=s.past_timestamps[0] + step * np.arange(len(s.past)))
        for s in SAMPLES
    ]
    told = baselines_markdown(baselines(QUESTIONS, samples))
    assert "that of the step before." in told
    assert "day before" not in told


def test_where_nothing_is_forecast_no_forecasts_are_explained() -> None:
    others = [q for q in QUESTIONS if q.form != "numbers"]
    told = baselines_markdown(baselines(others, SAMPLES))
    assert "orecast" not in told
    assert "last value" not in told
