"""Every asset of a dataset, described once.

What belongs here: what an asset is called and made from, which files it has, which settings and
checks are its own, how Dagster shows it, and its code version. Lineage, layout, digests of
settings, reserved names, checks that run with an asset and the table in the README follow from
these. What does not: how an asset is made (`corpus_assets.py`, `training_assets.py`) or checked
(`checks.py`, `training_checks.py`), what its fingerprint is made of (`lineage.py`).

Raise a code version when the same input and settings give different content or other bytes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from zwu_ts_assets.config.settings import EXPORTS, Settings
from zwu_ts_assets.timeseries.csv_rules import CsvRules
from zwu_ts_assets.training.split_rule import SPLITS


def _as_they_are(settings: Settings, values: Mapping[str, object]) -> dict[str, object]:
    return dict(values)


@dataclass(frozen=True, kw_only=True)
class AssetSpec:
    """What there is to know of an asset without making it.

    Attributes:
        role: Its name in every dataset; the asset `raw` alone is named after its dataset.
        description: What it holds, for the web UI; its first sentence is in the README.
        inputs: The roles that it is made from, by the name of the argument that gets them. One
            that is switched off is left out.
        files: Its files below the dataset's folder, by their role in the product. `{key}` is the
            batch index, `{asset}` the asset's name. Empty for an asset that has a folder.
        window_file: Where windows overlap, a batch has several, and a folder with this file for
            each; `{role}` names the window's first row. Empty: one file for the whole batch.
        folder: The folder of an asset that decides itself which files it has.
        settings: Names of the settings that matter to it: a change of any makes it out of date.
        digested: What the digest of these settings is of, from all settings and the values by name.
        code_version: Without the digest of its settings.
        per_batch: Whether it has an artifact for each batch, and not one for all.
        io_manager: Key of the resource that writes and reads it.
        kinds: What the web UI shows as its kinds.
        checks: Names of the checks that look at what it made; they run with it.
        last_mile: Whether it is made only for those who ask for it, and kept current from then on.
        may_make_nothing: Whether a run of it may end without an artifact.
        enabled_by: The setting, and the value of it, that adds the asset; None: always there.
    """

    role: str
    description: str
    inputs: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    window_file: str = ""
    folder: str = ""
    settings: tuple[str, ...]
    digested: Callable[[Settings, Mapping[str, object]], dict[str, object]] = _as_they_are
    code_version: str = "1"
    per_batch: bool = False
    io_manager: str = "files_io"
    kinds: frozenset[str]
    checks: tuple[str, ...] = ()
    last_mile: bool = False
    may_make_nothing: bool = False
    enabled_by: tuple[str, object] | None = None

    def is_enabled(self, settings: Settings) -> bool:
        """Whether a dataset with these settings has the asset."""
        return (
            self.enabled_by is None or getattr(settings, self.enabled_by[0]) == self.enabled_by[1]
        )

    @property
    def places(self) -> tuple[str, ...]:
        """The patterns of everything that it may have below the dataset's folder."""
        found = (*self.files.values(), self.window_file, self.folder and f"{self.folder}/")
        return tuple(filter(None, found))


# How a CSV is read. Windows tell by their content whether it mattered.
CSV_SETTINGS: Final = tuple(CsvRules.__dataclass_fields__)

# The stride also where the content alone would do: it decides on names of files and headings.
_DRAWING: Final = ("canvas_width", "canvas_height", "title_batch_index", "window_stride")

_MEDIA: Final = {name: name for name in ("correlation_pngs", "line_plots", "patch_videos")}

# What tells nothing of the content of an export, or is told by a fingerprint instead.
_NOT_EXPORTED: Final = ("exports", "max_batches", "splitter", "tokenizer")


def _of_video_size(settings: Settings, values: Mapping[str, object]) -> dict[str, object]:
    """The size that a video gets is what counts, whichever settings it comes from."""
    width, height = settings.video_size
    others = {n: v for n, v in values.items() if n not in ("video_width", "video_height")}
    return others | {"canvas_width": width, "canvas_height": height}


