"""What runs have to make of what is out of date, into which it is divided, and which to start now.

What belongs here: which artifacts are made for one that is out of date, as assets and batches;
cutting that into runs of n batches, and their order. What does not: finding out what is out of date
(`comparison.py`), when a run is started, tried again or given up (`decision.py`), and finding out
which runs there are (`earlier_runs.py`).

Dividing is by level like everything else: each look divides what differs now. What a run under way
makes is left to it. What is made from something out of date waits for that. What an earlier run for
the same state left undone stays together, so that it is tried again by itself and holds up nothing.
"""

from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from zwu_ts_assets.config.environment import Limits
from zwu_ts_assets.orchestration.datasets import Dataset, asset_inputs, asset_names
from zwu_ts_assets.orchestration.refresh.comparison import GONE, OutOfDate
from zwu_ts_assets.orchestration.refresh.decision import Attempt, Decision, decide, of_this_goal
from zwu_ts_assets.orchestration.work import WHOLE

Item = tuple[str, str]
"""An artifact: the asset's name, and the batch index as text or `all`."""


@dataclass(frozen=True)
class Todo:
    """What a run has to make.

    Attributes:
        assets: Names, in an order in which they can be made.
        batches: Batches that any of the per-batch assets among them needs.
    """

    assets: Sequence[str] = ()
    batches: Sequence[int] = ()


def todo(dataset: Dataset, stale: Iterable[OutOfDate]) -> Todo:
    """What a run has to make so that nothing is out of date.

    Args:
        dataset: Whose artifacts they are.
        stale: What is out of date.
    """
    return todo_of(dataset, {item_of(dataset, artifact) for artifact in stale})


def item_of(dataset: Dataset, artifact: OutOfDate) -> Item:
    """The artifact whose making mends one that is out of date; itself, if it should be there.

    Args:
        dataset: Whose artifact it is.
        artifact: What is out of date.
    """
    # Files of vanished batches and assets are removed where the raw table is written.
    if artifact.reason in GONE:
        return dataset.raw_asset, WHOLE
    return artifact.asset, artifact.key


def todo_of(dataset: Dataset, items: Collection[Item]) -> Todo:
    """A run that makes some artifacts.

    Args:
        dataset: Whose artifacts they are.
        items: Which.
    """
    assets = {asset for asset, _ in items}
    batches = sorted({int(key) for _, key in items if key != WHOLE})
    return Todo([name for name in asset_names(dataset) if name in assets], batches)


# A look that asks for thousands of runs takes Dagster longer than the minute that a look has. The
# next one asks for more as soon as some have ended.
_MOST_AT_ONCE: Final = 100

# What one look asks for Dagster starts one after another. A look of somebody else in between, of
# the sensor after one of the schedule, would ask for the rest once more.
_STARTING_SECONDS: Final = 10.0


def decide_parts(
    dataset: Dataset,
    stale: Sequence[OutOfDate],
    goal: str,
    attempts: Sequence[Attempt],
    now: float,
    limits: Limits,
    batches_per_run: int,
) -> tuple[Decision, list[Todo]]:
    """Decide what to do about what is out of date, in runs of so many batches.

    Args:
        dataset: Whose artifacts they are.
        stale: What is out of date.
        goal: Digest of the state that everything should have.
        attempts: Runs since the corpus was last settled, newest first.
        now: Seconds of the epoch.
        limits: How patient to be with each part.
        batches_per_run: At most so many batches in a run, at least 1.

    Returns:
        The decision, and what each run that is to be started has to make.
    """
    under_way = [attempt for attempt in attempts if attempt.ended is None]
    if not stale or any(attempt.goal != goal for attempt in under_way):
        # A run for another state, or by hand, may be making anything.
        return decide(len(stale), goal, attempts, now, limits), []
    if any(0.0 <= now - attempt.asked_for < _STARTING_SECONDS for attempt in under_way):
        return Decision(run=False, reason="runs that were asked for are being started"), []
    items = {item_of(dataset, artifact) for artifact in stale}
    tried = of_this_goal(goal, [attempt for attempt in attempts if attempt.ended is not None])
    covering = _by_item(dataset, tried)
    start: list[Todo] = []
    others: list[Decision] = []
    for part in _parts(dataset, items, _by_item(dataset, under_way), covering, batches_per_run):
        own = sorted({number for item in part for number in covering.get(item, ())})
        decision = decide(len(part), goal, [tried[number] for number in own], now, limits)
        if not decision.run:
            others.append(decision)
        elif len(under_way) + len(start) < _MOST_AT_ONCE:
            start.append(todo_of(dataset, part))
    if start:
        runs = "1 run" if len(start) == 1 else f"{len(start)} runs"
        reason = f"{len(stale)} artifacts are out of date; {runs} to start"
        return Decision(run=True, reason=reason), start
    if under_way:
        return decide(len(stale), goal, under_way, now, limits), []
    # What is waited for is not given up, though another part may be.
    return min(others, key=lambda decision: decision.gave_up), []


def _parts(
    dataset: Dataset,
    items: Collection[Item],
    under_way: Mapping[Item, Sequence[int]],
    tried: Mapping[Item, Sequence[int]],
    batches_per_run: int,
) -> Iterator[list[Item]]:
    """What runs could make now, each in turn."""

    def latest(of: Iterable[Item]) -> int | None:
        """The newest attempt that was to make any of them, if there is one."""
        return min((number for item in of for number in tried.get(item, ())), default=None)

    batches = {key for _, key in items} - {WHOLE}
    alike = len({latest([item]) for item in items}) == 1
    if alike and not under_way and len(batches) <= batches_per_run:
        yield list(items)  # small enough for one run, whatever of it is made from what
        return
    ready = _ready(dataset, items, under_way)
    if whole := [item for item in ready if item[1] == WHOLE]:
        yield whole
    of_batch: dict[int, list[Item]] = {}
    for asset, key in ready:
        if key != WHOLE:
            of_batch.setdefault(int(key), []).append((asset, key))
    groups: dict[int | None, list[int]] = {}
    for batch in sorted(of_batch):
        groups.setdefault(latest(of_batch[batch]), []).append(batch)
    for group in groups.values():
        for first in range(0, len(group), batches_per_run):
            chosen = group[first : first + batches_per_run]
            yield [item for batch in chosen for item in of_batch[batch]]


def _ready(
    dataset: Dataset, items: Collection[Item], under_way: Container[Item]
) -> dict[Item, None]:
    """The items that no run makes yet and whose inputs are current, or made by the same run."""
    ready: dict[Item, None] = {}
    stale_assets = {asset for asset, _ in items}
    for asset, inputs in asset_inputs(dataset).items():
        for item in (item for item in items if item[0] == asset):
            waits = any(
                (name, item[1]) in items and (name, item[1]) not in ready
                if dataset.specs.of(name).per_batch == dataset.specs.of(asset).per_batch
                else name in stale_assets
                for name in inputs
            )
            if not waits and item not in under_way:
                ready[item] = None
    return ready


def _by_item(dataset: Dataset, attempts: Sequence[Attempt]) -> dict[Item, list[int]]:
    """The positions of the attempts that were to make each item, the newest first."""
    found: dict[Item, list[int]] = {}
    for number, attempt in enumerate(attempts):
        for asset in attempt.assets:
            per_batch = dataset.specs.of(asset).per_batch
            for key in map(str, attempt.batches) if per_batch else [WHOLE]:
                found.setdefault((asset, key), []).append(number)
    return found
