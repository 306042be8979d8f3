"""The pages of a gallery tell what there is to know of a corpus, and never run what it says."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from zwu_ts_assets.gallery.site import Corpus, gallery_files, overview
from zwu_ts_assets_tests.gallery.stand_in import ROWS, corpus_of
from zwu_ts_assets_tests.training.corpora import LENGTH

HOSTILE = ("</script><script>alert(1)</script>", '"><img src=x onerror=alert(2)>', "{{ 7 * 7 }}")


class Page(HTMLParser):
    """A page as a browser takes it: its elements with their attributes, and its text."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(content.decode("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep an element."""
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Keep a text."""
        self.text += data

    def all(self, attribute: str) -> list[str]:
        """The values of an attribute."""
        return [value for _, found in self.elements if (value := found.get(attribute))]


def files_of(corpus: Corpus) -> dict[str, bytes]:
    return {file.path: file.build() for file in gallery_files(corpus)}


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return files_of(corpus_of(6))


def test_there_is_a_page_per_sample_and_per_task(files: dict[str, bytes]) -> None:
    samples = {f"samples/demo-r{number * ROWS:07d}.html" for number in range(6)}
    tasks = {f"tasks/{task}.html" for task in ("watch", "look", "highest")}
    rest = {"index.html", "index.js", "dataset.html", "gallery.css", "gallery.js"}
    assert set(files) == samples | tasks | rest


def test_the_page_of_a_sample_tells_everything_about_it(files: dict[str, bytes]) -> None:
    corpus = corpus_of(6)
    sample = corpus.samples[4]
    page = Page(files[f"samples/{sample.id}.html"])
    assert sample.stats_text in page.text
    assert f"rows {sample.past_start} to {sample.past_stop - 1}" in page.text
    for told in (sample.split, "constant:HUFL", "figure 100", "video 210", "w4", "t4"):
        assert told in page.text
    for conversation in corpus.conversations:
        if conversation.sample_id == sample.id:
            for turn in conversation.turns:
                assert turn.prompt in page.text
                assert turn.answer in page.text
    assert f"../../{sample.image}" in page.all("src")
    assert f"../../{sample.video}" in page.all("src")
    assert [tag for tag, _ in page.elements].count("canvas") == len(corpus.film.patches)
    assert {f"{corpus.samples[at].id}.html" for at in (3, 5)} <= set(page.all("href"))


def test_the_page_of_the_dataset_tells_what_was_left_out_and_why(files: dict[str, bytes]) -> None:
    page = Page(files["dataset.html"])
    assert "reach over a border of two splits" in page.text
    for first in (6 * ROWS, 5000, 6000, *range(7000, 7040)):  # each of the windows by its rows
        assert f"{first} to {first + LENGTH - 1}" in page.text
    assert "the series ends before their target does" in page.text
    assert "a row of their target lacks a value" in page.text
    assert "no lag is long enough" in page.text
    drawn = [found["class"] for tag, found in page.elements if tag == "rect"]
    assert drawn.count("embargoed") == 1
    assert {"train band", "validation band", "test band"} <= set(drawn)


def test_a_split_without_a_sample_has_its_band_and_its_reason() -> None:
    corpus = corpus_of(6)
    kept = [sample for sample in corpus.samples if sample.split != "validation"]
    talks = [each for each in corpus.conversations if each.split != "validation"]
    spans = {**corpus.report.rows, "validation": (3 * ROWS, 3 * ROWS + 20)}
    counts = {**corpus.report.samples, "validation": 0}
    report = replace(corpus.report, samples=counts, rows=spans)
    page = Page(
        files_of(
            replace(
                corpus,
                samples=kept,
                conversations=talks,
                report=report,
                missing=["there is no sample in validation. What helps: a longer CSV."],
            )
        )["dataset.html"]
    )
    (band,) = (e for tag, e in page.elements if tag == "rect" and e["class"] == "validation band")
    (told,) = (e for tag, e in page.elements if tag == "text" and e.get("class") == "empty")
    assert told["x"] == band["x"]
    assert page.text.count("no sample") == 4  # in the drawing, the table, its reason, what helps
    reason = f"its 20 rows are fewer than the {ROWS} of a window and its target"
    assert f"no sample is in validation: {reason}" in page.text
    assert "no question" in page.text
    assert "What helps: a longer CSV." in page.text
    for rows, why in (((9, 9), "it has no rows"), ((9, 9 + 3 * ROWS), "no window that was made")):
        some = replace(report, rows={**spans, "validation": rows})
        found = files_of(replace(corpus, samples=kept, conversations=talks, report=some))
        assert f"no sample is in validation: {why}" in Page(found["dataset.html"]).text


