"""Time axes and shapes of tables as people have them, one small file each, held against pandas.

Months, business days and the like; times in several columns, in a counter or nowhere; long tables.
pandas is told how each file is written; we find it, or the sentence says which setting to write.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.timeseries import csv_file
from zwu_ts_assets.timeseries.csv_file import (
    count_data_rows,
    count_grid_rows,
    lines_are_rows,
    read_csv,
    read_series,
)
from zwu_ts_assets.timeseries.csv_rules import CsvRules
from zwu_ts_assets_tests.timeseries.csv_text import text_of, write

DROP = CsvRules(gaps="drop")
ORDER = CsvRules(time_axis="order")

Frame = pd.DataFrame
Index = Callable[[Frame], Any]  # the frame's times, or their counts


def table(stamps: Any, name: str = "when", columns: int = 2, seed: int = 0) -> str:
    """A table of some stamps and columns of numbers."""
    numbers = np.random.default_rng(seed).normal(100, 30, (len(stamps), columns))
    cells = [",".join(repr(float(n)) for n in row) for row in numbers]
    header = ",".join([name, *(f"v{i}" for i in range(columns))])
    rows = (f"{stamp},{row}" for stamp, row in zip(stamps, cells, strict=True))
    return text_of([header, *rows])


def periods(start: str, freq: str, count: int = 48) -> pd.PeriodIndex:
    return pd.period_range(start, periods=count, freq=freq)


def dates(start: str, freq: str, count: int = 48) -> pd.DatetimeIndex:
    return pd.date_range(start, periods=count, freq=freq)


def at(column: str, **how: Any) -> Index:
    """The times of a column, left in the frame no longer."""
    return lambda frame: pd.to_datetime(frame.pop(column).astype(str), **how)


def of_periods(column: str, freq: str) -> Index:
    return lambda frame: pd.PeriodIndex(frame.pop(column).astype(str), freq=freq).to_timestamp()


def of_parts(*columns: str) -> Index:
    """Pandas assembles times of columns named year, month, day, hour."""

    def then(frame: Frame) -> Any:
        parts = {name.lower(): frame.pop(name) for name in columns}
        return pd.to_datetime(Frame({"month": 1, "day": 1} | parts))

    return then


def count(start: int = 0) -> Index:
    return lambda frame: pd.Series(range(start, start + len(frame)))


@dataclass(frozen=True)
class Habit:
    """A file, what pandas makes of it, and what the steps are.

    Attributes:
        name: Of the habit.
        content: The file.
        times: Takes the times out of the frame; counts where there are none.
        step: What is said of a step.
        told: A part of what is said of the time.
        how: Arguments of `pandas.read_csv`.
        then: What is done with the frame before.
        rules: What a user has to write into the settings.
        features: Likewise.
    """

    name: str
    content: str
    times: Index
    step: str
    told: str = ""
    how: dict[str, Any] = field(default_factory=dict)
    then: Callable[[Frame], Frame] = lambda frame: frame
    rules: CsvRules = CsvRules()  # noqa: RUF009 - frozen
    features: tuple[str, ...] | None = None


WEDNESHOUR_PARTS = ("year", "month", "day", "hour")
DAYS = dates("2019-01-02", "7D")
TRADED = [day for day in dates("2019-01-02", "B", 80) if day.month != 1 or day.day != 21]


def without(stamps: Any, *places: int) -> list[Any]:
    return [stamp for place, stamp in enumerate(stamps) if place not in places]


def in_columns(stamps: pd.DatetimeIndex, *units: str, padded: bool = False) -> str:
    """A table with the units of its times in a column each."""
    form = "{:02d}" if padded else "{}"
    cells = zip(*(getattr(stamps, unit) for unit in units), strict=True)
    texts = [",".join(form.format(cell) for cell in row) for row in cells]
    return table(texts, ",".join(units))


def long(ids: dict[str, pd.DatetimeIndex], values: int = 1, by_time: bool = False) -> str:
    """A long table; `by_time`: line by line in turn and not below each other."""
    parts = [
        pd.read_csv(io.StringIO(table(times.strftime("%Y-%m-%d"), "ds", values, seed))).assign(
            unique_id=name
        )
        for seed, (name, times) in enumerate(ids.items())
    ]
    whole = pd.concat(parts)
    if by_time:
        whole = whole.sort_values("ds", kind="stable")
    columns = ["unique_id", "ds", *(f"v{i}" for i in range(values))]
    return whole[columns].to_csv(index=False)


def pivoted(series: str, time: str, *values: str) -> Callable[[Frame], Frame]:
    """What pandas makes of a long table, with the series in the order of their first lines."""

    def then(frame: Frame) -> Frame:
        ids = frame[series].unique()
        wide = frame.pivot(index=time, columns=series, values=list(values))
        pairs = [(value, name) for name in ids for value in values]
        named = [f"{n}.{v}" if len(values) > 1 else str(n) for v, n in pairs]
        return wide[pairs].set_axis(named, axis=1).reset_index()

    return then


HOUR_PARTS = ("year", "month", "day", "hour")
DAYS = dates("2020-01-01", "D", 40)
TWO = {"AA": DAYS, "B b": DAYS}
RAGGED = {"AA": DAYS, "BB": DAYS[10:30]}

HABITS = [
    Habit("1949-01", table(periods("1949-01", "M")), of_periods("when", "M"), "1 month", "%Y-%m"),
    Habit(
        "1949/01 in a column named date",
        table(periods("1949-01", "M").strftime("%Y/%m"), "date"),
        at("date", format="%Y/%m"),
        "1 month",
    ),
    *(
        Habit(
            f"months as {form}",
            table(dates("1999-05-01", "MS").strftime(form)),
            at("when", format=form),
            "1 month",
            form,
        )
        for form in ("%b %Y", "%B %Y", "%b-%y", "%Y %b", "%m/%Y", "%Y-%b", "%YM%m")
    ),
    Habit(
        "201101 in a column named month",
        table(dates("2011-01-01", "MS").strftime("%Y%m"), "Month"),
        at("Month", format="%Y%m"),
        "1 month",
    ),
    *(
        Habit(
            f"quarters as {name}",
            table([form.format(p.year, p.quarter) for p in periods("1998Q3", "Q")]),
            lambda frame: pd.Series(periods("1998Q3", "Q").to_timestamp()),
            "1 quarter",
            how={"usecols": [1, 2]},
        )
        for name, form in (("Q", "{}Q{}"), ("-Q", "{}-Q{}"), (" Q", "{} Q{}"), ("Qn", "Q{1} {0}"))
    ),
    Habit(
        "ISO weeks",
        table(
            [
                f"{d.isocalendar()[0]}-W{d.isocalendar()[1]:02d}"
                for d in dates("2015-01-05", "7D", 70)
            ]
        ),
        lambda frame: pd.Series(dates("2015-01-05", "7D", 70)),
        "1 week",
        how={"usecols": [1, 2]},
    ),
    Habit("years", table(range(1700, 1800), "YEAR"), at("YEAR", format="%Y"), "1 year", "%Y"),
    Habit(
        "years with a decimal point",
        table([f"{year}.0" for year in range(1700, 1800)], "year"),
        lambda frame: pd.to_datetime(frame.pop("year").astype(int).astype(str), format="%Y"),
        "1 year",
    ),
    Habit(
        "every fifth year", table(range(1950, 2010, 5), "year"), at("year", format="%Y"), "5 years"
    ),
    *(
        Habit(
            f"{name} ({freq})",
            table(dates("2003-11-30", freq).strftime("%Y-%m-%d")),
            at("when"),
            step,
        )
        for name, freq, step in (
            ("first days of months", "MS", "1 month"),
            ("last days of months", "ME", "1 month"),
            ("last business days of months", "BME", "1 month"),
            ("first business days of months", "BMS", "1 month"),
            ("last days of quarters", "QE", "1 quarter"),
            ("first days of quarters", "QS", "1 quarter"),
            ("last days of years", "YE", "1 year"),
            ("every second month", "2MS", "2 months"),
            ("weeks", "W-SUN", "1 week"),
            ("business days", "B", "1 business day"),
        )
    ),
    Habit(
        "the 15th at noon",
        table((dates("2003-01-01", "MS") + pd.Timedelta("14D12h")).strftime("%Y-%m-%d %H:%M")),
        at("when"),
        "1 month",
    ),
    Habit(
        "months newest first",
        table(periods("1999-01", "M")[::-1]),
        of_periods("when", "M"),
        "1 month",
        then=lambda frame: frame[::-1],
    ),
    Habit(
        "a missing month",
        table(without(periods("1999-01", "M"), 13, 14, 30)),
        of_periods("when", "M"),
        "1 month",
        "1 month; 2 gaps",
        then=lambda frame: (
            frame.set_index("when")
            .reindex(periods("1999-01", "M").astype(str))
            .rename_axis("when")
            .reset_index()
        ),
        rules=DROP,
    ),
    Habit(
        "a missing month end",
        table(without(dates("1999-01-31", "ME").strftime("%Y-%m-%d"), 1)),
        at("when"),
        "1 month",
        then=lambda frame: (
            frame.set_index("when")
            .reindex(dates("1999-01-31", "ME").strftime("%Y-%m-%d"))
            .rename_axis("when")
            .reset_index()
        ),
        rules=DROP,
    ),
    Habit(
        "a holiday among business days",
        table(pd.DatetimeIndex(TRADED).strftime("%Y-%m-%d")),
        at("when"),
        "1 business day",
        "1 gap",
        then=lambda frame: (
            frame.set_index("when")
            .reindex(dates("2019-01-02", "B", 80).strftime("%Y-%m-%d"))
            .rename_axis("when")
            .reset_index()
        ),
        rules=DROP,
    ),
    Habit(
        "trading days counted",
        table(pd.DatetimeIndex(TRADED).strftime("%Y-%m-%d")),
        at("when"),
        "1 row",
        "rows are counted, times are labels",
        rules=ORDER,
    ),
    Habit(
        "sessions by the minute, newest first",
        table(
            [
                f"{day:%Y-%m-%d} {hour:02d}:{minute:02d}"
                for day in dates("2021-03-05", "B", 3)
                for hour in range(9, 12)
                for minute in range(60)
            ][::-1]
        ),
        at("when"),
        "1 row",
        then=lambda frame: frame[::-1],
        rules=ORDER,
    ),
    Habit(
        "times that nothing can read, in order",
        table([f"{year}-{month:02d}x" for year in range(1, 4) for month in range(1, 13)]),
        count(),
        "1 row",
        "no times, rows are counted",
        how={"usecols": [1, 2]},
        rules=ORDER,
    ),
    Habit("no time at all", "a,b\n1.5,2\n1.5,2\n3,4\n", count(), "1 row", "no times"),
    Habit("one column, blank lines at the end", "a\n1\n2\n4\n\n\n", count(), "1 row"),
    Habit("one column", "a\n1.5\n1.5\n3\n", count(), "1 row", "no times"),
    Habit("columns that pandas numbered", "0,1,2\n.5,2,3\n.25,5,6\n1,8,9\n", count(), "1 row"),
    Habit(
        "no time, and a column of text, in order",
        "a,kind\n1,x\n2,y\n",
        count(),
        "1 row",
        how={"usecols": [0]},
        rules=ORDER,
    ),
    Habit(
        "an index of a frame and no time",
        ",a,b\n0,1,2\n1,3,4\n2,5,7\n",
        count(),
        "1 row",
        how={"usecols": [1, 2]},
    ),
    Habit(
        "a counter",
        table(range(1, 49), "No"),
        lambda frame: frame.pop("No"),
        "1 row",
        "column No, which counts the rows",
    ),
    Habit(
        "a counter of tens that is not first, counted down",
        table([f"{i * 7 % 11}.5,{i}" for i in range(480, 0, -10)], "load,step"),
        lambda frame: frame.pop("step"),
        "1 row",
        then=lambda frame: frame[::-1],
    ),
    Habit(
        "seconds as decimals",
        table([f"{i / 8}" for i in range(48)], "time"),
        count(),
        "1 row",
        how={"usecols": [1, 2]},
    ),
    Habit(
        "year, month, day, hour",
        in_columns(dates("2010-01-01", "h", 800), "year", "month", "day", "hour"),
        of_parts("year", "month", "day", "hour"),
        "1 hour",
        "columns year, month, day and hour",
    ),
    Habit(
        "year, month, day with zeros",
        in_columns(dates("2010-01-30", "D"), "year", "month", "day", padded=True),
        of_parts("year", "month", "day"),
        "24 hours",
    ),
    Habit(
        "year and month",
        in_columns(dates("2010-01-01", "MS"), "month", "year"),
        of_parts("month", "year"),
        "1 month",
    ),
    Habit(
        "year and quarter as decimals",
        table([f"{p.year}.0,{p.quarter}.0" for p in periods("1959Q1", "Q")], "year,quarter"),
        lambda frame: pd.Series(periods("1959Q1", "Q").to_timestamp()),
        "1 quarter",
        how={"usecols": [2, 3]},
    ),
    Habit(
        "a number of the row before year, month, day, hour",
        text_of(
            [
                f"{i or 'No'},{line}"
                for i, line in enumerate(
                    in_columns(dates("2010-01-01", "h"), *HOUR_PARTS).splitlines()
                )
            ]
        ),
        of_parts("year", "month", "day", "hour"),
        "1 hour",
        then=lambda frame: frame.drop(columns="No"),
    ),
    Habit(
        "a day and an hour as numbers",
        table([f"{d:%Y-%m-%d},{d.hour}" for d in dates("2011-01-01", "h")], "dteday,hr"),
        lambda frame: pd.to_datetime(frame.pop("dteday")) + pd.to_timedelta(frame.pop("hr"), "h"),
        "1 hour",
        "columns dteday and hr",
    ),
    Habit(
        "hours from 1 to 24",
        table([f"{d:%Y-%m-%d},{d.hour + 1}" for d in dates("2011-01-01", "h")], "date,hour"),
        lambda frame: pd.to_datetime(frame.pop("date")) + pd.to_timedelta(frame.pop("hour"), "h"),
        "1 hour",
    ),
    Habit(
        "columns that the settings name",
        table([f"{d:%H:%M},{d:%d.%m.%Y}" for d in dates("2011-01-20", "h")], "at,on"),
        lambda frame: pd.to_datetime(frame.pop("on") + frame.pop("at"), format="%d.%m.%Y%H:%M"),
        "1 hour",
        "columns on and at, %d.%m.%Y %H:%M",
        rules=CsvRules(time_columns=("on", "at")),
    ),
    Habit(
        "a moment and the day of it",
        table([f"{d:%Y-%m-%d %H:%M},{d:%Y-%m-%d}" for d in dates("2011-01-01", "h")], "Time,Day"),
        at("Time"),
        "1 hour",
        how={"usecols": [0, 2, 3]},
    ),
    Habit(
        "series below each other",
        long(TWO),
        at("ds"),
        "24 hours",
        then=pivoted("unique_id", "ds", "v0"),
    ),
    Habit(
        "series in turn, two values each",
        long(TWO, values=2, by_time=True),
        at("ds"),
        "24 hours",
        then=pivoted("unique_id", "ds", "v0", "v1"),
    ),
    Habit(
        "one value of two, as the settings say",
        long(TWO, values=2),
        at("ds"),
        "24 hours",
        then=pivoted("unique_id", "ds", "v1"),
        rules=CsvRules(value_column="v1"),
    ),
    Habit(
        "one column of those that the table makes",
        long(RAGGED, values=2),
        at("ds"),
        "24 hours",
        then=lambda frame: pivoted("unique_id", "ds", "v0", "v1")(
            frame[frame["unique_id"] == "BB"]
        )[["ds", "BB.v1"]],
        features=("BB.v1",),
    ),
    Habit(
        "series with other times and gaps allowed",
        long(RAGGED),
        at("ds"),
        "24 hours",
        then=pivoted("unique_id", "ds", "v0"),
        rules=DROP,
    ),
    Habit(
        "a table of names and values",
        long(TWO, by_time=True).replace("unique_id", "variable").replace("v0", "value"),
        at("ds"),
        "24 hours",
        then=pivoted("variable", "ds", "value"),
    ),
    Habit(
        "years of countries",
        long({"Chad": dates("1960", "YS"), "Cuba": dates("1960", "YS")})
        .replace("-01-01", "")
        .replace("ds", "year"),
        at("year", format="%Y"),
        "1 year",
        then=pivoted("unique_id", "year", "v0"),
    ),
    Habit(
        "series that two columns name",
        long({"A,x": DAYS, "A,y": DAYS, "B,x": DAYS})
        .replace("unique_id", "town,kind")
        .replace('"', ""),
        at("ds"),
        "24 hours",
        then=lambda frame: pivoted("town", "ds", "v0")(
            frame.assign(town=frame["town"] + "/" + frame["kind"])
        ),
        rules=CsvRules(series_column=("town", "kind")),
    ),
    Habit(
        "a numbered series",
        long({"3": DAYS, "1": DAYS}),
        at("ds"),
        "24 hours",
        then=pivoted("unique_id", "ds", "v0"),
    ),
    Habit(
        "series of trading days",
        long({name: pd.DatetimeIndex(TRADED) for name in ("X", "Y")}),
        at("ds"),
        "1 row",
        then=pivoted("unique_id", "ds", "v0"),
        rules=ORDER,
    ),
]

HOURS = [*range(22, 24), *range(3), *range(2, 6)]
# Summer and winter tell the two hours apart, and are no two series.
CLOCKS = text_of(
    [
        "at,clocks,load",
        *(
            f"2016-10-{29 if row < 2 else 30} {hour:02d}:00,{'CEST' if row < 5 else 'CET'},{row}"
            for row, hour in enumerate(HOURS)
        ),
    ]
)

REFUSED = [
    (
        table(without(periods("1999-01", "M"), 14)),
        CsvRules(),
        None,
        ", line 16, column 'when': found 2000-04 after 2000-02 on the line before; expected 1 "
        "month between any two rows, as between most. Fill in the missing rows. If rows are "
        'missing, the setting `gaps` ("drop" or "interpolate") allows that. If the rows follow '
        'each other as they are, write `time_axis = "order"`: rows are counted then, whatever time '
        "lies between them.",
    ),
    (
        table(pd.DatetimeIndex(TRADED).strftime("%Y-%m-%d")),
        CsvRules(),
        None,
        ", line 15, column 'when': found 2019-01-22 after 2019-01-18 on the line before; expected "
        "1 business day between any two rows, as between most. Fill in the missing rows. If rows "
        'are missing, the setting `gaps` ("drop" or "interpolate") allows that. If the rows follow '
        'each other as they are, write `time_axis = "order"`: rows are counted then, whatever time '
        "lies between them.",
    ),
    (
        table(["2019-01-01 09:00", "2019-01-01 10:00", "2019-01-02 09:00", "2019-01-02 10:00"]),
        CsvRules(),
        None,
        ", line 4, column 'when': found 2019-01-02 09:00:00, 23:00:00 (h:mm:ss) after 2019-01-01 "
        "10:00:00 on the line before; expected the interval of 1:00:00 that most rows have. Fill "
        "in the missing rows, or resample the series to one interval. If rows are missing, the "
        'setting `gaps` ("drop" or "interpolate") allows that. If the rows follow each other as '
        'they are, write `time_axis = "order"`: rows are counted then, whatever time lies between '
        "them.",
    ),
    (
        "Month,Sales\n1-01,266.0\n1-02,145.9\n1-03,183.1\n",
        CsvRules(),
        None,
        ", line 2, column 'Month': found '1-01'; expected a time in a form that is known, such as "
        "2016-07-01 18:30:00 or 31.12.2016. If it is the time, say so: `time_column = 'Month'`, "
        "and how it is written, such as `date_format = '%d %b %Y'`. If not, name the column that "
        'is, or write `time_axis = "order"`: rows are counted then.',
    ),
    ("7,1\n8,2\n9,3\n", CsvRules(), None, ", line 1: found no column 'date'; the columns"),
    (
        table(without(range(1, 40), 20), "No"),
        CsvRules(),
        None,
        ", line 22, column 'No': found 22 after 20; expected a counter that rises by 1",
    ),
    (
        long(RAGGED, values=2),
        CsvRules(),
        None,
        ", line 2, column 'ds': found 2020-01-01 00:00:00, a time that the series 'BB' does not "
        "have, of 2 series with 20 to 40 of 40 times, 20 of which all have; expected the same "
        "times in all series. "
        'Make a dataset of each series, of at most 50: `each_series = ["AA", "BB"]` in x.toml; '
        "or choose series that have the same times, for example "
        '`features = ["AA.v0", "AA.v1"]`; or write '
        '`gaps = "drop"`: windows are then made where all of them have values.',
    ),
    (
        long(TWO),
        CsvRules(),
        ("CC",),
        ", line 1: found no column 'CC'; the columns are 'AA', 'B b'; expected every column that "
        "is named in the settings, here by `features`.",
    ),
    (
        long({"A,x": DAYS, "A,y": DAYS, "B,x": DAYS})
        .replace("unique_id", "town,kind")
        .replace('"', ""),
        CsvRules(),
        None,
        ", line 2: found several series below each other, which the columns 'town', 'kind' tell "
        "apart together; expected one column that names the series, or the setting "
        '`series_column`. Write `series_column = ["town", "kind"]` into the settings.',
    ),
    (
        long({"A,x": DAYS, "A,y": DAYS}).replace("unique_id", "town,kind").replace('"', ""),
        CsvRules(series_column=("town",)),
        None,
        ", line 42, column 'ds': found 2020-01-01 00:00:00 a second time for the series 'A', as on "
        "line 2; expected each time once in a series. If further columns tell series apart, name "
        "all of them with `series_column`; or correct the time.",
    ),
    (
        CLOCKS,
        CsvRules(),
        None,
        ", line 7, column 'at': found 2016-10-30 02:00:00 a second time, as on the line before",
    ),
    (
        "year,month,a\n2010,1,1\n2010,13,2\n",
        CsvRules(time_columns=("year", "month")),
        None,
        ", line 3, column 'year': found '2010 13'; expected whole numbers that tell a time",
    ),
    (
        "day,at,a\n2010-01-01,x,1\n",
        CsvRules(time_columns=("day", "hour")),
        None,
        ", line 1: found no column 'hour'; the columns are 'day', 'at', 'a'",
    ),
]


def test_the_name_of_a_series_stands_for_all_of_its_columns(tmp_path: Path) -> None:
    path = write(tmp_path, long(RAGGED, values=2))
    series = read_series(path, features=["BB"])
    assert series.features == ("BB.v0", "BB.v1")
    frame = pd.read_csv(path)
    own = frame[frame["unique_id"] == "BB"]
    assert np.array_equal(series.values, own[["v0", "v1"]].to_numpy())
    assert series.timestamps.tolist() == pd.to_datetime(own["ds"]).dt.to_pydatetime().tolist()
    both = read_series(path, features=["AA.v1", "BB"], rules=DROP)
    assert both.features == ("AA.v1", "BB.v0", "BB.v1")


@pytest.mark.parametrize(("content", "rules", "features", "says"), REFUSED)
def test_what_stays_in_doubt_names_the_setting(
    tmp_path: Path, content: str, rules: CsvRules, features: tuple[str, ...] | None, says: str
) -> None:
    path = write(tmp_path, content)
    with pytest.raises(CorpusError) as caught:
        read_csv(path, rules=rules, features=features)
    assert str(caught.value).startswith(f"{path}{says}")


@pytest.mark.parametrize("by_blocks", [True, False], ids=["blocks", "lines"])
@pytest.mark.parametrize("habit", HABITS, ids=lambda habit: habit.name)
def test_a_habit_is_read_as_by_pandas(
    tmp_path: Path, habit: Habit, by_blocks: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not by_blocks:
        monkeypatch.setattr(csv_file, "parse_block", lambda *_: None)
    path = write(tmp_path, habit.content)
    frame = habit.then(pd.read_csv(path, **habit.how))
    times = habit.times(frame)
    reading = read_csv(path, rules=habit.rules, features=habit.features)
    series = reading.series
    assert series.features == tuple(frame.columns)
    # Bit for bit, where there is a value.
    assert series.values.tobytes() == np.ascontiguousarray(frame.to_numpy(np.float64)).tobytes()
    if series.axis.kind == "rows":
        assert series.timestamps.astype(np.int64).tolist() == times.tolist()
    else:
        expected = pd.DatetimeIndex(times).as_unit("s").to_numpy()
        assert np.array_equal(series.timestamps, expected)
    seconds = int((series.timestamps[1] - series.timestamps[0]).astype(np.int64))
    assert series.axis.span_text(1, seconds) == habit.step
    assert habit.told in reading.time_told()
    assert count_grid_rows(path, rules=habit.rules, features=habit.features) == len(frame)
    if lines_are_rows(path, rules=habit.rules, features=habit.features):
        assert count_data_rows(path) == len(frame)


def test_a_saturday_is_no_business_day_wherever_its_midnight_is(tmp_path: Path) -> None:
    """In UTC, Friday, Saturday and Tuesday of Berlin are Thursday, Friday and Monday evening."""
    path = tmp_path / "berlin.csv"
    path.write_text("date,load\n2016-07-01,1\n2016-07-02,2\n2016-07-05,3\n", encoding="utf-8")
    rules = CsvRules(gaps="interpolate", interpolate_limit=2, time_zone="Europe/Berlin")
    series = read_series(path, rules=rules)
    assert series.axis.is_fixed
    assert series.values[:, 0].tolist() == pytest.approx([1, 2, 2 + 1 / 3, 2 + 2 / 3, 3])


def test_series_that_follow_each_other_in_time_are_told_apart_and_never_joined(
    tmp_path: Path,
) -> None:
    path = tmp_path / "long.csv"
    rows = [
        f"{name},{year}-01-{day:02d},{day}"
        for name, year in (("n", 2020), ("s", 2022))
        for day in range(1, 25)
    ]
    path.write_text("unique_id,ds,y\n" + "\n".join(rows) + "\n", encoding="utf-8")
    # Taken for one series, its windows would span both.
    with pytest.raises(CorpusError, match="a time that the series 's' does not have") as caught:
        read_series(path)
    assert "order" not in str(caught.value)
    assert read_series(path, features=["s"]).timestamps[0] == np.datetime64("2022-01-01")
