"""The real ETTh1 through `zwu-ts-assets run`, held against what the original printed."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from zwu_ts_assets.figures.mp4 import probe_mp4
from zwu_ts_assets_tests.reference import ETTH1_CSV, GOLDEN

pytestmark = [pytest.mark.shared, pytest.mark.slow]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("etth1")
    (folder / "data").mkdir()
    (folder / "data" / "ETTh1.csv").write_bytes(ETTH1_CSV.read_bytes())
    ended = run(folder)
    assert ended.returncode == 0, ended.stderr
    yield folder / "artifacts"


def run(folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "zwu_ts_assets", "run"],
        env={
            **os.environ,
            "ZWU_TS_DATA_DIR": str(folder / "data"),
            "ZWU_TS_ARTIFACTS_DIR": str(folder / "artifacts"),
            "DAGSTER_HOME": str(folder / "home"),
            "ZWU_TS_DATASETS": "etth1",
        },
        capture_output=True,
        text=True,
    )


def test_every_batch_has_a_figure_a_video_and_a_window(corpus: Path) -> None:
    for folder, suffix in (
        ("correlations", "png"),
        ("patch_videos", "mp4"),
        ("batch_windows", "parquet"),
    ):
        found = {path.name for path in (corpus / folder).glob(f"batch_*.{suffix}")}
        assert found == {f"batch_{batch}.{suffix}" for batch in range(181)}


def test_stats_and_the_small_vocabulary_equal_the_originals_byte_for_byte(corpus: Path) -> None:
    for name in ("batch_stats.txt", "vocab.json", "batch_stats_tokens.jsonl"):
        assert (corpus / "correlations" / name).read_bytes() == (GOLDEN / name).read_bytes()


def test_qwen_rows_equal_the_originals_row_by_row(corpus: Path) -> None:
    def rows(path: Path) -> list[object]:
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

    name = "batch_stats_qwen.jsonl"
    assert rows(corpus / "correlations" / name) == rows(GOLDEN / name)
    vocabulary = json.loads((corpus / "correlations" / "vocab_qwen.json").read_bytes())
    assert len(vocabulary) == 151_669


@pytest.mark.parametrize("batch", [0, 97, 180])
def test_videos_have_seven_patches_and_the_last_one_repeated(corpus: Path, batch: int) -> None:
    info = probe_mp4(corpus / "patch_videos" / f"batch_{batch}.mp4")
    assert (info.width, info.height, info.frames, info.fps) == (1792, 992, 8, 2.0)


def test_a_second_run_has_nothing_to_do(corpus: Path) -> None:
    ended = run(corpus.parent)
    assert ended.returncode == 0, ended.stderr
    assert "nothing to do" in ended.stdout
