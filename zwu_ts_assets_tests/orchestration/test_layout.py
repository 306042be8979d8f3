"""Which files a batch has, with one window and with several, and what is left over."""

from pathlib import Path

from zwu_ts_assets.orchestration.layout import (
    LeftOver,
    file_name,
    files_there,
    foreign_files,
    foreign_sentence,
    left_over,
    own_names,
    recorded_files,
    recorded_names,
    window_role,
)
from zwu_ts_assets.orchestration.specs import SPECS
from zwu_ts_assets.storage.artifact_store import FileRecord, Record
from zwu_ts_assets.storage.folder_store import FolderStore

NONE: frozenset[str] = frozenset()


def store_with(folder: Path, *names: str) -> FolderStore:
    store = FolderStore(folder)
    for name in names:
        store.write(name, name.encode("ascii"))
    return store


def record_of(*names: str, **details: int) -> Record:
    files = {name: FileRecord(1, "0" * 64) for name in names}
    return Record("print", "code", "version", files, details)


def test_a_window_of_several_has_a_file_in_the_folder_of_its_batch() -> None:
    role = window_role(1640)
    assert file_name("patch_videos", "17", role, SPECS) == "patch_videos/batch_17/row_1640.mp4"
    assert file_name("correlation_pngs", "17", role, SPECS) == "correlations/batch_17/row_1640.png"
    assert file_name("correlation_pngs", "17", "png", SPECS) == "correlations/batch_17.png"
    assert all(spec.files.keys() <= {"png", "video"} for spec in SPECS if spec.window_file)


def test_the_files_of_a_record_have_their_roles_again() -> None:
    several = ("line_plots/batch_2/row_24.png", "line_plots/batch_2/row_30.png")
    assert recorded_names("line_plots", "2", record_of(*several), SPECS) == dict(
        zip(("row_24", "row_30"), several, strict=True)
    )
    single = record_of("line_plots/batch_2.png")
    assert recorded_names("line_plots", "2", single, SPECS) == {"png": "line_plots/batch_2.png"}
    assert recorded_names("line_plots", "2", record_of(windows=0), SPECS) == {}
    # A record of nothing that does not say why is damaged: its file is looked for and not found.
    assert recorded_names("batch_stats", "all", record_of(), SPECS) != {}


def test_a_record_without_files_counts_as_whole_only_if_its_batch_has_no_window(
    tmp_path: Path,
) -> None:
    store = FolderStore(tmp_path)
    assert store.is_whole(record_of(windows=0))
    assert not store.is_whole(record_of())
    assert not store.is_whole(record_of("line_plots/batch_2.png", windows=0))


def test_of_batches_that_are_no_more_what_a_record_names_is_left_over(tmp_path: Path) -> None:
    several = ("correlations/batch_3/row_36.png", "correlations/batch_3/row_40.png")
    store = store_with(tmp_path, *several, "correlations/batch_3.png", "correlations/batch_2.png")
    store.write_record("correlation_pngs", "2", record_of("correlations/batch_2.png"))
    store.write_record("correlation_pngs", "3", record_of(*several))
    store.write_record("correlation_pngs", "10", record_of())
    store.write_record("line_plots", "0", record_of("line_plots/batch_0.png"))
    found = left_over(store, 3, frozenset({"line_plots", "colour_ranges"}), SPECS)
    assert found == [
        LeftOver("correlation_pngs", "3", several),
        LeftOver("correlation_pngs", "10", ()),
        LeftOver("line_plots", "0", ("line_plots/batch_0.png",)),
    ]
    for item in found:
        assert store.retire(item.asset, item.key, item.names) == []
    assert left_over(store, 3, frozenset({"line_plots"}), SPECS) == []
    left = sorted(path.name for path in (tmp_path / "correlations").iterdir())
    assert left == ["batch_2.png", "batch_3.png"]  # of the second no record tells


def test_a_record_that_names_files_of_others_makes_none_of_them_its_own(tmp_path: Path) -> None:
    store = store_with(tmp_path, "etth1_raw.parquet", "patch_videos/batch_2.mp4")
    names = ("etth1_raw.parquet", "patch_videos/batch_2.mp4", "patch_videos/batch_7.mp4")
    store.write_record("patch_videos", "7", record_of(*names))
    assert left_over(store, 3, NONE, SPECS) == [
        LeftOver("patch_videos", "7", ("patch_videos/batch_7.mp4",))
    ]
    exported = record_of("exports/qwen/a.json", "exports/qwen-2/a.json", "exports/ms_swift/a.json")
    assert own_names("qwen_export", "all", exported, SPECS) == ["exports/qwen/a.json"]


def test_what_no_record_names_is_foreign(tmp_path: Path) -> None:
    several = ("patch_videos/batch_1/row_9.mp4", "patch_videos/batch_1/row_10.mp4")
    store = store_with(tmp_path, *several, "patch_videos/batch_11/row_9.mp4", "exports/qwen/a/b")
    store.write_record("patch_videos", "1", record_of(*several))
    recorded = recorded_files(store, "patch_videos", SPECS)
    assert recorded == set(several)
    assert foreign_files(store, "patch_videos", recorded, SPECS) == [
        "patch_videos/batch_11/row_9.mp4"
    ]
    assert foreign_files(store, "qwen_export", set(), SPECS) == ["exports/qwen/a/"]
    assert foreign_files(store, "batch_stats", set(), SPECS) == []


def test_names_that_could_steer_a_terminal_are_told_escaped() -> None:
    said = foreign_sentence(["exports/qwen/\x1b[2J", "exports/qwen/\udcff", "c", "d"])
    assert said == (
        r"left alone, because no run made it: 'exports/qwen/\x1b[2J', 'exports/qwen/\udcff', c and "
        "1 more"
    )


def test_what_is_there_is_counted_by_window(tmp_path: Path) -> None:
    store = store_with(
        tmp_path,
        "correlations/batch_0/row_0.png",
        "correlations/batch_0/row_6.png",
        "correlations/batch_5/row_60.png",
        "correlations/batch_5/notes.png",
    )
    pattern = "correlations/batch_*/row_*.png"
    assert files_there(store, "correlation_pngs", 6, overlapping=True, specs=SPECS) == [
        (pattern, 3)
    ]
    assert files_there(store, "correlation_pngs", 5, overlapping=True, specs=SPECS) == [
        (pattern, 2)
    ]
    assert files_there(store, "correlation_pngs", 6, specs=SPECS) == [
        ("correlations/batch_*.png", 0)
    ]
