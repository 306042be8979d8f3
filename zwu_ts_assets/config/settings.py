"""The settings that shape a corpus: what there is to set, defaults and bounds.

What belongs here: each setting, and what must hold between several. What does not: the TOML files
that say them (`settings_file.py`), which asset each matters to (`orchestration/specs.py`), and
which datasets there are (`orchestration/chosen_datasets.py`).
"""

import unicodedata
from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from zwu_ts_assets.figures.figure_layout import Canvas, most_features
from zwu_ts_assets.timeseries.csv_rules import (
    FEATURE_LIMIT,
    FIGURE_FEATURES,
    LINE_PLOT_LIMIT,
    SERIES_LIMIT,
    Axis,
    CsvRules,
    Decimal,
    Delimiter,
    Gaps,
    LabelKind,
    StatsFormat,
    Thousands,
    date_format_problem,
    encoding_problem,
    strip_problem,
    time_zone_problem,
)
from zwu_ts_assets.training.picture.question import ALTERED, ALTERED_LEAST_STEPS
from zwu_ts_assets.training.reserved import reserved_word
from zwu_ts_assets.training.split_rule import SplitRule
from zwu_ts_assets.training.task_settings import TEXT_LIMIT, Event, TaskSettings

_SHOWN: Final = 120  # characters of a value in a message

# The model's image processor works in blocks of 32 pixels. A canvas that is not a multiple is
# resampled before the model sees it, and its annotations blur.
CANVAS_BLOCK: Final = 32

EXPORTS: Final[Mapping[str, str]] = {
    name: f"{name}_export"
    for name in (
        *("qwen", "ms_swift", "llama_factory", "huggingface", "webdataset"),
        *("rl", "vlmevalkit", "lmms_eval"),
    )
}
"""The export formats, each with the name of its asset."""

COMPACT: Final[Mapping[str, int]] = {"canvas_width": 896, "canvas_height": 512}
"""What the preset `compact` sets: a quarter of the pixels, and so of the tokens."""

_Told = Annotated[str, Field(min_length=1, max_length=TEXT_LIMIT)]
_Blocks = Annotated[int, Field(le=4096, multiple_of=CANVAS_BLOCK)]


def _in_a_tuple(value: object) -> object:
    return (value,) if isinstance(value, str) else value


