"""The CSV reader: header, lines, cells, timestamps, dialects, time zones and gaps.

Held of every input, under any of the rules that a user may set: both ways of reading say the same;
what is accepted is at one interval, finite but in the rows that are marked as missing, and has as
many rows as are counted beforehand.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from unittest import mock

import numpy as np

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.timeseries import csv_file, csv_header
from zwu_ts_assets.timeseries.csv_file import count_data_rows, count_grid_rows, read_series
from zwu_ts_assets.timeseries.csv_rules import CsvRules
from zwu_ts_assets.timeseries.series import Series
from zwu_ts_assets_tests.fuzz import MESSAGE_LIMIT

_GOOD: Final = (
    "date,load,OT\n"
    "2016-07-01 00:00:00,5.827,30.531\n"
    "2016-07-01 01:00:00,-5.76,+2.7e1\n"
    "2016-07-01 02:00:00,.5,5.\n"
)

SEEDS: Final[Sequence[bytes]] = [
    text.encode("utf-8")
    for text in (
        "",
        _GOOD,
        "\ufeff" + _GOOD,
        _GOOD.replace("\n", "\r\n"),
        _GOOD.replace(" ", "T"),
        _GOOD.replace(" ", ""),
        _GOOD.replace(",", ";"),
        _GOOD.replace(",", "\t"),
        _GOOD[:-1],
        _GOOD + "\n \n",
        _GOOD.replace("load", '"load, ""kW"""').replace("5.827", '"5.827"'),
        "load,date\n1,2016-07-01\n2,2016-07-02\n3,2016-07-04\n",
        "date,load\n2016-07-01 00:00,1\n2016-07-01 00:15,2\n",
        "date,load\n2016-07-01T00:00:00Z,nan\n2016-07-01T00:00:00.5,inf\n",
        "date,note,load\n2016-07-01,a,1\n2016-07-02,,2\n",
        "date,größe,温度\n2016-07-01,1,2\n",
        "1,2,3\n4,5,6\n",
        "date,load\n" + "".join(f"2016-07-{day:02d},{day}.25\n" for day in range(1, 32)),
        "date,load\n" + "0000-01-01,1e400\n" + "9999-12-31,-1\n",
        "when;load\n" + "".join(f"{day:02d}.07.2016 00:15;{day},25\n" for day in range(9, 15)),
        "load|when\n1|7/13/2016 12:00 AM\n2|7/13/2016 1:00 PM\n",
        "ts\tload\n1467331200\t1\n1467331260\t\n1467331380\t4.5\n",
        "date,load\n2016-07-01T00:00:00+02:00,1\n2016-07-01T00:00:00Z,2\n",
        "date,load\n" + "".join(f"2016-10-30 0{h}:00,1\n" for h in (0, 1, 2, 2, 3)),
        "date,load\n2016-03-27 01:00,1\n2016-03-27 03:00,2\n2016-03-27 05:00,\n",
        "a;b;load\n2016-07-01;2016-07-01;1,234\n",
        "date,load\n2016-07-01,1\n2016-07-02,\n2016-07-03,NA\n2016-07-05,7\n",
        "date;load\n"
        + "".join(f"2016-07-{day:02d};{day}\n" for day in range(1, 25))
        + "2016-07-25;1,5\n",
        "date;load\n"
        + "".join(f"2016-07-{day:02d};{day}\n" for day in range(1, 25))
        + "2016-07-25;1.234\n",
        "date,load\n2016-07-01 00:00:00.00,5\n2016-07-01 00:00:00.25,6\n2016-07-01 00:00:00.50,1\n",
        "date,load\n1467331200000,5\n1467331200033,6\n1467331200067,1\n1467331200100,2\n",
        "date,load\n2016-07-01T00:00:00,5\n2016-07-01T00:00:00.1Z,6\n2016-07-01T00:00:00.2,1\n",
        "id,when,load\n100000001,1 Jul 2016,1\n100000002,2 Jul 2016,2\n",
        "date,load\n2016070100,5%\n2016070101,n.a.\n2016070102,7\n",
    )
] + [b"PK\x03\x04", b"\xff\xfed\0a\0", b"date,load\n\0,\xff\n", b"date\r2016-07-01\r"]

