"""The commands a person types: run, status, dev."""

import contextlib
import hashlib
import os
import pty
import re
import socket
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets_tests.project import SETTINGS, names, write_csv
from zwu_ts_assets_tests.shell import Shell

PORT = "0"  # one that is free
EVERYWHERE = "0.0.0.0"  # noqa: S104 - given to a command that is never started


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(tmp_path, monkeypatch)


def test_run_makes_everything_and_says_where_and_how_many(shell: Shell) -> None:
    shell.prepare()
    result = shell.enter("run", "--workers", "1")
    assert result.exit_code == 0, result.output
    assert f"Artifacts of etth1 in {shell.artifacts}:" in result.output
    words = [line.split() for line in result.output.splitlines()]
    counts = dict(pair for pair in words if len(pair) == 2)
    assert counts["correlations/batch_*.png"] == counts["patch_videos/batch_*.mp4"] == "3"
    assert counts["correlations/vocab_qwen.json"] == "1"
    assert len(list((shell.artifacts / "correlations").glob("batch_?.png"))) == 3


@pytest.mark.slow
def test_progress_is_shown_where_a_terminal_is_attached_and_nowhere_else(shell: Shell) -> None:
    shell.prepare()
    command = [sys.executable, "-m", "zwu_ts_assets", "run", "--workers", "1"]
    ours, terminal = pty.openpty()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=terminal) as process:
        os.close(terminal)
        shown = b""
        with contextlib.suppress(OSError):  # Linux ends a terminal nobody writes to with EIO
            while piece := os.read(ours, 65536):
                shown += piece
    os.close(ours)
    assert process.returncode == 0
    assert re.search(rb"\| etth1: \w+ [0-3]/3", shown)
    assert b"%|" in shown
    again = subprocess.run([*command, "--force"], capture_output=True, check=True)
    assert b"%|" not in again.stderr + again.stdout


def test_a_second_run_has_nothing_to_do_and_says_so(shell: Shell) -> None:
    shell.prepare()
    assert shell.enter("run", "--workers", "1").exit_code == 0
    result = shell.enter("run", "--workers", "1")
    assert result.exit_code == 0
    (line,) = result.output.splitlines()
    assert line.startswith("etth1: nothing to do, every artifact is current; they are in ")
    assert str(shell.artifacts) in line


