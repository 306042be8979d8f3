"""What is out of date, and why: what should exist against what does.

What belongs here: the comparison, artifact by artifact, without making or changing anything. What
does not: what a run has to make of it (`todo.py`), whether to start one now (`decision.py`).

The comparison is by level: content of the CSV's rows, settings and code versions now, against the
fingerprint recorded with each artifact. It needs no memory of what happened in between.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from zwu_ts_assets.config.datasets import Dataset
from zwu_ts_assets.config.environment import allowed_code, cache_dir, project_root
from zwu_ts_assets.config.settings import EXPORTS
from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.orchestration import lineage
from zwu_ts_assets.orchestration.assets import corpus_products as products
from zwu_ts_assets.orchestration.assets.selection_products import feature_selection, shows_selection
from zwu_ts_assets.orchestration.layout import (
    dataset_store,
    file_names,
    foreign_files,
    is_usable,
    left_over,
    recorded_files,
)
from zwu_ts_assets.orchestration.work import WHOLE, warnings_among
from zwu_ts_assets.storage.artifact_store import ArtifactStore, Detail, Record, digest
from zwu_ts_assets.storage.places import Place
from zwu_ts_assets.timeseries.series import Series
from zwu_ts_assets.training.split_rule import SPLITS

MISSING: Final = "not there"
DAMAGED: Final = "damaged or removed"
CODE: Final = "settings or code changed"
INPUT: Final = "input changed"
FOLLOWS: Final = "its input is out of date"
PROMPTS: Final = "its prompts cannot be used"
SURPLUS: Final = "its batch is no more"
SWITCHED_OFF: Final = "switched off in the settings"
GONE: Final = frozenset({SURPLUS, SWITCHED_OFF})
"""Of these, what is there should not be."""


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
    """

    stale: tuple[OutOfDate, ...]
    current: Mapping[tuple[str, str], Record]
    batches: int
    assets: tuple[str, ...]
    goal: str
    csv_sha256: str
    foreign: Mapping[str, Sequence[str]] = field(default_factory=dict)
    reading: Mapping[str, Detail] = field(default_factory=dict)

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


