"""Numbers come back from the pixels of a figure; the oracles are the original's matrices."""

import numpy as np
import pytest
from numpy.typing import NDArray

from zwu_ts_assets.evidence.boxes import find_boxes
from zwu_ts_assets.evidence.printed import Illegible, read_cell_number, read_range
from zwu_ts_assets.figures.dependence import DependenceMatrices
from zwu_ts_assets.figures.figure import draw_matrices
from zwu_ts_assets_tests.reference import GOLDEN

FEATURES = ("HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT")


def golden(batch: int) -> DependenceMatrices:
    with np.load(GOLDEN / "window_matrices.npz") as stored:
        return DependenceMatrices(
            **{
                key.split("/")[1]: stored[key]
                for key in stored
                if key.startswith(f"batch_{batch}/")
            }
        )


def made_up(low: float, high: float) -> DependenceMatrices:
    def matrix(count: int) -> NDArray[np.float64]:
        return np.linspace(low, high, count * count).reshape(count, count)

    return DependenceMatrices(*(matrix(7) for _ in range(3)), *(matrix(24) for _ in range(3)))


@pytest.mark.shared
@pytest.mark.parametrize("batch", [17, 97])
def test_every_number_and_every_range_of_a_real_figure_is_read(batch: int) -> None:
    """Batch 97 has constant columns, whose cells in the Pearson panel are empty."""
    matrices = golden(batch)
    pixels = draw_matrices(matrices, FEATURES)
    found = find_boxes(pixels)
    features = (matrices.feature_dtw, matrices.feature_covariance, matrices.feature_pearson)
    for panel, matrix, form in zip(found.panels, features, (".1f", ".2f", ".2f"), strict=False):
        for (row, column), value in np.ndenumerate(matrix):
            if np.isnan(value):
                with pytest.raises(Illegible, match="no number"):
                    read_cell_number(pixels, panel, 7, row, column)
            else:
                number = read_cell_number(pixels, panel, 7, row, column)
                assert number == float(format(value, form))
    ranged = (*features[:2], None, matrices.time_dtw, matrices.time_covariance, None)
    for bar, shown in zip(found.bars, ranged, strict=True):
        low, high = (-1.0, 1.0) if shown is None else (shown.min(), shown.max())
        read = read_range(pixels, bar)
        assert read == pytest.approx((low, high), abs=0.0015 * (high - low))


def test_negative_numbers_are_read() -> None:
    matrices = made_up(-0.87, 0.96)
    pixels = draw_matrices(matrices, FEATURES)
    panel = find_boxes(pixels).panels[1]
    for (row, column), value in np.ndenumerate(matrices.feature_covariance):
        assert read_cell_number(pixels, panel, 7, row, column) == float(format(value, ".2f"))


def test_labels_with_a_common_factor_are_refused() -> None:
    pixels = draw_matrices(made_up(0.0, 2e7), FEATURES)
    with pytest.raises(Illegible, match="have a common factor"):
        read_range(pixels, find_boxes(pixels).bars[3])
