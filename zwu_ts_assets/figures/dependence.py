"""Window -> the six dependence matrices that a figure shows.

What belongs here: the numbers of the six panels, from raw values. What does not: how they are drawn
(`figure`), which rows a window owns (`windows`).

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
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from dtaidistance import dtw
from numpy.typing import NDArray

from zwu_ts_assets.errors import CorpusError

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
