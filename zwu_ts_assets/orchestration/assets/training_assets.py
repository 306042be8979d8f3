"""The lineage of the last mile: samples, preflight and exports, one short function each.

What belongs here and what does not is as for the corpus (`corpus_assets.py`). These assets cover
every window that exists, and have no batches of their own.
"""

from collections.abc import Iterator, Mapping, Sized
from functools import partial
from typing import Any

import dagster as dg

from zwu_ts_assets.config.datasets import Dataset
from zwu_ts_assets.config.environment import cache_dir, project_root
from zwu_ts_assets.config.settings import EXPORTS
from zwu_ts_assets.orchestration.asset_decorator import MakeConfig, asset_decorator
from zwu_ts_assets.orchestration.batches import Batches
from zwu_ts_assets.orchestration.failures import speaking_to_the_user
from zwu_ts_assets.orchestration.work import Work, single


def training_assets(dataset: Dataset) -> list[dg.AssetsDefinition]:
    """Samples, preflight and exports of a dataset.

    Args:
        dataset: Whose corpus they are made from.
    """
    settings = dataset.settings
    asset = asset_decorator(dataset)

    @asset("samples")
    def samples(
        config: MakeConfig,
        series: Any,
        batch_windows: Batches,
        stats: Mapping[str, bytes],
        tokens: Mapping[str, bytes],
        **media: Batches,
    ) -> Work:
        from zwu_ts_assets.orchestration.assets import training_products as training
        from zwu_ts_assets.orchestration.assets.text_products import sha256

        made = {"batch_windows": batch_windows, **media}
        versions = {name: batches.versions for name, batches in made.items()}
        made_from = training.samples_inputs(
            series, versions, sha256(stats["text"]), sha256(tokens["rows"])
        )
        with speaking_to_the_user(cache_dir()):
            tokenizer = training.tokenizer_of(settings, project_root(), cache_dir())
        records = {name: batches.records for name, batches in made.items()}
        make = partial(
            training.samples_product,
            *(dataset, series, batch_windows, records, stats, tokens, tokenizer),
        )
        return single(made_from, make, force=config.force)

    @asset("preflight")
    def preflight(
        context: dg.AssetExecutionContext,
        config: MakeConfig,
        patch_videos: Batches,
        samples: Mapping[str, bytes],
    ) -> Iterator[dg.Output[Work]]:
        from zwu_ts_assets.orchestration.assets import preflight_products, sample_views

        with speaking_to_the_user(dataset.csv.parent):
            view = sample_views.view_of(dataset, samples, project_root(), cache_dir())
        films = patch_videos.records
        if _has_samples(context, view.samples):
            work = single(
                view.made_from,
                lambda: preflight_products.preflight_product(
                    preflight_products.preflight_report(view, films)
                ),
                force=config.force,
            )
            yield dg.Output(work)

    def export(name: str, format_name: str) -> dg.AssetsDefinition:
        @asset(name)
        def exported(
            context: dg.AssetExecutionContext,
            config: MakeConfig,
            samples: Mapping[str, bytes],
            **media: Batches,
        ) -> Iterator[dg.Output[Work]]:
            from zwu_ts_assets.orchestration.assets import export_products, sample_views

            with speaking_to_the_user(dataset.csv.parent):
                view = sample_views.view_of(dataset, samples, project_root(), cache_dir())
            if _has_samples(context, view.samples):
                make = partial(export_products.export_product, format_name, view, media)
                yield dg.Output(single(view.made_from, make, force=config.force))

        return exported

    return [samples, preflight, *(export(name, each) for each, name in EXPORTS.items())]


def _has_samples(context: dg.AssetExecutionContext, samples: Sized) -> bool:
    """Whether there is anything to look at or to export; a run for one batch may have nothing."""
    if not samples:
        context.log.warning("no window made so far is in a split: nothing is made of no sample")
    return bool(samples)
