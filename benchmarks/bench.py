"""`make bench`: both sides in one run, alternately, as ratios with their spread.

Seconds on a shared machine mean little; a ratio of two things measured in turn means something.
`--small` runs everything once on a handful of batches, to show that it works.
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
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks import original
from zwu_ts_assets.corpus.csv_file import read_series
from zwu_ts_assets.corpus.dependence import dependence_matrices
from zwu_ts_assets.corpus.figure import draw_figure, draw_matrices, encode_png
from zwu_ts_assets.corpus.mp4 import encode_mp4, probe_mp4
from zwu_ts_assets.corpus.sample import sample_csv
from zwu_ts_assets.corpus.video import draw_patch_frames
from zwu_ts_assets.environment import project_root

Window = NDArray[np.float64]
BATCH_ROWS = 96


@dataclass(frozen=True)
class Row:
    """One line of the table: ratios of pairs, and what they should reach."""

    name: str
    ratios: Sequence[float]
    at_least: float
    aim: float

    def text(self) -> str:
        """The line in Markdown."""
        middle, low, high = statistics.median(self.ratios), min(self.ratios), max(self.ratios)
        # Where the aim is above the bound, more is better.
        more_is_better = self.aim > self.at_least
        reached = middle >= self.at_least if more_is_better else middle <= self.at_least
        return (
            f"| {self.name} | {middle:.3g}x | {low:.3g}..{high:.3g} | {self.at_least}x "
            f"| {self.aim}x | {'yes' if reached else 'NO'} |"
        )


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def pairs(
    ours: Callable[[int], object], theirs: Callable[[int], object], count: int
) -> list[tuple[float, float]]:
    """Wall times of both sides, taken in turn on the same windows."""
    times = []
    for i in range(count):
        old = seconds(lambda i=i: theirs(i))  # type: ignore[misc]
        # Ours is short: several calls, or the clock and the neighbours would decide.
        new = statistics.median(seconds(lambda i=i: ours(i)) for _ in range(5))  # type: ignore[misc]
        times.append((new, old))
    return times


class Project:
    """A data folder, an artifacts folder and a Dagster home for runs of the whole pipeline."""

    def __init__(self, folder: Path, csv: bytes) -> None:
        """Args: where; the CSV, named ETTh1.csv there because that dataset has no prefix."""
        self.folder = folder
        (folder / "data").mkdir(parents=True)
        (folder / "home").mkdir()
        shutil.copy(project_root() / ".dagster" / "dagster.yaml", folder / "home")
        self.csv = folder / "data" / "ETTh1.csv"
        self.csv.write_bytes(csv)

    def run(self) -> tuple[float, float]:
        """Materialize what is due; wall seconds, and the largest process in MiB."""
        environment = {
            **os.environ,
            "ZWU_TS_DATA_DIR": str(self.folder / "data"),
            "ZWU_TS_ARTIFACTS_DIR": str(self.folder / "artifacts"),
            "DAGSTER_HOME": str(self.folder / "home"),
            "ZWU_TS_DATASETS": "etth1",
        }
        started = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "zwu_ts_assets", "run"],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _, status, usage = os.wait4(process.pid, 0)
        if status != 0:
            raise SystemExit(f"the run in {self.folder} failed; is the package installed?")
        return time.perf_counter() - started, usage.ru_maxrss / 1024


def rows_of(csv: bytes, rows: int) -> bytes:
    """The header and so many rows of a CSV."""
    return b"".join(csv.splitlines(keepends=True)[: rows + 1])


def with_one_value_changed(csv: bytes, batch: int) -> bytes:
    """The CSV with another last value in a row of one batch."""
    lines = csv.splitlines(keepends=True)
    line = 1 + batch * BATCH_ROWS + 5
    lines[line] = lines[line].rsplit(b",", 1)[0] + b",12.345\n"
    return b"".join(lines)


def step_seconds(home: Path) -> list[tuple[str, float]]:
    """How long each step of an instance's last run took, longest first."""
    import dagster as dg

    with dg.DagsterInstance.from_config(str(home)) as instance:
        record = instance.get_run_records(limit=1)[0]
        stats = instance.get_run_step_stats(record.dagster_run.run_id)
        steps = [(s.step_key, (s.end_time or 0) - (s.start_time or 0)) for s in stats]
        whole = (record.end_time or 0) - record.create_timestamp.timestamp()
    # What no step accounts for is Dagster creating the run and its planned events.
    steps.append(("creating and ending the run", whole - sum(took for _, took in steps)))
    return sorted(steps, key=lambda step: -step[1])


def import_pairs(count: int) -> list[float]:
    """Time to import our definitions over time to import Dagster, in turn."""

    def run(module: str) -> float:
        return seconds(
            lambda: subprocess.run([sys.executable, "-c", f"import {module}"], check=True)
        )

    run("zwu_ts_assets.definitions")
    return [run("zwu_ts_assets.definitions") / run("dagster") for _ in range(count)]


