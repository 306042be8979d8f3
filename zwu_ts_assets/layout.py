"""Which file an artifact is: the only module that knows.

What belongs here: the layout below `artifacts/`, and what of it is there. What does not: writing
and reading (`io_managers.py`), records (`artifact_store.py`).
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Final

from zwu_ts_assets.artifact_store import ArtifactStore
from zwu_ts_assets.datasets import EXPORTS
from zwu_ts_assets.folder_store import FolderStore
from zwu_ts_assets.lineage import PER_BATCH
from zwu_ts_assets.places import Place
from zwu_ts_assets.training.split_rule import SPLITS
from zwu_ts_assets.work import WHOLE

# Files of each asset below its dataset's folder, by their role in the product. `{key}` is the
# batch index. The raw asset's own name differs from dataset to dataset.
LAYOUT: Final[Mapping[str, Mapping[str, str]]] = {
    "raw": {"table": "{asset}.parquet"},
    "batch_windows": {"table": "batch_windows/batch_{key}.parquet"},
    "correlation_pngs": {"png": "correlations/batch_{key}.png"},
    "batch_stats": {"text": "correlations/batch_stats.txt"},
    "vocab": {
        "vocab": "correlations/vocab.json",
        "tokens": "correlations/batch_stats_tokens.jsonl",
    },
    "qwen_tokens": {
        "rows": "correlations/batch_stats_qwen.jsonl",
        "vocab": "correlations/vocab_qwen.json",
    },
    "patch_videos": {"video": "patch_videos/batch_{key}.mp4"},
    "colour_ranges": {"ranges": "correlations/colour_ranges.json"},
    "line_plots": {"png": "line_plots/batch_{key}.png"},
    "samples": {
        **{name: f"samples/{name}.parquet" for name in SPLITS},
        "report": "samples/splits.json",
    },
    "preflight": {"report": "preflight/preflight.md", "plot": "preflight/preflight.png"},
}


def file_names(asset: str, key: str) -> dict[str, str]:
    """The files of an artifact by role, relative to its dataset's folder.

    Args:
        asset: The asset's name, the last part of its key.
        key: Batch index as text, or `all`.
    """
    layout = LAYOUT[asset if asset in LAYOUT else "raw"]
    return {role: name.format(asset=asset, key=key) for role, name in layout.items()}


def files_there(store: ArtifactStore, asset: str, batches: int) -> list[tuple[str, int]]:
    """How many of an asset's files exist, by pattern.

    Args:
        store: The folder of the dataset.
        asset: The asset's name.
        batches: How many batches there should be.
    """
    if asset in EXPORTS.values():
        folder = export_folder(asset)
        record = store.record(asset, WHOLE)
        return [(f"{folder}/**", len(record.files) if record else 0)]
    keys = [str(batch) for batch in range(batches)] if asset in PER_BATCH else [WHOLE]
    found = []
    for role, pattern in file_names(asset, "*").items():
        found.append((pattern, sum(store.is_there(file_names(asset, key)[role]) for key in keys)))
    return found


def export_folder(asset: str) -> str:
    """The folder of an export below its dataset's: `qwen_export` -> `exports/qwen`."""
    return f"exports/{asset.removesuffix('_export')}"


def opened(place: Place) -> AbstractContextManager[Path]:
    """A folder wherever it is, such as that of an export, as one of this machine."""
    if isinstance(place, Path):
        return nullcontext(place)
    return dataset_store(place, ()).opened("")


def dataset_store(artifacts_dir: Place, prefix: tuple[str, ...]) -> ArtifactStore:
    """The folder of one dataset below `artifacts/`."""
    root = artifacts_dir.joinpath(*prefix)
    if isinstance(root, Path):
        return FolderStore(root)
    # Not with the definitions: most corpora are on disk.
    from zwu_ts_assets.object_store import ObjectStore

    return ObjectStore(root)


def surplus_keys(store: ArtifactStore, asset: str, batches: int) -> list[str]:
    """The batches of a per-batch asset that have files or records and should not exist.

    Args:
        store: The folder of the dataset.
        asset: The asset's name.
        batches: How many batches there should be; those from this number on are surplus.
    """
    keys = set(store.record_keys(asset))
    for name in LAYOUT[asset].values():
        before, after = name.split("{key}")
        found = store.names(before.rpartition("/")[0])
        keys |= {
            each[len(before) : -len(after)]
            for each in found
            if each.startswith(before) and each.endswith(after)
        }
    return sorted((k for k in keys if k.isdecimal() and int(k) >= batches), key=int)


def left_over(
    store: ArtifactStore, batches: int, switched_off: frozenset[str]
) -> list[tuple[str, str]]:
    """Artifacts of batches that are no more, and of assets that are switched off, with their keys.

    Args:
        store: The folder of the dataset.
        batches: How many batches there should be.
        switched_off: Assets that should have nothing.
    """
    found = [
        (asset, key)
        for asset in sorted(PER_BATCH)
        for key in surplus_keys(store, asset, 0 if asset in switched_off else batches)
    ]
    for asset in sorted(switched_off - PER_BATCH):
        files = file_names(asset, WHOLE).values()
        if store.record_keys(asset) or any(store.is_there(name) for name in files):
            found.append((asset, WHOLE))
    return found
