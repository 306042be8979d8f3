"""The six matrices: their definition, what has no value, and the original's numbers."""

import math
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from dtaidistance import dtw
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.figures.dependence import (
    DependenceMatrices,
    dependence_matrices,
    feature_matrices,
)
from zwu_ts_assets_tests.reference import ETTH1_CSV, GOLDEN, REPOSITORY

NAMES = (
    "feature_dtw",
    "feature_covariance",
    "feature_pearson",
    "time_dtw",
    "time_covariance",
    "time_pearson",
)

WINDOWS = arrays(
    np.float64,
    st.tuples(st.integers(2, 12), st.integers(1, 5)),
    elements=st.floats(-1000, 1000, width=32),
)


@pytest.fixture(autouse=True)
def no_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def etth1() -> NDArray[np.float64]:
    return np.loadtxt(ETTH1_CSV, delimiter=",", skiprows=1, usecols=range(1, 8))


# The definition, written as plainly as possible.


def plain_z(values: list[list[float]]) -> list[list[float]]:
    columns = []
    for column in zip(*values, strict=True):
        mean = math.fsum(column) / len(column)
        std = math.sqrt(math.fsum((v - mean) ** 2 for v in column) / len(column))
        same = max(column) == min(column)
        columns.append([0.0 if same else (v - mean) / (std + 1e-5) for v in column])
    return [list(row) for row in zip(*columns, strict=True)]


def plain_dtw(a: list[float], b: list[float]) -> float:
    table = [[math.inf] * (len(b) + 1) for _ in range(len(a) + 1)]
    table[0][0] = 0.0
    for i, x in enumerate(a, start=1):
        for j, y in enumerate(b, start=1):
            table[i][j] = abs(x - y) + min(table[i - 1][j], table[i][j - 1], table[i - 1][j - 1])
    return table[-1][-1]


def plain_covariance(a: list[float], b: list[float]) -> float:
    mean_a, mean_b = math.fsum(a) / len(a), math.fsum(b) / len(b)
    return math.fsum((x - mean_a) * (y - mean_b) for x, y in zip(a, b, strict=True)) / (len(a) - 1)


def plain_magnitudes(series: list[float]) -> list[float]:
    n = len(series)
    return [
        math.hypot(
            math.fsum(v * math.cos(2 * math.pi * k * t / n) for t, v in enumerate(series)),
            math.fsum(v * math.sin(2 * math.pi * k * t / n) for t, v in enumerate(series)),
        )
        for k in range(n // 2 + 1)
    ]


@settings(max_examples=60, deadline=None)
@given(WINDOWS)
def test_dtw_is_the_textbook_recursion_over_z(values: NDArray[np.float64]) -> None:
    matrices = dependence_matrices(values)
    rows = plain_z(values.tolist())
    columns = [list(column) for column in zip(*rows, strict=True)]
    for series, matrix in ((columns, matrices.feature_dtw), (rows, matrices.time_dtw)):
        expected = [[plain_dtw(a, b) for b in series] for a in series]
        # z itself has rounding noise of the size of the values over their spread.
        np.testing.assert_allclose(matrix, expected, rtol=1e-9, atol=1e-6)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(2, 12).flatmap(
        lambda rows: arrays(
            np.float64,
            (rows, 3),
            elements=st.integers(-50, 50).map(float),
        )
    )
)
def test_covariance_and_pearson_follow_their_formulas(values: NDArray[np.float64]) -> None:
    matrices = dependence_matrices(values)
    rows = plain_z(values.tolist())
    magnitudes = [plain_magnitudes(list(column)) for column in zip(*rows, strict=True)]
    for series, covariance, pearson in (
        (magnitudes, matrices.feature_covariance, matrices.feature_pearson),
        (rows, matrices.time_covariance, matrices.time_pearson),
    ):
        for i, a in enumerate(series):
            for j, b in enumerate(series):
                expected = plain_covariance(a, b)
                assert covariance[i, j] == pytest.approx(expected, rel=1e-8, abs=1e-9)
                scale = math.sqrt(plain_covariance(a, a) * plain_covariance(b, b))
                if scale > 1e-6:
                    assert pearson[i, j] == pytest.approx(expected / scale, abs=1e-6)


@settings(max_examples=100, deadline=None)
@given(WINDOWS)
def test_every_matrix_is_symmetric_and_within_its_bounds(values: NDArray[np.float64]) -> None:
    matrices = dependence_matrices(values)
    for name in NAMES:
        matrix = getattr(matrices, name)
        np.testing.assert_array_equal(matrix, matrix.T)
        if "pearson" in name:
            diagonal = matrix.diagonal()
            assert np.all((diagonal == 1.0) | np.isnan(diagonal))
            undefined = np.isnan(diagonal)
            np.testing.assert_array_equal(np.isnan(matrix), undefined[:, None] | undefined[None, :])
            assert np.all(np.abs(matrix[~np.isnan(matrix)]) <= 1.0)
        else:
            assert np.all(np.isfinite(matrix))
        if "dtw" in name:
            assert np.all(matrix >= 0)
            assert np.all(matrix.diagonal() == 0)


