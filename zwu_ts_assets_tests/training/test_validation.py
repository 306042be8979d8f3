"""Validation finds nothing in a sound export, and every damage with the right reason."""

import io
import json
import re
import shutil
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.figures.video import encode_mp4
from zwu_ts_assets.training.exports.formats import FORMATS
from zwu_ts_assets.training.exports.source import ExportSource
from zwu_ts_assets.training.row_checks import RightQuestion
from zwu_ts_assets.training.validation import Expectations, validate_export
from zwu_ts_assets_tests.training.corpora import (
    FPS,
    add_up,
    count_words,
    patch_frames,
    text_source,
    write_export,
)

SPLITS = ("train", "validation", "test")
IN_PARQUET = {"huggingface", "rl", "lmms_eval"}
each_format = pytest.mark.parametrize("name", list(FORMATS))
Copy = Callable[[str], Path]


def expectations(source: ExportSource) -> Expectations:
    """What somebody knows who has the CSV and the tokenizer."""
    samples = {sample.id: sample for sample in source.samples}

    right = {}
    for conversation in source.conversations:
        for turn in conversation.turns:
            asked = turn.question
            right[asked.id] = RightQuestion(
                {
                    "id": asked.id,
                    "task": asked.task,
                    "level": 1,
                    "needs": "+".join(asked.needs),
                    "answer": asked.answer,
                    "rationale": asked.rationale,
                },
                asked.prompt,
                f"Answer: {asked.answer}",
            )

    def check_target(sample: str, target: Any) -> str:
        return "" if target == samples[sample].target.tolist() else "other numbers in the CSV"

    return Expectations(
        questions=right,
        check_target=check_target,
        count_tokens=count_words,
        image_tokens=lambda width, height: width * height // 1024 + 2,
        video_tokens=lambda frames, width, height, fps: frames * width * height // 2048 + 14,
        lengths=add_up,
    )


@dataclass
class Damaged:
    """An export whose rows and media can be changed, whatever its format."""

    folder: Path
    name: str

    def file(self, split: str) -> Path:
        """The file with the rows of a split, or its first shard."""
        names = {"llama_factory": f"{split}.json", "huggingface": f"videos/{split}.parquet"}
        names |= {"webdataset": f"{split}-000000.tar", "rl": f"{split}-video.parquet"}
        names |= {"lmms_eval": f"{split}.parquet", "vlmevalkit": f"demo_{split}.tsv"}
        return self.folder / names.get(self.name, f"{split}.jsonl")

    def rows(self, split: str) -> list[Any]:
        """Its rows."""
        if self.name == "webdataset":
            members = self.members(split)
            return [json.loads(data) for name, data in members if name.endswith(".json")]
        if self.name in IN_PARQUET:
            shape = in_texts if self.name == "huggingface" else in_turns
            return [shape(row) for row in pq.read_table(self.file(split)).to_pylist()]
        text = self.file(split).read_text(encoding="utf-8")
        if self.name == "llama_factory":
            return list(json.loads(text))
        return [json.loads(line) for line in text.splitlines()]

    def save(self, split: str, rows: list[Any]) -> None:
        """Write rows in the place of those that were there."""
        if self.name == "webdataset":
            left = iter(rows)
            members = [
                (name, json.dumps(next(left)).encode() if name.endswith(".json") else data)
                for name, data in self.members(split)
            ]
            self.save_members(split, members)
            return
        if self.name in IN_PARQUET:
            shape = in_parts if self.name == "huggingface" else as_column
            save_parquet(self.file(split), [shape(row) for row in rows])
            return
        text = "\n".join(json.dumps(row) for row in rows) + "\n"
        if self.name == "llama_factory":
            text = json.dumps(rows)
        self.file(split).write_text(text, encoding="utf-8")

    def sample_rows(self, split: str) -> list[Any]:
        """What it says of the samples of a split, in formats that have a row for each."""
        if self.name == "webdataset":
            return self.rows(split)
        return list(pq.read_table(self.folder / "samples" / f"{split}.parquet").to_pylist())

    def save_sample_rows(self, split: str, rows: list[Any]) -> None:
        """Likewise, in their place."""
        if self.name == "webdataset":
            self.save(split, rows)
        else:
            save_parquet(self.folder / "samples" / f"{split}.parquet", rows)

    def members(self, split: str) -> list[tuple[str, bytes]]:
        """Names and contents of a split's first shard."""
        with tarfile.open(self.file(split)) as archive:
            pairs = [(each.name, archive.extractfile(each)) for each in archive]
            return [(name, stream.read()) for name, stream in pairs if stream is not None]

    def save_members(self, split: str, members: list[tuple[str, bytes]]) -> None:
        """Write a shard."""
        with tarfile.open(self.file(split), "w") as archive:
            for name, data in members:
                member = tarfile.TarInfo(name)
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))

    def turns(self, row: Any) -> tuple[dict[str, str], dict[str, str], str]:
        """The first conversation's user and assistant turn, and the key of their text."""
        if self.name == "qwen":
            user, assistant = row["conversations"][:2]
            return user, assistant, "value"
        of = row["conversations"][0] if self.name == "webdataset" else row
        user, assistant = of["messages"][:2]
        return user, assistant, "content"

    def question(self, row: Any) -> dict[str, Any]:
        """What a row says of the first question."""
        of = row["conversations"][0] if self.name == "webdataset" else row
        found: dict[str, Any] = of["questions"][0]
        return found

    def change_medium(self, extension: str, change: Callable[[bytes], bytes | None]) -> None:
        """Change the first test image or video; None takes it away."""
        if self.name == "webdataset":
            changed = [
                (name, change(data) if name.endswith(extension) else data)
                for name, data in self.members("test")
            ]
            self.save_members("test", [(n, d) for n, d in changed if d is not None])
            return
        column = {"png": "images", "mp4": "videos"}[extension]
        if self.name == "huggingface" or (self.name in IN_PARQUET and extension == "png"):
            for file in self.folder.rglob("test*.parquet"):
                found = pq.read_table(file).to_pylist()
                for row in (each for each in found if column in each):
                    pairs = [(each["path"], change(each["bytes"])) for each in row[column]]
                    row[column] = [{"bytes": b, "path": p} for p, b in pairs if b is not None]
                save_parquet(file, found)
            return
        path = next(self.folder.rglob(f"media/**/batch_5.{extension}"))
        content = change(path.read_bytes())
        path.unlink()
        if content is not None:
            path.write_bytes(content)


