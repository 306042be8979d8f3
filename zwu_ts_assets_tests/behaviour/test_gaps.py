"""Rows that lack a value, and values that were interpolated, from the table to the exports."""

import csv
import json
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from zwu_ts_assets.orchestration.assets import corpus_products as products
from zwu_ts_assets.orchestration.assets.tables import decode_series
from zwu_ts_assets.orchestration.datasets import corpus_assets
from zwu_ts_assets.timeseries.csv_file import Reading, read_csv
from zwu_ts_assets.timeseries.csv_rules import CsvRules
from zwu_ts_assets_tests.last_mile import FORMATS, refresh, run, stale
from zwu_ts_assets_tests.project import (
    OVERLAPPING,
    OVERLAPPING_SPLIT,
    Project,
    checks,
    failures,
    metadata,
)
from zwu_ts_assets_tests.project import SETTINGS as PLAIN

MISSING = (34, 46)
INTERPOLATED = ((3, 2), (4, 2), (16, 0))  # row and column
MADE_FROM = ("samples", "questions", "evidence", "baselines")


def jsonl_rows(folder: Path) -> Iterator[tuple[str, str]]:
    for path in folder.glob("*.jsonl"):
        for row in map(json.loads, path.read_text("utf-8").splitlines()):
            turns = row.get("conversations") or row["messages"]
            yield row["id"], turns[0].get("value") or turns[0]["content"]


def array_rows(folder: Path) -> Iterator[tuple[str, str]]:
    for split in ("train", "validation", "test"):
        for row in json.loads((folder / f"{split}.json").read_text("utf-8")):
            yield row["id"], row["messages"][0]["content"]


def conversations_in(row: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for each in row["conversations"]:
        yield each["id"], each["messages"][0]["content"]


def hub_rows(folder: Path) -> Iterator[tuple[str, str]]:
    for kind in ("images", "videos"):
        for path in (folder / kind).glob("*.parquet"):
            for row in pq.read_table(path, columns=["id", "messages"]).to_pylist():
                parts = row["messages"][0]["content"]
                yield row["id"], "".join(part["text"] or "" for part in parts)


def shard_rows(folder: Path) -> Iterator[tuple[str, str]]:
    for path in folder.glob("*.tar"):
        with tarfile.open(path) as archive:
            for member in archive:
                if member.name.endswith(".json"):
                    stream = archive.extractfile(member)
                    assert stream is not None
                    yield from conversations_in(json.load(stream))


def parquet_rows(folder: Path) -> Iterator[tuple[str, str]]:
    for path in folder.glob("*.parquet"):
        for row in pq.read_table(path, columns=["id", "messages", "problem"]).to_pylist():
            assert row["problem"] == row["messages"][0]["content"]
            yield row["id"], row["problem"]


def table_rows(folder: Path) -> Iterator[tuple[str, str]]:
    csv.field_size_limit(1 << 24)  # of pictures
    for path in folder.glob("*.tsv"):
        with path.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines, dialect="excel-tab"):
                yield row["id"], row["question"]


ROWS_OF = {
    "qwen": jsonl_rows,
    "ms_swift": jsonl_rows,
    "llama_factory": array_rows,
    "huggingface": hub_rows,
    "webdataset": shard_rows,
    "rl": parquet_rows,
    "vlmevalkit": table_rows,
    "lmms_eval": parquet_rows,
}
"""By format, the ids of all conversations of an export, and what their users say first."""


def with_gaps(
    monkeypatch: pytest.MonkeyPatch,
    missing: tuple[int, ...],
    interpolated: tuple[tuple[int, int], ...] = (),
) -> None:
    """Read every CSV as if these rows lacked a value and those values had been interpolated."""

    def read(
        csv: Path, *, time_column: str | None, features: tuple[str, ...] | None, rules: CsvRules
    ) -> Reading:
        reading = read_csv(csv, time_column=time_column, features=features, rules=rules)
        series = reading.series
        values, marks = series.values.copy(), np.zeros(series.values.shape, np.bool_)
        values[list(missing), -1] = np.nan
        for place in interpolated:
            marks[place] = True
        lacking = np.isin(np.arange(series.rows), missing)
        found = replace(
            series,
            values=values,
            missing=lacking if missing else None,
            interpolated=marks if interpolated else None,
        )
        return replace(reading, series=found)

    monkeypatch.setattr(products, "read_csv", read)


