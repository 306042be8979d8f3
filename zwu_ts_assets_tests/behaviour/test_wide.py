"""A dataset of 321 columns: from the CSV to exports, and what a changed selection makes again."""

import json
import re
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from zwu_ts_assets.config.settings import Settings
from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.figures.mp4 import probe_mp4
from zwu_ts_assets.orchestration.assets.batch_products import feature_selection, selection_rows
from zwu_ts_assets.orchestration.assets.validate import validate_folders
from zwu_ts_assets.orchestration.chosen_datasets import etth1
from zwu_ts_assets.orchestration.datasets import Dataset, asset_names
from zwu_ts_assets.orchestration.specs import SPECS
from zwu_ts_assets.storage.folder_store import FolderStore
from zwu_ts_assets.timeseries.series import Series
from zwu_ts_assets.timeseries.windows import Selection, read_selection
from zwu_ts_assets_tests.last_mile import copy_of, refresh, stale
from zwu_ts_assets_tests.project import Project, checks, failures, names

COLUMNS = tuple(f"MT_{i:03d}" for i in range(321))
ROWS, BATCHES, SAMPLES = 122, 5, 4  # the last window has no whole target in its split
SETTINGS = f"""\
features = [{", ".join(f'"{name}"' for name in COLUMNS)}]
window_length = 24
horizon = 24
patch_length = 12
patch_stride = 12
canvas_width = 640
canvas_height = 352
line_plots = true
colour_range = "train"
[split]
borders = [0, 120, 121, 122]
[tasks]
forecast_steps = 3
"""


def wide_values(rows: int = ROWS, seed: int = 1) -> NDArray[np.float64]:
    """Forty courses, each followed by eight columns; column 5 is constant."""
    random = np.random.default_rng(seed)
    courses = random.normal(size=(10_000, 40)).cumsum(axis=0)[:rows]
    values = courses[:, np.arange(321) % 40] + 0.1 * random.normal(size=(10_000, 321))[:rows]
    values[:, 5] = 7.0
    return np.round(values, 3)


def write_wide(path: Path) -> None:
    start = np.datetime64("2016-07-01T00:00:00")
    lines = ["date," + ",".join(COLUMNS)]
    for row, numbers in enumerate(wide_values().tolist()):
        lines.append(f"{start + np.timedelta64(row, 'h')}," + ",".join(map(str, numbers)))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("wide"), settings=SETTINGS)
    write_wide(project.csv)
    assets = asset_names(project.dataset)
    result = project.materialize(*assets, batches=(0, BATCHES - 1))
    assert result.success, failures(result)
    found = checks(result)
    found.pop("consumers_lose_nothing")  # on so small a canvas, cells are a pixel wide
    assert all(found.values()), found
    return project


def shown_in(project: Project, batch: int) -> Selection:
    facts = pq.read_schema(project.artifacts / "batch_windows" / f"batch_{batch}.parquet").metadata
    return read_selection(facts[b"shown"].decode())


def test_every_window_bears_the_same_hundred_columns(made_once: Project) -> None:
    shown = {shown_in(made_once, batch) for batch in range(BATCHES)}
    (selection,) = shown
    assert len(selection.columns) == 100
    assert sum(selection.sizes) == 321
    record = FolderStore(made_once.artifacts).record("batch_windows", "1")
    assert record is not None
    assert (record.details["features"], record.details["features_shown"]) == (321, 100)


def test_text_and_samples_have_all_columns(made_once: Project) -> None:
    text = (made_once.artifacts / "correlations" / "batch_stats.txt").read_text("utf-8")
    assert text.count("MT_") == BATCHES * 321
    table = pq.read_table(made_once.artifacts / "samples" / "train.parquet").to_pylist()
    assert len(table) == SAMPLES
    for sample in table:
        assert tuple(sample["features"]) == COLUMNS
        assert np.array(sample["past"]).shape == np.array(sample["target"]).shape == (24, 321)
        assert tuple(sample["shown"]) == shown_in(made_once, 0).columns
        assert tuple(sample["shown_sizes"]) == shown_in(made_once, 0).sizes


def test_the_video_plays(made_once: Project) -> None:
    found = probe_mp4((made_once.artifacts / "patch_videos" / "batch_0.mp4").read_bytes())
    assert (found.frames, found.width, found.height) == (2, 640, 352)


