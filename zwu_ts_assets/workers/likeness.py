"""Whether another process makes the same bytes as this one.

What belongs here: what a process says of its code, its libraries and what it draws, and telling two
of them apart. What does not: handing out work (`dask_pool`).

Versions explain a difference and code must be the same to the letter; but the same versions do not
promise the same bytes (another build or kind of processor). So each side also draws a small
figure, a line plot and a film, and their digests are compared.
"""

import hashlib
import platform
import sys
import threading
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Final

import numpy as np

from zwu_ts_assets.figures.figure import draw_figure, encode_png
from zwu_ts_assets.figures.figure_layout import Canvas
from zwu_ts_assets.figures.line_plot import draw_line_plot
from zwu_ts_assets.figures.mp4 import encode_mp4
from zwu_ts_assets.figures.video import draw_patch_frames

_PACKAGES: Final = ("numpy", "matplotlib", "pillow", "isal", "dtaidistance", "av")
_SOURCES: Final = (".py", ".j2")
# A worker is asked while it works: no two threads of it are to draw at once.
_LOCK: Final = threading.Lock()


@dataclass(frozen=True)
class Likeness:
    """What two processes must have in common to make the same bytes.

    Attributes:
        versions: Of Python and of what draws and encodes, by name.
        code: SHA-256 of this package's sources.
        drawn: SHA-256 of a figure, a line plot and a film of fixed numbers.
    """

    versions: tuple[tuple[str, str], ...]
    code: str
    drawn: str

    def difference(self, other: "Likeness") -> str:
        """What `other` has that is not as here, in a few words; nothing, usually."""
        ours, theirs = dict(self.versions), dict(other.versions)
        parts = [
            f"{name} {theirs.get(name, 'missing')} instead of {ours.get(name, 'none')}"
            for name in sorted(ours.keys() | theirs.keys())
            if ours.get(name) != theirs.get(name)
        ]
        if self.code != other.code:
            parts.append("other code of zwu_ts_assets")
        if not parts and self.drawn != other.drawn:
            parts.append("the same versions, but draws or encodes other bytes")
        return ", ".join(parts)


def likeness() -> Likeness:
    """What this process is like, found out once, as it was when the code was imported."""
    with _LOCK:
        return _found_out()


@lru_cache(maxsize=1)
def _found_out() -> Likeness:
    versions = {
        "Python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "machine": platform.machine(),
        **{package: version(package) for package in _PACKAGES},
    }
    return Likeness(tuple(sorted(versions.items())), code_digest(), _drawn_digest())


def code_digest(package: Path = Path(__file__).parents[1]) -> str:
    """The SHA-256 over the names and contents of a package's source files."""
    digest = hashlib.sha256()
    for path in sorted(path for path in package.rglob("*") if path.suffix in _SOURCES):
        name = path.relative_to(package).as_posix()
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{name} {content}\n".encode())
    return digest.hexdigest()


def _drawn_digest() -> str:
    # Whole numbers of eighths, which every machine computes alike.
    values = (np.arange(48 * 3) * 7919 % 101).reshape(48, 3) / 8
    names, canvas = ("a", "b", "c"), Canvas(448, 224)
    digest = hashlib.sha256()
    digest.update(encode_png(draw_figure(values, names, canvas)))
    digest.update(encode_png(draw_line_plot(values, names, canvas)))
    digest.update(encode_mp4(draw_patch_frames(values, names, canvas=canvas)))
    return digest.hexdigest()
