"""Tests of `zwu_ts_assets.training`, one module each."""
