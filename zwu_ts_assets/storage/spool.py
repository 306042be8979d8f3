"""Lists and mappings on disk: what there is of every window is more than memory should hold.

What belongs here: the two kinds. What does not: what is in them.
"""

import operator
import os
import pickle
import tempfile
import weakref
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar, overload

T = TypeVar("T")


class Spool(Sequence[T]):
    """A list of which each item is read from disk when it is asked for, and then is a new object.

    It lies in a file without a name in the folder for temporary files, which goes with the list.
    """

    def __init__(self, items: Iterable[T] = ()) -> None:
        """Args: what is in it at first, taken one by one."""
        self._file = tempfile.TemporaryFile(prefix="zwu-ts-assets-", buffering=0)  # noqa: SIM115
        weakref.finalize(self, self._file.close)
        self._ends = array("Q", [0])
        for item in items:
            self.append(item)

    def append(self, item: T) -> int:
        """Add an item at the end, and say where it is.

        Raises:
            OSError: The folder for temporary files is full.
        """
        data = memoryview(pickle.dumps(item, pickle.HIGHEST_PROTOCOL))
        at = self._ends[-1]
        while data:
            written = os.pwrite(self._file.fileno(), data, at)
            data, at = data[written:], at + written
        self._ends.append(at)
        return len(self) - 1

    def __len__(self) -> int:
        return len(self._ends) - 1

    @overload
    def __getitem__(self, index: int) -> T: ...

    @overload
    def __getitem__(self, index: slice) -> "list[T]": ...

    def __getitem__(self, index: int | slice) -> "T | list[T]":
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        at = index + len(self) if index < 0 else index
        if not 0 <= at < len(self):
            raise IndexError(f"item {index} of {len(self)}")
        start, size = self._ends[at], self._ends[at + 1] - self._ends[at]
        # Nobody else can open the file, so that what is in it is what was put in.
        item: T = pickle.loads(os.pread(self._file.fileno(), size, start))  # noqa: S301
        return item

    def __iter__(self) -> Iterator[T]:
        return (self[at] for at in range(len(self)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Spool | list | tuple):
            return NotImplemented
        return len(self) == len(other) and all(map(operator.eq, self, other))

    __hash__ = None  # type: ignore[assignment]  # items can be added


class Shelf(Mapping[str, T]):
    """A mapping of which the values lie on disk, as those of a `Spool`."""

    def __init__(self, items: Iterable[tuple[str, T]]) -> None:
        """Args: names and values, taken one by one; of a name that comes again the last one."""
        self._values: Spool[T] = Spool()
        self._places = {name: self._values.append(value) for name, value in items}

    def __getitem__(self, name: str) -> T:
        return self._values[self._places[name]]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)
