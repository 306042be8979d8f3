"""`make learnability`: have a model that begins with nothing learn to answer from pictures.

Asks and draws in this process, trains in another one that has PyTorch, three times: with pictures,
with a uniform grey in their place, and with the text alone. Prints the table in
docs/learnability.md, and writes it, the learning curves and all numbers to a folder.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from benchmarks.learnability.data import (
    LEARNED_FROM,
    TASKS,
    TESTED_ON,
    Corpus,
    ask,
    benchmark_settings,
    exercises,
    shows_video,
)
from benchmarks.learnability.exercises import SIGHTS, Sight, save
from benchmarks.learnability.lesson import Lesson, Plan, read_lesson
from benchmarks.learnability.report import Row, curves_png, share_of, table
from zwu_ts_assets.config.discovery import dataset_name
from zwu_ts_assets.config.environment import project_root
from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.orchestration.chosen_datasets import dataset_of

_ENTRY = "benchmarks.learnability.training"


def main() -> None:
    """Ask, draw, train, test, and tell."""
    arguments = _arguments()
    csv: Path = arguments.csv
    try:
        dataset = dataset_of(dataset_name(csv.stem), csv)
        settings = benchmark_settings(dataset.settings, arguments.stride)
        corpus = ask(replace(dataset, settings=settings), arguments.tasks.split(","))
    except CorpusError as error:
        sys.exit(f"make learnability: {error}")
    counts = Counter(sample.split for sample in corpus.samples)
    width, height = settings.canvas_size
    print(
        f"{csv.name}: {counts[LEARNED_FROM]:,} windows to learn from and {counts[TESTED_ON]:,} to "
        f"be tested on, {len(corpus.questions):,} questions, pictures of {width}x{height} pixels.",
        flush=True,
    )
    plan = Plan(
        steps=arguments.steps,
        videos=arguments.videos,
        figures_first=arguments.figures_first,
        seed=arguments.seed,
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        started = time.perf_counter(), time.process_time()
        save(folder, *exercises(corpus))
        took = time.perf_counter() - started[0], time.process_time() - started[1]
        print(f"Drawn in {took[0]:.0f} s.", flush=True)
        lessons = {
            sight: _lesson(arguments.torch, folder, sight, plan.for_sight(sight), arguments.threads)
            for sight in SIGHTS
        }
    rows = rows_of(corpus, lessons)
    told = table(rows, lessons)
    print(f"\n{told}")
    output: Path = arguments.output
    output.mkdir(parents=True, exist_ok=True)
    (output / "learnability.md").write_text(f"{told}\n", encoding="utf-8")
    (output / "learnability.png").write_bytes(curves_png(rows, lessons))
    numbers = {
        "plan": asdict(plan),
        "rows": [asdict(row) for row in rows],
        "lessons": {sight: asdict(lesson) for sight, lesson in lessons.items()},
    }
    (output / "learnability.json").write_text(json.dumps(numbers) + "\n", encoding="utf-8")
    print(f"\nTable, learning curves and numbers are in {output}.")


def rows_of(corpus: Corpus, lessons: Mapping[Sight, Lesson]) -> list[Row]:
    """What became of each task.

    Args:
        corpus: The questions.
        lessons: The models, by what they were shown.
    """
    counts = Counter((question.task, question.split) for question in corpus.questions)
    rows = []
    for task in lessons["pictures"].right:
        chances = [each.chance for each in corpus.questions if each.task == task]
        rows.append(
            Row(
                task=task,
                view="video" if shows_video(task) else "figure",
                learned_from=counts[task, LEARNED_FROM],
                tested_on=counts[task, TESTED_ON],
                chance=sum(chances) / len(chances),
                shares={
                    sight: share_of(
                        lesson.right[task],
                        lesson.first_rows[task],
                        corpus.settings.window_length,
                    )
                    for sight, lesson in lessons.items()
                },
            )
        )
    return rows


def _lesson(torch: str, folder: Path, sight: Sight, plan: Plan, threads: int) -> Lesson:
    """Train one model in the environment with PyTorch."""
    options = [f"--{name}={value}" for name, value in asdict(plan).items()]
    command = [torch, "-m", _ENTRY, str(folder), f"--sight={sight}", f"--threads={threads}"]
    environment = {**os.environ, "PYTHONPATH": str(project_root())}
    ran = subprocess.run([*command, *options], env=environment, check=False)
    if ran.returncode:
        sys.exit(f"make learnability: training with {sight} failed; what it said is above")
    return read_lesson(folder / f"{sight}.json")


def _arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--csv", type=Path, default=project_root() / "data" / "ETTh1.csv")
    parser.add_argument("--stride", type=int, default=3, help="rows between windows' starts")
    parser.add_argument("--tasks", default=",".join(TASKS), help="names, with commas between them")
    parser.add_argument("--steps", type=int, default=Plan().steps)
    parser.add_argument("--videos", type=int, default=Plan().videos, help="of windows in a step")
    first = "so many steps are about figures alone"
    parser.add_argument("--figures-first", type=int, default=Plan().figures_first, help=first)
    parser.add_argument("--seed", type=int, default=Plan().seed)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--torch", default=sys.executable, help="a Python that has PyTorch")
    output = project_root() / "artifacts" / "learnability"
    parser.add_argument("--output", type=Path, default=output)
    return parser.parse_args(given)


if __name__ == "__main__":
    main()
