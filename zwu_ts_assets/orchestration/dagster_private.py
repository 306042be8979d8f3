"""Everything of Dagster that is not public, as of 1.13.27; no other module knows private names.

What belongs here: each private name with the reason why it is needed, and what replaces a function
inside Dagster. What does not: what is done with them.

Names are imported when they are first asked for. `import zwu_ts_assets.definitions` needs few of
them, and the database's and the web server's modules would double the time that it takes.
"""

import json
import os
from collections.abc import Callable, Sequence
from importlib import import_module
from subprocess import Popen
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from dagster._core.definitions.asset_checks.asset_check_evaluation import (
        AssetCheckEvaluationTargetMaterializationData as AssetCheckEvaluationTargetMaterializationData,  # noqa: E501
    )
    from dagster._core.definitions.data_version import CODE_VERSION_TAG as CODE_VERSION_TAG
    from dagster._core.definitions.data_version import (
        DATA_VERSION_IS_USER_PROVIDED_TAG as DATA_VERSION_IS_USER_PROVIDED_TAG,
    )
    from dagster._core.definitions.data_version import DATA_VERSION_TAG as DATA_VERSION_TAG
    from dagster._core.definitions.data_version import (
        get_input_data_version_tag as get_input_data_version_tag,
    )
    from dagster._core.definitions.data_version import (
        get_input_event_pointer_tag as get_input_event_pointer_tag,
    )
    from dagster._core.definitions.partitions.context import (
        PartitionLoadingContext as PartitionLoadingContext,
    )
    from dagster._core.definitions.unresolved_asset_job_definition import (
        UnresolvedAssetJobDefinition as UnresolvedAssetJobDefinition,
    )
    from dagster._core.events import DagsterEvent as DagsterEvent
    from dagster._core.events import StepMaterializationData as StepMaterializationData
    from dagster._core.launcher import DefaultRunLauncher as DefaultRunLauncher
    from dagster._core.storage.dagster_run import FINISHED_STATUSES as FINISHED_STATUSES
    from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES as NOT_FINISHED_STATUSES
    from dagster._core.storage.event_log import SqliteEventLogStorage as SqliteEventLogStorage
    from dagster._core.storage.local_compute_log_manager import (
        LocalComputeLogManager as LocalComputeLogManager,
    )
    from dagster._core.storage.noop_compute_log_manager import (
        NoOpComputeLogManager as NoOpComputeLogManager,
    )
    from dagster._core.storage.sqlite_storage import DagsterSqliteStorage as DagsterSqliteStorage
    from dagster._core.storage.tags import GRPC_INFO_TAG as GRPC_INFO_TAG
    from dagster._core.storage.tags import SCHEDULE_NAME_TAG as SCHEDULE_NAME_TAG
    from dagster._core.storage.tags import SENSOR_NAME_TAG as SENSOR_NAME_TAG
    from dagster._core.workspace.context import IWorkspaceProcessContext
    from dagster._serdes import ConfigurableClassData as ConfigurableClassData
    from starlette.types import ASGIApp

_CORE: Final = "dagster._core"
_MODULES: Final = {
    # A check that is reported from outside a run has to name the materialization that it is about.
    "AssetCheckEvaluationTargetMaterializationData": (
        f"{_CORE}.definitions.asset_checks.asset_check_evaluation"
    ),
    # The tags by which Dagster calls an artifact stale. Events that are reported from outside a
    # run get none by themselves.
    "CODE_VERSION_TAG": f"{_CORE}.definitions.data_version",
    "DATA_VERSION_IS_USER_PROVIDED_TAG": f"{_CORE}.definitions.data_version",
    "DATA_VERSION_TAG": f"{_CORE}.definitions.data_version",
    "get_input_data_version_tag": f"{_CORE}.definitions.data_version",
    "get_input_event_pointer_tag": f"{_CORE}.definitions.data_version",
    # Types in the signatures of public functions and methods.
    "PartitionLoadingContext": f"{_CORE}.definitions.partitions.context",
    "UnresolvedAssetJobDefinition": f"{_CORE}.definitions.unresolved_asset_job_definition",
    # Logs a materialization at once; the public way keeps it until the run ends.
    "DagsterEvent": f"{_CORE}.events",
    # What it says of the materialization, of which the event log keeps a part twice.
    "StepMaterializationData": f"{_CORE}.events",
    # Knows whether the code server that was asked to start a run is still there.
    "DefaultRunLauncher": f"{_CORE}.launcher",
    "GRPC_INFO_TAG": f"{_CORE}.storage.tags",
    # Which runs have ended, and which were asked for by a sensor or a schedule.
    "FINISHED_STATUSES": f"{_CORE}.storage.dagster_run",
    "NOT_FINISHED_STATUSES": f"{_CORE}.storage.dagster_run",
    "SCHEDULE_NAME_TAG": f"{_CORE}.storage.tags",
    "SENSOR_NAME_TAG": f"{_CORE}.storage.tags",
    # The SQLite storage, whose connections `event_log.py` keeps open.
    "SqliteEventLogStorage": f"{_CORE}.storage.event_log",
    "DagsterSqliteStorage": f"{_CORE}.storage.sqlite_storage",
    "ConfigurableClassData": "dagster._serdes",
    # What copies the output of steps to the terminal, and what does not.
    "LocalComputeLogManager": f"{_CORE}.storage.local_compute_log_manager",
    "NoOpComputeLogManager": f"{_CORE}.storage.noop_compute_log_manager",
}

