"""Six matrices come back from the pixels of a figure, as drawn, resized and filmed.

The oracles are the original's matrices, and for made-up shapes the matrices that were drawn.
"""

import ast
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from zwu_ts_assets.evidence import answers, blind, boxes, curves, media, panels, printed, report
from zwu_ts_assets.evidence.media import read_video, resized
from zwu_ts_assets.evidence.panels import NotAFigure, Panels, pearson_values, read_figure
from zwu_ts_assets.figures.colours import PanelRanges
from zwu_ts_assets.figures.dependence import DependenceMatrices, dependence_matrices
from zwu_ts_assets.figures.figure import Canvas, Look, draw_figure, draw_matrices
from zwu_ts_assets.figures.mp4 import encode_mp4
from zwu_ts_assets.figures.video import draw_patch_frames
from zwu_ts_assets_tests.reference import ETTH1_CSV, GOLDEN

Pixels = NDArray[np.uint8]
Matrices = dict[str, NDArray[np.float64]]

NAMES = tuple(field.name for field in fields(Panels))
FEATURES = ("HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT")
WINDOWS = (0, 17, 90, 97, 180)
"""Of ETTh1; batch 97 has two constant columns."""
SIZE = (1792, 992)


def etth1(batch: int) -> NDArray[np.float64]:
    return np.loadtxt(
        ETTH1_CSV, delimiter=",", skiprows=1 + 96 * batch, max_rows=96, usecols=range(1, 8)
    )


def golden(key: str) -> Matrices:
    """The original's matrices of `batch_0` or `batch_0/patch_3`, relative to their range."""
    file = "patch_matrices.npz" if "patch" in key else "window_matrices.npz"
    with np.load(GOLDEN / file) as stored:
        return {name: relative(name, stored[f"{key}/{name}"]) for name in NAMES}


def relative(name: str, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    if name.endswith("pearson"):
        return (matrix + 1) / 2
    return np.asarray((matrix - matrix.min()) / np.ptp(matrix))


def drawn_relative(matrices: DependenceMatrices) -> Matrices:
    return {name: relative(name, getattr(matrices, name)) for name in NAMES}


def walk(rows: int, features: int) -> NDArray[np.float64]:
    return np.random.default_rng(rows + features).normal(size=(rows, features)).cumsum(axis=0)


def shrunk(pixels: Pixels, width: int, height: int) -> Pixels:
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC))


def mean_errors(read: Panels, expected: Matrices) -> dict[str, float]:
    """The mean error of each panel; which cells have no value must be the same."""
    errors = {}
    for name, matrix in expected.items():
        found = getattr(read, name)
        np.testing.assert_array_equal(np.isnan(found), np.isnan(matrix), err_msg=name)
        errors[name] = float(np.nanmean(np.abs(found - matrix)))
    return errors


def assert_read(read: Panels, expected: Matrices, feature_error: float, time_error: float) -> None:
    for name, error in mean_errors(read, expected).items():
        assert error <= (feature_error if name.startswith("feature") else time_error), name


# As drawn.


@pytest.mark.shared
@pytest.mark.parametrize("batch", WINDOWS)
def test_a_figure_of_real_data_gives_the_originals_matrices(batch: int) -> None:
    """A colour map has 256 colours, so that an error of 1/512, 0.00195, is unavoidable."""
    read = read_figure(draw_figure(etth1(batch), FEATURES), 7, 96)
    expected = golden(f"batch_{batch}")
    assert_read(read, expected, 0.002, 0.002)
    for name, matrix in expected.items():
        # Viridis has neighbours that are one colour at 8 bits.
        assert np.nanmax(np.abs(getattr(read, name) - matrix)) <= 0.007


@pytest.mark.shared
@pytest.mark.parametrize("batch", [0, 17, 97, 180])
def test_the_originals_own_picture_gives_the_originals_matrices(batch: int) -> None:
    """Of 1800x1000 pixels, drawn by seaborn in another layout."""
    with Image.open(GOLDEN / f"batch_{batch}.png") as picture:
        pixels = np.asarray(picture.convert("RGB"))
    assert_read(read_figure(pixels, 7, 96), golden(f"batch_{batch}"), 0.002, 0.002)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("features", "rows", "canvas"),
    [
        *((2, 96, SIZE), (3, 10, SIZE), (30, 96, SIZE), (100, 24, SIZE)),
        *((7, 96, (448, 256)), (7, 24, (448, 224)), (7, 96, (1024, 1024))),
    ],
)
def test_any_number_of_columns_and_any_canvas_is_read(
    features: int, rows: int, canvas: tuple[int, int]
) -> None:
    matrices = dependence_matrices(walk(rows, features))
    pixels = draw_matrices(matrices, tuple(f"f{i}" for i in range(features)), Canvas(*canvas))
    assert_read(read_figure(pixels, features, rows), drawn_relative(matrices), 0.002, 0.002)


