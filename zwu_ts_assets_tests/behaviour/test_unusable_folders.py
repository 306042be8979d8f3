"""A full disk, a read-only folder, no file handles left: a sentence, and no damage.

Real ones, made with small file systems in memory; that needs the right to mount.
"""

import resource
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from zwu_ts_assets_tests.processes import Shell, Undisturbed, assert_as_recorded, final
from zwu_ts_assets_tests.project import write_csv

pytestmark = pytest.mark.slow

Mount = Callable[[Path, str], None]


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Mount]:
    """Mount a file system in memory on a folder, or mount it anew with other options."""
    mounted: list[Path] = []

    def call(folder: Path, options: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        how = f"remount,{options}" if folder in mounted else options
        ended = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", how, "none", str(folder)],
            capture_output=True,
            text=True,
        )
        if ended.returncode != 0:
            pytest.skip(f"no right to mount a small disk: {ended.stderr.strip()}")
        mounted.append(folder)

    try:
        yield call
    finally:
        for folder in set(mounted):
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_and_then_a_read_only_one_leave_what_is_there_and_the_next_run_goes_on(
    undisturbed: Undisturbed, mount: Mount
) -> None:
    shell, expected = undisturbed.shell, undisturbed.files
    mount(shell.artifacts, "size=300k")
    code, said = shell.run()
    assert code == 1
    assert "No space left on device" in said
    assert "free some space and run again" in said
    assert "Traceback" not in said
    files = shell.files()
    assert 20 < len(files) < len(expected)
    assert {name: expected.get(name) for name in files} == files  # no temporaries either
    assert_as_recorded(files)

    # What a killed run left cannot be removed here, which is no reason for a traceback.
    left = shell.artifacts / "correlations" / ".00000000-1-x.tmp"
    (shell.artifacts / "correlations" / "batch_0.png").rename(left)
    mount(shell.artifacts, "size=300k,ro")
    code, said = shell.run()
    assert code == 1
    assert "Read-only file system" in said
    assert "make it writable or set ZWU_TS_ARTIFACTS_DIR" in said
    assert "Traceback" not in said
    assert final(shell.files()).keys() == files.keys() - {"correlations/batch_0.png"}

    mount(shell.artifacts, "size=30m,rw")
    left.unlink()
    code, said = shell.run()
    assert code == 0, said
    assert shell.files() == expected
    assert shell.strays() == []
    assert shell.unfinished_runs() == []


def test_a_full_or_read_only_home_is_told_in_a_sentence_and_artifacts_stay_whole(
    tmp_path: Path, undisturbed: Undisturbed, mount: Mount
) -> None:
    shell = Shell(tmp_path / "project", batches=3)
    shell.cache = undisturbed.shell.cache
    mount(shell.home, "size=300k")
    code, said = shell.run()
    assert code == 1
    assert f"{shell.home}: Dagster's run history there cannot be used (" in said
    assert "free some space and run again" in said
    assert "Traceback" not in said

    mount(shell.home, "size=300k,ro")
    code, said = shell.run()
    assert code == 1
    assert "the folder is read-only; make it writable or set DAGSTER_HOME" in said
    assert "Traceback" not in said

    mount(shell.home, "size=1300k,rw")  # enough to begin with
    code, said = shell.run()
    assert code == 1
    assert f"{shell.home}: Dagster's run history there cannot be used (" in said
    assert "Traceback" not in said
    assert_as_recorded(shell.files())

    mount(shell.home, "size=30m,rw")
    code, said = shell.run()
    assert code == 0, said
    assert len(list((shell.artifacts / "patch_videos").glob("*.mp4"))) == 3
    assert shell.strays() == []
    assert shell.broken_databases() == []
    assert shell.unfinished_runs() == []


def test_without_file_handles_a_run_says_so_and_the_next_one_goes_on(
    tmp_path: Path, undisturbed: Undisturbed
) -> None:
    shell = Shell(tmp_path / "project", batches=3)
    shell.cache = undisturbed.shell.cache
    assert shell.run()[0] == 0
    before = shell.files()
    write_csv(shell.csv, 24 * 4 + 5)
    few = (21, 21)
    code, said = shell.run(before=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, few))
    assert code == 1
    assert "raise the limit (ulimit -n)" in said, said
    assert "Traceback" not in said
    assert {name for name in before if ".records" not in name} <= shell.files().keys()
    assert_as_recorded(final(shell.files()))
    code, said = shell.run()
    assert code == 0, said
    assert len(list((shell.artifacts / "patch_videos").glob("*.mp4"))) == 4
    assert shell.strays() == []
