"""From a CSV to a validated series, its windows and its patches.

Plain functions and small dataclasses, usable from a notebook. What does not belong here: drawing
(`figures/`), text (`text/`), Dagster, environment variables, artifact paths.
"""
