"""Why a dataset or a split has no sample or no question, and what would give it some.

What belongs here: the sentences for whoever asked for samples and exports of a CSV that is too
short for its settings, or will ask. What does not: placing windows in splits
(`training/splits.py`).
"""

from collections.abc import Mapping, Sequence
from decimal import ROUND_CEILING, Decimal
from pathlib import Path
from typing import Final

from zwu_ts_assets.config.settings import Settings
from zwu_ts_assets.storage.artifact_store import Detail
from zwu_ts_assets.timeseries.csv_rules import holds_cases, settings_file
from zwu_ts_assets.training.split_rule import DEFAULT_RATIOS, SPLITS, exact_ratio

_LEAST_WINDOW: Final = 4  # rows, as the setting has it


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
    return f"{sentence}{', '.join(remedies[:-1])}, or {remedies[-1]}. {_where(csv)}"


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
    if horizon < 0 and (shorter := _shorter(settings, min(filter(None, rows.values())))):
        remedies.append(shorter)
    if settings.split.borders is None and settings.split.dates is None:
        remedies.append(f"a ratio of 0 for {' and '.join(empty)}, if that is meant")
    return (
        f"{csv}: there is no sample in {' and '.join(empty)}, so {_their(empty)} files are empty. "
        f"A sample needs {needed} rows in one split (window_length "
        f"{settings.window_length} and horizon {settings.horizon}); in rows: {have}. "
        f"What helps: {', or '.join([*remedies, 'a longer CSV'])}. {_where(csv)}"
    )


def _where(csv: Path) -> str:
    return f"Settings go into {settings_file(csv).name}, beside the CSV."


def _their(names: Sequence[str]) -> str:
    return "its" if len(names) == 1 else "their"


def _shorter(settings: Settings, fewest: int) -> str:
    """Settings of which a sample fits into so many rows, wherever windows begin; else empty."""

    def stride(length: int) -> int:
        return min(settings.window_stride or length, length)

    def horizon(length: int) -> int:
        return settings.horizon * length // settings.window_length

    def fits(length: int, ahead: int) -> bool:
        return length + ahead + stride(length) - 1 <= fewest

    lengths = range(settings.window_length, _LEAST_WINDOW - 1, -1)
    length = next((each for each in lengths if fits(each, horizon(each))), None)
    if length is None:
        return ""
    ahead, patch = horizon(length), settings.patch_length
    if length < patch and fits(patch, min(settings.horizon, 1)):
        # A shorter look ahead spares changing the patches.
        length = patch
        ahead = min(settings.horizon, fewest - length - stride(length) + 1)
    wanted = {"window_length": length, "horizon": ahead}
    if settings.window_stride is not None:
        wanted["window_stride"] = stride(length)
    if length < patch:
        wanted["patch_length"] = max(length // 4, 2)
        wanted["patch_stride"] = max(wanted["patch_length"] // 2, 1)
    lines = [
        f"`{name} = {value}`" for name, value in wanted.items() if value != getattr(settings, name)
    ]
    return lines[0] if len(lines) == 1 else f"{', '.join(lines[:-1])} and {lines[-1]}"


def why_no_question(csv: Path, settings: Settings, questions: Mapping[str, Detail]) -> str:
    """Why nothing is asked of the samples that there are, and what helps; empty if something is.

    Args:
        csv: The CSV, to be named.
        settings: Of the dataset.
        questions: Details of the record of its questions.
    """
    if questions["questions"]:
        return ""
    return (
        f"{csv}: nothing is asked of its samples, so there is nothing to export. "
        f"{_more_questions(settings)}"
    )


def unasked_splits(
    csv: Path, settings: Settings, samples: Mapping[str, Detail], questions: Mapping[str, Detail]
) -> str:
    """Which splits have samples of which nothing is asked, although others are asked about.

    Args:
        csv: The CSV, to be named.
        settings: Of the dataset.
        samples: Details of the record of its samples.
        questions: Likewise of its questions.

    Returns:
        A sentence, with what helps; empty if there is no such split, or no question at all.
    """
    silent = [
        name
        for name in SPLITS
        if samples[f"{name}_samples"] and not questions.get(f"{name}_questions", 1)
    ]
    if not silent or not questions["questions"]:
        return ""
    counts = " and ".join(f"{name} ({samples[f'{name}_samples']})" for name in silent)
    return (
        f"{csv}: nothing is asked of the samples of {counts}, so {_their(silent)} files are empty. "
        f"{_more_questions(settings)}"
    )


def _more_questions(settings: Settings) -> str:
    stride = max(settings.stride // 4, 1)
    smaller = (
        f"a smaller window_stride, such as {stride}, a longer CSV, or more"
        if stride < settings.stride
        else "a longer CSV, or more"
    )
    return (
        "A question is asked of windows in which each of its answers is right equally often, so "
        "that its text gives nothing away, and of so few windows there are none. What helps: "
        f"{smaller} of the tasks, levels and views in [tasks]."
    )


def outlook(
    csv: Path,
    settings: Settings,
    samples: Mapping[str, Detail],
    questions: Mapping[str, Detail] | None,
) -> list[str]:
    """What whoever exports will miss: splits without samples or without questions.

    Args:
        csv: The CSV, to be named.
        settings: Of the dataset.
        samples: Details of the record of its samples, made or foretold.
        questions: Likewise of its questions; None where they are not known.

    Returns:
        Sentences, each with what helps; none where every split will have what it should.
    """
    if none := why_no_sample(csv, settings, samples):
        return [none]
    found = [empty_splits(csv, settings, samples)]
    if questions is not None:
        found.append(why_no_question(csv, settings, questions))
        found.append(unasked_splits(csv, settings, samples, questions))
    return [sentence for sentence in found if sentence]


def _length(span: Detail) -> int:
    first, _, last = str(span).partition("..")
    return int(last) - int(first) + 1 if first.isdecimal() and last.isdecimal() else 0
