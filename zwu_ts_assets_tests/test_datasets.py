"""Settings have defaults and bounds, and a TOML file beside the CSV overrides them."""

import os
from pathlib import Path

import pytest

from zwu_ts_assets.corpus.csv_rules import CsvRules
from zwu_ts_assets.corpus.errors import CorpusError
from zwu_ts_assets.datasets import Settings, etth1, find_datasets, read_settings, sample
from zwu_ts_assets_tests.project import ASSETS

SHAPED = sorted({*ASSETS, "colour_ranges", "line_plots"})  # the optional assets too


def write(folder: Path, text: str) -> Path:
    toml = folder / "ETTh1.toml"
    toml.write_text(text, encoding="utf-8")
    return toml


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


def test_the_file_beside_the_csv_overrides_the_defaults(tmp_path: Path) -> None:
    write(tmp_path, 'patch_stride = 6\nfeatures = ["OT", "HUFL"]\n')
    settings = etth1(tmp_path).settings
    assert (settings.patch_stride, settings.features) == (6, ("OT", "HUFL"))
    assert settings.patch_length == 24


def test_a_settings_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "ETTh1.toml").write_bytes(b"\xef\xbb\xbffps = 4.0\r\n")
    (tmp_path / "datasets.toml").write_bytes(b"\xef\xbb\xbf[etth1]\r\nhorizon = 7\r\n")
    settings = etth1(tmp_path).settings
    assert (settings.fps, settings.horizon) == (4.0, 7)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("window_length = 3", "'window_length' is 3; input should be greater than or equal to 4"),
        ('window_length = "96"', "'window_length' is '96'; input should be a valid integer"),
        ("window_size = 96", "unknown setting 'window_size'; the settings are: time_column"),
        ("patch_length = 97", "patch_length is 97, longer than window_length 96"),
        ("window_stride = 97", "window_stride is 97, larger than window_length 96: rows between"),
        ("window_stride = 0", "'window_stride' is 0; input should be greater than or equal to 1"),
        ("canvas_width = 1800", "'canvas_width' is 1800; input should be a multiple of 32"),
        ("video_width = 900", "'video_width' is 900; input should be a multiple of 32"),
        ("video_height = 192", "'video_height' is 192; input should be greater than or equal to"),
        ('colour_range = "test"', "'colour_range' is 'test'; input should be 'window' or 'train'"),
        ("line_plots = 1", "'line_plots' is 1; input should be a valid boolean"),
        ("fps = 0", "'fps' is 0; input should be greater than 0"),
        ("fps = nan", "'fps' is nan"),
        ("frame_multiple = 0", "'frame_multiple' is 0"),
        ("max_batches = 0", "'max_batches' is 0"),
        ("horizon = -1", "'horizon' is -1"),
        ("features = []", "features"),
        ('features = ["OT", "OT"]', "names ['OT'] more than once"),
        ('features = ["date"]', "time_column 'date' cannot be a feature as well"),
        ("fps = ", "not valid TOML"),
        ('delimiter = ":"', "'delimiter' is ':'; input should be ',', ';', '\\t' or '|'"),
        ('decimal = "x"', "'decimal' is 'x'; input should be '.' or ','"),
        ('date_format = "%d.%m."', "'date_format': '%d.%m.' does not tell year, month, day"),
        ('time_zone = "Berlin"', "'time_zone': 'Berlin' is no time zone; expected an IANA name"),
        ('gaps = "fill"', "'gaps' is 'fill'; input should be 'refuse', 'drop' or 'interpolate'"),
        ('gaps = "interpolate"', "gaps is 'interpolate' and interpolate_limit is None"),
        ("interpolate_limit = 3", 'interpolate_limit belongs to gaps = "interpolate"'),
    ],
)
def test_an_invalid_setting_is_named_with_what_was_found(
    tmp_path: Path, text: str, message: str
) -> None:
    toml = write(tmp_path, text)
    with pytest.raises(CorpusError) as caught:
        etth1(tmp_path)
    assert str(toml) in str(caught.value)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[split]\nratios = [0.7, 0.3]", "'split.ratios' is [0.7, 0.3]; value 3 of it is missing"),
        ("[split]\nratios = [1.5, 0, 0]", "'split.ratios[0]' is 1.5; input should be less than or"),
        (
            "[split]\nratios = [0.7, 0.3, 0.2]",
            "setting 'split': the ratios 0.7, 0.3, 0.2 add up to",
        ),
        ("[split]\nembargo_rows = -1", "'split.embargo_rows' is -1; input should be greater"),
        ("split = 3", "'split' is 3; expected a table, written [split]"),
        (
            "[split]\nrations = [1]",
            "unknown setting 'rations' in the table [split]; its settings are: ratios, borders",
        ),
        (
            "[split]\nratios = [0.7, 0.1, 0.2]\nborders = [0, 1, 2, 3]",
            "setting 'split': the split is given by ratios and by borders; expected one of them",
        ),
        (
            '[split]\ndates = ["soon", "later"]',
            "setting 'split': 'soon' is no date; expected ISO 8601",
        ),
        (
            "[split]\ndates = [2017-07-01, 2017-05-01]",
            "setting 'split': the dates are 2017-07-01, 2017-05-01; expected increasing ones",
        ),
        (
            '[tasks]\ntasks = ["forecst"]',
            "setting 'tasks.tasks': 'forecst' is no task or is named twice; the tasks are:",
        ),
        (
            "[tasks]\ndecimals = 10",
            "'tasks.decimals' is 10; input should be less than or equal to 9",
        ),
        ("[units]\nOT = 3", "'units.OT' is 3; input should be a valid string"),
        ('exports = ["parquet"]', "'exports[0]' is 'parquet'; input should be 'qwen', 'ms_swift'"),
    ],
)
def test_an_invalid_setting_of_a_table_is_named_with_its_table(
    tmp_path: Path, text: str, message: str
) -> None:
    toml = write(tmp_path, text)
    with pytest.raises(CorpusError) as caught:
        etth1(tmp_path)
    assert str(caught.value).startswith(str(toml))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "Value error" not in str(caught.value)


