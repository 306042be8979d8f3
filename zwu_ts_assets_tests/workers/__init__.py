"""Tests of zwu_ts_assets.workers."""
