"""Jobs: what the web UI and the command line launch as a whole.

What belongs here: jobs, and what starts them by itself. What does not: what they make.
"""

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from zwu_ts_assets.datasets import Dataset


def dataset_job(dataset: Dataset) -> UnresolvedAssetJobDefinition:
    """The job that materializes everything of one dataset, for any range of its batches."""
    return dg.define_asset_job(
        f"{dataset.name}_corpus",
        selection=dg.AssetSelection.groups(dataset.name),
        description=f"Everything from {dataset.csv.name} to figures, videos, text and tokens.",
    )
