"""Local wall times to UTC.

What belongs here: what a time zone makes of a column of stamps, on the days too on which its clocks
change. What does not: reading stamps (`csv_times.py`). The rules are those of `zoneinfo`.

An hour that the clocks leave out names no moment, and a stamp in it is refused. An hour that they
show twice names two: the rows tell which, where the stamps go back once between the two, or where
only one of the two is at the interval of the other rows; anything else is refused.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from zwu_ts_assets.timeseries.csv_lines import refuse
from zwu_ts_assets.timeseries.csv_order import line_of
from zwu_ts_assets.timeseries.csv_times import say_time

_DAY: Final = 86_400
_EPOCH: Final = datetime(1970, 1, 1)
# Wall times of the years 2 to 9998: further out, `datetime` ends within a day.
_FIRST: Final = -62_104_060_800
_LAST: Final = 253_370_764_800


def to_utc(
    path: Path,
    column: str,
    wall: NDArray[np.int64],
    zone: str,
    lines: NDArray[np.int64] | None = None,
) -> NDArray[np.int64]:
    """The moments that local wall times name.

    Args:
        path: The file's name in messages.
        column: Name of the time column.
        wall: (rows,) int64, seconds from 1970-01-01 00:00 on the clocks of the zone.
        zone: IANA name of the zone.
        lines: The line of each row, as in `DataRows`.

    Returns:
        (rows,) int64, seconds from 1970-01-01 00:00 UTC.

    Raises:
        CorpusError: A stamp that names no moment, or two of which the rows tell neither.
    """
    rules = ZoneInfo(zone)
    outside = np.flatnonzero((wall < _FIRST) | (wall >= _LAST))
    if len(outside):
        row = int(outside[0])
        found, do = f"{say_time(wall[row])}", "Mend the cell, or leave `time_zone` out."
        refuse(
            path,
            line_of(lines, row),
            column,
            found,
            f"a year in which {zone} has rules, 2 to 9998",
            do,
        )
    # Most days have one offset from UTC, which is asked for once; rows of the others are asked for
    # one by one. A day is looked at from the one before to the one after, as it is a local one.
    days, which = np.unique(wall // _DAY, return_inverse=True)
    steady = np.empty(len(days), dtype=np.bool_)
    offsets = np.empty(len(days), dtype=np.int64)
    for index, day in enumerate(days.tolist()):
        found_offsets = {_offset(rules, (2 * day + half) * _DAY // 2) for half in range(-2, 5)}
        steady[index] = len(found_offsets) == 1
        offsets[index] = found_offsets.pop()
    utc = wall - offsets[which]
    later = utc.copy()
    for row in np.flatnonzero(~steady[which]).tolist():
        moments = _moments(rules, int(wall[row]))
        if not moments:
            refuse(
                path,
                line_of(lines, row),
                column,
                f"{say_time(wall[row])}, a time that the clocks of {zone} left out",
                "a local time that there was",
                "Correct the cell. If the column keeps winter time all year, set `time_zone` to "
                'that, such as "Etc/GMT-1" for UTC+1.',
            )
        utc[row], later[row] = moments
    return _resolved(path, column, zone, wall, utc, later, lines)


def _offset(rules: ZoneInfo, utc: int) -> int:
    """Seconds that the clocks are ahead of UTC at a moment."""
    moment = (_EPOCH + timedelta(seconds=utc)).replace(tzinfo=UTC).astimezone(rules)
    offset = moment.utcoffset()
    assert offset is not None
    return offset // timedelta(seconds=1)


def _moments(rules: ZoneInfo, wall: int) -> tuple[int, int] | None:
    """The first and the last moment at which the clocks show a wall time; None if they never do."""
    local = _EPOCH + timedelta(seconds=wall)
    found = []
    for fold in (0, 1):
        moment = local.replace(tzinfo=rules, fold=fold).astimezone(UTC)
        if moment.astimezone(rules).replace(tzinfo=None) == local:
            found.append((moment.replace(tzinfo=None) - _EPOCH) // timedelta(seconds=1))
    return (found[0], found[-1]) if found else None


def _resolved(
    path: Path,
    column: str,
    zone: str,
    wall: NDArray[np.int64],
    utc: NDArray[np.int64],
    later: NDArray[np.int64],
    lines: NDArray[np.int64] | None,
) -> NDArray[np.int64]:
    """Choose between the two moments of each wall time that has two."""
    twice = utc != later
    if not twice.any():
        return utc
    steps = np.diff(utc)[~twice[1:] & ~twice[:-1]]
    lengths, counts = np.unique(steps[steps > 0], return_counts=True)
    usual = int(lengths[counts.argmax()]) if len(lengths) else 0
    edges = np.flatnonzero(np.diff(np.concatenate(([False], twice, [False])).astype(np.int8)))
    for start, stop in edges.reshape(-1, 2).tolist():
        back = np.flatnonzero(np.diff(wall[start:stop]) <= 0)
        if len(back) == 1:
            utc[start + back[0] + 1 : stop] = later[start + back[0] + 1 : stop]
            continue
        fitting = [
            moments
            for moments in (utc[start:stop].copy(), later[start:stop])
            if len(back) == 0
            and (start == 0 or moments[0] - utc[start - 1] == usual)
            and (stop == len(wall) or utc[stop] - moments[-1] == usual)
        ]
        if len(fitting) != 1 or (start == 0 and stop == len(wall)):
            refuse(
                path,
                line_of(lines, start),
                column,
                f"{say_time(wall[start])}, which the clocks of {zone} showed twice that day, and "
                "the rows around it do not tell which of the two it is",
                "both hours in order, at the interval of the other rows",
                "Complete the rows, or write the stamps of the column with their offset from UTC.",
            )
        utc[start:stop] = fitting[0]
    return utc