def test_rows_are_read_downwards_and_columns_to_the_right() -> None:
    """Matrices that are not symmetric, which figures of data never show."""
    random = np.random.default_rng(1)
    matrices = DependenceMatrices(
        *(random.uniform(-1, 1, (5, 5)) for _ in range(3)),
        *(random.uniform(-1, 1, (24, 24)) for _ in range(3)),
    )
    read = read_figure(draw_matrices(matrices, ("a", "b", "c", "d", "e")), 5, 24)
    assert_read(read, drawn_relative(matrices), 0.002, 0.002)


def test_constant_columns_have_no_correlation_in_what_is_read() -> None:
    values = walk(24, 30)
    values[:, [0, 5, 29]] = 1.0
    matrices = dependence_matrices(values)
    read = read_figure(draw_matrices(matrices, tuple(f"f{i}" for i in range(30))), 30, 24)
    assert_read(read, drawn_relative(matrices), 0.002, 0.002)
    assert np.isnan(read.feature_pearson[0]).all()
    assert np.isnan(read.feature_pearson[:, 29]).all()
    assert not np.isnan(read.feature_pearson[1, 1])


@pytest.mark.parametrize("look", ["original", "clear"])
def test_a_figure_is_read_in_each_look_whatever_its_names_are(look: Look) -> None:
    values = walk(24, 9)
    values[:, 4] = 0.0  # explained by a legend
    matrices = dependence_matrices(values)
    features = tuple(f"a name that is too long to be written on each axis {i}" for i in range(9))
    drawn = draw_matrices(matrices, features, look=look)
    assert_read(read_figure(drawn, 9, 24), drawn_relative(matrices), 0.002, 0.002)
    small = read_figure(shrunk(drawn, 896, 496), 9, 24, SIZE)
    assert_read(small, drawn_relative(matrices), 0.01, 0.02)


def test_pearson_panels_that_are_white_throughout_are_found() -> None:
    read = read_figure(draw_figure(np.ones((24, 4)), ("a", "b", "c", "d")), 4, 24)
    for matrix in (read.feature_pearson, read.time_pearson):
        assert np.isnan(matrix).all()
    # A colour bar around a single value has it in its middle.
    for matrix in (read.feature_dtw, read.feature_covariance, read.time_dtw, read.time_covariance):
        np.testing.assert_allclose(matrix, 0.5, atol=0.002)


def test_correlations_are_read_as_they_are() -> None:
    matrices = dependence_matrices(walk(96, 7))
    read = read_figure(draw_matrices(matrices, FEATURES), 7, 96)
    found = pearson_values(read.time_pearson)
    np.testing.assert_allclose(found, matrices.time_pearson, atol=0.004)


def test_values_beyond_a_fixed_range_are_read_as_its_ends() -> None:
    matrices = dependence_matrices(walk(24, 7))
    ranges = PanelRanges((10.0, 12.0), (20.0, 21.0), (3.0, 4.0), (-0.1, 0.1))
    read = read_figure(draw_matrices(matrices, FEATURES, ranges=ranges), 7, 24)
    expected = np.clip((matrices.time_dtw - 3.0) / 1.0, 0, 1)
    assert np.abs(read.time_dtw - expected).mean() <= 0.002
    assert 0 < read.time_dtw.min() <= 1 / 512
    assert 1 - 1 / 512 <= read.time_dtw.max() < 1


# Resized.


