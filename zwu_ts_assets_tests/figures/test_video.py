"""Which frames a video has, and what is left of them after encoding."""

import csv
import io
from itertools import pairwise
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.figures import video
from zwu_ts_assets.figures.colours import PanelRanges
from zwu_ts_assets.figures.figure import Canvas, draw_figure
from zwu_ts_assets.figures.video import draw_patch_frames, encode_mp4, film_strip, probe_mp4
from zwu_ts_assets.timeseries.windows import Selection
from zwu_ts_assets_tests.reference import ETTH1_CSV

Values = NDArray[np.float64]
Frames = list[NDArray[np.uint8]]

FEATURES = ("A", "B", "C")


def walk(rows: int, seed: int = 0) -> Values:
    random = np.random.default_rng(seed)
    return np.asarray(random.normal(size=(rows, len(FEATURES))).cumsum(axis=0))


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Values, Canvas, str]]:
    """Record what is asked to be drawn, and draw a flat frame with its number instead."""
    calls: list[tuple[Values, Canvas, str]] = []

    def record(
        values: Values,
        features: tuple[str, ...],
        canvas: Canvas,
        title_prefix: str,
        ranges: PanelRanges | None,
        shown: Selection | None,
        look: str,
    ) -> NDArray[np.uint8]:
        assert features == FEATURES
        assert (ranges, shown, look) == (None, None, "original")
        calls.append((values, canvas, title_prefix))
        return np.full((canvas.height, canvas.width, 3), len(calls), dtype=np.uint8)

    monkeypatch.setattr(video, "draw_figure", record)
    return calls


@pytest.mark.parametrize(
    ("rows", "multiple", "frames"),
    [
        *((96, 1, 7), (96, 2, 8), (96, 3, 9), (96, 4, 8), (96, 7, 7), (96, 8, 8)),
        *((24, 1, 1), (24, 2, 2), (24, 4, 4), (35, 2, 2), (36, 2, 2), (108, 2, 8), (108, 4, 8)),
    ],
)
def test_the_last_frame_is_repeated_up_to_the_multiple(
    drawn: list[tuple[Values, Canvas, str]], rows: int, multiple: int, frames: int
) -> None:
    made = list(draw_patch_frames(walk(rows), FEATURES, frame_multiple=multiple))
    patches = (rows - 24) // 12 + 1
    assert len(made) == frames
    assert len(drawn) == patches, "a repeated frame is not drawn again"
    assert [int(frame[0, 0, 0]) for frame in made[:patches]] == list(range(1, patches + 1))
    assert all(frame is made[patches - 1] for frame in made[patches:])


def test_each_frame_shows_the_rows_of_its_patch(
    drawn: list[tuple[Values, Canvas, str]],
) -> None:
    values = walk(50)
    canvas = Canvas(640, 384)
    list(draw_patch_frames(values, FEATURES, patch_length=20, patch_stride=15, canvas=canvas))
    assert [call[0].tolist() for call in drawn] == [
        values[0:20].tolist(),
        values[15:35].tolist(),
        values[30:50].tolist(),
    ]
    assert {call[1] for call in drawn} == {Canvas(640, 384)}


def test_a_frame_is_drawn_when_it_is_asked_for(drawn: list[tuple[Values, Canvas, str]]) -> None:
    frames = draw_patch_frames(walk(96), FEATURES)
    assert not drawn
    next(frames)
    next(frames)
    assert len(drawn) == 2, "so that one is encoded while the next is drawn"


def test_titles_carry_no_index_unless_asked(drawn: list[tuple[Values, Canvas, str]]) -> None:
    list(draw_patch_frames(walk(48), FEATURES))
    assert [call[2] for call in drawn] == ["", "", ""]
    drawn.clear()
    list(draw_patch_frames(walk(48), FEATURES, title_prefix="Batch 5 "))
    assert [call[2] for call in drawn] == [
        "Batch 5 Patch 0 ",
        "Batch 5 Patch 1 ",
        "Batch 5 Patch 2 ",
    ]


def test_frames_are_the_figures_themselves() -> None:
    values = walk(96)
    frames = list(draw_patch_frames(values, FEATURES))
    assert len(frames) == 8
    np.testing.assert_array_equal(frames[0], draw_figure(values[:24], FEATURES))
    np.testing.assert_array_equal(frames[6], draw_figure(values[72:96], FEATURES))
    assert frames[7] is frames[6]
    assert all(not np.array_equal(a, b) for a, b in pairwise(frames[:7]))


@pytest.mark.parametrize("canvas", [Canvas(448, 224), Canvas(896, 512), Canvas(1184, 640)])
def test_a_smaller_canvas_is_drawn_at_its_size_with_the_given_ranges(canvas: Canvas) -> None:
    values, ranges = walk(36), PanelRanges((0, 30), (-3, 20), (0, 15), (-2, 3))
    frames = draw_patch_frames(values, FEATURES, canvas=canvas, ranges=ranges)
    for frame, start in zip(frames, (0, 12), strict=True):
        expected = draw_figure(values[start : start + 24], FEATURES, canvas, ranges=ranges)
        np.testing.assert_array_equal(frame, expected)
        assert not np.array_equal(frame, draw_figure(values[start : start + 24], FEATURES, canvas))


