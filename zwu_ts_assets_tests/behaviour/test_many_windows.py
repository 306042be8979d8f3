"""Two thousand windows at every offset: time in step with their number, memory in step with none.

The test of CI size; `python -m zwu_ts_assets_tests.many_windows FOLDER 17325` is one of any size.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from zwu_ts_assets_tests.reference import REPOSITORY

pytestmark = pytest.mark.slow

FEW, MANY = 500, 2_000


def made(folder: Path, windows: int) -> dict[str, Any]:
    """What a run over so many windows took."""
    finished = subprocess.run(
        [sys.executable, "-m", "zwu_ts_assets_tests.many_windows", str(folder), str(windows)],
        cwd=REPOSITORY,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr[-2_000:]
    took: dict[str, Any] = json.loads(finished.stdout.splitlines()[-1])
    return took


def test_time_grows_with_the_windows_and_memory_does_not(tmp_path: Path) -> None:
    few, many = made(tmp_path / "few", FEW), made(tmp_path / "many", MANY)
    media = 0.0
    for folder, suffix in (("correlations", "png"), ("patch_videos", "mp4")):
        files = list((tmp_path / "many/artifacts" / folder).glob(f"batch_*/row_*.{suffix}"))
        assert len(files) == MANY
        media += sum(file.stat().st_size for file in files) / 2**20
    # Four times the windows: less than that for what a run takes anyway, never its square.
    assert many["processor_seconds"] < 5 * few["processor_seconds"], (few, many)
    # Were the media of further batches held, the difference would be near to their size.
    for before, after in zip(few["peak_mb"], many["peak_mb"], strict=True):
        assert after - before < 0.4 * media * (1 - FEW / MANY), (few, many, media)
