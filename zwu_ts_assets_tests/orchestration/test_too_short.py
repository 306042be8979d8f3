"""A CSV too short for its splits: what is missing is told, and the command fails."""

import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from zwu_ts_assets import Corpus, cli
from zwu_ts_assets.orchestration.too_short import empty_splits
from zwu_ts_assets.storage.artifact_store import Detail
from zwu_ts_assets.training.splits import resolve_borders
from zwu_ts_assets_tests.project import SETTINGS, Project, write_csv

PLAIN = SETTINGS.replace("horizon = 24", "horizon = 6")  # a sample has 30 rows


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "project", rows=42, settings=PLAIN)


@pytest.fixture
def enter(project: Project, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Enters a command beside the project."""
    monkeypatch.setenv("ZWU_TS_DATA_DIR", str(project.data))
    monkeypatch.setenv("ZWU_TS_ARTIFACTS_DIR", str(project.artifacts))
    monkeypatch.setenv("DAGSTER_HOME", str(project.data.parent / "home"))
    monkeypatch.setenv("ZWU_TS_DATASETS", "etth1")
    return lambda *words: CliRunner().invoke(cli.main, words)


@pytest.mark.slow
def test_nothing_to_export_is_an_error_that_says_what_helps(
    project: Project, enter: Callable[..., Result]
) -> None:
    for _ in range(2):  # the second has nothing to do, and still exported nothing
        result = enter("export", "--format", "qwen", "--workers", "1")
        assert result.exit_code == 1
        assert "A sample needs 30 rows in one split" in result.output
        assert "train 29, validation 4, test 9" in result.output
        assert "window_length and horizon of together at most 29" in result.output
        assert "other ratios of [split], such that one has 30 rows" in result.output
        assert "Traceback" not in result.output
    assert "there is no export below" in enter("validate").output
    (told,) = set(re.findall(r"a CSV of at least (\d+) rows", result.output))
    write_csv(project.csv, int(told))
    result = enter("export", "--format", "qwen", "--workers", "1")
    assert result.exit_code == 1
    assert "nothing is asked of its samples, so there is nothing to export" in result.output
    (stride,) = re.findall(r"a smaller window_stride, such as (\d+)", result.output)
    write_csv(project.csv, 345)
    with (project.data / "ETTh1.toml").open("a", encoding="utf-8") as settings:
        settings.write(f"window_stride = {stride}\n")
    result = enter("export", "--format", "qwen", "--workers", "1")
    assert result.exit_code == 0, result.output
    assert len((project.artifacts / "exports/qwen/train.jsonl").read_text("utf-8").splitlines())


@pytest.mark.parametrize("rows", [180, 203, 290])
def test_ratios_that_are_suggested_leave_no_split_empty(tmp_path: Path, rows: int) -> None:
    csv = tmp_path / "weather.csv"
    write_csv(csv, rows)
    csv.with_suffix(".toml").write_text(PLAIN, encoding="utf-8")
    corpus = Corpus(csv)
    counts = {name: len(corpus.samples(name)) for name in ("train", "validation", "test")}
    assert 0 in counts.values()
    assert counts["train"]
    cut = resolve_borders(corpus.dataset.settings.split, corpus.series.timestamps)
    details: dict[str, Detail] = {f"{name}_samples": n for name, n in counts.items()}
    spans = pairwise(cut.rows)
    details |= {f"{n}_rows": f"{a}..{b - 1}" for n, (a, b) in zip(counts, spans, strict=True)}
    sentence = empty_splits(csv, corpus.dataset.settings, details)
    assert "there is no sample in " in sentence
    (found,) = re.findall(r"ratios = \[(.+?)\]", sentence)
    ratios = [float(each) for each in found.split(", ")]
    other = Corpus(csv, split={"ratios": ratios})
    assert all(len(other.samples(name)) for name in counts)


def test_a_folder_with_nothing_but_checkpoints_is_no_export(
    project: Project, enter: Callable[..., Result]
) -> None:
    (project.artifacts / "exports/qwen/output").mkdir(parents=True)
    (project.artifacts / "exports/qwen/output/weights").write_bytes(b"x")
    result = enter("validate")
    assert result.exit_code == 1
    assert "there is no export below" in result.output
    assert "corpus.json" not in result.output
