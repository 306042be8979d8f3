"""The proof that no split has seen another one's rows.

What belongs here: what can be told from the row spans of samples alone. What does not: how samples
were assigned (`splits`). This module must not import that one: it would prove its own opinion.
"""

from collections.abc import Iterable
from typing import Protocol

from zwu_ts_assets.training.sample import SPLITS


class Spanned(Protocol):
    """What the proof needs of a sample; a `Sample` is one."""

    @property
    def id(self) -> str:
        """The sample's id."""

    @property
    def split(self) -> str:
        """One of `SPLITS`."""

    @property
    def past_start(self) -> int:
        """First row of the past."""

    @property
    def past_stop(self) -> int:
        """The row after the past's last one."""

    @property
    def target_stop(self) -> int:
        """The row after the target's last one."""


def leak_problem(samples: Iterable[Spanned], embargo_rows: int = 0) -> str:
    """Say which two samples of different splits share rows, or are in the wrong order.

    One sweep over the samples by their first row. Of the samples before, only the one that reaches
    furthest in each split matters: if it does not reach the next sample, none does. So 20,000
    overlapping windows take as long as sorting them, where all pairs would be 200 million.

    Args:
        samples: Samples of all splits, in any order.
        embargo_rows: At least so many rows must lie between samples of two splits.

    Returns:
        One sentence about the first offending pair; an empty string if there is none.
    """
    ordered = sorted(samples, key=lambda sample: (sample.past_start, sample.target_stop))
    furthest: dict[str, Spanned] = {}
    for sample in ordered:
        if sample.split not in SPLITS:
            return f"sample {sample.id} is in the split {sample.split!r}; expected one of {SPLITS}"
        if not sample.past_start < sample.past_stop <= sample.target_stop:
            return (
                f"sample {sample.id} has its past from row {sample.past_start} to before "
                f"{sample.past_stop} and its target to before {sample.target_stop}; expected "
                "increasing rows"
            )
        for split, other in furthest.items():
            if split != sample.split and other.target_stop + embargo_rows > sample.past_start:
                return _told(other, sample, embargo_rows)
            if SPLITS.index(split) > SPLITS.index(sample.split):
                return (
                    f"{_span(sample)} comes after {_span(other)}; expected train before validation "
                    "before test"
                )
        before = furthest.get(sample.split)
        if before is None or sample.target_stop > before.target_stop:
            furthest[sample.split] = sample
    return ""


def _told(one: Spanned, other: Spanned, embargo_rows: int) -> str:
    shared = min(one.target_stop, other.target_stop) - other.past_start
    if shared > 0:
        return (
            f"{_span(one)} shares {shared} row(s) with {_span(other)}: rows {other.past_start} to "
            f"{other.past_start + shared - 1} leak from one split into another"
        )
    return (
        f"{_span(one)} ends {-shared} row(s) before {_span(other)} begins; expected an embargo of "
        f"at least {embargo_rows} row(s)"
    )


def _span(sample: Spanned) -> str:
    return (
        f"{sample.split} sample {sample.id} (rows {sample.past_start} to {sample.target_stop - 1})"
    )
