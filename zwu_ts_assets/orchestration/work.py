"""What an asset hands to its IO manager: work that is done only where it is due.

What belongs here: the small types that travel between asset bodies, workers and IO managers, and
how downstream assets see the artifacts of a per-batch asset. What does not: how a product is made
(`corpus_products.py`), kept or read (`artifact_io_manager.py`).
"""

from collections.abc import Callable, ItemsView, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

from zwu_ts_assets.storage.artifact_store import Detail, Record, ahead

T = TypeVar("T")

# The key under which an unpartitioned asset's only artifact is kept.
WHOLE: Final = "all"

WARNING: Final = "warning_"
"""Details whose names begin with it are told by the commands, too."""

# Of the windows that could not be drawn, as many are told in one sentence.
_PARTS: Final = 5
_REASONS: Final = 3


@dataclass(frozen=True)
class Problem:
    """Why a part of an artifact could not be made.

    Attributes:
        part: Which part it is, for people: `batch 3, rows 288 to 383`.
        reason: What went wrong and what to do, in sentences.
        trace: The traceback, for the log of a run; empty where the reason says it all.
    """

    part: str
    reason: str
    trace: str = ""


@dataclass(frozen=True)
class Product(Generic[T]):
    """One finished artifact on its way to disk; small enough to cross a process boundary.

    Attributes:
        value: What the asset's IO manager writes.
        details: Shapes, counts and spans, for the web UI and for downstream assets.
        version: Of the content, where it can be told better than by the bytes of the files.
        preview: Something to look at: a small JPEG, or Markdown.
        problems: Why parts of it are missing. What is there is kept, but never counts as current,
            so that the next run tries again.
    """

    value: T
    details: Mapping[str, Detail] = field(default_factory=dict)
    version: str | None = None
    preview: bytes | str = b""
    problems: tuple[Problem, ...] = ()


Make = Callable[[Sequence[str]], Iterator[Product[Any]]]
"""Makes the artifacts of the given keys, in that order, one at a time as they are consumed, so that
a range of batches never sits in memory."""


@dataclass(frozen=True)
class Work:
    """What an asset would make, and what from; the IO manager asks for what is not there yet.

    Attributes:
        made_from: For each key, a string that changes whenever the inputs of that artifact do.
        make: Makes what is due.
        force: Make everything, also what is current.
        switched_off: Of the raw table: assets that the settings have switched off, of which nothing
            is to be left.
        overlapping: Of the raw table: whether windows overlap, so that a batch has several, and
            nothing is to be left of batches that had one.
    """

    made_from: Mapping[str, str]
    make: Make
    force: bool = False
    switched_off: frozenset[str] = frozenset()
    overlapping: bool = False


@dataclass(frozen=True)
class Origin:
    """What one artifact comes from.

    Attributes:
        made_from: A string that changes whenever what it is made from does.
        version: Of its content, where that is known before it is made; else empty.
        details: Of its record, likewise.
    """

    made_from: str
    version: str = ""
    details: Mapping[str, Detail] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """What a check found.

    Attributes:
        passed: Whether it found nothing wrong.
        description: What it found, in a sentence.
        metadata: For the web UI: numbers and texts as they are, anything else as JSON.
    """

    passed: bool
    description: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Check:
    """A check that looks at what an asset made, and runs with it.

    Attributes:
        name: What it is called.
        description: What holds if it passes.
        verify: Its body, called with the run, what the asset made, and the inputs by argument.
        inputs: Other assets that it looks at, by the name of the argument.
        warns: Whether a failure is a warning: worth to be known, and nothing that is wrong.
        effort: How long it takes for each batch, next to drawing a figure; for the progress bar.
    """

    name: str
    description: str
    verify: Callable[..., Verdict]
    inputs: Mapping[str, str] = field(default_factory=dict)
    warns: bool = False
    effort: float = 0.02


class Artifact(dict[str, bytes]):
    """The files of an artifact by role, with its record; a `dict`, as Dagster's types want one."""

    def __init__(self, files: Mapping[str, bytes], record: Record) -> None:
        """Args: the files' bytes; what is known of the artifact."""
        super().__init__(files)
        self.record = record


def once(make: Callable[[], Product[Any]]) -> Make:
    """What makes the only artifact of an asset without batches.

    Args:
        make: Makes its product.
    """
    return lambda keys: (make() for _ in keys)


def warnings_among(details: Mapping[str, Detail]) -> list[str]:
    """The sentences among an artifact's details that its user has to read."""
    return [str(detail) for name, detail in details.items() if name.startswith(WARNING)]


def unmade_sentence(problems: Sequence[Problem]) -> str:
    """Which windows of an asset could not be drawn and why, for the user.

    Args:
        problems: Of all its artifacts, at least one.
    """
    parts: dict[str, list[str]] = {}
    for problem in problems:
        parts.setdefault(problem.reason, []).append(problem.part)
    told = []
    for reason, names in list(parts.items())[:_REASONS]:
        more = f" and {len(names) - _PARTS} more" if len(names) > _PARTS else ""
        told.append(f"{'; '.join(names[:_PARTS])}{more}: {reason}")
    if len(parts) > _REASONS:
        told.append(f"and {len(parts) - _REASONS} other reasons, which the log of the run tells.")
    count = "1 window" if len(problems) == 1 else f"{len(problems)} windows"
    return (
        f"{count} could not be drawn. All others are made and kept, and the next run "
        f"tries again. {' '.join(told)}"
    )


class Batches(Mapping[int, Any]):
    """Batch index to content, in batch order, read when asked for: one at a time from disk.

    From an object store, some are read before their turn where several are asked for in order.

    It is a mapping also when it holds a single batch, and it holds only batches that exist.
    """

    def __init__(
        self,
        records: Mapping[int, Record],
        load: Callable[[int], Any],
        known: int,
        preview: Callable[[int], str],
        at_once: int = 1,
    ) -> None:
        """Args: records; how to read content and preview; batches asked for, and read at once."""
        self._records = dict(sorted(records.items()))
        self._load = load
        self._preview = preview
        self.known = known
        self._at_once = at_once

    def __getitem__(self, batch: int) -> Any:
        if batch not in self._records:
            raise KeyError(batch)
        return self._load(batch)

    def __iter__(self) -> Iterator[int]:
        return iter(self._records)

    def __len__(self) -> int:
        return len(self._records)

    def record(self, batch: int) -> Record:
        """What is known of a batch's artifact without opening it."""
        return self._records[batch]

    def preview(self, batch: int) -> str:
        """The preview of a batch's artifact as its record has it, read when asked for."""
        return self._preview(batch)

    @property
    def records(self) -> Mapping[int, Record]:
        """What is known of each batch's artifact without opening it."""
        return self._records

    def pick(self, keys: Iterable[str]) -> Iterator[tuple[int, Any]]:
        """Batch index and content of some batches, in this order, however many there are."""
        return ahead(lambda batch: (batch, self[batch]), map(int, keys), self._at_once)

    def items(self) -> ItemsView[int, Any]:
        """Batch index and content of all batches."""
        return _Items(self)

    @property
    def versions(self) -> dict[int, str]:
        """The content version of each batch's artifact."""
        return {batch: record.version for batch, record in self._records.items()}


class _Items(ItemsView[int, Any]):
    """The items of `Batches`, read as `pick` reads them."""

    def __init__(self, batches: Batches) -> None:
        super().__init__(batches)
        self._batches = batches

    def __iter__(self) -> Iterator[tuple[int, Any]]:
        return self._batches.pick(map(str, self._batches))
