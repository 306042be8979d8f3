"""Make the virtual environment that the commands of `make` run in, and keep it as the locks say.

Called by the Makefile with the path of the environment and what to have in it besides
`requirements.lock`; or with the name of one that is apart, with a lock of its own and without the
project. Needs nothing but the standard library.

The path (`.venv`) is a link to a folder in `.venv.environments/`, in which each environment is made
under the name that it keeps: the scripts in it hold absolute paths. Only a finished one is linked,
in one step. So an interrupted installation is never used. What runs in the environment of an older
lock keeps its files: nothing is rewritten beneath it, and `make` calls programs by the path that
the link leads to. Packages that a further lock adds are new files, so these are added in place.

One process at a time works on an environment. The lock is `flock` by way of Python: the kernel
releases it however its holder ends, while a lock made of a folder has to guess whether its holder
still lives, and the program `flock` is missing on macOS.
"""

import argparse
import errno
import fcntl
import hashlib
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

LOCK = "requirements.lock"
EXTRAS = {"cluster": "requirements-cluster.lock", "dev": "requirements-dev.lock"}
# What trainers need contradicts what the project needs, and what other trainers need.
APART = {
    "transformers5": "requirements-transformers5.lock",
    "transformers4": "requirements-transformers4.lock",
}
PROJECT = "pyproject.toml"
_STATE = "made-from.json"
# What an environment is made of, also one that somebody began to remove.
_KNOWN = {"bin", "lib", "lib64", "include", "share", "etc", "pyvenv.cfg", "CACHEDIR.TAG"}


@dataclass(frozen=True)
class State:
    """What an environment was made from; written when a step is finished.

    Attributes:
        place: Where it is, and which project it runs: after a move, its scripts lead elsewhere.
        project: The project's folder.
        digests: Of each lock that is installed, and of `pyproject.toml`.
        entries: What is in its folders of programs and packages.
        adding: A lock that is being added; it stays if that was interrupted.
    """

    place: str
    project: str
    digests: dict[str, str]
    entries: list[str]
    adding: str = ""


