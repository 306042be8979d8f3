"""What a browser may see of the artifacts: the gallery and the media that it shows, and no more.

What belongs here: answering requests for them, as ASGI middleware behind the guard. What does not:
who may ask (`guard.py`), and what else the web UI shows, which is Dagster's.

Metadata of Dagster's events link to these addresses: a picture in the event log itself would take
twenty kilobytes for each event, and the web UI hides what is so long behind a click.

Whoever may write artifacts, such as the other users of a bucket, is not let into the web UI: the
script of a page is the package's own, what it filters is read as JSON, and no page may send
anything anywhere.
"""

import io
import json
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from zwu_ts_assets.config.discovery import NAME
from zwu_ts_assets.errors import entered
from zwu_ts_assets.gallery import site
from zwu_ts_assets.orchestration.layout import dataset_store
from zwu_ts_assets.orchestration.metadata import FRAMES, PREFIX, PREVIEW
from zwu_ts_assets.orchestration.specs import SPECS
from zwu_ts_assets.storage.places import Place

_KINDS: Final = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "jpg": "image/jpeg",
    "png": "image/png",
    "mp4": "video/mp4",
}
_HEADERS: Final = {
    "Cache-Control": "private, no-cache",
    "Content-Security-Policy": (
        "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'self'; "
        "script-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_PAGES: Final = re.compile(
    r"gallery/(?:(?:samples|tasks)/[A-Za-z0-9_-]+|index|dataset)\.html"
    r"|gallery/(?:index|gallery)\.js|gallery/gallery\.css"
)
_PREVIEW_WIDTH: Final = 760  # the web UI shows pictures in metadata at their own size
_FRAMES_WIDTH: Final = 1792
_RANGE: Final = re.compile(r"bytes=(\d+)-(\d*)")


def _media() -> Iterator[str]:
    """What matches the names of the media, from the patterns of their assets."""
    for spec in SPECS:
        for pattern in spec.pictures:
            escaped = re.escape(pattern).replace(r"\{key\}", "[0-9]+")
            yield escaped.replace(r"\{role\}", "row_[0-9]+")


_NAMES: Final = re.compile("|".join([_PAGES.pattern, *_media()]))


class Pages:
    """Answers requests for artifacts that people look at, and hands the rest to another app."""

    def __init__(self, app: ASGIApp, artifacts: Place) -> None:
        """Args: what answers everything else; the folder of all artifacts."""
        self.app, self.artifacts = app, artifacts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request or hand it on."""
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
            await self.app(scope, receive, send)
            return
        if scope["method"] not in ("GET", "HEAD"):
            answer: Response = PlainTextResponse("Artifacts can only be looked at.\n", 405)
        else:
            request = Request(scope)
            name = scope["path"].removeprefix(PREFIX)
            answer = await run_in_threadpool(self._answer, name, request.headers.get("range", ""))
        await answer(scope, receive, send)

    def _answer(self, path: str, wanted: str) -> Response:
        prefix, name = _parts(path)
        if not name:
            return _nothing(f"{path} is no artifact that is shown here.")
        store = dataset_store(self.artifacts, prefix)
        file = name.removesuffix(FRAMES).removesuffix(PREVIEW)
        try:
            content = store.read(file)
            if name != file:
                width = _FRAMES_WIDTH if name.endswith(FRAMES) else _PREVIEW_WIDTH
                content = _reduced(content, width, is_video=file.endswith(".mp4"))
            elif file.startswith("gallery/"):
                content = _safe(file, content)
        except (FileNotFoundError, NotADirectoryError):
            made = "" if file.startswith("gallery/") else " yet"
            gallery = f" Make the gallery: {entered('look')}, or materialize `gallery`."
            advice = gallery if not made else ""
            return _nothing(f"{store.path(file)} is not there{made}.{advice}")
        except ValueError as error:
            return _nothing(f"{store.path(file)} is damaged ({error}); materialize it again.")
        return _part(content, _KINDS[name.rpartition(".")[2]], wanted)


def _parts(path: str) -> tuple[tuple[str, ...], str]:
    """The prefix of a dataset and the name of a file below it; no name if it is not shown."""
    plain = path.removesuffix(FRAMES) if path.endswith(f".mp4{FRAMES}") else path
    if path.endswith((f".mp4{PREVIEW}", f".png{PREVIEW}")):
        plain = path.removesuffix(PREVIEW)
    first, _, rest = plain.partition("/")
    if _NAMES.fullmatch(plain) or plain == site.OVERVIEW:
        return (), path
    if NAME.fullmatch(first) and _NAMES.fullmatch(rest):
        return (first,), path.partition("/")[2]
    return (), ""


def _nothing(sentence: str) -> Response:
    return PlainTextResponse(sentence + "\n", 404, headers=_HEADERS)


def _safe(name: str, content: bytes) -> bytes:
    """A file of a gallery, without any script but the package's own.

    Raises:
        ValueError: What the page filters is no JSON.
    """
    file = name.removeprefix("gallery/")
    if file in site.ASSETS:
        return site.asset(file)
    if file == site.DATA:
        text = content.decode("ascii")
        if not (text.startswith(site.DATA_BEGINS) and text.endswith(site.DATA_ENDS)):
            raise ValueError("it does not begin and end as it should")
        return site.data_script(json.loads(text[len(site.DATA_BEGINS) : -len(site.DATA_ENDS)]))
    return content


def _part(content: bytes, kind: str, wanted: str) -> Response:
    """A file, or the span of it that a browser asks for to play from the middle of a video."""
    headers = {**_HEADERS, "Accept-Ranges": "bytes"}
    match = _RANGE.fullmatch(wanted)
    if match is None:
        return Response(content, media_type=kind, headers=headers)
    first, last = int(match[1]), min(int(match[2] or len(content)), len(content) - 1)
    if first > last:
        headers["Content-Range"] = f"bytes */{len(content)}"
        return Response(status_code=416, headers=headers)
    headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
    return Response(content[first : last + 1], 206, media_type=kind, headers=headers)


def _reduced(content: bytes, width: int, *, is_video: bool) -> bytes:
    """A picture, or the frames of a video as a grid, as a JPEG of some width.

    Raises:
        ValueError: It is no picture, or no video.
    """
    from PIL import Image

    from zwu_ts_assets.evidence.media import read_video
    from zwu_ts_assets.figures.video import frame_grid

    if not is_video:
        try:
            with Image.open(io.BytesIO(content), formats=("PNG",)) as picture:
                height = max(1, round(picture.height * width / picture.width))
                small = picture.convert("RGB").resize((width, height), Image.Resampling.LANCZOS)
        except (OSError, Image.DecompressionBombError) as error:
            raise ValueError(str(error)) from error
        buffer = io.BytesIO()
        small.save(buffer, "JPEG", quality=85)
        return buffer.getvalue()
    with tempfile.NamedTemporaryFile(suffix=".mp4") as copy:
        copy.write(content)
        copy.flush()
        try:
            frames = read_video(Path(copy.name))
        except OSError as error:
            raise ValueError(str(error)) from error
    return frame_grid(frames, width)
