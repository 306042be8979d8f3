"""A small corpus with samples in every split, and what brings it up to date as `make run` does.

Windows of 24 rows, targets of 6: the splits have 8, 2 and 2 samples, and two windows are embargoed.
"""

import os
import shutil
from collections.abc import Collection, Iterator
from pathlib import Path

import dagster as dg

from zwu_ts_assets.orchestration.automation import job_name
from zwu_ts_assets.orchestration.build import build_definitions
from zwu_ts_assets.orchestration.datasets import Dataset, asset_names
from zwu_ts_assets.orchestration.refresh.comparison import OutOfDate, difference
from zwu_ts_assets.orchestration.refresh.todo import todo
from zwu_ts_assets.orchestration.runs import refresh_tags
from zwu_ts_assets.storage.places import Place
from zwu_ts_assets_tests.project import SETTINGS, Project, failures

ROWS = 345
BATCHES = 14
SPLIT = '[split]\ndates = ["2016-07-09T15:00", "2016-07-12T12:00"]\n'  # rows 207 and 276
PLAIN = SETTINGS.replace("horizon = 24", "horizon = 6") + "shard_samples = 3\n"
SAMPLES = {"train": 8, "validation": 2, "test": 2}
FORMATS = (
    *("qwen", "ms_swift", "llama_factory", "huggingface", "webdataset"),
    *("rl", "vlmevalkit", "lmms_eval"),
)


def new_project(folder: Path, settings: str = PLAIN) -> Project:
    """A project of which nothing is made yet; `settings` come before the table of the split."""
    return Project(folder, rows=ROWS, settings=settings + SPLIT)


def make_everything(project: Project) -> dg.ExecuteInProcessResult:
    """The corpus and all of the last mile, in one run."""
    assets = asset_names(project.dataset)
    return project.materialize(*assets, batches=(0, BATCHES - 1))


def copy_of(folder: Path, target: Path) -> Project:
    """A copy in which files with two names still have two names."""
    copies: dict[int, str] = {}

    def copy(source: str, copied: str) -> str:
        number = Path(source).stat().st_ino
        if number in copies:
            os.link(copies[number], copied)
        else:
            copies[number] = shutil.copy2(source, copied)
        return copied

    shutil.copytree(folder, target, copy_function=copy)
    return Project(target)


def stale(project: Project, also: Collection[str] = ()) -> set[OutOfDate]:
    """What is out of date."""
    return set(difference(project.dataset, project.artifacts, also).stale)


def run(project: Project, also: Collection[str] = ()) -> dg.ExecuteInProcessResult:
    """One run that makes what is out of date; nothing says that it succeeds."""
    return run_in(project.artifacts, project.dataset, project.instance, also)


def run_in(
    artifacts: Place, dataset: Dataset, instance: dg.DagsterInstance, also: Collection[str] = ()
) -> dg.ExecuteInProcessResult:
    """One run that makes what is out of date of a dataset's artifacts, wherever they are."""
    found = difference(dataset, artifacts, also)
    due = todo(dataset, found.stale)
    definitions = build_definitions([dataset], artifacts, workers=1)
    return definitions.resolve_job_def(job_name(dataset)).execute_in_process(
        instance=instance,
        asset_selection=[dg.AssetKey(name) for name in due.assets],
        tags=refresh_tags(dataset.name, found.goal, due.batches),
        raise_on_error=False,
    )


def refresh(project: Project, also: Collection[str] = ()) -> set[str]:
    """Bring everything up to date; return the files that were written, placed or removed."""
    before = project.modified()
    result = run(project, also)
    assert result.success, failures(result)
    assert stale(project, also) == set()
    after = project.modified()
    return {name for name in before | after if before.get(name) != after.get(name)}


def change_row(project: Project, row: int, value: float) -> None:
    """Another value in the last column of a row of the CSV."""
    lines = project.csv.read_text(encoding="utf-8").splitlines()
    lines[1 + row] = lines[1 + row].rsplit(",", 1)[0] + f",{value}"
    project.csv.write_text("\n".join(lines) + "\n", encoding="utf-8")


def with_setting(project: Project, line: str) -> None:
    """Change or add a setting outside tables."""
    toml = project.data / "ETTh1.toml"
    name = line.split(" =")[0]
    kept = [each for each in toml.read_text("utf-8").splitlines() if each.split(" =")[0] != name]
    toml.write_text("\n".join([line, *kept]) + "\n", encoding="utf-8")


def evaluations(result: dg.ExecuteInProcessResult) -> Iterator[tuple[str, str, bool, bool]]:
    """Asset, check, whether it passed, and whether a failure would only be a warning."""
    for each in result.get_asset_check_evaluations():
        warning = each.severity == dg.AssetCheckSeverity.WARN
        yield each.asset_key.to_user_string(), each.check_name, each.passed, warning
