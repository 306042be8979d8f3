"""No file is run as code, no secret is written down, no name leads out of its folder."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from zwu_ts_assets.config.settings import Settings
from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.orchestration.datasets import Dataset
from zwu_ts_assets.orchestration.specs import SPECS
from zwu_ts_assets_tests.project import SETTINGS, write_csv
from zwu_ts_assets_tests.reference import REPOSITORY
from zwu_ts_assets_tests.stores import unpacked

SOURCES = sorted(
    path
    for folder in ("zwu_ts_assets", "benchmarks")
    for path in (REPOSITORY / folder).rglob("*.py")
)

# What turns data into code, or hands a text to a shell.
MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "jsonpickle"}
CALLS = {"eval", "exec", "compile", "__import__"}
METHODS = {
    ("os", "system"),
    ("os", "popen"),
    ("yaml", "load"),
    ("yaml", "unsafe_load"),
    ("yaml", "full_load"),
    ("pandas", "read_pickle"),
    ("pd", "read_pickle"),
    ("torch", "load"),
}
# Arguments that may be there only with the value False.
SWITCHES = {"shell", "trust_remote_code", "allow_pickle"}


def dangers(source: str) -> Iterator[str]:
    """Everything in a source that could run data as code, with its line."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                found = [name.name for name in names if name.name.split(".")[0] in MODULES]
            case ast.ImportFrom(module=module):
                found = [module] if module and module.split(".")[0] in MODULES else []
            case ast.Call(func=ast.Name(id=name)) if name in CALLS:
                found = [name]
            case ast.Call(func=ast.Attribute(value=ast.Name(id=owner), attr=method)) if (
                owner,
                method,
            ) in METHODS:
                found = [f"{owner}.{method}"]
            case ast.keyword(arg=str(argument), value=value) if argument in SWITCHES:
                off = isinstance(value, ast.Constant) and value.value is False
                found = [] if off else [argument]
            case ast.Attribute(attr=("to_pickle" | "read_pickle") as method):
                found = [method]
            case _:
                found = []
        for what in found:
            yield f"line {getattr(node, 'lineno', 0)}: {what}"


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "import cloudpickle.compat",
        "from marshal import loads",
        "eval('1')",
        "exec(text)",
        "os.system('ls')",
        "yaml.load(text)",
        "subprocess.run('ls', shell=True)",
        "subprocess.run('ls', shell=flag)",
        "AutoTokenizer.from_pretrained(name, trust_remote_code=True)",
        "numpy.load(file, allow_pickle=True)",
        "frame.to_pickle(path)",
    ],
)
def test_the_search_finds_what_it_is_there_for(source: str) -> None:
    assert list(dangers(source))


def test_nothing_in_the_package_runs_data_as_code() -> None:
    assert len(SOURCES) > 50
    found = {
        str(path.relative_to(REPOSITORY)): problems
        for path in SOURCES
        if (problems := list(dangers(path.read_text(encoding="utf-8"))))
    }
    # Its file has no name from the moment on that it is there: nobody but the process that wrote it
    # can put anything in.
    assert found == {"zwu_ts_assets/storage/spool.py": ["line 8: pickle"]}


SECRETS = {
    "HF_TOKEN": "hf_QwErTyUiOpAsDfGhJkLzXcVbNm01234567",
    "HUGGING_FACE_HUB_TOKEN": "hf_MnBvCxZlKjHgFdSaPoIuYtReWq76543210",
    "AWS_ACCESS_KEY_ID": "AKIAZWUTSASSETSTEST1",
    "AWS_SECRET_ACCESS_KEY": "zwu/tests+secret/KEY0123456789abcdefghij",
    "AWS_SESSION_TOKEN": "zwu-session-token-0123456789",
    "DAGSTER_CLOUD_API_TOKEN": "agent:zwu:0123456789abcdef",
    "PGPASSWORD": "zwu-postgres-password-42",
    "SOME_API_KEY": "sk-zwu-0123456789abcdef",
}


@pytest.mark.slow
def test_no_secret_of_the_environment_is_written_or_printed(tmp_path: Path) -> None:
    data, home = tmp_path / "data", tmp_path / "home"
    data.mkdir()
    csv = data / "ETTh1.csv"
    write_csv(csv, 48)
    environment = {
        **os.environ,
        **SECRETS,
        "ZWU_TS_DATA_DIR": str(data),
        "ZWU_TS_ARTIFACTS_DIR": str(tmp_path / "artifacts"),
        "ZWU_TS_DATASETS": "etth1",
        "DAGSTER_HOME": str(home),
        "HF_HUB_OFFLINE": "1",
        "HF_HOME": str(tmp_path / "huggingface"),
    }

    def make_run(settings: str) -> "subprocess.CompletedProcess[bytes]":
        (data / "ETTh1.toml").write_text(settings, encoding="utf-8")
        command = [sys.executable, "-m", "zwu_ts_assets", "run", "--workers", "1"]
        return subprocess.run(command, env=environment, capture_output=True, check=False)

    good = make_run(SETTINGS)
    assert good.returncode == 0, good.stderr.decode()
    # Two ways to fail: one that may use a token, one that tells much.
    bad = make_run(
        f'{SETTINGS}tokenizer = "owner/no-such-model"\nsplitter = "no_such_module:split"\n'
    )
    assert bad.returncode == 1

    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.suffix == ".db" for path in files)
    assert any(".records" in path.parts for path in files)
    everything = {str(path): list(unpacked(path)) for path in files}
    everything["what was printed"] = [run.stdout + run.stderr for run in (good, bad)]
    for name, secret in SECRETS.items():
        for place, pieces in everything.items():
            assert not any(secret.encode() in piece for piece in pieces), f"{name} is in {place}"


@pytest.mark.parametrize(
    "name",
    ["", "..", "../x", "a/b", "/etc", "a\\b", "A", "a b", "a\n", "é", "a.b", "~", "-a", "a" * 64],
)
def test_a_dataset_whose_name_could_lead_elsewhere_is_refused(name: str) -> None:
    for arguments in ((name, ()), ("x", (name,))):
        with pytest.raises(CorpusError, match="Rename the dataset"):
            Dataset(
                arguments[0],
                Path("x.csv"),
                Settings.model_validate({}),
                specs=SPECS,
                prefix=arguments[1],
            )
