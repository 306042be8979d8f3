"""From an asset's inputs to the bytes of its product; knows of datasets, not of Dagster."""
