"""The artifacts of a per-batch asset, as its downstream assets see them.

What belongs here: the lazy mapping from batch index to content. What does not: reading a file,
which the IO manager hands in as a function.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from zwu_ts_assets.artifact_store import Record


class Batches(Mapping[int, Any]):
    """Batch index to content, in batch order, read from disk one at a time when asked for.

    It is a mapping also when it holds a single batch, and it holds only batches that exist.
    """

    def __init__(
        self,
        records: Mapping[int, Record],
        load: Callable[[int], Any],
        known: int,
        preview: Callable[[int], str],
    ) -> None:
        """Args: records by batch; how to read content and preview; batches asked for."""
        self._records = dict(sorted(records.items()))
        self._load = load
        self._preview = preview
        self.known = known

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
        """Batch index and content of some batches, each read when its turn comes."""
        return ((int(key), self[int(key)]) for key in keys)

    @property
    def versions(self) -> dict[int, str]:
        """The content version of each batch's artifact."""
        return {batch: record.version for batch, record in self._records.items()}
