"""A real browser for tests of the web UI.

What belongs here: finding it, a tab that stays on this machine, and a picture of a failure.
What does not: servers, and what a test looks for.
"""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, Route, expect, sync_playwright

from zwu_ts_assets_tests.reference import REPOSITORY

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BROWSER_ARGUMENTS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# Where CI finds what the browser showed when a test failed.
FAILURES = REPOSITORY / ".test-failures"
CLICK_MILLISECONDS = 60_000


def browser_path() -> str:
    """The browser of this machine; without one, a visible skip unless CI insists."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        sentence = f"no browser found; looked for {', '.join(BROWSERS)}"
        if os.environ.get("ZWU_TS_REQUIRE_BROWSER") == "1":
            pytest.fail(sentence + ", and ZWU_TS_REQUIRE_BROWSER=1 requires one")
        pytest.skip(sentence)
    return found


@contextmanager
def a_tab(server: str) -> Iterator[Page]:
    """A tab of a headless browser that reaches the server at that address and nothing else."""

    def stay_here(route: Route) -> None:
        if route.request.url.startswith(server):
            route.continue_()
        else:
            route.abort()

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=browser_path(), args=list(BROWSER_ARGUMENTS)
        )
        try:
            page = browser.new_page(viewport={"width": 1600, "height": 1000})
            page.route(re.compile("^https?:"), stay_here)
            page.set_default_timeout(CLICK_MILLISECONDS)
            # A new instance may greet its first visitor with a dialog over everything else.
            page.add_locator_handler(
                page.get_by_text("Join the Dagster community"),
                lambda: page.get_by_role("button", name="Skip").click(),
            )
            expect.set_options(timeout=CLICK_MILLISECONDS)
            yield page
        finally:
            browser.close()


@contextmanager
def a_picture_if_it_fails(page: Page, name: str) -> Iterator[None]:
    """Keep what the browser shows when a test fails, and say where it is."""
    try:
        yield
    except BaseException as error:
        FAILURES.mkdir(exist_ok=True)
        picture = FAILURES / f"{name}.png"
        page.screenshot(path=picture)
        error.add_note(f"what the browser showed: {picture}")
        raise
