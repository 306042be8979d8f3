"""Many columns -> the few that stand for them on a figure.

What belongs here: hierarchical clustering of columns by how they correlate. What does not: which
rows it may look at (a fit on test rows would tell a model about them), the type of the result
(`selection`).

The rule. Two columns are as far apart as 1 - |Pearson| of their values: a column that mirrors
another one tells the same. Clusters are merged by average linkage (Sokal and Michener, 1958: the
mean distance of all pairs) until as many remain as columns are to be shown. Each is represented by
its medoid, the column with the smallest mean distance to the others of its cluster. They are shown
in the order of the dendrogram's leaves, so that what is alike lies side by side and makes blocks;
of two branches the one with the lower column comes first. The same in each case: of equals, the
lower column.

A constant column has no correlation. It is as far from any varying one as if uncorrelated, and not
apart from another constant one, so that one of them stands for all.

Distances are whole millionths, and sums over pairs stay whole numbers, so that rounding decides
nothing: another machine, which may sum in another order, chooses the same columns.

There is a well-kept implementation in SciPy, which is no dependence of ours otherwise and four
times as large as numpy to install; it breaks ties as its sums happen to round.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.figures.dependence import covariance_and_pearson
from zwu_ts_assets.timeseries.selection import Selection

Distances = NDArray[np.int64]

WHOLE: Final = 1_000_000
"""The distance of two columns without any correlation."""


def choose_columns(values: NDArray[np.float64], most: int) -> Selection:
    """Choose the columns that stand for all, by the rule in this module's docstring.

    Args:
        values: (rows, columns) float64, finite, at least two rows: all that may be looked at.
        most: How many to choose; at least 1, fewer than there are.

    Raises:
        CorpusError: The arguments are none of these.
    """
    if values.ndim != 2 or len(values) < 2 or not np.isfinite(values).all():
        raise CorpusError(
            f"columns are to be chosen by {values.shape} values; expected finite ones of at least "
            "two rows: add rows to the CSV, or name the columns in the setting figure_columns"
        )
    if not 1 <= most < values.shape[1]:
        raise CorpusError(
            f"{most} of {values.shape[1]} columns are to be chosen; expected fewer than there are"
        )
    distances = column_distances(values)
    clusters = leaf_clusters(distances, most)
    return Selection(
        columns=tuple(_medoid(distances, members) for members in clusters),
        sizes=tuple(map(len, clusters)),
    )


def column_distances(values: NDArray[np.float64]) -> Distances:
    """1 - |Pearson| between the columns of (rows, columns) values: (columns, columns), millionths.

    0.5 s and 40 MB for 1,000 columns of 960 rows.
    """
    constant = values.max(axis=0) == values.min(axis=0)
    _, pearson = covariance_and_pearson(np.ascontiguousarray(values.T), constant)
    undefined = np.isnan(pearson.diagonal())
    distances: Distances = np.rint((1 - np.abs(np.nan_to_num(pearson))) * WHOLE).astype(np.int64)
    distances[np.ix_(undefined, undefined)] = 0
    return distances


def leaf_clusters(distances: Distances, count: int) -> list[list[int]]:
    """Average linkage, cut at `count` clusters: their members, in the order of the leaves.

    Args:
        distances: (n, n) whole numbers, symmetric, at least 0.
        count: How many clusters to leave; 1 to n.
    """
    linkage = _Linkage(distances)
    for _ in range(len(distances) - count):
        linkage.merge()
    clusters = {lowest: sorted(leaves) for lowest, leaves in linkage.leaves.items()}
    for _ in range(count - 1):
        linkage.merge()
    (order,) = linkage.leaves.values()
    return [clusters[leaf] for leaf in order if leaf in clusters]


class _Linkage:
    """Clusters that are merged two by two; each is called after its lowest member.

    For each cluster the nearest of those with a higher name is remembered, so that a merge looks
    at a few rows of the matrix and not at all of it.
    """

    def __init__(self, distances: Distances) -> None:
        count = len(distances)
        self.leaves: dict[int, list[int]] = {i: [i] for i in range(count)}
        self._sums = distances.astype(np.int64)  # over all pairs of two clusters
        self._sizes = np.ones(count, dtype=np.int64)
        self._alive = np.ones(count, dtype=bool)
        self._nearest = np.zeros(count, dtype=np.intp)
        self._distance = np.full(count, np.inf)
        for i in range(count):
            self._look(i)

    def merge(self) -> None:
        """Merge the two clusters that are nearest to each other."""
        one = int(self._distance.argmin())  # the first of equals
        other = int(self._nearest[one])
        self.leaves[one] += self.leaves.pop(other)
        self._sums[one] += self._sums[other]
        self._sums[:, one] = self._sums[one]
        self._sizes[one] += self._sizes[other]
        self._alive[other] = False
        self._distance[other] = np.inf
        changed = self._alive & ((self._nearest == one) | (self._nearest == other))
        changed[other:] = False  # they look at higher ones only
        changed[one] = True
        for i in np.flatnonzero(changed):
            self._look(int(i))
        self._offer(one)

    def _look(self, i: int) -> None:
        """Find the nearest of the clusters above `i`."""
        above = i + 1 + np.flatnonzero(self._alive[i + 1 :])
        if not len(above):
            self._distance[i] = np.inf
            return
        means = self._sums[i, above] / (self._sizes[i] * self._sizes[above])
        best = int(means.argmin())
        self._nearest[i], self._distance[i] = above[best], means[best]

    def _offer(self, one: int) -> None:
        """Tell the clusters below that the merged one may be nearer than what they know."""
        below = np.flatnonzero(self._alive[:one])
        means = self._sums[below, one] / (self._sizes[below] * self._sizes[one])
        known = self._distance[below]
        nearer = (means < known) | ((means == known) & (one < self._nearest[below]))
        self._nearest[below[nearer]], self._distance[below[nearer]] = one, means[nearer]


def _medoid(distances: Distances, members: list[int]) -> int:
    """The member that is nearest to the others on average; of equals, the lowest."""
    return members[int(distances[np.ix_(members, members)].sum(axis=1).argmin())]
