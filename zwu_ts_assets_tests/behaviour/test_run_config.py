"""Whoever may start a run writes its configuration: it names no place to call, read or write.

A Dask scheduler answers with pickled objects, so whoever names one runs code in the run. Each test
here asks for that, or for a secret of the environment, as an attacker would.
"""

import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from zwu_ts_assets.orchestration.automation import job_name
from zwu_ts_assets.orchestration.build import build_definitions
from zwu_ts_assets_tests.project import Project

SECRET = "zwu/tests+secret/KEY0123456789abcdefghij"  # noqa: S105 - looked for, and not to be found

IO_MANAGERS = ("series_io", "windows_io", "files_io", "exports_io")


def jobs(project: Project) -> Iterator[dg.JobDefinition]:
    """Every job that a run of the web UI can be of."""
    definitions = build_definitions([project.dataset], project.artifacts, workers=1)
    yield definitions.resolve_job_def(job_name(project.dataset))
    yield definitions.resolve_implicit_global_asset_job_def()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    return Project(tmp_path)


@pytest.fixture
def trap() -> Iterator[tuple[str, socket.socket]]:
    """The address of a scheduler of the attacker's, and its socket."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        listening.settimeout(0.2)
        yield f"tcp://127.0.0.1:{listening.getsockname()[1]}", listening


def refused(project: Project, resources: Mapping[str, Any]) -> str:
    """What is said to a run with such a configuration, which must not begin."""
    with pytest.raises(dg.DagsterInvalidConfigError) as said:
        project.materialize("etth1_raw", config={"resources": resources})
    assert project.instance.get_runs_count() == 0
    assert not project.artifacts.exists()
    return str(said.value)


def test_a_run_cannot_be_sent_to_a_scheduler_of_the_attacker_s(
    project: Project, trap: tuple[str, socket.socket]
) -> None:
    address, listening = trap
    said = refused(project, {"workers": {"config": {"dask": address}}})
    assert 'unexpected config entry "dask"' in said
    with pytest.raises(TimeoutError):  # nobody has called
        listening.accept()


@pytest.mark.parametrize(
    "resources",
    [
        {"workers": {"config": {"dask": {"env": "AWS_SECRET_ACCESS_KEY"}}}},
        *({name: {"config": {"artifacts_dir": "s3://attacker/x"}}} for name in IO_MANAGERS),
        *(
            {name: {"config": {"artifacts_dir": {"env": "AWS_SECRET_ACCESS_KEY"}}}}
            for name in IO_MANAGERS
        ),
        {"workers": {"config": {"processes": {"env": "AWS_SECRET_ACCESS_KEY"}}}},
    ],
)
def test_a_run_cannot_name_a_place_nor_have_a_secret_written_down(
    project: Project, resources: Mapping[str, Any]
) -> None:
    assert SECRET not in refused(project, resources)


def leaves(kind: Any, path: str = "") -> Iterator[str]:
    """Every field of a configuration that takes a value, by its path."""
    for name, field in kind.fields.items():
        inner = f"{path}.{name}".lstrip(".")
        if hasattr(field.config_type, "fields"):
            yield from leaves(field.config_type, inner)
        else:
            yield inner


def test_of_all_resources_a_run_configures_the_number_of_processes_alone(project: Project) -> None:
    for job in jobs(project):
        schema: Any = job.run_config_schema.run_config_schema_type
        # Dagster has `io_manager` in every job; ours is the one that knows no place.
        assert set(leaves(schema.fields["resources"].config_type)) == {
            "workers.config.processes",
            "io_manager.config",
        }


def test_an_op_s_configuration_says_how_to_make_and_nothing_else(project: Project) -> None:
    for job in jobs(project):
        for op in job.all_node_defs:
            schema = getattr(op, "config_schema", None)
            fields = set(getattr(schema.config_type, "fields", {})) if schema else set()
            assert fields <= {"force"}, op.name


def test_dagster_s_own_pickles_are_part_of_no_job(project: Project) -> None:
    refusing = {"io_manager": {"config": {"base_dir": str(project.artifacts / "pickles")}}}
    result = project.materialize("etth1_raw", config={"resources": refusing})
    assert result.success
    assert not (project.artifacts / "pickles").exists()
    for job in jobs(project):
        assert job.resource_defs["io_manager"] is dg.mem_io_manager
