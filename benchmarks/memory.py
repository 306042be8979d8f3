"""`python -m benchmarks.memory`: peak memory of the last mile over ten times the windows.

What belongs here: two corpora of the same rows, cut into few and into many small windows, and what
each asset takes when it alone is made again, in a process of its own. What does not: ratios of time
(`bench`).
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.measure import HEADER, Row
from benchmarks.pipeline import BATCH_ROWS, Project, first_rows
from zwu_ts_assets.config.environment import project_root
from zwu_ts_assets.config.settings import EXPORTS
from zwu_ts_assets.timeseries.sample import sample_csv

TIMES: Final = 10
"""The many windows are about so many times the few."""

AT_LEAST: Final = 1.1
AIM: Final = 1.05

ASSETS: Final = ("samples", "questions", "evidence", *EXPORTS.values())
"""Of which the memory is measured: what holds all windows, and not a batch of them."""

_STRIDES: Final = (BATCH_ROWS, BATCH_ROWS // TIMES)
_SETTINGS: Final = 'preset = "compact"\nwindow_stride = {}\n'
_SECONDS: Final = 0.05  # between two looks at the processes


@dataclass(frozen=True)
class Peak:
    """What one command took at most.

    Attributes:
        mib: Resident memory of the command and the processes that it started.
        seconds: Processor time of all of them.
    """

    mib: float
    seconds: float


class LastMile:
    """A corpus with all of its last mile, of which single assets are made again."""

    def __init__(self, folder: Path, csv: bytes, stride: int) -> None:
        """Makes all of it."""
        self.project = Project(folder, csv)
        settings = _SETTINGS.format(stride)
        self.project.csv.with_suffix(".toml").write_text(settings, encoding="utf-8")
        measured([*_COMMAND, "export"], self.environment)

    @property
    def environment(self) -> Mapping[str, str]:
        """By which a command finds it."""
        return self.project.environment

    @property
    def samples(self) -> int:
        """How many windows are in a split."""
        import pyarrow.parquet as pq

        found = (self.project.folder / "artifacts" / "samples").glob("*.parquet")
        return sum(pq.read_metadata(path).num_rows for path in found)

    def again(self, asset: str) -> Peak:
        """Make one asset again, and check it: its record is taken away, and all others stay."""
        (self.project.folder / "artifacts" / ".records" / asset / "all.json").unlink()
        formats = [name for name, export in EXPORTS.items() if export == asset]
        # What is made of the asset has its content in its fingerprint, and stays current.
        command = [*_COMMAND, "export", *(f"--format={name}" for name in formats or EXPORTS)]
        return measured(command, self.environment)


_COMMAND: Final = (sys.executable, "-m", "zwu_ts_assets")


def measured(command: Sequence[str], environment: Mapping[str, str]) -> Peak:
    """Run a command to its end, and see what memory it takes with all that it starts."""
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    over = threading.Event()
    sums = [0.0]

    def look() -> None:
        while not over.wait(_SECONDS):
            sums.append(resident_mib(process.pid))

    watcher = threading.Thread(target=look)
    watcher.start()
    _, status, usage = os.wait4(process.pid, 0)
    over.set()
    watcher.join()
    if status != 0:
        raise SystemExit(f"failed: {' '.join(command)}")
    # The system's own record of the largest process knows of what is over in a moment.
    return Peak(max(usage.ru_maxrss / 1024, *sums), usage.ru_utime + usage.ru_stime)


def resident_mib(root: int) -> float:
    """Resident memory of a process and of all below it, as far as they are still there."""
    return sum(map(_resident, [root, *_below(root)])) / 1024 / 1024


def _below(root: int) -> list[int]:
    children: list[int] = []
    with suppress(OSError):  # it has ended
        for task in Path(f"/proc/{root}/task").iterdir():
            children += map(int, (task / "children").read_text(encoding="ascii").split())
    return [*children, *(each for child in children for each in _below(child))]


def _resident(process: int) -> int:
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def memory_rows(csv: bytes, folder: Path, repeats: int, assets: Sequence[str]) -> list[Row]:
    """A row for each asset: what it takes of many windows, over what it takes of few.

    Args:
        csv: Whose windows they are.
        folder: For both corpora; what is there of an earlier call is used again.
        repeats: How often each is measured.
        assets: Which, of `ASSETS`.
    """
    few, many = (LastMile(folder / f"stride{stride}", csv, stride) for stride in _STRIDES)
    rows = []
    for asset in assets:
        ratios = []
        for _ in range(repeats):
            less, more = few.again(asset), many.again(asset)
            ratios.append(more.mib / less.mib)
            told = f"{asset}: {more.mib:.0f} / {less.mib:.0f} MiB, {more.seconds:.0f} s"
            print(f"{time.strftime('%H:%M:%S')} {told}", file=sys.stderr, flush=True)
        what = f"peak memory of `{asset}`, {many.samples:,} windows"
        rows.append(Row(what, f"{few.samples:,} windows", ratios, AT_LEAST, AIM))
    return rows


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=181 * BATCH_ROWS + 44, help="of the CSV")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="keep the corpora there, and use them again")
    parser.add_argument("--csv", type=Path, default=project_root() / "data" / "ETTh1.csv")
    parser.add_argument("assets", nargs="*", metavar="ASSET", help=f"of {', '.join(ASSETS)}")
    arguments = parser.parse_args()
    real = arguments.csv.is_file()
    csv = first_rows(
        arguments.csv.read_bytes() if real else sample_csv(arguments.rows), arguments.rows
    )
    with tempfile.TemporaryDirectory() as name:
        folder = arguments.folder or Path(name)
        assets = arguments.assets or ASSETS
        rows = memory_rows(csv, folder, arguments.repeats, assets)
    print("\n".join([HEADER, *(row.text() for row in rows)]))
    worst = max(statistics.median(row.ratios) for row in rows)
    print(f"\nThe largest: {worst:.3g}")


if __name__ == "__main__":
    main()
