"""The samples as preflight and exports see them: worded, and counted in tokens.

What belongs here: reading samples again, which prompts they get, counting each text once for all
that ask, and what all of that is made from. What does not: making samples (`training_products.py`),
wording them (`training/`), the tokenizers (`text/`), what media are in tokens (`media_tokens.py`),
the preflight report (`preflight_products.py`), exports (`export_products.py`).
"""

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

from zwu_ts_assets.config.settings import Settings
from zwu_ts_assets.orchestration.assets.text_products import (
    loaded_tokenizer,
    sha256,
    tokenizer_source,
)
from zwu_ts_assets.orchestration.datasets import Dataset
from zwu_ts_assets.storage.artifact_store import digest
from zwu_ts_assets.storage.spool import Spool
from zwu_ts_assets.text.qwen import TextTokenizer, TokenizerSource
from zwu_ts_assets.training.conversations import make_conversations
from zwu_ts_assets.training.facts import MediaFacts
from zwu_ts_assets.training.picture.question_table import questions_in
from zwu_ts_assets.training.processor import Size
from zwu_ts_assets.training.profiles import ConversationLengths, Lengths, TurnTokens
from zwu_ts_assets.training.prompts import PromptTemplates, load_templates
from zwu_ts_assets.training.readers import Clip
from zwu_ts_assets.training.sample import SPLITS, Conversation, Sample
from zwu_ts_assets.training.sample_table import samples_in
from zwu_ts_assets.training.splits import SplitReport
from zwu_ts_assets.training.task_settings import TaskSettings

Files = Mapping[str, bytes]


@dataclass(frozen=True)
class TokenCounts:
    """Texts and videos counted in a tokenizer that is loaded when it is first used.

    Attributes:
        source: Where the tokenizer comes from.
    """

    source: TokenizerSource

    @property
    def name(self) -> str:
        """What exports call it."""
        return f"{self.source.kind} {self.source.digest[:16]}"

    @property
    def tokenizer(self) -> TextTokenizer:
        """The tokenizer; one per process."""
        return loaded_tokenizer(self.source)

    def of_text(self, text: str) -> int:
        """Tokens of a text; each is counted once, since all exports ask for the same ones."""
        return _text_tokens(self.source, text)

    def of_chat(self, turns: Sequence[TurnTokens], media: int) -> int:
        """Tokens of a conversation without its media, see `ConversationLengths.text`."""
        return _lengths(self.source).text(turns, media)

    def of_conversation(
        self, turns: Sequence[TurnTokens], images: Sequence[Size], videos: Sequence[Clip]
    ) -> Lengths:
        """Tokens of a conversation for each consumer, see `ConversationLengths`."""
        return _lengths(self.source).of(turns, images, videos)


@functools.lru_cache(maxsize=200_000)
def _text_tokens(source: TokenizerSource, text: str) -> int:
    return len(loaded_tokenizer(source).encode(text)[1])


@functools.lru_cache(maxsize=4)
def _lengths(source: TokenizerSource) -> ConversationLengths:
    return ConversationLengths(loaded_tokenizer(source))


@dataclass(frozen=True, eq=False)
class View:
    """The samples as preflight and exports see them: worded, and counted in tokens.

    Attributes:
        dataset: Whose samples they are.
        files: The samples by split, and the report on the splits.
        asked: The questions by split.
        templates: How media are introduced.
        source: Where the tokenizer comes from.
        made_from: Of everything above, in a string.
    """

    dataset: Dataset
    files: Files
    asked: Files
    templates: PromptTemplates
    source: TokenizerSource
    made_from: str

    @cached_property
    def samples(self) -> Spool[Sample]:
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
    def conversations(self) -> Spool[Conversation]:
        """The questions about the samples, several over one set of media."""
        return self._conversations(self.dataset.settings.tasks)

    @cached_property
    def single_conversations(self) -> Spool[Conversation]:
        """The questions about the samples, each with media of its own."""
        tasks = self.dataset.settings.tasks
        return self._conversations(tasks.model_copy(update={"questions_per_conversation": 1}))

    @cached_property
    def conversations_by_kind(self) -> Spool[Conversation]:
        """The questions about the samples, those that show a video over media of their own."""
        return self._conversations(self.dataset.settings.tasks, videos_apart=True)

    def _conversations(
        self, tasks: TaskSettings, *, videos_apart: bool = False
    ) -> Spool[Conversation]:
        settings = self.dataset.settings
        key = f"{self.made_from} {settings!r} {tasks!r} {videos_apart}"
        if key not in _MADE:
            questions = Spool(q for name in SPLITS for q in questions_in(self.asked[name]))
            made = make_conversations(
                *(self.samples, questions, tasks, self.templates, media_facts(settings)),
                videos_apart=videos_apart,
            )
            _MADE.clear()
            _MADE[key] = made
        return _MADE[key]


def view_of(dataset: Dataset, files: Files, asked: Files, project_dir: Path, cache: Path) -> View:
    """The samples as preflight and exports see them.

    Args:
        dataset: Whose samples they are.
        files: The samples by split, and the report on the splits.
        asked: The questions by split.
        project_dir: What folders in the settings are relative to.
        cache: Where the embedded tokenizer is kept.

    Raises:
        CorpusError: The prompts or the tokenizer cannot be used.
    """
    source = tokenizer_source(dataset.settings, project_dir, cache)
    templates = templates_of(dataset, project_dir)
    made_from = digest(
        samples_version(files),
        *(sha256(asked[name]) for name in SPLITS),
        wording_digest(templates),
        source.digest,
    )
    return View(dataset, files, asked, templates, source, made_from)


def wording_digest(templates: PromptTemplates) -> str:
    """What words conversations: prompts, and the release that gives them facts and answers."""
    return f"{templates.digest} {version('zwu-ts-assets')}"


def samples_version(files: Files) -> str:
    """The content version of the samples, as their record has it."""
    return digest(*(sha256(files[role]) for role in (*SPLITS, "report")))


def samples_of(files: Files) -> Spool[Sample]:
    """The samples of all splits, in the order of time; read again each time one is looked at."""
    return Spool(sample for name in SPLITS for sample in samples_in(files[name]))


def templates_of(dataset: Dataset, project_dir: Path) -> PromptTemplates:
    """The prompts of a dataset: the project's, and what the folder that its settings name has.

    Args:
        dataset: The dataset.
        project_dir: What its folder is relative to.
    """
    folder = dataset.settings.prompts
    return load_templates(project_dir / Path(folder).expanduser() if folder else None)


def media_facts(settings: Settings) -> MediaFacts:
    """What prompts say of how the media were made."""
    return MediaFacts(
        patch_length=settings.patch_length,
        patch_stride=settings.patch_stride,
        frame_multiple=settings.frame_multiple,
        fps=settings.fps,
        fixed_colours=settings.colour_range == "train",
        stats_format=settings.stats_format,
        about=settings.description if settings.tell_description else "",
        described=tuple(settings.column_descriptions.items()),
    )


# Several exports of one run are made of the same conversations, which take seconds.
_MADE: dict[str, Spool[Conversation]] = {}
