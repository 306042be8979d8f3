"""What a window is called, where a batch has one and where it has several."""

from hypothesis import given
from hypothesis import strategies as st

from zwu_ts_assets.timeseries.windows import (
    first_row,
    key_fields,
    key_label,
    key_text,
    window_key,
)


def test_a_window_alone_in_its_batch_is_called_by_the_batch() -> None:
    key = window_key(17, 17 * 96, overlapping=False)
    assert (key_text(key), key_label(key)) == ("Batch 17", "batch 17")
    assert key_fields(key) == {"batch": 17}


def test_one_of_several_is_called_by_its_first_row_too() -> None:
    key = window_key(17, 1640, overlapping=True)
    assert (key_text(key), key_label(key)) == ("Batch 17 Row 1640", "batch 17 row 1640")
    assert list(key_fields(key).items()) == [("batch", 17), ("row", 1640)]


@given(row=st.integers(0, 10**9), length=st.integers(1, 1000))
def test_the_first_row_comes_back_from_either(row: int, length: int) -> None:
    batch = row // length
    assert first_row(window_key(batch, row, overlapping=True), length) == row
    assert first_row(window_key(batch, batch * length, overlapping=False), length) == batch * length
