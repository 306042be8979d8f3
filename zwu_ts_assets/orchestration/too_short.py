"""Why a dataset has no sample or no question, and what would give it some.

What belongs here: the sentence for whoever asked for samples and exports of a CSV that is too
short for its settings. What does not: placing windows in splits (`training/splits.py`).
"""

from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal
from pathlib import Path

from zwu_ts_assets.config.settings import Settings
from zwu_ts_assets.storage.artifact_store import Detail
from zwu_ts_assets.timeseries.csv_rules import holds_cases
from zwu_ts_assets.training.split_rule import DEFAULT_RATIOS, SPLITS, exact_ratio


def why_no_sample(csv: Path, settings: Settings, details: Mapping[str, Detail]) -> str:
    """Why there is no sample in any split, and what helps; empty if there are some.

    Args:
        csv: The CSV, to be named.
        settings: Of the dataset.
        details: Of the record of its samples: counts and rows of each split.
    """
    if any(details[f"{name}_samples"] for name in SPLITS):
        return ""
    rows = {name: _length(details.get(f"{name}_rows")) for name in SPLITS}
    needed, longest = settings.window_length + settings.horizon, max(rows.values())
    if holds_cases(csv) and details.get("windows_target_incomplete"):
        return (
            f"{csv}: there is no sample, and of none nothing is made. A sample needs {needed} rows "
            f"of one case (window_length {settings.window_length} and horizon {settings.horizon}). "
            "What helps: horizon = 0, without which nothing can be asked of cases as long as a "
            "window, or a smaller window_length."
        )
    have = ", ".join(f"{name} {count}" for name, count in rows.items())
    sentence = (
        f"{csv}: there is no sample, and of none nothing is made. A sample needs {needed} rows in "
        f"one split (window_length {settings.window_length} and horizon {settings.horizon}); the "
        f"splits have, in rows: {have}. What helps: "
    )
    if longest >= needed:
        # There is room, but every window that would fit begins elsewhere or has a gap.
        stride = f"a window_stride smaller than {settings.stride}, " if settings.stride > 1 else ""
        return f"{sentence}{stride}values in the gaps that it may have, or a longer CSV."
    remedies = [f"window_length and horizon of together at most {longest}"]
    if settings.split.borders is None and settings.split.dates is None:
        share = max(map(exact_ratio, settings.split.ratios or DEFAULT_RATIOS))
        most = (Decimal(needed) / share).to_integral_value(ROUND_CEILING)
        remedies.append(f"a CSV of at least {most} rows")
        if sum(rows.values()) >= needed:
            remedies.append(f"other ratios of [split], such that one has {needed} rows")
    else:
        remedies.append(f"another [split], such that one has {needed} rows")
    return f"{sentence}{', '.join(remedies[:-1])}, or {remedies[-1]}."


def empty_splits(csv: Path, settings: Settings, details: Mapping[str, Detail]) -> str:
    """Which splits have rows and no sample although others have some, and what helps.

    Args:
        csv: The CSV, to be named.
        settings: Of the dataset.
        details: Of the record of its samples: counts and rows of each split.

    Returns:
        A sentence; empty if there is no such split, or no sample at all.
    """
    rows = {name: _length(details.get(f"{name}_rows")) for name in SPLITS}
    empty = [name for name in SPLITS if rows[name] and not details[f"{name}_samples"]]
    if not empty or not any(details[f"{name}_samples"] for name in SPLITS):
        return ""
    needed, total = settings.window_length + settings.horizon, sum(rows.values())
    have = ", ".join(f"{name} {rows[name]}" for name in empty)
    fewest = min(rows[name] for name in empty)
    remedies = []
    if settings.max_batches is not None:
        remedies.append(f"a max_batches larger than {settings.max_batches}")
    if needed <= fewest < needed + settings.stride - 1:
        # There is room, but every window that would fit begins elsewhere.
        remedies.append(f"a window_stride of at most {fewest - needed + 1}")
    horizon = fewest - (settings.stride - 1) - settings.window_length
    if 0 <= horizon < settings.horizon:
        remedies.append(f"a horizon of at most {horizon}")
    sure = needed + settings.stride - 1  # wherever windows begin, one fits into so many rows
    if total > 3 * sure and settings.split.borders is None and settings.split.dates is None:
        share = (Decimal(sure) / total * 100).to_integral_value(ROUND_CEILING) / 100
        remedies.append(f"under [split], ratios = [{1 - 2 * share}, {share}, {share}]")
    if fewest < needed and not horizon >= 0:
        remedies.append(f"window_length and horizon of together at most {fewest}")
    if settings.split.borders is None and settings.split.dates is None:
        remedies.append(f"a ratio of 0 for {' and '.join(empty)}, if that is meant")
    return (
        f"{csv}: there is no sample in {' and '.join(empty)}, so its files are empty. "
        f"A sample needs {needed} rows in one split (window_length "
        f"{settings.window_length} and horizon {settings.horizon}); in rows: {have}. "
        f"What helps: {', or '.join([*remedies, 'a longer CSV'])}."
    )


def why_no_question(csv: Path, settings: Settings, questions: Mapping[str, Detail]) -> str:
    """Why nothing is asked of the samples that there are, and what helps; empty if something is.

    Args:
        csv: The CSV, to be named.
        settings: Of the dataset.
        questions: Details of the record of its questions.
    """
    if questions["questions"]:
        return ""
    stride = max(settings.stride // 4, 1)
    return (
        f"{csv}: nothing is asked of its samples, so there is nothing to export. A question is "
        "asked of windows in which each of its answers is right equally often, so that its text "
        "gives nothing away, and of so few windows there are none. What helps: a smaller "
        f"window_stride, such as {stride}, a longer CSV, or more of the tasks, levels and views in "
        "[tasks]."
    )


def _length(span: Detail) -> int:
    first, _, last = str(span).partition("..")
    return int(last) - int(first) + 1 if first.isdecimal() and last.isdecimal() else 0
