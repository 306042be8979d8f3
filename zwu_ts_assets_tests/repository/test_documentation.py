"""The README and the pages of docs/: their examples work, their tables say what is there."""

import ast
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tools import documentation
from zwu_ts_assets.config.settings import Settings
from zwu_ts_assets.config.settings_file import read_settings
from zwu_ts_assets.figures.figure import draw_figure
from zwu_ts_assets.orchestration.specs import SPECS
from zwu_ts_assets.timeseries.csv_file import read_csv, read_series
from zwu_ts_assets.timeseries.windows import cut_window
from zwu_ts_assets.training.split_rule import SplitRule
from zwu_ts_assets.training.task_settings import TaskSettings
from zwu_ts_assets_tests.reference import REPOSITORY

DOCS = REPOSITORY / "docs"
README = REPOSITORY / "README.md"
PAGES = (README, *sorted(DOCS.rglob("*.md")))


def text_of_page(name: str) -> str:
    """A page of docs/."""
    return (DOCS / name).read_text(encoding="utf-8")


def code_blocks(text: str, language: str) -> list[str]:
    """The code blocks of a page in a language."""
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def rows_of(table: str) -> dict[str, list[str]]:
    """The cells of each row of the tables in a Markdown text, by the name in the first cell."""
    rows = [line.strip("|").split(" | ") for line in table.splitlines() if line.startswith("| `")]
    named = {row[0].strip(" `"): [cell.strip() for cell in row[1:]] for row in rows}
    assert len(named) == len(rows)
    return named


# --- the README, and what every page has to keep


def test_the_readme_can_be_read_in_one_sitting() -> None:
    lines = README.read_text(encoding="utf-8").splitlines()
    assert 100 < len(lines) <= 220


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(REPOSITORY).as_posix())
def test_every_file_that_a_page_links_to_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", text)
    # Pages that lie elsewhere in the repository are known to the site by another name.
    elsewhere = {DOCS / name: REPOSITORY / path for name, path in documentation.PAGES.items()}
    places = [(page.parent / link).resolve() for link in links if not link.startswith("gallery/")]
    assert [place for place in places if not elsewhere.get(place, place).is_file()] == []


def test_every_page_can_be_reached_from_the_readme_or_the_front_page() -> None:
    found = set()
    waiting = {README, DOCS / "index.md"}
    while waiting:
        page = waiting.pop()
        found.add(page)
        links = re.findall(r"\]\((?!https?:|#)([^)#]+\.md)", page.read_text(encoding="utf-8"))
        waiting |= {(page.parent / link).resolve() for link in links} & set(PAGES) - found
    assert set(PAGES) - found == set()


def test_the_makefile_has_every_command_that_a_page_names() -> None:
    targets = set()
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for arguments in re.findall(r"(?:`|^)make ([^`#\n]+)", text, re.MULTILINE):
            targets.update(re.sub(r"-C \S+|\w+=(\"[^\"]*\"|\S*)", "", arguments).split())
    rules = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    known = set(re.findall(r"^([\w.-]+):", rules, re.MULTILINE))

    assert {"run", "test", "dev", "status", "check", "lock", "clean", "docs", ".venv"} <= targets
    assert targets - known == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(REPOSITORY).as_posix())
def test_the_settings_files_on_a_page_are_valid(page: Path, tmp_path: Path) -> None:
    for block in code_blocks(page.read_text(encoding="utf-8"), "toml"):
        written = tomllib.loads(block)
        tables = [written]
        if not set(written) & set(Settings.model_fields):  # a file for all datasets
            tables = list(written.values())
        for table in tables:
            given = Settings.model_validate(table, strict=False)
            # A block that shows a default shows nothing.
            assert any(getattr(given, name) != default(name) for name in table), block


def default(name: str) -> object:
    """The default of a setting."""
    return Settings.model_fields[name].default


def test_the_pages_have_as_many_settings_files_as_they_should() -> None:
    blocks = [block for page in PAGES for block in code_blocks(page.read_text("utf-8"), "toml")]
    assert len(blocks) >= 10


