"""The settings that shape a corpus: defaults, bounds, and the TOML file that overrides them.

What belongs here: each setting, reading the file, and saying what is wrong in it. What does not:
which settings matter to which asset, and which datasets there are (`datasets.py`).
"""

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from zwu_ts_assets.corpus.errors import CorpusError
from zwu_ts_assets.corpus.limits import FEATURE_LIMIT
from zwu_ts_assets.training.split_rule import SplitRule
from zwu_ts_assets.training.task_settings import TaskSettings

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

SETTINGS_LIMIT: Final = 65_536
"""The most bytes of a settings file: a hundred long column names are a tenth of it."""
_PROBLEMS: Final = 10  # told at once
_SHOWN: Final = 120  # characters of a value in a message

# The model's image processor works in blocks of 32 pixels. A canvas that is not a multiple is
# resampled before the model sees it, and its annotations blur.
CANVAS_BLOCK: Final = 32

ETTH1_FEATURES: Final = ("HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT")

EXPORTS: Final[Mapping[str, str]] = {
    name: f"{name}_export"
    for name in ("qwen", "ms_swift", "llama_factory", "huggingface", "webdataset")
}
"""The export formats, each with the name of its asset."""

_TABLES: Final[Mapping[str, type[BaseModel]]] = {"split": SplitRule, "tasks": TaskSettings}

_Blocks = Annotated[int, Field(le=4096, multiple_of=CANVAS_BLOCK)]


