"""A whole corpus in an object store: the bytes of one on disk, few requests, no harm in a storm.

Against a real server that speaks S3, with a proxy before it that counts requests and makes trouble.
"""

import importlib
import re
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest
from click.testing import CliRunner

from zwu_ts_assets.cli import main
from zwu_ts_assets.config import environment
from zwu_ts_assets.config.environment import AutomationSettings
from zwu_ts_assets.orchestration.layout import dataset_store
from zwu_ts_assets.orchestration.refresh.comparison import DAMAGED, FOLLOWS, OutOfDate, difference
from zwu_ts_assets.orchestration.refresh.reconcile import Memory, reconcile
from zwu_ts_assets.orchestration.specs import TRAINING
from zwu_ts_assets.storage import object_clients
from zwu_ts_assets.storage.object_clients import KeptObjects
from zwu_ts_assets.storage.object_files import ObjectFiles
from zwu_ts_assets.storage.object_store import ObjectStore
from zwu_ts_assets.storage.places import Remote, StoreError
from zwu_ts_assets_tests import last_mile
from zwu_ts_assets_tests.object_server import (
    BROKEN,
    BUCKET,
    CUT,
    DENIED,
    DROPPED,
    ENVIRONMENT,
    SLOW_DOWN,
    Proxy,
    Request,
    Trouble,
    ask,
    contents,
    listed,
    proxy_of,
)
from zwu_ts_assets_tests.processes import Shell, kill, wait_for
from zwu_ts_assets_tests.project import Project, failures
from zwu_ts_assets_tests.stores import unpacked

pytestmark = pytest.mark.slow

SETTINGS = last_mile.PLAIN + "[split]\nborders = [0, 102, 114, 126]\n"  # four samples, all in train
PREFIX = "everything"


@dataclass
class Corpora:
    """The same corpus twice: in a folder, and behind the proxy."""

    disk: Project
    remote: Remote
    port: int
    proxy: Proxy
    result: dg.ExecuteInProcessResult | None = None

    def run(self, also: Collection[str] = TRAINING) -> dg.ExecuteInProcessResult:
        """Make what is out of date in the object store."""
        return last_mile.run_in(self.remote, self.disk.dataset, self.disk.instance, also)

    def stale(self) -> set[OutOfDate]:
        """What is out of date there."""
        return set(difference(self.disk.dataset, self.remote, TRAINING).stale)

    def objects(self) -> dict[str, bytes]:
        """Every object, records included; these without the tags that only they have."""
        tag = re.compile(rb',\n +"tag": "[^"]*"')
        return {
            name: tag.sub(b"", data) if name.startswith(".records/") else data
            for name, data in contents(self.port, PREFIX).items()
        }

    def files(self) -> dict[str, bytes]:
        """Every file on disk, records included."""
        return {
            path.relative_to(self.disk.artifacts).as_posix(): path.read_bytes()
            for path in self.disk.artifacts.rglob("*")
            if path.is_file() and ".runs" not in path.parts
        }


@pytest.fixture(scope="module")
def corpora(tmp_path_factory: pytest.TempPathFactory, object_store_port: int) -> Iterator[Corpora]:
    """All assets and exports, made in both places; each test leaves them complete."""
    with pytest.MonkeyPatch.context() as patch, proxy_of(object_store_port) as proxy:
        for name, value in {**ENVIRONMENT, "AWS_ENDPOINT_URL": proxy.url}.items():
            patch.setenv(name, value)
        object_clients.filesystem_of.cache_clear()
        disk = Project(tmp_path_factory.mktemp("corpora"), rows=126, settings=SETTINGS)
        made = Corpora(disk, Remote("s3", f"{BUCKET}/{PREFIX}"), object_store_port, proxy)
        for result in (last_mile.run(disk, TRAINING), made.run()):
            assert result.success, failures(result)
            made.result = result
        yield made
    object_clients.filesystem_of.cache_clear()


@pytest.fixture(autouse=True)
def fair_weather(corpora: Corpora) -> None:
    """Each test begins without trouble, and counts from nothing."""
    corpora.proxy.forget()


