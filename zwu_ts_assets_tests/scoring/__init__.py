"""Tests of reading answers, rewards, scores and comparisons."""
