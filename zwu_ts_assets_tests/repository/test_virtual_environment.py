"""`make` makes its virtual environment whole, once, and never beneath what runs in it.

In a stand-in for the project, with packages of a few lines, so that an environment takes seconds
and no index.
"""

import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from zwu_ts_assets_tests.reference import REPOSITORY

pytestmark = pytest.mark.slow

# Says which version of the package it began with, and of a part that it imports when it is told to.
PROGRAM = """
import sys, time
from pathlib import Path
import tiny

def main():
    print("began with", tiny.version, flush=True)
    if sys.argv[1:] == ["run", "wait"]:
        Path("waiting").touch()
        while not Path("go").exists():
            time.sleep(0.05)
    from tiny.later import version
    print("ended with", version, flush=True)
"""
# Installs the program as a real build backend would; waits for ever where it is told to.
BACKEND = """
import time, zipfile
from pathlib import Path

def build_editable(folder, config_settings=None, metadata_directory=None):
    if Path("hold").exists():
        Path("held").touch()
        time.sleep(600)
    name = "zwu_ts_assets-1-py3-none-any.whl"
    info = "zwu_ts_assets-1.dist-info"
    files = {
        "zwu_ts_assets.pth": str(Path.cwd()) + "\\n",
        f"{info}/METADATA": "Metadata-Version: 2.1\\nName: zwu-ts-assets\\nVersion: 1\\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
        f"{info}/entry_points.txt": "[console_scripts]\\nzwu-ts-assets = program:main\\n",
        f"{info}/RECORD": "",
    }
    with zipfile.ZipFile(Path(folder) / name, "w") as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)
    return name
"""
PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""


