"""Whatever columns are called: artifacts stay in their folder, figures draw, text comes back."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.figures.figure import Canvas, draw_figure
from zwu_ts_assets.orchestration.assets.previews import rows_table, series_table
from zwu_ts_assets.orchestration.assets.tables import decode_table, encode_table
from zwu_ts_assets.text.stats import format_block, parse_stats, stats_lines
from zwu_ts_assets.text.verification import vocabulary_problem
from zwu_ts_assets.text.vocabulary import build_vocabulary, token_rows_jsonl, vocabulary_json
from zwu_ts_assets.timeseries.csv_file import read_series
from zwu_ts_assets.timeseries.series import Series
from zwu_ts_assets_tests.project import SETTINGS, Project, checks, failures, metadata

HOSTILE = [
    "../../../etc/passwd",
    "/etc/passwd",
    "..",
    "C:\\windows\\x",
    "a,b",
    '"',
    "Mean:",
    "--- Batch 0 ---",
    "x: Mean=1.00, Max=2.00, Var=0.25",
    "<script>alert(1)</script>",
    "![x](https://example.org/x.png)",
    "[x](javascript:alert(1))",
    "|`*_~#&amp;\\",
    "```",
    "$x^2$",
    "$\\frac{$",
    "%s %(x)d %n",
    "{0} {x!r} {",
    "${HOME} $(id) `id`",
    "=1+1",
    "עברית",
    "\u202eRTL\u202c",
    "e\u0301\u0327",
    "\u0301" * 300,
    "😀👨\u200d👩\u200d👧",
    "温度",
    "\ufffd",
    "\U000e0041",
    "NULL",
    "timestamp",
    "A" * 10_000,
    "<pad>",
    "<|im_end|>",
]
NAMES = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"]), min_size=1),
).filter(lambda name: bool(name.strip()) and name != "date")


def write_table(path: Path, names: list[str], rows: int) -> None:
    """A CSV with such a header and random walks in it."""
    values = np.random.default_rng(5).normal(size=(rows, len(names))).cumsum(axis=0)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["date", *names])
    for row in range(rows):
        when = np.datetime64("2016-07-01T00:00:00") + np.timedelta64(row, "h")
        writer.writerow([str(when), *values[row].round(3)])
    path.write_text(text.getvalue(), encoding="utf-8")


def everything_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_a_whole_corpus_is_made_of_columns_with_hostile_names(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    plain, hostile = Project(tmp_path / "a", rows=48), Project(tmp_path / "b", rows=48)
    write_table(hostile.csv, HOSTILE, 48)
    hostile.configure(SETTINGS + f"features = {as_toml(HOSTILE)}\n")
    assert plain.materialize(batches=(0, 1)).success
    with pytest.warns(UserWarning, match="the font DejaVu Sans lacks"):
        result = hostile.materialize(batches=(0, 1))
    assert failures(result) == []
    assert result.success
    # The very same files, and nothing outside the two folders that are there for it.
    assert everything_in(hostile.artifacts) == everything_in(plain.artifacts)
    assert {path.name for path in (tmp_path / "b").iterdir()} == {"data", "artifacts"}
    assert all(checks(result).values())
    for asset in ("etth1_raw", "batch_stats", "vocab", "qwen_tokens"):
        shown = metadata(hostile, asset)
        assert len(json.dumps(shown, default=str)) < 30_000, asset
        assert "<script>" not in str(shown.get("preview")).replace("\\<", "").partition("```")[0]
    text = hostile.files()["correlations/batch_stats.txt"].decode("utf-8")
    assert [batch for batch, _ in parse_stats(text)] == [0, 1]


def as_toml(names: list[str]) -> str:
    """A list of strings as TOML, which has JSON's escapes but no surrogate pairs."""
    return json.dumps(names, ensure_ascii=False)


@pytest.mark.parametrize("name", ["a\nb", "a\rb", "a\0b", "\x1b[31m", "a\u2028b", "a\x85", " ", ""])
def test_names_that_cannot_work_are_refused_with_their_place(tmp_path: Path, name: str) -> None:
    path = tmp_path / "x.csv"
    write_table(path, ["load", name], 3)
    with pytest.raises(CorpusError, match="line 1"):
        read_series(path)


@settings(deadline=None)
@given(names=st.lists(NAMES, min_size=1, max_size=4, unique=True))
def test_names_come_back_from_the_csv_the_table_the_text_and_the_tokens(
    names: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "names.csv"
    write_table(path, names, 3)
    series = read_series(path)
    assert series.features == tuple(names)
    table = encode_table(series.timestamps, series.values, series.features, {})
    assert decode_table(table)[2] == tuple(names)
    lines = stats_lines(series.values, series.features)
    assert [line.rpartition(": Mean=")[0] for line in lines] == names
    blocks = parse_stats(format_block(0, lines))
    assert blocks == [(0, " ".join(lines))]
    vocabulary = build_vocabulary(text for _, text in blocks)
    rows = token_rows_jsonl(blocks, vocabulary)
    assert vocabulary_problem(vocabulary_json(vocabulary), rows) == ""
    (row,) = map(json.loads, rows.splitlines())
    assert "".join(row["tokens"]) == "".join(blocks[0][1].split())


@given(names=st.lists(NAMES, min_size=1, max_size=4, unique=True))
def test_in_the_web_ui_a_name_is_a_text_in_its_cell_and_nothing_else(names: list[str]) -> None:
    stamps = np.datetime64("2016-07-01T00:00:00", "s") + np.arange(2)
    markdown = series_table(Series(stamps, np.zeros((2, len(names))), tuple(names)))
    assert cells(markdown)[0] == ["timestamp", *map(expected_cell, names)]
    row = {"batch": 7, "tokens": names, "ids": [1] * len(names)}
    markdown = rows_table(json.dumps(row).encode("utf-8"))
    assert cells(markdown)[1] == ["7", str(len(names)), expected_cell(" ".join(names))]


def cells(markdown: str) -> list[list[str]]:
    """The rows of a table as a Markdown parser reads them; every cell plain text."""
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(markdown)
    assert {token.type.removesuffix("_open").removesuffix("_close") for token in tokens} <= {
        *("table", "thead", "tbody", "tr", "th", "td", "inline"),
    }
    rows: list[list[str]] = []
    for token in tokens:
        if token.type == "tr_open":
            rows.append([])
        if token.type == "inline":
            children = token.children or []
            assert {child.type for child in children} <= {"text", "text_special"}
            rows[-1].append("".join(child.content for child in children))
    return rows


def expected_cell(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 60 else text[:60] + "…"


@pytest.mark.parametrize(
    "names",
    [
        HOSTILE,
        ["A" * 10_000, "l" * 10_000, "\u0301" * 10_000],
        [f"{i}" + "W" * 2_000 for i in range(100)],
    ],
    ids=["hostile", "three of 10,000 characters", "a hundred of 2,000"],
)
@pytest.mark.filterwarnings("ignore:the figures show")
def test_figures_draw(names: list[str]) -> None:
    values = np.random.default_rng(1).normal(size=(24, len(names)))
    frame = draw_figure(values, tuple(names), Canvas(896, 512))
    assert frame.shape == (512, 896, 3)
    for half in (frame[:256], frame[256:]):
        assert len(np.unique(half.reshape(-1, 3), axis=0)) > 100  # heat maps, not a blank page
