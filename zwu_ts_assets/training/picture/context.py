"""What prompts about the future tell besides a column's past: events, and columns known in advance.

Events are told by steps of the window and not by dates, which would say where in time a window is.
"""

from collections.abc import Sequence

import numpy as np

from zwu_ts_assets.training.events import Event
from zwu_ts_assets.training.numbers import values_text
from zwu_ts_assets.training.sample import Sample


def context_of(
    sample: Sample, steps: int, events: Sequence[Event], covariates: Sequence[str], decimals: int
) -> str:
    """The lines of a prompt that tell what is known of a window and what follows it.

    Args:
        sample: The sample.
        steps: How many steps are looked ahead.
        events: Of the whole series.
        covariates: Columns whose values are known in advance.
        decimals: Of numbers.

    Returns:
        Lines with line ends between them; empty where nothing is known.
    """
    lines = []
    for name in covariates:
        column = sample.features.index(name)
        told = values_text(sample.target[:steps, column], decimals)
        lines.append(f"Known in advance, the next {steps} values of {name}: {told}")
    found = _events_at(sample, steps, events)
    if found:
        lines.append(f"Events: {'; '.join(found)}.")
    return "\n".join(lines)


def _events_at(sample: Sample, steps: int, events: Sequence[Event]) -> list[str]:
    """The events of a window and the steps after it, each with its steps."""
    times = np.concatenate([sample.past_timestamps, sample.target_timestamps[:steps]])
    # A step reaches to the next one.
    end = times[-1] + (times[-1] - times[-2])
    found = []
    for event in events:
        first, last = (np.datetime64(moment) for moment in event.span)
        if last < times[0] or first >= end:
            continue
        start = max(int(np.searchsorted(times, first, "right")) - 1, 0)
        stop = int(np.searchsorted(times, last, "right")) - 1
        span = f"step {start}" if start == stop else f"steps {start} to {stop}"
        found.append(f"{event.text} ({span})")
    return found
