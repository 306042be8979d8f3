"""Tests of `zwu_ts_assets.timeseries`, one module each."""
