"""The settings file: TOML, names, types and bounds.

Held of every input: what is accepted is within the bounds and has a digest; what is refused is
refused with the file's name.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from zwu_ts_assets.config.settings import Settings
from zwu_ts_assets.config.settings_file import read_settings
from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.orchestration.datasets import Dataset
from zwu_ts_assets.orchestration.specs import SPECS
from zwu_ts_assets.timeseries.windows import patch_spans
from zwu_ts_assets_tests.fuzz import MESSAGE_LIMIT

SEEDS: Final[Sequence[bytes]] = [
    text.encode("utf-8")
    for text in (
        "",
        'time_column = "when"\nfeatures = ["a", "b"]\n',
        "window_length = 48\npatch_length = 16\npatch_stride = 8\nhorizon = 0\n",
        "canvas_width = 896\ncanvas_height = 512\ntitle_batch_index = true\n",
        "fps = 2.5\nframe_multiple = 4\nmax_batches = 3\n",
        'splitter = "m:f"\ntokenizer = "./t"\n',
        "features = [" + '"a", ' * 120 + "]\n",
        "unknown = 1\n[table]\nx = 1979-05-27T07:32:00Z\n[[array]]\ny = {z = [1, [2]]}\n",
        "fps = nan\nwindow_length = 0x60\nhorizon = 1_000\nmax_batches = 0b11\n",
        "window_length = -9223372036854775809\n",
        "window_length = " + "9" * 5_000 + "\n",
        "x = " + "[" * 1_100,
        "x = " + "{a = " * 400 + "1" + "}" * 400,
        "a" + ".a" * 300 + " = 1\n",
        '"\\u0000\\U0001F600" = """\n"""\n',
        "patch_length = 97\n",
        'delimiter = ";"\ndecimal = ","\ndate_format = "%d.%m.%Y %H:%M"\ntime_zone = "UTC"\n',
        'gaps = "interpolate"\ninterpolate_limit = 3\ndate_format = "%I %p %y %"\n',
        'time_zone = "../x"\ndate_format = "unix"\n',
    )
] + [b"time_column = 'gr\xf6\xdfe'", b"\xff\xfe", b"a = 1\r", b"\0"]

WORDS: Final[Sequence[bytes]] = [
    *(f"{name} = ".encode("ascii") for name in Settings.model_fields),
    b"\n",
    b'"""',
    b"'''",
    b"[[",
    b"]]",
    b"true",
    b"nan",
    b"-inf",
    b"0x",
    b"1e9",
    b"1979-05-27T07:32:00.999999+25:00",
    b"\\u0000",
    b"\\UFFFFFFFF",
    b"[[[[[[[[[[[[[[[[",
    b"99999999999999999999",
    b"Europe/Berlin",
    b"%Y-%m-%d",
    b"%H%M%S%p%z%j%c",
]

_FOLDER: Final = tempfile.TemporaryDirectory(
    prefix="zwu-ts-fuzz-",
    dir="/dev/shm" if Path("/dev/shm").is_dir() else None,  # noqa: S108
)
_FILE: Final = Path(_FOLDER.name) / "x.toml"


def check(data: bytes) -> bool:
    """Read it as the settings of a dataset."""
    _FILE.write_bytes(data)
    try:
        settings = read_settings(_FILE)
    except CorpusError as error:
        assert str(error).startswith((f"{_FILE}: ", f"{_FILE}, line "))
        assert len(str(error)) < MESSAGE_LIMIT
        return False
    assert Settings.model_validate(settings.model_dump()) == settings
    assert patch_spans(settings.window_length, settings.patch_length, settings.patch_stride)
    dataset = Dataset("x", _FILE.with_suffix(".csv"), settings, specs=SPECS)
    for asset in ("raw", "batch_windows", "vocab", "qwen_tokens", "patch_videos"):
        assert len(dataset.settings_digest(asset)) == 8
    return settings != Settings.model_validate({})
