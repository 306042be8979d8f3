"""The front door for Dagster: the definitions of what the environment and the data folder say.

What it loads is put together in `orchestration/build.py`, once Dagster asks for it.
"""

import dagster as dg

from zwu_ts_assets.orchestration.build import defined


@dg.definitions
def defs() -> dg.Definitions:
    """The definitions of every dataset that there is."""
    return defined()
