"""Files as programs and people write them, one small file per habit, held against pandas.

pandas is told how each file is written, and what to do with it; we find it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.timeseries import csv_file
from zwu_ts_assets.timeseries.csv_file import count_data_rows, count_grid_rows, read_csv
from zwu_ts_assets.timeseries.csv_rules import CsvRules
from zwu_ts_assets_tests.timeseries.csv_text import good_lines, refusal, text_of, write

DROP = CsvRules(gaps="drop")
HEADER, *ROWS = good_lines(6)
GOOD = text_of([HEADER, *ROWS])
SEMICOLONS = GOOD.replace(",", ";")


def each(lines: Sequence[str], before: str = "", after: str = "") -> str:
    """A text of lines with something before and after each."""
    return text_of([f"{before}{line}{after}" for line in lines])


def numbered(lines: Sequence[str]) -> str:
    """What `to_csv` makes of a frame that has the default index."""
    return text_of([f",{lines[0]}", *(f"{row},{line}" for row, line in enumerate(lines[1:]))])


def same(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame as it is."""
    return frame


@dataclass(frozen=True)
class Habit:
    """A file, what pandas has to be told of it, and what we say of it.

    Attributes:
        name: Of the habit.
        content: The file.
        told: Arguments of `pandas.read_csv`.
        note: A part of what the reading says; nothing where it is no news.
        then: What is done with the frame.
        time: The name of the time column.
        rules: What a user has to write into the settings; nothing, but for gaps.
    """

    name: str
    content: str | bytes
    told: dict[str, Any] = field(default_factory=dict)
    note: str = ""
    then: Callable[[pd.DataFrame], pd.DataFrame] = same
    time: str = "date"
    rules: CsvRules = CsvRules()  # noqa: RUF009 - frozen


LATE_TEXT = [
    f"2016-07-01 {hour:02d}:{minute:02d},1.5," for hour in range(3) for minute in range(60)
]
LATE_TEXT[120:] = [f"{line}broken" for line in LATE_TEXT[120:]]


def stamped(form: str, every: str = "1h", count: int = 800) -> str:
    """A file of rows whose times are written in a form of `strftime`."""
    times = pd.date_range("2011-10-01", periods=count, freq=every).strftime(form)
    return text_of(
        ["when,load", *(f'"{time}",{row * 37 % 101}.5' for row, time in enumerate(times))]
    )


