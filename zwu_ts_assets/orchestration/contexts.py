"""What the functions of an asset are called with: its dataset, its surroundings, its inputs.

What belongs here: the arguments of bodies, of checks and of the functions in `origins.py`. What
does not: what they give back (`work.py`), and which functions an asset has (`specs.py`).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from zwu_ts_assets.config.environment import allowed_code, cache_dir, project_root
from zwu_ts_assets.orchestration.datasets import Dataset
from zwu_ts_assets.orchestration.work import WHOLE
from zwu_ts_assets.storage.artifact_store import Record

if TYPE_CHECKING:
    from zwu_ts_assets.text.named_functions import AllowedCode
    from zwu_ts_assets.timeseries.series import Series
    from zwu_ts_assets.workers.pool import Pool


@dataclass(frozen=True)
class Surroundings:
    """Where a corpus may find what is not in its data folder.

    Attributes:
        project_dir: What folders in the settings are relative to.
        cache_dir: Where the embedded tokenizer is kept.
        allowed_code: Whose functions the settings may name.
    """

    project_dir: Path
    cache_dir: Path
    allowed_code: "AllowedCode"


def surroundings_of(dataset: Dataset, project_dir: Path | None = None) -> Surroundings:
    """Where the corpus of a dataset may find what is not in its data folder.

    Args:
        dataset: The dataset.
        project_dir: What folders in the settings are relative to; unset: the project's root.
    """
    return Surroundings(project_dir or project_root(), cache_dir(), allowed_code(dataset.csv))


@dataclass(frozen=True)
class Inputs:
    """What is known of the inputs of an asset.

    Attributes:
        dataset: Whose asset it is.
        surroundings: Of the project.
        csv_sha256: Of the CSV; told to the raw table.
        series: The validated table; told to what is made from it.
        records: Of the inputs by asset and key: of artifacts that are there, or that the CSV
            foretells.
        batches: How many batches there should be.
    """

    dataset: Dataset
    surroundings: Surroundings
    csv_sha256: str = ""
    series: "Callable[[], Series]" = field(kw_only=True)
    records: Mapping[str, Mapping[str, Record]] = field(kw_only=True)
    batches: int = field(kw_only=True)

    def versions(self, asset: str) -> dict[int, str]:
        """Content versions of a per-batch input, in the order of the batches."""
        records = self.records[asset]
        return {batch: records[str(batch)].version for batch in sorted(map(int, records))}

    def version(self, asset: str) -> str:
        """The content version of an input without batches; empty if it is switched off."""
        return self.records[asset][WHOLE].version if asset in self.records else ""

    def sha256(self, asset: str, file: str) -> str:
        """The sha256 of a file of an input without batches.

        Args:
            asset: The input.
            file: The file's role.
        """
        name = self.dataset.specs[asset].files[file]
        return self.records[asset][WHOLE].files[name].sha256


@dataclass(frozen=True)
class AssetRun:
    """One run of an asset, as its body sees it.

    Attributes:
        dataset: Whose asset it is.
        surroundings: Of the project.
        keys: The artifacts that are asked for: batch indices as text, or `all`.
        pool: The processes that do the work.
    """

    dataset: Dataset
    surroundings: Surroundings
    keys: Sequence[str]
    pool: "Pool"


@dataclass(frozen=True)
class CheckRun:
    """One run of a check, as its body sees it.

    Attributes:
        dataset: Whose asset is checked.
        surroundings: Of the project.
        pool: The processes that do the work.
        chosen: Leaves of some batches those that this run checks: all of them in a whole run.
        batch_count: Tells how many batches there should be.
    """

    dataset: Dataset
    surroundings: Surroundings
    pool: "Pool"
    chosen: Callable[[Iterable[int]], list[int]]
    batch_count: Callable[[], int]
