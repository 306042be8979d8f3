"""How a model is to be trained, and what became of it."""

import json
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks.learnability.exercises import Sight


@dataclass(frozen=True)
class Plan:
    """How a model is trained.

    Attributes:
        steps: Of the optimiser.
        figures: A step is about the figures of so many windows,
        videos: and about the videos of so many others,
        figures_first: but for so many steps at the beginning, which are about figures alone: a
            frame is a figure of fewer rows, and costs a seventh of a video.
        rate: The largest learning rate.
        every: After so many steps the model is tested.
        seed: Of weights and batches.
    """

    steps: int = 3000
    figures: int = 32
    videos: int = 24
    figures_first: int = 1000
    rate: float = 2e-3
    every: int = 100
    seed: int = 0

    def for_sight(self, sight: Sight) -> "Plan":
        """The plan for a model that sees so: a fifth of the steps without pictures.

        It has nothing to find out: balanced questions leave every reader of their text at chance.
        """
        if sight == "pictures":
            return self
        return replace(self, steps=self.steps // 5, figures_first=self.figures_first // 5)


@dataclass
class Lesson:
    """What became of one model.

    Attributes:
        sight: What it was shown.
        parameters: How many numbers it learned.
        curve: Steps, and the share of right answers in the split it is tested on, by task.
        right: By task, for each question whether the last model answers it rightly.
        first_rows: By task, for each question where in the series its window begins.
        seconds: Of wall time, tests included.
        processor_seconds: Of all threads, likewise.
    """

    sight: Sight
    parameters: int
    curve: list[tuple[int, dict[str, float]]] = field(default_factory=list)
    right: dict[str, list[bool]] = field(default_factory=dict)
    first_rows: dict[str, list[int]] = field(default_factory=dict)
    seconds: float = 0.0
    processor_seconds: float = 0.0


def read_lesson(path: Path) -> Lesson:
    """What a training process wrote."""
    return Lesson(**json.loads(path.read_text(encoding="utf-8")))
