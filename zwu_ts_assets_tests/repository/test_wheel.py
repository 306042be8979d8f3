"""The package works installed from its wheel, where no project is around it."""

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest

from tools import release
from zwu_ts_assets_tests.project import SETTINGS, write_csv
from zwu_ts_assets_tests.reference import REPOSITORY


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=REPOSITORY, check=True, capture_output=True)
    (found,) = folder.glob("*.whl")
    return found


class User:
    """Somebody with the wheel in a virtual environment, and a folder with nothing in it."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        """Args: an empty folder; the wheel."""
        venv.create(folder / "venv", with_pip=False, symlinks=True)
        self.programs, self.here = folder / "venv" / "bin", folder / "work"
        self.here.mkdir()
        (site,) = (folder / "venv" / "lib").glob("python*/site-packages")
        # Its requirements are those of the tests; a path in such a file brings no editable install.
        (site / "requirements.pth").write_text(sysconfig.get_path("purelib") + "\n", "utf-8")
        pip = [sys.executable, "-m", "pip", "--python", str(self.programs / "python"), "install"]
        install = [*pip, "--no-deps", "--quiet", "--ignore-installed", str(wheel)]
        subprocess.run(install, check=True, capture_output=True)
        self.site = site

    def enter(self, *words: str, folder: Path | None = None) -> "subprocess.CompletedProcess[str]":
        """Enter a command line in the working directory."""
        env = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("ZWU_", "DAGSTER_H", "PYTHON", "VIRTUAL_ENV"))
        }
        program = str(self.programs / words[0])
        return subprocess.run(
            [program, *words[1:]], env=env, cwd=folder or self.here, capture_output=True, text=True
        )


@pytest.fixture(scope="module")
def user(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> User:
    return User(tmp_path_factory.mktemp("user"), wheel)


def test_a_wheel_has_the_files_that_are_no_python_and_its_licence(wheel: Path) -> None:
    names = set(ZipFile(wheel).namelist())
    tracked = subprocess.run(
        ["git", "ls-files", "zwu_ts_assets"], cwd=REPOSITORY, capture_output=True, text=True
    ).stdout.split()
    others = {name for name in tracked if not name.endswith(".py")}
    assert others > {"zwu_ts_assets/py.typed", "zwu_ts_assets/training/templates/media.j2"}
    assert names > others
    assert "zwu_ts_assets-0.1.0.dist-info/licenses/LICENSE" in names


@pytest.mark.slow
def test_an_installed_project_begins_with_init(user: User) -> None:
    found = user.enter("python", "-c", "import zwu_ts_assets; print(zwu_ts_assets.__file__)")
    assert found.stdout.startswith(str(user.site))
    assert user.enter("zwu-ts-assets", "--version").stdout.strip().endswith(" 0.1.0")
    made = user.enter("zwu-ts-assets", "init", "corpus")
    assert made.returncode == 0, made.stderr
    corpus = user.here / "corpus"
    assert sorted(path.name for path in user.here.iterdir()) == ["corpus"]
    files = {str(path.relative_to(corpus)) for path in corpus.rglob("*")}
    assert files == {
        *("artifacts", "data", "data/datasets.toml", "workspace.yaml", ".gitignore"),
        *(".dagster", ".dagster/dagster.yaml"),
    }
    empty = user.enter("zwu-ts-assets", "run", folder=corpus)
    assert empty.returncode == 1
    assert "There is no table in" in empty.stderr
    assert "download" not in empty.stderr  # ETTh1 is no business of theirs

    write_csv(corpus / "data" / "weather.csv", rows=77)
    (corpus / "data" / "weather.toml").write_text(SETTINGS, encoding="utf-8")
    ended = user.enter("zwu-ts-assets", "run", "--workers", "1", folder=corpus)
    assert ended.returncode == 0, ended.stderr
    assert len(list((corpus / "artifacts/weather/patch_videos").glob("*.mp4"))) == 3
    assert "etth1" not in (ended.stdout + ended.stderr).lower()


@pytest.mark.slow
def test_an_installed_command_runs_a_table_without_a_project(user: User, tmp_path: Path) -> None:
    csv = tmp_path / "weather.csv"
    write_csv(csv, rows=77)
    csv.with_suffix(".toml").write_text(SETTINGS, encoding="utf-8")
    here = tmp_path / "anywhere"
    here.mkdir()
    ended = user.enter("zwu-ts-assets", "run", "--workers", "1", str(csv), folder=here)
    assert ended.returncode == 0, ended.stderr
    assert f"Artifacts of weather in {here / 'artifacts/weather'}:" in ended.stdout
    assert "telemetry" not in ended.stderr
    assert sorted(path.name for path in here.iterdir()) == [".dagster", "artifacts"]


def test_a_release_is_what_its_tag_says() -> None:
    assert release.problems("v0.1.0") == []
    assert len(release.problems("v0.2.0")) == 3
    assert len(release.problems("0.1.0")) == 3  # no tag that the workflow knows
