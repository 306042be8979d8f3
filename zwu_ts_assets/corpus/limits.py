"""Bounds that more than one module enforces.

What belongs here: numbers that settings and the domain share. Imports nothing, since settings are
read whenever definitions load.
"""

from typing import Final

FEATURE_LIMIT: Final = 100
"""The most columns that can be used: with more, a cell of a figure is a few pixels wide."""
