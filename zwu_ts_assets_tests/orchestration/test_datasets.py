"""What a dataset is called, how its rows are divided, and what an export tells of it."""

from pathlib import Path

import pytest

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.orchestration.chosen_datasets import etth1, find_datasets, sample
from zwu_ts_assets_tests.project import write_settings


def test_the_defaults_are_those_of_the_original(tmp_path: Path) -> None:
    settings = etth1(tmp_path).settings
    assert settings.features == ("HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT")
    assert (settings.window_length, settings.horizon) == (96, 96)
    assert (settings.patch_length, settings.patch_stride) == (24, 12)
    assert (settings.canvas_width, settings.canvas_height) == (1792, 992)
    assert (settings.fps, settings.frame_multiple) == (2.0, 2)
    assert settings.max_batches is None
    assert settings.tokenizer is None
    assert not settings.title_batch_index
    assert settings.colour_range == "window"
    assert not settings.line_plots
    assert settings.video_size == settings.canvas_size == (1792, 992)


def test_a_wider_embargo_alone_keeps_the_published_borders(tmp_path: Path) -> None:
    write_settings(tmp_path, "[split]\nembargo_rows = 24\n")
    split = etth1(tmp_path).split_rule(17_420)
    assert (split.borders, split.embargo_rows) == ((0, 8640, 11520, 14400), 24)
    write_settings(tmp_path, "[split]\nratios = [0.8, 0.1, 0.1]\n")
    split = etth1(tmp_path).split_rule(17_420)
    assert (split.borders, split.ratios) == (None, (0.8, 0.1, 0.1))


def test_a_csv_that_does_not_reach_the_published_borders_is_divided_by_ratios(
    tmp_path: Path,
) -> None:
    assert etth1(tmp_path).split_rule(14_400).borders == (0, 8640, 11520, 14400)
    assert not etth1(tmp_path).split_rule(14_399).is_given


def test_an_export_tells_what_shaped_it_and_no_folder_of_this_machine(tmp_path: Path) -> None:
    write_settings(tmp_path, 'prompts = "/home/somebody/prompts"\nvideo_width = 896\n')
    told = etth1(tmp_path).parameters
    assert (told["window_length"], told["video_width"], told["video_height"]) == (96, 896, 992)
    assert "somebody" not in str(told)
    assert not {"exports", "export_media", "splitter", "licence"} & set(told)


def test_one_side_of_a_video_may_differ_from_the_canvas(tmp_path: Path) -> None:
    write_settings(tmp_path, "video_height = 512\n")
    assert etth1(tmp_path).settings.video_size == (1792, 512)


def test_an_export_tells_how_the_csv_was_read_where_that_is_not_the_usual(tmp_path: Path) -> None:
    write_settings(tmp_path, 'gaps = "interpolate"\ninterpolate_limit = 3\ntime_zone = "UTC"\n')
    told = etth1(tmp_path).parameters
    assert (told["gaps"], told["interpolate_limit"], told["time_zone"]) == ("interpolate", 3, "UTC")


def test_the_sample_has_a_prefix_of_its_own_and_is_not_named_etth1(tmp_path: Path) -> None:
    dataset = sample(tmp_path)
    assert dataset.prefix == ("sample",)
    assert dataset.raw_asset == "sample_raw"
    assert "synthetic" in dataset.settings.description


def test_an_unknown_dataset_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"no dataset 'ettm9'; the datasets are: etth1, sample"):
        find_datasets(tmp_path, ["ettm9"])
