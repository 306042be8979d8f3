"""Exports are incremental: what did not change keeps its bytes and its time of modification."""

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.orchestration.assets.validate import validate_folders
from zwu_ts_assets.orchestration.refresh.comparison import CODE, DAMAGED, FOLLOWS, OutOfDate
from zwu_ts_assets.training.exports import webdataset
from zwu_ts_assets_tests.last_mile import (
    FORMATS,
    change_row,
    copy_of,
    refresh,
    run,
    stale,
    with_setting,
)
from zwu_ts_assets_tests.project import Project, failures, write_csv

FIGURE = "correlations/batch_4.png"
FILM = "patch_videos/batch_4.mp4"


@pytest.fixture
def project(exported_once: tuple[Project, object], tmp_path: Path) -> Project:
    return copy_of(exported_once[0].data.parent, tmp_path / "project")


def of_export(changed: set[str], name: str) -> set[str]:
    start = f"exports/{name}/"
    return {each.removeprefix(start) for each in changed if each.startswith(start)}


def problems(project: Project) -> list[str]:
    said: list[str] = []
    validate_folders([project.dataset], project.artifacts, [], None, said.append)
    return [line for line in said if line.startswith("  ") and "not checked" not in line]


def lines_by_sample(text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        row = json.loads(line)
        found.setdefault(row["id"][: len("etth1-r0000096")], []).append(line)
    return found


LAST_MILE = ("samples", "questions", "evidence", "baselines", "preflight")


def test_one_changed_value_rewrites_the_rows_and_the_shard_of_its_window(project: Project) -> None:
    rows = {
        name: (project.artifacts / "exports" / name).read_text(encoding="utf-8")
        for name in ("qwen/train.jsonl", "ms_swift/train.jsonl")
    }
    change_row(project, 4 * 24 + 10, 7.25)  # of the past of batch 4, and of no target
    changed = refresh(project)
    told = {"corpus.json", "README.md"}
    media = {f"media/{FIGURE}", f"media/{FILM}", "media/line_plots/batch_4.png"}
    for name in ("qwen", "ms_swift"):
        assert of_export(changed, name) == told | media | {"train.jsonl"}
    assert of_export(changed, "llama_factory") == told | media | {"train.json"}
    tables = {f"{kind}/train.parquet" for kind in ("images", "videos", "samples")}
    assert of_export(changed, "huggingface") == told | tables
    # Which questions a window gets depends on all windows of its split, and on no other split.
    shards = of_export(changed, "webdataset") - told
    assert "train-000001.tar" in shards
    assert all(name.startswith("train-") for name in shards)
    assert {name for name in changed if name.startswith("samples/")} == {"samples/train.parquet"}
    for name, before in rows.items():
        after = (project.artifacts / "exports" / name).read_text(encoding="utf-8")
        old, new = lines_by_sample(before), lines_by_sample(after)
        assert list(old) == list(new)
        assert old["etth1-r0000096"] != new["etth1-r0000096"]
    for split in ("validation", "test"):
        assert f"exports/qwen/{split}.jsonl" not in changed


def test_a_csv_that_shrinks_takes_its_samples_media_and_shards_along(project: Project) -> None:
    assert any("batch_13" in name for name in project.files())
    write_csv(project.csv, 280)
    changed = refresh(project)
    left = project.files()
    assert not [name for name in left if "batch_12." in name or "batch_13." in name]
    for name in ("qwen", "webdataset"):
        kept = [each for each in of_export(changed, name) if not each.startswith("test")]
        assert not [each for each in kept if each.startswith(("train", "validation"))]
    # A split without a sample has no file: loaders refuse an empty one.
    assert not [name for name in left if name.startswith("exports/") and "/test" in name]
    assert problems(project) == []


def test_what_was_damaged_or_deleted_is_mended_and_nothing_else_touched(
    project: Project,
) -> None:
    exports = project.artifacts / "exports"
    before = project.files()
    os.truncate(exports / "qwen" / "train.jsonl", 100)
    (exports / "llama_factory" / "test.json").unlink()
    (exports / "ms_swift" / "media" / FILM).unlink()
    damaged = {"qwen_export", "llama_factory_export", "ms_swift_export"}
    assert stale(project) == {OutOfDate(name, "all", DAMAGED) for name in damaged}
    assert refresh(project) == {
        "exports/qwen/train.jsonl",
        "exports/llama_factory/test.json",
        f"exports/ms_swift/media/{FILM}",
    }
    assert project.files() == before


def test_what_a_desktop_leaves_in_a_folder_is_no_reason_to_make_an_export(
    project: Project,
) -> None:
    (project.artifacts / "exports" / "qwen" / ".DS_Store").write_bytes(b"x")
    assert stale(project) == set()


def test_an_export_that_was_cut_off_is_finished_by_the_next_run(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_setting(project, "shard_samples = 1")
    build: Callable[..., None] = webdataset._tar
    built = []

    def fails_at_the_third(*arguments: Any) -> None:
        built.append(arguments)
        if len(built) == 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        build(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(webdataset, "_tar", fails_at_the_third)
        (sentence,) = failures(run(project))
    assert "the disk is full" in sentence
    assert stale(project) == {OutOfDate("webdataset_export", "all", CODE)}
    changed = refresh(project)
    shards = sorted((project.artifacts / "exports" / "webdataset").glob("*.tar"))
    assert [path.name for path in shards] == [
        *(f"test-00000{number}.tar" for number in range(2)),
        *(f"train-00000{number}.tar" for number in range(8)),
        *(f"validation-00000{number}.tar" for number in range(2)),
    ]
    # Those that were finished before are not written again.
    assert "exports/webdataset/train-000000.tar" not in changed
    assert problems(project) == []


def test_force_builds_shards_again_although_nothing_changed(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    build: Callable[..., None] = webdataset._tar
    built = []

    def counted(*arguments: Any) -> None:
        built.append(arguments)
        build(*arguments)

    monkeypatch.setattr(webdataset, "_tar", counted)
    before = project.modified()
    force = {"ops": {"webdataset_export": {"config": {"force": True}}}}
    assert project.materialize("webdataset_export", config=force).success
    assert len(built) == 8
    assert project.modified() == before


def test_links_share_their_bytes_and_copies_do_not(project: Project) -> None:
    figure = project.artifacts / FIGURE
    linked = project.artifacts / "exports" / "qwen" / "media" / FIGURE
    good = figure.read_bytes()
    # By default they are copies: a trainer may write into an export.
    assert not linked.samefile(figure)
    with linked.open("r+b") as file:
        file.write(b"edited in place")
    assert figure.read_bytes() == good
    assert stale(project) == {OutOfDate("qwen_export", "all", DAMAGED)}
    card = project.artifacts / "exports" / "qwen" / "README.md"
    assert "hard links" not in card.read_text(encoding="utf-8")

    with_setting(project, 'export_media = "link"')
    refresh(project)
    assert linked.samefile(figure)
    assert "hard links" in card.read_text(encoding="utf-8")
    # Whoever cuts one of the names short cuts both, and both are told and restored.
    os.truncate(linked, 100)
    exports = {f"{name}_export" for name in FORMATS}
    assert stale(project) == {
        OutOfDate("correlation_pngs", "4", DAMAGED),
        *(OutOfDate(name, "all", FOLLOWS) for name in (*exports, *LAST_MILE, "gallery")),
    }
    refresh(project)
    assert figure.read_bytes() == good
    assert linked.samefile(figure)

    rows = project.artifacts / "exports" / "qwen" / "train.jsonl"
    written = rows.stat().st_mtime_ns
    with_setting(project, 'export_media = "copy"')
    assert stale(project) == {OutOfDate(name, "all", CODE) for name in exports}
    refresh(project)
    assert not linked.samefile(figure)
    assert linked.read_bytes() == good
    assert rows.stat().st_mtime_ns == written
    os.truncate(figure, 100)
    assert OutOfDate("correlation_pngs", "4", DAMAGED) in stale(project)
    assert linked.read_bytes() == good
    figure.write_bytes(good)
    os.truncate(linked, 100)
    assert stale(project) == {OutOfDate("qwen_export", "all", DAMAGED)}

    with_setting(project, 'export_media = "link"')
    refresh(project)
    assert linked.samefile(figure)
    assert linked.read_bytes() == good


def test_a_damaged_medium_is_told_by_its_name_if_only_the_export_is_made(
    project: Project,
) -> None:
    os.truncate(project.artifacts / FIGURE, 100)
    os.truncate(project.artifacts / "exports" / "qwen" / "media" / FIGURE, 100)
    (sentence,) = failures(project.materialize("qwen_export"))
    assert f"{FIGURE} is missing or damaged; materialize the asset that makes it" in sentence


def test_a_file_system_without_links_is_told_with_the_setting_that_helps(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    (project.artifacts / "exports" / "qwen" / "media" / FIGURE).unlink()
    with_setting(project, 'export_media = "link"')
    sentences = failures(run(project))
    assert sentences
    assert all('set export_media = "copy"' in sentence for sentence in sentences)


def test_there_is_nothing_to_validate_where_nothing_was_exported(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="make some first: `zwu-ts-assets export`"):
        validate_folders([], tmp_path, [], None, print)
