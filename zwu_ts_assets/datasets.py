"""What a dataset is: a name, a CSV and the settings that shape its corpus.

What belongs here: the settings with their defaults and bounds, the TOML file that overrides them,
and which settings matter to which asset. What does not: anything about Dagster or artifacts.

A dataset is data, not code. ETTh1 is the first one and has no key prefix; any other dataset has
its name as the prefix of its asset keys and as its folder below `artifacts/`.
"""

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from zwu_ts_assets.corpus.errors import CorpusError
from zwu_ts_assets.corpus.limits import FEATURE_LIMIT
from zwu_ts_assets.training.split_rule import ETTH1_BORDERS, SplitRule
from zwu_ts_assets.training.task_settings import TaskSettings

SETTINGS_LIMIT: Final = 65_536
"""The most bytes of a settings file: a hundred long column names are a tenth of it."""
_PROBLEMS: Final = 10  # told at once
_SHOWN: Final = 120  # characters of a value in a message

# A name becomes a folder, asset keys and a part of the names of Dagster's operations.
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")

# The model's image processor works in blocks of 32 pixels. A canvas that is not a multiple is
# resampled before the model sees it, and its annotations blur.
CANVAS_BLOCK: Final = 32

ETTH1_FEATURES: Final = ("HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT")

EXPORTS: Final[Mapping[str, str]] = {
    name: f"{name}_export"
    for name in ("qwen", "ms_swift", "llama_factory", "huggingface", "webdataset")
}
"""The export formats, each with the name of its asset."""

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
    window_length: int = Field(96, ge=4, le=1000, description="Rows of a window (a batch).")
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
    def _columns_are_told_apart(self) -> Self:
        columns = self.features or ()
        twice = sorted({name for name in columns if columns.count(name) > 1})
        if twice:
            raise ValueError(
                f"features names {_shown(twice)} more than once; name each column once"
            )
        if self.time_column in columns:
            raise ValueError(f"time_column {_shown(self.time_column)} cannot be a feature as well")
        return self


_CARD: Final = ("title", "description", "source", "licence")
_EXPORT: Final = ("tasks", "prompts", "export_media", "shard_samples", *_CARD)

# A changed setting makes exactly these assets out of date, and through them what follows.
# `max_batches` changes which batches there are, not what is in one; only the raw table tells it.
_SETTINGS_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "raw": ("time_column", "features", "window_length", "max_batches"),
    # Columns too: windows of other columns must not be taken for windows of this corpus.
    "batch_windows": ("time_column", "features", "window_length", "horizon"),
    "colour_ranges": ("patch_length", "patch_stride", "split"),
    "correlation_pngs": ("canvas_width", "canvas_height", "title_batch_index", "colour_range"),
    "line_plots": ("canvas_width", "canvas_height", "title_batch_index"),
    "batch_stats": (),
    "vocab": ("splitter",),
    "qwen_tokens": ("tokenizer",),
    "patch_videos": (
        "patch_length",
        "patch_stride",
        "canvas_width",
        "canvas_height",
        "title_batch_index",
        "fps",
        "frame_multiple",
        "colour_range",
        "video_width",
        "video_height",
    ),
    "samples": ("horizon", "patch_length", "patch_stride", "split", "units"),
    "preflight": ("tasks", "prompts"),
    **dict.fromkeys(EXPORTS.values(), _EXPORT),
}


@dataclass(frozen=True)
class AssetNames:
    """What the assets of a dataset are called.

    Attributes:
        name: Lower-case name of the dataset: group and job of everything made from its CSV.
        prefix: Asset key prefix and folder below `artifacts/`; empty for ETTh1.

    Raises:
        CorpusError: A name that could not be a folder and an asset key on every machine.
    """

    name: str
    prefix: tuple[str, ...] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        for name in (self.name, *self.prefix):
            if not _NAME.fullmatch(name):
                raise CorpusError(
                    f"dataset {_shown(name)}: found a name that cannot be a folder and an asset "
                    "key everywhere; expected a lower-case letter and then at most 62 lower-case "
                    "letters, digits and underscores. Rename the dataset."
                )

    @property
    def raw_asset(self) -> str:
        """Name of the asset that reads the CSV, for example `etth1_raw`."""
        return f"{self.name}_raw"

    @property
    def csv_asset(self) -> str:
        """Name under which the lineage shows the CSV itself, for example `etth1_csv`."""
        return f"{self.name}_csv"

    def asset_name(self, role: str) -> str:
        """Name of an asset by its role in the lineage; only `raw` is named after the dataset."""
        return self.raw_asset if role == "raw" else role

    def role_of(self, asset: str) -> str:
        """The role of an asset in the lineage, by its name."""
        return "raw" if asset == self.raw_asset else asset


