"""TOML files override the defaults of settings, and what is wrong in one is told."""

import errno
import json
import os
import time
from pathlib import Path

import pytest

from zwu_ts_assets.config.settings_file import read_settings
from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.orchestration.chosen_datasets import etth1
from zwu_ts_assets_tests.project import write_settings


def test_the_file_beside_the_csv_overrides_the_defaults(tmp_path: Path) -> None:
    write_settings(tmp_path, 'patch_stride = 6\nfeatures = ["OT", "HUFL"]\n')
    settings = etth1(tmp_path).settings
    assert (settings.patch_stride, settings.features) == (6, ("OT", "HUFL"))
    assert settings.patch_length == 24


def test_the_compact_preset_sets_the_canvas_and_nothing_that_is_set(tmp_path: Path) -> None:
    write_settings(tmp_path, 'preset = "compact"\n')
    assert etth1(tmp_path).settings.canvas_size == (896, 512)
    assert etth1(tmp_path).settings.video_size == (896, 512)
    write_settings(tmp_path, 'preset = "compact"\ncanvas_width = 1024\n')
    assert etth1(tmp_path).settings.canvas_size == (1024, 512)
    write_settings(tmp_path, 'preset = "small"\n')
    with pytest.raises(CorpusError, match="'preset' is 'small'; input should be 'full' or 'comp"):
        etth1(tmp_path)


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
        ("fps = 0", "'fps' is 0; input should be greater than or equal to 0.001"),
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
    toml = write_settings(tmp_path, text)
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
            "setting 'tasks.tasks': 'forecst' is no task; the tasks are:",
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
    toml = write_settings(tmp_path, text)
    with pytest.raises(CorpusError) as caught:
        etth1(tmp_path)
    assert str(caught.value).startswith(str(toml))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "Value error" not in str(caught.value)


def test_a_settings_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    toml = tmp_path / "ETTh1.toml"
    toml.write_bytes('time_column = "größe"'.encode("latin-1"))
    with pytest.raises(CorpusError, match="not UTF-8"):
        read_settings(toml)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = " + "[" * 20_000, "line 1: found names or brackets nested deeper than 8 levels"),
        ("\nx = " + "{a = " * 9_000, "line 2: found names or brackets nested deeper than 8"),
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
    toml = write_settings(tmp_path, text)
    with pytest.raises(CorpusError) as caught:
        read_settings(toml)
    assert message in str(caught.value)
    assert len(str(caught.value)) < 4_000


DEEP = "a" + ".a" * 20_000 + " = 1"


@pytest.mark.parametrize(
    "text",
    [
        DEEP,
        f"[{DEEP[:-4]}]",
        DEEP.replace(".", " . ")[:60_000] + " = 1",
        '"a"' + ".'a'" * 15_000 + " = 1",
        "x = {" + DEEP + "}",
        # Behind what a reader may take for the inside of a string or of a comment, and TOML not.
        f'x = "#"\n{DEEP}',
        f'x = """a""""\n{DEEP}',
        f'x = ["""a"""", {{{DEEP}}}, "b"]',
        f"x = ['''a'''', {{{DEEP}}}, 'b']",
        "x = [', {{{DEEP}}}, ']",
        f'x = ["\\"", {{{DEEP}}}, "\\""]',
        f'x = ["\\\\", {{{DEEP}}}, "b"]',
        f'# """\n{DEEP}\n# """',
        'x = """' + '\\"""' * 15_000 + "\\",
        '"' * 65_000,
        "[" * 65_000,
    ],
)
def test_a_hostile_settings_file_takes_no_time(tmp_path: Path, text: str) -> None:
    # Parsed, the first of them takes ten seconds and more.
    toml = write_settings(tmp_path, text)
    began = time.process_time()
    with pytest.raises(CorpusError):
        read_settings(toml)
    assert time.process_time() - began < 1.5


def test_dots_and_brackets_that_nest_nothing_are_no_depth(tmp_path: Path) -> None:
    columns = ["a.b.c.d.e.f.g.h.i.j", "[[[[[[[[[[", 'say "{{{{{{{{{{"', "it's # [[[[[[[[["]
    toml = write_settings(
        tmp_path,
        f"features = {json.dumps(columns)}  # a.b.c.d.e.f.g.h.i.j [[[[[[[[[[\n"
        f'description = """\n1.2.3.4.5.6.7.8.9.10 {{{{[[[[[[[[[[ \\""" "" """\n'
        "[split]\nratios = [0.7, 0.1, 0.2]\n",
    )
    assert list(read_settings(toml).features or ()) == columns


def test_a_settings_file_that_is_no_file_is_refused(tmp_path: Path) -> None:
    toml = tmp_path / "ETTh1.toml"
    toml.mkdir()
    with pytest.raises(CorpusError, match="something that is no file"):
        read_settings(toml)
    toml.rmdir()
    os.mkfifo(toml)  # opening it would wait for ever
    with pytest.raises(CorpusError, match="something that is no file"):
        read_settings(toml)


def test_a_settings_file_that_cannot_be_looked_for_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(path: Path, **_: object) -> bool:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "exists", forbidden)
    with pytest.raises(CorpusError, match=r"ETTh1\.toml: cannot be read: Permission denied"):
        read_settings(tmp_path / "ETTh1.toml")