def wheel(folder: Path, name: str, version: int) -> str:
    """Make a package, and the line of a lock that asks for it."""
    file = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}/__init__.py": f"version = {version}\n",
        f"{name}/later.py": f"version = {version}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": "",
    }
    with zipfile.ZipFile(file, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    return f"{name} @ {file.as_uri()} --hash=sha256:{digest}\n"


class Checkout:
    """A folder with the Makefile and a small project, in which make is started."""

    def __init__(self, folder: Path) -> None:
        """Args: a new folder."""
        self.folder = folder
        self.venv = folder / ".venv"
        (folder / "tools").mkdir(parents=True)
        for name in ("Makefile", "tools/environment.py"):
            shutil.copy(REPOSITORY / name, folder / name)
        (folder / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
        (folder / "backend.py").write_text(BACKEND, encoding="utf-8")
        (folder / "program.py").write_text(PROGRAM, encoding="utf-8")
        self.lock(1)
        self.started: list[subprocess.Popen[str]] = []

    def lock(self, version: int) -> None:
        """Write the locks, with that version of the package in them."""
        runtime = wheel(self.folder, "tiny", version)
        (self.folder / "requirements.lock").write_text(runtime, encoding="utf-8")
        more = runtime + wheel(self.folder, "more", 1)
        for name in ("requirements-cluster.lock", "requirements-dev.lock"):
            (self.folder / name).write_text(more, encoding="utf-8")

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start make as from a fresh shell, in a process group of its own."""
        leaked = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "VENV", "ARGS", "PYTHONPATH")
        kept = {name: value for name, value in os.environ.items() if name not in leaked}
        process = subprocess.Popen(
            ["make", *arguments],
            cwd=self.folder,
            env={**kept, "PYTHON": sys.executable, "no_proxy": "127.0.0.1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.started.append(process)
        return process

    def make(self, *arguments: str) -> str:
        """Run make, which must succeed; what it says."""
        process = self.start(*arguments)
        said, _ = process.communicate(timeout=300)
        assert process.returncode == 0, said
        return said

    def environments(self) -> set[Path]:
        """Every environment that is there."""
        return {file.parent for file in self.folder.glob(".venv.environments/*/pyvenv.cfg")}


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Checkout]:
    """In a folder with a space in its name; what is still running at the end is killed."""
    checkout = Checkout(tmp_path / "a checkout")
    yield checkout
    for process in checkout.started:
        if process.poll() is None:
            kill(process)


def kill(process: "subprocess.Popen[str]") -> None:
    """Kill make and everything below it, as when the machine goes."""
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def wait_for(what: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def test_two_first_makes_at_once_both_succeed(checkout: Checkout) -> None:
    both = [checkout.start("run"), checkout.start("test", "ARGS=--version")]
    # The second stands for the tests, which the stand-in lacks: its environment counts.
    said = [process.communicate(timeout=300)[0] for process in both]

    assert both[0].returncode == 0, said[0]
    assert "ended with 1" in said[0]
    assert "No module named pytest" in said[1]
    assert "".join(said).count("Making .venv") == 1
    assert len(checkout.environments()) == 1
    assert (checkout.venv / "bin" / "zwu-ts-assets").exists()
    assert list(checkout.venv.glob("lib/python*/site-packages/more/__init__.py"))
    assert "Making" not in checkout.make("status")


def remove_python(venv: Path) -> None:
    for name in (venv / "bin").glob("python*"):
        name.unlink()


def remove_a_package(venv: Path) -> None:
    (package,) = venv.glob("lib/python*/site-packages/tiny")
    shutil.rmtree(package)


def remove_the_state(venv: Path) -> None:
    (venv / "made-from.json").unlink()


def remove_the_environment(venv: Path) -> None:
    shutil.rmtree(venv.resolve())


def put_an_older_kind_there(venv: Path) -> None:
    real = venv.resolve()
    venv.unlink()
    real.rename(venv)
    (venv / "made-from.json").unlink()
    remove_python(venv)


def test_a_half_removed_environment_is_made_again(checkout: Checkout) -> None:
    checkout.make(".venv")
    for harm in (
        remove_python,
        remove_a_package,
        remove_the_state,
        remove_the_environment,
        put_an_older_kind_there,
    ):
        harm(checkout.venv)
        said = checkout.make("run")
        assert "Making .venv" in said, harm.__name__
        assert "ended with 1" in said, harm.__name__
        assert checkout.make("run") == "began with 1\nended with 1\n"
    assert len(checkout.environments()) <= 2


def test_an_interrupted_installation_is_made_again(checkout: Checkout) -> None:
    (checkout.folder / "hold").touch()
    process = checkout.start("run")
    wait_for((checkout.folder / "held").exists)
    assert not os.path.lexists(checkout.venv)
    kill(process)
    (checkout.folder / "hold").unlink()

    assert "ended with 1" in checkout.make("run")
    assert checkout.environments() == {checkout.venv.resolve()}


def test_an_interrupted_addition_is_made_again(checkout: Checkout) -> None:
    checkout.make(".venv")
    lock = checkout.folder / "requirements-cluster.lock"
    whole = lock.read_text(encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as server:
        place = f"http://127.0.0.1:{server.getsockname()[1]}/more-1-py3-none-any.whl"
        lock.write_text(f"more @ {place} --hash=sha256:{'0' * 64}\n", encoding="utf-8")
        process = checkout.start("cluster")
        server.settimeout(120)
        connection, _ = server.accept()  # and no answer
        kill(process)
        connection.close()
    lock.write_text(whole, encoding="utf-8")

    said = checkout.make("run")
    assert "adding requirements-cluster.lock to it was interrupted" in said
    assert "ended with 1" in said
    checkout.make("cluster")
    assert list(checkout.venv.glob("lib/python*/site-packages/more/__init__.py"))


def test_a_failed_installation_leaves_what_was_there(checkout: Checkout) -> None:
    lock = checkout.folder / "requirements.lock"
    good = lock.read_text(encoding="utf-8")
    bad = good[:-2] + ("0" if good[-2] != "0" else "1") + "\n"
    lock.write_text(bad, encoding="utf-8")
    for _ in range(2):
        process = checkout.start("run")
        said, _ = process.communicate(timeout=300)
        assert process.returncode != 0
        assert "DO NOT MATCH THE HASHES" in said
        assert not os.path.lexists(checkout.venv)
    lock.write_text(good, encoding="utf-8")
    assert "ended with 1" in checkout.make("run")

    before = checkout.venv.resolve()
    lock.write_text(bad, encoding="utf-8")
    assert checkout.start("run").wait(timeout=300) != 0
    lock.write_text(good, encoding="utf-8")
    assert checkout.make("run") == "began with 1\nended with 1\n"
    assert checkout.environments() == {before}


def test_what_is_running_keeps_its_files_when_the_lock_changes(checkout: Checkout) -> None:
    checkout.make(".venv")
    first = checkout.venv.resolve()
    contents = {p: p.stat().st_mtime_ns for p in first.rglob("*.py")}
    running = checkout.start("run", "ARGS=wait")
    wait_for((checkout.folder / "waiting").exists)

    checkout.lock(2)
    said = checkout.make("run")
    assert "Making .venv again: requirements.lock changed" in said
    assert "began with 2\nended with 2" in said
    assert {p: p.stat().st_mtime_ns for p in contents} == contents
    (checkout.folder / "go").touch()
    assert running.communicate(timeout=60)[0] == "began with 1\nended with 1\n"
    assert running.returncode == 0

    # Of the older ones, one is kept.
    checkout.lock(3)
    second = checkout.venv.resolve()
    checkout.make(".venv")
    assert checkout.environments() == {second, checkout.venv.resolve()}
    checkout.make("clean")
    assert checkout.environments() == set()
    assert not os.path.lexists(checkout.venv)


def test_an_environment_that_was_moved_with_its_folder_is_made_again(checkout: Checkout) -> None:
    checkout.make(".venv")
    checkout.folder = checkout.folder.rename(checkout.folder.with_name("moved"))
    checkout.lock(1)
    checkout.venv = checkout.folder / ".venv"
    assert "Making .venv again: it was made in another folder" in checkout.make("run")
    # A touched lock is the same lock.
    os.utime(checkout.folder / "requirements.lock")
    assert "Making" not in checkout.make("run")


def test_the_environment_may_be_at_another_path(checkout: Checkout, tmp_path: Path) -> None:
    there = tmp_path / "deep" / "environment"
    assert "ended with 1" in checkout.make(f"VENV={there}", "run")
    assert "ended with 1" in checkout.make("VENV=deep/environment", "run")
    assert (there / "bin" / "python").exists()
    assert not os.path.lexists(checkout.venv)
    # Another project's folder is not replaced, nor anything else.
    mine = tmp_path / "mine"
    (mine / "bin").mkdir(parents=True)
    (mine / "thesis.tex").write_text("years of work", encoding="utf-8")
    process = checkout.start(f"VENV={mine}", "run")
    assert "is there and is no virtual environment" in process.communicate(timeout=60)[0]
    assert process.returncode != 0
    assert (mine / "thesis.tex").exists()


def test_an_environment_apart_has_its_own_lock_and_no_project(checkout: Checkout) -> None:
    lock = checkout.folder / "requirements-transformers5.lock"
    lock.write_text(wheel(checkout.folder, "tiny", 1), encoding="utf-8")

    def environment(action: str, *names: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-I", "tools/environment.py", action, ".apart", *names]
        return subprocess.run(
            command, cwd=checkout.folder, capture_output=True, text=True, check=False
        )

    assert environment("check", "transformers5").returncode == 1
    assert "Making .apart" in environment("make", "transformers5").stdout
    assert environment("check", "transformers5").returncode == 0
    programs = checkout.folder / ".apart" / "bin"
    imported = subprocess.run([programs / "python", "-c", "import tiny"], check=False)
    assert imported.returncode == 0
    assert not (programs / "zwu-ts-assets").exists()
    # What the project says of itself does not matter to it; its lock does.
    (checkout.folder / "pyproject.toml").write_text(PYPROJECT + "\n", encoding="utf-8")
    assert environment("check", "transformers5").returncode == 0
    lock.write_text(wheel(checkout.folder, "tiny", 2), encoding="utf-8")
    said = environment("make", "transformers5").stdout
    assert "Making .apart again: requirements-transformers5.lock changed" in said
    assert "expected some of" in environment("make", "dev", "transformers5").stderr
