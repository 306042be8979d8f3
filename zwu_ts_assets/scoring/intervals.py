"""Intervals and tests: of a share, of the difference of two paired shares, of means.

All are closed forms or have a fixed seed, so the same counts give the same figures everywhere.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from zwu_ts_assets.evidence.report import Rate

_Z95: Final = 1.959963984540054
_RESAMPLES: Final = 2_000
_SEED: Final = 20_240_229


@dataclass(frozen=True)
class Interval:
    """An estimate with its 95 % interval."""

    value: float
    low: float
    high: float


def share(right: int, asked: int) -> Interval:
    """A share, with the interval of Wilson (1927), which also holds near 0 and 1."""
    rate = Rate(right, asked)
    return Interval(rate.share, *rate.interval)


def paired_difference(gained: int, lost: int, asked: int) -> Interval:
    """The difference of two shares on the same questions, by Bonett and Price (2012).

    Args:
        gained: Questions that the second alone got right.
        lost: Questions that the first alone got right.
        asked: All questions.
    """
    if not asked:
        return Interval(math.nan, -1.0, 1.0)
    up, down = (gained + 1) / (asked + 2), (lost + 1) / (asked + 2)
    middle = up - down
    half = _Z95 * math.sqrt((up + down - middle**2) / (asked + 2))
    return Interval((gained - lost) / asked, max(-1.0, middle - half), min(1.0, middle + half))


def mcnemar(gained: int, lost: int) -> float:
    """The exact two-sided p of McNemar (1947): could as many differ one way by a fair coin?"""
    differing = gained + lost
    tail = sum(math.comb(differing, k) for k in range(min(gained, lost) + 1))
    # Whole numbers, since two to the power of thousands is no float.
    return min(1.0, (2 * tail * 10**12 >> differing) / 10**12)


def mean_of(values: Sequence[float]) -> Interval:
    """A mean, with the bootstrap's percentile interval over the values."""
    return ratio_of(values, [1.0] * len(values))


def ratio_of(numerators: Sequence[float], denominators: Sequence[float]) -> Interval:
    """The ratio of two means over the same questions, with the paired bootstrap's interval."""
    over, under = np.asarray(numerators, float), np.asarray(denominators, float)
    if not over.size or not under.sum():
        return Interval(math.nan, math.nan, math.nan)
    drawn = _resamples(over.size)
    below = under[drawn].sum(axis=1)
    ratios = np.divide(
        over[drawn].sum(axis=1), below, out=np.full(len(below), np.nan), where=below > 0
    )
    low, high = np.nanpercentile(ratios, [2.5, 97.5])
    return Interval(float(over.sum() / under.sum()), float(low), float(high))


def _resamples(count: int) -> NDArray[np.int64]:
    """Indices drawn with replacement, (resamples, count); the same for the same count."""
    # Only `random` is used: its stream is what numpy promises to keep for PCG64.
    generator = np.random.Generator(np.random.PCG64(_SEED))
    return (generator.random((_RESAMPLES, count)) * count).astype(np.int64)
