"""Which rows of a series a batch holds, and what the digest of a window sees."""

import hashlib
import json
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.timeseries.series import Series
from zwu_ts_assets.timeseries.windows import (
    Window,
    batch_count,
    batch_digest,
    batch_starts,
    content_digest,
    cut_batch,
    cut_window,
    window_count,
)


def series_of(rows: int, features: int = 2) -> Series:
    """Hourly rows whose first value is the row number."""
    timestamps = np.datetime64("2016-07-01", "s") + np.arange(rows) * np.timedelta64(3600, "s")
    values = np.arange(rows)[:, None] + np.arange(features)[None, :] / 10
    return Series(timestamps, values, tuple(f"f{index}" for index in range(features)))


@given(rows=st.integers(1, 300), length=st.integers(1, 50), horizon=st.integers(0, 100))
def test_windows_partition_the_rows_up_to_the_remainder(
    rows: int, length: int, horizon: int
) -> None:
    series = series_of(rows)
    owned: list[int] = []
    for batch in range(window_count(rows, length)):
        window = cut_window(series, batch, length=length, horizon=horizon)
        assert window.values.shape == (length, 2)
        assert window.features == series.features
        assert (window.start, window.stop) == (batch * length, batch * length + length)
        assert window.timestamps.tolist() == series.timestamps[window.start : window.stop].tolist()
        assert window.target_rows == len(series.values[window.stop :][:horizon])
        owned += [int(value) for value in window.values[:, 0]]
    assert owned == list(range(len(owned)))
    assert 0 <= rows - len(owned) < length


def test_the_last_batch_may_have_less_than_its_whole_target_span() -> None:
    series = series_of(17_420, features=1)
    assert cut_window(series, 179, length=96, horizon=96).target_rows == 96
    assert cut_window(series, 180, length=96, horizon=96).target_rows == 44
    assert cut_window(series_of(96), 0, length=96, horizon=96).target_rows == 0


def test_a_windows_values_are_contiguous_and_copy_nothing() -> None:
    series = series_of(20)
    window = cut_window(series, 1, length=8, horizon=0)
    assert window.values.flags.c_contiguous
    assert np.shares_memory(window.values, series.values)


@pytest.mark.parametrize("batch", [-1, 3, 1000])
def test_a_batch_that_does_not_exist_is_refused_with_those_that_do(batch: int) -> None:
    with pytest.raises(CorpusError) as caught:
        cut_window(series_of(300), batch, length=96, horizon=96)
    assert str(caught.value) == (
        f"There is no batch {batch}: 300 rows make 3 batches of 96 rows, so the batches are 0 to "
        "2. Choose one of them."
    )


def test_fewer_rows_than_one_window_are_refused() -> None:
    with pytest.raises(CorpusError, match="has 95 rows, fewer than one window of 96 rows"):
        cut_window(series_of(95), 0, length=96, horizon=96)


def test_a_negative_horizon_is_refused() -> None:
    with pytest.raises(CorpusError, match="horizon is -1; expected 0 or more"):
        cut_window(series_of(20), 0, length=5, horizon=-1)


def test_the_digest_is_the_hash_of_little_endian_bytes_on_every_platform() -> None:
    timestamps = np.array(["1970-01-01", "1970-01-02"], dtype="datetime64[s]")
    window = Window(4, timestamps, np.array([[1.5, -2.0], [0.0, 3.25]]), ("a", "é"), 7)
    head = json.dumps({"features": ["a", "é"], "shape": [2, 2], "start": 4})
    body = struct.pack("<2q4d", 0, 86_400, 1.5, -2.0, 0.0, 3.25)
    assert content_digest(window) == hashlib.sha256(head.encode() + body).hexdigest()


def test_the_digest_does_not_depend_on_byte_order_or_memory_layout() -> None:
    window = cut_window(series_of(20), 1, length=8, horizon=4)
    other = Window(
        window.start,
        window.timestamps.astype(">M8[s]"),
        np.asfortranarray(window.values.astype(">f8")),
        window.features,
        window.target_rows,
    )
    assert content_digest(other) == content_digest(window)


def test_the_digest_changes_with_everything_in_the_window_and_with_nothing_after_it() -> None:
    series = series_of(20)
    window = cut_window(series, 0, length=8, horizon=4)
    changed = window.values.copy()
    changed[3, 1] = np.nextafter(changed[3, 1], np.inf)
    others = [
        Window(1, window.timestamps, window.values, window.features, 4),
        Window(0, window.timestamps + np.timedelta64(1, "s"), window.values, window.features, 4),
        Window(0, window.timestamps, changed, window.features, 4),
        Window(0, window.timestamps, window.values, ("f0", "g1"), 4),
        Window(0, window.timestamps, window.values, ("f", "0f1"), 4),
    ]
    digests = {content_digest(other) for other in [window, *others]}
    assert len(digests) == 6
    longer = cut_window(series_of(40), 0, length=8, horizon=20)
    assert longer.target_rows != window.target_rows
    assert content_digest(longer) == content_digest(window)