@dataclass(frozen=True)
class Dataset(AssetNames):
    """A CSV and how its corpus is made.

    Attributes:
        csv: The CSV file.
        settings: What shapes the corpus.
        published_borders: Of the splits that publications about this dataset use.
    """

    csv: Path
    settings: Settings
    published_borders: tuple[int, int, int, int] | None = None

    def split_rule(self, rows: int) -> SplitRule:
        """How rows are divided: as the settings say, else at the published borders, else by ratios.

        Args:
            rows: Rows of the CSV; the published borders are for one that reaches to the last.
        """
        rule = self.settings.split
        if rule.is_given or self.published_borders is None or rows < self.published_borders[-1]:
            return rule
        return SplitRule(borders=self.published_borders, embargo_rows=rule.embargo_rows)

    def settings_of(self, asset: str) -> dict[str, object]:
        """The settings that matter to one asset, by name.

        Args:
            asset: The asset's name; `raw` or the dataset's own name for it.
        """
        names = _SETTINGS_OF[self.role_of(asset)]
        values = {name: getattr(self.settings, name) for name in names}
        return {
            name: value.model_dump(mode="json") if isinstance(value, BaseModel) else value
            for name, value in values.items()
        }

    def settings_digest(self, asset: str) -> str:
        """Eight hexadecimal digits that change when a setting of that asset changes."""
        shaping = self.settings_of(asset)
        if "video_width" in shaping:
            # The size that a video gets is what counts, whichever settings it comes from.
            del shaping["video_width"], shaping["video_height"]
            shaping["canvas_width"], shaping["canvas_height"] = self.settings.video_size
        if shaping.get("colour_range") == "window":
            # Came later: where it is not used, it makes nothing out of date that existed before.
            del shaping["colour_range"]
        text = json.dumps(shaping, sort_keys=True, default=list)
        return hashlib.sha256(text.encode("utf-8")).hexdigest()[:8]


def read_settings(toml: Path, defaults: Mapping[str, object] | None = None) -> Settings:
    """The settings in a TOML file over the defaults; the defaults alone if it does not exist.

    Args:
        toml: The file, for example `data/ETTh1.toml`.
        defaults: A dataset's own defaults, which the file may override.

    Raises:
        CorpusError: The file is too long, is not TOML, has an unknown key or a value out of bounds.
    """
    overrides = _overrides(toml) if toml.exists() else {}
    try:
        return Settings.model_validate({**(defaults or {}), **overrides})
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
    known = ", ".join(Settings.model_fields)
    sentences = []
    problems = error.errors(include_url=False)
    for problem in problems[:_PROBLEMS]:
        name = ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "extra_forbidden":
            sentences.append(f"unknown setting {_shown(name)}; the settings are: {known}")
        elif not name:  # our own validators name the settings themselves
            sentences.append(problem["msg"].removeprefix("Value error, "))
        else:
            expected = problem["msg"][0].lower() + problem["msg"][1:]
            sentences.append(f"setting {name!r} is {_shown(problem['input'])}; {expected}")
    if len(problems) > _PROBLEMS:
        sentences.append(f"and {len(problems) - _PROBLEMS} more")
    return sentences


def _shown(value: object) -> str:
    """A value as Python writes it, shortened if it would drown the message."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # thousands of digits, or a thousand levels
        return f"a {type(value).__name__} too long to be shown"
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


_ETTH1_DEFAULTS: Final[Mapping[str, object]] = {
    "features": ETTH1_FEATURES,
    "title": "ETTh1",
    "description": (
        "Hourly oil temperature (OT) of an electricity transformer and six power loads: high, "
        "middle and low, useful (UFL) and useless (ULL)."
    ),
    "source": "https://github.com/zhouhaoyi/ETDataset (Haoyi Zhou and others)",
    "licence": "cc-by-nd-4.0",
}


def etth1(data_dir: Path) -> Dataset:
    """The ETTh1 dataset (hourly transformer temperature and load, 17,420 rows)."""
    csv = data_dir / "ETTh1.csv"
    return Dataset(
        name="etth1",
        csv=csv,
        settings=read_settings(csv.with_suffix(".toml"), _ETTH1_DEFAULTS),
        published_borders=ETTH1_BORDERS,
    )


_SAMPLE_DEFAULTS: Final[Mapping[str, object]] = {
    "title": "Synthetic sample",
    "description": "A synthetic series with seven columns, made to look at.",
    "source": "generated by zwu_ts_assets.corpus.sample",
    "licence": "cc0-1.0",
}


def sample(data_dir: Path) -> Dataset:
    """The small synthetic dataset that comes with the project; never a stand-in named ETTh1."""
    csv = data_dir / "sample.csv"
    return Dataset(
        name="sample",
        csv=csv,
        settings=read_settings(csv.with_suffix(".toml"), _SAMPLE_DEFAULTS),
        prefix=("sample",),
    )


_DATASETS: Final = {"etth1": etth1, "sample": sample}


def load_datasets(data_dir: Path, names: Sequence[str]) -> list[Dataset]:
    """The named datasets, each with the settings beside its CSV.

    Args:
        data_dir: The folder with the CSVs.
        names: Dataset names, for example `["etth1"]`.

    Raises:
        CorpusError: An unknown name, or invalid settings.
    """
    for name in names:
        if name not in _DATASETS:
            known = ", ".join(_DATASETS)
            raise CorpusError(f"There is no dataset {name!r}; the datasets are: {known}.")
    return [_DATASETS[name](data_dir) for name in names]
