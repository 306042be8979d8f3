"""A gallery whose artifacts are in an object store: made there, and served from there."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from zwu_ts_assets import cli
from zwu_ts_assets.orchestration.assets.gallery_products import page_to_open
from zwu_ts_assets.orchestration.chosen_datasets import dataset_of
from zwu_ts_assets.orchestration.web.pages import Pages
from zwu_ts_assets.storage.places import Remote
from zwu_ts_assets_tests.last_mile import SAMPLES, new_project
from zwu_ts_assets_tests.object_server import BUCKET, ask, contents
from zwu_ts_assets_tests.project import Project


def browser_of(prefix: str) -> TestClient:
    """Asks the web UI for artifacts below a prefix of the bucket."""
    pages = Pages(PlainTextResponse("Dagster"), Remote("s3", f"{BUCKET}/{prefix}"))
    return TestClient(pages, base_url="http://127.0.0.1:3000")


def links_of(page: bytes) -> set[str]:
    """What a page loads or links to, without what follows a question mark or a hash."""
    found = re.findall(r' (?:src|href)="([^"#?]+)', page.decode("utf-8"))
    return {link for link in found if ":" not in link}


@pytest.mark.slow
def test_a_gallery_is_made_in_the_bucket_and_served_with_all_that_it_shows(
    s3: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, prefix = new_project(tmp_path / "project"), "looked-at"
    monkeypatch.setenv("ZWU_TS_DATA_DIR", str(project.data))
    monkeypatch.setenv("ZWU_TS_ARTIFACTS_DIR", f"s3://{BUCKET}/{prefix}")
    monkeypatch.setenv("ZWU_TS_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ZWU_TS_DATASETS", "etth1")
    result = CliRunner().invoke(cli.main, ["look", "--workers", "1"])
    assert result.exit_code == 0, result.output
    assert "which a browser cannot open" in result.output
    (told,) = re.findall(r"at (/artifacts/\S+)", result.output)
    there = contents(s3, prefix)
    pages = {name: page for name, page in there.items() if name.endswith(".html")}
    assert sum(name.startswith("gallery/samples/") for name in pages) == sum(SAMPLES.values())
    client = browser_of(prefix)
    assert client.get(told).content == there["gallery/index.html"]
    asked = set()
    for name, page in pages.items():
        for link in links_of(page):
            address = client.base_url.join(f"/artifacts/{name}").join(link).path
            asked.add(address)
            assert address.removeprefix("/artifacts/") in there, (name, link)
    assert any(address.endswith(".mp4") for address in asked)
    for address in asked:
        assert client.get(address).status_code == 200, address


def test_the_page_above_several_galleries_is_written_to_the_bucket_and_served(
    s3: int, tmp_path: Path
) -> None:
    prefix = "several"
    both = [Project(tmp_path).dataset, dataset_of("weather", tmp_path / "weather.csv")]
    assert len({each.prefix for each in both}) == 2
    for each in both:
        folder = "/".join([prefix, *each.prefix, "gallery"])
        ask(s3, "PUT", f"/{BUCKET}/{folder}/index.html", b"a gallery")
    address, sentence = page_to_open(both, Remote("s3", f"{BUCKET}/{prefix}"))
    assert address == ""
    (told,) = re.findall(r"at (/artifacts/\S+)", sentence)
    page = browser_of(prefix).get(told)
    assert page.status_code == 200
    assert "weather/gallery/index.js" in page.text
