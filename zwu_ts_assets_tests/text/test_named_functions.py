"""Functions that settings name: what may run, and that looking for it runs nothing."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.text.named_functions import AllowedCode, module_file, named_function

MARKS = "from pathlib import Path\nPath(__file__).with_suffix('.ran').touch()\n"
LETTERS = MARKS + "def letters(text):\n    return list(text)\n"


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """Modules that a test imported are not there for the next one."""
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that Python imports from."""
    folder = tmp_path / "code"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    return folder


def write(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def allow(*modules: str, data: Path | None = None) -> AllowedCode:
    return AllowedCode(frozenset(modules), (data,) if data else ())


def test_a_function_of_an_allowed_module_is_found_by_its_name(code: Path) -> None:
    write(code / "my_splitters.py", LETTERS + "number = 3\n")
    allowed = allow("my_splitters")
    assert named_function("splitter", "my_splitters:letters", allowed)("ab") == ["a", "b"]
    with pytest.raises(CorpusError, match="'number' is int, which cannot be called"):
        named_function("splitter", "my_splitters:number", allowed)
    with pytest.raises(CorpusError, match="the module 'my_splitters' has no 'words'"):
        named_function("splitter", "my_splitters:words", allowed)


def test_a_module_that_nobody_allowed_is_not_even_imported(code: Path) -> None:
    write(code / "my_splitters.py", LETTERS)
    for allowed in (allow(), allow("other"), allow("my_splitter"), allow("my_splitters.more")):
        for find in (named_function, module_file):
            with pytest.raises(CorpusError) as caught:
                find("splitter", "my_splitters:letters", allowed)
            assert "set ZWU_TS_ALLOWED_MODULES=my_splitters in the environment" in str(caught.value)
            assert "the group 'zwu_ts_assets.splitters'" in str(caught.value)
    assert not (code / "my_splitters.ran").exists()


def test_a_package_does_not_stand_for_the_modules_in_it(code: Path) -> None:
    write(code / "words" / "__init__.py", "")
    write(code / "words" / "split.py", LETTERS)
    with pytest.raises(CorpusError, match=r"the module 'words\.split' is not allowed"):
        named_function("splitter", "words.split:letters", allow("words"))
    assert named_function("splitter", "words.split:letters", allow("words.split"))("a") == ["a"]


def test_the_file_is_found_without_running_the_module_or_the_packages_above_it(code: Path) -> None:
    write(code / "deep" / "__init__.py", MARKS)
    file = write(code / "deep" / "without_init" / "split.py", LETTERS)
    name = "deep.without_init.split"
    assert module_file("splitter", f"{name}:letters", allow(name)) == file
    assert not list(code.rglob("*.ran"))
    assert not {"deep", name} & set(sys.modules)
    # It is the very file that an import runs.
    named_function("splitter", f"{name}:letters", allow(name))
    assert sys.modules[name].__file__ == str(file)


@pytest.mark.parametrize("name", ["os:system", "subprocess:getoutput", "posix:system"])
def test_a_shell_is_no_splitter(name: str) -> None:
    with pytest.raises(CorpusError, match="is not allowed, so nothing of it is run"):
        named_function("splitter", name, allow("my_splitters"))


def test_what_an_allowed_module_has_from_elsewhere_is_not_allowed_with_it(code: Path) -> None:
    write(code / "my_splitters.py", "from os import system\nfrom subprocess import Popen\n")
    for function, home in (("system", "posix"), ("Popen", "subprocess")):
        with pytest.raises(CorpusError, match=f"'{function}' comes from the module '{home}'"):
            named_function("splitter", f"my_splitters:{function}", allow("my_splitters"))


@pytest.mark.parametrize("on_path", [".", "data"])
def test_nothing_in_a_data_folder_is_run_also_if_it_is_allowed(
    code: Path, monkeypatch: pytest.MonkeyPatch, on_path: str
) -> None:
    data = code / "data"
    write(data / "evil.py", LETTERS)
    monkeypatch.syspath_prepend(code / on_path)
    name = "data.evil" if on_path == "." else "evil"
    for find in (named_function, module_file):
        with pytest.raises(CorpusError, match="lies in a data folder, and nothing there is ever"):
            find("splitter", f"{name}:letters", allow(name, data=data))
    assert not (data / "evil.ran").exists()


@pytest.mark.parametrize("way", ["file", "folder", "out of it", "data folder"])
def test_a_link_is_no_way_into_or_out_of_a_data_folder(
    code: Path, tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    name = "linked"
    match way:
        case "file":
            (code / "linked.py").symlink_to(write(data / "evil.py", LETTERS))
        case "folder":
            write(data / "evil" / "split.py", LETTERS)
            (code / "linked").symlink_to(data / "evil")
            name = "linked.split"
        case "out of it":
            monkeypatch.syspath_prepend(data)
            (data / "linked.py").symlink_to(write(tmp_path / "elsewhere.py", LETTERS))
        case "data folder":
            write(code / "linked.py", LETTERS)
            (tmp_path / "my-data").symlink_to(code)
            data = tmp_path / "my-data"
    with pytest.raises(CorpusError, match="lies in a data folder"):
        named_function("splitter", f"{name}:letters", allow(name, data=data))
    assert not list(tmp_path.rglob("*.ran"))


def test_a_module_of_a_data_folder_that_was_imported_before_is_refused(
    code: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import importlib

    write(code / "data" / "evil.py", LETTERS)
    module = importlib.import_module("data.evil")
    assert module.letters("a") == ["a"]
    with pytest.raises(CorpusError, match="lies in a data folder"):
        named_function("splitter", "data.evil:letters", allow("data.evil", data=code / "data"))


def installed(folder: Path, value: str, group: str = "zwu_ts_assets.splitters") -> None:
    """What pip leaves of a package with an entry point."""
    metadata = folder / "my_package-1.dist-info"
    write(metadata / "METADATA", "Metadata-Version: 2.1\nName: my-package\nVersion: 1\n")
    write(metadata / "entry_points.txt", f"[{group}]\nmine = {value}\n")


def test_an_installed_package_allows_a_function_by_an_entry_point(code: Path) -> None:
    write(code / "my_package" / "__init__.py", "from my_package.inner import letters\n")
    write(code / "my_package" / "inner.py", LETTERS + "more = letters\n")
    installed(code, "my_package:letters")
    assert named_function("splitter", "my_package:letters", allow())("ab") == ["a", "b"]
    for other in ("my_package.inner:letters", "my_package:more", "os:system"):
        with pytest.raises(CorpusError, match="is not allowed"):
            named_function("splitter", other, allow())


def test_an_entry_point_of_another_group_allows_nothing(code: Path) -> None:
    write(code / "my_splitters.py", LETTERS)
    installed(code, "my_splitters:letters", "console_scripts")
    with pytest.raises(CorpusError, match="is not allowed"):
        named_function("splitter", "my_splitters:letters", allow())


def test_a_package_that_lies_among_the_data_allows_nothing(code: Path) -> None:
    installed(code, "os:system")
    with pytest.raises(CorpusError, match="is not allowed"):
        named_function("splitter", "os:system", allow(data=code))


@pytest.mark.parametrize("name", ["", "a", "a:", ":b", "a.b", "a:b.c", "a:b:c", "a: b", ".a:b"])
def test_a_functions_name_has_one_form(name: str) -> None:
    for find in (named_function, module_file):
        with pytest.raises(CorpusError, match=r"expected the form 'package.module:function'"):
            find("splitter", name, allow("a"))


@pytest.mark.parametrize("module", ["no_such_module_anywhere", "json.nothing", "nothing.at.all"])
def test_a_module_that_is_not_there_is_named(module: str) -> None:
    for find in (named_function, module_file):
        with pytest.raises(CorpusError, match=f"module '{module}' cannot be imported .*PYTHONPATH"):
            find("splitter", f"{module}:split", allow(module))


def test_a_module_whose_own_imports_fail_is_named(code: Path) -> None:
    for number, (text, error) in enumerate(
        [
            ("import no_such_module_anywhere", "ModuleNotFoundError: No module named"),
            ("def letters(", "SyntaxError: "),
            ("1 / 0", "ZeroDivisionError: "),
        ]
    ):
        write(code / f"bad{number}.py", text)
        with pytest.raises(CorpusError) as caught:
            named_function("splitter", f"bad{number}:letters", allow(f"bad{number}"))
        assert f"the module 'bad{number}' cannot be imported ({error}" in str(caught.value)
