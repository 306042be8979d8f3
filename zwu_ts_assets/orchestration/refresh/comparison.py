"""What is out of date, and why: what should exist against what does.

What belongs here: the comparison, artifact by artifact, without making or changing anything. What
does not: what a run has to make of it (`todo.py`), whether to start one now (`decision.py`).

The comparison is by level: content of the CSV's rows, settings and code versions now, against the
fingerprint recorded with each artifact. It needs no memory of what happened in between.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.orchestration.asset_spec import AssetSpec
from zwu_ts_assets.orchestration.contexts import Inputs, Surroundings, surroundings_of
from zwu_ts_assets.orchestration.datasets import Dataset, asset_names, code_version
from zwu_ts_assets.orchestration.layout import (
    CODE,
    DAMAGED,
    INPUT,
    MISSING,
    dataset_store,
    foreign_files,
    foreign_sentence,
    left_over,
    recorded_files,
    why_stale,
)
from zwu_ts_assets.orchestration.runs import spans_text
from zwu_ts_assets.orchestration.too_short import outlook
from zwu_ts_assets.orchestration.work import WHOLE, Origin, warnings_among
from zwu_ts_assets.storage.artifact_store import ArtifactStore, Detail, Record, digest
from zwu_ts_assets.storage.places import Place
from zwu_ts_assets.training.split_rule import SPLITS

if TYPE_CHECKING:
    from zwu_ts_assets.orchestration.work import Product
    from zwu_ts_assets.timeseries.series import Series

__all__ = ["CODE", "DAMAGED", "INPUT", "MISSING"]  # the other reasons

FOLLOWS: Final = "its input is out of date"
SURPLUS: Final = "its batch is no more"
SWITCHED_OFF: Final = "switched off in the settings"
GONE: Final = frozenset({SURPLUS, SWITCHED_OFF})
"""Reasons for which an artifact that is there is removed."""


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
        assets: The assets that were compared, in the order of the lineage.
        goal: Digest of what decides what should exist: the CSV, the settings, the code versions.
        csv_sha256: Of the CSV.
        foreign: What lies where only files of an asset should and is in no record, by asset; see
            `foreign_files`. It makes nothing out of date, and is left alone.
        reading: What there is to know of the CSV as it is now, as the raw table's record has it.
        splits: Counts and rows of the splits, as the record of the samples has them or will have
            them; empty where they cannot be told or nobody asked.
        splits_problem: Why they cannot, in a sentence; else empty.
    """

    stale: tuple[OutOfDate, ...]
    current: Mapping[tuple[str, str], Record]
    batches: int
    assets: tuple[str, ...]
    goal: str
    csv_sha256: str
    foreign: Mapping[str, Sequence[str]] = field(default_factory=dict)
    reading: Mapping[str, Detail] = field(default_factory=dict)
    splits: Mapping[str, Detail] = field(default_factory=dict)
    splits_problem: str = ""

    @property
    def remarks(self) -> list[str]:
        """What the user should know of the data: columns, notes on reading, warnings."""
        told = [
            f"{name.replace('_', ' ')}: {self.reading[name]}"
            for name in ("time", "features", "columns_left_out", "notes_on_reading")
            if name in self.reading
        ]
        made = [record.details for (_, key), record in self.current.items() if key == WHOLE]
        warnings = [text for details in (self.reading, *made) for text in warnings_among(details)]
        return [*told, *(f"warning: {text}" for text in dict.fromkeys(warnings))]

    def outlook(self, dataset: Dataset) -> list[str]:
        """How many samples each split has or will have, and what an export will miss.

        Args:
            dataset: The one that was compared.
        """
        if self.splits_problem:
            return [f"warning: {self.splits_problem}"]
        if not self.splits:
            return []
        counts = ", ".join(f"{name} {self.splits[f'{name}_samples']:,}" for name in SPLITS)
        questions = self.current.get(("questions", WHOLE))
        missing = outlook(
            dataset.csv, dataset.settings, self.splits, questions.details if questions else None
        )
        sentences = (sentence.removeprefix(f"{dataset.csv}: ") for sentence in missing)
        return [f"samples: {counts}", *(f"warning: {sentence}" for sentence in sentences)]


