"""Functions that settings name: which may run, where their module is, and getting hold of one.

What belongs here: the rule that code runs only where somebody outside the data folder has allowed
it. What does not: who says what is allowed (`environment.py`), what a function is for
(`vocabulary.py`).

A settings file comes along with a CSV, often from somebody else, and is read unattended. The names
in it must therefore not be able to run anything of their own. `module_file` finds a module without
executing it or the packages above it, so that looking for changes is harmless; only
`named_function` imports, and only what is allowed.
"""

import importlib
import importlib.metadata
import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import Any, Final

from zwu_ts_assets.errors import CorpusError

ALLOWED_MODULES_VARIABLE: Final = "ZWU_TS_ALLOWED_MODULES"
"""The environment variable whose modules may be named in settings; `environment.py` reads it."""


@dataclass(frozen=True)
class AllowedCode:
    """Whose functions settings may name.

    Attributes:
        modules: Names of modules; a package does not stand for the modules in it.
        data_folders: Folders that hold data. Nothing in them is code, whatever else says so.
    """

    modules: frozenset[str] = frozenset()
    data_folders: tuple[Path, ...] = ()


def module_file(setting: str, name: str, allowed: AllowedCode) -> Path | None:
    """The file of the module that a function's name leads to, found without executing anything.

    Args:
        setting: The setting with the name, for example `splitter`. An installed package allows a
            function by an entry point of the group `zwu_ts_assets.splitters`, its plural.
        name: `package.module:function`.
        allowed: What may be named.

    Returns:
        The file; None of a module that is built into Python.

    Raises:
        CorpusError: The name has another form, or its module is not allowed, is not there, or lies
            in a data folder.
    """
    module_name = _parts(setting, name)[0]
    if not _is_allowed(setting, name, allowed):
        raise CorpusError(
            f"{setting} {name!r}: the module {module_name!r} is not allowed, so nothing of it is "
            f"run. If you trust its code, set {ALLOWED_MODULES_VARIABLE}={module_name} in the "
            f"environment, or install a package with an entry point {name!r} of the group "
            f"{_group(setting)!r}; else take the setting out."
        )
    spec: ModuleSpec | None = None
    for spec in _specs(setting, name, module_name):
        for place in _places(spec):
            _refuse_data(setting, name, place, allowed)
    return Path(spec.origin) if spec and spec.has_location and spec.origin else None


def named_function(setting: str, name: str, allowed: AllowedCode) -> Callable[..., Any]:
    """Import the function of a given name.

    Args:
        setting: As for `module_file`.
        name: `package.module:function`.
        allowed: What may be named.

    Raises:
        CorpusError: As `module_file`; or the module cannot be imported, or has no such function,
            or has it from a module that is not allowed.
    """
    module_file(setting, name, allowed)
    module_name, function_name = _parts(setting, name)
    try:
        module = importlib.import_module(module_name)
    except Exception as error:  # whatever the code of the module raises
        raise _not_importable(setting, name, module_name, error) from error
    # Found on the path or imported long ago: what counts is the code that would run.
    if file := getattr(module, "__file__", None):
        _refuse_data(setting, name, Path(file), allowed)
    if not hasattr(module, function_name):
        raise CorpusError(
            f"{setting} {name!r}: the module {module_name!r} has no {function_name!r}; expected a "
            "function of that name in it. Correct the setting."
        )
    function: object = getattr(module, function_name)
    if not callable(function):
        raise CorpusError(
            f"{setting} {name!r}: {function_name!r} is {type(function).__name__}, which cannot be "
            "called; expected a function. Correct the setting."
        )
    # An allowed module that says `from os import system` does not make that a splitter.
    home = getattr(function, "__module__", None)
    borrowed = home not in {None, module_name, *allowed.modules}
    told_apart = inspect.isroutine(function) or inspect.isclass(function)
    if borrowed and told_apart and not _is_entry_point(setting, name, allowed):
        raise CorpusError(
            f"{setting} {name!r}: {function_name!r} comes from the module {home!r}, which is not "
            f"allowed; expected a function that {module_name!r} itself defines. If you trust that "
            f"module, name it in the setting and in {ALLOWED_MODULES_VARIABLE}."
        )
    return function


def _parts(setting: str, name: str) -> tuple[str, str]:
    """Module and function of a name."""
    module_name, _, function_name = name.partition(":")
    if not all(part.isidentifier() for part in (*module_name.split("."), function_name)):
        raise CorpusError(
            f"{setting}: found {name!r}; expected the form 'package.module:function'. Correct the "
            "setting, or leave it out."
        )
    return module_name, function_name


def _is_allowed(setting: str, name: str, allowed: AllowedCode) -> bool:
    return name.partition(":")[0] in allowed.modules or _is_entry_point(setting, name, allowed)


def _is_entry_point(setting: str, name: str, allowed: AllowedCode) -> bool:
    """Whether an installed package offers just this function for the setting."""
    # Metadata of a package that lies among the data was not installed by anybody.
    path = [entry for entry in sys.path if not _in_data(Path(entry or "."), allowed)]
    return any(
        point.group == _group(setting) and point.value.replace(" ", "") == name
        for distribution in importlib.metadata.distributions(path=path)
        for point in distribution.entry_points
    )


def _group(setting: str) -> str:
    return f"zwu_ts_assets.{setting}s"


def _specs(setting: str, name: str, module_name: str) -> Iterator[ModuleSpec]:
    """The specs of a module and of the packages above it, from the outermost on."""
    outermost, *inner = module_name.split(".")
    try:
        # Of a name without dots, this executes nothing: there is no package above it.
        spec = importlib.util.find_spec(outermost)
    except ValueError as error:  # a module without a spec, such as that of an interactive session
        raise _not_importable(setting, name, module_name, error) from error
    for part in inner:
        if spec is None:
            break
        yield spec
        if spec.submodule_search_locations is None:
            reason = ImportError(f"{spec.name!r} is not a package")
            raise _not_importable(setting, name, module_name, reason)
        # By its last name alone: for the whole one, the finder may ask for the imported package.
        spec = PathFinder.find_spec(part, list(spec.submodule_search_locations))
    if spec is None:
        raise _not_importable(setting, name, module_name, ImportError("there is no such module"))
    yield spec


def _places(spec: ModuleSpec) -> Iterable[Path]:
    """Where the code of a module or the parts of a package lie."""
    if spec.has_location and spec.origin:
        yield Path(spec.origin)
    yield from map(Path, spec.submodule_search_locations or ())


def _not_importable(setting: str, name: str, module_name: str, error: Exception) -> CorpusError:
    return CorpusError(
        f"{setting} {name!r}: the module {module_name!r} cannot be imported "
        f"({type(error).__name__}: {error}); expected "
        "an importable module. Install it, or add its folder to PYTHONPATH."
    )


def _refuse_data(setting: str, name: str, place: Path, allowed: AllowedCode) -> None:
    if _in_data(place, allowed):
        raise CorpusError(
            f"{setting} {name!r}: {place} lies in a data folder, and nothing there is ever run, "
            f"also if {ALLOWED_MODULES_VARIABLE} names it. Move the module to a folder of its own "
            "and add that to PYTHONPATH."
        )


def _in_data(place: Path, allowed: AllowedCode) -> bool:
    """Whether a path leads into a data folder: as it is written, or where its links lead to."""
    written, real = place.absolute(), place.resolve()
    return any(
        written.is_relative_to(folder.absolute()) or real.is_relative_to(folder.resolve())
        for folder in allowed.data_folders
    )
