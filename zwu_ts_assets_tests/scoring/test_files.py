"""What is wrong with a file of predictions is told by file, line, and what was found."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.scoring.files import (
    read_evidence,
    read_predictions,
    read_questions,
    read_samples,
)
from zwu_ts_assets.training.picture.question_table import encode_questions
from zwu_ts_assets.training.sample_table import encode_samples
from zwu_ts_assets_tests.scoring.questions import questions_of, samples

SAMPLES = samples(6)
QUESTIONS = questions_of(SAMPLES)
FIRST = QUESTIONS[0].id


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "predictions.jsonl"


def problem(file: Path, *lines: object) -> str:
    file.write_text("\n".join(x if isinstance(x, str) else json.dumps(x) for x in lines), "utf-8")
    with pytest.raises(CorpusError) as caught:
        read_predictions(file, QUESTIONS, {"elsewhere": "train"})
    return str(caught.value).replace(str(file), "FILE")


def test_predictions_are_read_by_id(file: Path) -> None:
    text = "one\u2028line\nand another"
    rows = [
        {"id": FIRST, "prediction": text, "model": 7},
        {"id": QUESTIONS[1].id, "prediction": ""},
    ]
    file.write_text("\ufeff" + "\r\n\r\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    assert read_predictions(file, QUESTIONS) == {FIRST: text, QUESTIONS[1].id: ""}


def test_the_table_of_a_harness_is_read_too(tmp_path: Path) -> None:
    file = tmp_path / "model_demo_test.tsv"
    text = "I think\n\nAnswer: A"
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, dialect="excel-tab")
        writer.writerows([["index", "id", "image", "prediction"], [0, FIRST, "x" * 200_000, text]])
    assert read_predictions(file, QUESTIONS) == {FIRST: text}
    file.write_text("id\tanswer\na\tb\n", encoding="utf-8")
    with pytest.raises(CorpusError, match="line 2: `prediction` is missing; found 'id', 'answer'"):
        read_predictions(file, QUESTIONS)


def test_a_broken_line_is_told(file: Path) -> None:
    assert problem(file, "{}", "").startswith("FILE, line 1: `id` is missing; found nothing.")
    assert "FILE, line 2: no JSON (" in problem(file, "", '{"id": ')
    assert "found list, expected an object" in problem(file, "[]")
    assert "no JSON (" in problem(file, "[" * 100_000)
    assert "`prediction` is missing; found 'id', 'x'" in problem(file, {"id": FIRST, "x": 1})
    assert "`prediction` is 0.5, expected a text" in problem(file, {"id": FIRST, "prediction": 0.5})
    assert "Expected one object" in problem(file, "[]")


def test_unknown_and_repeated_ids_are_told(file: Path) -> None:
    told = problem(file, {"id": "x", "prediction": ""}, {"id": "elsewhere", "prediction": ""})
    assert "FILE, line 1: no question has the id 'x';" in told
    assert "line 2: no question has the id 'elsewhere' in this split; it is in train" in told
    twice = {"id": FIRST, "prediction": "Answer: A"}
    assert f"line 3: the id {FIRST!r} is on line 1 already" in problem(file, twice, "", twice)


def test_many_problems_are_told_in_few_lines(file: Path) -> None:
    told = problem(file, *["x"] * 1_000)
    assert "and 995 more lines like these" in told
    assert len(told) < 2_000


def read_any_predictions(file: Path) -> dict[str, str]:
    return read_predictions(file, QUESTIONS)


@pytest.mark.parametrize(
    ("read", "content", "words"),
    [
        (read_any_predictions, None, "cannot be read (No such file"),
        (read_any_predictions, b"", "no prediction"),
        (read_any_predictions, b"\xe4", "byte 0 is no UTF-8"),
        (read_questions, b"", "a questions file is damaged"),
        (read_questions, None, "cannot be read"),
        (read_samples, b"", "a samples file is damaged"),
        (read_evidence, b"", "no JSON"),
        (read_evidence, b"[]", "no evidence"),
    ],
)
def test_files_that_are_none_are_told(
    tmp_path: Path, read: Callable[[Path], object], content: bytes | None, words: str
) -> None:
    file = tmp_path / "file"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(CorpusError) as caught:
        read(file)
    assert words in str(caught.value)
    assert str(file) in str(caught.value)


def test_questions_samples_and_evidence_are_read(tmp_path: Path) -> None:
    (tmp_path / "q").write_bytes(encode_questions(QUESTIONS))
    (tmp_path / "s").write_bytes(encode_samples(SAMPLES))
    (tmp_path / "e").write_text('{"rows": []}', encoding="utf-8")
    assert read_questions(tmp_path / "q") == QUESTIONS
    assert [s.id for s in read_samples(tmp_path / "s")] == [s.id for s in SAMPLES]
    assert read_evidence(tmp_path / "e") == {"rows": []}
