"""Benchmark files are downloaded whole and verified, or not at all; nothing is overwritten."""

import hashlib
import http.server
import socket
import threading
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from zwu_ts_assets.config import download
from zwu_ts_assets.config.download import BENCHMARKS, download_etth1, fetch, preset_of
from zwu_ts_assets.config.settings_file import read_settings
from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets_tests.shell import Shell

CONTENT = b"date,OT\n2016-07-01 00:00:00,1.0\n"
PUBLISHED = hashlib.sha256(CONTENT).hexdigest()
ETTH1_SHA256 = "f18de3ad269cef59bb07b5438d79bb3042d3be49bdeecf01c1cd6d29695ee066"


@pytest.fixture
def server() -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.startswith("/moved/"):
                self.send_response(302)
                self.send_header("Location", f"/{self.path.rpartition('/')[2]}")
                self.end_headers()
                return
            if self.path == "/elsewhere":
                self.send_response(302)
                self.send_header("Location", "ftp://127.0.0.1/ETTh1.csv")
                self.end_headers()
                return
            found = self.path.endswith(".csv") and self.path != "/other.csv"
            self.send_response(200 if found else 404)
            self.send_header("Content-Length", str(len(CONTENT) if found else 0))
            self.end_headers()
            self.wfile.write(CONTENT if found else b"")

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_port}"
        listening.shutdown()


def published_at(monkeypatch: pytest.MonkeyPatch, address: str, sha256: str = PUBLISHED) -> None:
    """Have every benchmark lie at an address, with one content."""
    known = {
        name: replace(
            each, url=f"{address}/{each.file}" if address[-1].isdigit() else address, sha256=sha256
        )
        for name, each in BENCHMARKS.items()
    }
    monkeypatch.setattr(download, "BENCHMARKS", known)