def times_of(form: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """What makes times of the stamps of a frame, of UTC if they tell a zone."""

    def then(frame: pd.DataFrame) -> pd.DataFrame:
        times = pd.to_datetime(frame["when"].astype(str), format=form, utc=True)
        return frame.assign(when=times.dt.tz_localize(None))

    return then


def in_two(day: str, clock: str, names: str, every: str = "15min") -> str:
    """A file with days and times of day in two columns, a time of day in no other."""
    times = pd.date_range("2011-09-30 22:00", periods=1600, freq=every)
    rows = [f"{row * 37 % 101}.5" for row in range(len(times))]
    days, clocks = times.strftime(day), times.strftime(clock)
    cells = {"d": days, "t": clocks, "load": rows}
    order = names.split(",")
    return text_of([names, *(",".join(row) for row in zip(*map(cells.get, order), strict=True))])


def joined(form: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """What joins the two columns."""

    def then(frame: pd.DataFrame) -> pd.DataFrame:
        times = pd.to_datetime(frame["d"] + " " + frame["t"], format=form)
        return frame.assign(d=times).drop(columns="t")

    return then


IN_TWO = [
    ("%Y-%m-%d", "%H:%M", "d,t,load"),
    ("%Y-%m-%d", "%H:%M:%S", "t,load,d"),
    ("%d.%m.%Y", "%H:%M:%S", "load,d,t"),
    ("%m/%d/%Y", "%I:%M:%S %p", "d,t,load"),
    ("%Y/%m/%d", "%H:%M", "d,load,t"),
]

TIMES = [
    ("%Y%m%d", "1D"),
    ("%Y%m%d%H%M%S", "1h"),
    ("%Y%m%dT%H%M%SZ", "1h"),
    ("%Y%m%dT%H%M", "1h"),
    ("%Y%m%dT%H%M%S+0200", "1h"),
    ("%b %d %Y", "1D"),
    ("%B %d, %Y %H:%M", "1h"),
    ("%d-%b-%Y", "1D"),
    ("%d-%b-%y %H:%M:%S", "1h"),
    ("%d %b %Y %I:%M %p", "1h"),
    ("%d%b%Y", "1D"),
    ("%Y-%b-%d", "1D"),
    ("%m/%d/%y", "1D"),
    ("%d/%m/%y %H:%M", "1h"),
    ("%m/%d/%Y  %I:%M:%S %p", "1h"),
    ("%d.%m.%y", "1D"),
    ("%Y-%m-%d %H:%M:%S.000", "1h"),
    ("%Y-%m-%dT%H:%M:%S.000000Z", "1h"),
    ("%Y-%m-%dT%H:%M:%S.000+02:00", "1h"),
    ("%d.%m.%Y %H:%M:%S.0", "1h"),
]

HOURS = pd.date_range("2011-12-30", periods=60, freq="1h")
WALK = np.round(np.random.default_rng(3).normal(size=60).cumsum(), 3)


def beside(name: str, cells: Sequence[object]) -> str:
    """A file with a column beside that of the numbers."""
    rows = zip(HOURS, WALK, cells, strict=True)
    return text_of([f"date,load,{name}", *(f"{when},{value},{cell}" for when, value, cell in rows)])


LOADS = [f"{when},{value}" for when, value in zip(HOURS, WALK, strict=True)]
UNIX = (HOURS - pd.Timestamp(0)) // pd.Timedelta("1s")
AGAIN: dict[str, Sequence[object]] = {
    "unix": UNIX.tolist(),
    "close_time": (UNIX * 1000 + 3_599_999).tolist(),
    "instant": range(1, 61),
    "countdown": range(60, 0, -1),
    "yr": (HOURS.year - 2011).tolist(),
    "year": HOURS.year.tolist(),
    "excel": [round(40907 + row / 24, 10) for row in range(60)],
}

NUMBERS = np.round(np.random.default_rng(9).normal(size=60) * 5000 + 9000, 2)


def dressed(write_cell: Callable[[float], str], mark: str = ",") -> str:
    """A file with a column of numbers that are written in some way, in quotes where need be."""
    cells = [write_cell(number) for number in NUMBERS]
    cells = [f'"{cell}"' if mark in cell else cell for cell in cells]
    rows = zip(HOURS, cells, strict=True)
    return text_of([mark.join(["date", "load"]), *(f"{when}{mark}{cell}" for when, cell in rows)])


def undressed(*told: tuple[str, str]) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """What makes numbers of the cells of a frame: each text replaced by another."""

    def then(frame: pd.DataFrame) -> pd.DataFrame:
        cells = frame["load"].astype(str)
        for old, new in told:
            cells = cells.str.replace(old, new, regex=False)
        return frame.assign(load=cells.map(float))

    return then


def german(number: float) -> str:
    """A number as it is written in German."""
    return f"{number:,.2f}".translate(str.maketrans(",.", ".,"))


DRESSED: dict[str, tuple[str, Callable[[pd.DataFrame], pd.DataFrame], str]] = {
    "a unit": (dressed(lambda n: f"{n} MW"), undressed((" MW", "")), "'MW' after numbers"),
    "a unit, close": (dressed(lambda n: f"{n}°C"), undressed(("°C", "")), "'°C' after numbers"),
    "a unit with a power": (dressed(lambda n: f"{n} W/m2"), undressed((" W/m2", "")), "'W/m2'"),
    "percent": (dressed(lambda n: f"{n}%"), undressed(("%", "")), "'%' after numbers"),
    "a currency": (dressed(lambda n: f"${n}"), undressed(("$", "")), "'$' before numbers"),
    "a negative currency": (dressed(lambda n: f"-€{abs(n)}"), undressed(("€", "")), "'€'"),
    "brackets": (
        dressed(lambda n: f"({abs(n)})" if n < 9000 else str(n)),
        undressed(("(", "-"), (")", "")),
        "signs in brackets",
    ),
    "a typographic minus": (
        dressed(lambda n: str(n).replace("-", "−")),
        undressed(("−", "-")),
        "typesetters",
    ),
    "commas between thousands": (
        dressed(lambda n: f"{n:,.2f}"),
        undressed((",", "")),
        "',' between thousands",
    ),
    "commas between thousands of whole numbers": (
        dressed(lambda n: f"{round(n) * 999:,}"),
        undressed((",", "")),
        "',' between thousands",
    ),
    "spaces between thousands": (
        dressed(lambda n: f"{n:,.2f}".replace(",", " ")),
        undressed((" ", "")),
        "' ' between thousands",
    ),
    "no-break spaces between thousands": (
        dressed(lambda n: f"{n:,.2f}".replace(",", "\u202f")),
        undressed(("\u202f", "")),
        "' ' between thousands",
    ),
    "apostrophes between thousands": (
        dressed(lambda n: f"{n:,.2f}".replace(",", "'")),
        undressed(("'", "")),
        "between thousands",
    ),
    "points between thousands": (
        dressed(german, ";"),
        undressed((".", ""), (",", ".")),
        "'.' between thousands",
    ),
    "a currency and thousands": (
        dressed(lambda n: f"{german(n)} €", ";"),
        undressed((".", ""), (",", "."), (" €", "")),
        "'€' after numbers and '.' between thousands",
    ),
    "magnitudes": (
        dressed(lambda n: f"{n / 1000:.2f}K" if n < 9000 else f"{n / 1e6:.4f}M"),
        undressed(("K", "e3"), ("M", "e6")),
        "K, M, B and the like as powers of ten",
    ),
}


HABITS = [
    *(
        Habit(
            f"{name} in cells",
            content,
            told={"sep": ";"} if ";" in content else {},
            then=then,
            note=note,
        )
        for name, (content, then, note) in DRESSED.items()
    ),
    *(
        Habit(
            f"{name} by the settings",
            content,
            told={"sep": ";"} if ";" in content else {},
            then=then,
            rules=rules,
        )
        for name, content, then, rules in [
            (
                "millions",
                dressed(lambda n: f"{n}M"),
                undressed(("M", "e6")),
                CsvRules(magnitudes=True),
            ),
            (
                "some units",
                dressed(lambda n: f"{n} MW" if n > 9000 else str(n)),
                undressed((" MW", "")),
                CsvRules(strip=("MW",)),
            ),
            (
                "two units",
                dressed(lambda n: f"{n} {'USD' if n > 9000 else 'US$'}"),
                undressed((" USD", ""), (" US$", "")),
                CsvRules(strip=("USD", "US$")),
            ),
            (
                "thousands",
                dressed(lambda n: f"{round(abs(n)) % 900 + 100},125"),
                undressed((",", "")),
                CsvRules(thousands=","),
            ),
        ]
    ),
    Habit(
        "millimetres",
        dressed(lambda n: f"{n}M"),
        then=undressed(("M", "")),
        note="'M' after numbers",
        rules=CsvRules(magnitudes=False),
    ),
    *(
        Habit(
            f"{mark!r} for a missing value by the settings",
            GOOD.replace("-2.5", cell).replace("3.25", cell),
            told={"na_values": [mark, cell]},
            rules=CsvRules(gaps="drop", missing_values=(mark,)),
        )
        for mark, cell in (("-9999", "-9999"), ("-9999", "-9999.0"), ("offline", "offline"))
    ),
    Habit(
        "Latin-1 by the settings",
        GOOD.replace("temperature", "°C").encode("latin-1"),
        told={"encoding": "latin-1"},
        rules=CsvRules(encoding="latin-1"),
    ),
    Habit(
        "Windows, Cyrillic by the settings",
        GOOD.replace("temperature", "температура").encode("cp1251"),
        told={"encoding": "cp1251"},
        rules=CsvRules(encoding="cp1251"),
    ),
    *(
        Habit(
            f"a column {name} that tells the time again",
            beside(name, cells),
            told={"usecols": [0, 1]},
            note=f"left out: {name!r}, which",
        )
        for name, cells in AGAIN.items()
    ),
    *(
        Habit(f"a column {name} that does not tell the time again", beside(name, cells))
        for name, cells in {
            "hour": HOURS.hour.tolist(),
            "meter": np.round(1000 + np.abs(WALK).cumsum(), 3).tolist(),
            "constant": [7] * 60,
        }.items()
    ),
    Habit(
        "nothing but a column that counts",
        text_of(["date,load", *(f"{when},{row}" for row, when in enumerate(HOURS))]),
        note="kept, as there is no other column: 'load'",
    ),
    Habit("no line end after the last line", GOOD[:-1], note="no line end after the last line"),
    Habit(
        "no line end after the last line, Windows",
        GOOD.replace("\n", "\r\n")[:-2],
        note="no line end after the last line",
    ),
    Habit(
        "newest first",
        text_of([HEADER, *reversed(ROWS)]),
        then=lambda frame: frame[::-1],
        note="newest row first in the file: reversed",
    ),
    Habit(
        "a line twice",
        text_of([HEADER, *ROWS[:3], *ROWS[2:]]),
        then=pd.DataFrame.drop_duplicates,
        note="1 line dropped that repeat",
    ),
    Habit(
        "lines three times, newest first, Windows, no line end",
        text_of([HEADER, *[row for row in reversed(ROWS) for _ in range(3)]]).replace("\n", "\r\n")[
            :-2
        ],
        then=lambda frame: frame.drop_duplicates()[::-1],
        note="12 lines dropped that repeat",
    ),
    Habit(
        "two exports below each other, newest first",
        text_of(["date,load", *LOADS[29::-1], *LOADS[:29:-1]]),
        then=lambda frame: frame.sort_values("date"),
        note="2 pieces in the file, put into the order of time",
    ),
    Habit(
        "two exports that overlap",
        text_of(["date,load", *LOADS[:40], *LOADS[30:]]),
        then=pd.DataFrame.drop_duplicates,
        note="10 lines dropped that repeat another line",
    ),
    Habit(
        "rows sorted by something else than the time",
        text_of(["date,load", *(LOADS[row * 37 % 60] for row in range(60))]),
        then=lambda frame: frame.sort_values("date"),
        note="rows in no order in the file, put into the order of time",
    ),
    Habit(
        "lines that end with a carriage return, as on an old Mac",
        GOOD.replace("\n", "\r"),
        note="as of an old Mac, read as such",
    ),
    Habit(
        "days with points beside the times",
        beside("day", HOURS.strftime("%d.%m.%Y").tolist()),
        then=lambda frame: frame.drop(columns="day"),
        note="columns of text left out: 'day'",
    ),
    Habit(
        "a line again further down",
        text_of(["date,load", *LOADS[:50], LOADS[7], *LOADS[50:]]),
        then=pd.DataFrame.drop_duplicates,
        note="1 line dropped that repeat another line",
    ),
    Habit(
        "the index of a frame",
        numbered([HEADER, *ROWS]),
        told={"index_col": 0},
        note="numbers the rows, left out",
    ),
    Habit(
        "an index of times without a name",
        text_of([HEADER.replace("date", ""), *ROWS]),
        then=lambda frame: frame.rename(columns={"Unnamed: 0": "date"}),
        note="taken for the time",
    ),
    Habit(
        "a delimiter at the end of every line",
        each([HEADER, *ROWS], after=","),
        then=lambda frame: frame.drop(columns="Unnamed: 3"),
        note="empty cells at the end",
    ),
    Habit(
        "three delimiters at the end of every line",
        each([HEADER, *ROWS], after=",,,").replace("\n", "\r\n"),
        told={"usecols": [0, 1, 2]},
        note="empty cells at the end",
    ),
    Habit(
        "a delimiter at the end of the data lines only",
        text_of([HEADER, *(f"{row}," for row in ROWS)]),
        told={"index_col": False},
        note="empty cells at the end",
    ),
    Habit(
        "a delimiter at the end of the header only",
        text_of([f"{HEADER},", *ROWS]),
        told={"usecols": [0, 1, 2]},
    ),
    Habit(
        "title lines",
        "Station 42\nUnits: kW, degrees, percent, none\n\n" + GOOD,
        told={"skiprows": 3},
        note="3 lines above the column names passed over",
    ),
    Habit(
        "a title that a spreadsheet filled up",
        "Station 42;;\n;;\n" + SEMICOLONS,
        told={"skiprows": 2, "sep": ";"},
        note="2 lines above the column names passed over",
    ),
    Habit(
        "comments",
        "# made on 2020-01-01, by hand\n#\n" + GOOD,
        told={"comment": "#"},
        note="2 lines above",
    ),
    Habit(
        "the line for Excel",
        "sep=;\n" + SEMICOLONS,
        told={"skiprows": 1, "sep": ";"},
        note="the first line tells the delimiter ';'",
    ),
    Habit(
        "every cell in quotes",
        text_of([",".join(f'"{cell}"' for cell in line.split(",")) for line in [HEADER, *ROWS]]),
    ),
    Habit("UTF-16", GOOD.encode("utf-16"), told={"encoding": "utf-16"}, note="UTF-16"),
    Habit(
        "UTF-16, big end first, with a degree sign",
        b"\xfe\xff" + GOOD.replace("temperature", "°C").encode("utf-16-be"),
        told={"encoding": "utf-16"},
        note="UTF-16",
    ),
    *(
        Habit(
            f"{mark!r} for a missing value",
            GOOD.replace("-2.5", mark).replace("3.25", mark),
            told={"na_values": [mark]},
            rules=DROP,
        )
        for mark in ("", "-", "?", "NA", "null", "NaN", "N/A")
    ),
    Habit(
        "a text that comes late in a column",
        text_of(["date,load,remark", *LATE_TEXT]),
        told={"usecols": [0, 1]},
        note="columns of text left out: 'remark'",
        rules=DROP,
    ),
    *(
        Habit(
            f"times as {form}",
            stamped(form, every),
            then=times_of(form.replace("+0200", "%z").replace("+02:00", "%z").replace("Z", "%z")),
            time="when",
        )
        for form, every in TIMES
    ),
    *(
        Habit(
            f"{day} and {clock} in columns {names}",
            in_two(day, clock, names),
            then=joined(f"{day} {clock}"),
            time="d",
            note="days of 'd' joined with times of 't'",
        )
        for day, clock, names in IN_TWO
    ),
    Habit(
        "a time of day beside one row a day",
        "date,sunrise,load\n2016-07-01,05:01,1\n2016-07-02,05:02,2\n2016-07-03,05:03,3\n",
        told={"usecols": [0, 2]},
        note="columns of text left out: 'sunrise'",
    ),
    Habit(
        "days and times of day, newest first, without the last line end",
        text_of(
            ["d,t,load", *(f"2016-07-0{d},{h:02d}:00,1" for d in (2, 1) for h in range(23, -1, -1))]
        )[:-1],
        then=lambda frame: joined("%Y-%m-%d %H:%M")(frame)[::-1],
        time="d",
        note="newest row first in the file: reversed",
    ),
]


@pytest.mark.parametrize("by_blocks", [True, False], ids=["blocks", "lines"])
@pytest.mark.parametrize("habit", HABITS, ids=lambda habit: habit.name)
def test_a_habit_is_read_as_by_pandas(
    tmp_path: Path, habit: Habit, by_blocks: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not by_blocks:
        monkeypatch.setattr(csv_file, "parse_block", lambda *_: None)
    path = write(tmp_path, habit.content)
    frame = habit.then(pd.read_csv(path, **habit.told))
    times = pd.to_datetime(frame.pop(habit.time))
    reading = read_csv(path, rules=habit.rules)
    assert reading.series.features == tuple(frame.columns)
    assert np.array_equal(reading.series.values, frame.to_numpy(np.float64), equal_nan=True)
    assert reading.series.timestamps.tolist() == times.dt.to_pydatetime().tolist()
    notes = "; ".join(reading.notes)
    assert habit.note in notes if habit.note else not notes
    assert count_data_rows(path) == count_grid_rows(path, rules=habit.rules) == len(frame)


def test_columns_that_are_not_used_are_named_with_the_reason(tmp_path: Path) -> None:
    cells = [f"{value} MW or so" for value in WALK]
    lines = beside("power", cells).splitlines()
    numbered_lines = [f"{i},{line}" for i, line in enumerate(lines[1:], start=5)]
    path = write(tmp_path, text_of([f"no,{lines[0]}", *numbered_lines]))
    assert dict(read_csv(path).columns.left_out) == {
        "power": f"text, such as '{WALK[0]} MW or so'",
        "no": "goes on evenly with the time, so it counts rows or is a time itself",
    }
    named = read_csv(path, features=["load"]).columns
    assert dict(named.left_out) == dict.fromkeys(
        ("no", "power"), "not named in the setting `features`"
    )
    assert read_csv(path, features=["no", "load"]).series.features == ("no", "load")


def test_a_feature_that_looks_like_a_label_is_told_as_long_as_nobody_has_decided(
    tmp_path: Path,
) -> None:
    flags = ["0", "1", *["0"] * (len(WALK) - 2)]
    path = write(tmp_path, beside("is_anomaly", flags))
    (note,) = read_csv(path).notes
    assert note.startswith("'is_anomaly' is a feature")
    assert 'label_column = "is_anomaly"' in note
    assert read_csv(path, features=["load", "is_anomaly"]).notes == ()
    for name, cells in (("is_rain", flags), ("anomaly score", ["2", *flags[1:]])):
        assert read_csv(write(tmp_path, beside(name, cells))).notes == ()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (
            text_of([HEADER, *ROWS[:3], f"{ROWS[2]}1", *ROWS[3:]]),
            ", line 5, column 'date': found 2",
        ),
        (
            text_of([*numbered([HEADER, *ROWS]).split("\n")[:3], "7,x,1,2"]),
            ", line 1: found an empty",
        ),
        (
            each([HEADER, *ROWS[:4]], after=",") + f"{ROWS[4]},7\n",
            ", line 6: found '7' in a column without a name",
        ),
        (
            "Station 42\n" + text_of([HEADER, *ROWS[:4], "x,1,2"]),
            ", line 7, column 'date': found 'x'",
        ),
        (
            "sep=;\n" + text_of([HEADER, "x,1,2"]).replace(",", ";"),
            ", line 3, column 'date': found",
        ),
        (
            text_of(["date,load", *LOADS[:40], *(f"{line}1" for line in LOADS[30:])]),
            ", line 42, column 'date': found 2011-12-31 06:00:00 after 2011-12-31 15:00:00",
        ),
        (
            text_of(["date,load", *LOADS[:8], LOADS[9], LOADS[8], LOADS[11], LOADS[10]]),
            ", line 10, column 'date': found 2011-12-30 09:00:00, 2:00:00 (h:mm:ss) after",
        ),
        (
            "Station 42\n" + text_of([HEADER, *ROWS[:3], ROWS[1]]),
            ", line 6, column 'date': found 2",
        ),
        (
            "when,a\n1/7/20,1\n2/7/20,2\n",
            ", line 2, column 'when': found '1/7/20', which may be 2020-07-01 or 2020-01-07, and "
            "the first lines do not tell; expected a date format that is certain. Write "
            "`date_format = '%d/%m/%y'` or `date_format = '%m/%d/%y'` into the settings.",
        ),
        (
            "when,a\n16-07-01,1\n16-07-02,2\n",
            ", line 2, column 'when': found '16-07-01', which may be 2001-07-16 or 2016-07-01",
        ),
        ("when,a\n20110131,1\n20110132,2\n", ", line 3, column 'when': found '20110132'"),
        ("when,a\n20110131,1\n2011021,2\n", ", line 3, column 'when': found '2011021'"),
        ("when,a\n1 Jan 2000,1\n2 Jam 2000,2\n", ", line 3, column 'when': found '2 Jam 2000'"),
        (
            "date,a\n2011-01-01 00:00:00,1\n2011-01-01 00:00:01,2\n2011-01-01 00:00:02.5,3\n",
            ", line 4, column 'date': found '2011-01-01 00:00:02.5', with a",
        ),
        (
            "d,t,u,a\n2016-07-01,00:00,00:15,1\n2016-07-01,00:15,00:30,2\n",
            ", line 3, column 'd': found 2016-07-01 00:00:00 a second time",
        ),
        (
            "d,t,a\n" + "2016-07-01,00:00,1\n2016-07-01,00:15,2\n" * 40_000 + "2016-07-01,x,1\n",
            ", line 80002, column 'd': found '2016-07-01 x'",
        ),
        (GOOD.encode("utf-16")[:-1], ": found UTF-16 text that is cut off or damaged"),
    ],
)
@pytest.mark.parametrize("by_blocks", [True, False], ids=["blocks", "lines"])
def test_what_stays_in_doubt_is_refused_at_its_line_of_the_file(
    tmp_path: Path,
    content: str | bytes,
    says: str,
    by_blocks: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if not by_blocks:
        monkeypatch.setattr(csv_file, "parse_block", lambda *_: None)
    path = write(tmp_path, content)
    with pytest.raises(CorpusError) as caught:
        read_csv(path)
    assert str(caught.value).startswith(f"{path}{says}")


@pytest.mark.parametrize(
    ("content", "rules", "says"),
    [
        (
            dressed(lambda n: f"{n}M"),
            CsvRules(),
            f", line 2, column 'load': found '{NUMBERS[0]}M', of which 'M' may be a power of ten "
            "(1,000,000) or a unit; expected one reading. Write `magnitudes = true` into the "
            "settings if it is a power of ten, `magnitudes = false` if it is a unit.",
        ),
        (
            dressed(lambda n: f"{round(abs(n)) % 900 + 100},125"),
            CsvRules(),
            ", line 2, column 'load': found '",
        ),
        (
            dressed(lambda n: f"{n} MW") + "2012-01-01 12:00:00,5 kW\n",
            CsvRules(),
            "no numeric column beside the time column",
        ),
        (
            GOOD.replace("-2.5", "-9999"),
            CsvRules(missing_values=("-9999",)),
            ": found '-9999', a missing value by the setting `missing_values`; expected a value. "
            'Fill the gap. The setting `gaps` ("drop" or "interpolate") allows missing values.',
        ),
        (
            GOOD.replace("temperature", "°C").encode("latin-1"),
            CsvRules(),
            'Say which with the setting `encoding`, for example `encoding = "latin-1"`',
        ),
        (
            GOOD.replace("temperature", "°C").encode("latin-1"),
            CsvRules(encoding="utf-8"),
            ": found utf-8 text that is cut off or damaged",
        ),
    ],
)
def test_cells_that_leave_a_doubt_are_refused(
    tmp_path: Path, content: str | bytes, rules: CsvRules, says: str
) -> None:
    path = write(tmp_path, content)
    with pytest.raises(CorpusError) as caught:
        read_csv(path, rules=rules)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("7 kW", "'7 kW'; expected a number with 'MW' after numbers, as in the lines before. Mend"),
        ("7", "found '7'; expected a number with 'MW' after numbers"),
        ("x", "found 'x'; expected a number with 'MW' after numbers"),
    ],
)
def test_a_late_cell_that_does_not_agree_is_refused_at_its_line(
    tmp_path: Path, cell: str, says: str
) -> None:
    times = pd.date_range("2011-01-01", periods=50_000, freq="1h").strftime("%Y-%m-%d %H:%M")
    rows = [f"{time},{row % 7} MW" for row, time in enumerate(times)]
    rows[-2] = f"{times[-2]},{cell}"
    path = write(tmp_path, text_of(["date,load", *rows]))
    with pytest.raises(CorpusError) as caught:
        read_csv(path)
    assert f", line 50000, column 'load': found {says.removeprefix('found ')}" in str(caught.value)
    assert 'write `strip = ["MW"]`'.replace('"', "'") in str(caught.value)