def _export(format_name: str, description: str, *kinds: str) -> AssetSpec:
    return AssetSpec(
        role=EXPORTS[format_name],
        description=description,
        inputs={**_MEDIA, "samples": "samples"},
        folder=f"exports/{format_name}",
        code_version="2",  # the card says where to write checkpoints
        # An export tells its parameters, and so is out of date when one of them changes.
        settings=tuple(name for name in Settings.model_fields if name not in _NOT_EXPORTED),
        io_manager="exports_io",
        kinds=frozenset(kinds),
        checks=("export_is_sound",),
        last_mile=True,
        may_make_nothing=True,
    )


SPECS: Final = (
    AssetSpec(
        role="raw",
        description=(
            "The validated table of the CSV, with its timestamps.\n\n"
            "Materializing it also tells the instance which batches there are."
        ),
        # The only input is the CSV, which is no asset of ours.
        files={"table": "{asset}.parquet"},
        # `max_batches` changes which batches there are, not what is in one: told here alone.
        settings=(
            *("time_column", "features", "lags", "window_length", "window_stride", "max_batches"),
            *CSV_SETTINGS,
        ),
        io_manager="series_io",
        kinds=frozenset({"csv", "parquet"}),
    ),
    AssetSpec(
        role="batch_windows",
        description=(
            "The rows of each batch's windows, with timestamps, column names and target spans."
        ),
        inputs={"series": "raw"},
        files={"table": "batch_windows/batch_{key}.parquet"},
        # Columns too: windows of other columns must not be taken for windows of this corpus.
        # Which columns are shown is part of the content, whichever settings it comes from.
        settings=("time_column", "features", "window_length", "window_stride", "horizon"),
        per_batch=True,
        io_manager="windows_io",
        kinds=frozenset({"parquet"}),
        checks=("matrices_are_sound",),
    ),
    AssetSpec(
        role="colour_ranges",
        description=(
            "Colour ranges that all figures share, fitted on the windows of the training split."
        ),
        inputs={"series": "raw", "windows": "batch_windows"},
        files={"ranges": "correlations/colour_ranges.json"},
        settings=("patch_length", "patch_stride", "split"),
        kinds=frozenset({"json"}),
        enabled_by=("colour_range", "train"),
    ),
    AssetSpec(
        role="correlation_pngs",
        description=(
            "A 2x3 figure per window: DTW, covariance, Pearson, feature by feature and time by "
            "time.\n\n"
            "The feature panels' covariance and Pearson are of FFT magnitudes along time."
        ),
        inputs={"windows": "batch_windows", "ranges": "colour_ranges"},
        files={"png": "correlations/batch_{key}.png"},
        window_file="correlations/batch_{key}/{role}.png",
        settings=(*_DRAWING, "colour_range"),
        code_version="2",  # other bytes of the same pixels
        per_batch=True,
        kinds=frozenset({"png"}),
        checks=("pngs_decode_to_the_canvas",),
    ),
    AssetSpec(
        role="line_plots",
        description="The values of each window as lines, one panel per column.",
        inputs={"windows": "batch_windows"},
        files={"png": "line_plots/batch_{key}.png"},
        window_file="line_plots/batch_{key}/{role}.png",
        settings=(*_DRAWING, "units"),
        per_batch=True,
        kinds=frozenset({"png"}),
        checks=("pngs_decode_to_the_canvas",),
        enabled_by=("line_plots", True),
    ),
    AssetSpec(
        role="batch_stats",
        description=(
            "Mean, maximum and variance per feature of every window that exists, as text."
        ),
        inputs={"windows": "batch_windows"},
        files={"text": "correlations/batch_stats.txt"},
        settings=("window_stride", "stats_format"),
        kinds=frozenset({"text"}),
        checks=("text_covers_every_batch", "text_tells_every_variance"),
    ),
    AssetSpec(
        role="vocab",
        description=(
            "The small vocabulary of the stats text, and each window's tokens and ids in it."
        ),
        inputs={"stats": "batch_stats"},
        files={
            "vocab": "correlations/vocab.json",
            "tokens": "correlations/batch_stats_tokens.jsonl",
        },
        settings=("splitter",),
        kinds=frozenset({"json"}),
        checks=("ids_give_the_tokens",),
    ),
    AssetSpec(
        role="qwen_tokens",
        description=(
            "Text, tokens and ids of each window in the Qwen3-VL tokenizer, and its vocabulary."
        ),
        inputs={"stats": "batch_stats"},
        files={
            "rows": "correlations/batch_stats_qwen.jsonl",
            "vocab": "correlations/vocab_qwen.json",
        },
        settings=("tokenizer",),
        kinds=frozenset({"json", "huggingface"}),
        checks=("ids_decode_to_the_text",),
    ),
    AssetSpec(
        role="patch_videos",
        description=(
            "A PatchTST-style video per window: one figure per patch of its past rows.\n\n"
            "The rows that follow are the sample's target span, told in the metadata."
        ),
        inputs={"windows": "batch_windows", "ranges": "colour_ranges"},
        files={"video": "patch_videos/batch_{key}.mp4"},
        window_file="patch_videos/batch_{key}/{role}.mp4",
        settings=(
            *_DRAWING,
            *("patch_length", "patch_stride", "fps", "frame_multiple", "colour_range"),
            *("video_width", "video_height"),
        ),
        digested=_of_video_size,
        per_batch=True,
        kinds=frozenset({"mp4"}),
        checks=("videos_decode_to_every_frame",),
    ),
    AssetSpec(
        role="samples",
        description=(
            "One row per usable window, by split: rows, target, media, text, tokens, flags."
        ),
        inputs={
            "series": "raw",
            "batch_windows": "batch_windows",
            **_MEDIA,
            "stats": "batch_stats",
            "tokens": "qwen_tokens",
        },
        files={
            **{name: f"samples/{name}.parquet" for name in SPLITS},
            "report": "samples/splits.json",
        },
        settings=("horizon", "patch_length", "patch_stride", "split", "units", "window_stride"),
        kinds=frozenset({"parquet"}),
        checks=("splits_share_no_row",),
        last_mile=True,
    ),
    AssetSpec(
        role="preflight",
        description="What each trainer makes of the corpus: tokens, sizes, frames, legibility.",
        inputs={"patch_videos": "patch_videos", "samples": "samples"},
        files={"report": "preflight/preflight.md", "plot": "preflight/preflight.png"},
        settings=("tasks", "prompts"),
        kinds=frozenset({"markdown", "png"}),
        checks=("consumers_lose_nothing",),
        last_mile=True,
        may_make_nothing=True,
    ),
    _export(
        "qwen",
        "The samples as Qwen-VL's own fine-tuning reads them: JSON Lines and media.",
        "json",
    ),
    _export(
        "ms_swift",
        "The samples as ms-swift reads them: messages in JSON Lines, and media.",
        "json",
    ),
    _export(
        "llama_factory",
        "The samples as LLaMA-Factory reads them: messages, `dataset_info.json`, media.",
        "json",
    ),
    _export(
        "huggingface",
        "The samples as `imagefolder` of Hugging Face `datasets` reads them.",
        *("json", "huggingface"),
    ),
    _export(
        "webdataset",
        "The samples in tar shards for WebDataset, with an index.",
        "tar",
    ),
)
"""The assets of a dataset, in an order in which they can be made."""

BY_ROLE: Final[Mapping[str, AssetSpec]] = {spec.role: spec for spec in SPECS}


def enabled(settings: Settings) -> list[AssetSpec]:
    """The assets that a dataset with these settings has, in an order in which they can be made."""
    return [spec for spec in SPECS if spec.is_enabled(settings)]


def enabled_inputs(role: str, settings: Settings) -> dict[str, str]:
    """What an asset is made from with these settings: roles by the names of its arguments."""
    return {
        argument: source
        for argument, source in BY_ROLE[role].inputs.items()
        if BY_ROLE[source].is_enabled(settings)
    }
