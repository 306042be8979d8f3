"""Columns of small numbers: what two decimals hide is told, and settings show it."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from zwu_ts_assets_tests.project import SETTINGS, Project, commands_beside

PLAIN = SETTINGS.replace("horizon = 24", "horizon = 6")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path / "project", rows=345, settings=PLAIN)
    header, *lines = project.csv.read_text(encoding="utf-8").splitlines()
    rows = []
    for line in lines:
        date, *cells = line.split(",")
        # An exchange rate, a cap in yen, and as they are.
        numbers = [0.7 + float(cells[0]) * 1e-4, float(cells[1]) * 1e13, *map(float, cells[2:])]
        rows.append(",".join([date, *map(repr, numbers)]))
    project.csv.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return project


@pytest.fixture
def enter(project: Project, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Enters a command beside the project."""
    return commands_beside(project, monkeypatch)


def test_what_is_hidden_is_told_and_shown_by_settings(
    project: Project, enter: Callable[..., Result]
) -> None:
    says = (
        'warning: Var=0.00 although they vary: HUFL. Write `stats_format = "significant"` into '
        "the settings, or change the unit of the columns."
    )
    result = enter("run", "--workers", "1")
    assert result.exit_code == 0, result.output
    assert says in result.output
    assert says in enter("status").output
    # All of it for training: of so few rows, validation would be empty.
    split = "[split]\nratios = [1, 0, 0]\n"
    project.configure(f'{PLAIN}stats_format = "significant"\n{split}')
    result = enter("export", "--format", "qwen", "--workers", "1")
    assert result.exit_code == 0, result.output
    assert "warning" not in result.output
    text = (project.artifacts / "correlations" / "batch_stats.txt").read_text(encoding="utf-8")
    assert "Var=0.00," not in text
    assert re.search(r"HUFL: Mean=0\.\d{4}, Max=0\.\d{4}, Var=\d\.\d{3}e-0\d\n", text)
    assert enter("validate").exit_code == 0
