"""How trainers read an image or a video, and so what Qwen3-VL's processor gets of it.

What belongs here: the ways of reading, as small classes with one method for images and one for
videos. What does not: the processor's own arithmetic (`processor`), which trainer reads in which
way and with which numbers (`profiles`).
"""

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.text.qwen import TextTokenizer
from zwu_ts_assets.training.media_tokens import (
    ImageTokens,
    VideoTokens,
    gridded_image,
    image_tokens,
    timed_video,
    video_tokens,
)
from zwu_ts_assets.training.processor import (
    Processor,
    Size,
    check_clip,
    check_ratio,
    check_sides,
    enlarged,
    fit_clip,
    fit_image,
    shrunk,
)


@dataclass(frozen=True)
class Clip:
    """A video as a file.

    Attributes:
        size: Pixels of a frame.
        frames: Number of frames.
        fps: Frames per second that the file declares.
    """

    size: Size
    frames: int
    fps: float


class Reader(Protocol):
    """A way of reading; both methods raise `CorpusError` for what is refused."""

    def image(self, size: Size, processor: Processor) -> ImageTokens:
        """An image as the model gets it."""

    def video(self, clip: Clip, tokenizer: TextTokenizer, processor: Processor) -> VideoTokens:
        """A video as the model gets it."""


@dataclass(frozen=True)
class ProcessorAlone:
    """The file goes into the processor as it is."""

    def image(self, size: Size, processor: Processor) -> ImageTokens:
        """An image as the model gets it."""
        return image_tokens(size, processor)

    def video(self, clip: Clip, tokenizer: TextTokenizer, processor: Processor) -> VideoTokens:
        """A video as the model gets it."""
        return video_tokens(clip.size, clip.frames, clip.fps, tokenizer, processor)


@dataclass(frozen=True)
class QwenVlUtils:
    """The package qwen-vl-utils 0.0.14 samples and resamples; the processor only cuts patches.

    Its number of frames is rounded down to a multiple of `frame_factor`, so of seven frames at 2
    fps it drops one in the middle. The pixels of each frame are capped on their own, and all
    together by a share of `sequence_tokens`. Source: `fetch_image`, `fetch_video`, `smart_nframes`
    and `smart_resize` in `qwen-vl-utils/src/qwen_vl_utils/vision_process.py`, QwenLM/Qwen3-VL at
    96588727. It spreads frames in single precision: where one lies exactly between two (which
    needs a video that is thinned), it may take the neighbour of the one named here, and print a
    time that is one frame off.

    Attributes:
        image_min_tokens: An image of fewer tokens is enlarged.
        image_max_tokens: An image of more tokens is shrunk.
        frame_min_tokens: Likewise for one frame of a video.
        frame_max_tokens: Likewise.
        sampling_fps: Frames per second that are kept.
        frame_factor: The number of frames becomes a multiple of this.
        min_frames: Keep at least so many, if the video has them.
        max_frames: Keep at most so many.
        sequence_tokens: Nine tenths of this are the budget of a whole video.
    """

    image_min_tokens: int = 4
    image_max_tokens: int = 16_384
    frame_min_tokens: int = 128
    frame_max_tokens: int = 768
    sampling_fps: float = 2.0
    frame_factor: int = 2
    min_frames: int = 4
    max_frames: int = 768
    sequence_tokens: int = 128_000

    def image(self, size: Size, processor: Processor) -> ImageTokens:
        """An image as the model gets it."""
        area = processor.block**2
        seen = _fit(
            size,
            processor.block,
            self.image_min_tokens * area,
            self.image_max_tokens * area,
            "an image",
        )
        return gridded_image(seen, processor)

    def video(self, clip: Clip, tokenizer: TextTokenizer, processor: Processor) -> VideoTokens:
        """A video as the model gets it."""
        kept = self.kept(clip)
        area = processor.block**2
        least = self.frame_min_tokens * area
        share = self._frame_share(len(kept), processor.block)
        most = min(self.frame_max_tokens * area, share)
        # A cap near or below the minimum gives way to it.
        most = max(most, int(least * 1.05))
        seen = _fit(clip.size, processor.block, least, most, "a video")
        return timed_video(seen, kept, kept, clip.fps, tokenizer, processor)

    def _frame_share(self, frames: int, block: int) -> float:
        budget = self.sequence_tokens * block * block * 0.9
        return budget / frames * self.frame_factor

    def sequence_needed(self, pixels: int, frames: int, block: int) -> int | None:
        """The `sequence_tokens` that a video needs; None where those that it has are enough.

        Args:
            pixels: Of a frame.
            frames: Frames that are kept.
            block: Pixels of the side of a token.
        """
        if self._frame_share(frames, block) >= pixels:
            return None
        return math.ceil(pixels * frames / self.frame_factor / (block * block * 0.9)) + 1

    def kept(self, clip: Clip) -> tuple[int, ...]:
        """Indices of the frames that are kept.

        Raises:
            CorpusError: The video has fewer frames than `frame_factor`.
        """
        check_clip(clip.frames, clip.fps)
        factor = self.frame_factor
        least = math.ceil(self.min_frames / factor) * factor
        most = math.floor(min(self.max_frames, clip.frames) / factor) * factor
        wanted = clip.frames / clip.fps * self.sampling_fps
        wanted = min(min(max(wanted, least), most), clip.frames)
        count = math.floor(wanted / factor) * factor
        if count < factor:
            raise CorpusError(
                f"a video of {clip.frames} frame: qwen-vl-utils rounds down to a multiple of "
                f"{factor} and refuses none. Make the video of at least {factor} frames (setting "
                "`frame_multiple`)."
            )
        return tuple(int(i) for i in np.linspace(0, clip.frames - 1, count).round())


