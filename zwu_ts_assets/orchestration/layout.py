"""Which file an artifact is, by its asset, key and role, and whether the artifact is current.

What belongs here: the names of files below `artifacts/` from their patterns, what of them is there,
and holding a record and its files against what the artifact should be made from, for runs and for
those who only look. What does not: the patterns (`specs.py`), what an artifact should be made from
(`origins.py`), which there should be (`comparison.py`), writing and reading
(`artifact_io_manager.py`), records (`artifact_store.py`).
"""

import re
from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from zwu_ts_assets.config.environment import readers_umask
from zwu_ts_assets.orchestration.asset_spec import Specs
from zwu_ts_assets.orchestration.work import WHOLE
from zwu_ts_assets.storage.artifact_store import ArtifactStore, Detail, Record, digest
from zwu_ts_assets.storage.folder_store import FolderStore
from zwu_ts_assets.storage.places import Place

_WINDOW: Final = "row_"
_BATCH: Final = re.compile("0|[1-9][0-9]*")
# Details that others calculate with, and that may be missing.
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


def file_name(asset: str, key: str, role: str, specs: Specs) -> str:
    """A file of an artifact, relative to its dataset's folder.

    Args:
        asset: The asset's name, the last part of its key.
        key: Batch index as text, or `all`.
        role: One of the roles of the asset's files, or a `window_role`.
        specs: The assets that there are.
    """
    names = file_names(asset, key, specs)
    return names[role] if role in names else specs.of(asset).window_file.format(key=key, role=role)


def recorded_names(asset: str, key: str, record: Record, specs: Specs) -> dict[str, str]:
    """The files that an artifact has by its record, by role.

    Args:
        asset: The asset's name.
        key: Batch index as text, or `all`.
        record: The artifact's record.
        specs: The assets that there are.
    """
    if record.is_empty:
        return {}
    names = file_names(asset, key, specs)
    if specs.of(asset).window_file and not set(names.values()) <= set(record.files):
        return {PurePosixPath(name).stem: name for name in record.files}
    return names


def file_names(asset: str, key: str, specs: Specs) -> dict[str, str]:
    """The files of an artifact by role, relative to its dataset's folder.

    Args:
        asset: The asset's name, the last part of its key.
        key: Batch index as text, or `all`.
        specs: The assets that there are.
    """
    files = specs.of(asset).files
    return {role: name.format(asset=asset, key=key) for role, name in files.items()}


def files_there(
    store: ArtifactStore,
    asset: str,
    batches: int,
    *,
    specs: Specs,
    overlapping: bool = False,
) -> list[tuple[str, int]]:
    """How many of an asset's files exist, by pattern.

    Args:
        store: The folder of the dataset.
        asset: The asset's name.
        batches: How many batches there should be.
        overlapping: Whether windows overlap, so that a batch has a file for each of them.
        specs: The assets that there are.
    """
    spec = specs.of(asset)
    if overlapping and spec.window_file:
        by_key = _files_by_key(store, spec.window_file)
        count = sum(len(names) for key, names in by_key.items() if int(key) < batches)
        return [(spec.window_file.format(key="*", role=f"{_WINDOW}*"), count)]
    if spec.folder:
        record = store.record(asset, WHOLE)
        return [(f"{spec.folder}/**", len(record.files) if record else 0)]
    keys = [str(batch) for batch in range(batches)] if spec.per_batch else [WHOLE]
    names = [file_names(asset, key, specs) for key in keys]
    return [
        (pattern, sum(store.is_there(each[role]) for each in names))
        for role, pattern in file_names(asset, "*", specs).items()
    ]


def export_folder(asset: str, specs: Specs) -> str:
    """The folder of an export below its dataset's: `qwen_export` -> `exports/qwen`."""
    return specs.of(asset).folder


def opened(place: Place) -> AbstractContextManager[Path]:
    """A folder wherever it is, such as that of an export, as one of this machine."""
    if isinstance(place, Path):
        return nullcontext(place)
    return dataset_store(place, ()).opened("")


def dataset_store(artifacts_dir: Place, prefix: tuple[str, ...]) -> ArtifactStore:
    """The folder of one dataset below `artifacts/`."""
    root = artifacts_dir.joinpath(*prefix)
    if isinstance(root, Path):
        return FolderStore(root, hidden=readers_umask())
    # Not with the definitions: most corpora are on disk.
    from zwu_ts_assets.storage.object_store import ObjectStore

    return ObjectStore(root)


def own_names(asset: str, key: str, record: Record, specs: Specs) -> list[str]:
    """The files of a record that can be those of its artifact: only these are ever removed.

    Args:
        asset: The asset's name.
        key: Batch index as text, or `all`.
        record: The artifact's record, which somebody may have edited.
        specs: The assets that there are.
    """
    spec = specs.of(asset)
    if spec.folder:
        return [name for name in record.files if name.startswith(f"{spec.folder}/")]
    names = set(file_names(asset, key, specs).values())
    several = _pattern(spec.window_file, key) if spec.window_file else None
    return [name for name in record.files if name in names or (several and several.fullmatch(name))]


