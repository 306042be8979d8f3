"""What a run's tags say: which batches it is for, and for which state of the corpus.

What belongs here: writing and reading those tags. What does not: deciding on a run (`decision.py`).

Dagster's own tags name one batch or a span of batches. A refresh concerns single batches, which may
lie far apart, and is still one run, because two runs would race for the text of all batches. So its
span reaches from the first to the last of them, and a tag of ours lists them: of the batches in
between none is opened, made or told to be made.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

ONE_BATCH: Final = "dagster/partition"
FIRST_BATCH: Final = "dagster/asset_partition_range_start"
LAST_BATCH: Final = "dagster/asset_partition_range_end"

# Dagster then logs no event of its own for each batch of the span, before and after: the IO
# managers tell of what was made, each batch with its own data version. (Dagster can give all
# batches of a span but one and the same.)
_EVENTS_ARE_OURS: Final = "dagster/defer_asset_events"

BATCHES: Final = "zwu_ts_assets/batches"
DATASET: Final = "zwu_ts_assets/dataset"
FORCE: Final = "zwu_ts_assets/force"
"""Of a run that makes again also what is current, if it is `true`."""

# Nobody reads a digest: tags that begin so are not shown by the web UI.
GOAL: Final = ".dagster/zwu_ts_assets_goal"


def refresh_tags(dataset: str, goal: str, batches: Sequence[int]) -> dict[str, str]:
    """The tags of a run that makes some batches current.

    Args:
        dataset: Name of the dataset.
        goal: Digest of the state that the run is to reach, see `refresh.Difference`.
        batches: Which; none, if only assets without batches are out of date.
    """
    tags = {DATASET: dataset, GOAL: goal, _EVENTS_ARE_OURS: "true"}
    if batches:
        tags[FIRST_BATCH], tags[LAST_BATCH] = str(min(batches)), str(max(batches))
        tags[BATCHES] = spans_text(batches)
    return tags


def events_are_ours(tags: Mapping[str, str]) -> bool:
    """Whether the IO managers have to tell Dagster what they made."""
    return tags.get(_EVENTS_ARE_OURS) == "true"


def batches_of_run(tags: Mapping[str, str], known: Iterable[int]) -> list[int]:
    """Those of the known batches that a run is for, in order; all, if its tags name none."""
    if BATCHES in tags:
        wanted = [range(first, last + 1) for first, last in _spans(tags[BATCHES])]
    elif ONE_BATCH in tags:
        wanted = [range(int(tags[ONE_BATCH]), int(tags[ONE_BATCH]) + 1)]
    elif FIRST_BATCH in tags:
        wanted = [range(int(tags[FIRST_BATCH]), int(tags[LAST_BATCH]) + 1)]
    else:
        return sorted(known)
    keys = set(known)
    found: set[int] = set()
    for span in wanted:  # of a thousand scattered batches there are a thousand
        found |= (
            keys.intersection(span)
            if len(span) < len(keys)
            else {key for key in keys if key in span}
        )
    return sorted(found)


def spans_text(batches: Iterable[int]) -> str:
    """Batches as text, runs of neighbours drawn together: `3,17-19,90`."""
    spans: list[list[int]] = []
    for batch in sorted(set(batches)):
        if spans and batch == spans[-1][1] + 1:
            spans[-1][1] = batch
        else:
            spans.append([batch, batch])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in spans)


def _spans(text: str) -> list[tuple[int, int]]:
    ends = [part.split("-") for part in text.split(",")]
    return [(int(end[0]), int(end[-1])) for end in ends]
