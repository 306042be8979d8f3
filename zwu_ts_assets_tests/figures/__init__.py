"""Tests of `zwu_ts_assets.figures`, one module each."""
