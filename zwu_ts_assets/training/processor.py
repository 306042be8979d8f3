"""What Qwen3-VL's processor does to pixels and frames: the sizes it resamples to, what it samples.

What belongs here: the processor's settings and the arithmetic that leads to whole blocks of pixels
and to the frames that are kept. What does not: counting tokens (`media_tokens`), what trainers do
before (`readers`), trainers' settings (`profiles`).

The facts, from `models/qwen2_vl/image_processing_qwen2_vl.py` and
`models/qwen3_vl/video_processing_qwen3_vl.py` of `transformers` 5.23: both sides become multiples
of a block (patch times merge); too many pixels are scaled down and too few up by the square root of
the ratio; for a video the pixels of all its frames count together. The order of floating-point
operations is the processor's: a size on the edge of a rounding goes the same way.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from zwu_ts_assets.errors import CorpusError

_MAX_RATIO = 200


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