@pytest.mark.parametrize("form", ["2020-01-01 00:00:{:06.3f}", "2020-01-01T00:00:{:09.6f}Z"])
def test_rows_within_a_second_are_counted_where_that_is_asked(tmp_path: Path, form: str) -> None:
    path = write(tmp_path, text_of(["t,a", *(f"{form.format(i / 8)},{i % 5}" for i in range(60))]))
    assert read_csv(path).time_told().endswith("; 125 milliseconds")
    reading = read_csv(path, rules=CsvRules(time_axis="order"))
    assert reading.series.values[:, 0].tolist() == [row % 5 for row in range(60)]
    assert reading.time_told().endswith("rows are counted, times are labels")


def numbers_alone(rows: int, columns: int, every: str = "{:.3f}") -> str:
    """Lines of numbers without a line of names above them."""
    table = np.random.default_rng(5).normal(size=(rows, columns)).cumsum(axis=0)
    return text_of([",".join(every.format(number) for number in row) for row in table])


@pytest.mark.parametrize("columns", [1, 3])
def test_a_table_of_numbers_may_lack_the_line_of_names(tmp_path: Path, columns: int) -> None:
    content = numbers_alone(120, columns)
    path = write(tmp_path, content)
    reading = read_csv(path)
    frame = pd.read_csv(path, header=None)
    assert np.array_equal(reading.series.values, frame.to_numpy(np.float64))
    assert reading.series.features == tuple(str(column + 1) for column in range(columns))
    assert reading.series.axis.kind == "rows"
    assert f"no line of column names: columns are named 1 to {columns}" in reading.notes
    assert count_grid_rows(path, rules=CsvRules()) == 120


