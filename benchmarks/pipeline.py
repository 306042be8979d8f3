"""Runs of the whole pipeline as a user starts it, and what Dagster recorded of them.

What belongs here: a project in a folder of its own, the command that builds it, and the CSVs it is
given. What does not: ratios (`bench`).
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import numpy as np

from zwu_ts_assets.config.environment import project_root

BATCH_ROWS = 96


@dataclass(frozen=True)
class Ran:
    """What one command cost.

    Attributes:
        command_seconds: From starting the process to its end, as the user waits.
        run_seconds: By Dagster's own record, from the first event of the run (its creation) to its
            end, when all artifacts are current.
        steps: Seconds of each step of the run, longest first, and of what surrounds them.
        peak_mib: Resident memory of the largest process of the command.
    """

    command_seconds: float
    run_seconds: float
    steps: list[tuple[str, float]]
    peak_mib: float


class Project:
    """A data folder, an artifacts folder and a Dagster home."""

    def __init__(self, folder: Path, csv: bytes) -> None:
        """Args: where; the CSV, named ETTh1.csv there because that dataset has no prefix."""
        (folder / "data").mkdir(parents=True, exist_ok=True)
        (folder / "home").mkdir(exist_ok=True)
        shutil.copy(project_root() / ".dagster" / "dagster.yaml", folder / "home")
        self.folder = folder
        self.csv = folder / "data" / "ETTh1.csv"
        self.csv.write_bytes(csv)

    @property
    def environment(self) -> Mapping[str, str]:
        """By which a command finds it."""
        return {
            **os.environ,
            "ZWU_TS_DATA_DIR": str(self.folder / "data"),
            "ZWU_TS_ARTIFACTS_DIR": str(self.folder / "artifacts"),
            "DAGSTER_HOME": str(self.folder / "home"),
            "ZWU_TS_DATASETS": "etth1",
        }

    def run(self) -> Ran:
        """Materialize what is due."""
        clock, started = time.time(), time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "zwu_ts_assets", "run"],
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _, status, usage = os.wait4(process.pid, 0)
        took = time.perf_counter() - started
        if status != 0:
            raise SystemExit(f"the run in {self.folder} failed; is the package installed?")
        recorded, steps = self._recorded(clock, took)
        return Ran(took, recorded, steps, usage.ru_maxrss / 1024)

    def _recorded(self, since: float, took: float) -> tuple[float, list[tuple[str, float]]]:
        """What the instance recorded of the runs since a point in time, usually one."""
        steps: list[tuple[str, float]] = []
        begins, ends = [], []
        with dg.DagsterInstance.from_config(str(self.folder / "home")) as instance:
            for record in instance.get_run_records():
                run_id = record.dagster_run.run_id
                # Not the record's creation time, which has whole seconds only.
                first = instance.get_records_for_run(run_id, limit=1, ascending=True).records[0]
                if first.timestamp < since:
                    continue
                begins.append(first.timestamp)
                ends.append(record.end_time or 0.0)
                stats = instance.get_run_step_stats(run_id)
                steps += [(s.step_key, (s.end_time or 0.0) - (s.start_time or 0.0)) for s in stats]
        if not begins:
            raise SystemExit(f"Dagster recorded no run in {self.folder}: was nothing due?")
        run_seconds = max(ends) - min(begins)
        steps.sort(key=lambda step: -step[1])
        within = sum(seconds for _, seconds in steps)
        steps.append(("creating and ending the run, and its events", run_seconds - within))
        steps.append(("start-up, and finding out what is due", min(begins) - since))
        steps.append(("after the run", since + took - max(ends)))
        return run_seconds, steps


def first_rows(csv: bytes, rows: int) -> bytes:
    """The header and so many rows of a CSV."""
    return b"".join(csv.splitlines(keepends=True)[: rows + 1])


def repeated(csv: bytes, batches: int, times: int) -> bytes:
    """The rows of the first batches again and again, at timestamps that go on."""
    header, *lines = csv.splitlines()[: 1 + batches * BATCH_ROWS]
    stamps = [np.datetime64(line.split(b",", 1)[0].decode("ascii"), "s") for line in lines[:2]]
    written = [header]
    for i in range(len(lines) * times):
        when = str(stamps[0] + i * (stamps[1] - stamps[0])).replace("T", " ")
        written.append(when.encode("ascii") + b"," + lines[i % len(lines)].split(b",", 1)[1])
    return b"\n".join(written) + b"\n"


def with_one_value_changed(csv: bytes, batch: int) -> bytes:
    """The CSV with another last value in a row of one batch."""
    lines = csv.splitlines(keepends=True)
    line = 1 + batch * BATCH_ROWS + 5
    lines[line] = lines[line].rsplit(b",", 1)[0] + b",12.345\n"
    return b"".join(lines)