def difference(
    dataset: Dataset,
    artifacts: Place,
    also: Collection[str] = (),
    *,
    project_dir: Path | None = None,
    store: ArtifactStore | None = None,
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

    Raises:
        CorpusError: The CSV or the tokenizer cannot be used.
    """
    store = store or dataset_store(artifacts, dataset.prefix).look()
    return _Comparison(dataset, store, also, project_dir or project_root()).result()


def out_of_date(dataset: Dataset, artifacts: Place) -> list[OutOfDate]:
    """The artifacts of a dataset that are missing, damaged or made from something else.

    Arguments and errors are those of `difference`.
    """
    return list(difference(dataset, artifacts).stale)


@dataclass
class _Comparison:
    """One comparison under way."""

    dataset: Dataset
    store: ArtifactStore
    also: Collection[str]
    project_dir: Path
    stale: list[OutOfDate] = field(default_factory=list)
    current: dict[tuple[str, str], Record] = field(default_factory=dict)
    # What is known of the prompts, if anything is made with them: mended ones are a new goal.
    prompts: list[str] = field(default_factory=list)
    # The files of every record that was judged, by asset.
    recorded: dict[str, set[str]] = field(default_factory=dict)

    def result(self) -> Difference:
        dataset = self.dataset
        csv_sha256 = products.csv_digest(dataset.csv)
        raw = products.raw_product(dataset.csv, dataset.settings)
        batches = int(raw.details["batches"] or 0)
        self._judge(dataset.raw_asset, WHOLE, lineage.raw_made_from(csv_sha256))
        self._judge_batches(raw.value, batches)
        self._judge_tokens()
        self._judge_training(raw.value, batches)
        off = lineage.switched_off(dataset.settings)
        surplus: dict[str, set[str]] = {}
        for item in left_over(self.store, batches, off):
            reason = SWITCHED_OFF if item.asset in off else SURPLUS
            self.stale.append(OutOfDate(item.asset, item.key, reason))
            surplus.setdefault(item.asset, set()).update(item.names)
        known = [*lineage.asset_names(dataset), *sorted(off)]
        order = {name: i for i, name in reversed(list(enumerate(known)))}
        wanted = self._wanted()
        assets = tuple(
            name
            for name in lineage.asset_names(dataset)
            if name not in lineage.TRAINING or name in wanted
        )
        codes = (lineage.code_version(dataset, name) for name in assets)
        return Difference(
            stale=tuple(sorted(self.stale, key=lambda item: order[item.asset])),
            current=self.current,
            batches=batches,
            assets=assets,
            goal=digest(csv_sha256, *codes, *self.prompts),
            csv_sha256=csv_sha256,
            foreign=self._foreign(known, surplus),
            reading=raw.details,
        )

    def _foreign(
        self, assets: Sequence[str], surplus: Mapping[str, set[str]]
    ) -> dict[str, Sequence[str]]:
        found = {}
        for asset in assets:
            # What was not judged, because its input is out of date, has records too.
            judged = self.recorded.get(asset) or recorded_files(self.store, asset)
            found[asset] = foreign_files(self.store, asset, judged | surplus.get(asset, set()))
        return {asset: names for asset, names in found.items() if names}

    def _judge_batches(self, series: Series, batches: int) -> None:
        """Everything that is made of windows."""
        settings = self.dataset.settings
        shown = feature_selection(self.dataset, series)
        cut = [
            products.batch_product(batch, series=series, settings=settings, shown=shown)
            for batch in range(batches)
        ]
        versions = {batch: windows.version or "" for batch, windows in enumerate(cut)}
        for batch, windows in enumerate(cut):
            self._judge("batch_windows", str(batch), lineage.batch_made_from(windows.value))
            if settings.line_plots:
                made_from = lineage.figure_made_from(versions[batch])
                self._judge("line_plots", str(batch), made_from)
        self._judge("batch_stats", WHOLE, lineage.stats_made_from(versions, batches))
        ranges = ""
        if settings.colour_range == "train":
            training = products.training_starts(self.dataset, series, versions)
            told = products.training_versions(training, versions, settings)
            made_from = lineage.colour_ranges_made_from(told)
            self._judge("colour_ranges", WHOLE, made_from)
            if ("colour_ranges", WHOLE) not in self.current:
                keys = [str(batch) for batch in range(batches)]
                for asset in ("correlation_pngs", "patch_videos"):
                    self.stale += [OutOfDate(asset, key, FOLLOWS) for key in keys]
                return
            ranges = self.current["colour_ranges", WHOLE].version
        for batch, windows in enumerate(cut):
            figure = lineage.figure_made_from(versions[batch], ranges)
            self._judge("correlation_pngs", str(batch), figure)
            video = lineage.video_made_from(versions[batch], windows.details, ranges)
            self._judge("patch_videos", str(batch), video)

    def _judge_tokens(self) -> None:
        """What is made from the stats text, which must be current to be told from."""
        if ("batch_stats", WHOLE) not in self.current:
            self.stale.append(OutOfDate("vocab", WHOLE, FOLLOWS))
            self.stale.append(OutOfDate("qwen_tokens", WHOLE, FOLLOWS))
            return
        settings = self.dataset.settings
        stats = {"text": self.store.read(file_names("batch_stats", WHOLE)["text"])}
        source = products.tokenizer_source(settings, project_root(), cache_dir())
        allowed = allowed_code(self.dataset.csv)
        self._judge("vocab", WHOLE, products.vocabulary_inputs(stats, settings, allowed))
        self._judge("qwen_tokens", WHOLE, products.qwen_inputs(stats, source))

    def _judge_training(self, series: Series, batches: int) -> None:
        """The last mile, as far as it is wanted."""
        wanted = self._wanted()
        if not wanted:
            return
        from zwu_ts_assets.orchestration.assets.sample_views import templates_of, training_inputs
        from zwu_ts_assets.orchestration.assets.training_products import (
            INTERPOLATED_SAMPLES,
            samples_inputs,
        )

        worded = partial(
            templates_of,
            *(self.dataset, self.project_dir),
            shown=shows_selection(self.dataset.settings, series.features),
            uneven=series.axis.is_counted,
        )
        try:
            # Whether a sample has interpolated values is known when samples are made; the goal must
            # not change with that.
            templates = worded(interpolated=series.interpolated is not None)
            self.prompts.append(templates.digest)
        except CorpusError as error:
            # The corpus can be made without; who makes what needs them is told the whole sentence.
            self.prompts.append(str(error))
            asked = [asset for asset in wanted if asset != "samples"]
            self.stale += [OutOfDate(asset, WHOLE, PROMPTS) for asset in asked]
            wanted = [asset for asset in wanted if asset == "samples"]
        needed = {self.dataset.asset_name(name) for name in self._inputs_of_samples()}
        if any(item.asset in needed for item in self.stale):
            self.stale += [OutOfDate(asset, WHOLE, FOLLOWS) for asset in wanted]
            return
        versions = {
            name: {batch: self.current[name, str(batch)].version for batch in range(batches)}
            for name in self._inputs_of_samples()
            if name in lineage.PER_BATCH
        }
        stats, tokens = (
            self.current[asset, WHOLE].files[file_names(asset, WHOLE)[role]].sha256
            for asset, role in (("batch_stats", "text"), ("qwen_tokens", "rows"))
        )
        self._judge("samples", WHOLE, samples_inputs(series, versions, stats, tokens))
        if ("samples", WHOLE) not in self.current:
            others = [asset for asset in wanted if asset != "samples"]
            self.stale += [OutOfDate(asset, WHOLE, FOLLOWS) for asset in others]
            return
        details = self.current["samples", WHOLE].details
        if not any(details[f"{name}_samples"] for name in SPLITS):
            return  # of no sample nothing is made
        if wanted == ["samples"]:
            return
        if series.interpolated is not None and INTERPOLATED_SAMPLES not in details:
            templates = worded(interpolated=False)
        source = products.tokenizer_source(self.dataset.settings, project_root(), cache_dir())
        inputs = training_inputs(self.current["samples", WHOLE].version, source, templates)
        for asset in wanted:
            if asset != "samples":
                self._judge(asset, WHOLE, inputs)

    def _inputs_of_samples(self) -> tuple[str, ...]:
        return lineage.inputs(self.dataset.settings)["samples"]

    def _wanted(self) -> list[str]:
        """The assets of the last mile that somebody asked for, and what they are made from."""
        asked = {EXPORTS[name] for name in self.dataset.settings.exports} | set(self.also)
        wanted = [
            asset
            for asset in lineage.TRAINING
            if asset in asked or self.store.record(asset, WHOLE) is not None
        ]
        return wanted if not wanted or "samples" in wanted else ["samples", *wanted]

    def _judge(self, asset: str, key: str, made_from: str) -> None:
        code_version = lineage.code_version(self.dataset, asset)
        record = self.store.record(asset, key)
        if record is not None:
            self.recorded.setdefault(asset, set()).update(record.files)
        if record is None:
            reason = MISSING
        elif record.code_version != code_version:
            reason = CODE
        elif record.fingerprint != lineage.fingerprint(code_version, made_from):
            reason = INPUT
        elif not is_usable(asset, key, record) or not self.store.is_whole(record):
            reason = DAMAGED
        else:
            self.current[asset, key] = record
            return
        self.stale.append(OutOfDate(asset, key, reason))