def test_a_wider_embargo_alone_keeps_the_published_borders(tmp_path: Path) -> None:
    write(tmp_path, "[split]\nembargo_rows = 24\n")
    split = etth1(tmp_path).split_rule(17_420)
    assert (split.borders, split.embargo_rows) == ((0, 8640, 11520, 14400), 24)
    write(tmp_path, "[split]\nratios = [0.8, 0.1, 0.1]\n")
    split = etth1(tmp_path).split_rule(17_420)
    assert (split.borders, split.ratios) == (None, (0.8, 0.1, 0.1))


def test_a_csv_that_does_not_reach_the_published_borders_is_divided_by_ratios(
    tmp_path: Path,
) -> None:
    assert etth1(tmp_path).split_rule(14_400).borders == (0, 8640, 11520, 14400)
    assert not etth1(tmp_path).split_rule(14_399).is_given


def test_an_export_tells_what_shaped_it_and_no_folder_of_this_machine(tmp_path: Path) -> None:
    write(tmp_path, 'prompts = "/home/somebody/prompts"\nvideo_width = 896\n')
    told = etth1(tmp_path).parameters
    assert (told["window_length"], told["video_width"], told["video_height"]) == (96, 896, 992)
    assert "somebody" not in str(told)
    assert not {"exports", "export_media", "splitter", "licence"} & set(told)


def test_a_settings_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    toml = tmp_path / "ETTh1.toml"
    toml.write_bytes('time_column = "größe"'.encode("latin-1"))
    with pytest.raises(CorpusError, match="not UTF-8"):
        read_settings(toml)


