"""A corpus in somebody else's Dagster project: `type: zwu_ts_assets.TimeSeriesCorpus`.

What belongs here: what a `defs.yaml` may say, and the dataset that follows from it. What does not:
assets, checks, job, sensor and schedule, which are those of every dataset (`build.py`).

A component has the environment's automation and workers, and resources of its own: their keys begin
with the dataset's name, so that none of them meets one of the host's or of another component's.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
from pydantic import Field

from zwu_ts_assets.config.discovery import dataset_name
from zwu_ts_assets.config.environment import artifacts_dir, automation_settings, dask_address
from zwu_ts_assets.orchestration.build import build_definitions
from zwu_ts_assets.orchestration.chosen_datasets import dataset_of
from zwu_ts_assets.orchestration.datasets import Dataset
from zwu_ts_assets.storage.places import Place, place_of
from zwu_ts_assets.timeseries.csv_rules import table_stem


class TimeSeriesCorpus(dg.Component, dg.Model, dg.Resolvable):
    """A multimodal corpus for Qwen3-VL from a table of a multivariate time series.

    The assets, checks, job, sensor and schedule are those of a dataset of zwu_ts_assets.
    """

    csv: str = Field(
        description="The table: CSV, TSV, Parquet and so on; relative to the folder of defs.yaml. "
        "Settings in a TOML file beside it count."
    )
    settings: dict[str, Any] = Field(
        default_factory=dict,
        description="Settings by name, over those of the TOML file, such as `window_length: 48`.",
    )
    destination: str | None = Field(
        default=None,
        description="The folder or URL for the artifacts; relative to the folder of defs.yaml. "
        "Unset: ZWU_TS_ARTIFACTS_DIR, or `artifacts/` in the working directory.",
    )
    key_prefix: list[str] | None = Field(
        default=None,
        description="What asset keys begin with, and the folder below the destination: lower-case "
        "letters, digits and underscores. Unset: the name.",
    )
    name: str | None = Field(
        default=None,
        description="Of the dataset: of its group, job and sensor. Unset: that of the file.",
    )

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """The definitions of the dataset.

        Args:
            context: Where the component's folder is.

        Raises:
            CorpusError: Settings or names that are not valid.
        """
        folder = context.path if context.path.is_dir() else context.path.parent
        return build_definitions(
            [self.dataset(folder)],
            self._artifacts(folder),
            automation=automation_settings(),
            dask=dask_address(),
            guest=True,
        )

    def dataset(self, folder: Path) -> Dataset:
        """The dataset that the component is about.

        Args:
            folder: What the path of the table is relative to.

        Raises:
            CorpusError: Settings or names that are not valid.
        """
        csv = (folder / Path(self.csv).expanduser()).resolve()
        name = self.name or dataset_name(table_stem(csv))
        prefix: Sequence[str] = [name] if self.key_prefix is None else self.key_prefix
        found = dataset_of(name, csv, given=self.settings)
        return replace(found, prefix=tuple(prefix), scope=f"{name}_")

    def _artifacts(self, folder: Path) -> Place:
        if self.destination is None:
            return artifacts_dir()
        if "://" in self.destination:
            return place_of(self.destination, "destination")
        return (folder / Path(self.destination).expanduser()).resolve()
