"""The card is what the hub accepts, says every fact, and is the same each time."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import DatasetCard
from hypothesis import example, given, settings
from hypothesis import strategies as st

from zwu_ts_assets.training.card import CardFacts, card_files, card_markdown
from zwu_ts_assets.training.exports.formats import FORMATS
from zwu_ts_assets_tests.training.corpora import card_facts, make_sample, series_values

FACTS = card_facts([make_sample(0, "train", series_values(30))], b"figure", b"strip")
FILES = {"train": ["train.jsonl"], "test": ["test.jsonl"]}


def front_matter(card: str) -> dict[str, Any]:
    values = vars(DatasetCard(card).data)
    return {name: value for name, value in values.items() if value is not None}


def markdown(facts: CardFacts) -> str:
    return card_markdown(
        facts, format_name="qwen", configurations={"default": FILES}, usage="Load it."
    )


def test_the_hub_reads_the_front_matter() -> None:
    data = front_matter(markdown(FACTS))
    assert data["license"] == "cc-by-nd-4.0"
    assert data["pretty_name"] == "Demo: a *series*"
    assert data["size_categories"] == ["n<1K"]
    assert data["configs"][0]["data_files"] == [
        {"split": "train", "path": ["train.jsonl"]},
        {"split": "test", "path": ["test.jsonl"]},
    ]


@pytest.mark.parametrize(
    ("licence", "expected"),
    [
        ("", {"license": "unknown"}),
        ("MIT", {"license": "mit"}),
        ("Ask Bob: he knows", {"license": "other", "license_name": "ask-bob-he-knows"}),
        ("自由", {"license": "other", "license_name": "named-in-the-card"}),
    ],
)
def test_a_licence_that_the_hub_does_not_know_is_other(
    licence: str, expected: dict[str, str]
) -> None:
    data = front_matter(markdown(replace(FACTS, licence=licence)))
    assert {key: data[key] for key in data if key.startswith("license")} == expected


def test_a_licence_without_derivatives_is_warned_of() -> None:
    assert "only unchanged" in markdown(FACTS)
    assert "only unchanged" not in markdown(replace(FACTS, licence="cc-by-4.0"))


def test_every_fact_is_said() -> None:
    text = markdown(FACTS)
    for fact in (
        *("<https://example.org/a_b/demo.csv>", "1 hour", "ratio 0.6/0.2/0.2", "Öl °C", "°C"),
        *("| train | 0 to 29 | 2020-01-01 00:00:00 | 2020-01-02 05:00:00 | 1 | 2 | 0 | 1,234 |",),
        *("window\\_length | 24", "limit | none", "no row \\| in two splits", "| 0123 |"),
        *("card/figure.png", "card/film_strip.jpg", "zwu\\_ts\\_assets | 0.1.0", "Load it."),
    ):
        assert fact in text


def test_an_empty_split_has_no_rows() -> None:
    empty = replace(FACTS.splits[1], first_row=None, stop_row=None, samples=0, tokens=None)
    text = markdown(replace(FACTS, splits=[FACTS.splits[0], empty]))
    assert "| validation | none |" in text
    assert "| not counted |" in text


def test_the_same_facts_give_the_same_files() -> None:
    def made() -> list[tuple[str, str, bytes]]:
        files = card_files(
            FACTS, format_name="qwen", configurations={"default": FILES}, usage="Load it."
        )
        return [(each.path, each.made_from, each.build()) for each in files]

    assert made() == made()
    assert [path for path, _, _ in made()] == [
        "README.md",
        "card/figure.png",
        "card/film_strip.jpg",
    ]


@settings(max_examples=50, deadline=None)
@example(text='\U0001f600\x7f\x85\u2028\ufeff\x00"\\: - #')
@given(text=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30))
def test_no_name_breaks_out_of_the_front_matter_or_a_table(text: str) -> None:
    facts = replace(FACTS, title=text, units={text: text}, licence=text, description=text)
    card = markdown(facts)
    data = front_matter(card)
    assert data["pretty_name"] == text
    assert set(data) <= {
        *("license", "license_name", "language", "pretty_name", "size_categories"),
        *("task_categories", "tags", "configs"),
    }
    rows = [line for line in card.split("\n") if line.startswith("|")]
    columns = rows[2].replace("\\\\", "").replace("\\|", "")
    assert columns.count("|") == 3


@pytest.mark.parametrize("name", list(FORMATS))
def test_every_export_has_a_card_with_pictures(exports_once: Path, name: str) -> None:
    folder = exports_once / name
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert f"`{name}`" in text
    for picture in ("card/figure.png", "card/film_strip.jpg"):
        assert f"]({picture})" in text
        assert (folder / picture).stat().st_size > 1000


def test_a_card_says_what_altered_copies_are_where_questions_show_some() -> None:
    told = "line plot of a copy of a window, into which an anomaly was put"
    assert told not in markdown(FACTS)
    altered = replace(FACTS.tasks[0], name="anomaly", needs=("altered",))
    assert told in markdown(replace(FACTS, tasks=[*FACTS.tasks, altered]))