def test_the_corpus_is_byte_for_byte_the_one_on_disk_and_every_check_counts(
    corpora: Corpora,
) -> None:
    on_disk, behind = corpora.files(), corpora.objects()
    assert on_disk.keys() == behind.keys()
    assert [name for name in on_disk if on_disk[name] != behind[name]] == []
    assert len([name for name in behind if name.startswith("exports/")]) > 20
    assert corpora.result is not None
    found = {each[1:] for each in last_mile.evaluations(corpora.result)}
    assert ("export_is_sound", True, False) in found
    assert {name for name, passed, _ in found if not passed} == {"consumers_lose_nothing"}


def test_a_look_at_a_corpus_lists_it_once_and_reads_only_records_that_changed(
    corpora: Corpora,
) -> None:
    assert corpora.stale() == set()
    corpora.proxy.forget()
    assert corpora.stale() == set()
    assert [request.kind for request in corpora.proxy.requests] == ["list"]


def test_a_look_in_a_new_process_reads_each_record_once(
    corpora: Corpora, monkeypatch: pytest.MonkeyPatch
) -> None:
    from zwu_ts_assets.storage import object_store

    monkeypatch.setattr(object_store, "_KEPT", KeptObjects(1 << 20))
    records = listed(corpora.port, f"{PREFIX}/.records/")
    assert corpora.stale() == set()
    gets = [each.path for each in corpora.proxy.requests if each.kind == "get"]
    assert sorted(gets) == sorted(f"/{BUCKET}/{PREFIX}/.records/{name}" for name in records)
    assert corpora.proxy.count("list") == 1
    assert len(corpora.proxy.requests) == len(gets) + 1


def test_a_look_of_the_sensor_that_finds_nothing_lists_the_corpus_once(corpora: Corpora) -> None:
    dataset, settings = corpora.disk.dataset, AutomationSettings(settle_seconds=0)
    with dg.DagsterInstance.ephemeral() as instance:
        for look in range(2):
            corpora.proxy.forget()
            outcome = reconcile(dataset, corpora.remote, instance, settings, Memory())
            assert outcome.decision.settled
            asked = [request.kind for request in corpora.proxy.requests]
            # A new instance is told of everything, with previews; the records are read for those.
            assert asked == ["list"] if look else asked[:1] == ["list"] and "list" not in asked[1:]
        event = instance.get_latest_materialization_event(dg.AssetKey("vocab"))
    assert event is not None
    assert event.asset_materialization is not None
    path = event.asset_materialization.metadata["path (vocab.json)"]
    assert path.value == f"{corpora.remote}/correlations/vocab.json"


def test_of_a_corrected_value_exactly_what_it_concerns_is_written_again(corpora: Corpora) -> None:
    last_mile.change_row(corpora.disk, 108, 3.25)  # in the last batch, which is in no split
    on_disk = last_mile.refresh(corpora.disk, TRAINING)
    before = listed(corpora.port, f"{PREFIX}/")
    corpora.proxy.forget()
    result = corpora.run()
    assert result.success, failures(result)
    start = f"/{BUCKET}/{PREFIX}/"
    written = {
        request.path.partition("?")[0].removeprefix(start)
        for request in corpora.proxy.requests
        if request.kind in ("put", "copy", "delete", "post")
    }
    assert {name for name in written if not name.startswith(".records/")} == on_disk
    assert "correlations/batch_4.png" in on_disk
    assert "correlations/batch_3.png" not in on_disk
    after = listed(corpora.port, f"{PREFIX}/")
    assert {name for name in after if after[name] != before.get(name)} == written
    assert corpora.objects() == corpora.files()
    assert corpora.stale() == set()


