"""Lagged copies of columns as further columns, for series that have few.

What belongs here: making the copies, and knowing one by its name. What does not: reading the series
(`csv_file.py`).

A figure of one column has nothing to set against each other. With copies of its past, rows are
compared by where the series came from: two rows are alike if their recent past is.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.timeseries.csv_rules import FEATURE_LIMIT, lagged_name
from zwu_ts_assets.timeseries.series import Series


def with_lags(series: Series, lags: Sequence[int]) -> Series:
    """A series with lagged copies of each column behind the columns.

    The first rows, which lack a copy, are left out. A row that lacks a value makes those lack one
    in which its copy would be.

    Args:
        series: The series.
        lags: How many rows back each copy is, increasing.

    Raises:
        CorpusError: There are too few rows or too many columns, or a column has the name of a copy.
    """
    if not lags:
        return series
    longest = max(lags)
    names = [lagged_name(name, lag) for lag in lags for name in series.features]
    if taken := sorted(set(names) & set(series.features)):
        raise CorpusError(
            f"The setting `lags` would make a second column {taken[0]!r}; expected new names. "
            "Rename the column, or leave the lag out."
        )
    if len(series.features) + len(names) > FEATURE_LIMIT:
        raise CorpusError(
            f"The setting `lags` makes {len(series.features) + len(names):,} columns; expected at "
            f"most {FEATURE_LIMIT}. Name fewer lags, or fewer columns in `features`."
        )
    if series.rows <= longest:
        raise CorpusError(
            f"The setting `lags` reaches {longest} rows back, and there are {series.rows}; "
            "expected more rows than that. Make it smaller."
        )

    spans = [slice(longest - lag, series.rows - lag) for lag in (0, *lags)]
    values = np.concatenate([series.values[span] for span in spans], axis=1)
    missing = np.isnan(values).any(axis=1)
    marks = series.interpolated
    if marks is not None:
        marks = np.concatenate([marks[span] for span in spans], axis=1)
    return replace(
        series,
        timestamps=series.timestamps[longest:],
        values=np.ascontiguousarray(values),
        features=(*series.features, *names),
        missing=missing if missing.any() else None,
        interpolated=marks,
    )
