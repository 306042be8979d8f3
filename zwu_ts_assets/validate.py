"""The command behind `validate`: exports in folders, held against CSV and tokenizer where they fit.

What belongs here: finding exports, their dataset and what to say of them. What does not: the checks
(`training/validation.py`), what the CSV says (`export_products.py`).
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from zwu_ts_assets import export_products, products
from zwu_ts_assets import training_products as training
from zwu_ts_assets.corpus.errors import CorpusError
from zwu_ts_assets.corpus.series import Series
from zwu_ts_assets.datasets import EXPORTS, Dataset
from zwu_ts_assets.environment import cache_dir, project_root
from zwu_ts_assets.io_managers import dataset_store, export_folder
from zwu_ts_assets.training.exports.manifest import read_manifest


def validate_folders(
    datasets: Sequence[Dataset],
    artifacts: Path,
    folders: Sequence[Path],
    format_name: str | None,
    say: Callable[[str], object],
) -> bool:
    """Check exports and say what was found.

    Args:
        datasets: Whose CSVs may be at hand.
        artifacts: The folder for the outputs; its exports are checked if no folder is named.
        folders: Folders of exports, wherever they are.
        format_name: Their format; None for what each says of itself.
        say: Prints a line.

    Returns:
        Whether all are sound.

    Raises:
        CorpusError: There is no export.
    """
    chosen = list(folders) or [
        folder
        for dataset in datasets
        for asset in EXPORTS.values()
        if (folder := dataset_store(artifacts, dataset.prefix).path(export_folder(asset))).is_dir()
    ]
    if not chosen:
        raise CorpusError(f"there is no export below {artifacts}; make some first: make export")
    sound = [_validate(datasets, folder, format_name, say) for folder in chosen]
    return all(sound)


def _validate(
    datasets: Sequence[Dataset],
    folder: Path,
    format_name: str | None,
    say: Callable[[str], object],
) -> bool:
    try:
        manifest = read_manifest(folder)
    except CorpusError as error:
        say(f"{folder}: {error}")
        return False
    dataset = next((each for each in datasets if each.name == manifest.dataset), None)
    series: Series | None = None
    counts = None
    if dataset is not None and dataset.csv.is_file():
        series = products.raw_product(dataset.csv, dataset.settings).value
        source = products.tokenizer_source(dataset.settings, project_root(), cache_dir())
        counts = training.TokenCounts(source)
    report = export_products.validate(
        folder, format_name or manifest.format, dataset, series, counts
    )
    say(
        f"{folder}: {report.conversations} conversations, {report.media} media files, "
        f"{len(report.problems)} problems"
    )
    for problem in report.problems:
        say(f"  {problem}")
    for sentence in report.not_checked:
        say(f"  not checked: {sentence}")
    return not report.problems