class Settings(BaseModel):
    """Everything that shapes a corpus. The TOML file beside the CSV overrides any of it."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    time_column: str = Field("date", min_length=1, description="The column with the timestamps.")
    features: tuple[str, ...] | None = Field(
        None,
        min_length=1,
        max_length=FEATURE_LIMIT,
        description="Columns to use, in order; unset: every numeric column.",
        strict=False,  # TOML has arrays, not tuples
    )
    window_length: int = Field(96, ge=4, le=1000, description="Rows of a window.")
    window_stride: int | None = Field(
        None,
        ge=1,
        le=1000,
        description="Rows between two windows' starts; unset: window_length, side by side.",
    )
    horizon: int = Field(96, ge=0, le=100_000, description="Rows of the target after a window.")
    max_batches: int | None = Field(None, ge=1, description="At most so many batches; unset: all.")
    patch_length: int = Field(24, ge=2, le=1000, description="Rows of a patch, one video frame.")
    patch_stride: int = Field(12, ge=1, le=1000, description="Rows between two patches' starts.")
    canvas_width: _Blocks = Field(1792, ge=448, description="Width of a figure in pixels.")
    canvas_height: _Blocks = Field(992, ge=224, description="Height of a figure in pixels.")
    title_batch_index: bool = Field(
        False, description="Print the batch index in the titles: it tells a model where it is."
    )
    colour_range: Literal["window", "train"] = Field(
        "window",
        description="Colours span each window's own values, or a range fitted on the training "
        "split.",
    )
    line_plots: bool = Field(False, description="Draw the values as lines too.")
    video_width: _Blocks | None = Field(
        None, ge=448, description="Width of a video in pixels; unset: the canvas'."
    )
    video_height: _Blocks | None = Field(
        None, ge=224, description="Height of a video in pixels; unset: the canvas'."
    )
    fps: float = Field(2.0, gt=0, le=60, description="Frames per second of the videos.")
    frame_multiple: int = Field(
        2, ge=1, le=64, description="Videos repeat their last frame up to a multiple of this."
    )
    splitter: str | None = Field(
        None, description="`package.module:function` that splits the stats text for `vocab`."
    )
    tokenizer: str | None = Field(
        None, description="Folder or model id of the tokenizer for `qwen_tokens`."
    )

    split: SplitRule = Field(
        SplitRule(), description="How rows are divided into train, validation and test."
    )
    tasks: TaskSettings = Field(TaskSettings(), description="What is asked of each sample.")
    units: dict[str, str] = Field({}, description="Unit by column.")
    prompts: str | None = Field(
        None, min_length=1, description="Folder with prompt templates; unset: the project's."
    )
    exports: tuple[
        Literal["qwen", "ms_swift", "llama_factory", "huggingface", "webdataset"], ...
    ] = Field((), description="Export formats to make with the corpus.", strict=False)
    export_media: Literal["link", "copy"] = Field(
        "link", description="Whether exports hold hard links to figures and videos, or copies."
    )
    shard_samples: int = Field(64, ge=1, le=100_000, description="Samples of a WebDataset shard.")
    title: str = Field("", description="What people call the data, for dataset cards.")
    description: str = Field("", description="What the series is, for dataset cards.")
    source: str = Field("", description="Where the CSV comes from, for dataset cards.")
    licence: str = Field("", description="Its licence, for example `cc-by-4.0`.")

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
        columns = self.features or ()
        twice = sorted({name for name in columns if columns.count(name) > 1})
        if twice:
            raise ValueError(f"features names {shown(twice)} more than once; name each column once")
        if self.time_column in columns:
            raise ValueError(f"time_column {shown(self.time_column)} cannot be a feature as well")
        return self


def read_settings(toml: Path, defaults: Mapping[str, object] | None = None) -> Settings:
    """The settings in a TOML file over the defaults; the defaults alone if it does not exist.

    Args:
        toml: The file, for example `data/ETTh1.toml`.
        defaults: A dataset's own defaults, which the file may override.

    Raises:
        CorpusError: The file is too long, is not TOML, has an unknown key or a value out of bounds.
    """
    found = {**(defaults or {}), **(_overrides(toml) if toml.exists() else {})}
    try:
        return Settings.model_validate(found)
    except ValidationError as error:
        raise CorpusError(f"{toml}: " + "; ".join(_say(error))) from error


def _overrides(toml: Path) -> dict[str, object]:
    """What a settings file says."""
    try:
        if not toml.is_file():
            raise CorpusError(f"{toml}: found something that is no file; expected a TOML file.")
        with toml.open("rb") as file:
            data = file.read(SETTINGS_LIMIT + 1)
    except OSError as error:
        raise CorpusError(f"{toml}: cannot be read: {error.strerror}.") from error
    if len(data) > SETTINGS_LIMIT:
        raise CorpusError(
            f"{toml}: found more than {SETTINGS_LIMIT:,} bytes; expected a few settings. Is it "
            "the right file?"
        )
    try:
        return tomllib.loads(data.decode("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise CorpusError(
            f"{toml}: not valid TOML: {str(error)[:_SHOWN]}. Mend that line."
        ) from error
    except UnicodeDecodeError as error:
        raise CorpusError(f"{toml}: not UTF-8 text: {error}. Save it as UTF-8.") from error
    except (ValueError, RecursionError) as error:
        # What TOML allows and tomllib does not: thousands of digits, a thousand levels.
        raise CorpusError(
            f"{toml}: found a number with thousands of digits, or values nested a thousand deep; "
            "expected a few settings. Mend the file."
        ) from error


def _say(error: ValidationError) -> list[str]:
    """One sentence for each invalid setting: name, value found, what is expected, what to do."""
    problems = error.errors(include_url=False)
    sentences = [_sentence(problem) for problem in problems[:_PROBLEMS]]
    if len(problems) > _PROBLEMS:
        sentences.append(f"and {len(problems) - _PROBLEMS} more")
    return sentences


def _sentence(problem: "ErrorDetails") -> str:
    """What is wrong with one setting; those of a table are named `table.setting`."""
    *above, last = problem["loc"] or ("",)
    name = _joined(problem["loc"])
    expected = problem["msg"][0].lower() + problem["msg"][1:]
    match problem["type"]:
        case "extra_forbidden":
            table = _TABLES.get(_joined(above), Settings)
            where = f" in the table [{_joined(above)}]; its" if above else "; the"
            known = ", ".join(table.model_fields)
            return f"unknown setting {shown(last)}{where} settings are: {known}"
        case "value_error":  # our own validators name the settings themselves
            told = problem["msg"].removeprefix("Value error, ")
            return f"setting {name!r}: {told}" if name else told
        case "missing":
            expected = f"value {last + 1 if isinstance(last, int) else last!r} of it is missing"
            name = _joined(above)
        case "model_type" | "model_attributes_type":
            expected = f"expected a table, written [{name}]"
    return f"setting {name!r} is {shown(problem['input'])}; {expected}"


def _joined(parts: Iterable[int | str]) -> str:
    """The name of a setting: `split.ratios[1]`."""
    return "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in parts).removeprefix(".")


def shown(value: object) -> str:
    """A value as Python writes it, shortened if it would drown the message."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # thousands of digits, or a thousand levels
        return f"a {type(value).__name__} too long to be shown"
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
