"""The corpus itself: from a CSV to matrices, figures, videos, text and tokens.

Everything in this package is a plain function or a small dataclass, usable from a notebook. What
does not belong here: Dagster, environment variables, artifact paths.
"""
