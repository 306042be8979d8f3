"""`score`, from files of predictions to table, numbers and plot."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from zwu_ts_assets import cli
from zwu_ts_assets.training.picture.question_table import encode_questions
from zwu_ts_assets.training.sample_table import encode_samples
from zwu_ts_assets_tests.scoring.questions import questions_of, samples

SAMPLES = samples(60)
QUESTIONS = questions_of(SAMPLES)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "questions.parquet").write_bytes(encode_questions(QUESTIONS))
    (tmp_path / "samples.parquet").write_bytes(encode_samples(SAMPLES))
    return tmp_path


def run(folder: Path, *arguments: str) -> Result:
    given = ["--questions", str(folder / "questions.parquet")]
    given += ["--samples", str(folder / "samples.parquet")]
    return CliRunner().invoke(cli.main, ["score", *arguments, *given])


def write(folder: Path, name: str, answers: dict[str, str]) -> str:
    lines = [json.dumps({"id": i, "prediction": text}) for i, text in answers.items()]
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(folder / name)


def right_answers(split: str) -> dict[str, str]:
    return {q.id: q.answer_line for q in QUESTIONS if q.split == split}


def test_two_files_become_a_report_that_is_the_same_each_time(folder: Path) -> None:
    after = write(folder, "after.jsonl", right_answers("test"))
    before = write(folder, "before.jsonl", dict.fromkeys(right_answers("test"), "Answer: A"))
    found = []
    for name in ("one", "two"):
        output = folder / name
        result = run(folder, before, after, "--output", str(output))
        assert result.exit_code == 0, result.output
        assert "before.jsonl to after.jsonl" in result.output
        assert "100.0%" in result.output
        found.append({path.name: path.read_bytes() for path in output.iterdir()})
    assert found[0] == found[1]
    assert set(found[0]) == {"score.md", "score.json", "score.png"}
    numbers = json.loads(found[0]["score.json"])
    assert numbers["scores"][1]["rows"][0]["accuracy"]["value"] == 1.0
    assert numbers["comparisons"][0]["changes"][0]["lost"] == 0
    assert "NaN" not in found[0]["score.json"].decode("ascii")


def test_a_mistake_is_one_sentence_with_file_and_line(folder: Path) -> None:
    file = write(folder, "predictions.jsonl", right_answers("validation"))
    result = run(folder, file)
    assert result.exit_code == 1
    first = next(iter(right_answers("validation")))
    assert f"{file}, line 1: no question has the id {first!r} in this split; it is in valida" in (
        result.output
    )
    assert "Traceback" not in result.output
    assert run(folder, file, "--split", "validation").exit_code == 0


def test_an_unknown_dataset_is_told_and_files_go_with_questions(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "data").mkdir()
    monkeypatch.setenv("ZWU_TS_DATA_DIR", str(folder / "data"))
    file = write(folder, "predictions.jsonl", right_answers("test"))
    result = CliRunner().invoke(cli.main, ["score", file, "--dataset", "nowhere"])
    assert result.exit_code == 1
    assert "there is no dataset 'nowhere'" in result.output
    result = CliRunner().invoke(cli.main, ["score", file, "--samples", "x"])
    assert "add it" in result.output
