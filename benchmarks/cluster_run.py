"""One measurement of the cluster benchmark, in a process of its own so that its memory is its own.

What belongs here: windows, what is done with each, and what one way of doing it takes. What does
not: the ways' order and the table (`cluster`).
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from zwu_ts_assets.config.settings import Settings
from zwu_ts_assets.orchestration.assets.corpus_products import (
    Drawing,
    correlation_product,
    video_product,
)
from zwu_ts_assets.storage.folder_store import FolderStore
from zwu_ts_assets.timeseries.csv_file import read_series
from zwu_ts_assets.timeseries.sample import sample_csv
from zwu_ts_assets.timeseries.windows import Window
from zwu_ts_assets.workers.dask_pool import DaskPool
from zwu_ts_assets.workers.pool import Pool, WorkerPool

SETTINGS = Settings.model_validate({})
WARMING = 12
"""Windows before the clock starts: processes start, import and draw what all figures share."""


@dataclass(frozen=True)
class Made:
    """What became of a window, and the process that made it.

    Attributes:
        files: By name.
        pid: Of the process.
        peak_mib: Its largest resident memory so far.
    """

    files: dict[str, bytes]
    pid: int
    peak_mib: float


def figure_and_video(item: tuple[int, Window]) -> Made:
    """Both media of a window at the default canvas."""
    drawing = Drawing(*item)
    figure = correlation_product(drawing, settings=SETTINGS).value["png"]
    video = video_product(drawing, settings=SETTINGS).value["video"]
    files = {f"figures/window_{item[0]}.png": figure, f"videos/window_{item[0]}.mp4": video}
    return Made(files, os.getpid(), peak_mib())


def the_same_again(index: int) -> Made:
    """The media of one window under another's name: as many bytes for next to no work."""
    made = _of_the_first_window()
    files = {name.replace("_0.", f"_{index}."): data for name, data in made.files.items()}
    return replace(made, files=files)


@lru_cache(maxsize=1)
def _of_the_first_window() -> Made:
    return figure_and_video(next(windows(1)))


def windows(count: int) -> Iterator[tuple[int, Window]]:
    """Windows of ETTh1's shape that begin at every row, of the synthetic sample."""
    length = SETTINGS.window_length
    with tempfile.TemporaryDirectory() as folder:
        csv = Path(folder) / "series.csv"
        csv.write_bytes(sample_csv(count + length))
        series = read_series(csv)
    for start in range(count):
        rows = slice(start, start + length)
        yield start, Window(start, series.timestamps[rows], series.values[rows], series.features, 0)


def measure(way: str, count: int, address: str, warming: int = WARMING) -> dict[str, float]:
    """Make and write some windows.

    Args:
        way: `one`, `two`, `dask`, or `writing` (Dask workers that have next to nothing to do).
        count: How many windows.
        address: Of the Dask scheduler, where the way needs one.
        warming: How many more before the clock starts.

    Returns:
        Windows per second, peak memory of the parent and the sum of that of the workers in MiB,
        and bytes per window.
    """
    pool: Pool
    pool = DaskPool(address) if way in ("dask", "writing") else WorkerPool(2 if way == "two" else 1)
    peaks: dict[int, float] = {}
    written = 0
    with tempfile.TemporaryDirectory() as folder:
        store = FolderStore(Path(folder))
        if way == "writing":
            results = pool.map(the_same_again, range(warming + count))
        else:
            results = pool.map(figure_and_video, windows(warming + count))
        for number, made in enumerate(results):
            if number == warming:
                started, written = time.perf_counter(), 0
            for name, data in made.files.items():
                store.write(name, data)
                written += len(data)
            peaks[made.pid] = max(made.peak_mib, peaks.get(made.pid, 0.0))
        took = time.perf_counter() - started
        pool.close()
    peaks.pop(os.getpid(), None)
    return {
        "rate": count / took,
        "parent_mib": peak_mib(),
        "workers_mib": sum(peaks.values()),
        "workers": len(peaks),
        "bytes": written / count,
    }


def peak_mib(pid: int | str = "self") -> float:
    """The largest resident memory of a process so far; 0 if it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0.0
    # Not getrusage: that counts what the parent had when it started this process, too.
    lines = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(lines[0].split()[1]) / 1024 if lines else 0.0


if __name__ == "__main__":
    # By the module's own name: what is defined in `__main__` is not what the workers import.
    from benchmarks import cluster_run

    _, way, count, address, warming = sys.argv
    print(json.dumps(cluster_run.measure(way, int(count), address, int(warming))))
