"""Which rows windows, batches and patches own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.timeseries.windows import batch_count, patch_spans, window_count


def test_etth1_has_181_windows_and_44_rows_over() -> None:
    assert window_count(17_420, 96) == batch_count(17_420, 96) == 181
    assert 17_420 - 181 * 96 == 44


@pytest.mark.parametrize(
    ("rows", "length", "max_batches", "count"),
    [(0, 96, None, 0), (95, 96, None, 0), (96, 96, None, 1), (960, 96, 4, 4), (960, 96, 40, 10)],
)
def test_batches_are_counted(rows: int, length: int, max_batches: int | None, count: int) -> None:
    assert batch_count(rows, length, max_batches=max_batches) == count


def test_arguments_out_of_bounds_are_refused_by_name() -> None:
    with pytest.raises(CorpusError, match="rows is -1; expected 0 or more"):
        window_count(-1, 96)
    with pytest.raises(CorpusError, match="length is 0; expected 1 or more"):
        window_count(5, 0)
    with pytest.raises(CorpusError, match="max_batches is 0; expected 1 or more"):
        batch_count(5, 1, max_batches=0)
    with pytest.raises(CorpusError, match="stride is 0; expected 1 or more"):
        window_count(5, 1, 0)
    with pytest.raises(CorpusError, match="stride is 6, larger than the window of 5 rows"):
        batch_count(20, 5, 6)
    with pytest.raises(CorpusError, match="patch_length is 0; expected 1 or more"):
        patch_spans(96, 0, 12)
    with pytest.raises(CorpusError, match="stride is 0; expected 1 or more"):
        patch_spans(96, 24, 0)
    with pytest.raises(CorpusError, match="patch_length is 97, longer than the window of 96 rows"):
        patch_spans(96, 97, 12)


def test_the_usual_window_has_seven_patches() -> None:
    assert patch_spans(96, 24, 12) == (
        (0, 24),
        (12, 36),
        (24, 48),
        (36, 60),
        (48, 72),
        (60, 84),
        (72, 96),
    )


@given(length=st.integers(1, 60), patch_length=st.integers(1, 60), stride=st.integers(1, 70))
def test_patches_are_all_whole_ones_at_multiples_of_the_stride(
    length: int, patch_length: int, stride: int
) -> None:
    if patch_length > length:
        with pytest.raises(CorpusError):
            patch_spans(length, patch_length, stride)
        return
    expected = []
    start = 0
    while start + patch_length <= length:
        expected.append((start, start + patch_length))
        start += stride
    assert patch_spans(length, patch_length, stride) == tuple(expected)
