"""Tests of `zwu_ts_assets.config`, one module each."""
