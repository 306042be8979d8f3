"""Files and pictures as a consumer sees them: decoded frames, resized pictures.

What belongs here: decoding a video and Qwen3-VL's resizing, both written afresh. What does not:
reading what a picture shows (`panels`).
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]


def read_video(path: Path) -> list[Pixels]:
    """Decode all frames of a video.

    Args:
        path: An MP4 file.

    Returns:
        Each frame as (height, width, 3) RGB, of the video's own size. 1792x992 pixels take 5 MB a
        frame.

    Raises:
        ValueError: The file holds no frame.
        OSError: The file cannot be read as a video.
    """
    import av  # takes a fifth of a second, and not every reader looks at videos

    try:
        with av.open(str(path)) as container:
            frames = [
                np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8)
                for frame in container.decode(video=0)
            ]
    except av.error.FFmpegError as error:
        raise OSError(f"{path}: the video cannot be decoded ({error}); make it again") from error
    if not frames:
        raise ValueError(f"{path}: the video has no frame; make it again")
    return frames


def resized(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """Resize a picture as Qwen3-VL's processor does: bicubic.

    Args:
        pixels: (height, width, 3) RGB.
        size: Width and height that it gets.

    Returns:
        The picture itself if it has that size.
    """
    height, width, _ = pixels.shape
    if size == (width, height):
        return pixels
    picture = Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC)
    return np.asarray(picture, dtype=np.uint8)
