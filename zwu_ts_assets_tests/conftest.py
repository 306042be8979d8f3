"""Fixtures and the rule for tests that need the reference data."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import hypothesis
import pytest

from zwu_ts_assets.storage import object_clients
from zwu_ts_assets.text.qwen_embedded import embedded_tokenizer_folder
from zwu_ts_assets_tests.last_mile import make_everything, new_project
from zwu_ts_assets_tests.object_server import ENVIRONMENT, Proxy, object_server, proxy_of
from zwu_ts_assets_tests.processes import Undisturbed, undisturbed_run
from zwu_ts_assets_tests.project import Project
from zwu_ts_assets_tests.reference import ETTH1_CSV, SHARED

# A busy machine is no failure: how long an example takes says nothing of what it shows.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")

# Instances that the tests make have no configuration that could turn it off.
os.environ["DAGSTER_DISABLE_TELEMETRY"] = "yes"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, visibly, what needs reference data that this checkout does not have."""
    if ETTH1_CSV.exists():
        return
    skip = pytest.mark.skip(reason=f"reference data not found in {SHARED.name}/ beside the repo")
    for item in items:
        if item.get_closest_marker("shared"):
            item.add_marker(skip)


@pytest.fixture(scope="session")
def built_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small dataset and everything made from it; not to be changed."""
    folder = tmp_path_factory.mktemp("built")
    assert Project(folder).materialize(batches=(0, 2)).success
    return folder


@pytest.fixture(scope="session")
def undisturbed_once(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """What a run makes that nothing disturbs."""
    return undisturbed_run(tmp_path_factory.mktemp("undisturbed") / "project")


@pytest.fixture
def undisturbed(undisturbed_once: Undisturbed) -> Undisturbed:
    """The same with nothing made yet, for one test.

    In the same folders: where the tokenizer lies is in the record of what is made with it.
    """
    undisturbed_once.shell.forget()
    return undisturbed_once


@pytest.fixture
def built(built_once: Path, tmp_path: Path) -> Project:
    """A copy of it for one test, on an instance that has not heard of it yet."""
    shutil.copytree(built_once, tmp_path / "project")
    return Project(tmp_path / "project")


@pytest.fixture(scope="session")
def exported_once(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Project, dg.ExecuteInProcessResult]:
    """A corpus with all its exports, and the run that made them; not to be changed."""
    project = new_project(tmp_path_factory.mktemp("exported"))
    return project, make_everything(project)


@pytest.fixture(scope="session")
def object_store_port() -> Iterator[int]:
    """Where a server that speaks S3 listens, with one bucket."""
    with object_server() as port:
        yield port


@pytest.fixture
def s3(object_store_port: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """The same, and the environment by which clients in this process find it."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{object_store_port}")
    object_clients.filesystem_of.cache_clear()  # a test before may have had another server
    return object_store_port


@pytest.fixture
def proxy(s3: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """A proxy before the server, which clients in this process use."""
    with proxy_of(s3) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        object_clients.filesystem_of.cache_clear()
        yield proxy
    object_clients.filesystem_of.cache_clear()


@pytest.fixture(scope="session")
def embedded_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The exact Qwen3-VL tokenizer, built once (3 s)."""
    return embedded_tokenizer_folder(tmp_path_factory.mktemp("tokenizers"))
