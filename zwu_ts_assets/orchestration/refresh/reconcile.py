"""One look at a dataset: compare, tell Dagster the truth, and decide whether to start a run.

What belongs here: gathering what `decision.py` needs, and reporting what was found. What does not:
the comparison (`comparison.py`), the rules (`decision.py`), who calls this and when
(`automation.py`).
"""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

import dagster as dg

from zwu_ts_assets.config.environment import AutomationSettings, automation_settings
from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.orchestration.check_definitions import CSV_CHECK, CURRENT_CHECK
from zwu_ts_assets.orchestration.datasets import Dataset, asset_inputs
from zwu_ts_assets.orchestration.layout import dataset_store
from zwu_ts_assets.orchestration.partitions import register_batches
from zwu_ts_assets.orchestration.refresh.comparison import (
    NOT_ASKED_FOR,
    Difference,
    difference,
    out_of_date_sentence,
    wanted_specs,
)
from zwu_ts_assets.orchestration.refresh.decision import Decision, decide
from zwu_ts_assets.orchestration.refresh.earlier_runs import (
    attempts_since,
    forget_old_runs,
    stillborn_runs,
)
from zwu_ts_assets.orchestration.refresh.todo import Todo, decide_parts, todo
from zwu_ts_assets.orchestration.reports import Reporter
from zwu_ts_assets.orchestration.runs import dead_runs, forget, home_of
from zwu_ts_assets.storage.data_mirror import told
from zwu_ts_assets.storage.places import Place, StoreError

_SOUND: Final = "the CSV can be used"

# Of a CSV that is being written: after so many times the wait for a single change people are told,
# and after so many it is read as it is, since somebody may append to it for ever.
_TOLD_AFTER: Final = 12
_READ_AFTER: Final = 120

# A tick of a sensor has a minute. Telling an instance of an artifact takes some ten milliseconds.
_TOLD_AT_ONCE: Final = 1000


@dataclass(frozen=True)
class Memory:
    """What one look hands on to the next; without it, everything is found out again.

    Attributes:
        seen: Identity of the CSV at the last look: modification time, size, inode.
        seen_since: When it was first seen like that, in seconds of the epoch.
        settled: When nothing was out of date, in seconds of the epoch.
        waiting_since: Since when every look found the CSV being written, likewise; 0.0 if the last
            one did not.
        set_back: When a look found that a time before lies ahead of the clock, likewise.
    """

    seen: tuple[int, ...] = ()
    seen_since: float = 0.0
    settled: float = 0.0
    waiting_since: float = 0.0
    set_back: float = 0.0

    def at(self, now: float, since: float = 0.0) -> "Memory":
        """This memory where no time lies ahead of the clock.

        A clock that was ahead and was set back left times behind that are yet to come. Waited for,
        they would hold everything up for as long as it was ahead; as the time from which attempts
        count, they would let none count, so that nobody ever gave up.

        Args:
            now: In seconds of the epoch.
            since: A further time that is relied on.
        """
        ahead = max(self.seen_since, self.settled, self.waiting_since, since) > now
        return replace(
            self,
            seen_since=min(self.seen_since, now),
            settled=min(self.settled, now),
            waiting_since=min(self.waiting_since, now),
            set_back=now if self.set_back > now or (ahead and not self.set_back) else self.set_back,
        )

    def attempts_from(self, since: float, now: float) -> float:
        """From when attempts count.

        Args:
            since: When somebody last switched the sensor on, in seconds of the epoch.
            now: Likewise.
        """
        return max(since if since <= now else self.set_back, self.settled)

    def text(self) -> str:
        """As text, for a sensor's cursor."""
        return json.dumps(asdict(self))


def memory_of(cursor: str | None) -> Memory:
    """The memory in a sensor's cursor; an empty one, if it is not from this version."""
    try:
        fields = json.loads(cursor or "{}")
        return Memory(**{**fields, "seen": tuple(fields.get("seen", ()))})
    except (ValueError, TypeError, AttributeError):
        # Forgetting costs a wait of a few seconds; insisting would stop the sensor for ever.
        return Memory()


@dataclass(frozen=True)
class Outcome:
    """What came of a look.

    Attributes:
        decision: Whether to start a run, and why or why not.
        todo: Everything that is out of date, as a run would make it.
        goal: The state that is to be reached.
        memory: For the next look.
        runs: What each run that is to be started has to make.
    """

    decision: Decision
    todo: Todo
    goal: str
    memory: Memory
    runs: Sequence[Todo] = ()