def in_texts(row: dict[str, Any]) -> dict[str, Any]:
    """A row whose messages are parts, with messages that are texts with placeholders."""
    kinds = {"image": "<image>", "video": "<video>"}
    said = [
        {**m, "content": "".join(kinds.get(p["type"]) or p["text"] for p in m["content"])}
        for m in row["messages"]
    ]
    return {**row, "messages": said}


def in_parts(row: dict[str, Any]) -> dict[str, Any]:
    """A row that `in_texts` changed, with messages of parts again."""
    said = [
        {
            **message,
            "content": [
                {"type": each[1:-1], "text": None}
                if each in ("<image>", "<video>")
                else {"type": "text", "text": each}
                for each in re.split(r"(?m)^(<image>|<video>)$", message["content"])
                if each
            ],
        }
        for message in row["messages"]
    ]
    return {**row, "messages": said}


def in_turns(row: dict[str, Any]) -> dict[str, Any]:
    """A row of a single question, in the shape of rows of several."""
    told = row["extra_info"]
    reply = {"role": "assistant", "content": told["reply"]}
    return {
        **row,
        "messages": [*row["messages"], reply],
        "questions": [told["question"]],
    }


def as_column(row: dict[str, Any]) -> dict[str, Any]:
    """A row that `in_turns` changed, in its own shape again."""
    kept = {name: value for name, value in row.items() if name != "questions"}
    user, assistant = row["messages"]
    told = {**row["extra_info"], "reply": assistant["content"], "question": row["questions"][0]}
    return kept | {"messages": [user], "extra_info": told}


def save_parquet(file: Path, rows: list[dict[str, Any]]) -> None:
    """Write rows with the types that were there, and a whole number for a column of its own."""
    schema = pq.read_schema(file)
    names = list(rows[-1])
    fields = [schema.field(n) if n in schema.names else pa.field(n, pa.int64()) for n in names]
    pq.write_table(pa.Table.from_pylist(rows, schema=pa.schema(fields)), file)


Damage = Callable[[Damaged, ExportSource], None]
DAMAGES: dict[str, tuple[Damage, str]] = {}


def damage(reason: str) -> Callable[[Damage], Damage]:
    """Register a damage and the reason, a pattern, that must be told for it."""

    def register(function: Damage) -> Damage:
        DAMAGES[function.__name__] = (function, reason)
        return function

    return register


