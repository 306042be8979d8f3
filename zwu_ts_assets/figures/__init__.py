"""From a window to its dependence matrices, and from those to figures, line plots and videos.

Plain functions and small dataclasses, usable from a notebook. What does not belong here: Dagster,
environment variables, artifact paths.
"""
