"""Frames become PNG files without loss, and small JPEG files for previews."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from PIL import Image

from zwu_ts_assets.figures.figure import draw_figure, encode_png, thumbnail
from zwu_ts_assets_tests.reference import ETTH1_CSV, GOLDEN

FRAMES = arrays(np.uint8, st.tuples(st.integers(1, 20), st.integers(1, 20), st.just(3)))


@settings(max_examples=100, deadline=None)
@given(FRAMES)
def test_a_png_decodes_to_the_same_frame(frame: NDArray[np.uint8]) -> None:
    with Image.open(io.BytesIO(encode_png(frame))) as image:
        image.load()
        assert (image.format, image.mode) == ("PNG", "RGB")
        np.testing.assert_array_equal(np.asarray(image), frame)


def test_a_png_is_the_same_however_the_frame_lies_in_memory() -> None:
    frame = np.random.default_rng(1).integers(0, 256, (9, 8, 3), dtype=np.uint8)
    assert encode_png(frame) == encode_png(np.asfortranarray(frame))


def test_a_thumbnail_is_a_small_jpeg_of_the_same_proportions() -> None:
    frame = np.full((992, 1792, 3), 255, dtype=np.uint8)
    frame[:, :896] = (200, 30, 30)
    data = thumbnail(frame)
    assert len(data) < 20_000
    with Image.open(io.BytesIO(data)) as image:
        assert (image.format, image.size) == ("JPEG", (448, 248))
        pixels = np.asarray(image)
        np.testing.assert_allclose(pixels[100, 100], (200, 30, 30), atol=6)
        np.testing.assert_allclose(pixels[100, 350], (255, 255, 255), atol=6)
    with Image.open(io.BytesIO(thumbnail(frame, width=64))) as image:
        assert image.size == (64, 35)


@pytest.mark.shared
def test_a_figure_is_no_larger_than_the_original_file() -> None:
    values = np.loadtxt(ETTH1_CSV, delimiter=",", skiprows=1, max_rows=96, usecols=range(1, 8))
    frame = draw_figure(values, ("HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT"))
    assert len(encode_png(frame)) <= (GOLDEN / "batch_0.png").stat().st_size