def test_an_object_that_was_deleted_cut_short_or_replaced_by_hand_is_restored(
    corpora: Corpora,
) -> None:
    good = contents(corpora.port, PREFIX)
    png, video, vocab, export = (
        "correlations/batch_1.png",
        "patch_videos/batch_0.mp4",
        "correlations/vocab.json",
        "exports/qwen/train.jsonl",
    )
    at = f"/{BUCKET}/{PREFIX}"
    ask(corpora.port, "DELETE", f"{at}/{png}")
    ask(corpora.port, "PUT", f"{at}/{video}", good[video][:-9])
    ask(corpora.port, "PUT", f"{at}/{vocab}", good[vocab].replace(b"0", b"1"))  # of the same size
    ask(corpora.port, "PUT", f"{at}/exports/qwen/stray.txt", b"stray")
    ask(corpora.port, "DELETE", f"{at}/{export}")
    found = {item for item in corpora.stale() if item.reason != FOLLOWS}
    assert found >= {
        OutOfDate("correlation_pngs", "1", DAMAGED),
        OutOfDate("patch_videos", "0", DAMAGED),
        OutOfDate("vocab", "all", DAMAGED),
    }
    result = corpora.run()
    assert result.success, failures(result)
    assert corpora.stale() == set()
    # What no run made is left alone.
    assert contents(corpora.port, PREFIX) == {**good, "exports/qwen/stray.txt": b"stray"}
    ask(corpora.port, "DELETE", f"{at}/exports/qwen/stray.txt")


