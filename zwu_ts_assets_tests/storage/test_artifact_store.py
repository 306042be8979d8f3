"""What every store promises, on disk or behind a URL: whole files, and records that vouch for them.

The same tests for a folder, for objects in memory and for a server that speaks S3; each through the
store itself and through a look at it.
"""

import hashlib
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from zwu_ts_assets.storage.artifact_store import ArtifactStore, FileRecord, Record, ahead, digest
from zwu_ts_assets_tests.stores import FolderShelf, MemoryShelf, S3Shelf, Shelf

NAME = "figures/batch_3.png"
RECORD = ".records/figures/3.json"


@pytest.fixture(params=["folder", "memory", pytest.param("s3", marks=pytest.mark.slow)])
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Shelf:
    """An empty store of each kind."""
    if request.param == "folder":
        return FolderShelf(tmp_path)
    if request.param == "memory":
        return MemoryShelf(uuid.uuid4().hex)
    return S3Shelf(request.getfixturevalue("s3"), uuid.uuid4().hex)


@pytest.fixture(params=["itself", "a look"])
def opened(request: pytest.FixtureRequest, shelf: Shelf) -> Callable[[], ArtifactStore]:
    """The store as it is now: itself, or a look at it that is taken at the call."""
    return (lambda: shelf.store) if request.param == "itself" else (lambda: shelf.store.look())


def with_artifact(shelf: Shelf, data: bytes = b"content") -> Record:
    """An artifact of one file, and its record."""
    store = shelf.store
    record = Record("print", "1-code", "version", {NAME: store.write(NAME, data)}, {"rows": 96})
    store.write_record("figures", "3", record)
    return record


def test_a_written_file_has_the_bytes_and_its_record_their_size_and_hash(
    shelf: Shelf, opened: Callable[[], ArtifactStore]
) -> None:
    record = opened().write(NAME, b"abc")
    assert shelf.files() == {NAME: b"abc"}
    assert opened().read(NAME) == b"abc"
    assert replace(record, tag="") == FileRecord(
        3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )
    assert opened().has(NAME, record)


def test_a_look_knows_what_is_written_through_it(shelf: Shelf) -> None:
    look = shelf.store.look()
    assert look.names("figures") == []
    record = look.write(NAME, b"abc")
    look.write_record("figures", "3", Record("print", "1", "v", {NAME: record}))
    assert look.has(NAME, record)
    assert look.read(NAME) == b"abc"
    assert look.record_keys("figures") == ["3"]
    assert look.current_record("figures", "3", "print") is not None
    look.retire("figures", "3", [NAME])
    assert not look.is_there(NAME)
    assert look.record("figures", "3") is None
    assert shelf.files() == {}


def test_writing_the_same_bytes_again_leaves_the_file_alone(
    shelf: Shelf, opened: Callable[[], ArtifactStore]
) -> None:
    first = opened().write(NAME, b"abc")
    before = shelf.stamps()
    assert opened().write(NAME, b"abc") == first
    assert shelf.stamps() == before
    assert opened().write(NAME, b"abd") != first
    assert shelf.files() == {NAME: b"abd"}


def test_what_is_missing_is_told_as_such(shelf: Shelf, opened: Callable[[], ArtifactStore]) -> None:
    with pytest.raises(FileNotFoundError):
        opened().read(NAME)
    assert not opened().is_there(NAME)
    assert not opened().has(NAME, FileRecord(3, "0" * 64, "0" * 32))
    assert opened().record("figures", "3") is None
    assert opened().names("figures") == opened().record_keys("figures") == []
    opened().remove(NAME)
    opened().retire("figures", "3", [NAME])
    assert opened().others("figures", set()) == []
    opened().remove_abandoned()
    assert shelf.files() == {}


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "a//b", "", "a/.hidden", "a\0b"])
def test_a_name_that_could_leave_the_folder_is_refused(
    opened: Callable[[], ArtifactStore], name: str
) -> None:
    store = opened()
    for call in (
        lambda: store.write(name, b""),
        lambda: store.read(name),
        lambda: store.path(name),
        lambda: store.remove(name),
        lambda: store.place(NAME, name, "", link=False),
        lambda: store.place(name, NAME, "", link=False),
    ):
        with pytest.raises(ValueError, match="not a safe artifact name"):
            call()


