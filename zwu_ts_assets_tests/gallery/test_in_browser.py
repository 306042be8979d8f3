"""The gallery as a person meets it: opened from disk, in a real browser, without a server."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from zwu_ts_assets_tests.browser import a_picture_if_it_fails, a_tab, browser_path
from zwu_ts_assets_tests.gallery.stand_in import ROWS, corpus_of, write_gallery

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SAMPLES = 3_000
PER_PAGE = 24


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a gallery of many samples, below a folder with characters that URLs escape."""
    browser_path()
    folder = tmp_path_factory.mktemp("gallery") / "50 % of #1"
    folder.mkdir()
    write_gallery(corpus_of(SAMPLES), folder)
    return (folder / "gallery").as_uri()


@pytest.fixture
def page() -> Iterator[Page]:
    """A tab that reaches no server at all; what the console says or what cannot be read fails."""
    problems: list[str] = []
    with a_tab("file:") as page:
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("requestfailed", lambda request: problems.append(f"{request.url} failed"))
        yield page
        assert problems == []


def test_thousands_of_samples_are_filtered_and_paged_at_once(gallery: str, page: Page) -> None:
    with a_picture_if_it_fails(page, "gallery"):
        page.goto(f"{gallery}/index.html")
        found, cards = page.locator("#found"), page.locator("#samples a")
        expect(found).to_have_text(f"{SAMPLES} of {SAMPLES} samples, asked {3 * SAMPLES} questions")
        expect(cards).to_have_count(PER_PAGE)
        expect(cards.first.locator("img")).to_have_js_property("complete", True)
        assert cards.first.locator("img").evaluate("image => image.naturalWidth") > 0
        milliseconds = page.evaluate(
            """async () => {
                const begun = performance.now();
                location.hash = "split=test";
                await new Promise((done) => addEventListener("hashchange", () => setTimeout(done)));
                return performance.now() - begun;
            }"""
        )
        assert milliseconds < 1_000
        expect(found).to_have_text(f"500 of {SAMPLES} samples, asked 1500 questions")
        page.locator(".pages").first.get_by_role("link", name="21", exact=True).click()
        expect(cards).to_have_count(500 - 20 * PER_PAGE)

        page.get_by_role("button", name="All").click()
        page.get_by_label("Flag").select_option("constant:HUFL")
        expect(cards).to_have_count(1)
        page.get_by_role("button", name="All").click()
        page.get_by_label("Batch or row").fill(str(7 * ROWS + 3))
        page.get_by_label("Batch or row").press("Enter")
        expect(cards).to_have_count(1)
        expect(cards.first).to_contain_text(f"demo-r{7 * ROWS:07d}")
        cards.first.click()
        expect(page).to_have_url(f"{gallery}/samples/demo-r{7 * ROWS:07d}.html")


def test_a_video_plays_and_each_of_its_patches_can_be_read(gallery: str, page: Page) -> None:
    with a_picture_if_it_fails(page, "sample"):
        page.goto(f"{gallery}/samples/demo-r0000000.html")
        drawn = page.locator("#frames canvas[data-drawn]")
        expect(drawn).to_have_count(3)
        pixels = "canvas => [canvas.width, canvas.height]"
        assert drawn.first.evaluate(pixels) == page.locator("video").first.evaluate(
            "video => [video.videoWidth, video.videoHeight]"
        )
        video = page.locator("main > video")
        video.evaluate(
            """video => new Promise((done) => {
                video.ontimeupdate = () => { if (video.currentTime > 0.6) done(); };
                video.play();
            })"""
        )
        drawn.first.click()
        expect(page.locator("#frames figure.whole")).to_have_count(1)


def test_a_link_to_a_task_leads_to_the_samples_that_are_asked_it(gallery: str, page: Page) -> None:
    with a_picture_if_it_fails(page, "task"):
        page.goto(f"{gallery}/dataset.html")
        page.get_by_role("link", name="highest").click()
        page.get_by_role("link", name="All samples that are asked this.").click()
        expect(page.locator("#task")).to_have_value("highest")
        expect(page.locator("#found")).to_have_text(
            f"{SAMPLES} of {SAMPLES} samples, asked {3 * SAMPLES} questions"
        )
