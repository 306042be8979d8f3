"""What each stage of a figure and a video costs, beside what ISA-L and libx264 alone take.

What belongs here: one window in one process, stage by stage. What does not: the comparison with the
original (`bench`).
"""

from fractions import Fraction

import av
import numpy as np
from av.video.reformatter import VideoReformatter
from isal import isal_zlib
from numpy.typing import NDArray

from benchmarks.measure import median_seconds
from zwu_ts_assets.figures.dependence import dependence_matrices
from zwu_ts_assets.figures.figure import draw_figure, draw_matrices, encode_png
from zwu_ts_assets.figures.mp4 import X264_SETTINGS, encode_mp4, probe_mp4
from zwu_ts_assets.figures.video import draw_patch_frames

Window = NDArray[np.float64]
Stages = list[tuple[str, float]]


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
        (
            "check: decoding every frame",
            median_seconds(lambda: probe_mp4(video, isolated=False), times),
        ),
        (
            "the same by ffmpeg in a process of its own",
            median_seconds(lambda: probe_mp4(video), times),
        ),
    ]
    return stages + _encoder_alone(frames, times)


def _encoder_alone(frames: list[NDArray[np.uint8]], times: int) -> Stages:
    """The conversion of colours, and the encoder without drawing or conversion."""
    height, width, _ = frames[0].shape
    pictures = [av.VideoFrame.from_numpy_buffer(frame, format="rgb24") for frame in frames]

    def converted() -> list[av.VideoFrame]:
        reformatter = VideoReformatter()
        return [reformatter.reformat(picture, format="yuv420p") for picture in pictures]

    planes = converted()

    def encoded(options: dict[str, str], threads: int) -> int:
        encoder = av.CodecContext.create("libx264", "w")
        assert isinstance(encoder, av.VideoCodecContext)
        encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
        encoder.time_base, encoder.options = Fraction(1, 2), options
        encoder.thread_count = threads
        packets = [packet for plane in planes for packet in encoder.encode(plane)]
        return sum(packet.size for packet in [*packets, *encoder.encode(None)])

    return [
        ("RGB to YUV", median_seconds(converted, times)),
        (
            "libx264 alone: our settings, one thread, on the same pixels",
            median_seconds(lambda: encoded(dict(X264_SETTINGS), 1), times),
        ),
        (
            "libx264 alone: the original's settings, all threads",
            median_seconds(lambda: encoded({}, 0), max(1, times // 3)),
        ),
    ]
