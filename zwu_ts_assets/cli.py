"""The command line: build what is out of date, say what that is, start the web UI.

What belongs here: the commands behind `make run` and `make dev` and what they print. What does
not: deciding what is out of date (`comparison.py`) and making it (the assets).
"""

import json
import os
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from zwu_ts_assets.config.discovery import ETTH1, NAME, SAMPLE, file_remark, truth_file
from zwu_ts_assets.config.environment import (
    ARTIFACTS_DIR_VARIABLE,
    DATASETS_VARIABLE,
    KEEP_RUNS_VARIABLE,
    NO_TOKEN,
    WEB_ADDRESSES_VARIABLE,
    WEB_TOKEN_VARIABLE,
    artifacts_dir,
    checked_dask_address,
    dask_address,
    data_dir,
    dataset_names,
    project_root,
    readers_umask,
    web_addresses,
    web_token,
)
from zwu_ts_assets.config.new_project import configure_instance, make_project
from zwu_ts_assets.config.settings import EXPORTS
from zwu_ts_assets.errors import CorpusError, entered
from zwu_ts_assets.orchestration.chosen_datasets import (
    data_folder,
    datasets_with_a_csv,
    each,
    find_datasets,
    names_of_paths,
    say_what_is_passed_over,
)
from zwu_ts_assets.orchestration.datasets import Dataset, asset_names
from zwu_ts_assets.orchestration.terminal import plain
from zwu_ts_assets.orchestration.web.addresses import LOOPBACK, own_addresses
from zwu_ts_assets.storage.data_mirror import is_mirror, told
from zwu_ts_assets.training.split_rule import SPLITS

if TYPE_CHECKING:
    from zwu_ts_assets.scoring.report import Material
    from zwu_ts_assets.timeseries.synthetic import Difficulty


def _by_name(context: click.Context, option: click.Parameter, words: tuple[str, ...]) -> list[str]:
    return names_of_paths(words)


_names = click.argument(
    "names", nargs=-1, metavar="[DATASET | path/to/table.csv]...", callback=_by_name
)

_INTERRUPTED = 130  # as shells tell it

_KEPT_RUNS = "500"  # under `dev`, 200 MB of refreshes of three batches


class _Group(click.Group):
    """Prints a user's mistake as one line instead of a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except CorpusError as error:
            raise click.ClickException(told(str(error))) from error
        except KeyboardInterrupt as error:
            kept = str(error) or "what was finished is kept"
            click.echo(f"Interrupted: {kept}; run again to go on", err=True)
            ctx.exit(_INTERRUPTED)
        except Exception as error:
            if sentence := _sentence_of(error):
                raise click.ClickException(sentence) from error
            raise


def _sentence_of(error: BaseException | None) -> str:
    """What a user can mend about folders, disks and Dagster's database; empty if it is not that."""
    from zwu_ts_assets.orchestration.failures import database_problem, unusable

    home = Path(os.environ.get("DAGSTER_HOME", ""))
    while error is not None:
        if isinstance(error, OSError):
            at_home = error.filename is not None and Path(error.filename).is_relative_to(home)
            variable = "DAGSTER_HOME" if at_home else ARTIFACTS_DIR_VARIABLE
            sentence = unusable(error, artifacts_dir(), variable)
        else:
            sentence = database_problem(str(error), home)
        if sentence:
            return sentence
        error = error.__cause__ or error.__context__
    return ""


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="zwu-ts-assets")
def main() -> None:
    """Turn a time-series CSV into a multimodal corpus for Qwen3-VL."""
    if click.get_current_context().invoked_subcommand == "init":
        return  # the folder around the new one stays as it is
    # Dagster keeps its run history in the project's own folder unless told otherwise.
    own = os.environ.get("DAGSTER_HOME")
    home = Path(own or project_root() / ".dagster").resolve()
    os.environ["DAGSTER_HOME"] = str(home)  # absolute, or Dagster refuses it with a traceback
    hidden = readers_umask()
    before = os.umask(hidden)  # of all that is made from here on, also by what is started
    click.get_current_context().call_on_close(lambda: os.umask(before))
    home.mkdir(parents=True, exist_ok=True)
    if not own:
        with suppress(OSError):  # of another user, who decides
            home.chmod(home.stat().st_mode & ~hidden & 0o777)
        configure_instance(home)


def _address(context: click.Context, option: click.Parameter, value: str | None) -> str:
    """The Dask scheduler of the command line, or else of the environment."""
    return dask_address() if value is None else checked_dask_address(value, "--dask")


