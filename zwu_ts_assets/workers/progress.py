"""The progress bar of a run, where a terminal is attached.

What belongs here: finding the terminal and drawing on it. What does not: what progresses.

While a step runs, Dagster sends the process' output to a log file, so the terminal has to be kept
from before: asked during a step, standard error never is one.
"""

import os
from collections.abc import Iterator
from typing import TextIO


def _terminal() -> TextIO | None:
    try:
        return os.fdopen(os.dup(2), "w", encoding="utf-8") if os.isatty(2) else None
    except OSError:  # a service may be started without standard error
        return None


_TERMINAL = _terminal()


def with_progress(keys: list[str], asset: str) -> Iterator[str]:
    """The keys of an asset's artifacts, with a bar that says how far they are consumed."""
    from tqdm import tqdm

    bar = tqdm(keys, desc=asset, file=_TERMINAL, disable=_TERMINAL is None, leave=False)
    return iter(bar)
