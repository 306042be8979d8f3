"""Tests of zwu_ts_assets.orchestration.web."""