@damage(r"does not decode: ")
def truncated_png(export: Damaged, source: ExportSource) -> None:
    export.change_medium("png", lambda data: data[: len(data) // 2])


@damage(r"is PNG RGB 224x112, not PNG RGB 448x224")
def shrunk_png(export: Damaged, source: ExportSource) -> None:
    def shrink(data: bytes) -> bytes:
        buffer = io.BytesIO()
        Image.open(io.BytesIO(data)).resize((224, 112)).save(buffer, "PNG")
        return buffer.getvalue()

    export.change_medium("png", shrink)


@damage(r"decodes, but its content differs from what was exported")
def another_picture(export: Damaged, source: ExportSource) -> None:
    other = source.read_media(source.samples[0].image)
    export.change_medium("png", lambda _: other)


@damage(r"the file is missing")
def missing_image(export: Damaged, source: ExportSource) -> None:
    export.change_medium("png", lambda _: None)


@damage(r"the file is missing")
def missing_video(export: Damaged, source: ExportSource) -> None:
    export.change_medium("mp4", lambda _: None)


@damage(r"has 3 frames, not 4")
def dropped_frame(export: Damaged, source: ExportSource) -> None:
    frames = patch_frames(source.samples[5])[:3]
    export.change_medium("mp4", lambda _: encode_mp4(frames, FPS))


@damage(r"plays at 1.0 frames per second, not 2.0")
def slowed_video(export: Damaged, source: ExportSource) -> None:
    frames = patch_frames(source.samples[5])
    export.change_medium("mp4", lambda _: encode_mp4(frames, 1.0))


@damage(r"does not decode: .* cut short")
def truncated_video(export: Damaged, source: ExportSource) -> None:
    export.change_medium("mp4", lambda data: data[:-100])


@damage(r"has 0 times <image> for 1 images")
def removed_placeholder(export: Damaged, source: ExportSource) -> None:
    rows = export.rows("test")
    user, _, key = export.turns(rows[0])
    user[key] = user[key].replace("<image>\n", "")
    export.save("test", rows)


@damage(r"has 2 times <video> for 1 videos")
def added_placeholder(export: Damaged, source: ExportSource) -> None:
    rows = export.rows("test")
    user, _, key = export.turns(rows[0])
    user[key] += " <video>"
    export.save("test", rows)


@damage(r"the prompt holds the reserved word '<\|im_end\|>'")
def reserved_word(export: Damaged, source: ExportSource) -> None:
    rows = export.rows("test")
    user, _, key = export.turns(rows[0])
    user[key] += " <|im_end|>"
    export.save("test", rows)


@damage(r"the answer is wrong: it is '0.0', by the CSV it is 'Answer: [ABC]'")
def changed_answer(export: Damaged, source: ExportSource) -> None:
    rows = export.rows("test")
    _, assistant, key = export.turns(rows[0])
    assistant[key] = "0.0"
    export.save("test", rows)


@damage(r"-watch: answer is 'D', by the CSV it is '[ABC]'")
def changed_typed_answer(export: Damaged, source: ExportSource) -> None:
    rows = export.rows("test")
    export.question(rows[0])["answer"] = "D"
    export.save("test", rows)


@damage(r"-watch: needs is 'text', by the CSV it is 'video'")
def changed_needs(export: Damaged, source: ExportSource) -> None:
    rows = export.rows("test")
    export.question(rows[0])["needs"] = "text"
    export.save("test", rows)


@damage(r"-watch: rationale is '.* reaches 99\.99\.', by the CSV it is '")
def a_number_of_a_rationale(export: Damaged, source: ExportSource) -> None:
    rows = export.rows("test")
    asked = export.question(rows[0])
    asked["rationale"] = re.sub(r"reaches .*", "reaches 99.99.", asked["rationale"])
    export.save("test", rows)


@damage(r"the prompt does not end with the question that the CSV gives")
def another_question(export: Damaged, source: ExportSource) -> None:
    rows = export.rows("test")
    user, _, key = export.turns(rows[0])
    user[key] = user[key].replace("Watch the video.", "Watch the films.")
    export.save("test", rows)


@damage(r"asks \['demo-r0000150-look', 'demo-r0000150-watch'\], expected")
def swapped_questions(export: Damaged, source: ExportSource) -> None:
    rows = export.rows("test")
    of = rows[0]["conversations"][0] if export.name == "webdataset" else rows[0]
    of["questions"].reverse()
    export.save("test", rows)


@damage(r"prompts, answers or columns differ from what was exported")
def one_letter_of_the_prompt(export: Damaged, source: ExportSource) -> None:
    rows = export.rows("test")
    user, _, key = export.turns(rows[0])
    user[key] = user[key].replace("Columns", "columns")
    export.save("test", rows)


@damage(r"the prompt has \d+ tokens, declared are \d+")
def longer_prompt(export: Damaged, source: ExportSource) -> None:
    rows = export.rows("test")
    user, _, key = export.turns(rows[0])
    user[key] += " please"
    export.save("test", rows)


@damage(r"the turns are by \['(gpt|assistant)', '(human|user)', .*two for each question")
def swapped_roles(export: Damaged, source: ExportSource) -> None:
    rows = export.rows("test")
    user, assistant, key = export.turns(rows[0])
    role = "from" if key == "value" else "role"
    user[role], assistant[role] = assistant[role], user[role]
    export.save("test", rows)


@damage(r"the row has the columns \[.*'weight'\], expected")
def extra_column(export: Damaged, source: ExportSource) -> None:
    rows = export.rows("train")
    rows[-1]["weight"] = 1
    if export.name in IN_PARQUET:  # a column is one of all rows
        rows = [{**row, "weight": 1} for row in rows]
    export.save("train", rows)


@damage(r"the row has the columns ")
def missing_column(export: Damaged, source: ExportSource) -> None:
    rows = export.rows("train")
    for row in rows if export.name in IN_PARQUET else rows[-1:]:
        del row["image" if export.name == "qwen" else "images"]
    export.save("train", rows)


@damage(r"is '[^']*', expected a list")
def a_path_instead_of_a_list(export: Damaged, source: ExportSource) -> None:
    rows = export.rows("test")
    column = "image" if export.name == "qwen" else "images"
    rows[0][column] = rows[0][column][0]
    export.save("test", rows)


@damage(r"the id '[^']*' occurs twice, first in ")
def duplicate_id(export: Damaged, source: ExportSource) -> None:
    rows = export.rows("train")
    if export.name == "webdataset":
        rows[0]["conversations"][1]["id"] = rows[0]["conversations"][0]["id"]
    else:
        rows[1]["id"] = rows[0]["id"]
    export.save("train", rows)


@damage(r"the conversation is declared but missing")
def lost_row(export: Damaged, source: ExportSource) -> None:
    if export.name == "webdataset":
        export.save_members("train", export.members("train")[3:])
    else:
        export.save("train", export.rows("train")[1:])


@damage(r"is in the split validation, but belongs to test")
def swapped_splits(export: Damaged, source: ExportSource) -> None:
    first, second = export.file("validation"), export.file("test")
    kept = first.read_bytes()
    shutil.copyfile(second, first)
    second.write_bytes(kept)


@damage(r"shares rows \d+ to \d+ of the CSV with .*: test leaks")
def leaking_rows(export: Damaged, source: ExportSource) -> None:
    path = export.folder / "corpus.json"
    content = json.loads(path.read_bytes())
    content["samples"][-1]["past_start"] -= 1
    path.write_text(json.dumps(content), encoding="utf-8")


@damage(r"its video has 210 tokens, declared are 6978")
def wrong_token_count(export: Damaged, source: ExportSource) -> None:
    path = export.folder / "corpus.json"
    content = json.loads(path.read_bytes())
    content["samples"][-1]["video_tokens"] = 6978
    path.write_text(json.dumps(content), encoding="utf-8")


@damage(r"has \d+ tokens for ms_swift, declared are 1$")
def wrong_length(export: Damaged, source: ExportSource) -> None:
    path = export.folder / "corpus.json"
    content = json.loads(path.read_bytes())
    content["samples"][-1]["conversations"][-1]["tokens"]["ms_swift"] = 1
    path.write_text(json.dumps(content), encoding="utf-8")


@damage(r"leads out of the export")
def escaping_path(export: Damaged, source: ExportSource) -> None:
    if export.name == "webdataset":
        path = export.folder / "corpus.json"
        content = json.loads(path.read_bytes())
        content["files"]["test"] = ["../test-000000.tar"]
        path.write_text(json.dumps(content), encoding="utf-8")
        return
    rows = export.rows("test")
    outside = "../../etc/hostname"
    shown = {"bytes": b"", "path": outside} if export.name in IN_PARQUET else outside
    rows[0]["image" if export.name == "qwen" else "images"] = [shown]
    export.save("test", rows)


@damage(r"is no part of this export, but loaders will read it")
def file_of_an_earlier_export(export: Damaged, source: ExportSource) -> None:
    manifest = export.folder / "corpus.json"
    content = json.loads(manifest.read_bytes())
    del content["files"]["validation"]
    manifest.write_text(json.dumps(content), encoding="utf-8")


@damage(r"is not (JSON in UTF-8|a whole tar|Parquet of this format)|cannot be read")
def rows_cut_short(export: Damaged, source: ExportSource) -> None:
    path = export.file("test")
    path.write_bytes(path.read_bytes()[:300])


@damage(r"corpus\.json: cannot be read")
def no_manifest(export: Damaged, source: ExportSource) -> None:
    (export.folder / "corpus.json").unlink()


# What only decoding can tell; the others are looked for without it, which takes a tenth.
OF_MEDIA = {
    *("truncated_png", "shrunk_png", "another_picture", "missing_image", "missing_video"),
    *("dropped_frame", "slowed_video", "truncated_video"),
}


# What a table with one type per column cannot say, or one with one question per row.
NOT_IN_A_TABLE = {"a_path_instead_of_a_list"}
NOT_OF_ONE_QUESTION = {"swapped_questions", "swapped_roles"}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (n, k)
        for n in FORMATS
        for k in DAMAGES
        if n != "vlmevalkit"
        and not (n in IN_PARQUET and k in NOT_IN_A_TABLE)
        and not (n in IN_PARQUET - {"huggingface"} and k in NOT_OF_ONE_QUESTION)
    ],
)
def test_a_damaged_export_is_refused_with_the_reason(
    moved_export: Copy, source: ExportSource, name: str, kind: str
) -> None:
    folder = moved_export(name)
    do, reason = DAMAGES[kind]
    do(Damaged(folder, name), source)
    decode = kind in OF_MEDIA
    report = validate_export(folder, name, expectations(source), decode=decode)
    problems = list(map(str, report.problems))
    assert any(re.search(reason, told) for told in problems), problems


