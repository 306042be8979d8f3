"""The numbers behind a sample's figure and video, as the definitions of the tasks use them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zwu_ts_assets.figures.dependence import Matrix, dependence_matrices
from zwu_ts_assets.storage.spool import Spool
from zwu_ts_assets.training.sample import Sample


@dataclass(frozen=True, eq=False)
class Measures:
    """The matrices of a window with T steps and F shown columns, and of its P patches of L steps.

    Attributes:
        feature_dtw: (F, F) float64.
        feature_pearson: (F, F) float64, NaN for constant columns.
        patch_feature_dtw: (P, F, F) float64.
        patch_feature_pearson: (P, F, F) float64.
        patches: First step and the step after the last one of each patch.
        over_time: The matrices along time, which are much larger, of this window and others.
        first: Where those of this window begin.
    """

    feature_dtw: Matrix
    feature_pearson: Matrix
    patch_feature_dtw: Matrix
    patch_feature_pearson: Matrix
    patches: tuple[tuple[int, int], ...]
    over_time: Spool[Matrix]
    first: int

    @property
    def time_dtw(self) -> Matrix:
        """(T, T) float64, read when it is asked for."""
        return self.over_time[self.first]

    @property
    def time_pearson(self) -> Matrix:
        """(T, T) float64, NaN for steps at which all columns agree; likewise."""
        return self.over_time[self.first + 1]

    @property
    def patch_time_dtw(self) -> Matrix:
        """(P, L, L) float64; likewise."""
        return self.over_time[self.first + 2]


def measures_of(
    sample: Sample, patches: Sequence[tuple[int, int]], over_time: Spool[Matrix] | None = None
) -> Measures:
    """Compute the matrices of one sample.

    Args:
        sample: Its past and the columns of its feature panels.
        patches: First step and the step after the last one of each frame's patch.
        over_time: Where its matrices along time are kept; None: nowhere else.
    """
    kept: Spool[Matrix] = Spool() if over_time is None else over_time
    columns = sample.panel_columns
    window = dependence_matrices(sample.past, columns)
    parts = [dependence_matrices(sample.past[start:stop], columns) for start, stop in patches]
    first = kept.append(window.time_dtw)
    kept.append(window.time_pearson)
    kept.append(np.stack([part.time_dtw for part in parts]))
    return Measures(
        feature_dtw=window.feature_dtw,
        feature_pearson=window.feature_pearson,
        patch_feature_dtw=np.stack([part.feature_dtw for part in parts]),
        patch_feature_pearson=np.stack([part.feature_pearson for part in parts]),
        patches=tuple(patches),
        over_time=kept,
        first=first,
    )


def relative(matrix: Matrix) -> Matrix:
    """A matrix on the scale of its panel's colours: 0 for its smallest, 1 for its largest number.

    A panel of one value is 0 everywhere, so that no margin is ever kept there.
    """
    finite = matrix[np.isfinite(matrix)]
    spread = float(finite.max() - finite.min()) if finite.size else 0.0
    if spread == 0.0:
        return np.zeros_like(matrix)
    scaled: Matrix = (matrix - finite.min()) / spread
    return scaled


def block_means(matrix: Matrix, spans: Sequence[tuple[int, int]]) -> NDArray[np.float64]:
    """The mean of a (T, T) matrix over each pair of spans of steps: (spans, spans) float64."""
    means = np.empty((len(spans), len(spans)))
    for i, (a, b) in enumerate(spans):
        for j, (c, d) in enumerate(spans):
            means[i, j] = matrix[a:b, c:d].mean()
    return means


def contrast(time_dtw: Matrix, step: int) -> float:
    """How clearly a step splits a window in two: distance between the sides less that within them.

    The two-block contrast of a distance matrix: the mean over pairs of one step before `step` and
    one from it on, less the mean over all pairs of the same side.
    """
    before, after = time_dtw[:step, :step], time_dtw[step:, step:]
    within = (before.sum() + after.sum()) / (before.size + after.size)
    return float(time_dtw[:step, step:].mean() - within)


def rank_correlation(values: NDArray[np.float64]) -> float:
    """Spearman's rank correlation of (n,) values with their order; ties get the mean rank."""
    ranks = np.array([(values < v).sum() + ((values == v).sum() - 1) / 2 for v in values])
    order = np.arange(len(values), dtype=np.float64)
    ranks, order = ranks - ranks.mean(), order - order.mean()
    norm = float(np.sqrt((ranks**2).sum() * (order**2).sum()))
    return float((ranks * order).sum()) / norm if norm else 0.0


def match_score(measures: Measures, other: Measures) -> float:
    """How well the frames of `other`'s video fit along the diagonal of a figure's time DTW panel.

    The mean, over the patches, of the Pearson correlation between the frame's time DTW matrix and
    the block of the window's that covers the same steps; at most 1.
    """
    scores = []
    whole = measures.time_dtw
    for (start, stop), frame in zip(measures.patches, other.patch_time_dtw, strict=True):
        a = whole[start:stop, start:stop].ravel()
        b = frame.ravel()
        if a.std() == 0.0 or b.std() == 0.0:
            continue
        scores.append(float(np.corrcoef(a, b)[0, 1]))
    return float(np.mean(scores)) if scores else 0.0
