"""What the web UI shows of a materialization.

What belongs here: turning a record into Dagster metadata. What does not: what is worth knowing of
an artifact, which `corpus_products.py` says.

Pictures are linked and not part of the metadata, which live in the event log: the web UI shows
Markdown at once only if it is short, and figures would make a database of gigabytes out of the log.
"""

import os.path
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import dagster as dg

from zwu_ts_assets.orchestration.asset_spec import Specs
from zwu_ts_assets.orchestration.work import WHOLE
from zwu_ts_assets.storage.artifact_store import Detail, Record
from zwu_ts_assets.storage.places import Place

PREFIX: Final = "/artifacts/"
"""Under which the web UI serves artifacts, with their paths in the folder of all artifacts."""

PREVIEW: Final = ".preview.jpg"
"""Behind the address of a picture or a video: it, or its frames, as wide as metadata are."""

FRAMES: Final = ".frames.jpg"
"""Behind the address of a video: its frames, so large that they can be read."""

_FILES: Final = 8  # of so many files, each is told
_INLINE: Final = 999  # characters of Markdown that the web UI shows without a click


DETAILS: Final = "details"
"""Of a batch: all that is told of it beside path and size, in one entry, which is shown whole.
There may be many thousands of batches, and an entry takes a hundred bytes beside what it says."""


def materialization_metadata(
    root: Place, record: Record, asset: dg.AssetKey, key: str, specs: Specs, *, rewritten: bool
) -> dict[str, dg.MetadataValue]:
    """Something to look at, path, size and sha256 of each file, and the details.

    Of an artifact of many files, such as an export, only their folder and their size in all.

    Args:
        root: The folder that the record's paths are relative to.
        record: The record of the artifact just written, or kept because it is current.
        asset: The asset's key.
        key: Batch index as text, or `all`.
        specs: The assets that there are.
        rewritten: Whether it was made just now, or is only told of.
    """
    metadata = _to_look_at(record, asset, key, specs)
    told: dict[str, Detail] = {}
    single = len(record.files) == 1
    many = len(record.files) > _FILES
    if many:
        metadata["path"] = dg.MetadataValue.path(str(root / os.path.commonpath(record.files)))
        total = sum(file.bytes for file in record.files.values())
        metadata["bytes"] = dg.MetadataValue.int(total)
        told["content_version"] = record.version
    for name, file in () if many else record.files.items():
        suffix = "" if single else f" ({Path(name).name})"
        metadata[f"path{suffix}"] = dg.MetadataValue.path(str(root / name))
        metadata[f"bytes{suffix}"] = dg.MetadataValue.int(file.bytes)
        told[f"sha256{suffix}"] = file.sha256
    told |= {**record.details, "rewritten": rewritten}
    if key == WHOLE:
        return metadata | details_metadata(told)
    known = {name: value for name, value in told.items() if value is not None}
    return metadata | {DETAILS: dg.MetadataValue.json(known)}


def _to_look_at(
    record: Record, asset: dg.AssetKey, key: str, specs: Specs
) -> dict[str, dg.MetadataValue]:
    metadata: dict[str, dg.MetadataValue] = {}
    *prefix, name = asset.path
    base = PREFIX + "".join(f"{part}/" for part in prefix)
    pictures = specs.of(name).pictures
    shown = [file for file in record.files if pictures and file.endswith((".png", ".mp4"))]
    text = record.preview if record.preview_kind == "markdown" else ""
    short = _first_lines(text)
    if shown:
        # With its content's version, or a browser would show the picture that was there before.
        version = record.files[shown[0]].sha256[:12]
        frames = FRAMES if shown[0].endswith(".mp4") else ""
        small, large = f"{shown[0]}{PREVIEW}?{version}", f"{shown[0]}{frames}?{version}"
        metadata["preview"] = dg.MetadataValue.md(f"[![{name}]({base}{small})]({base}{large})")
    elif short:
        metadata["preview"] = dg.MetadataValue.md(short)
    if text and (shown or text != short):
        metadata["report"] = dg.MetadataValue.md(text)
    row = "" if key == WHOLE else f"#row=b{key}"
    metadata["gallery"] = dg.MetadataValue.url(f"{base}gallery/index.html{row}")
    return metadata


def _first_lines(text: str) -> str:
    """As many lines of Markdown as the web UI shows at once."""
    if len(text) <= _INLINE:
        return text
    fence = ["```"] if text.startswith("```") else []
    lines: list[str] = []
    for line in text.splitlines():
        if len("\n".join([*lines, line, *fence])) > _INLINE:
            break
        lines.append(line)
    # Of a table, head and ruler alone show nothing.
    return "\n".join([*lines, *fence]) if len(lines) > 2 else ""


def details_metadata(
    details: Mapping[str, Detail],
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