def _fit(size: Size, block: int, least: float, most: float, what: str) -> Size:
    """Whole blocks near `size`, of `least` to `most` pixels; unlike the processor's, never none."""
    check_sides(size, what)
    check_ratio(size, what)
    fitted = Size(*(max(block, round(side / block) * block) for side in size))
    pixels = fitted.width * fitted.height
    if pixels > most:
        return shrunk(size, size.height * size.width, most, block)
    if pixels < least:
        return enlarged(size, size.height * size.width, least, block)
    return fitted


@dataclass(frozen=True)
class LlamaFactory:
    """LLaMA-Factory resamples an image or a frame to its own cap, then the processor to blocks.

    So what is above the cap is resampled twice. Of a video, every so many frames are kept, rounded
    down to a frame instead of to the nearest, and an odd number is filled up with the last. Source:
    `_preprocess_image`, `_get_video_sample_indices` and `_regularize_videos` of the plugins for
    Qwen in `src/llamafactory/data/mm_plugin.py`, hiyouga/LLaMA-Factory v0.9.5. The duration of a
    video is taken to be its frames divided by its rate, as the corpus' own files declare it.

    Attributes:
        image_max_pixels: An image of more pixels is shrunk.
        image_min_pixels: An image of fewer pixels is enlarged.
        frame_max_pixels: Likewise for one frame of a video.
        frame_min_pixels: Likewise.
        sampling_fps: Frames per second that are kept.
        max_frames: Keep at most so many.
    """

    image_max_pixels: int = 768 * 768
    image_min_pixels: int = 32 * 32
    frame_max_pixels: int = 256 * 256
    frame_min_pixels: int = 16 * 16
    sampling_fps: float = 2.0
    max_frames: int = 128

    def image(self, size: Size, processor: Processor) -> ImageTokens:
        """An image as the model gets it."""
        check_sides(size, "an image")
        capped = _capped(size, self.image_min_pixels, self.image_max_pixels)
        return gridded_image(fit_image(capped, processor), processor)

    def video(self, clip: Clip, tokenizer: TextTokenizer, processor: Processor) -> VideoTokens:
        """A video as the model gets it."""
        check_sides(clip.size, "a video")
        kept = self.kept(clip)
        capped = _capped(clip.size, self.frame_min_pixels, self.frame_max_pixels)
        frames = len(kept) + len(kept) % 2
        seen = fit_clip(capped, frames, processor)
        # Its positions are frames of a video at the sampling rate, and may lie between two.
        positions = [index / clip.fps * self.sampling_fps for index in kept]
        return timed_video(seen, kept, positions, self.sampling_fps, tokenizer, processor)

    def kept(self, clip: Clip) -> tuple[int, ...]:
        """Indices of the frames that are kept, before the last is repeated."""
        check_clip(clip.frames, clip.fps)
        wanted = max(1, math.floor(clip.frames / clip.fps * self.sampling_fps))
        count = min(clip.frames, self.max_frames, wanted)
        return tuple(int(i) for i in np.linspace(0, clip.frames - 1, count))


_LEAST_SIDE = 28
_STRETCHED, _STRETCH = 200, 180


def _capped(size: Size, least: int, most: int) -> Size:
    width, height = size
    if width * height > most:
        factor = math.sqrt(most / (width * height))
        width, height = int(width * factor), int(height * factor)
        check_sides(Size(width, height), f"what LLaMA-Factory's cap makes of {size} pixels, one")
    if width * height < least:
        factor = math.sqrt(least / (width * height))
        width, height = int(width * factor), int(height * factor)
    if min(width, height) < _LEAST_SIDE:
        width, height = max(width, _LEAST_SIDE), max(height, _LEAST_SIDE)
    if width / height > _STRETCHED:
        width = height * _STRETCH
    if height / width > _STRETCHED:
        height = width * _STRETCH
    return Size(width, height)
