"""What there is to know of an asset, and what follows from it for the settings of a dataset.

What belongs here: the type of an asset's description, and which values of the settings an asset is
made with. What does not: the descriptions (`specs.py`). So what knows the type need not know them.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from pydantic import BaseModel

from zwu_ts_assets.config.settings import Settings
from zwu_ts_assets.orchestration.work import Check, Make, Origin
from zwu_ts_assets.timeseries.csv_rules import CsvRules

# How a CSV is read. Windows tell by their content whether it mattered.
CSV_SETTINGS: Final = tuple(CsvRules.__dataclass_fields__)


def _as_they_are(settings: Settings, values: Mapping[str, object]) -> dict[str, object]:
    return dict(values)


@dataclass(frozen=True, kw_only=True)
class AssetSpec:
    """What there is to know of an asset without making it.

    Attributes:
        name: What it is called in every dataset; the asset `raw` alone is named after its dataset.
        description: What it holds, for the web UI and the reference, in whose table its first
            paragraph is.
        inputs: The assets that it is made from, by the name of the argument that gets them. One
            that is switched off is left out.
        origins: Tells what each of its artifacts comes from, given what is known of the inputs and
            the keys that are asked for; a key that is left out has no artifact.
        body: Called with the run and the inputs by argument when the asset is materialized; gives
            what makes the artifacts of some keys. None: only of the raw table.
        foretold: Whether its content version can be computed from the CSV without making it.
        made_with: What else it is made with, in a word, and a digest of that. Where that cannot be
            used, this asset is out of date, and the rest of the corpus is made.
        files: Its files below the dataset's folder, by their role in the product. `{key}` is the
            batch index, `{asset}` the asset's name. Empty for an asset that has a folder.
        window_file: Where windows overlap, a batch has several, and a folder with this file for
            each; `{role}` names the window's first row. Empty: one file for the whole batch.
        folder: The folder of an asset that decides itself which files it has.
        details: Details that others calculate with, and `float` or `str`: a record without them is
            damaged.
        settings: Names of the settings that matter to it: a change of any makes it out of date.
        digested: Maps all settings, and the values of these by name, to the values that are hashed.
        code_version: Without the digest of its settings.
        per_batch: Whether it has an artifact for each batch, and not one for all.
        io_manager: Key of the resource that writes and reads it.
        kinds: What the web UI shows as its kinds.
        checks: The checks that look at what it made; they run with it.
        last_mile: Whether it is made only for those who ask for it, and kept current from then on;
            it is compared once all that it is made from is current.
        asked_by: The setting, and the value of it or entry in it, that asks for an asset of the
            last mile.
        may_make_nothing: Whether a run of it may end without an artifact.
        effort: How long it takes to make for each batch, next to a figure; for the progress bar.
        enabled_by: The setting or property of the settings, and the value of it, that adds the
            asset; None: always there.
    """

    name: str
    description: str
    inputs: Mapping[str, str] = field(default_factory=dict)
    origins: Callable[..., Mapping[str, Origin]]
    body: Callable[..., Make] | None = None
    foretold: bool = False
    made_with: tuple[str, Callable[..., str]] | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    window_file: str = ""
    folder: str = ""
    details: Mapping[str, type[float] | type[str]] = field(default_factory=dict)
    settings: tuple[str, ...]
    digested: Callable[[Settings, Mapping[str, object]], dict[str, object]] = _as_they_are
    code_version: str = "1"
    per_batch: bool = False
    io_manager: str = "files_io"
    kinds: frozenset[str]
    checks: tuple[Check, ...] = ()
    last_mile: bool = False
    asked_by: tuple[str, object] | None = None
    may_make_nothing: bool = False
    effort: float = 0.1
    enabled_by: tuple[str, object] | None = None

    def is_enabled(self, settings: Settings) -> bool:
        """Whether a dataset with these settings has the asset."""
        return (
            self.enabled_by is None or getattr(settings, self.enabled_by[0]) == self.enabled_by[1]
        )

    def is_asked_for(self, settings: Settings) -> bool:
        """Whether the settings ask for this asset of the last mile."""
        if self.asked_by is None:
            return False
        name, entry = self.asked_by
        asked = getattr(settings, name)
        return entry in asked if isinstance(asked, tuple) else bool(entry == asked)

    @property
    def guards(self) -> tuple[str, ...]:
        """The names of its checks."""
        return tuple(check.name for check in self.checks)

    def group(self, dataset: str) -> str:
        """The group in which the web UI shows it: corpus, training data or exports of a dataset."""
        if self.folder.startswith("exports/"):
            return f"{dataset}_exports"
        return f"{dataset}_training" if self.last_mile else dataset

    @property
    def pictures(self) -> tuple[str, ...]:
        """The patterns of its figures, plots and videos: what the web UI shows of it."""
        found = (*self.files.values(), self.window_file)
        return tuple(name for name in found if name.endswith((".png", ".mp4")))

    @property
    def places(self) -> tuple[str, ...]:
        """The patterns of everything that it may have below the dataset's folder."""
        found = (*self.files.values(), self.window_file, self.folder and f"{self.folder}/")
        return tuple(filter(None, found))


