"""Series whose every attribute is known, so that questions and evaluation have exact truth.

What belongs here: the generator of a series, its truth and its labels. What does not: where they
are written (`cli.py`), and the small series that comes with the project (`sample.py`).

A column is a level, a trend that changes once, a season whose amplitude changes once, breaks of the
level, what it takes from a column that it follows some rows later, and noise. The noise of all
columns is that of the regime: calm, or volatile. Into spans of single columns anomalies are put.
Where all of this is told by attributes, a model can be asked about each: the idea of ChatTS (Xie
and others 2024). The kinds of anomalies follow Lai and others (2021): points and patterns. They lie
all over the series, are about one in two windows, and are not larger than the rest by orders of
magnitude: what Wu and Keogh (2021) miss in benchmarks. Regimes that take turns are Hamilton's
(1989).
"""

import json
from dataclasses import asdict, dataclass, field
from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from zwu_ts_assets.errors import CorpusError

Difficulty = Literal["easy", "medium", "hard"]
DIFFICULTIES: Final[tuple[Difficulty, ...]] = get_args(Difficulty)
LABEL_COLUMN: Final = "anomaly"
"""The column that says of each row whether an anomaly was put into it: 0 or 1."""

LEAST_ROWS: Final = 500
MOST_ROWS: Final = 200_000
MOST_COLUMNS: Final = 50

_START: Final = np.datetime64("2020-01-06T00:00:00", "s")  # a Monday
_PERIODS: Final = (12, 24, 48)
_KINDS: Final = ("spike", "shift", "flat", "noise")
_VOLATILE: Final = 2.0  # times the noise of the calm regime
_NOISY: Final = 6.0  # times the noise of the regime, within an anomaly of noise

# Deviation of the noise and size of anomalies; 1 is the amplitude of the season at its smallest.
_NOISE: Final = {"easy": 0.05, "medium": 0.2, "hard": 0.4}
_SIZE: Final = {"easy": 4.0, "medium": 2.5, "hard": 1.8}


@dataclass(frozen=True)
class Column:
    """How one column was made; rows are counted from 0.

    Attributes:
        level: Its level at row 0.
        slopes: What the trend adds per row, before and after `trend_changes`.
        trend_changes: The first row with the second slope.
        period: Rows of a cycle of the season.
        phase: By how many rows the season is late.
        amplitudes: Of the season, before and after `season_changes`.
        season_changes: The first row with the second amplitude.
        breaks: Row and size of each lasting change of the level.
        follows: The column that it follows; empty for none.
        lag: How many rows later.
        share: Of that column's season, which is all that it takes.
    """

    level: float
    slopes: tuple[float, float]
    trend_changes: int
    period: int
    phase: int
    amplitudes: tuple[float, float]
    season_changes: int
    breaks: tuple[tuple[int, float], ...]
    follows: str = ""
    lag: int = 0
    share: float = 0.0


@dataclass(frozen=True)
class Anomaly:
    """What was put into a span of a column.

    Attributes:
        column: The column.
        kind: "spike": one value is off. "shift": the level is off for a span. "flat": the value of
            the first row stays. "noise": there is six times the noise.
        start: The first row.
        stop: The row after the last one.
        size: What was added, for a spike or a shift; else 0.
    """

    column: str
    kind: str
    start: int
    stop: int
    size: float = 0.0


@dataclass(frozen=True)
class Regime:
    """Rows in which the noise has one deviation: from `start` to before `stop`."""

    name: str
    start: int
    stop: int
    noise: float


@dataclass(frozen=True)
class Truth:
    """Everything that there is to know of a synthetic series."""

    seed: int
    difficulty: Difficulty
    rows: int
    step_seconds: int
    columns: dict[str, Column]
    regimes: tuple[Regime, ...]
    anomalies: tuple[Anomaly, ...]
    label_column: str = field(default=LABEL_COLUMN)

    def to_json(self) -> bytes:
        """As a JSON file."""
        return (json.dumps(asdict(self), indent=1) + "\n").encode("ascii")


