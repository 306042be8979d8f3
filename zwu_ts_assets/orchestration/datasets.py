"""What a dataset is: a name, a CSV and the settings that shape its corpus.

What belongs here: names, the datasets that there are, which assets one has by its settings, what
each is made from and its code version, which Dagster compares. What does not: the settings
themselves (`settings.py`), what there is to know of an asset (`specs.py`), Dagster, artifacts.

A dataset is data, not code. ETTh1 is the first one and has no key prefix; any other dataset has
its name as the prefix of its asset keys and as its folder below `artifacts/`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from zwu_ts_assets.config.discovery import NAME
from zwu_ts_assets.config.settings import EXPORTS, Settings, shown
from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.orchestration.asset_spec import Specs, settings_digest, settings_of
from zwu_ts_assets.training.split_rule import SplitRule

_CARD: Final = ("title", "description", "source", "licence")


@dataclass(frozen=True)
class AssetNames:
    """What the assets of a dataset are called.

    Attributes:
        name: Lower-case name of the dataset: group and job of everything made from its CSV.
        prefix: Asset key prefix and folder below `artifacts/`; empty for ETTh1.
        specs: The assets that a dataset may have.

    Raises:
        CorpusError: A name that could not be a folder and an asset key on every machine.
    """

    name: str
    prefix: tuple[str, ...] = field(default=(), kw_only=True)
    specs: Specs = field(kw_only=True, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name in (self.name, *self.prefix):
            if not NAME.fullmatch(name):
                raise CorpusError(
                    f"dataset {shown(name)}: found a name that cannot be a folder and an asset "
                    "key everywhere; expected a lower-case letter and then at most 62 lower-case "
                    "letters, digits and underscores. Rename the dataset."
                )

    @property
    def raw_asset(self) -> str:
        """Name of the asset that reads the CSV, for example `etth1_raw`."""
        return f"{self.name}_raw"

    @property
    def csv_asset(self) -> str:
        """Name under which the lineage shows the CSV itself, for example `etth1_csv`."""
        return f"{self.name}_csv"

    def asset_name(self, name: str) -> str:
        """Name of an asset of this dataset by that in the specs; only `raw` differs."""
        return self.raw_asset if name == "raw" else name


@dataclass(frozen=True)
class Dataset(AssetNames):
    """A CSV and how its corpus is made.

    Attributes:
        csv: The CSV file.
        settings: What shapes the corpus.
        published_borders: Of the splits that publications about this dataset use.
        given: Settings by name that override those of the files beside the CSV.
        scope: What the keys of its resources begin with, where others have resources, too.
    """

    csv: Path
    settings: Settings
    published_borders: tuple[int, int, int, int] | None = None
    given: Mapping[str, object] = field(default_factory=dict, kw_only=True, compare=False)
    scope: str = field(default="", kw_only=True)

    def split_rule(self, rows: int) -> SplitRule:
        """How rows are divided: as the settings say, else at the published borders, else by ratios.

        Args:
            rows: Rows of the CSV; the published borders are for one that reaches to the last.
        """
        rule = self.settings.split
        if rule.is_given or self.published_borders is None or rows < self.published_borders[-1]:
            return rule
        return SplitRule(borders=self.published_borders, embargo_rows=rule.embargo_rows)

    @property
    def parameters(self) -> dict[str, object]:
        """The settings that shaped samples and conversations, by name: what an export tells.

        Not what only describes the data, and no folder of this machine.
        """
        told = self.settings_of(EXPORTS["qwen"])
        for name in (*_CARD, "export_media", "prompts"):
            del told[name]
        told["video_width"], told["video_height"] = self.settings.video_size
        return told

    def settings_of(self, asset: str) -> dict[str, object]:
        """The settings that matter to one asset, by name.

        Args:
            asset: The asset's name; `raw` or the dataset's own name for it.
        """
        return settings_of(self.settings, self.specs.of(asset))

    def settings_digest(self, asset: str) -> str:
        """Eight hexadecimal digits that change when a setting of that asset changes."""
        return settings_digest(self.settings, self.specs.of(asset))


@dataclass(frozen=True)
class BrokenDataset(AssetNames):
    """A dataset that cannot be defined, shown with the reason in the place where it would be.

    Attributes:
        csv: Its CSV, or the file or folder that the problem is about.
        problem: What is wrong and what to do, in a sentence.
        data_dir: The data folder.
    """

    csv: Path
    problem: str
    data_dir: Path


@dataclass(frozen=True)
class Datasets:
    """The datasets that were asked for.

    Attributes:
        sound: Those that can be defined.
        broken: The others: what is wrong with one takes no other one down.
    """

    sound: tuple[Dataset, ...]
    broken: tuple[BrokenDataset, ...]


def asset_inputs(dataset: Dataset) -> dict[str, tuple[str, ...]]:
    """What each asset of a dataset is made from, by name, in an order in which they can be made.

    The raw table is made from the CSV.
    """
    specs, settings = dataset.specs, dataset.settings
    named = {
        dataset.asset_name(spec.name): tuple(
            map(dataset.asset_name, specs.inputs(spec.name, settings).values())
        )
        for spec in specs.enabled(settings)
    }
    return {**named, dataset.raw_asset: (dataset.csv_asset,)}


def asset_names(dataset: Dataset) -> list[str]:
    """The assets of a dataset, in an order in which they can be made."""
    return list(asset_inputs(dataset))


def corpus_assets(dataset: Dataset) -> list[str]:
    """Those that every corpus has: all but the last mile."""
    return [name for name in asset_names(dataset) if not dataset.specs.of(name).last_mile]


def code_version(dataset: Dataset, asset: str) -> str:
    """Code version of an asset: ours, and a digest of the settings that matter to it.

    Dagster compares code versions, so a changed setting shows as out of date in the web UI too.
    """
    return f"{dataset.specs.of(asset).code_version}-{dataset.settings_digest(asset)}"
