"""Frames -> an H.264 video in an mp4 file, and back to what the file says it is.

What belongs here: encoding, checking by decoding, and the settings of both. What does not: which
frames a video has (`video`), when a video is right (`verification`).

PyAV encodes: x264 in this process, on another thread than the one that draws. A pipe to a program
took the same pixels twice the processor time. A file from anywhere is decoded by the ffmpeg of
imageio-ffmpeg in a process of its own, which may die, and which is another build than the one that
encodes.
"""

import io
import math
import resource
import subprocess
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, islice
from pathlib import Path
from typing import Final

import av
import imageio_ffmpeg
import numpy as np
from av.codec.context import Flags
from av.video.reformatter import ColorRange, VideoReformatter
from numpy.typing import NDArray

from zwu_ts_assets.errors import CorpusError

Frame = NDArray[np.uint8]

# Measured on figures (ETTh1, constant, noise; 448x256 to 2560x1440; 8 frames, 2 fps) against what
# imageio gives for codec="h264", x264's own defaults (medium, crf 23): a fifth of the CPU time,
# luma PSNR 0.9 to 3.3 dB better on average and 2.4 to 6 dB in the worst frame, files 1.3 to 1.5
# times as large. Flat cells and thin text gain nothing from the motion search that slower presets
# spend their time on; intra blocks of 4x4, which ultrafast leaves out, make files a fifth smaller
# for hardly any time. A fixed quantiser treats all frames alike, at any frame rate.
X264_SETTINGS: Final = {"preset": "ultrafast", "qp": "20", "x264-params": "analyse=i4x4"}
# No version of the muxer; the index in front, so that a pipe can be read.
_CONTAINER: Final = {"movflags": "+faststart", "fflags": "+bitexact"}
# The matrix that RGB is converted with (AVCOL_SPC_SMPTE170M). Untagged, browsers take a frame of
# this size for BT.709 and show other colours; readers that ignore the tag assume this one anyway.
_SMPTE170M: Final = 6
# Frames that wait for the encoder, besides the one it works on.
_WAITING: Final = 2

# What a decoder may take, whoever made the file.
_DECODER_MEMORY = 4 * 1024**3
MOST_PIXELS = 4096 * 4096
"""Pixels of a frame that is decoded: the settings allow no more."""
VIDEO_LIMIT = 1024**3
"""Bytes of a video that is decoded: a thousand frames of the largest canvas have fewer."""
_STARTING_SECONDS = 60.0
_PIXELS_PER_SECOND = 5e6  # a hundredth of what one processor decodes

_QUIET = ("-hide_banner", "-nostdin", "-loglevel", "error")
_REINSTALL = "pip install --force-reinstall --no-deps"


@dataclass(frozen=True)
class VideoInfo:
    """What a video is, found by decoding it.

    Attributes:
        width: Pixels.
        height: Pixels.
        frames: The number of frames.
        fps: Frames per second.
    """

    width: int
    height: int
    frames: int
    fps: float


def encode_mp4(frames: Iterable[Frame], fps: float = 2.0) -> bytes:
    """Encode frames as an H.264 video (yuv420p, mp4) of exactly these frames and this size.

    The same frames give the same bytes with the same PyAV, however busy the machine is.

    Args:
        frames: At least one, (height, width, 3) uint8 RGB, all of one size, height and width even.
            They are encoded as they come: while a generator draws one, another is encoded.
        fps: Frames per second.

    Returns:
        The file's content.

    Raises:
        CorpusError: No frames, frames that differ in size or have an odd one, an fps that is not
            positive, or an encoder that fails.
    """
    if not (math.isfinite(fps) and fps > 0):
        raise CorpusError(f"fps {fps}: expected a number of frames per second above 0")
    remaining = iter(frames)
    first = next(remaining, None)
    if first is None:
        raise CorpusError("a video needs at least one frame, found none")
    _require_frame_size(first)
    try:
        return _encoded(_checked(chain([first], remaining), first.shape), first.shape, fps)
    except av.error.FFmpegError as error:
        raise CorpusError(
            f"the video could not be encoded: {error}. If it happens again, install PyAV again "
            f"with: {_REINSTALL} av"
        ) from error


