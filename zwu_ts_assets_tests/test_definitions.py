"""The front door: what is defined, and that it opens fast and without heavy imports."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from zwu_ts_assets.config.environment import AutomationSettings
from zwu_ts_assets.config.settings import EXPORTS
from zwu_ts_assets.orchestration.build import build_definitions
from zwu_ts_assets.orchestration.chosen_datasets import etth1, sample
from zwu_ts_assets.orchestration.specs import TRAINING
from zwu_ts_assets_tests.project import (
    ASSETS,
    DRAWN_FOR_QUESTIONS,
    PER_BATCH,
    Project,
    metadata,
)
from zwu_ts_assets_tests.reference import REPOSITORY

DRAWN = {"correlation_pngs", "patch_videos", *DRAWN_FOR_QUESTIONS}
EVERYTHING = {*ASSETS, *TRAINING, *DRAWN_FOR_QUESTIONS}

RUNNING, NOT_RUNNING = dg.DefaultSensorStatus.RUNNING, dg.DefaultSensorStatus.STOPPED
STOPPED = dg.DefaultScheduleStatus.STOPPED
EDGES = {
    "batch_windows": {"etth1_raw"},
    "correlation_pngs": {"batch_windows"},
    "batch_stats": {"batch_windows"},
    "vocab": {"batch_stats"},
    "qwen_tokens": {"batch_stats"},
    "patch_videos": {"batch_windows"},
    "line_plots": {"batch_windows"},
    "altered_lines": {"batch_windows"},
    "samples": {*DRAWN, *("etth1_raw", "batch_windows", "batch_stats", "qwen_tokens")},
    "questions": {"samples"},
    "evidence": {*DRAWN, "samples", "questions"},
    "baselines": {"samples", "questions"},
    "preflight": {"patch_videos", "samples", "questions", "evidence"},
    "gallery": {"correlation_pngs", "patch_videos", "samples", "questions", "evidence"},
    **{
        name: {*DRAWN, "samples", "questions", "evidence", "baselines"} for name in EXPORTS.values()
    },
    "etth1_raw": {"etth1_csv"},
    "etth1_csv": set(),
}


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dg.AssetSpec]:
    folder = tmp_path_factory.mktemp("data")
    definitions = build_definitions([etth1(folder)], folder / "artifacts")
    return {spec.key.to_user_string(): spec for spec in definitions.resolve_all_asset_specs()}


def test_the_lineage_reaches_from_the_csv_over_the_corpus_to_the_exports(
    graph: dict[str, dg.AssetSpec],
) -> None:
    found = {name: {d.asset_key.to_user_string() for d in s.deps} for name, s in graph.items()}
    assert found == EDGES
    assert set(found) == {*EVERYTHING, "etth1_csv"}


def test_exactly_the_per_batch_assets_are_partitioned(graph: dict[str, dg.AssetSpec]) -> None:
    assert {name for name, spec in graph.items() if spec.partitions_def} == {
        "batch_windows",
        *DRAWN,
    }


def test_every_asset_says_what_it_is_and_whose(graph: dict[str, dg.AssetSpec]) -> None:
    for spec in graph.values():
        assert spec.description
        assert spec.group_name == group_of(spec.key.to_user_string())
        if spec.key.to_user_string() == "etth1_csv":
            continue
        assert spec.kinds
        assert spec.owners
        assert spec.code_version
        assert "settings" in spec.metadata


def group_of(name: str) -> str:
    """Three groups, so that the whole lineage fits into one view."""
    if name.endswith("_export"):
        return "etth1_exports"
    last_mile = {*EVERYTHING} - {*ASSETS}
    return "etth1_training" if name in last_mile else "etth1"


def test_one_job_covers_the_whole_dataset(tmp_path: Path) -> None:
    job = build_definitions([etth1(tmp_path)], tmp_path).resolve_job_def("etth1_corpus")
    covered = job.asset_layer.selected_asset_keys
    assert {key.to_user_string() for key in covered} == EVERYTHING


def test_another_job_makes_again_what_is_current(tmp_path: Path) -> None:
    project = Project(tmp_path)
    assert project.materialize(batches=(0, 2)).success
    definitions = build_definitions([project.dataset], project.artifacts, workers=1)
    for name, again in (("etth1_corpus", False), ("etth1_remake", True)):
        result = (
            definitions.resolve_job_def(name)
            .get_subset(
                asset_selection={dg.AssetKey("correlation_pngs")}, asset_check_selection=set()
            )
            .execute_in_process(instance=project.instance, partition_key="1")
        )
        assert result.success
        assert metadata(project, "correlation_pngs", 1)["rewritten"] is again


def test_a_second_dataset_has_keys_of_its_own(tmp_path: Path) -> None:
    definitions = build_definitions([etth1(tmp_path), sample(tmp_path)], tmp_path)
    keys = {spec.key.to_user_string() for spec in definitions.resolve_all_asset_specs()}
    assert {"batch_windows", "sample/batch_windows", "sample/sample_raw"} <= keys
    assert len(keys) == 2 * len(EDGES)


def test_a_sensor_is_on_and_a_schedule_is_off_unless_told_otherwise(tmp_path: Path) -> None:
    plain = build_definitions([etth1(tmp_path)], tmp_path)
    assert plain.resolve_sensor_def("etth1_sensor").default_status is RUNNING
    assert plain.resolve_schedule_def("etth1_schedule").default_status is STOPPED
    other = AutomationSettings(sensor_seconds=None, schedule="0 5 * * *")
    definitions = build_definitions([etth1(tmp_path)], tmp_path, automation=other)
    assert definitions.resolve_sensor_def("etth1_sensor").default_status is NOT_RUNNING
    schedule = definitions.resolve_schedule_def("etth1_schedule")
    assert schedule.default_status is dg.DefaultScheduleStatus.RUNNING
    assert schedule.cron_schedule == "0 5 * * *"


def policies(folder: Path, automation: AutomationSettings) -> dict[str, int | None]:
    """The most batches of one run of a backfill, by asset; None: all of them."""
    definitions = build_definitions([etth1(folder)], folder, automation=automation)
    nodes = definitions.resolve_asset_graph().asset_nodes
    return {
        node.key.to_user_string(): node.backfill_policy.max_partitions_per_run
        for node in nodes
        if node.is_executable and node.backfill_policy
    }


def test_a_backfill_is_one_run_unless_told_to_be_cut(tmp_path: Path) -> None:
    whole = dict.fromkeys(EVERYTHING, None)
    assert policies(tmp_path, AutomationSettings()) == whole
    cut = policies(tmp_path, AutomationSettings(batches_per_run=20))
    assert cut == whole | dict.fromkeys((*PER_BATCH, *DRAWN_FOR_QUESTIONS), 20)


def test_a_sensor_that_is_off_goes_on_with_what_a_schedule_begins_in_several_runs(
    tmp_path: Path,
) -> None:
    for cut, status in ((None, NOT_RUNNING), (20, RUNNING)):
        alone = AutomationSettings(None, "0 5 * * *", batches_per_run=cut)
        definitions = build_definitions([etth1(tmp_path)], tmp_path, automation=alone)
        assert definitions.resolve_sensor_def("etth1_sensor").default_status is status


def test_every_asset_has_the_check_that_compares_it_with_the_csv(tmp_path: Path) -> None:
    graph = build_definitions([etth1(tmp_path)], tmp_path).resolve_asset_graph()
    current = {
        k.asset_key.to_user_string() for k in graph.asset_check_keys if k.name == "is_current"
    }
    assert current == EVERYTHING


def test_loading_definitions_imports_nothing_heavy() -> None:
    heavy = [
        "numpy",
        "pandas",
        "matplotlib",
        "seaborn",
        "pyarrow",
        "transformers",
        "imageio",
        "PIL",
        "sqlalchemy",
        "distributed",
        "fsspec",
        "s3fs",
        "botocore",
    ]
    code = (
        "import sys, zwu_ts_assets.definitions\n"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    assert run_python(code) == "[]"


# What each room may import besides itself, errors and other libraries: a house without a turn back.
_ROOMS = {
    "timeseries": "",
    "figures": "timeseries",
    "text": "timeseries",
    "training": "timeseries figures text storage",
    "gallery": "training",
    "scoring": "timeseries training evidence storage",
    "evidence": "storage",
    "storage": "timeseries",
    "config": "timeseries figures text training storage",
    "workers": "figures config",
    "orchestration": (
        "timeseries figures text training gallery scoring evidence storage config workers"
    ),
}


def imports_of(path: Path) -> Iterator[str]:
    """What a module imports anywhere, also within functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("room", _ROOMS)
