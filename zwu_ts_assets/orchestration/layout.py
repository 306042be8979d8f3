"""Which file an artifact is, by its asset, key and role.

What belongs here: the names of files below `artifacts/` from their patterns, and what of them is
there. What does not: the patterns (`specs.py`), writing and reading (`io_managers.py`), records
(`artifact_store.py`).
"""

import re
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from zwu_ts_assets.orchestration.lineage import PER_BATCH
from zwu_ts_assets.orchestration.specs import BY_ROLE, SPECS
from zwu_ts_assets.orchestration.work import WHOLE
from zwu_ts_assets.storage.artifact_store import ArtifactStore, Detail, Record
from zwu_ts_assets.storage.folder_store import FolderStore
from zwu_ts_assets.storage.places import Place
from zwu_ts_assets.training.split_rule import SPLITS

LAYOUT: Final = {spec.role: spec.files for spec in SPECS if spec.files}
"""Files of each asset below its dataset's folder, by their role in the product. `{key}` is the
batch index. The raw asset's own name differs from dataset to dataset."""

WINDOW_FILES: Final = {spec.role: spec.window_file for spec in SPECS if spec.window_file}
"""Where windows overlap, a batch has several, and a folder with a file for each; its role names the
window's first row."""


_WINDOW: Final = "row_"
_BATCH: Final = re.compile("0|[1-9][0-9]*")
_EXPORT_ASSETS: Final = frozenset(spec.role for spec in SPECS if spec.folder)

# Details that others calculate with, by role, and those that may be missing.
_TOLD: Final[Mapping[str, tuple[str, ...]]] = {
    "raw": ("batches",),
    "batch_windows": ("target_rows",),
    "correlation_pngs": ("width", "height"),
    "line_plots": ("width", "height"),
    "patch_videos": ("width", "height", "frames", "fps"),
    "samples": tuple(f"{name}_samples" for name in SPLITS),
}
_COUNTS: Final = ("windows", "horizon")


@dataclass(frozen=True)
class LeftOver:
    """An artifact that should not be there.

    Attributes:
        asset: The asset's name.
        key: Batch index as text, or `all`.
        names: Its files by its record, relative to the dataset's folder.
    """

    asset: str
    key: str
    names: tuple[str, ...]


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


def own_names(asset: str, key: str, record: Record) -> list[str]:
    """The files of a record that can be those of its artifact: only these are ever removed.

    Args:
        asset: The asset's name.
        key: Batch index as text, or `all`.
        record: The artifact's record, which somebody may have edited.
    """
    if asset in _EXPORT_ASSETS:
        start = f"{export_folder(asset)}/"
        return [name for name in record.files if name.startswith(start)]
    names = set(file_names(asset, key).values())
    several = _pattern(WINDOW_FILES[asset], key) if asset in WINDOW_FILES else None
    return [name for name in record.files if name in names or (several and several.fullmatch(name))]


def is_usable(asset: str, key: str, record: Record) -> bool:
    """Whether a record names the files of its artifact and tells what is read of it.

    One that does not was damaged or edited, whatever its fingerprint says.

    Args:
        asset: The asset's name.
        key: Batch index as text, or `all`.
        record: The artifact's record.
    """
    role = asset if asset in LAYOUT or asset in _EXPORT_ASSETS else "raw"
    details = record.details
    if any(isinstance(details.get(name), str) for name in _COUNTS):
        return False
    if role == "batch_windows" and not isinstance(details.get("target_span"), str):
        return False
    if record.is_empty:
        told = () if role in WINDOW_FILES else _TOLD.get(role, ())
        return role in PER_BATCH and all(name in details for name in told)
    if not all(_is_number(details.get(name)) for name in _TOLD.get(role, ())):
        return False
    if len(own_names(asset, key, record)) != len(record.files):
        return False
    single = set(file_names(asset, key).values())
    if asset in _EXPORT_ASSETS or (asset in WINDOW_FILES and single.isdisjoint(record.files)):
        return bool(record.files)
    return single == set(record.files)


def _is_number(value: Detail) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def foreign_files(store: ArtifactStore, asset: str, recorded: Collection[str]) -> list[str]:
    """What lies where only files of an asset should, and is in no record: it is left alone.

    Of an export that is everything in its folder, else what is named like a file of a batch. It may
    be what a trainer wrote, or what a killed run left of a batch that is no more.

    Args:
        store: The folder of the dataset.
        asset: The asset's name.
        recorded: The files of all records of that asset.
    """
    if asset in _EXPORT_ASSETS:
        return store.others(export_folder(asset), recorded)
    if asset not in PER_BATCH:
        return []
    (pattern,) = LAYOUT[asset].values()
    patterns = (pattern, *([WINDOW_FILES[asset]] if asset in WINDOW_FILES else []))
    found = (_files_by_key(store, each).values() for each in patterns)
    return [name for groups in found for names in groups for name in names if name not in recorded]


def recorded_files(store: ArtifactStore, asset: str) -> set[str]:
    """The files of all records of an asset."""
    records = (store.record(asset, key) for key in store.record_keys(asset) if is_key(asset, key))
    return {name for record in records if record for name in record.files}


def is_key(asset: str, key: str) -> bool:
    """Whether an asset can have an artifact of that key: the index of a batch, or `all`."""
    return bool(_BATCH.fullmatch(key)) if asset in PER_BATCH else key == WHOLE


def foreign_sentence(names: Sequence[str]) -> str:
    """What is left alone, and why, in a sentence.

    Args:
        names: From `foreign_files`, at least one.
    """
    some = [name if name.isprintable() else ascii(name) for name in names[:3]]
    more = f" and {len(names) - len(some)} more" if len(names) > len(some) else ""
    return f"left alone, because no run made it: {', '.join(some)}{more}"


def left_over(store: ArtifactStore, batches: int, switched_off: frozenset[str]) -> list[LeftOver]:
    """What is left of batches that are no more, and of assets that are switched off.

    Args:
        store: The folder of the dataset.
        batches: How many batches there should be.
        switched_off: Assets that should have nothing.
    """
    found = []
    for asset in sorted(PER_BATCH | switched_off):
        wanted = batches if asset not in switched_off else 0
        for key in sorted(store.record_keys(asset)):
            if is_key(asset, key) and (key == WHOLE or int(key) >= wanted):
                record = store.record(asset, key)
                names = own_names(asset, key, record) if record else []
                found.append(LeftOver(asset, key, tuple(names)))
    return sorted(found, key=lambda item: (item.asset, len(item.key), item.key))


def _pattern(pattern: str, key: str) -> re.Pattern[str]:
    """What matches the files of a pattern, with groups for the batch and the window's row."""
    form = re.escape(pattern).replace(r"\{key\}", f"(?P<key>{key})")
    return re.compile(form.replace(r"\{role\}", rf"{_WINDOW}(?P<row>[0-9]+)"))


def _files_by_key(store: ArtifactStore, pattern: str) -> dict[str, list[str]]:
    """The files of a pattern that are there, in order, by the batch that they belong to."""
    named = _pattern(pattern, "[0-9]+")
    folder = pattern.partition("{")[0].rpartition("/")[0]
    found: dict[str, list[tuple[int, str]]] = {}
    for name in store.names(folder):
        if match := named.fullmatch(name):
            row = int(match["row"]) if "row" in named.groupindex else 0
            found.setdefault(match["key"], []).append((row, name))
    return {key: [name for _, name in sorted(names)] for key, names in found.items()}
