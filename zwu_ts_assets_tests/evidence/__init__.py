"""Tests of what proves that questions need the picture."""
