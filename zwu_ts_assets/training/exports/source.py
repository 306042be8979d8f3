"""What every export is made from.

What belongs here: the type that the formats take, and the order and soundness of what is in it.
What does not: the shape of any format.

A split without conversations has no file in any export: `datasets`, and through it ms-swift and
LLaMA-Factory, refuses an empty file with "corresponds to no data".
"""

import itertools
import re
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final, overload

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.training.card import CardFacts
from zwu_ts_assets.training.processor import Size
from zwu_ts_assets.training.profiles import MeasureLengths
from zwu_ts_assets.training.readers import Clip
from zwu_ts_assets.training.reserved import reserved_word, without_thought
from zwu_ts_assets.training.sample import SPLITS, Conversation, Sample, Turn

Scalar = str | int | float | bool | None

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,94}")  # with an extension, a name in a tar
_PATH_PART: Final = re.compile(r"[^\x00-\x1f\x7f/\\:*?\"<>|\ud800-\udfff]+")


@dataclass(frozen=True)
class Medium:
    """What is known of a media file without opening it.

    Attributes:
        sha256: Of its content, in hexadecimal digits.
        bytes: Its size.
        width: Pixels.
        height: Pixels.
        frames: Frames of a video; 1 for an image.
        fps: Frames per second of a video; 0.0 for an image.
    """

    sha256: str
    bytes: int
    width: int
    height: int
    frames: int = 1
    fps: float = 0.0

    @property
    def size(self) -> Size:
        """Its pixels."""
        return Size(self.width, self.height)

    @property
    def clip(self) -> Clip:
        """A video, as consumers look at it."""
        return Clip(self.size, self.frames, self.fps)


@dataclass(frozen=True)
class ExportSource:
    """Samples, conversations and media of one dataset, and what is said of them.

    Attributes:
        dataset: Name of the dataset.
        samples: In the order in which rows are written; of all splits.
        conversations: Of these samples; those of one sample keep their order.
        media: By path relative to the dataset's artifact folder.
        read_media: Reads one of these files; only shards are made with it.
        count_tokens: Tokens of a text in the corpus' tokenizer, for the manifest. Asked for every
            prompt and answer each time; remember the counts if several exports are made at once.
        lengths: Tokens of a conversation for each consumer, see `ConversationLengths`.
        tokenizer: Name of that tokenizer.
        parameters: Settings that shaped samples and conversations, for the manifest.
        versions: Of the package and of the code of the assets, for the manifest.
        card: What the dataset card says.
        samples_per_shard: Samples of a WebDataset shard; at least 1.
    """

    dataset: str
    samples: Sequence[Sample]
    conversations: Sequence[Conversation]
    media: Mapping[str, Medium]
    read_media: Callable[[str], bytes]
    count_tokens: Callable[[str], int]
    lengths: MeasureLengths
    tokenizer: str
    parameters: Mapping[str, Scalar]
    versions: Mapping[str, str]
    card: CardFacts
    samples_per_shard: int = 64


@dataclass(frozen=True)
class Entry:
    """A sample and its conversations, of which there is at least one."""

    sample: Sample
    conversations: tuple[Conversation, ...]

    @property
    def images(self) -> tuple[str, ...]:
        """All images of the sample, the figure first, each once."""
        used = [path for each in self.conversations for path in each.images]
        return tuple(dict.fromkeys([self.sample.image, *used]))

    @property
    def videos(self) -> tuple[str, ...]:
        """All videos of the sample, the patch video first, each once."""
        used = [path for each in self.conversations for path in each.videos]
        return tuple(dict.fromkeys([self.sample.video, *used]))


class Entries(Sequence[Entry]):
    """Samples with their conversations, put together when they are asked for."""

    def __init__(self, source: ExportSource, places: Sequence[tuple[int, Sequence[int]]]) -> None:
        """Args: where they are; number of each sample, and of its conversations."""
        self._source = source
        self._places = places
        self._last: tuple[int, Entry] | None = None  # rows of one sample follow each other

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, index: int) -> Entry: ...

    @overload
    def __getitem__(self, index: slice) -> "Entries": ...

    def __getitem__(self, index: int | slice) -> "Entry | Entries":
        if isinstance(index, slice):
            return Entries(self._source, self._places[index])
        if self._last is None or self._last[0] != index:
            sample, conversations = self._places[index]
            found = tuple(self._source.conversations[at] for at in conversations)
            self._last = index, Entry(self._source.samples[sample], found)
        return self._last[1]


