"""Local wall times become UTC by the rules of `zoneinfo`, also where the clocks change."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.timeseries.csv_file import read_series
from zwu_ts_assets.timeseries.csv_rules import CsvRules
from zwu_ts_assets_tests.timeseries.csv_text import write

BERLIN = "Europe/Berlin"


def wall_clock(moments: list[datetime], zone: str) -> list[datetime]:
    """What clocks show at some moments of UTC, by `zoneinfo`."""
    return [m.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) for m in moments]


def local_csv(folder: Path, walls: list[datetime]) -> Path:
    """A CSV with these local stamps."""
    return write(folder, "date,a\n" + "".join(f"{wall},{row}\n" for row, wall in enumerate(walls)))


def read_local(folder: Path, walls: list[datetime], zone: str = BERLIN) -> list[datetime]:
    """Read a CSV with these local stamps; the moments."""
    rules = CsvRules(time_zone=zone)
    moments: list[datetime] = read_series(local_csv(folder, walls), rules=rules).timestamps.tolist()
    return moments


def every(start: str, minutes: int, rows: int) -> list[datetime]:
    """Moments at one interval."""
    first = datetime.fromisoformat(start)
    return [first + row * timedelta(minutes=minutes) for row in range(rows)]


@pytest.mark.parametrize("minutes", [10, 15, 60])
@pytest.mark.parametrize(
    ("zone", "start"),
    [
        (BERLIN, "2016-10-29T20:00"),  # the clocks go back
        (BERLIN, "2016-03-26T20:00"),  # and forward
        ("America/New_York", "2016-11-05T20:00"),
        ("Australia/Lord_Howe", "2016-04-02T08:00"),  # by half an hour
        ("Asia/Kolkata", "2016-10-29T20:00"),
        ("Etc/GMT-1", "2016-10-29T20:00"),
        ("America/Caracas", "2016-04-30T20:00"),  # another offset from then on
    ],
)
def test_rows_at_one_interval_come_back_through_the_days_on_which_clocks_change(
    tmp_path: Path, zone: str, start: str, minutes: int
) -> None:
    moments = every(start, minutes, 36 * 60 // minutes)
    assert read_local(tmp_path, wall_clock(moments, zone), zone) == moments


@pytest.mark.parametrize("minutes", [15, 30, 60, 120])
@pytest.mark.parametrize("start", ["2016-10-29T20:00", "2016-03-26T20:00"])
def test_without_a_zone_a_change_of_the_clocks_is_refused_and_the_setting_told(
    tmp_path: Path, start: str, minutes: int
) -> None:
    # To remove the hour that is there twice, or to sort it, would be to lose it.
    walls = wall_clock(every(start, minutes, 24 * 60 // minutes), BERLIN)
    with pytest.raises(CorpusError, match="If the clocks changed there, change no row: name"):
        read_series(local_csv(tmp_path, walls))


def test_times_of_utc_are_told_nothing_of_clocks(tmp_path: Path) -> None:
    path = write(
        tmp_path, "date,a\n2016-10-30T01:00Z,1\n2016-10-30T02:00Z,2\n2016-10-30T02:00Z,3\n"
    )
    with pytest.raises(CorpusError, match=r"with `series_column`\.$"):
        read_series(path)


@settings(deadline=None)
@given(
    zone=st.sampled_from(
        [
            BERLIN,
            "America/New_York",
            "America/Sao_Paulo",
            "Australia/Lord_Howe",
            "Africa/Casablanca",
        ]
    ),
    day=st.integers(0, 365 * 20),
    minutes=st.sampled_from([15, 20, 30, 60]),
)
def test_half_a_year_of_rows_comes_back(
    tmp_path_factory: pytest.TempPathFactory, zone: str, day: int, minutes: int
) -> None:
    start = datetime(2000, 1, 1) + timedelta(days=day)
    moments = [start + row * timedelta(minutes=minutes) for row in range(30 * 24)]
    walls = wall_clock(moments, zone)
    try:
        found = read_local(tmp_path_factory.getbasetemp(), walls, zone)
    except CorpusError as error:
        # Only where the first or the last row lies within an hour that the clocks showed twice.
        assert "showed twice" in str(error)
        edges = {walls[0], walls[-1]}
        assert any(is_shown_twice(wall, zone) for wall in edges)
        return
    assert found == moments


def is_shown_twice(wall: datetime, zone: str) -> bool:
    offsets = [wall.replace(tzinfo=ZoneInfo(zone), fold=fold).utcoffset() for fold in (0, 1)]
    return offsets[0] != offsets[1]


def test_a_time_that_the_clocks_left_out_is_refused_with_its_line(tmp_path: Path) -> None:
    walls = every("2016-03-27T00:00", 60, 5)  # 02:00 never was
    with pytest.raises(CorpusError) as caught:
        read_local(tmp_path, walls)
    assert (
        ", line 4, column 'date': found 2016-03-27 02:00:00, a time that the clocks of "
        "Europe/Berlin left out; expected a local time that there was."
    ) in str(caught.value)


def test_an_hour_of_which_only_one_pass_is_there_is_refused_with_its_line(tmp_path: Path) -> None:
    moments = every("2016-10-29T20:00", 60, 10)
    for lost in (4, 5):  # either of the two rows of 02:00
        rest = [moment for row, moment in enumerate(moments) if row != lost]
        with pytest.raises(CorpusError) as caught:
            read_local(tmp_path, wall_clock(rest, BERLIN))
        assert ", line 6, column 'date': found 2016-10-30 02:00:00, which the clocks of" in str(
            caught.value
        )
        assert "do not tell which of the two it is" in str(caught.value)


def test_one_pass_is_enough_where_only_one_of_its_moments_is_at_the_interval(
    tmp_path: Path,
) -> None:
    moments = every("2016-10-29T20:00", 120, 6)
    walls = wall_clock(moments, BERLIN)
    assert walls[2] == datetime(2016, 10, 30, 2)
    assert read_local(tmp_path, walls) == moments


def test_a_file_that_is_nothing_but_such_an_hour_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="line 2, column 'date': found 2016-10-30 02:00:00"):
        read_local(tmp_path, every("2016-10-30T02:00", 15, 3))


def test_days_by_local_midnight_are_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="leave `time_zone` out for rows that are a day apart"):
        read_local(tmp_path, every("2016-03-25T00:00", 24 * 60, 5))
    days = every("2016-03-25T00:00", 24 * 60, 5)
    assert read_local(tmp_path, days, "Asia/Tokyo") == [day - timedelta(hours=9) for day in days]


def test_a_year_without_rules_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "date,a\n0000-01-01,1\n9999-12-31,1\n")
    with pytest.raises(CorpusError, match="expected a year in which UTC has rules, 2 to 9998"):
        read_series(path, rules=CsvRules(time_zone="UTC"))
