"""What is out of date, and why: what should exist against what does.

What belongs here: the comparison, artifact by artifact, without making or changing anything, and
what a run has to make of it. What does not: whether to start that run now (`decision.py`).

The comparison is by level: content of the CSV's rows, settings and code versions now, against the
fingerprint recorded with each artifact. It needs no memory of what happened in between.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from zwu_ts_assets import lineage, products
from zwu_ts_assets.artifact_store import ArtifactStore, Record, digest
from zwu_ts_assets.datasets import Dataset
from zwu_ts_assets.environment import cache_dir, project_root
from zwu_ts_assets.io_managers import dataset_store, file_names, surplus_keys
from zwu_ts_assets.work import WHOLE

MISSING: Final = "not there"
DAMAGED: Final = "damaged or removed"
CODE: Final = "settings or code changed"
INPUT: Final = "input changed"
FOLLOWS: Final = "its input is out of date"
SURPLUS: Final = "its batch is no more"


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


@dataclass(frozen=True)
class Difference:
    """What should exist against what does.

    Attributes:
        stale: What is out of date, in the order of the lineage.
        current: The records of what is not, by asset and key.
        batches: How many batches there should be.
        goal: Digest of what decides what should exist: the CSV, the settings, the code versions.
        csv_sha256: Of the CSV.
    """

    stale: tuple[OutOfDate, ...]
    current: Mapping[tuple[str, str], Record]
    batches: int
    goal: str
    csv_sha256: str


@dataclass(frozen=True)
class Todo:
    """What a run has to make.

    Attributes:
        assets: Names, in an order in which they can be made.
        batches: Batches that any of the per-batch assets among them needs.
    """

    assets: Sequence[str] = ()
    batches: Sequence[int] = ()


def difference(dataset: Dataset, artifacts: Path) -> Difference:
    """Compare a dataset's artifacts with what they should be.

    Args:
        dataset: Its CSV is read and validated.
        artifacts: The folder that holds the outputs of all datasets.

    Raises:
        CorpusError: The CSV or the tokenizer cannot be used.
    """
    return _Comparison(dataset, dataset_store(artifacts, dataset.prefix)).result()


def out_of_date(dataset: Dataset, artifacts: Path) -> list[OutOfDate]:
    """The artifacts of a dataset that are missing, damaged or made from something else.

    Arguments and errors are those of `difference`.
    """
    return list(difference(dataset, artifacts).stale)


def todo(dataset: Dataset, stale: Iterable[OutOfDate]) -> Todo:
    """What a run has to make so that nothing is out of date.

    Args:
        dataset: Whose artifacts they are.
        stale: What is out of date.
    """
    assets, batches = set(), set()
    for item in stale:
        # Files of vanished batches are removed where the raw table is written.
        assets.add(dataset.raw_asset if item.reason == SURPLUS else item.asset)
        if item.key != WHOLE and item.reason != SURPLUS:
            batches.add(int(item.key))
    return Todo([name for name in lineage.asset_names(dataset) if name in assets], sorted(batches))


@dataclass
class _Comparison:
    """One comparison under way."""

    dataset: Dataset
    store: ArtifactStore
    stale: list[OutOfDate] = field(default_factory=list)
    current: dict[tuple[str, str], Record] = field(default_factory=dict)

    def result(self) -> Difference:
        dataset, settings = self.dataset, self.dataset.settings
        csv_sha256 = products.csv_digest(dataset.csv)
        raw = products.raw_product(dataset.csv, settings)
        batches = int(raw.details["batches"] or 0)
        self._judge(dataset.raw_asset, WHOLE, lineage.raw_made_from(csv_sha256))
        versions: dict[int, str] = {}
        for batch in range(batches):
            key = str(batch)
            window = products.window_product(batch, series=raw.value, settings=settings)
            versions[batch] = window.version or ""
            self._judge("batch_windows", key, lineage.window_made_from(window.value))
            self._judge("correlation_pngs", key, lineage.figure_made_from(versions[batch]))
            video = lineage.video_made_from(versions[batch], window.details)
            self._judge("patch_videos", key, video)
        self._judge("batch_stats", WHOLE, lineage.stats_made_from(versions, batches))
        self._judge_tokens()
        for asset in lineage.PER_BATCH:
            for key in surplus_keys(self.store, asset, batches):
                self.stale.append(OutOfDate(asset, key, SURPLUS))
        order = {name: i for i, name in enumerate(lineage.asset_names(dataset))}
        codes = (lineage.code_version(dataset, name) for name in order)
        return Difference(
            stale=tuple(sorted(self.stale, key=lambda item: order[item.asset])),
            current=self.current,
            batches=batches,
            goal=digest(csv_sha256, *codes),
            csv_sha256=csv_sha256,
        )

    def _judge_tokens(self) -> None:
        """What is made from the stats text, which must be current to be told from."""
        if ("batch_stats", WHOLE) not in self.current:
            self.stale.append(OutOfDate("vocab", WHOLE, FOLLOWS))
            self.stale.append(OutOfDate("qwen_tokens", WHOLE, FOLLOWS))
            return
        settings = self.dataset.settings
        stats = {"text": self.store.read(file_names("batch_stats", WHOLE)["text"])}
        source = products.tokenizer_source(settings, project_root(), cache_dir())
        self._judge("vocab", WHOLE, products.vocabulary_inputs(stats, settings))
        self._judge("qwen_tokens", WHOLE, products.qwen_inputs(stats, source))

    def _judge(self, asset: str, key: str, made_from: str) -> None:
        code_version = lineage.code_version(self.dataset, asset)
        record = self.store.record(asset, key)
        if record is None:
            reason = MISSING
        elif record.code_version != code_version:
            reason = CODE
        elif record.fingerprint != lineage.fingerprint(code_version, made_from):
            reason = INPUT
        elif not self.store.is_whole(record):
            reason = DAMAGED
        else:
            self.current[asset, key] = record
            return
        self.stale.append(OutOfDate(asset, key, reason))