def test_a_room_imports_from_the_rooms_below_it_alone(room: str) -> None:
    package = REPOSITORY / "zwu_ts_assets"
    assert {path.name for path in package.iterdir() if (path / "__init__.py").exists()} == set(
        _ROOMS
    )
    allowed = {room, "errors", *_ROOMS[room].split()}
    for path in (package / room).rglob("*.py"):
        for name in imports_of(path):
            first, _, rest = name.partition(".")
            if first.startswith("dagster"):
                assert room == "orchestration", f"{path} imports {name}"
            elif first == "zwu_ts_assets":
                assert rest.split(".")[0] in allowed, f"{path} imports {name}"


def test_one_module_alone_knows_private_parts_of_dagster() -> None:
    knowing = {
        path.name
        for path in (REPOSITORY / "zwu_ts_assets").rglob("*.py")
        if any(re.match(r"dagster\w*\._", name) for name in imports_of(path))
    }
    assert knowing == {"dagster_private.py"}


def test_no_modules_import_each_other_in_a_circle() -> None:
    package = REPOSITORY / "zwu_ts_assets"
    files = {
        ".".join(path.relative_to(REPOSITORY).with_suffix("").parts): path
        for path in package.rglob("*.py")
        if path.name != "__init__.py"
    }
    # Whatever is left when everything that imports nothing more is taken away lies on a circle.
    left = {
        name: {
            module
            for imported in imports_of(path)
            for module in (imported, imported.rpartition(".")[0])
            if module in files
        }
        for name, path in files.items()
    }
    while grounded := {name for name, imported in left.items() if not imported & left.keys()}:
        left = {name: imported for name, imported in left.items() if name not in grounded}
    assert not left


