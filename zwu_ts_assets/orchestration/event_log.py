"""Dagster's SQLite event log, kept open and kept small, for the process of one run.

What belongs here: the overrides, and opening an instance with them. What does not: what is logged.

Dagster opens and closes two database connections per event, and closing the last one of a file
makes SQLite copy its write-ahead log into the database. A run over 181 batches logs 1,094 events
about batches, and spent a fifth of its time on that. Only `zwu-ts-assets run` uses this, for the
length of a run; the web server, the daemon and everybody else read the same files as ever.

Dagster writes the event of a materialization twice: into the file of all runs, which the pages of
assets are made of, and into the file of its run, which the page of the run shows. Of batches, of
which there may be many thousands, the second one tells here which it is and where it lies, and the
first one all there is to know; neither says again what other columns and fields say. That is half
of the bytes.
"""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import dagster as dg
import sqlalchemy

from zwu_ts_assets.orchestration.dagster_private import (
    ConfigurableClassData,
    DagsterEvent,
    DagsterSqliteStorage,
    LocalComputeLogManager,
    NoOpComputeLogManager,
    SqliteEventLogStorage,
    StepMaterializationData,
    packed_event,
)

_BUSY_SECONDS = 60
_SQLITE_CANNOT = ("unable to open database file", "attempt to write a readonly database")


_TOLD_OF_A_RUN = ("path",)
"""Metadata of a batch on the page of its run; those on the page of its asset are all there are."""


class KeptOpenEventLog(SqliteEventLogStorage):
    """The same files and tables; one engine per file instead of one per event, and short events."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        """Args: as for Dagster's own, which the configuration hands over."""
        self._engines: dict[str, sqlalchemy.Engine] = {}
        super().__init__(base_dir, inst_data)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[sqlalchemy.Connection]:
        if shard not in self._engines:
            with super()._connect(shard):  # makes the file and its tables where there are none
                pass
            self._engines[shard] = sqlalchemy.create_engine(
                self.conn_string_for_shard(shard), connect_args={"timeout": _BUSY_SECONDS}
            )
        with self._db_lock, self._engines[shard].begin() as connection:
            yield connection

    def store_event(self, event: dg.EventLogEntry) -> None:
        """Write an event; that of a batch in full only where the pages of assets look for it."""
        if not _is_of_a_batch(event):
            super().store_event(event)
            return
        with self.run_connection(event.run_id) as connection:
            connection.execute(self.prepare_insert_event(_in_short(event)))
        # As Dagster's own does it with every event about an asset.
        with self.index_transaction() as connection:
            inserted = connection.execute(self.prepare_insert_event(event))
            assert inserted.inserted_primary_key is not None
            number = inserted.inserted_primary_key[0]
            self._store_asset_event_tags(connection, [event], [number])
            self._store_asset_event(connection, event, number)

    def _event_to_row(self, event: dg.EventLogEntry) -> dict[str, Any]:
        row = super()._event_to_row(_without_repetition(event) if _is_of_a_batch(event) else event)
        return {**row, "event": packed_event(row["event"])}

    def dispose(self) -> None:
        """Close the files."""
        for engine in self._engines.values():
            engine.dispose()
        self._engines.clear()
        super().dispose()


def _is_of_a_batch(event: dg.EventLogEntry) -> bool:
    """Whether an event tells of the materialization of one partition of an asset."""
    told = event.dagster_event
    return (
        told is not None
        and told.event_type is dg.DagsterEventType.ASSET_MATERIALIZATION
        and told.partition is not None
    )


def _in_short(event: dg.EventLogEntry) -> dg.EventLogEntry:
    """The event of a batch as the page of its run shows it."""
    told = event.dagster_event
    assert told is not None
    made = told.step_materialization_data.materialization
    kept = {name: made.metadata[name] for name in _TOLD_OF_A_RUN if name in made.metadata}
    data = StepMaterializationData(made._replace(metadata=kept, tags={}))
    return event._replace(dagster_event=told._replace(event_specific_data=data))


def _without_repetition(event: dg.EventLogEntry) -> dg.EventLogEntry:
    """The event of a batch without what it says more than once: its step, in four ways."""
    told = event.dagster_event
    assert told is not None
    bare = DagsterEvent(
        event_type_value=told.event_type_value,
        job_name=told.job_name,
        event_specific_data=told.event_specific_data,
        step_key=told.step_key,
    )
    return event._replace(dagster_event=bare)


class KeptOpenStorage(DagsterSqliteStorage):
    """Dagster's SQLite storage, with that event log in place of its own."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        """Args: as for Dagster's own, which the configuration hands over."""
        super().__init__(base_dir, inst_data)
        own = self._event_log_storage
        self._event_log_storage = KeptOpenEventLog(str(Path(own.path_for_shard("index")).parent))
        own.dispose()

    @classmethod
    def from_config_value(  # Dagster's own names its class, and so would make one of that
        cls, inst_data: ConfigurableClassData | None, config_value: Any
    ) -> "KeptOpenStorage":
        """Made from the configuration of Dagster's own."""
        return cls(config_value["base_dir"], inst_data)


@contextmanager
def instance_of_home() -> Iterator[dg.DagsterInstance]:
    """The instance of `DAGSTER_HOME`; opened by one process at a time.

    The first one makes the databases, and Dagster's own way of doing so fails in two processes at
    once: each makes the tables that the other has just made.
    """
    with _alone(Path(os.environ.get("DAGSTER_HOME", ""))):
        instance = dg.DagsterInstance.get()
    with instance:
        yield instance


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Let nobody else open the instance of a home meanwhile."""
    try:
        handle = os.open(home / ".opening", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        if error.errno != errno.EROFS:
            raise
        # As in a container whose history is in PostgreSQL: nobody can make databases there.
        try:
            yield
        except Exception as problem:
            if any(words in str(problem) for words in _SQLITE_CANNOT):
                raise error from problem
            raise
        return
    try:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextmanager
def instance_for_a_run() -> Iterator[dg.DagsterInstance]:
    """The instance of `DAGSTER_HOME`; if it is kept in SQLite, with connections kept open."""
    with instance_of_home() as instance:
        reference: Any = instance.get_ref()
    own = reference.storage_data
    if own.class_name == DagsterSqliteStorage.__name__:
        kept = ConfigurableClassData(__name__, KeptOpenStorage.__name__, own.config_yaml)
        reference = reference._replace(storage_data=kept)
    if reference.compute_logs_data.class_name == LocalComputeLogManager.__name__:
        # It has two processes for each step that copy to the terminal what the step prints, and
        # on Ctrl-C end with a traceback. Without them, what is printed is there at once.
        none = ConfigurableClassData(
            NoOpComputeLogManager.__module__, NoOpComputeLogManager.__name__, "{}"
        )
        reference = reference._replace(compute_logs_data=none)
    with dg.DagsterInstance.from_ref(reference) as instance:
        yield instance