def reconcile(
    dataset: Dataset,
    artifacts: Place,
    instance: dg.DagsterInstance,
    settings: AutomationSettings,
    memory: Memory,
    since: float = 0.0,
) -> Outcome:
    """Compare a dataset with its artifacts, report, and decide.

    Args:
        dataset: As its settings say now.
        artifacts: The folder for the outputs of all datasets.
        instance: Dagster's; its list of batches is brought in step, and it is told what is true.
        settings: How patient to be.
        memory: Of the last look.
        since: Attempts before this time do not count, in seconds of the epoch.
    """
    now = time.time()
    memory = memory.at(now, since)
    seen = _identity(dataset.csv)
    if seen != memory.seen:
        memory = replace(memory, seen=seen, seen_since=now)
    moving = _is_moving(memory, now, settings.settle_seconds)
    waited = now - memory.waiting_since if memory.waiting_since else 0.0
    if moving and waited < _READ_AFTER * settings.settle_seconds:
        reason = f"{dataset.csv} is being written; waiting until it stays as it is"
        if waited >= _TOLD_AFTER * settings.settle_seconds:
            reason = _never_still(dataset, waited, settings.settle_seconds)
            store = dataset_store(artifacts, dataset.prefix).look()
            Reporter(instance, dataset, store, asset_inputs(dataset)).check(
                dataset.raw_asset, CSV_CHECK, passed=False, description=reason, error=False
            )
        return _wait(replace(memory, waiting_since=memory.waiting_since or now), reason)
    store = dataset_store(artifacts, dataset.prefix).look()
    reporter = Reporter(instance, dataset, store, asset_inputs(dataset))

    def changed() -> Outcome:
        reason = f"{dataset.csv} changed while it was read"
        if waited >= _TOLD_AFTER * settings.settle_seconds > 0:
            told = f"{reason}, in {waited / 60:.0f} minutes of waiting"
            reporter.check(
                dataset.raw_asset, CSV_CHECK, passed=False, description=told, error=False
            )
        return _wait(replace(memory, waiting_since=memory.waiting_since or now), reason)

    try:
        found = difference(dataset, artifacts, store=store)
    except StoreError:
        raise  # which says nothing about the CSV
    except CorpusError as error:
        if _identity(dataset.csv) != seen:
            return changed()
        sentence = told(str(error))
        report_unusable_csv(reporter, dataset, sentence)
        if not moving:
            memory = replace(memory, waiting_since=0.0)
        return _wait(memory, f"{error} What was made before stays as it is.")
    if _identity(dataset.csv) != seen:
        return changed()
    if not moving:
        memory = replace(memory, waiting_since=0.0)
    reporter.observe_csv(dataset.csv, found.csv_sha256)
    register_batches(instance, dataset)
    fail_dead_runs(artifacts, instance)
    attempts = attempts_since(memory.attempts_from(since, now), dataset, instance, found.batches)
    due, per_run = todo(dataset, found.stale), settings.batches_per_run
    if per_run is None:
        decision = decide(len(found.stale), found.goal, attempts, now, settings.limits)
        runs = [due] if decision.run else []
    else:
        decision, runs = decide_parts(
            dataset, found.stale, found.goal, attempts, now, settings.limits, per_run
        )
    if decision.settled:
        memory = replace(memory, settled=now)
    report_state(reporter, found, decision, settings.verify_hours)
    if settings.keep_runs is not None and not decision.run:
        forget_old_runs(dataset, instance, settings.keep_runs)
    return Outcome(decision, due, found.goal, memory, runs)


def report_state(
    reporter: Reporter, found: Difference, decision: Decision, verify_hours: float
) -> None:
    """Tell an instance which artifacts are current and, by a check for each asset, which are not.

    Args:
        reporter: Of the instance and the dataset.
        found: The comparison.
        decision: What is done about it: it makes the difference between a warning and an error.
        verify_hours: How long such a report keeps the raw table fresh.
    """
    told = reporter.tell_what_is_current(found.current, at_most=_TOLD_AT_ONCE)
    for asset in told:
        for name in reporter.dataset.specs.of(asset).guards:
            reporter.repeat_check(asset, name)
    reporter.renew(reporter.dataset.raw_asset, found.current, verify_hours * 3600 / 4)
    reporter.check(reporter.dataset.raw_asset, CSV_CHECK, passed=True, description=_SOUND)
    for asset in found.assets:
        stale = [item for item in found.stale if item.asset == asset]
        sentence = out_of_date_sentence(stale, found.foreign.get(asset, ()))
        if stale and decision.gave_up:
            sentence += f"; {decision.reason}"
        reporter.check(
            asset,
            CURRENT_CHECK,
            passed=not stale,
            description=sentence,
            error=decision.gave_up,
        )
    _report_not_asked_for(reporter, found.assets)


