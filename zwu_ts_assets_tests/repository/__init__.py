"""Tests of what surrounds the package: locks, commands of make, documentation, deployment."""
