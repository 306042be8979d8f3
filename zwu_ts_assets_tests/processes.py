"""`zwu-ts-assets run` as a process of its own, for tests of what happens when it is disturbed."""

import hashlib
import io
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pyarrow.parquet as pq
from PIL import Image

from zwu_ts_assets.figures.mp4 import probe_mp4
from zwu_ts_assets_tests.project import SETTINGS, write_csv

BATCHES = 9
"""One more than are drawn without worker processes."""


class Shell:
    """A CSV, an artifacts folder, a home, a cache and a folder for temporary files, all new."""

    def __init__(self, folder: Path, batches: int = BATCHES) -> None:
        """Args: a folder that is not there yet; batches of the CSV."""
        self.data, self.artifacts = folder / "data", folder / "artifacts"
        self.home, self.cache = folder / "home", folder / "cache"
        self.temporary = folder / "temporary"
        for new in (self.data, self.temporary):
            new.mkdir(parents=True)
        self._make_home()
        self.csv = self.data / "ETTh1.csv"
        write_csv(self.csv, 24 * batches + 5)
        (self.data / "ETTh1.toml").write_text(SETTINGS, encoding="utf-8")
        self.log = folder / "run.log"

    @property
    def environment(self) -> dict[str, str]:
        """What its processes are started with."""
        return {
            **os.environ,
            "ZWU_TS_DATA_DIR": str(self.data),
            "ZWU_TS_ARTIFACTS_DIR": str(self.artifacts),
            "ZWU_TS_CACHE_DIR": str(self.cache),
            "DAGSTER_HOME": str(self.home),
            "ZWU_TS_DATASETS": "etth1",
            "TMPDIR": str(self.temporary),
        }

    def start(
        self, *words: str, before: Callable[[], object] | None = None, log: str = ""
    ) -> "subprocess.Popen[bytes]":
        """Start a run in a process group of its own.

        Args:
            words: Further options of the command.
            before: Called in the new process before it becomes the run, to limit it.
            log: Name of another log than that of the latest run.
        """
        with (self.log.with_name(log) if log else self.log).open("wb") as file:
            return subprocess.Popen(
                [sys.executable, "-m", "zwu_ts_assets", "run", "--workers", "2", *words],
                env=self.environment,
                stdout=file,
                stderr=file,
                start_new_session=True,
                preexec_fn=before,
            )

    def run(self, *words: str, before: Callable[[], object] | None = None) -> tuple[int, str]:
        """Run to the end; the exit code, and what the terminal shows."""
        code = self.start(*words, before=before).wait(timeout=patience(300))
        return code, self.said()

    def said(self) -> str:
        """What the latest run has shown on the terminal."""
        return self.log.read_text("utf-8", "replace")

    def files(self) -> dict[str, bytes]:
        """Every file in the artifacts folder, records and whatever else lies there included."""
        return {
            str(path.relative_to(self.artifacts)): path.read_bytes()
            for path in sorted(self.artifacts.rglob("*"))
            if path.is_file()
        }

    def strays(self) -> list[str]:
        """Temporaries, locks and whatever else a finished run should not have left."""
        kept = {self.artifacts / ".records", self.artifacts / ".runs"}
        hidden = {*self.artifacts.rglob(".*"), *self.cache.rglob(".*")} - kept
        locks = (self.artifacts / ".runs").glob("*")
        return sorted(map(str, {*hidden, *locks, *self.temporary.iterdir()}))

    def forget(self) -> None:
        """Remove everything that runs have made, but for what is made once per machine."""
        for folder in (self.artifacts, self.home):
            shutil.rmtree(folder, ignore_errors=True)
        self._make_home()

    def _make_home(self) -> None:
        self.home.mkdir(exist_ok=True)
        (self.home / "dagster.yaml").write_text("telemetry: {enabled: false}\n", "utf-8")

    def unfinished_runs(self) -> list[str]:
        """The runs that are still under way, as far as Dagster knows."""
        with dg.DagsterInstance.from_config(str(self.home)) as instance:
            return [run.run_id for run in instance.get_runs() if not run.is_finished]

    def broken_databases(self) -> list[str]:
        """The SQLite files that are corrupted, by SQLite's own check."""
        found = []
        for path in self.home.rglob("*.db"):
            with closing(sqlite3.connect(path, timeout=60)) as database:
                if database.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
                    found.append(str(path))
        return found


