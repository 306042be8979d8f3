"""The small synthetic dataset that comes with the project.

What belongs here: the generator of `data/sample.csv`. What does not: any measured data.

The columns have the names and the layout of ETTh1: three pairs of loads, high, middle and low
(useful HUFL, MUFL, LUFL; useless HULL, MULL, LULL), and the oil temperature OT. Each is a level
plus a daily and a weekly cycle plus noise that fades from hour to hour; OT also follows the loads,
some hours late. In rows 288 to 383, batch 3 at the usual window length, LUFL and LULL stand still,
as a stuck meter's columns would.

`python -m zwu_ts_assets.timeseries.sample > data/sample.csv` makes the file.
"""

import sys
from typing import Final

import numpy as np
from numpy.typing import NDArray

from zwu_ts_assets.errors import CorpusError

_START: Final = np.datetime64("2020-01-06T00:00:00", "s")  # a Monday
_STUCK: Final = slice(288, 384)

# Name, level, daily amplitude, weekly amplitude, noise, hour of the daily peak.
_LOADS: Final = (
    ("HUFL", 8.0, 3.0, 1.2, 0.8, 19.0),
    ("HULL", 3.0, 1.0, 0.4, 0.4, 19.5),
    ("MUFL", 5.0, 2.5, 0.8, 0.7, 18.5),
    ("MULL", 1.5, 0.7, 0.3, 0.3, 18.0),
    ("LUFL", 3.0, 0.6, 0.3, 0.2, 20.0),
    ("LULL", 1.0, 0.2, 0.1, 0.1, 20.5),
)
_LATE_HOURS: Final = 5


def sample_csv(rows: int = 500, seed: int = 20200106) -> bytes:
    r"""Generate the CSV: a header and hourly rows from 2020-01-06 00:00:00 on.

    The bytes depend on the arguments alone, and more rows only add to the end. The noise comes
    from the raw output of PCG64, which NumPy keeps the same in all versions (its distributions it
    does not), and four decimals hide the last bits in which the cosine differs between machines.

    Args:
        rows: Data rows, at least 1. The default makes five batches of 96 rows and leaves 20 over.
        seed: Seed of the noise, at least 0.

    Returns:
        The file's bytes, ASCII with `\n` as line end, numbers with four decimals.

    Raises:
        CorpusError: An argument is out of bounds.
    """
    if rows < 1 or seed < 0:
        raise CorpusError(
            f"sample: found rows={rows}, seed={seed}; expected rows of 1 or more and a seed of 0 "
            "or more."
        )
    values = _values(rows, seed)
    times = np.datetime_as_string(_START + np.arange(rows) * np.timedelta64(3600, "s"))
    lines = [",".join(("date", *(load[0] for load in _LOADS), "OT"))]
    for time, row in zip(times, values, strict=True):
        lines.append(",".join((str(time).replace("T", " "), *(f"{value:.4f}" for value in row))))
    return ("\n".join(lines) + "\n").encode("ascii")


def _values(rows: int, seed: int) -> NDArray[np.float64]:
    """The seven columns, (rows, 7)."""
    hours = np.arange(rows, dtype=np.float64)
    noise = _noise(rows, len(_LOADS) + 1, seed)
    columns = []
    for index, (_, level, daily, weekly, spread, peak) in enumerate(_LOADS):
        cycle = daily * _wave(hours - peak, 24.0) + weekly * _wave(hours - 60.0, 168.0)
        columns.append(level + cycle + spread * noise[:, index])
    load = columns[0] - _LOADS[0][1]
    late = np.concatenate((np.zeros(min(rows, _LATE_HOURS)), load))[:rows]
    columns.append(20.0 + 4.0 * _wave(hours - 15.0, 24.0) + 0.5 * late + noise[:, -1])
    values = np.stack(columns, axis=1)
    for column in (4, 5):
        values[_STUCK, column] = _LOADS[column][1]
    # Rounded here, and zero added, because `-0.00001` would be written `-0.0000`.
    return np.round(values, 4) + 0.0


def _wave(hours: NDArray[np.float64], period: float) -> NDArray[np.float64]:
    """A cosine of the given period in hours."""
    return np.asarray(np.cos(2.0 * np.pi * hours / period))


def _noise(rows: int, columns: int, seed: int) -> NDArray[np.float64]:
    """Noise of about unit variance, (rows, columns), each row 0.7 of the one before plus new."""
    raw = np.random.PCG64(seed).random_raw(rows * columns * 12).reshape(rows, columns, 12)
    # The sum of twelve uniform numbers is close to normal and needs no logarithm or cosine. Summed
    # as whole numbers, it does not depend on the order of the sum.
    fresh = (raw >> np.uint64(32)).sum(axis=2) / 2.0**32 - 6.0
    noise = np.empty((rows, columns))
    state = np.zeros(columns)
    for row in range(rows):
        state = 0.7 * state + np.sqrt(1.0 - 0.7**2) * fresh[row]
        noise[row] = state
    return noise


if __name__ == "__main__":
    sys.stdout.buffer.write(sample_csv())
