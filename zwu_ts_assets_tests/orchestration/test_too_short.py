"""A CSV too short for its splits: what is missing is told, and the command fails."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import Result

from zwu_ts_assets.config.settings import Settings
from zwu_ts_assets.orchestration.refresh.comparison import difference
from zwu_ts_assets.orchestration.too_short import empty_splits, outlook, unasked_splits
from zwu_ts_assets.storage.artifact_store import Detail
from zwu_ts_assets_tests.project import SETTINGS, Project, commands_beside, write_csv

PLAIN = SETTINGS.replace("horizon = 24", "horizon = 6")  # a sample has 30 rows


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "project", rows=42, settings=PLAIN)


@pytest.fixture
def enter(project: Project, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Enters a command beside the project."""
    return commands_beside(project, monkeypatch)


@pytest.mark.slow
def test_nothing_to_export_is_an_error_that_says_what_helps(
    project: Project, enter: Callable[..., Result]
) -> None:
    for _ in range(2):  # the second has nothing to do, and still exported nothing
        result = enter("export", "--format", "qwen", "--workers", "1")
        assert result.exit_code == 1
        assert "A sample needs 30 rows in one split" in result.output
        assert "train 29, validation 4, test 9" in result.output
        assert "window_length and horizon of together at most 29" in result.output
        assert "other ratios of [split], such that one has 30 rows" in result.output
        assert "Traceback" not in result.output
    assert "there is no export below" in enter("validate").output
    (told,) = set(re.findall(r"a CSV of at least (\d+) rows", result.output))
    write_csv(project.csv, int(told))
    result = enter("export", "--format", "qwen", "--workers", "1")
    assert result.exit_code == 1
    assert "nothing is asked of its samples, so there is nothing to export" in result.output
    (stride,) = re.findall(r"a smaller window_stride, such as (\d+)", result.output)
    write_csv(project.csv, 345)
    with (project.data / "ETTh1.toml").open("a", encoding="utf-8") as settings:
        settings.write(f"window_stride = {stride}\n")
    result = enter("export", "--format", "qwen", "--workers", "1")
    assert result.exit_code == 0, result.output
    assert len((project.artifacts / "exports/qwen/train.jsonl").read_text("utf-8").splitlines())


def counts_of(rows: int, settings: Settings) -> tuple[dict[str, int], dict[str, Detail]]:
    """The samples of each split, counted window by window, and what a record tells of them."""
    ratios = [Decimal(str(ratio)) for ratio in settings.split.ratios or (0.7, 0.1, 0.2)]
    cuts = [0, int(ratios[0] * rows), int((ratios[0] + ratios[1]) * rows), rows]
    needed = settings.window_length + settings.horizon
    counts: dict[str, int] = {}
    details: dict[str, Detail] = {}
    for name, (first, stop) in zip(("train", "validation", "test"), pairwise(cuts), strict=True):
        starts = range(0, rows - settings.window_length + 1, settings.stride)
        counts[name] = sum(first <= start and start + needed <= stop for start in starts)
        details[f"{name}_samples"] = counts[name]
        details[f"{name}_rows"] = f"{first}..{stop - 1}" if stop > first else "none"
    return counts, details


def settings_of(**changes: object) -> Settings:
    return Settings.model_validate(
        {"window_length": 24, "horizon": 6, "patch_length": 12, "patch_stride": 6, **changes}
    )


def with_split(ratios: Sequence[float], **changes: object) -> Settings:
    return settings_of(split={"ratios": tuple(ratios)}, **changes)


CSV = Path("weather.csv")


@pytest.mark.parametrize("rows", [180, 203, 290])
def test_ratios_that_are_suggested_leave_no_split_empty(rows: int) -> None:
    counts, details = counts_of(rows, settings_of())
    assert 0 in counts.values()
    assert counts["train"]
    sentence = empty_splits(CSV, settings_of(), details)
    assert "there is no sample in " in sentence
    (found,) = re.findall(r"ratios = \[(.+?)\]", sentence)
    other = with_split([float(each) for each in found.split(", ")])
    assert all(counts_of(rows, other)[0].values())


