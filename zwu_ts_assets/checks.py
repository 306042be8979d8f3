"""Asset checks: what is on disk is what it should be.

What belongs here: which check guards which asset, and which batches it looks at. What does not:
how an artifact is verified (`corpus/verification.py`).

A check that runs within a run for some batches looks at those; started by itself, at all.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import dagster as dg

from zwu_ts_assets.batches import Batches
from zwu_ts_assets.datasets import Dataset
from zwu_ts_assets.environment import cache_dir, project_root
from zwu_ts_assets.failures import speaking_to_the_user
from zwu_ts_assets.partitions import batch_count
from zwu_ts_assets.resources import Workers

# The tags by which a run says which partitions it is for.
_ONE, _FIRST, _LAST = (
    "dagster/partition",
    "dagster/asset_partition_range_start",
    "dagster/asset_partition_range_end",
)


def dataset_checks(dataset: Dataset) -> list[dg.AssetChecksDefinition]:
    """The checks of a dataset's assets.

    Args:
        dataset: Whose artifacts they look at.
    """
    settings = dataset.settings

    def key(name: str) -> dg.AssetKey:
        return dg.AssetKey([*dataset.prefix, name])

    def check(asset: str, **inputs: str) -> Callable[[Callable[..., Any]], Any]:
        return dg.asset_check(
            asset=key(asset),
            additional_ins={name: dg.AssetIn(key=key(source)) for name, source in inputs.items()},
        )

    @check("batch_windows")
    def matrices_are_sound(
        context: dg.AssetCheckExecutionContext, batch_windows: Batches, workers: Workers
    ) -> dg.AssetCheckResult:
        """All six matrices are symmetric, and finite except for constant columns."""
        from zwu_ts_assets import products

        return _verify(context, batch_windows, products.window_problem, workers)

    @check("correlation_pngs")
    def pngs_decode_to_the_canvas(
        context: dg.AssetCheckExecutionContext, correlation_pngs: Batches, workers: Workers
    ) -> dg.AssetCheckResult:
        """Every PNG decodes, whole, to the size of the canvas."""
        from zwu_ts_assets import products

        problem = partial(products.figure_problem, settings=settings)
        return _verify(context, correlation_pngs, problem, workers)

    @check("patch_videos")
    def videos_decode_to_every_frame(
        context: dg.AssetCheckExecutionContext, patch_videos: Batches, workers: Workers
    ) -> dg.AssetCheckResult:
        """Every video decodes, whole, to the right number of frames of the right size."""
        from zwu_ts_assets import products

        problem = partial(products.film_problem, settings=settings)
        return _verify(context, patch_videos, problem, workers)

    @check("batch_stats")
    def text_covers_every_batch(batch_stats: Mapping[str, bytes]) -> dg.AssetCheckResult:
        """The text has every batch of the CSV; fewer while some windows are not made yet."""
        from zwu_ts_assets.corpus.stats import parse_stats

        with speaking_to_the_user(dataset.csv):
            known = range(batch_count(dataset))
        present = {batch for batch, _ in parse_stats(batch_stats["text"].decode("utf-8"))}
        missing = [batch for batch in known if batch not in present]
        return dg.AssetCheckResult(
            passed=not missing,
            # A part of the corpus is what a run for one batch was asked for: worth a warning.
            severity=dg.AssetCheckSeverity.WARN,
            description=f"{len(present)} of {len(known)} known batches",
            metadata={"batches": len(present), "known_batches": len(known)},
        )

    @check("vocab")
    def ids_give_the_tokens(vocab: Mapping[str, bytes]) -> dg.AssetCheckResult:
        """Every row's ids, looked up in the vocabulary, give its tokens again."""
        from zwu_ts_assets.corpus.verification import vocabulary_problem

        problem = vocabulary_problem(vocab["vocab"], vocab["tokens"])
        return dg.AssetCheckResult(passed=not problem, description=problem or None)

    @check("qwen_tokens", stats="batch_stats")
    def ids_decode_to_the_text(
        qwen_tokens: Mapping[str, bytes], stats: Mapping[str, bytes]
    ) -> dg.AssetCheckResult:
        """Every batch of the stats has a row whose ids decode to its text again."""
        from zwu_ts_assets import products

        with speaking_to_the_user(cache_dir()):
            source = products.tokenizer_source(settings, project_root(), cache_dir())
        problem = products.tokens_problem(stats, qwen_tokens, source)
        return dg.AssetCheckResult(passed=not problem, description=problem or None)

    return [
        matrices_are_sound,
        pngs_decode_to_the_canvas,
        videos_decode_to_every_frame,
        text_covers_every_batch,
        ids_give_the_tokens,
        ids_decode_to_the_text,
    ]


def _verify(
    context: dg.AssetCheckExecutionContext,
    batches: Batches,
    problem: Callable[[Any], str],
    workers: Workers,
) -> dg.AssetCheckResult:
    """Look at the run's batches, or at all, and name each one that has a problem."""
    chosen = _batches_of_run(context.run.tags, batches)
    contents = (batches[batch] for batch in chosen)
    problems = {
        str(batch): sentence
        for batch, sentence in zip(chosen, workers.pool.map(problem, contents), strict=True)
        if sentence
    }
    return dg.AssetCheckResult(
        passed=not problems,
        description="; ".join(f"batch {b} {p}" for b, p in list(problems.items())[:3]) or None,
        metadata={"batches": len(chosen), "problems": dg.MetadataValue.json(problems)},
    )


def _batches_of_run(tags: Mapping[str, str], batches: Iterable[int]) -> list[int]:
    if _ONE in tags:
        wanted = range(int(tags[_ONE]), int(tags[_ONE]) + 1)
    elif _FIRST in tags:
        wanted = range(int(tags[_FIRST]), int(tags[_LAST]) + 1)
    else:
        return list(batches)
    return [batch for batch in batches if batch in wanted]
