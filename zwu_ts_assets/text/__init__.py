"""From a window to its statistics as text, and from that to tokens.

Plain functions and small dataclasses, usable from a notebook. What does not belong here: Dagster,
environment variables, artifact paths.
"""
