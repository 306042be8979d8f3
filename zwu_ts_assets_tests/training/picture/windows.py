"""Windows of a made-up series with a habit, which careless questions would give away."""

from dataclasses import replace
from typing import Final

import numpy as np

from zwu_ts_assets.training.sample import Sample
from zwu_ts_assets_tests.training.builders import sample_of

PATCHES: Final = [(0, 12), (6, 18), (12, 24), (18, 30), (24, 36), (30, 42), (36, 48)]
ROWS: Final = 48
HORIZON: Final = 12


def world(windows: int = 120, features: int = 5, seed: int = 0) -> list[Sample]:
    """Windows with a habit: columns a and b nearly always have the same course."""
    random = np.random.default_rng(seed)
    samples = []
    for number in range(windows):
        values = random.normal(size=(ROWS + HORIZON, features)).cumsum(axis=0)
        if number % 5 and features > 1:
            values[:, 1] = values[:, 0] + random.normal(size=len(values)) * 0.5
        split = "train" if number < 0.6 * windows else "validation"
        split = "test" if number >= 0.8 * windows else split
        sample = sample_of(values[:ROWS], values[ROWS:], start=number * ROWS)
        lines, altered = (f"{name}/batch_0.png" for name in ("line_plots", "altered_lines"))
        samples.append(replace(sample, split=split, line_plot=lines, altered_plot=altered))
    return samples
