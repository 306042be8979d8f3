"""What Dagster's event log is told of artifacts, and what it already says.

What belongs here: materializations with the content's own data version, observations of the CSV,
results of checks. What does not: when to tell (`artifact_io_manager.py` within a run,
`reconcile.py` outside one).

Dagster calls an artifact stale when the code version or the data version of an input differs from
what its latest materialization was tagged with. So the tags are told here from the artifact's
record: its content hash, its code version, and the content hashes of what it was made from.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

import dagster as dg

from zwu_ts_assets.orchestration.dagster_private import (
    CODE_VERSION_TAG,
    DATA_VERSION_IS_USER_PROVIDED_TAG,
    DATA_VERSION_TAG,
    AssetCheckEvaluationTargetMaterializationData,
    get_input_data_version_tag,
    get_input_event_pointer_tag,
)
from zwu_ts_assets.orchestration.datasets import AssetNames
from zwu_ts_assets.orchestration.metadata import materialization_metadata
from zwu_ts_assets.orchestration.work import WHOLE
from zwu_ts_assets.storage.artifact_store import ArtifactStore, Record
from zwu_ts_assets.storage.data_mirror import told

_AT_ONCE: Final = 100


def asset_key(dataset: AssetNames, name: str) -> dg.AssetKey:
    """The key of an asset of a dataset, by its name."""
    return dg.AssetKey([*dataset.prefix, name])


@dataclass
class Reporter:
    """Tells an instance of the artifacts of one dataset.

    Attributes:
        instance: Whose event log it is.
        dataset: The dataset.
        store: Its folder.
        inputs: What each asset is made from, by name, in an order in which they can be made.
    """

    instance: dg.DagsterInstance
    dataset: AssetNames
    store: ArtifactStore
    inputs: Mapping[str, Sequence[str]]
    _pointers: dict[str, Mapping[str, int]] = field(default_factory=dict)

    def materialization(
        self, asset: str, key: str, record: Record, *, rewritten: bool
    ) -> dg.AssetMaterialization:
        """The event that tells of an artifact.

        Args:
            asset: The asset's name.
            key: Batch index as text, or `all`.
            record: The artifact's record.
            rewritten: Whether it was made just now, or is only told of.
        """
        whole = record if rewritten else self.store.with_preview(asset, key, record)
        metadata = materialization_metadata(
            *(self.store.root, whole, asset_key(self.dataset, asset), key, self.dataset.specs),
            rewritten=rewritten,
        )
        pointers = {
            get_input_event_pointer_tag(asset_key(self.dataset, name)): self._pointer(name, key)
            for name in self.inputs[asset]
        }
        return dg.AssetMaterialization(
            asset_key(self.dataset, asset),
            partition=None if key == WHOLE else key,
            metadata=metadata,
            tags={**self._versions(asset, key, record), **pointers},
        )

    def tell_what_is_current(
        self, current: Mapping[tuple[str, str], Record], *, at_most: int
    ) -> dict[str, int]:
        """Report the artifacts of which the event log says something else, or nothing.

        Such are those that another instance made, those that Dagster gave a data version of its
        own, and windows that a changed CSV left as they were: their input has a new version, and
        they are still current.

        Args:
            current: The records of artifacts that are current, by asset and key.
            at_most: Report no more than so many; the rest is for the next call.

        Returns:
            How many were reported, by asset; assets without any are left out.
        """
        told: dict[str, int] = {}
        for asset in self.inputs:
            records = {key: record for (name, key), record in current.items() if name == asset}
            latest = self._latest_tags(asset)
            unknown = (
                (key, record)
                for key, record in records.items()
                if not self._versions(asset, key, record).items() <= latest.get(key, {}).items()
            )
            self._pointers.clear()  # what was told of the inputs is what this points to
            for key, record in islice(unknown, at_most - sum(told.values())):
                event = self.materialization(asset, key, record, rewritten=False)
                self.instance.report_runless_asset_event(event)
                told[asset] = told.get(asset, 0) + 1
        return told

    def renew(self, asset: str, current: Mapping[tuple[str, str], Record], seconds: float) -> None:
        """Report again an asset without batches that is current and was last reported long ago.

        That is what its freshness policy looks at: somebody still compares it with the CSV.

        Args:
            asset: The asset's name.
            current: The records of artifacts that are current, by asset and key.
            seconds: How long ago is long.
        """
        record = current.get((asset, WHOLE))
        event = self.instance.get_latest_materialization_event(asset_key(self.dataset, asset))
        if record and event and time.time() - event.timestamp > seconds:
            told = self.materialization(asset, WHOLE, record, rewritten=False)
            self.instance.report_runless_asset_event(told)

    def observe_csv(self, csv: Path, sha256: str) -> None:
        """Report the content of the CSV, if the event log does not know it.

        Args:
            csv: The file.
            sha256: Of its content.
        """
        key = asset_key(self.dataset, self.dataset.csv_asset)
        record = self.instance.get_latest_data_version_record(key, is_source=True)
        known = (record.event_log_entry.tags or {}).get(DATA_VERSION_TAG) if record else None
        if known != sha256:
            self.instance.report_runless_asset_event(
                dg.AssetObservation(
                    key,
                    metadata={"path": dg.MetadataValue.path(told(str(csv)))},
                    tags={DATA_VERSION_TAG: sha256, DATA_VERSION_IS_USER_PROVIDED_TAG: "true"},
                )
            )

    def check(
        self, asset: str, name: str, *, passed: bool, description: str, error: bool = True
    ) -> None:
        """Report the result of a check, if it is not the one that the event log has.

        Args:
            asset: The asset that is checked.
            name: The check's name.
            passed: Its result.
            description: Why, in a sentence.
            error: Whether a failure is an error or a warning.
        """
        key = dg.AssetCheckKey(asset_key(self.dataset, asset), name)
        severity = dg.AssetCheckSeverity.ERROR if error else dg.AssetCheckSeverity.WARN
        new = dg.AssetCheckEvaluation(
            asset_key=key.asset_key,
            check_name=name,
            passed=passed,
            metadata={},
            severity=severity,
            description=description,
            target_materialization_data=self._latest_materialization(key.asset_key),
        )
        old, counts = self._latest_evaluation(key)
        same = (passed, severity, description)
        if old and counts and (old.passed, old.severity, old.description) == same:
            return
        self.instance.report_runless_asset_event(new)

    def repeat_check(self, asset: str, name: str) -> None:
        """Report the latest result of a check once more, if a later materialization hides it.

        What was only told of again is the content that the check looked at; the web UI would call
        the check "not evaluated".

        Args:
            asset: The asset that is checked.
            name: The check's name.
        """
        key = dg.AssetCheckKey(asset_key(self.dataset, asset), name)
        old, counts = self._latest_evaluation(key)
        if old is not None and not counts:
            self.instance.report_runless_asset_event(
                dg.AssetCheckEvaluation(
                    asset_key=old.asset_key,
                    check_name=old.check_name,
                    passed=old.passed,
                    metadata=old.metadata,
                    severity=old.severity,
                    description=old.description,
                    target_materialization_data=self._latest_materialization(key.asset_key),
                )
            )

    def _latest_evaluation(
        self, key: dg.AssetCheckKey
    ) -> tuple[dg.AssetCheckEvaluation | None, bool]:
        """A check's latest result, and whether it is about the latest materialization."""
        storage = self.instance.event_log_storage
        latest = storage.get_latest_asset_check_execution_by_key([key]).get(key)
        event = latest.event.dagster_event if latest and latest.event else None
        result = event.event_specific_data if event else None
        if latest is None or not isinstance(result, dg.AssetCheckEvaluation):
            return None, False
        made, target = (
            self._latest_materialization(key.asset_key),
            result.target_materialization_data,
        )
        if made is None:
            return result, True
        if target is None:
            return result, latest.run_id == made.run_id
        return result, target.storage_id == made.storage_id

    def _latest_materialization(
        self, key: dg.AssetKey
    ) -> AssetCheckEvaluationTargetMaterializationData | None:
        """What a result of a check is about; Dagster hides results about earlier ones."""
        records = self.instance.fetch_materializations(key, limit=1).records
        if not records:
            return None
        (latest,) = records
        return AssetCheckEvaluationTargetMaterializationData(
            storage_id=latest.storage_id, run_id=latest.run_id, timestamp=latest.timestamp
        )

    def _versions(self, asset: str, key: str, record: Record) -> dict[str, str]:
        """The tags that Dagster compares."""
        tags = {
            DATA_VERSION_TAG: record.version,
            CODE_VERSION_TAG: record.code_version,
            DATA_VERSION_IS_USER_PROVIDED_TAG: "true",
        }
        for name in self.inputs[asset]:
            tags[get_input_data_version_tag(asset_key(self.dataset, name))] = self._version_of(
                name, key, record
            )
        return tags

    def _version_of(self, name: str, key: str, record: Record) -> str:
        """The content version of an input of an artifact."""
        if name == self.dataset.csv_asset:
            return str(record.details.get("csv_sha256", ""))
        if self._per_batch(name) and key == WHOLE:
            return record.fingerprint  # of all batches together
        upstream = self.store.record(name, key if self._per_batch(name) else WHOLE)
        return upstream.version if upstream else ""

    def _pointer(self, name: str, key: str) -> str:
        """The storage id of an input's latest event; `NULL` if there is none."""
        if name not in self._pointers:
            self._pointers[name] = self._latest_ids(name)
        ids = self._pointers[name]
        found = ids.get(key) if key in ids else max(ids.values(), default=None)
        return "NULL" if found is None else str(found)

    def _per_batch(self, asset: str) -> bool:
        return self.dataset.specs.of(asset).per_batch

    def _latest_ids(self, name: str) -> Mapping[str, int]:
        key = asset_key(self.dataset, name)
        if self._per_batch(name):
            kind = dg.DagsterEventType.ASSET_MATERIALIZATION
            return self.instance.get_latest_storage_id_by_partition(key, kind)
        is_csv = name == self.dataset.csv_asset
        record = self.instance.get_latest_data_version_record(key, is_source=is_csv)
        return {WHOLE: record.storage_id} if record else {}

    def _latest_tags(self, asset: str) -> dict[str, Mapping[str, str]]:
        """The tags of each artifact's latest materialization, by key."""
        key = asset_key(self.dataset, asset)
        if not self._per_batch(asset):
            event = self.instance.get_latest_materialization_event(key)
            return {WHOLE: event.tags or {}} if event else {}
        ids = list(self._latest_ids(asset).values())
        if not ids:
            return {}
        tags: dict[str, Mapping[str, str]] = {}
        # A few at a time, since each comes with its preview.
        for first in range(0, len(ids), _AT_ONCE):
            some = ids[first : first + _AT_ONCE]
            wanted = dg.AssetRecordsFilter(key, storage_ids=some)
            records = self.instance.fetch_materializations(wanted, limit=len(some)).records
            tags |= {str(r.partition_key): r.event_log_entry.tags or {} for r in records}
        return tags
