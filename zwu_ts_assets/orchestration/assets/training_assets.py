"""The bodies of the last mile's assets: samples, preflight and exports, one short function each.

What belongs here and what does not is as for the corpus (`corpus_assets.py`). These assets cover
every window that exists, and have no batches of their own.
"""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from zwu_ts_assets.orchestration.work import AssetRun, Make, Product, once

if TYPE_CHECKING:
    from zwu_ts_assets.orchestration.assets.sample_views import View
    from zwu_ts_assets.orchestration.batches import Batches
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


def preflight(run: AssetRun, patch_videos: "Batches", samples: Files) -> Make:
    """Report what each trainer would make of the corpus."""
    from zwu_ts_assets.orchestration.assets import preflight_products

    view = _view(run, samples)

    def make() -> Product[Files]:
        report = preflight_products.preflight_report(view, patch_videos.records)
        return preflight_products.preflight_product(report)

    return once(make)


def export(format_name: str, run: AssetRun, samples: Files, **media: "Batches") -> Make:
    """Write the samples as a trainer reads them.

    Args:
        format_name: Which one.
        run: Of the asset.
        samples: The samples by split, and the report on the splits.
        media: Figures and videos, by asset.
    """
    from zwu_ts_assets.orchestration.assets import export_products

    return once(partial(export_products.export_product, format_name, _view(run, samples), media))


def _view(run: AssetRun, samples: Files) -> "View":
    from zwu_ts_assets.orchestration.assets.sample_views import view_of

    where = run.surroundings
    return view_of(run.dataset, samples, where.project_dir, where.cache_dir)
