"""What `deployment/` says, held against the tools that will read it; no image can be built here."""

import json
import os
import re
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from dagster._config import process_config
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster_k8s import K8sRunLauncher
from dagster_k8s.models import k8s_model_from_dict, k8s_snake_case_dict
from kubernetes import client as kubernetes  # type: ignore[import-untyped]

from zwu_ts_assets.orchestration.web.addresses import Address, addressed, own_addresses
from zwu_ts_assets_tests.postgres import CONFIGURATION, postgres_server
from zwu_ts_assets_tests.processes import stop_group
from zwu_ts_assets_tests.project import SETTINGS, write_csv
from zwu_ts_assets_tests.reference import REPOSITORY

FOLDER = REPOSITORY / "deployment"
COMPOSE = yaml.safe_load((FOLDER / "compose.yaml").read_text("utf-8"))
SERVICES: Mapping[str, Any] = COMPOSE["services"]
HELM = yaml.safe_load((FOLDER / "helm-values.yaml").read_text("utf-8"))


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions, each with what follows it."""
    text = re.sub(r"\\\n", " ", (FOLDER / "Dockerfile").read_text("utf-8"))
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(word, rest) for word, _, rest in (line.strip().partition(" ") for line in lines)]


def test_the_compose_file_is_valid_by_the_compose_specification() -> None:
    program = Path(sys.executable).with_name("check-jsonschema")
    command = [str(program), "--builtin-schema", "vendor.compose-spec"]
    checked = subprocess.run(
        [*command, str(FOLDER / "compose.yaml")], capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_no_secret_is_written_down_and_none_is_forgotten() -> None:
    for name, service in SERVICES.items():
        for variable, value in service["environment"].items():
            if re.search(r"PASSWORD|SECRET|KEY|USER|TOKEN", variable) and value != "dagster":
                assert re.fullmatch(r"\$\{[A-Z0-9_]+:\?set it in deployment/\.env\}", value), (
                    name,
                    variable,
                )
    assert "/deployment/.env" in (REPOSITORY / ".gitignore").read_text("utf-8").splitlines()


def test_only_this_machine_reaches_what_is_not_encrypted() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert set(published) == {"webserver", "s3"}
    for ports in published.values():
        assert all(port.startswith("127.0.0.1:") for port in ports)


def test_every_web_server_is_the_guarded_one_and_has_its_token() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
    command = SERVICES["webserver"]["command"][0]
    assert project["scripts"][command] == "zwu_ts_assets.orchestration.web.server:main"
    assert "ZWU_TS_WEB_TOKEN" in SERVICES["webserver"]["environment"]
    # The chart has its command written down, and starts what has that name in the image.
    links = [rest.split() for word, rest in instructions() if word == "RUN" and "ln " in rest]
    assert [words[-2:] for words in links if words[-1].endswith("/dagster-webserver")] == [
        [command, "/opt/venv/bin/dagster-webserver"]
    ]
    assert {"name": "zwu-ts-assets-web"} in HELM["dagsterWebserver"]["envSecrets"]


def test_the_ways_to_the_web_ui_that_are_described_are_open() -> None:
    web = HELM["dagsterWebserver"]
    probe = kubernetes_model(kubernetes.V1Probe, web["readinessProbe"]).http_get
    assert probe.port == web["service"]["port"]
    (host,) = [header.value for header in probe.http_headers if header.name == "Host"]
    forwarded = "127.0.0.1:3000"  # as README.md forwards the port
    assert all(
        addressed(addresses(probe.port, web["env"]["ZWU_TS_WEB_ADDRESSES"]), name)
        for name in (host, forwarded)
    )
    named = SERVICES["webserver"]["environment"]["ZWU_TS_WEB_ADDRESSES"]
    for variable, value in (("WEB_PORT:-3000", "3456"), ("ZWU_TS_WEB_ADDRESSES:-", "")):
        named = named.replace(f"${{{variable}}}", value)
    for name in ("127.0.0.1:3456", "localhost:3456", "127.0.0.1:3000"):
        assert addressed(addresses(3000, named), name)


def addresses(port: int, others: str) -> list[Address]:
    """Under which a web server that listens on every interface is opened."""
    return own_addresses("0.0.0.0", port, others.split(), "its variable")  # noqa: S104


def test_every_service_is_bounded_and_ours_may_not_change_themselves() -> None:
    for name, service in SERVICES.items():
        assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory"}, name
        if service["image"] == "zwu-ts-assets":
            assert service["read_only"]
            assert service["cap_drop"] == ["ALL"]
            assert service["security_opt"] == ["no-new-privileges:true"]
    assert {name for name, each in SERVICES.items() if each["image"] == "zwu-ts-assets"} == {
        "code",
        "webserver",
        "daemon",
    }


def test_every_service_that_is_named_is_there() -> None:
    for service in SERVICES.values():
        assert set(service.get("depends_on", {})) <= set(SERVICES)
        for variable, value in service["environment"].items():
            if variable.endswith("_HOST") or variable == "AWS_ENDPOINT_URL":
                assert value.removeprefix("http://").split(":")[0] in SERVICES


def test_the_dockerfile_passes_its_linter() -> None:
    linter = Path(sys.executable).with_name("hadolint")  # of the dev lock
    checked = subprocess.run([linter, str(FOLDER / "Dockerfile")], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_what_the_image_copies_is_there_and_is_sent_to_the_builder() -> None:
    sent = {
        line[1:]
        for line in (FOLDER / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
        if line.startswith("!")
    }
    copied = [
        source
        for word, rest in instructions()
        if word == "COPY" and not rest.startswith("--from")
        for source in rest.split()[:-1]
    ]
    assert set(copied) == sent
    for source in copied:
        assert (REPOSITORY / source).exists(), source


def test_the_image_installs_by_hash_and_runs_as_nobody_special() -> None:
    found = instructions()
    installs = [rest for word, rest in found if word == "RUN" and "pip install" in rest]
    assert "--require-hashes --requirement requirements-cluster.lock" in installs[0]
    assert all("--no-deps" in rest for rest in installs)
    user = [rest for word, rest in found if word == "USER"][-1]
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", user)
    copied = [rest for word, rest in found if word == "COPY"]
    assert not [rest for rest in copied if "--chown" in rest]  # root's, so that it stays as it is


def test_the_image_has_the_bytecode_that_nobody_there_may_write() -> None:
    for word, rest in instructions():
        if word in ("ENV", "RUN"):
            assert not re.search(r"PIP_NO_COMPILE|--no-compile|__pycache__", rest), rest


@pytest.fixture(scope="module")
def server() -> Iterator[dict[str, str]]:
    """What a user of a new PostgreSQL server finds in the environment."""
    with postgres_server() as environment:
        yield environment


@pytest.fixture
def home(server: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with the deployment's configuration, and the environment that it needs."""
    for name, value in server.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    (tmp_path / "dagster.yaml").symlink_to(CONFIGURATION)
    return tmp_path


