"""Windows -> samples.

What belongs here: bringing together what the corpus made of each window, its target and its split.
What does not: the split rule (`splits`), the flags (`quality`), the file (`sample_table`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.text.stats import stats_lines
from zwu_ts_assets.timeseries.csv_rules import StatsFormat
from zwu_ts_assets.timeseries.series import Series
from zwu_ts_assets.timeseries.windows import Window, content_digest
from zwu_ts_assets.training.picture.alterations import alteration_of, alteration_text
from zwu_ts_assets.training.quality import interpolation_flags, quality_flags
from zwu_ts_assets.training.sample import Sample, sample_id
from zwu_ts_assets.training.splits import Borders, SplitReport, place, split_report


@dataclass(frozen=True, eq=False)
class WindowAssets:
    """What the corpus made of one window.

    Attributes:
        batch: Index of the batch that owns the window.
        window: The window.
        image: The figure, relative to the dataset's artifact folder, with `/` between its parts.
        video: The video, likewise.
        line_plot: The plot of its values, likewise; empty if none was drawn.
        stats_text: Its statistics, as `parse_stats` gives them.
        stats_tokens: Ids of that text in the corpus' tokenizer.
        image_tokens: Tokens of the figure, with delimiters.
        video_tokens: Tokens of the video, with timestamps and delimiters.
        versions: Content version of its own by asset: `batch_windows` for its rows,
            `correlation_pngs` and `patch_videos` for its files.
        altered_plot: The plot of its altered copy's values; empty if none was drawn.
    """

    batch: int
    window: Window
    image: str
    video: str
    line_plot: str
    stats_text: str
    stats_tokens: int
    image_tokens: int
    video_tokens: int
    versions: Mapping[str, str]
    altered_plot: str = ""


def make_samples(
    windows: Iterable[WindowAssets],
    *,
    dataset: str,
    series: Series,
    borders: Borders,
    horizon: int,
    patches: Sequence[tuple[int, int]],
    units: Mapping[str, str] | None = None,
    stats_format: StatsFormat = "decimals",
) -> tuple[list[Sample], SplitReport]:
    """One sample per window that is in a split, in the order of time.

    Args:
        windows: What the corpus made of each window, in any order.
        dataset: Name of the dataset.
        series: The whole series; the targets are cut from it.
        borders: Where the splits begin and end.
        horizon: Rows of a target span.
        patches: (start, stop) rows of the patches of a window.
        units: Unit by column name; columns without one have an empty string.
        stats_format: How the numbers of the statistics are written.

    Returns:
        The samples, and how many windows are in which split or in none.

    Raises:
        CorpusError: A window or its statistics are not of this series, two windows begin in the
            same row, or a unit is given for a column that does not exist.
    """
    units = units or {}
    unknown = sorted(set(units) - set(series.features))
    if unknown:
        raise CorpusError(
            f"units are given for {unknown}, which are no columns; the columns are: "
            f"{', '.join(series.features)}. Mend the names in the units."
        )
    ordered = sorted(windows, key=lambda assets: assets.window.start)
    samples = []
    spans = []
    for before, assets in zip([None, *ordered], ordered, strict=False):
        window = assets.window
        if before is not None and before.window.start == window.start:
            raise CorpusError(
                f"two windows begin in row {window.start}, of batches {before.batch} and "
                f"{assets.batch}; expected each window once. Materialize batch_windows again."
            )
        _require_same_rows(assets, series, stats_format)
        target_stop = window.stop + horizon
        spans.append((window.start, target_stop))
        split = place(borders, *spans[-1], series.missing_rows, series.reach).split
        if split is None:
            continue
        target = Window(
            start=window.stop,
            timestamps=series.timestamps[window.stop : target_stop],
            values=series.values[window.stop : target_stop],
            features=series.features,
            target_rows=0,
        )
        samples.append(
            Sample(
                id=sample_id(dataset, window.start),
                dataset=dataset,
                split=split,
                batch=assets.batch,
                past_start=window.start,
                past_stop=window.stop,
                target_stop=target_stop,
                past_timestamps=window.timestamps,
                target_timestamps=target.timestamps,
                features=window.features,
                units=tuple(units.get(name, "") for name in window.features),
                past=window.values,
                target=target.values,
                image=assets.image,
                video=assets.video,
                line_plot=assets.line_plot,
                altered_plot=assets.altered_plot,
                alteration=_alteration(dataset, window) if assets.altered_plot else "",
                stats_text=assets.stats_text,
                stats_tokens=assets.stats_tokens,
                image_tokens=assets.image_tokens,
                video_tokens=assets.video_tokens,
                flags=(
                    *quality_flags(window.values, target.values, window.features, patches),
                    *_interpolated(series, window, target_stop),
                ),
                fingerprints={**assets.versions, "target": content_digest(target)},
                shown=window.shown,
                axis=series.axis,
                labels=series.labels.of(window.start, window.stop) if series.labels else (),
            )
        )
    report = split_report(
        borders, series.timestamps, spans, series.missing_rows, series.reach, axis=series.axis
    )
    return samples, report


def interval_seconds(sample: Sample) -> int:
    """The seconds from one row to the next; 0 where steps are no fixed time."""
    if not sample.axis.is_fixed:
        return 0
    times = sample.past_timestamps
    return int((times[1] - times[0]) / np.timedelta64(1, "s"))


def _alteration(dataset: str, window: Window) -> str:
    values, names = window.values, window.features
    if window.shown is not None:
        values, names = values[:, list(window.shown.columns)], window.shown.names(names)
    done = alteration_of(sample_id(dataset, window.start), values)
    return alteration_text(done, names, len(values))


def _interpolated(series: Series, window: Window, target_stop: int) -> tuple[str, ...]:
    marks = series.interpolated
    if marks is None:
        return ()
    past, target = marks[window.start : window.stop], marks[window.stop : target_stop]
    return interpolation_flags(past, target, series.features)


def _require_same_rows(assets: WindowAssets, series: Series, stats_format: StatsFormat) -> None:
    """Refuse a window or a text left over from another CSV: its target would not follow it."""
    window = assets.window
    rows = slice(window.start, window.stop)
    if (
        window.features != series.features
        or not np.array_equal(window.timestamps, series.timestamps[rows])
        or not np.array_equal(window.values, series.values[rows])
    ):
        raise CorpusError(
            f"batch {assets.batch}: its window does not hold rows {window.start} to "
            f"{window.stop - 1} of the table as it is now. Materialize batch_windows again."
        )
    expected = " ".join(stats_lines(window.values, window.features, stats_format))
    if assets.stats_text.split() != expected.split():
        raise CorpusError(
            f"batch {assets.batch}: its statistics are not those of its window. Materialize "
            "batch_stats again."
        )
