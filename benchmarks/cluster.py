"""`python -m benchmarks.cluster`: one process, two, and Dask with two workers, in turn.

Each makes and writes the figure and the video of windows of ETTh1's shape at the default canvas.
Below the table, as arithmetic from its numbers: what clusters take for each ETT file at stride 1.
`--small` does it once with a few windows, to show that it works.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.bench import processor
from benchmarks.cluster_run import WARMING, peak_mib
from benchmarks.dask_processes import DaskProcesses

WAYS = {"one": "one process", "two": "two processes", "dask": "Dask, two workers"}
WINDOWS = {"ETTh1 or ETTh2": 17_420 - 95, "ETTm1 or ETTm2": 69_680 - 95}
"""Windows of 96 rows that begin at every row, of the rows that each file has."""
CORES = (8, 32, 128)


@dataclass
class Rounds:
    """What was measured of one way, an entry per round."""

    rates: list[float] = field(default_factory=list)
    sums_mib: list[float] = field(default_factory=list)
    parents_mib: list[float] = field(default_factory=list)
    bytes: float = 0.0

    def add(self, way: str, windows: int, warming: int, cluster: DaskProcesses) -> None:
        """Measure once more, in a new process."""
        command = [sys.executable, "-m", "benchmarks.cluster_run", way, str(windows)]
        command += [cluster.address, str(warming)]
        ran = subprocess.run(command, stdout=subprocess.PIPE, check=True)
        found = json.loads(ran.stdout)
        self.rates.append(found["rate"])
        self.parents_mib.append(found["parent_mib"])
        scheduler = peak_mib(cluster.scheduler.pid) if way in ("dask", "writing") else 0.0
        self.sums_mib.append(found["parent_mib"] + found["workers_mib"] + scheduler)
        self.bytes = found["bytes"]


def table(rounds: dict[str, Rounds]) -> str:
    """Rates and memory in Markdown."""
    lines = [
        "| way | windows per second, median | spread | peak memory of all processes, MiB "
        "| of the parent, MiB |",
        "|---|---:|---|---:|---:|",
    ]
    for way, name in WAYS.items():
        found = rounds[way]
        spread = f"{min(found.rates):.1f} to {max(found.rates):.1f}"
        lines.append(
            f"| {name} | {statistics.median(found.rates):.1f} "
            f"| {spread if len(found.rates) > 1 else 'once'} "
            f"| {max(found.sums_mib):.0f} | {max(found.parents_mib):.0f} |"
        )
    return "\n".join(lines)


def duration(seconds: float) -> str:
    """Seconds in the unit that a person would use."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def estimate(here: float, per_core: float, at_most: float, cores: Sequence[int] = CORES) -> str:
    """How long this machine and clusters take for the ETT files, in Markdown.

    Args:
        here: Windows per second of two processes of this machine.
        per_core: Windows per second of one worker.
        at_most: Windows per second that one parent can receive and write.
        cores: Of the clusters, a worker on each.
    """
    every = {**WINDOWS, "all four files": 2 * sum(WINDOWS.values())}
    lines = [
        f"| windows | two processes | {' | '.join(f'Dask, {count} cores' for count in cores)} |",
        f"|---|---:|{'---:|' * len(cores)}",
    ]
    for name, windows in every.items():
        rates = [here, *(min(count * per_core, at_most) for count in cores)]
        took = [duration(windows / rate) for rate in rates]
        lines.append(f"| {name}: {windows:,} | {' | '.join(took)} |")
    return "\n".join(lines)


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a few windows, once")
    parser.add_argument("--windows", type=int, default=240, help="per way and round")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    windows, repeats, warming = arguments.windows, arguments.rounds, WARMING
    if arguments.small:
        windows, repeats, warming = 6, 1, 3
    started = time.perf_counter()
    rounds = {way: Rounds() for way in (*WAYS, "writing")}
    for _ in range(repeats):
        for way, found in rounds.items():
            # New workers each time, so that all are as fresh as the processes of the other ways.
            with DaskProcesses(2 if way in ("dask", "writing") else 0) as cluster:
                found.add(way, windows, warming, cluster)
    per_core = statistics.median(rounds["dask"].rates) / 2
    at_most = statistics.median(rounds["writing"].rates)
    print(
        f"{windows} windows, {repeats} times; {processor()}, {len(os.sched_getaffinity(0))} "
        f"processors, {platform.system()}, Python {platform.python_version()}:\n"
    )
    print(table(rounds), end="\n\n")
    print(
        f"A window is {rounds['dask'].bytes / 1024:.0f} KiB of PNG and MP4. One parent received "
        f"and wrote {at_most:.0f} windows per second of two Dask workers that had next to nothing "
        "to do; they and the scheduler shared its processors, so that it is no less elsewhere.\n"
    )
    print("By arithmetic from these numbers, and not measured:\n")
    print(estimate(statistics.median(rounds["two"].rates), per_core, at_most), end="\n\n")
    print(
        f"Assumed: every core does as much as a worker above ({per_core:.1f} windows per second), "
        f"up to what one parent can write ({at_most:.0f} per second, reached with "
        f"{at_most / per_core:.0f} cores); scheduler and parent have a core each besides; the "
        f"network carries {min(max(CORES) * per_core, at_most) * rounds['dask'].bytes / 1e6:.0f} "
        f"MB/s at {max(CORES)} cores. Not counted: starting the cluster, text, exports and what "
        "Dagster records."
    )
    print(f"\nmeasured in {(time.perf_counter() - started) / 60:.1f} minutes")


if __name__ == "__main__":
    main()
