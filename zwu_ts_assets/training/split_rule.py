"""How rows are divided into splits: the setting.

What belongs here: the rule as a user writes it, with its bounds. What does not: applying it to a
series (`splits`). Imports no numpy, since settings are read whenever definitions load.
"""

from collections.abc import Iterable
from datetime import date as Date
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

SPLITS: Final = ("train", "validation", "test")
"""The names of the splits, in the order of time."""

DEFAULT_RATIOS: Final = (0.7, 0.1, 0.2)
ETTH1_BORDERS: Final = (0, 8640, 11520, 14400)
"""The published borders of ETTh1: 12, 4 and 4 months of 30 days of 24 rows."""

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
        default=None,
        description="Shares of the rows for train, validation and test, which add up to 1.",
    )
    borders: Annotated[tuple[_Row, _Row, _Row, _Row] | None, Field(strict=False)] = Field(
        default=None,
        description="First row of train, of validation and of test, and the row after test's last "
        "one.",
    )
    dates: Annotated[tuple[str, ...] | None, Field(strict=False)] = Field(
        default=None,
        min_length=2,
        max_length=3,
        description="First moment of validation and of test, and optionally the end of test, in "
        "ISO 8601 without a time zone.",
    )
    embargo_rows: int = Field(
        default=0, ge=0, le=1_000_000, description="Rows that a split gives up before the next one."
    )

    @property
    def is_given(self) -> bool:
        """Whether any of the three ways to divide is chosen."""
        return not (self.ratios is None and self.borders is None and self.dates is None)

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
            total = sum(map(exact_ratio, self.ratios), Decimal(0))
            if abs(total - 1) > Decimal("1e-9"):  # a third has no last decimal
                raise ValueError(f"the ratios {_listed(self.ratios)} add up to {total}; expected 1")
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
            moments = [moment_of(date) for date in self.dates]
            if moments != sorted(moments):
                raise ValueError(
                    f"the dates are {_listed(self.dates)}; expected increasing ones: begin of "
                    "validation, begin of test and, if you like, end of test"
                )
        return self


def exact_ratio(ratio: float) -> Decimal:
    """The number that was written, not the nearest binary one."""
    return Decimal(repr(ratio))


def moment_of(date: str) -> datetime:
    """A date of a rule.

    Raises:
        ValueError: It is none, or has a time zone, which timestamps in a CSV do not have.
    """
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
    return moment


def _listed(values: Iterable[object]) -> str:
    return ", ".join(map(str, values))