def difference(
    dataset: Dataset,
    artifacts: Place,
    also: Collection[str] = (),
    *,
    project_dir: Path | None = None,
    store: ArtifactStore | None = None,
    with_splits: bool = False,
) -> Difference:
    """Compare a dataset's artifacts with what they should be.

    The last mile (samples, preflight, exports) is compared as far as somebody asked for it: by the
    setting `exports`, by having made it once, or now.

    Args:
        dataset: Its CSV is read and validated.
        artifacts: The folder that holds the outputs of all datasets.
        also: Assets of the last mile that are asked for now.
        project_dir: What folders in the settings are relative to; unset: the project's root.
        store: A look at the dataset's artifacts that somebody took just now; unset: one is taken.
        with_splits: Whether to find out what the splits hold, too: of a million windows it takes
            seconds, and only people want to know.

    Raises:
        CorpusError: The CSV or the tokenizer cannot be used.
    """
    from zwu_ts_assets.orchestration.assets import corpus_products as products

    csv_sha256 = products.csv_digest(dataset.csv)
    return _Comparison(
        dataset,
        store or dataset_store(artifacts, dataset.prefix).look(),
        also,
        surroundings_of(dataset, project_dir),
        csv_sha256,
        products.raw_product(dataset.csv, dataset.settings),
    ).result(with_splits)


def out_of_date(dataset: Dataset, artifacts: Place) -> list[OutOfDate]:
    """The artifacts of a dataset that are missing, damaged or made from something else.

    Arguments and errors are those of `difference`.
    """
    return list(difference(dataset, artifacts).stale)


def out_of_date_sentence(stale: Sequence[OutOfDate], foreign: Sequence[str] = ()) -> str:
    """What is out of date of an asset, and why, and what is left alone, in a sentence.

    Args:
        stale: What is out of date of it.
        foreign: What no run made, from `Difference.foreign`.
    """
    parts = [] if stale else ["what the CSV, the settings and the code say now"]
    for reason, count in Counter(item.reason for item in stale).items():
        keys = [item.key for item in stale if item.reason == reason]
        batches = [int(key) for key in keys if key.isdecimal()]
        which = f" (batch {spans_text(batches)})" if batches else ""
        parts.append(f"{count} {reason}{which}")
    return "; ".join([*parts, *([foreign_sentence(foreign)] if foreign else [])])


NOT_ASKED_FOR: Final = (
    "Nobody has asked for it. Materialize it once, and it is kept current from then on."
)
"""What is said of an asset of the last mile that is neither there nor missing."""


def wanted_specs(
    dataset: Dataset, store: ArtifactStore, also: Collection[str] = ()
) -> list[AssetSpec]:
    """The assets that should be there: of the last mile those that somebody asked for.

    They bring along what they are made from.

    Args:
        dataset: Its settings ask for some.
        store: A look at its artifacts: what was made once is asked for.
        also: Assets of the last mile that are asked for now.
    """
    specs, settings = dataset.specs, dataset.settings
    wanted: dict[str, AssetSpec] = {}
    for spec in reversed(specs.enabled(settings)):
        asked = (
            not spec.last_mile
            or spec.name in also
            or spec.is_asked_for(settings)
            or store.record(spec.name, "0" if spec.per_batch else WHOLE) is not None
            or any(spec.name in specs.inputs(asset, settings).values() for asset in wanted)
        )
        if asked:
            wanted[spec.name] = spec
    return list(reversed(wanted.values()))