def test_windows_and_targets_hold_no_missing_row_and_samples_tell_what_was_interpolated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_gaps(monkeypatch, MISSING, INTERPOLATED)
    settings = OVERLAPPING.replace("window_stride = 1", "window_stride = 3")
    project = Project(tmp_path, rows=90, settings=settings + OVERLAPPING_SPLIT)
    last_mile = (*MADE_FROM, *(f"{name}_export" for name in FORMATS))
    result = project.materialize(*corpus_assets(project.dataset), *last_mile, batches=(0, 6))
    assert result.success, failures(result)
    assert all(checks(result).values())
    assert stale(project) == set()

    whole = [row for row in range(0, 79, 3) if not any(row <= gap < row + 12 for gap in MISSING)]
    assert whole == [*range(0, 24, 3), *range(48, 79, 3)]  # batches 2 and 3 have none
    files = project.files()
    drawn = {int(n.split("row_")[1][:-4]) for n in files if n.startswith("patch_videos/")}
    assert drawn == set(whole)
    assert not [n for n in files if n.startswith("batch_windows/") and n[-9:-8] in "23"]
    told = metadata(project, "etth1_raw")
    assert (told["windows"], told["windows_with_gaps"], told["batches"]) == (19, 8, 7)
    assert metadata(project, "patch_videos", 3)["windows"] == 0
    text = files["correlations/batch_stats.txt"].decode("utf-8")
    assert text.count("--- Batch") == len(whole)
    stored = decode_series(files["etth1_raw.parquet"])
    assert stored.missing_rows.tolist() == list(MISSING)

    samples = {
        row["past_start"]: row
        for split in ("train", "validation", "test")
        for row in pq.read_table(project.artifacts / f"samples/{split}.parquet").to_pylist()
    }
    # The last of train is 18: the target of 21 has row 34, which lacks a value.
    assert sorted(samples) == [*range(0, 19, 3), 51, 54, 72, 75]
    report = json.loads(files["samples/splits.json"])
    assert sum(report["samples"].values()) + sum(report["unused"].values()) == len(whole)
    flags = {row: [f for f in s["flags"] if "interpolated" in f] for row, s in samples.items()}
    assert flags[0] == ["interpolated:OT:2"]
    assert flags[3] == ["interpolated:OT:2", "target_interpolated:HUFL:1"]
    assert flags[6] == ["interpolated:HUFL:1"]
    assert flags[18] == []
    manifest = json.loads(files["exports/qwen/corpus.json"])
    declared = {s["past_start"]: s.get("interpolated", []) for s in manifest["samples"]}
    assert declared == flags
    assert b"samples have interpolated values" in files["exports/qwen/README.md"]
    # What is trained on says it too, whatever the format, and no other sample does.
    said = {start for start, found in flags.items() if found}
    assert said == {0, 3, 6, 9, 12, 15}
    for name in FORMATS:
        starts = {True: set[int](), False: set[int]()}
        for key, text in ROWS_OF[name](project.artifacts / "exports" / name):
            start = int(key.split("-r")[1].split("-")[0])
            starts[start in said].add(start)
            sentence = "Some values were missing in the data and have been interpolated linearly."
            assert (sentence in text) == ("interpolated" in text) == (start in said), (name, key)
        assert starts[False] >= {18, 51, 54, 72, 75}, name
        # A table for VLMEvalKit has questions about pictures alone, of some of the windows.
        assert starts[True] == said or (name == "vlmevalkit" and len(starts[True]) > 3), name
    lines = {
        int(key.split("-r")[1].split("-")[0]): line
        for key, text in ROWS_OF["qwen"](project.artifacts / "exports" / "qwen")
        for line in text.splitlines()
        if "interpolated" in line
    }
    assert lines[0].endswith("interpolated linearly. In the window: 2 of OT.")
    assert lines[3].endswith("In the window: 2 of OT. In the 3 steps after it: 1 of HUFL.")
    exports = [folder.name for folder in (project.artifacts / "exports").iterdir()]
    assert sorted(exports) == sorted(ROWS_OF)


