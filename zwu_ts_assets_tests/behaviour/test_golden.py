"""The bytes of every asset are pinned with its code version: other bytes need a raised one."""

from pathlib import Path

import pytest

from zwu_ts_assets.orchestration.specs import SPECS
from zwu_ts_assets_tests.golden import Pin, Pins, corpora, inputs_of, pins_of, problem, read_pins

INPUTS = {"windows": (), "figures": ("windows",), "samples": ("windows", "figures")}
AS_PINNED = {name: Pin("1", "same") for name in INPUTS}


@pytest.mark.parametrize(
    "name",
    [
        "sample",
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("stride", "wide", "gappy")),
        pytest.param("etth1", marks=[pytest.mark.slow, pytest.mark.shared]),
    ],
)
def test_every_asset_has_the_bytes_that_are_pinned_with_its_code_version(
    name: str, tmp_path: Path
) -> None:
    corpus = corpora()[name]
    found = pins_of(name, corpus, tmp_path)
    pinned, inputs = read_pins()[name], inputs_of(name, corpus, tmp_path)
    assert set(pinned) == set(found)
    problems = [problem(asset, pinned, found, inputs) for asset in found]
    assert not any(problems), "\n".join(filter(None, problems))


def test_every_asset_that_there_is_is_pinned() -> None:
    pins = read_pins()
    # Windows of the sample are too short to be altered.
    assert set(pins["sample"]) == {spec.name for spec in SPECS} - {"altered_lines"}
    assert set(pins["etth1"]) >= {"altered_lines"}


def verdicts(found: Pins) -> dict[str, str]:
    problems = {name: problem(name, AS_PINNED, found, INPUTS) for name in INPUTS}
    return {name: text.split(":")[0] for name, text in problems.items() if text}


def test_changed_bytes_ask_for_a_raised_code_version_of_the_asset_that_changed_them() -> None:
    assert verdicts(AS_PINNED) == {}
    figures = AS_PINNED | {"figures": Pin("1", "other")}
    message = problem("figures", AS_PINNED, figures, INPUTS)
    assert message.startswith("bytes of figures changed: raise its code version.")
    assert "PyAV" in message
    assert "Pillow" in message
    both = figures | {"samples": Pin("1", "other")}
    assert verdicts(both) == {
        "figures": "bytes of figures changed",
        "samples": "bytes of samples changed with those of figures",
    }


def test_a_raised_code_version_asks_for_new_pins_and_so_does_a_new_asset() -> None:
    raised = AS_PINNED | {"figures": Pin("2", "other")}
    assert verdicts(raised) == {"figures": "code version of figures was raised"}
    without = {name: pin for name, pin in AS_PINNED.items() if name != "figures"}
    assert problem("figures", without, AS_PINNED, INPUTS).startswith(
        "bytes of figures are not pinned: pin it again"
    )
