"""A data folder behind a URL: followed file by file, whole, and named by its URL."""

import fcntl
import subprocess
import sys
import time
import uuid
from pathlib import Path

import dagster as dg
import fsspec
import pytest
from click.testing import CliRunner

from zwu_ts_assets.cli import main
from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.orchestration.automation import _as_it_is_now
from zwu_ts_assets.orchestration.build import build_definitions
from zwu_ts_assets.orchestration.chosen_datasets import datasets_with_a_csv, etth1, find_datasets
from zwu_ts_assets.storage.data_mirror import bring_up_to_date, is_mirror, mirror_of, told
from zwu_ts_assets.storage.places import Remote, StoreError
from zwu_ts_assets.timeseries.csv_rules import data_suffix
from zwu_ts_assets_tests.object_server import (
    BUCKET,
    CUT,
    DENIED,
    Proxy,
    Trouble,
    ask,
)
from zwu_ts_assets_tests.project import SETTINGS, failures, write_csv

MEMORY = fsspec.filesystem("memory")


class Behind:
    """A folder of objects in memory, and the folder of this machine that follows it."""

    def __init__(self, cache: Path) -> None:
        self.source = Remote("memory", uuid.uuid4().hex)
        self.folder = mirror_of(self.source, cache, data_suffix)

    def put(self, name: str, data: bytes) -> None:
        """Upload a file."""
        MEMORY.pipe_file(f"/{self.source.path}/{name}", data)

    def drop(self, name: str) -> None:
        """Delete a file there."""
        MEMORY.rm_file(f"/{self.source.path}/{name}")

    def look(self) -> dict[str, bytes]:
        """What is in the folder after it followed."""
        bring_up_to_date(self.folder)
        return {
            path.name: path.read_bytes()
            for path in self.folder.iterdir()
            if not path.name.startswith(".")
        }


@pytest.fixture
def behind(tmp_path: Path) -> Behind:
    """An empty one."""
    return Behind(tmp_path / "cache")


def test_what_is_uploaded_changed_and_deleted_there_is_so_here_at_the_next_look(
    behind: Behind,
) -> None:
    assert behind.look() == {}
    behind.put("ETTh1.csv", b"a")
    behind.put("ETTh1.toml", b"b")
    assert behind.look() == {"ETTh1.csv": b"a", "ETTh1.toml": b"b"}
    behind.put("ETTh1.csv", b"c")
    behind.drop("ETTh1.toml")
    assert behind.look() == {"ETTh1.csv": b"c"}


def test_a_file_that_did_not_change_is_left_alone_and_has_the_time_that_it_has_there(
    behind: Behind,
) -> None:
    behind.put("a.csv", b"a")
    behind.look()
    before = (behind.folder / "a.csv").stat()
    behind.put("b.csv", b"b")
    behind.look()
    after = (behind.folder / "a.csv").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    made = MEMORY.info(f"/{behind.source.path}/a.csv")["created"].timestamp()
    assert after.st_mtime == pytest.approx(made, abs=1e-3)


def test_a_file_that_was_lost_or_cut_here_is_copied_again(behind: Behind) -> None:
    behind.put("a.csv", b"abc")
    behind.look()
    (behind.folder / "a.csv").unlink()
    assert behind.look() == {"a.csv": b"abc"}
    (behind.folder / ".state.json").write_text("{", encoding="utf-8")
    assert behind.look() == {"a.csv": b"abc"}


def test_only_what_was_copied_is_removed(behind: Behind, tmp_path: Path) -> None:
    behind.put("a.csv", b"abc")
    behind.look()
    mine = {"b.csv": b"mine", "notes.txt": b"mine"}
    for name, content in mine.items():
        (behind.folder / name).write_bytes(content)
    (tmp_path / "original.csv").write_bytes(b"mine")
    (behind.folder / "link.csv").symlink_to(tmp_path / "original.csv")
    behind.drop("a.csv")
    assert behind.look() == {**mine, "link.csv": b"mine"}


def test_only_csvs_and_settings_with_plain_names_are_copied(behind: Behind) -> None:
    for name in (
        *(
            "a.csv",
            "B.CSV",
            "c d.csv",
            "a.toml",
            "t.parquet",
            "huge.xlsx",
            ".hidden.csv",
            "sub/a.csv",
        ),
        *("e.csv.gz", "f.TSV", "a\nb.csv", "..csv", "back\\slash.csv", "x.csv.exe"),
    ):
        behind.put(name, b"x")
    assert set(behind.look()) == {
        *("a.csv", "B.CSV", "c d.csv", "a.toml", "t.parquet", "e.csv.gz", "f.TSV")
    }
    assert {path.name for path in behind.folder.parent.iterdir()} == {behind.folder.name}


