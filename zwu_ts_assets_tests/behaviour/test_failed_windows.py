"""A window that cannot be drawn stops no other one, and its reason is told."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from zwu_ts_assets import cli
from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.figures import figure
from zwu_ts_assets.orchestration.assets import media_products
from zwu_ts_assets_tests.project import SETTINGS, Project, names

DRAWN = {
    "correlation_pngs": ("draw_figure", "correlations", "png"),
    "line_plots": ("draw_line_plot", "line_plots", "png"),
    "patch_videos": ("draw_patch_frames", "patch_videos", "mp4"),
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "project", rows=77, settings=SETTINGS + "line_plots = true\n")


@pytest.fixture
def enter(project: Project, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Enters a command beside the project."""
    monkeypatch.setenv("ZWU_TS_DATA_DIR", str(project.data))
    monkeypatch.setenv("ZWU_TS_ARTIFACTS_DIR", str(project.artifacts))
    monkeypatch.setenv("DAGSTER_HOME", str(project.data.parent / "home"))
    monkeypatch.setenv("ZWU_TS_DATASETS", "")
    return lambda *words: CliRunner().invoke(cli.main, words)


class Fragile:
    """Stands before a drawing function and fails for the windows that begin with some value."""

    def __init__(self, draw: Callable[..., Any], firsts: set[float], error: Exception) -> None:
        """Args: the function; the first values of the windows; what it raises for them."""
        self.draw, self.firsts, self.error = draw, firsts, error

    def __call__(self, values: Any, *arguments: Any, **named: Any) -> Any:
        """Draw or fail."""
        if values[0, 0] in self.firsts:
            raise self.error
        return self.draw(values, *arguments, **named)


def first_values(project: Project) -> list[float]:
    """The first value of each row of the CSV."""
    lines = project.csv.read_text(encoding="utf-8").splitlines()[1:]
    return [float(line.split(",")[1]) for line in lines]


@pytest.mark.parametrize("asset", DRAWN)
def test_one_window_stops_no_other_one_and_is_tried_again(
    project: Project,
    enter: Callable[..., Result],
    asset: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    function, folder, suffix = DRAWN[asset]
    shutil.copy(project.csv, project.data / "other.csv")
    shutil.copy(project.data / "ETTh1.toml", project.data / "other.toml")
    broken = {first_values(project)[24]}
    draw = getattr(media_products, function)
    with monkeypatch.context() as patch:
        error = IndexError("tuple index out of range")
        patch.setattr(media_products, function, Fragile(draw, broken, error))
        result = enter("run", "--workers", "1")
    assert result.exit_code == 1
    assert f"{asset}: 1 window could not be drawn" in result.output
    assert "batch 1, rows 24 to 47 of the table: IndexError: tuple index out of range" in (
        result.output
    )
    assert "Traceback" not in result.output
    made = {
        str(path.relative_to(project.artifacts))
        for path in project.artifacts.glob(f"{folder}/batch_?.{suffix}")
    }
    assert made == set(names(folder, (0, 2), suffix))
    # Nor does it stop the other dataset, whose windows are the same.
    assert "Artifacts of other in" in result.output
    assert (project.artifacts / "other" / folder / f"batch_2.{suffix}").is_file()
    assert "1 not there (batch 1)" in enter("status", "etth1").output
    result = enter("run", "--workers", "1")
    assert result.exit_code == 0, result.output
    assert (project.artifacts / folder / f"batch_1.{suffix}").is_file()


def test_of_overlapping_windows_the_others_of_a_batch_are_kept(
    project: Project, enter: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    project.configure(SETTINGS + "window_stride = 12\n")
    broken = {first_values(project)[row] for row in (12, 48)}
    with monkeypatch.context() as patch:
        error = CorpusError("column 'HUFL' is too odd; leave it out")
        fragile = Fragile(figure.draw_figure, broken, error)
        patch.setattr(media_products, "draw_figure", fragile)
        result = enter("run", "--workers", "1")
    assert result.exit_code == 1
    assert (
        "correlation_pngs: 2 windows could not be drawn. All others are made and kept, and the "
        "next run tries again. batch 0, rows 12 to 35 of the table; batch 2, rows 48 to 71 of the "
        "table: column 'HUFL' is too odd; leave it out"
    ) in result.output
    figures = {path.name for path in project.artifacts.rglob("correlations/batch_?/*.png")}
    assert figures == {"row_0.png", "row_24.png", "row_36.png"}
    status = enter("status").output
    assert "correlation_pngs     1 " in status
    result = enter("run", "--workers", "1")
    assert result.exit_code == 0, result.output
    assert len(list(project.artifacts.rglob("correlations/batch_?/*.png"))) == 5
