"""A refresh in runs of n batches: every rule, without Dagster."""

import random
from collections.abc import Collection
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zwu_ts_assets.config.environment import Limits
from zwu_ts_assets.orchestration.chosen_datasets import etth1
from zwu_ts_assets.orchestration.datasets import Dataset
from zwu_ts_assets.orchestration.refresh.comparison import INPUT, SURPLUS, OutOfDate
from zwu_ts_assets.orchestration.refresh.decision import Attempt, Decision
from zwu_ts_assets.orchestration.refresh.todo import Item, Todo, decide_parts
from zwu_ts_assets_tests.project import ASSETS, PER_BATCH

LIMITS = Limits(attempts=3, retry_seconds=60)
TEXTS = ["batch_stats", "vocab", "qwen_tokens"]
# Written down here once more, so that a wrong edge in the package is found.
INPUTS = {
    "etth1_raw": (),
    "batch_windows": ("etth1_raw",),
    "colour_ranges": ("etth1_raw", "batch_windows"),
    "correlation_pngs": ("batch_windows", "colour_ranges"),
    "batch_stats": ("batch_windows",),
    "vocab": ("batch_stats",),
    "qwen_tokens": ("batch_stats",),
    "patch_videos": ("batch_windows", "colour_ranges"),
}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return etth1(tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="module")
def ranged(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """A dataset whose figures need colour ranges, which need all windows."""
    folder = tmp_path_factory.mktemp("ranged")
    (folder / "ETTh1.toml").write_text('colour_range = "train"\n', encoding="utf-8")
    return etth1(folder)


@dataclass
class World:
    """A corpus of which something is out of date, and the runs for it."""

    dataset: Dataset
    stale: set[Item]
    per_run: int = 3
    now: float = 1_000_000.0
    open: list[Attempt] = field(default_factory=list)
    ended: list[Attempt] = field(default_factory=list)  # newest first
    made: list[Item] = field(default_factory=list)

    def look(self) -> tuple[Decision, list[Todo]]:
        """What is decided now."""
        found = [OutOfDate(asset, key, INPUT) for asset, key in sorted(self.stale)]
        return decide_parts(
            self.dataset, found, "a", [*self.open, *self.ended], self.now, LIMITS, self.per_run
        )

    def start(self) -> list[Todo]:
        """Look, and start the runs that are asked for."""
        _, runs = self.look()
        for run in runs:
            name = f"run{len(self.open) + len(self.ended)}"
            assets, batches = frozenset(run.assets), frozenset(run.batches or range(99))
            self.open.append(Attempt("a", None, "", name, assets, batches))
        return runs

    def end(self, number: int = 0, failing: frozenset[Item] = frozenset()) -> None:
        """Let a run make what it can: what is made from what could not be made is left too."""
        run = self.open.pop(number)
        left: set[Item] = set()
        for asset in (name for name in self.dataset_assets() if name in run.assets):
            for item in sorted(item for item in self.stale if item[0] == asset):
                if asset in PER_BATCH and int(item[1]) not in run.batches:
                    continue
                if item in failing or self.inputs_of(item) & (left | failing):
                    left.add(item)
                else:
                    self.stale.discard(item)
                    self.made.append(item)
        why = f"{min(left)} failed" if left else ""
        self.ended.insert(0, Attempt("a", self.now, why, run.run_id, run.assets, run.batches))

    def dataset_assets(self) -> list[str]:
        """The corpus' assets, in an order in which they can be made."""
        ranges = self.dataset.settings.colour_range == "train"
        return [name for name in INPUTS if ranges or name != "colour_ranges"]

    def inputs_of(self, item: Item) -> set[Item]:
        """Those of an artifact's inputs that are out of date."""
        asset, key = item
        return {
            (name, other)
            for name, other in self.stale
            if name in INPUTS[asset]
            and (name not in PER_BATCH or asset not in PER_BATCH or other == key)
        }


def everything(dataset: Dataset, batches: int) -> set[Item]:
    return items(World(dataset, set()).dataset_assets(), range(batches))


def of(runs: list[Todo]) -> list[tuple[list[str], list[int]]]:
    return [(list(run.assets), list(run.batches)) for run in runs]


def test_a_first_build_is_the_table_then_the_batches_in_parallel_then_the_text(
    plain: Dataset,
) -> None:
    world = World(plain, everything(plain, 8))
    assert of(world.start()) == [(["etth1_raw"], [])]
    assert world.start() == []
    world.end()
    assert of(world.start()) == [
        (list(PER_BATCH), [0, 1, 2]),
        (list(PER_BATCH), [3, 4, 5]),
        (list(PER_BATCH), [6, 7]),
    ]
    for _ in range(3):
        assert world.start() == []
        assert "in progress" in world.look()[0].reason
        world.end()
    assert of(world.start()) == [(TEXTS, [])]
    world.end()
    assert world.look()[0].settled
    assert sorted(world.made) == sorted(everything(plain, 8))


def test_what_fits_into_one_run_is_one_run_with_the_text(plain: Dataset) -> None:
    changed = everything(plain, 10) - {
        (asset, str(batch)) for asset in PER_BATCH for batch in range(10) if batch not in (2, 7)
    }
    assert of(World(plain, changed).look()[1]) == [(list(ASSETS), [2, 7])]


def test_colour_ranges_are_fitted_between_the_windows_and_the_figures(ranged: Dataset) -> None:
    world = World(ranged, everything(ranged, 5))
    phases = []
    while runs := world.start():
        phases.append(of(runs))
        for _ in runs:
            world.end()
    figures = ["correlation_pngs", "patch_videos"]
    assert phases == [
        [(["etth1_raw"], [])],
        [(["batch_windows"], [0, 1, 2]), (["batch_windows"], [3, 4])],
        [
            (["colour_ranges", *TEXTS], []),
        ],
        [(figures, [0, 1, 2]), (figures, [3, 4])],
    ]


def test_vanished_batches_go_with_the_table_and_hold_up_nothing_that_has_its_inputs(
    plain: Dataset,
) -> None:
    stale = [OutOfDate("patch_videos", "9", SURPLUS)]
    stale += [OutOfDate("patch_videos", str(batch), INPUT) for batch in range(4)]
    stale += [OutOfDate("batch_windows", "3", INPUT)]
    _, runs = decide_parts(plain, stale, "a", [], 0.0, LIMITS, 3)
    assert of(runs) == [(["etth1_raw"], []), (["patch_videos"], [0, 1, 2])]


@pytest.mark.parametrize("goal", ["b", ""])
def test_a_run_for_another_state_or_by_hand_is_waited_for(plain: Dataset, goal: str) -> None:
    world = World(plain, {("patch_videos", str(batch)) for batch in range(9)})
    world.open.append(Attempt(goal, None, "", "other", frozenset({"vocab"})))
    decision, runs = world.look()
    assert runs == []
    assert decision.reason == "run other is in progress"


def test_what_a_run_under_way_makes_is_left_to_it(plain: Dataset) -> None:
    world = World(plain, {("patch_videos", str(batch)) for batch in range(9)})
    films, batches = frozenset({"patch_videos"}), frozenset({3, 4, 5})
    world.open.append(Attempt("a", None, "", "other", films, batches))
    assert of(world.start()) == [(["patch_videos"], [0, 1, 2]), (["patch_videos"], [6, 7, 8])]
    assert world.start() == []


def test_who_looks_while_runs_are_being_started_asks_for_none_of_them_again(
    plain: Dataset,
) -> None:
    world = World(plain, {("patch_videos", str(batch)) for batch in range(9)})
    films, first = frozenset({"patch_videos"}), frozenset({0, 1, 2})
    world.open.append(Attempt("a", None, "", "first", films, first, asked_for=world.now - 1))
    decision, runs = world.look()
    assert (decision.run, runs) == (False, [])
    assert decision.reason == "runs that were asked for are being started"
    # Whoever was to start them may have been killed.
    world.now += 10
    assert of(world.start()) == [(["patch_videos"], [3, 4, 5]), (["patch_videos"], [6, 7, 8])]


def test_a_part_that_fails_is_tried_again_by_itself_and_after_a_wait(plain: Dataset) -> None:
    world = World(plain, everything(plain, 6) - {("etth1_raw", "all")})
    assert len(world.start()) == 2
    world.end(0, failing=frozenset({("patch_videos", "1")}))
    assert world.start() == []  # the other is still at work, and the wait has not passed
    world.now += 61
    assert of(world.start()) == [(["patch_videos"], [1])]
    world.end(0)
    assert of(world.start()) == [(TEXTS, [])]


def test_what_fails_for_ever_is_given_up_and_holds_up_nothing_else(plain: Dataset) -> None:
    world = World(plain, everything(plain, 6))
    broken = frozenset({("patch_videos", "1")})
    for _ in range(40):
        world.start()
        while world.open:
            world.end(0, failing=broken)
        world.now += 200
    decision, runs = world.look()
    assert (decision.gave_up, runs) == (True, [])
    assert "gave up after attempt 3 of 3: ('patch_videos', '1') failed" in decision.reason
    assert world.stale == broken
    assert len(world.made) == len(set(world.made))


def test_a_given_up_part_does_not_hide_that_another_is_only_waiting(plain: Dataset) -> None:
    world = World(plain, {("patch_videos", str(batch)) for batch in range(6)})
    films = frozenset({"patch_videos"})
    tried = [Attempt("a", world.now, "no", f"run{i}", films, frozenset({0})) for i in range(3)]
    other = Attempt("a", world.now, "no", "run9", films, frozenset({5}))
    world.stale -= {("patch_videos", str(batch)) for batch in range(1, 5)}
    world.ended = [other, *tried]
    decision, _ = world.look()
    assert not decision.gave_up
    assert "attempt 1 of 3 failed; the next in 60 s" in decision.reason


def test_a_single_run_that_failed_is_tried_again_as_it_was(plain: Dataset) -> None:
    world = World(plain, {("patch_videos", "1"), ("vocab", "all")})
    assert len(world.start()) == 1
    world.end(0, failing=frozenset(world.stale))
    assert "attempt 1 of 3 failed" in world.look()[0].reason
    world.now += 61
    assert of(world.start()) == [(["vocab", "patch_videos"], [1])]


def test_no_more_than_a_hundred_runs_wait_at_once(plain: Dataset) -> None:
    world = World(plain, everything(plain, 250) - {("etth1_raw", "all")}, per_run=1)
    assert len(world.start()) == 100
    assert world.start() == []
    world.end()
    assert of(world.start()) == [(list(PER_BATCH), [100])]


@given(
    ranges=st.booleans(), batches=st.integers(1, 12), per_run=st.integers(1, 5), seed=st.integers(0)
)
def test_whatever_fails_everything_is_made_once_and_never_before_its_inputs(
    plain: Dataset, ranged: Dataset, ranges: bool, batches: int, per_run: int, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - which runs end, and when
    dataset = ranged if ranges else plain
    whole = everything(dataset, batches)
    world = World(dataset, set(whole), per_run)
    failing = frozenset(chance.sample(sorted(whole), 3))
    runs = 0
    while not world.look()[0].settled:
        covered = {item for run in world.open for item in items(run.assets, run.batches)}
        started = world.start()
        for run in started:
            made = items(run.assets, run.batches) & world.stale
            assert len(run.batches) <= per_run
            assert not made & covered
            covered |= made
            # A run for everything that is out of date brings the inputs along.
            assert all(world.inputs_of(item) <= made for item in made)
        runs += len(started)
        assert runs < 100
        if world.open and chance.random() < 0.5:
            world.end(chance.randrange(len(world.open)), failing)
            failing = frozenset()
        world.now += chance.choice([1.0, 200.0])
    assert sorted(world.made) == sorted(whole)


def items(assets: Collection[str], batches: Collection[int]) -> set[Item]:
    return {
        (asset, key)
        for asset in assets
        for key in (map(str, batches) if asset in PER_BATCH else ["all"])
    }
