"""What is known of a series besides its values: events, as a user writes them.

What belongs here: the setting, with its bounds. What does not: where in a window an event is, and
the sentences about it (`picture/context.py`). Imports no numpy, since settings are read whenever
definitions load.
"""

from datetime import date as Date
from datetime import datetime, timedelta
from typing import Annotated, Final, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from zwu_ts_assets.training.split_rule import moment_of

_DAY: Final = len("2017-01-01")
TEXT_LIMIT: Final = 200
"""The most characters of what is told of an event or a column."""


def _as_text(date: object) -> object:
    """TOML has dates of its own; without quotation marks they are not strings."""
    return date.isoformat() if isinstance(date, Date) else date


_Date = Annotated[str, BeforeValidator(_as_text)]


class Event(BaseModel):
    """Something that is known to happen at a time, or from one to another.

    Attributes:
        at: Its time, or its beginning, in ISO 8601 without a time zone; a date is the whole day.
        until: Its end, which belongs to it, likewise; None where it has none.
        text: What it is.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    at: _Date = Field(description="Its time in ISO 8601 without a time zone, such as 2017-01-01.")
    until: _Date | None = Field(None, description="Its end, which belongs to it.")
    text: str = Field(min_length=1, max_length=TEXT_LIMIT, description="What it is.")

    @property
    def span(self) -> tuple[datetime, datetime]:
        """Its first and its last moment: a date without a time is a whole day."""
        last = self.until or self.at
        whole = timedelta(days=1, microseconds=-1) if len(last) <= _DAY else timedelta(0)
        return moment_of(self.at), moment_of(last) + whole

    @model_validator(mode="after")
    def _times_are_in_order(self) -> Self:
        first, last = self.span
        if last < first:
            raise ValueError(
                f"an event is from {self.at} until {self.until}; expected an end that is not "
                "before its beginning"
            )
        return self