def test_an_error_in_a_table_without_names_is_told_at_its_line_of_the_file(tmp_path: Path) -> None:
    lines = numbers_alone(12, 3).splitlines()
    lines[6] = "1.5,broken,2.5"
    message = refusal(tmp_path, text_of(lines))
    assert message.startswith(", line 7, column '2': found the text 'broken'")


@pytest.mark.parametrize(
    "content",
    [
        "0.5,1.0,1.5\n4.1,4.2,4.3\n4.2,4.4,4.1\n4.0,4.1,4.2\n",  # depths, which are names
        "7,8,3\n1,2,3\n4,5,6\n7,8,9\n",  # nothing tells names and numbers apart
        text_of([f"{row % 2},{line}" for row, line in enumerate(numbers_alone(9, 20).split())]),
    ],
    ids=["rising", "whole", "classes and the series of each"],
)
def test_numbers_that_may_be_names_are_not_taken_for_data(tmp_path: Path, content: str) -> None:
    assert "Line 1 looks like data" in refusal(tmp_path, content)


def test_numbers_are_names_where_the_first_column_has_none(tmp_path: Path) -> None:
    rows = [f"{1821 + row},{row * 37 % 101}" for row in range(114)]
    path = write(tmp_path, text_of([",0", *rows]))
    reading = read_csv(path)
    frame = pd.read_csv(path, index_col=0)
    assert reading.series.features == ("0",)
    assert np.array_equal(reading.series.values, frame.to_numpy(np.float64))
    assert reading.columns.left_out == (("Unnamed: 0", "numbers the rows"),)


