"""Whether to start a refresh now: a pure function of what is known.

What belongs here: the rules of waiting, retrying and giving up. What does not: finding out what is
known, and acting on the answer (`reconcile.py`).

A corpus is settled when nothing is out of date. Runs since it was last settled, for the state that
it should reach now, are attempts, whether they failed or ended well without settling it. Each makes
the next one wait twice as long, and after a set number of them nothing more is tried until
something changes: the CSV, the settings, the code, or somebody switches the sensor off and on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from zwu_ts_assets.config.environment import Limits

_LONGEST_WAIT_SECONDS: Final = 3600.0


@dataclass(frozen=True)
class Attempt:
    """A run since the corpus was last settled.

    Attributes:
        goal: Digest of the state it was to reach.
        ended: When, in seconds of the epoch; None while it is under way.
        failure: Why it failed, in a sentence; empty if it ended well.
        run_id: The run.
        assets: Names of the assets that it was to make; told where a refresh is divided.
        batches: Of which batches, likewise.
        asked_for: When a sensor or a schedule asked for it, in seconds of the epoch; 0.0 for a run
            that somebody else started.
    """

    goal: str
    ended: float | None
    failure: str
    run_id: str
    assets: frozenset[str] = frozenset()
    batches: frozenset[int] = frozenset()
    asked_for: float = 0.0


@dataclass(frozen=True)
class Decision:
    """What to do now.

    Attributes:
        run: Start a run for everything that is out of date.
        settled: Nothing is out of date.
        gave_up: Nothing more will be tried by itself.
        reason: In a sentence, for the list of ticks and the checks.
    """

    run: bool
    reason: str
    settled: bool = False
    gave_up: bool = False


def decide(
    out_of_date: int, goal: str, attempts: Sequence[Attempt], now: float, limits: Limits
) -> Decision:
    """Decide what to do about what is out of date.

    Args:
        out_of_date: How many artifacts are.
        goal: Digest of the state that everything should have.
        attempts: Runs since the corpus was last settled, newest first.
        now: Seconds of the epoch.
        limits: How patient to be.
    """
    if under_way := [attempt for attempt in attempts if attempt.ended is None]:
        return Decision(run=False, reason=f"run {under_way[0].run_id} is in progress")
    if not out_of_date:
        return Decision(run=False, reason="every artifact is current", settled=True)
    tried = of_this_goal(goal, attempts)
    if not tried:
        return Decision(run=True, reason=f"{out_of_date} artifacts are out of date")
    why = tried[0].failure or f"the run ended well, but left {out_of_date} artifacts out of date"
    count = f"attempt {len(tried)} of {limits.attempts}"
    if len(tried) >= limits.attempts:
        return Decision(
            run=False,
            gave_up=True,
            reason=f"gave up after {count}: {why} Mend that, then switch the sensor off and on, or "
            "start a run by hand.",
        )
    wait = min(limits.retry_seconds * 2.0 ** (len(tried) - 1), _LONGEST_WAIT_SECONDS)
    ended = tried[0].ended or 0.0
    # By a clock that was set back since, it is yet to end; waiting for that could take years.
    left = ended + wait - now if ended <= now else 0.0
    if left > 0:
        return Decision(run=False, reason=f"{count} failed; the next in {left:.0f} s. {why}")
    return Decision(run=True, reason=f"{out_of_date} artifacts are still out of date after {count}")


def of_this_goal(goal: str, attempts: Sequence[Attempt]) -> list[Attempt]:
    """The newest attempts for one goal, up to the first that was for another.

    Only those: a CSV that goes back to an earlier content is a new chance.

    Args:
        goal: Digest of the state that everything should have.
        attempts: Newest first.
    """
    tried: list[Attempt] = []
    for attempt in attempts:
        if attempt.goal != goal:
            break
        tried.append(attempt)
    return tried
