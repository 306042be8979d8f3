"""Decoding pictures that somebody else made, in a process that may die of them.

What belongs here: starting that process, asking it, and what its death means. What does not: the
decoding (`decode_child.py`), videos, which ffmpeg decodes in a process of its own (`mp4.py`).

A decoder is a large program in C that reads what an attacker wrote. In its own process it can use
up its own memory and time, and crash, and the answer is a sentence about the file.
"""

import json
import selectors
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import IO, Final

from zwu_ts_assets.figures.decode_child import REQUEST

PNG_LIMIT: Final = 256 * 1024 * 1024
"""Bytes of a PNG: the largest canvas, of noise, has a fifth of it."""

_SECONDS: Final = 60.0  # the largest canvas takes one
_CHILD: Final = Path(__file__).with_name("decode_child.py")


class PngDecoder:
    """A process that decodes one PNG after the other; started when it is first asked.

    Use it as a context: the process ends with it.
    """

    def __init__(self, seconds: float = _SECONDS) -> None:
        """Args: how long one PNG may take."""
        self._seconds = seconds
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "PngDecoder":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end()

    def problem(self, content: bytes, width: int, height: int) -> str:
        """Whether a PNG decodes, whole, to an RGB image of a size.

        Args:
            content: The file's content.
            width: Pixels, as declared.
            height: Likewise.

        Returns:
            A sentence without its end; empty if it does.
        """
        if len(content) > PNG_LIMIT:
            return f"has {len(content):,} bytes, at most {PNG_LIMIT:,} are decoded"
        process = self._running()
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(REQUEST.pack(width, height, len(content)) + content)
            process.stdin.flush()
            answer = self._answer(process.stdout)
        except BrokenPipeError:
            answer = b""
        if answer is None:
            self._end()
            return f"does not decode: it takes longer than {self._seconds:g} s"
        try:
            return str(json.loads(answer)["problem"])
        except (ValueError, KeyError, TypeError):
            self._end()
            return f"does not decode: the decoder ended with exit code {process.returncode}"

    def _answer(self, output: IO[bytes]) -> bytes | None:
        """A line of the process; None if there is none in time, empty at its end."""
        with selectors.DefaultSelector() as selector:
            selector.register(output, selectors.EVENT_READ)
            return output.readline() if selector.select(self._seconds) else None

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._process = subprocess.Popen(  # noqa: S603 - our own arguments, no shell
                [sys.executable, "-P", str(_CHILD)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()
