"""Data quality flags of a window: what a reader should know before trusting it.

What belongs here: the rules and their thresholds. What does not: dropping samples, which is up to
whoever trains.

* `constant:NAME`: the column has one value throughout the past; it has no correlation.
* `target_constant:NAME`: likewise throughout the target.
* `near_constant:NAME`: the past varies, but by less than rounding (1e-9 of its largest number), or
  with a standard deviation below the 1e-5 that the figure's standardisation adds: it is drawn flat.
* `repeated:NAME`: at least half of the past's steps repeat the value before, like a stuck meter.
* `outlier:NAME`: a value of the past lies over 6 interquartile ranges outside the quartiles.
* `flat_patch:K`: every column is constant in patch K; that frame of the video shows no dependence.
* `interpolated:NAME:N`: N values of the past were not in the CSV, and were interpolated. Figure,
  video, statistics and answers are about them too.
* `target_interpolated:NAME:N`: likewise of the target, which a forecast is held against.
* `looks_ahead:NAME`: the past ends with such values, which were computed with one after it: a
  forecast may read its answer off them.

A name may hold colons itself: the kind ends at the first one, the number begins after the last.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from zwu_ts_assets.figures.dependence import STD_OFFSET

_ROUNDING: Final = 1e-9
_REPEATED_SHARE: Final = 0.5
_OUTLIER_RANGES: Final = 6.0

_AHEAD: Final = "looks_ahead:"

FLAG_KINDS: Final = (
    "constant",
    "target_constant",
    "near_constant",
    "repeated",
    "outlier",
    "flat_patch",
    "interpolated",
    "target_interpolated",
    "looks_ahead",
)


def quality_flags(
    past: NDArray[np.float64],
    target: NDArray[np.float64],
    features: Sequence[str],
    patches: Sequence[tuple[int, int]],
) -> tuple[str, ...]:
    """The flags that follow from a window's values, kind by kind in the order of `FLAG_KINDS`.

    Args:
        past: (rows, features) float64, finite, at least two rows.
        target: (target rows, features) float64; may have no row.
        features: The column names.
        patches: (start, stop) rows of the patches within the past, as `patch_spans` gives them.
    """
    constant = _constant(past)
    scaled = past / np.maximum(np.abs(past).max(axis=0), np.finfo(np.float64).tiny)
    spread = scaled.max(axis=0) - scaled.min(axis=0)
    with np.errstate(over="ignore"):  # an infinite deviation is not a small one
        near = ~constant & ((spread < _ROUNDING) | (past.std(axis=0) < STD_OFFSET))
    repeated = ~constant & ((past[1:] == past[:-1]).mean(axis=0) >= _REPEATED_SHARE)
    # On scaled numbers, since the difference of two very large ones would overflow.
    low, high = np.quantile(scaled, [0.25, 0.75], axis=0)
    margin = _OUTLIER_RANGES * (high - low)
    # Where most values are equal the range is 0, and any other value would be an outlier.
    outlier = (margin > 0) & ((scaled < low - margin) | (scaled > high + margin)).any(axis=0)
    columns = {
        "constant": constant,
        "target_constant": _constant(target) if len(target) else np.zeros_like(constant),
        "near_constant": near,
        "repeated": repeated,
        "outlier": outlier,
    }
    named = [
        f"{kind}:{name}"
        for kind, flagged in columns.items()
        for name, flag in zip(features, flagged, strict=True)
        if flag
    ]
    flat = [
        f"flat_patch:{patch}"
        for patch, (start, stop) in enumerate(patches)
        if _constant(past[start:stop]).all()
    ]
    return (*named, *flat)


def interpolation_flags(
    past: NDArray[np.bool_], target: NDArray[np.bool_], features: Sequence[str]
) -> tuple[str, ...]:
    """The flags that tell which values of a window and its target were interpolated, and how many.

    Args:
        past: (rows, features) bool, true where a value was interpolated.
        target: (target rows, features) bool, likewise.
        features: The column names.
    """
    counts = [
        f"{kind}:{name}:{count}"
        for kind, marks in (("interpolated", past), ("target_interpolated", target))
        for name, count in zip(features, marks.sum(axis=0).tolist(), strict=True)
        if count
    ]
    last = past[-1] if len(past) and len(target) else np.zeros(len(features), np.bool_)
    ahead = [f"{_AHEAD}{name}" for name, mark in zip(features, last, strict=True) if mark]
    return (*counts, *ahead)


def interpolated_values(flags: Sequence[str]) -> tuple[dict[str, int], dict[str, int]]:
    """What `interpolation_flags` told: by column, how many values of the past, and of the target.

    Args:
        flags: All flags of a sample.
    """
    found: dict[str, dict[str, int]] = {"interpolated": {}, "target_interpolated": {}}
    for flag in flags:
        kind, _, rest = flag.partition(":")
        if kind in found:
            name, _, count = rest.rpartition(":")
            found[kind][name] = int(count)
    return found["interpolated"], found["target_interpolated"]


def looking_ahead(flags: Sequence[str]) -> list[str]:
    """The columns whose last values of the past were interpolated with one after it.

    Args:
        flags: All flags of a sample.
    """
    return [flag.removeprefix(_AHEAD) for flag in flags if flag.startswith(_AHEAD)]


def is_interpolation_flag(flag: str) -> bool:
    """Whether a flag tells of interpolated values, past or target."""
    return flag.startswith(("interpolated:", "target_interpolated:", _AHEAD))


def _constant(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Decided on the raw numbers: the deviation of equal numbers may be 1.4e-17 by rounding."""
    constant: NDArray[np.bool_] = values.max(axis=0) == values.min(axis=0)
    return constant
