"""How many tokens an image or a video is in Qwen3-VL, exactly, without running its processor.

What belongs here: the arithmetic of the processor in `transformers` 5.23: the size it resamples to,
the frames it samples, the grid of patches, the timestamps between frames. What does not: what a
trainer does to media before the processor sees them (`readers`) and its settings (`profiles`).

The facts, from `models/qwen2_vl/image_processing_qwen2_vl.py` and
`models/qwen3_vl/{video_processing,processing}_qwen3_vl.py` of that version: both sides become
multiples of a block (patch times merge); too many pixels are scaled down and too few up by the
square root of the ratio; for a video the pixels of all its frames count together. Each block is one
pad token. An image is its pads between `<|vision_start|>` and `<|vision_end|>`; a video is, for
each pair of frames, the text `<1.2 seconds>` followed by the pair's pads between these two, and the
chat template puts the two around it all once more. The order of floating-point operations is the
processor's: a size on the edge of a rounding goes the same way.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from zwu_ts_assets.corpus.errors import CorpusError
from zwu_ts_assets.corpus.qwen import TextTokenizer

_MAX_RATIO = 200
_DELIMITERS = 2  # <|vision_start|> and <|vision_end|>, a token each


class Size(NamedTuple):
    """Pixels."""

    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


@dataclass(frozen=True)
class Processor:
    """The settings of Qwen3-VL's processor; the defaults are those published with the models.

    Attributes:
        patch: Pixels of a patch's side.
        merge: Patches of a block's side; a block becomes one token.
        temporal_patch: Frames that become one step of the grid.
        image_min_pixels: An image of fewer pixels is enlarged.
        image_max_pixels: An image of more pixels is shrunk.
        video_min_pixels: Likewise for all frames of a video together.
        video_max_pixels: Likewise.
        sampling_fps: Frames per second that are kept of a video.
        min_frames: Keep at least so many, if the video has them.
        max_frames: Keep at most so many.
        frame_max_tokens: Cap on the tokens of a single frame, the option `cap_pixels_per_frame` of
            transformers, which is off unless asked for; None for no cap.
        wrapped: Two delimiters stand around the whole video. Transformers 5 keeps those of the
            chat template; 4.57 swallowed them, and so does a trainer that builds the text itself.
    """

    patch: int = 16
    merge: int = 2
    temporal_patch: int = 2
    image_min_pixels: int = 65_536
    image_max_pixels: int = 16_777_216
    video_min_pixels: int = 4_096
    video_max_pixels: int = 25_165_824
    sampling_fps: float = 2.0
    min_frames: int = 4
    max_frames: int = 768
    frame_max_tokens: int | None = None
    wrapped: bool = True

    @property
    def block(self) -> int:
        """Pixels of the side of what becomes one token."""
        return self.patch * self.merge


QWEN3_VL = Processor()
"""The processor as it comes with the published models."""


@dataclass(frozen=True)
class ImageTokens:
    """An image as the model gets it.

    Attributes:
        size: What it is resampled to.
        grid_thw: Patches along time (1), height and width.
        pads: `<|image_pad|>` tokens.
        tokens: With the two delimiters.
    """

    size: Size
    grid_thw: tuple[int, int, int]
    pads: int
    tokens: int


@dataclass(frozen=True)
class VideoTokens:
    """A video as the model gets it.

    Attributes:
        size: What its frames are resampled to.
        kept: Indices of the frames that are kept, in order.
        grid_thw: Patches along time (pairs of frames), height and width. An odd number of frames
            is filled up by repeating the last one.
        pads: `<|video_pad|>` tokens.
        timestamps: Seconds as they are printed, one for each step along time.
        tokens: Pads, timestamps and delimiters.
    """

    size: Size
    kept: tuple[int, ...]
    grid_thw: tuple[int, int, int]
    pads: int
    timestamps: tuple[str, ...]
    tokens: int


@dataclass(frozen=True)
class SampleMediaTokens:
    """The media of one sample: its figure and its video."""

    image: ImageTokens
    video: VideoTokens

    @property
    def tokens(self) -> int:
        """Tokens of both."""
        return self.image.tokens + self.video.tokens


def sample_media_tokens(
    image: Size,
    video: Size,
    frames: int,
    fps: float,
    tokenizer: TextTokenizer,
    processor: Processor = QWEN3_VL,
) -> SampleMediaTokens:
    """Count the tokens of a sample's figure and video.

    Args:
        image: Pixels of the figure.
        video: Pixels of a frame.
        frames: Frames of the video.
        fps: Frames per second that its file declares.
        tokenizer: Qwen3-VL's, for the timestamps.
        processor: The processor's settings.

    Returns:
        `.image.tokens` and `.video.tokens` are what each adds to a chat-templated prompt.

    Raises:
        CorpusError: The processor would refuse the image or the video.
    """
    return SampleMediaTokens(
        image_tokens(image, processor),
        video_tokens(video, frames, fps, tokenizer, processor),
    )


def image_tokens(size: Size, processor: Processor = QWEN3_VL) -> ImageTokens:
    """Count the tokens of an image.

    Args:
        size: Its pixels.
        processor: The processor's settings.

    Raises:
        CorpusError: The processor would refuse the image: one side is more than 200 times the
            other, or not positive.
    """
    return gridded_image(fit_image(size, processor), processor)


def video_tokens(
    size: Size,
    frames: int,
    fps: float,
    tokenizer: TextTokenizer,
    processor: Processor = QWEN3_VL,
) -> VideoTokens:
    """Count the tokens of a video.

    Args:
        size: Pixels of a frame.
        frames: Frames of the video.
        fps: Frames per second that its file declares.
        tokenizer: Qwen3-VL's, for the timestamps.
        processor: The processor's settings.

    Raises:
        CorpusError: The processor would refuse the video: fewer than two frames, or one side of a
            frame more than 200 times the other.
    """
    kept = sampled_frames(frames, fps, processor)
    seen = fit_clip(size, len(kept), processor)
    return timed_video(seen, kept, kept, fps, tokenizer, processor)


def sampled_frames(frames: int, fps: float, processor: Processor = QWEN3_VL) -> tuple[int, ...]:
    """Indices of the frames that the processor keeps, evenly spread from the first to the last.

    Args:
        frames: Frames of the video; at least 1.
        fps: Frames per second that its file declares; more than 0.
        processor: The processor's settings.

    Raises:
        CorpusError: A number is out of bounds.
    """
    check_clip(frames, fps)
    wanted = int(frames / fps * processor.sampling_fps)
    count = min(max(wanted, processor.min_frames), processor.max_frames, frames)
    return tuple(int(i) for i in np.linspace(0, frames - 1, count).round())


def check_clip(frames: int, fps: float) -> None:
    """Refuse a video without frames or without a rate.

    Raises:
        CorpusError: It is one.
    """
    if frames < 1 or not 0 < fps < math.inf:
        raise CorpusError(
            f"a video of {frames} frames at {fps} fps: expected at least 1 frame and a rate of "
            "more than 0 frames per second"
        )


def fit_image(size: Size, processor: Processor = QWEN3_VL) -> Size:
    """The size an image is resampled to; see `image_tokens`."""
    check_sides(size, "an image")
    check_ratio(size, "an image")
    block = processor.block
    fitted = Size(*(round(side / block) * block for side in size))
    pixels = fitted.width * fitted.height
    if pixels > processor.image_max_pixels:
        return shrunk(size, size.height * size.width, processor.image_max_pixels, block)
    if pixels < processor.image_min_pixels:
        return enlarged(size, size.height * size.width, processor.image_min_pixels, block)
    return fitted


def fit_clip(size: Size, frames: int, processor: Processor = QWEN3_VL) -> Size:
    """The size that the frames of a video are resampled to; see `video_tokens`.

    Args:
        size: Pixels of a frame.
        frames: Frames that were kept.
        processor: The processor's settings.
    """
    if frames < processor.temporal_patch:
        raise CorpusError(
            f"a video of which {frames} frame is kept: Qwen3-VL's processor takes frames in groups "
            f"of {processor.temporal_patch} and refuses fewer. Make the video of at least "
            f"{processor.temporal_patch} frames (setting `frame_multiple`)."
        )
    check_sides(size, "a video")
    block = processor.block
    width, height = size
    if height < block or width < block:
        scale = max(block / height, block / width)
        width, height = int(width * scale), int(height * scale)
    check_ratio(Size(width, height), "a video")
    most = _clip_max_pixels(frames, processor)
    fitted = Size(round(width / block) * block, round(height / block) * block)
    # Python rounds halves to the even number: five frames count as four here, seven as eight.
    counted = round(frames / processor.temporal_patch) * processor.temporal_patch
    pixels = counted * fitted.height * fitted.width
    if pixels > most:
        return shrunk(Size(width, height), frames * height * width, most, block)
    if pixels < processor.video_min_pixels:
        least = processor.video_min_pixels
        return enlarged(Size(width, height), frames * height * width, least, block)
    return fitted


def _clip_max_pixels(frames: int, processor: Processor) -> int:
    if processor.frame_max_tokens is None:
        return processor.video_max_pixels
    cap = processor.frame_max_tokens * processor.block * processor.block
    share = min(cap, processor.video_max_pixels // frames)
    return max(share, int(processor.video_min_pixels * 1.05)) * frames


def shrunk(size: Size, pixels: int, most: float, block: int) -> Size:
    """Scale sides down until `pixels` become at most `most`, in whole blocks, at least one."""
    beta = math.sqrt(pixels / most)
    return Size(*(max(block, math.floor(side / beta / block) * block) for side in size))


def enlarged(size: Size, pixels: int, least: float, block: int) -> Size:
    """Scale sides up until `pixels` become at least `least`, in whole blocks."""
    beta = math.sqrt(least / pixels)
    return Size(*(math.ceil(side * beta / block) * block for side in size))


def check_sides(size: Size, what: str) -> None:
    """Refuse sides below one pixel.

    Raises:
        CorpusError: A side is.
    """
    if min(size) < 1:
        raise CorpusError(f"{what} of {size} pixels: expected sides of at least 1 pixel")


def check_ratio(size: Size, what: str) -> None:
    """Refuse what is too long and thin.

    Raises:
        CorpusError: One side is more than 200 times the other.
    """
    if max(size) / min(size) > _MAX_RATIO:
        raise CorpusError(
            f"{what} of {size} pixels: Qwen3-VL's processor refuses sides whose ratio is above "
            f"{_MAX_RATIO}, found {max(size) / min(size):.1f}. Choose a less elongated canvas."
        )


def gridded_image(seen: Size, processor: Processor = QWEN3_VL) -> ImageTokens:
    """Count the tokens of an image that has been resampled to whole blocks already."""
    grid = (1, seen.height // processor.patch, seen.width // processor.patch)
    pads = math.prod(grid) // processor.merge**2
    return ImageTokens(size=seen, grid_thw=grid, pads=pads, tokens=pads + _DELIMITERS)


def timed_video(
    seen: Size,
    kept: Sequence[int],
    positions: Sequence[float],
    position_fps: float,
    tokenizer: TextTokenizer,
    processor: Processor = QWEN3_VL,
) -> VideoTokens:
    """Count the tokens of a video whose frames have been sampled and resampled already.

    Args:
        seen: Pixels of its frames, whole blocks.
        kept: Indices of the frames that are kept.
        positions: For each of them the position from which its time is computed.
        position_fps: Positions per second.
        tokenizer: Qwen3-VL's, for the timestamps.
        processor: The processor's settings.
    """
    stamps = timestamps(positions, position_fps, processor.temporal_patch)
    grid = (len(stamps), seen.height // processor.patch, seen.width // processor.patch)
    pads = math.prod(grid) // processor.merge**2
    # A special token cuts the text before and after each timestamp, so each is encoded on its own.
    text = sum(len(tokenizer.encode(f"<{stamp} seconds>")[1]) for stamp in stamps)
    delimiters = _DELIMITERS * (len(stamps) + int(processor.wrapped))
    return VideoTokens(
        size=seen,
        kept=tuple(kept),
        grid_thw=grid,
        pads=pads,
        timestamps=stamps,
        tokens=pads + text + delimiters,
    )


def timestamps(positions: Sequence[float], position_fps: float, group: int) -> tuple[str, ...]:
    """The times that are printed, one for each group of frames: midway from its first to its last.

    Args:
        positions: Positions of the kept frames; the last is repeated to fill the last group.
        position_fps: Positions per second.
        group: Frames of a group.

    Returns:
        Seconds with one digit after the point, halves rounded as Python prints them: "0.2".
    """
    filled = [*positions, *[positions[-1]] * (-len(positions) % group)]
    seconds = [position / position_fps for position in filled]
    return tuple(
        f"{(seconds[first] + seconds[first + group - 1]) / 2:.1f}"
        for first in range(0, len(seconds), group)
    )
