"""`evidence`, from a CSV to the proof, with real pictures and real videos."""

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from PIL import Image

from zwu_ts_assets import cli

SETTINGS = """
window_length = 48
window_stride = 24
horizon = 24
patch_length = 12
patch_stride = 6
canvas_width = 896
canvas_height = 512
exports = ["qwen"]
"""
ROWS = 48 * 60


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("ZWU_TS_DATA_DIR", str(folder))
    monkeypatch.setenv("ZWU_TS_ARTIFACTS_DIR", str(tmp_path / "artifacts"))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    return folder


def write_csv(folder: Path, rows: int, columns: int = 5, spread: float = 1.0) -> None:
    random = np.random.default_rng(5)
    values = spread * random.normal(size=(rows, columns)).cumsum(axis=0)
    times = np.datetime64("2020-01-01T00", "h") + np.arange(rows)
    lines = ["date," + ",".join("abcdefgh"[:columns])]
    lines += [
        ",".join([str(time).replace("T", " ") + ":00:00", *map(str, row.round(3))])
        for time, row in zip(times, values, strict=True)
    ]
    (folder / "walks.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "walks.toml").write_text(SETTINGS, encoding="utf-8")


@pytest.mark.slow
def test_a_csv_becomes_questions_that_are_proven(data: Path, tmp_path: Path) -> None:
    write_csv(data, ROWS)
    result = CliRunner().invoke(cli.main, ["evidence", "walks"])
    assert result.exit_code == 0, result.output
    claimed = (
        "Every other task, but for those about what lies ahead, needs its media, and can be "
        "answered from them."
    )
    assert claimed in result.output
    told = "rhythm: too few questions to tell (6; at least 15 are needed)."
    assert told in result.output.replace("`", "")
    artifacts = tmp_path / "artifacts" / "walks"
    proof = json.loads((artifacts / "evidence" / "evidence.json").read_text(encoding="utf-8"))
    assert proof["problems"] == proof["wrong"] == proof["unanswered"] == []
    assert list(proof["too_few"]) == ["rhythm"]
    card = (artifacts / "exports" / "qwen" / "README.md").read_text(encoding="utf-8")
    assert told in card.replace("`", "")
    assert "Every task needs its media" not in card
    whole = [row for row in proof["rows"] if row["split"] == "all"]
    assert len(whole) >= 10
    tables = [
        pq.read_table(artifacts / "questions" / f"{split}.parquet")
        for split in ("train", "validation", "test")
    ]
    assert sum(row["questions"] for row in whole) == sum(len(table) for table in tables) > 300
    shares = {
        name: {view: rate["right"] / rate["asked"] for view, rate in rates.items()}
        for name, rates in proof["consumers"].items()
    }
    assert min(shares["Qwen3-VL's processor"].values()) >= 0.99
    # One that takes no video leaves it unread: right are those that cannot be told from it.
    assert shares["TRL's SFTTrainer"]["figure"] >= 0.99
    assert shares["TRL's SFTTrainer"]["video"] < 0.2
    with Image.open(artifacts / "evidence" / "evidence.png") as plot:
        assert plot.size[0] == 1000
    held_against_the_csv(artifacts)


def held_against_the_csv(artifacts: Path) -> None:
    """Exports mark altered copies, and `validate` computes what was put into them again."""
    result = CliRunner().invoke(cli.main, ["validate", "walks"])
    assert result.exit_code == 0, result.output
    assert "not recomputed" not in result.output
    folder = artifacts / "exports" / "qwen"
    lines = (folder / "train.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    manifest = json.loads((folder / "corpus.json").read_text(encoding="utf-8"))
    declared = {each["id"]: each for s in manifest["samples"] for each in s["conversations"]}
    altered = [at for at, row in enumerate(rows) if row["questions"][0]["needs"] == "altered"]
    assert len(altered) >= 5
    for at, row in enumerate(rows):
        assert (at in altered) == declared[row["id"]].get("altered", False)
        for image in row["image"]:
            assert image.startswith("media/altered_lines/") == (at in altered)
            assert (folder / image).is_file()
    told = {s["id"]: s["alteration"] for s in manifest["samples"]}
    row = next(rows[at] for at in altered if "-anomaly" in rows[at]["questions"][-1]["id"])
    (question, *_) = row["questions"]
    assert told[row["id"].rsplit("-", 1)[0]]
    # Whoever changes an answer in the row and all that tells of it has the CSV against them.
    wrong = next(o for o in question["options"].split("\n") if o != question["answer"])
    text = json.dumps(row, ensure_ascii=False, separators=(", ", ": "))
    number = rows.index(row)
    changed = text.replace(f'"Answer: {question["answer"]}"', f'"Answer: {wrong}"', 1)
    assert changed != lines[number]
    lines[number] = changed
    (folder / "train.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    result = CliRunner().invoke(cli.main, ["validate", str(folder)])
    assert result.exit_code == 1
    assert f"train.jsonl, row {number + 1}" in result.output
    assert question["id"] in result.output


def test_windows_that_give_no_question_are_told(data: Path) -> None:
    write_csv(data, 48 * 8, columns=2, spread=0.0)
    result = CliRunner().invoke(cli.main, ["evidence", "walks"])
    assert result.exit_code == 1
    assert "nothing is asked of its samples" in result.output
    assert "Traceback" not in result.output
