"""How many processes a run starts where it is told nothing."""

import os
import subprocess
import sys

import pytest

CODE = "from zwu_ts_assets import resources; print(resources._available_processors())"


@pytest.mark.parametrize("limit", [1, 2])
def test_no_more_processors_are_used_than_are_allowed(limit: int) -> None:
    # What loky takes from a container's quota it takes from this variable in the same way.
    environment = {**os.environ, "LOKY_MAX_CPU_COUNT": str(limit)}
    said = subprocess.run(
        [sys.executable, "-c", CODE], env=environment, capture_output=True, text=True, check=True
    )
    assert int(said.stdout.split()[-1]) == min(limit, len(os.sched_getaffinity(0)))
