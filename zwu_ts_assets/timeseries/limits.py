"""Bounds that more than one module enforces.

What belongs here: numbers that settings and the domain share. Imports nothing, since settings are
read whenever definitions load.
"""

from typing import Final

FEATURE_LIMIT: Final = 1_000
"""The most columns that can be used: time DTW takes the square of their number."""

FIGURE_FEATURES: Final = 100
"""How many columns feature panels show unless the settings say another number."""

LINE_PLOT_LIMIT: Final = 100
"""The most panels of a line plot: with more, each is a few dozen pixels high."""
