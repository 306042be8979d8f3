"""What happens is said, once, to whoever is there: silences and noises that were found."""

import io
import time
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest
import yaml
from click.testing import Result

from zwu_ts_assets.config import new_project
from zwu_ts_assets.orchestration import terminal
from zwu_ts_assets.orchestration.assets import validate
from zwu_ts_assets_tests.project import Project, commands_beside
from zwu_ts_assets_tests.reference import REPOSITORY

REMARK = "columns left out: load (text, such as '0.62 MW or so')"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project whose CSV has a column of text that looks like numbers."""
    project = Project(tmp_path / "project")
    head, *rows = project.csv.read_text("utf-8").splitlines()
    lines = [f"{head},load", *(f"{row},{i}.62 MW or so" for i, row in enumerate(rows))]
    project.csv.write_text("\n".join(lines) + "\n", encoding="utf-8")
    # Where features are named, as they are for ETTh1, others are left out because of that.
    project.csv.rename(project.data / "plant.csv")
    (project.data / "ETTh1.toml").rename(project.data / "plant.toml")
    return project


@pytest.fixture
def enter(project: Project, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Enters a command beside the project."""
    return commands_beside(project, monkeypatch, "plant")


def test_a_column_that_is_left_out_is_told_by_commands_and_in_the_metadata(
    project: Project, enter: Callable[..., Result]
) -> None:
    before = enter("status", "plant")
    assert REMARK in before.output
    ran = enter("run", "plant", "--workers", "1")
    assert ran.exit_code == 0, ran.output
    assert REMARK in ran.output
    with dg.DagsterInstance.from_config(str(project.data.parent / "home")) as instance:
        event = instance.get_latest_materialization_event(dg.AssetKey(["plant", "plant_raw"]))
        assert event is not None
        assert event.asset_materialization is not None
        told = event.asset_materialization.metadata["columns_left_out"].value
    assert told == REMARK.removeprefix("columns left out: ")


def test_nothing_to_do_is_one_line(enter: Callable[..., Result]) -> None:
    assert enter("run", "plant", "--workers", "1").exit_code == 0
    (line,) = enter("run", "plant", "--workers", "1").output.splitlines()
    assert "nothing to do" in line


def test_the_progress_of_validate_names_the_export_that_is_checked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    said = io.StringIO()
    monkeypatch.setattr(terminal, "_STANDARD_ERROR", said)
    monkeypatch.setattr(terminal, "_TOLD", 0.05)
    for name in ("qwen", "rl"):
        (tmp_path / name).mkdir()

    def check(*_: object) -> bool:
        time.sleep(0.2)
        return True

    monkeypatch.setattr(validate, "_validate", check)
    folders = [tmp_path / "qwen", tmp_path / "rl"]
    assert validate.validate_folders([], tmp_path, folders, None, print)
    for folder in folders:
        assert f"validate: {folder}" in said.getvalue()


@pytest.mark.parametrize("made", [False, True], ids=["of this project", "of a new one"])
def test_runs_are_logged_at_info(tmp_path: Path, made: bool) -> None:
    """Dagster's own default is DEBUG: a line for each step of each event."""
    text = (REPOSITORY / ".dagster" / "dagster.yaml").read_text("utf-8")
    if made:
        folder = tmp_path / "corpus"
        new_project.make_project(folder)
        (path,) = folder.rglob("dagster.yaml")
        text = path.read_text("utf-8")
    assert yaml.safe_load(text)["python_logs"]["python_log_level"] == "INFO"
