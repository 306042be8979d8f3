"""What only a store on disk can get wrong: temporaries, links, rights, folders that are left."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from zwu_ts_assets.storage.artifact_store import Record
from zwu_ts_assets.storage.folder_store import FolderStore

NAME = "figures/batch_3.png"


def store_with_artifact(root: Path, data: bytes = b"content") -> tuple[FolderStore, Record]:
    store = FolderStore(root)
    record = Record("print", "1-code", "version", {NAME: store.write(NAME, data)}, {"rows": 96})
    store.write_record("figures", "3", record)
    return store, record


def test_a_file_is_readable_by_others_once_it_is_in_place(tmp_path: Path) -> None:
    FolderStore(tmp_path).write(NAME, b"abc")
    assert (tmp_path / NAME).stat().st_mode & 0o044 == 0o044


def test_writing_the_same_bytes_again_leaves_the_file_alone(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.write(NAME, b"abc")
    before = (tmp_path / NAME).stat()
    store.write(NAME, b"abc")
    after = (tmp_path / NAME).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_a_failed_write_leaves_the_old_file_and_no_temporary(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FolderStore(tmp_path)
    store.write(NAME, b"old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        store.write(NAME, b"new")
    assert (tmp_path / NAME).read_bytes() == b"old"
    assert [path.name for path in (tmp_path / "figures").iterdir()] == ["batch_3.png"]


def test_a_writer_killed_at_any_point_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    # A child process rewrites one file for ever; it is killed after a different number of writes
    # each time, and the file must be whole whenever one looks.
    writer = (
        "import sys; from pathlib import Path\n"
        "from zwu_ts_assets.storage.folder_store import FolderStore\n"
        "store = FolderStore(Path(sys.argv[1])); n = 0\n"
        "while True:\n"
        "    n += 1; store.write('f.bin', bytes([n % 251]) * 500_000); print(n, flush=True)\n"
    )
    for writes in (1, 2, 5, 9):
        child = subprocess.Popen(
            [sys.executable, "-c", writer, str(tmp_path)], stdout=subprocess.PIPE
        )
        assert child.stdout is not None
        for _ in range(writes):
            child.stdout.readline()
        child.kill()
        child.wait()
        child.stdout.close()
        data = (tmp_path / "f.bin").read_bytes()
        assert len(data) == 500_000
        assert len(set(data)) == 1
    FolderStore(tmp_path).remove_abandoned()
    assert [path.name for path in tmp_path.iterdir()] == ["f.bin"]


@pytest.mark.parametrize("link", [True, False])
def test_a_file_gets_a_second_name_as_a_link_or_as_a_copy(tmp_path: Path, link: bool) -> None:
    store, record = store_with_artifact(tmp_path)
    sha256 = record.files[NAME].sha256
    second = tmp_path / "exports" / "a.png"
    for linked in (not link, link):  # also where the other kind is there
        assert store.place(NAME, "exports/a.png", sha256, link=linked) == record.files[NAME]
        assert second.read_bytes() == b"content"
        assert second.samefile(tmp_path / NAME) is linked
    before = second.stat()
    store.place(NAME, "exports/a.png", sha256, link=link)
    assert (second.stat().st_ino, second.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    (tmp_path / NAME).write_bytes(b"contenT")
    with pytest.raises(ValueError, match="another content than its record says"):
        store.place(NAME, "exports/b.png", sha256, link=link)
    assert [path.name for path in second.parent.iterdir()] == ["a.png"]


def test_files_that_are_not_named_are_seen_and_removed_with_their_folders(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    kept = {"exports/q/a.json", "exports/q/media/b.png"}
    for name in (*kept, "other/c.png"):
        store.write(name, b"x")
    assert not store.has_others("exports/q", kept)
    assert not store.has_others("exports/none", kept)
    (tmp_path / "exports/q/.hidden").write_bytes(b"x")
    assert not store.has_others("exports/q", kept)
    store.write("exports/q/old/deep/d.png", b"x")
    assert store.has_others("exports/q", kept)
    store.remove_others("exports/q", kept)
    (tmp_path / "exports/q/link").symlink_to(tmp_path / "other")
    assert store.has_others("exports/q", kept)
    store.remove_others("exports/q", kept)
    found = {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()}
    assert found == {*kept, "other/c.png"}
    assert not (tmp_path / "exports/q/old").exists()
