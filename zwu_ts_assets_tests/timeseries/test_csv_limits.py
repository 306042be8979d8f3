"""A large CSV is read, or refused, within the bounds that docs/reference/limits.md states.

The file is written by the test and the reading runs in a process of its own, which the system lets
have no more address space than the bound.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from zwu_ts_assets_tests.reference import REPOSITORY

MEGABYTE = 1_000_000

READ = """
import resource, sys, time
from pathlib import Path
from zwu_ts_assets.timeseries.csv_file import read_series
from zwu_ts_assets.errors import CorpusError

# What is there after the imports does not count: OpenBLAS reserves space for each of its threads.
before = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
limit = before + int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
started = time.process_time()
try:
    print(read_series(Path(sys.argv[1])).values.shape)
except CorpusError as error:
    print(error)
print(f"{time.process_time() - started:.1f} s", file=sys.stderr)
"""


def write_minutes(path: Path, megabytes: int, numbers: str) -> int:
    """A CSV with the same numbers every minute; returns its rows."""
    minutes = np.arange(100_000).astype("timedelta64[m]")
    start = np.datetime64("1970-01-01T00:00", "m")
    rows = 0
    with path.open("wb") as file:
        names = ",".join(f"c{index}" for index in range(numbers.count(",")))
        file.write(f"date,{names}\n".encode("ascii"))
        while file.tell() < megabytes * MEGABYTE:
            times = np.datetime_as_string(start + minutes, unit="s")
            file.write("".join(f"{time}{numbers}\n" for time in times).encode("ascii"))
            start += np.timedelta64(len(minutes), "m")
            rows += len(minutes)
    return rows


def read_within(path: Path, memory: int) -> str:
    command = [sys.executable, "-c", READ, str(path), str(memory)]
    run = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    return run.stdout.strip()


SEVEN = ",5.827000,-2.009000,1.599000,0.462000,4.203000,1.340000,30.531000"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc and RLIMIT_AS")
@pytest.mark.parametrize(
    ("megabytes", "numbers", "times"),
    [(50, SEVEN, 2), (40, ",1" * 100, 8), (40, ",1" * 1000, 8)],
    ids=["seven columns", "the most numbers that so many bytes can hold", "the most columns"],
)
def test_reading_takes_no_more_memory_than_stated(
    tmp_path: Path, megabytes: int, numbers: str, times: int
) -> None:
    path = tmp_path / "x.csv"
    rows = write_minutes(path, megabytes, numbers)
    said = read_within(path, times * path.stat().st_size + 200 * MEGABYTE)
    assert said == f"({rows}, {numbers.count(',')})"


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc and RLIMIT_AS")
@pytest.mark.parametrize(
    "content",
    [
        b"date,a\n" + b"\n" * 8_000_000 + b"2016-07-01,1\n",
        b"date,a\n2016-07-01," + b"1" * 8_000_000 + b"\n",
        b"date" + b",a" * 4_000_000 + b"\n",
        b"date,a\n" + b'"' * 8_000_000,
    ],
    ids=["blank lines", "one long line", "many columns", "quotes"],
)
def test_hostile_content_is_refused_in_little_memory(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    assert str(path) in read_within(path, 100 * MEGABYTE)
