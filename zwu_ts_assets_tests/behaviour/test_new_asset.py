"""An asset that is described here alone: it is made, kept current, repaired, retired and shown.

Nothing in the package knows of it: it is one `AssetSpec` and the functions that this names.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest

from zwu_ts_assets.orchestration.asset_spec import AssetSpec, Specs
from zwu_ts_assets.orchestration.build import build_definitions
from zwu_ts_assets.orchestration.contexts import AssetRun, CheckRun, Inputs
from zwu_ts_assets.orchestration.datasets import Dataset, asset_names
from zwu_ts_assets.orchestration.refresh.comparison import (
    CODE,
    DAMAGED,
    FOLLOWS,
    INPUT,
    MISSING,
    SWITCHED_OFF,
    OutOfDate,
    out_of_date,
)
from zwu_ts_assets.orchestration.specs import SPECS
from zwu_ts_assets.orchestration.work import Batches, Check, Make, Origin, Product, Verdict, once
from zwu_ts_assets_tests.project import SETTINGS, Project, checks, metadata, write_csv

ON = SETTINGS + 'title = "Ranges"\n'


def range_of(run: AssetRun, windows: Batches) -> Make:
    """What makes the smallest and the largest value of each batch."""

    def make(key: str) -> Product[dict[str, bytes]]:
        (window,) = windows[int(key)].windows
        found = [float(window.values.min()), float(window.values.max())]
        text = json.dumps(
            [round(value * 10**run.dataset.settings.shard_samples) for value in found]
        )
        return Product({"range": text.encode("ascii")}, {"low": found[0]}, preview=f"`{text}`")

    return lambda keys: map(make, keys)


def from_windows(inputs: Inputs, keys: Sequence[str]) -> dict[str, Origin]:
    """A range is made from its window."""
    windows = inputs.records["batch_windows"]
    return {key: Origin(windows[key].version) for key in keys if key in windows}


def widest(run: AssetRun, ranges: Batches) -> Make:
    """What makes the number of ranges."""
    return once(lambda: Product({"count": str(len(ranges)).encode("ascii")}))


def from_ranges(inputs: Inputs, keys: Sequence[str]) -> dict[str, Origin]:
    """The count is made from all ranges."""
    return {"all": Origin(json.dumps(inputs.versions("ranges")))}


def in_order(run: CheckRun, ranges: Batches) -> Verdict:
    """Compare the two numbers of each range."""
    wrong = [batch for batch in run.chosen(ranges) if not in_order_alone(ranges[batch])]
    return Verdict(not wrong, f"batches {wrong}" if wrong else "", {"wrong": wrong})


def in_order_alone(files: Mapping[str, bytes]) -> bool:
    """Whether a range does not end before it begins."""
    low, high = json.loads(files["range"])
    return bool(low <= high)


RANGES = AssetSpec(
    name="ranges",
    description="The smallest and the largest value of each batch.",
    inputs={"windows": "batch_windows"},
    origins=from_windows,
    body=range_of,
    files={"range": "ranges/batch_{key}.json"},
    details={"low": float},
    settings=("shard_samples",),
    checks=(Check(name="in_order", description="Low before high.", verify=in_order),),
    per_batch=True,
    kinds=frozenset({"json"}),
    enabled_by=("title", "Ranges"),
)
COUNT = AssetSpec(
    name="count",
    description="How many ranges there are.",
    inputs={"ranges": "ranges"},
    origins=from_ranges,
    body=widest,
    files={"count": "ranges/count.txt"},
    settings=(),
    kinds=frozenset({"text"}),
    enabled_by=("title", "Ranges"),
)


class Extended(Project):
    """A project whose corpus has these assets too."""

    @property
    def dataset(self) -> Dataset:
        """The dataset as its settings file describes it now."""
        return replace(super().dataset, specs=Specs((*SPECS, RANGES, COUNT)))

    def stale(self) -> set[OutOfDate]:
        """What is out of date."""
        return set(out_of_date(self.dataset, self.artifacts))

    def ranges(self) -> dict[str, str]:
        """The files of the new assets."""
        return {
            name: data.decode("ascii")
            for name, data in self.files().items()
            if name.startswith("ranges/")
        }


@pytest.fixture
def made(tmp_path: Path) -> Extended:
    project = Extended(tmp_path, settings=ON)
    assert {item for item in project.stale() if item.asset in ("ranges", "count")} == {
        *(OutOfDate("ranges", key, MISSING) for key in "012"),
        OutOfDate("count", "all", FOLLOWS),
    }
    assert project.materialize(batches=(0, 2)).success
    assert project.stale() == set()
    return project


def test_it_is_in_the_lineage_and_what_it_made_is_shown(made: Extended) -> None:
    definitions = build_definitions([made.dataset], made.artifacts)
    (node,) = (
        spec for spec in definitions.resolve_all_asset_specs() if spec.key == dg.AssetKey("ranges")
    )
    assert {dependency.asset_key.path[-1] for dependency in node.deps} == {"batch_windows"}
    assert node.description == RANGES.description
    assert asset_names(made.dataset)[-2:] == ["ranges", "count"]
    assert set(made.ranges()) == {
        "ranges/count.txt",
        *(f"ranges/batch_{batch}.json" for batch in range(3)),
    }
    told = metadata(made, "ranges", 1)
    assert told["preview"] == f"`{made.ranges()['ranges/batch_1.json']}`"
    assert "low" in told


def test_it_is_refreshed_after_a_change_of_its_input_and_of_its_settings(made: Extended) -> None:
    before = made.ranges()
    write_csv(made.csv, 96)  # a fourth batch
    made.configure(ON)
    new = {item for item in made.stale() if item.asset in ("ranges", "count")}
    assert new == {OutOfDate("ranges", "3", MISSING), OutOfDate("count", "all", FOLLOWS)}
    assert made.materialize(batches=(0, 3)).success
    assert made.ranges()["ranges/count.txt"] == "4"
    assert before.items() - {("ranges/count.txt", "3")} <= made.ranges().items()
    made.configure(ON + "shard_samples = 2\n")
    new = {item for item in made.stale() if item.asset in ("ranges", "count")}
    assert new == {
        *(OutOfDate("ranges", key, CODE) for key in "0123"),
        OutOfDate("count", "all", FOLLOWS),
    }
    write_csv(made.csv, 96, seed=8)
    assert made.materialize(batches=(0, 3)).success
    assert made.stale() == set()
    assert not before.items() & made.ranges().items()


def test_its_check_runs_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = Extended(tmp_path, settings=ON)
    assert checks(project.materialize(batches=(0, 2)))["in_order"]
    monkeypatch.setitem(globals(), "in_order_alone", lambda files: False)
    assert not checks(project.materialize("ranges", batches=(0, 2)))["in_order"]


def test_a_changed_value_concerns_its_batch_alone(made: Extended) -> None:
    lines = made.csv.read_text(encoding="utf-8").splitlines()
    cells = lines[30].split(",")  # a row of batch 1
    lines[30] = ",".join([*cells[:-1], "999.5"])
    made.csv.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert {item for item in made.stale() if item.asset == "ranges"} == {
        OutOfDate("ranges", "1", INPUT)
    }


def test_it_is_repaired_after_damage(made: Extended) -> None:
    before = made.ranges()
    (made.artifacts / "ranges" / "batch_1.json").write_text("[", encoding="ascii")
    assert made.stale() == {
        OutOfDate("ranges", "1", DAMAGED),
        OutOfDate("count", "all", FOLLOWS),
    }
    assert made.materialize("ranges", "count", batches=(0, 2)).success
    assert made.ranges() == before
    assert made.stale() == set()


def test_it_is_retired_when_it_is_switched_off(made: Extended) -> None:
    made.configure(SETTINGS)
    assert "ranges" not in asset_names(made.dataset)
    gone = {item for item in made.stale() if item.reason == SWITCHED_OFF}
    assert gone == {
        *(OutOfDate("ranges", key, SWITCHED_OFF) for key in "012"),
        OutOfDate("count", "all", SWITCHED_OFF),
    }
    assert made.materialize("etth1_raw").success
    assert made.ranges() == {}
    assert made.stale() == set()


def test_batches_that_are_no_more_lose_it(made: Extended) -> None:
    write_csv(made.csv, 50)
    assert made.materialize(batches=(0, 1)).success
    assert set(made.ranges()) == {
        "ranges/count.txt",
        *(f"ranges/batch_{batch}.json" for batch in range(2)),
    }
    assert made.stale() == set()