def test_tasks_that_are_left_out_for_one_reason_share_a_line() -> None:
    corpus = replace(corpus_of(6), left_out={"lag": "too few", "trend": "too few", "drift": "no"})
    page = Page(files_of(corpus)["dataset.html"])
    assert "lag, trend" in page.text
    assert page.text.count("too few") == 1


def test_the_page_of_a_task_has_examples_and_the_numbers_of_the_proof(
    files: dict[str, bytes],
) -> None:
    page = Page(files["tasks/look.html"])
    assert "Look at the figure." in page.text
    assert "33.3% of 6 (10% to 90%)" in page.text  # the better of two blind readers
    assert "100.0% of 6 (10% to 90%)" in page.text
    assert "Nobody has answered" in Page(files["tasks/watch.html"]).text


def test_what_the_overview_filters_is_json_in_a_script(files: dict[str, bytes]) -> None:
    match = re.fullmatch(rb"show_gallery\((.*)\);\n", files["index.js"])
    assert match
    told = json.loads(match[1])
    assert [each["split"] for each in told["samples"]].count("train") == 3
    assert told["samples"][4]["flags"] == ["constant:HUFL"]
    assert {task["name"] for task in told["tasks"]} == {"watch", "look", "highest"}


def test_no_page_loads_anything_from_elsewhere_or_has_a_script_of_its_own(
    files: dict[str, bytes],
) -> None:
    for name, content in files.items():
        if name.endswith(".html"):
            page = Page(content)
            policy = next(found for _, found in page.elements if "http-equiv" in found)
            assert policy["http-equiv"] == "Content-Security-Policy"
            assert str(policy["content"]).startswith("default-src 'none';")
            assert "unsafe" not in str(policy["content"])
            for address in (*page.all("src"), *page.all("href")):
                assert re.match(r"[\w./#=%-]+$", address), (name, address)
            assert not page.all("style")
            for tag, found in page.elements:
                assert tag != "script" or found.get("src"), name
                assert not [each for each in found if each.startswith("on")], name


def test_names_of_columns_are_text_wherever_they_stand() -> None:
    files = files_of(corpus_of(6, HOSTILE))
    for name, content in files.items():
        if name.endswith(".html"):
            page = Page(content)
            assert not [each for each in page.elements if each[1].get("src") == "x"], name
            assert [tag for tag, _ in page.elements].count("script") <= 2, name
    assert all(each in Page(files["dataset.html"]).text for each in HOSTILE)
    assert b"<" not in files["index.js"]
    assert b"49" not in files["tasks/highest.html"].replace(b"{{ 7 * 7 }}", b"")


def test_the_same_corpus_gives_the_same_bytes() -> None:
    assert files_of(corpus_of(6)) == files_of(corpus_of(6))


def test_one_page_shows_the_galleries_of_several_datasets() -> None:
    page = Page(overview({"etth1": "", "weather": "weather/"}))
    scripts = {
        str(found["src"]): found.get("data-root") for tag, found in page.elements if tag == "script"
    }
    assert scripts == {
        "gallery/gallery.js": None,
        "gallery/index.js": "",
        "weather/gallery/index.js": "weather/",
    }
