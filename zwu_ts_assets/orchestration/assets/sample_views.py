"""The samples as preflight and exports see them: worded, and counted in tokens.

What belongs here: reading samples again, which prompts they get, and what all of that is made from.
What does not: making samples (`training_products.py`), wording them (`training/`), the preflight
report (`preflight_products.py`), exports (`export_products.py`).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

from zwu_ts_assets.config.datasets import Dataset
from zwu_ts_assets.config.settings import Settings
from zwu_ts_assets.orchestration.assets.text_products import sha256, tokenizer_source
from zwu_ts_assets.orchestration.assets.token_counts import TokenCounts
from zwu_ts_assets.orchestration.lineage import training_made_from
from zwu_ts_assets.storage.artifact_store import digest
from zwu_ts_assets.text.qwen import TokenizerSource
from zwu_ts_assets.training.conversation import Conversation
from zwu_ts_assets.training.conversations import make_conversations
from zwu_ts_assets.training.facts import MediaFacts
from zwu_ts_assets.training.prompts import PromptTemplates, load_templates
from zwu_ts_assets.training.sample import SPLITS, Sample
from zwu_ts_assets.training.sample_table import (
    decode_samples,
    tells_interpolation,
    tells_selection,
    tells_uneven_steps,
)
from zwu_ts_assets.training.splits import SplitReport

Files = Mapping[str, bytes]


@dataclass(frozen=True, eq=False)
class View:
    """The samples as preflight and exports see them: worded, and counted in tokens.

    Attributes:
        dataset: Whose samples they are.
        files: The samples by split, and the report on the splits.
        templates: How questions are worded.
        source: Where the tokenizer comes from.
        made_from: Of everything above, in a string.
    """

    dataset: Dataset
    files: Files
    templates: PromptTemplates
    source: TokenizerSource
    made_from: str

    @cached_property
    def samples(self) -> list[Sample]:
        """The samples of all splits, in the order of time."""
        return samples_of(self.files)

    @cached_property
    def report(self) -> SplitReport:
        """How many windows are in which split, or in none."""
        return SplitReport(**json.loads(self.files["report"]))

    @property
    def counts(self) -> TokenCounts:
        """Texts and videos counted in its tokenizer."""
        return TokenCounts(self.source)

    @cached_property
    def conversations(self) -> list[Conversation]:
        """What is asked of the samples."""
        return conversations_of(self.files, self.dataset.settings, self.templates)


def view_of(dataset: Dataset, files: Files, project_dir: Path, cache: Path) -> View:
    """The samples as preflight and exports see them.

    Args:
        dataset: Whose samples they are.
        files: The samples by split, and the report on the splits.
        project_dir: What folders in the settings are relative to.
        cache: Where the embedded tokenizer is kept.

    Raises:
        CorpusError: The prompts or the tokenizer cannot be used.
    """
    source = tokenizer_source(dataset.settings, project_dir, cache)
    shown = any(tells_selection(files[name]) for name in SPLITS)
    interpolated = any(tells_interpolation(files[name]) for name in SPLITS)
    uneven = any(tells_uneven_steps(files[name]) for name in SPLITS)
    templates = templates_of(
        dataset, project_dir, shown=shown, interpolated=interpolated, uneven=uneven
    )
    made_from = training_inputs(samples_version(files), source, templates)
    return View(dataset, files, templates, source, made_from)


def training_inputs(
    samples_version: str, source: TokenizerSource, templates: PromptTemplates
) -> str:
    """What preflight and exports are made from."""
    return training_made_from(
        samples_version, f"{templates.digest} {version('zwu-ts-assets')}", source.digest
    )


def samples_version(files: Files) -> str:
    """The content version of the samples, as their record has it."""
    return digest(*(sha256(files[role]) for role in (*SPLITS, "report")))


def samples_of(files: Files) -> list[Sample]:
    """The samples of all splits, in the order of time."""
    return [sample for name in SPLITS for sample in decode_samples(files[name])]


def templates_of(
    dataset: Dataset, project_dir: Path, *, shown: bool, interpolated: bool, uneven: bool
) -> PromptTemplates:
    """The prompts of a dataset: the project's, and what the folder that its settings name has.

    Args:
        dataset: The dataset.
        project_dir: What its folder is relative to.
        shown: Whether its feature panels show a selection of the columns.
        interpolated: Whether one of its samples has interpolated values.
        uneven: Whether its steps are counted in rows.
    """
    folder = dataset.settings.prompts
    return load_templates(
        project_dir / Path(folder).expanduser() if folder else None,
        selection=shown,
        interpolated=interpolated,
        uneven=uneven,
    )


def media_facts(settings: Settings) -> MediaFacts:
    """What prompts say of how the media were made."""
    return MediaFacts(
        patch_length=settings.patch_length,
        patch_stride=settings.patch_stride,
        frame_multiple=settings.frame_multiple,
        fps=settings.fps,
        fixed_colours=settings.colour_range == "train",
        stats_format=settings.stats_format,
    )


# Several exports of one run are made of the same conversations, which take seconds.
_MADE: dict[tuple[str, str], list[Conversation]] = {}


def conversations_of(
    files: Files, settings: Settings, templates: PromptTemplates
) -> list[Conversation]:
    """The conversations of all samples.

    Args:
        files: The samples, by split.
        settings: What is asked, and how the media were made.
        templates: How it is worded.
    """
    media = media_facts(settings)
    key = (samples_version(files), f"{templates.digest} {settings.tasks!r} {media!r}")
    if key not in _MADE:
        made = list(make_conversations(samples_of(files), settings.tasks, templates, media))
        _MADE.clear()
        _MADE[key] = made
    return _MADE[key]
