"""Artifacts in a folder, written and read.

What belongs here: writing what is due and reading it back, for one batch, a range or all of them.
What does not: which bytes a value is (`resources.py`), which file an artifact is (`layout.py`),
atomic writes and records (`artifact_store.py`), how an artifact is made (`corpus_products.py`).

`handle_output` gets `Work`, compares each key's fingerprint with the record and makes only what is
missing, damaged or out of date, one product at a time.
"""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import dagster as dg

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.orchestration.asset_spec import Specs
from zwu_ts_assets.orchestration.assets.previews import preview_text
from zwu_ts_assets.orchestration.dagster_private import DagsterEvent
from zwu_ts_assets.orchestration.datasets import AssetNames
from zwu_ts_assets.orchestration.failures import speaking_to_the_user
from zwu_ts_assets.orchestration.layout import (
    DAMAGED,
    dataset_store,
    file_name,
    fingerprint,
    foreign_files,
    foreign_sentence,
    is_usable,
    own_names,
    recorded_files,
    recorded_names,
    why_stale,
)
from zwu_ts_assets.orchestration.metadata import materialization_metadata
from zwu_ts_assets.orchestration.reports import Reporter
from zwu_ts_assets.orchestration.runs import (
    DATASET,
    FORCE,
    batches_of_run,
    events_are_ours,
    run_lock_if_possible,
)
from zwu_ts_assets.orchestration.terminal import begin, counted
from zwu_ts_assets.orchestration.work import WHOLE, Batches, Problem, Product, Work, unmade_sentence
from zwu_ts_assets.storage.artifact_store import ArtifactStore, Record, ahead, digest
from zwu_ts_assets.storage.places import printed_place

# In the fingerprint of an artifact of which a part could not be made: it is never current.
_INCOMPLETE = "incomplete: "


