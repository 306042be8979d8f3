"""The proof from row spans that no split has seen another one's rows."""

import itertools
import time
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zwu_ts_assets.training.leaks import leak_problem


@dataclass(frozen=True)
class Span:
    """The least that the proof needs."""

    id: str
    split: str
    past_start: int
    target_stop: int

    @property
    def past_stop(self) -> int:
        """The past is one row."""
        return self.past_start + 1


def spans_of(*rows: tuple[str, int, int]) -> list[Span]:
    return [Span(f"s{i}", *row) for i, row in enumerate(rows)]


def test_separate_splits_in_order_have_no_problem() -> None:
    spans = spans_of(("train", 0, 10), ("train", 5, 15), ("validation", 15, 20), ("test", 20, 30))
    assert leak_problem(spans) == ""
    assert leak_problem(reversed(spans)) == ""
    assert leak_problem([]) == ""


def test_the_offending_pair_and_the_shared_rows_are_named() -> None:
    spans = spans_of(("train", 0, 10), ("train", 2, 12), ("test", 11, 20), ("test", 30, 40))
    assert leak_problem(spans) == (
        "train sample s1 (rows 2 to 11) shares 1 row(s) with test sample s2 (rows 11 to 19): rows "
        "11 to 11 leak from one split into another"
    )


def test_a_long_sample_far_before_is_found() -> None:
    spans = spans_of(("train", 0, 100), ("train", 1, 5), ("train", 50, 60), ("test", 99, 120))
    assert leak_problem(spans).startswith("train sample s0 (rows 0 to 99) shares 1 row(s)")


def test_one_span_within_another_is_found() -> None:
    spans = spans_of(("train", 0, 100), ("validation", 40, 50))
    assert "shares 10 row(s)" in leak_problem(spans)


def test_a_gap_smaller_than_the_embargo_is_a_problem() -> None:
    spans = spans_of(("train", 0, 10), ("test", 14, 20))
    assert leak_problem(spans, embargo_rows=4) == ""
    assert leak_problem(spans, embargo_rows=5) == (
        "train sample s0 (rows 0 to 9) ends 4 row(s) before test sample s1 (rows 14 to 19) begins; "
        "expected an embargo of at least 5 row(s)"
    )


def test_the_order_of_time_is_part_of_the_proof() -> None:
    spans = spans_of(("test", 0, 10), ("train", 10, 20))
    assert "expected train before validation before test" in leak_problem(spans)


@pytest.mark.parametrize("span", [("training", 0, 9), ("train", 5, 5)])
def test_what_is_no_sample_is_a_problem(span: tuple[str, int, int]) -> None:
    assert leak_problem(spans_of(span)) != ""


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["train", "validation", "test"]), st.integers(0, 60), st.integers(1, 12)
        ),
        max_size=12,
    ),
    st.integers(0, 5),
)
def test_it_agrees_with_looking_at_every_pair_of_rows(
    rows: list[tuple[str, int, int]], embargo: int
) -> None:
    spans = spans_of(*((split, start, start + length) for split, start, length in rows))
    order = ["train", "validation", "test"]
    clean = True
    for one, other in itertools.permutations(spans, 2):
        if order.index(one.split) < order.index(other.split):
            last, first = one.target_stop - 1, other.past_start
            clean &= first - last > embargo
    assert (leak_problem(spans, embargo) == "") == clean


def test_twenty_thousand_overlapping_windows_take_no_time() -> None:
    spans = [Span(f"s{i}", "train" if i < 15_000 else "test", i, i + 192) for i in range(20_000)]
    apart = [s for s in spans if s.split == "test" or s.target_stop <= 15_000]
    began = time.process_time()
    assert leak_problem(apart) == ""
    assert time.process_time() - began < 2
    assert "shares 191 row(s)" in leak_problem(spans)