def test_etth1_has_a_window_at_every_offset_and_most_have_a_whole_target() -> None:
    assert window_count(17_420, 96, 1) == 17_325
    assert batch_count(17_420, 96, 1) == 181
    batches = [
        cut_batch(series_of(17_420, features=1), batch, length=96, horizon=96, stride=1)
        for batch in range(181)
    ]
    assert sum(len(batch.starts) for batch in batches) == 17_325
    assert sum(rows == 96 for batch in batches for rows in batch.target_rows) == 17_229


GAPS = st.sets(st.integers(0, 199), max_size=6)


@st.composite
def cuttings(draw: st.DrawFn) -> tuple[Series, int, int, int]:
    """A series with gaps, the length and the stride of windows, and a horizon."""
    rows = draw(st.integers(1, 200))
    length = draw(st.integers(1, 40))
    series = series_of(rows)
    missing = np.isin(np.arange(rows), sorted(draw(GAPS)))
    values = np.where(missing[:, None], np.nan, series.values)
    marked = Series(series.timestamps, values, series.features, missing if missing.any() else None)
    return marked, length, draw(st.integers(1, length)), draw(st.integers(0, 60))


@given(cuttings())
def test_every_window_is_cut_once_by_the_batch_in_whose_rows_it_begins(
    cutting: tuple[Series, int, int, int],
) -> None:
    """Against a loop over all rows, which knows nothing of batches."""
    series, length, stride, horizon = cutting
    lacking = [bool(np.isnan(row).any()) for row in series.values]
    expected = {}
    for start in range(0, series.rows, stride):
        rows = lacking[start : start + length]
        if len(rows) == length and not any(rows):
            after = lacking[start + length : start + length + horizon]
            expected[start] = after.index(True) if True in after else len(after)
    found: dict[int, int] = {}
    for batch in range(batch_count(series.rows, length, stride)):
        cut = cut_batch(series, batch, length=length, horizon=horizon, stride=stride)
        for window in cut.windows:
            assert window.start // length == batch
            assert window.start not in found
            found[window.start] = window.target_rows
            own = slice(window.start, window.start + length)
            np.testing.assert_array_equal(window.values, series.values[own])
            np.testing.assert_array_equal(window.timestamps, series.timestamps[own])
            assert np.shares_memory(window.values, series.values)
        owned = {row for start in cut.starts for row in range(start, start + length)}
        assert sorted(owned) == list(range(cut.start, cut.stop))
        assert len(cut.values) == len(owned), "each row once"
    assert found == expected
    assert window_count(series.rows, length, stride) == len(
        [start for start in range(0, series.rows, stride) if start + length <= series.rows]
    )


@given(cuttings(), st.integers(0, 200), st.integers(0, 200))
def test_the_windows_within_some_rows_are_those_that_a_loop_finds(
    cutting: tuple[Series, int, int, int], first: int, stop: int
) -> None:
    series, length, stride, _ = cutting
    stop = min(stop, series.rows)
    found = [
        start
        for batch in range(batch_count(series.rows, length, stride))
        for start in batch_starts(batch, length, stride, (first, stop))
    ]
    every = range(0, series.rows, stride)
    assert found == [start for start in every if first <= start and start + length <= stop]


def test_a_batch_in_which_every_window_has_a_gap_has_none() -> None:
    series = series_of(20)
    missing = np.arange(20) == 6
    marked = Series(series.timestamps, series.values, series.features, missing)
    empty = cut_batch(marked, 1, length=4, horizon=2)
    assert (empty.starts, empty.windows, len(empty.values)) == ((), [], 0)
    assert (empty.start, empty.stop) == (0, 0)
    assert cut_batch(marked, 0, length=4, horizon=4).target_rows == (2,)
    with pytest.raises(CorpusError, match="Batch 1 has no window: a row of 4 to 7 lacks a value"):
        cut_window(marked, 1, length=4, horizon=2)


def test_the_digest_of_a_batch_tells_its_rows_and_where_its_windows_begin() -> None:
    series = series_of(40)

    def digest(batch: int, length: int, stride: int) -> str:
        return batch_digest(cut_batch(series, batch, length=length, horizon=4, stride=stride))

    alone = cut_window(series, 1, length=8, horizon=4)
    assert digest(1, 8, 8) == content_digest(alone)
    # Rows 0 to 15 each time: as one window, as two of 10 rows, and as two of 9.
    assert len({digest(0, 16, 16), digest(0, 10, 6), digest(0, 9, 7)}) == 3
    longer = cut_batch(series_of(90), 0, length=8, horizon=4, stride=2)
    assert batch_digest(longer) == digest(0, 8, 2)
