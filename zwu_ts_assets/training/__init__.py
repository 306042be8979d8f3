"""From a corpus to what trainers load: samples, splits, conversations, exports, preflight.

Everything below this package is pure: no Dagster, no environment, no path below `artifacts/`.
"""
