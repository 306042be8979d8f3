"""Runs that were killed while they were starting, before they took the lock by which they live.

What belongs here: telling that such a run will never begin. What does not: runs that took their
lock (`runs.py`), and what is done about either (`reconcile.py`).

A daemon asks a code server to start a run, and the server notices when the run's process ends. If
both were killed at once, nobody does, and Dagster itself waits for minutes. The run's tags say
which server it was, and its events which process.
"""

import json
import os
import re
import socket
from pathlib import Path
from typing import Final

import dagster as dg

from zwu_ts_assets.orchestration.dagster_private import GRPC_INFO_TAG, DefaultRunLauncher

# From being asked for to having a server takes milliseconds, from there to telling its process two
# seconds, and ten on a busy machine. A run that begins later all the same finds itself ended.
_SILENT_SECONDS: Final = 20.0
_STARTED: Final = re.compile(r"Started process for run \(pid: (\d+)\)")


def stillborn_runs(instance: dg.DagsterInstance, now: float) -> list[dg.DagsterRun]:
    """The runs of this machine that are starting, and of which nothing is alive.

    Args:
        instance: Dagster's.
        now: Seconds of the epoch.
    """
    starting = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTING])
    return [
        record.dagster_run
        for record in instance.get_run_records(starting)
        if _is_stillborn(instance, record, now)
    ]


def _is_stillborn(instance: dg.DagsterInstance, record: dg.RunRecord, now: float) -> bool:
    run = record.dagster_run
    silent = now - record.update_timestamp.timestamp() > _SILENT_SECONDS
    if GRPC_INFO_TAG not in run.tags:
        # No server was asked: the daemon was killed before it could; if servers are asked at all.
        return silent and isinstance(instance.run_launcher, DefaultRunLauncher)
    server = _socket_of(run)
    if server is None or _is_listening(server):
        return False  # on another machine, or of a server that will notice itself
    for entry in instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ENGINE_EVENT):
        if told := _STARTED.match(entry.dagster_event.message or "" if entry.dagster_event else ""):
            return not Path(f"/proc/{told[1]}").exists() and _has_proc()
    return silent


def _socket_of(run: dg.DagsterRun) -> str | None:
    """The socket of the code server that started a run; None if it listens to other machines."""
    try:
        found = json.loads(run.tags.get(GRPC_INFO_TAG, "")).get("socket")
    except (ValueError, AttributeError):
        return None
    return found if isinstance(found, str) else None


def _is_listening(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(1.0)
        try:
            client.connect(path)
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        except OSError:  # it may be, and be busy, or not be ours to ask
            return True
    return True


def _has_proc() -> bool:
    return Path(f"/proc/{os.getpid()}").exists()
