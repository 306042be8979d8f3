"""Dependence matrices of one window, and the choice of columns that represent many by them.

Definitions. With `w` the window (rows are time steps, columns are features) and `z` its columns
standardised, `z = (w - mean) / (std + 1e-5)` with the population standard deviation:

* feature DTW: dynamic time warping between the columns of z, time DTW between its rows. The local
  cost is `|a - b|`, there is no band and no square root, and
  `D[i, j] = cost + min(D[i-1, j], D[i, j-1], D[i-1, j-1])` (Sakoe and Chiba, 1978, in its plainest
  form).
* feature covariance and Pearson: of the columns of `|rfft(z)|` along time (frequencies are the
  observations). Time covariance and Pearson: of the rows of z (features are the observations).
  Covariances divide by n - 1.

What has no value:

* A constant column has no correlation: its row and column of the feature Pearson matrix, the
  diagonal included, are NaN. Constant is decided on the raw numbers (largest equals smallest), and
  its z is exactly 0: computed, the mean of equal numbers may differ from them in the last bit, and
  the correlation of that noise would be printed as a perfect one.
* Likewise a time step at which all features have the same z has no time Pearson. Here equal means
  equal up to rounding, because z is computed.
* With one feature no time step has a correlation, and its covariance (one observation, n - 1 = 0)
  is defined as 0: one value does not deviate from its own mean. So only the two Pearson matrices
  ever hold NaN.

Very large and very small numbers: columns are scaled by powers of two, which is exact, so that
1e300 and 1e-300 neither overflow nor vanish on the way. A column whose spread is far below 1e-5
has small z by definition; its correlation is still that of its shape.

Time and memory: for T rows and F features each of the two DTW matrices takes T^2 F^2 / 2 cells of
D, 4 ns each. Of 96 rows that is 2 s each for 321 features and 13 to 15 s each for 862, in 5 and
30 MB beside what the imports take; hence `columns`, which bounds the feature matrices.

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

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from dtaidistance import dtw
from numpy.typing import NDArray

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.timeseries.windows import Selection

try:
    from dtaidistance import dtw_cc  # noqa: F401 - without it dtw would be some 300 times slower
except ImportError as error:
    raise ImportError(
        "dtaidistance was installed without its compiled code: reinstall it from a wheel "
        "(pip install --force-reinstall --only-binary :all: dtaidistance)"
    ) from error

Matrix = NDArray[np.float64]

STD_OFFSET = 1e-5
"""Added to each standard deviation, in the unit of the column."""

_ROUNDING = 16 * float(np.finfo(np.float64).eps)
"""Two z of one time step that differ by less than this, relatively, are taken for equal."""

_LOWEST_EXPONENT = -1000
"""Columns are not scaled up further than this: 1e-5 scaled along would overflow."""


@dataclass(frozen=True, eq=False)
class DependenceMatrices:
    """The six matrices of one window, all float64 and exactly symmetric.

    T is the number of its rows, F that of the features that were asked for.

    Attributes:
        feature_dtw: (F, F), at least 0, diagonal 0.
        feature_covariance: (F, F), of the FFT magnitudes of the features.
        feature_pearson: (F, F), in -1..1, diagonal exactly 1; NaN for constant columns.
        time_dtw: (T, T), at least 0, diagonal 0.
        time_covariance: (T, T).
        time_pearson: (T, T), in -1..1, diagonal exactly 1; NaN for steps of equal z.
    """

    feature_dtw: Matrix
    feature_covariance: Matrix
    feature_pearson: Matrix
    time_dtw: Matrix
    time_covariance: Matrix
    time_pearson: Matrix


@dataclass(frozen=True, eq=False)
class FeatureMatrices:
    """The three feature matrices alone, as in `DependenceMatrices`: (F, F) each."""

    dtw: Matrix
    covariance: Matrix
    pearson: Matrix


def dependence_matrices(values: Matrix, columns: Sequence[int] | None = None) -> DependenceMatrices:
    """Compute the six matrices of a window or a patch.

    Args:
        values: (rows, features) numbers, finite, at least two rows and one feature.
        columns: The features between which the feature matrices are, in this order; None for all.
            The time matrices are of all features always.

    Returns:
        The matrices as defined in this module's docstring.

    Raises:
        CorpusError: `values` has another shape, or holds NaN or infinity.
    """
    values = _checked(values)
    z = _standardised(values)
    spread = z.max(axis=1) - z.min(axis=1)
    equal_step = spread <= _ROUNDING * np.abs(z).max(axis=1)
    features = _feature_matrices(values, z, columns)
    time_covariance, time_pearson = covariance_and_pearson(z, equal_step)
    return DependenceMatrices(
        feature_dtw=features.dtw,
        feature_covariance=features.covariance,
        feature_pearson=features.pearson,
        time_dtw=_dtw(z),
        time_covariance=time_covariance,
        time_pearson=time_pearson,
    )


def feature_matrices(values: Matrix, columns: Sequence[int] | None = None) -> FeatureMatrices:
    """Compute the three feature matrices alone; arguments and errors as `dependence_matrices`.

    They have the same bits. Of many features the time matrices take most of the time.
    """
    values = _checked(values)
    return _feature_matrices(values, _standardised(values), columns)


def _feature_matrices(values: Matrix, z: Matrix, columns: Sequence[int] | None) -> FeatureMatrices:
    if columns is not None:
        chosen = list(columns)
        values, z = values[:, chosen], np.ascontiguousarray(z[:, chosen])
    constant = values.max(axis=0) == values.min(axis=0)
    magnitudes = np.abs(np.fft.rfft(z, axis=0))
    magnitudes[:, constant] = 0.0
    covariance, pearson = covariance_and_pearson(magnitudes.T, constant)
    return FeatureMatrices(_dtw(z.T), covariance, pearson)


def _checked(values: Matrix) -> Matrix:
    # The order in memory decides the order of summation, and so the last bit.
    values = np.ascontiguousarray(values, dtype=np.float64)
    if values.ndim != 2 or values.shape[0] < 2 or values.shape[1] < 1:
        raise CorpusError(
            f"a window needs at least 2 rows and 1 feature in a two-dimensional array, "
            f"found the shape {values.shape}: pass (rows, features)"
        )
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        row, column = (int(i) for i in bad[0])
        raise CorpusError(
            f"row {row}, column {column} of the window is {values[row, column]}, expected a finite "
            "number: remove or fill such rows before cutting windows"
        )
    return values


def _standardised(values: Matrix) -> Matrix:
    """Scale the columns to z; constant columns to exactly 0.

    Each column is first divided by the power of two above its largest number. That changes no bit
    of the result, but keeps sums and squares of very large numbers from overflowing.
    """
    exponent = np.maximum(np.frexp(np.abs(values).max(axis=0))[1], _LOWEST_EXPONENT)
    scaled = np.ldexp(values, -exponent)
    deviation = scaled - scaled.mean(axis=0)
    z: Matrix = deviation / (scaled.std(axis=0) + np.ldexp(STD_OFFSET, -exponent))
    z[:, values.max(axis=0) == values.min(axis=0)] = 0.0
    return z


def covariance_and_pearson(
    variables: Matrix, undefined: NDArray[np.bool_]
) -> tuple[Matrix, Matrix]:
    """Relate variables to each other.

    Args:
        variables: (n, observations) float64, finite.
        undefined: (n,) the variables that have no correlation.

    Returns:
        Covariance, divided by observations - 1, and Pearson, both (n, n); NaN in Pearson for the
        undefined ones and for those that do not vary.

    `einsum` rather than a matrix product: BLAS may sum in another order with another number of
    threads, and the same window must give the same bytes.
    """
    observations = variables.shape[1]
    exponent = np.frexp(np.abs(variables).max(axis=1, keepdims=True))[1]
    scaled = np.ldexp(variables, -exponent)
    scaled -= scaled.mean(axis=1, keepdims=True)
    scaled[undefined] = 0.0
    products = np.einsum("ik,jk->ij", scaled, scaled)
    covariance = np.ldexp(products / max(observations - 1, 1), exponent + exponent.T)
    norm = np.sqrt(products.diagonal())
    undefined = undefined | (norm == 0.0)
    norm = np.where(undefined, 1.0, norm)
    pearson = np.clip(products / np.multiply.outer(norm, norm), -1.0, 1.0)
    np.fill_diagonal(pearson, 1.0)
    pearson[undefined, :] = np.nan
    pearson[:, undefined] = np.nan
    return covariance, pearson


def _dtw(series: Matrix) -> Matrix:
    """DTW distances (n, n) between the rows of `series` (n, length), by compiled code, one thread.

    One thread: workers are processes, one per core, and OpenMP threads would only compete.
    """
    if len(series) == 1:
        return np.zeros((1, 1))
    distances: Matrix = dtw.distance_matrix(
        np.ascontiguousarray(series),
        inner_dist="euclidean",  # the local cost |a - b|; the default squares and takes a root
        use_c=True,
        parallel=False,
    )
    return distances


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
