"""What reads users' files keeps its promises, whatever is in them.

A short run of each target; docs/promises.md tells the result of the long one.
"""

import importlib
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zwu_ts_assets_tests.fuzz import TARGETS

pytestmark = pytest.mark.slow

on_linux = pytest.mark.skipif(
    sys.platform != "linux", reason="fuzzing under the guidance of coverage needs Linux (atheris)"
)


def module_of(target: str) -> ModuleType:
    return importlib.import_module(f"zwu_ts_assets_tests.fuzz.{TARGETS[target]}")


def run_apart(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a command as the child of a small shell, which is there for the measure of memory only.

    On Linux a process begins with its parent's highest memory as its own (`ru_maxrss` outlives
    `exec`), and that is what libFuzzer holds against its limit: started by a test process that once
    used a gigabyte, it would call its first small input too large.
    """
    shell = ["/bin/sh", "-c", '"$@"; exit $?', "sh", *command]
    return subprocess.run(shell, capture_output=True, text=True, check=False)


@on_linux
@pytest.mark.parametrize("target", TARGETS)
def test_no_input_that_coverage_leads_to_breaks_a_promise(target: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "zwu_ts_assets_tests.fuzz", "--target", target]
    command += ["--runs", "2000", "--keep", str(tmp_path)]
    run = run_apart(command)
    assert run.returncode == 0, run.stderr[-4000:]
    tried, accepted = run.stdout.split(": ")[1].split(" inputs tried, ")
    assert int(tried) == 2000
    assert int(accepted.split()[0]) >= 3  # a run that meets nothing but refusals tests little
    assert list(tmp_path.iterdir()) == []


FAULTY = """
import sys, types
from zwu_ts_assets_tests import fuzz
from zwu_ts_assets_tests.fuzz.__main__ import main

def check(data):
    if data.startswith(b"ab"):
        {what}
    return True

module = types.ModuleType("faulty")
module.SEEDS, module.WORDS, module.check = [b"a"], [b"ab"], check
fuzz.TARGETS["faulty"] = "faulty"
sys.modules["zwu_ts_assets_tests.fuzz.faulty"] = module
main(["--target", "faulty", "--seconds", "1", "--megabytes", "256", "--keep", sys.argv[1]])
"""


@on_linux
@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("raise KeyError(data)", "KeyError"),
        ("while True: pass", "timeout"),
        ("kept = [bytearray(1 << 20) for _ in range(1 << 10)]; list(map(bytes, kept))", "memory"),
    ],
)
def test_a_reader_that_breaks_a_promise_is_found(what: str, said: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", FAULTY.format(what=what), str(tmp_path)]
    run = run_apart(command)
    assert run.returncode != 0
    assert said in run.stdout + run.stderr
    # A busy machine makes libFuzzer keep a slow input beside the one that broke the promise.
    (found,) = (path for path in tmp_path.iterdir() if not path.name.startswith("slow-unit-"))
    assert found.read_bytes().startswith(b"ab")


@pytest.mark.parametrize("target", TARGETS)
def test_among_the_inputs_to_begin_with_are_good_and_bad_ones(target: str) -> None:
    module = module_of(target)
    assert {module.check(seed) for seed in module.SEEDS} == {True, False}


@pytest.mark.parametrize("target", TARGETS)
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_edit_of_such_an_input_breaks_a_promise(target: str, data: st.DataObject) -> None:
    module = module_of(target)
    content = data.draw(st.sampled_from(module.SEEDS))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content)))
        stop = data.draw(st.integers(start, min(len(content), start + 20)))
        words = st.sampled_from([*module.WORDS, content[start:stop] * 2])
        content = content[:start] + data.draw(words | st.binary(max_size=4)) + content[stop:]
    module.check(content)
