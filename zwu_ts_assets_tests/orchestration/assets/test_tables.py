"""Rows survive the trip through Parquet exactly, whatever the columns are called."""

import io
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.orchestration.assets.tables import (
    decode_batch,
    decode_series,
    decode_table,
    encode_batch,
    encode_series,
    encode_table,
)
from zwu_ts_assets.timeseries.series import Series
from zwu_ts_assets.timeseries.windows import cut_batch

NAMES = st.lists(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12),
    min_size=1,
    max_size=5,
    unique=True,
)


@settings(deadline=None)
@given(NAMES, st.integers(1, 30), st.data())
def test_decoding_gives_back_what_was_encoded(
    names: list[str], rows: int, data: st.DataObject
) -> None:
    values = data.draw(npst.arrays(np.float64, (rows, len(names)), elements=st.floats()))
    timestamps = np.arange(rows).astype("datetime64[s]")
    encoded = encode_table(timestamps, values, tuple(names), {"start": "96"})
    stamps, found, features, facts = decode_table(encoded)
    assert features == tuple(names)
    assert stamps.dtype == np.dtype("datetime64[s]")
    np.testing.assert_array_equal(stamps, timestamps)
    np.testing.assert_array_equal(found, values)
    assert facts["start"] == "96"


def test_a_feature_may_bear_the_name_of_the_time_column() -> None:
    values = np.array([[1.0, 2.0]])
    encoded = encode_table(np.array([0], "datetime64[s]"), values, ("timestamp", "b"), {})
    assert decode_table(encoded)[2] == ("timestamp", "b")


def test_the_same_rows_give_the_same_bytes() -> None:
    values, stamps = np.ones((3, 2)), np.arange(3).astype("datetime64[s]")
    first = encode_table(stamps, values, ("a", "b"), {"start": "0"})
    assert encode_table(stamps.copy(), values.copy(), ("a", "b"), {"start": "0"}) == first


@pytest.mark.parametrize("damage", [b"", b"PAR1", b"not parquet at all, but long enough for it"])
def test_damaged_bytes_are_refused_with_a_remedy(damage: bytes) -> None:
    with pytest.raises(CorpusError, match="materialize its asset again"):
        decode_table(damage)


@settings(deadline=None)
@given(place=st.integers(0, 10_000), byte=st.integers(0, 255))
def test_a_damaged_byte_is_refused_with_a_remedy_or_harmless(place: int, byte: int) -> None:
    plain = series_of(40, ["a", "b"])
    marks = np.zeros(plain.values.shape, np.bool_)
    marks[3, 1] = True
    encoded = bytearray(encode_series(replace(plain, missing=marks[:, 1], interpolated=marks)))
    encoded[place % len(encoded)] = byte
    with suppress(CorpusError):  # and no other error
        decode_series(bytes(encoded))
    facts = {"start": "0", "starts": "[0, 4]", "window_length": "8"}
    encoded = bytearray(encode_table(plain.timestamps, plain.values, plain.features, facts))
    encoded[place % len(encoded)] = byte
    with suppress(CorpusError):
        decode_batch(bytes(encoded), 8, 8)


def series_of(rows: int, names: list[str]) -> Series:
    values = np.arange(float(rows * len(names))).reshape(rows, len(names))
    return Series(np.arange(rows).astype("datetime64[s]"), values, tuple(names))


@settings(deadline=None)
@given(NAMES, st.integers(1, 30), st.data())
def test_a_series_comes_back_with_what_is_missing_and_what_was_interpolated(
    names: list[str], rows: int, data: st.DataObject
) -> None:
    plain = series_of(rows, names)
    missing = data.draw(st.none() | npst.arrays(np.bool_, rows))
    interpolated = data.draw(st.none() | npst.arrays(np.bool_, (rows, len(names))))
    values = plain.values.copy()
    if missing is not None:
        values[missing] = np.nan
    series = Series(plain.timestamps, values, tuple(names), missing, interpolated)
    found = decode_series(encode_series(series))
    assert found.features == series.features
    np.testing.assert_array_equal(found.values, series.values)
    assert (found.missing is None) == (missing is None)
    np.testing.assert_array_equal(found.missing_rows, series.missing_rows)
    if interpolated is None or not interpolated.any():
        assert found.interpolated is None
    else:
        np.testing.assert_array_equal(found.interpolated, interpolated)


def test_a_series_without_gaps_has_the_bytes_of_a_plain_table() -> None:
    series = series_of(5, ["a", "missing"])
    plain = encode_table(series.timestamps, series.values, series.features, {})
    assert encode_series(series) == plain


def test_marks_are_columns_that_other_readers_find_by_name() -> None:
    plain = series_of(3, ["a", "b"])
    marks = np.array([[False, True], [False, False], [False, True]])
    series = Series(plain.timestamps, plain.values, ("a", "b"), np.arange(3) == 1, marks)
    table = pq.read_table(io.BytesIO(encode_series(series)))
    assert table.column_names == ["timestamp", "a", "b", "missing", "interpolated:b"]
    assert table.column("missing").to_pylist() == [False, True, False]
    assert table.column("interpolated:b").to_pylist() == [True, False, True]


@settings(deadline=None)
@given(
    rows=st.integers(8, 60),
    stride=st.integers(1, 8),
    horizon=st.integers(0, 20),
    gap=st.none() | st.integers(0, 59),
    data=st.data(),
)
def test_a_batch_comes_back_with_its_windows_and_their_targets(
    rows: int, stride: int, horizon: int, gap: int | None, data: st.DataObject
) -> None:
    plain = series_of(rows, ["a", "b"])
    missing = np.arange(rows) == gap
    series = Series(plain.timestamps, plain.values, ("a", "b"), missing)
    last = (rows - 8) // stride * stride // 8
    number = data.draw(st.integers(0, last))
    batch = cut_batch(series, number, length=8, horizon=horizon, stride=stride)
    if not batch.starts:
        return  # it has no file
    found = decode_batch(encode_batch(batch), batch.target_rows[-1], horizon)
    assert (found.starts, found.target_rows) == (batch.starts, batch.target_rows)
    assert (found.length, found.features) == (8, ("a", "b"))
    for ours, theirs in zip(found.windows, batch.windows, strict=True):
        np.testing.assert_array_equal(ours.values, theirs.values)
        np.testing.assert_array_equal(ours.timestamps, theirs.timestamps)
        assert ours.start == theirs.start


def test_a_batch_of_one_window_has_the_bytes_it_always_had() -> None:
    series = series_of(20, ["a", "b"])
    batch = cut_batch(series, 1, length=8, horizon=4)
    plain = encode_table(batch.timestamps, batch.values, ("a", "b"), {"start": "8"})
    assert encode_batch(batch) == plain