def test_a_command_reads_and_hashes_a_csv_once(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    from zwu_ts_assets.orchestration.assets import corpus_products as products
    from zwu_ts_assets.timeseries import csv_file

    shell.prepare()
    monkeypatch.setattr(products, "_SETTLED_SECONDS", 0.0)  # as if it had been written long ago
    read, hashed = Counter[str](), Counter[str]()
    read_csv, file_digest = csv_file.read_csv, hashlib.file_digest

    def counted_read(csv: Path, **options: Any) -> Any:
        read[csv.name] += 1
        return read_csv(csv, **options)

    def counted_digest(file: Any, name: str) -> Any:
        hashed[Path(file.name).name] += 1
        return file_digest(file, name)

    monkeypatch.setattr(products, "read_csv", counted_read)
    monkeypatch.setattr(hashlib, "file_digest", counted_digest)
    assert shell.enter("run", "--workers", "1").exit_code == 0
    assert (read["ETTh1.csv"], hashed["ETTh1.csv"]) == (1, 1)
    write_csv(shell.csv, 90)
    assert "artifacts out of date" in shell.enter("status").output
    assert (read["ETTh1.csv"], hashed["ETTh1.csv"]) == (2, 2)


def test_a_csv_that_was_written_a_moment_ago_is_read_again(shell: Shell) -> None:
    shell.prepare()
    assert shell.enter("run", "--workers", "1").exit_code == 0
    stat = shell.csv.stat()
    text = shell.csv.read_text(encoding="utf-8").rstrip("\n")
    last = "1" if text[-1] == "2" else "2"
    shell.csv.write_text(f"{text[:-1]}{last}\n", encoding="utf-8")  # of the same length
    os.utime(shell.csv, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert "input changed" in shell.enter("status").output


def test_a_run_makes_only_what_is_out_of_date(shell: Shell) -> None:
    shell.prepare()
    assert shell.enter("run", "--workers", "1").exit_code == 0
    (shell.artifacts / "correlations" / "batch_1.png").unlink()
    told = shell.enter("status").output
    assert "correlation_pngs     1 damaged or removed (batch 1)" in told
    assert "  time: column date, ISO 8601; 1 hour\n" in told
    result = shell.enter("run", "--workers", "1")
    assert result.exit_code == 0
    assert "making correlation_pngs\n" in result.output
    assert "0 artifacts out of date" in shell.enter("status").output


@pytest.mark.slow
def test_a_new_instance_over_existing_artifacts_is_told_of_them(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import dagster as dg

    shell.prepare()
    assert shell.enter("run", "--workers", "1").exit_code == 0
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "another home"))
    before = {path: path.stat().st_mtime_ns for path in shell.artifacts.rglob("batch_*")}
    assert shell.enter("run", "--workers", "1").exit_code == 0
    assert before == {path: path.stat().st_mtime_ns for path in shell.artifacts.rglob("batch_*")}
    with dg.DagsterInstance.get() as instance:
        known = instance.get_materialized_partitions(dg.AssetKey("patch_videos"))
    assert known == {"0", "1", "2"}


def test_a_broken_csv_ends_the_run_with_one_sentence(shell: Shell) -> None:
    shell.prepare()
    text = shell.csv.read_text(encoding="utf-8")
    shell.csv.write_text(text.replace(",", ";", 8), encoding="utf-8")
    result = shell.enter("run")
    assert result.exit_code == 1
    assert f"Error: {shell.csv}, line 2" in result.output
    assert "Traceback" not in result.output


def test_a_tokenizer_folder_that_is_none_ends_the_run_with_one_sentence(
    shell: Shell, tmp_path: Path
) -> None:
    shell.prepare()
    (tmp_path / "not a tokenizer").mkdir()
    toml = shell.data / "ETTh1.toml"
    named = f'tokenizer = "{tmp_path / "not a tokenizer"}"\n'
    toml.write_text(named + toml.read_text(encoding="utf-8"), encoding="utf-8")  # above any table
    result = shell.enter("run", "--workers", "1")
    assert result.exit_code == 1
    assert "not a tokenizer" in result.output
    assert "Traceback" not in result.output
    # The rest of the corpus does not wait for it.
    assert len(list((shell.artifacts / "patch_videos").glob("*.mp4"))) == 3


@pytest.mark.slow
def test_files_of_batches_that_are_no_more_are_removed_and_that_is_said(shell: Shell) -> None:
    shell.prepare()
    assert shell.enter("run", "--workers", "1").exit_code == 0
    shell.prepare(rows=48)
    result = shell.enter("run", "--workers", "1")
    assert result.exit_code == 0
    assert "removing 3 artifacts that the CSV and the settings no longer have" in result.output
    assert not list(shell.artifacts.rglob("batch_2.*"))
    words = [line.split() for line in result.output.splitlines()]
    assert ["correlations/batch_*.png", "2"] in words


@pytest.mark.slow
def test_without_etth1_and_a_network_the_sample_is_built_in_a_folder_of_its_own(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    from zwu_ts_assets.config import download

    def unreachable(csv: Path, **_: object) -> None:
        raise CorpusError(f"ETTh1.csv could not be downloaded; copy it to {csv}")

    monkeypatch.setattr(download, "download_etth1", unreachable)
    (shell.data / "sample.toml").write_text(SETTINGS + "max_batches = 2\n", encoding="utf-8")
    result = shell.enter("run", "--workers", "1")
    assert result.exit_code == 0, result.output
    assert f"copy it to {shell.csv}" in result.output
    assert "building the synthetic sample dataset instead" in result.output
    assert "Artifacts of sample in" in result.output
    assert (shell.artifacts / "sample" / "correlations" / "batch_1.png").is_file()
    assert [path.name for path in shell.artifacts.glob("[!.]*")] == ["sample"]
    assert not shell.csv.exists()


def test_the_web_ui_warns_when_it_is_opened_to_other_machines(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell.prepare()
    started = starts(monkeypatch)
    assert "Warning" not in shell.enter("dev", "--port", PORT).output
    assert "not encrypted" in shell.enter("dev", "--port", PORT, "--host", EVERYWHERE).output
    assert "no password" not in shell.enter("dev", "--port", PORT, "--no-token").output
    result = shell.enter("dev", "--port", PORT, "--host", EVERYWHERE, "--no-token")
    assert "no password" in result.output
    assert [command[command.index("--host") + 1] for command, _ in started] == [
        "127.0.0.1",
        EVERYWHERE,
    ] * 2


def test_the_web_ui_is_started_with_a_token_unless_told_otherwise_and_where_it_is_opened(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell.prepare()
    started = starts(monkeypatch)
    shell.enter("dev", "--port", PORT)
    shell.enter("dev", "--port", PORT, "--no-token", "--address", "https://corpus.example.com")
    assert all(
        command[1:3] == ["-m", "zwu_ts_assets.orchestration.web.dev"] for command, _ in started
    )
    assert [environment["ZWU_TS_WEB_TOKEN"] for _, environment in started] == ["", "off"]
    assert [environment["ZWU_TS_WEB_ADDRESSES"] for _, environment in started] == [
        "",
        "https://corpus.example.com",
    ]


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("ZWU_TS_WEB_TOKEN", "hunter2", "has 7 characters; expected 16 or more"),
        ("ZWU_TS_WEB_ADDRESSES", "corpus.example.com", "has 'corpus.example.com'; expected what"),
        ("ZWU_TS_WEB_ADDRESSES", "https://corpus.example.com/ui", "expected what"),
        ("ZWU_TS_WEB_ADDRESSES", "https://*", "expected what"),
        ("ZWU_TS_WEB_ADDRESSES", "https://corpus.example.com:port", "expected what"),
    ],
)
def test_what_would_leave_the_web_ui_open_or_shut_is_told_before_anything_is_started(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    shell.prepare()
    started = starts(monkeypatch)
    monkeypatch.setenv(variable, value)
    result = shell.enter("dev", "--port", PORT)
    assert result.exit_code == 1
    assert said in result.output
    assert variable in result.output
    assert "hunter2" not in result.output
    assert started == []


def starts(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], dict[str, str]]]:
    """The commands that would be started from now on, each with its environment."""
    started: list[tuple[list[str], dict[str, str]]] = []
    monkeypatch.setenv("ZWU_TS_WEB_TOKEN", "")
    monkeypatch.setenv("ZWU_TS_WEB_ADDRESSES", "")
    monkeypatch.setattr(os, "execv", lambda _, command: started.append((command, dict(os.environ))))
    return started


def test_a_port_in_use_is_told_before_anything_is_started(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell.prepare()
    monkeypatch.setattr(os, "execv", lambda *_: pytest.fail("started all the same"))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = shell.enter("dev", "--port", str(port))
    assert result.exit_code == 1
    assert f"127.0.0.1:{port} cannot be used" in result.output
    assert f"--port {port + 1}" in result.output


DAGSTER = [sys.executable, "-m", "dagster", "asset", "materialize", "-m", "zwu_ts_assets"]


def dagster(*words: str, home: bool = True) -> "subprocess.CompletedProcess[str]":
    env = dict(os.environ)
    if not home:
        del env["DAGSTER_HOME"]
    else:
        Path(env["DAGSTER_HOME"]).mkdir(exist_ok=True)
    return subprocess.run(
        [*DAGSTER, *words], capture_output=True, text=True, env=env, cwd=env["ZWU_TS_DATA_DIR"]
    )


@pytest.mark.slow
def test_dagster_materializes_one_batch_and_then_a_range_on_a_fresh_instance(
    shell: Shell,
) -> None:
    shell.prepare()
    first = dagster("--select", "etth1_raw")
    assert first.returncode == 0, first.stderr
    one = dagster("--select", "*", "--partition", "1")
    assert one.returncode == 0, one.stderr
    assert [p.name for p in (shell.artifacts / "patch_videos").iterdir()] == ["batch_1.mp4"]
    all_of_them = dagster("--select", "*", "--partition-range", "0...2")
    assert all_of_them.returncode == 0, all_of_them.stderr
    assert all_of_them.stderr.count("RUN_SUCCESS") == 1
    made = {f"patch_videos/{p.name}" for p in (shell.artifacts / "patch_videos").iterdir()}
    assert made == set(names("patch_videos", range(3), "mp4"))


@pytest.mark.slow
def test_dagster_works_without_a_home_and_before_the_batches_are_registered(
    shell: Shell,
) -> None:
    shell.prepare()
    ended = dagster("--select", "etth1_raw,batch_windows", "--partition", "2", home=False)
    assert ended.returncode == 0, ended.stderr
    assert (shell.artifacts / "batch_windows" / "batch_2.parquet").is_file()


@pytest.mark.slow
@pytest.mark.parametrize("words", [("--partition", "3"), ("--partition-range", "0...180")])
def test_dagster_refuses_a_batch_that_is_none_in_one_sentence(
    shell: Shell, words: tuple[str, str]
) -> None:
    shell.prepare()
    ended = dagster("--select", "*", *words)
    assert ended.returncode == 1
    assert "Error: There is no batch" in ended.stderr
    assert "its batches are 0...2" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.slow
@pytest.mark.parametrize("words", [("--partition", "0"), ("--partition-range", "0...1")])
def test_dagster_refuses_batches_of_two_datasets_in_one_sentence(
    shell: Shell, words: tuple[str, str]
) -> None:
    shell.prepare()
    write_csv(shell.data / "weather.csv", 1000)
    ended = dagster("--select", "*", *words)
    assert ended.returncode == 1
    assert "are of 2 datasets: etth1, weather" in ended.stderr
    assert "--select group:etth1" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(("readers", "hidden"), [("", 0o077), ("group", 0o027), ("all", 0o022)])
def test_run_history_and_artifacts_are_the_owners_alone_unless_told_otherwise(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, readers: str, hidden: int
) -> None:
    monkeypatch.setenv("ZWU_TS_READERS", readers)
    shell.prepare(rows=30)
    before = os.umask(0o022)
    try:
        result = shell.enter("run", "--workers", "1")
        assert os.umask(0o022) == 0o022, "what a command sets ends with it"
    finally:
        os.umask(before)
    assert result.exit_code == 0, result.output
    home = shell.artifacts.with_name("home")
    found = [shell.artifacts, home, *shell.artifacts.rglob("*"), *home.rglob("*")]
    assert len(found) > 30
    for path in found:
        assert path.stat().st_mode & 0o777 & hidden == 0, path
    expected = 0o666 & ~hidden
    assert (shell.artifacts / "correlations/batch_0.png").stat().st_mode & 0o777 == expected


def test_readers_that_are_none_are_told(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZWU_TS_READERS", "world")
    result = shell.enter("status")
    assert result.output == "Error: ZWU_TS_READERS is 'world'; expected owner, group, all\n"
