"""Folders are found from the project's root, and variables move them."""

from pathlib import Path

import pytest

from zwu_ts_assets.config import environment
from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets_tests.reference import REPOSITORY


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATA_DIR", "ARTIFACTS_DIR", "CACHE_DIR", "DATASETS", "DASK"):
        monkeypatch.delenv(f"ZWU_TS_{name}", raising=False)


def test_folders_lie_in_the_project_whatever_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert environment.data_dir() == REPOSITORY / "data"
    assert environment.artifacts_dir() == REPOSITORY / "artifacts"


def test_an_installed_wheel_uses_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = tmp_path / "site-packages" / "zwu_ts_assets" / "config" / "environment.py"
    monkeypatch.setattr(environment, "__file__", str(installed))
    monkeypatch.chdir(tmp_path)
    assert environment.artifacts_dir() == tmp_path / "artifacts"


def test_variables_move_the_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZWU_TS_DATA_DIR", str(tmp_path / "in"))
    monkeypatch.setenv("ZWU_TS_ARTIFACTS_DIR", "~/out")
    monkeypatch.setenv("ZWU_TS_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert environment.data_dir() == tmp_path / "in"
    assert environment.artifacts_dir() == tmp_path / "out"
    assert environment.cache_dir() == tmp_path / "cache"


def test_the_datasets_that_there_are_are_defined_unless_some_are_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert environment.dataset_names() == []
    monkeypatch.setenv("ZWU_TS_DATASETS", "etth1, sample")
    assert environment.dataset_names() == ["etth1", "sample"]


@pytest.mark.parametrize(
    "address", ["", "tcp://127.0.0.1:8786", "tls://scheduler.example:8786", "tcp://[::1]:8786"]
)
def test_a_dask_cluster_is_named_by_the_address_of_its_scheduler(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert environment.dask_address() == ""
    monkeypatch.setenv("ZWU_TS_DASK", f" {address}\n")
    assert environment.dask_address() == address


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1:8786", "tcp://127.0.0.1", "tcp://:8786", "http://127.0.0.1:8787/status"),
        *("inproc://10.0.0.1/1/1", "tcp://a b:1", "tcp://a:1/x", "tcp://a:1 tcp://b:1"),
    ],
)
def test_what_is_no_address_of_a_scheduler_is_refused_with_an_example(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZWU_TS_DASK", address)
    with pytest.raises(CorpusError, match=r"^ZWU_TS_DASK is .*such as tcp://127\.0\.0\.1:8786"):
        environment.dask_address()


@pytest.mark.parametrize(
    "address", ["tcp://me:pass-word-7@127.0.0.1:8786", "tcp://127.0.0.1:8786?password=pass-word-7"]
)
def test_a_password_in_an_address_is_refused_and_not_repeated(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZWU_TS_DASK", address)
    with pytest.raises(CorpusError) as refused:
        environment.dask_address()
    assert "pass-word-7" not in str(refused.value)


def test_batches_per_run_are_unlimited_unless_a_whole_number_says_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("ZWU_TS_BATCHES_PER_RUN", raising=False)
    assert environment.automation_settings().batches_per_run is None
    monkeypatch.setenv("ZWU_TS_BATCHES_PER_RUN", "20")
    assert environment.automation_settings().batches_per_run == 20
    for wrong in ("0", "-3", "2.5", "many"):
        monkeypatch.setenv("ZWU_TS_BATCHES_PER_RUN", wrong)
        with pytest.raises(CorpusError, match=f"ZWU_TS_BATCHES_PER_RUN is '{wrong}'; expected a"):
            environment.automation_settings()


@pytest.mark.parametrize("variable", ["ZWU_TS_SENSOR", "ZWU_TS_ATTEMPTS"])
def test_what_is_counted_in_whole_numbers_is_not_cut_short_without_a_word(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "2.5")
    with pytest.raises(CorpusError, match=f"{variable} is '2.5'; expected a whole number"):
        environment.automation_settings()
    monkeypatch.setenv(variable, "2")
    found = environment.automation_settings()
    assert 2 in (found.sensor_seconds, found.limits.attempts)
