"""How many tokens an image or a video is in Qwen3-VL, exactly, without running its processor.

What belongs here: from sizes and frames to the grid of patches, timestamps and tokens. What does
not: which size is seen and which frames are kept (`processor`), what a trainer does to media before
the processor sees them (`readers`).

The facts, from `models/qwen3_vl/processing_qwen3_vl.py` of `transformers` 5.23: each block of a
frame or of a pair of frames is one pad token. An image is its pads between `<|vision_start|>` and
`<|vision_end|>`; a video is, for each pair of frames, the text `<1.2 seconds>` followed by the
pair's pads between these two, and the chat template puts the two around it all once more.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from zwu_ts_assets.text.qwen import TextTokenizer
from zwu_ts_assets.training.processor import (
    QWEN3_VL,
    Processor,
    Size,
    fit_clip,
    fit_image,
    sampled_frames,
)

_DELIMITERS = 2  # <|vision_start|> and <|vision_end|>, a token each


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


def timestamps(positions: Sequence[float], position_fps: float, patch: int) -> tuple[str, ...]:
    """The times that are printed: of each temporal patch, midway from first to last frame.

    Args:
        positions: Positions of the kept frames; the last is repeated to fill the last patch.
        position_fps: Positions per second.
        patch: Frames of a temporal patch.

    Returns:
        Seconds with one digit after the point, halves rounded as Python prints them: "0.2".
    """
    filled = [*positions, *[positions[-1]] * (-len(positions) % patch)]
    seconds = [position / position_fps for position in filled]
    return tuple(
        f"{(seconds[first] + seconds[first + patch - 1]) / 2:.1f}"
        for first in range(0, len(seconds), patch)
    )
