"""Which split a window is in: train, validation or test, one after another in time.

What belongs here: the borders in rows, where a window falls, the report. What does not: the setting
(`split_rule`), and the proof that nothing leaks (`leaks`), which knows nothing of this module.

A window is in a split if all its rows, past and target, lie between the split's borders and lack no
value. One that crosses a border is in no split: it is embargoed, and the report says how many that
costs. So no row is shared by two splits. Nor is any known to two: a window with a value that was
interpolated between a row of its split and one of another is embargoed as well. `embargo_rows`
widens the gap: the split before a border gives up that many rows more, so that the published test
rows stay what they are.

The published experiments on ETTh1 let the past of the first validation and test windows reach back
over the border. Those windows are embargoed here, so borders are the same and counts are smaller.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.timeseries.series import FIXED, TimeAxis
from zwu_ts_assets.training.sample import SPLITS
from zwu_ts_assets.training.split_rule import DEFAULT_RATIOS, SplitRule, exact_ratio, moment_of

Reason = Literal[
    "embargoed",
    "target incomplete",
    "before the first border",
    "after the last border",
    "target has a gap",
]
REASONS: Final[tuple[Reason, ...]] = (
    "embargoed",
    "target incomplete",
    "before the first border",
    "after the last border",
)
"""Why a window may be in no split. In a series with rows that lack a value there is one more."""

GAP: Final[Reason] = "target has a gap"


@dataclass(frozen=True)
class Borders:
    """A rule applied to a series.

    Attributes:
        rows: First row of train, validation and test, and the row after test's last one.
        embargo_rows: Rows that the split before a border gives up.
        series_rows: Rows of the series.
        breaks: Rows with which another case begins, as in `Series`.
    """

    rows: tuple[int, int, int, int]
    embargo_rows: int
    series_rows: int
    breaks: tuple[int, ...] = ()

    def span(self, split: str) -> tuple[int, int]:
        """First row, and the row after the last one, that a sample of a split may have."""
        index = SPLITS.index(split)
        start, stop = self.rows[index], self.rows[index + 1]
        if index < len(SPLITS) - 1:
            stop = max(start, stop - self.embargo_rows)
        return start, stop


@dataclass(frozen=True)
class Placement:
    """Where a window falls: a split, or the reason why it is in none.

    Attributes:
        split: One of `SPLITS`, or None.
        reason: One of `REASONS` or `GAP`, or None.
    """

    split: str | None
    reason: Reason | None


@dataclass(frozen=True)
class SplitReport:
    """How the windows of a series are divided.

    Attributes:
        samples: Number of samples, by split; every split is there.
        unused: Number of windows in no split, by reason; each of `REASONS` is there, `GAP` where
            there is such a window.
        embargoed: First rows of the embargoed windows.
        rows: First row of each split's samples and the row after the last that they may have.
        times: The timestamps of that first row and of the last row that they may have; None where
            there is no such row.
        embargo_rows: The additional gap.
        left_out: First rows of all windows in no split, by reason.
    """

    samples: dict[str, int]
    unused: dict[str, int]
    embargoed: tuple[int, ...]
    rows: dict[str, tuple[int, int]]
    times: dict[str, tuple[str, str] | None]
    embargo_rows: int
    left_out: dict[str, tuple[int, ...]] = field(default_factory=dict)

    @property
    def details(self) -> dict[str, int | str]:
        """Counts and borders of the splits, as the record of the samples has them."""
        details: dict[str, int | str] = {f"{name}_samples": self.samples[name] for name in SPLITS}
        for reason, windows in self.unused.items():
            details[f"windows_{reason.replace(' ', '_')}"] = windows
        for name in SPLITS:
            start, stop = self.rows[name]
            details[f"{name}_rows"] = f"{start}..{stop - 1}" if stop > start else "none"
        return details


def resolve_borders(
    rule: SplitRule,
    timestamps: NDArray[np.datetime64],
    breaks: NDArray[np.int64] | None = None,
) -> Borders:
    """The borders of a rule in the rows of a series.

    Ratios: a border is the whole number of rows below the share, in decimal arithmetic, since in
    binary 0.7 + 0.1 of 17,420 rows would be 13,935. Of cases, a border is the first row of the one
    that the share ends in. Dates: a border is the first row at or after a date.

    Args:
        rule: The rule.
        timestamps: (rows,) datetime64[s], increasing; those of the whole series.
        breaks: Rows with which another case begins; None where all rows follow each other.

    Raises:
        CorpusError: A border lies after the series' last row, or train has no row.
    """
    rows = len(timestamps)
    if rule.borders is not None:
        borders = rule.borders
        if borders[3] > rows:
            raise CorpusError(
                f"the split ends at row {borders[3]}, but the series has {rows} rows; set borders "
                "within the rows of the CSV, or split by ratios"
            )
    elif rule.dates is not None:
        found = [_first_row_at(timestamps, date) for date in rule.dates]
        for date, row in zip(rule.dates[:2], found, strict=False):
            if row in {0, rows}:
                raise CorpusError(
                    f"the split's date {date} is not within the series, which goes from "
                    f"{timestamps[0]} to {timestamps[-1]}; set dates after the first and up to "
                    "the last"
                )
        borders = (0, found[0], found[1], found[2] if len(found) > 2 else rows)
    else:
        train, validation, _ = map(exact_ratio, rule.ratios or DEFAULT_RATIOS)
        borders = (0, int(train * rows), int((train + validation) * rows), rows)
        if breaks is not None and len(breaks):
            # Two windows of one case are in one split.
            first, second = (_case_before(breaks, row, rows) for row in borders[1:3])
            borders = (0, first, second, rows)
    cases = () if breaks is None else tuple(breaks.tolist())
    resolved = Borders(borders, rule.embargo_rows, rows, cases)
    start, stop = resolved.span("train")
    if start >= stop:
        raise CorpusError(
            f"the split leaves no row to train on: train goes from row {start} to before "
            f"{borders[1]}, less an embargo of {rule.embargo_rows} rows; move the border or make "
            "embargo_rows smaller"
        )
    return resolved


def _case_before(breaks: NDArray[np.int64], row: int, rows: int) -> int:
    """The first row of the case that a row is in; of the second one for rows of the first."""
    if row == rows:
        return rows
    return int(breaks[max(int(np.searchsorted(breaks, row, "right")) - 1, 0)])


_NO_ROWS: Final = np.empty(0, np.int64)

Reach = tuple[NDArray[np.int64], NDArray[np.int64]]
"""As `Series.reach`: the first and the last row that each row's values were computed from."""


