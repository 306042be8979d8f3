"""What of the artifacts the web server shows to a browser: pages and media, and nothing else."""

import io
import json
from pathlib import Path

import pytest
from PIL import Image
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from zwu_ts_assets.orchestration.web.addresses import own_addresses
from zwu_ts_assets.orchestration.web.guard import Guard
from zwu_ts_assets.orchestration.web.pages import Pages
from zwu_ts_assets_tests.gallery.stand_in import corpus_of, write_gallery

HERE = "http://127.0.0.1:3000"
TOKEN = "correct-horse-battery-staple"  # noqa: S105
HIDDEN = (
    "samples/train.parquet",
    ".records/gallery/all.json",
    "gallery/notes.txt",
    "gallery/samples/../../secret.html",
    "gallery/samples/..%2f..%2f..%2fsecret.html",
    "weather/../secret.html",
    "gallery/..",
    "/etc/passwd",
    "correlations/batch_0.png/",
    "correlations/batch_stats.txt",
    "correlations/batch_-1.png",
    "Weather/correlations/batch_0.png",
    "a/b/correlations/batch_0.png",
    "correlations/batch_0.png.frames.jpg",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages") / "artifacts"
    write_gallery(corpus_of(6), folder)
    (folder / "videos").rename(folder / "patch_videos")
    write_gallery(corpus_of(6), folder / "weather")
    for name in ("samples/train.parquet", ".records/gallery/all.json", "gallery/notes.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("secret", encoding="utf-8")
    (folder.parent / "secret.html").write_text("secret", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def browser(folder: Path) -> TestClient:
    return TestClient(Pages(PlainTextResponse("Dagster"), folder), base_url=HERE)


def test_pages_and_media_are_shown_as_what_they_are(browser: TestClient, folder: Path) -> None:
    for name, kind in (
        ("gallery/index.html", "text/html; charset=utf-8"),
        ("gallery/dataset.html", "text/html; charset=utf-8"),
        ("gallery/samples/demo-r0000000.html", "text/html; charset=utf-8"),
        ("gallery/tasks/look.html", "text/html; charset=utf-8"),
        ("gallery/gallery.css", "text/css; charset=utf-8"),
        ("gallery/gallery.js", "text/javascript; charset=utf-8"),
        ("gallery/index.js", "text/javascript; charset=utf-8"),
        ("correlations/batch_0.png", "image/png"),
        ("patch_videos/batch_0.mp4", "video/mp4"),
        ("weather/gallery/index.html", "text/html; charset=utf-8"),
        ("weather/correlations/batch_0.png", "image/png"),
    ):
        answer = browser.get(f"/artifacts/{name}")
        assert answer.status_code == 200, name
        assert answer.headers["content-type"] == kind
        assert answer.content == (folder / name).read_bytes()
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none';")
        assert "connect-src" not in policy  # and so nothing may be sent anywhere
        assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("name", HIDDEN)
def test_nothing_else_is_shown(browser: TestClient, name: str) -> None:
    answer = browser.get(f"{HERE}/artifacts/{name}")
    assert "secret" not in answer.text.replace("secret.html", "")
    assert answer.status_code == 404 or answer.text == "Dagster"


def test_what_is_no_artifact_is_dagsters(browser: TestClient) -> None:
    assert browser.get("/asset-groups").text == "Dagster"
    assert browser.post("/artifacts/gallery/index.html").status_code == 405


def test_a_missing_gallery_is_told_with_the_command_that_makes_it(browser: TestClient) -> None:
    answer = browser.get("/artifacts/other/gallery/index.html")
    assert answer.status_code == 404
    assert "`zwu-ts-assets look` (in a clone `make look`)" in answer.text


def test_a_browser_may_play_from_the_middle_of_a_video(browser: TestClient, folder: Path) -> None:
    name = "patch_videos/batch_0.mp4"
    whole = (folder / name).read_bytes()
    for wanted, part in (("bytes=10-19", whole[10:20]), ("bytes=50-", whole[50:])):
        answer = browser.get(f"/artifacts/{name}", headers={"Range": wanted})
        assert answer.status_code == 206
        assert answer.content == part
    first = browser.get(f"/artifacts/{name}", headers={"Range": "bytes=10-19"})
    assert first.headers["content-range"] == f"bytes 10-19/{len(whole)}"
    beyond = browser.get(f"/artifacts/{name}", headers={"Range": f"bytes={len(whole)}-"})
    assert beyond.status_code == 416


def test_pictures_are_reduced_to_what_metadata_have_room_for(browser: TestClient) -> None:
    for name in ("correlations/batch_0.png", "patch_videos/batch_0.mp4"):
        answer = browser.get(f"/artifacts/{name}.preview.jpg?0123456789ab")
        assert answer.headers["content-type"] == "image/jpeg"
        with Image.open(io.BytesIO(answer.content)) as picture:
            assert picture.width == 760
    with Image.open(
        io.BytesIO(browser.get("/artifacts/patch_videos/batch_0.mp4.frames.jpg").content)
    ) as picture:
        assert picture.width == 1792


def test_no_script_that_somebody_put_among_the_artifacts_is_run(
    browser: TestClient, folder: Path
) -> None:
    script, data = folder / "gallery" / "gallery.js", folder / "gallery" / "index.js"
    before = script.read_bytes(), data.read_bytes()
    try:
        script.write_text("fetch('/graphql')", encoding="utf-8")
        assert browser.get("/artifacts/gallery/gallery.js").content == before[0]
        for text in ("fetch('/graphql')", "show_gallery(fetch('/graphql'));\n"):
            data.write_text(text, encoding="utf-8")
            answer = browser.get("/artifacts/gallery/index.js")
            assert answer.status_code == 404
            assert "is damaged" in answer.text
        data.write_text('show_gallery({"a": "</script>"});\n', encoding="utf-8")
        text = browser.get("/artifacts/gallery/index.js").text
        assert "<" not in text
        assert json.loads(text.removeprefix("show_gallery(").removesuffix(");\n"))
    finally:
        script.write_bytes(before[0])
        data.write_bytes(before[1])


def test_a_damaged_video_is_told(browser: TestClient, folder: Path) -> None:
    (folder / "patch_videos" / "batch_1.mp4").write_bytes(b"no video")
    answer = browser.get("/artifacts/patch_videos/batch_1.mp4.preview.jpg")
    assert answer.status_code == 404
    assert "is damaged" in answer.text


def test_who_has_no_token_sees_nothing(folder: Path) -> None:
    addresses = own_addresses("127.0.0.1", 3000, (), "THE_VARIABLE")
    app = Guard(Pages(PlainTextResponse("Dagster"), folder), addresses, TOKEN)
    client = TestClient(app, base_url=HERE)
    for name in ("gallery/index.html", "correlations/batch_0.png", "patch_videos/batch_0.mp4"):
        assert client.get(f"/artifacts/{name}").status_code == 401
        allowed = {"Authorization": f"Bearer {TOKEN}"}
        assert client.get(f"/artifacts/{name}", headers=allowed).status_code == 200
