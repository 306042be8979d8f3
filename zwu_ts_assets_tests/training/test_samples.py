"""Windows become samples with their target, and nothing stale gets in."""

import dataclasses
import hashlib
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.text.stats import stats_lines
from zwu_ts_assets.timeseries.csv_gaps import Grid, fill
from zwu_ts_assets.timeseries.csv_rules import CsvRules
from zwu_ts_assets.timeseries.series import Series
from zwu_ts_assets.timeseries.windows import cut_batch, patch_spans
from zwu_ts_assets.training.sample import SPLITS, Sample
from zwu_ts_assets.training.samples import WindowAssets, interval_seconds, make_samples
from zwu_ts_assets.training.split_rule import SplitRule
from zwu_ts_assets.training.splits import resolve_borders
from zwu_ts_assets_tests.training.builders import assets_of, samples_of, series_of, walk

RULE = SplitRule(borders=(0, 48, 80, 100))


def test_a_sample_has_the_rows_after_its_window_as_target() -> None:
    series = series_of(walk(100))
    samples, report = samples_of(series, RULE, length=8, horizon=4)
    assert report.samples == {"train": 5, "validation": 3, "test": 2}
    assert [s.id for s in samples][:2] == ["tiny-r0000000", "tiny-r0000008"]
    for sample in samples:
        assert (sample.past_stop, sample.target_stop) == (
            sample.past_start + 8,
            sample.past_start + 12,
        )
        assert np.array_equal(sample.past, series.values[sample.past_start :][:8])
        assert np.array_equal(sample.target, series.values[sample.past_start + 8 :][:4])
        assert np.array_equal(sample.target_timestamps, series.timestamps[sample.past_stop :][:4])
        assert sample.batch == sample.past_start // 8
        assert interval_seconds(sample) == 3600


def test_samples_are_in_the_order_of_time_whatever_the_order_of_windows() -> None:
    series = series_of(walk(100))
    windows = assets_of(series, 8, 4)
    again, _ = make(windows[::-1])
    assert [s.past_start for s in again] == [s.past_start for s in make(windows)[0]]


def filled(values: np.ndarray, holes: np.ndarray) -> Series:
    """A series with holes, of which runs of up to three are interpolated."""
    rules = CsvRules(gaps="interpolate", interpolate_limit=3)
    lacking = np.where(holes, np.nan, values)
    found = fill(Grid(np.arange(len(values), dtype=np.int64)), lacking, rules)
    plain = series_of(found.values)
    return dataclasses.replace(plain, missing=found.missing, interpolated=found.interpolated)


def samples_at_every_offset(series: Series, embargo: int) -> list[Sample]:
    rule = SplitRule(borders=(0, 24, 40, 60), embargo_rows=embargo)
    assets = []
    for batch in range(10):
        for window in cut_batch(series, batch, length=6, horizon=3, stride=1).windows:
            text = " ".join(stats_lines(window.values, window.features))
            assets.append(WindowAssets(batch, window, "a", "b", "", text, 1, 1, 1, {}))
    samples, report = make_samples(
        assets,
        dataset="tiny",
        series=series,
        borders=resolve_borders(rule, series.timestamps),
        horizon=3,
        patches=patch_spans(6, 3, 3),
    )
    assert sum(report.samples.values()) == len(samples)
    return samples


@settings(max_examples=60, deadline=None)
@given(
    holes=st.sets(st.tuples(st.integers(0, 59), st.integers(0, 1)), max_size=25),
    embargo=st.integers(0, 3),
)
def test_no_sample_changes_with_a_value_in_a_sample_of_another_split(
    holes: set[tuple[int, int]], embargo: int
) -> None:
    """A value that was interpolated over a border would tell what lies behind it."""
    values, marks = walk(60, 2), np.zeros((60, 2), np.bool_)
    for place in holes:
        marks[place] = True
    before = samples_at_every_offset(filled(values, marks), embargo)
    for split in SPLITS:
        own = [s for s in before if s.split == split]
        known = np.zeros(60, np.bool_)
        for sample in (s for s in before if s.split != split):
            known[sample.past_start : sample.target_stop] = True
        series = filled(values + 100.0 * known[:, None], marks)
        for sample in own:
            rows = slice(sample.past_start, sample.target_stop)
            now = np.concatenate([sample.past, sample.target])
            assert np.array_equal(series.values[rows], now), sample.id