@dataclass
class _Comparison:
    """One comparison under way: asset by asset, in the order of the lineage."""

    dataset: Dataset
    store: ArtifactStore
    also: Collection[str]
    surroundings: Surroundings
    csv_sha256: str
    raw: "Product[Series]"
    stale: list[OutOfDate] = field(default_factory=list)
    current: dict[tuple[str, str], Record] = field(default_factory=dict)
    # What is made of an asset may know of it, by asset and key: what is current, and what the CSV
    # foretells.
    known: dict[str, dict[str, Record]] = field(default_factory=dict)
    # What assets are made with besides their inputs: when that is mended, it is a new goal.
    made_with: dict[str, str] = field(default_factory=dict)
    # The files of every record that was judged, by asset.
    recorded: dict[str, set[str]] = field(default_factory=dict)

    def result(self, with_splits: bool) -> Difference:
        dataset, batches = self.dataset, self._batches
        wanted = wanted_specs(dataset, self.store, self.also)
        for spec in wanted:
            self._compare(spec)
        off = dataset.specs.switched_off(dataset.settings)
        surplus: dict[str, set[str]] = {}
        for item in left_over(self.store, batches, off, dataset.specs):
            reason = SWITCHED_OFF if item.asset in off else SURPLUS
            self.stale.append(OutOfDate(item.asset, item.key, reason))
            surplus.setdefault(item.asset, set()).update(item.names)
        known = [*asset_names(dataset), *sorted(off)]
        order = {name: i for i, name in reversed(list(enumerate(known)))}
        assets = tuple(dataset.asset_name(spec.name) for spec in wanted)
        codes = (code_version(dataset, name) for name in assets)
        splits, splits_problem = self._splits() if with_splits else ({}, "")
        return Difference(
            stale=tuple(sorted(self.stale, key=lambda item: order[item.asset])),
            current=self.current,
            batches=batches,
            assets=assets,
            goal=digest(self.csv_sha256, *codes, *self.made_with.values()),
            csv_sha256=self.csv_sha256,
            foreign=self._foreign(known, surplus),
            reading=self.raw.details,
            splits=splits,
            splits_problem=splits_problem,
        )

    @property
    def _batches(self) -> int:
        return int(self.raw.details["batches"] or 0)

    def _splits(self) -> tuple[Mapping[str, Detail], str]:
        """What the splits hold or will hold, and why it cannot be told."""
        from zwu_ts_assets.orchestration.assets.batch_products import foretold_splits

        if samples := self.current.get(("samples", WHOLE)):
            return samples.details, ""
        try:
            return foretold_splits(self.dataset, self.raw.value).details, ""
        except CorpusError as error:
            return {}, str(error)

    def _compare(self, spec: AssetSpec) -> None:
        """Compare the artifacts of an asset with what they should be."""
        asset = self.dataset.asset_name(spec.name)
        keys = [str(batch) for batch in range(self._batches)] if spec.per_batch else [WHOLE]
        inputs = self._inputs(spec)
        reason = self._unusable(spec, inputs)
        if reason or self._follows(spec):
            self.stale += [OutOfDate(asset, key, reason or FOLLOWS) for key in keys]
            return
        known: dict[str, Record] = {}
        for key, origin in spec.origins(inputs, keys).items():
            record = self._judge(asset, key, origin)
            if record is not None:
                known[key] = record
        self.known[spec.name] = known

    def _inputs(self, spec: AssetSpec) -> Inputs:
        sources = self.dataset.specs.inputs(spec.name, self.dataset.settings).values()
        series = self.raw.value
        return Inputs(
            self.dataset,
            self.surroundings,
            self.csv_sha256,
            series=lambda: series,
            records={asset: self.known[asset] for asset in sources if asset in self.known},
            batches=self._batches,
        )

    def _unusable(self, spec: AssetSpec, inputs: Inputs) -> str:
        """Why an asset cannot be made with what it is made with besides its inputs; else empty."""
        if spec.made_with is None:
            return ""
        name, told = spec.made_with
        try:
            self.made_with[name] = told(inputs)
        except CorpusError as error:
            # The rest can be made without; who makes what needs it is told the whole sentence.
            self.made_with[name] = str(error)
            return f"its {name} cannot be used"
        return ""

    def _follows(self, spec: AssetSpec) -> bool:
        """Whether what an asset is made from is not known, since it is out of date itself.

        What the CSV foretells is known nevertheless. What the last mile makes of all batches waits
        for all of its inputs.
        """
        specs = self.dataset.specs
        sources = [
            asset
            for asset in specs.inputs(spec.name, self.dataset.settings).values()
            if (spec.last_mile and not spec.per_batch) or not specs[asset].foretold
        ]
        names = set(map(self.dataset.asset_name, sources))
        return any(item.asset in names for item in self.stale)

    def _judge(self, asset: str, key: str, origin: Origin) -> Record | None:
        """What may be known of an artifact by what is made from it, if anything."""
        code = code_version(self.dataset, asset)
        record = self.store.record(asset, key)
        if record is not None:
            self.recorded.setdefault(asset, set()).update(record.files)
        reason = why_stale(
            self.store, asset, key, record, code, origin.made_from, self.dataset.specs
        )
        if reason:
            self.stale.append(OutOfDate(asset, key, reason))
        elif record is not None:
            self.current[asset, key] = record
        if origin.version:
            return Record("", code, origin.version, {}, origin.details)
        return None if reason else record

    def _foreign(
        self, assets: Sequence[str], surplus: Mapping[str, set[str]]
    ) -> dict[str, Sequence[str]]:
        found = {}
        specs = self.dataset.specs
        for asset in assets:
            # What was not judged, because its input is out of date, has records too.
            judged = self.recorded.get(asset) or recorded_files(self.store, asset, specs)
            recorded = judged | surplus.get(asset, set())
            found[asset] = foreign_files(self.store, asset, recorded, specs)
        return {asset: names for asset, names in found.items() if names}
