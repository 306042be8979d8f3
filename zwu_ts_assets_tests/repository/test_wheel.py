"""The package works installed from its wheel, where no project is around it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from zwu_ts_assets_tests.project import SETTINGS, write_csv
from zwu_ts_assets_tests.reference import REPOSITORY


@pytest.mark.slow
def test_a_wheel_finds_its_folders_in_the_working_directory(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=REPOSITORY, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    installed = tmp_path / "installed"
    install = [sys.executable, "-m", "pip", "install", "--no-deps", "--quiet", "--target"]
    subprocess.run([*install, str(installed), str(wheel)], check=True, capture_output=True)

    templates = Path("zwu_ts_assets") / "training" / "templates"
    names = {path.name for path in (REPOSITORY / templates).iterdir()}
    assert names > {"media.j2", "interpolated.j2", "uneven.j2"}
    assert {path.name for path in (installed / templates).iterdir()} == names

    here = tmp_path / "work"
    (here / "data").mkdir(parents=True)
    write_csv(here / "data" / "ETTh1.csv", rows=77)
    (here / "data" / "ETTh1.toml").write_text(SETTINGS, encoding="utf-8")
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("ZWU_", "DAGSTER_H"))
    }
    environment["PYTHONPATH"] = str(installed)
    where = [sys.executable, "-c", "import zwu_ts_assets; print(zwu_ts_assets.__file__)"]
    found = subprocess.run(where, env=environment, cwd=here, capture_output=True, text=True)
    assert found.stdout.startswith(str(installed))

    command = [sys.executable, "-m", "zwu_ts_assets", "run", "--workers", "1"]
    ended = subprocess.run(command, env=environment, cwd=here, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert len(list((here / "artifacts" / "patch_videos").glob("*.mp4"))) == 3
    assert (here / ".dagster" / "history").is_dir()
