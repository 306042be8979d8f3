"""The documentation site: built without a warning, and whole without any other machine."""

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Request

from zwu_ts_assets_tests.browser import a_picture_if_it_fails, a_tab
from zwu_ts_assets_tests.reference import REPOSITORY

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `make docs` builds it."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    built = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    return folder


class References(HTMLParser):
    """What a page loads by itself, and what its links lead to."""

    def __init__(self, page: Path) -> None:
        """Read a page."""
        super().__init__()
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of the addresses of an element."""
        told = {name: value or "" for name, value in attrs}
        self.ids.add(told.get("id", ""))
        if tag == "a":
            self.links += [told["href"]] if "href" in told else []
        else:
            names = ("src", "href", "srcset", "poster", "data", "action")
            self.loaded += [told[name] for name in names if name in told]


def test_no_page_loads_anything_from_elsewhere(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 35
    for page in pages:
        references = References(page)
        assert references.loaded, page.name
        foreign = [url for url in references.loaded if re.match(r"(\w+:)?//", url)]
        assert foreign == [], page.name
    for style in site.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(https?:)?//|@import", style.read_text("utf-8")), style


def test_every_link_leads_to_a_place_of_the_site(site: Path) -> None:
    pages = {page: References(page) for page in site.rglob("*.html") if page.name != "404.html"}
    lost = []
    for page, references in pages.items():
        for link in references.links:
            if re.match(r"\w+:", link):
                continue
            path, _, anchor = link.partition("#")
            place = (page.parent / path).resolve() if path else page
            place = place / "index.html" if place.is_dir() else place
            if not place.is_file() or (
                anchor and not anchor.startswith("__") and anchor not in pages[place].ids
            ):
                lost.append((page.name, link))
    assert lost == []


def test_what_is_made_of_the_code_is_in_the_pages(site: Path) -> None:
    settings = (site / "reference" / "settings.html").read_text(encoding="utf-8")
    assert "<code>window_length</code>" in settings
    assert "made: " not in settings
    assets = (site / "reference" / "assets.html").read_text(encoding="utf-8")
    assert 'id="patch_videos"' in assets
    python = (site / "reference" / "python" / "figures.html").read_text(encoding="utf-8")
    assert 'id="zwu_ts_assets.figures.dependence.dependence_matrices"' in python
    assert (site / "gallery" / "figure.png").is_file()
    assert (site / "deployment.html").is_file()


@pytest.fixture
def served(site: Path) -> Iterator[str]:
    """The address of the site on this machine."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()


@pytest.mark.browser
def test_a_browser_needs_no_other_machine_and_finds_what_it_searches(
    site: Path, served: str
) -> None:
    asked: list[str] = []
    errors: list[str] = []
    with a_tab(served) as tab, a_picture_if_it_fails(tab, "documentation"):

        def note(request: Request) -> None:
            asked.append(request.url)

        tab.on("request", note)
        tab.on("console", lambda told: errors.append(told.text) if told.type == "error" else None)
        tab.on("pageerror", lambda error: errors.append(str(error)))
        for page in sorted(site.rglob("*.html")):
            tab.goto(f"{served}/{page.relative_to(site).as_posix()}")
            wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            assert tab.evaluate(wide) == 0, page.name
        tab.goto(f"{served}/gallery.html")
        tab.wait_for_function("document.querySelector('video').readyState >= 1")
        broken = (
            "[...document.images].filter(image => image.complete && !image.naturalWidth).length"
        )
        assert tab.evaluate(broken) == 0
        tab.get_by_placeholder("Search").first.click()
        tab.keyboard.type("embargo_rows")
        tab.locator(".md-search-result__link").first.wait_for()
    assert len(asked) > 100
    assert [url for url in asked if not url.startswith((served, "data:", "blob:"))] == []
    assert errors == []
