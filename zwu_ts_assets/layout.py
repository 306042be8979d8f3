"""Which file an artifact is, by its asset, key and role.

What belongs here: the names of files below `artifacts/` from their patterns, and what of them is
there. What does not: the patterns (`specs.py`), writing and reading (`io_managers.py`), records
(`artifact_store.py`).
"""

import re
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from zwu_ts_assets.lineage import PER_BATCH
from zwu_ts_assets.specs import BY_ROLE, SPECS
from zwu_ts_assets.storage.artifact_store import ArtifactStore, Record
from zwu_ts_assets.storage.folder_store import FolderStore
from zwu_ts_assets.storage.places import Place
from zwu_ts_assets.work import WHOLE

LAYOUT: Final = {spec.role: spec.files for spec in SPECS if spec.files}
"""Files of each asset below its dataset's folder, by their role in the product. `{key}` is the
batch index. The raw asset's own name differs from dataset to dataset."""

WINDOW_FILES: Final = {spec.role: spec.window_file for spec in SPECS if spec.window_file}
"""Where windows overlap, a batch has several, and a folder with a file for each; its role names the
window's first row."""


_WINDOW: Final = "row_"


@dataclass(frozen=True)
class LeftOver:
    """Files that should not be there.

    Attributes:
        asset: The asset's name.
        key: Batch index as text, or `all`.
        names: The files, relative to the dataset's folder.
        gone: Whether there should be nothing of that artifact, so that its record goes too;
            otherwise they are files of a batch as another `window_stride` had it.
    """

    asset: str
    key: str
    names: tuple[str, ...]
    gone: bool


def window_role(row: int) -> str:
    """The role of a window's file among those of its batch, by the window's first row."""
    return f"{_WINDOW}{row}"


def is_window_role(role: str) -> bool:
    """Whether a role is that of one window among several of its batch, not that of a batch."""
    return role.startswith(_WINDOW)


def file_name(asset: str, key: str, role: str) -> str:
    """A file of an artifact, relative to its dataset's folder.

    Args:
        asset: The asset's name, the last part of its key.
        key: Batch index as text, or `all`.
        role: One of the asset's roles in `LAYOUT`, or a `window_role`.
    """
    names = file_names(asset, key)
    return names[role] if role in names else WINDOW_FILES[asset].format(key=key, role=role)


def recorded_names(asset: str, key: str, record: Record) -> dict[str, str]:
    """The files that an artifact has by its record, by role.

    Args:
        asset: The asset's name.
        key: Batch index as text, or `all`.
        record: The artifact's record.
    """
    if record.is_empty:
        return {}
    names = file_names(asset, key)
    if asset in WINDOW_FILES and not set(names.values()) <= set(record.files):
        return {PurePosixPath(name).stem: name for name in record.files}
    return names


def file_names(asset: str, key: str) -> dict[str, str]:
    """The files of an artifact by role, relative to its dataset's folder.

    Args:
        asset: The asset's name, the last part of its key.
        key: Batch index as text, or `all`.
    """
    layout = LAYOUT[asset if asset in LAYOUT else "raw"]
    return {role: name.format(asset=asset, key=key) for role, name in layout.items()}


def files_there(
    store: ArtifactStore, asset: str, batches: int, *, overlapping: bool = False
) -> list[tuple[str, int]]:
    """How many of an asset's files exist, by pattern.

    Args:
        store: The folder of the dataset.
        asset: The asset's name.
        batches: How many batches there should be.
        overlapping: Whether windows overlap, so that a batch has a file for each of them.
    """
    if overlapping and asset in WINDOW_FILES:
        by_key = _files_by_key(store, WINDOW_FILES[asset])
        count = sum(len(names) for key, names in by_key.items() if int(key) < batches)
        return [(WINDOW_FILES[asset].format(key="*", role=f"{_WINDOW}*"), count)]
    if asset in BY_ROLE and (folder := BY_ROLE[asset].folder):
        record = store.record(asset, WHOLE)
        return [(f"{folder}/**", len(record.files) if record else 0)]
    keys = [str(batch) for batch in range(batches)] if asset in PER_BATCH else [WHOLE]
    found = []
    for role, pattern in file_names(asset, "*").items():
        found.append((pattern, sum(store.is_there(file_names(asset, key)[role]) for key in keys)))
    return found


def export_folder(asset: str) -> str:
    """The folder of an export below its dataset's: `qwen_export` -> `exports/qwen`."""
    return BY_ROLE[asset].folder


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
    from zwu_ts_assets.storage.object_store import ObjectStore

    return ObjectStore(root)


def stray_files(store: ArtifactStore, asset: str, key: str, record: Record | None) -> list[str]:
    """The files of a batch's figures or videos that are there and that its record does not have.

    Such are those of windows that the batch has no more, or had with another `window_stride`.

    Args:
        store: The folder of the dataset.
        asset: The asset's name.
        key: Batch index as text, or `all`.
        record: The artifact's record; None if it has none, so that it has no file of its own.
    """
    if asset not in PER_BATCH:
        return []
    there = [name for name in file_names(asset, key).values() if store.is_there(name)]
    if asset in WINDOW_FILES:
        there += _files_by_key(store, WINDOW_FILES[asset], key).get(key, [])
    return [name for name in there if record is None or name not in record.files]


def left_over(
    store: ArtifactStore, batches: int, switched_off: frozenset[str], *, overlapping: bool = False
) -> list[LeftOver]:
    """What is left of batches that are no more, of assets that are switched off, of other strides.

    Args:
        store: The folder of the dataset.
        batches: How many batches there should be.
        switched_off: Assets that should have nothing.
        overlapping: Whether windows overlap, so that a batch has a file for each of them.
    """
    found = []
    for asset in sorted(PER_BATCH):
        (pattern,) = LAYOUT[asset].values()
        single = _files_by_key(store, pattern)
        several = _files_by_key(store, WINDOW_FILES[asset]) if asset in WINDOW_FILES else {}
        other = (single if overlapping else several) if asset in WINDOW_FILES else {}
        records = {key for key in store.record_keys(asset) if key.isdecimal()}
        wanted = 0 if asset in switched_off else batches
        for key in sorted({*records, *single, *several}, key=int):
            if int(key) >= wanted:
                names = (*single.get(key, ()), *several.get(key, ()))
                found.append(LeftOver(asset, key, names, gone=True))
            elif key in other:
                found.append(LeftOver(asset, key, tuple(other[key]), gone=False))
    for asset in sorted(switched_off - PER_BATCH):
        names = tuple(file_names(asset, WHOLE).values())
        if store.record_keys(asset) or any(store.is_there(name) for name in names):
            found.append(LeftOver(asset, WHOLE, names, gone=True))
    return found


def _files_by_key(store: ArtifactStore, pattern: str, key: str = "") -> dict[str, list[str]]:
    """The files of a pattern that are there, in order, by the batch that they belong to."""
    keys = key or r"\d+"
    form = re.escape(pattern).replace(r"\{key\}", f"(?P<key>{keys})")
    named = re.compile(form.replace(r"\{role\}", rf"{_WINDOW}(?P<row>\d+)"))
    folder = (pattern.replace("{key}", key) if key else pattern).partition("{")[0]
    found: dict[str, list[tuple[int, str]]] = {}
    for name in store.names(folder.rpartition("/")[0]):
        if match := named.fullmatch(name):
            row = int(match["row"]) if "row" in named.groupindex else 0
            found.setdefault(match["key"], []).append((row, name))
    return {key: [name for _, name in sorted(names)] for key, names in found.items()}
