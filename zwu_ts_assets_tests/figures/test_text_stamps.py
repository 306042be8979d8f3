"""Stamped text equals the text that matplotlib draws."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.font_manager import FontProperties
from numpy.typing import NDArray

from zwu_ts_assets.figures.rendering import (
    BLACK,
    DARK,
    WHITE,
    Placed,
    drawable,
    stamp_text,
    text_stamps,
)

COLOURS = {WHITE: (1.0, 1.0, 1.0), DARK: (0.15, 0.15, 0.15), BLACK: (0.0, 0.0, 0.0)}
WIDTH, HEIGHT = 160, 60


def background() -> NDArray[np.uint8]:
    return np.random.default_rng(3).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)


def drawn_by_matplotlib(text: str, points: float, x: float, y: float, colour: int) -> np.ndarray:
    renderer = RendererAgg(WIDTH, HEIGHT, 100)  # type: ignore[no-untyped-call]
    pixels = np.asarray(renderer.buffer_rgba())  # type: ignore[no-untyped-call]
    pixels[..., :3] = background()
    pixels[..., 3] = 255
    gc = renderer.new_gc()
    gc.set_foreground(COLOURS[colour])
    font = FontProperties(family="DejaVu Sans", size=points)
    renderer.draw_text(gc, x, HEIGHT - y, text, font, 0)  # type: ignore[no-untyped-call]
    return pixels[..., :3].copy()


def stamped(placed: list[Placed]) -> NDArray[np.uint8]:
    frame = background()
    stamp_text(frame, placed)
    return frame


@settings(max_examples=60, deadline=None)
@given(
    st.one_of(
        st.floats(-1e5, 1e5).map("{:.2f}".format),
        st.floats(-1e5, 1e5).map("−{:.3e}".format),
        st.just("+1.2345e−12"),
    ),
    st.sampled_from([10.0, 8.0, 5.0]),
    st.floats(5, 60),
    st.floats(10, 40),
    st.sampled_from([WHITE, DARK, BLACK]),
)
def test_numbers_are_stamped_as_matplotlib_draws_them(
    text: str, points: float, x: float, y: float, colour: int
) -> None:
    placed = text_stamps(points, 100.0).number(text, x, y, HEIGHT, colour)
    difference = np.abs(
        stamped(placed).astype(int) - drawn_by_matplotlib(text, points, x, y, colour)
    )
    # A position half-way between two of the 64 places in a pixel may be rounded either way.
    assert difference.max() <= 8


@pytest.mark.parametrize("text", ["Time Pearson", "AV To  Wa.", "Batch 17", " indented"])
def test_words_are_stamped_as_matplotlib_draws_them(text: str) -> None:
    placed = text_stamps(12.0, 100.0).words(text, 10.25, 20.5, HEIGHT, BLACK)
    difference = np.abs(
        stamped(placed).astype(int) - drawn_by_matplotlib(text, 12.0, 10.25, 20.5, BLACK)
    )
    assert difference.max() <= 8


def test_a_number_is_as_wide_as_matplotlib_says() -> None:
    stamps = text_stamps(10.0, 100.0)
    for first in "0123456789.-−+e":
        for second in "0123456789.-−+e":
            assert stamps.number_width(first + second + "0") == stamps.width(first + second + "0")


def test_text_over_the_edge_is_cut_off() -> None:
    stamps = text_stamps(10.0, 100.0)
    for x, y in ((-10, 30), (WIDTH - 10, 30), (50, -3), (50, HEIGHT - 3)):
        frame = stamped(stamps.number("88888", x, y, HEIGHT, BLACK))
        expected = drawn_by_matplotlib("88888", 10.0, x, y, BLACK)
        np.testing.assert_array_equal(frame, expected)


def test_nothing_to_stamp_changes_nothing() -> None:
    np.testing.assert_array_equal(stamped([]), background())


def test_what_cannot_be_drawn_is_replaced() -> None:
    assert drawable("HUFL_$ é…") == "HUFL_$ é…"
    assert drawable("a\tb\n温") == "a\ufffdb\ufffd\ufffd"