_dask_option = click.option(
    "--dask",
    callback=_address,
    metavar="ADDRESS",
    help="A Dask scheduler whose workers do it, e.g. tcp://127.0.0.1:8786.",
)


def _run_dataset(
    dataset: Dataset, workers: int, dask: str, force: bool, also: Sequence[str] = ()
) -> None:
    started = time.monotonic()
    # Dagster takes a while to import, and the CSVs may not be there.
    from zwu_ts_assets.orchestration.dataset_run import run_dataset

    run_dataset(dataset, workers, dask, force, started, also)


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
def init(folder: Path) -> None:
    """Make a project folder: data/, artifacts/, settings with comments, Dagster's configuration."""
    for path in make_project(folder):
        click.echo(path)
    click.echo(f"Copy a CSV into {folder / 'data'}, then: cd {folder} && zwu-ts-assets run")


@main.command()
@_names
@click.option("--workers", default=0, help="Worker processes; 0 for one per processor.")
@_dask_option
@click.option("--force", is_flag=True, help="Make again also what is current.")
def run(names: list[str], workers: int, dask: str, force: bool) -> None:
    """Materialize what is missing or out of date, through Dagster, in one run per dataset."""
    each(
        datasets_with_a_csv(names),
        lambda dataset: _run_dataset(dataset, workers, dask, force),
    )


@main.command()
@_names
@click.option("--format", "formats", multiple=True, help="Of these; all, if none is named.")
@click.option("--workers", default=0, help="Worker processes; 0 for one per processor.")
@_dask_option
@click.option("--force", is_flag=True, help="Make again also what is current.")
def export(
    names: list[str], formats: tuple[str, ...], workers: int, dask: str, force: bool
) -> None:
    """Make what trainers load: samples, the preflight report and exports."""
    for name in formats:
        if name not in EXPORTS:
            raise CorpusError(f"there is no format {name!r}; the formats are: {', '.join(EXPORTS)}")
    also = ["preflight", *(EXPORTS[name] for name in formats or EXPORTS)]
    each(
        datasets_with_a_csv(names),
        lambda dataset: _run_dataset(dataset, workers, dask, force, also),
    )


@main.command()
@_names
@click.option("--workers", default=0, help="Worker processes; 0 for one per processor.")
@_dask_option
def preflight(names: list[str], workers: int, dask: str) -> None:
    """Report what each trainer would make of the corpus: tokens, sizes, frames, legibility."""
    from zwu_ts_assets.orchestration.layout import dataset_store, file_names
    from zwu_ts_assets.orchestration.work import WHOLE

    def report(dataset: Dataset) -> None:
        _run_dataset(dataset, workers, dask, False, ["preflight"])
        store = dataset_store(artifacts_dir(), dataset.prefix)
        files = file_names("preflight", WHOLE, dataset.specs)
        click.echo(plain(store.read(files["report"]).decode("utf-8")))

    each(datasets_with_a_csv(names), report)


@main.command()
@_names
@click.option("--workers", default=0, help="Worker processes; 0 for one per processor.")
@_dask_option
@click.option("--open", "in_browser", is_flag=True, help="Open it in the browser, too.")
def look(names: list[str], workers: int, dask: str, in_browser: bool) -> None:
    """Make the gallery: pages of every sample, task and split. Print which page to open."""
    from zwu_ts_assets.orchestration.assets.gallery_products import page_to_open

    chosen = datasets_with_a_csv(names)
    each(chosen, lambda dataset: _run_dataset(dataset, workers, dask, False, ["gallery"]))
    page, sentence = page_to_open(chosen.sound, artifacts_dir())
    click.echo(sentence)
    if in_browser and page:
        click.launch(page)


@main.command()
@_names
@click.option("--workers", default=0, help="Worker processes; 0 for one per processor.")
@_dask_option
def evidence(names: list[str], workers: int, dask: str) -> None:
    """Prove that questions need their media: a blind reader, and one that sees pixels alone."""
    from zwu_ts_assets.orchestration.layout import dataset_store, file_names
    from zwu_ts_assets.orchestration.work import WHOLE

    def proof(dataset: Dataset) -> None:
        _run_dataset(dataset, workers, dask, False, ["evidence"])
        store = dataset_store(artifacts_dir(), dataset.prefix)
        files = file_names("evidence", WHOLE, dataset.specs)
        click.echo(f"{dataset.name}:")
        click.echo(plain(store.read(files["report"]).decode("utf-8")))
        problems = json.loads(store.read(files["numbers"]))["problems"]
        if problems:
            told = "1 task is" if len(problems) == 1 else f"{len(problems)} tasks are"
            raise CorpusError(f"{dataset.name}: {told} not proven, as told above")

    each(datasets_with_a_csv(names), proof)


