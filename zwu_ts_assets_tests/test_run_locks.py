"""A run whose process is gone is told from one that lives."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from zwu_ts_assets.run_locks import forget, is_dead, run_lock

RUN = "0e3f7a52-1111-4222-8333-444455556666"

HOLD = """
import sys, time
from pathlib import Path
from zwu_ts_assets.run_locks import run_lock
with run_lock(Path(sys.argv[1]), sys.argv[2]):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def holder(tmp_path: Path) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path), RUN], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_run_lives_as_long_as_its_process(
    tmp_path: Path, holder: "subprocess.Popen[str]"
) -> None:
    assert not is_dead(tmp_path, RUN)
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    assert is_dead(tmp_path, RUN)
    forget(tmp_path, RUN)
    assert not is_dead(tmp_path, RUN)


def test_a_run_that_ended_leaves_nothing(tmp_path: Path) -> None:
    with run_lock(tmp_path, RUN), run_lock(tmp_path, RUN):
        assert not is_dead(tmp_path, RUN)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_of_a_run_that_took_no_lock_nothing_is_said(tmp_path: Path) -> None:
    assert not is_dead(tmp_path, RUN)


def test_a_run_id_cannot_lead_out_of_the_folder(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no run id"), run_lock(tmp_path, "../../x"):
        pass
