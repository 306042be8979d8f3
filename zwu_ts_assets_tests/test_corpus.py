"""The Python API: the same windows, pictures and samples as the artifacts, without Dagster."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from zwu_ts_assets import Corpus
from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets_tests.project import OVERLAPPING, OVERLAPPING_SPLIT, SETTINGS, Project
from zwu_ts_assets_tests.project import names as file_names

SPLIT = "[split]\nratios = [0.4, 0.3, 0.3]\n"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    found = Project(tmp_path_factory.mktemp("corpus"), rows=245, settings=SETTINGS + SPLIT)
    found.materialize(batches=(0, 9))
    found.materialize("line_plots", "samples", batches=(0, 9))
    return found


@pytest.fixture(scope="module")
def corpus(project: Project) -> Corpus:
    return Corpus(project.csv)


def test_no_dagster_is_imported(project: Project) -> None:
    code = (
        "import sys, zwu_ts_assets\n"
        "assert not {'numpy', 'pandas', 'dagster', 'pydantic'} & set(sys.modules)\n"
        "from zwu_ts_assets import Corpus\n"
        f"corpus = Corpus({str(project.csv)!r})\n"
        "corpus.windows[0].figure(), corpus.samples()\n"
        "assert 'dagster' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_figures_and_videos_have_the_bytes_of_the_artifacts(
    project: Project, corpus: Corpus
) -> None:
    files = project.files()
    assert len(corpus.windows) == 10
    for number in (0, 9, -1):
        window = corpus.windows[number]
        (png,) = file_names("correlations", [window.batch], "png")
        (mp4,) = file_names("patch_videos", [window.batch], "mp4")
        assert window.png == files[png]
        assert window.mp4 == window.video() == files[mp4]
    assert corpus.windows[3].figure().size == corpus.windows[3].line_plot().size == (448, 224)


def test_a_video_is_played_by_a_notebook(corpus: Corpus) -> None:
    html = corpus.windows[0].video()._repr_html_()
    assert html.startswith("<video controls")
    assert "data:video/mp4;base64,AAAA" in html


def test_windows_of_fixed_colours_have_the_bytes_of_the_artifacts(tmp_path: Path) -> None:
    fixed = Project(tmp_path, rows=245, settings=SETTINGS + 'colour_range = "train"\n' + SPLIT)
    fixed.materialize(
        *("etth1_raw", "batch_windows", "colour_ranges", "correlation_pngs"), batches=(0, 9)
    )
    assert Corpus(fixed.csv).windows[7].png == fixed.files()["correlations/batch_7.png"]


def test_overlapping_windows_are_in_the_order_of_time(tmp_path: Path) -> None:
    project = Project(tmp_path, rows=90, settings=OVERLAPPING + OVERLAPPING_SPLIT)
    project.materialize("etth1_raw", "batch_windows", "correlation_pngs", batches=(0, 6))
    windows = Corpus(project.csv).windows
    assert [each.window.start for each in windows] == list(range(90 - 12 + 1))
    files = project.files()
    assert windows[25].batch == 2
    assert windows[25].png in [data for name, data in files.items() if "batch_2/" in name]


def test_values_statistics_and_matrices_are_those_of_the_table(
    project: Project, corpus: Corpus
) -> None:
    table = pd.read_csv(project.csv, parse_dates=["date"], index_col="date").iloc[72:96]
    window = corpus.windows[3]
    pd.testing.assert_frame_equal(
        window.values, table, check_names=False, check_freq=False, check_index_type=False
    )
    expected = pd.DataFrame(
        {"mean": table.mean(), "maximum": table.max(), "variance": table.var(ddof=0)}
    )
    pd.testing.assert_frame_equal(window.stats, expected)
    z = (table - table.mean()) / (table.std(ddof=0) + 1e-5)
    matrices = dataclasses.asdict(window.matrices)
    assert {each.shape for each in matrices.values()} == {(7, 7), (24, 24)}
    np.testing.assert_allclose(matrices["time_pearson"], np.corrcoef(z), rtol=1e-9)


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_samples_are_those_of_the_artifacts(project: Project, corpus: Corpus, split: str) -> None:
    made = pd.read_parquet(project.artifacts / "samples" / f"{split}.parquet")
    found = corpus.samples(split)
    assert len(found) > 0
    assert list(found["id"]) == list(made["id"])
    assert list(found["stats_text"]) == list(made["stats_text"])
    assert [tuple(flags) for flags in found["flags"]] == [tuple(flags) for flags in made["flags"]]
    assert found["target"].iloc[0].shape == (24, 7)
    assert set(found["split"]) == {split}


def test_settings_by_name_override_those_of_the_file(project: Project) -> None:
    corpus = Corpus(project.csv, window_length=48, horizon=0, features=["OT", "HUFL"])
    assert corpus.windows[0].values.shape == (48, 2)
    assert "245 rows, 2 columns, 5 windows of 48 rows" in repr(corpus)
    assert corpus.dataset.settings.canvas_width == 448
    with pytest.raises(CorpusError, match=r"the settings given by name: .*window_lenght"):
        Corpus(project.csv, window_lenght=48)
    with pytest.raises(CorpusError, match="there is no such file"):
        Corpus(project.csv.with_name("none.csv"))
    with pytest.raises(ValueError, match="'valid' is no split"):
        corpus.samples("valid")


def test_columns_that_are_left_out_are_named(tmp_path: Path) -> None:
    project = Project(tmp_path)
    lines = project.csv.read_text("utf-8").splitlines()
    rows = [f"{line},{i % 3}:north" for i, line in enumerate(lines[1:])]
    project.csv.write_text("\n".join([lines[0] + ",place", *rows]) + "\n", "utf-8")
    weather = project.data / "weather.csv"
    weather.write_bytes(project.csv.read_bytes())
    assert "place" in str(Corpus(weather, window_length=24).notes)
