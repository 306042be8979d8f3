"""A corpus in somebody else's Dagster project, laid out as `create-dagster` lays one out."""

import json
import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from zwu_ts_assets.orchestration.component import TimeSeriesCorpus
from zwu_ts_assets_tests.project import ASSETS, SETTINGS, Project, write_csv

DG = Path(sys.executable).with_name("dg")  # of the dev lock

# The files of `create-dagster project` 1.13 that matter to `dg`.
PYPROJECT = """\
[project]
name = "theirs"
version = "0.1.0"

[tool.dg]
directory_type = "project"

[tool.dg.project]
root_module = "theirs"
registry_modules = ["theirs.components.*"]
"""
DEFINITIONS = """\
from pathlib import Path

from dagster import definitions, load_from_defs_folder


@definitions
def defs():
    return load_from_defs_folder(path_within_project=Path(__file__).parent)
"""

COMPONENT = """\
type: zwu_ts_assets.TimeSeriesCorpus
attributes:
  csv: series.csv
  name: {name}
  key_prefix: [corpora, {name}]
  destination: ../../../../{name}_artifacts
  settings:
    window_length: 24
    horizon: 24
    patch_length: 12
    patch_stride: 6
    canvas_width: 448
    canvas_height: 224
    features: [OT, HUFL]
    split: {{ratios: [0.4, 0.3, 0.3]}}
"""

THEIRS = """\
import dagster as dg


class Store(dg.ConfigurableResource):
    url: str = "x"


@dg.asset
def sales(workers: Store, files_io: Store) -> int:
    return len(workers.url)


@dg.definitions
def defs():
    return dg.Definitions(
        assets=[sales],
        resources={"workers": Store(), "files_io": Store(), "io_manager": dg.mem_io_manager},
        executor=dg.in_process_executor,
    )
"""


class Theirs:
    """A project with assets and resources of its own, and two corpora."""

    def __init__(self, root: Path) -> None:
        """Args: a folder that is not there yet."""
        self.root = root
        self.defs = root / "src" / "theirs" / "defs"
        for name in ("weather", "power"):
            self._write(f"src/theirs/defs/{name}/defs.yaml", COMPONENT.format(name=name))
            write_csv(self.defs / name / "series.csv", 101)
        self._write("pyproject.toml", PYPROJECT)
        self._write("src/theirs/__init__.py", "")
        self._write("src/theirs/defs/__init__.py", "")
        self._write("src/theirs/definitions.py", DEFINITIONS)
        self._write("src/theirs/defs/sales.py", THEIRS)
        (root / "home").mkdir()

    def _write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def dg(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Enter a command of `dg` in the project."""
        env = {name: value for name, value in os.environ.items() if not name.startswith("ZWU_")}
        path = [str(self.root / "src"), os.environ.get("PYTHONPATH", "")]
        env |= {"PYTHONPATH": ":".join(filter(None, path)), "DAGSTER_HOME": str(self.root / "home")}
        return subprocess.run(
            [DG, *words], cwd=self.root, env=env | {"NO_COLOR": "1"}, capture_output=True, text=True
        )


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Theirs:
    return Theirs(tmp_path_factory.mktemp("scratch") / "theirs")


def loaded(project: Theirs, monkeypatch: pytest.MonkeyPatch) -> dg.Definitions:
    """The definitions of the project, loaded as its code location does."""
    monkeypatch.syspath_prepend(str(project.root / "src"))
    for name in [name for name in sys.modules if name.split(".")[0] == "theirs"]:
        monkeypatch.delitem(sys.modules, name)
    return dg.load_from_defs_folder(path_within_project=project.root / "src" / "theirs")


@pytest.mark.slow
def test_dg_checks_and_lists_what_the_components_define(theirs: Theirs) -> None:
    yaml = theirs.dg("check", "yaml")
    assert yaml.returncode == 0, yaml.stdout + yaml.stderr
    checked = theirs.dg("check", "defs")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    listed = json.loads(theirs.dg("list", "defs", "--json").stdout)
    keys = {asset["asset_key"] for asset in listed["assets"]}
    assert "sales" in keys
    for name in ("weather", "power"):
        made = {asset.replace("etth1", name) for asset in ASSETS}
        assert {f"corpora/{name}/{asset}" for asset in made} <= keys
    assert {"weather_sensor", "power_sensor"} <= {each["name"] for each in listed["sensors"]}
    components = theirs.dg("list", "components", "--json")
    assert "zwu_ts_assets.TimeSeriesCorpus" in components.stdout


@pytest.mark.slow
def test_dg_launches_an_asset_of_a_component(theirs: Theirs) -> None:
    launched = theirs.dg("launch", "--assets", "corpora/power/power_raw")
    assert launched.returncode == 0, launched.stdout + launched.stderr
    table = theirs.root / "power_artifacts" / "corpora" / "power" / "power_raw.parquet"
    assert table.is_file()


def test_the_job_makes_the_artifacts_of_a_project_of_our_own(
    theirs: Theirs, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    definitions = loaded(theirs, monkeypatch)
    job = definitions.resolve_job_def("weather_corpus")
    names = ("weather_raw", "batch_windows", "correlation_pngs")
    tags = {
        "dagster/asset_partition_range_start": "0",
        "dagster/asset_partition_range_end": "3",
    }
    result = job.execute_in_process(
        instance=dg.DagsterInstance.ephemeral(),
        asset_selection=[dg.AssetKey(["corpora", "weather", name]) for name in names],
        tags=tags,
    )
    assert result.success
    checked = {each.check_name: each.passed for each in result.get_asset_check_evaluations()}
    assert checked["pngs_decode_to_the_canvas"]
    assert checked["matrices_are_sound"]
    png = theirs.root / "weather_artifacts/corpora/weather/correlations/batch_3.png"

    features = 'features = ["OT", "HUFL"]\n'
    ours = Project(tmp_path, rows=101, settings=SETTINGS + features)
    ours.materialize("etth1_raw", "batch_windows", "correlation_pngs", batches=(0, 3))
    assert png.read_bytes() == ours.files()["correlations/batch_3.png"]


def test_the_sensor_looks_with_the_settings_of_the_component(
    theirs: Theirs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZWU_TS_SETTLE_SECONDS", "0")
    definitions = loaded(theirs, monkeypatch)
    sensor = definitions.resolve_sensor_def("power_sensor")
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(
            instance=instance, definitions=definitions, sensor_name="power_sensor"
        )
        looked = sensor(context)
    assert isinstance(looked, dg.SensorResult)
    (request,) = looked.run_requests or []
    assert request.asset_selection is not None
    keys = {key.to_user_string() for key in request.asset_selection}
    assert "corpora/power/patch_videos" in keys


def test_their_assets_keep_their_resources(theirs: Theirs, monkeypatch: pytest.MonkeyPatch) -> None:
    definitions = loaded(theirs, monkeypatch)
    with dg.DagsterInstance.ephemeral() as instance:
        result = definitions.get_implicit_global_asset_job_def().execute_in_process(
            instance=instance, asset_selection=[dg.AssetKey("sales")]
        )
    assert result.success


def test_a_mistake_in_a_setting_is_told_by_its_name(tmp_path: Path) -> None:
    write_csv(tmp_path / "series.csv", 77)
    component = TimeSeriesCorpus(csv="series.csv", settings={"window_lenght": 24})
    with pytest.raises(Exception, match=r"the settings given by name: .*window_lenght"):
        component.dataset(tmp_path)
    assert TimeSeriesCorpus(csv="My Series.csv").dataset(tmp_path).prefix == ("my_series",)
