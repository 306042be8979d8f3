"""What each artifact comes from, told before it is made.

What belongs here: one function per asset that names what its artifacts are made from in a string,
from what is known of its inputs. A run and a look at what is out of date call the same function.
What does not: which asset has which inputs (`specs.py`), making anything.

The functions are imported with the definitions: what is heavy, they import themselves.
"""

from collections.abc import Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING

from zwu_ts_assets.orchestration.contexts import Inputs
from zwu_ts_assets.orchestration.work import WHOLE, Origin
from zwu_ts_assets.storage.artifact_store import digest
from zwu_ts_assets.training.split_rule import SPLITS

if TYPE_CHECKING:
    from zwu_ts_assets.training.prompts import PromptTemplates


def of_raw(inputs: Inputs, keys: Sequence[str]) -> dict[str, Origin]:
    """The raw table is made from the bytes of the CSV."""
    return {WHOLE: Origin(inputs.csv_sha256)}


def of_windows(inputs: Inputs, keys: Sequence[str]) -> dict[str, Origin]:
    """A batch is made from the rows of its windows, and knows how many target rows each has."""
    from zwu_ts_assets.orchestration.assets.batch_products import batch_product, feature_selection

    dataset, series = inputs.dataset, inputs.series()
    shown = feature_selection(dataset, series)
    found = {}
    for key in keys:
        product = batch_product(int(key), series=series, settings=dataset.settings, shown=shown)
        content = product.version or ""
        made_from = digest(content, " ".join(map(str, product.value.target_rows)))
        found[key] = Origin(made_from, content, product.details)
    return found


def of_colour_ranges(inputs: Inputs, keys: Sequence[str]) -> dict[str, Origin]:
    """The colour ranges are fitted on the windows of the training split, told by their batches."""
    from zwu_ts_assets.orchestration.assets.batch_products import (
        training_starts,
        training_versions,
    )

    versions = inputs.versions("batch_windows")
    training = training_starts(inputs.dataset, inputs.series(), versions)
    fitted = training_versions(training, versions, inputs.dataset.settings)
    return {WHOLE: Origin(digest(*(f"{batch}:{version}" for batch, version in fitted.items())))}


def of_figures(inputs: Inputs, keys: Sequence[str]) -> dict[str, Origin]:
    """A figure is made from its window, and from the fitted colour ranges where they are used."""
    windows, ranges = inputs.records["batch_windows"], inputs.version("colour_ranges")
    versions = {key: windows[key].version for key in keys if key in windows}
    return {
        key: Origin(digest(version, ranges) if ranges else version)
        for key, version in versions.items()
    }


def of_videos(inputs: Inputs, keys: Sequence[str]) -> dict[str, Origin]:
    """A video is made like a figure; its metadata say how much of the target exists."""
    windows, ranges = inputs.records["batch_windows"], inputs.version("colour_ranges")
    found = {}
    for key in (key for key in keys if key in windows):
        details = windows[key].details
        told = (str(details["target_span"]), str(details["target_rows"]))
        parts = (windows[key].version, *told, *([ranges] if ranges else []))
        found[key] = Origin(digest(*parts))
    return found


def of_stats(inputs: Inputs, keys: Sequence[str]) -> dict[str, Origin]:
    """The stats text is made from every window that exists, and says how many are known."""
    rows = (f"{batch}:{version}" for batch, version in inputs.versions("batch_windows").items())
    return {WHOLE: Origin(digest(str(inputs.batches), *rows))}


def of_vocabulary(inputs: Inputs, keys: Sequence[str]) -> dict[str, Origin]:
    """The small vocabulary is made from the stats text by a splitting function.

    Nothing that the settings name is executed for it.
    """
    from zwu_ts_assets.orchestration.assets.text_products import splitter_digest

    splitter = splitter_digest(inputs.dataset.settings, inputs.surroundings.allowed_code)
    return {WHOLE: Origin(digest(inputs.sha256("batch_stats", "text"), splitter))}


def of_tokens(inputs: Inputs, keys: Sequence[str]) -> dict[str, Origin]:
    """The token rows are made from the stats text by a tokenizer, told by its digest."""
    return {WHOLE: Origin(digest(inputs.sha256("batch_stats", "text"), _tokenizer(inputs)))}


def of_samples(inputs: Inputs, keys: Sequence[str]) -> dict[str, Origin]:
    """The samples are made from the versions of everything that the corpus has."""
    from zwu_ts_assets.orchestration.assets.training_products import series_digests

    of_series, *marks = series_digests(inputs.series())
    rows = [
        f"{asset} {batch} {version}"
        for asset in sorted(inputs.records)
        if inputs.dataset.specs[asset].per_batch
        for batch, version in inputs.versions(asset).items()
    ]
    stats, tokens = inputs.sha256("batch_stats", "text"), inputs.sha256("qwen_tokens", "rows")
    return {WHOLE: Origin(digest(of_series, stats, tokens, *rows, *marks))}


def of_questions(inputs: Inputs, keys: Sequence[str]) -> dict[str, Origin]:
    """The questions are made from the samples; of no sample nothing is made."""
    samples = inputs.records["samples"][WHOLE]
    if not any(samples.details[f"{name}_samples"] for name in SPLITS):
        return {}
    return {WHOLE: Origin(digest(samples.version, version("zwu-ts-assets")))}


def of_evidence(inputs: Inputs, keys: Sequence[str]) -> dict[str, Origin]:
    """The evidence is made from the questions and the media, whose versions the samples tell.

    So are the baselines, which look at no media.
    """
    if WHOLE not in inputs.records.get("questions", {}):
        return {}
    parts = (inputs.version("samples"), inputs.version("questions"), version("zwu-ts-assets"))
    return {WHOLE: Origin(digest(*parts))}


def of_worded(inputs: Inputs, keys: Sequence[str]) -> dict[str, Origin]:
    """Preflight and exports are made from samples and questions, introduced by prompts.

    Without questions there is nothing to make.
    """
    from zwu_ts_assets.orchestration.assets.sample_views import wording_digest

    questions = inputs.records.get("questions", {}).get(WHOLE)
    if questions is None or not questions.details["questions"]:
        return {}
    parts = [inputs.version("samples"), questions.version]
    parts += [
        inputs.version(asset) for asset in ("evidence", "baselines") if asset in inputs.records
    ]
    parts += [wording_digest(_templates(inputs)), _tokenizer(inputs)]
    return {WHOLE: Origin(digest(*parts))}


def of_gallery(inputs: Inputs, keys: Sequence[str]) -> dict[str, Origin]:
    """The gallery is made like an export, and also where no question is asked of the samples."""
    from zwu_ts_assets.orchestration.assets.sample_views import wording_digest

    if WHOLE not in inputs.records.get("questions", {}):
        return {}
    parts = [inputs.version(asset) for asset in ("samples", "questions", "evidence")]
    return {WHOLE: Origin(digest(*parts, wording_digest(_templates(inputs)), _tokenizer(inputs)))}


def prompts_digest(inputs: Inputs) -> str:
    """What the prompts are by which conversations are introduced.

    Raises:
        CorpusError: The prompts cannot be used.
    """
    return _templates(inputs).digest


def _templates(inputs: Inputs) -> "PromptTemplates":
    from zwu_ts_assets.orchestration.assets.sample_views import templates_of

    return templates_of(inputs.dataset, inputs.surroundings.project_dir)


def _tokenizer(inputs: Inputs) -> str:
    from zwu_ts_assets.orchestration.assets.text_products import tokenizer_source

    where = inputs.surroundings
    return tokenizer_source(inputs.dataset.settings, where.project_dir, where.cache_dir).digest
