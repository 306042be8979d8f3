"""A window's patches as the frames of a video, and as a strip of thumbnails.

What belongs here: which figures a video consists of. What does not: drawing a figure (`figure`) and
encoding frames (`mp4`, whose names are handed on here).
"""

import io
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.figures.colours import PanelRanges
from zwu_ts_assets.figures.figure import Canvas, Look, draw_figure
from zwu_ts_assets.figures.mp4 import Frame, VideoInfo, encode_mp4, probe_mp4
from zwu_ts_assets.timeseries.windows import Selection, patch_spans

__all__ = [
    "VideoInfo",
    "draw_patch_frames",
    "encode_mp4",
    "film_strip",
    "frame_grid",
    "probe_mp4",
]

_STRIP_COLUMNS = 8
_FEW_FRAMES = 8
_CAPTION = 24  # pixels


def draw_patch_frames(
    values: NDArray[np.float64],
    features: tuple[str, ...],
    *,
    patch_length: int = 24,
    patch_stride: int = 12,
    canvas: Canvas = Canvas(),  # noqa: B008 - frozen
    frame_multiple: int = 2,
    title_prefix: str = "",
    ranges: PanelRanges | None = None,
    shown: Selection | None = None,
    look: Look = "original",
) -> Iterator[Frame]:
    """Draw one figure per patch of a window, as PatchTST (Nie et al. 2023) cuts it.

    Each is drawn when it is asked for, so that `encode_mp4` encodes one while the next is drawn.

    Args:
        values: (rows, features) float64, finite.
        features: The names of the columns.
        patch_length: Rows of a patch.
        patch_stride: Rows from the start of a patch to the start of the next.
        canvas: The size of a frame in pixels.
        frame_multiple: The last frame is repeated until the number of frames is a multiple of
            this. Qwen3-VL takes frames in pairs, and readers differ in what they do to an odd one.
        title_prefix: Printed before each title and followed by "Patch k "; empty by default, since
            indices would tell a model where in time it is.
        ranges: The ends of the colours, see `draw_figure`: those of patches.
        shown: The columns that the feature panels show; None for all.
        look: How they look, see `draw_figure`.

    Yields:
        Frames of (height, width, 3) RGB; a repeated frame is the same array.

    Raises:
        CorpusError: The values are not finite or are fewer than a patch, or a setting is not
            positive.
    """
    if frame_multiple < 1:
        raise CorpusError(f"frame multiple {frame_multiple}: expected a whole number of at least 1")
    spans = patch_spans(len(values), patch_length, patch_stride)
    for patch, (start, stop) in enumerate(spans):
        prefix = f"{title_prefix}Patch {patch} " if title_prefix else ""
        frame = draw_figure(values[start:stop], features, canvas, prefix, ranges, shown, look)
        yield frame
    for _ in range(-len(spans) % frame_multiple):
        yield frame


def film_strip(frames: list[Frame], width: int = 896) -> bytes:
    """Show the frames of a video side by side, for people.

    Args:
        frames: At least one, (height, width, 3) uint8 RGB. A frame equal to the one before it is
            left out.
        width: Pixels of the whole strip. Up to eight frames share a row.

    Returns:
        A JPEG; 18 KB for seven figures.

    Raises:
        CorpusError: There are no frames, or the strip is too narrow for them.
    """
    distinct = [
        frame for i, frame in enumerate(frames) if i == 0 or not _same(frame, frames[i - 1])
    ]
    if not distinct:
        raise CorpusError("a film strip needs at least one frame, found none")
    columns = min(len(distinct), _STRIP_COLUMNS)
    cell_width = width // columns
    if cell_width < 1:
        raise CorpusError(f"a film strip of {width} pixels is too narrow for {columns} frames")
    cell_height = max(1, round(cell_width * distinct[0].shape[0] / distinct[0].shape[1]))
    rows = -(-len(distinct) // columns)
    strip = Image.new("RGB", (cell_width * columns, cell_height * rows), "white")
    for i, frame in enumerate(distinct):
        # Every fourth row is plenty where a cell is many times smaller, at a third of the time.
        thinned = frame[::4] if frame.shape[0] >= 8 * cell_height else frame
        small = Image.fromarray(np.ascontiguousarray(thinned)).resize(
            (cell_width, cell_height), Image.Resampling.BOX, reducing_gap=1.0
        )
        strip.paste(small, (i % columns * cell_width, i // columns * cell_height))
    buffer = io.BytesIO()
    strip.save(buffer, "JPEG", quality=60, optimize=True)
    return buffer.getvalue()


def frame_grid(frames: Sequence[Frame], width: int) -> bytes:
    """Show the frames of a video below each other, each with its number above it.

    Args:
        frames: At least one, (height, width, 3) uint8 RGB.
        width: Pixels of the whole grid.

    Returns:
        A JPEG of two columns, or of three where there are many frames.
    """
    columns = min(len(frames), 2 if len(frames) <= _FEW_FRAMES else 3)
    width //= columns
    height = max(1, round(width * frames[0].shape[0] / frames[0].shape[1]))
    rows = -(-len(frames) // columns)
    grid = Image.new("RGB", (width * columns, (height + _CAPTION) * rows), "white")
    pen, font = ImageDraw.Draw(grid), ImageFont.load_default(_CAPTION * 0.7)
    for at, frame in enumerate(frames):
        x, y = at % columns * width, at // columns * (height + _CAPTION)
        pen.text((x + 4, y + 2), f"frame {at}", "black", font)
        picture = Image.fromarray(np.ascontiguousarray(frame))
        grid.paste(picture.resize((width, height), Image.Resampling.BOX), (x, y + _CAPTION))
    buffer = io.BytesIO()
    grid.save(buffer, "JPEG", quality=80)
    return buffer.getvalue()


def _same(a: Frame, b: Frame) -> bool:
    # Two frames that differ at all differ somewhere on a coarse grid, as good as always; comparing
    # every pixel of every two would take as long as drawing the strip.
    return a is b or (np.array_equal(a[::16, ::16], b[::16, ::16]) and np.array_equal(a, b))