def entries_by_split(source: ExportSource, *, even: bool = True) -> dict[str, Entries]:
    """Put conversations to their samples, and refuse what no trainer could load.

    Args:
        source: What the export is made from.
        even: Whether all splits must have images (or videos) where one has; not needed by formats
            whose files tell the types of their columns.

    Returns:
        Entries by split, in the order of `SPLITS`; splits without any are left out. A sample
        without a conversation has no entry: there is nothing to train on.

    Raises:
        CorpusError: An id is no name or occurs twice, a conversation has no sample or is in
            another split than it, a text is empty, cannot be written as UTF-8 or holds a reserved
            word, a medium is unknown or has an unsafe path, only some splits have images (or
            videos), or there is no conversation at all.
    """
    _check_name("dataset", source.dataset)
    by_sample: dict[str, tuple[int, list[int]]] = {}
    split_of: dict[str, str] = {}
    for number, sample in enumerate(source.samples):
        _check_name("sample", sample.id)
        if sample.id in by_sample:
            raise CorpusError(f"sample {sample.id!r} occurs twice; ids must be unique.")
        if sample.split not in SPLITS:
            raise CorpusError(
                f"sample {sample.id!r} is in split {sample.split!r}; expected one of {SPLITS}."
            )
        by_sample[sample.id] = number, []
        split_of[sample.id] = sample.split
    seen: set[str] = set()
    for number, conversation in enumerate(source.conversations):
        _check_conversation(conversation, split_of, seen)
        by_sample[conversation.sample_id][1].append(number)
    entries: dict[str, list[tuple[int, Sequence[int]]]] = {split: [] for split in SPLITS}
    for name, (number, conversations) in by_sample.items():
        if conversations:
            entries[split_of[name]].append((number, array("L", conversations)))
    present = {split: Entries(source, found) for split, found in entries.items() if found}
    for entry in itertools.chain.from_iterable(present.values()):
        _check_media(entry, source.media)
    if not present:
        raise CorpusError(
            f"dataset {source.dataset!r} has {len(source.samples)} samples and no conversation, so "
            "there is nothing to export. Switch on a task, or give the splits more rows."
        )
    if even:
        _check_even(present)
    return present


def conversations_of(entries: Sequence[Entry]) -> Iterator[Conversation]:
    """All conversations of some entries, in their order."""
    for entry in entries:
        yield from entry.conversations


def rows_of(entries: Sequence[Entry]) -> dict[tuple[int, int], bool]:
    """The conversations of some entries, each by the numbers of entry and conversation.

    With each goes whether it shows a video.
    """
    return {
        (number, at): bool(each.videos)
        for number, entry in enumerate(entries)
        for at, each in enumerate(entry.conversations)
    }


def is_safe_path(path: str) -> bool:
    """Whether a path is relative and stays in its folder, on any system."""
    parts = path.split("/")
    return all(_PATH_PART.fullmatch(part) and part.strip(". ") for part in parts)


def _check_name(kind: str, name: str) -> None:
    if not _ID.fullmatch(name):
        raise CorpusError(
            f"{kind} {name!r}: expected at most 95 letters, digits, hyphens and underscores. A "
            "dot would end WebDataset's key. Rename the dataset or the task."
        )


def _check_conversation(
    conversation: Conversation, split_of: Mapping[str, str], seen: set[str]
) -> None:
    _check_name("conversation", conversation.id)
    if conversation.id in seen:
        raise CorpusError(f"conversation {conversation.id!r} occurs twice; ids must be unique.")
    seen.add(conversation.id)
    expected = split_of.get(conversation.sample_id)
    if expected != conversation.split:
        raise CorpusError(
            f"conversation {conversation.id!r} is in split {conversation.split!r}; its sample "
            f"{conversation.sample_id!r} is in {expected!r}."
        )
    if not conversation.turns:
        raise CorpusError(f"conversation {conversation.id!r} asks nothing; leave it out.")
    shown = (
        sum(turn.images for turn in conversation.turns),
        sum(turn.videos for turn in conversation.turns),
    )
    if shown != (len(conversation.images), len(conversation.videos)):
        raise CorpusError(
            f"conversation {conversation.id!r}: its turns show {shown[0]} images and {shown[1]} "
            f"videos, expected {len(conversation.images)} and {len(conversation.videos)}."
        )
    for turn in conversation.turns:
        _check_name("question", turn.question.id)
        _check_texts(turn)


def _check_texts(turn: Turn) -> None:
    for part, text in (("prompt", turn.prompt), ("answer", without_thought(turn.answer))):
        where = f"question {turn.question.id!r}: the {part}"
        if not text.strip():
            raise CorpusError(f"{where} is empty; trainers drop such rows. Correct the template.")
        if word := reserved_word(text):
            raise CorpusError(
                f"{where} holds {word!r}, which a trainer or the chat template takes for something "
                "else than text. Rename the column or unit, or reword the template."
            )
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise CorpusError(f"{where} cannot be written as UTF-8: {error}.") from error


def _check_media(entry: Entry, media: Mapping[str, Medium]) -> None:
    paths = [(path, ".png") for path in entry.images] + [(path, ".mp4") for path in entry.videos]
    for path, suffix in paths:
        if not is_safe_path(path) or PurePosixPath(path).suffix != suffix:
            raise CorpusError(
                f"sample {entry.sample.id!r}: its medium {path!r} should be a {suffix} file, told "
                "by a path relative to the artifact folder."
            )
        if path not in media:
            raise CorpusError(
                f"sample {entry.sample.id!r}: its medium {path!r} is not among the "
                f"{len(media)} media files of the corpus. Materialize the asset that makes it."
            )


def _check_even(entries: Mapping[str, Sequence[Entry]]) -> None:
    # `datasets` takes a column that is an empty list all through a file for a list of nothing, and
    # then refuses, or casts, the split in which it holds paths.
    for kind in ("images", "videos"):
        having = [
            split
            for split, found in entries.items()
            if any(getattr(each, kind) for each in conversations_of(found))
        ]
        lacking = [split for split in entries if split not in having]
        if having and lacking:
            raise CorpusError(
                f"conversations of {', '.join(having)} have {kind}, those of "
                f"{', '.join(lacking)} have none; loaders would find columns of two types. Leave "
                "`questions_per_conversation` in the table `tasks` unset, so that each window "
                f"shows all media, or name tasks and views that need no {kind}."
            )