@dataclass(frozen=True)
class Specs:
    """The assets of a dataset, in an order in which they can be made."""

    all: tuple[AssetSpec, ...]

    def __iter__(self) -> Iterator[AssetSpec]:
        return iter(self.all)

    def __getitem__(self, name: str) -> AssetSpec:
        for spec in self.all:
            if spec.name == name:
                return spec
        raise KeyError(name)

    def of(self, asset: str) -> AssetSpec:
        """The spec of an asset by its name.

        The raw table is named after its dataset. So is the CSV, which nobody makes: it has no spec
        of its own, and what is true of the raw table is true of it.

        Raises:
            KeyError: There is no such asset.
        """
        return self["raw" if asset.endswith(("_raw", "_csv")) else asset]

    @property
    def folders(self) -> frozenset[str]:
        """The topmost folders in which the assets of a dataset without a prefix lie."""
        places = (place for spec in self.all for place in spec.places)
        return frozenset(place.split("/")[0] for place in places if "/" in place)

    @property
    def per_batch(self) -> frozenset[str]:
        """The assets that have an artifact for each batch."""
        return frozenset(spec.name for spec in self.all if spec.per_batch)

    @property
    def last_mile(self) -> tuple[str, ...]:
        """The assets that are made for those who ask for them, and kept current from then on.

        Without the pictures that are drawn for them, which come along.
        """
        return tuple(spec.name for spec in self.all if spec.last_mile and not spec.per_batch)

    def enabled(self, settings: Settings) -> list[AssetSpec]:
        """The assets that a dataset with these settings has."""
        return [spec for spec in self.all if spec.is_enabled(settings)]

    def switched_off(self, settings: Settings) -> frozenset[str]:
        """The assets that the settings could add to a corpus, and do not."""
        return frozenset(spec.name for spec in self.all if not spec.is_enabled(settings))

    def inputs(self, name: str, settings: Settings) -> dict[str, str]:
        """What an asset is made from with these settings: assets by the names of its arguments."""
        return {
            argument: source
            for argument, source in self[name].inputs.items()
            if self[source].is_enabled(settings)
        }


# Most data needs none of these, so they are told only where they are not at their default.
_SELDOM: Final = (
    *("time_column", "window_stride", "figure_features", "figure_columns", "stats_format", "lags"),
    *("column_descriptions", "tell_description", "covariates", "events"),
    *CSV_SETTINGS,
)


def settings_of(settings: Settings, spec: AssetSpec) -> dict[str, object]:
    """The settings that matter to one asset, by name.

    Args:
        settings: Those of the dataset.
        spec: Of the asset.
    """
    values = {name: _plain(getattr(settings, name)) for name in spec.settings}
    if not settings.overlapping:  # a stride of the window's length is what an unset one means
        values.pop("window_stride", None)
    return {
        name: value
        for name, value in values.items()
        if name not in _SELDOM or value != _DEFAULTS[name]
    }


def settings_digest(settings: Settings, spec: AssetSpec) -> str:
    """Eight hexadecimal digits that change when a setting of that asset changes.

    They are of the settings that are not at their default, so that a further setting makes
    nothing out of date.

    Args:
        settings: Those of the dataset.
        spec: Of the asset.
    """
    shaping = spec.digested(settings, settings_of(settings, spec))
    changed = {name: value for name, value in shaping.items() if value != _DEFAULTS[name]}
    text = json.dumps(changed, sort_keys=True, default=list)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:8]


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return tuple(map(_plain, value))
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else value


_DEFAULTS: Final = {name: _plain(value) for name, value in Settings.model_validate({})}
