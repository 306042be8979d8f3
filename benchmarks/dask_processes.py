"""A Dask cluster on this machine's loopback interface: each part a process of its own.

What belongs here: starting and ending a scheduler and workers, for the benchmark and for the tests.
What does not: what they are given to do.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from distributed import Client

from zwu_ts_assets.config.environment import project_root

_LOOPBACK = ("--host", "127.0.0.1", "--no-dashboard", "--dashboard-address", "127.0.0.1:0")


class DaskProcesses:
    """A scheduler on a free port, and workers without a guard that would start them again."""

    def __init__(
        self,
        workers: int = 0,
        environment: Mapping[str, str] | None = None,
        options: Sequence[str] = (),
    ) -> None:
        """Start them, and wait for the scheduler.

        Args:
            workers: Started with it.
            environment: Variables of the scheduler, such as Dask's settings.
            options: For the command line of each of them, such as those for certificates.
        """
        self._options = (*_LOOPBACK, *options)
        self._stack = ExitStack()
        self.folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        self._log = self._stack.enter_context((self.folder / "log").open("wb"))
        self.workers: list[subprocess.Popen[bytes]] = []
        # Whatever stops this, also an interrupt: nothing that was started is to stay behind.
        with ExitStack() as unless_started:
            unless_started.callback(self.stop)
            self.address = self._start_cluster(workers, environment or {})
            """Of the scheduler."""
            unless_started.pop_all()

    def _start_cluster(self, workers: int, environment: Mapping[str, str]) -> str:
        file = self.folder / "scheduler.json"
        words = ["--port", "0", "--scheduler-file", str(file), "--idle-timeout", "10 minutes"]
        self.scheduler = self._start(["scheduler", *self._options, *words], environment)
        # They wait for the file themselves, and import what they need meanwhile.
        for _ in range(workers):
            self._add(["--scheduler-file", str(file)], 1, {})
        deadline = time.monotonic() + 60
        while not (address := _address(file)):
            if self.scheduler.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the Dask scheduler did not start: {self.said()}")
            time.sleep(0.05)
        return address

    def add_worker(
        self, threads: int = 1, environment: Mapping[str, str] | None = None
    ) -> "subprocess.Popen[bytes]":
        """Start one more worker, and do not wait for it.

        Args:
            threads: Of the worker.
            environment: Its variables, beside those of this process.
        """
        return self._add([self.address], threads, environment or {})

    def wait_for_a_worker(self) -> None:
        """Wait until the scheduler has at least one."""
        with Client(self.address, set_as_default=False) as client:  # type: ignore[no-untyped-call]
            client.wait_for_workers(1, timeout=60)

    def said(self) -> str:
        """What they have written to their terminal."""
        return (self.folder / "log").read_text("utf-8", "replace")

    def stop(self) -> None:
        """Kill whatever still runs, and remove what it left."""
        for process in [*self.workers, self.scheduler]:
            process.kill()
            process.wait()
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _add(
        self, where: list[str], threads: int, environment: Mapping[str, str]
    ) -> "subprocess.Popen[bytes]":
        words = ["--nworkers", "1", "--nthreads", str(threads), "--no-nanny"]
        words += ["--local-directory", str(self.folder), "--death-timeout", "60"]
        self.workers.append(self._start(["worker", *where, *self._options, *words], environment))
        return self.workers[-1]

    def _start(self, words: list[str], environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
        # The package is found by this path alone: `-m` also looks where it is started.
        found = os.pathsep.join([str(project_root()), os.environ.get("PYTHONPATH", "")])
        return subprocess.Popen(
            [sys.executable, "-m", "dask", *words],
            env={**os.environ, "PYTHONPATH": found, **environment},
            cwd=self.folder,
            stdout=self._log,
            stderr=self._log,
        )


def _address(file: Path) -> str:
    try:
        return str(json.loads(file.read_text(encoding="utf-8"))["address"])
    except (FileNotFoundError, json.JSONDecodeError):  # not there, or still being written
        return ""
