"""What only a store on disk can get wrong: temporaries, links, rights, folders that are left."""

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from zwu_ts_assets.storage.artifact_store import Record
from zwu_ts_assets.storage.folder_store import FolderStore
from zwu_ts_assets.storage.temporaries import link_name, locked_temporary

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


def test_a_link_is_named_and_neither_followed_nor_removed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "media").mkdir(parents=True)
    for name in ("a.json", "media/b.png"):
        (elsewhere / name).write_bytes(b"x")
    store = FolderStore(tmp_path / "store")
    store.write("exports/q/a.json", b"x")
    (store.root / "exports/q/media").symlink_to(elsewhere / "media")
    (store.root / "exports/q/b.json").symlink_to(elsewhere / "a.json")
    (store.root / "exports/r").symlink_to(elsewhere)
    kept = {"exports/q/a.json", "exports/q/media/b.png", "exports/r/a.json"}
    assert store.others("exports/q", kept) == ["exports/q/b.json", "exports/q/media"]
    assert store.others("exports/r", kept) == ["exports/r"]
    assert store.names("exports") == ["exports/q/a.json"]
    assert store.link_on_the_way("exports/q/media/b.png") == store.root / "exports/q/media"
    assert store.link_on_the_way("exports/q/b.json") is None
    for name in ("exports/q/media/b.png", "exports/q/b.json", "exports/r/a.json", "exports/r"):
        assert not store.remove(name)
    assert store.retire("figures", "3", ["exports/r/a.json"]) == ["exports/r/a.json"]
    assert (elsewhere / "a.json").exists()
    assert (elsewhere / "media/b.png").exists()
    assert (store.root / "exports/q/b.json").is_symlink()
    assert store.remove("exports/q/a.json")
    assert not (store.root / "exports/q/a.json").exists()


def test_a_file_is_removed_with_the_folders_that_are_then_empty(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    for name in ("exports/q/media/deep/a.png", "exports/q/b.json", "figures/c.png"):
        store.write(name, b"x")
        assert store.remove(name)
        assert store.remove(name)  # it is not there
    found = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*"))
    assert found == ["exports", "figures"]


def test_what_is_no_regular_file_is_no_record_and_nobody_waits_for_it(tmp_path: Path) -> None:
    store, record = store_with_artifact(tmp_path)
    path = tmp_path / ".records" / "figures" / "3.json"
    good = path.read_bytes()
    copy = tmp_path / "copy.json"
    copy.write_bytes(good)
    for target in ("", "/dev/full", copy, path):
        path.unlink()
        if target:
            path.symlink_to(target)
        else:
            os.mkfifo(path)
        assert store.record("figures", "3") is None
        assert store.record_keys("figures") == []
        store.write_record("figures", "3", record)
        assert path.read_bytes() == good
        assert not path.is_symlink()
    with path.open("wb") as file:
        file.truncate(300 * 1024 * 1024)
    assert store.record("figures", "3") is None


def test_a_pipe_in_place_of_an_artifact_is_as_good_as_nothing(tmp_path: Path) -> None:
    store, record = store_with_artifact(tmp_path, b"")  # of the size that a pipe has
    (tmp_path / NAME).unlink()
    os.mkfifo(tmp_path / NAME)
    assert not store.is_whole(record)
    assert store.read_whole(record, {"png": NAME}) is None
    assert not store.remove(NAME)


def test_a_link_on_its_way_is_left_until_whoever_made_it_is_gone(tmp_path: Path) -> None:
    original = tmp_path / "a.png"
    original.write_bytes(b"x")
    os.utime(original, (1, 1))
    handle, owner = locked_temporary(tmp_path)
    os.link(original, link_name(owner))
    FolderStore(tmp_path).remove_abandoned()
    assert link_name(owner).exists()
    os.close(handle)  # as if it were killed
    FolderStore(tmp_path).remove_abandoned()
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_a_folder_that_another_run_makes_and_removes_between_two_looks_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "exports"
    mkdir, look = Path.mkdir, Path.stat
    removed, there = [True], list[bool]()

    def removed_once(path: Path, *args: Any, **options: Any) -> None:
        if path == folder and removed:
            removed.clear()
            there.append(True)
            raise FileNotFoundError(2, "No such file or directory", str(path))
        mkdir(path, *args, **options)

    def there_for_one_look(path: Path, **options: Any) -> os.stat_result:
        if path != folder or not there:
            return look(path, **options)
        there.clear()
        mkdir(path)
        found = look(path, **options)
        path.rmdir()
        return found

    monkeypatch.setattr(Path, "mkdir", removed_once)
    monkeypatch.setattr(Path, "stat", there_for_one_look)
    FolderStore(tmp_path).write("exports/a.png", b"content")
    assert (folder / "a.png").read_bytes() == b"content"


def test_many_runs_that_link_the_same_files_do_not_disturb_each_other(tmp_path: Path) -> None:
    FolderStore(tmp_path).write("a.png", b"content")
    links = (
        "import hashlib, sys\n"
        "from pathlib import Path\n"
        "from zwu_ts_assets.storage.folder_store import FolderStore\n"
        "store = FolderStore(Path(sys.argv[1]))\n"
        "sha256 = hashlib.sha256(b'content').hexdigest()\n"
        "for turn in range(150):\n"
        "    name = f'exports/q/media/{turn % 2}.png'\n"
        "    store.place('a.png', name, sha256, link=True)\n"
        "    store.remove_abandoned()\n"
        "    store.remove(name)\n"
    )
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", links, str(tmp_path)], stderr=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    for run in runs:
        _, complaints = run.communicate(timeout=120)
        assert run.returncode == 0, complaints
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["a.png"]
