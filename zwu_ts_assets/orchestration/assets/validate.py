"""The command behind `validate`: exports in folders, held against CSV and tokenizer where they fit.

What belongs here: finding exports, their dataset and what to say of them. What does not: the checks
(`training/validation.py`), what the CSV says (`export_checks.py`).
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from zwu_ts_assets.config.environment import cache_dir, project_root
from zwu_ts_assets.config.settings import EXPORTS, Settings
from zwu_ts_assets.errors import CorpusError, entered
from zwu_ts_assets.orchestration.assets import corpus_products as products
from zwu_ts_assets.orchestration.assets import export_checks
from zwu_ts_assets.orchestration.assets.export_products import parameters_of
from zwu_ts_assets.orchestration.assets.sample_views import TokenCounts
from zwu_ts_assets.orchestration.datasets import Dataset
from zwu_ts_assets.orchestration.layout import dataset_store, export_folder, opened
from zwu_ts_assets.orchestration.specs import SPECS
from zwu_ts_assets.orchestration.terminal import progress
from zwu_ts_assets.orchestration.work import WHOLE
from zwu_ts_assets.storage.artifact_store import ArtifactStore
from zwu_ts_assets.storage.data_mirror import told
from zwu_ts_assets.storage.places import Place
from zwu_ts_assets.timeseries.csv_rules import CsvRules
from zwu_ts_assets.timeseries.series import Series
from zwu_ts_assets.training.exports.manifest import MANIFEST
from zwu_ts_assets.training.exports.manifest_reading import Manifest, read_manifest
from zwu_ts_assets.training.validation import SECONDS

# The settings by which samples and answers are computed from the CSV again.
_SHAPING: Final = (
    "window_length",
    "window_stride",
    "horizon",
    "time_column",
    "features",
    "figure_features",
    "figure_columns",
    "line_plots",
    "tasks.",
    *CsvRules.__dataclass_fields__,
)


def validate_folders(
    datasets: Sequence[Dataset],
    artifacts: Place,
    folders: Sequence[Place],
    format_name: str | None,
    say: Callable[[str], object],
    names: Sequence[str] = (),
    seconds: float = SECONDS,
) -> bool:
    """Check exports and say what was found.

    Args:
        datasets: Whose CSVs may be at hand.
        artifacts: The folder for the outputs; its exports are checked if no folder is named.
        folders: Folders of exports, wherever they are; those behind a URL are copied to look at.
        format_name: Their format; None for what each says of itself.
        say: Prints a line.
        names: Datasets whose exports in the artifacts folder are checked as well; without folders
            and names, those of all datasets are.
        seconds: So long each is looked at.

    Returns:
        Whether all are sound.

    Raises:
        CorpusError: There is no export.
    """
    everything = not folders and not names
    chosen = list(folders) + [
        folder
        for dataset in datasets
        if everything or dataset.name in names
        for asset in EXPORTS.values()
        if _is_export(store := dataset_store(artifacts, dataset.prefix), asset)
        for folder in [store.path(export_folder(asset, SPECS))]
    ]
    if not chosen:
        raise CorpusError(
            f"there is no export below {artifacts}; make some first: {entered('export')}"
        )
    sound = []
    with progress("validate", {str(place): 1.0 for place in chosen}) as shown:
        tell = shown.beside(say)
        for place in chosen:
            shown.begin(str(place))
            with opened(place) as folder:
                sound.append(_validate(datasets, place, folder, format_name, tell, seconds))
    return all(sound)


def _is_export(store: ArtifactStore, asset: str) -> bool:
    """Whether there is an export, or should be: its folder may hold files of others alone."""
    manifest = f"{export_folder(asset, SPECS)}/{MANIFEST}"
    return store.is_there(manifest) or store.record(asset, WHOLE) is not None


def _validate(
    datasets: Sequence[Dataset],
    place: Place,
    folder: Path,
    format_name: str | None,
    say: Callable[[str], object],
    seconds: float,
) -> bool:
    """Check an export that is in a place, and now in a folder of this machine."""
    try:
        manifest = read_manifest(folder)
    except CorpusError as error:
        say(f"{place}: {error}".replace(str(folder), str(place)))
        return False
    dataset = next((each for each in datasets if each.name == manifest.dataset), None)
    series, without_numbers = _series(dataset, manifest)
    counts, without_counts = _counts(dataset, manifest)
    report = export_checks.validate(
        folder, format_name or manifest.format, dataset, series, counts, seconds
    )
    say(
        f"{place}: {report.conversations} conversations with "
        f"{report.questions} questions, {report.media} media files, "
        f"{len(report.problems)} problems"
    )
    for problem in report.problems:
        say(f"  {problem}".replace(str(folder), str(place)))
    for sentence in [*report.not_checked, *filter(None, [without_numbers, without_counts])]:
        say(f"  not checked: {sentence}")
    return not report.problems


def _series(dataset: Dataset | None, manifest: Manifest) -> tuple[Series | None, str]:
    """The table that an export was made from, or why there is none to hold it against."""
    if dataset is None:
        return None, f"The CSV of the dataset {manifest.dataset!r} is none of those defined here."
    now = parameters_of(dataset)
    # Of an export made earlier: with other settings, other samples and answers were right.
    changed = [
        f"{name} was {manifest.parameters.get(name)!r} and is {now.get(name)!r}"
        for name in dict.fromkeys([*now, *manifest.parameters])
        if name.startswith(_SHAPING) and manifest.parameters.get(name) != now.get(name)
    ]
    if changed:
        return None, f"The settings have changed since: {'; '.join(changed)}."
    try:
        return products.raw_product(dataset.csv, dataset.settings).value, ""
    except CorpusError as error:
        return None, told(f"The CSV cannot be used: {error}")


def _counts(dataset: Dataset | None, manifest: Manifest) -> tuple[TokenCounts | None, str]:
    """The tokenizer that an export was counted with, or why there is none to count again."""
    settings = dataset.settings if dataset else Settings.model_validate({})
    counts = TokenCounts(products.tokenizer_source(settings, project_root(), cache_dir()))
    if counts.name == manifest.tokenizer:
        return counts, ""
    return None, f"The tokenizer was {manifest.tokenizer!r} and is {counts.name!r}."