def main() -> None:
    """Check or make the environment, as the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("action", choices=["check", "make"])
    parser.add_argument("path", type=Path)
    # Without `choices`: of no extras at all, Python 3.11 would say that [] is none of them.
    known = f"some of {', '.join(EXTRAS)}, or one of {', '.join(APART)}"
    parser.add_argument("extras", nargs="*", help=known)
    arguments = parser.parse_args()
    asked = arguments.extras
    if set(asked) - set(EXTRAS) and (len(asked) > 1 or asked[0] not in APART):
        parser.error(f"found {', '.join(asked)}; expected {known}")
    needed = [APART[asked[0]]] if asked and asked[0] in APART else [LOCK]
    needed += [EXTRAS[extra] for extra in asked if extra in EXTRAS]
    if arguments.action == "check":
        sys.exit(0 if complete(arguments.path, needed) else 1)
    try:
        make(arguments.path, needed)
    except subprocess.CalledProcessError as error:  # it has told why
        sys.exit(error.returncode if error.returncode > 0 else 1)
    except OSError as error:
        sys.exit(f"{arguments.path} cannot be made: {error}. Mend that and run make again.")


def complete(path: Path, needed: Sequence[str]) -> bool:
    """Whether nothing is left to do."""
    state = _state(path)
    return (
        state is not None
        and not problem(path, state, needed)
        and not any(name not in state.digests for name in needed)
        and (LOCK not in needed or state.digests.get(PROJECT) == _digest(PROJECT))
    )


def problem(path: Path, state: State | None, needed: Sequence[str]) -> str:
    """Why an environment has to be made from nothing; empty if it has not."""
    if state is None:
        return "it was not finished" if path.is_symlink() else ""
    if (state.place, state.project) != (str(path.resolve()), str(Path.cwd())):
        return "it was made in another folder"
    if state.adding:
        return f"adding {state.adding} to it was interrupted"
    # An update in place would rewrite what is running, and keep what no lock names any more.
    changed = [n for n in needed if n in state.digests and state.digests[n] != _digest(n)]
    if changed:
        return f"{changed[0]} changed"
    missing = [entry for entry in state.entries if not (path / entry).exists()]
    return f"{missing[0]} is missing from it" if missing else ""


def make(path: Path, needed: Sequence[str]) -> None:
    """Make an environment, or bring it up to date."""
    home = path.with_name(path.name + ".environments")
    home.mkdir(parents=True, exist_ok=True)
    with _alone(home, path):
        state = _state(path)
        why = problem(path, state, needed)
        if state is not None and not why and not _runs(path):
            why = "its Python does not run"
        if state is None or why:
            _refuse_others(path)
            reason = f" again: {why}" if why else ""
            version = sys.version.split()[0]
            takes = "a minute or two" if LOCK in needed else "some minutes and some gigabytes"
            print(f"Making {path}{reason}. With Python {version} this takes {takes}.", flush=True)
            _build(path, home, needed)
            return
        place = path.resolve()
        for name in needed:
            if name not in state.digests:
                state = _add(place, state, name)
        if LOCK in needed and state.digests.get(PROJECT) != _digest(PROJECT):
            _install_project(place, state)


def _build(path: Path, home: Path, needed: Sequence[str]) -> None:
    """Make an environment from nothing, and put it in the place of what is there."""
    previous = path.resolve()
    for left in _made(home):  # of an interrupted one
        if left != previous and not (left / _STATE).exists():
            _remove(left)
    place = home.resolve() / secrets.token_hex(4)
    try:
        subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
        for name in needed:
            _pip(place, "--require-hashes", "--requirement", name)
        digests = {name: _digest(name) for name in needed}
        state = State(str(place), str(Path.cwd()), digests, [])
        if LOCK in needed:
            _install_project(place, state)
        else:
            _write(place, replace(state, entries=_entries(place)))
    except BaseException:
        _remove(place)
        raise
    if path.is_dir() and not path.is_symlink():  # as an older version of this made it
        previous = home / f"replaced-{secrets.token_hex(4)}"
        path.rename(previous)
    link = home / "link"
    link.unlink(missing_ok=True)
    link.symlink_to(Path(home.name) / place.name)
    link.replace(path)
    # The one before stays for what still runs in it; older ones go.
    for old in _made(home):
        if old not in (place, previous.resolve()):
            _remove(old)


def _made(home: Path) -> list[Path]:
    """The environments in the folder, by their names: nothing else is ours to remove."""
    name = re.compile(r"(replaced-)?[0-9a-f]{8}")
    return [entry for entry in home.resolve().iterdir() if name.fullmatch(entry.name)]


def _remove(place: Path) -> None:
    """Remove an environment as far as that is possible; the next one to be made tries again."""
    shutil.rmtree(place, ignore_errors=True)


def _add(place: Path, state: State, name: str) -> State:
    """Add the packages that a further lock names."""
    _write(place, replace(state, adding=name))
    try:
        _pip(place, "--require-hashes", "--requirement", name)
    except subprocess.CalledProcessError:
        _write(place, state)  # pip downloads before it installs, and takes back what failed
        raise
    digests = {**state.digests, name: _digest(name)}
    added = replace(state, digests=digests, entries=_entries(place))
    _write(place, added)
    return added


def _install_project(place: Path, state: State) -> None:
    """Install the project itself; its build backend is in the lock, so nothing is downloaded."""
    digests = {**state.digests, PROJECT: _digest(PROJECT)}
    _pip(place, "--no-build-isolation", "--editable", ".")
    _write(place, replace(state, digests=digests, entries=_entries(place)))


def _pip(place: Path, *arguments: str) -> None:
    quiet = ["--disable-pip-version-check", "--no-input", "install", "--quiet", "--no-deps"]
    command = [str(place / "bin" / "python"), "-m", "pip", *quiet, *arguments]
    subprocess.run(command, check=True)


def _runs(path: Path) -> bool:
    """Whether the environment's Python starts: the one it was made of may have been removed."""
    try:
        command = [str(path / "bin" / "python"), "-c", "import pip"]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _refuse_others(path: Path) -> None:
    """Refuse to put an environment in the place of something else."""
    if not path.is_symlink() and path.is_dir():
        found = {entry.name for entry in path.iterdir() if not entry.name.startswith(".")}
        if "pyvenv.cfg" in found or found <= _KNOWN:
            return
    elif not os.path.lexists(path) or path.is_symlink():
        return
    sys.exit(
        f"{path} is there and is no virtual environment; expected one, or nothing. Remove it, or "
        "name another path: make VENV=path/to/another"
    )


def _entries(place: Path) -> list[str]:
    """Programs and packages; not which version, so that a package may be updated by hand."""
    found = [*place.glob("bin/*"), *place.glob("lib/python*/site-packages/*")]
    names = (str(entry.relative_to(place)) for entry in found if entry.name != "__pycache__")
    return sorted(name for name in names if not name.endswith(".dist-info"))


def _state(path: Path) -> State | None:
    try:
        return State(**json.loads((path / _STATE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):  # not there, torn, or of another version of this
        return None


def _write(place: Path, state: State) -> None:
    new = place / f"{_STATE}.new"
    new.write_text(json.dumps(asdict(state), indent=1), encoding="utf-8")
    new.replace(place / _STATE)


def _digest(name: str) -> str:
    return hashlib.sha256(Path(name).read_bytes()).hexdigest()


@contextmanager
def _alone(home: Path, path: Path) -> Iterator[None]:
    """Wait until no other process works on the environment."""
    with (home / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"Another make is working on {path}; waiting for it.", flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError as error:
            if error.errno not in (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS):
                raise
            print(f"{home} is on a file system without locks: run one make at a time.", flush=True)
        yield


if __name__ == "__main__":
    main()
