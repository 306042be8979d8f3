"""From answers to figures: reading what a model wrote, rewarding it, scoring and comparing it.

What does not belong here: how questions are made (`training/picture`), Dagster, artifact paths.
"""
