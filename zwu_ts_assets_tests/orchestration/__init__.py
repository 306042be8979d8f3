"""Tests of `zwu_ts_assets.orchestration`, one module each."""