class _Draws:
    """Numbers from the raw output of PCG64, which NumPy keeps the same in all versions."""

    def __init__(self, seed: int) -> None:
        self._bits = np.random.PCG64(seed)

    def between(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`."""
        return low + int(self._bits.random_raw()) % (high - low + 1)

    def share(self, low: float, high: float) -> float:
        """A number with three decimals."""
        return round(low + (high - low) * self.between(0, 10**6) / 10**6, 3)

    def normal(self, rows: int, columns: int) -> NDArray[np.float64]:
        """Numbers close to normal: sums of twelve uniform ones."""
        raw = self._bits.random_raw(rows * columns * 12).reshape(rows, columns, 12)
        return np.asarray((raw >> np.uint64(32)).sum(axis=2) / 2.0**32 - 6.0)


def synthetic_series(
    rows: int = 4000, columns: int = 5, seed: int = 0, difficulty: Difficulty = "medium"
) -> tuple[bytes, Truth]:
    r"""Make a series with its truth; the same bytes for the same arguments.

    Args:
        rows: Hourly rows.
        columns: Columns `c1`, `c2`, ...; every third follows the first.
        seed: Of all that is drawn.
        difficulty: How much noise there is, and how small anomalies are.

    Returns:
        The CSV with a column of times, the columns and `LABEL_COLUMN`, ASCII with `\n` as line end
        and four decimals; and what is true of it.

    Raises:
        CorpusError: An argument is out of bounds.
    """
    if not LEAST_ROWS <= rows <= MOST_ROWS or not 1 <= columns <= MOST_COLUMNS or seed < 0:
        raise CorpusError(
            f"synthetic: found rows={rows}, columns={columns}, seed={seed}; expected {LEAST_ROWS} "
            f"to {MOST_ROWS:,} rows, 1 to {MOST_COLUMNS} columns and a seed of 0 or more"
        )
    draws = _Draws(seed)
    names = [f"c{number}" for number in range(1, columns + 1)]
    made = {name: _column(draws, at, rows) for at, name in enumerate(names)}
    truth = Truth(
        seed=seed,
        difficulty=difficulty,
        rows=rows,
        step_seconds=3600,
        columns=made,
        regimes=_regimes(draws, rows, _NOISE[difficulty]),
        anomalies=_anomalies(draws, names, rows, _SIZE[difficulty]),
    )
    values, labels = _values(draws, truth)
    times = np.datetime_as_string(_START + np.arange(rows) * np.timedelta64(3600, "s"))
    lines = [",".join(("date", *names, LABEL_COLUMN))]
    for time, row, label in zip(times, values, labels, strict=True):
        cells = (str(time).replace("T", " "), *(f"{value:.4f}" for value in row), str(int(label)))
        lines.append(",".join(cells))
    return ("\n".join(lines) + "\n").encode("ascii"), truth


def preset_of(truth: Truth) -> str:
    """The settings of a synthetic dataset as TOML: labels are no feature."""
    return (
        f'label_column = "{truth.label_column}"\n'
        f'title = "Synthetic, {truth.difficulty}"\n'
        f'description = "A synthetic series with seed {truth.seed}, whose attributes are known."\n'
        'source = "generated by zwu-ts-assets synthetic"\n'
        'licence = "cc0-1.0"\n'
    )


def _column(draws: _Draws, at: int, rows: int) -> Column:
    """Draw how a column is made."""
    third = rows // 3
    slope = draws.share(-3.0, 3.0) / rows
    follows = at > 0 and at % 3 == 2
    return Column(
        level=draws.share(5.0, 20.0),
        slopes=(round(slope, 7), round(-slope * draws.share(0.5, 2.0), 7)),
        trend_changes=draws.between(third, 2 * third),
        period=_PERIODS[draws.between(0, len(_PERIODS) - 1)],
        phase=draws.between(0, 23),
        amplitudes=(1.0, 2.0) if draws.between(0, 1) else (2.0, 1.0),
        season_changes=draws.between(third, 2 * third),
        breaks=tuple(
            (draws.between(start, start + rows // 4), draws.share(1.5, 3.0) * draws.between(0, 1))
            for start in (rows // 8, rows // 2)
        ),
        follows="c1" if follows else "",
        lag=draws.between(2, 12) if follows else 0,
        share=draws.share(0.8, 1.5) if follows else 0.0,
    )


def _regimes(draws: _Draws, rows: int, noise: float) -> tuple[Regime, ...]:
    """Calm and volatile spans in turn."""
    found: list[Regime] = []
    start = 0
    while start < rows:
        stop = min(rows, start + draws.between(rows // 10, rows // 4))
        volatile = len(found) % 2
        name = "volatile" if volatile else "calm"
        found.append(Regime(name, start, stop, round(noise * (_VOLATILE if volatile else 1), 6)))
        start = stop
    return tuple(found)


def _anomalies(draws: _Draws, names: list[str], rows: int, size: float) -> tuple[Anomaly, ...]:
    """Anomalies all over the series, none of which touch."""
    found: list[Anomaly] = []
    start = draws.between(48, 192)
    while start < rows - 24:
        kind = _KINDS[draws.between(0, len(_KINDS) - 1)]
        stop = start + (1 if kind == "spike" else draws.between(8, 20))
        added = size * (1 if draws.between(0, 1) else -1) if kind in ("spike", "shift") else 0.0
        found.append(
            Anomaly(names[draws.between(0, len(names) - 1)], kind, start, stop, round(added, 3))
        )
        start = stop + draws.between(96, 288)
    return tuple(found)


def _values(draws: _Draws, truth: Truth) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The values (rows, columns), and which rows have an anomaly."""
    rows, names = np.arange(truth.rows), list(truth.columns)
    noise = draws.normal(truth.rows, len(names))
    for regime in truth.regimes:
        noise[regime.start : regime.stop] *= regime.noise
    labels = np.zeros(truth.rows, np.bool_)
    for anomaly in truth.anomalies:
        span = slice(anomaly.start, anomaly.stop)
        labels[span] = True
        if anomaly.kind == "noise":
            noise[span, names.index(anomaly.column)] *= _NOISY
    values = noise
    for at, column in enumerate(truth.columns.values()):
        before, after = column.slopes
        turn = column.trend_changes
        values[:, at] += column.level + before * np.minimum(rows, turn)
        values[:, at] += after * np.maximum(rows - turn, 0) + _season(column, rows)
        for row, size in column.breaks:
            values[row:, at] += size
        if column.follows:
            leader = truth.columns[column.follows]
            values[:, at] += column.share * _season(leader, rows - column.lag)
    for anomaly in truth.anomalies:
        span, at = slice(anomaly.start, anomaly.stop), names.index(anomaly.column)
        values[span, at] += anomaly.size
        if anomaly.kind == "flat":
            values[span, at] = values[anomaly.start, at]
    # Zero added, because `-0.00001` would be written `-0.0000`.
    return np.round(values, 4) + 0.0, labels


def _season(column: Column, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    amplitude = np.where(rows < column.season_changes, *column.amplitudes)
    return np.asarray(amplitude * np.cos(2.0 * np.pi * (rows - column.phase) / column.period))
