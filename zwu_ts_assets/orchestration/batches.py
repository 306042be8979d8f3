"""The artifacts of a per-batch asset, as its downstream assets see them.

What belongs here: the lazy mapping from batch index to content. What does not: reading a file,
which the IO manager hands in as a function.
"""

from collections.abc import Callable, ItemsView, Iterable, Iterator, Mapping
from typing import Any

from zwu_ts_assets.storage.ahead import ahead
from zwu_ts_assets.storage.artifact_store import Record


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