def test_prompts_and_card_say_which_columns_the_panels_show(made_once: Project) -> None:
    export = made_once.artifacts / "exports" / "qwen"
    labels = shown_in(made_once, 0).labels(COLUMNS)
    rows = [json.loads(line) for line in (export / "train.jsonl").read_text("utf-8").splitlines()]
    assert {row["id"].split("-")[1] for row in rows} == {f"r{24 * i:07d}" for i in range(SAMPLES)}
    for row in rows:
        prompt = row["conversations"][0]["value"]
        assert "The window has 321 columns. The feature panels show 100 of them: " in prompt
        assert f": {', '.join(labels)}. A number behind a name" in prompt
        assert "says for how many further columns, similar to it, the column stands." in prompt
    # What is asked of panels is asked of columns that they show, whatever they stand for.
    named = {
        name
        for row in rows
        for question, said in zip(row["questions"], row["conversations"][::2], strict=True)
        if question["needs"]
        for name in re.findall(r"MT_\d+", f"{said['value'].split(chr(10) * 2)[-1]}")
    }
    assert len(named) > 10
    assert named <= set(shown_in(made_once, 0).names(COLUMNS))
    card = (export / "README.md").read_text("utf-8")
    assert "The feature panels of figures show 100 of the 321 columns" in card
    assert "figure\\_features" not in card  # at its default


def test_preflight_counts_every_token(made_once: Project) -> None:
    record = FolderStore(made_once.artifacts).record("preflight", "all")
    assert record is not None
    rows = made_once.artifacts / "exports" / "qwen" / "corpus.json"
    samples = json.loads(rows.read_text("utf-8"))["samples"]
    found = [(sample, each) for sample in samples for each in sample["conversations"]]
    turns = [turn for _, each in found for turn in each["turns"]]
    text = sum(turn["user_tokens"] + turn["answer_tokens"] for turn in turns)
    assert text > len(found) * 100 * 4  # the names of the columns that are shown
    media = sum(
        len(each["images"]) * sample["image_tokens"] + len(each["videos"]) * sample["video_tokens"]
        for sample, each in found
    )
    # The chat template adds a few tokens to each turn.
    total = record.details["qwen3_vl_tokens"]
    assert isinstance(total, int)
    assert text + media < total < text + media + 30 * len(turns)


def test_exports_hold_against_the_csv(made_once: Project) -> None:
    said: list[str] = []
    sound = validate_folders([made_once.dataset], made_once.artifacts, [], None, said.append)
    assert sound, said
    assert not any("not checked" in line for line in said), said


def test_another_selection_is_drawn_again_and_nothing_else(
    made_once: Project, tmp_path: Path
) -> None:
    project = copy_of(made_once.data.parent, tmp_path / "project")
    assert stale(project) == set()
    project.configure('figure_columns = ["MT_300", "MT_007"]\n' + SETTINGS)
    assert {"batch_windows", "correlation_pngs", "patch_videos", "line_plots"} <= {
        item.asset for item in stale(project)
    }
    # Of the export as it is, answers would now be computed for other panels.
    said: list[str] = []
    export = project.artifacts / "exports" / "qwen"
    assert validate_folders([project.dataset], project.artifacts, [export], None, said.append)
    assert any("figure_columns was None and is 'MT_300, MT_007'" in line for line in said), said
    written = {name for name in refresh(project) if not name.startswith("exports/")}
    drawn = [
        *names("batch_windows", range(BATCHES), "parquet"),
        *names("correlations", range(BATCHES), "png"),
        *names("line_plots", range(BATCHES), "png"),
        *names("patch_videos", range(BATCHES), "mp4"),
        "correlations/colour_ranges.json",
    ]
    assert set(drawn) <= written
    # The text is made of windows and comes out the same, so that no token is counted again.
    assert not {name for name in written if "vocab" in name or "jsonl" in name}
    samples = pq.read_table(project.artifacts / "samples" / "train.parquet").to_pylist()
    assert [sample["shown"] for sample in samples] == SAMPLES * [[300, 7]]


# Which rows the choice is made by.


def series_of(rows: int) -> Series:
    hours = np.datetime64("2016-07-01T00:00:00") + np.arange(rows).astype("timedelta64[h]")
    return Series(hours.astype("datetime64[s]"), wide_values(rows), COLUMNS)


RATIOS = SETTINGS.replace("borders = [0, 120, 121, 122]", "ratios = [0.7, 0.1, 0.2]")


def ratio_dataset(folder: Path, more: str = "") -> Dataset:
    (folder / "ETTh1.toml").write_text(more + RATIOS, encoding="utf-8")
    return etth1(folder)


@pytest.mark.parametrize(
    ("rows", "windows"), [(60, 1), (69, 2), (171, 2), (172, 5), (343, 10), (4000, 10)]
)
def test_columns_are_chosen_by_the_first_windows_of_the_training_split(
    tmp_path: Path, rows: int, windows: int
) -> None:
    chosen = selection_rows(ratio_dataset(tmp_path), series_of(rows))
    assert chosen == slice(0, 24 * windows)
    assert chosen.stop <= 0.7 * rows


