"""What is out of date is told artifact by artifact, with the reason, without running anything."""

from pathlib import Path

import pytest

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.orchestration.refresh.comparison import (
    CODE,
    DAMAGED,
    FOLLOWS,
    INPUT,
    MISSING,
    OutOfDate,
    out_of_date,
)
from zwu_ts_assets_tests.project import PER_BATCH, SETTINGS, Project, write_csv


def stale(project: Project) -> set[OutOfDate]:
    return set(out_of_date(project.dataset, project.artifacts))


def test_at_first_everything_is_missing(tmp_path: Path) -> None:
    found = stale(Project(tmp_path))
    assert {item.reason for item in found} == {MISSING, FOLLOWS}
    assert len(found) == 3 * len(PER_BATCH) + 4


def test_after_a_run_nothing_is_out_of_date(built: Project) -> None:
    assert stale(built) == set()


def test_a_touched_csv_makes_nothing_out_of_date(built: Project) -> None:
    built.csv.touch()
    assert stale(built) == set()


def test_a_changed_setting_concerns_only_what_depends_on_it(built: Project) -> None:
    built.configure(SETTINGS.replace("patch_stride = 6", "patch_stride = 12"))
    assert stale(built) == {OutOfDate("patch_videos", str(b), CODE) for b in range(3)}


def test_appended_rows_concern_the_new_batch_and_the_target_of_the_one_before(
    built: Project,
) -> None:
    write_csv(built.csv, 96)
    found = stale(built)
    assert {item for item in found if item.key == "3"} == {
        OutOfDate(asset, "3", MISSING) for asset in PER_BATCH
    }
    assert {item for item in found if item.key == "2"} == {
        OutOfDate("batch_windows", "2", INPUT),
        OutOfDate("patch_videos", "2", INPUT),
    }
    assert not {item for item in found if item.key in ("0", "1")}
    assert {item.asset for item in found if item.key == "all"} == {
        "etth1_raw",
        "batch_stats",
        "vocab",
        "qwen_tokens",
    }


def test_a_deleted_or_damaged_artifact_is_told(built: Project) -> None:
    (built.artifacts / "correlations" / "batch_1.png").unlink()
    (built.artifacts / "correlations" / "vocab.json").write_bytes(b"{")
    assert stale(built) == {
        OutOfDate("correlation_pngs", "1", DAMAGED),
        OutOfDate("vocab", "all", DAMAGED),
    }


def test_a_deleted_stats_text_makes_what_follows_from_it_out_of_date(built: Project) -> None:
    (built.artifacts / "correlations" / "batch_stats.txt").unlink()
    assert stale(built) == {
        OutOfDate("batch_stats", "all", DAMAGED),
        OutOfDate("vocab", "all", FOLLOWS),
        OutOfDate("qwen_tokens", "all", FOLLOWS),
    }


def test_a_broken_csv_is_refused_before_anything_is_run(built: Project) -> None:
    built.csv.write_text("date,OT\n", encoding="utf-8")
    with pytest.raises(CorpusError, match=r"ETTh1\.csv"):
        out_of_date(built.dataset, built.artifacts)