@dataclass(frozen=True)
class Undisturbed:
    """A project, every file that an undisturbed run of it makes, and how many seconds it takes."""

    shell: Shell
    files: dict[str, bytes]
    seconds: float


def undisturbed_run(folder: Path) -> Undisturbed:
    """Run once from nothing, and open everything that it makes.

    Args:
        folder: One that is not there yet.
    """
    shell = Shell(folder)
    started = time.monotonic()
    code, said = shell.run()
    seconds = time.monotonic() - started
    assert code == 0, said
    files = shell.files()
    for name, data in files.items():
        assert_whole(name, data)
    assert_as_recorded(files)
    assert shell.strays() == []
    return Undisturbed(shell, files, seconds)


def final(files: dict[str, bytes]) -> dict[str, bytes]:
    """Those of the files that lie under their final name."""
    return {
        name: data
        for name, data in files.items()
        if not name.endswith(".tmp") and not name.startswith(".runs/")
    }


def assert_whole(name: str, data: bytes) -> None:
    """Open an artifact by its final name as a trainer would."""
    suffix = Path(name).suffix
    if suffix == ".png":
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            assert image.size == (448, 224)
    elif suffix == ".mp4":
        assert probe_mp4(data).frames == 4
    elif suffix == ".parquet":
        assert pq.read_table(io.BytesIO(data)).num_rows > 0
    elif suffix == ".jsonl":
        assert data.endswith(b"\n")
        for line in data.splitlines():
            json.loads(line)
    elif suffix == ".json":
        json.loads(data)
    else:
        assert name == "correlations/batch_stats.txt"
        assert data.decode("utf-8").endswith("\n\n")


def assert_as_recorded(files: dict[str, bytes]) -> None:
    """Hold every file of which there is a record against it."""
    for name, data in files.items():
        if name.startswith(".records/"):
            for file, entry in json.loads(data)["files"].items():
                assert hashlib.sha256(files[file]).hexdigest() == entry["sha256"]
                assert len(files[file]) == entry["bytes"]


def kill(process: "subprocess.Popen[bytes]", *, group: bool) -> None:
    """SIGKILL for a process, or for it and all that it started."""
    if group:
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()


def workers_of(parent: int) -> list[int]:
    """The worker processes that a run has started, by the kernel's own list."""
    return [pid for pid, words in _children(parent) if any("popen_loky" in word for word in words)]


def _children(parent: int) -> Iterator[tuple[int, list[str]]]:
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text("ascii", "replace").rsplit(")")[-1].split()
            words = (folder / "cmdline").read_text("utf-8", "replace").split("\0")
        except OSError:  # it has ended
            continue
        if int(fields[1]) == parent:
            yield int(folder.name), words


def patience(seconds: float) -> float:
    """How long to wait now for what takes some seconds of a machine that has nothing else to do.

    On a machine that is busy with something else as much longer as there are processes that want
    a processor; what never comes is noticed all the same.
    """
    return seconds * min(max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1)), 10.0)


def wait_for(what: Callable[[], object], seconds: float = 120.0) -> None:
    """Wait until something is so."""
    started = time.monotonic()
    while not what():
        assert time.monotonic() < started + patience(seconds), "waited in vain"
        time.sleep(0.02)


def stop_group(process: subprocess.Popen[bytes]) -> None:
    """End a server and everything it started; politely first, then for certain.

    Dagster's servers take SIGTERM for an interrupt, which they ignore where the tests were started
    in the background by a shell.
    """
    with suppress(ProcessLookupError):  # a test may have ended all of it already
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        pass
    finally:
        # Children outlive a server that was told to stop twice or crashed.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