def test_the_python_example_draws_the_figure_of_the_front_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data").mkdir()
    shutil.copy(REPOSITORY / "data" / "sample.csv", tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    shutil.copy(REPOSITORY / "data" / "sample.csv", tmp_path / "weather.csv")

    names: dict[str, Any] = {}
    for block in code_blocks(text_of_page("from-python.md"), "python"):
        exec(compile(block, "from-python.md", "exec"), names)  # noqa: S102 - our own page

    assert len(names["corpus"].windows) == 10
    assert names["frame"].shape == (992, 1792, 3)
    drawn = np.asarray(Image.open(tmp_path / "figure.png"))
    shown = np.asarray(Image.open(DOCS / "figure.png"))
    assert np.array_equal(drawn, shown)


def test_the_notebook_runs_and_shows_a_figure_and_a_video(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(DOCS)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    names: dict[str, Any] = {}
    shown = []
    cells = json.loads((DOCS / "notebook.ipynb").read_text(encoding="utf-8"))["cells"]
    for cell in [cell for cell in cells if cell["cell_type"] == "code"]:
        assert cell["outputs"] == []
        # As a notebook does it: of a cell that ends with an expression, its value is shown.
        parsed = ast.parse("".join(cell["source"]))
        last = parsed.body.pop() if isinstance(parsed.body[-1], ast.Expr) else None
        exec(compile(parsed, "notebook.ipynb", "exec"), names)  # noqa: S102 - our own page
        if isinstance(last, ast.Expr):
            shown.append(eval(compile(ast.Expression(last.value), "it", "eval"), names))  # noqa: S307
    kinds = [type(value).__name__ for value in shown]
    assert kinds.count("PngImageFile") == 2
    assert kinds.count("Video") == 1
    assert kinds.count("DataFrame") == 4
    assert (shown[-1] / "figure.png").read_bytes()[1:4] == b"PNG"


def test_every_module_in_the_layout_is_there() -> None:
    layout = code_blocks(text_of_page("contributing.md"), "text")[0]
    modules = re.findall(r"\b\w+\.py\b", layout)
    present = {path.name for path in (REPOSITORY / "zwu_ts_assets").rglob("*.py")}

    assert len(modules) > 10
    assert set(modules) <= present


def test_every_test_that_a_promise_names_is_there() -> None:
    named = set(re.findall(r"`((?:\w+/)*test_\w+\.py)`", text_of_page("promises.md")))
    tests = REPOSITORY / "zwu_ts_assets_tests"
    present = {path.relative_to(tests).as_posix() for path in tests.rglob("test_*.py")}

    assert len(named) > 50
    lost = [name for name in named if not any(f"/{path}".endswith(f"/{name}") for path in present)]
    assert lost == []


def test_every_module_that_a_page_names_is_there() -> None:
    named = {
        path
        for page in PAGES
        for path in re.findall(r"\bzwu_ts_assets(?:_tests)?/[\w/]+\.py\b", page.read_text("utf-8"))
    }
    assert named
    assert [path for path in sorted(named) if not (REPOSITORY / path).is_file()] == []


def test_every_environment_variable_is_told() -> None:
    config = REPOSITORY / "zwu_ts_assets" / "config" / "environment.py"
    variables = set(re.findall(r"ZWU_TS_[A-Z_]+", config.read_text(encoding="utf-8")))

    assert len(variables) > 10
    assert variables - set(rows_of(text_of_page("reference/environment.md"))) == set()


# --- tables that are made when the site is built


def test_the_settings_are_told_as_a_user_writes_them() -> None:
    rows = rows_of(documentation.settings_tables())

    assert rows["window_length"] == [
        *("`96`", "4 to 1000", "Rows of a window."),
        "`etth1_raw`, `batch_windows`",
    ]
    assert rows["canvas_width"][:2] == ["`1792`", "448 to 4096, a multiple of 32"]
    assert rows["max_batches"][:2] == ["unset", "1 or more"]
    assert rows["preset"][:2] == ['`"full"`', '`"full"` or `"compact"`']
    assert rows["delimiter"][1] == '`","`, `";"`, `"\\t"` or <code>"&#124;"</code>'
    assert rows["time_columns"][1] == "1 to 7 entries"
    assert rows["lags"][:2] == ["`[]`", "at most 20 entries, each 1 to 10000"]
    assert rows["title_batch_index"][:2] == ["`false`", "`true` or `false`"]
    assert rows["split"][:2] == ["a table", "a table"]
    assert rows["units"][:2] == ["`{}`", "a table"]
    assert rows["fps"][:2] == ["`2.0`", "0.001 to 60"]
    tasks = rows_of(documentation.settings_table(TaskSettings))
    assert tasks["levels"][0] == "`[1, 2, 3, 4, 5]`"
    assert tasks["unanswerable"][:2] == ["`0.05`", "0 to 0.5"]
    split = rows_of(documentation.settings_table(SplitRule))
    assert split["borders"][1] == "4 entries, each 0 or more"
    assert split["dates"][1] == "2 to 3 entries"


@pytest.mark.parametrize("model", [Settings, TaskSettings, SplitRule])
def test_every_setting_is_told_with_all_of_its_bounds(model: type[Any]) -> None:
    table = documentation.settings_table(model)
    rows = rows_of(documentation.settings_tables() if model is Settings else table)
    assert list(rows) == list(model.model_fields)
    assert all(row[2] for row in rows.values())

    keys = ("minimum", "maximum", "minItems", "maxItems", "minLength", "maxLength", "multipleOf")

    def limits(rule: dict[str, Any]) -> set[float]:
        inner = [*rule.get("anyOf", []), *rule.get("prefixItems", [])]
        inner += [rule["items"]] if "items" in rule else []
        here = {float(rule[key]) for key in keys if key in rule}
        return here.union(*map(limits, inner))

    for name, rule in model.model_json_schema()["properties"].items():
        told = {float(number) for number in re.findall(r"\d+(?:\.\d+)?", rows[name][1])}
        # One character or entry at least is told as "not empty".
        assert limits(rule) - told <= ({1.0} if "not empty" in rows[name][1] else set()), name


def test_a_setting_names_the_assets_that_it_makes_out_of_date() -> None:
    rows = rows_of(documentation.settings_tables())
    assert rows["patch_stride"][3].split(", ") == [
        *("`colour_ranges`", "`patch_videos`", "`samples`", "`questions`", "`evidence`")
    ]
    assert rows["fps"][3] == "`patch_videos`"
    assert rows["splitter"][3] == "`vocab`"


def test_the_assets_are_told_as_etth1_has_them() -> None:
    rows = rows_of(documentation.assets_table())

    assert list(rows) == ["etth1_raw", *(spec.name for spec in SPECS if spec.name != "raw")]
    assert rows["etth1_raw"] == [
        *("no", "`data/ETTh1.csv`"),
        *("the validated table of the CSV, with its timestamps", "`etth1_raw.parquet`"),
    ]
    assert rows["correlation_pngs"] == [
        *("yes", "`batch_windows`"),
        "a 2x3 figure per window: DTW, covariance, Pearson, feature by feature and time by time",
        "`correlations/batch_{i}.png`",
    ]
    assert rows["vocab"][3] == (
        "`correlations/vocab.json`, `correlations/batch_stats_tokens.jsonl`"
    )
    assert rows["qwen_export"][3] == "`exports/qwen/`"


def test_each_asset_has_a_section_with_its_settings_and_checks() -> None:
    sections = dict(
        re.findall(r"^### `(\w+)`\n(.*?)(?=^### |\Z)", documentation.asset_sections(), re.M | re.S)
    )
    assert set(sections) == set(rows_of(documentation.assets_table()))
    assert 'Only with `colour_range = "train"`.' in sections["colour_ranges"]
    assert "Only where the values of windows are drawn as lines." in sections["line_plots"]
    assert "or with `line_plots = true` in the settings" in sections["line_plots"]
    assert "`correlations/batch_{i}/row_{row}.png`" in sections["correlation_pngs"]
    assert "Settings that matter: `tokenizer`." in sections["qwen_tokens"]
    assert "Check `splits_share_no_row`: " in sections["samples"]
    assert 'or with `exports = ["qwen"]` in the settings' in sections["qwen_export"]
    assert "all but `each_series`, `exports`, `max_batches`" in sections["qwen_export"]


def test_the_commands_are_told_as_make_and_the_program_tell_them() -> None:
    assert rows_of(documentation.make_targets())["make status"] == [
        "list what is out of date, and why"
    ]
    told = documentation.commands()
    assert "### `export`" in told
    assert "--format" in told
    assert "--workers" in told


def test_every_mark_in_a_page_is_one_that_is_made() -> None:
    marks = [
        mark
        for page in PAGES
        for mark in re.findall(r"<!-- made: (.*?) -->", page.read_text("utf-8"))
    ]
    assert sorted(marks) == sorted(documentation.MADE)


@pytest.mark.slow
def test_the_gallery_shows_what_its_settings_make() -> None:
    files = documentation.gallery_files()
    page = documentation.gallery()
    assert set(re.findall(r"gallery/[\w.]+", page)) == set(files)
    sizes = {
        name: Image.open(io.BytesIO(data)).size
        for name, data in files.items()
        if name.endswith(".png")
    }
    assert sizes.pop("gallery/compact.png") == (896, 512)
    assert set(sizes.values()) == {(1792, 992)}
    series = read_series(REPOSITORY / "data" / "sample.csv")
    window = cut_window(series, documentation.WINDOW, length=96, horizon=96)
    expected = draw_figure(window.values, window.features)
    drawn = np.asarray(Image.open(io.BytesIO(files["gallery/figure.png"])))
    assert np.array_equal(drawn, expected)
    assert len(set(files.values())) == len(files)


# --- the page about one's own data


@dataclass(frozen=True)
class Expected:
    """How pandas reads one of the ten files, and what is said of its time.

    Attributes:
        read: Reads the file into a frame of numbers whose index are times.
        time: What the reading says of the time.
    """

    read: Callable[[Path], pd.DataFrame]
    time: str


def plain(path: Path, time: str, **told: Any) -> pd.DataFrame:
    """What `read_csv` gives, with a column of times as its index."""
    frame: pd.DataFrame = pd.read_csv(path, **told)
    return frame.set_index(pd.to_datetime(frame.pop(time), **times_told(time)))


def times_told(name: str) -> dict[str, Any]:
    """What pandas has to be told of a column of times."""
    return {"Zeit": {"format": "%d.%m.%Y %H:%M"}, "open_time": {"unit": "ms"}}.get(name, {})


def plant(path: Path) -> pd.DataFrame:
    frame = plain(path, "when", dtype=str)
    return frame.replace(r"[^\d.]", "", regex=True).astype(float)


def meter(path: Path) -> pd.DataFrame:
    frame = pd.read_csv(path)
    times = pd.to_datetime(frame.pop("Date") + " " + frame.pop("Time"), format="%d/%m/%Y %H:%M:%S")
    return frame.set_index(times)


def air(path: Path) -> pd.DataFrame:
    frame = pd.read_csv(path)
    parts = ["year", "month", "day", "hour"]
    return frame.drop(columns=parts).set_index(pd.to_datetime(frame[parts]))


def shops(path: Path) -> pd.DataFrame:
    frame = pd.read_csv(path, parse_dates=["ds"])
    return frame.pivot_table(index="ds", columns="unique_id", values="y")


def buoy(path: Path) -> pd.DataFrame:
    frame = plain(path, "time", skiprows=3, na_values=["-9999"])
    return frame.set_axis(pd.DatetimeIndex(frame.index).tz_localize(None))


TEN = {
    "load.csv": Expected(lambda path: plain(path, "date"), "column date, ISO 8601; 1 hour"),
    "verbrauch.csv": Expected(
        lambda path: plain(path, "Zeit", sep=";", decimal=","),
        "column Zeit, %d.%m.%Y %H:%M; 15 minutes",
    ),
    "plant.csv": Expected(plant, "column when, ISO 8601; 1 hour"),
    "passengers.csv": Expected(lambda path: plain(path, "Month"), "column Month, %Y-%m; 1 month"),
    "shares.csv": Expected(
        lambda path: plain(path, "Date").iloc[::-1],
        "column Date, ISO 8601; rows are counted, times are labels",
    ),
    "meter.csv": Expected(meter, "columns Date and Time, %d/%m/%Y %H:%M:%S; 1 minute"),
    "air.csv": Expected(air, "columns year, month, day and hour; 1 hour"),
    "shops.csv": Expected(shops, "column ds, ISO 8601; 24 hours"),
    "candles.csv": Expected(
        lambda path: plain(path, "open_time"), "column open_time, unix_ms; 1 hour"
    ),
    "buoy.csv": Expected(buoy, "column time, ISO 8601 with the offset from UTC; 1 hour"),
}


def ten_files() -> dict[str, tuple[str, str]]:
    """The ten files as the page prints them, each with its settings."""
    page = text_of_page("your-own-csvs.md")
    section = page.partition("## Ten typical files\n")[2].partition("\n## ")[0]
    found = {}
    for part in section.split("\n### ")[1:]:
        (content,) = code_blocks(part, "csv")
        found[part.split("`")[1]] = (content, "".join(code_blocks(part, "toml")))
    return found


def test_the_page_shows_ten_files_that_need_two_lines_of_settings_at_most() -> None:
    files = ten_files()
    assert list(files) == list(TEN)
    assert all(len(settings.splitlines()) <= 2 for _, settings in files.values())
    assert sum(settings == "" for _, settings in files.values()) >= 5


@pytest.mark.parametrize("name", TEN)
def test_a_file_of_the_page_is_read_as_pandas_reads_it(name: str, tmp_path: Path) -> None:
    content, toml = ten_files()[name]
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    path.with_suffix(".toml").write_text(toml, encoding="utf-8")
    settings = read_settings(path.with_suffix(".toml"))

    reading = read_csv(
        path,
        time_column=settings.time_column,
        features=settings.features,
        rules=settings.csv_rules,
    )

    expected = TEN[name].read(path)
    assert list(reading.series.features) == list(expected.columns)
    assert np.array_equal(reading.series.values, expected.to_numpy(float), equal_nan=True)
    times = expected.index.to_numpy().astype(reading.series.timestamps.dtype)
    assert np.array_equal(reading.series.timestamps, times)
    assert reading.time_told() == TEN[name].time


# --- the tutorial


@pytest.fixture
def tutorial_csv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The CSV that the tutorial makes, with the settings that it writes."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    page = text_of_page("tutorial.md")
    (block,) = code_blocks(page, "python")
    exec(compile(block, "tutorial.md", "exec"), {})  # noqa: S102 - our own page
    (toml,) = code_blocks(page, "toml")
    (tmp_path / "data" / "weather.toml").write_text(toml, encoding="utf-8")
    return tmp_path / "data" / "weather.csv"


def test_the_tutorial_makes_a_series_without_a_gap(tutorial_csv: Path) -> None:
    series = read_series(tutorial_csv)
    assert series.rows == 6000
    assert series.rows // 96 == 62
    settings = read_settings(tutorial_csv.with_suffix(".toml"))
    assert set(settings.units) < set(series.features)


@pytest.mark.slow
def test_the_tutorial_ends_with_files_that_a_trainer_loads(tutorial_csv: Path) -> None:
    toml = tutorial_csv.with_suffix(".toml")
    # Drawn smaller than in the tutorial, to be quicker.
    toml.write_text('preset = "compact"\n' + toml.read_text("utf-8"), encoding="utf-8")
    place = tutorial_csv.parents[1]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("ZWU_")},
        "ZWU_TS_DATA_DIR": str(place / "data"),
        "ZWU_TS_ARTIFACTS_DIR": str(place / "artifacts"),
        "DAGSTER_HOME": str(place / "home"),
    }
    command = [sys.executable, "-m", "zwu_ts_assets", "export", "weather"]
    command += ["--format", "ms_swift", "--workers", "1"]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    export = place / "artifacts" / "weather" / "exports" / "ms_swift"
    for split in ("train", "validation", "test"):
        lines = (export / f"{split}.jsonl").read_text(encoding="utf-8").splitlines()
        rows = [json.loads(line) for line in lines]
        assert rows
        media = [path for row in rows for path in (*row.get("images", []), *row.get("videos", []))]
        assert media
        assert all((export / path).is_file() for path in media)
