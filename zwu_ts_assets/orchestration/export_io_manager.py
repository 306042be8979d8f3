"""Exports in a folder each: what is current is kept, media are linked or copied.

What belongs here: writing the files of an export below `artifacts/exports/`. What does not: which
files those are (`training/exports/`), records and single files (`artifact_store.py`).
"""

import errno
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final

import dagster as dg

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.orchestration.artifact_io_manager import ArtifactIOManager
from zwu_ts_assets.orchestration.assets.previews import preview_text
from zwu_ts_assets.orchestration.layout import export_folder
from zwu_ts_assets.orchestration.work import Product
from zwu_ts_assets.storage.artifact_store import ArtifactStore, FileRecord, Record, ahead, digest
from zwu_ts_assets.training.export_files import ExportFile, MediaFile, WrittenFile

# What a file system without hard links says, or one that has enough of them, or two of them.
_NO_LINK: Final = frozenset({errno.EPERM, errno.ENOTSUP, errno.EXDEV, errno.EMLINK})


class ExportIOManager(ArtifactIOManager):
    """Writes an export file by file; loading one gives its folder, to be opened."""

    def encode(self, value: Any) -> Mapping[str, bytes]:
        """Not used: an export's files are made one at a time."""
        raise NotImplementedError

    def decode(self, files: Mapping[str, bytes], record: Record) -> Any:
        """Not used: an export is read by its folder."""
        raise NotImplementedError

    def load_input(self, context: dg.InputContext) -> AbstractContextManager[Path]:
        """The folder of an export, there as long as the context lasts."""
        store = self.store_of(context.asset_key)
        return store.opened(export_folder(context.asset_key.path[-1], self.specs))

    def write(
        self,
        store: ArtifactStore,
        asset: str,
        key: str,
        product: Product[Iterable[ExportFile]],
        code_version: str,
        prints: str,
        before: Record | None,
    ) -> Record:
        """Write what differs from the export that is there, remove what it had and has no more.

        Raises:
            CorpusError: A link leads out of the export's folder, or a medium is missing.
        """
        if before is not None and before.code_version != code_version:
            before = None  # other code or settings may give other bytes of the same
        folder = export_folder(asset, self.specs)
        files: dict[str, FileRecord] = {}
        sources: dict[str, str] = {}
        link = product.details.get("media") == "link"

        def begun() -> Iterator[tuple[str, ExportFile, FileRecord | None]]:
            # What is written is also made: one after another.
            for file in product.value:
                name = f"{folder}/{file.path}"
                _refuse_links(store, name)
                yield name, file, _written(store, file, name, before)

        def finished(
            item: tuple[str, ExportFile, FileRecord | None],
        ) -> tuple[str, ExportFile, FileRecord]:
            name, file, record = item
            if isinstance(file, MediaFile):
                record = _placed(store, file, name, link=link)
            assert record is not None
            return name, file, record

        for name, file, kept in ahead(finished, begun(), store.at_once):
            files[name] = kept
            if isinstance(file, WrittenFile):
                sources[name] = file.made_from
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
        self.remove_former(store, asset, key, record)
        store.write_record(asset, key, record)
        return record


def _refuse_links(store: ArtifactStore, name: str) -> None:
    """Refuse to write a file of an export where a link would lead it to another folder.

    Raises:
        CorpusError: It would.
    """
    if link := store.link_on_the_way(name):
        raise CorpusError(
            f"{link} is a link to another folder, whose files are left alone: an export is written "
            "into folders of its own. Remove the link; to keep artifacts on another disk, set "
            "ZWU_TS_ARTIFACTS_DIR."
        )


def _written(
    store: ArtifactStore, file: ExportFile, name: str, before: Record | None
) -> FileRecord | None:
    """A file in its place, written if it is not there as it was; None for a medium."""
    if not isinstance(file, WrittenFile):
        return None
    kept = before.files.get(name) if before else None
    if before and kept and before.sources.get(name) == file.made_from and store.has(name, kept):
        return kept
    return store.write_with(name, file.write)


def _placed(store: ArtifactStore, file: MediaFile, name: str, *, link: bool) -> FileRecord:
    """A medium in its place in an export.

    Raises:
        CorpusError: The medium is not there as its record says, or cannot be linked.
    """
    try:
        return store.place(file.source, name, file.sha256, link=link)
    except (FileNotFoundError, ValueError):
        raise CorpusError(
            f"{store.path(file.source)} is missing or damaged; materialize the asset that makes "
            "it first"
        ) from None
    except OSError as error:
        if not link or error.errno not in _NO_LINK:
            raise
        raise CorpusError(
            f"{store.path(name)}: cannot be a hard link to {file.source} ({error.strerror}); set "
            'export_media = "copy"'
        ) from None
