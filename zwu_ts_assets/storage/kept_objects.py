"""What was read of objects, kept by their tags for the next look.

What belongs here: keeping it within bounds. What does not: when a tag proves a content
(`object_store.py`).
"""

from collections import OrderedDict
from threading import Lock

from zwu_ts_assets.storage.artifact_store import Record


class KeptObjects:
    """Contents by name and tag; what was not asked for longest goes first."""

    def __init__(self, most_bytes: int) -> None:
        """Args: how much to keep in all."""
        self._most_bytes, self._bytes = most_bytes, 0
        self._contents: OrderedDict[str, tuple[str, Record | bytes, int]] = OrderedDict()
        self._lock = Lock()  # a code server looks at several datasets in threads

    def get(self, name: str, tag: str) -> Record | bytes | None:
        """What an object held when it had this tag, if that is known."""
        with self._lock:
            known = self._contents.get(name)
            if known is None or known[0] != tag:
                return None
            self._contents.move_to_end(name)
            return known[1]

    def keep(self, name: str, tag: str, content: Record | bytes, size: int) -> None:
        """Keep what an object holds while it has this tag.

        Args:
            name: Its URL.
            tag: Its tag, which proves the content.
            content: What it holds.
            size: Bytes that this takes, about.
        """
        with self._lock:
            if name in self._contents:
                self._bytes -= self._contents.pop(name)[2]
            self._contents[name] = (tag, content, size)
            self._bytes += size
            while self._bytes > self._most_bytes:
                self._bytes -= self._contents.popitem(last=False)[1][2]
