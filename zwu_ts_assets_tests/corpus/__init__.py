"""Tests of zwu_ts_assets; the folders mirror the package."""
