"""What a living process writes is left alone, what a killed one left is removed."""

import os
import signal
import socket
import subprocess
import sys
import time
from hashlib import sha256
from pathlib import Path

import pytest

from zwu_ts_assets.storage.temporaries import locked_temporary, remove_abandoned

HOST = sha256(socket.gethostname().encode("utf-8")).hexdigest()[:8]

WRITE = """
import sys, time
from pathlib import Path
from zwu_ts_assets.storage.temporaries import locked_temporary
handle, path = locked_temporary(Path(sys.argv[1]))
print(path, flush=True)
time.sleep(600)
"""


def test_what_another_process_writes_is_left_until_it_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WRITE, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        temporary = Path(writer.stdout.readline().strip())
        remove_abandoned(tmp_path)
        assert temporary.exists()
        writer.send_signal(signal.SIGKILL)
    remove_abandoned(tmp_path)
    assert not temporary.exists()


def test_what_this_process_writes_is_left_until_it_closes_it(tmp_path: Path) -> None:
    handle, temporary = locked_temporary(tmp_path)
    remove_abandoned(tmp_path)
    assert temporary.exists()
    os.close(handle)
    remove_abandoned(tmp_path)
    assert not temporary.exists()


def test_the_process_id_of_a_killed_writer_may_be_that_of_a_living_process_by_now(
    tmp_path: Path,
) -> None:
    (tmp_path / f".{HOST}-{os.getpid()}-x.tmp").touch()
    remove_abandoned(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_another_machine_writes_is_left_for_a_day(tmp_path: Path) -> None:
    new, old = tmp_path / ".00000000-1-x.tmp", tmp_path / ".00000000-1-y.tmp"
    new.touch()
    old.touch()
    os.utime(old, (time.time() - 25 * 3600,) * 2)
    remove_abandoned(tmp_path)
    assert list(tmp_path.iterdir()) == [new]


def test_other_hidden_files_are_nobody_s_business(tmp_path: Path) -> None:
    (tmp_path / ".other.tmp").touch()
    remove_abandoned(tmp_path)
    assert (tmp_path / ".other.tmp").exists()


def test_a_temporary_removed_before_it_was_locked_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    real = fcntl.flock
    removed: list[Path] = []

    def remove_first(handle: int, how: int) -> None:
        if not removed:
            removed.extend(tmp_path.iterdir())
            removed[0].unlink()
        real(handle, how)

    monkeypatch.setattr(fcntl, "flock", remove_first)
    handle, temporary = locked_temporary(tmp_path)
    os.close(handle)
    assert temporary.exists()
    assert temporary not in removed
