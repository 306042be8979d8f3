"""A run killed at any moment leaves only whole artifacts, and the next run finishes."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from zwu_ts_assets.corpus.mp4 import probe_mp4
from zwu_ts_assets_tests.project import SETTINGS, write_csv

BATCHES = 12

# (file that must exist, seconds after it appeared) at which the run is killed.
MOMENTS = [
    ("etth1_raw.parquet", 0.0),
    ("batch_windows/batch_3.parquet", 0.0),
    ("correlations/batch_0.png", 0.0),
    ("correlations/batch_5.png", 0.05),
    ("patch_videos/batch_0.mp4", 0.1),
    ("patch_videos/batch_6.mp4", 0.0),
    ("correlations/batch_stats_qwen.jsonl", 0.0),
]


def start(folder: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "zwu_ts_assets", "run", "--workers", "2"],
        env={
            **os.environ,
            "ZWU_TS_DATA_DIR": str(folder / "data"),
            "ZWU_TS_ARTIFACTS_DIR": str(folder / "artifacts"),
            "DAGSTER_HOME": str(folder / "home"),
            "ZWU_TS_DATASETS": "etth1",
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def prepare(folder: Path) -> Path:
    (folder / "data").mkdir(parents=True)
    write_csv(folder / "data" / "ETTh1.csv", 24 * BATCHES + 5)
    (folder / "data" / "ETTh1.toml").write_text(SETTINGS, encoding="utf-8")
    return folder


def artifacts(folder: Path) -> dict[str, bytes]:
    root = folder / "artifacts"
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def assert_whole(name: str, data: bytes) -> None:
    """Open an artifact by its final name as a trainer would."""
    if name.endswith(".png"):
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            assert image.size == (448, 224)
    elif name.endswith(".mp4"):
        assert probe_mp4(data).frames == 4
    elif name.endswith(".parquet"):
        assert data[:4] == data[-4:] == b"PAR1"
    elif name.endswith(".jsonl"):
        assert data.endswith(b"\n")
        for line in data.splitlines():
            json.loads(line)
    elif name.endswith(".json"):
        json.loads(data)
    else:
        assert name == "correlations/batch_stats.txt"
        assert data.endswith(b"\n\n")


@pytest.mark.slow
def test_a_run_killed_at_any_of_several_moments_is_finished_by_the_next(tmp_path: Path) -> None:
    undisturbed = prepare(tmp_path / "undisturbed")
    assert start(undisturbed).wait() == 0
    expected = artifacts(undisturbed)

    killed = prepare(tmp_path / "killed")
    for name, seconds in MOMENTS:
        run = start(killed)
        while not (killed / "artifacts" / name).exists():
            assert run.poll() is None, f"the run ended before {name} was there"
            time.sleep(0.005)
        time.sleep(seconds)
        run.send_signal(signal.SIGKILL)
        run.wait()
        left = {n: data for n, data in artifacts(killed).items() if not n.endswith(".tmp")}
        for found, data in left.items():
            assert_whole(found, data)
            if ".records" not in found:
                assert data == expected[found]
        # The moment must not be there already when the next run starts.
        (killed / "artifacts" / name).unlink()

    assert start(killed).wait() == 0
    assert artifacts(killed) == expected