class ArtifactIOManager(dg.ConfigurableIOManager):
    """Writes what is due of an asset's work and reads artifacts back, whole or per batch.

    As a resource it lasts as long as the run: meanwhile it holds the run's lock.
    """

    # Not configuration: the run of whoever may start one could write elsewhere, or send the
    # artifacts to a store of their own.
    artifacts_dir: dg.ResourceDependency[str]
    # The assets that there are.
    specs: dg.ResourceDependency[Specs]

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["ArtifactIOManager"]:
        """Hold the lock that tells others that this run is alive."""
        with ExitStack() as stack:
            if context.run is not None:
                folder = printed_place(self.artifacts_dir)
                stack.enter_context(run_lock_if_possible(folder, context.run.run_id))
            yield self

    @abstractmethod
    def encode(self, value: Any) -> Mapping[str, bytes]:
        """A value as the bytes of its files, by role."""

    @abstractmethod
    def decode(self, files: Mapping[str, bytes], record: Record) -> Any:
        """The value of an artifact's files."""

    def store_of(self, asset_key: dg.AssetKey) -> ArtifactStore:
        """The folder of the dataset that an asset belongs to."""
        return dataset_store(printed_place(self.artifacts_dir), tuple(asset_key.path[:-1]))

    def handle_output(self, context: dg.OutputContext, obj: Work) -> None:
        """Make and write what is not current, and tell Dagster about all of it."""
        asset, store = context.asset_key.path[-1], self.store_of(context.asset_key)
        code_version = str(context.asset_spec.code_version)
        with speaking_to_the_user(store.root):
            store.remove_abandoned()
            store = store.look()
            tags = context.step_context.dagster_run.tags
            keys = [WHOLE]
            if context.has_asset_partitions:
                asked_for = map(int, context.asset_partition_keys)
                keys = list(map(str, batches_of_run(tags, asked_for)))
            if unmade := [key for key in keys if key not in obj.made_from]:
                # Dagster would record these batches as materialized although nothing was made.
                first = ", ".join(sorted(unmade, key=int)[:5])
                raise CorpusError(
                    f"{asset} has no input for batch {first}: what it is made from is missing, or "
                    "was made with other settings; materialize that first"
                )
            current = {
                key: self.current(store, asset, key, code_version, obj.made_from[key])
                for key in keys
            }
            force = obj.force or tags.get(FORCE) == "true"
            due = [key for key, record in current.items() if force or record is None]
            # Each is told as soon as it is there: kept until the last one, what there is to tell
            # of thousands of batches would fill the memory.
            tell = self._teller(context, store, ours=events_are_ours(tags))
            for key, record in current.items():
                if record is not None and not force:
                    tell(key, record, False)
            begin(asset, len(keys), len(keys) - len(due))
            products = obj.make(due)

            def written(item: tuple[str, Product[Any]]) -> tuple[str, Record]:
                key, product = item
                mark = _INCOMPLETE if product.problems else ""
                prints = fingerprint(code_version, mark + obj.made_from[key])
                before = None if force else store.record(asset, key)
                return key, self.write(store, asset, key, product, code_version, prints, before)

            problems: list[Problem] = []

            def made_now() -> Iterator[tuple[str, Product[Any]]]:
                for key in counted(due) if keys != [WHOLE] else due:
                    product = next(products)
                    problems.extend(product.problems)
                    if product.value or not product.problems:
                        yield key, product

            for key, made in ahead(written, made_now(), store.at_once):
                tell(key, made, True)
            next(products, None)  # lets the work end by itself and free what it holds
            if keys == [WHOLE]:  # of batches, reading all records again would take too long
                foreign = foreign_files(
                    store, asset, recorded_files(store, asset, self.specs), self.specs
                )
                if foreign:
                    context.log.warning(foreign_sentence(foreign))
            for problem in problems:
                context.log.error("\n".join([f"{problem.part}: {problem.reason}", problem.trace]))
            if problems:
                raise CorpusError(unmade_sentence(problems))
        context.log.info(f"{len(due)} made, {len(current) - len(due)} already current")

    def load_input(self, context: dg.InputContext) -> Any:
        """An artifact; of a per-batch asset, all asked-for batches that exist, read lazily."""
        asset, store = context.asset_key.path[-1], self.store_of(context.asset_key)

        def load(key: str, promised: Record | None = None) -> Any:
            with speaking_to_the_user(store.root):
                return self._read(store, asset, key, promised)

        if not context.has_asset_partitions:
            return load(WHOLE)
        keys = context.asset_partition_keys
        upstream = context.upstream_output
        current = str(upstream.asset_spec.code_version) if upstream else None
        with speaking_to_the_user(store.root):
            found = store.look()
            known = {key: found.record(asset, key) for key in keys}
        records = {
            int(key): record
            for key, record in known.items()
            if record is not None
            and is_usable(asset, key, record, self.specs)
            # What other settings made is no part of this corpus, though its file still lies here.
            and current in (None, record.code_version)
        }
        return Batches(
            records,
            lambda batch: load(str(batch), records[batch]),
            known=len(keys),
            preview=lambda batch: store.with_preview(asset, str(batch), records[batch]).preview,
            at_once=store.at_once,
        )

    def current(
        self, store: ArtifactStore, asset: str, key: str, code_version: str, made_from: str
    ) -> Record | None:
        """The record of an artifact that need not be made again, if there is one."""
        record = store.record(asset, key)
        reason = why_stale(store, asset, key, record, code_version, made_from, self.specs)
        if reason != DAMAGED or record is None or not is_usable(asset, key, record, self.specs):
            return None if reason else record
        # What somebody copied into an object store only looks damaged, until it is read once.
        return store.current_record(asset, key, record.fingerprint)

    def write(
        self,
        store: ArtifactStore,
        asset: str,
        key: str,
        product: Product[Any],
        code_version: str,
        prints: str,
        before: Record | None,
    ) -> Record:
        """Write an artifact's files, and then its record.

        Args:
            store: The folder of the dataset.
            asset: The asset's name.
            key: Batch index as text, or `all`.
            product: What is written.
            code_version: Of the asset.
            prints: The artifact's fingerprint.
            before: The record of the artifact that is there, of which files may be kept.
        """
        contents = self.encode(product.value)
        names = {role: file_name(asset, key, role, self.specs) for role in contents}
        files = {names[role]: store.write(names[role], data) for role, data in contents.items()}
        preview, kind = preview_text(product.preview)
        record = Record(
            fingerprint=prints,
            code_version=code_version,
            version=product.version or digest(*(file.sha256 for file in files.values())),
            files=files,
            details=product.details,
            preview=preview,
            preview_kind=kind,
        )
        self.remove_former(store, asset, key, record)
        store.write_record(asset, key, record)
        return record

    def remove_former(self, store: ArtifactStore, asset: str, key: str, record: Record) -> None:
        """Remove what an artifact had by the record that is still there, and has no more.

        Call it before the new record is written: a run killed in between leaves one that is not
        current, and still names what is to be removed. Files of no record are nobody's but whose
        they are.

        Args:
            store: The folder of the dataset.
            asset: The asset's name.
            key: Batch index as text, or `all`.
            record: The artifact's new record.
        """
        former = store.record(asset, key)
        for name in own_names(asset, key, former, self.specs) if former else []:
            if name not in record.files:
                store.remove(name)

    def _read(
        self, store: ArtifactStore, asset: str, key: str, promised: Record | None = None
    ) -> Any:
        record = store.record(asset, key)
        if record is not None and not is_usable(asset, key, record, self.specs):
            record = None
        names = recorded_names(asset, key, record, self.specs) if record else {}
        contents = store.read_whole(record, names) if record else None
        what = asset if key == WHOLE else f"batch {key} of {asset}"
        if record is None or contents is None:
            raise CorpusError(
                f"{what} is {'missing' if record is None else 'damaged'} below {store.root}; "
                f"materialize {asset} first"
            )
        if promised is not None and record.version != promised.version:
            # What is made from it would be recorded as made from the content that was there when
            # this step began, and believed when the CSV goes back to that.
            raise CorpusError(
                f"{what} below {store.root} was made again by another run while this one used it; "
                "run again"
            )
        return self.decode(contents, record)

    def _teller(
        self, context: dg.OutputContext, store: ArtifactStore, *, ours: bool
    ) -> Callable[[str, Record, bool], None]:
        """What tells Dagster of an artifact, given its key, its record and whether it was made.

        Args:
            context: Of the output.
            store: The folder of the dataset.
            ours: Dagster logs no events for the artifacts of this run; we do, of those made.
        """
        asset, step = context.asset_key.path[-1], context.step_context
        if ours:
            prefix = tuple(context.asset_key.path[:-1])
            names = AssetNames(
                str(context.asset_spec.metadata[DATASET]), prefix=prefix, specs=self.specs
            )
            parents = step.job_def.asset_layer.get(context.asset_key).parent_keys
            inputs = {asset: sorted(parent.path[-1] for parent in parents)}
            reporter = Reporter(step.instance, names, store, inputs)

            def log(key: str, record: Record, made: bool) -> None:
                if made:
                    event = reporter.materialization(asset, key, record, rewritten=True)
                    # Logged by being made. `context.log_event` would keep it until the run ends.
                    DagsterEvent.asset_materialization(step, event)

            return log

        def add_metadata(key: str, record: Record, made: bool) -> None:
            whole = record if made else store.with_preview(asset, key, record)
            metadata = materialization_metadata(
                *(store.root, whole, context.asset_key, key, self.specs), rewritten=made
            )
            partition = key if context.has_asset_partitions else None
            # `add_output_metadata` would give every batch of a range the same metadata.
            step.add_asset_metadata(metadata, context.asset_key, partition)
            if not context.has_asset_partitions or len(context.asset_partition_keys) == 1:
                step.set_data_version(context.asset_key, dg.DataVersion(record.version))

        return add_metadata