@main.command()
@click.argument(
    "predictions",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path),
    metavar="PREDICTIONS.jsonl [AFTER.jsonl]...",
)
@click.option("--dataset", "name", default=ETTH1, show_default=True, help="Whose questions.")
@click.option("--split", default="test", show_default=True, type=click.Choice(SPLITS))
@click.option(
    "--questions",
    "question_files",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Parquet files of questions, instead of those of a dataset.",
)
@click.option(
    "--samples",
    "sample_files",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Parquet files of samples beside --questions; forecasts need them.",
)
@click.option(
    "--evidence",
    "evidence_file",
    type=click.Path(path_type=Path),
    help="The numbers of the proof beside --questions.",
)
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write table, numbers and plot into this folder.",
)
def score(
    predictions: tuple[Path, ...],
    name: str,
    split: str,
    question_files: tuple[Path, ...],
    sample_files: tuple[Path, ...],
    evidence_file: Path | None,
    output: Path | None,
) -> None:
    """Score what a model answered: JSON Lines with `id` and `prediction`, its raw text.

    Further files, such as the answers after training, are compared with the first.
    """
    from zwu_ts_assets.scoring.files import read_evidence, read_questions, read_samples
    from zwu_ts_assets.scoring.pages import terminal_text
    from zwu_ts_assets.scoring.report import Material, score_files, write_report

    if question_files:
        material = Material(
            [question for path in question_files for question in read_questions(path)],
            [sample for path in sample_files for sample in read_samples(path)],
            read_evidence(evidence_file) if evidence_file else None,
        )
    elif sample_files or evidence_file:
        raise click.UsageError("--samples and --evidence stand beside --questions; add it")
    else:
        material = _material_of(name)
    report = score_files(predictions, material, split)
    click.echo(terminal_text(report.scores, report.comparisons))
    if output is not None:
        for path in write_report(report, output):
            click.echo(path)


def _material_of(name: str) -> "Material":
    """Questions, samples and proof of a dataset as they are: predictions were made of these."""
    from zwu_ts_assets.orchestration.assets.question_products import read_questions
    from zwu_ts_assets.orchestration.assets.sample_views import samples_of
    from zwu_ts_assets.orchestration.layout import dataset_store, file_names
    from zwu_ts_assets.orchestration.work import WHOLE
    from zwu_ts_assets.scoring.report import Material

    dataset = _dataset_called(name)
    store = dataset_store(artifacts_dir(), dataset.prefix)
    try:
        files = {
            role: {
                key: store.read(path)
                for key, path in file_names(role, WHOLE, dataset.specs).items()
            }
            for role in ("questions", "samples")
        }
    except FileNotFoundError as error:
        raise CorpusError(
            f"{name} has no questions yet; make them: {entered('evidence', name)}"
        ) from error
    try:
        proof = json.loads(store.read(file_names("evidence", WHOLE, dataset.specs)["numbers"]))
    except FileNotFoundError:  # said in the table by empty columns
        proof = None
    return Material(read_questions(files["questions"]), samples_of(files["samples"]), proof)


@main.command()
@click.argument("folders", nargs=-1)
@click.option("--format", "format_name", help="Its format; unset: what its corpus.json says.")
@click.option(
    "--minutes",
    type=click.FloatRange(min=0, min_open=True),
    default=360,
    show_default=True,
    help="So long each export is looked at.",
)
def validate(folders: tuple[str, ...], format_name: str | None, minutes: float) -> None:
    """Check exports: those of the artifacts folder, of a dataset, or any in other FOLDERS."""
    from zwu_ts_assets.orchestration.assets.validate import validate_folders
    from zwu_ts_assets.storage.places import printed_place

    found = find_datasets(data_folder(), dataset_names())
    # What is no folder may be the name of a dataset.
    known = {dataset.name for dataset in (*found.sound, *found.broken)}
    names = [word for word in folders if word in known and not Path(word).exists()]
    places = [printed_place(word) for word in folders if word not in names]
    broken = [dataset for dataset in found.broken if dataset.name in names or not folders]
    for dataset in broken:
        click.echo(told(f"{dataset.name}: {dataset.problem}"), err=True)
    sound = not broken
    if places or not folders or len(broken) < len(names):  # there is something to look at
        sound &= validate_folders(
            found.sound, artifacts_dir(), places, format_name, click.echo, names, 60 * minutes
        )
    if not sound:
        raise click.ClickException("Not every export is sound.")