def test_the_published_file_is_put_into_place(
    tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    published_at(monkeypatch, server)
    csv = tmp_path / "data" / "ETTh1.csv"
    download_etth1(csv)
    assert csv.read_bytes() == CONTENT
    assert [path.name for path in csv.parent.iterdir()] == ["ETTh1.csv"]


def test_any_other_file_is_refused_and_not_kept(
    tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    published_at(monkeypatch, server, ETTH1_SHA256)
    csv = tmp_path / "ETTh1.csv"
    with pytest.raises(CorpusError) as caught:
        download_etth1(csv)
    assert PUBLISHED in str(caught.value)
    assert ETTH1_SHA256 in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("address", ["{server}/other.csv", "http://127.0.0.1:9/ETTh1.csv"])
def test_a_failed_download_says_in_one_line_how_to_get_the_file(
    tmp_path: Path, server: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = address.format(server=server)
    published_at(monkeypatch, url)
    csv = tmp_path / "ETTh1.csv"
    with pytest.raises(CorpusError) as caught:
        download_etth1(csv, timeout=5)
    message = str(caught.value)
    assert message.startswith("ETTh1.csv could not be downloaded")
    assert f"download {url} yourself and copy it to {csv}" in message
    assert "\n" not in message
    assert not csv.exists()


def test_an_answer_that_is_no_http_is_a_failed_download_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"this is not http\r\n")

        threading.Thread(target=answer, daemon=True).start()
        published_at(monkeypatch, f"http://127.0.0.1:{listening.getsockname()[1]}")
        with pytest.raises(CorpusError, match="could not be downloaded"):
            download_etth1(tmp_path / "ETTh1.csv", timeout=10)


def test_a_folder_that_cannot_be_written_is_told(
    tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    published_at(monkeypatch, server)
    (tmp_path / "data").write_text("in the way", encoding="utf-8")
    with pytest.raises(CorpusError, match="cannot be written"):
        download_etth1(tmp_path / "data" / "ETTh1.csv")


def test_more_than_any_benchmark_has_is_not_read(
    tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    published_at(monkeypatch, server)
    monkeypatch.setattr(download, "_MOST_BYTES", len(CONTENT) - 1)
    with pytest.raises(CorpusError, match="more than 31 bytes"):
        fetch("weather", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_server_may_lead_on_but_not_to_another_protocol(
    tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    published_at(monkeypatch, f"{server}/moved/ETTh1.csv")
    download_etth1(tmp_path / "ETTh1.csv")
    published_at(monkeypatch, f"{server}/elsewhere")
    with pytest.raises(CorpusError, match="leads on to ftp:"):
        download_etth1(tmp_path / "other.csv")


@pytest.mark.parametrize("name", BENCHMARKS)
def test_every_benchmark_is_told_with_what_papers_say_of_it(name: str) -> None:
    known = BENCHMARKS[name]
    assert known.url.startswith("https://")
    assert len(known.sha256) == 64
    # Informer's months of 30 days; Autoformer's shares, rounded down for train and test.
    if name.startswith("ett"):
        month = 30 * 24 * (4 if "m" in name else 1)
        assert known.borders == (0, 12 * month, 16 * month, 20 * month)
        assert known.licence == "cc-by-nd-4.0"
    else:
        rows = known.rows
        assert known.borders == (0, int(rows * 0.7), rows - int(rows * 0.2), rows)
    assert BENCHMARKS["etth1"].sha256 == ETTH1_SHA256


@pytest.mark.parametrize("name", [name for name in BENCHMARKS if name != "etth1"])
def test_every_preset_is_settings_with_the_published_borders(tmp_path: Path, name: str) -> None:
    toml = tmp_path / "some.toml"
    toml.write_text(preset_of(name), encoding="utf-8")
    settings = read_settings(toml)
    assert settings.title == BENCHMARKS[name].title
    # Of weather a row may be there twice, so that borders by rows would not fit.
    expected = None if name == "weather" else BENCHMARKS[name].borders
    assert settings.split.borders == expected
    assert settings.split.is_given


def test_what_is_fetched_is_a_dataset_with_its_settings(
    tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    published_at(monkeypatch, server)
    shell = Shell(tmp_path, monkeypatch)
    told = shell.enter("fetch", "etth2", "ili")
    assert told.exit_code == 0, told.output
    names = {path.name for path in shell.data.iterdir()}
    assert names == {"ETTh2.csv", "ETTh2.toml", "ili.csv", "ili.toml"}
    assert tomllib.loads((shell.data / "ETTh2.toml").read_text())["licence"] == "cc-by-nd-4.0"
    assert "its makers state none" in told.output
    again = shell.enter("fetch", "etth2")
    assert again.exit_code == 0
    assert "is there already, as published" in again.output


def test_a_users_own_file_and_settings_are_never_overwritten(
    tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    published_at(monkeypatch, server)
    shell = Shell(tmp_path, monkeypatch)
    (shell.data / "weather.csv").write_bytes(b"mine")
    (shell.data / "ili.toml").write_bytes(b"# mine\n")
    told = shell.enter("fetch", "weather", "ili", "mars")
    assert told.exit_code == 1
    assert "weather.csv is there and is not the published file" in told.output
    assert "there is no benchmark 'mars'; expected one of: etth1, etth2" in told.output
    assert (shell.data / "weather.csv").read_bytes() == b"mine"
    assert not (shell.data / "weather.toml").exists()
    assert (shell.data / "ili.csv").read_bytes() == CONTENT  # one problem stops no other
    assert (shell.data / "ili.toml").read_bytes() == b"# mine\n"
    assert "ili.toml is there already, and was left as it is" in told.output


def test_what_can_be_fetched_is_listed_without_a_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = Shell(tmp_path, monkeypatch).enter("fetch", "--list")
    assert listed.exit_code == 0
    for name, known in BENCHMARKS.items():
        assert f"{name}: " in listed.output
        assert known.url in listed.output
        assert known.sha256 in listed.output
