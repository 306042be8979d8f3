"""The TSV for VLMEvalKit: its columns, its pictures, and what `validate` finds in it."""

import base64
import csv
import io
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import datasets
import pytest

from zwu_ts_assets.training.exports.formats import FORMATS
from zwu_ts_assets.training.exports.source import ExportSource
from zwu_ts_assets.training.exports.vlmevalkit import asked_text
from zwu_ts_assets.training.validation import validate_export
from zwu_ts_assets_tests.training.corpora import conversations_for, text_source, write_export


@pytest.fixture
def folder(exports_once: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "vlmevalkit"
    shutil.copytree(exports_once / "vlmevalkit", copy)
    return copy


def rows_of(path: Path) -> list[dict[str, str]]:
    csv.field_size_limit(1 << 24)
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, dialect="excel-tab"))


def save(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), dialect="excel-tab", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def test_a_row_has_what_the_harness_looks_for(folder: Path, source: ExportSource) -> None:
    rows = rows_of(folder / "demo_train.tsv")
    assert [row["index"] for row in rows] == ["0", "1", "2"]
    for row, sample in zip(rows, source.samples, strict=False):
        assert tuple(row[letter] for letter in "ABC") == sample.features
        assert row["answer"] in "ABC"
        assert row["category"] == "highest"
        assert base64.b64decode(row["image"]) == source.read_media(sample.image)


def test_questions_about_videos_are_left_out_and_counted(folder: Path) -> None:
    assert len(rows_of(folder / "demo_test.tsv")) == 1
    assert "12 others, about videos" in (folder / "README.md").read_text(encoding="utf-8")


def test_open_questions_have_a_table_of_their_own_and_are_asked_as_they_stand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = text_source()
    (known,) = [each for each in conversations_for(source.samples[0]) if not each.videos]
    turn = known.turns[0]
    number = replace(turn.question, id="one", options=(), right=-1, form="number", answer="0.97")
    asked = replace(known, id="one", turns=(replace(turn, question=number, answer="Answer: 0.97"),))
    both = replace(source, conversations=[*source.conversations, asked])
    write_export(tmp_path, FORMATS["vlmevalkit"](both), both)
    (row,) = rows_of(tmp_path / "demo_train_open.tsv")
    assert {"A", "B"} & set(row) == set()
    assert (row["id"], row["question"], row["answer"]) == ("one", turn.prompt.strip(), "0.97")
    assert base64.b64decode(row["image"]) == source.read_media(source.samples[0].image)
    assert [each["index"] for each in rows_of(tmp_path / "demo_train.tsv")] == ["0", "1", "2"]
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path.parent / "cache"))
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    assert len(datasets.load_dataset(str(tmp_path), "open")["train"]) == 1
    assert len(datasets.load_dataset(str(tmp_path), "default")["train"]) == 3
    assert validate_export(tmp_path, "vlmevalkit", decode=False).problems == []


def test_a_picture_that_questions_share_stands_in_one_row() -> None:
    source = text_source(("train",))
    sample = source.samples[0]
    read = {sample.image: b"picture" * 20}
    (alone,) = [each for each in conversations_for(sample) if not each.videos]
    turn = alone.turns[0]
    twice = [
        replace(alone, id=name, turns=(replace(turn, question=replace(turn.question, id=name)),))
        for name in ("one", "two")
    ]
    some = replace(source, conversations=twice, read_media=read.__getitem__)
    file = next(each for each in FORMATS["vlmevalkit"](some) if each.path == "demo_train.tsv")
    text = file.build().decode("utf-8")  # type: ignore[union-attr]
    rows = list(csv.DictReader(io.StringIO(text), dialect="excel-tab"))
    assert base64.b64decode(rows[0]["image"]) == read[sample.image]
    assert rows[1]["image"] == rows[0]["index"]


def test_the_question_is_asked_without_its_options_and_the_form_of_its_answer() -> None:
    (turn,) = conversations_for(text_source(("train",)).samples[0])[1].turns
    question = replace(turn.question, options=("x and y", "z"))
    for lines in ("A. x and y\nB. z\nEnd with a letter.", "- x and y\n- z\nEnd with one of these."):
        asked = replace(turn, question=question, prompt=f"The columns.\n\nWhich?\n{lines}")
        assert asked_text(asked) == "The columns.\n\nWhich?"


def test_a_set_without_such_questions_has_no_table_and_says_so(tmp_path: Path) -> None:
    source = text_source(("train",))
    videos = [each for each in source.conversations if each.videos]
    write_export(tmp_path, FORMATS["vlmevalkit"](replace(source, conversations=videos)), source)
    assert not list(tmp_path.glob("*.tsv"))
    assert "2 others, about videos" in (tmp_path / "README.md").read_text(encoding="utf-8")
    assert validate_export(tmp_path, "vlmevalkit", decode=False).problems == []


def another_answer(row: dict[str, str]) -> None:
    row["record"] = row["record"].replace('"reply": "Answer', '"reply": "Answers')


def another_picture(row: dict[str, str]) -> None:
    row["image"] = base64.b64encode(b"no picture" * 20).decode("ascii")


def no_base64(row: dict[str, str]) -> None:
    row["image"] = "%" * 100


def an_index_of_no_row(row: dict[str, str]) -> None:
    row["image"] = "77"


def no_record(row: dict[str, str]) -> None:
    row["record"] = "{"


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (another_answer, "differ from what was exported"),
        (another_picture, "does not decode"),
        (no_base64, "the file is missing"),
        (an_index_of_no_row, "does not decode|the file is missing"),
        (no_record, "is not JSON in UTF-8"),
    ],
)
def test_a_damaged_row_is_told(
    folder: Path, damage: Callable[[dict[str, str]], None], reason: str
) -> None:
    assert validate_export(folder, "vlmevalkit").problems == []
    rows = rows_of(folder / "demo_test.tsv")
    damage(rows[0])
    save(folder / "demo_test.tsv", rows)
    problems = [str(each) for each in validate_export(folder, "vlmevalkit").problems]
    assert any(part in each for each in problems for part in reason.split("|")), problems


def test_the_same_source_gives_a_whole_folder_that_is_sound(tmp_path: Path) -> None:
    source = text_source()
    write_export(tmp_path, FORMATS["vlmevalkit"](source), source)
    assert validate_export(tmp_path, "vlmevalkit", decode=False).problems == []
