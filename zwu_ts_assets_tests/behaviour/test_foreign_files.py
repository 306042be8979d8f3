"""What no run made is never removed: checkpoints, links, and what lies behind them."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zwu_ts_assets import cli
from zwu_ts_assets.orchestration.refresh.comparison import DAMAGED, MISSING, OutOfDate, difference
from zwu_ts_assets.storage.artifact_store import parsed_record
from zwu_ts_assets_tests.last_mile import FORMATS, copy_of, refresh, run, stale, with_setting
from zwu_ts_assets_tests.project import Project, failures, write_csv

CHECKPOINTS = {
    "output/v0-20260101/checkpoint-10/model.safetensors": b"weights",
    "output/v0-20260101/args.json": b"{}",
    "runs/events.out.tfevents": b"log",
    "media/mine.png": b"a picture of mine",
}


@pytest.fixture
def project(exported_once: tuple[Project, object], tmp_path: Path) -> Project:
    return copy_of(exported_once[0].data.parent, tmp_path / "project")


@pytest.fixture
def enter(project: Project, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Enters a command beside the project; what it prints."""
    monkeypatch.setenv("ZWU_TS_DATA_DIR", str(project.data))
    monkeypatch.setenv("ZWU_TS_ARTIFACTS_DIR", str(project.artifacts))
    monkeypatch.setenv("DAGSTER_HOME", str(project.data.parent / "home"))
    monkeypatch.setenv("ZWU_TS_DATASETS", "etth1")

    def entered(*words: str) -> str:
        result = CliRunner().invoke(cli.main, words)
        assert result.exit_code == 0, result.output
        return result.output

    return entered


def train_in_each(project: Project) -> dict[Path, bytes]:
    """Put into each export what trainers write; what is there now, by path."""
    put = {}
    for name in FORMATS:
        for file, content in CHECKPOINTS.items():
            path = project.artifacts / "exports" / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            put[path] = content
    return put


def assert_there(put: dict[Path, bytes]) -> None:
    assert {path: path.read_bytes() for path in put if path.exists()} == put


def test_checkpoints_in_an_export_are_told_and_survive_every_command(
    project: Project, enter: Callable[..., str]
) -> None:
    put = train_in_each(project)
    assert stale(project) == set()
    status = enter("status")
    assert "etth1: 0 artifacts out of date" in status
    for name in FORMATS:
        (line,) = [line for line in status.splitlines() if f"{name}_export" in line]
        assert "left alone, because no run made it" in line
        assert f"exports/{name}/output/" in line
        assert f"exports/{name}/runs/" in line
        assert "tfevents" not in line
    assert "every artifact is current" in enter("run", "--workers", "1")
    said = enter("export", "--force", "--workers", "1")
    assert "etth1: ms_swift_export: left alone, because no run made it: " in said
    assert_there(put)


def test_checkpoints_survive_other_settings_and_a_csv_that_shrinks(project: Project) -> None:
    put = train_in_each(project)
    with_setting(project, "shard_samples = 2")
    refresh(project)
    assert_there(put)
    write_csv(project.csv, 280)
    changed = refresh(project)
    assert "exports/ms_swift/media/correlations/batch_13.png" in changed  # ours is removed
    assert not (project.artifacts / "exports/ms_swift/media/correlations/batch_13.png").exists()
    with_setting(project, "line_plots = true")
    refresh(project)
    with_setting(project, "line_plots = false")
    (project.artifacts / "line_plots" / "batch_0.svg").write_bytes(b"mine")
    refresh(project)
    assert [path.name for path in (project.artifacts / "line_plots").iterdir()] == ["batch_0.svg"]
    assert_there(put)


@pytest.mark.parametrize("linked", ["exports", "exports/qwen", "exports/qwen/media/correlations"])
def test_no_run_writes_or_removes_behind_a_link_in_an_export(
    project: Project, tmp_path: Path, linked: str
) -> None:
    elsewhere, link = tmp_path / "elsewhere", project.artifacts / linked
    link.rename(elsewhere)
    link.symlink_to(elsewhere)
    (elsewhere / "mine.txt").write_bytes(b"mine")
    there = {p: p.read_bytes() for p in elsewhere.rglob("*") if p.is_file()}
    found = difference(project.dataset, project.artifacts)
    assert found.stale == ()
    assert any(linked in names for names in found.foreign.values())
    write_csv(project.csv, 280)
    said = failures(run(project))
    assert any(f"{link} is a link to another folder" in sentence for sentence in said)
    assert {p: p.read_bytes() for p in elsewhere.rglob("*") if p.is_file()} == there