def test_dtw_runs_in_compiled_code(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*args: object, **kwargs: object) -> None:
        raise AssertionError("fell back to Python")

    monkeypatch.setattr(dtw, "distance_matrix_python", never)
    assert dependence_matrices(np.eye(3)).time_dtw.shape == (3, 3)


# Many features.


def test_chosen_columns_have_the_bits_that_they_have_alone_with_their_z() -> None:
    values = np.random.default_rng(2).normal(size=(24, 12)).cumsum(axis=0)
    values[:, 4] = 3.0
    chosen = (7, 4, 0)
    some, alone = feature_matrices(values, chosen), feature_matrices(values[:, chosen])
    for name in ("dtw", "covariance", "pearson"):
        assert getattr(some, name).tobytes() == getattr(alone, name).tobytes()
    six = dependence_matrices(values, chosen)
    assert six.feature_dtw.tobytes() == some.dtw.tobytes()
    assert six.time_dtw.tobytes() == dependence_matrices(values).time_dtw.tobytes()


WIDE = """
import resource, sys, time
import numpy as np
from zwu_ts_assets.figures.dependence import feature_matrices

features = int(sys.argv[1])
values = np.random.default_rng(features).normal(size=(96, features)).cumsum(axis=0)
before = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
limit = before + int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
started = time.process_time()
matrices = feature_matrices(values)
seconds = time.process_time() - started
np.savez(sys.argv[3], values=values, seconds=seconds, **vars(matrices))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc and RLIMIT_AS")
@pytest.mark.parametrize(
    ("features", "megabytes", "seconds"),
    [(321, 60, 30), pytest.param(862, 120, 200, marks=pytest.mark.slow)],
)
def test_hundreds_of_features_take_bounded_time_and_memory(
    tmp_path: Path, features: int, megabytes: int, seconds: float
) -> None:
    path = tmp_path / "matrices.npz"
    command = [sys.executable, "-c", WIDE, str(features), str(megabytes * 1_000_000), str(path)]
    run = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    with np.load(path) as stored:
        assert stored["dtw"].shape == (features, features)
        assert stored["seconds"] < seconds  # a tenth of it on a quiet machine
        rows = plain_z(stored["values"].tolist())
        columns = [list(column) for column in zip(*rows, strict=True)]
        for a, b in ((0, features - 1), (7, 200), (320, 320)):
            expected = plain_dtw(columns[a], columns[b])
            assert stored["dtw"][a, b] == pytest.approx(expected, rel=1e-9, abs=1e-9)
            assert stored["dtw"][b, a] == stored["dtw"][a, b]


# What has no value.


@settings(max_examples=60, deadline=None)
@given(st.floats(-1e9, 1e9), st.integers(2, 30))
def test_a_constant_column_has_no_correlation_however_its_mean_rounds(
    level: float, rows: int
) -> None:
    moving = np.arange(rows, dtype=float) ** 2
    matrices = dependence_matrices(np.stack([moving, np.full(rows, level)], axis=1))
    assert matrices.feature_pearson[0, 0] == 1.0
    assert np.isnan(matrices.feature_pearson[1]).all()
    assert np.isnan(matrices.feature_pearson[:, 1]).all()
    assert np.all(matrices.feature_covariance[1] == 0.0)
    alone = dependence_matrices(moving[:, None])
    np.testing.assert_allclose(matrices.feature_dtw[0, 1], np.abs(plain_z_column(moving)).sum())
    assert matrices.feature_covariance[0, 0] == pytest.approx(alone.feature_covariance[0, 0])


def plain_z_column(column: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.array(plain_z([[v] for v in column.tolist()]))[:, 0]


def test_a_window_of_constants_has_no_correlation_and_zeros_elsewhere() -> None:
    matrices = dependence_matrices(np.full((24, 7), 0.1) * np.arange(7))
    for name in NAMES:
        matrix = getattr(matrices, name)
        assert np.isnan(matrix).all() if "pearson" in name else np.all(matrix == 0.0)


def test_a_time_step_at_which_all_features_agree_has_no_correlation() -> None:
    wave = np.array([3.0, 1.0, 4.0, 1.5])
    # Identical up to a power of two and a shift, and scaled so that 1e-5 does not count.
    values = np.stack([wave * 2**40, wave * 2**41, wave * 2**42 + 2**43], axis=1)
    matrices = dependence_matrices(values)
    assert np.isnan(matrices.time_pearson).all()
    np.testing.assert_allclose(matrices.feature_pearson, 1.0)


def test_one_feature_has_neither_correlation_nor_covariance_along_time() -> None:
    matrices = dependence_matrices(np.array([[1.0], [2.0], [4.0]]))
    assert np.isnan(matrices.time_pearson).all()
    assert np.all(matrices.time_covariance == 0.0)
    assert matrices.feature_pearson.tolist() == [[1.0]]
    assert matrices.feature_dtw.tolist() == [[0.0]]


# Numbers of any size.


@pytest.mark.parametrize("exponent", [-900, -300, 300, 1000])
def test_a_column_may_be_as_large_or_small_as_float64_allows(exponent: int) -> None:
    wave = np.array([3.0, 1.0, 4.0, 1.5, 9.0, 2.5])
    other = np.array([1.0, 5.0, 2.0, 2.0, 0.0, 1.0])
    plain = dependence_matrices(np.stack([wave, other], axis=1))
    scaled = dependence_matrices(np.stack([np.ldexp(wave, exponent), other], axis=1))
    assert np.isfinite(scaled.time_dtw).all()
    np.testing.assert_allclose(scaled.feature_pearson, plain.feature_pearson, atol=1e-9)
    if exponent > 0:
        np.testing.assert_allclose(scaled.feature_dtw, plain.feature_dtw, rtol=1e-4)


def test_the_extremes_of_float64_in_one_column_do_not_overflow() -> None:
    top = np.finfo(np.float64).max
    matrices = dependence_matrices(np.array([[top, 1.0], [-top, 5e-324], [top, 0.0]]))
    assert all(np.isfinite(getattr(matrices, name)).all() for name in NAMES[:5])


# Bad input.


@pytest.mark.parametrize("shape", [(0, 3), (1, 3), (5, 0), (5,), (2, 2, 2)])
def test_a_window_that_is_none_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(CorpusError, match=r"at least 2 rows and 1 feature.*found the shape"):
        dependence_matrices(np.zeros(shape))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_number_that_is_none_is_refused_with_its_place(bad: float) -> None:
    values = np.arange(12.0).reshape(4, 3)
    values[2, 1] = bad
    with pytest.raises(CorpusError, match=f"row 2, column 1 of the window is {bad}, expected"):
        dependence_matrices(values)


def test_the_same_window_gives_the_same_bits_however_it_lies_in_memory() -> None:
    values = np.random.default_rng(5).normal(size=(96, 7))
    before = values.copy()
    first, second = dependence_matrices(values), dependence_matrices(np.asfortranarray(values))
    for name in NAMES:
        assert getattr(first, name).tobytes() == getattr(second, name).tobytes()
    np.testing.assert_array_equal(values, before)


# The original's numbers.


def assert_golden(matrices: DependenceMatrices, golden: dict[str, NDArray[np.float64]]) -> None:
    for name in NAMES:
        np.testing.assert_allclose(
            getattr(matrices, name), golden[name], rtol=0, atol=1e-9, err_msg=name
        )


@pytest.mark.shared
@pytest.mark.parametrize("batch", [0, 17, 90, 97, 180])
def test_windows_have_the_original_numbers(batch: int) -> None:
    matrices = dependence_matrices(etth1()[96 * batch : 96 * batch + 96])
    with np.load(GOLDEN / "window_matrices.npz") as stored:
        assert_golden(matrices, {name: stored[f"batch_{batch}/{name}"] for name in NAMES})


@pytest.mark.shared
@pytest.mark.parametrize("batch", [0, 7, 45, 90, 180])
def test_patches_have_the_original_numbers_except_for_its_correlated_noise(batch: int) -> None:
    values = etth1()
    with np.load(GOLDEN / "patch_matrices.npz") as stored:
        for patch in range(7):
            start = 96 * batch + 12 * patch
            matrices = dependence_matrices(values[start : start + 24])
            golden = {name: stored[f"batch_{batch}/patch_{patch}/{name}"] for name in NAMES}
            if (batch, patch) == (45, 6):
                # All columns are constant. The original takes the rounding noise of one of them
                # for a signal: Pearson 1.0 for the column, and a full time Pearson.
                assert np.nanmax(golden["feature_pearson"]) == 1.0
                golden["feature_pearson"] = np.full((7, 7), np.nan)
                golden["time_pearson"] = np.full((24, 24), np.nan)
            assert_golden(matrices, golden)


@pytest.mark.shared
def test_27_patches_have_constant_columns_and_exactly_those_lack_correlation() -> None:
    values = etth1()
    patches = [values[96 * batch + 12 * patch :][:24] for batch in range(181) for patch in range(7)]
    constant = [patch.max(axis=0) == patch.min(axis=0) for patch in patches]
    affected = [i for i, columns in enumerate(constant) if columns.any()]
    assert len(affected) == 27
    for i in affected:
        pearson = dependence_matrices(patches[i]).feature_pearson
        np.testing.assert_array_equal(
            np.isnan(pearson), constant[i][:, None] | constant[i][None, :]
        )
