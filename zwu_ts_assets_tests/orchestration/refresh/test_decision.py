"""When a refresh is started, waited for and given up: every rule, without Dagster."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zwu_ts_assets.config.environment import Limits
from zwu_ts_assets.orchestration.refresh.decision import Attempt, decide

NOW = 1_000_000.0
LIMITS = Limits(attempts=3, retry_seconds=60)


def failed(goal: str = "a", ago: float = 0.0, why: str = "the disk is full") -> Attempt:
    return Attempt(goal, NOW - ago, why, "run")


def test_nothing_out_of_date_is_settled() -> None:
    decision = decide(0, "a", [], NOW, LIMITS)
    assert decision.settled
    assert not decision.run


def test_something_out_of_date_starts_a_run() -> None:
    decision = decide(7, "a", [], NOW, LIMITS)
    assert decision.run
    assert decision.reason == "7 artifacts are out of date"


@pytest.mark.parametrize("count", [0, 7])
def test_a_run_under_way_is_waited_for(count: int) -> None:
    decision = decide(count, "a", [Attempt("b", None, "", "run-1")], NOW, LIMITS)
    assert not decision.run
    assert not decision.settled
    assert decision.reason == "run run-1 is in progress"


@pytest.mark.parametrize(
    ("attempts", "ago", "runs"),
    [(1, 59.0, False), (1, 60.0, True), (2, 119.0, False), (2, 120.0, True)],
)
def test_each_failure_doubles_the_wait(attempts: int, ago: float, *, runs: bool) -> None:
    assert decide(7, "a", [failed(ago=ago)] * attempts, NOW, LIMITS).run is runs


def test_an_attempt_that_ended_by_a_clock_that_was_ahead_is_not_waited_for() -> None:
    assert decide(7, "a", [failed(ago=-1e8)], NOW, LIMITS).run
    assert decide(7, "a", [failed(ago=-1e8)] * 3, NOW, LIMITS).gave_up


def test_a_wait_says_why_and_how_long() -> None:
    decision = decide(7, "a", [failed(ago=10)], NOW, LIMITS)
    assert decision.reason == "attempt 1 of 3 failed; the next in 50 s. the disk is full"


def test_after_the_last_attempt_it_gives_up_and_says_why_and_what_to_do() -> None:
    decision = decide(7, "a", [failed(ago=1e6, why="disk full."), failed(), failed()], NOW, LIMITS)
    assert decision.gave_up
    assert not decision.run
    assert decision.reason == (
        "gave up after attempt 3 of 3: disk full. Mend that, then switch the sensor off and on, or "
        "start a run by hand."
    )


def test_another_goal_is_a_new_chance_also_when_it_is_an_earlier_one_again() -> None:
    exhausted = [failed("a")] * 3
    assert decide(7, "b", exhausted, NOW, LIMITS).run
    assert decide(7, "a", [failed("b"), *exhausted], NOW, LIMITS).run


def test_a_run_that_ended_well_and_left_something_is_an_attempt_too() -> None:
    left = Attempt("a", NOW - 1, "", "run")
    decision = decide(2, "a", [left], NOW, LIMITS)
    assert not decision.run
    assert "left 2 artifacts out of date" in decision.reason


@given(
    goals=st.lists(st.sampled_from("ab"), max_size=8),
    ages=st.lists(st.floats(0, 1e6), min_size=8, max_size=8),
    count=st.integers(0, 3),
)
def test_it_never_starts_more_runs_for_a_goal_than_allowed(
    goals: list[str], ages: list[float], count: int
) -> None:
    attempts = [failed(goal, age) for goal, age in zip(goals, sorted(ages), strict=False)]
    decision = decide(count, "a", attempts, NOW, LIMITS)
    leading = len(goals) if "b" not in goals else goals.index("b")
    assert decision.run + decision.settled + decision.gave_up <= 1
    if decision.run:
        assert count > 0
        assert leading < LIMITS.attempts
    if count and leading >= LIMITS.attempts:
        assert decision.gave_up