@pytest.mark.parametrize("ratios", [(0.8, 0.1, 0.1), (0.9, 0.1, 0.0), (0.7, 0.1, 0.2)])
def test_a_stride_or_horizon_that_is_suggested_leaves_no_split_empty(
    ratios: tuple[float, float, float],
) -> None:
    suggested: Counter[str] = Counter()
    for rows in range(150, 900):
        counts, details = counts_of(rows, with_split(ratios))
        asked = [name for name, ratio in zip(counts, ratios, strict=True) if ratio]
        missing = [name for name in asked if not counts[name]]
        sentence = empty_splits(CSV, with_split(ratios), details)
        assert bool(missing) == bool(sentence)
        if not missing:
            continue
        assert f"a ratio of 0 for {' and '.join(missing)}, if that is meant" in sentence
        for setting, name in (("window_stride", "window_stride"), ("horizon", "horizon")):
            for most in map(int, re.findall(rf"a {name} of at most (\d+)", sentence)):
                suggested[setting] += 1
                better, _ = counts_of(rows, with_split(ratios, **{setting: most}))
                assert all(better[each] for each in asked), (rows, sentence)
    assert min(suggested["window_stride"], suggested["horizon"]) >= 5


@pytest.mark.parametrize("stride", [None, 6])
def test_a_shorter_window_that_is_suggested_leaves_no_split_empty(stride: int | None) -> None:
    suggested, smaller_patches = 0, 0
    for rows in range(40, 900):
        settings = settings_of(window_length=96, horizon=48, window_stride=stride)
        sentence = empty_splits(CSV, settings, counts_of(rows, settings)[1])
        found = dict(re.findall(r"`(window_\w+|horizon|patch_\w+) = (\d+)`", sentence))
        if not found:
            continue
        suggested += 1
        smaller_patches += "patch_length" in found
        values = {name: int(value) for name, value in found.items()}
        better = Settings.model_validate({**settings.model_dump(exclude_unset=True), **values})
        assert all(counts_of(rows, better)[0].values()), (rows, sentence)
    assert suggested > 100
    assert smaller_patches > 10 or stride  # with a small one, patches fit into nearly all


@pytest.mark.parametrize("rows", [77, 180, 345])
@pytest.mark.parametrize("stride", ["", "window_stride = 5\n"])
def test_the_splits_are_foretold_as_they_will_be(tmp_path: Path, rows: int, stride: str) -> None:
    project = Project(tmp_path / "project", rows=rows, settings=PLAIN + stride)
    found = difference(project.dataset, project.artifacts, with_splits=True)
    counts, details = counts_of(rows, project.dataset.settings)
    assert {name: found.splits[f"{name}_samples"] for name in counts} == counts
    assert details.items() <= found.splits.items()


def test_of_few_batches_and_gaps_the_splits_are_foretold(tmp_path: Path) -> None:
    project = Project(tmp_path / "project", rows=345, settings=PLAIN + "max_batches = 3\n")
    found = difference(project.dataset, project.artifacts, with_splits=True)
    assert (found.splits["train_samples"], found.splits["test_samples"]) == (3, 0)
    head, *lines = project.csv.read_text("utf-8").splitlines()
    lines[30] = ",".join([lines[30].split(",")[0], *[""] * 7])
    project.csv.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    project.configure(PLAIN + 'max_batches = 3\ngaps = "drop"\n')
    found = difference(project.dataset, project.artifacts, with_splits=True)
    # Of the windows at 0, 24 and 48, the second lacks a value, and so does none of the targets.
    assert found.splits["train_samples"] == 2


