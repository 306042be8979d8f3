"""From a dataset and its table to the columns that feature panels show.

What belongs here: whether some are chosen, and by which rows. What does not: how (`dependence.py`).
"""

from collections.abc import Sequence
from typing import Final

from zwu_ts_assets.config.settings import Settings
from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.figures.dependence import choose_columns
from zwu_ts_assets.orchestration.datasets import Dataset
from zwu_ts_assets.timeseries.series import Series
from zwu_ts_assets.timeseries.windows import Selection
from zwu_ts_assets.training.splits import train_rows

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