def _encoded(frames: Iterable[Frame], shape: tuple[int, ...], fps: float) -> bytes:
    content = io.BytesIO()
    # When all is written, the muxer reads it again to put the index in front.
    with (
        av.open(
            content,
            "w",
            format="mp4",
            options=dict(_CONTAINER),
            io_open=lambda *_: _Written(content),
        ) as container,
        ThreadPoolExecutor(1) as encoder,
    ):
        stream = container.add_stream(
            "libx264", rate=Fraction(fps).limit_denominator(100_000), options=dict(X264_SETTINGS)
        )
        stream.height, stream.width, stream.pix_fmt = *shape[:2], "yuv420p"
        context = stream.codec_context
        # x264 with more threads gives other bytes, and windows are encoded side by side.
        context.thread_count = 1
        context.colorspace, context.color_range = _SMPTE170M, ColorRange.MPEG
        context.flags |= Flags.bitexact
        planes = VideoReformatter()

        def encode(frame: av.VideoFrame | None) -> None:
            container.mux(stream.encode(frame))

        under_way: deque[Future[None]] = deque()
        for frame in frames:
            picture = av.VideoFrame.from_numpy_buffer(np.ascontiguousarray(frame), format="rgb24")
            under_way.append(encoder.submit(encode, planes.reformat(picture, format="yuv420p")))
            if len(under_way) > _WAITING:
                under_way.popleft().result()
        under_way.append(encoder.submit(encode, None))
        for each in under_way:
            each.result()
    return content.getvalue()


class _Written(io.RawIOBase):
    """What has been written so far, for a reader that has a place of its own in it."""

    def __init__(self, content: io.BytesIO) -> None:
        super().__init__()
        self._content = content
        self._at = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        with self._content.getbuffer() as view:
            found = bytes(view[self._at : self._at + size if size >= 0 else None])
        self._at += len(found)
        return found

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        starts = {io.SEEK_SET: 0, io.SEEK_CUR: self._at}
        self._at = starts[whence] + offset
        return self._at

    def tell(self) -> int:
        return self._at


def _require_frame_size(frame: Frame) -> None:
    if frame.ndim != 3 or frame.shape[2] != 3 or frame.dtype != np.uint8 or frame.size == 0:
        raise CorpusError(
            f"frame 0 has shape {frame.shape} and type {frame.dtype}, expected (height, width, 3) "
            "uint8 RGB"
        )
    height, width = frame.shape[:2]
    if height % 2 or width % 2:
        raise CorpusError(
            f"frames of {width}x{height} pixels cannot be a video: H.264 in yuv420p halves the "
            "resolution of colours, so width and height must be even. Choose an even canvas "
            "(multiples of 32 reach Qwen3-VL unscaled)."
        )


def _checked(frames: Iterable[Frame], shape: tuple[int, ...]) -> Iterator[Frame]:
    for index, frame in enumerate(frames):
        if frame.shape != shape or frame.dtype != np.uint8:
            raise CorpusError(
                f"frame {index} has shape {frame.shape} and type {frame.dtype}, expected {shape} "
                "uint8 as in frame 0: all frames of a video have one size"
            )
        yield frame


def probe_mp4(data: bytes | Path, most_frames: int = 10_000, *, isolated: bool = True) -> VideoInfo:
    """Decode every frame of a video and say what it is.

    A file that is cut short anywhere is found. A changed byte is found if the decoder stumbles
    over it, which is about every second time: telling all of them is what checksums are for.

    Args:
        data: The path of an mp4 file, or its content with the index in front (as `encode_mp4`
            writes it).
        most_frames: Decoding ends with the frame after these, and the info has one more.
        isolated: Decode in a process of its own that may die, with bounds on memory and time, by
            another build of ffmpeg than the one that encodes. Without, it takes half the processor
            time; for videos that this project made.

    Returns:
        Size, number of frames and frames per second.

    Raises:
        CorpusError: The video does not decode from its first to its last frame, or only with more
            memory or time than one of `MOST_PIXELS` and `most_frames` needs.
    """
    name = str(data) if isinstance(data, Path) else "video"
    try:
        content = data.read_bytes() if isinstance(data, Path) else data
    except OSError as error:
        raise CorpusError(f"{name}: cannot be read ({error.strerror or error})") from error
    if not _is_whole(content):
        raise CorpusError(
            f"{name}: the file of {len(content):,} bytes is cut short or not an mp4 video. Make it "
            "again."
        )
    try:
        if isolated:
            return _decoded_apart(data, most_frames)
        return _decoded_here(content, most_frames)
    except _Undecodable as error:
        raise CorpusError(
            f"{name}: the video does not decode to its end ({error}). The file is damaged; make it "
            "again."
        ) from error


