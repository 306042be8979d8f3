"""What is out of date, and why: what should exist against what does.

What belongs here: the comparison, artifact by artifact, without making or changing anything. What
does not: launching runs (`cli.py`).

The comparison is by level: content of the CSV's rows, settings and code versions now, against the
fingerprint recorded with each artifact. It needs no memory of what happened in between.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from zwu_ts_assets import lineage, products
from zwu_ts_assets.artifact_store import ArtifactStore
from zwu_ts_assets.datasets import Dataset
from zwu_ts_assets.environment import cache_dir, project_root
from zwu_ts_assets.io_managers import dataset_store, file_names
from zwu_ts_assets.work import WHOLE

MISSING: Final = "not there"
DAMAGED: Final = "damaged or removed"
CODE: Final = "settings or code changed"
INPUT: Final = "input changed"
FOLLOWS: Final = "its input is out of date"


@dataclass(frozen=True)
class OutOfDate:
    """One artifact that is not what it should be.

    Attributes:
        asset: The asset's name.
        key: Batch index as text, or `all`.
        reason: Why, in a few words.
    """

    asset: str
    key: str
    reason: str


def out_of_date(dataset: Dataset, artifacts: Path) -> list[OutOfDate]:
    """The artifacts of a dataset that are missing, damaged or made from something else.

    Args:
        dataset: Its CSV is read and validated.
        artifacts: The folder that holds the outputs of all datasets.

    Raises:
        CorpusError: The CSV or the tokenizer cannot be used.
    """
    return list(_compare(dataset, dataset_store(artifacts, dataset.prefix)))


def _compare(dataset: Dataset, store: ArtifactStore) -> Iterator[OutOfDate]:
    settings = dataset.settings

    def judge(asset: str, key: str, made_from: str) -> Iterator[OutOfDate]:
        code_version = lineage.code_version(dataset, asset)
        reason = _reason(store, asset, key, code_version, made_from)
        if reason:
            yield OutOfDate(asset, key, reason)

    csv_digest = products.csv_digest(dataset.csv)
    raw = products.raw_product(dataset.csv, settings)
    yield from judge(dataset.raw_asset, WHOLE, lineage.raw_made_from(csv_digest))

    versions: dict[int, str] = {}
    for batch in range(int(raw.details["batches"] or 0)):
        key = str(batch)
        window = products.window_product(batch, series=raw.value, settings=settings)
        versions[batch] = window.version or ""
        yield from judge("batch_windows", key, lineage.window_made_from(window.value))
        yield from judge("correlation_pngs", key, lineage.figure_made_from(versions[batch]))
        video = lineage.video_made_from(versions[batch], window.details)
        yield from judge("patch_videos", key, video)

    stale_stats = list(
        judge("batch_stats", WHOLE, lineage.stats_made_from(versions, len(versions)))
    )
    yield from stale_stats
    if stale_stats:
        yield OutOfDate("vocab", WHOLE, FOLLOWS)
        yield OutOfDate("qwen_tokens", WHOLE, FOLLOWS)
        return
    stats = {"text": store.read(file_names("batch_stats", WHOLE)["text"])}
    source = products.tokenizer_source(settings, project_root(), cache_dir())
    yield from judge("vocab", WHOLE, products.vocabulary_inputs(stats, settings))
    yield from judge("qwen_tokens", WHOLE, products.qwen_inputs(stats, source))


def _reason(store: ArtifactStore, asset: str, key: str, code_version: str, made_from: str) -> str:
    record = store.record(asset, key)
    if record is None:
        return MISSING
    if record.code_version != code_version:
        return CODE
    if record.fingerprint != lineage.fingerprint(code_version, made_from):
        return INPUT
    return "" if store.is_whole(record) else DAMAGED
