"""Asset checks of the last mile: nothing leaks, nothing is lost, exports hold what they say.

What belongs here: which check guards which asset. What does not: how it is verified (`training/`).
"""

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager

import dagster as dg

from zwu_ts_assets.config.datasets import Dataset
from zwu_ts_assets.config.environment import cache_dir, project_root
from zwu_ts_assets.config.settings import EXPORTS
from zwu_ts_assets.orchestration.batches import Batches
from zwu_ts_assets.orchestration.failures import speaking_to_the_user
from zwu_ts_assets.orchestration.reports import asset_key

_SHOWN = 20


def training_checks(dataset: Dataset) -> list[dg.AssetChecksDefinition]:
    """The checks of samples, questions, evidence, preflight and exports.

    Args:
        dataset: Whose they are.
    """

    def ins(**assets: str) -> dict[str, dg.AssetIn]:
        return {name: dg.AssetIn(key=asset_key(dataset, asset)) for name, asset in assets.items()}

    @dg.asset_check(asset=asset_key(dataset, "samples"))
    def splits_share_no_row(samples: Mapping[str, bytes]) -> dg.AssetCheckResult:
        """No row of a training sample's past or target is one of a validation or test sample's.

        Proved from the rows of the samples, not from the rule that divided them.
        """
        from zwu_ts_assets.orchestration.assets import training_products as training

        problem = training.leak_of(samples, dataset.settings)
        return dg.AssetCheckResult(passed=not problem, description=problem or None)

    @dg.asset_check(asset=asset_key(dataset, "questions"))
    def answers_are_balanced(questions: Mapping[str, bytes]) -> dg.AssetCheckResult:
        """Of the questions of a task and split that offer the same options, each is right as often.

        So whoever knows the text alone, and all answers of the train split, does no better than by
        chance.
        """
        from zwu_ts_assets.orchestration.assets.question_products import read_questions
        from zwu_ts_assets.training.picture.balance import imbalances

        found = imbalances(read_questions(questions))
        return dg.AssetCheckResult(
            passed=not found,
            description="; ".join(found[:3]) or None,
            metadata={"imbalances": dg.MetadataValue.json(found[:_SHOWN])},
        )

    @dg.asset_check(asset=asset_key(dataset, "evidence"))
    def questions_need_their_media(evidence: Mapping[str, bytes]) -> dg.AssetCheckResult:
        """A blind reader does no better than by chance, and a reader of pixels is right."""
        numbers = json.loads(evidence["numbers"])
        problems = numbers["problems"]
        asked = sum(row["wrong_picture"]["asked"] for row in numbers["rows"])
        return dg.AssetCheckResult(
            passed=not problems,
            description="; ".join(problems[:3])
            or (None if asked else "no question was asked, so nothing was proven"),
            metadata={"problems": dg.MetadataValue.json(problems[:_SHOWN])},
        )

    @dg.asset_check(
        asset=asset_key(dataset, "preflight"),
        additional_ins=ins(samples="samples", questions="questions", patch_videos="patch_videos"),
    )
    def consumers_lose_nothing(
        preflight: Mapping[str, bytes],
        samples: Mapping[str, bytes],
        questions: Mapping[str, bytes],
        patch_videos: Batches,
    ) -> dg.AssetCheckResult:
        """With its own defaults, each consumer reads every frame, legibly, and whole answers."""
        from zwu_ts_assets.orchestration.assets import preflight_products, sample_views

        with speaking_to_the_user(dataset.csv.parent):
            view = sample_views.view_of(*(dataset, samples, questions, project_root(), cache_dir()))
            report = preflight_products.preflight_report(view, patch_videos.records)
        trouble = preflight_products.trouble_of(report)
        return dg.AssetCheckResult(
            passed=not trouble,
            # The corpus is sound; what is lost depends on who reads it, and on their settings.
            severity=dg.AssetCheckSeverity.WARN,
            description=f"something is lost for: {', '.join(trouble)}" if trouble else None,
            metadata={"advice": dg.MetadataValue.json(trouble)},
        )

    def export_check(asset: str, format_name: str) -> dg.AssetChecksDefinition:
        @dg.asset_check(
            asset=asset_key(dataset, asset),
            additional_ins=ins(series=dataset.raw_asset),
        )
        def export_is_sound(export: object, series: object) -> dg.AssetCheckResult:
            """Media decode, rows are what the manifest says, answers what the CSV says."""
            from zwu_ts_assets.orchestration.assets import corpus_products as products
            from zwu_ts_assets.orchestration.assets import export_checks
            from zwu_ts_assets.orchestration.assets.token_counts import TokenCounts
            from zwu_ts_assets.timeseries.series import Series

            assert isinstance(export, AbstractContextManager)
            assert isinstance(series, Series)
            with speaking_to_the_user(dataset.csv.parent), export as folder:
                source = products.tokenizer_source(dataset.settings, project_root(), cache_dir())
                counts = TokenCounts(source)
                report = export_checks.validate(folder, format_name, dataset, series, counts)
            problems = [str(problem) for problem in report.problems]
            return dg.AssetCheckResult(
                passed=not problems,
                description="; ".join(problems[:3]) or None,
                metadata={
                    "conversations": report.conversations,
                    "media": report.media,
                    "problems": dg.MetadataValue.json(problems[:_SHOWN]),
                    "not_checked": dg.MetadataValue.json(list(report.not_checked)),
                },
            )

        return export_is_sound

    return [
        splits_share_no_row,
        answers_are_balanced,
        questions_need_their_media,
        consumers_lose_nothing,
        *(export_check(asset, name) for name, asset in EXPORTS.items()),
    ]
