"""The last mile's checks: nothing leaks, nothing is lost, exports hold what they say.

What belongs here and what does not is as for the corpus (`checks.py`).
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from zwu_ts_assets.orchestration.contexts import CheckRun
from zwu_ts_assets.orchestration.work import Check, Verdict

if TYPE_CHECKING:
    from zwu_ts_assets.orchestration.work import Batches
    from zwu_ts_assets.timeseries.series import Series

Files = Mapping[str, bytes]

_SHOWN: Final = 20


def _splits_share_no_row(run: CheckRun, made: Files) -> Verdict:
    """Compare the rows of the samples, whatever rule divided them."""
    from zwu_ts_assets.orchestration.assets import training_products as training

    problem = training.leak_of(made, run.dataset.settings)
    return Verdict(not problem, problem)


def _answers_are_balanced(run: CheckRun, made: Files) -> Verdict:
    """Count how often each option of the same text is right."""
    from zwu_ts_assets.orchestration.assets.question_products import read_questions
    from zwu_ts_assets.training.picture.balance import imbalances

    found = imbalances(read_questions(made))
    return Verdict(not found, "; ".join(found[:3]), {"imbalances": found[:_SHOWN]})


def _questions_need_their_media(run: CheckRun, made: Files) -> Verdict:
    """Ask the evidence."""
    numbers = json.loads(made["numbers"])
    problems = numbers["problems"]
    too_few = [f"{task}: {text}" for task, text in numbers["too_few"].items()]
    told = "; ".join([*problems[:3], *_first(too_few, 3)])
    if not numbers["rows"]:
        told = "no question was asked, so nothing was proven"
    return Verdict(not problems, told, {"problems": problems[:_SHOWN], "too_few": too_few[:_SHOWN]})


def _first(told: Sequence[str], most: int) -> list[str]:
    """The first of some sentences, and how many more there are."""
    more = len(told) - most
    return [*told[:most], *([f"and {more} more tasks"] if more > 0 else [])]


def _consumers_lose_nothing(
    run: CheckRun,
    made: Files,
    samples: Files,
    questions: Files,
    evidence: Files,
    patch_videos: "Batches",
) -> Verdict:
    """Ask what each consumer makes of the corpus."""
    from zwu_ts_assets.orchestration.assets import preflight_products, sample_views

    where = run.surroundings
    view = sample_views.view_of(run.dataset, samples, questions, where.project_dir, where.cache_dir)
    report = preflight_products.preflight_report(view, patch_videos.records, evidence)
    trouble = preflight_products.trouble_of(report)
    return Verdict(
        not trouble,
        f"something is lost for: {', '.join(trouble)}" if trouble else "",
        {"advice": trouble},
    )


def _export_is_sound(
    format_name: str, run: CheckRun, made: AbstractContextManager[Path], series: "Series"
) -> Verdict:
    """Hold an export against its manifest, the CSV and the tokenizer.

    Args:
        format_name: Its format.
        run: Of the check.
        made: Its folder, to be opened.
        series: The table that its answers are computed from again.
    """
    from zwu_ts_assets.orchestration.assets import corpus_products as products
    from zwu_ts_assets.orchestration.assets import export_checks
    from zwu_ts_assets.orchestration.assets.sample_views import TokenCounts

    where = run.surroundings
    with made as folder:
        source = products.tokenizer_source(run.dataset.settings, where.project_dir, where.cache_dir)
        counts = TokenCounts(source)
        report = export_checks.validate(folder, format_name, run.dataset, series, counts)
    problems = [str(problem) for problem in report.problems]
    return Verdict(
        not problems,
        "; ".join(problems[:3]),
        {
            "conversations": report.conversations,
            "media": report.media,
            "problems": problems[:_SHOWN],
            "not_checked": list(report.not_checked),
        },
    )


def export_is_sound(format_name: str) -> Check:
    """The check of the export of a format."""
    return Check(
        name="export_is_sound",
        description="Media decode, rows are what the manifest says, answers what the CSV says.",
        verify=partial(_export_is_sound, format_name),
        inputs={"series": "raw"},
    )


SPLITS_SHARE_NO_ROW: Final = Check(
    name="splits_share_no_row",
    description=(
        "No row of a training sample's past or target is one of a validation or test sample's.\n\n"
        "Proved from the rows of the samples, not from the rule that divided them."
    ),
    verify=_splits_share_no_row,
)
ANSWERS_ARE_BALANCED: Final = Check(
    name="answers_are_balanced",
    description=(
        "Of the questions of a task and split that offer the same options, each is right as often."
        "\n\nSo whoever knows the text alone, and all answers of the train split, does no better "
        "than by chance."
    ),
    verify=_answers_are_balanced,
)
QUESTIONS_NEED_THEIR_MEDIA: Final = Check(
    name="questions_need_their_media",
    description=(
        "A blind reader does no better than by chance, and a reader of pixels is right.\n\n"
        "Of tasks with too few questions to tell, it says so, and how many are needed."
    ),
    verify=_questions_need_their_media,
)
CONSUMERS_LOSE_NOTHING: Final = Check(
    name="consumers_lose_nothing",
    description=(
        "With its own defaults, each consumer reads every frame, legibly, and whole answers."
    ),
    verify=_consumers_lose_nothing,
    inputs={name: name for name in ("samples", "questions", "evidence", "patch_videos")},
    warns=True,  # the corpus is sound; what is lost depends on who reads it, with which settings
)
