"""A project folder of one's own, and tables that lie anywhere."""

import re
import tomllib
from pathlib import Path

import pytest

from zwu_ts_assets.config.new_project import DAGSTER_YAML, make_project, settings_text
from zwu_ts_assets.config.settings import Settings
from zwu_ts_assets.config.settings_file import read_settings
from zwu_ts_assets_tests.project import SETTINGS, write_csv
from zwu_ts_assets_tests.reference import REPOSITORY
from zwu_ts_assets_tests.shell import Shell


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(tmp_path, monkeypatch)


def test_the_settings_of_a_new_project_are_the_defaults_once_their_marks_are_removed() -> None:
    text = re.sub(r"^# (\[.+\]|\w+ = .+)$", r"\1", settings_text(), flags=re.MULTILINE)
    said = tomllib.loads(text)
    assert Settings.model_validate(said["weather"]) == Settings.model_validate({})
    assert len(said["weather"]) > 20
    unset = re.findall(r"^# (\w+) =$", text, re.MULTILINE)
    assert {*said["weather"], *unset} >= set(Settings.model_fields)


def test_the_settings_of_a_new_project_change_nothing(tmp_path: Path) -> None:
    make_project(tmp_path / "corpus")
    read = read_settings(tmp_path / "corpus" / "data" / "weather.toml", table="weather")
    assert read == Settings.model_validate({})


def test_a_new_project_has_the_same_instance_as_a_checkout() -> None:
    assert (REPOSITORY / ".dagster" / "dagster.yaml").read_text("utf-8") == DAGSTER_YAML


def test_init_leaves_a_folder_with_files_as_it_is(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("x", "utf-8")
    result = shell.enter("init", str(tmp_path / "mine"))
    assert result.exit_code == 1
    assert "expected a folder that is empty or not there yet" in result.output
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["notes.txt"]


def elsewhere(tmp_path: Path, name: str = "weather") -> Path:
    """A table with its settings, in a folder that is no project's."""
    folder = tmp_path / "elsewhere"
    folder.mkdir(exist_ok=True)
    write_csv(folder / f"{name}.csv", 77)
    (folder / f"{name}.toml").write_text(SETTINGS, "utf-8")
    return folder / f"{name}.csv"


def test_a_table_anywhere_is_made_into_the_artifacts_folder(shell: Shell, tmp_path: Path) -> None:
    csv = elsewhere(tmp_path)
    result = shell.enter("run", "--workers", "1", str(csv))
    assert result.exit_code == 0, result.output
    assert f"Artifacts of weather in {shell.artifacts / 'weather'}:" in result.output
    assert len(list((shell.artifacts / "weather" / "patch_videos").glob("*.mp4"))) == 3
    assert sorted(path.name for path in csv.parent.iterdir()) == ["weather.csv", "weather.toml"]
    again = shell.enter("status", str(csv))
    assert "weather: 0 artifacts out of date" in again.output


def test_two_tables_of_one_name_do_not_share_their_artifacts(shell: Shell, tmp_path: Path) -> None:
    write_csv(shell.data / "weather.csv", 77)
    result = shell.enter("run", str(elsewhere(tmp_path)))
    assert result.exit_code == 1
    assert f"{shell.data} has a dataset weather, too" in result.output
    assert not shell.artifacts.exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("no/such.csv",), "no/such.csv: there is no such file"),
        (("{csv}", "etth1"), "expected tables of one folder, or names of datasets"),
        (("{notes}",), "is no table that is read"),
    ],
)
def test_a_path_that_is_no_table_is_told(
    shell: Shell, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    csv = elsewhere(tmp_path)
    notes = csv.with_name("notes.pdf")
    notes.write_bytes(b"%PDF")
    result = shell.enter("run", *(word.format(csv=csv, notes=notes) for word in words))
    assert result.exit_code == 1
    assert said in result.output
