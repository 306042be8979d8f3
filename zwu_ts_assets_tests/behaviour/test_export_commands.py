"""The commands of the last mile: export, preflight, validate."""

import json
import os
import re
import shutil
from pathlib import Path

import dagster as dg
import pytest
from click.testing import CliRunner, Result

from zwu_ts_assets import cli
from zwu_ts_assets_tests.last_mile import FORMATS, SAMPLES, copy_of, with_setting
from zwu_ts_assets_tests.project import Project

Exported = tuple[Project, dg.ExecuteInProcessResult]

MADE_FROM = ("samples", "questions", "evidence", "baselines")


class Desk:
    """A project, and commands entered beside it."""

    def __init__(self, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
        """Args: a project that may be changed, and what sets the environment for it."""
        self.project = project
        self.exports = project.artifacts / "exports"
        monkeypatch.setenv("ZWU_TS_DATA_DIR", str(project.data))
        monkeypatch.setenv("ZWU_TS_ARTIFACTS_DIR", str(project.artifacts))
        monkeypatch.setenv("DAGSTER_HOME", str(project.data.parent / "home"))
        monkeypatch.setenv("ZWU_TS_DATASETS", "etth1")

    def enter(self, *words: str) -> Result:
        """Enter a command line."""
        return CliRunner().invoke(cli.main, words)


@pytest.fixture
def desk(exported_once: Exported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(copy_of(exported_once[0].data.parent, tmp_path / "project"), monkeypatch)


def forget_the_last_mile(project: Project) -> None:
    """As if nobody had ever asked for it."""
    shutil.rmtree(project.artifacts / "exports")
    for record in (project.artifacts / ".records").iterdir():
        if record.name in (*MADE_FROM, "preflight", "gallery") or record.name.endswith("_export"):
            shutil.rmtree(record)


def test_export_makes_the_format_that_is_asked_for_and_no_other(desk: Desk) -> None:
    forget_the_last_mile(desk.project)
    result = desk.enter("export", "--format", "qwen", "--workers", "1")
    assert result.exit_code == 0, result.output
    assert [path.name for path in desk.exports.iterdir()] == ["qwen"]
    words = [line.split() for line in result.output.splitlines()]
    counts = dict(pair for pair in words if len(pair) == 2)
    files = [path for path in (desk.exports / "qwen").rglob("*") if path.is_file()]
    assert counts["exports/qwen/**"] == str(len(files))
    # From then on it is kept current, and nothing else of the last mile is.
    again = desk.enter("run")
    assert "nothing to do, every artifact is current" in again.output
    status = desk.enter("status")
    assert "etth1: 0 artifacts out of date" in status.output


@pytest.mark.slow
def test_the_bundled_dataset_can_be_exported_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A machine without ETTh1 has it instead, and the README's second command is for it too.
    desk = Desk(Project(tmp_path / "project"), monkeypatch)
    monkeypatch.setenv("ZWU_TS_DATASETS", "sample")
    monkeypatch.setenv("ZWU_TS_DATA_DIR", str(tmp_path))
    result = desk.enter("export", "--format", "qwen", "--workers", "1")
    assert result.exit_code == 0, result.output
    export = desk.project.artifacts / "sample" / "exports" / "qwen"
    rows = (export / "train.jsonl").read_text("utf-8").splitlines()
    assert rows and all(json.loads(row) for row in rows)


def test_evidence_is_the_same_for_any_number_of_workers(desk: Desk) -> None:
    folder = desk.project.artifacts / "evidence"
    names = ("evidence.json", "evidence.md")
    by_one = {name: (folder / name).read_bytes() for name in names}
    assert json.loads(by_one["evidence.json"])["wrong"] == []
    shutil.rmtree(folder)
    result = desk.enter("run", "--workers", "2")
    assert result.exit_code == 0, result.output
    assert {name: (folder / name).read_bytes() for name in names} == by_one


def test_look_makes_pages_whose_media_are_there_and_keeps_them_current(desk: Desk) -> None:
    forget_the_last_mile(desk.project)
    result = desk.enter("look", "--workers", "1")
    assert result.exit_code == 0, result.output
    folder = desk.project.artifacts / "gallery"
    assert f"Look at it: {folder.as_uri()}/index.html" in result.output
    pages = list(folder.rglob("*.html"))
    assert len(list((folder / "samples").iterdir())) == sum(SAMPLES.values())
    for page in pages:
        text = page.read_text("utf-8")
        for address in re.findall(r'(?:src|href)="([^"#]+)', text):
            assert (page.parent / address).is_file(), (page, address)
    with_setting(desk.project, 'title = "A series"')
    assert "gallery" in desk.enter("status").output
    assert desk.enter("run", "--workers", "1").exit_code == 0
    assert "<h1>A series</h1>" in (folder / "index.html").read_text("utf-8")


def test_several_datasets_are_looked_at_on_one_page(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZWU_TS_DATASETS", "etth1,other")
    for suffix in (".csv", ".toml"):
        source = desk.project.csv.with_suffix(suffix)
        shutil.copy(source, source.with_stem("other"))
    result = desk.enter("look", "--workers", "1")
    assert result.exit_code == 0, result.output
    page = desk.project.artifacts / "look.html"
    assert page.as_uri() in result.output
    scripts = re.findall(r'<script src="([^"]+)"', page.read_text("utf-8"))
    assert scripts == ["gallery/gallery.js", "gallery/index.js", "other/gallery/index.js"]
    assert all((page.parent / script).is_file() for script in scripts)


def test_an_unknown_format_is_told_in_one_sentence(desk: Desk) -> None:
    for command in (["export", "--format", "parquet"], ["validate", "--format", "parquet"]):
        result = desk.enter(*command)
        assert result.exit_code == 1
        assert "parquet" in result.output
        assert "qwen, ms_swift, llama_factory, huggingface, webdataset, rl, " in result.output
        assert "Traceback" not in result.output


def test_preflight_prints_the_table_of_consumers(desk: Desk) -> None:
    result = desk.enter("preflight")
    assert "---" not in result.output  # a table, and no Markdown of one
    assert result.exit_code == 0, result.output
    assert re.search("^consumer +figure seen ", result.output, re.M)
    assert "4 frames of 448x224" in result.output.replace("×", "x").replace(" x ", "x")
    assert "tokens of all" in result.output


def test_validate_tells_the_counts_of_every_sound_export(desk: Desk) -> None:
    result = desk.enter("validate")
    assert result.exit_code == 0, result.output
    found = [
        json.loads(line)
        for path in (desk.exports / "qwen").glob("*.jsonl")
        for line in path.open(encoding="utf-8")
    ]
    rows, questions = len(found), sum(len(row["questions"]) for row in found)
    for name in FORMATS:
        (told,) = (line for line in result.output.splitlines() if f"{desk.exports / name}:" in line)
        assert told.endswith(", 0 problems")
        if name in ("qwen", "ms_swift", "llama_factory", "webdataset"):
            assert f": {rows} conversations with {questions} questions, " in told
        if name == "huggingface":  # whose questions about videos are apart
            assert f" conversations with {questions} questions, " in told
    assert "not checked" not in result.output


def test_a_copy_elsewhere_is_checked_as_far_as_its_csv_is_there(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = tmp_path / "moved"
    shutil.copytree(desk.exports / "ms_swift", moved)
    monkeypatch.setenv("ZWU_TS_DATA_DIR", str(tmp_path / "nothing"))
    monkeypatch.setenv("ZWU_TS_ARTIFACTS_DIR", str(tmp_path / "nothing"))
    result = desk.enter("validate", str(moved))
    assert result.exit_code == 0, result.output
    assert " media files, 0 problems" in result.output
    told = [line for line in result.output.splitlines() if "not checked" in line]
    assert any(
        "Questions and answers were not recomputed: that takes the CSV." in line for line in told
    )
    # What the tokenizer alone can tell is checked.
    assert not any("okens of texts" in line for line in told)
    nothing = desk.enter("validate")
    assert nothing.exit_code == 1
    assert "there is no export below" in nothing.output


def test_settings_that_changed_since_are_no_fault_of_the_export(desk: Desk) -> None:
    toml = desk.project.data / "ETTh1.toml"
    toml.write_text(toml.read_text("utf-8") + "[tasks]\ndecimals = 5\n", encoding="utf-8")
    with_setting(desk.project, "horizon = 8")
    result = desk.enter("validate", str(desk.exports / "qwen"))
    assert result.exit_code == 0, result.output
    told = "The settings have changed since: horizon was 6 and is 8; tasks.decimals was 2 and is 5."
    assert told in result.output


def test_a_damaged_copy_is_refused_with_file_row_and_reason(desk: Desk, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged"
    shutil.copytree(desk.exports / "qwen", damaged)
    lines = (damaged / "train.jsonl").read_text("utf-8").splitlines()
    row = json.loads(lines[3])
    row["conversations"][1]["value"] += " 7"
    lines[3] = json.dumps(row, ensure_ascii=False)
    (damaged / "train.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    os.truncate(damaged / "media" / "patch_videos" / "batch_4.mp4", 100)
    (damaged / "media" / "correlations" / "batch_9.png").unlink()
    result = desk.enter("validate", str(damaged))
    assert result.exit_code == 1
    assert "train.jsonl, row 4" in result.output
    assert "the answer is wrong" in result.output
    assert "media/patch_videos/batch_4.mp4" in result.output
    assert "media/correlations/batch_9.png" in result.output
    assert "the file is missing" in result.output
    assert "Not every export is sound." in result.output


def test_a_folder_that_is_no_export_is_told(desk: Desk, tmp_path: Path) -> None:
    result = desk.enter("validate", str(tmp_path))
    assert result.exit_code == 1
    assert "name the folder of an export, or export again" in result.output
