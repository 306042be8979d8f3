"""Tests of `zwu_ts_assets.text`, one module each."""
