"""Which bytes the values of a corpus are, and the values of those bytes.

What belongs here: an IO manager for each kind of value. What does not: writing what is due, and
reading it back (`artifact_io_manager.py`), exports (`export_io_manager.py`).
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import dagster as dg

from zwu_ts_assets.orchestration.artifact_io_manager import ArtifactIOManager
from zwu_ts_assets.orchestration.failures import speaking_to_the_user
from zwu_ts_assets.orchestration.layout import foreign_sentence, left_over
from zwu_ts_assets.orchestration.work import WHOLE, Artifact, Work
from zwu_ts_assets.storage.artifact_store import Record

if TYPE_CHECKING:
    from zwu_ts_assets.timeseries.series import Series
    from zwu_ts_assets.timeseries.windows import Batch


class SeriesIOManager(ArtifactIOManager):
    """The raw table as Parquet; with it go the artifacts of what the corpus no longer has."""

    def handle_output(self, context: dg.OutputContext, obj: Work) -> None:
        """Write the table, then remove what belongs to batches and assets that are no more."""
        super().handle_output(context, obj)
        store = self.store_of(context.asset_key)
        retired = 0
        with speaking_to_the_user(store.root):
            store = store.look()
            record = store.record(context.asset_key.path[-1], WHOLE)
            batches = int(record.details["batches"] or 0) if record else 0
            left: list[str] = []
            for item in left_over(store, batches, obj.switched_off, self.specs):
                left += store.retire(item.asset, item.key, item.names)
                retired += 1
        if left:
            context.log.warning(foreign_sentence(left))
        if retired:
            context.log.info(f"{retired} artifacts that the corpus no longer has removed")

    def encode(self, value: "Series") -> Mapping[str, bytes]:
        """The table with its timestamps."""
        from zwu_ts_assets.orchestration.assets.tables import encode_series

        return {"table": encode_series(value)}

    def decode(self, files: Mapping[str, bytes], record: Record) -> "Series":
        """The table with its timestamps."""
        from zwu_ts_assets.orchestration.assets.tables import decode_series

        return decode_series(files["table"])


class WindowsIOManager(ArtifactIOManager):
    """One Parquet file per batch, with the rows its windows start at; none if it has no window."""

    def encode(self, value: "Batch") -> Mapping[str, bytes]:
        """The rows of the batch's windows, each once, and where they begin."""
        from zwu_ts_assets.orchestration.assets.tables import encode_batch

        return {"table": encode_batch(value)} if value.starts else {}

    def decode(self, files: Mapping[str, bytes], record: Record) -> "Batch":
        """The batch, and from the record how many target rows follow its last window."""
        from zwu_ts_assets.orchestration.assets.tables import decode_batch, empty_batch

        if not files:
            return empty_batch()
        target_rows = int(record.details["target_rows"] or 0)
        horizon = int(record.details.get("horizon") or target_rows)
        return decode_batch(files["table"], target_rows, horizon)


class FilesIOManager(ArtifactIOManager):
    """Files whose bytes the asset made itself: figures, videos, texts and tokens."""

    def encode(self, value: Mapping[str, bytes]) -> Mapping[str, bytes]:
        """The bytes as they are."""
        return value

    def decode(self, files: Mapping[str, bytes], record: Record) -> Artifact:
        """The bytes as they are."""
        return Artifact(files, record)
