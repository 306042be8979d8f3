"""What is asked of each sample: the setting.

What belongs here: the settings of the tasks, with their bounds. What does not: the tasks. Imports
no numpy, since settings are read whenever definitions load.
"""

from typing import TYPE_CHECKING, Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, field_validator

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.timeseries.limits import lag_of

if TYPE_CHECKING:
    from zwu_ts_assets.training.sample import Sample


TASK_NAMES: Final = ("forecast", "describe", "extremes", "trend", "volatility", "together", "lag")
"""The tasks, in the order in which a sample's conversations are listed."""


class TaskSettings(BaseModel):
    """What is asked of each sample, and how much of it."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    tasks: Annotated[tuple[str, ...], Field(strict=False)] = Field(
        default=TASK_NAMES,
        min_length=1,
        description="The tasks, see the table of tasks.",
    )
    questions_per_sample: int = Field(
        default=1, ge=0, le=5, description="How many of the questions among them each sample gets."
    )
    forecast_steps: int | None = Field(
        default=None, ge=1, description="Steps to forecast; unset: the whole target span."
    )
    forecast_features: Annotated[tuple[str, ...] | None, Field(strict=False)] = Field(
        default=None, min_length=1, description="Columns to forecast, in order; unset: all."
    )
    recent_steps: int = Field(
        default=24,
        ge=0,
        description="Last steps of the past that a forecast's prompt holds as numbers.",
    )
    decimals: int = Field(
        default=2, ge=0, le=15, description="Decimals of numbers in prompts and answers."
    )
    tell_dates: bool = Field(
        default=False, description="Tell the dates of a window; a model could learn them by heart."
    )

    @field_validator("tasks")
    @classmethod
    def _tasks_exist(cls, tasks: tuple[str, ...]) -> tuple[str, ...]:
        for name in tasks:
            if name not in TASK_NAMES or tasks.count(name) > 1:
                raise ValueError(
                    f"{name!r} is no task or is named twice; the tasks are: {', '.join(TASK_NAMES)}"
                )
        return tasks

    def forecast_columns(self, sample: "Sample") -> tuple[int, ...]:
        """Which columns are forecast: unless the settings name some, all but lagged copies.

        Raises:
            CorpusError: A column does not exist, or is named twice.
        """
        names = self.forecast_features
        if names is None:  # a copy of the past is no forecast
            names = tuple(n for n in sample.features if not lag_of(n, sample.features))
        for name in names:
            if name not in sample.features or names.count(name) > 1:
                raise CorpusError(
                    f"forecast_features names {name!r}, which is no column or is named twice; "
                    f"the columns are: {', '.join(sample.features)}"
                )
        return tuple(map(sample.features.index, names))

    def forecast_length(self, sample: "Sample") -> int:
        """How many steps are forecast.

        Raises:
            CorpusError: More than the target span has.
        """
        horizon = len(sample.target)
        steps = horizon if self.forecast_steps is None else self.forecast_steps
        if steps > horizon:
            raise CorpusError(
                f"forecast_steps is {steps}, but the target span has {horizon} rows; make "
                "forecast_steps smaller or the horizon larger"
            )
        return steps