DEFAULT_PORT: Final = 3000

_SERVE: Final = "host_dagster_ui_with_workspace_process_context"
_START: Final = "open_ipc_subprocess"


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"{__name__} has no {name}")
    return getattr(import_module(_MODULES[name]), name)


def run_webserver(guarded: "Callable[[ASGIApp, str, int], ASGIApp]") -> None:
    """The command `dagster-webserver`, with an app around its own.

    The command has no place where an app could be wrapped, so it is given another function under
    the name that it calls.

    Args:
        guarded: The app to serve instead, given Dagster's and where it listens.

    Raises:
        RuntimeError: This release of Dagster has no function of that name.
    """
    import uvicorn
    from dagster_webserver import cli as command
    from dagster_webserver.app import create_app_from_workspace_process_context

    def serve(
        process: "IWorkspaceProcessContext[Any]",
        host: str | None,
        port: int | None,
        path_prefix: str,
        log_level: str,
        live_data_poll_rate: int | None = None,
    ) -> None:
        # As the function of the same name does it, but for telemetry and another port if it is in
        # use. `_lifespan` keeps Ctrl-C from ending in a traceback.
        app = create_app_from_workspace_process_context(
            process, path_prefix, live_data_poll_rate, lifespan=command._lifespan
        )
        host, port = host or "127.0.0.1", port or DEFAULT_PORT
        uvicorn.run(guarded(app, host, port), host=host, port=port, log_level=log_level)

    _replace(command, _SERVE, serve)
    command.cli(auto_envvar_prefix="DAGSTER_WEBSERVER")


def run_dev(webserver: str, daemon: Sequence[str], secrets: Sequence[str]) -> None:
    """The command `dagster dev`, with a module of ours as the web server.

    The command starts code servers, daemon and web server, and ends them together.

    Args:
        webserver: The module; it takes the options of `dagster-webserver`.
        daemon: Likewise of `dagster-daemon`, and words that come before its own.
        secrets: Environment variables that no other process gets.

    Raises:
        RuntimeError: This release of Dagster starts its processes in another way.
    """
    from dagster._cli import dev as command

    kept = {name: os.environ.pop(name) for name in secrets if name in os.environ}

    def start(parts: Sequence[str], **options: Any) -> "Popen[Any]":
        match list(parts):
            case [python, "-m", "dagster_webserver", *words]:
                environment = {**os.environ, **kept}
                process = original([python, "-m", webserver, *words], env=environment, **options)
            case [python, "-m", "dagster._daemon", *words]:
                process = original([python, "-m", *daemon, *words], **options)
            case _:  # it might be a web server
                raise RuntimeError(f"`dagster dev` starts {parts[1:3]}, which is not known here")
        assert isinstance(process, Popen)
        return process

    original = _replace(command, _START, start)
    command.dev_command(prog_name="dagster dev")


def run_daemon(words: Sequence[str]) -> None:
    """The command `dagster-daemon`.

    Args:
        words: Its arguments.
    """
    from dagster._daemon import cli as command

    command.cli(list(words), prog_name="dagster-daemon", auto_envvar_prefix="DAGSTER_DAEMON")


def refuse_batches_of_several_datasets(sentence: Callable[[Sequence[str]], str]) -> None:
    """Make `dagster asset materialize --partition` of several datasets end in a sentence.

    Dagster looks for the partitions that all selected assets share, and its error is a traceback.

    Args:
        sentence: What to say, given the names of the partitions definitions.
    """
    import click
    from dagster import JobDefinition

    def shared(job: JobDefinition, keys: Any) -> Any:
        found = {
            definition
            for key in (keys or job.asset_layer.selected_asset_keys)
            if (definition := job.asset_layer.get(key).partitions_def) is not None
        }
        names = sorted(str(getattr(each, "name", None)) for each in found)
        if len(found) > 1 and click.get_current_context(silent=True):
            raise click.ClickException(sentence(names))
        return original(job, keys)

    original = _replace(JobDefinition, "_get_partitions_def", shared)


def packed_event(text: str) -> str:
    """The JSON of an event without spaces, and without fields that are empty where they are unset.

    Dagster writes all fields of all parts of an event; of 181 batches that is a fifth of the bytes.
    """

    def given(fields: list[tuple[str, Any]]) -> dict[str, Any]:
        unset = _UNSET.get(dict(fields).get("__class__", ""), ())
        return {name: value for name, value in fields if value or name not in unset}

    return json.dumps(json.loads(text, object_pairs_hook=given), separators=(",", ":"))


_UNSET: Final = {
    "AssetMaterialization": ("description",),
    "DagsterEvent": (
        *("logging_tags", "message", "pid", "solid_handle", "step_handle", "step_kind_value"),
    ),
    "EventLogEntry": ("message",),
    "EventMetadataEntry": ("description",),
    "StepMaterializationData": ("asset_lineage",),
}
"""By what Dagster calls a part of an event in storage: the fields that it may do without there."""


def _replace(module: Any, name: str, function: Callable[..., Any]) -> Any:
    """Put a function where a command looks for another, and return that one."""
    original = getattr(module, name, None)
    if original is None:
        raise RuntimeError(
            f"{module.__name__} has no {name}: this release of Dagster has another inside than "
            "the one that the guard of the web server was made for, and is not used without it"
        )
    setattr(module, name, function)
    return original
