"""Frames -> an H.264 video in an mp4 file, and back to what the file says it is.

What belongs here: running ffmpeg to encode and to check, and the settings it is given. What does
not: which frames a video has (`video`), when a video is right (`verification`).

ffmpeg comes with the imageio-ffmpeg package. It is run here rather than through imageio, which
lets a failing ffmpeg pass unnoticed and fixes neither the number of threads nor the preset.
"""

import errno
import math
import resource
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import IO

import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

from zwu_ts_assets.errors import CorpusError

Frame = NDArray[np.uint8]

# Measured on figures (ETTh1, constant, noise; 448x256 to 2560x1440; 8 frames, 2 fps) against what
# imageio gives for codec="h264", x264's own defaults (medium, crf 23): a fifth of the CPU time,
# luma PSNR 0.9 to 3.3 dB better on average and 2.4 to 6 dB in the worst frame, files 1.3 to 1.5
# times as large. Flat cells and thin text gain nothing from the motion search that slower presets
# spend their time on; intra blocks of 4x4, which ultrafast leaves out, make files a fifth smaller
# for hardly any time. A fixed quantiser treats all frames alike, at any frame rate. One thread,
# because x264 with more gives other bytes, and because windows are encoded side by side.
X264_SETTINGS = (
    *("-c:v", "libx264", "-preset", "ultrafast", "-qp", "20", "-x264-params", "analyse=i4x4"),
    *("-threads", "1", "-pix_fmt", "yuv420p"),
)
# The matrix that ffmpeg converts RGB with. Untagged, browsers take a frame of this size for BT.709
# and show other colours; readers that ignore the tag assume this matrix anyway.
_COLOURS = ("-colorspace", "smpte170m", "-color_range", "tv")
# No creation time and no version of the muxer; the index in front, so that a pipe can be read.
_CONTAINER = (
    *("-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact"),
    *("-movflags", "+faststart", "-f", "mp4"),
)

# Installing it again would not help against these.
_NOT_FFMPEG = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN)

# What a decoder may take, whoever made the file.
_DECODER_MEMORY = 4 * 1024**3
MOST_PIXELS = 4096 * 4096
"""Pixels of a frame that is decoded: the settings allow no more."""
VIDEO_LIMIT = 1024**3
"""Bytes of a video that is decoded: a thousand frames of the largest canvas have fewer."""
_STARTING_SECONDS = 60.0
_PIXELS_PER_SECOND = 5e6  # a hundredth of what one processor decodes

_QUIET = ("-hide_banner", "-nostdin", "-loglevel", "error")
_REINSTALL = "pip install --force-reinstall --no-deps imageio-ffmpeg"


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

    The same frames give the same bytes with the same ffmpeg, however busy the machine is.

    Args:
        frames: At least one, (height, width, 3) uint8 RGB, all of one size, height and width even.
            They are encoded as they come: while a generator draws one, ffmpeg encodes another.
        fps: Frames per second.

    Returns:
        The file's content.

    Raises:
        CorpusError: No frames, frames that differ in size or have an odd one, an fps that is not
            positive, or an ffmpeg that fails.
        OSError: Too many files are open or memory is short, so that none can be started; or there
            is no folder for temporary files.
    """
    if not (math.isfinite(fps) and fps > 0):
        raise CorpusError(f"fps {fps}: expected a number of frames per second above 0")
    remaining = iter(frames)
    first = next(remaining, None)
    if first is None:
        raise CorpusError("a video needs at least one frame, found none")
    height, width = _frame_size(first)
    command = [_ffmpeg(), *_QUIET, "-f", "rawvideo", "-pix_fmt", "rgb24"]
    command += ["-video_size", f"{width}x{height}"]
    command += ["-framerate", str(Fraction(fps).limit_denominator(100_000)), "-i", "pipe:0"]
    command += [*X264_SETTINGS, *_COLOURS, *_CONTAINER]
    # A file, because ffmpeg goes back in it to put the index in front when all is written; one
    # without a name, so that nothing is left of it when this process is killed.
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as messages:
        command += ["-y", f"/dev/fd/{output.fileno()}"]
        _feed(command, _raw_frames(chain([first], remaining), first.shape), output, messages)
        output.seek(0)
        return output.read()


def _frame_size(frame: Frame) -> tuple[int, int]:
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
    return height, width


def _raw_frames(frames: Iterable[Frame], shape: tuple[int, ...]) -> Iterator[memoryview]:
    for index, frame in enumerate(frames):
        if frame.shape != shape or frame.dtype != np.uint8:
            raise CorpusError(
                f"frame {index} has shape {frame.shape} and type {frame.dtype}, expected {shape} "
                "uint8 as in frame 0: all frames of a video have one size"
            )
        yield np.ascontiguousarray(frame).data.cast("B")


def _ffmpeg() -> str:
    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        raise CorpusError(
            f"there is no ffmpeg for videos ({error}). The package imageio-ffmpeg brings one: "
            f"{_REINSTALL}"
        ) from error


def _feed(
    command: list[str], chunks: Iterable[memoryview], output: IO[bytes], messages: IO[bytes]
) -> None:
    """Run ffmpeg to its end on the chunks."""
    try:
        # Messages go to a file: if nobody read them from a pipe while frames are written, both
        # processes could wait for each other.
        with subprocess.Popen(  # noqa: S603 - our own arguments, no shell
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=messages,
            pass_fds=[output.fileno()],
        ) as process:
            assert process.stdin is not None
            for chunk in chunks:
                process.stdin.write(chunk)
    except BrokenPipeError:
        pass  # ffmpeg has ended early; its exit code and its messages say why
    except OSError as error:
        if error.errno in _NOT_FFMPEG:
            raise
        raise CorpusError(
            f"ffmpeg ({command[0]}) cannot be started ({error.strerror or error}). Install it "
            f"again with: {_REINSTALL}"
        ) from error
    if process.returncode != 0:
        messages.seek(0)
        raise CorpusError(
            f"ffmpeg ({command[0]}) could not encode the video, exit code {process.returncode}: "
            f"{_one_line(messages.read()) or 'it said nothing'}. Its temporary files are in "
            f"{tempfile.gettempdir()}; if that is not full, install ffmpeg again with: {_REINSTALL}"
        )


def probe_mp4(data: bytes | Path, most_frames: int = 10_000) -> VideoInfo:
    """Decode every frame of a video and say what it is.

    A file that is cut short anywhere is found. A changed byte is found if the decoder stumbles
    over it, which is about every second time: telling all of them is what checksums are for.

    Args:
        data: The path of an mp4 file, or its content with the index in front (as `encode_mp4`
            writes it).
        most_frames: Decoding ends with the frame after these, and the info has one more.

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
    code, output, messages = _bounded(command, given, seconds)
    lines = output.decode("ascii").splitlines()
    header = dict(line[1:].split(": ", 1) for line in lines if line.startswith("#"))
    frames = sum(not line.startswith("#") for line in lines)
    problem = _one_line(messages)
    if code != 0 or problem or not frames:
        raise CorpusError(
            f"{name}: the video does not decode to its end ({problem or 'no frames'}). The file is "
            "damaged; make it again."
        )
    width, height = header["dimensions 0"].split("x")
    return VideoInfo(int(width), int(height), frames, float(1 / Fraction(header["tb 0"])))


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