def _report_not_asked_for(reporter: Reporter, wanted: Sequence[str]) -> None:
    """Take back what was said of assets that nobody asks for: nothing is wrong with them."""
    for asset in reporter.inputs:
        if asset not in wanted:
            reporter.check(asset, CURRENT_CHECK, passed=True, description=NOT_ASKED_FOR)


def report_unusable_csv(reporter: Reporter, dataset: Dataset, sentence: str) -> None:
    """Report a CSV that cannot be used: whether artifacts are what it says, nobody knows.

    Args:
        reporter: Of the instance and the dataset.
        dataset: The dataset.
        sentence: What is wrong with it.
    """
    reporter.check(dataset.raw_asset, CSV_CHECK, passed=False, description=sentence)
    wanted = [dataset.asset_name(spec.name) for spec in wanted_specs(dataset, reporter.store)]
    for asset in wanted:
        reporter.check(
            asset,
            CURRENT_CHECK,
            passed=False,
            description=f"Not known while the CSV cannot be used. {sentence}",
            error=False,
        )
    _report_not_asked_for(reporter, wanted)


def report_comparison(reporter: Reporter, dataset: Dataset, found: Difference) -> None:
    """Report what a comparison found after a run by hand: no further run follows by itself.

    Args:
        reporter: Of the instance and the dataset.
        dataset: The dataset.
        found: The comparison.
    """
    reporter.observe_csv(dataset.csv, found.csv_sha256)
    decision = Decision(run=False, reason="", settled=not found.stale)
    report_state(reporter, found, decision, automation_settings().verify_hours)


def fail_dead_runs(artifacts: Place, instance: dg.DagsterInstance) -> list[str]:
    """End, in the instance, the runs whose process was killed, and remove the locks they left.

    Args:
        artifacts: The folder for the outputs of all datasets.
        instance: Dagster's; locks of runs that it does not know are left to the one that does.

    Returns:
        The ids of the runs that it took for running.
    """
    dead = []
    for run_id in dead_runs(artifacts):
        run = instance.get_run_by_id(run_id)
        if run is None and home_of(artifacts, run_id) != instance.root_directory:
            continue
        # A run that is over has left its lock if it, or who ended it, was killed just then; and one
        # that is not known yet was killed before it began.
        if run is not None and not run.is_finished:
            instance.report_run_failed(run, message="The run's process is gone: it was killed.")
            dead.append(run_id)
        forget(artifacts, run_id)
    for run in stillborn_runs(instance, time.time()):
        instance.report_run_failed(run, message="The run was killed while it was starting.")
        dead.append(run.run_id)
    return dead


def _wait(memory: Memory, reason: str) -> Outcome:
    return Outcome(Decision(run=False, reason=reason), Todo(), "", memory)


def _never_still(dataset: Dataset, waited: float, settle_seconds: float) -> str:
    """Why nothing is made of a CSV that somebody writes all the time."""
    return (
        f"{dataset.csv} has been written to for {waited / 60:.0f} minutes, and never stayed as it "
        f"is for {settle_seconds:g} s (ZWU_TS_SETTLE_SECONDS). It will be read as it is after "
        f"{_READ_AFTER * settle_seconds / 60:.0f} minutes. Write a copy and rename it, or lower "
        "that setting."
    )


def _identity(csv: Path) -> tuple[int, ...]:
    try:
        stat = csv.stat()
    except OSError:  # reading it will say what is wrong
        return ()
    return (stat.st_mtime_ns, stat.st_size, stat.st_ino)


def _is_moving(memory: Memory, now: float, settle_seconds: float) -> bool:
    """Whether a CSV changed so lately that somebody may still be writing it.

    Its modification time alone would do, were it not for files that carry one from elsewhere: a
    copy with the time of its original, or of a machine whose clock is ahead.
    """
    if not memory.seen or now - memory.seen_since >= settle_seconds:
        return False
    age = now - memory.seen[0] / 1e9
    return not age >= settle_seconds