@main.command()
@click.argument("repository", metavar="OWNER/NAME")
@click.option("--dataset", "name", default=ETTH1, show_default=True, help="Whose export.")
@click.option(
    "--format",
    "format_name",
    default="huggingface",
    show_default=True,
    type=click.Choice(list(EXPORTS)),
)
@click.option("--public", is_flag=True, help="Let everybody see it; else it is private.")
@click.option(
    "--despite-licence",
    is_flag=True,
    help="Although the licence is unset or forbids adapted material: you may.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be pushed, and push nothing.")
def publish(
    repository: str,
    name: str,
    format_name: str,
    public: bool,
    despite_licence: bool,
    dry_run: bool,
) -> None:
    """Push an export to the Hugging Face hub, as the dataset OWNER/NAME."""
    from zwu_ts_assets.orchestration.assets.publish import Publication
    from zwu_ts_assets.orchestration.assets.publish import publish as push

    if repository.count("/") != 1 or not all(repository.split("/")):
        raise CorpusError(f"{repository!r}: expected OWNER/NAME, such as jane/etth1-windows")
    what = Publication(repository, format_name, public, despite_licence)
    push(_dataset_called(name), artifacts_dir(), what, click.echo, dry_run=dry_run)


def _dataset_called(name: str) -> Dataset:
    found = find_datasets(data_folder(), dataset_names())
    for dataset in found.sound:
        if dataset.name == name:
            return dataset
    known = ", ".join(each.name for each in found.sound) or "none"
    raise CorpusError(f"there is no dataset {name!r} (there is {known}); name it in --dataset")


@main.command()
@click.argument("names", nargs=-1, metavar="[BENCHMARK]...")
@click.option("--list", "listed", is_flag=True, help="List what can be fetched.")
def fetch(names: tuple[str, ...], listed: bool) -> None:
    """Download benchmark files of the forecasting literature into the data folder.

    Each is compared with its published sha256, and gets settings with its published borders.
    """
    from zwu_ts_assets.config.download import benchmark_table
    from zwu_ts_assets.config.download import fetch as get

    if listed:
        click.echo(benchmark_table())
    elif not names:
        raise click.UsageError("name what to fetch, or list it with --list")
    folder = _own_data_folder()
    problems = []
    for name in names:
        try:
            for sentence in get(name, folder):
                click.echo(sentence)
        except CorpusError as error:
            problems.append(str(error))
    if problems:
        raise click.ClickException("\n".join(problems))


@main.command()
@click.option("--name", default="synthetic", show_default=True, help="Of the dataset.")
@click.option("--rows", default=4000, show_default=True, help="Hourly rows.")
@click.option("--columns", default=5, show_default=True, help="Columns of values.")
@click.option("--seed", default=0, show_default=True, help="Of all that is drawn.")
@click.option(
    "--difficulty",
    default="medium",
    show_default=True,
    type=click.Choice(["easy", "medium", "hard"]),
    help="How much noise there is, and how small anomalies are.",
)
def synthetic(name: str, rows: int, columns: int, seed: int, difficulty: "Difficulty") -> None:
    """Make a series whose every attribute is known, with its truth in a file beside it."""
    from zwu_ts_assets.storage.folder_store import FolderStore
    from zwu_ts_assets.timeseries.synthetic import preset_of, synthetic_series

    if not NAME.fullmatch(name):
        raise CorpusError(
            f"{name!r} is no name of a dataset; expected lower-case letters, digits and "
            "underscores, a letter first"
        )
    csv, truth = synthetic_series(rows, columns, seed, difficulty)
    folder = _own_data_folder()
    # The table last: as soon as it is there it is a dataset, whose settings keep labels out.
    files = {
        truth_file(name): truth.to_json(),
        f"{name}.toml": preset_of(truth).encode("ascii"),
        f"{name}.csv": csv,
    }
    for file, content in files.items():
        path = folder / file
        if path.exists() and path.read_bytes() != content:
            raise CorpusError(
                f"{path} is there and would be changed; nothing was written: give another --name, "
                "or remove the file"
            )
    for file, content in files.items():
        FolderStore(folder).write(file, content)
        click.echo(folder / file)


def _own_data_folder() -> Path:
    """The folder with the CSVs, into which may be written.

    Raises:
        CorpusError: It is a copy of what lies behind a URL.
    """
    folder = data_dir()
    if is_mirror(folder):
        raise CorpusError(
            f"{told(str(folder))} is followed from here, and nothing is written there; copy the "
            "file there, or set ZWU_TS_DATA_DIR to a folder"
        )
    return folder


