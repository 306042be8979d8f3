"""ETTh1.csv is downloaded whole and verified, or not at all."""

import hashlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from zwu_ts_assets.config import download
from zwu_ts_assets.config.download import ETTH1_SHA256, ETTH1_URL, download_etth1
from zwu_ts_assets.errors import CorpusError

CONTENT = b"date,OT\n2016-07-01 00:00:00,1.0\n"


@pytest.fixture
def server() -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path == "/ETTh1.csv"
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


def test_the_published_file_is_put_into_place(
    tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "ETTH1_SHA256", hashlib.sha256(CONTENT).hexdigest())
    csv = tmp_path / "data" / "ETTh1.csv"
    download_etth1(csv, url=f"{server}/ETTh1.csv")
    assert csv.read_bytes() == CONTENT
    assert [path.name for path in csv.parent.iterdir()] == ["ETTh1.csv"]


def test_any_other_file_is_refused_and_not_kept(tmp_path: Path, server: str) -> None:
    csv = tmp_path / "ETTh1.csv"
    with pytest.raises(CorpusError) as caught:
        download_etth1(csv, url=f"{server}/ETTh1.csv")
    assert hashlib.sha256(CONTENT).hexdigest() in str(caught.value)
    assert ETTH1_SHA256 in str(caught.value)
    assert not csv.exists()


@pytest.mark.parametrize("address", ["{server}/other.csv", "http://127.0.0.1:9/ETTh1.csv"])
def test_a_failed_download_says_in_one_line_how_to_get_the_file(
    tmp_path: Path, server: str, address: str
) -> None:
    csv = tmp_path / "ETTh1.csv"
    with pytest.raises(CorpusError) as caught:
        download_etth1(csv, url=address.format(server=server), timeout=5)
    message = str(caught.value)
    assert message.startswith("ETTh1.csv could not be downloaded")
    assert f"download {ETTH1_URL} yourself and copy it to {csv}" in message
    assert "\n" not in message
    assert not csv.exists()


def test_an_answer_that_is_no_http_is_a_failed_download_too(tmp_path: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"this is not http\r\n")

        threading.Thread(target=answer, daemon=True).start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/ETTh1.csv"
        with pytest.raises(CorpusError, match="could not be downloaded"):
            download_etth1(tmp_path / "ETTh1.csv", url=url, timeout=10)


def test_a_folder_that_cannot_be_written_is_told(
    tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "ETTH1_SHA256", hashlib.sha256(CONTENT).hexdigest())
    (tmp_path / "data").write_text("in the way", encoding="utf-8")
    with pytest.raises(CorpusError, match="cannot be written"):
        download_etth1(tmp_path / "data" / "ETTh1.csv", url=f"{server}/ETTh1.csv")
