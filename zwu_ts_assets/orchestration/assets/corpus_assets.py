"""The bodies of the corpus' assets, one short function each.

What belongs here: the one call that each makes. What does not: inputs, files, settings and
descriptions of the assets (`specs.py`), what each comes from (`origins.py`), how a product is made
(`corpus_products.py`), where it is kept (`artifact_io_manager.py`), Dagster
(`asset_definitions.py`), the last mile (`training_assets.py`).

A body gets the run and its inputs, and returns what makes the artifacts that are due. `products` is
imported in the bodies, because it brings pyarrow and matplotlib along and definitions must load
without them.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from zwu_ts_assets.orchestration.contexts import AssetRun
from zwu_ts_assets.orchestration.work import Make, Product, once

if TYPE_CHECKING:
    from zwu_ts_assets.orchestration.work import Batches
    from zwu_ts_assets.timeseries.series import Series

Files = Mapping[str, bytes]


def batch_windows(run: AssetRun, series: "Series") -> Make:
    """Cut the windows of each batch."""
    from zwu_ts_assets.orchestration.assets import corpus_products as products
    from zwu_ts_assets.orchestration.assets.batch_products import feature_selection

    dataset, settings = run.dataset, run.dataset.settings
    shown = feature_selection(dataset, series)
    run.pool.warm(len(run.keys) * -(-settings.window_length // settings.stride))
    products.require_rows(series, settings, int(run.keys[-1]), dataset.raw_asset)
    cut = partial(products.batch_product, series=series, settings=settings, shown=shown)
    return lambda keys: map(cut, map(int, keys))


def colour_ranges(run: AssetRun, series: "Series", windows: "Batches") -> Make:
    """Fit the colour ranges on the windows of the training split."""
    from zwu_ts_assets.orchestration.assets import corpus_products as products

    training = products.training_starts(run.dataset, series, windows.versions)
    extremes = partial(products.training_extremes, settings=run.dataset.settings)
    chosen = (
        window
        for batch, content in windows.pick(map(str, training))
        for window in content.windows
        if window.start in training[batch]
    )
    return once(lambda: products.colour_ranges_product(run.pool.map(extremes, chosen)))


def correlation_pngs(run: AssetRun, windows: "Batches", **ranges: Files) -> Make:
    """Draw the figure of each window."""
    from zwu_ts_assets.orchestration.assets import corpus_products as products

    fitted = products.ranges_of(**ranges)
    draw = partial(products.correlation_product, settings=run.dataset.settings, ranges=fitted)
    return _drawn(run, draw, windows)


def line_plots(run: AssetRun, windows: "Batches") -> Make:
    """Draw the line plot of each window."""
    from zwu_ts_assets.orchestration.assets import corpus_products as products

    return _drawn(run, partial(products.line_plot_product, settings=run.dataset.settings), windows)


def altered_lines(run: AssetRun, windows: "Batches") -> Make:
    """Draw the line plot of each window's altered copy."""
    from zwu_ts_assets.orchestration.assets import corpus_products as products

    dataset = run.dataset
    draw = partial(products.altered_lines_product, settings=dataset.settings, dataset=dataset.name)
    return _drawn(run, draw, windows)


def batch_stats(run: AssetRun, windows: "Batches") -> Make:
    """Write the statistics of every window that exists."""
    from zwu_ts_assets.orchestration.assets import corpus_products as products

    settings = run.dataset.settings
    return once(partial(products.stats_product, windows, windows.known, settings=settings))


def vocab(run: AssetRun, stats: Files) -> Make:
    """Split the stats text into the tokens of a small vocabulary."""
    from zwu_ts_assets.orchestration.assets import corpus_products as products

    settings, allowed = run.dataset.settings, run.surroundings.allowed_code
    return once(partial(products.vocabulary_product, stats, settings=settings, allowed=allowed))


def qwen_tokens(run: AssetRun, stats: Files) -> Make:
    """Tokenize the stats text."""
    from zwu_ts_assets.orchestration.assets import corpus_products as products

    where = run.surroundings
    source = products.tokenizer_source(run.dataset.settings, where.project_dir, where.cache_dir)
    return once(partial(products.qwen_product, stats, source))


def patch_videos(run: AssetRun, windows: "Batches", **ranges: Files) -> Make:
    """Draw the patches of each window, and encode them."""
    from zwu_ts_assets.orchestration.assets import corpus_products as products

    fitted = products.ranges_of(**ranges)
    film = partial(products.video_product, settings=run.dataset.settings, ranges=fitted)
    return _drawn(run, film, windows)


def _drawn(run: AssetRun, draw: Callable[..., Product[Any]], windows: "Batches") -> Make:
    """What makes the drawings of some batches, window by window."""
    from zwu_ts_assets.orchestration.assets import corpus_products as products

    return lambda keys: products.drawn_batches(
        draw, windows.pick(keys), run.pool.map, run.dataset.settings
    )