@each_format
def test_a_sound_export_that_was_moved_has_no_problem(
    moved_export: Copy, source: ExportSource, name: str
) -> None:
    report = validate_export(moved_export(name), name, expectations(source))
    assert list(report.problems) == []
    rows = {"rl": 18, "lmms_eval": 18, "vlmevalkit": 6}.get(name, 12)
    media = 6 if name == "vlmevalkit" else 12
    assert (report.conversations, report.media, list(report.not_checked)) == (rows, media, [])


@each_format
def test_what_cannot_be_checked_without_the_csv_is_said(exports_once: Path, name: str) -> None:
    report = validate_export(exports_once / name, name)
    assert list(report.problems) == []
    assert [told.split()[0] for told in report.not_checked] == [
        "Questions",
        "Numeric",
        "Tokens",
        "Tokens",
        "Tokens",
        "Lengths",
    ]


def test_a_changed_answer_is_found_without_the_csv(moved_export: Copy) -> None:
    folder = moved_export("qwen")
    changed_answer(Damaged(folder, "qwen"), text_source())
    (problem,) = validate_export(folder, "qwen", decode=False).problems
    assert (problem.file, problem.row) == ("test.jsonl", 1)
    assert problem.reason == "prompts, answers or columns differ from what was exported"


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "vlmevalkit"])
def test_changed_media_are_found_without_decoding(moved_export: Copy, name: str) -> None:
    folder = moved_export(name)
    Damaged(folder, name).change_medium("mp4", lambda data: data + b"\0")
    report = validate_export(folder, name, decode=False)
    (problem,) = report.problems
    assert problem.reason == "its content differs from what was exported"
    assert report.not_checked[0] == "Media were not decoded, only compared by digest."


