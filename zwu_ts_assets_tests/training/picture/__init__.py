"""Tests of the questions whose answers stand in figure or video alone."""
