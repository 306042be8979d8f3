"""Figures, line plots and videos of a window, with the settings that change them."""

import io
from dataclasses import replace
from typing import Any

import imageio.v3 as iio
import numpy as np
import pytest
from PIL import Image

from zwu_ts_assets.config.settings import Settings
from zwu_ts_assets.figures.colours import ColourRanges, PanelRanges
from zwu_ts_assets.figures.figure import draw_figure
from zwu_ts_assets.figures.figure_layout import Canvas
from zwu_ts_assets.figures.line_plot import draw_line_plot
from zwu_ts_assets.orchestration.assets import corpus_products as products
from zwu_ts_assets.timeseries.windows import Selection, Window

FEATURES = ("A", "B", "C")
SMALL = {"window_length": 24, "horizon": 24, "patch_length": 12, "patch_stride": 6}
RANGES = ColourRanges(
    PanelRanges((0.0, 20.0), (-3.0, 20.0), (0.0, 9.0), (-2.0, 3.0)),
    PanelRanges((0.0, 10.0), (-1.0, 9.0), (0.0, 8.0), (-1.0, 2.0)),
    1,
    3,
)


def settings_with(**changes: Any) -> Settings:
    canvas = {"canvas_width": 640, "canvas_height": 352}
    return Settings.model_validate({**SMALL, **canvas, **changes})


def window(seed: int = 0) -> Window:
    return Window(
        start=48,
        timestamps=np.datetime64("2020-01-01T00:00:00") + np.arange(24) * np.timedelta64(3600, "s"),
        values=np.random.default_rng(seed).normal(size=(24, 3)).cumsum(axis=0),
        features=FEATURES,
        target_rows=24,
    )


def pixels(png: bytes) -> Any:
    return np.asarray(Image.open(io.BytesIO(png)))


def test_a_figure_is_drawn_within_the_ranges_of_windows() -> None:
    settings = settings_with(colour_range="train")
    product = products.correlation_product(
        products.Drawing(2, window()), settings=settings, ranges=RANGES
    )
    expected = draw_figure(window().values, FEATURES, Canvas(640, 352), ranges=RANGES.windows)
    np.testing.assert_array_equal(pixels(product.value["png"]), expected)
    assert products.figure_problem(product.value, settings=settings) == ""


def test_a_video_is_drawn_at_its_own_size_within_the_ranges_of_patches() -> None:
    settings = settings_with(colour_range="train", video_width=896, video_height=512)
    product = products.video_product(
        products.Drawing(2, window()), settings=settings, ranges=RANGES
    )
    film = iio.imread(product.value["video"], extension=".mp4", plugin="FFMPEG")
    assert film.shape == (4, 512, 896, 3)
    frame = draw_figure(
        window().values[6:18], FEATURES, Canvas(896, 512), ranges=RANGES.patches
    ).astype(int)
    other = draw_figure(window().values[6:18], FEATURES, Canvas(896, 512)).astype(int)
    assert np.abs(film[1] - frame).mean() < 0.5 * np.abs(film[1] - other).mean()
    assert (product.details["width"], product.details["height"]) == (896, 512)
    assert products.film_problem(product.value, settings=settings) == ""
    # A video of the canvas' size would be out of place now, and is told.
    stale = products.video_product(products.Drawing(2, window()), settings=settings_with())
    assert "640x352" in products.film_problem(stale.value, settings=settings)


@pytest.mark.parametrize("product", [products.correlation_product, products.video_product])
def test_figures_with_and_without_fixed_ranges_are_never_mixed(product: Any) -> None:
    with pytest.raises(ValueError, match="colour_range is 'train', but no fitted ranges are given"):
        product(products.Drawing(0, window()), settings=settings_with(colour_range="train"))
    with pytest.raises(ValueError, match="colour_range is 'window', but fitted ranges are given"):
        product(products.Drawing(0, window()), settings=settings_with(), ranges=RANGES)


def test_ranges_are_fitted_on_the_given_windows_and_come_back_from_their_file() -> None:
    settings = settings_with(colour_range="train")
    extremes = [products.training_extremes(window(seed), settings=settings) for seed in range(4)]
    product = products.colour_ranges_product(extremes)
    ranges = products.fitted_ranges(product.value)
    assert (ranges.fitted_windows, ranges.fitted_patches) == (4, 12)
    assert product.details["training_windows"] == 4
    low, high = ranges.patches.time_covariance
    assert product.details["patch_time_covariance"] == f"{low:.6g} to {high:.6g}"
    assert products.colour_ranges_product(reversed(extremes)).value == product.value


SOME = Selection((2, 0), (1, 2))


def test_a_selection_is_drawn_in_every_picture() -> None:
    settings, chosen = settings_with(units={"C": "°C"}), replace(window(), shown=SOME)
    figure = products.correlation_product(products.Drawing(2, chosen), settings=settings)
    expected = draw_figure(window().values, FEATURES, Canvas(640, 352), shown=SOME)
    np.testing.assert_array_equal(pixels(figure.value["png"]), expected)
    lines = products.line_plot_product(products.Drawing(2, chosen), settings=settings)
    plotted = draw_line_plot(
        window().values[:, [2, 0]], ("C", "A +1"), Canvas(640, 352), units=("°C", "")
    )
    np.testing.assert_array_equal(pixels(lines.value["png"]), plotted)
    film = iio.imread(
        products.video_product(products.Drawing(2, chosen), settings=settings).value["video"],
        extension=".mp4",
        plugin="FFMPEG",
    )
    frame, other = (
        draw_figure(window().values[6:18], FEATURES, Canvas(640, 352), shown=shown).astype(int)
        for shown in (SOME, None)
    )
    assert np.abs(film[1] - frame).mean() < 0.5 * np.abs(film[1] - other).mean()


def test_ranges_are_fitted_on_what_is_shown() -> None:
    settings, chosen = settings_with(colour_range="train"), replace(window(), shown=SOME)
    extremes = products.training_extremes(chosen, settings=settings)
    alone = products.training_extremes(
        replace(window(), values=window().values[:, [0, 2]], features=("A", "C")),
        settings=settings,
    )
    whole = products.training_extremes(window(), settings=settings)
    np.testing.assert_allclose(extremes.window[:2], alone.window[:2])  # the feature panels
    np.testing.assert_allclose(extremes.window[2:], whole.window[2:])  # the time panels


def test_a_selection_is_verified_like_any_window() -> None:
    assert products.window_problem(replace(window(), shown=SOME)) == ""


def test_a_line_plot_is_a_png_of_the_canvas() -> None:
    units = ("MW", "", "°C")
    told = {name: unit for name, unit in zip(FEATURES, units, strict=True) if unit}
    settings = settings_with(line_plots=True, title_batch_index=True, units=told)
    product = products.line_plot_product(products.Drawing(2, window()), settings=settings)
    expected = draw_line_plot(
        window().values, FEATURES, Canvas(640, 352), units=units, title_prefix="Batch 2 "
    )
    np.testing.assert_array_equal(pixels(product.value["png"]), expected)
    assert product.details == {"width": 640, "height": 352, "rows": "48..71"}
    assert products.figure_problem(product.value, settings=settings) == ""
