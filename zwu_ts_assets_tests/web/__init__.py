"""Tests of zwu_ts_assets.web."""
