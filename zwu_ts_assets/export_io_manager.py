"""Exports in a folder each: what is current is kept, media are linked or copied, the rest removed.

What belongs here: writing the files of an export below `artifacts/exports/`. What does not: which
files those are (`training/exports/`), records and single files (`artifact_store.py`).
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import dagster as dg

from zwu_ts_assets.artifact_store import ArtifactStore, FileRecord, Record, digest
from zwu_ts_assets.io_managers import ArtifactIOManager, export_folder
from zwu_ts_assets.previews import preview_text
from zwu_ts_assets.training.export_files import ExportFile, WrittenFile
from zwu_ts_assets.work import WHOLE, Product


class ExportIOManager(ArtifactIOManager):
    """Writes an export file by file; loading one gives its folder."""

    def encode(self, value: Any) -> Mapping[str, bytes]:
        """Not used: an export's files are made one at a time."""
        raise NotImplementedError

    def decode(self, files: Mapping[str, bytes], record: Record) -> Any:
        """Not used: an export is read by its folder."""
        raise NotImplementedError

    def load_input(self, context: dg.InputContext) -> Path:
        """The folder of an export."""
        store = self.store_of(context.asset_key)
        return store.path(export_folder(context.asset_key.path[-1]))

    def write(
        self,
        store: ArtifactStore,
        asset: str,
        key: str,
        product: Product[Iterable[ExportFile]],
        code_version: str,
        prints: str,
    ) -> Record:
        """Write what differs from the export that is there, remove what is no longer part of it."""
        before = store.record(asset, WHOLE)
        folder = export_folder(asset)
        files: dict[str, FileRecord] = {}
        sources: dict[str, str] = {}
        for file in product.value:
            name = f"{folder}/{file.path}"
            if isinstance(file, WrittenFile):
                kept = before.files.get(name) if before else None
                if not (
                    before
                    and kept
                    and before.sources.get(name) == file.made_from
                    and store.has(name, kept)
                ):
                    kept = store.write(name, file.build())
                files[name], sources[name] = kept, file.made_from
            else:
                files[name] = store.place(
                    file.source, name, file.sha256, link=product.details["media"] == "link"
                )
        store.remove_others(folder, files)
        preview, kind = preview_text(product.preview)
        record = Record(
            fingerprint=prints,
            code_version=code_version,
            version=digest(*(f"{name}:{file.sha256}" for name, file in sorted(files.items()))),
            files=files,
            details={**product.details, "files": len(files)},
            preview=preview,
            preview_kind=kind,
            sources=sources,
        )
        store.write_record(asset, key, record)
        return record
