"""A program that decodes PNGs for another one, and may die of them.

`verification.py` asks it. It is run as a file, by its path, so it imports nothing of this project
and starts in a tenth of a second.

Each request is 16 bytes, three little-endian integers (width and height as declared in 4 bytes
each, the length of the content in 8), and the content. Each answer is a line of JSON: `problem`,
empty for a PNG that decodes to an RGB image of that size.
"""

import io
import json
import resource
import struct
import sys
from contextlib import suppress

MEMORY = 2 * 1024**3  # an image of 4096x4096 pixels takes a twentieth
REQUEST = struct.Struct("<IIQ")


def png_problem(content: bytes, width: int, height: int) -> str:
    """Whether a PNG decodes, whole, to an RGB image of a size; nothing larger is decoded."""
    from PIL import Image, UnidentifiedImageError

    try:
        # Of all that Pillow can open, PNG alone: it would hand an EPS to Ghostscript.
        with Image.open(io.BytesIO(content), formats=("PNG",)) as image:
            mode, size = image.mode, image.size
            if (mode, size) != ("RGB", (width, height)):
                return f"is PNG {mode} {size[0]}x{size[1]}, not PNG RGB {width}x{height}"
            image.load()
    except UnidentifiedImageError:
        return "does not decode: it is no PNG"
    except (
        *(OSError, SyntaxError, ValueError, EOFError, OverflowError, MemoryError),
        *(struct.error, Image.DecompressionBombError),
    ) as error:
        return f"does not decode: {error or type(error).__name__}"
    return ""


def main() -> None:
    """Answer until there are no more requests."""
    for limit, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),  # it writes no file
    ):
        with suppress(ValueError, OSError):  # a system that has no such limit
            resource.setrlimit(limit, (most, most))
    requests = sys.stdin.buffer
    while len(header := requests.read(REQUEST.size)) == REQUEST.size:
        width, height, length = REQUEST.unpack(header)
        problem = png_problem(requests.read(length), width, height)
        print(json.dumps({"problem": problem}), flush=True)


if __name__ == "__main__":
    main()
