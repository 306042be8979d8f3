"""What is asked of each sample, and which events its prompts tell of: the settings.

What belongs here: the settings of the tasks and of events, with their bounds. What does not: the
tasks, and where in a window an event is (`picture/world`). Imports no numpy, since settings are
read whenever definitions load.
"""

import re
from collections.abc import Mapping
from datetime import date as Date
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from zwu_ts_assets.training.picture.question import (
    ALTERED,
    LABEL_TASK_NAMES,
    ON_LINES,
    TASK_NAMES,
)
from zwu_ts_assets.training.split_rule import moment_of

Rationale = Literal["none", "answer", "think"]
"""Where an answer says how it was read: nowhere, before its last line, or as a thought."""

VIEWS: Final = ("figure", "video", "lines", ALTERED, "text")
"""What a question may be answered from: the matrices, their course, values as lines, those of a
copy into which something was put, numbers."""

LEVELS: Final[Mapping[int, str]] = {1: "read", 2: "locate", 3: "watch", 4: "join", 5: "look ahead"}
"""The levels of tasks, easiest first."""

_FUNCTION: Final = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


class TaskSettings(BaseModel):
    """What is asked of each sample, and how much of it."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    tasks: Annotated[tuple[str, ...] | None, Field(strict=False)] = Field(
        default=None,
        min_length=1,
        description="What is asked: names of tasks, or `package.module:function` of your own. "
        "Unset: all of the project's tasks.",
    )
    levels: Annotated[tuple[int, ...], Field(strict=False)] = Field(
        default=tuple(LEVELS),
        min_length=1,
        description="Levels of tasks: 1 read, 2 locate, 3 watch, 4 join, 5 look ahead.",
    )
    views: Annotated[tuple[str, ...], Field(strict=False)] = Field(
        default=VIEWS,
        min_length=1,
        description="What questions may need, of `figure`, `video`, `lines`, `altered`, `text`.",
    )
    weights: dict[str, float] = Field(
        default={},
        description="By task, the share of its questions that is asked, 0 to 1. Unset: all.",
    )
    questions_per_conversation: int | None = Field(
        default=None,
        ge=1,
        description="So many questions share one set of media. Unset: all of a window. 1: each has "
        "only the media that it needs.",
    )
    rationale: Rationale = Field(
        default="none",
        description="Whether answers say how they were read: not at all, in the answer, or as a "
        "thought.",
    )
    forecast_steps: int = Field(
        default=6, ge=1, le=1000, description="Steps of a forecast, of one column."
    )
    decimals: int = Field(default=2, ge=0, le=9, description="Decimals of numbers in prompts.")
    unanswerable: float = Field(
        default=0.05,
        ge=0,
        le=0.5,
        description="At most this share of the questions cannot be answered from what is shown.",
    )
    tell_dates: bool = Field(
        default=False, description="Tell the dates of a window. A model could learn them by heart."
    )

    def ask_about(self, view: str) -> bool:
        """Whether a task asks about line plots (`lines`), or those of altered copies (`altered`).

        What a task of the user's own needs is only known when its code is run: it may be lines.
        """
        if view not in self.views:
            return False
        if view == "lines" and any(":" in name for name in self.tasks or ()):
            return True
        return any(
            level in self.levels
            and (self.tasks is None or name in self.tasks)
            and self.weights.get(name, 1.0) > 0
            for name, level in ON_LINES[view].items()
        )

    @field_validator("tasks")
    @classmethod
    def _tasks_exist(cls, tasks: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for name in tasks or ():
            if not _FUNCTION.fullmatch(name):
                _require(name, (*TASK_NAMES, *LABEL_TASK_NAMES), "task")
            if tasks is not None and tasks.count(name) > 1:
                raise ValueError(f"task {name!r} is named twice; name it once")
        return tasks

    @field_validator("levels")
    @classmethod
    def _levels_exist(cls, levels: tuple[int, ...]) -> tuple[int, ...]:
        for level in levels:
            if level not in LEVELS:
                told = ", ".join(f"{number} ({name})" for number, name in LEVELS.items())
                raise ValueError(f"level {level} does not exist; the levels are: {told}")
        return levels

    @field_validator("views")
    @classmethod
    def _views_exist(cls, views: tuple[str, ...]) -> tuple[str, ...]:
        for name in views:
            _require(name, VIEWS, "view")
        return views

    @field_validator("weights")
    @classmethod
    def _weights_are_shares(cls, weights: dict[str, float]) -> dict[str, float]:
        for name, share in weights.items():
            if not _FUNCTION.fullmatch(name):
                _require(name, (*TASK_NAMES, *LABEL_TASK_NAMES), "task")
            if not 0 <= share <= 1:
                raise ValueError(f"the weight of {name!r} is {share}; expected a share, 0 to 1")
        return weights


def _require(name: str, known: tuple[str, ...], kind: str) -> None:
    if name not in known:
        raise ValueError(f"{name!r} is no {kind}; the {kind}s are: {', '.join(known)}")


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
