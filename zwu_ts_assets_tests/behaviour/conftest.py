"""What is promised is tested from the outside, which takes time: all but two files are slow."""

from pathlib import Path

import pytest

_FAST = {"test_golden.py", "test_new_asset.py"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark them before pytest chooses by marks."""
    here = Path(__file__).parent
    for item in items:
        if item.path.parent == here and item.path.name not in _FAST:
            item.add_marker(pytest.mark.slow)