def test_a_folder_that_follows_nothing_is_left_alone(tmp_path: Path) -> None:
    bring_up_to_date(tmp_path / "data")
    assert not is_mirror(tmp_path / "data")
    assert not (tmp_path / "data").exists()
    assert told(f"{tmp_path}/data/a.csv: broken") == f"{tmp_path}/data/a.csv: broken"


def test_a_message_names_the_url(behind: Behind) -> None:
    assert is_mirror(behind.folder)
    said = told(f"{behind.folder / 'ETTh1.csv'}, line 3: found 'x'")
    assert said == f"{behind.source}/ETTh1.csv, line 3: found 'x'"


def test_each_look_of_the_sensor_reads_the_settings_that_are_there_now(behind: Behind) -> None:
    behind.put("ETTh1.csv", b"")
    behind.look()
    before = etth1(behind.folder)
    behind.put("ETTh1.toml", b"fps = 4.0\n")
    assert before.settings.fps != 4.0
    assert _as_it_is_now(before).settings.fps == 4.0


def test_a_cache_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("in the way", encoding="utf-8")
    with pytest.raises(CorpusError, match="set ZWU_TS_CACHE_DIR"):
        Behind(tmp_path / "cache").look()


@pytest.mark.slow
def test_a_copy_is_whole_or_not_there_whatever_happens_to_the_connection(
    s3: int, proxy: Proxy, tmp_path: Path
) -> None:
    prefix = uuid.uuid4().hex
    source = Remote("s3", f"{BUCKET}/{prefix}")
    folder = mirror_of(source, tmp_path, data_suffix)
    first, second = b"first," * 50_000, b"second," * 50_000
    ask(s3, "PUT", f"/{BUCKET}/{prefix}/a.csv", first)
    cut = iter([CUT, CUT])
    proxy.trouble = lambda request: next(cut, None) if request.kind == "get" else None
    bring_up_to_date(folder)  # the third attempt at the body arrives
    assert (folder / "a.csv").read_bytes() == first
    proxy.forget()
    bring_up_to_date(folder)
    assert [request.kind for request in proxy.requests] == ["list"]

    ask(s3, "PUT", f"/{BUCKET}/{prefix}/a.csv", second)
    proxy.trouble = lambda request: CUT if request.kind == "get" else None
    with pytest.raises(StoreError, match=f"{source}: cannot be used"):
        bring_up_to_date(folder)
    assert (folder / "a.csv").read_bytes() == first
    proxy.trouble = lambda _: DENIED
    with pytest.raises(StoreError, match="the credentials do not allow this"):
        bring_up_to_date(folder)
    assert (folder / "a.csv").read_bytes() == first
    proxy.forget()
    bring_up_to_date(folder)
    assert (folder / "a.csv").read_bytes() == second
    assert not list(folder.glob("*.tmp"))


def test_who_has_no_time_does_not_wait_for_another_process_that_copies(behind: Behind) -> None:
    behind.put("a.csv", b"a")
    behind.look()
    with (behind.folder / ".lock").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        began = time.monotonic()
        with pytest.raises(StoreError, match=f"{behind.source}: another process is still copying"):
            bring_up_to_date(behind.folder, seconds=0.5)
        assert time.monotonic() - began < 5


@pytest.mark.slow
def test_who_has_no_time_gets_the_settings_and_not_a_csv_that_takes_longer(
    s3: int, proxy: Proxy, tmp_path: Path
) -> None:
    prefix = uuid.uuid4().hex
    folder = mirror_of(Remote("s3", f"{BUCKET}/{prefix}"), tmp_path, data_suffix)
    ask(s3, "PUT", f"/{BUCKET}/{prefix}/a.csv", b"x" * 100)
    ask(s3, "PUT", f"/{BUCKET}/{prefix}/a.toml", b"fps = 4.0")
    proxy.trouble = lambda request: Trouble(wait=20) if "a.csv" in request.path else None
    began = time.monotonic()
    with pytest.raises(StoreError, match="cannot be used"):
        bring_up_to_date(folder, seconds=4)
    assert time.monotonic() - began < 10
    assert [path.name for path in folder.glob("[!.]*")] == ["a.toml"]
    proxy.forget()
    bring_up_to_date(folder)
    assert (folder / "a.csv").read_bytes() == b"x" * 100


def test_a_folder_behind_a_url_needs_no_etth1_where_there_are_other_csvs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ZWU_TS_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("ZWU_TS_DATASETS", "")
    behind = Behind(tmp_path / "cache")
    monkeypatch.setenv("ZWU_TS_DATA_DIR", str(behind.source))

    def found(*names: str) -> tuple[list[str], list[str]]:
        datasets = datasets_with_a_csv(names)
        problems = [told(dataset.problem) for dataset in datasets.broken]
        return [dataset.name for dataset in datasets.sound], problems

    missing = f"{behind.source}/ETTh1.csv is not there; copy it there"
    # Nothing can be put there, the sample no more than a download.
    assert found() == ([], [missing])
    behind.put("weather.csv", b"date,a\n2016-07-01,1\n")
    assert found() == (["weather"], [])
    assert f"{missing}; going on without it." in capsys.readouterr().err
    assert found("etth1", "weather") == (["weather"], [missing])


