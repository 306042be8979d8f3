"""Bounds and choices that more than one module knows.

What belongs here: numbers and words that settings and the domain share. Imports nothing, since
settings are read whenever definitions load.
"""

from typing import Final, Literal

FEATURE_LIMIT: Final = 1_000
"""The most columns that can be used: time DTW takes the square of their number."""

FIGURE_FEATURES: Final = 100
"""How many columns feature panels show unless the settings say another number."""

LINE_PLOT_LIMIT: Final = 100
"""The most panels of a line plot: with more, each is a few dozen pixels high."""

StatsFormat = Literal["decimals", "significant"]
"""How the numbers of the statistics are written: with two decimals, or four significant digits."""