def test_status_foretells_the_splits_before_anything_is_made(
    project: Project, enter: Callable[..., Result]
) -> None:
    write_csv(project.csv, 180)
    told = enter("status").output
    assert "samples: train 5, validation 0, test 1" in told
    assert "warning: there is no sample in validation, so its files are empty." in told
    assert "What helps: " in told
    assert "Settings go into ETTh1.toml, beside the CSV." in told
    write_csv(project.csv, 42)
    assert "warning: there is no sample, and of none nothing is made." in enter("status").output
    write_csv(project.csv, 600)
    told = enter("status").output
    assert re.search(r"samples: train \d+, validation [1-9], test [1-9]", told)
    assert "there is no sample" not in told


def test_status_says_what_is_wrong_with_the_borders_of_the_splits(
    project: Project, enter: Callable[..., Result]
) -> None:
    project.configure(PLAIN + "[split]\nborders = [0, 100, 200, 300]\n")
    result = enter("status")
    assert result.exit_code == 0
    assert "warning: the split ends at row 300, but the series has 42 rows" in result.output


def test_a_run_ends_with_what_an_export_will_miss(
    project: Project, enter: Callable[..., Result]
) -> None:
    write_csv(project.csv, 180)
    told = enter("run", "--workers", "1").output
    assert told.count("warning: there is no sample in validation") == 1
    assert told.index("warning: there is no sample in validation") > told.index("Artifacts of")
    assert "nothing to do" in enter("run", "--workers", "1").output


def test_a_split_of_whose_samples_nothing_is_asked_is_told() -> None:
    samples: dict[str, Detail] = {"train_samples": 9, "validation_samples": 1, "test_samples": 2}
    questions: dict[str, Detail] = {"questions": 20, "train_questions": 20}
    questions |= {"validation_questions": 0, "test_questions": 0}
    (sentence,) = outlook(CSV, settings_of(), samples, questions)
    assert "nothing is asked of the samples of validation (1) and test (2)" in sentence
    assert "so their files are empty" in sentence
    assert "a smaller window_stride, such as 6" in sentence
    assert unasked_splits(CSV, settings_of(), samples, questions) == sentence
    questions |= {"validation_questions": 2, "test_questions": 3}
    assert outlook(CSV, settings_of(), samples, questions) == []
    assert outlook(CSV, settings_of(), samples, None) == []


def test_of_few_batches_more_are_suggested_first() -> None:
    details: dict[str, Detail] = {"train_samples": 3, "validation_samples": 0, "test_samples": 0}
    details |= {"train_rows": "0..8639", "validation_rows": "8640..11519", "test_rows": "none"}
    sentence = empty_splits(CSV, settings_of(max_batches=3), details)
    assert "What helps: a max_batches larger than 3" in sentence


def test_a_split_without_rows_is_no_empty_one() -> None:
    settings = with_split((1, 0, 0))
    assert empty_splits(CSV, settings, counts_of(180, settings)[1]) == ""


@pytest.mark.slow
def test_an_export_with_an_empty_split_is_an_error_and_a_look_at_it_is_not(
    project: Project, enter: Callable[..., Result]
) -> None:
    write_csv(project.csv, 345)
    project.configure(PLAIN + "window_stride = 6\n[split]\nratios = [0.92, 0.04, 0.04]\n")
    for _ in range(2):  # the second has nothing to do, and the split is still empty
        result = enter("export", "--format", "qwen", "--workers", "1")
        assert result.exit_code == 1
        assert "there is no sample in validation and test" in result.output
        assert "What helps: " in result.output
        assert "Traceback" not in result.output
    result = enter("look", "--workers", "1")
    assert result.exit_code == 0, result.output
    assert "Warning: " in result.output
    project.configure(PLAIN + "window_stride = 6\n[split]\nratios = [1, 0, 0]\n")
    result = enter("export", "--format", "qwen", "--workers", "1")
    assert result.exit_code == 0, result.output


def test_a_folder_with_nothing_but_checkpoints_is_no_export(
    project: Project, enter: Callable[..., Result]
) -> None:
    (project.artifacts / "exports/qwen/output").mkdir(parents=True)
    (project.artifacts / "exports/qwen/output/weights").write_bytes(b"x")
    result = enter("validate")
    assert result.exit_code == 1
    assert "there is no export below" in result.output
    assert "corpus.json" not in result.output
