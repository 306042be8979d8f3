"""All of Dagster: assets, IO managers, checks, partitions, runs, and what is out of date.

The domain (`timeseries/`, `figures/`, `text/`, `training/`, `evidence/`) and what it stands on
(`storage/`, `workers/`) know nothing of this package.
"""
