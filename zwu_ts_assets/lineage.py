"""From what each artifact is made: the code versions and the fingerprints' ingredients.

What belongs here: one function per asset that names its inputs in a string, used by the asset
when it runs and by `refresh.py` when it asks what is out of date. What does not: making anything.

Raise a code version when the same input and settings give different content.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from zwu_ts_assets.artifact_store import Detail, digest
from zwu_ts_assets.datasets import AssetNames, Dataset

if TYPE_CHECKING:
    from zwu_ts_assets.corpus.windows import Window

CODE_VERSIONS: Final[Mapping[str, str]] = {
    "raw": "1",
    "batch_windows": "1",
    "correlation_pngs": "1",
    "batch_stats": "1",
    "vocab": "1",
    "qwen_tokens": "1",
    "patch_videos": "1",
}

INPUTS: Final[Mapping[str, tuple[str, ...]]] = {
    "raw": (),  # made from the CSV, which is no asset of ours
    "batch_windows": ("raw",),
    "correlation_pngs": ("batch_windows",),
    "batch_stats": ("batch_windows",),
    "vocab": ("batch_stats",),
    "qwen_tokens": ("batch_stats",),
    "patch_videos": ("batch_windows",),
}
"""What each asset is made from, in an order in which they can be made."""

PER_BATCH: Final = frozenset({"batch_windows", "correlation_pngs", "patch_videos"})


def code_version(dataset: Dataset, asset: str) -> str:
    """Code version of an asset: ours, and a digest of the settings that matter to it.

    Dagster compares code versions, so a changed setting shows as out of date in the web UI too.
    """
    own = CODE_VERSIONS[dataset.role_of(asset)]
    return f"{own}-{dataset.settings_digest(asset)}"


def asset_names(dataset: AssetNames) -> list[str]:
    """The assets of a dataset, in an order in which they can be made."""
    return [dataset.asset_name(asset) for asset in INPUTS]


def fingerprint(code_version: str, made_from: str) -> str:
    """Fingerprint of an artifact: the asset's code version and its inputs."""
    return digest(code_version, made_from)


def raw_made_from(csv_sha256: str) -> str:
    """The raw table is made from the bytes of the CSV."""
    return csv_sha256


def window_made_from(window: "Window") -> str:
    """A window is made from its own rows, and knows how many of its target rows exist."""
    from zwu_ts_assets.corpus.windows import content_digest

    return digest(content_digest(window), str(window.target_rows))


def figure_made_from(window_version: str) -> str:
    """A figure is made from its window."""
    return window_version


def video_made_from(window_version: str, window_details: Mapping[str, Detail]) -> str:
    """A video is made from its window; its metadata say how much of the target exists."""
    return digest(
        window_version, str(window_details["target_span"]), str(window_details["target_rows"])
    )


def stats_made_from(window_versions: Mapping[int, str], known: int) -> str:
    """The stats text is made from every window that exists, and says how many are known."""
    rows = (f"{batch}:{version}" for batch, version in window_versions.items())
    return digest(str(known), *rows)


def vocabulary_made_from(stats_version: str, splitter: str) -> str:
    """The small vocabulary is made from the stats text by a splitting function."""
    return digest(stats_version, splitter)


def tokens_made_from(stats_version: str, tokenizer: str) -> str:
    """The token rows are made from the stats text by a tokenizer, told by its digest."""
    return digest(stats_version, tokenizer)
