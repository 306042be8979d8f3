"""The datasets that a command works on, one after another.

What belongs here: which they are, getting the CSVs that the project can get, and telling what went
wrong with some when all had their turn. What does not: the commands (`cli.py`).
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import click

from zwu_ts_assets.config.datasets import BrokenDataset, Dataset, Datasets, find_datasets
from zwu_ts_assets.config.discovery import ETTH1, SAMPLE, discover, passed_over
from zwu_ts_assets.config.environment import data_dir, dataset_names
from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.storage.data_mirror import bring_up_to_date, is_mirror, told


def data_folder() -> Path:
    """The folder with the CSVs, as they are now."""
    folder = data_dir()
    bring_up_to_date(folder)
    return folder


def each(found: Datasets, work: Callable[[Dataset], object]) -> None:
    """Work on one dataset after another; what is wrong with one is told when all had their turn.

    Args:
        found: The datasets.
        work: What to do with each.

    Raises:
        click.ClickException: What is wrong, in a line for each dataset that has something.
    """
    problems = {dataset.name: dataset.problem for dataset in found.broken}
    for dataset in found.sound:
        try:
            work(dataset)
        except CorpusError as error:
            problems[dataset.name] = str(error)
        except click.ClickException as error:
            problems[dataset.name] = error.message
    if problems:
        alone = len(found.sound) + len(found.broken) == 1
        lines = [text if alone else f"{name}: {text}" for name, text in problems.items()]
        raise click.ClickException(told("\n".join(lines)))


def datasets_with_a_csv(names: Sequence[str]) -> Datasets:
    """The datasets to work on; without ETTh1.csv, a network and another CSV, the bundled sample.

    Args:
        names: Those that were asked for; none: what the environment says, or all that there are.

    Raises:
        CorpusError: An unknown name, or a folder that cannot be used.
    """
    asked = list(names) or dataset_names()
    folder = data_folder()
    found = find_datasets(folder, asked)
    say_what_is_passed_over(folder, asked)
    alone = len(found.sound) + len(found.broken) == 1
    sound, broken = [], list(found.broken)
    for dataset in found.sound:
        problem = "" if dataset.csv.exists() else _get_csv(dataset)
        if not problem:
            sound.append(dataset)
        elif dataset.name == ETTH1 and alone and not is_mirror(dataset.csv.parent):
            click.echo(f"{problem}; building the synthetic sample dataset instead.", err=True)
            return datasets_with_a_csv([SAMPLE])
        elif asked or alone:
            prefix = dataset.prefix
            broken.append(
                BrokenDataset(dataset.name, dataset.csv, problem, data_dir(), prefix=prefix)
            )
        else:
            click.echo(told(f"{problem}; going on without it."), err=True)
    return Datasets(tuple(sound), tuple(broken))


def say_what_is_passed_over(folder: Path, asked: Sequence[str]) -> None:
    """Mention the files of the data folder that are not read, unless datasets were named."""
    if not asked and (sentence := passed_over(discover(folder))):
        click.echo(told(sentence), err=True)


def _get_csv(dataset: Dataset) -> str:
    """Get a CSV that the project can get; why it is not there, if it cannot."""
    from zwu_ts_assets.config.download import download_etth1

    try:
        if is_mirror(dataset.csv.parent):
            return f"{dataset.csv} is not there; copy it there"
        if dataset.name == SAMPLE:
            _write_sample(dataset)
        elif dataset.name == ETTH1:
            click.echo(f"{dataset.csv} is not there; downloading it.", err=True)
            download_etth1(dataset.csv)
    except CorpusError as error:
        return str(error)
    return ""


def _write_sample(dataset: Dataset) -> None:
    from zwu_ts_assets.storage.folder_store import FolderStore
    from zwu_ts_assets.timeseries.sample import sample_csv

    try:
        FolderStore(dataset.csv.parent).write(dataset.csv.name, sample_csv())
    except OSError as error:
        raise CorpusError(
            f"{dataset.csv.parent} cannot be written ({error.strerror}); make it writable, or set "
            "ZWU_TS_DATA_DIR"
        ) from error
