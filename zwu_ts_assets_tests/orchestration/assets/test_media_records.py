"""Which file of a batch is which window's."""

from zwu_ts_assets.orchestration.assets.media_records import media_paths
from zwu_ts_assets.storage.artifact_store import FileRecord, Record


def record_of(*names: str) -> Record:
    files = {name: FileRecord(1, "0" * 64) for name in names}
    return Record(fingerprint="", code_version="", version="", files=files, details={})


def test_the_only_window_of_a_batch_has_the_file_that_is_named_by_the_batch() -> None:
    assert media_paths(record_of("correlations/batch_3.png"), [288]) == {
        288: "correlations/batch_3.png"
    }


def test_windows_have_the_files_that_are_named_by_their_rows() -> None:
    record = record_of("correlations/batch_3/row_290.png", "correlations/batch_3/row_288.png")
    assert media_paths(record, [288, 289, 290]) == {
        288: "correlations/batch_3/row_288.png",
        290: "correlations/batch_3/row_290.png",
    }


def test_the_only_file_is_not_taken_for_that_of_another_window() -> None:
    """Where a mended gap leaves a batch another single window, its figure is still to be drawn."""
    record = record_of("correlations/batch_3/row_290.png")
    assert media_paths(record, [289]) == {}
    assert media_paths(record, [290]) == {290: "correlations/batch_3/row_290.png"}
