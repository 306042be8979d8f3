"""A settings file beside a CSV runs nothing that nobody outside the data folder allowed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from zwu_ts_assets import cli
from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.orchestration.build import build_definitions
from zwu_ts_assets.orchestration.refresh.comparison import difference
from zwu_ts_assets_tests.project import SETTINGS, Project, failures

ALLOWED = "ZWU_TS_ALLOWED_MODULES"
# Leaves a mark when it is imported, and works as a splitter.
SPLITTER = """\
import os
from pathlib import Path
Path(os.environ["ZWU_TS_TEST_MARK"]).touch()
def split(text):
    return text.split()
"""


@pytest.fixture
def mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where code leaves a mark that was run."""
    mark = tmp_path / "was-run"
    monkeypatch.setenv("ZWU_TS_TEST_MARK", str(mark))
    monkeypatch.delenv(ALLOWED, raising=False)
    return mark


def enter(project: Project, monkeypatch: pytest.MonkeyPatch, *words: str) -> str:
    """What a command of ours says of the project."""
    monkeypatch.setenv("ZWU_TS_DATA_DIR", str(project.data))
    monkeypatch.setenv("ZWU_TS_ARTIFACTS_DIR", str(project.artifacts))
    monkeypatch.setenv("ZWU_TS_DATASETS", "etth1")
    return CliRunner().invoke(cli.main, words).output


def test_a_column_is_no_command_of_a_splitter_that_is_the_shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(ALLOWED, raising=False)
    monkeypatch.chdir(tmp_path)
    settings = 'splitter = "os:system"\nfeatures = ["touch was-run #", "OT"]\n'
    project = Project(tmp_path, settings=SETTINGS + settings)
    header, _, rows = project.csv.read_text(encoding="utf-8").partition("\n")
    project.csv.write_text(header.replace("HUFL", "touch was-run #") + "\n" + rows, "utf-8")

    (said,) = failures(project.materialize(batches=(0, 2)))

    assert "splitter 'os:system': the module 'os' is not allowed" in said
    assert "set ZWU_TS_ALLOWED_MODULES=os in the environment" in said
    assert not (tmp_path / "was-run").exists()
    # Everything that needs no splitter is made all the same.
    assert (project.artifacts / "correlations" / "batch_stats.txt").exists()
    assert not (project.artifacts / "correlations" / "vocab.json").exists()


@pytest.mark.parametrize("allowed", ["", "data.evil"])
@pytest.mark.parametrize("way", ["file", "link"])
def test_a_file_in_the_data_folder_is_no_module(
    built: Project, mark: Path, monkeypatch: pytest.MonkeyPatch, allowed: str, way: str
) -> None:
    evil = built.data / "evil.py"
    if way == "file":
        evil.write_text(SPLITTER, encoding="utf-8")
    else:
        (built.data.parent / "evil.txt").write_text(SPLITTER, encoding="utf-8")
        evil.symlink_to(built.data.parent / "evil.txt")
    built.configure(SETTINGS + 'splitter = "data.evil:split"\n')
    # As where a command is typed in the project: Python imports from there.
    monkeypatch.chdir(built.data.parent)
    monkeypatch.syspath_prepend(built.data.parent)
    monkeypatch.setenv(ALLOWED, allowed)

    said = failures(built.materialize("vocab"))
    told = enter(built, monkeypatch, "status")

    expected = "lies in a data folder, and nothing there is ever run" if allowed else "not allowed"
    for sentence in (*said, told):
        assert "splitter 'data.evil:split': " in sentence
        assert expected in sentence
    assert said
    assert not mark.exists()
    assert "data.evil" not in sys.modules


def test_looking_what_is_out_of_date_runs_no_code_that_settings_name(
    built: Project, mark: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = tmp_path / "my_marking_splitter.py"
    module.write_text(SPLITTER, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv(ALLOWED, "other, my_marking_splitter")
    built.configure(SETTINGS + 'splitter = "my_marking_splitter:split"\n')

    def stale() -> set[str]:
        return {item.asset for item in difference(built.dataset, built.artifacts).stale}

    def look() -> None:
        assert build_definitions([built.dataset], built.artifacts).resolve_all_job_defs()
        assert "vocab" in enter(built, monkeypatch, "status")

    assert "vocab" in stale()
    look()
    assert not mark.exists()
    assert built.materialize("vocab").success
    assert mark.exists()  # the mark does tell
    # An edit is noticed, and still nothing is run for it.
    assert "vocab" not in stale()
    mark.unlink()
    del sys.modules["my_marking_splitter"]
    module.write_text(SPLITTER + "# changed\n", encoding="utf-8")
    assert "vocab" in stale()
    look()
    assert not mark.exists()
    # Nor where it is no longer allowed.
    monkeypatch.delenv(ALLOWED)
    with pytest.raises(CorpusError, match="is not allowed"):
        stale()
    assert not mark.exists()


@pytest.mark.slow
def test_the_commands_refuse_it_too_where_the_data_folder_is_in_the_working_directory(
    built: Project, mark: Path
) -> None:
    (built.data / "evil.py").write_text(SPLITTER, encoding="utf-8")
    built.configure(SETTINGS + 'splitter = "data.evil:split"\n')
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(Path(cli.__file__).parents[1]), "."]),
        "ZWU_TS_DATA_DIR": "data",
        "ZWU_TS_ARTIFACTS_DIR": str(built.artifacts),
        "ZWU_TS_DATASETS": "etth1",
        ALLOWED: "data.evil",
        "DAGSTER_HOME": str(built.data.parent / "home"),
    }
    for words in (["status"], ["run", "--workers", "1"]):
        run = subprocess.run(
            [sys.executable, "-m", "zwu_ts_assets", *words],
            cwd=built.data.parent,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 1
        assert "lies in a data folder" in run.stdout + run.stderr
    assert not mark.exists()
