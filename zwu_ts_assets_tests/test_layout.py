"""Which files a batch has, with one window and with several, and what is left over."""

from pathlib import Path

import pytest

from zwu_ts_assets.layout import (
    LAYOUT,
    WINDOW_FILES,
    LeftOver,
    file_name,
    files_there,
    left_over,
    recorded_names,
    stray_files,
    window_role,
)
from zwu_ts_assets.storage.artifact_store import FileRecord, Record
from zwu_ts_assets.storage.folder_store import FolderStore

NONE: frozenset[str] = frozenset()


def store_with(folder: Path, *names: str) -> FolderStore:
    store = FolderStore(folder)
    for name in names:
        store.write(name, name.encode("ascii"))
    return store


def record_of(*names: str, **details: int) -> Record:
    files = {name: FileRecord(1, "") for name in names}
    return Record("print", "code", "version", files, details)


def test_a_window_of_several_has_a_file_in_the_folder_of_its_batch() -> None:
    role = window_role(1640)
    assert file_name("patch_videos", "17", role) == "patch_videos/batch_17/row_1640.mp4"
    assert file_name("correlation_pngs", "17", role) == "correlations/batch_17/row_1640.png"
    assert file_name("correlation_pngs", "17", "png") == "correlations/batch_17.png"
    assert {LAYOUT[asset].keys() <= {"png", "video"} for asset in WINDOW_FILES} == {True}


def test_the_files_of_a_record_have_their_roles_again() -> None:
    several = ("line_plots/batch_2/row_24.png", "line_plots/batch_2/row_30.png")
    assert recorded_names("line_plots", "2", record_of(*several)) == dict(
        zip(("row_24", "row_30"), several, strict=True)
    )
    single = record_of("line_plots/batch_2.png")
    assert recorded_names("line_plots", "2", single) == {"png": "line_plots/batch_2.png"}
    assert recorded_names("line_plots", "2", record_of(windows=0)) == {}
    # A record of nothing that does not say why is damaged: its file is looked for and not found.
    assert recorded_names("batch_stats", "all", record_of()) != {}


def test_a_record_without_files_counts_as_whole_only_if_its_batch_has_no_window(
    tmp_path: Path,
) -> None:
    store = FolderStore(tmp_path)
    assert store.is_whole(record_of(windows=0))
    assert not store.is_whole(record_of())
    assert not store.is_whole(record_of("line_plots/batch_2.png", windows=0))


@pytest.mark.parametrize("overlapping", [False, True])
def test_files_of_the_other_layout_are_left_over_and_the_record_stays(
    tmp_path: Path, overlapping: bool
) -> None:
    single = "patch_videos/batch_1.mp4"
    several = ("patch_videos/batch_1/row_12.mp4", "patch_videos/batch_1/row_9.mp4")
    store = store_with(tmp_path, single, *several, "batch_windows/batch_1.parquet")
    names = (single,) if overlapping else (several[1], several[0])
    assert left_over(store, 2, NONE, overlapping=overlapping) == [
        LeftOver("patch_videos", "1", names, gone=False)
    ]


def test_of_batches_that_are_no_more_everything_is_left_over(tmp_path: Path) -> None:
    several = ("correlations/batch_3/row_36.png", "correlations/batch_3/row_40.png")
    store = store_with(tmp_path, *several, "correlations/batch_3.png", "correlations/batch_2.png")
    store.write_record("correlation_pngs", "4", record_of())
    found = left_over(store, 3, NONE)
    assert found == [
        LeftOver("correlation_pngs", "3", ("correlations/batch_3.png", *several), gone=True),
        LeftOver("correlation_pngs", "4", (), gone=True),
    ]
    for item in found:
        store.retire(item.asset, item.key, item.names)
    assert left_over(store, 3, NONE) == []
    assert [path.name for path in (tmp_path / "correlations").iterdir()] == ["batch_2.png"]


def test_a_file_that_the_record_does_not_have_is_a_stray(tmp_path: Path) -> None:
    several = ("patch_videos/batch_1/row_9.mp4", "patch_videos/batch_1/row_10.mp4")
    store = store_with(tmp_path, *several, "patch_videos/batch_11/row_9.mp4")
    assert stray_files(store, "patch_videos", "1", record_of(*several)) == []
    assert stray_files(store, "patch_videos", "1", record_of(several[0])) == [several[1]]
    assert stray_files(store, "patch_videos", "1", None) == list(several)
    assert stray_files(store, "batch_stats", "all", None) == []


def test_what_is_there_is_counted_by_window(tmp_path: Path) -> None:
    store = store_with(
        tmp_path,
        "correlations/batch_0/row_0.png",
        "correlations/batch_0/row_6.png",
        "correlations/batch_5/row_60.png",
        "correlations/batch_5/notes.png",
    )
    pattern = "correlations/batch_*/row_*.png"
    assert files_there(store, "correlation_pngs", 6, overlapping=True) == [(pattern, 3)]
    assert files_there(store, "correlation_pngs", 5, overlapping=True) == [(pattern, 2)]
    assert files_there(store, "correlation_pngs", 6) == [("correlations/batch_*.png", 0)]
