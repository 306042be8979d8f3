"""The command behind `publish`: an export of the artifacts folder, pushed to the Hugging Face hub.

What belongs here: which files, whether their licence lets them be shared, and the client of the
hub. What does not: making exports, what a card says.

The client takes its token, and the hub's address, from where `huggingface_hub` looks for them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import cast

from zwu_ts_assets.config.settings import EXPORTS
from zwu_ts_assets.errors import CorpusError, entered
from zwu_ts_assets.orchestration.datasets import Dataset
from zwu_ts_assets.orchestration.layout import dataset_store, export_folder
from zwu_ts_assets.orchestration.refresh.comparison import difference
from zwu_ts_assets.orchestration.work import WHOLE
from zwu_ts_assets.storage.places import Place
from zwu_ts_assets.training.card import forbids_adapted_material
from zwu_ts_assets.training.sample import SPLITS


@dataclass(frozen=True)
class Publication:
    """What is to be published.

    Attributes:
        repository: On the hub, `owner/name`.
        format_name: Format of the export.
        public: Whether everybody may see it.
        despite_licence: Whether the licence has been seen to in another way.
    """

    repository: str
    format_name: str = "huggingface"
    public: bool = False
    despite_licence: bool = False


def publish(
    dataset: Dataset,
    artifacts: Place,
    what: Publication,
    say: Callable[[str], object],
    *,
    dry_run: bool = False,
) -> None:
    """Push an export of a dataset to the hub, or say what would be pushed.

    Files of an earlier push that the export has no more are removed; what else is in the repository
    stays. Only files that a run made are pushed: no checkpoints beside them.

    Args:
        dataset: Whose export it is.
        artifacts: The folder for the outputs.
        what: Where to and how.
        say: Prints a line.
        dry_run: Only say it; nothing is sent, and no token is needed.

    Raises:
        CorpusError: The export is missing or out of date, its licence is unset or forbids adapted
            material, there is no token, the repository is public and should not be, or the hub
            refuses.
    """
    _check_licence(dataset, what)
    asset = EXPORTS[what.format_name]
    store, folder = dataset_store(artifacts, dataset.prefix), export_folder(asset, dataset.specs)
    found = difference(dataset, artifacts, [asset])
    record = found.current.get((asset, WHOLE))
    if record is None:
        raise CorpusError(
            f"{dataset.name}: the export {what.format_name} is missing or out of date. Make it: "
            f"{entered('export', dataset.name, '--format', what.format_name)}"
        )
    files = {name.removeprefix(f"{folder}/"): file.bytes for name, file in record.files.items()}
    seen_by = "everybody" if what.public else "you and your organisation alone"
    verb = "would push" if dry_run else "pushing"
    say(
        f"{dataset.name}: {verb} {len(files):,} files, {sum(files.values()):,} bytes, to the "
        f"dataset {what.repository}, seen by {seen_by}"
    )
    for name, size in sorted(files.items()):
        say(f"  {size:>14,}  {name}")
    if dry_run:
        return
    with store.opened(folder) as here:
        say(_push(str(here), list(files), what))


def _check_licence(dataset: Dataset, what: Publication) -> None:
    licence = dataset.settings.licence
    if what.despite_licence or (licence and not forbids_adapted_material(licence)):
        return
    reason = (
        f"the licence {licence} of its series does not allow sharing adapted material, which an "
        "export is"
        if licence
        else "its settings name no licence, and without one nobody may share it"
    )
    raise CorpusError(
        f"{dataset.name} is not published: {reason}. Set `licence` beside the CSV if that is "
        "wrong; if whoever owns the series allows it, add --despite-licence."
    )


def _push(folder: str, files: list[str], what: Publication) -> str:
    """Push files of a folder; return the address of the commit."""
    from huggingface_hub import HfApi, get_token
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    # The error of whatever library the client talks with.
    http_error = cast(type[Exception], HfHubHTTPError.__bases__[0])
    if get_token() is None:
        raise CorpusError("there is no token of the hub. Sign in: hf auth login, or set HF_TOKEN")
    hub = HfApi(library_name="zwu_ts_assets")
    try:
        private = not what.public
        hub.create_repo(what.repository, repo_type="dataset", private=private, exist_ok=True)
        if bool(hub.dataset_info(what.repository).private) != private:
            raise CorpusError(
                f"the dataset {what.repository} is there already, and "
                + ("everybody sees it" if private else "it is private")
                + ". Change that on the hub, name another, or "
                + ("add --public" if private else "leave out --public")
            )
        done = hub.upload_folder(
            repo_id=what.repository,
            repo_type="dataset",
            folder_path=folder,
            allow_patterns=files,
            delete_patterns=_former(files),
            commit_message="Publish an export of zwu_ts_assets",
        )
    except HFValidationError as error:
        raise CorpusError(f"{what.repository!r} is no name on the hub: {error}") from error
    except HfHubHTTPError as error:
        told = error.server_message or str(error).splitlines()[0]
        raise CorpusError(f"the hub refuses {what.repository}: {told}") from error
    except (http_error, OSError) as error:
        raise CorpusError(f"the hub at {hub.endpoint} cannot be reached: {error}") from error
    return str(done.commit_url)


def _former(files: Sequence[str]) -> list[str]:
    """Patterns of what an earlier push may have left: in the same folders, and named by a split."""
    found: dict[str, None] = {}
    for path in map(PurePosixPath, files):
        if len(path.parts) > 1:
            found[f"{path.parts[0]}/*"] = None
        elif split := next((each for each in SPLITS if path.name.startswith(each)), ""):
            found[f"{split}*{path.suffix}"] = None
    return list(found)
