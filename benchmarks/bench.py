"""`make bench`: both sides in one run, alternately, as ratios with their spread.

Seconds on a shared machine mean little; a ratio of two things measured in turn means something.
`--small` runs everything once on a handful of batches, to show that it works; its ratios of whole
runs are mostly start-up. The tables are those in docs/performance.md.
"""

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import original
from benchmarks.measure import (
    HEADER,
    Row,
    median_seconds,
    milliseconds_table,
    seconds,
    seconds_table,
)
from benchmarks.memory import ASSETS, memory_rows
from benchmarks.pipeline import (
    BATCH_ROWS,
    Project,
    Ran,
    first_rows,
    repeated,
    with_one_value_changed,
)
from benchmarks.stages import Window, figure_stages, video_stages
from zwu_ts_assets.config.environment import project_root
from zwu_ts_assets.figures.figure import draw_figure, encode_png
from zwu_ts_assets.figures.mp4 import encode_mp4
from zwu_ts_assets.figures.video import draw_patch_frames
from zwu_ts_assets.timeseries.csv_file import read_series
from zwu_ts_assets.timeseries.sample import sample_csv
from zwu_ts_assets.timeseries.series import Series

LONGER = 10
"""The long run has so many times the batches."""


@dataclass
class Rounds:
    """Seconds of both sides, one entry per round or per call."""

    old_figures: list[float] = field(default_factory=list)
    new_figures: list[float] = field(default_factory=list)
    old_videos: list[float] = field(default_factory=list)
    new_videos: list[float] = field(default_factory=list)
    old_corpora: list[float] = field(default_factory=list)
    full: list[Ran] = field(default_factory=list)
    changed: list[Ran] = field(default_factory=list)

    def play(self, number: int, series: Series, csv: bytes, figures: int, folder: Path) -> None:
        """One round: figures and a video both ways, then a run of everything and of a change.

        Args:
            number: Of the round; it decides which windows are drawn.
            series: The table of the CSV.
            csv: The CSV.
            figures: How many figures.
            folder: For what is written.
        """
        batches, features = len(series.values) // BATCH_ROWS, series.features

        def window(i: int) -> Window:
            start = (i * 17 % batches) * BATCH_ROWS
            return series.values[start : start + BATCH_ROWS]

        def figure(values: Window) -> None:
            (folder / "ours.png").write_bytes(encode_png(draw_figure(values, features)))

        def video(values: Window) -> None:
            (folder / "ours.mp4").write_bytes(encode_mp4(draw_patch_frames(values, features)))

        for i in range(number * figures, (number + 1) * figures):
            values = window(i)
            self.old_figures.append(
                seconds(lambda v=values: original.figure_png(v, features, folder / "old.png"))  # type: ignore[misc]
            )
            self.new_figures.append(median_seconds(lambda v=values: figure(v), 5))  # type: ignore[misc]
        values = window(number)
        self.old_videos.append(
            seconds(lambda: original.video_mp4(values, features, folder / "old.mp4"))
        )
        self.new_videos.append(median_seconds(lambda: video(values), 5))
        a_figure = statistics.median(self.old_figures[-figures:])
        self.old_corpora.append(batches * (a_figure + self.old_videos[-1]))

        project = Project(folder / f"run{number}", csv)
        self.full.append(project.run())
        project.csv.write_bytes(with_one_value_changed(csv, batches // 2))
        self.changed.append(project.run())
        shutil.rmtree(project.folder)


def ratios(dividends: list[float], divisors: list[float]) -> list[float]:
    """Pair by pair."""
    return [a / b for a, b in zip(dividends, divisors, strict=True)]


def import_ratios(count: int) -> list[float]:
    """Time to import our definitions over time to import Dagster, in turn."""

    def take(module: str) -> float:
        command = [sys.executable, "-c", f"import {module}"]
        return seconds(lambda: subprocess.run(command, check=True))

    take("zwu_ts_assets.definitions")  # once, so that the byte code of both is there
    return [take("zwu_ts_assets.definitions") / take("dagster") for _ in range(count)]


def processor() -> str:
    """The name of the processor, where the machine tells it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a few batches, once")
    parser.add_argument(
        "--memory", action="store_true", help="the last mile's memory too, in half an hour more"
    )
    parser.add_argument("--csv", type=Path, default=project_root() / "data" / "ETTh1.csv")
    arguments = parser.parse_args()
    started = time.perf_counter()
    # Some shells forbid it; a user's Python compiles a module once, and not at each start.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    small = bool(arguments.small)
    batches, repeats, figures, times = (2, 1, 1, 3) if small else (181, 3, 2, 9)
    rows = batches * BATCH_ROWS + 44

    real = arguments.csv.is_file()
    csv = first_rows(arguments.csv.read_bytes() if real else sample_csv(rows), rows)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "series.csv").write_bytes(csv)
        series = read_series(folder / "series.csv")
        sides = Rounds()
        # What both sides load or draw once is no part of a figure's price.
        original.figure_png(series.values[:24], series.features, folder / "old.png")
        draw_figure(series.values[:BATCH_ROWS], series.features)
        for number in range(repeats):
            sides.play(number, series, csv, figures, folder)
        imports = import_ratios(1 if small else 9)
        longer = Project(folder / "long", repeated(csv, batches, LONGER)).run()
        window = series.values[BATCH_ROWS : 2 * BATCH_ROWS]
        of_a_figure = figure_stages(window, series.features, times)
        of_a_video = video_stages(window, series.features, times)
        memory = memory_rows(csv, folder / "memory", 1, ASSETS) if arguments.memory else []

    full = [ran.command_seconds for ran in sides.full]
    changed = [ran.command_seconds for ran in sides.changed]
    usual = statistics.median(full)
    table = [
        Row(
            "one figure: window array to PNG on disk, one process",
            "the original",
            ratios(sides.old_figures, sides.new_figures),
            180,
            250,
        ),
        Row(
            "one patch video: window array to MP4 on disk, one process",
            "the original",
            ratios(sides.old_videos, sides.new_videos),
            160,
            220,
        ),
        Row(
            f"all {batches} batches through Dagster, start-up included",
            "the original's figures and videos",
            ratios(sides.old_corpora, full),
            120,
            150,
        ),
        Row(
            "one changed batch, from run start to all artifacts current",
            f"the same for all {batches}",
            ratios(
                [ran.run_seconds for ran in sides.changed], [ran.run_seconds for ran in sides.full]
            ),
            0.1,
            0.07,
        ),
        Row("`import zwu_ts_assets.definitions`", "`import dagster`", imports, 1.15, 1.1),
        Row(
            f"peak memory of a run over {LONGER * batches:,} batches",
            f"over {batches} batches",
            [longer.peak_mib / ran.peak_mib for ran in sides.full],
            1.1,
            1.05,
        ),
        Row(
            f"time of a run over {LONGER * batches:,} batches",
            f"{LONGER} runs over {batches}",
            [longer.command_seconds / (LONGER * took) for took in full],
            1.05,
            1.0,
        ),
        *memory,
    ]
    print(
        f"{'ETTh1' if real else 'The sample dataset'}, {processor()}, "
        f"{len(os.sched_getaffinity(0))} processors, {platform.system()}, "
        f"Python {platform.python_version()}:\n"
    )
    print("\n".join([HEADER, *(row.text() for row in table)]))
    print(
        f"\nThe original: {statistics.median(sides.old_figures):.2f} s per figure, "
        f"{statistics.median(sides.old_videos):.2f} s per video, "
        f"{statistics.median(sides.old_corpora):.0f} s for all. "
        f"This: {1000 * statistics.median(sides.new_figures):.0f} ms, "
        f"{1000 * statistics.median(sides.new_videos):.0f} ms, {usual:.1f} s. "
        f"A changed batch: {statistics.median(changed):.1f} s for the whole command, "
        f"{statistics.median(ran.run_seconds for ran in sides.changed):.1f} s of them the run. "
        f"{LONGER * batches:,} batches: {longer.command_seconds:.0f} s, "
        f"{longer.peak_mib:.0f} MiB in the largest process.\n"
    )
    print(milliseconds_table("one figure, one process", of_a_figure), end="\n\n")
    print(milliseconds_table("one video of 8 frames, one process", of_a_video), end="\n\n")
    print(seconds_table(f"the run of all {batches} batches", sides.full[-1].steps), end="\n\n")
    print(seconds_table("the run after one changed batch", sides.changed[-1].steps), end="\n\n")
    print(f"measured in {(time.perf_counter() - started) / 60:.1f} minutes")


if __name__ == "__main__":
    main()