@pytest.mark.parametrize("multiple", [0, -2])
def test_a_frame_multiple_below_one_is_refused(multiple: int) -> None:
    with pytest.raises(CorpusError, match=f"frame multiple {multiple}: expected a whole number"):
        list(draw_patch_frames(walk(96), FEATURES, frame_multiple=multiple))


def test_a_window_shorter_than_a_patch_is_refused() -> None:
    with pytest.raises(CorpusError, match="longer than the window of 20 rows"):
        list(draw_patch_frames(walk(20), FEATURES))


LATER = (45, 90, 97, 180)


def etth1_window(batch: int) -> tuple[Values, tuple[str, ...]]:
    with ETTH1_CSV.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    window = rows[1 + 96 * batch : 1 + 96 * (batch + 1)]
    return np.array([[float(cell) for cell in row[1:]] for row in window]), tuple(rows[0][1:])


def luma_psnr(decoded: NDArray[np.uint8], drawn: NDArray[np.uint8]) -> NDArray[np.float64]:
    """PSNR of the luma (ITU-R BT.601) of each frame, in dB."""
    weights = np.array([0.299, 0.587, 0.114])
    error = (decoded.astype(float) - drawn.astype(float)) @ weights
    return np.asarray(10 * np.log10(255**2 / np.mean(error**2, axis=(1, 2))))


def assert_as_legible_as_imageios_defaults(frames: Frames, folder: Path) -> None:
    """Encode with both, read both with imageio, and hold ours against theirs."""
    drawn = np.stack(frames)
    theirs, ours = folder / "theirs.mp4", folder / "ours.mp4"
    iio.imwrite(theirs, drawn, fps=2, codec="h264")
    ours.write_bytes(encode_mp4(frames, 2.0))
    our_psnr = luma_psnr(iio.imread(ours, plugin="FFMPEG"), drawn)
    their_psnr = luma_psnr(iio.imread(theirs, plugin="FFMPEG"), drawn)
    assert len(our_psnr) == len(frames)
    assert our_psnr.mean() >= their_psnr.mean()
    assert our_psnr.min() >= their_psnr.min()
    assert ours.stat().st_size <= 2 * theirs.stat().st_size


@pytest.mark.parametrize("kind", ["walk", "noise", "constant"])
def test_a_video_is_as_legible_as_imageios_defaults_make_it(kind: str, tmp_path: Path) -> None:
    noise = np.random.default_rng(1).normal(size=(96, len(FEATURES)))
    values = {"walk": walk(96), "noise": noise, "constant": np.ones((96, len(FEATURES)))}[kind]
    assert_as_legible_as_imageios_defaults(
        list(draw_patch_frames(values, FEATURES, canvas=Canvas(896, 512))), tmp_path
    )


@pytest.mark.shared
@pytest.mark.parametrize("batch", [0, 7, *(pytest.param(b, marks=pytest.mark.slow) for b in LATER)])
def test_a_real_video_is_as_legible_as_imageios_defaults_make_it(
    batch: int, tmp_path: Path
) -> None:
    """Batch 7 holds a patch of constant columns only, batch 97 two constant columns."""
    frames = list(draw_patch_frames(*etth1_window(batch)))
    assert_as_legible_as_imageios_defaults(frames, tmp_path)
    info = probe_mp4(tmp_path / "ours.mp4")
    assert (info.width, info.height, info.frames, info.fps) == (1792, 992, 8, 2.0)


def flat(level: int) -> NDArray[np.uint8]:
    return np.full((62, 112, 3), level, dtype=np.uint8)


def opened(jpeg: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(jpeg))
    assert image.format == "JPEG"
    return image


def test_a_film_strip_shows_the_distinct_frames_in_order() -> None:
    frames = [flat(0), flat(80), flat(160), flat(240)]
    strip = opened(film_strip([*frames, frames[-1], flat(240)], width=448))
    assert strip.size == (448, 62)
    middles = np.asarray(strip)[31, 56::112, 0].astype(int)
    assert np.abs(middles - [0, 80, 160, 240]).max() <= 3


def test_a_frame_that_comes_back_later_is_shown_again() -> None:
    assert opened(film_strip([flat(0), flat(99), flat(0)], width=336)).size == (336, 62)


def test_more_than_eight_frames_take_several_rows() -> None:
    strip = opened(film_strip([flat(10 * i) for i in range(11)], width=896))
    assert strip.size == (896, 124)
    assert np.asarray(strip)[-1, -1].min() > 250, "the rest of the last row is white"


@pytest.mark.parametrize("count", [1, 3, 7])
def test_a_film_strip_is_as_wide_as_asked_at_most(count: int) -> None:
    width, height = opened(film_strip([flat(30 * i) for i in range(count)])).size
    assert 896 - count < width <= 896
    assert height == pytest.approx(width / count * 62 / 112, abs=1)


def test_a_film_strip_of_figures_is_small() -> None:
    assert len(film_strip(list(draw_patch_frames(walk(96), FEATURES)))) < 20_000


def test_a_film_strip_needs_frames_and_room() -> None:
    with pytest.raises(CorpusError, match="at least one frame, found none"):
        film_strip([])
    with pytest.raises(CorpusError, match="a film strip of 2 pixels is too narrow for 3 frames"):
        film_strip([flat(0), flat(1), flat(2)], width=2)