@pytest.mark.shared
@pytest.mark.parametrize("batch", [0, 97])
@pytest.mark.parametrize(
    ("size", "feature_error", "time_error", "unknown_size_error"),
    [
        ((1280, 704), 0.002, 0.002, 0.009),
        ((896, 480), 0.002, 0.002, 0.009),
        ((640, 352), 0.002, 0.002, 0.011),
        ((480, 256), 0.002, 0.002, 0.015),
    ],
)
def test_a_resized_figure_is_read(
    batch: int,
    size: tuple[int, int],
    feature_error: float,
    time_error: float,
    unknown_size_error: float,
) -> None:
    pixels = shrunk(draw_figure(etth1(batch), FEATURES), *size)
    expected = golden(f"batch_{batch}")
    assert_read(read_figure(pixels, 7, 96, SIZE), expected, feature_error, time_error)
    assert_read(read_figure(pixels, 7, 96), expected, feature_error, unknown_size_error)


@pytest.mark.shared
def test_where_pixels_are_fewer_than_time_cells_features_are_still_read() -> None:
    """Of 288x160 pixels a panel has 70: 96 steps cannot all be told from them."""
    pixels = shrunk(draw_figure(etth1(0), FEATURES), 288, 160)
    assert_read(read_figure(pixels, 7, 96, SIZE), golden("batch_0"), 0.002, 0.09)


# Videos.


@pytest.mark.shared
def test_a_video_gives_the_originals_matrices(tmp_path: Path) -> None:
    path = tmp_path / "batch_0.mp4"
    path.write_bytes(encode_mp4(draw_patch_frames(etth1(0), FEATURES)))
    frames = read_video(path)
    assert [frame.shape for frame in frames] == 8 * [(992, 1792, 3)]
    for i in range(7):
        expected = golden(f"batch_0/patch_{i}")
        assert_read(read_figure(frames[i], 7, 24), expected, 0.005, 0.005)
        half = resized(frames[i], (896, 512))
        assert_read(read_figure(half, 7, 24, SIZE), expected, 0.005, 0.005)


def test_what_is_no_video_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "batch_0.mp4"
    path.write_bytes(b"no video")
    with pytest.raises(OSError, match=r"batch_0.mp4: the video cannot be decoded"):
        read_video(path)


def test_a_picture_gets_its_size_and_keeps_it() -> None:
    pixels = np.zeros((992, 1792, 3), dtype=np.uint8)
    assert resized(pixels, (480, 256)).shape == (256, 480, 3)
    assert resized(pixels, (1792, 992)) is pixels


# What is no figure.


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_blank_picture_is_refused(level: int) -> None:
    with pytest.raises(NotAFigure, match="has 0 rows of coloured panels; expected 2"):
        read_figure(np.full((992, 1792, 3), level, dtype=np.uint8), 7, 96)


def test_a_turned_or_cropped_figure_is_refused() -> None:
    pixels = draw_figure(walk(24, 3), ("a", "b", "c"), Canvas(896, 512))
    for damaged in (np.ascontiguousarray(pixels.transpose(1, 0, 2)), pixels[:250], pixels[:, :200]):
        with pytest.raises(NotAFigure, match="expected"):
            read_figure(damaged, 3, 24)


def test_pictures_of_another_type_and_no_cells_are_refused() -> None:
    with pytest.raises(NotAFigure, match=r"expected \(height, width, 3\) uint8 RGB"):
        read_figure(np.zeros((9, 9), dtype=np.uint8), 7, 96)
    with pytest.raises(ValueError, match="0 features and 96 time steps: expected at least 1"):
        read_figure(np.zeros((9, 9, 3), dtype=np.uint8), 0, 96)


# Of its own.

READERS = (answers, blind, boxes, curves, panels, media, printed, report)
ALLOWED = {"numpy", "PIL", "matplotlib", "av", *sys.stdlib_module_names}


@pytest.mark.parametrize("module", READERS, ids=lambda module: module.__name__)
def test_a_reader_imports_nothing_that_draws(module: object) -> None:
    path = Path(str(getattr(module, "__file__", "")))
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [str(node.module)]
        for name in names:
            own = name.startswith("zwu_ts_assets.evidence.")
            assert own or name.split(".")[0] in ALLOWED, name


def test_reading_loads_nothing_that_draws() -> None:
    names = ", ".join(module.__name__ for module in READERS)
    code = f"import sys, {names}; print(*(n for n in sys.modules if n.startswith('zwu_ts_assets')))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    own = {"zwu_ts_assets", "zwu_ts_assets.evidence", *names.split(", ")}
    shared = {"evidence.reading", "storage", "storage.spool"}  # who reads what; lists on disk
    assert set(ran.stdout.split()) == own | {f"zwu_ts_assets.{name}" for name in shared}
