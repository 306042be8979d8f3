"""Encoding and probing videos, with imageio as the other client that reads and writes them."""

import logging
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import imageio.v3 as iio
import imageio_ffmpeg
import numpy as np
import pytest
from numpy.typing import NDArray

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.figures.mp4 import Frame, VideoInfo, encode_mp4, probe_mp4
from zwu_ts_assets_tests.reference import REPOSITORY

WIDTH, HEIGHT = 320, 192


def figure_like(seed: int, width: int = WIDTH, height: int = HEIGHT) -> Frame:
    """Draw what is hard for a video encoder: flat cells with sharp edges, and thin dark lines."""
    random = np.random.default_rng(seed)
    cells = random.integers(0, 256, (height // 16 + 1, width // 16 + 1, 3), dtype=np.uint8)
    frame = cells.repeat(16, axis=0).repeat(16, axis=1)[:height, :width].copy()
    for _ in range(60):
        y, x = random.integers(0, height - 8), random.integers(0, width - 8)
        frame[y : y + random.integers(1, 8), x] = 20
        frame[y, x : x + random.integers(1, 8)] = 20
    return frame


FRAMES = [figure_like(seed) for seed in range(3)]


@pytest.fixture(scope="module")
def video() -> bytes:
    return encode_mp4(FRAMES)


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that temporary files go to."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def read_by_imageio(video: bytes) -> NDArray[np.uint8]:
    return iio.imread(video, plugin="FFMPEG", extension=".mp4")


def luma_psnr(decoded: NDArray[np.uint8], drawn: NDArray[np.uint8]) -> NDArray[np.float64]:
    """PSNR of the luma (ITU-R BT.601) of each frame, in dB."""
    weights = np.array([0.299, 0.587, 0.114])
    error = (decoded.astype(float) - drawn.astype(float)) @ weights
    return np.asarray(10 * np.log10(255**2 / np.mean(error**2, axis=(1, 2))))


@pytest.mark.parametrize("count", [1, 2, 7, 8])
def test_another_client_reads_exactly_the_frames_that_went_in(count: int) -> None:
    frames = [figure_like(seed) for seed in range(count)]
    decoded = read_by_imageio(encode_mp4(frames))
    assert decoded.shape == (count, HEIGHT, WIDTH, 3)
    # Each decoded frame is most like the frame at its place.
    distances = [[np.abs(d.astype(int) - f).mean() for f in frames] for d in decoded]
    assert np.argmin(distances, axis=1).tolist() == list(range(count))


@pytest.mark.parametrize(("width", "height"), [(2, 2), (322, 178), (336, 176), (1792, 992)])
def test_an_even_size_is_kept_whether_or_not_blocks_divide_it(width: int, height: int) -> None:
    frames = [figure_like(seed, max(width, 16), max(height, 16)) for seed in range(2)]
    frames = [frame[:height, :width] for frame in frames]
    video = encode_mp4(frames)
    assert probe_mp4(video) == VideoInfo(width, height, 2, 2.0)
    assert read_by_imageio(video).shape == (2, height, width, 3)


@pytest.mark.parametrize("fps", [0.5, 1, 2, 2.5, 29.97, 30])
def test_the_frame_rate_is_kept_and_no_frame_is_lost_to_it(fps: float, tmp_path: Path) -> None:
    file = tmp_path / "video.mp4"
    file.write_bytes(encode_mp4([*FRAMES, FRAMES[-1]], fps))
    info = probe_mp4(file)
    assert info.frames == 4
    assert info.fps == pytest.approx(fps)
    meta = iio.immeta(file, plugin="FFMPEG")
    assert meta["fps"] == pytest.approx(fps, rel=0.01)
    assert meta["duration"] == pytest.approx(4 / fps, abs=0.011)
    assert (meta["codec"], meta["pix_fmt"].split("(")[0]) == ("h264", "yuv420p")


def test_equal_frames_all_stay() -> None:
    assert probe_mp4(encode_mp4([FRAMES[0]] * 6)).frames == 6
    assert len(read_by_imageio(encode_mp4([FRAMES[0], *[FRAMES[1]] * 5]))) == 6


def test_frames_may_come_from_a_generator_and_need_not_be_contiguous(video: bytes) -> None:
    def generate() -> Iterator[Frame]:
        for frame in FRAMES:
            yield np.asfortranarray(frame)

    assert encode_mp4(generate()) == video


def test_the_same_frames_give_the_same_bytes_however_busy_the_machine_is(video: bytes) -> None:
    results: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: results.append(encode_mp4(FRAMES))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [video] * 4


def test_the_file_tells_no_time_and_no_muxer_and_has_its_index_in_front(video: bytes) -> None:
    mvhd = video.index(b"mvhd")
    assert video[mvhd + 8 : mvhd + 16] == bytes(8)  # creation and modification time
    assert b"Lavf" not in video
    assert video.index(b"moov") < video.index(b"mdat")


def test_sharp_edges_and_thin_lines_survive_in_every_frame(video: bytes) -> None:
    assert luma_psnr(read_by_imageio(video), np.stack(FRAMES)).min() > 43


@pytest.mark.parametrize("colour", [(200, 30, 40), (20, 160, 60), (40, 50, 190), (255, 255, 255)])
def test_flat_colours_survive_and_the_file_says_how_they_are_coded(
    colour: tuple[int, int, int], tmp_path: Path
) -> None:
    frame = np.full((HEIGHT, WIDTH, 3), colour, dtype=np.uint8)
    video = encode_mp4([frame, frame])
    assert np.abs(read_by_imageio(video).astype(int) - frame).max() <= 4
    file = tmp_path / "video.mp4"
    file.write_bytes(video)
    assert iio.immeta(file, plugin="FFMPEG")["pix_fmt"].startswith("yuv420p(tv, smpte170m")


def test_encoding_and_probing_say_nothing_and_leave_nothing(
    temporary: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        probe_mp4(encode_mp4([figure_like(0, 322, 178)]))
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("fps", [0.0, -2.0, float("nan"), float("inf")])
def test_an_impossible_frame_rate_is_refused(fps: float) -> None:
    with pytest.raises(
        CorpusError, match=r"fps .*: expected a number of frames per second above 0"
    ):
        encode_mp4(FRAMES, fps)


def test_no_frames_are_no_video() -> None:
    with pytest.raises(CorpusError, match="at least one frame, found none"):
        encode_mp4([])


@pytest.mark.parametrize("shape", [(191, 320, 3), (192, 319, 3)])
def test_an_odd_size_is_refused_with_the_reason(shape: tuple[int, ...]) -> None:
    with pytest.raises(CorpusError) as raised:
        encode_mp4([np.zeros(shape, np.uint8)])
    assert f"frames of {shape[1]}x{shape[0]} pixels cannot be a video" in str(raised.value)
    assert "Choose an even canvas" in str(raised.value)


@pytest.mark.parametrize(
    "frame",
    [
        np.zeros((192, 320), np.uint8),
        np.zeros((192, 320, 4), np.uint8),
        np.zeros((192, 320, 3), np.float32),
        np.zeros((0, 320, 3), np.uint8),
    ],
    ids=["grey", "with alpha", "floats", "empty"],
)
def test_what_is_no_rgb_frame_is_refused(frame: NDArray[np.uint8]) -> None:
    with pytest.raises(CorpusError, match=r"frame 0 has shape .*, expected \(height, width, 3\)"):
        encode_mp4([frame])


def test_a_frame_of_another_size_is_named(temporary: Path) -> None:
    with pytest.raises(CorpusError, match=r"frame 2 has shape \(100, 320, 3\).* all frames"):
        encode_mp4([*FRAMES[:2], FRAMES[2][:100]])
    assert list(temporary.iterdir()) == []


def test_an_error_while_frames_are_drawn_comes_through(temporary: Path) -> None:
    def generate() -> Iterator[Frame]:
        yield FRAMES[0]
        raise CorpusError("the second cannot be drawn")

    with pytest.raises(CorpusError, match="the second cannot be drawn"):
        encode_mp4(generate())
    assert list(temporary.iterdir()) == []


def test_what_the_encoder_says_is_quoted_when_it_fails() -> None:
    with pytest.raises(CorpusError, match=r"could not be encoded: .*install PyAV again with: pip"):
        encode_mp4([np.zeros((2, 20_000, 3), np.uint8)] * 4)  # H.264 ends at 16,384 pixels


def test_an_ffmpeg_that_checks_and_is_killed_is_an_error(
    video: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    executable = tmp_path / "ffmpeg"
    executable.write_text(f"#!{sys.executable}\nimport os\nos.kill(os.getpid(), 9)\n")
    executable.chmod(executable.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(imageio_ffmpeg, "get_ffmpeg_exe", lambda: str(executable))
    with pytest.raises(CorpusError, match="does not decode to its end"):
        probe_mp4(video)


def test_an_ffmpeg_that_cannot_be_started_is_an_error(
    video: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imageio_ffmpeg, "get_ffmpeg_exe", lambda: str(tmp_path / "none"))
    with pytest.raises(CorpusError, match=r"cannot be started \(No such file"):
        probe_mp4(video)


def test_no_ffmpeg_at_all_gets_the_remedy(video: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> str:
        raise RuntimeError("No ffmpeg exe could be found.")

    monkeypatch.setattr(imageio_ffmpeg, "get_ffmpeg_exe", missing)
    with pytest.raises(CorpusError, match=r"no ffmpeg that checks.*no-deps imageio-ffmpeg"):
        probe_mp4(video)


@pytest.fixture(params=[True, False], ids=["by itself", "in this process"])
def probe(request: pytest.FixtureRequest) -> Callable[..., VideoInfo]:
    """Both ways to decode."""
    return partial(probe_mp4, isolated=request.param)


def test_a_probe_tells_what_was_encoded_from_bytes_and_from_a_file(
    video: bytes, tmp_path: Path, probe: Callable[..., VideoInfo]
) -> None:
    expected = VideoInfo(WIDTH, HEIGHT, 3, 2.0)
    assert probe(video) == expected
    file = tmp_path / "-a: name%03d.mp4"
    file.write_bytes(video)
    assert probe(file) == expected


def test_a_probe_reads_files_of_others_too(tmp_path: Path, probe: Callable[..., VideoInfo]) -> None:
    file = tmp_path / "theirs.mp4"
    iio.imwrite(file, np.stack(FRAMES), fps=5, codec="h264")
    assert file.read_bytes().index(b"mdat") < file.read_bytes().index(b"moov")
    assert probe(file) == VideoInfo(WIDTH, HEIGHT, 3, 5.0)


def test_a_video_cut_short_anywhere_is_found(video: bytes, probe: Callable[..., VideoInfo]) -> None:
    cuts = {*range(0, len(video), len(video) // 97), len(video) - 1, *range(8), *_frame_ends(video)}
    for cut in sorted(cuts):
        with pytest.raises(CorpusError, match=r"video: the file of .* bytes is cut short"):
            probe(video[:cut])


def _frame_ends(video: bytes) -> list[int]:
    """Return where the coded frames end: sizes in the stsz box, after the header of mdat."""
    at = video.index(b"stsz") + 12
    count = int.from_bytes(video[at : at + 4], "big")
    assert count == 3
    sizes = np.frombuffer(video, ">u4", count, at + 4)
    ends = video.index(b"mdat") + 4 + np.cumsum(sizes)
    assert ends[-1] == len(video)
    return [int(end) for end in ends[:-1]]


def test_a_hole_in_a_video_is_found(video: bytes, probe: Callable[..., VideoInfo]) -> None:
    hole = len(video) // 2
    with pytest.raises(CorpusError, match="video: the video does not decode to its end"):
        probe(video[:hole] + bytes(512) + video[hole + 512 :])


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n" + bytes(100), b"<html>" * 50])
def test_what_is_no_mp4_is_refused(content: bytes, probe: Callable[..., VideoInfo]) -> None:
    with pytest.raises(CorpusError, match="cut short or not an mp4 video"):
        probe(content)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"none\.mp4: cannot be read \(No such file"):
        probe_mp4(tmp_path / "none.mp4")
    with pytest.raises(CorpusError, match="cannot be read"):
        probe_mp4(tmp_path)


def test_the_module_needs_no_drawing_library() -> None:
    program = (
        "import sys, zwu_ts_assets.figures.mp4; "
        "print({'matplotlib', 'PIL', 'pandas'} & set(sys.modules))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert ran.stdout == "set()\n"
