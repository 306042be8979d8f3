"""What the web UI shows of a materialization.

What belongs here: turning a record into Dagster metadata. What does not: what is worth knowing of
an artifact, which `corpus_products.py` says.

Only small previews go into metadata: it lives in the event log, and full figures would make a
database of gigabytes out of it.
"""

import os.path
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import dagster as dg

from zwu_ts_assets.storage.artifact_store import Record
from zwu_ts_assets.storage.places import Place

_FILES: Final = 8  # of so many files, each is told


def materialization_metadata(root: Place, record: Record) -> dict[str, dg.MetadataValue]:
    """Path, size and sha256 of each file, the details, and something to look at.

    Of an artifact of many files, such as an export, only their folder and their size in all.

    Args:
        root: The folder that the record's paths are relative to.
        record: The record of the artifact just written, or kept because it is current.
    """
    metadata: dict[str, dg.MetadataValue] = {}
    single = len(record.files) == 1
    many = len(record.files) > _FILES
    if many:
        metadata["path"] = dg.MetadataValue.path(str(root / os.path.commonpath(record.files)))
        total = sum(file.bytes for file in record.files.values())
        metadata["bytes"] = dg.MetadataValue.int(total)
        metadata["content_version"] = dg.MetadataValue.text(record.version)
    for name, file in () if many else record.files.items():
        suffix = "" if single else f" ({Path(name).name})"
        metadata[f"path{suffix}"] = dg.MetadataValue.path(str(root / name))
        metadata[f"bytes{suffix}"] = dg.MetadataValue.int(file.bytes)
        metadata[f"sha256{suffix}"] = dg.MetadataValue.text(file.sha256)
    metadata.update(details_metadata(record.details))
    if record.preview_kind == "jpeg":
        image = f"![preview](data:image/jpeg;base64,{record.preview})"
        metadata["preview"] = dg.MetadataValue.md(image)
    elif record.preview_kind == "markdown":
        metadata["preview"] = dg.MetadataValue.md(record.preview)
    return metadata


def details_metadata(
    details: Mapping[str, str | int | float | bool | None],
) -> dict[str, dg.MetadataValue]:
    """Details as metadata of the matching kind."""
    metadata: dict[str, dg.MetadataValue] = {}
    for name, value in details.items():
        if isinstance(value, bool):
            metadata[name] = dg.MetadataValue.bool(value)
        elif isinstance(value, int):
            metadata[name] = dg.MetadataValue.int(value)
        elif isinstance(value, float):
            metadata[name] = dg.MetadataValue.float(value)
        elif value is not None:
            metadata[name] = dg.MetadataValue.text(value)
    return metadata