class Settings(BaseModel):
    """Everything that shapes a corpus. The TOML file beside the CSV overrides any of it."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    time_column: str | None = Field(
        None,
        min_length=1,
        description="The column with the timestamps. Unset: `date`, or the one column that has "
        "them.",
    )
    features: tuple[str, ...] | None = Field(
        None,
        min_length=1,
        max_length=FEATURE_LIMIT,
        description="The columns to use, in order, each once. Unset: every numeric column; for "
        "ETTh1 its seven.",
        strict=False,  # TOML has arrays, not tuples
    )
    delimiter: Delimiter | None = Field(
        None, description="The mark between the cells. Unset: found."
    )
    decimal: Decimal | None = Field(None, description="The decimal mark. Unset: found.")
    date_format: str | None = Field(
        None,
        min_length=1,
        max_length=100,
        description='How times are written: a format for `strptime`, or `"unix"`, `"unix_ms"`, '
        '`"unix_us"`, `"unix_ns"`. Unset: found.',
    )
    time_zone: str | None = Field(
        None,
        description="The IANA name of the zone of local times, which become UTC. Unset: times are "
        "taken as they are.",
    )
    gaps: Gaps = Field("refuse", description="What becomes of missing values and rows.")
    interpolate_limit: int | None = Field(
        None,
        ge=1,
        le=1000,
        description='With `gaps = "interpolate"`: the most values in a row that are interpolated.',
    )
    thousands: Thousands | None = Field(
        None, description="The mark between thousands. Unset: found."
    )
    magnitudes: bool | None = Field(
        None, description="Whether K, M, B after numbers are powers of ten. Unset: found."
    )
    strip: tuple[str, ...] = Field(
        (),
        max_length=20,
        description="Texts without digits and signs that are passed over in cells of numbers where "
        "not every cell has them.",
        strict=False,
    )
    missing_values: tuple[str, ...] = Field(
        (),
        max_length=20,
        description="Cells that stand for a missing value besides `NA`, `-` and the like, such as "
        '`["-9999"]`.',
        strict=False,
    )
    encoding: str | None = Field(
        None,
        min_length=1,
        max_length=40,
        description='A text encoding of Python, such as `"latin-1"`. Unset: UTF-8, or UTF-16 with '
        "its mark.",
    )
    lags: tuple[Annotated[int, Field(ge=1, le=10_000)], ...] = Field(
        (),
        max_length=20,
        description="Rows back, increasing: each adds a copy of every column from so many rows "
        "back as a further column. For series of one column, of whose figures five panels "
        "are trivial otherwise.",
        strict=False,
    )
    time_axis: Axis = Field(
        "calendar",
        description='`"calendar"`: steps are a fixed time or of the calendar. `"order"`: rows are '
        "counted, whatever time lies between them.",
    )
    time_columns: tuple[str, ...] | None = Field(
        None,
        min_length=1,
        max_length=7,
        description="The columns that tell the time together. Unset: found.",
        strict=False,
    )
    series_column: Annotated[tuple[str, ...] | None, BeforeValidator(_in_a_tuple)] = Field(
        None,
        min_length=1,
        description="The column, or columns, that name the series of a long table. Unset: found.",
        strict=False,
    )
    value_column: str | None = Field(
        None,
        min_length=1,
        description="The column with the values of a long table. Unset: every numeric one.",
    )
    each_series: tuple[str, ...] | None = Field(
        None,
        min_length=1,
        max_length=SERIES_LIMIT,
        description="Names of series of a long table, each of which becomes a dataset of its own. "
        "In the TOML beside the table.",
        strict=False,
    )
    label_column: str | None = Field(
        None,
        min_length=1,
        description="The column with the class of each row, or with a flag of anomalies: no "
        "feature, but asked about.",
    )
    label_kind: LabelKind = Field(
        "found",
        description='`"classes"`: labels that would pass for flags of anomalies, such as 0 and 1, '
        "are classes.",
    )
    window_length: int = Field(96, ge=4, le=1000, description="Rows of a window.")
    window_stride: int | None = Field(
        None,
        ge=1,
        le=1000,
        description="Rows between the starts of two windows, at most `window_length`. Unset: "
        "`window_length`, so that windows lie side by side.",
    )
    horizon: int = Field(
        96, ge=0, le=100_000, description="Rows of the target span after a window."
    )
    max_batches: int | None = Field(None, ge=1, description="At most so many batches. Unset: all.")
    patch_length: int = Field(
        24,
        ge=2,
        le=1000,
        description="Rows of a patch, which is one video frame; at most `window_length`.",
    )
    patch_stride: int = Field(
        12, ge=1, le=1000, description="Rows between the starts of two patches."
    )
    preset: Literal["full", "compact"] = Field(
        "full",
        description='`"compact"`: a canvas of 896x512 unless another is set, for a quarter of the '
        "tokens. Colours can be read; questions about digits are not asked.",
    )
    canvas_width: _Blocks = Field(
        1792, ge=448, description="Width of a figure and a line plot in pixels."
    )
    canvas_height: _Blocks = Field(
        992, ge=224, description="Height of a figure and a line plot in pixels."
    )
    title_batch_index: bool = Field(
        False,
        description="Print the batch index in the titles. It tells a model where in time a window "
        "is.",
    )
    colour_range: Literal["window", "train"] = Field(
        "window",
        description="Colours span each window's own values, or ranges fitted on the training "
        "split.",
    )
    figure_look: Literal["original", "clear"] = Field(
        "original",
        description='`"clear"`: near is dark in both panels of DTW, and each time panel says below '
        'that it counts time steps. `"original"`: near is dark in one and bright in the other, and '
        "the first time panel says so.",
    )
    line_plots: bool | None = Field(
        None, description="Draw the values as plain lines too; unset: if tasks ask about them."
    )
    figure_features: int = Field(
        FIGURE_FEATURES,
        ge=2,
        le=FEATURE_LIMIT,
        description="At most so many columns in a feature panel, and no more than it has pixels. "
        "Of more columns, those are shown that stand for all.",
    )
    figure_columns: tuple[str, ...] | None = Field(
        None,
        min_length=1,
        max_length=FEATURE_LIMIT,
        description="The columns of the feature panels, in order, each once. Unset: all, or those "
        "that are chosen.",
        strict=False,
    )
    video_width: _Blocks | None = Field(
        None, ge=448, description="Width of a video in pixels. Unset: that of the canvas."
    )
    video_height: _Blocks | None = Field(
        None, ge=224, description="Height of a video in pixels. Unset: that of the canvas."
    )
    fps: float = Field(2.0, ge=0.001, le=60, description="Frames per second of the videos.")
    frame_multiple: int = Field(
        2,
        ge=1,
        le=64,
        description="A video repeats its last frame until it has a multiple of this.",
    )
    stats_format: StatsFormat = Field(
        "decimals",
        description="Numbers of the statistics have two decimals, or four significant digits, for "
        "columns that vary by less than a tenth; a warning names such columns.",
    )
    splitter: str | None = Field(
        None,
        description="The function that splits the text for `vocab`, as `package.module:function`.",
    )
    tokenizer: str | None = Field(
        None, description="The tokenizer of `qwen_tokens`: a folder, or the id of a model."
    )

    split: SplitRule = Field(
        SplitRule(), description="How rows are divided into train, validation and test."
    )
    tasks: TaskSettings = Field(TaskSettings(), description="What is asked of each sample.")
    units: dict[str, str] = Field({}, description='Unit by column, such as `{ OT = "°C" }`.')
    column_descriptions: dict[str, _Told] = Field(
        {},
        description='What a column is, told in every prompt, such as `{ OT = "oil temperature" }`.',
    )
    tell_description: bool = Field(
        False, description="Tell `description` in every prompt, and not in dataset cards alone."
    )
    covariates: tuple[str, ...] = Field(
        (),
        max_length=20,
        description="Columns known in advance, such as the forecast of a weather service: "
        "questions about the future tell their next values, and do not ask for them.",
        strict=False,
    )
    events: tuple[Event, ...] = Field(
        (),
        max_length=1_000,
        description="What is known to happen, such as "
        '`[{ at = "2017-01-01", text = "New Year" }]`, with `until` for more than a day: questions '
        "about the future tell those of the window and of the steps asked for, by their steps.",
        strict=False,
    )
    prompts: str | None = Field(
        None,
        min_length=1,
        description="The folder of your own prompt templates, relative to the project. Unset: the "
        "project's.",
    )
    exports: tuple[
        Literal[
            "qwen",
            "ms_swift",
            "llama_factory",
            "huggingface",
            "webdataset",
            "rl",
            "vlmevalkit",
            "lmms_eval",
        ],
        ...,
    ] = Field(
        (), description="Export formats to make, and keep current, with the corpus.", strict=False
    )
    export_media: Literal["copy", "link"] = Field(
        "copy", description="Whether exports hold copies of figures and videos, or hard links."
    )
    shard_samples: int = Field(
        64, ge=1, le=100_000, description="At most so many samples of a WebDataset shard."
    )
    title: str = Field(
        "", description="What people call the data, for dataset cards. ETTh1 has its own."
    )
    description: str = Field(
        "", description="What the series is, for dataset cards. ETTh1 has its own."
    )
    source: str = Field(
        "", description="Where the CSV comes from, for dataset cards. ETTh1 has its own."
    )
    licence: str = Field(
        "", description="Its licence, such as `cc-by-4.0`, for dataset cards. ETTh1 has its own."
    )

    @property
    def csv_rules(self) -> CsvRules:
        """How the CSV is written and what becomes of its gaps."""
        names = CsvRules.__dataclass_fields__
        return CsvRules(**{name: getattr(self, name) for name in names})

    @property
    def stride(self) -> int:
        """Rows between the starts of two windows."""
        return self.window_stride or self.window_length

    @property
    def overlapping(self) -> bool:
        """Whether windows overlap, so that a batch has several."""
        return self.stride < self.window_length

    @property
    def canvas_size(self) -> tuple[int, int]:
        """Width and height of figures and line plots in pixels."""
        return self.canvas_width, self.canvas_height

    @property
    def video_size(self) -> tuple[int, int]:
        """Width and height of videos in pixels; each the canvas' where it is unset."""
        return self.video_width or self.canvas_width, self.video_height or self.canvas_height

    @property
    def draws_lines(self) -> bool:
        """Whether the values of windows are drawn as lines."""
        if self.line_plots is None:
            return self._has_room_for_lines and self.tasks.ask_about("lines")
        return self.line_plots

    @property
    def draws_altered_lines(self) -> bool:
        """Whether altered copies of windows are drawn as lines: only if tasks ask about them."""
        return (
            self.line_plots is not False
            and self._has_room_for_lines
            and self.window_length >= ALTERED_LEAST_STEPS
            and self.tasks.ask_about(ALTERED)
        )

    @property
    def _has_room_for_lines(self) -> bool:
        shown = self.figure_columns
        return (self.figure_features if shown is None else len(shown)) <= LINE_PLOT_LIMIT

    @property
    def figure_room(self) -> int:
        """How many columns a feature panel can show in cells of at least a pixel."""
        return min(most_features(Canvas(*size)) for size in (self.canvas_size, self.video_size))

    @model_validator(mode="before")
    @classmethod
    def _preset_chooses_the_canvas(cls, values: object) -> object:
        if isinstance(values, Mapping) and values.get("preset") == "compact":
            return {**COMPACT, **values}
        return values

    @model_validator(mode="after")
    def _feature_panels_have_room(self) -> Self:
        # The default is no wish: it may be more than a small canvas has room for.
        name, count = "figure_features", self.figure_features
        if self.figure_columns is not None:
            name, count = "figure_columns", len(self.figure_columns)
        if count != FIGURE_FEATURES and count > self.figure_room:
            raise ValueError(f"{name} is {count}; {self.room_told}")
        if self.line_plots and count > LINE_PLOT_LIMIT:
            raise ValueError(
                f"{name} is {count}, and line_plots draws a panel for each; expected at most "
                f"{LINE_PLOT_LIMIT}: show fewer, or set line_plots to false"
            )
        return self

    @property
    def room_told(self) -> str:
        """How many columns feature panels have room for, and what to do: the end of a sentence."""
        return (
            f"with more than {self.figure_room} a cell would be less than a pixel on the canvas or "
            "in the videos: show fewer, or draw larger (canvas_width and canvas_height, "
            "video_width and video_height)"
        )

    @model_validator(mode="after")
    def _patches_fit_the_window(self) -> Self:
        if self.patch_length > self.window_length:
            raise ValueError(
                f"patch_length is {self.patch_length}, longer than window_length "
                f"{self.window_length}: no patch fits; make patch_length smaller"
            )
        return self

    @model_validator(mode="after")
    def _every_row_is_in_a_window(self) -> Self:
        if self.stride > self.window_length:
            raise ValueError(
                f"window_stride is {self.stride}, larger than window_length {self.window_length}: "
                "rows between two windows would be in none; make window_stride smaller"
            )
        return self

    @model_validator(mode="after")
    def _columns_are_told_apart(self) -> Self:
        time_column = self.time_column or "date"
        if self.each_series is not None and self.features is not None:
            raise ValueError(
                "each_series makes a dataset of each series, and features names columns of one; "
                "remove one of them"
            )
        for setting in ("features", "figure_columns", "each_series"):
            columns = getattr(self, setting) or ()
            twice = sorted(name for name, count in Counter(columns).items() if count > 1)
            if twice:
                raise ValueError(
                    f"{setting} names {shown(twice)} more than once; name each column once"
                )
            if time_column in columns:
                raise ValueError(f"time_column {shown(time_column)} cannot be a feature as well")
            if self.label_column in columns:
                raise ValueError(
                    f"label_column {shown(self.label_column)} cannot be a feature as well: figures "
                    "would show what is asked"
                )
        return self

    @field_validator("date_format")
    @classmethod
    def _is_a_date_format(cls, value: str | None) -> str | None:
        if value is not None and (problem := date_format_problem(value)):
            raise ValueError(f"{shown(value)} {problem}")
        return value

    @field_validator("lags")
    @classmethod
    def _lags_increase(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if list(value) != sorted(set(value)):
            raise ValueError(f"{list(value)} does not increase; name each lag once, in order")
        return value

    @field_validator("encoding")
    @classmethod
    def _is_an_encoding(cls, value: str | None) -> str | None:
        if value is not None and (problem := encoding_problem(value)):
            raise ValueError(f"{shown(value)} {problem}")
        return value

    @field_validator("strip")
    @classmethod
    def _can_be_stripped(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if problem := strip_problem(value):
            raise ValueError(problem)
        return value

    @field_validator("time_zone")
    @classmethod
    def _is_a_time_zone(cls, value: str | None) -> str | None:
        if value is not None and (problem := time_zone_problem(value)):
            raise ValueError(f"{shown(value)} {problem}")
        return value

    @model_validator(mode="after")
    def _the_time_is_in_one_place(self) -> Self:
        if self.time_column is not None and self.time_columns is not None:
            raise ValueError(
                "time_column and time_columns both say where the time is; remove one of them"
            )
        return self

    @model_validator(mode="after")
    def _what_is_told_fits_a_line(self) -> Self:
        if self.tell_description and not self.description:
            raise ValueError("tell_description is true and there is no description; write one")
        texts = {
            "events": [event.text for event in self.events],
            "column_descriptions": list(self.column_descriptions.values()),
            "description": [self.description] if self.tell_description else [],
        }
        for name, told in texts.items():
            for text in told:
                if any(unicodedata.category(letter) in ("Cc", "Zl", "Zp") for letter in text):
                    raise ValueError(f"{name} has a line break in {shown(text)}; write one line")
                if word := reserved_word(text):
                    raise ValueError(
                        f"{name} has {word!r}, a reserved word of the chat template or of a "
                        "trainer; remove it"
                    )
        return self

    @model_validator(mode="after")
    def _gaps_and_their_limit_fit(self) -> Self:
        if (self.gaps == "interpolate") != (self.interpolate_limit is not None):
            raise ValueError(
                f"gaps is {self.gaps!r} and interpolate_limit is {self.interpolate_limit}; "
                'interpolate_limit belongs to gaps = "interpolate", which needs it: write, for '
                "example, interpolate_limit = 3"
            )
        return self


def shown(value: object) -> str:
    """A value as Python writes it, shortened if it would drown the message."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # thousands of digits, or a thousand levels
        return f"a {type(value).__name__} too long to be shown"
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
