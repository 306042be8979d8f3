"""What the workers make: the same bytes, however many there are."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from zwu_ts_assets.config.settings import Settings
from zwu_ts_assets.orchestration.assets.corpus_products import (
    Drawing,
    correlation_product,
    video_product,
)
from zwu_ts_assets.orchestration.work import Product
from zwu_ts_assets.timeseries.windows import Window
from zwu_ts_assets.workers.pool import WorkerPool

FEATURES = ("HUFL", "HULL", "OT")
# More batches than are worth starting processes for, so that several workers are really several.
BATCHES = 9
SETTINGS = Settings.model_validate(
    {
        "window_length": 24,
        "horizon": 0,
        "patch_length": 12,
        "patch_stride": 6,
        "canvas_width": 448,
        "canvas_height": 224,
    }
)


def windows() -> Iterator[Drawing]:
    values = np.random.default_rng(5).normal(size=(24 * BATCHES, len(FEATURES))).cumsum(axis=0)
    values[24:48, 1] = 3.0  # a constant column
    hours = np.arange(len(values)).astype("datetime64[h]").astype("datetime64[s]")
    for batch in range(BATCHES):
        rows = slice(24 * batch, 24 * batch + 24)
        yield Drawing(batch, Window(24 * batch, hours[rows], values[rows], FEATURES, 0))


def made_by(workers: int) -> list[tuple[Product[Any], Product[Any]]]:
    """Figure and video of each window."""
    pool = WorkerPool(workers)
    figures = pool.map(partial(correlation_product, settings=SETTINGS), windows())
    videos = pool.map(partial(video_product, settings=SETTINGS), windows())
    made = list(zip(figures, videos, strict=True))
    pool.close()
    return made


def test_figures_and_videos_are_the_same_bytes_whatever_the_number_of_workers() -> None:
    alone, together = made_by(1), made_by(2)
    assert alone == together
    for i in range(2):
        assert len({product[i].preview for product in alone}) == BATCHES, "each its own window"
