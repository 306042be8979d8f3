"""An RGB frame -> the bytes of a PNG or JPEG file.

What belongs here: image encoding. What does not: what is on the frame (`figure`), films (`video`).
"""

import io
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Frame = NDArray[np.uint8]


def encode_png(frame: Frame) -> bytes:
    """Encode a frame as PNG, losslessly and with the same bytes each time.

    Rows are stored as differences to the row above, and deflated at level 1: most rows of a figure
    repeat the one above, so that this is as small as any filter and three times faster than trying
    all of them.

    The upper and the lower half are deflated at the same time, for zlib lets other threads run.
    There are always two halves, so that the bytes do not depend on the machine.
    """
    height, width, _ = frame.shape
    rows = np.ascontiguousarray(frame).reshape(height, width * 3)
    filtered = np.empty((height, 1 + width * 3), dtype=np.uint8)
    filtered[:, 0] = 2  # filter type "up"
    filtered[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=filtered[1:, 1:])

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)  # 8 bits, RGB
    upper, lower = filtered[: height // 2], filtered[height // 2 :]
    with ThreadPoolExecutor(max_workers=1) as other:
        ending = other.submit(_deflate, lower, zlib.Z_FINISH)
        beginning = _deflate(upper, zlib.Z_SYNC_FLUSH)
        data = (
            _ZLIB_HEADER
            + beginning
            + ending.result()
            + struct.pack(">I", zlib.adler32(filtered.data))
        )
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


_ZLIB_HEADER = b"\x78\x01"  # deflate with a window of 32 KiB, fastest level; RFC 1950


def _deflate(rows: NDArray[np.uint8], ending: int) -> bytes:
    """A part of a deflate stream, without zlib's header and checksum, that ends at a byte."""
    compressor = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
    return compressor.compress(rows.data) + compressor.flush(ending)


def thumbnail(frame: Frame, width: int = 448) -> bytes:
    """Encode a small JPEG of a frame, for metadata and previews.

    Args:
        frame: (height, width, 3) RGB.
        width: The thumbnail's width in pixels; its height keeps the proportions.
    """
    image = Image.fromarray(frame)
    height = max(1, round(image.height * width / image.width))
    buffer = io.BytesIO()
    image.resize((width, height), Image.Resampling.BOX, reducing_gap=1.0).save(
        buffer, "JPEG", quality=50
    )
    return buffer.getvalue()
