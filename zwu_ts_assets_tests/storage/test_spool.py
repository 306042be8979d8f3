"""Lists and mappings on disk: what was put in comes out, in order, and memory does not hold it."""

import os
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from zwu_ts_assets.storage.spool import Shelf, Spool


def test_a_spool_gives_what_was_put_in_as_a_list_does() -> None:
    items = [("a", 1), ("", 2), ("é" * 5000, 3)]
    spool = Spool(items)
    assert spool.append(("d", 4)) == 3
    whole = [*items, ("d", 4)]
    assert list(spool) == whole
    assert len(spool) == 4
    assert [spool[at] for at in (-1, 0, 2)] == [whole[at] for at in (-1, 0, 2)]
    assert spool[1:3] == whole[1:3]
    assert list(reversed(spool)) == whole[::-1]
    assert spool == whole == spool
    assert spool == Spool(whole)
    assert spool != whole[:-1]
    assert spool != [*whole[:-1], ("d", 5)]


@pytest.mark.parametrize("index", [1, -2])
def test_an_item_that_is_not_there_is_an_index_error(index: int) -> None:
    with pytest.raises(IndexError, match=f"item {index} of 1"):
        Spool(["only"])[index]


def test_numbers_come_back_bit_by_bit() -> None:
    values = np.array([[0.1, np.nan], [-0.0, 1e-300]])
    assert Spool([values])[0].tobytes() == values.tobytes()


def test_memory_does_not_grow_with_what_is_in_it() -> None:
    tracemalloc.start()
    spool = Spool(bytes(100_000) for _ in range(200))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(spool) == 200
    assert most < 2_000_000


def test_it_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    spool = Spool(["kept"])
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - hidden ones too
    assert spool[0] == "kept"


def test_a_shelf_gives_the_last_value_of_a_name() -> None:
    shelf = Shelf([("a", 1), ("b", 2), ("a", 3)])
    assert dict(shelf) == {"a": 3, "b": 2}
    assert shelf.get("c") is None
    assert len(shelf) == 2