def with_an_export(folder: Path) -> Project:
    """A corpus without a gap, its samples and an export, with a window in every sixth row."""
    settings = OVERLAPPING.replace("window_stride = 1", "window_stride = 6")
    project = Project(folder, rows=90, settings=settings + OVERLAPPING_SPLIT)
    assets = [*corpus_assets(project.dataset), *MADE_FROM, "qwen_export"]
    assert project.materialize(*assets, batches=(0, 6)).success
    return project


def test_interpolated_values_that_are_in_no_sample_change_no_prompt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = with_an_export(tmp_path)
    before = project.files()
    with_gaps(monkeypatch, (), ((45, 0),))  # of a window that is embargoed
    rewritten = project.csv.read_text("utf-8") + "\n"  # another content
    project.csv.write_text(rewritten, encoding="utf-8")
    changed = refresh(project)
    told = ("exports/", "evidence/", "questions/", "samples/t")
    assert not {name for name in changed if name.startswith(told)}
    assert project.files().keys() == before.keys()


def test_interpolated_values_that_come_are_told_and_those_that_go_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = with_an_export(tmp_path)
    before = project.files()
    with_gaps(monkeypatch, (), INTERPOLATED)
    project.csv.write_text(project.csv.read_text("utf-8") + "\n", encoding="utf-8")
    assert "exports/qwen/train.jsonl" in refresh(project)
    rows = list(jsonl_rows(project.artifacts / "exports" / "qwen"))
    concerned = ("etth1-r0000000-", "etth1-r0000006-", "etth1-r0000012-")
    assert {key[:15] for key, _ in rows} > set(concerned)
    for key, text in rows:
        assert ("interpolated linearly" in text) == key.startswith(concerned), key
    with_gaps(monkeypatch, ())
    project.csv.write_text(project.csv.read_text("utf-8").rstrip("\n") + "\n", encoding="utf-8")
    refresh(project)
    assert project.files() == before


def test_a_gap_takes_a_batchs_only_window_and_a_mended_one_brings_it_back(
    built: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = built.files()
    with_gaps(monkeypatch, (30,))
    built.csv.write_text(built.csv.read_text("utf-8") + "\n", encoding="utf-8")  # another content
    assert {item.key for item in stale(built)} == {"all", "0", "1"}  # 0: its target ends sooner
    result = run(built)
    assert result.success, failures(result)
    assert all(checks(result).values())
    assert stale(built) == set()
    gone = {"batch_windows/batch_1.parquet", "correlations/batch_1.png", "patch_videos/batch_1.mp4"}
    assert set(before) - set(built.files()) == gone
    assert metadata(built, "patch_videos", 0)["target_rows"] == 6
    assert b"--- Batch 1 ---" not in built.files()["correlations/batch_stats.txt"]
    with_gaps(monkeypatch, ())
    built.csv.write_text(built.csv.read_text("utf-8").rstrip("\n") + "\n", encoding="utf-8")
    refresh(built)
    assert built.files() == before


def test_the_only_batch_of_a_run_may_have_no_window(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_gaps(monkeypatch, (30,))
    project = Project(tmp_path)
    result = project.materialize(batches=(1, 1))
    assert result.success, failures(result)
    assert project.files()["correlations/batch_stats.txt"] == b""
    told = metadata(project, "batch_stats")
    assert (told["batches"], told["windows"], told["known_batches"]) == (1, 0, 3)


def test_gaps_are_told_of_the_batches_that_are_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_gaps(monkeypatch, (30, 60))
    project = Project(tmp_path, rows=96, settings=PLAIN + "max_batches = 2\n")
    assert project.materialize("etth1_raw").success
    told = metadata(project, "etth1_raw")
    assert (told["batches"], told["windows"], told["windows_with_gaps"]) == (2, 1, 1)


def test_batches_without_a_whole_window_are_refused_whatever_comes_after_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_gaps(monkeypatch, (5, 30))
    project = Project(tmp_path, settings=PLAIN + "max_batches = 2\n")
    (said, *_) = failures(project.materialize("etth1_raw"))
    assert "each of its 2 windows of 24 rows has a row that lacks a value" in said


def test_a_csv_without_a_whole_window_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_gaps(monkeypatch, (5, 30, 50))
    (said, *_) = failures(Project(tmp_path).materialize("etth1_raw"))
    assert "each of its 3 windows of 24 rows has a row that lacks a value" in said
    assert "fill the gaps, or set a smaller window_length" in said