def place(
    borders: Borders,
    past_start: int,
    target_stop: int,
    missing_rows: NDArray[np.int64] = _NO_ROWS,
    reach: Reach | None = None,
) -> Placement:
    """Where a window falls.

    Args:
        borders: The borders.
        past_start: First row of the past.
        target_stop: The row after the target's last one, if the target were complete.
        missing_rows: Rows of the series that lack a value, increasing; none is in a past.
        reach: From which rows the values of each row were computed; None: from its own.
    """
    first, last = borders.rows[0], borders.rows[-1]
    if past_start < first:
        return Placement(None, "before the first border")
    if past_start >= last:
        return Placement(None, "after the last border")
    if target_stop > borders.series_rows:
        return Placement(None, "target incomplete")
    if target_stop > last:
        return Placement(None, "after the last border")
    next_case = bisect_right(borders.breaks, past_start)
    if next_case < len(borders.breaks) and borders.breaks[next_case] < target_stop:
        return Placement(None, "target incomplete")
    if len(missing_rows) and np.diff(np.searchsorted(missing_rows, [past_start, target_stop]))[0]:
        return Placement(None, GAP)
    for index, split in enumerate(SPLITS):
        start, stop = borders.span(split)
        if start <= past_start and target_stop <= stop:
            if reach is not None and _knows_others(borders, index, past_start, target_stop, reach):
                break
            return Placement(split, None)
    return Placement(None, "embargoed")


def _knows_others(
    borders: Borders, index: int, past_start: int, target_stop: int, reach: Reach
) -> bool:
    """Whether a window of a split was computed from rows that samples of another one may have."""
    first, last = int(reach[0][past_start]), int(reach[1][target_stop - 1])
    # Rows between belong to runs that end within the window, or to these two.
    before = index > 0 and first < borders.rows[index] - borders.embargo_rows
    return before or (index < len(SPLITS) - 1 and last >= borders.rows[index + 1])


def split_report(
    borders: Borders,
    timestamps: NDArray[np.datetime64],
    spans: Iterable[tuple[int, int]],
    missing_rows: NDArray[np.int64] = _NO_ROWS,
    reach: Reach | None = None,
    *,
    axis: TimeAxis = FIXED,
) -> SplitReport:
    """Count where windows fall.

    Args:
        borders: The borders.
        timestamps: (rows,) datetime64[s] of the series.
        spans: (past_start, target_stop) of every window, as for `place`.
        missing_rows: As for `place`.
        reach: Likewise.
        axis: What the timestamps are.
    """
    samples: Counter[str] = Counter()
    left_out: dict[str, list[int]] = {}
    for past_start, target_stop in spans:
        placement = place(borders, past_start, target_stop, missing_rows, reach)
        if placement.split is not None:
            samples[placement.split] += 1
        else:
            left_out.setdefault(str(placement.reason), []).append(past_start)
    rows = {split: borders.span(split) for split in SPLITS}
    reasons = (*REASONS, GAP) if GAP in left_out else REASONS
    return SplitReport(
        samples={split: samples[split] for split in SPLITS},
        unused={reason: len(left_out.get(reason, ())) for reason in reasons},
        embargoed=tuple(left_out.get("embargoed", ())),
        rows=rows,
        times={
            split: (axis.time_text(timestamps[start]), axis.time_text(timestamps[stop - 1]))
            if start < stop
            else None
            for split, (start, stop) in rows.items()
        },
        embargo_rows=borders.embargo_rows,
        left_out={reason: tuple(sorted(rows)) for reason, rows in sorted(left_out.items())},
    )


def train_rows(
    rule: SplitRule,
    timestamps: NDArray[np.datetime64],
    reach: Reach | None = None,
    breaks: NDArray[np.int64] | None = None,
) -> tuple[int, int]:
    """The rows that a statistic shared over windows may be fitted on.

    A scaler or a fixed colour scale that saw other rows would tell a model of its test data. The
    last rows are left out if they have values interpolated with one of validation.

    Args:
        rule: As for `resolve_borders`; errors likewise.
        timestamps: Likewise.
        reach: As for `place`.
        breaks: As for `resolve_borders`.

    Returns:
        First row, and the row after the last one.
    """
    borders = resolve_borders(rule, timestamps, breaks)
    start, stop = borders.span("train")
    while reach is not None and stop > start and reach[1][stop - 1] >= borders.rows[1]:
        stop -= 1
    return start, stop


def _first_row_at(timestamps: NDArray[np.datetime64], date: str) -> int:
    return int(np.searchsorted(timestamps, np.datetime64(moment_of(date)), "left"))
