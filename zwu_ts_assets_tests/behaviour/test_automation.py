"""CSVs change while a real daemon looks on: the runs it launches, and the files they rewrite."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from itertools import pairwise

import dagster as dg
import pytest

from zwu_ts_assets_tests.daemon import (
    ROWS,
    TEXTS,
    Watched,
    of_batches,
    processes_holding,
    rewritten,
    with_value,
)
from zwu_ts_assets_tests.project import ASSETS, SETTINGS, check_of, write_csv

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """One daemon for the tests that leave it as they found it: running, everything current."""
    watched = Watched(tmp_path_factory.mktemp("watched") / "project")
    watched.start()
    yield watched
    watched.stop()


@pytest.fixture
def watched(shared_folder: Watched) -> Watched:
    shared_folder.settle()
    return shared_folder


def test_on_a_fresh_instance_everything_is_made_in_one_run_without_a_click(
    shared_folder: Watched,
) -> None:
    shared_folder.settle()
    (run,) = shared_folder.runs()
    assert run.is_success
    assert {key.to_user_string() for key in run.asset_selection or ()} == set(ASSETS)
    assert of_batches(range(6)) | TEXTS <= set(shared_folder.files())
    assert shared_folder.instance.get_dynamic_partitions("etth1_batches") == list("012345")


def test_a_batch_of_appended_rows_is_made_and_the_text_once(watched: Watched) -> None:
    before, runs = watched.files(), watched.runs()
    write_csv(watched.csv, ROWS + 24)
    watched.settle()
    (run,) = watched.runs()[len(runs) :]
    assert run.is_success
    assert rewritten(before, watched.files()) == of_batches([6]) | TEXTS | {"etth1_raw.parquet"}


def test_of_a_corrected_value_only_its_batch_is_made_again(watched: Watched) -> None:
    before, runs = watched.files(), watched.runs()
    watched.change(2, 77.5)
    watched.settle()
    assert len(watched.runs()) == len(runs) + 1
    changed = rewritten(before, watched.files())
    assert changed - TEXTS == of_batches([2]) | {"etth1_raw.parquet"}


def test_of_two_batches_far_apart_those_are_made_and_not_the_span_between(
    watched: Watched,
) -> None:
    before, runs = watched.files(), watched.runs()
    films = events(watched, "patch_videos")
    watched.replace_csv(with_value(watched.csv.read_text("utf-8"), {0: 55.5, 5: 66.5}))
    watched.settle()
    assert len(watched.runs()) == len(runs) + 1
    changed = rewritten(before, watched.files())
    assert changed - TEXTS == of_batches([0, 5]) | {"etth1_raw.parquet"}
    assert events(watched, "patch_videos") == films + 2


def test_a_csv_touched_or_written_anew_with_equal_content_starts_no_run(watched: Watched) -> None:
    before, runs = watched.files(), watched.runs()
    watched.csv.touch()
    watched.settle()
    watched.replace_csv(watched.csv.read_text("utf-8"))
    watched.settle()
    assert watched.runs() == runs
    assert rewritten(before, watched.files()) == set()


def test_a_changed_setting_remakes_what_depends_on_it_and_nothing_else(watched: Watched) -> None:
    before, runs = watched.files(), watched.runs()
    watched.toml.write_text(SETTINGS.replace("patch_stride = 6", "patch_stride = 12"), "utf-8")
    watched.settle()
    (run,) = watched.runs()[len(runs) :]
    assert {key.to_user_string() for key in run.asset_selection or ()} == {"patch_videos"}
    changed = rewritten(before, watched.files())
    assert changed
    assert {name.split("/")[0] for name in changed} == {"patch_videos"}


def test_a_broken_csv_leaves_the_last_good_corpus_and_starts_no_run(watched: Watched) -> None:
    before, runs = watched.files(), watched.runs()
    good = watched.csv.read_text("utf-8")
    lines = good.splitlines(keepends=True)
    lines[40] = lines[40].rsplit(",", 1)[0] + ",oops\n"
    watched.replace_csv("".join(lines))
    watched.wait_for_tick("oops")
    check = check_of(watched.instance, "etth1_raw", "csv_is_sound")
    assert not check.passed
    assert check.severity == dg.AssetCheckSeverity.ERROR
    assert "line 41" in (check.description or "")
    watched.wait_for_tick("oops")
    assert watched.runs() == runs
    assert rewritten(before, watched.files()) == set()
    watched.replace_csv(good)
    watched.settle()
    assert check_of(watched.instance, "etth1_raw", "csv_is_sound").passed
    assert watched.runs() == runs


def test_a_csv_under_the_pen_is_waited_for_and_read_once(watched: Watched) -> None:
    runs = watched.runs()
    lines = with_value(watched.csv.read_text("utf-8"), {1: 44.5}).splitlines(keepends=True)

    def write_slowly() -> None:
        with watched.csv.open("w", encoding="utf-8") as file:
            for start in range(0, len(lines), 20):
                file.writelines(lines[start : start + 20])
                file.flush()
                time.sleep(0.5)

    writer = threading.Thread(target=write_slowly)
    writer.start()
    watched.wait_for_tick("is being written")
    writer.join()
    watched.settle()
    (run,) = watched.runs()[len(runs) :]
    assert run.is_success
    assert run.tags["zwu_ts_assets/batches"] == "1"


def test_what_was_deleted_or_cut_short_by_hand_is_restored(watched: Watched) -> None:
    before, runs = watched.files(), watched.runs()
    (watched.artifacts / "correlations" / "batch_1.png").unlink()
    os.truncate(watched.artifacts / "patch_videos" / "batch_4.mp4", 100)
    (watched.artifacts / "correlations" / "batch_stats.txt").unlink()
    watched.settle()
    assert len(watched.runs()) == len(runs) + 1
    after = watched.files()
    assert {name: content for name, (_, content) in after.items()} == {
        name: content for name, (_, content) in before.items()
    }
    assert rewritten(before, after) == {
        "correlations/batch_1.png",
        "patch_videos/batch_4.mp4",
        "correlations/batch_stats.txt",
    }


def test_a_killed_run_is_ended_and_what_it_left_undone_is_made(watched: Watched) -> None:
    runs = watched.runs()
    write_csv(watched.csv, ROWS, seed=8)
    watched.wait(lambda: len(watched.runs()) > len(runs), "a run")
    run = watched.runs()[-1]
    lock = watched.artifacts / ".runs" / run.run_id
    film = watched.artifacts / "patch_videos" / "batch_0.mp4"
    old = film.stat().st_mtime_ns
    watched.wait(lambda: film.stat().st_mtime_ns != old, "the first film")
    for process in processes_holding(lock):
        os.kill(process, signal.SIGKILL)
    first = watched.files()["patch_videos/batch_0.mp4"]
    watched.settle()
    killed, *further = watched.runs()[len(runs) :]
    assert killed.status is dg.DagsterRunStatus.FAILURE
    assert [run.is_success for run in further] == [True]
    assert watched.files()["patch_videos/batch_0.mp4"] == first
    assert not lock.exists()


def test_a_run_that_fails_is_retried_given_up_and_taken_up_after_a_change(
    watched: Watched,
) -> None:
    runs = watched.runs()
    film = watched.artifacts / "patch_videos" / "batch_3.mp4"
    film.unlink()
    film.mkdir()  # no file can be moved into its place
    watched.wait_for_tick("gave up after attempt 3 of 3")
    failed = watched.runs()[len(runs) :]
    assert [run.status for run in failed] == [dg.DagsterRunStatus.FAILURE] * 3
    told = [watched.instance.get_run_stats(run.run_id) for run in failed]
    # From the end of one attempt to the next: how long a run takes says nothing of the waits.
    waits = [(b.launch_time or 0) - (a.end_time or 0) for a, b in pairwise(told)]
    seconds = float(watched.environment["ZWU_TS_RETRY_SECONDS"])
    assert waits[0] >= seconds
    assert waits[1] >= 2 * seconds
    check = check_of(watched.instance, "patch_videos", "is_current")
    assert check.severity == dg.AssetCheckSeverity.ERROR
    assert "batch_3.mp4" in (check.description or "")
    film.rmdir()
    watched.change(4, 33.5)
    watched.settle()
    assert film.is_file()
    assert check_of(watched.instance, "patch_videos", "is_current").passed


def test_a_csv_that_shrinks_takes_its_batches_along(watched: Watched) -> None:
    write_csv(watched.csv, 24 * 4 + 3)
    watched.settle()
    left = {name for name in watched.files() if "batch_4." in name or "batch_5." in name}
    assert left == set()
    assert watched.instance.get_dynamic_partitions("etth1_batches") == list("0123")
    write_csv(watched.csv, ROWS)
    watched.settle()
    assert of_batches(range(6)) <= set(watched.files())


def events(watched: Watched, asset: str) -> int:
    return len(watched.instance.fetch_materializations(dg.AssetKey(asset), limit=1000).records)