@pytest.mark.parametrize("letter", ["a", "é"])
def test_a_file_whose_name_no_folder_can_hold_takes_no_other_one_down(
    behind: Behind, letter: str
) -> None:
    long = letter * 300 + ".csv"
    behind.put(long, b"date,a\n2016-07-01,1\n")
    behind.put(letter * 300 + "x.csv", b"date,a\n2016-07-01,2\n")
    behind.put("weather.csv", b"date,a\n2016-07-01,1\n")
    assert len(behind.look()) == 3
    found = find_datasets(behind.folder)
    assert len({dataset.name for dataset in found.sound} - {"etth1", "weather"}) == 2
    assert found.broken == ()
    # It is followed like any other.
    first = behind.look()
    behind.put(long, b"date,a\n2016-07-01,3\n")
    assert behind.look().keys() == first.keys()
    assert behind.look() != first
    behind.drop(long)
    assert len(behind.look()) == 2


def test_what_is_shown_of_a_broken_dataset_behind_a_url_names_the_url(tmp_path: Path) -> None:
    behind = Behind(tmp_path / "cache")
    behind.put("weather.csv", b"date,a\n2016-07-01,1\n")
    behind.put("weather.toml", b"fps = 0\n")
    behind.look()
    found = find_datasets(behind.folder)
    definitions = build_definitions(found.sound, tmp_path, 1, broken=found.broken)
    graph = definitions.resolve_asset_graph()
    key = dg.AssetKey(["weather", "weather_raw"])
    job = definitions.resolve_implicit_global_asset_job_def().get_subset(
        asset_selection={key}, asset_check_selection={dg.AssetCheckKey(key, "csv_is_sound")}
    )
    instance = dg.DagsterInstance.ephemeral()
    shown = [
        graph.get(key).description or "",
        graph.get(dg.AssetKey(["weather", "weather_csv"])).description or "",
        str(graph.get(dg.AssetKey(["weather", "weather_csv"])).metadata),
        definitions.resolve_sensor_def("weather_sensor").description or "",
        *failures(job.execute_in_process(instance=instance, raise_on_error=False)),
    ]
    assert all(f"{behind.source}/weather." in text for text in shown), shown
    assert str(tmp_path) not in " ".join(shown)


@pytest.mark.slow
def test_commands_work_on_a_data_folder_behind_a_url_and_name_it(
    s3: int, proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = uuid.uuid4().hex
    url = f"s3://{BUCKET}/{prefix}"
    for name, value in {
        "ZWU_TS_DATA_DIR": url,
        "ZWU_TS_ARTIFACTS_DIR": str(tmp_path / "artifacts"),
        "ZWU_TS_CACHE_DIR": str(tmp_path / "cache"),
        "ZWU_TS_DATASETS": "etth1",
        "DAGSTER_HOME": str(tmp_path / "home"),
    }.items():
        monkeypatch.setenv(name, value)

    def enter(command: str) -> tuple[int, str]:
        result = CliRunner().invoke(main, [command])
        return result.exit_code, result.output

    code, said = enter("run")
    assert code == 1
    assert f"Error: {url}/ETTh1.csv is not there; copy it there" in said

    write_csv(tmp_path / "a.csv", 30)
    good = (tmp_path / "a.csv").read_bytes()
    ask(s3, "PUT", f"/{BUCKET}/{prefix}/ETTh1.toml", SETTINGS.encode())
    ask(s3, "PUT", f"/{BUCKET}/{prefix}/ETTh1.csv", good.replace(b"2016-07-01 03", b"yesterday"))
    code, said = enter("status")
    assert code == 1
    assert f"Error: {url}/ETTh1.csv" in said
    assert str(tmp_path) not in said

    ask(s3, "PUT", f"/{BUCKET}/{prefix}/ETTh1.csv", good)
    code, said = enter("status")
    assert code == 0, said
    assert "etth1: 7 artifacts out of date" in said

    proxy.trouble = lambda _: DENIED
    code, said = enter("run")
    assert code == 1
    assert f"Error: {url}: cannot be used" in said
    # Of a store that is gone, the web UI still has the assets, and says why they do not follow.
    command = [sys.executable, "-m", "dagster", "asset", "list", "-m", "zwu_ts_assets"]
    ended = subprocess.run(command, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert "correlation_pngs" in ended.stdout
    assert f"{url}: cannot be used" in ended.stderr
    assert "as they were last seen" in ended.stderr