def test_a_few_rows_that_go_back_are_mistakes_and_are_refused(tmp_path: Path) -> None:
    rows = [f"{when},{value}" for when, value in zip(HOURS, WALK, strict=True)]
    for row in (10, 20, 30):
        rows[row], rows[row + 5] = rows[row + 5], rows[row]
    message = refusal(tmp_path, text_of(["date,load", *rows]))
    assert message.startswith(", line 12, column 'date': found 2011-12-30 15:00:00, 6:00:00")


def test_what_a_message_advises_reads_the_file(tmp_path: Path) -> None:
    # A mark that only this file uses for a missing value.
    content = dressed(str).replace(f",{NUMBERS[7]}\n", ",'-\n")
    assert """write `missing_values = ["'-"]`.""" in refusal(tmp_path, content)
    path = write(tmp_path, content)
    read = read_csv(path, rules=CsvRules(gaps="drop", missing_values=("'-",))).series.values
    told = pd.read_csv(path, na_values="'-")["load"].to_numpy()
    assert np.array_equal(read[:, 0], told, equal_nan=True)
    # Reports of each day, at 18:00 and once at 17:00.
    days = [f"2020-03-{day:02d} {17 if day == 11 else 18}:00:00,{day}.5" for day in range(1, 31)]
    message = refusal(tmp_path, text_of(["date,cases", *days]))
    assert "`time_zone`" in message
    assert 'write `time_axis = "order"`' in message
    # A year that many rows share, and times of day without a day.
    for times in ([2001] * 60, HOURS.strftime("%H:%M")):
        rows = zip(times, WALK, strict=True)
        content = text_of(["Year,load", *(f"{when},{value}" for when, value in rows)])
        assert 'write `time_axis = "order"`: rows are counted then' in refusal(tmp_path, content)
        path = write(tmp_path, content)
        assert np.array_equal(
            read_csv(path, rules=CsvRules(time_axis="order")).series.values[:, 0], WALK
        )