def test_a_value_interpolated_over_a_border_embargoes_its_windows() -> None:
    marks = np.zeros((60, 2), np.bool_)
    samples = {s.past_start: s for s in samples_at_every_offset(filled(walk(60, 2), marks), 0)}
    marks[22:24, 1] = True  # the last rows of train
    fewer = {s.past_start for s in samples_at_every_offset(filled(walk(60, 2), marks), 0)}
    # Windows of nine rows that hold row 22 and not the border end with row 23, or with row 22.
    assert set(samples) - fewer == {14, 15}
    marks[:] = False
    marks[24, 0] = True  # the first row of validation
    fewer = {s.past_start for s in samples_at_every_offset(filled(walk(60, 2), marks), 0)}
    assert set(samples) - fewer == {24}


def make(windows: list[WindowAssets], **changed: object) -> tuple[list, object]:  # type: ignore[type-arg]
    series = series_of(walk(100))
    arguments: dict[str, object] = {
        "dataset": "tiny",
        "series": series,
        "borders": resolve_borders(RULE, series.timestamps),
        "horizon": 4,
        "patches": patch_spans(8, 4, 2),
    }
    return make_samples(windows, **{**arguments, **changed})  # type: ignore[arg-type]


def test_the_target_has_a_fingerprint_of_its_rows() -> None:
    """It changes with a target value, which changes none of the window's own versions."""
    series = series_of(walk(100))
    (first, *_), _ = samples_of(series, RULE, length=8, horizon=4)
    changed = series.values.copy()
    changed[9, 0] += 1
    (other, *_), _ = samples_of(series_of(changed), RULE, length=8, horizon=4)
    assert first.fingerprints["target"] != other.fingerprints["target"]
    assert first.fingerprints["batch_windows"] == other.fingerprints["batch_windows"]
    head = json.dumps({"features": ["a", "b", "c"], "shape": [4, 3], "start": 8}).encode()
    times = series.timestamps[8:12].astype("<i8").tobytes()
    values = series.values[8:12].astype("<f8").tobytes()
    assert first.fingerprints["target"] == hashlib.sha256(head + times + values).hexdigest()


def test_units_are_by_column_and_empty_where_unknown() -> None:
    samples, _ = make(assets_of(series_of(walk(100)), 8, 4), units={"b": "°C"})
    assert samples[0].units == ("", "°C", "")
    with pytest.raises(CorpusError, match=r"units are given for \['B'\].*columns are: a, b, c"):
        make([], units={"B": "°C"})


def test_without_a_horizon_samples_have_no_target() -> None:
    samples, _ = samples_of(series_of(walk(100)), RULE, length=8, horizon=0)
    assert samples[0].target.shape == (0, 3)
    assert len(samples) == 12


def test_a_window_of_other_rows_is_refused() -> None:
    windows = assets_of(series_of(walk(100, seed=1)), 8, 4)
    with pytest.raises(CorpusError, match="batch 0: its window does not hold rows 0 to 7"):
        make(windows)


def test_statistics_of_other_rows_are_refused() -> None:
    windows = assets_of(series_of(walk(100)), 8, 4)
    stale = dataclasses.replace(windows[3], stats_text=windows[4].stats_text)
    with pytest.raises(CorpusError, match="batch 3: its statistics are not those of its window"):
        make([*windows[:3], stale])


def test_a_window_that_comes_twice_is_refused() -> None:
    windows = assets_of(series_of(walk(100)), 8, 4)
    with pytest.raises(CorpusError, match="two windows begin in row 8"):
        make([windows[0], windows[1], windows[1]])
