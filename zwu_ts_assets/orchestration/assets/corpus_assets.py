"""The lineage of the corpus: one short function per asset.

What belongs here: the one call that each makes. What does not: inputs, files, settings and
descriptions of the assets (`specs.py`), how a product is made (`corpus_products.py`),
where it is kept (`io_managers.py`), what makes it out of date (`lineage.py`), the last mile
(`training_assets.py`).

An asset body returns `Work`: what each artifact is made from, and a function that makes those
which are due. `products` is imported in the bodies, because it brings pandas and matplotlib along
and definitions must load without them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import dagster as dg

from zwu_ts_assets.config.datasets import Dataset
from zwu_ts_assets.config.environment import allowed_code, cache_dir, project_root
from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.orchestration import lineage
from zwu_ts_assets.orchestration.asset_decorator import MakeConfig, asset_decorator
from zwu_ts_assets.orchestration.batches import Batches
from zwu_ts_assets.orchestration.failures import speaking_to_the_user
from zwu_ts_assets.orchestration.partitions import register_batches
from zwu_ts_assets.orchestration.reports import asset_key
from zwu_ts_assets.orchestration.resources import Workers
from zwu_ts_assets.orchestration.run_tags import batches_of_run
from zwu_ts_assets.orchestration.work import Product, Work, single
from zwu_ts_assets.storage.data_mirror import bring_up_to_date, told


def dataset_assets(
    dataset: Dataset, verify_hours: float, batches_per_run: int | None = None
) -> list[dg.AssetsDefinition | dg.SourceAsset]:
    """The assets of a dataset's corpus, and the CSV that they come from.

    Args:
        dataset: Whose CSV and settings they are made from.
        verify_hours: Hours after which artifacts that nobody compared with the CSV count as stale.
        batches_per_run: A backfill is cut into runs of so many batches; None: it is one run.
    """
    settings = dataset.settings
    asset = asset_decorator(dataset, batches_per_run)

    def drawn(
        draw: Callable[..., Product[Any]], windows: Batches, workers: Workers
    ) -> Callable[[Sequence[str]], Iterator[Product[Any]]]:
        """What makes the drawings of some batches, window by window."""
        from zwu_ts_assets.orchestration.assets import corpus_products as products

        return lambda keys: products.drawn_batches(
            draw, windows.pick(keys), workers.pool.map, settings
        )

    @dg.observable_source_asset(
        key=asset_key(dataset, dataset.csv_asset),
        description=f"The file {dataset.csv.name}, as the sensor last saw it.",
        group_name=dataset.name,
        metadata={"path": dg.MetadataValue.path(told(str(dataset.csv))), "source": settings.source},
    )
    def csv() -> dg.DataVersion:
        from zwu_ts_assets.orchestration.assets import corpus_products as products

        with speaking_to_the_user(dataset.csv):
            bring_up_to_date(dataset.csv.parent)
        return dg.DataVersion(products.csv_digest(dataset.csv))

    @asset(
        "raw",
        deps=[csv.key],
        # Not the age of the data: a series that has ended is no failure. What must not grow old is
        # the knowledge that artifacts and CSV agree; the sensor renews it.
        freshness=dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=verify_hours)),
    )
    def raw(context: dg.AssetExecutionContext, config: MakeConfig) -> Iterator[dg.Output[Work]]:
        from zwu_ts_assets.orchestration.assets import corpus_products as products

        with speaking_to_the_user(dataset.csv):
            bring_up_to_date(dataset.csv.parent)
        sha256 = products.csv_digest(dataset.csv)
        made_from = lineage.raw_made_from(sha256)

        def make() -> Product[Any]:
            product = products.raw_product(dataset.csv, settings)
            if product.details["csv_sha256"] != sha256:
                # The new rows must not be recorded as made from the old content.
                raise CorpusError(
                    f"{dataset.csv}: changed while it was read; run again when it is complete"
                )
            return product

        work = single(made_from, make, force=config.force)
        off = lineage.switched_off(settings)
        yield dg.Output(replace(work, switched_off=off, overlapping=settings.overlapping))
        # Reached only when the table is written: a broken CSV must not change the known batches.
        register_batches(context.instance, dataset)

    @asset("batch_windows")
    def batch_windows(
        context: dg.AssetExecutionContext, config: MakeConfig, series: Any, workers: Workers
    ) -> Work:
        from zwu_ts_assets.orchestration.assets import corpus_products as products
        from zwu_ts_assets.orchestration.assets.selection_products import feature_selection

        with speaking_to_the_user(dataset.csv):
            shown = feature_selection(dataset, series)
        cut = partial(products.batch_product, series=series, settings=settings, shown=shown)
        batches = batches_of_run(context.run.tags, map(int, context.partition_keys))
        keys = list(map(str, batches))
        with speaking_to_the_user(dataset.csv):
            workers.pool.warm(len(keys) * -(-settings.window_length // settings.stride))
            products.require_rows(series, settings, int(keys[-1]), dataset.raw_asset)
        made_from = {key: lineage.batch_made_from(cut(int(key)).value) for key in keys}
        return Work(made_from, lambda keys: map(cut, map(int, keys)), config.force)

    @asset("colour_ranges")
    def colour_ranges(config: MakeConfig, series: Any, windows: Batches, workers: Workers) -> Work:
        from zwu_ts_assets.orchestration.assets import corpus_products as products

        with speaking_to_the_user(dataset.csv):
            training = products.training_starts(dataset, series, windows.versions)
        versions = products.training_versions(training, windows.versions, settings)
        made_from = lineage.colour_ranges_made_from(versions)
        extremes = partial(products.training_extremes, settings=settings)
        chosen = (
            window
            for batch, content in windows.pick(map(str, training))
            for window in content.windows
            if window.start in training[batch]
        )
        return single(
            made_from,
            lambda: products.colour_ranges_product(workers.pool.map(extremes, chosen)),
            force=config.force,
        )

    @asset("correlation_pngs")
    def correlation_pngs(
        config: MakeConfig, windows: Batches, workers: Workers, **ranges: Mapping[str, bytes]
    ) -> Work:
        from zwu_ts_assets.orchestration.assets import corpus_products as products

        fitted, version = products.ranges_of(**ranges)
        draw = partial(products.correlation_product, settings=settings, ranges=fitted)
        made_from = {
            str(batch): lineage.figure_made_from(window, version)
            for batch, window in windows.versions.items()
        }
        return Work(made_from, drawn(draw, windows, workers), config.force)

    @asset("line_plots")
    def line_plots(config: MakeConfig, windows: Batches, workers: Workers) -> Work:
        from zwu_ts_assets.orchestration.assets import corpus_products as products

        plot = partial(products.line_plot_product, settings=settings)
        made_from = {
            str(batch): lineage.figure_made_from(window)
            for batch, window in windows.versions.items()
        }
        return Work(made_from, drawn(plot, windows, workers), config.force)

    @asset("batch_stats")
    def batch_stats(config: MakeConfig, windows: Batches) -> Work:
        from zwu_ts_assets.orchestration.assets import corpus_products as products

        made_from = lineage.stats_made_from(windows.versions, windows.known)
        make = partial(products.stats_product, windows, windows.known, settings=settings)
        return single(made_from, make, force=config.force)

    @asset("vocab")
    def vocab(config: MakeConfig, stats: Mapping[str, bytes]) -> Work:
        from zwu_ts_assets.orchestration.assets import corpus_products as products

        with speaking_to_the_user(dataset.csv.parent):
            allowed = allowed_code(dataset.csv)
            made_from = products.vocabulary_inputs(stats, settings, allowed)
        make = partial(products.vocabulary_product, stats, settings=settings, allowed=allowed)
        return single(made_from, make, force=config.force)

    @asset("qwen_tokens")
    def qwen_tokens(config: MakeConfig, stats: Mapping[str, bytes]) -> Work:
        from zwu_ts_assets.orchestration.assets import corpus_products as products

        with speaking_to_the_user(cache_dir()):
            source = products.tokenizer_source(settings, project_root(), cache_dir())
        made_from = products.qwen_inputs(stats, source)
        return single(made_from, partial(products.qwen_product, stats, source), force=config.force)

    @asset("patch_videos")
    def patch_videos(
        config: MakeConfig, windows: Batches, workers: Workers, **ranges: Mapping[str, bytes]
    ) -> Work:
        from zwu_ts_assets.orchestration.assets import corpus_products as products

        fitted, version = products.ranges_of(**ranges)
        film = partial(products.video_product, settings=settings, ranges=fitted)
        made_from = {
            str(batch): lineage.video_made_from(window, windows.record(batch).details, version)
            for batch, window in windows.versions.items()
        }
        return Work(made_from, drawn(film, windows, workers), config.force)

    assets = (
        *(raw, batch_windows, colour_ranges, correlation_pngs, line_plots),
        *(batch_stats, vocab, qwen_tokens, patch_videos),
    )
    known = lineage.asset_names(dataset)
    return [csv, *(asset for asset in assets if asset.key.path[-1] in known)]