@pytest.mark.parametrize("link", [True, False])
def test_a_file_gets_a_second_name_that_is_kept_while_it_is_right(
    shelf: Shelf, opened: Callable[[], ArtifactStore], link: bool
) -> None:
    record = with_artifact(shelf)
    sha256 = record.files[NAME].sha256
    placed = opened().place(NAME, "exports/a.png", sha256, link=link)
    assert (placed.bytes, placed.sha256) == (7, sha256)
    assert shelf.files()["exports/a.png"] == b"content"
    assert opened().has("exports/a.png", placed)
    shelf.store.write_record("exports", "all", Record("p", "1", "v", {"exports/a.png": placed}))
    before = shelf.stamps()
    assert opened().place(NAME, "exports/a.png", sha256, link=link) == placed
    assert shelf.stamps() == before
    shelf.put("exports/b.png", b"foreign")  # of the same size
    opened().place(NAME, "exports/b.png", sha256, link=link)
    assert shelf.files()["exports/b.png"] == b"content"


def test_only_a_file_that_is_what_its_record_says_gets_a_second_name(
    shelf: Shelf, opened: Callable[[], ArtifactStore]
) -> None:
    sha256 = with_artifact(shelf).files[NAME].sha256
    shelf.put(NAME, b"contenT")
    with pytest.raises(ValueError, match="another content than its record says"):
        opened().place(NAME, "exports/b.png", sha256, link=False)
    shelf.drop(NAME)
    with pytest.raises(FileNotFoundError):
        opened().place(NAME, "exports/b.png", sha256, link=False)
    assert "exports/b.png" not in shelf.files()


def test_files_that_are_not_named_are_seen_and_the_topmost_folder_stands_for_what_is_in_it(
    shelf: Shelf, opened: Callable[[], ArtifactStore]
) -> None:
    kept = {"exports/q/a.json", "exports/q/media/b.png"}
    for name in (*kept, "other/c.png", "exports/q-other/d.json"):
        shelf.store.write(name, b"x")
    assert opened().others("exports/q", kept) == []
    assert opened().others("exports/none", kept) == []
    for name in ("exports/q/.hidden", "exports/q/.jupyter/e.json"):
        shelf.put(name, b"x")
    assert opened().others("exports/q", kept) == []
    for name in ("old/deep/[d].png", "old/deep/e.png", "media/f.png", "notes.txt"):
        shelf.put(f"exports/q/{name}", b"x")
    there = shelf.files()
    assert sorted(opened().others("exports/q", kept)) == [
        "exports/q/media/f.png",
        "exports/q/notes.txt",
        "exports/q/old/",
    ]
    assert sorted(opened().others("exports/q", set())) == [
        "exports/q/a.json",
        "exports/q/media/",
        "exports/q/notes.txt",
        "exports/q/old/",
    ]
    assert shelf.files() == there


def test_a_folder_can_be_opened_by_programs_that_read_files(
    shelf: Shelf, opened: Callable[[], ArtifactStore]
) -> None:
    data = {"exports/q/a.json": b"{}", "exports/q/media/b.png": bytes(range(256)) * 300}
    for name, content in (*data.items(), ("exports/r/c.png", b"x")):
        shelf.store.write(name, content)
    with opened().opened("exports/q") as folder:
        found = {
            f"exports/q/{path.relative_to(folder).as_posix()}": path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file()
        }
    assert found == data


def test_a_record_comes_back_as_it_was_written_and_names_no_tag_where_there_is_none(
    shelf: Shelf, opened: Callable[[], ArtifactStore]
) -> None:
    record = with_artifact(shelf)
    assert opened().record("figures", "3") == record
    assert opened().record_keys("figures") == ["3"]
    (tag,) = (file.tag for file in record.files.values())
    text = shelf.files()[RECORD].decode("utf-8")
    assert ('"tag"' in text) is bool(tag) is not isinstance(shelf, FolderShelf)


def test_a_current_artifact_is_recognised_by_its_fingerprint(
    shelf: Shelf, opened: Callable[[], ArtifactStore]
) -> None:
    record = with_artifact(shelf)
    assert opened().current_record("figures", "3", "print") == record
    assert opened().current_record("figures", "3", "another print") is None
    assert opened().current_record("figures", "4", "print") is None


