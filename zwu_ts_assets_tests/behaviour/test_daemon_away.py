"""A daemon that is stopped or killed, and comes back to another CSV, a torn run or other code."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from zwu_ts_assets_tests.daemon import TEXTS, Watched, is_finished, of_batches, rewritten

pytestmark = pytest.mark.slow


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Watched]:
    """A project of its own, whose daemon a test starts and stops itself."""
    watched = Watched(tmp_path / "project")
    yield watched
    watched.stop(signal.SIGKILL)


def test_what_changed_while_the_daemon_was_away_is_caught_up(own: Watched) -> None:
    own.start()
    own.settle()
    own.stop()
    before = own.files()
    own.change(3, 99.5)
    own.start()
    own.settle()
    assert [run.is_success for run in own.runs()] == [True, True]
    changed = rewritten(before, own.files())
    assert changed - TEXTS == of_batches([3]) | {"etth1_raw.parquet"}


def test_a_killed_daemon_takes_its_run_along_and_the_next_one_finishes(own: Watched) -> None:
    own.start()
    own.wait(lambda: (own.artifacts / "correlations" / "batch_2.png").exists(), "a figure")
    own.stop(signal.SIGKILL)
    assert not is_finished(own.runs()[0])
    own.start()
    own.settle()
    assert [run.status for run in own.runs()] == [
        dg.DagsterRunStatus.FAILURE,
        dg.DagsterRunStatus.SUCCESS,
    ]
    assert of_batches(range(6)) | TEXTS <= set(own.files())
    assert not list(own.artifacts.rglob("*.tmp"))


def test_a_raised_code_version_remakes_its_asset_and_what_its_content_changes(
    own: Watched, tmp_path: Path
) -> None:
    (tmp_path / "raised.py").write_text(
        "from dataclasses import replace\n"
        "from zwu_ts_assets.orchestration.build import defined\n"
        "from zwu_ts_assets.orchestration.specs import SPECS, Specs\n"
        "from zwu_ts_assets.text import stats\n"
        "lines = stats.stats_lines\n"
        "stats.stats_lines = lambda *a: [l.replace('Var=', 'Var=1') for l in lines(*a)]\n"
        "raised = {'batch_stats': '2'}\n"
        "defs = defined(Specs(tuple(\n"
        "    replace(spec, code_version=raised.get(spec.name, spec.code_version))\n"
        "    for spec in SPECS\n"
        ")))\n",
        encoding="utf-8",
    )
    own.start()
    own.settle()
    own.stop()
    before = own.files()
    own.start(
        "raised", PYTHONPATH=os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    )
    own.settle()
    run = own.runs()[-1]
    names = {key.to_user_string() for key in run.asset_selection or ()}
    assert names == {"batch_stats", "vocab", "qwen_tokens"}
    assert rewritten(before, own.files()) == TEXTS