WORDS: Final[Sequence[bytes]] = [
    b"date",
    b"load",
    b"\r\n",
    b'""',
    b"\xef\xbb\xbf",
    b"2016-07-01 00:00:00",
    b"2016-07-01T01:00",
    b"2016-02-30",
    b"nan",
    b"NULL",
    b"#N/A",
    b"-inf",
    b"1.#INF",
    b"1e308",
    b"1e-400",
    b"0x1p3",
    b"1_000",
    b"\xc2\xa0",
    b"\xe2\x80\xa8",
    b"\xd9\xa3",
    b"+00:00",
    b"01.07.2016 00:15",
    b"7/13/2016 12:00 AM",
    b"1467331200",
    b"1467331200000",
    b"2016-10-30 02:30",
    b";",
    b"\t",
    b"|",
    b"1,5",
    b"\x1c",
]

_FOLDER: Final = tempfile.TemporaryDirectory(
    prefix="zwu-ts-fuzz-",
    dir="/dev/shm" if Path("/dev/shm").is_dir() else None,  # noqa: S108
)
_FILE: Final = Path(_FOLDER.name) / "x.csv"


# What a user may say; the first is what is read if nobody says anything.
RULES: Final[Sequence[CsvRules]] = [
    CsvRules(),
    CsvRules(gaps="drop"),
    CsvRules(gaps="interpolate", interpolate_limit=2, time_zone="Europe/Berlin"),
    CsvRules(delimiter=";", decimal=",", date_format="%d.%m.%Y %H:%M", gaps="drop"),
    CsvRules(date_format="unix", decimal=","),
]


def check(data: bytes) -> bool:
    """Read it in both ways, with features found and with one named, under all rules."""
    _FILE.write_bytes(data)
    accepted = [_check(None, rules) for rules in RULES]
    return any([*accepted, _check(("load",), RULES[0]), _check(("load",), RULES[1])])


def _check(features: Sequence[str] | None, rules: CsvRules) -> bool:
    by_blocks = _read(features, rules, by_blocks=True)
    by_lines = _read(features, rules, by_blocks=False)
    if isinstance(by_blocks, str) or isinstance(by_lines, str):
        assert isinstance(by_blocks, str)
        assert by_blocks == by_lines
        assert str(_FILE) in by_blocks or "The setting `features`" in by_blocks
        assert len(by_blocks) < MESSAGE_LIMIT
        return False
    assert by_blocks.features == by_lines.features
    assert by_blocks.timestamps.tobytes() == by_lines.timestamps.tobytes()
    assert by_blocks.values.tobytes() == by_lines.values.tobytes()
    lacking = np.isnan(by_blocks.values).any(axis=1)
    if by_blocks.missing is None:
        assert not lacking.any()
    else:
        assert rules.allows_gaps
        assert (by_blocks.missing == lacking).all()
        assert lacking.any()
    assert not np.isinf(by_blocks.values).any()
    if by_blocks.interpolated is not None:
        assert rules.gaps == "interpolate"
        assert not np.isnan(by_blocks.values[by_blocks.interpolated]).any()
    if rules.allows_gaps:
        assert by_blocks.rows == count_grid_rows(_FILE, features=features, rules=rules)
        assert count_data_rows(_FILE) <= by_blocks.rows <= 2 * count_data_rows(_FILE)
    else:
        assert by_blocks.rows == count_data_rows(_FILE)
    steps = np.unique(np.diff(by_blocks.timestamps))
    # Steps of the calendar differ in seconds.
    assert len(steps) <= 1 or not by_blocks.axis.is_fixed
    assert (steps > np.timedelta64(0, "s")).all()
    return True


def _read(features: Sequence[str] | None, rules: CsvRules, *, by_blocks: bool) -> Series | str:
    """The series, or what is said against the file."""
    # Small blocks, so that a short input has several; and few lines that tell how it is written, so
    # that it has others.
    with mock.patch.object(csv_file, "_BLOCK", 64), mock.patch.object(csv_header, "_SAMPLE", 256):
        if by_blocks:
            return _attempt(features, rules)
        with mock.patch.object(csv_file, "parse_block", lambda *_: None):
            return _attempt(features, rules)


def _attempt(features: Sequence[str] | None, rules: CsvRules) -> Series | str:
    try:
        return read_series(_FILE, features=features, rules=rules)
    except CorpusError as error:
        return str(error)
