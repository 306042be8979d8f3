"""Which settings matter to which asset, and the digest by which a change of them is noticed.

What belongs here: the settings of each asset by its role in the lineage. What does not: the
settings themselves (`settings.py`), what a dataset is (`datasets.py`).
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel

from zwu_ts_assets.corpus.csv_rules import CsvRules
from zwu_ts_assets.settings import EXPORTS, Settings

# What tells nothing of the content of an export, or is told by a fingerprint instead.
_NOT_EXPORTED: Final = ("exports", "max_batches", "splitter", "tokenizer")

# How a CSV is read. Windows tell by their content whether it mattered.
_OF_THE_CSV: Final = tuple(CsvRules.__dataclass_fields__)

# These came later: told, and part of a digest, only where they are not at their default, so that
# nothing that was made before them is out of date.
_LATER: Final = ("figure_features", "figure_columns", *_OF_THE_CSV)

# A changed setting makes exactly these assets out of date, and through them what follows.
# `max_batches` changes which batches there are, not what is in one; only the raw table tells it.
# Which columns are shown is part of a window's content, whichever settings it comes from.
_SETTINGS_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "raw": (
        "time_column",
        "features",
        "window_length",
        "window_stride",
        "max_batches",
        *_OF_THE_CSV,
    ),
    # Columns too: windows of other columns must not be taken for windows of this corpus.
    "batch_windows": ("time_column", "features", "window_length", "window_stride", "horizon"),
    "colour_ranges": ("patch_length", "patch_stride", "split"),
    # The stride also where the content alone would do: it decides on names of files and headings.
    "correlation_pngs": (
        "canvas_width",
        "canvas_height",
        "title_batch_index",
        "colour_range",
        "window_stride",
    ),
    "line_plots": ("canvas_width", "canvas_height", "title_batch_index", "units", "window_stride"),
    "batch_stats": ("window_stride",),
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
        "window_stride",
    ),
    "samples": ("horizon", "patch_length", "patch_stride", "split", "units", "window_stride"),
    "preflight": ("tasks", "prompts"),
    # An export tells its parameters, and so is out of date when one of them changes.
    **dict.fromkeys(
        EXPORTS.values(),
        tuple(name for name in Settings.model_fields if name not in _NOT_EXPORTED),
    ),
}


def settings_of(settings: Settings, role: str) -> dict[str, object]:
    """The settings that matter to one asset, by name.

    Args:
        settings: Those of the dataset.
        role: The asset's role in the lineage, which is its name but for `raw`.
    """
    fields = Settings.model_fields
    names = [
        name
        for name in _SETTINGS_OF[role]
        if name not in _LATER or getattr(settings, name) != fields[name].default
    ]
    values = {name: getattr(settings, name) for name in names}
    if "time_column" in values:
        # Unset came later too: what was made of a column of this name is current.
        values["time_column"] = values["time_column"] or "date"
    if not settings.overlapping:
        # Came later: where windows lie side by side, it makes nothing out of date that existed
        # before, and no export tells of it.
        values.pop("window_stride", None)
    return {
        name: value.model_dump(mode="json") if isinstance(value, BaseModel) else value
        for name, value in values.items()
    }


def settings_digest(settings: Settings, role: str) -> str:
    """Eight hexadecimal digits that change when a setting of that asset changes.

    Args:
        settings: Those of the dataset.
        role: The asset's role in the lineage, which is its name but for `raw`.
    """
    shaping = settings_of(settings, role)
    if role == "patch_videos":
        # The size that a video gets is what counts, whichever settings it comes from.
        del shaping["video_width"], shaping["video_height"]
        shaping["canvas_width"], shaping["canvas_height"] = settings.video_size
    if shaping.get("colour_range") == "window":
        # Came later: where it is not used, it makes nothing out of date that existed before.
        del shaping["colour_range"]
    text = json.dumps(shaping, sort_keys=True, default=list)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:8]