def test_a_truncated_changed_or_deleted_file_is_not_current(
    shelf: Shelf, opened: Callable[[], ArtifactStore]
) -> None:
    record = with_artifact(shelf)
    for damage in (b"conten", b"Content", b""):
        shelf.put(NAME, damage)
        assert not opened().is_whole(record)
        assert opened().current_record("figures", "3", "print") is None
        assert opened().read_whole(record, {"png": NAME}) is None
    shelf.drop(NAME)
    assert not opened().is_whole(record)
    assert opened().current_record("figures", "3", "print") is None
    assert opened().read_whole(record, {"png": NAME}) is None


def test_an_artifact_that_was_copied_with_its_record_is_taken_over_as_it_is(
    shelf: Shelf, opened: Callable[[], ArtifactStore]
) -> None:
    with_artifact(shelf)
    there = shelf.files()
    for name, data in there.items():
        # As a copy of another store has them: the same bytes, another tag.
        shelf.put(name, re.sub(rb'"tag": ".*?"', b'"tag": "of another store"', data))
    record = opened().current_record("figures", "3", "print")
    assert record is not None
    assert opened().is_whole(record)
    assert opened().record("figures", "3") == record
    assert shelf.files()[NAME] == b"content"


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", '{"files": 3}', '{"files": {"a": {}}}', "[" * 100_000, "\udcff", "1e999"],
)
def test_a_damaged_record_counts_as_no_record(
    shelf: Shelf, opened: Callable[[], ArtifactStore], text: str
) -> None:
    with_artifact(shelf)
    shelf.put(RECORD, text.encode("utf-8", "surrogateescape"))
    assert opened().record("figures", "3") is None


def test_files_that_are_read_for_a_record_are_held_against_it(
    shelf: Shelf, opened: Callable[[], ArtifactStore]
) -> None:
    record = with_artifact(shelf)
    assert opened().read_whole(record, {"png": NAME}) == {"png": b"content"}
    other = replace(record, files={NAME: replace(record.files[NAME], sha256="0" * 64)})
    assert opened().read_whole(other, {"png": NAME}) is None
    assert opened().read_whole(record, {"png": "figures/batch_4.png"}) is None


def test_a_large_file_is_written_and_read_whole(shelf: Shelf) -> None:
    data = hashlib.sha256(b"seed").digest() * 200_000  # 6.4 MB: more than one block of any client
    record = shelf.store.write("shards/a.tar", data)
    assert shelf.files() == {"shards/a.tar": data}
    assert shelf.store.read("shards/a.tar") == data
    assert record.sha256 == hashlib.sha256(data).hexdigest()


def test_a_digest_keeps_the_boundaries_of_its_parts() -> None:
    assert digest("ab", "c") != digest("a", "bc")
    assert digest("a") == digest("a")


@pytest.mark.parametrize("at_once", [0, 1, 2, 5])
def test_results_come_in_order_and_items_are_taken_as_they_are_needed(at_once: int) -> None:
    taken, running, most = 0, 0, 0
    lock = threading.Lock()

    def items() -> Iterator[int]:
        nonlocal taken
        for item in range(40):
            taken += 1
            yield item

    def work(item: int) -> int:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.001 * (item % 3))
        with lock:
            running -= 1
        return item * item

    for done, result in enumerate(ahead(work, items(), at_once), start=1):
        assert result == (done - 1) ** 2
        assert taken - done <= max(at_once - 1, 0)
    assert taken == 40
    assert most <= max(at_once, 1)


def test_several_are_under_way_at_the_same_time() -> None:
    together = threading.Barrier(3, timeout=30)
    assert list(ahead(lambda _: together.wait() >= 0, range(6), 3)) == [True] * 6


@pytest.mark.parametrize("at_once", [1, 4])
def test_an_error_ends_it_in_its_turn(at_once: int) -> None:
    def work(item: int) -> int:
        if item == 3:
            raise ValueError("the fourth")
        return item

    results = ahead(work, range(100), at_once)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="the fourth"):
        next(results)
