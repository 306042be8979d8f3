"""Timestamps in any form that is certain, held against Python's own `datetime` and pandas."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.timeseries import csv_blocks, csv_file
from zwu_ts_assets.timeseries.csv_file import read_csv, read_series
from zwu_ts_assets.timeseries.csv_rules import CsvRules, date_format_problem, time_zone_problem
from zwu_ts_assets_tests.timeseries.csv_text import refusal, write


def with_stamps(*stamps: str) -> str:
    """A CSV with some timestamps."""
    return "date,a\n" + "".join(f'"{stamp}",{row}\n' for row, stamp in enumerate(stamps))


def hourly(form: str, rows: int = 24 * 14, start: datetime = datetime(2016, 7, 1)) -> str:
    """A CSV of two weeks of hours, each written in a form."""
    times = [start + timedelta(hours=row) for row in range(rows)]
    return "date,a\n" + "".join(f"{time.strftime(form)},{i}\n" for i, time in enumerate(times))


@pytest.mark.parametrize(
    "form",
    [
        "%d.%m.%Y %H:%M",
        "%d.%m.%Y %H:%M:%S",
        "%m/%d/%Y %H:%M",
        "%m/%d/%Y %I:%M %p",
        "%d/%m/%Y %I:%M:%S%p",
        "%d-%m-%YT%H:%M",
        "%Y/%m/%d %H:%M",
        "%Y.%m.%d %H:%M:%S",
    ],
)
def test_a_usual_form_is_found_where_the_first_lines_tell_day_from_month(
    tmp_path: Path, form: str
) -> None:
    path = write(tmp_path, hourly(form))
    reading = read_csv(path)
    frame = pd.read_csv(path)
    expected = pd.to_datetime(frame["date"], format=form).to_numpy("datetime64[s]")
    assert reading.series.timestamps.tolist() == expected.tolist()
    assert reading.columns.times.pattern == form


def test_short_days_and_months_without_zeros_are_read(tmp_path: Path) -> None:
    stamps = [f"7/{day}/2016 12:00 AM" for day in range(9, 15)]
    series = read_series(write(tmp_path, with_stamps(*stamps)))
    assert series.timestamps.tolist() == [datetime(2016, 7, day) for day in range(9, 15)]


@pytest.mark.parametrize(
    ("stamps", "forms"),
    [
        (
            ["01.07.2016 00:15", "01.07.2016 00:30"],
            ("%d.%m.%Y %H:%M", "%m.%d.%Y %H:%M"),
        ),
        (
            ["7/1/2016 12:00 AM", "7/2/2016 12:00 AM"],
            ("%d/%m/%Y %I:%M %p", "%m/%d/%Y %I:%M %p"),
        ),
        # Both are a day apart, as the months of 31 days follow each other.
        (["07/08/2016"], ("%d/%m/%Y", "%m/%d/%Y")),
    ],
)
def test_days_and_months_that_cannot_be_told_apart_are_refused_with_what_to_write(
    tmp_path: Path, stamps: list[str], forms: tuple[str, str]
) -> None:
    message = refusal(tmp_path, with_stamps(*stamps))
    assert message.startswith(f", line 2, column 'date': found {stamps[0]!r}, of which the first")
    assert f"Write `date_format = '{forms[0]}'` or `date_format = '{forms[1]}'`" in message
    for form in forms:
        path = write(tmp_path, with_stamps(*stamps[:1]))
        series = read_series(path, rules=CsvRules(date_format=form))
        assert series.timestamps.tolist() == [datetime.strptime(stamps[0], form)]


def test_digits_at_fixed_places_are_read_all_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_blocks, "seconds_of", lambda *_: None)
    monkeypatch.delattr(csv_file, "_read_line_by_line")
    for form in ("%d.%m.%Y %H:%M", "%Y%m%d%H%M%S", "%m/%d/%Y"):
        path = write(tmp_path, hourly(form, 1) if form == "%m/%d/%Y" else hourly(form))
        series = read_series(path, rules=CsvRules(date_format=form))
        assert series.timestamps[0] == np.datetime64("2016-07-01T00:00:00")
        assert series.rows in (1, 24 * 14)


@pytest.mark.parametrize("last", ["7/14/2016", "14.07.2016", "2016-07-14", "", "14/13/2016"])
def test_a_stamp_of_another_form_than_the_first_is_refused_at_its_line(
    tmp_path: Path, last: str
) -> None:
    message = refusal(tmp_path, with_stamps("12/07/2016", "13/07/2016", last))
    assert message.startswith(
        f", line 4, column 'date': found {repr(last) if last else 'an empty'}"
    )
    assert "expected a time of the form '%d/%m/%Y'" in message


def test_any_form_that_strptime_knows_can_be_said(tmp_path: Path) -> None:
    form = "%A, %d %b %y at %Hh%M"
    path = write(tmp_path, hourly(form, 30).replace("day, ", 'day" ').replace(",", ";"))
    text = path.read_text("utf-8").replace('day" ', "day, ")
    rules = CsvRules(delimiter=";", date_format=form)
    series = read_series(write(tmp_path, text), rules=rules)
    assert series.timestamps[29] == np.datetime64("2016-07-02T05:00:00")


@pytest.mark.parametrize(
    ("form", "problem"),
    [
        ("%d.%m.%Y", ""),
        ("%Y%m%d", ""),
        ("%Y-%j", ""),
        ("%m/%d/%y %I:%M %p", ""),
        ("%Y-%m-%dT%H:%M:%S%z", ""),
        ("unix_ms", ""),
        ("%d.%m.%Y %I:%M", "does not tell year, month, day and hour unmistakably"),
        ("%d.%m. %H:%M", "does not tell year"),
        ("%Y-%m-%d %H:%M:%S.%f", ""),
        ("%d.%m.%Y %H:%M:%S,%f", ""),
        ("%Y-%m-%d %H:%M.%f", "has a fraction (%f) that is not behind seconds"),
        ("%Y-%m-%d %Z", "has the name of a zone (%Z)"),
        ("%Y-%m-%d %Q", "is no date format"),
        ("%Y-%m-%d %d", "is no date format"),
        ("dd.mm.yyyy", "does not tell year"),
        ("", "does not tell year"),
    ],
)
def test_a_date_format_is_good_if_it_reads_what_it_writes(form: str, problem: str) -> None:
    assert date_format_problem(form).startswith(problem)
    assert bool(date_format_problem(form)) == bool(problem)


@pytest.mark.parametrize(
    "name", ["", "Europe", "Europe/Nowhere", "../../etc/passwd", "/etc/localtime", "x\0", "CEST"]
)
def test_what_is_no_time_zone_is_told(name: str) -> None:
    assert "is no time zone; expected an IANA name" in time_zone_problem(name)
    assert time_zone_problem("Europe/Berlin") == ""


@pytest.mark.parametrize(
    ("count", "form"), [(1, "unix"), (10**3, "unix_ms"), (10**6, "unix_us"), (10**9, "unix_ns")]
)
def test_counts_from_1970_are_found_by_their_length(tmp_path: Path, count: int, form: str) -> None:
    seconds = [1_467_331_200 + 600 * row for row in range(5)]
    content = with_stamps(*(str(second * count) for second in seconds)).replace('"', "")
    reading = read_csv(write(tmp_path, content))
    assert reading.columns.times.pattern == form
    expected = [datetime.fromtimestamp(s, UTC).replace(tzinfo=None) for s in seconds]
    assert reading.series.timestamps.tolist() == expected


@pytest.mark.parametrize(
    ("stamps", "forms"),
    [
        (["2016070100", "2016070101", "2016070102"], ("%Y%m%d%H", "unix")),
        (["201607010000", "201607020000", "201607030000"], ("%Y%m%d%H%M", "unix_ms")),
    ],
)
def test_a_date_without_marks_is_not_taken_for_a_count(
    tmp_path: Path, stamps: list[str], forms: tuple[str, str]
) -> None:
    # Both are at one interval, of a second or of ten, until the day or the month ends.
    content = with_stamps(*stamps).replace('"', "")
    message = refusal(tmp_path, content)
    assert message.startswith(f", line 2, column 'date': found {stamps[0]!r}, which may be a date")
    assert f"Write `date_format = '{forms[0]}'` or `date_format = '{forms[1]}'`" in message
    path = write(tmp_path, content)
    series = read_series(path, rules=CsvRules(date_format=forms[0]))
    expected = [datetime.strptime(stamp, forms[0]) for stamp in stamps]
    assert series.timestamps.tolist() == expected
    counted = read_series(path, rules=CsvRules(date_format=forms[1])).timestamps
    assert (counted[0] != series.timestamps[0]).all()


@pytest.mark.parametrize(
    ("stamps", "rules", "says"),
    [
        (["1467331200", "1467331201", "1467331201.5"], CsvRules(), "'1467331201.5'; expected a"),
        (["1467331200000", "1467331201000", "1467331202001"], CsvRules(), "with a fraction of a s"),
        (["1467331200", "1467334800000000000"], CsvRules(), "found '1467334800000000000'"),
        (["0", "60"], CsvRules(), "found '0'; expected an ISO 8601 date and time"),
    ],
)
def test_a_count_that_is_none_is_refused(
    tmp_path: Path, stamps: list[str], rules: CsvRules, says: str
) -> None:
    assert says in refusal(tmp_path, with_stamps(*stamps).replace('"', ""))


def test_a_count_of_another_length_can_be_said(tmp_path: Path) -> None:
    path = write(tmp_path, with_stamps("-60", "0", "60").replace('"', ""))
    series = read_series(path, rules=CsvRules(date_format="unix"))
    assert series.timestamps.tolist() == [
        datetime(1969, 12, 31, 23, 59),
        datetime(1970, 1, 1),
        datetime(1970, 1, 1, 0, 1),
    ]


@pytest.mark.parametrize("suffix", ["Z", "+00:00", "+0200", "-05:30", " UTC", "+01"])
def test_stamps_with_an_offset_are_moments_of_utc(tmp_path: Path, suffix: str) -> None:
    local = [datetime(2016, 7, 1, hour) for hour in range(5)]
    content = with_stamps(*(f"{time.isoformat()}{suffix}" for time in local)).replace('"', "")
    series = read_series(write(tmp_path, content))
    offset = datetime.fromisoformat("2016-07-01T00:00" + suffix.replace(" UTC", "Z")).utcoffset()
    assert offset is not None
    assert series.timestamps.tolist() == [time - offset for time in local]


def test_an_offset_may_change_with_the_clocks(tmp_path: Path) -> None:
    stamps = ["2016-10-30T01:00:00+02:00", "2016-10-30T02:00:00+02:00", "2016-10-30T02:00:00+01:00"]
    series = read_series(write(tmp_path, with_stamps(*stamps)))
    expected = pd.to_datetime(pd.Series(stamps), utc=True).dt.tz_localize(None)
    assert series.timestamps.tolist() == expected.to_numpy("datetime64[s]").tolist()


@pytest.mark.parametrize(
    ("stamps", "says"),
    [
        (["2016-07-01T00:00:00Z", "2016-07-01T01:00:00"], "expected an offset from UTC as in the"),
        (["2016-07-01T00:00:00", "2016-07-01T01:00:00Z"], "with a time zone"),
        (["2016-07-01T00:00:00Z", "2016-07-01T01:00:00+24:00"], "expected an offset"),
        (["2016-07-01T00:00:00 CET", "2016-07-01T01:00:00 CET"], "the setting `time_zone`"),
        (
            ["2016-07-01T00:00:00Z", "2016-07-01T00:00:01Z", "2016-07-01T00:00:02.5Z"],
            "with a fraction of a second",
        ),
    ],
)
def test_a_column_tells_its_offset_on_every_line_or_on_none(
    tmp_path: Path, stamps: list[str], says: str
) -> None:
    assert says in refusal(tmp_path, with_stamps(*stamps))


def test_a_time_zone_beside_stamps_that_tell_their_offset_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, with_stamps("2016-07-01T00:00:00Z"))
    with pytest.raises(CorpusError, match=r"expected one of the two\. Remove the setting\."):
        read_series(path, rules=CsvRules(time_zone="Europe/Berlin"))


@settings(deadline=None)
@given(
    start=st.datetimes(datetime(1902, 1, 1), datetime(2200, 1, 1)),
    step=st.integers(1, 10**6),
    rows=st.integers(1, 8),
    form=st.sampled_from(
        [
            "%d.%m.%Y %H:%M:%S",
            "%S%M%H%d%m%Y",
            "%m/%d/%Y %I:%M:%S %p",
            "%Y%m%dT%H%M%S",
            "unix",
            "unix_ns",
            "Z",
            "+",
        ]
    ),
    block=st.integers(1, 200),
)
def test_what_datetime_writes_is_read_back_in_either_way(
    tmp_path_factory: pytest.TempPathFactory,
    start: datetime,
    step: int,
    rows: int,
    form: str,
    block: int,
) -> None:
    times = [start.replace(microsecond=0) + timedelta(seconds=step * row) for row in range(rows)]
    if form.startswith("unix"):
        scale = 10**9 if form == "unix_ns" else 1
        stamps = [str(int((t - datetime(1970, 1, 1)).total_seconds()) * scale) for t in times]
    elif form == "Z":
        stamps = [f"{time.isoformat()}Z" for time in times]
    elif form == "+":
        zone = timezone(timedelta(hours=-3, minutes=-30))
        stamps = [time.replace(tzinfo=UTC).astimezone(zone).isoformat() for time in times]
    else:
        stamps = [time.strftime(form) for time in times]
    rules = CsvRules(date_format=None if form in "Z+" else form)
    content = with_stamps(*stamps).replace('"', "")
    path = write(tmp_path_factory.getbasetemp(), content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_file, "_BLOCK", block)
        assert read_series(path, rules=rules).timestamps.tolist() == times
        patch.setattr(csv_file, "parse_block", lambda *_: None)
        assert read_series(path, rules=rules).timestamps.tolist() == times
