"""What records know of figures and videos, without opening them.

What belongs here: paths, size, frames and digests of the media of a batch. What does not: making it
(`media_products.py`).
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from zwu_ts_assets.orchestration.layout import is_window_role, window_role
from zwu_ts_assets.orchestration.work import Batches
from zwu_ts_assets.storage.artifact_store import Record, digest
from zwu_ts_assets.training.processor import Size


def media_paths(record: Record, rows: Sequence[int]) -> dict[int, str]:
    """The files of a batch's figures or videos by their windows' first rows.

    Args:
        record: Of the batch's figures or videos.
        rows: In which the windows of the batch begin.

    Returns:
        Paths relative to the dataset's artifact folder; without those of windows that the record
        does not have.
    """
    by_role = {PurePosixPath(path).stem: path for path in record.files}
    if len(rows) == len(by_role) == 1 and not is_window_role(*by_role):
        return {rows[0]: next(iter(record.files))}  # named by its batch, where that has no other
    return {row: by_role[window_role(row)] for row in rows if window_role(row) in by_role}


def medium_version(record: Record, path: str) -> str:
    """The content version of one file; that of the artifact where it has no other file."""
    return digest(record.files[path].sha256)


def media_facts(record: Record) -> dict[str, dict[str, Any]]:
    """What a record knows of each figure or video by its path: the fields of a `Medium`."""
    if not record.files:
        return {}
    size = size_of(record)
    facts: dict[str, Any] = {"width": size.width, "height": size.height}
    if "frames" in record.details:
        facts["frames"], facts["fps"] = film_of(record)
    return {
        path: {"sha256": file.sha256, "bytes": file.bytes, **facts}
        for path, file in record.files.items()
    }


def size_of(record: Record) -> Size:
    """Width and height of a figure or a video in pixels."""
    return Size(int(record.details["width"] or 0), int(record.details["height"] or 0))


def film_of(record: Record) -> tuple[int, float]:
    """Frames of a video, and frames per second."""
    return int(record.details["frames"] or 0), float(record.details["fps"] or 0)


def file_reader(media: Mapping[str, Batches]) -> Callable[[str, int, str], bytes]:
    """Read one file of a batch's media: a function of asset, batch and path.

    Args:
        media: The batches of each asset.
    """

    # Samples come in the order of time: with the last batch of each asset at hand, the files of a
    # batch of many windows are read once and not once per window.
    @functools.lru_cache(maxsize=len(media))
    def contents(name: str, batch: int) -> Mapping[str, bytes]:
        files: Mapping[str, bytes] = media[name][batch]
        paths = media[name].record(batch).files
        if not files.keys() <= {PurePosixPath(path).stem for path in paths}:
            return dict(zip(paths, files.values(), strict=True))  # named by its batch, has no other
        return {path: files[PurePosixPath(path).stem] for path in paths}

    return lambda name, batch, path: contents(name, batch)[path]
