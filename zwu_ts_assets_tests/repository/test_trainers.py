"""What `make trainers` says of a trainer: nothing that it does wrong passes."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from benchmarks.trainers.__main__ import TRAINERS, Outcome, table
from benchmarks.trainers.corpus import ExpectedRow
from benchmarks.trainers.record import Record, Row, row_of
from benchmarks.trainers.runs import RUNS
from benchmarks.trainers.verdict import graded_problems, rewarded_problems, trained_problems
from zwu_ts_assets.training.profiles import PROFILES

ROW = Row(
    tokens=700,
    learned=("Answer: B<|im_end|>\n", "Answer: 4.25<|im_end|>"),
    images=((1, 16, 28),),
    videos=((4, 12, 22),),
    image_tokens=112,
    video_tokens=264,
    misplaced=0,
)
EXPECTED = ExpectedRow(
    tokens=700,
    answers=("Answer: B", "Answer: 4.25"),
    images=((1, 16, 28),),
    videos=((4, 12, 22),),
    image_tokens=112,
    video_tokens=264,
)
FALLING = [12.0, 8.0, 4.0]


def test_a_trainer_that_does_everything_right_has_no_problem() -> None:
    assert trained_problems(Record(rows=[ROW], losses=FALLING), [EXPECTED]) == []


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([], "0 rows seen, 1 exported"),
        ([ROW, ROW], "2 rows seen, 1 exported"),
        ([replace(ROW, misplaced=3)], "3 labels are not the token at their place"),
        ([replace(ROW, learned=("Answer: B", "Answer: 4.25<|im_end|>"))], "do not end the turn"),
        ([replace(ROW, learned=("Answer: B<|im_end|>\n",))], "not as exported"),
        ([replace(ROW, learned=("Q\nAnswer: B<|im_end|>", ROW.learned[1]))], "not as exported"),
        ([replace(ROW, tokens=699)], "not as exported"),
        ([replace(ROW, images=((1, 14, 28),))], "not as exported"),
        ([replace(ROW, videos=((3, 12, 22),))], "not as exported"),
        ([replace(ROW, video_tokens=0)], "not as exported"),
    ],
)
def test_each_fault_of_a_row_is_found(rows: list[Row], problem: str) -> None:
    found = trained_problems(Record(rows=rows, losses=FALLING), [EXPECTED])
    assert any(problem in each for each in found), found


@pytest.mark.parametrize("losses", [[], [12.0, float("nan")], [12.0, 11.9], [4.0, 12.0]])
def test_a_loss_that_does_not_fall_is_found(losses: list[float]) -> None:
    (problem,) = trained_problems(Record(rows=[ROW], losses=losses), [EXPECTED])
    assert "loss" in problem or "no step" in problem


def test_each_fault_of_rewards_is_found() -> None:
    right = Record(rows=[ROW], losses=[0.0], rewards=[0.0, 1.0], rewarded=["a", "a"])
    assert rewarded_problems(right, [EXPECTED], ["a"]) == []
    assert rewarded_problems(right, [EXPECTED], ["a", "b"])
    assert rewarded_problems(replace(right, rewards=[0.0, 1.5]), [EXPECTED], ["a"])
    assert rewarded_problems(replace(right, losses=[float("inf")]), [EXPECTED], ["a"])
    assert rewarded_problems(right, [replace(EXPECTED, image_tokens=98)], ["a"])


def test_a_reward_has_to_tell_right_answers_from_wrong_ones() -> None:
    right = Record(rewards=[1.0, 1.0, 0.0], rewarded=["a", "b"])
    assert graded_problems(right, ["b", "a"]) == []
    assert graded_problems(right, ["a", "b", "c"])
    assert graded_problems(replace(right, rewards=[1.0, 0.1, 0.0]), ["a", "b"])
    assert graded_problems(replace(right, rewards=[1.0, 1.0, 1.0]), ["a", "b"])


@dataclass
class Words:
    """A tokenizer of a few words."""

    words: tuple[str, ...]

    def convert_tokens_to_ids(self, word: str) -> int:
        """The place of a word."""
        return self.words.index(word)

    def decode(self, ids: list[int], skip_special_tokens: bool) -> str:
        """The words in a row."""
        assert not skip_special_tokens
        return " ".join(self.words[i] for i in ids)


def test_a_row_is_read_from_a_batch_without_its_padding() -> None:
    words = Words(("<|image_pad|>", "<|video_pad|>", "why", "yes", "no", "pad"))
    batch: dict[str, Any] = {
        "input_ids": np.array([[0, 0, 2, 3, 2, 4, 5]]),
        "labels": np.array([[-100, -100, -100, 3, -100, 3, -100]]),
        "attention_mask": np.array([[1, 1, 1, 1, 1, 1, 0]]),
        "image_grid_thw": np.array([[1, 2, 4]]),
        "video_grid_thw": None,
    }
    assert row_of(batch, words) == Row(
        tokens=6,
        learned=("yes", "yes"),
        images=((1, 2, 4),),
        videos=(),
        image_tokens=2,
        video_tokens=0,
        misplaced=1,
    )


def test_every_trainer_has_a_run_and_a_profile() -> None:
    assert {each.name for each in TRAINERS} == set(RUNS)
    assert {each.consumer for each in TRAINERS} <= {profile.name for profile in PROFILES}


def test_what_was_not_run_is_told_apart_from_what_failed() -> None:
    skipped, failed, passed = (Outcome(TRAINERS[0], [EXPECTED]) for _ in range(3))
    skipped.skipped = "not run; name the folder"
    failed.problems = ["ended with status 1"]
    passed.record = Record(version="TRL 1", rows=[ROW], losses=FALLING)
    lines = table([skipped, failed, passed]).splitlines()[2:]
    assert [line.split(" | ")[-1] for line in lines] == ["not run |", "FAILED |", "as expected |"]
    assert "| TRL 1 | 1 of 1 | 376 | 8 | 12.00 | 4.00 |" in lines[2]
