"""Tests of `zwu_ts_assets.orchestration.assets`, one module each."""
