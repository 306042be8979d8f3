"""Which split a window is in: train, validation or test, one after another in time.

What belongs here: the rule, its borders in rows, where a window falls, the report. What does not:
the proof that nothing leaks (`leaks`), which looks at samples and knows nothing of this module.

A window is in a split if all its rows, past and target, lie between the split's borders. One that
crosses a border is in no split: it is embargoed, and the report says how many that costs. So no row
is shared by two splits. `embargo_rows` widens the gap: the split before a border gives up that many
rows more, so that the published test rows stay what they are.

The published experiments on ETTh1 let the past of the first validation and test windows reach back
over the border. Those windows are embargoed here, so borders are the same and counts are smaller.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date as Date
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Final, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from zwu_ts_assets.corpus.errors import CorpusError
from zwu_ts_assets.training.sample import SPLITS

DEFAULT_RATIOS: Final = (0.7, 0.1, 0.2)
ETTH1_BORDERS: Final = (0, 8640, 11520, 14400)
"""The published borders of ETTh1: 12, 4 and 4 months of 30 days of 24 rows."""

Reason = Literal[
    "embargoed", "target incomplete", "before the first border", "after the last border"
]
REASONS: Final[tuple[Reason, ...]] = (
    "embargoed",
    "target incomplete",
    "before the first border",
    "after the last border",
)

_Ratio = Annotated[float, Field(ge=0, le=1, strict=False)]  # TOML may say 1 for 1.0
_Row = Annotated[int, Field(ge=0)]


class SplitRule(BaseModel):
    """How rows are divided. At most one of the first three is given; none: `DEFAULT_RATIOS`.

    Attributes:
        ratios: Shares of the rows for train, validation and test; they add up to 1. When rows are
            appended to the CSV these borders move; those by rows or dates stay.
        borders: First row of train, of validation, of test, and the row after test's last one.
        dates: First moment of validation and of test, and optionally the first moment after test,
            in ISO 8601 such as `2017-07-01` or `2017-07-01T12:00`, without a time zone.
        embargo_rows: At least so many rows lie between the samples of two splits.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    ratios: Annotated[tuple[_Ratio, _Ratio, _Ratio] | None, Field(strict=False)] = Field(
        default=None, description="Shares of the rows for train, validation and test."
    )
    borders: Annotated[tuple[_Row, _Row, _Row, _Row] | None, Field(strict=False)] = Field(
        default=None,
        description="First row of train, validation and test, and the row after test's last.",
    )
    dates: Annotated[tuple[str, ...] | None, Field(strict=False)] = Field(
        default=None,
        min_length=2,
        max_length=3,
        description="First moment of validation and test, and optionally the end of test.",
    )
    embargo_rows: int = Field(
        default=0, ge=0, le=1_000_000, description="Rows at least between samples of two splits."
    )

    @field_validator("dates", mode="before")
    @classmethod
    def _as_text(cls, dates: object) -> object:
        """TOML has dates of its own; without quotation marks they are not strings."""
        if not isinstance(dates, list | tuple):
            return dates
        return tuple(date.isoformat() if isinstance(date, Date) else date for date in dates)

    @model_validator(mode="after")
    def _one_way_to_divide(self) -> Self:
        given = [name for name in ("ratios", "borders", "dates") if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(
                f"the split is given by {' and by '.join(given)}; expected one of them: remove the "
                "others"
            )
        return self

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.ratios is not None:
            if sum(map(_exact, self.ratios)) != 1:
                raise ValueError(
                    f"the ratios {_listed(self.ratios)} add up to {sum(map(_exact, self.ratios))}; "
                    "expected 1"
                )
            if self.ratios[0] == 0:
                raise ValueError("the ratio of train is 0; expected some rows to train on")
        if self.borders is not None:
            first, second, third, last = self.borders
            if not first < second <= third <= last:
                raise ValueError(
                    f"the borders are {_listed(self.borders)}; expected increasing rows: first of "
                    "train, of validation, of test, and the row after test's last one"
                )
        if self.dates is not None:
            moments = [_moment(date) for date in self.dates]
            if moments != sorted(moments):
                raise ValueError(
                    f"the dates are {_listed(self.dates)}; expected increasing ones: begin of "
                    "validation, begin of test and, if you like, end of test"
                )
        return self


@dataclass(frozen=True)
class Borders:
    """A rule applied to a series.

    Attributes:
        rows: First row of train, validation and test, and the row after test's last one.
        embargo_rows: Rows that the split before a border gives up.
        series_rows: Rows of the series.
    """

    rows: tuple[int, int, int, int]
    embargo_rows: int
    series_rows: int

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
        reason: One of `REASONS`, or None.
    """

    split: str | None
    reason: Reason | None


@dataclass(frozen=True)
class SplitReport:
    """How the windows of a series are divided.

    Attributes:
        samples: Number of samples, by split; every split is there.
        unused: Number of windows in no split, by reason; every reason is there.
        embargoed: First rows of the embargoed windows.
        rows: First row of each split's samples and the row after the last that they may have.
        times: The timestamps of that first row and of the last row that they may have; None where
            there is no such row.
        embargo_rows: The additional gap.
    """

    samples: dict[str, int]
    unused: dict[str, int]
    embargoed: tuple[int, ...]
    rows: dict[str, tuple[int, int]]
    times: dict[str, tuple[str, str] | None]
    embargo_rows: int


def resolve_borders(rule: SplitRule, timestamps: NDArray[np.datetime64]) -> Borders:
    """The borders of a rule in the rows of a series.

    Ratios: a border is the whole number of rows below the share, in decimal arithmetic, since in
    binary 0.7 + 0.1 of 17,420 rows would be 13,935. Dates: a border is the first row at or after a
    date.

    Args:
        rule: The rule.
        timestamps: (rows,) datetime64[s], increasing; those of the whole series.

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
        found = [int(np.searchsorted(timestamps, _moment(date), "left")) for date in rule.dates]
        for date, row in zip(rule.dates[:2], found, strict=False):
            if row in {0, rows}:
                raise CorpusError(
                    f"the split's date {date} is not within the series, which goes from "
                    f"{timestamps[0]} to {timestamps[-1]}; set dates after the first and up to "
                    "the last"
                )
        borders = (0, found[0], found[1], found[2] if len(found) > 2 else rows)
    else:
        train, validation, _ = map(_exact, rule.ratios or DEFAULT_RATIOS)
        borders = (0, int(train * rows), int((train + validation) * rows), rows)
    resolved = Borders(borders, rule.embargo_rows, rows)
    start, stop = resolved.span("train")
    if start >= stop:
        raise CorpusError(
            f"the split leaves no row to train on: train goes from row {start} to before "
            f"{borders[1]}, less an embargo of {rule.embargo_rows} rows; move the border or make "
            "embargo_rows smaller"
        )
    return resolved


def place(borders: Borders, past_start: int, target_stop: int) -> Placement:
    """Where a window falls.

    Args:
        borders: The borders.
        past_start: First row of the past.
        target_stop: The row after the target's last one, if the target were complete.
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
    for split in SPLITS:
        start, stop = borders.span(split)
        if start <= past_start and target_stop <= stop:
            return Placement(split, None)
    return Placement(None, "embargoed")


def split_report(
    borders: Borders, timestamps: NDArray[np.datetime64], spans: Iterable[tuple[int, int]]
) -> SplitReport:
    """Count where windows fall.

    Args:
        borders: The borders.
        timestamps: (rows,) datetime64[s] of the series.
        spans: (past_start, target_stop) of every window, as for `place`.
    """
    samples: Counter[str] = Counter()
    unused: Counter[str] = Counter()
    embargoed = []
    for past_start, target_stop in spans:
        placement = place(borders, past_start, target_stop)
        if placement.split is not None:
            samples[placement.split] += 1
        else:
            unused[str(placement.reason)] += 1
            if placement.reason == "embargoed":
                embargoed.append(past_start)
    rows = {split: borders.span(split) for split in SPLITS}
    return SplitReport(
        samples={split: samples[split] for split in SPLITS},
        unused={reason: unused[reason] for reason in REASONS},
        embargoed=tuple(embargoed),
        rows=rows,
        times={
            split: (str(timestamps[start]), str(timestamps[stop - 1])) if start < stop else None
            for split, (start, stop) in rows.items()
        },
        embargo_rows=borders.embargo_rows,
    )


def train_rows(rule: SplitRule, timestamps: NDArray[np.datetime64]) -> tuple[int, int]:
    """The rows that a statistic shared over windows may be fitted on.

    A scaler or a fixed colour scale that saw other rows would tell a model of its test data.

    Returns:
        First row, and the row after the last one. Arguments and errors as for `resolve_borders`.
    """
    return resolve_borders(rule, timestamps).span("train")


def _exact(ratio: float) -> Decimal:
    """The number that was written, not the nearest binary one."""
    return Decimal(repr(ratio))


def _moment(date: str) -> np.datetime64:
    # Not numpy's own parser: it takes "now" and "today" too, and drops a time zone.
    try:
        moment = datetime.fromisoformat(date)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is not None:
        raise ValueError(
            f"{date!r} is no date; expected ISO 8601 without a time zone, such as 2017-07-01 or "
            "2017-07-01T12:00"
        )
    return np.datetime64(moment.replace(microsecond=0).isoformat(), "s")


def _listed(values: Iterable[object]) -> str:
    return ", ".join(map(str, values))