def test_what_is_no_orchestration_is_usable_without_dagster() -> None:
    code = (
        "import sys, pkgutil, importlib\n"
        f"for room in {sorted(set(_ROOMS) - {'orchestration'})}:\n"
        "    package = 'zwu_ts_assets.' + room\n"
        "    path = importlib.import_module(package).__path__\n"
        "    for module in pkgutil.walk_packages(path, package + '.'):\n"
        "        importlib.import_module(module.name)\n"
        "print('dagster' in sys.modules)"
    )
    assert run_python(code) == "False"


def test_no_module_but_the_front_door_does_anything_when_it_is_imported() -> None:
    code = (
        "import sys, pkgutil, importlib\n"
        "package = importlib.import_module('zwu_ts_assets')\n"
        "for module in pkgutil.walk_packages(package.__path__, 'zwu_ts_assets.'):\n"
        "    if module.name.rpartition('.')[2] not in ('definitions', '__main__', 'dev'):\n"
        "        importlib.import_module(module.name)\n"
        "print('zwu_ts_assets.definitions' in sys.modules)"
    )
    assert run_python(code, ZWU_TS_DATA_DIR="/nowhere", ZWU_TS_DASK="nonsense") == "False"


def test_the_package_hands_on_the_definitions_for_the_command_line() -> None:
    assert (
        run_python(
            "import inspect, zwu_ts_assets as z; print('defs' in dict(inspect.getmembers(z)))"
        )
        == "True"
    )


def test_a_mistake_in_the_settings_ends_in_one_sentence_not_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "ETTh1.toml").write_text("fps = 0\n", encoding="utf-8")
    command = [sys.executable, "-m", "dagster", "asset", "list", "-m", "zwu_ts_assets"]
    ended = subprocess.run(
        command,
        capture_output=True,
        text=True,
        env={**os.environ, "ZWU_TS_DATA_DIR": str(tmp_path)},
    )
    assert ended.returncode != 0
    assert "Error: " in ended.stderr
    assert "'fps' is 0; input should be greater than or equal to 0.001" in ended.stderr
    assert "Traceback" not in ended.stderr


def run_python(code: str, **environment: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **environment},
    ).stdout.strip()


def test_no_test_imports_from_another_test() -> None:
    for path in (REPOSITORY / "zwu_ts_assets_tests").rglob("*.py"):
        for name in imports_of(path):
            assert not re.match(r"zwu_ts_assets_tests\..*\btest_", name), f"{path} imports {name}"