def stages(window: Window, features: tuple[str, ...]) -> list[tuple[str, float]]:
    """Milliseconds of each stage of a figure and a video, in one process."""
    matrices = dependence_matrices(window)
    frame = draw_figure(window, features)
    frames = draw_patch_frames(window, features)
    video = encode_mp4(frames)
    work: list[tuple[str, Callable[[], object]]] = [
        ("figure: matrices", lambda: dependence_matrices(window)),
        ("figure: drawing", lambda: draw_matrices(matrices, features)),
        ("figure: PNG", lambda: encode_png(frame)),
        ("video: matrices and drawing", lambda: draw_patch_frames(window, features)),
        ("video: encoding", lambda: encode_mp4(frames)),
        ("video: check that it decodes", lambda: probe_mp4(video)),
    ]
    return [
        (name, 1000 * statistics.median(seconds(stage) for _ in range(9))) for name, stage in work
    ]


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a few batches, once")
    parser.add_argument("--csv", type=Path, default=project_root() / "data" / "ETTh1.csv")
    arguments = parser.parse_args()
    batches, repeats = (4, 1) if arguments.small else (181, 3)
    rows = batches * BATCH_ROWS + 44

    real = arguments.csv.is_file()
    csv = rows_of(arguments.csv.read_bytes() if real else sample_csv(rows), rows)
    long_csv = sample_csv(10 * batches * BATCH_ROWS)
    print(
        f"machine: {platform.machine()}, {os.cpu_count()} processors, {platform.system()}, ", end=""
    )
    print(f"Python {platform.python_version()}")
    print(f"data: {'ETTh1' if real else 'generated sample'}, {batches} batches\n")

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "series.csv").write_bytes(csv)
        series = read_series(folder / "series.csv")
        features = series.features

        def window(i: int) -> Window:
            start = (i * 17 % batches) * BATCH_ROWS
            return series.values[start : start + BATCH_ROWS]

        def our_figure(i: int) -> None:
            (folder / "ours.png").write_bytes(encode_png(draw_figure(window(i), features)))

        def our_video(i: int) -> None:
            (folder / "ours.mp4").write_bytes(encode_mp4(draw_patch_frames(window(i), features)))

        our_figure(0)
        our_video(0)
        figure = pairs(
            our_figure,
            lambda i: original.figure_png(window(i), features, folder / "old.png"),
            2 * repeats,
        )
        video = pairs(
            our_video,
            lambda i: original.video_mp4(window(i), features, folder / "old.mp4"),
            repeats,
        )
        old_corpus = batches * (
            statistics.median(old for _, old in figure) + statistics.median(old for _, old in video)
        )

        full, changed, memory, parts = [], [], [], []
        for i in range(repeats):
            project = Project(folder / f"run{i}", csv)
            took, peak = project.run()
            parts = step_seconds(project.folder / "home")
            project.csv.write_bytes(with_one_value_changed(csv, batches // 2))
            again, _ = project.run()
            full.append(took)
            changed.append(again / took)
            memory.append(peak)
            shutil.rmtree(project.folder)
        short = Project(folder / "short", rows_of(long_csv, batches * BATCH_ROWS))
        short_seconds, short_peak = short.run()
        ten_times = Project(folder / "long", long_csv)
        long_seconds, long_peak = ten_times.run()

        corpus = [old_corpus / took for took in full]
        longer = [long_seconds / (10 * short_seconds)]
        table = [
            Row("one figure, array to PNG", [o / n for n, o in figure], 60, 150),
            Row("one video, array to MP4", [o / n for n, o in video], 30, 80),
            Row("whole corpus through Dagster", corpus, 60, 120),
            Row("one changed batch / all", changed, 0.1, 0.05),
            Row("import definitions / import dagster", import_pairs(3 * repeats), 1.25, 1.1),
            Row("peak memory, ten times the batches", [long_peak / short_peak], 1.2, 1.05),
            Row("time, ten times the batches / ten runs", longer, 1.05, 1.0),
        ]
        print("| what | median | spread | at least | aim | reached |")
        print("|---|---|---|---|---|---|")
        for row in table:
            print(row.text())
        print(f"\noriginal: {statistics.median(o for _, o in figure):.2f} s per figure, ", end="")
        print(
            f"{statistics.median(o for _, o in video):.2f} s per video, {old_corpus:.0f} s for all"
        )
        print(f"ours: {statistics.median(full):.1f} s for all {batches} batches, ", end="")
        print(f"{long_seconds:.1f} s and {long_peak:.0f} MiB for {10 * batches}\n")
        print("Where the time goes, one process, milliseconds:")
        for stage, took in stages(window(1), features):
            print(f"  {stage:<34} {took:8.1f}")
        print("Where the time of a run goes, seconds:")
        for stage, took in parts:
            print(f"  {stage:<48} {took:6.2f}")


if __name__ == "__main__":
    main()
