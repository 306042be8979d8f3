"""Each verification finds the problem it is there for, and nothing in sound artifacts."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from zwu_ts_assets.figures import verification
from zwu_ts_assets.figures.dependence import DependenceMatrices, dependence_matrices
from zwu_ts_assets.figures.verification import (
    matrices_problem,
    png_problem,
    video_problem,
)

VALUES = np.random.default_rng(3).normal(size=(24, 4)).cumsum(axis=0)
CONSTANT = np.column_stack([VALUES, np.full(24, 0.1)])


def spoil(name: str, at: tuple[int, int], value: float, values: NDArray[np.float64]) -> str:
    """What is said of a window's matrices with one cell replaced."""

    def spoilt(given: NDArray[np.float64], columns: None) -> DependenceMatrices:
        matrices = dependence_matrices(given)
        matrix = getattr(matrices, name).copy()
        matrix[at] = value
        if at[0] != at[1] and name != "feature_dtw":
            matrix[at[::-1]] = value
        return replace(matrices, **{name: matrix})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(verification, "dependence_matrices", spoilt)
        return matrices_problem(values)


@pytest.mark.parametrize("values", [VALUES, CONSTANT, np.zeros((24, 4)), VALUES[:, :1]])
def test_sound_matrices_have_no_problem(values: NDArray[np.float64]) -> None:
    assert matrices_problem(values) == ""


@pytest.mark.parametrize(
    ("name", "at", "value", "values", "said"),
    [
        ("feature_dtw", (0, 1), 1.0, VALUES, "feature dtw is not symmetric"),
        ("time_dtw", (0, 1), np.inf, VALUES, "time dtw has a value that is not finite"),
        ("time_covariance", (2, 2), np.nan, VALUES, "time covariance has a value that is not"),
        ("feature_pearson", (0, 1), 1.5, VALUES, "feature pearson has a value outside -1..1"),
        ("feature_pearson", (0, 1), np.nan, VALUES, "columns 0 and 1 is NaN though both vary"),
        ("feature_pearson", (4, 4), 1.0, CONSTANT, "gives a constant column a correlation"),
        ("time_pearson", (3, 5), np.nan, VALUES, "steps 3 and 5 is NaN though both vary"),
    ],
)
def test_an_unsound_matrix_is_told(
    name: str, at: tuple[int, int], value: float, values: NDArray[np.float64], said: str
) -> None:
    assert said in spoil(name, at, value, values)


def test_bytes_that_are_no_picture_or_video_are_told() -> None:
    assert png_problem(b"GIF89a", 448, 224).startswith("does not decode")
    assert video_problem(b"", 448, 224, 4, 2.0).startswith("does not decode")
