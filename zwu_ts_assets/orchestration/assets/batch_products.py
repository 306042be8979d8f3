"""From the table to batches of windows: which columns feature panels show, which rows train.

What belongs here: cutting with a dataset's settings, saying what there is to know of a batch,
whether columns are chosen, and by which rows. What does not: the arithmetic (`windows.py`,
`dependence.py`), what is made of windows (`corpus_products.py`).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from zwu_ts_assets.config.settings import Settings
from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.figures.dependence import choose_columns
from zwu_ts_assets.orchestration.datasets import Dataset
from zwu_ts_assets.orchestration.work import Product
from zwu_ts_assets.storage.artifact_store import Detail, digest
from zwu_ts_assets.timeseries.series import Series
from zwu_ts_assets.timeseries.windows import (
    Batch,
    Selection,
    batch_count,
    batch_digest,
    batch_starts,
    cut_batch,
    whole_starts,
    window_count,
)
from zwu_ts_assets.training.splits import (
    SplitReport,
    resolve_borders,
    split_report,
    train_rows,
)


def require_rows(series: Series, settings: Settings, last_batch: int, raw_asset: str) -> None:
    """Refuse batches of rows that the CSV has and the table does not have yet.

    Raises:
        CorpusError: Names the asset that brings the rows.
    """
    batches = batch_count(len(series.timestamps), settings.window_length, settings.stride)
    if last_batch >= batches:
        raise CorpusError(
            f"batch {last_batch} is not in {raw_asset} yet, which has {batches} batches; "
            f"materialize {raw_asset} first"
        )


def batch_product(
    batch: int, *, series: Series, settings: Settings, shown: Selection | None = None
) -> Product[Batch]:
    """The windows of one batch, which columns are shown, how much of their targets the CSV has."""
    cut = cut_batch(
        series,
        batch,
        length=settings.window_length,
        horizon=settings.horizon,
        stride=settings.stride,
        shown=shown,
    )
    details: dict[str, Detail] = {
        "rows": f"{cut.start}..{cut.stop - 1}" if cut.starts else "none",
        "features": len(cut.features),
        **({"features_shown": len(shown.columns)} if shown else {}),
        **target_details(cut, settings),
    }
    if cut.starts:
        details["first_timestamp"] = series.axis.time_text(cut.timestamps[0])
        details["last_timestamp"] = series.axis.time_text(cut.timestamps[-1])
    if settings.overlapping or not cut.starts:
        details |= {"windows": len(cut.starts), "horizon": settings.horizon}
    return Product(cut, details, version=batch_digest(cut))


def training_starts(
    dataset: Dataset, series: Series, batches: Iterable[int]
) -> dict[int, Sequence[int]]:
    """Where the windows begin that lie in the training split, on which colour ranges are fitted.

    Returns:
        The starts by batch, gaps not counted; without batches that have none.
    """
    rows = train_rows(
        dataset.split_rule(series.rows), series.timestamps, series.reach, series.breaks
    )
    settings = dataset.settings
    found = {
        batch: batch_starts(batch, settings.window_length, settings.stride, rows)
        for batch in batches
    }
    return {batch: starts for batch, starts in found.items() if starts}


def foretold_splits(dataset: Dataset, series: Series) -> SplitReport:
    """How the windows will be divided once samples are made of them: the table alone decides it.

    Raises:
        CorpusError: The split's borders do not fit the table.
    """
    settings = dataset.settings
    length, stride = settings.window_length, settings.stride
    borders = resolve_borders(dataset.split_rule(series.rows), series.timestamps, series.breaks)
    made = batch_count(series.rows, length, stride, settings.max_batches) * length
    starts = range(0, min(window_count(series.rows, length, stride) * stride, made), stride)
    whole = whole_starts(series, starts, length).tolist()
    return split_report(
        borders,
        series.timestamps,
        ((start, start + length + settings.horizon) for start in whole),
        series.missing_rows,
        series.reach,
        axis=series.axis,
    )


def training_versions(
    training: Mapping[int, Sequence[int]], versions: Mapping[int, str], settings: Settings
) -> dict[int, str]:
    """What tells the training windows of each batch: its version, and which of them if not all.

    Args:
        training: What `training_starts` found.
        versions: Content version of each batch.
        settings: How windows are cut.
    """
    length, stride = settings.window_length, settings.stride
    found = {}
    for batch, starts in training.items():
        owned = batch_starts(batch, length, stride, (0, (batch + 2) * length))
        found[batch] = versions[batch]
        if len(starts) < len(owned):
            found[batch] = digest(versions[batch], str(starts[0]), str(starts[-1]))
    return found


def target_details(batch: Batch, settings: Settings) -> dict[str, Detail]:
    """Which rows the target spans of a batch's windows cover, and how many the last one has."""
    if not batch.starts:
        return {"target_span": "none", "target_rows": 0, "target_complete": False}
    first_stop = batch.start + batch.length
    return span_details(first_stop, batch.stop, batch.target_rows[-1], settings)