class _Undecodable(Exception):
    """Why a video does not decode."""


def _decoded_here(content: bytes, most_frames: int) -> VideoInfo:
    try:
        with av.open(io.BytesIO(content), "r", format="mp4") as container:
            stream = container.streams.video[0]
            context = stream.codec_context
            if context.name != "h264" or context.width * context.height > MOST_PIXELS:
                raise _Undecodable(f"{context.name} of {context.width}x{context.height} pixels")
            context.thread_count = 1
            context.options = {"err_detect": "explode"}
            frames = sum(1 for _ in islice(container.decode(stream), most_frames + 1))
            rate = stream.average_rate
            size = context.width, context.height
    except (av.error.FFmpegError, IndexError) as error:
        raise _Undecodable(str(error)) from error
    if not frames or not rate:
        raise _Undecodable("no frames")
    return VideoInfo(*size, frames, float(rate))


def _decoded_apart(data: bytes | Path, most_frames: int) -> VideoInfo:
    source = f"file:{data}" if isinstance(data, Path) else "pipe:0"
    command = [_ffmpeg(), *_QUIET, "-xerror", "-err_detect", "explode", "-threads", "1"]
    # framecrc prints a header and then a line for each decoded frame, for machines to read. Frames
    # are handed to it as they are: writing their pixels out would take a fifth of the time.
    # Another codec, or a frame that is too large, is refused before anything is decoded.
    command += ["-codec_whitelist", "h264", "-max_pixels", str(MOST_PIXELS)]
    command += ["-protocol_whitelist", "file,pipe", "-f", "mp4", "-i", source]
    command += ["-frames:v", str(most_frames + 1)]
    command += ["-map", "0:v:0", "-c:v", "wrapped_avframe"]
    command += ["-f", "framecrc", "pipe:1"]
    given = b"" if isinstance(data, Path) else data
    seconds = _STARTING_SECONDS + MOST_PIXELS * min(most_frames, 100) / _PIXELS_PER_SECOND
    try:
        code, output, messages = _bounded(command, given, seconds)
    except (FileNotFoundError, PermissionError) as error:
        raise CorpusError(
            f"ffmpeg ({command[0]}) cannot be started ({error.strerror}). Install it again with: "
            f"{_REINSTALL} imageio-ffmpeg"
        ) from error
    lines = output.decode("ascii").splitlines()
    header = dict(line[1:].split(": ", 1) for line in lines if line.startswith("#"))
    frames = sum(not line.startswith("#") for line in lines)
    problem = _one_line(messages)
    if code != 0 or problem or not frames:
        raise _Undecodable(problem or "no frames")
    width, height = header["dimensions 0"].split("x")
    return VideoInfo(int(width), int(height), frames, float(1 / Fraction(header["tb 0"])))


def _ffmpeg() -> str:
    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        raise CorpusError(
            f"there is no ffmpeg that checks videos ({error}). The package imageio-ffmpeg brings "
            f"one: {_REINSTALL} imageio-ffmpeg"
        ) from error


def _bounded(command: list[str], given: bytes, seconds: float) -> tuple[int, bytes, bytes]:
    """Run a decoder that may take some memory and time: its exit code, output and messages."""
    with subprocess.Popen(  # noqa: S603 - our own arguments, no shell
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        if hasattr(resource, "prlimit"):  # Linux; it has read nothing yet
            with suppress(ProcessLookupError):
                limit = (_DECODER_MEMORY, _DECODER_MEMORY)
                resource.prlimit(process.pid, resource.RLIMIT_AS, limit)
        try:
            output, messages = process.communicate(given, timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return process.returncode, b"", f"it takes longer than {seconds:.0f} s".encode("ascii")
    return process.returncode, output, messages


def _is_whole(content: bytes) -> bool:
    """Walk over the boxes of the file: ffmpeg does not miss the frames after a clean cut.

    A box begins with its size in four bytes and its type in four, ISO/IEC 14496-12, section 4.2.
    """
    at, kinds = 0, set()
    while at < len(content):
        size = int.from_bytes(content[at : at + 4], "big")
        kinds.add(content[at + 4 : at + 8])
        if size == 1:  # the size did not fit and comes after the type
            size = int.from_bytes(content[at + 8 : at + 16], "big")
        if size < 8:
            return False
        at += size
    return at == len(content) and {b"moov", b"mdat"} <= kinds


def _one_line(messages: bytes) -> str:
    return " ".join(messages.decode("utf-8", errors="replace").split())