@pytest.mark.parametrize("name", ["huggingface", "webdataset"])
@pytest.mark.parametrize("column", ["flags", "past_first_time", "stats_text"])
def test_a_column_that_no_rule_knows_is_held_against_its_digest(
    moved_export: Copy, name: str, column: str
) -> None:
    export = Damaged(moved_export(name), name)
    rows = export.sample_rows("train")
    rows[-1][column] += "x"
    export.save_sample_rows("train", rows)
    (problem,) = validate_export(export.folder, name, decode=False).problems
    assert (problem.row, problem.reason) == (len(rows), "a column differs from what was exported")


def test_a_changed_target_is_found(moved_export: Copy, source: ExportSource) -> None:
    export = Damaged(moved_export("huggingface"), "huggingface")
    rows = export.sample_rows("train")
    rows[2]["target"][0][0] += 1.0
    export.save_sample_rows("train", rows)
    known = expectations(source)
    (problem,) = validate_export(export.folder, export.name, known, decode=False).problems
    assert (problem.file, problem.row, problem.id) == (
        "samples/train.parquet",
        3,
        source.samples[2].id,
    )
    assert problem.reason == "the target is wrong: other numbers in the CSV"


def test_lengths_that_a_row_tells_are_held_against_those_declared(moved_export: Copy) -> None:
    export = Damaged(moved_export("huggingface"), "huggingface")
    rows = export.rows("train")
    rows[0]["tokens"]["llama_factory"] += 1
    rows[1]["length"] += 1
    rows[2]["tokens"]["trl"] = 5  # which reads no videos
    export.save("train", rows)
    problems = validate_export(export.folder, export.name, decode=False).problems
    assert [(problem.row, problem.reason.partition(" tokens")[0][:12]) for problem in problems] == [
        (1, "has {'qwen3_"),
        (2, "its length i"),
        (3, "has {'qwen3_"),
    ]


