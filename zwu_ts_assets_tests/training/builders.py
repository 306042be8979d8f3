"""Small series and samples for the tests of this folder."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from zwu_ts_assets.text.stats import stats_lines
from zwu_ts_assets.timeseries.csv_file import read_series
from zwu_ts_assets.timeseries.series import Series
from zwu_ts_assets.timeseries.windows import content_digest, cut_window, patch_spans, window_count
from zwu_ts_assets.training.sample import Sample, sample_id
from zwu_ts_assets.training.samples import WindowAssets, make_samples
from zwu_ts_assets.training.split_rule import SplitRule
from zwu_ts_assets.training.splits import SplitReport, resolve_borders
from zwu_ts_assets_tests.reference import ETTH1_CSV

START = np.datetime64("2016-07-01", "s")
HOUR = np.timedelta64(3600, "s")


def hours(rows: int) -> NDArray[np.datetime64]:
    """Hourly timestamps."""
    return START + np.arange(rows) * HOUR


def series_of(values: NDArray[np.float64], features: Sequence[str] | None = None) -> Series:
    """An hourly series; the columns are called a, b, c, ... unless they are named."""
    names = features or [chr(ord("a") + i) for i in range(values.shape[1])]
    return Series(hours(len(values)), np.ascontiguousarray(values, np.float64), tuple(names))


def walk(rows: int, features: int = 3, seed: int = 0) -> NDArray[np.float64]:
    """Random walks with a daily cycle."""
    random = np.random.default_rng(seed)
    daily = np.sin(np.arange(rows) * 2 * np.pi / 24)[:, None] * random.uniform(1, 3, features)
    walks: NDArray[np.float64] = daily + random.normal(size=(rows, features)).cumsum(axis=0) / 4
    return walks


def assets_of(series: Series, length: int, horizon: int) -> list[WindowAssets]:
    """What a corpus would have of every window of a series."""
    found = []
    for batch in range(window_count(series.rows, length)):
        window = cut_window(series, batch, length=length, horizon=horizon)
        versions = {"batch_windows": content_digest(window), "patch_videos": "v", "figures": "f"}
        text = " ".join(stats_lines(window.values, window.features))
        image, video = f"correlations/batch_{batch}.png", f"patch_videos/batch_{batch}.mp4"
        found.append(WindowAssets(batch, window, image, video, "", text, 99, 1738, 6978, versions))
    return found


def samples_of(
    series: Series, rule: SplitRule, length: int = 96, horizon: int = 96
) -> tuple[list[Sample], SplitReport]:
    """All samples of a series."""
    return make_samples(
        assets_of(series, length, horizon),
        dataset="tiny",
        series=series,
        borders=resolve_borders(rule, series.timestamps),
        horizon=horizon,
        patches=patch_spans(length, min(24, length), 12),
    )


def sample_of(
    past: NDArray[np.float64],
    target: NDArray[np.float64] | None = None,
    features: Sequence[str] | None = None,
    start: int = 0,
    units: Sequence[str] | None = None,
) -> Sample:
    """One sample with these values."""
    target = past[:0] if target is None else target
    series = series_of(np.concatenate([past, target]), features)
    rows = len(past)
    return Sample(
        id=sample_id("tiny", start),
        dataset="tiny",
        split="train",
        batch=0,
        past_start=start,
        past_stop=start + rows,
        target_stop=start + series.rows,
        past_timestamps=series.timestamps[:rows],
        target_timestamps=series.timestamps[rows:],
        features=series.features,
        units=tuple(units or [""] * len(series.features)),
        past=series.values[:rows],
        target=series.values[rows:],
        image="correlations/batch_0.png",
        video="patch_videos/batch_0.mp4",
        line_plot="",
        stats_text=" ".join(stats_lines(series.values[:rows], series.features)),
        stats_tokens=99,
        image_tokens=1738,
        video_tokens=6978,
        flags=(),
        fingerprints={"batch_windows": "w"},
    )


def etth1() -> Series:
    """The real series, for tests with the marker `shared`."""
    return read_series(ETTH1_CSV)
