"""Bounds, choices and names that more than one module knows.

What belongs here: numbers and words that settings and the domain share. Imports nothing heavy,
since settings are read whenever definitions load.
"""

import re
from collections.abc import Collection
from typing import Final, Literal

FEATURE_LIMIT: Final = 1_000
"""The most columns that can be used: time DTW takes the square of their number."""

FIGURE_FEATURES: Final = 100
"""How many columns feature panels show unless the settings say another number."""

LINE_PLOT_LIMIT: Final = 100
"""The most panels of a line plot: with more, each is a few dozen pixels high."""

StatsFormat = Literal["decimals", "significant"]
"""How the numbers of the statistics are written: with two decimals, or four significant digits."""

_LAGGED: Final = re.compile(r"(.+) \(lag ([1-9]\d{0,5})\)", re.ASCII | re.DOTALL)


def lagged_name(name: str, lag: int) -> str:
    """The name of the copy of a column from so many rows back."""
    return f"{name} (lag {lag})"


def lag_of(name: str, features: Collection[str]) -> int:
    """How many rows back a column is a copy of another one, by its name; 0 if it is none."""
    found = _LAGGED.fullmatch(name)
    return int(found[2]) if found and found[1] in features else 0
