"""Fixtures and the rule for tests that need the reference data."""

import os

import pytest

from zwu_ts_assets_tests.reference import ETTH1_CSV, SHARED

# Instances that the tests make have no configuration that could turn it off.
os.environ["DAGSTER_DISABLE_TELEMETRY"] = "yes"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, visibly, what needs reference data that this checkout does not have."""
    if ETTH1_CSV.exists():
        return
    skip = pytest.mark.skip(reason=f"reference data not found in {SHARED.name}/ beside the repo")
    for item in items:
        if item.get_closest_marker("shared"):
            item.add_marker(skip)
