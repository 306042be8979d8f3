"""From what each artifact is made: the edges, and the fingerprints' ingredients.

What belongs here: which assets a dataset has and what each is made from; one function per asset
that names its inputs in a string, used by the asset when it runs and by `comparison.py` when it
asks what is out of date. What does not: making anything, what there is to know of an asset apart
from its fingerprint (`specs.py`).
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from zwu_ts_assets.config.datasets import Dataset
from zwu_ts_assets.config.settings import Settings
from zwu_ts_assets.orchestration.specs import SPECS, enabled, enabled_inputs
from zwu_ts_assets.storage.artifact_store import Detail, digest

if TYPE_CHECKING:
    from zwu_ts_assets.timeseries.windows import Batch

CODE_VERSIONS: Mapping[str, str] = {spec.role: spec.code_version for spec in SPECS}

PER_BATCH: Final = frozenset(spec.role for spec in SPECS if spec.per_batch)

TRAINING: Final = tuple(spec.role for spec in SPECS if spec.last_mile)
"""The last mile: made for those who ask for it, and kept current from then on."""


def inputs(settings: Settings) -> dict[str, tuple[str, ...]]:
    """What each asset is made from, by role, in an order in which they can be made.

    Args:
        settings: Some of them add an asset.
    """
    return {
        spec.role: tuple(enabled_inputs(spec.role, settings).values()) for spec in enabled(settings)
    }


def switched_off(settings: Settings) -> frozenset[str]:
    """The assets that the settings could add to a corpus, and do not."""
    return frozenset(spec.role for spec in SPECS if not spec.is_enabled(settings))


def asset_inputs(dataset: Dataset) -> dict[str, tuple[str, ...]]:
    """What each asset of a dataset is made from, by name; the raw table from the CSV."""
    by_role = inputs(dataset.settings)
    named = {
        dataset.asset_name(role): tuple(map(dataset.asset_name, made_from))
        for role, made_from in by_role.items()
    }
    return {**named, dataset.raw_asset: (dataset.csv_asset,)}


def asset_names(dataset: Dataset) -> list[str]:
    """The assets of a dataset, in an order in which they can be made."""
    return list(asset_inputs(dataset))


def corpus_assets(dataset: Dataset) -> list[str]:
    """Those that every corpus has: all but the last mile."""
    return [name for name in asset_names(dataset) if name not in TRAINING]


def code_version(dataset: Dataset, asset: str) -> str:
    """Code version of an asset: ours, and a digest of the settings that matter to it.

    Dagster compares code versions, so a changed setting shows as out of date in the web UI too.
    """
    own = CODE_VERSIONS[dataset.role_of(asset)]
    return f"{own}-{dataset.settings_digest(asset)}"


def fingerprint(code_version: str, made_from: str) -> str:
    """Fingerprint of an artifact: the asset's code version and its inputs."""
    return digest(code_version, made_from)


def raw_made_from(csv_sha256: str) -> str:
    """The raw table is made from the bytes of the CSV."""
    return csv_sha256


def batch_made_from(batch: "Batch") -> str:
    """A batch is made from the rows of its windows, and knows how many target rows each has."""
    from zwu_ts_assets.timeseries.windows import batch_digest

    return digest(batch_digest(batch), " ".join(map(str, batch.target_rows)))


def colour_ranges_made_from(training_batches: Mapping[int, str]) -> str:
    """The colour ranges are fitted on the windows of the training split, told by their batches."""
    return digest(*(f"{batch}:{version}" for batch, version in training_batches.items()))


def figure_made_from(window_version: str, ranges_version: str = "") -> str:
    """A figure is made from its window, and from the fitted colour ranges where they are used."""
    return digest(window_version, ranges_version) if ranges_version else window_version


def video_made_from(
    window_version: str, window_details: Mapping[str, Detail], ranges_version: str = ""
) -> str:
    """A video is made like a figure; its metadata say how much of the target exists."""
    return digest(
        window_version,
        str(window_details["target_span"]),
        str(window_details["target_rows"]),
        *([ranges_version] if ranges_version else []),
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


def samples_made_from(versions: Sequence[str]) -> str:
    """The samples are made from the versions of everything that the corpus has."""
    return digest(*versions)


def training_made_from(samples_version: str, prompts: str, tokenizer: str) -> str:
    """Preflight and exports are made from the samples, worded by prompts, counted in tokens."""
    return digest(samples_version, prompts, tokenizer)
