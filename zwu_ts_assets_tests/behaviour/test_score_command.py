"""`score` of a dataset's own questions: the reader of pixels gets what the evidence says."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from zwu_ts_assets import cli
from zwu_ts_assets.training.picture.question_table import decode_questions

SETTINGS = """
window_length = 48
window_stride = 24
horizon = 24
patch_length = 12
patch_stride = 6
canvas_width = 896
canvas_height = 512
"""
ROWS = 48 * 60
SPLITS = ("train", "validation", "test")


@pytest.fixture
def artifacts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("ZWU_TS_DATA_DIR", str(folder))
    monkeypatch.setenv("ZWU_TS_ARTIFACTS_DIR", str(tmp_path / "artifacts"))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    values = np.random.default_rng(5).normal(size=(ROWS, 5)).cumsum(axis=0)
    times = np.datetime64("2020-01-01T00", "h") + np.arange(ROWS)
    lines = ["date,a,b,c,d,e"]
    lines += [
        ",".join([str(time).replace("T", " ") + ":00:00", *map(str, row.round(3))])
        for time, row in zip(times, values, strict=True)
    ]
    (folder / "walks.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "walks.toml").write_text(SETTINGS, encoding="utf-8")
    return tmp_path / "artifacts" / "walks"


def test_a_dataset_without_questions_is_told_what_to_do(artifacts: Path, tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").write_text('{"id": "a", "prediction": "b"}\n', encoding="utf-8")
    result = CliRunner().invoke(cli.main, ["score", str(tmp_path / "p.jsonl"), "--dataset=walks"])
    assert result.exit_code == 1
    assert "walks has no questions yet; make them: `zwu-ts-assets evidence walks`" in result.output


@pytest.mark.slow
def test_the_reader_of_pixels_scores_what_the_evidence_says(
    artifacts: Path, tmp_path: Path
) -> None:
    CliRunner().invoke(cli.main, ["evidence", "walks"])
    proof = json.loads((artifacts / "evidence" / "evidence.json").read_text(encoding="utf-8"))
    failed = {*proof["wrong"], *proof["unanswered"]}
    for split in SPLITS:
        questions = decode_questions((artifacts / "questions" / f"{split}.parquet").read_bytes())
        answers = {q.id: "Answer: ?" if q.id in failed else q.answer_line for q in questions}
        file = tmp_path / f"{split}.jsonl"
        lines = [json.dumps({"id": i, "prediction": text}) for i, text in answers.items()]
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        output = tmp_path / split
        result = CliRunner().invoke(
            cli.main,
            ["score", str(file), "--dataset=walks", f"--split={split}", f"--output={output}"],
        )
        assert result.exit_code == 0, result.output
        found = json.loads((output / "score.json").read_text(encoding="utf-8"))["scores"][0]
        for row in found["rows"]:
            if row["kind"] == "task" and row["pixels"] is not None:
                assert row["accuracy"]["value"] == pytest.approx(row["pixels"]), row