@pytest.mark.slow
def test_the_instance_is_in_postgresql_with_limits_and_its_times_are_true(home: Path) -> None:
    @dg.job
    def nothing() -> None: ...

    with dg.DagsterInstance.get() as instance:
        assert type(instance.run_storage).__name__ == "PostgresRunStorage"
        assert instance.run_monitoring_enabled
        assert instance.run_monitoring_max_runtime_seconds == 14400
        queue = instance.get_concurrency_config().run_queue_config
        assert queue is not None
        assert queue.max_concurrent_runs == 4
        nothing.execute_in_process(instance=instance)
        (record,) = instance.get_run_records()
        # The server's own time zone is twelve hours away.
        assert abs(record.create_timestamp.timestamp() - time.time()) < 3600


def test_a_password_that_is_not_set_is_no_empty_one(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DAGSTER_POSTGRES_PASSWORD")
    with pytest.raises(Exception, match='environment variable "DAGSTER_POSTGRES_PASSWORD"'):
        dg.DagsterInstance.get()


@pytest.fixture
def code_server(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The image's own command, on a free port of this machine alone."""
    data = home / "data"
    data.mkdir()
    write_csv(data / "ETTh1.csv", rows=77)
    (data / "ETTh1.toml").write_text(SETTINGS, encoding="utf-8")
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    monkeypatch.setenv("DAGSTER_CODE_HOST", "127.0.0.1")
    monkeypatch.setenv("DAGSTER_CODE_PORT", str(port))
    monkeypatch.setenv("ZWU_TS_DATA_DIR", str(data))
    monkeypatch.setenv("ZWU_TS_ARTIFACTS_DIR", str(home / "artifacts"))
    monkeypatch.setenv("ZWU_TS_DATASETS", "etth1")
    monkeypatch.setenv("ZWU_TS_BATCHES_PER_RUN", "2")
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            command("CMD", port), stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield port
    finally:
        stop_group(process)


def command(instruction: str, port: int) -> list[str]:
    """A command of the image, for this Python and a port of this machine."""
    (text,) = (rest for word, rest in instructions() if word == instruction)
    words: list[str] = json.loads(text[text.index("[") :])
    assert words[0] == "dagster"
    here = {"0.0.0.0": "127.0.0.1", "4000": str(port)}  # noqa: S104 - what is replaced
    return [sys.executable, "-m", "dagster", *(here.get(word, word) for word in words[1:])]


@pytest.mark.slow
def test_the_code_server_is_healthy_and_the_workspace_finds_everything_in_it(
    home: Path, code_server: int
) -> None:
    deadline = time.monotonic() + 120
    health = command("HEALTHCHECK", code_server)
    while subprocess.run(health, capture_output=True).returncode:
        assert time.monotonic() < deadline, (home / "log").read_text("utf-8")
    target = WorkspaceFileTarget(paths=[str(FOLDER / "workspace.yaml")])
    with (
        dg.DagsterInstance.get() as instance,
        WorkspaceProcessContext(instance, target) as process,
    ):
        (location,) = process.create_request_context().code_locations
        assert location.name == "zwu_ts_assets"
        (repository,) = location.get_repositories().values()
        assert repository.has_job("etth1_corpus")
        assert repository.has_sensor("etth1_sensor")
        node = repository.asset_graph.get(dg.AssetKey("patch_videos"))
        assert node.backfill_policy == dg.BackfillPolicy.multi_run(2)


def test_the_chart_s_launcher_can_be_configured_so() -> None:
    own = dict(HELM["runLauncher"]["config"]["k8sRunLauncher"])
    # As the chart's template writes it into the instance's configuration.
    cluster_only = {"run_k8s_config": snake(own.pop("runK8sConfig"))}
    config = {
        **{re.sub(r"(?=[A-Z])", "_", name).lower(): value for name, value in own.items()},
        **cluster_only,
        "service_account_name": "dagster",
        "instance_config_map": "dagster-instance",
        "postgres_password_secret": HELM["global"]["postgresqlSecretName"],
        "dagster_home": HELM["global"]["dagsterHome"],
    }
    checked = process_config(K8sRunLauncher.config_type(), config)  # type: ignore[no-untyped-call]
    assert checked.success, checked.errors
    limits = own["resources"]["limits"]
    assert limits["cpu"] == own["resources"]["requests"]["cpu"]
    kubernetes_model(kubernetes.V1ResourceRequirements, own["resources"])


def snake(config: Mapping[str, Any]) -> dict[str, Any]:
    """The outer names of a run's pod configuration; Kubernetes' own below them stay as they are."""
    return {re.sub(r"(?=[A-Z])", "_", name).lower(): value for name, value in config.items()}


def test_the_chart_starts_our_image_everywhere_with_rights_that_kubernetes_knows() -> None:
    (deployment,) = HELM["dagster-user-deployments"]["deployments"]
    pods = [HELM["dagsterWebserver"], HELM["dagsterDaemon"], deployment]
    assert len({pod["image"]["repository"] for pod in pods}) == 1
    for pod in pods:
        kubernetes_model(kubernetes.V1ResourceRequirements, pod["resources"])
        kubernetes_model(kubernetes.V1SecurityContext, pod["securityContext"])
        security = kubernetes_model(kubernetes.V1PodSecurityContext, pod["podSecurityContext"])
        assert security.run_as_non_root
        user = [rest for word, rest in instructions() if word == "USER"][-1]
        assert user == f"{security.run_as_user}:{security.run_as_group}"
    assert HELM["dagsterWebserver"]["service"]["type"] == "ClusterIP"
    assert deployment["includeConfigInLaunchedRuns"] == {"enabled": True}
    for volume in deployment["volumes"]:
        kubernetes_model(kubernetes.V1Volume, volume)
    for mount in deployment["volumeMounts"]:
        kubernetes_model(kubernetes.V1VolumeMount, mount)
    for variable in deployment["env"]:
        kubernetes_model(kubernetes.V1EnvVar, variable)


def kubernetes_model(kind: type[Any], config: Mapping[str, Any]) -> Any:
    """A part of a pod as Kubernetes' own client knows it; unknown names are refused."""
    return k8s_model_from_dict(kind, k8s_snake_case_dict(kind, config))


@pytest.mark.parametrize("limit", [1, 2])
def test_a_run_starts_no_more_processes_than_its_container_is_allowed(limit: int) -> None:
    code = (
        "from zwu_ts_assets.orchestration import resources; "
        "print(resources._available_processors())"
    )
    # What loky takes from a container's quota it takes from this variable in the same way.
    environment = {**os.environ, "LOKY_MAX_CPU_COUNT": str(limit)}
    said = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert int(said.stdout.split()[-1]) == min(limit, len(os.sched_getaffinity(0)))


def test_the_compose_file_hands_on_which_modules_settings_may_name() -> None:
    environment = COMPOSE["services"]["code"]["environment"]
    assert environment["ZWU_TS_ALLOWED_MODULES"] == "${ZWU_TS_ALLOWED_MODULES:-}"
