"""Which settings accept a table that was refused because rows or values are missing.

What belongs here: trying them on the table, and saying the lines to write and into which file.
What does not: finding the gaps (`timeseries/csv_gaps.py`), what becomes of them.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import numpy as np

from zwu_ts_assets.config.settings import Settings
from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.orchestration.work import Product
from zwu_ts_assets.timeseries.csv_gaps import ORDER_SENTENCE
from zwu_ts_assets.timeseries.csv_rules import ROWS_ADVICE, VALUES_ADVICE, settings_file
from zwu_ts_assets.timeseries.series import Series, counted

Read = Callable[[Settings], Product[Series]]

_LARGEST: Final = 64 * 1024 * 1024
"""Bytes of a table that is read some more times to find out; of a larger one it takes too long."""

_SHARE: Final = 8
"""Runs of at most this part of a window are offered to be interpolated: of longer ones, a figure
would show straight lines and little else."""

_ADVICE: Final = (VALUES_ADVICE, ROWS_ADVICE, ORDER_SENTENCE)


def settings_told(refusal: str, csv: Path, settings: Settings, read: Read) -> str:
    """A refusal, with the lines that accept the table in the place of what might.

    Args:
        refusal: Why a table was refused.
        csv: The table.
        settings: With which it was.
        read: Reads it with others, and fails if it is refused or has no window.

    Returns:
        The refusal as it is where it is not about gaps, or where no setting helps.
    """
    about_gaps = VALUES_ADVICE in refusal or ROWS_ADVICE in refusal
    about_order = ORDER_SENTENCE in refusal
    if not (about_gaps or about_order) or csv.stat().st_size > _LARGEST:
        return refusal
    ways = _of_gaps(settings, read) if about_gaps else []
    if about_order and _tried(settings, read, {"time_axis": "order"}):
        ways.append(
            '`time_axis = "order"`, which counts rows, whatever time lies between two of them'
        )
    both = {"gaps": "drop", "time_axis": "order"}
    if not ways and about_gaps and (found := _tried(settings, read, both)):
        ways = [
            '`gaps = "drop"` and `time_axis = "order"`, which leave out windows that lack a value'
            f"{_left(found)} and count rows, whatever time lies between two of them"
        ]
    if not ways:
        return refusal
    for sentence in _ADVICE:
        refusal = refusal.replace(f" {sentence}", "")
    told = "these lines accept" if len(ways) > 1 or " and `" in ways[0] else "this line accepts"
    return (
        f"{refusal} Or write into {settings_file(csv)}, where {told} the file as it is: "
        f"{'; or '.join(ways)}."
    )


def _of_gaps(settings: Settings, read: Read) -> list[str]:
    ways = []
    longest, most = 0, max(settings.window_length // _SHARE, 1)
    if dropped := _tried(settings, read, {"gaps": "drop"}):
        ways.append(f'`gaps = "drop"`, which leaves out windows with a gap{_left(dropped)}')
        longest = _longest_gap(dropped.value)
    limit = min(longest, most) or most
    interpolate = {"gaps": "interpolate", "interpolate_limit": limit}
    if filled := _tried(settings, read, interpolate):
        ways.append(
            f'`gaps = "interpolate"` and `interpolate_limit = {limit}`, which fill gaps of up to '
            f"{counted(limit, 'row')}{_left(filled)}"
        )
    return ways


def _tried(settings: Settings, read: Read, changed: Mapping[str, object]) -> Product[Series] | None:
    try:
        return read(settings.model_copy(update=dict(changed)))
    except CorpusError:
        return None


def _left(read: Product[Series]) -> str:
    """How many windows there are then, where some are left out."""
    without = read.details.get("windows_with_gaps")
    if not without:
        return ""
    windows = int(read.details["windows"] or 0)
    return f" ({windows} of {windows + int(without)} windows stay)"


def _longest_gap(series: Series) -> int:
    """The most rows in a row that lack a value."""
    if series.missing is None:
        return 0
    edges = np.flatnonzero(np.diff(np.concatenate([[0], series.missing.astype(np.int8), [0]])))
    return int((edges[1::2] - edges[::2]).max())
