"""What records know of figures and videos, without opening them.

What belongs here: path, size, frames and digest of one medium. What does not: making it
(`media_products.py`).
"""

from typing import Any

from zwu_ts_assets.artifact_store import Record
from zwu_ts_assets.training.processor import Size


def media_path(record: Record) -> str:
    """The only file of a figure or a video, relative to the dataset's artifact folder."""
    (path,) = record.files
    return path


def medium_facts(record: Record) -> dict[str, Any]:
    """What a record knows of a figure or a video: sha256, width, height, frames, fps."""
    (file,) = record.files.values()
    size = size_of(record)
    facts: dict[str, Any] = {"sha256": file.sha256, "width": size.width, "height": size.height}
    if "frames" in record.details:
        facts["frames"], facts["fps"] = film_of(record)
    return facts


def size_of(record: Record) -> Size:
    """Width and height of a figure or a video in pixels."""
    return Size(int(record.details["width"] or 0), int(record.details["height"] or 0))


def film_of(record: Record) -> tuple[int, float]:
    """Frames of a video, and frames per second."""
    return int(record.details["frames"] or 0), float(record.details["fps"] or 0)