def span_details(
    first_stop: int, last_stop: int, target_rows: int, settings: Settings
) -> dict[str, Detail]:
    """Which rows the target spans of some windows cover.

    Args:
        first_stop: The row after the first window's last one.
        last_stop: The row after the last window's last one.
        target_rows: How many target rows the last window has.
        settings: How many it should have.
    """
    span = f"{first_stop}..{last_stop + settings.horizon - 1}" if settings.horizon else "none"
    return {
        "target_span": span,
        "target_rows": target_rows,
        "target_complete": target_rows == settings.horizon,
    }


_LISTED: Final = 20  # names in a message


def shows_selection(settings: Settings, features: Sequence[str]) -> bool:
    """Whether feature panels show some of the columns, or all in another order."""
    if settings.figure_columns is not None:
        return settings.figure_columns != tuple(features)
    return len(features) > settings.figure_features


def feature_selection(dataset: Dataset, series: Series) -> Selection | None:
    """The columns that feature panels show; None where they show all.

    Those that the settings name, else those that `choose_columns` finds in the first rows of the
    training split: ten windows of them, or five, two or one where it has no more, or all of a split
    shorter than a window. So nothing is learnt from validation and test rows, and rows that are
    appended change nothing: borders and dates stay where they are, and as ratios move them, a
    training split of ten windows never has fewer again.

    Raises:
        CorpusError: A named column does not exist, the canvas is too small, or there is no
            training split.
    """
    settings = dataset.settings
    if not shows_selection(settings, series.features):
        return None
    if settings.figure_columns is not None:
        index = {name: column for column, name in enumerate(series.features)}
        unknown = [name for name in settings.figure_columns if name not in index]
        if unknown:
            raise CorpusError(
                f"{dataset.csv}: the setting figure_columns names "
                f"{_listed(list(map(repr, unknown)))}, no columns that are used; expected some of: "
                f"{_listed(series.features)}. Correct the names."
            )
        columns = tuple(index[name] for name in settings.figure_columns)
        return Selection(columns, (1,) * len(columns))
    if settings.figure_features > settings.figure_room:
        raise CorpusError(
            f"{dataset.csv}: of {len(series.features)} columns {settings.figure_features} would be "
            f"shown (setting figure_features); {settings.room_told}"
        )
    rows = selection_rows(dataset, series)
    values = series.values[rows]
    if series.missing is not None:
        values = values[~series.missing[rows]]
    return choose_columns(values, settings.figure_features)


def selection_rows(dataset: Dataset, series: Series) -> slice:
    """The rows by which columns are chosen: the first ones of the training split."""
    first, stop = train_rows(
        dataset.split_rule(series.rows), series.timestamps, series.reach, series.breaks
    )
    length = dataset.settings.window_length
    # In steps, so that a short series that grows does not choose anew at every row.
    windows = next((count for count in (10, 5, 2) if count * length <= stop - first), 1)
    # Of a split that is shorter than one window, no row beyond it either.
    return slice(first, min(first + windows * length, stop))


def _listed(names: Sequence[str]) -> str:
    listed = ", ".join(names[:_LISTED])
    return listed if len(names) <= _LISTED else f"{listed} and {len(names) - _LISTED} more"
