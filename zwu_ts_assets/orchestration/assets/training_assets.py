"""The bodies of the last mile's assets, from samples to exports, one short function each.

What belongs here and what does not is as for the corpus (`corpus_assets.py`). These assets cover
every window that exists, and have no batches of their own.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING

from zwu_ts_assets.orchestration.contexts import AssetRun
from zwu_ts_assets.orchestration.terminal import counted, expect_parts
from zwu_ts_assets.orchestration.work import Make, Product, once

if TYPE_CHECKING:
    from zwu_ts_assets.evidence.reading import Found, Piece
    from zwu_ts_assets.orchestration.assets.sample_views import View
    from zwu_ts_assets.orchestration.work import Batches
    from zwu_ts_assets.timeseries.series import Series

Files = Mapping[str, bytes]


def samples(
    run: AssetRun,
    series: "Series",
    batch_windows: "Batches",
    stats: Files,
    tokens: Files,
    **media: "Batches",
) -> Make:
    """Divide the windows into splits, and bring together what is there of each."""
    from zwu_ts_assets.orchestration.assets import training_products as training

    where = run.surroundings
    tokenizer = training.tokenizer_of(run.dataset.settings, where.project_dir, where.cache_dir)
    made = {"batch_windows": batch_windows, **media}
    records = {name: batches.records for name, batches in made.items()}
    return once(
        partial(
            training.samples_product,
            *(run.dataset, series, batch_windows, records, stats, tokens, tokenizer),
        )
    )


def questions(run: AssetRun, samples: Files) -> Make:
    """Ask what can be asked of the samples without the text giving it away."""
    from zwu_ts_assets.orchestration.assets import question_products

    allowed = run.surroundings.allowed_code
    return once(partial(question_products.questions_product, run.dataset, samples, allowed))


def evidence(run: AssetRun, samples: Files, questions: Files, **media: "Batches") -> Make:
    """Have blind readers and readers of pixels answer the questions."""
    from zwu_ts_assets.orchestration.assets import question_products, training_products

    where = run.surroundings
    tokenizer = training_products.tokenizer_of(
        run.dataset.settings, where.project_dir, where.cache_dir
    )

    def mapped(function: "Callable[[Piece], Found]", items: "Iterable[Piece]") -> "Iterator[Found]":
        return counted(run.pool.map(function, items))

    return once(
        partial(
            question_products.evidence_product,
            *(run.dataset, questions, samples, media, tokenizer, where.allowed_code),
            mapped,
            expect_parts,
        )
    )


def baselines(run: AssetRun, samples: Files, questions: Files) -> Make:
    """Tell what has to be beaten."""
    from zwu_ts_assets.orchestration.assets import question_products

    return once(partial(question_products.baselines_product, questions, samples))


def preflight(
    run: AssetRun, patch_videos: "Batches", samples: Files, questions: Files, evidence: Files
) -> Make:
    """Report what each trainer would make of the corpus."""
    from zwu_ts_assets.orchestration.assets import preflight_products

    view = _view(run, samples, questions)

    def make() -> Product[Files]:
        report = preflight_products.preflight_report(view, patch_videos.records, evidence)
        return preflight_products.preflight_product(report)

    return once(make)


def gallery(
    run: AssetRun, samples: Files, questions: Files, evidence: Files, **media: "Batches"
) -> Make:
    """Make the pages on which people look at the corpus."""
    from zwu_ts_assets.orchestration.assets import gallery_products

    view = _view(run, samples, questions)
    return once(partial(gallery_products.gallery_product, view, evidence, media))


def export(
    format_name: str,
    run: AssetRun,
    samples: Files,
    questions: Files,
    evidence: Files,
    baselines: Files,
    **media: "Batches",
) -> Make:
    """Write the samples as a trainer reads them.

    Args:
        format_name: Which one.
        run: Of the asset.
        samples: The samples by split, and the report on the splits.
        questions: The questions by split.
        evidence: What readers made of them.
        baselines: What has to be beaten.
        media: Figures and videos, by asset.
    """
    from zwu_ts_assets.orchestration.assets import export_products

    view = _view(run, samples, questions)
    proof = export_products.Proof(evidence, baselines)
    return once(partial(export_products.export_product, format_name, view, proof, media))


def _view(run: AssetRun, samples: Files, questions: Files) -> "View":
    from zwu_ts_assets.orchestration.assets.sample_views import view_of

    where = run.surroundings
    return view_of(run.dataset, samples, questions, where.project_dir, where.cache_dir)