def test_exports_are_validated_where_they_are(
    corpora: Corpora, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ZWU_TS_DATA_DIR", str(corpora.disk.data))
    monkeypatch.setenv("ZWU_TS_ARTIFACTS_DIR", str(corpora.remote))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.setenv("ZWU_TS_DATASETS", "etth1")
    result = CliRunner().invoke(main, ["validate"])
    assert result.exit_code == 0, result.output
    url = f"{corpora.remote}/exports/qwen"
    told = rf"^{url}: \d+ conversations with \d+ questions, 12 media files, 0 problems$"
    assert re.search(told, result.output, re.M)
    row = contents(corpora.port, f"{PREFIX}/exports/qwen")["train.jsonl"]
    ask(corpora.port, "PUT", f"/{BUCKET}/elsewhere/qwen/train.jsonl", row)
    result = CliRunner().invoke(main, ["validate", f"s3://{BUCKET}/elsewhere/qwen"])
    assert result.exit_code == 1
    assert f"s3://{BUCKET}/elsewhere/qwen: " in result.output
    assert str(Path(tempfile.gettempdir())) not in result.output


def test_a_run_that_is_refused_says_so_and_the_next_one_makes_the_rest_through_a_storm(
    corpora: Corpora,
) -> None:
    other, expected = Remote("s3", f"{BUCKET}/storm"), contents(corpora.port, PREFIX)

    def refuse_a_window(request: Request) -> Trouble | None:
        return DENIED if request.kind == "put" and "batch_1.parquet" in request.path else None

    corpora.proxy.trouble = refuse_a_window
    result = last_mile.run_in(other, corpora.disk.dataset, corpora.disk.instance)
    assert not result.success
    (said,) = failures(result)
    assert f"{other}: cannot be used (AccessDenied at batch_windows/batch_1.parquet: " in said
    assert "the credentials do not allow this; look at the policy" in said
    assert "What was written before is untouched" in said
    # No repetition mends that.
    assert sum("batch_1.parquet" in request.path for request in corpora.proxy.requests) == 1
    made = contents(corpora.port, "storm")
    assert "batch_windows/batch_0.parquet" in made
    assert {name: expected[name] for name in made} == made

    corpora.proxy.forget()
    storm = {3: SLOW_DOWN, 9: BROKEN, 14: CUT, 19: DROPPED, 24: Trouble(wait=0.3)}
    corpora.proxy.trouble = lambda request: storm.get(request.number % 27)
    result = last_mile.run_in(other, corpora.disk.dataset, corpora.disk.instance)
    assert result.success, failures(result)
    assert len(corpora.proxy.requests) > 3 * 27
    puts = [each.path for each in corpora.proxy.requests if each.kind == "put"]
    assert any("batch_1.parquet" in path for path in puts)
    assert not any("batch_0.parquet" in path for path in puts)
    made = contents(corpora.port, "storm")
    assert "patch_videos/batch_2.mp4" in made
    assert {name: expected[name] for name in made} == made


def test_a_killed_run_leaves_whole_objects_and_no_credential_anywhere(
    corpora: Corpora, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell = Shell(tmp_path / "project", batches=5)
    shell.cache = environment.cache_dir()  # where the tokenizer lies is in a record
    shell.csv.write_bytes(corpora.disk.csv.read_bytes())
    (shell.data / "ETTh1.toml").write_text(SETTINGS, encoding="utf-8")
    for name, value in {
        **shell.environment,
        "ZWU_TS_ARTIFACTS_DIR": f"s3://{BUCKET}/killed",
    }.items():
        monkeypatch.setenv(name, value)
    command = [sys.executable, "-m", "zwu_ts_assets", "run", "--workers", "1"]
    with shell.log.open("wb") as log:
        run = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    figure = "correlations/batch_0.png"
    wait_for(lambda: figure in listed(corpora.port, "killed/") or run.poll() is not None)
    kill(run, group=True)
    with dg.DagsterInstance.from_config(str(shell.home)) as instance:
        (killed,) = instance.get_runs()
    assert killed.status is dg.DagsterRunStatus.STARTED
    expected, left = contents(corpora.port, PREFIX), contents(corpora.port, "killed")
    assert {name: expected.get(name) for name in left} == left
    assert "patch_videos/batch_2.mp4" not in left, "it ended before it was killed"
    result = CliRunner().invoke(main, ["run", "--workers", "1"])
    assert result.exit_code == 0, result.output
    assert f"Artifacts of etth1 in s3://{BUCKET}/killed:" in result.output
    with dg.DagsterInstance.from_config(str(shell.home)) as instance:
        ended = instance.get_run_by_id(killed.run_id)
        assert ended is not None
        assert ended.status is dg.DagsterRunStatus.FAILURE
    made = contents(corpora.port, "killed")
    assert {name: expected[name] for name in made} == made
    assert "patch_videos/batch_2.mp4" in made
    assert not shell.artifacts.exists()
    pieces = [*made.values(), result.output.encode(), shell.log.read_bytes()]
    for path in shell.home.rglob("*"):
        pieces += unpacked(path) if path.is_file() else []
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        assert not any(ENVIRONMENT[name].encode() in piece for piece in pieces), name


def test_a_bucket_that_is_not_there_is_told_at_once(corpora: Corpora) -> None:
    place = Remote("s3", "no-such-bucket/x")
    store = dataset_store(place, ())
    for call in (store.look, lambda: store.write("a.txt", b"a"), lambda: store.names("a")):
        with pytest.raises(StoreError, match="there is no such bucket; create it"):
            call()
    assert len(corpora.proxy.requests) <= 6


def test_a_store_that_does_not_answer_is_waited_for_so_long_and_no_longer(
    corpora: Corpora,
) -> None:
    corpora.proxy.trouble = lambda _: Trouble(wait=1.5)
    with pytest.raises(StoreError, match="did not answer, also after several attempts"):
        ObjectFiles(corpora.remote, seconds=0.5).listing()
    corpora.proxy.trouble = lambda _: Trouble(wait=0.1)
    assert ObjectFiles(corpora.remote, seconds=20).listing()


@pytest.mark.parametrize("address", ["http://127.0.0.1:9", "nonsense"])
def test_a_store_that_cannot_be_reached_is_named_with_what_to_look_at(
    corpora: Corpora, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", address)
    monkeypatch.setitem(
        object_clients._OPTIONS["s3"]["config_kwargs"],
        "retries",
        {"mode": "standard", "total_max_attempts": 1},
    )
    monkeypatch.setattr(object_clients, "_READS", 1)
    object_clients.filesystem_of.cache_clear()
    with pytest.raises(StoreError, match="look at AWS_ENDPOINT_URL") as caught:
        dataset_store(corpora.remote, ()).look()
    assert str(caught.value).startswith(f"{corpora.remote}: cannot be used (")
    object_clients.filesystem_of.cache_clear()


def test_without_its_client_a_store_says_what_to_install(
    corpora: Corpora, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)
    known = importlib.import_module("fsspec.registry")._registry
    monkeypatch.delitem(known, "s3")  # as in a process that has not used it yet
    object_clients.filesystem_of.cache_clear()
    with pytest.raises(StoreError, match=r"pip install 'zwu-ts-assets\[cluster\]'"):
        ObjectStore(corpora.remote).look()
    object_clients.filesystem_of.cache_clear()
