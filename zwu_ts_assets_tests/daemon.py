"""A project that a real Dagster daemon looks after, for tests of what happens by itself."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import dagster as dg

from zwu_ts_assets_tests.processes import patience
from zwu_ts_assets_tests.project import SETTINGS, write_csv

ROWS = 24 * 6 + 5
"""Six batches, and five rows more."""
TEXTS = {
    "correlations/batch_stats.txt",
    "correlations/batch_stats_tokens.jsonl",
    "correlations/batch_stats_qwen.jsonl",
    "correlations/vocab.json",
}
"""What is made of the statistics of all batches."""

# Dagster's daemon looks for due sensors every five seconds, which tests need not wait for.
_DAEMON = """
from dagster._daemon import sensor
sensor.MIN_INTERVAL_LOOP_TIME = 0.5
from dagster._daemon.cli import cli
cli(["run", "-m", "MODULE"])
"""
_INSTANCE = """\
telemetry:
  enabled: false
run_coordinator:
  module: dagster.core.run_coordinator
  class: QueuedRunCoordinator
  config:
    max_concurrent_runs: 1
    dequeue_interval_seconds: 1
"""
_FINISHED = (
    dg.DagsterRunStatus.SUCCESS,
    dg.DagsterRunStatus.FAILURE,
    dg.DagsterRunStatus.CANCELED,
)


class Watched:
    """A CSV, an artifacts folder and an instance, with a daemon that can be stopped and killed."""

    def __init__(self, folder: Path, rows: int = ROWS, instance: str = _INSTANCE) -> None:
        """Args: a new folder for all of it; rows of the CSV; the instance's configuration."""
        self.data, self.artifacts, self.home = (
            folder / "data",
            folder / "artifacts",
            folder / "home",
        )
        self.csv, self.toml = self.data / "ETTh1.csv", self.data / "ETTh1.toml"
        self.data.mkdir(parents=True)
        self.home.mkdir()
        (self.home / "dagster.yaml").write_text(instance, encoding="utf-8")
        write_csv(self.csv, rows)
        self.toml.write_text(SETTINGS, encoding="utf-8")
        self.instance = dg.DagsterInstance.from_config(str(self.home))
        self._daemon: subprocess.Popen[bytes] | None = None
        self._log = folder / "daemon.log"

    @property
    def environment(self) -> dict[str, str]:
        """What a process of this project is started with."""
        return {
            **os.environ,
            "ZWU_TS_DATA_DIR": str(self.data),
            "ZWU_TS_ARTIFACTS_DIR": str(self.artifacts),
            "DAGSTER_HOME": str(self.home),
            "ZWU_TS_DATASETS": "etth1",
            # A look takes half a second of a processor, most of it Dagster's: looking all the time
            # would leave too little for the runs, and for the tests beside this one.
            "ZWU_TS_SENSOR": "3",
            "ZWU_TS_SETTLE_SECONDS": "1",
            "ZWU_TS_RETRY_SECONDS": "2",
            "ZWU_TS_ATTEMPTS": "3",
        }

    def start(self, module: str = "zwu_ts_assets", **variables: str) -> None:
        """Start the daemon, with code of a module."""
        with self._log.open("ab") as log:
            self._daemon = subprocess.Popen(
                [sys.executable, "-c", _DAEMON.replace("MODULE", module)],
                env={**self.environment, **variables},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Stop the daemon and all that it started, or kill them."""
        if self._daemon is not None:
            os.killpg(self._daemon.pid, how)
            self._daemon.wait(timeout=60)
            self._daemon = None
        self.wait(lambda: not _processes_with(str(self.home)), "all processes to end")

    def kill_alone(self) -> None:
        """Kill the daemon and nothing that it started."""
        assert self._daemon is not None
        self._daemon.kill()
        self._daemon.wait()
        self._daemon = None

    def wait(self, until: Callable[[], object], what: str, seconds: float = 120.0) -> None:
        """Wait until something is so; fail with the daemon's last words if it never is."""
        started = time.monotonic()
        while not until():
            if time.monotonic() > started + patience(seconds):
                words = (
                    self._log.read_text("utf-8", "replace")[-4000:] if self._log.exists() else ""
                )
                waited = time.monotonic() - started
                raise AssertionError(f"waited {waited:.0f} s in vain for {what}\n{words}")
            time.sleep(0.2)

    def settle(self, seconds: float = 120.0) -> None:
        """Wait until a look that began from now on finds everything current."""
        self.wait_for_tick("every artifact is current", seconds)

    def wait_for_tick(self, words: str, seconds: float = 120.0) -> None:
        """Wait until a look that began from now on ends with a reason that has these words."""
        now = time.time()
        self.wait(
            lambda: any(words in reason for when, reason in self.ticks() if when > now),
            f"a look that says {words!r}; the last said {self.ticks()[:1]}",
            seconds,
        )

    def ticks(self) -> list[tuple[float, str]]:
        """When the sensor looked and why it started no run; newest first."""
        found: list[tuple[float, str]] = []
        for state in self.instance.all_instigator_state():
            if state.instigator_name == "etth1_sensor":
                ticks = self.instance.get_ticks(
                    state.instigator_origin_id, state.selector_id, limit=20
                )
                found += [(t.timestamp, t.tick_data.skip_reason or "") for t in ticks]
        return found

    def runs(self) -> list[dg.DagsterRun]:
        """All runs so far, oldest first."""
        return list(reversed(self.instance.get_runs()))

    def files(self) -> dict[str, tuple[int, bytes]]:
        """Time of the last change and content of every artifact file, by its path."""
        return {
            str(path.relative_to(self.artifacts)): (path.stat().st_mtime_ns, path.read_bytes())
            for path in sorted(self.artifacts.rglob("*"))
            if path.is_file() and not path.relative_to(self.artifacts).parts[0].startswith(".")
        }

    def change(self, batch: int, value: float) -> None:
        """Give another last value to a row of one batch."""
        self.replace_csv(with_value(self.csv.read_text("utf-8"), {batch: value}))

    def replace_csv(self, text: str) -> None:
        """Put another CSV into place in one step, as an editor does."""
        other = self.csv.with_suffix(".new")
        other.write_text(text, encoding="utf-8")
        other.replace(self.csv)


def with_value(csv: str, values: Mapping[int, float]) -> str:
    """A CSV with another last value in a row of some batches."""
    lines = csv.splitlines(keepends=True)
    for batch, value in values.items():
        row = 1 + batch * 24 + 5
        lines[row] = lines[row].rsplit(",", 1)[0] + f",{value}\n"
    return "".join(lines)


def is_finished(run: dg.DagsterRun) -> bool:
    """Whether a run has ended, however it did."""
    return run.status in _FINISHED


def rewritten(
    before: Mapping[str, tuple[int, bytes]], after: Mapping[str, tuple[int, bytes]]
) -> set[str]:
    """The files that were written, or removed, between two looks."""
    names = {*before, *after}
    return {name for name in names if before.get(name) != after.get(name)}


def of_batches(batches: Sequence[int], *folders: str) -> set[str]:
    """The per-batch files of some batches, of all folders or of some."""
    suffixes = {"batch_windows": "parquet", "correlations": "png", "patch_videos": "mp4"}
    chosen = {folder: suffixes[folder] for folder in folders or suffixes}
    return {f"{f}/batch_{batch}.{suffix}" for batch in batches for f, suffix in chosen.items()}


def processes_holding(path: Path) -> list[int]:
    """The processes that have a file open, by the kernel's own list."""
    found = []
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if link.readlink() == path:
                found.append(int(link.parts[2]))
        except OSError:  # it ended, or is not ours
            continue
    return sorted(set(found))


def _processes_with(text: str) -> list[int]:
    """The processes whose environment has a text, this one left out."""
    found = []
    for file in Path("/proc").glob("[0-9]*/environ"):
        try:
            if text.encode() in file.read_bytes() and int(file.parts[2]) != os.getpid():
                found.append(int(file.parts[2]))
        except OSError:  # it ended, or is not ours
            continue
    return found
