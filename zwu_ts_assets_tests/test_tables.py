"""Rows survive the trip through Parquet exactly, whatever the columns are called."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from zwu_ts_assets.corpus.errors import CorpusError
from zwu_ts_assets.tables import decode_table, encode_table

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