def test_what_a_killed_run_left_of_an_export_is_written_again_or_told(project: Project) -> None:
    # As if a run had been killed after it wrote a shard more than there is now.
    shard = project.artifacts / "exports" / "webdataset" / "train-000004.tar"
    shard.write_bytes(b"of a killed run")
    found = difference(project.dataset, project.artifacts)
    assert found.foreign == {"webdataset_export": ["exports/webdataset/train-000004.tar"]}
    with_setting(project, "shard_samples = 1")
    refresh(project)
    assert shard.read_bytes() != b"of a killed run"
    assert difference(project.dataset, project.artifacts).foreign == {}


def test_the_card_of_each_export_says_where_to_write_checkpoints(project: Project) -> None:
    for name, option in {
        "qwen": "--output_dir",
        "ms_swift": "--output_dir",
        "llama_factory": "output_dir:",
        "huggingface": "TrainingArguments(output_dir=",
        "webdataset": "TrainingArguments(output_dir=",
    }.items():
        card = (project.artifacts / "exports" / name / "README.md").read_text("utf-8")
        assert option in card
        assert "outside of this" in " ".join(card.split())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@st.composite
def edits(draw: st.DrawFn, record: object) -> object:
    """A record of which one value, at any depth, is dropped, renamed or replaced."""
    if isinstance(record, dict) and record and draw(st.integers(0, 3)):
        name = draw(st.sampled_from(sorted(record)))
        how = draw(st.sampled_from(["drop", "rename", "edit"]))
        edited = dict(record)
        value = edited.pop(name)
        if how == "rename":
            edited[draw(st.sampled_from(["../x", "/etc/x", ".records/x", "a\0", "x"]))] = value
        if how == "edit":
            edited[name] = draw(edits(value))
        return edited
    return draw(JSON)


# Without its record, nobody has asked for one of these, of which nothing else is made.
_MADE_OF_NOTHING_ELSE = (
    "preflight",
    "baselines",
    "gallery",
    *(f"{name}_export" for name in FORMATS),
)


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_an_edited_record_is_one_that_can_be_relied_on_or_the_artifact_is_out_of_date(
    exported_once: tuple[Project, object], data: st.DataObject
) -> None:
    project = exported_once[0]
    records = project.artifacts / ".records"
    assets = sorted(path.name for path in records.iterdir())
    path = sorted((records / data.draw(st.sampled_from(assets))).iterdir())[0]
    good = path.read_bytes()
    edited = json.dumps(data.draw(edits(json.loads(good))))
    try:
        path.write_text(edited, "utf-8")
        found = difference(project.dataset, project.artifacts)
        record = parsed_record(edited.encode("utf-8"))
        if record is None:
            assert OutOfDate(path.parent.name, path.stem, MISSING) in found.stale or (
                path.parent.name in _MADE_OF_NOTHING_ELSE
            )
    finally:
        path.write_bytes(good)


SPOILT: list[Callable[[dict[str, Any]], object]] = [
    lambda fields: fields.update(code_version=None),
    lambda fields: fields.update(details={}),
    lambda fields: fields["files"].update({"../../x": next(iter(fields["files"].values()))}),
    lambda fields: fields["files"].update({"/etc/x": next(iter(fields["files"].values()))}),
    lambda fields: fields.update(files={}),
]


@pytest.mark.parametrize(
    ("asset", "left"), [("etth1_raw", 0), ("batch_windows", 1), ("patch_videos", 2), ("samples", 4)]
)
def test_each_edited_record_is_noticed_and_a_run_makes_again_what_the_one_left_tells_of(
    project: Project, asset: str, left: int
) -> None:
    before = project.files()
    assert stale(project) == set()
    path = sorted((project.artifacts / ".records" / asset).iterdir())[0]
    good = path.read_bytes()
    for spoil in SPOILT:
        fields = json.loads(good)
        spoil(fields)
        path.write_text(json.dumps(fields), "utf-8")
        reasons = {item.reason for item in stale(project) if item.asset == asset}
        assert reasons <= {MISSING, DAMAGED}
        assert reasons
        path.write_bytes(good)
    # One run for all: it is told of each no more than that the record is not to be relied on.
    SPOILT[left](fields := json.loads(good))
    path.write_text(json.dumps(fields), "utf-8")
    refresh(project)
    assert project.files() == before


def test_a_pipe_or_a_device_among_the_records_makes_nobody_wait(
    project: Project, enter: Callable[..., str]
) -> None:
    records = project.artifacts / ".records"
    for path in (records / "samples" / "all.json", records / "patch_videos" / "3.json"):
        path.unlink()
        os.mkfifo(path)
    raw = records / "etth1_raw" / "all.json"
    raw.unlink()
    raw.symlink_to("/dev/full")
    (records / "qwen_export" / "all.json").write_bytes(b"[" * 100_000)
    assert "patch_videos" in enter("status")
    enter("run", "--workers", "1")
    assert "0 artifacts out of date" in enter("status")