def test_members_of_a_shard_must_lie_side_by_side(tmp_path: Path) -> None:
    source = text_source(("train",) * 8)  # of which two are in a shard
    write_export(tmp_path, FORMATS["webdataset"](source), source)
    export = Damaged(tmp_path, "webdataset")
    members = export.members("train")
    export.save_members("train", [*members[1:], members[0]])
    report = validate_export(export.folder, export.name, decode=False)
    told = [problem.reason for problem in report.problems]
    assert told == ["member 6 is apart from its sample"]


def test_a_member_that_a_shard_has_twice_is_told_once(moved_export: Copy) -> None:
    export = Damaged(moved_export("webdataset"), "webdataset")
    members = export.members("train")
    export.save_members("train", [members[0], *members])
    report = validate_export(export.folder, export.name, decode=False)
    told = [problem for problem in report.problems if problem.reason == "occurs twice in the shard"]
    assert [problem.id for problem in told] == [members[0][0]]


@each_format
def test_an_export_that_takes_too_long_is_not_called_sound(exports_once: Path, name: str) -> None:
    (problem,) = validate_export(exports_once / name, name, decode=False, seconds=-1).problems
    assert "not to its end" in problem.reason


def test_a_format_that_does_not_exist_or_is_another_is_told(exports_once: Path) -> None:
    with pytest.raises(CorpusError, match="format 'parquet': expected one of qwen, ms_swift"):
        validate_export(exports_once / "qwen", "parquet")
    (problem,) = validate_export(exports_once / "qwen", "ms_swift").problems
    assert "says that this is the format 'qwen', expected 'ms_swift'" in problem.reason


def test_a_leak_between_splits_of_overlapping_windows_is_told(
    moved_export: Copy, source: ExportSource
) -> None:
    folder = moved_export("qwen")
    path = folder / "corpus.json"
    content = json.loads(path.read_bytes())
    # Train reaches over all of validation: the sample before is not the one that leaks.
    content["samples"][0]["target_stop"] = content["samples"][5]["past_start"] + 1
    path.write_text(json.dumps(content), encoding="utf-8")
    problems = validate_export(folder, "qwen", decode=False).problems
    leaking = [problem.id for problem in problems if "leaks" in problem.reason]
    assert leaking == [sample.id for sample in source.samples[3:]]


@pytest.fixture(scope="module")
def undrawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small exports in every format, whose media are no pictures."""
    folder, source = tmp_path_factory.mktemp("undrawn"), text_source(("train", "test"))
    for name, export in FORMATS.items():
        write_export(folder / name, export(source), source)
    return folder


@each_format
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_whatever_is_in_the_files_is_told_and_not_raised(
    undrawn: Path, name: str, data: st.DataObject
) -> None:
    export = Damaged(undrawn / name, name)
    path = data.draw(st.sampled_from([export.file("test"), export.folder / "corpus.json"]))
    content = path.read_bytes()
    at = data.draw(st.integers(0, len(content) - 1))
    piece = data.draw(
        st.binary(max_size=4)
        | st.sampled_from([b"NaN", b"\\ud800", b"null", b"{", b'"', b"0", b"[" * 3000, b"../"])
    )
    gone = data.draw(st.integers(0, 8))
    try:
        path.write_bytes(content[:at] + piece + content[at + gone :])
        known = Expectations(count_tokens=lambda text: len(text.encode("utf-8").split()))
        report = validate_export(export.folder, name, known, decode=False)
        "\n".join(map(str, report.problems)).encode("utf-8")
    finally:
        path.write_bytes(content)
    assert list(validate_export(export.folder, name, known, decode=False).problems) == []
