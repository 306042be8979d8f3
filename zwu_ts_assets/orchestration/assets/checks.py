"""Asset checks: what is on disk is whole, and is what the CSV says now.

What belongs here: which check guards which asset, and which batches it looks at. What does not:
how an artifact is verified (`figures/verification.py`, `text/verification.py`).

A check that runs within a run for some batches looks at those; started by itself, at all.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import dagster as dg

from zwu_ts_assets.config.datasets import Dataset
from zwu_ts_assets.config.environment import cache_dir, project_root
from zwu_ts_assets.orchestration.batches import Batches
from zwu_ts_assets.orchestration.failures import speaking_to_the_user
from zwu_ts_assets.orchestration.layout import dataset_store, foreign_sentence
from zwu_ts_assets.orchestration.lineage import asset_names
from zwu_ts_assets.orchestration.partitions import batch_count
from zwu_ts_assets.orchestration.resources import Workers
from zwu_ts_assets.orchestration.run_tags import batches_of_run, spans_text
from zwu_ts_assets.orchestration.work import WHOLE, warnings_among
from zwu_ts_assets.storage.data_mirror import bring_up_to_date, told
from zwu_ts_assets.storage.places import Place

if TYPE_CHECKING:
    from zwu_ts_assets.orchestration.refresh.comparison import OutOfDate
    from zwu_ts_assets.timeseries.windows import Batch, Window

CSV_CHECK: Final = "csv_is_sound"
CURRENT_CHECK: Final = "is_current"
"""The checks that compare with the CSV: the sensor answers them at each look, and so does whoever
presses their button."""


def dataset_checks(dataset: Dataset, artifacts: Place) -> list[dg.AssetChecksDefinition]:
    """The checks of a dataset's assets.

    Args:
        dataset: Whose artifacts they look at.
        artifacts: The folder for the outputs of all datasets.
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
        from zwu_ts_assets.orchestration.assets import corpus_products as products

        return _verify(
            context, artifacts, batch_windows, products.window_problem, workers, _of_windows
        )

    def png_check(asset: str) -> dg.AssetChecksDefinition:
        @check(asset)
        def pngs_decode_to_the_canvas(
            context: dg.AssetCheckExecutionContext, pngs: Batches, workers: Workers
        ) -> dg.AssetCheckResult:
            """Every PNG decodes, whole, to the size of the canvas."""
            from zwu_ts_assets.orchestration.assets import corpus_products as products

            problem = partial(products.figure_problem, settings=settings)
            return _verify(context, artifacts, pngs, problem, workers)

        decoding: dg.AssetChecksDefinition = pngs_decode_to_the_canvas
        return decoding

    @check("patch_videos")
    def videos_decode_to_every_frame(
        context: dg.AssetCheckExecutionContext, patch_videos: Batches, workers: Workers
    ) -> dg.AssetCheckResult:
        """Every video decodes, whole, to the right number of frames of the right size."""
        from zwu_ts_assets.orchestration.assets import corpus_products as products

        problem = partial(products.film_problem, settings=settings)
        return _verify(context, artifacts, patch_videos, problem, workers)

    @check("batch_stats", windows="batch_windows")
    def text_covers_every_batch(
        batch_stats: Mapping[str, bytes], windows: Batches
    ) -> dg.AssetCheckResult:
        """The text has every window of the CSV; fewer while some are not made yet."""
        from zwu_ts_assets.text.stats import parse_stats

        with speaking_to_the_user(dataset.csv):
            known = range(batch_count(dataset))
        keys = (key for key, _ in parse_stats(batch_stats["text"].decode("utf-8")))
        present = Counter(key[0] if isinstance(key, tuple) else key for key in keys)
        # Of a batch that is not made, at least one window is missing; of one in which every window
        # has a gap, none is.
        made = windows.records.items()
        expected = {batch: int(record.details.get("windows", 1) or 0) for batch, record in made}
        covered = [batch for batch in known if present[batch] == expected.get(batch, 1)]
        return dg.AssetCheckResult(
            passed=len(covered) == len(known),
            # A part of the corpus is what a run for one batch was asked for: worth a warning.
            severity=dg.AssetCheckSeverity.WARN,
            description=f"{len(covered)} of {len(known)} known batches",
            metadata={"batches": len(covered), "known_batches": len(known)},
        )

    @check("batch_stats")
    def text_tells_every_variance(batch_stats: Mapping[str, bytes]) -> dg.AssetCheckResult:
        """Two decimals hide no column's variance in most of the windows in which it varies."""
        with speaking_to_the_user(artifacts):
            record = dataset_store(artifacts, dataset.prefix).record("batch_stats", WHOLE)
        hidden = warnings_among(record.details) if record else []
        return dg.AssetCheckResult(
            passed=not hidden,
            severity=dg.AssetCheckSeverity.WARN,
            description=" ".join(hidden) or None,
        )

    @check("vocab")
    def ids_give_the_tokens(vocab: Mapping[str, bytes]) -> dg.AssetCheckResult:
        """Every row's ids, looked up in the vocabulary, give its tokens again."""
        from zwu_ts_assets.text.verification import vocabulary_problem

        problem = vocabulary_problem(vocab["vocab"], vocab["tokens"])
        return dg.AssetCheckResult(passed=not problem, description=problem or None)

    @check("qwen_tokens", stats="batch_stats")
    def ids_decode_to_the_text(
        qwen_tokens: Mapping[str, bytes], stats: Mapping[str, bytes]
    ) -> dg.AssetCheckResult:
        """Every window of the stats has a row whose ids decode to its text again."""
        from zwu_ts_assets.orchestration.assets import corpus_products as products

        with speaking_to_the_user(cache_dir()):
            source = products.tokenizer_source(settings, project_root(), cache_dir())
        problem = products.tokens_problem(stats, qwen_tokens, source)
        return dg.AssetCheckResult(passed=not problem, description=problem or None)

    @dg.asset_check(asset=key(dataset.raw_asset), name=CSV_CHECK)
    def csv_is_sound() -> dg.AssetCheckResult:
        """The CSV can be read, and its rows are what a corpus can be made from."""
        from zwu_ts_assets.errors import CorpusError
        from zwu_ts_assets.orchestration.assets import corpus_products as products

        try:
            bring_up_to_date(dataset.csv.parent)
            products.raw_product(dataset.csv, settings)
        except CorpusError as error:
            return dg.AssetCheckResult(passed=False, description=told(str(error)))
        return dg.AssetCheckResult(passed=True, description="the CSV can be used")

    names = asset_names(dataset)

    @dg.multi_asset_check(
        name=f"{dataset.name}_{CURRENT_CHECK}",
        specs=[
            dg.AssetCheckSpec(
                CURRENT_CHECK,
                asset=key(name),
                description="Every artifact is what the CSV, the settings and the code say now.",
            )
            for name in names
        ],
        can_subset=True,
    )
    def is_current(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        from zwu_ts_assets.orchestration.refresh.comparison import difference

        with speaking_to_the_user(dataset.csv):
            bring_up_to_date(dataset.csv.parent)
            found = difference(dataset, artifacts)
        chosen = context.selected_asset_check_keys
        for name in (
            name for name in names if dg.AssetCheckKey(key(name), CURRENT_CHECK) in chosen
        ):
            stale = [item for item in found.stale if item.asset == name]
            yield dg.AssetCheckResult(
                asset_key=key(name),
                check_name=CURRENT_CHECK,
                passed=not stale,
                severity=dg.AssetCheckSeverity.WARN,
                description=out_of_date_sentence(stale, found.foreign.get(name, ())),
            )

    return [
        csv_is_sound,
        is_current,
        matrices_are_sound,
        png_check("correlation_pngs"),
        *([png_check("line_plots")] if settings.line_plots else []),
        videos_decode_to_every_frame,
        text_covers_every_batch,
        text_tells_every_variance,
        ids_give_the_tokens,
        ids_decode_to_the_text,
    ]


def _verify(
    context: dg.AssetCheckExecutionContext,
    artifacts: Place,
    batches: Batches,
    problem: Callable[[Any], str],
    workers: Workers,
    parts_of: Callable[[Any], Iterator[tuple[str, Any]]] | None = None,
) -> dg.AssetCheckResult:
    """Look at the run's batches, or at all, and name each one that has a problem.

    Window by window, so that a batch of many of them keeps every worker busy.
    """
    chosen = batches_of_run(context.run.tags, batches)
    labels: deque[str] = deque()

    def parts() -> Iterator[Any]:
        for batch, content in batches.pick(map(str, chosen)):
            for label, part in (parts_of or _of_files)(content):
                labels.append(f"{batch}{label}")
                yield part

    with speaking_to_the_user(artifacts):
        found = ((labels.popleft(), told) for told in workers.pool.map(problem, parts()))
        problems = {label: sentence for label, sentence in found if sentence}
    return dg.AssetCheckResult(
        passed=not problems,
        description="; ".join(f"batch {b} {p}" for b, p in list(problems.items())[:3]) or None,
        metadata={"batches": len(chosen), "problems": dg.MetadataValue.json(problems)},
    )


def _of_windows(batch: "Batch") -> "Iterator[tuple[str, Window]]":
    """The windows of a batch, with what tells them apart where it has several."""
    for window in batch.windows:
        yield f" row {window.start}" if len(batch.starts) > 1 else "", window


def _of_files(files: Mapping[str, bytes]) -> Iterator[tuple[str, Mapping[str, bytes]]]:
    """The files of a batch one by one, likewise."""
    for role, data in files.items():
        yield f" {role.replace('_', ' ')}" if len(files) > 1 else "", {role: data}


def out_of_date_sentence(stale: "Sequence[OutOfDate]", foreign: Sequence[str] = ()) -> str:
    """What is out of date of an asset, and why, and what is left alone, in a sentence.

    Args:
        stale: What is out of date of it.
        foreign: What no run made, from `Difference.foreign`.
    """
    parts = [] if stale else ["what the CSV, the settings and the code say now"]
    for reason, count in Counter(item.reason for item in stale).items():
        keys = [item.key for item in stale if item.reason == reason]
        batches = [int(key) for key in keys if key.isdecimal()]
        which = f" (batch {spans_text(batches)})" if batches else ""
        parts.append(f"{count} {reason}{which}")
    return "; ".join([*parts, *([foreign_sentence(foreign)] if foreign else [])])