@pytest.mark.parametrize(
    ("change", "affected"),
    [
        ({"patch_stride": 6}, {"patch_videos", "colour_ranges"}),
        ({"fps": 4.0}, {"patch_videos"}),
        ({"canvas_width": 896}, {"correlation_pngs", "line_plots", "patch_videos"}),
        ({"title_batch_index": True}, {"correlation_pngs", "line_plots", "patch_videos"}),
        ({"colour_range": "train"}, {"correlation_pngs", "patch_videos"}),
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
        ({"time_column": "date"}, set()),  # which is what unset means where there is one
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
    after = type(before)(before.name, before.csv, settings)
    changed = {
        name for name in SHAPED if before.settings_digest(name) != after.settings_digest(name)
    }
    assert changed == affected


def test_a_changed_canvas_leaves_videos_of_their_own_size_alone(tmp_path: Path) -> None:
    write(tmp_path, "video_width = 896\nvideo_height = 512\n")
    before = etth1(tmp_path)
    write(tmp_path, "video_width = 896\nvideo_height = 512\ncanvas_width = 1024\n")
    after = etth1(tmp_path)
    assert before.settings_digest("patch_videos") == after.settings_digest("patch_videos")
    assert before.settings_digest("correlation_pngs") != after.settings_digest("correlation_pngs")


def test_one_side_of_a_video_may_differ_from_the_canvas(tmp_path: Path) -> None:
    write(tmp_path, "video_height = 512\n")
    assert etth1(tmp_path).settings.video_size == (1792, 512)


def test_settings_that_came_later_leave_existing_artifacts_current(tmp_path: Path) -> None:
    """The digests that versions without them recorded."""
    dataset = etth1(tmp_path)
    recorded = {
        "etth1_raw": "b06e69ba",
        "batch_windows": "1fb195ec",
        "colour_ranges": "7b4d1bac",
        "correlation_pngs": "ddbf335e",
        "line_plots": "588e3e80",
        "batch_stats": "44136fa3",
        "vocab": "8a1d4899",
        "qwen_tokens": "e6b9224f",
        "patch_videos": "41b184d6",
        "samples": "c80d47df",
        "preflight": "158a9fd6",
        "qwen_export": "f1bc54f0",
    }
    assert {name: dataset.settings_digest(name) for name in recorded} == recorded
    assert sample(tmp_path).settings_digest("raw") == "592c5e67"
    # What exports tell of themselves is part of their bytes.
    assert dataset.parameters["time_column"] == "date"
    assert not {"window_stride", *CsvRules.__dataclass_fields__} & {*dataset.parameters}


def test_an_export_tells_how_the_csv_was_read_where_that_is_not_the_usual(tmp_path: Path) -> None:
    write(tmp_path, 'gaps = "interpolate"\ninterpolate_limit = 3\ntime_zone = "UTC"\n')
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


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = " + "[" * 20_000, "nested a thousand deep"),
        ("x = " + "{a = " * 9_000, "nested a thousand deep"),
        ("window_length = " + "9" * 5_000, "thousands of digits"),
        ("window_length = 0x" + "f" * 5_000, "'window_length' is a int too long to be shown"),
        ("# " + "x" * 70_000, "found more than 65,536 bytes"),
        ('time_column = "' + "x" * 9_000 + '"\nfeatures = ["' + "x" * 9_000 + '"]', "as well"),
        ("\n".join(f"x{i} = 1" for i in range(5_000)), "and 4990 more"),
        ("window_length = " + str(["x" * 9_000]), "'window_length' is ['xxx"),
    ],
)
def test_what_a_hostile_file_holds_is_refused_in_a_message_that_can_be_read(
    tmp_path: Path, text: str, message: str
) -> None:
    toml = write(tmp_path, text)
    with pytest.raises(CorpusError) as caught:
        read_settings(toml)
    assert message in str(caught.value)
    assert len(str(caught.value)) < 4_000


def test_a_settings_file_that_is_no_file_is_refused(tmp_path: Path) -> None:
    toml = tmp_path / "ETTh1.toml"
    toml.mkdir()
    with pytest.raises(CorpusError, match="something that is no file"):
        read_settings(toml)
    toml.rmdir()
    os.mkfifo(toml)  # opening it would wait for ever
    with pytest.raises(CorpusError, match="something that is no file"):
        read_settings(toml)
