"""The form in which a model takes questions and pictures: arrays, and files of them.

What belongs here: the arrays, what remains of them for a model that sees nothing, and their files.
What does not: where they come from (`data`), learning from them (`training`).

Imports numpy alone: the process that learns has PyTorch, and need not have this project's packages.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

Sight = Literal["pictures", "grey", "blind"]
"""What a model is shown: the pictures, a uniform grey in their place, or nothing but text."""

SIGHTS: Final[tuple[Sight, ...]] = ("pictures", "grey", "blind")

NO_QUESTION: Final = -1
"""Stands for the right option of a window that a task does not ask about."""

_CONTENT: Final = "content.json"
_GREY: Final = 128


@dataclass(frozen=True, eq=False)
class Exercise:
    """The questions of a split that show the same: one figure, or the frames of one video.

    Attributes:
        tasks: (tasks,) int64 numbers of the tasks, by which `Content.tasks` names them.
        words: (windows, tasks, options, roles, words) int64 numbers of words, 0 for none: what the
            text says of each option, see `text`.
        right: (windows, tasks) int64 the right option; `NO_QUESTION` where there is no question.
        offered: (windows, tasks, options) bool, which options there are.
        shown: (windows, frames) int64 indices of the pictures that are shown of each window.
        pixels: (pictures, height, width, 3) uint8 RGB; no pictures for a blind model.
        first_rows: (windows,) int64, where in the series each window begins.
    """

    tasks: NDArray[np.int64]
    words: NDArray[np.int64]
    right: NDArray[np.int64]
    offered: NDArray[np.bool_]
    shown: NDArray[np.int64]
    pixels: NDArray[np.uint8]
    first_rows: NDArray[np.int64]

    def __len__(self) -> int:
        """How many windows there are."""
        return len(self.right)

    @property
    def shows_video(self) -> bool:
        """Whether several frames are shown of each window."""
        return bool(self.shown.shape[1] > 1)

    def seen_as(self, sight: Sight) -> "Exercise":
        """What a model is given that sees so: without `pictures` no trace of any picture is left.

        Not even which windows share a frame: every window shows the one grey picture, or nothing.
        """
        if sight == "pictures":
            return self
        pixels = np.full((1, *self.pixels.shape[1:]), _GREY, np.uint8)
        if sight == "blind":
            pixels = pixels[:0]
        return replace(self, pixels=pixels, shown=np.zeros_like(self.shown))


@dataclass(frozen=True)
class Content:
    """What a model has to know of all exercises to be made.

    Attributes:
        tasks: Names of the tasks.
        words: How many words there are.
        roles: How many kinds of words there are: the parts of a subject, and options.
        frames: The words by which questions call each frame of a video, such as those of "part 1":
            (frames, words) numbers.
        width: Of a picture in pixels.
        height: Likewise.
        window_length: Rows of a window.
        run: Distance, in windows, at which windows share all frames of their videos but one.
    """

    tasks: tuple[str, ...]
    words: int
    roles: int
    frames: tuple[tuple[int, ...], ...]
    width: int
    height: int
    window_length: int
    run: int


def save(folder: Path, content: Content, exercises: Mapping[str, Sequence[Exercise]]) -> None:
    """Write exercises for another process.

    Args:
        folder: An empty one.
        content: What they have in common.
        exercises: By split.
    """
    for split, own in exercises.items():
        for number, each in enumerate(own):
            arrays = {field.name: getattr(each, field.name) for field in fields(each)}
            np.savez(folder / f"{split}-{number}.npz", **arrays)
    (folder / _CONTENT).write_text(json.dumps(asdict(content)), encoding="utf-8")


def load(folder: Path, split: str, sight: Sight) -> tuple[Exercise, ...]:
    """Read the exercises of a split as a model is given them that sees so."""
    found = []
    for path in sorted(folder.glob(f"{split}-*.npz")):
        with np.load(path, allow_pickle=False) as arrays:
            found.append(Exercise(**arrays).seen_as(sight))
    return tuple(found)


def load_content(folder: Path) -> Content:
    """Read what the exercises have in common."""
    told: dict[str, Any] = json.loads((folder / _CONTENT).read_text(encoding="utf-8"))
    frames = tuple(tuple(words) for words in told["frames"])
    return Content(**{**told, "tasks": tuple(told["tasks"]), "frames": frames})
