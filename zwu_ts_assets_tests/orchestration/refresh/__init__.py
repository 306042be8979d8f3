"""Tests of `zwu_ts_assets.orchestration.refresh`, one module each."""
