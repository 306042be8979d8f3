"""Which windows bear which flag."""

import numpy as np
import pytest

from zwu_ts_assets.timeseries.windows import patch_spans
from zwu_ts_assets.training.quality import (
    interpolated_values,
    interpolation_flags,
    is_interpolation_flag,
    looking_ahead,
    quality_flags,
)
from zwu_ts_assets.training.split_rule import SplitRule
from zwu_ts_assets_tests.training.builders import etth1, samples_of, walk

PATCHES = patch_spans(96, 24, 12)


def flags_of(column: np.ndarray | list[float], target: list[float] | None = None) -> list[str]:
    """Flags of a window with an ordinary column beside this one."""
    past = np.column_stack([walk(96, 1)[:, 0], column])
    ahead = np.column_stack([np.arange(4.0), target or [1.0, 2, 3, 4]])
    return list(quality_flags(past, ahead, ("ordinary", "x"), PATCHES))


def test_an_ordinary_window_has_none() -> None:
    assert flags_of(walk(96, 1, seed=3)[:, 0]) == []


def test_a_column_of_one_value_is_constant() -> None:
    assert flags_of([0.1] * 96) == ["constant:x"]
    assert flags_of(walk(96, 1, seed=3)[:, 0], target=[2.0] * 4) == ["target_constant:x"]


def test_a_window_without_a_target_has_no_flag_for_it() -> None:
    past = walk(96, 2)
    assert quality_flags(past, past[:0], ("a", "b"), PATCHES) == ()


def test_what_varies_by_rounding_alone_is_near_constant() -> None:
    values = np.full(96, 1e6)
    values[::2] = np.nextafter(1e6, 2e6)
    assert flags_of(values) == ["near_constant:x"]
    assert flags_of(np.arange(96) * 1e-8) == ["near_constant:x"]
    assert flags_of(np.arange(96) * 1e-5) == []


def test_a_column_that_repeats_itself_half_of_the_time_is_flagged() -> None:
    assert flags_of(np.repeat(np.arange(48.0), 2)) == ["repeated:x"]  # 48 of 95 steps
    assert flags_of(np.concatenate([np.repeat(np.arange(47.0), 2), [50, 51]])) == []  # 47 of 95


def test_a_value_far_outside_the_quartiles_is_an_outlier() -> None:
    values = np.tile([0.0, 1.0, 2.0, 3.0], 24)  # quartiles 0.75 and 2.25, also with a larger 3
    values[51] = 2.25 + 6 * 1.5
    assert flags_of(values) == []
    values[51] += 0.5
    assert flags_of(values) == ["outlier:x"]


def test_large_and_small_numbers_are_judged_by_their_shape() -> None:
    shape = walk(96, 1, seed=5)[:, 0]
    assert flags_of(shape * 1e300) == []
    assert flags_of(shape * 1e-300) == ["near_constant:x"]  # the figure's 1e-5 swallows it


@pytest.mark.shared
def test_the_oddities_of_the_real_file_are_flagged() -> None:
    """Batch 97 has two constant columns, every column stands still in patch 4 of batch 7."""
    samples, _ = samples_of(etth1(), SplitRule())
    flags = {sample.batch: sample.flags for sample in samples}
    assert {"constant:LUFL", "constant:LULL"} <= set(flags[97])
    assert "target_constant:LUFL" in flags[96]
    assert "flat_patch:4" in flags[7]
    assert flags[0] == ()


def test_interpolated_values_are_counted_by_column_past_and_target_apart() -> None:
    past, target = np.zeros((6, 3), np.bool_), np.zeros((4, 3), np.bool_)
    past[1:4, 2] = past[4, 0] = target[:2, 2] = True
    flags = interpolation_flags(past, target, ("a", "b", "load: kW"))
    assert flags == (
        "interpolated:a:1",
        "interpolated:load: kW:3",
        "target_interpolated:load: kW:2",
    )
    assert all(map(is_interpolation_flag, flags))
    told = interpolated_values(("outlier:a", *flags, "looks_ahead:load: kW"))
    assert told == ({"a": 1, "load: kW": 3}, {"load: kW": 2})
    assert not is_interpolation_flag("constant:interpolated:3")
    assert interpolation_flags(past[:0], target[:0], ("a", "b", "c")) == ()


def test_a_past_that_ends_with_interpolated_values_looks_ahead() -> None:
    """The value after it is in the target, and can be told from them."""
    past, target = np.zeros((6, 3), np.bool_), np.zeros((4, 3), np.bool_)
    past[4:, 1] = past[3, 2] = True
    flags = interpolation_flags(past, target, ("a", "b: c", "d"))
    assert flags == ("interpolated:b: c:2", "interpolated:d:1", "looks_ahead:b: c")
    assert looking_ahead(("outlier:a", *flags)) == ["b: c"]
    assert all(map(is_interpolation_flag, flags))
    # Without a target there is nothing to look at.
    assert looking_ahead(interpolation_flags(past, target[:0], ("a", "b: c", "d"))) == []
