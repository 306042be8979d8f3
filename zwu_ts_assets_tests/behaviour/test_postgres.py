"""One instance in PostgreSQL: runs of n batches that really go in parallel, and `make run` too."""

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import dagster as dg
import pytest
import yaml
from click.testing import CliRunner

from zwu_ts_assets import cli
from zwu_ts_assets.orchestration.chosen_datasets import etth1
from zwu_ts_assets.orchestration.partitions import register_batches
from zwu_ts_assets_tests.daemon import Watched, of_batches, rewritten
from zwu_ts_assets_tests.postgres import CONFIGURATION, postgres_server
from zwu_ts_assets_tests.project import PER_BATCH, SETTINGS, Project, write_csv

BATCHES = 12
TEXTS = {"batch_stats", "vocab", "qwen_tokens"}


@pytest.fixture(scope="module")
def server() -> Iterator[dict[str, str]]:
    """What a user of a new server finds in the environment."""
    with postgres_server() as environment:
        yield environment


@pytest.fixture
def watched(
    server: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Watched]:
    """A project of twelve batches whose instance is deployed as `deployment/` says."""
    for name, value in server.items():
        monkeypatch.setenv(name, value)
    configuration = yaml.safe_load(CONFIGURATION.read_text("utf-8"))
    configuration["concurrency"]["runs"]["max_concurrent_runs"] = 3
    configuration["run_queue"] = {"dequeue_interval_seconds": 1}
    watched = Watched(tmp_path / "project", 24 * BATCHES + 5, yaml.safe_dump(configuration))
    yield watched
    watched.stop()


def names(run: dg.DagsterRun) -> set[str]:
    return {key.to_user_string() for key in run.asset_selection or ()}


def most_at_once(records: Sequence[dg.RunRecord]) -> int:
    """How many of some runs were under way at the same moment."""
    moments = [(record.start_time or 0.0, 1) for record in records]
    moments += [(record.end_time or 0.0, -1) for record in records]
    depth, deepest = 0, 0
    for _, step in sorted(moments):
        depth += step
        deepest = max(deepest, depth)
    return deepest


@pytest.mark.slow
def test_runs_of_three_batches_go_in_parallel_and_make_what_one_run_makes(
    watched: Watched, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "alone").mkdir()
    alone = Project(tmp_path / "alone", rows=24 * BATCHES + 5)
    assert alone.materialize(batches=(0, BATCHES - 1)).success
    assert type(watched.instance.event_log_storage).__name__ == "PostgresEventLogStorage"

    watched.start(ZWU_TS_BATCHES_PER_RUN="3")
    watched.settle(seconds=400)  # six runs, each with a start-up of its own

    assert {name: data for name, (_, data) in watched.files().items()} == alone.files()
    records = watched.instance.get_run_records()[::-1]
    table, *parts, texts = (record.dagster_run for record in records)
    assert all(record.dagster_run.is_success for record in records)
    assert (names(table), names(texts)) == ({"etth1_raw"}, TEXTS)
    assert [names(run) for run in parts] == [set(PER_BATCH)] * 4
    chosen = sorted(run.tags["zwu_ts_assets/batches"] for run in parts)
    assert chosen == ["0-2", "3-5", "6-8", "9-11"]
    assert 2 <= most_at_once(records[1:-1]) <= 3
    for earlier, later in pairwise((records[:1], records[1:-1], records[-1:])):
        first = min(record.start_time or 0.0 for record in later)
        assert max(record.end_time or 0.0 for record in earlier) < first
    assert set(made(watched).values()) == {1}
    assert len(made(watched)) == 4 + len(PER_BATCH) * BATCHES

    before = watched.files()
    watched.change(5, 99.5)
    watched.settle(seconds=400)
    (small,) = watched.runs()[len(records) :]
    assert small.tags["zwu_ts_assets/batches"] == "5"
    assert names(small) == {"etth1_raw", *PER_BATCH, *TEXTS}
    per_batch = {name for name in rewritten(before, watched.files()) if "batch_5." in name}
    assert per_batch == of_batches([5])

    watched.stop()
    film = watched.artifacts / "patch_videos" / "batch_7.mp4"
    film.unlink()
    for name, value in watched.environment.items():
        monkeypatch.setenv(name, value)
    by_hand = CliRunner().invoke(cli.main, ["run", "--workers", "1"])
    assert by_hand.exit_code == 0, by_hand.output
    assert film.read_bytes() == before["patch_videos/batch_7.mp4"][1]
    assert names(watched.runs()[-1]) == {"patch_videos"}


def made(watched: Watched) -> Counter[tuple[str, str | None]]:
    """How often each artifact was made, by asset and batch, as runs have told."""
    found: Counter[tuple[str, str | None]] = Counter()
    for asset in ("etth1_raw", *PER_BATCH, *TEXTS):
        events = watched.instance.fetch_materializations(dg.AssetKey(asset), limit=1000)
        for event in (record.asset_materialization for record in events.records):
            assert event is not None
            told = {name: entry.value for name, entry in event.metadata.items()}
            details = told.get("details", {})  # of a batch; of others, each is an entry
            assert isinstance(details, dict)
            if {**told, **details}["rewritten"]:
                found[asset, event.partition] += 1
    return found


def test_two_processes_may_tell_the_same_batches_at_once(
    server: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in server.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "dagster.yaml").write_bytes(CONFIGURATION.read_bytes())
    write_csv(tmp_path / "ETTh1.csv", 24 * 40)
    (tmp_path / "ETTh1.toml").write_text(SETTINGS, encoding="utf-8")
    both, found = threading.Barrier(2), []

    def register() -> None:
        with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
            both.wait()
            found.append(register_batches(instance, etth1(tmp_path)))

    threads = [threading.Thread(target=register) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [40, 40]
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        registered = instance.get_dynamic_partitions("etth1_batches")
    assert sorted(registered, key=int) == [str(batch) for batch in range(40)]