@main.command()
@_names
def status(names: list[str]) -> None:
    """List what is out of date, and why; change nothing."""
    from zwu_ts_assets.orchestration.layout import foreign_sentence
    from zwu_ts_assets.orchestration.refresh.comparison import difference, out_of_date_sentence

    asked = names or dataset_names()
    folder = data_folder()
    found = find_datasets(folder, asked)
    say_what_is_passed_over(folder, asked)
    if not asked and not found.broken and [each.name for each in found.sound] == [ETTH1]:
        bundled = find_datasets(folder, [SAMPLE])
        (alone,), instead = found.sound, bundled.sound
        # `run` has built the bundled dataset if it could not get ETTh1.
        if not alone.csv.exists() and all(each.csv.exists() for each in instead):
            click.echo(told(f"{alone.name}: {alone.csv} is not there"))
            found = bundled

    def tell(dataset: Dataset) -> None:
        if (
            dataset.name == ETTH1
            and not asked
            and len(found.sound) > 1
            and not dataset.csv.exists()
        ):
            click.echo(told(f"{dataset.name}: {dataset.csv} is not there"))  # nobody misses it
            return
        compared = difference(dataset, artifacts_dir(), with_splits=True)
        stale = compared.stale
        click.echo(f"{dataset.name}: {len(stale)} artifacts out of date")
        for asset in asset_names(dataset):
            if items := [item for item in stale if item.asset == asset]:
                click.echo(f"  {asset:<20} {out_of_date_sentence(items)}")
        for asset, names in compared.foreign.items():
            click.echo(f"  {asset:<20} {foreign_sentence(names)}")
        remarks = (file_remark(dataset.name, dataset.csv), *compared.remarks)
        for remark in filter(None, (*remarks, *compared.outlook(dataset))):
            click.echo(told(f"  {remark}"))

    each(found, tell)


@main.command()
@_names
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=3000, show_default=True)
@click.option(
    "--address",
    "addresses",
    multiple=True,
    metavar="URL",
    help="Under which it is opened too, such as https://corpus.example.com behind a proxy.",
)
@click.option("--no-token", is_flag=True, help="Let in whoever reaches it from this machine.")
def dev(names: list[str], host: str, port: int, addresses: tuple[str, ...], no_token: bool) -> None:
    """Start the Dagster web UI and daemon on this machine."""
    from zwu_ts_assets.orchestration.event_log import instance_of_home
    from zwu_ts_assets.orchestration.partitions import register_batches

    if addresses:
        os.environ[WEB_ADDRESSES_VARIABLE] = " ".join([*web_addresses(), *addresses])
    if no_token:
        os.environ[WEB_TOKEN_VARIABLE] = NO_TOKEN
    web_token()
    own_addresses(host, port, web_addresses(), f"--address or {WEB_ADDRESSES_VARIABLE}")
    if host not in LOOPBACK:
        click.echo(
            f"Warning: {host} is reachable from other machines, "
            + (
                "and the web UI has no password: whoever reaches it can start runs and read "
                "artifacts."
                if web_token() is None
                else "and what is sent there is not encrypted, the token included: put a proxy "
                "with TLS before it."
            ),
            err=True,
        )
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        # Dagster's web server would fail on a port in use, and leave the daemon running alone.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise click.ClickException(
                f"{host}:{port} cannot be used ({error.strerror}); name another: --port {port + 1}"
            ) from None
    with instance_of_home() as instance:
        found = datasets_with_a_csv(names)
        for dataset in found.sound:
            try:
                click.echo(f"{dataset.name}: {register_batches(instance, dataset)} batches")
            except CorpusError as error:  # the web UI is where the other datasets are looked at
                click.echo(told(f"{dataset.name}: {error}"), err=True)
        for broken in found.broken:
            click.echo(told(f"{broken.name}: {broken.problem}"), err=True)
    if [dataset.name for dataset in found.sound] == [SAMPLE]:
        names = [SAMPLE]  # also where it stands in for what is not there
    if names:
        os.environ[DATASETS_VARIABLE] = ",".join(names)
    # Nobody looks after the run history of a machine that is left alone for months.
    os.environ.setdefault(KEEP_RUNS_VARIABLE, _KEPT_RUNS)
    # The first look at a large CSV takes longer than the minute that Dagster gives a sensor.
    os.environ.setdefault("DAGSTER_SENSOR_GRPC_TIMEOUT_SECONDS", "600")
    command = [sys.executable, "-m", "zwu_ts_assets.orchestration.web.dev", "-m", "zwu_ts_assets"]
    command += ["--host", host, "--port", str(port)]
    os.execv(sys.executable, command)  # noqa: S606 - our own interpreter, no shell