def is_usable(asset: str, key: str, record: Record, specs: Specs) -> bool:
    """Whether a record names the files of its artifact and tells what is read of it.

    One that does not was damaged or edited, whatever its fingerprint says.

    Args:
        asset: The asset's name.
        key: Batch index as text, or `all`.
        record: The artifact's record.
        specs: The assets that there are.
    """
    spec, details = specs.of(asset), record.details
    if any(isinstance(details.get(name), str) for name in _COUNTS):
        return False
    if record.is_empty:
        # A batch without windows has no pictures, so none of their sizes are known.
        told = {} if spec.window_file else spec.details
        return spec.per_batch and all(
            isinstance(details.get(name), str) if kind is str else name in details
            for name, kind in told.items()
        )
    if not all(_is_a(details.get(name), kind) for name, kind in spec.details.items()):
        return False
    if len(own_names(asset, key, record, specs)) != len(record.files):
        return False
    single = set(file_names(asset, key, specs).values())
    if spec.folder or (spec.window_file and single.isdisjoint(record.files)):
        return bool(record.files)
    return single == set(record.files)


def _is_a(value: Detail, kind: type[float] | type[str]) -> bool:
    if kind is str:
        return isinstance(value, str)
    return isinstance(value, int | float) and not isinstance(value, bool)


def foreign_files(
    store: ArtifactStore, asset: str, recorded: Collection[str], specs: Specs
) -> list[str]:
    """What lies where only files of an asset should, and is in no record: it is left alone.

    Of an export that is everything in its folder, else what is named like a file of a batch. It may
    be what a trainer wrote, or what a killed run left of a batch that is no more.

    Args:
        store: The folder of the dataset.
        asset: The asset's name.
        recorded: The files of all records of that asset.
        specs: The assets that there are.
    """
    spec = specs.of(asset)
    if spec.folder:
        return store.others(spec.folder, recorded)
    if not spec.per_batch:
        return []
    patterns = (*spec.files.values(), *([spec.window_file] if spec.window_file else []))
    found = (_files_by_key(store, each).values() for each in patterns)
    return [name for groups in found for names in groups for name in names if name not in recorded]


def recorded_files(store: ArtifactStore, asset: str, specs: Specs) -> set[str]:
    """The files of all records of an asset."""
    keys = (key for key in store.record_keys(asset) if is_key(asset, key, specs))
    records = (store.record(asset, key) for key in keys)
    return {name for record in records if record for name in record.files}


def is_key(asset: str, key: str, specs: Specs) -> bool:
    """Whether an asset can have an artifact of that key: the index of a batch, or `all`."""
    return bool(_BATCH.fullmatch(key)) if specs.of(asset).per_batch else key == WHOLE


def foreign_sentence(names: Sequence[str]) -> str:
    """What is left alone, and why, in a sentence.

    Args:
        names: From `foreign_files`, at least one.
    """
    some = [name if name.isprintable() else ascii(name) for name in names[:3]]
    more = f" and {len(names) - len(some)} more" if len(names) > len(some) else ""
    return f"left alone, because no run made it: {', '.join(some)}{more}"


def left_over(
    store: ArtifactStore, batches: int, switched_off: frozenset[str], specs: Specs
) -> list[LeftOver]:
    """What is left of batches that are no more, and of assets that are switched off.

    Args:
        store: The folder of the dataset.
        batches: How many batches there should be.
        switched_off: Assets that should have nothing.
        specs: The assets that there are.
    """
    found = []
    for asset in sorted(specs.per_batch | switched_off):
        wanted = batches if asset not in switched_off else 0
        for key in sorted(store.record_keys(asset)):
            if is_key(asset, key, specs) and (key == WHOLE or int(key) >= wanted):
                record = store.record(asset, key)
                names = own_names(asset, key, record, specs) if record else []
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


MISSING: Final = "not there"
CODE: Final = "settings or code changed"
INPUT: Final = "input changed"
DAMAGED: Final = "damaged or removed"


def fingerprint(code_version: str, made_from: str) -> str:
    """Fingerprint of an artifact: the asset's code version and its inputs."""
    return digest(code_version, made_from)


def why_stale(
    store: ArtifactStore,
    asset: str,
    key: str,
    record: Record | None,
    code_version: str,
    made_from: str,
    specs: Specs,
) -> str:
    """Why an artifact has to be made again, in a few words; empty if it is current.

    Args:
        store: The folder of the dataset.
        asset: The asset's name.
        key: Batch index as text, or `all`.
        record: The artifact's record, if there is one.
        code_version: Of the asset, settings included.
        made_from: What the artifact should be made from, see `Origin`.
        specs: The assets that there are.
    """
    if record is None:
        return MISSING
    if record.code_version != code_version:
        return CODE
    if record.fingerprint != fingerprint(code_version, made_from):
        return INPUT
    if not is_usable(asset, key, record, specs) or not store.is_whole(record):
        return DAMAGED
    return ""
