"""The process that learns: a model on the exercises of one split, tested on those of another.

What belongs here: batches, the optimiser, the learning curve. What does not: the network (`model`),
tables and plots (`report`).

Runs by itself in an environment with PyTorch: `python -m benchmarks.learnability.training FOLDER`.
"""

import argparse
import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from benchmarks.learnability.exercises import (
    NO_QUESTION,
    SIGHTS,
    Content,
    Exercise,
    Sight,
    load,
    load_content,
)
from benchmarks.learnability.lesson import Lesson, Plan
from benchmarks.learnability.model import Reader, Shape

_RUN: Final = 8
"""Windows of a batch that share frames, so that these are encoded once."""

_TESTED_AT_ONCE: Final = 32

_SOME: Final = 4
"""The learning curve is of every fourth window of the test split, the last test of all of them."""

_WARM_UP: Final = 100


def train(
    learned: Sequence[Exercise],
    tested: Sequence[Exercise],
    content: Content,
    plan: Plan,
    sight: Sight,
    tell: Callable[[str], None],
) -> Lesson:
    """Train a model from random weights, testing it now and then.

    Args:
        learned: The exercises that it learns from.
        tested: Those that it is tested on; it never learns from them, and nothing is chosen by
            them: the last model counts.
        content: What the exercises have in common.
        plan: How it is trained.
        sight: As what the exercises were loaded.
        tell: Is called with a line after each test.
    """
    torch.manual_seed(plan.seed)
    generator = np.random.default_rng(plan.seed)
    model = Reader(content, Shape())
    lesson = Lesson(sight, sum(each.numel() for each in model.parameters()))
    optimiser = torch.optim.AdamW(model.parameters(), plan.rate, (0.9, 0.98), weight_decay=0.01)
    started, used = time.perf_counter(), time.process_time()
    for step in range(1, plan.steps + 1):
        for group in optimiser.param_groups:
            group["lr"] = plan.rate * _share_of_rate(step, plan.steps)
        optimiser.zero_grad()
        for each in learned:  # one after the other, which takes less memory than their sum
            if each.shows_video and step <= plan.figures_first:
                continue
            windows = _batch(each, plan, content.run, generator)
            scores, right = _answers(model, each, windows)
            loss = functional.cross_entropy(
                scores.flatten(0, 1), right.flatten(), ignore_index=NO_QUESTION
            )
            loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        if step % plan.every == 0 or step == plan.steps:
            last = step == plan.steps
            lesson.right, lesson.first_rows = test(model, tested, content, 1 if last else _SOME)
            shares = {task: sum(right) / len(right) for task, right in lesson.right.items()}
            lesson.curve.append((step, shares))
            lesson.seconds = time.perf_counter() - started
            lesson.processor_seconds = time.process_time() - used
            told = ", ".join(f"{task} {share:.0%}" for task, share in shares.items())
            tell(f"{sight}: step {step}, {lesson.seconds:.0f} s: {told}")
    return lesson


def test(
    model: Reader, tested: Sequence[Exercise], content: Content, every: int
) -> tuple[dict[str, list[bool]], dict[str, list[int]]]:
    """Have a model answer the questions of exercises.

    Args:
        model: The model.
        tested: The exercises.
        content: What they have in common.
        every: Every how many windows is asked about.

    Returns:
        By task, for each question whether it was answered rightly, and where its window begins.
    """
    right: dict[str, list[bool]] = {}
    first_rows: dict[str, list[int]] = {}
    for each in tested:
        windows = np.arange(0, len(each), every)
        chosen: list[NDArray[np.int64]] = []
        with torch.no_grad():
            for some in np.array_split(windows, -(-len(windows) // _TESTED_AT_ONCE)):
                chosen.append(_answers(model, each, some)[0].argmax(dim=-1).numpy())
        answers = each.right[windows]
        hits, asked = np.concatenate(chosen) == answers, answers != NO_QUESTION
        for at, number in enumerate(each.tasks):
            own = asked[:, at]
            right[content.tasks[number]] = hits[own, at].tolist()
            first_rows[content.tasks[number]] = each.first_rows[windows[own]].tolist()
    return right, first_rows


def _answers(model: Reader, each: Exercise, windows: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
    """Scores (windows, tasks, options) of some windows' questions, and their right options."""
    pictures, shown = np.unique(each.shown[windows], return_inverse=True)
    seen = model.see(torch.from_numpy(each.pixels[pictures])) if len(each.pixels) else None
    scores: Tensor = model(
        seen,
        torch.from_numpy(shown.reshape(each.shown[windows].shape)),
        torch.from_numpy(each.words[windows]),
        torch.from_numpy(each.tasks),
    )
    offered = torch.from_numpy(each.offered[windows])
    return scores.masked_fill(~offered, -1e9), torch.from_numpy(each.right[windows])


def _batch(
    each: Exercise, plan: Plan, run: int, generator: np.random.Generator
) -> NDArray[np.int64]:
    """Windows drawn at random: of videos in runs, in which they share frames."""
    if not each.shows_video:
        return generator.choice(len(each), min(plan.figures, len(each)), replace=False)
    starts = generator.integers(0, len(each), max(1, plan.videos // _RUN))
    windows: NDArray[np.int64] = (starts[:, None] + run * np.arange(_RUN)).ravel() % len(each)
    return windows


def _share_of_rate(step: int, steps: int) -> float:
    """Up in a straight line, then down in half a cosine to a twentieth."""
    down = 0.05 + 0.475 * (1 + math.cos(math.pi * step / steps))
    return min(step / _WARM_UP, 1.0) * down


def main() -> None:
    """Train one model on the exercises in a folder, and write there what became of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path, help="with the exercises")
    parser.add_argument("--sight", choices=SIGHTS, required=True)
    parser.add_argument("--threads", type=int, required=True)
    for name, default in asdict(Plan()).items():
        parser.add_argument(f"--{name}", type=type(default), default=default)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    folder: Path = arguments.folder
    plan = Plan(**{name: getattr(arguments, name) for name in asdict(Plan())})
    learned = load(folder, "train", arguments.sight)
    tested = load(folder, "test", arguments.sight)

    def tell(line: str) -> None:
        print(line, flush=True)

    lesson = train(learned, tested, load_content(folder), plan, arguments.sight, tell)
    written = json.dumps(asdict(lesson))
    (folder / f"{arguments.sight}.json").write_text(written, encoding="utf-8")


if __name__ == "__main__":
    main()
