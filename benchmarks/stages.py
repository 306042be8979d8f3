"""What each stage of a figure and a video costs, beside what ISA-L and libx264 alone take.

What belongs here: one window in one process, stage by stage. What does not: the comparison with the
original (`bench`).
"""

import subprocess
import tempfile
from pathlib import Path

import imageio_ffmpeg
import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

from benchmarks.measure import median_seconds
from zwu_ts_assets.figures.dependence import dependence_matrices
from zwu_ts_assets.figures.figure import draw_figure, draw_matrices, encode_png
from zwu_ts_assets.figures.mp4 import X264_SETTINGS, encode_mp4, probe_mp4
from zwu_ts_assets.figures.video import draw_patch_frames

Window = NDArray[np.float64]
Stages = list[tuple[str, float]]

# Not "error": it complains that it cannot estimate the rate of so few frames, which it is told.
_FFMPEG = ("-hide_banner", "-nostdin", "-loglevel", "fatal", "-y")


def figure_stages(window: Window, features: tuple[str, ...], times: int) -> Stages:
    """Seconds of each stage of a figure."""
    matrices = dependence_matrices(window)
    frame = draw_matrices(matrices, features)
    pixels = frame.tobytes()

    def figure() -> bytes:
        return encode_png(draw_figure(window, features))

    return [
        ("matrices", median_seconds(lambda: dependence_matrices(window), times)),
        ("drawing", median_seconds(lambda: draw_matrices(matrices, features), times)),
        ("PNG", median_seconds(lambda: encode_png(frame), times)),
        (
            "all of a figure",
            median_seconds(lambda: encode_png(draw_figure(window, features)), times),
        ),
        (
            "deflate alone: ISA-L, level 1, on the same pixels",
            median_seconds(lambda: isal_zlib.compress(pixels, 1), times),
        ),
    ]


def video_stages(window: Window, features: tuple[str, ...], times: int) -> Stages:
    """Seconds of each stage of a video, and of parts of the encoding by themselves."""
    frames = list(draw_patch_frames(window, features))
    video = encode_mp4(frames)
    stages: Stages = [
        (
            "matrices and drawing of all frames",
            median_seconds(lambda: list(draw_patch_frames(window, features)), times),
        ),
        ("encoding", median_seconds(lambda: encode_mp4(frames), times)),
        (
            "all of a video: drawn while it is encoded",
            median_seconds(lambda: encode_mp4(draw_patch_frames(window, features)), times),
        ),
        ("check: decoding every frame", median_seconds(lambda: probe_mp4(video), times)),
    ]
    with tempfile.TemporaryDirectory() as name:
        return stages + _encoder_alone(Path(name), frames, times)


def _encoder_alone(folder: Path, frames: list[NDArray[np.uint8]], times: int) -> Stages:
    """The encoder without drawing, pipe or conversion of colours: planes from a file to nowhere."""
    height, width, _ = frames[0].shape
    rgb, planes = folder / "frames.rgb", folder / "frames.yuv"
    rgb.write_bytes(b"".join(frame.tobytes() for frame in frames))

    def ffmpeg(*arguments: str) -> None:
        command = [str(imageio_ffmpeg.get_ffmpeg_exe()), *_FFMPEG, *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    def raw(pixels: str, file: Path) -> list[str]:
        size = ["-video_size", f"{width}x{height}", "-framerate", "2"]
        return ["-f", "rawvideo", "-pix_fmt", pixels, *size, "-i", str(file)]

    nowhere = ["-f", "null", "-"]
    to_planes = ["-pix_fmt", "yuv420p", "-threads", "1"]
    ffmpeg(*raw("rgb24", rgb), *to_planes, "-f", "rawvideo", str(planes))
    original = ["-c:v", "libx264", "-pix_fmt", "yuv420p"]

    start = median_seconds(lambda: ffmpeg("-version"), times)
    reading = median_seconds(lambda: ffmpeg(*raw("rgb24", rgb), "-c", "copy", *nowhere), times)
    converting = median_seconds(lambda: ffmpeg(*raw("rgb24", rgb), *to_planes, *nowhere), times)
    planes_in = raw("yuv420p", planes)
    ours = median_seconds(lambda: ffmpeg(*planes_in, *X264_SETTINGS, *nowhere), times)
    theirs = median_seconds(lambda: ffmpeg(*planes_in, *original, *nowhere), max(1, times // 3))
    return [
        ("starting ffmpeg", start),
        ("reading the frames, besides", reading - start),
        ("RGB to YUV, besides", converting - reading),
        ("libx264 alone: our settings, one thread, on the same pixels", ours - start),
        ("libx264 alone: the original's settings, all threads", theirs - start),
    ]
