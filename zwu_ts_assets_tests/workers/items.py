"""What tests have the workers do: numbers, and the figures and videos of a few windows."""

import os
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


def square(number: int) -> int:
    return number * number


def refuse(number: int) -> int:
    if number == 3:
        raise ValueError("three is refused")
    return number


def process_of(_: int) -> int:
    return os.getpid()


class Items:
    """A thousand numbers, and how many of them were asked for so far."""

    def __init__(self) -> None:
        self.drawn = 0

    def __iter__(self) -> Iterator[int]:
        for number in range(1000):
            self.drawn += 1
            yield number