def test_a_training_split_shorter_than_a_window_is_all_that_is_looked_at(tmp_path: Path) -> None:
    dataset, series = ratio_dataset(tmp_path), series_of(30)
    assert selection_rows(dataset, series) == slice(0, 21)
    chosen = feature_selection(dataset, series)
    series.values[21:] = np.random.default_rng(9).normal(size=(9, 321))
    assert feature_selection(dataset, series) == chosen


def test_rows_after_them_change_nothing(tmp_path: Path) -> None:
    dataset = ratio_dataset(tmp_path)
    chosen = feature_selection(dataset, series_of(343))
    assert chosen is not None
    assert feature_selection(dataset, series_of(1000)) == chosen
    series = series_of(1000)
    series.values[240:] = np.random.default_rng(8).normal(size=(760, 321))
    assert feature_selection(dataset, series) == chosen
    series.values[:240] = np.random.default_rng(9).normal(size=(240, 321))
    assert feature_selection(dataset, series) != chosen


def test_rows_that_lack_a_value_are_passed_over(tmp_path: Path) -> None:
    dataset, series = ratio_dataset(tmp_path), series_of(343)
    missing = np.zeros(343, dtype=bool)
    missing[10] = True
    series.values[10] = np.nan
    marked = Series(series.timestamps, series.values, series.features, missing)
    assert feature_selection(dataset, marked) is not None


def test_up_to_a_hundred_columns_all_are_shown(tmp_path: Path) -> None:
    whole = series_of(72)
    narrow = Series(whole.timestamps, np.ascontiguousarray(whole.values[:, :100]), COLUMNS[:100])
    assert feature_selection(ratio_dataset(tmp_path), narrow) is None


def test_columns_can_be_named(tmp_path: Path) -> None:
    dataset = ratio_dataset(tmp_path, 'figure_columns = ["MT_009", "MT_001"]\n')
    assert feature_selection(dataset, series_of(72)) == Selection((9, 1), (1, 1))
    unknown = ratio_dataset(tmp_path, 'figure_columns = ["MT_009", "MT_999"]\n')
    with pytest.raises(CorpusError, match="figure_columns names 'MT_999', no columns that are"):
        feature_selection(unknown, series_of(72))


def test_a_canvas_without_room_for_the_default_is_refused(tmp_path: Path) -> None:
    small = RATIOS.replace("640", "448").replace("352", "224")
    (tmp_path / "ETTh1.toml").write_text(small, encoding="utf-8")
    with pytest.raises(CorpusError, match=r"of 321 columns 100 would be shown .*with more than 8"):
        feature_selection(etth1(tmp_path), series_of(72))


# Settings.


def test_digests_and_parameters_tell_a_selection_only_where_it_is_given(tmp_path: Path) -> None:
    def dataset(**given: object) -> Dataset:
        return Dataset(
            "other", csv=tmp_path / "x.csv", settings=Settings.model_validate(given), specs=SPECS
        )

    plain, few = dataset(), dataset(figure_features=50)
    assert "figure_features" not in plain.parameters
    assert "figure_columns" not in plain.settings_of("qwen_export")
    assert few.parameters["figure_features"] == 50
    assert few.settings_digest("qwen_export") != plain.settings_digest("qwen_export")
    # Told by a window's content, so that settings which change no selection change nothing.
    for asset in ("raw", "batch_windows", "correlation_pngs", "samples"):
        assert few.settings_digest(asset) == plain.settings_digest(asset)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("figure_features = 1", "'figure_features' is 1; input should be greater than or equal"),
        ("figure_features = 1001", "'figure_features' is 1001; input should be less than or"),
        ("figure_features = 900", "figure_features is 900; with more than 3"),
        ("figure_features = 150\nvideo_width = 448\nvideo_height = 224", "with more than 8"),
        ("figure_features = 101\nline_plots = true", "expected at most 100: show fewer, or set"),
        ("figure_columns = []", "figure_columns"),
        ('figure_columns = ["a", "a"]', "figure_columns names ['a'] more than once"),
        ('figure_columns = ["date"]', "time_column 'date' cannot be a feature as well"),
    ],
)
def test_a_selection_that_cannot_be_drawn_is_refused(
    tmp_path: Path, given: str, message: str
) -> None:
    (tmp_path / "ETTh1.toml").write_text(given + "\n", encoding="utf-8")
    with pytest.raises(CorpusError) as caught:
        etth1(tmp_path)
    assert message in str(caught.value)


def test_the_default_is_accepted_on_every_canvas() -> None:
    def room(**given: object) -> int:
        return Settings.model_validate(given).figure_room

    assert room(canvas_width=448, canvas_height=224) < 100
    assert room() > 300
    assert room(figure_features=300) == room()
