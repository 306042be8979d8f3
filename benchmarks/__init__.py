"""Benchmarks: what the pipeline costs, as ratios to the original approach and to itself."""
