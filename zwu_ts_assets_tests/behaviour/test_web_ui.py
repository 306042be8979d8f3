"""The web UI as a person meets it: a real browser, a mouse, and the server that `make dev` starts.

The server and the browser stay on this machine: the server listens on the loopback address, and
every request that the page would send elsewhere is aborted.
"""

import os
import re
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from zwu_ts_assets.orchestration.specs import TRAINING
from zwu_ts_assets_tests.browser import a_picture_if_it_fails, a_tab, browser_path
from zwu_ts_assets_tests.project import ASSETS, SETTINGS, write_csv
from zwu_ts_assets_tests.reference import REPOSITORY
from zwu_ts_assets_tests.web_server import Server, dev_server

RUN_MILLISECONDS = 240_000

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A web UI over a CSV of three batches, of which none is materialized."""
    browser_path()  # before a server is started in vain
    folder = tmp_path_factory.mktemp("web_ui")
    data, home = folder / "data", folder / "dagster_home"
    data.mkdir()
    home.mkdir()
    write_csv(data / "ETTh1.csv", rows=77)
    # "Materialize all" includes the exports: the one batch that is clicked has to be a sample.
    split = "[split]\nratios = [1, 0, 0]\n"
    (data / "ETTh1.toml").write_text(SETTINGS + split, encoding="utf-8")
    shutil.copy(REPOSITORY / ".dagster" / "dagster.yaml", home)
    environment = {
        **os.environ,
        "DAGSTER_HOME": str(home),
        "ZWU_TS_DATA_DIR": str(data),
        "ZWU_TS_ARTIFACTS_DIR": str(folder / "artifacts"),
        "ZWU_TS_CACHE_DIR": str(folder / "cache"),
        "ZWU_TS_DATASETS": "etth1",
        "ZWU_TS_SENSOR": "off",  # it would make what the test clicks for
    }
    with dev_server(folder / "server.log", environment) as server:
        yield server


@pytest.fixture(scope="module")
def server(running: Server) -> str:
    """The address of the web UI."""
    return running.address


@pytest.fixture(scope="module")
def page(running: Server) -> Iterator[Page]:
    """A tab of a headless browser that reaches the server alone, and has opened what it printed."""
    with a_tab(running.address) as page:
        page.goto(running.opened)
        expect(page).to_have_url(re.compile(f"^{running.address}/(?!.*token)"))
        yield page


def test_the_graph_shows_every_asset_of_corpus_and_last_mile(server: str, page: Page) -> None:
    with a_picture_if_it_fails(page, "graph"):
        page.goto(f"{server}/asset-groups")
        # The first view holds the whole graph: three groups, opened in the list beside it.
        groups = ("etth1", "etth1_training", "etth1_exports")
        for group in groups:
            expect(in_graph(page, group)).to_be_in_viewport()
        for group in groups:
            line = page.locator("button").filter(has=page.get_by_title(group, exact=True))
            line.locator("xpath=../../..").get_by_role("button").first.click()  # the arrow
        for asset in (*ASSETS, *TRAINING):
            expect(page.get_by_role("button", name=f"{asset} {asset}").first).to_be_visible()


def test_a_batch_is_materialized_with_the_mouse_and_can_be_looked_at(
    server: str, page: Page
) -> None:
    with a_picture_if_it_fails(page, "materialize"):
        page.goto(f"{server}/asset-groups")
        page.get_by_role("button", name="Materialize all").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_text("Select a partition or create one").click()
        page.get_by_role("menuitem").filter(has=page.get_by_text("1", exact=True)).click()
        # The list of partitions covers the button until it is closed by a click beside it. It opens
        # below the field or to its left, and covers more or less of the dialog, but not its title.
        dialog.get_by_text("Launch runs to materialize").click()
        dialog.get_by_role("button", name="Launch 1 run").click()
        expect(page.get_by_text("Launched run")).to_be_visible()

        page.goto(f"{server}/runs")
        ended = page.get_by_text(re.compile("^(Success|Failure|Canceled)$"))
        expect(ended).to_be_visible(timeout=RUN_MILLISECONDS)
        expect(ended).to_have_text("Success")

        for asset in ("correlation_pngs", "patch_videos"):
            page.goto(f"{server}/assets/{asset}?view=partitions")
            page.get_by_text("1", exact=True).first.click()
            expect(page.get_by_text("Materialized", exact=True)).to_be_visible()
            details = page.get_by_role("row", name=re.compile("^details"))
            expect(details.get_by_text(re.compile('"sha256": "[0-9a-f]{64}"'))).to_be_visible()
            picture = page.locator("img[src^='/artifacts/']")
            expect(picture).to_be_in_viewport()
            expect(picture).to_have_js_property("naturalWidth", 760)
        page.goto(f"{server}/artifacts/gallery/index.html#row=b1")
        expect(page.locator("#samples a")).to_have_count(1)

        page.goto(f"{server}/assets/correlation_pngs?view=partitions")
        expect(page.get_by_text("Materialized (1)")).to_be_visible()
        expect(page.get_by_text("Missing (2)")).to_be_visible()


def in_graph(page: Page, group: str) -> Locator:
    """The node of a group in the graph, not its line in the list beside it."""
    return page.locator("foreignObject").get_by_text(group, exact=True)
