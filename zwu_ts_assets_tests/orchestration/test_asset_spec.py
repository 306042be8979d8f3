"""A changed setting makes exactly the assets out of date that it shapes."""

from pathlib import Path

import pytest

from zwu_ts_assets.config.settings import EXPORTS, Settings
from zwu_ts_assets.orchestration.chosen_datasets import dataset_of, etth1
from zwu_ts_assets.orchestration.specs import SPECS
from zwu_ts_assets.timeseries.csv_rules import CsvRules
from zwu_ts_assets_tests.project import ASSETS, write_settings

SHAPED = sorted({*ASSETS, "colour_ranges", "line_plots"})  # the optional assets too


@pytest.mark.parametrize(
    ("change", "affected"),
    [
        ({"patch_stride": 6}, {"patch_videos", "colour_ranges"}),
        ({"fps": 4.0}, {"patch_videos"}),
        ({"canvas_width": 896}, {"correlation_pngs", "line_plots", "patch_videos"}),
        ({"title_batch_index": True}, {"correlation_pngs", "line_plots", "patch_videos"}),
        ({"colour_range": "train"}, {"correlation_pngs", "patch_videos"}),
        ({"figure_look": "clear"}, {"correlation_pngs", "patch_videos"}),
        ({"video_width": 896}, {"patch_videos"}),
        ({"video_height": 512}, {"patch_videos"}),
        ({"video_width": 1792, "video_height": 992}, set()),  # the size that videos have anyway
        ({"line_plots": True}, set()),
        ({"window_length": 48}, {"etth1_raw", "batch_windows"}),
        ({"window_stride": 96}, set()),  # side by side, as they are anyway
        (
            {"window_stride": 48},
            {
                *("etth1_raw", "batch_windows", "batch_stats"),
                *("correlation_pngs", "line_plots", "patch_videos"),
            },
        ),
        ({"features": ("OT",)}, {"etth1_raw", "batch_windows"}),
        ({"tokenizer": "other"}, {"qwen_tokens"}),
        ({"splitter": "m:f"}, {"vocab"}),
        ({"max_batches": 3}, {"etth1_raw"}),
        ({"time_column": "when"}, {"etth1_raw", "batch_windows"}),
        ({"delimiter": ";"}, {"etth1_raw"}),
        ({"decimal": ","}, {"etth1_raw"}),
        ({"date_format": "unix"}, {"etth1_raw"}),
        ({"time_zone": "UTC"}, {"etth1_raw"}),
        ({"gaps": "drop"}, {"etth1_raw"}),
        ({"gaps": "interpolate", "interpolate_limit": 3}, {"etth1_raw"}),
    ],
)
def test_a_changed_setting_changes_the_digest_of_exactly_the_assets_it_shapes(
    tmp_path: Path, change: dict[str, object], affected: set[str]
) -> None:
    before = etth1(tmp_path)
    settings = Settings.model_validate({**before.settings.model_dump(), **change})
    after = type(before)(before.name, before.csv, settings, specs=SPECS)
    changed = {
        name for name in SHAPED if before.settings_digest(name) != after.settings_digest(name)
    }
    assert changed == affected


def test_a_changed_canvas_leaves_videos_of_their_own_size_alone(tmp_path: Path) -> None:
    write_settings(tmp_path, "video_width = 896\nvideo_height = 512\n")
    before = etth1(tmp_path)
    write_settings(tmp_path, "video_width = 896\nvideo_height = 512\ncanvas_width = 1024\n")
    after = etth1(tmp_path)
    assert before.settings_digest("patch_videos") == after.settings_digest("patch_videos")
    assert before.settings_digest("correlation_pngs") != after.settings_digest("correlation_pngs")


def test_a_setting_at_its_default_is_part_of_no_digest(tmp_path: Path) -> None:
    plain = dataset_of("plain", tmp_path / "plain.csv")
    assert {plain.settings_digest(spec.name) for spec in SPECS if spec.name != "raw"} <= {
        plain.settings_digest("vocab"),
        *(plain.settings_digest(asset) for asset in EXPORTS.values()),
    }


def test_an_export_tells_seldom_settings_only_where_they_are_set(tmp_path: Path) -> None:
    told = etth1(tmp_path).parameters
    assert not {"time_column", "window_stride", *CsvRules.__dataclass_fields__} & {*told}
    write_settings(tmp_path, 'time_column = "when"\nwindow_stride = 48\n')
    told = etth1(tmp_path).parameters
    assert (told["time_column"], told["window_stride"]) == ("when", 48)
