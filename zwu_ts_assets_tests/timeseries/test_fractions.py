"""Times with fractions of a second, held against pandas to the nanosecond."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.orchestration.assets.tables import (
    decode_batch,
    decode_series,
    encode_batch,
    encode_series,
)
from zwu_ts_assets.timeseries import csv_file
from zwu_ts_assets.timeseries.csv_file import count_grid_rows, read_csv, read_series
from zwu_ts_assets.timeseries.csv_rules import CsvRules
from zwu_ts_assets.timeseries.series import nanoseconds_text
from zwu_ts_assets.timeseries.windows import batch_digest, cut_batch
from zwu_ts_assets.training.facts import MediaFacts, prompt_facts
from zwu_ts_assets.training.sample_table import decode_samples, encode_samples
from zwu_ts_assets.training.split_rule import SplitRule
from zwu_ts_assets.training.task_settings import TaskSettings
from zwu_ts_assets_tests.training.builders import samples_of

ROWS = 400
DROP = CsvRules(gaps="drop")


def moments(hertz: float, start: str = "2024-01-31 10:59:58") -> pd.DatetimeIndex:
    """Times at a rate, to the nanosecond, over the end of a minute or an hour."""
    steps = np.rint(np.arange(ROWS) * 1e9 / hertz).astype(np.int64)
    return pd.DatetimeIndex(pd.Timestamp(start).as_unit("ns") + pd.to_timedelta(steps, unit="ns"))


def write(folder: Path, stamps: list[str], name: str = "time") -> Path:
    values = np.random.default_rng(7).normal(size=(len(stamps), 2)).round(5)
    frame = pd.DataFrame({name: stamps, "a": values[:, 0], "b": values[:, 1]})
    path = folder / "some.csv"
    frame.to_csv(path, index=False)
    return path


Form = Callable[[pd.DatetimeIndex], list[str]]


def iso(digits: int, mark: str = ".", after: str = "", between: str = " ") -> Form:
    def form(times: pd.DatetimeIndex) -> list[str]:
        whole = times.strftime(f"%Y-%m-%d{between}%H:%M:%S")
        nanos = times.as_unit("ns").asi8 % 10**9
        return [
            f"{text}{mark}{str(nano).zfill(9)[:digits]}{after}"
            for text, nano in zip(whole, nanos, strict=True)
        ]

    return form


def counts(size: int) -> Form:
    return lambda times: [str(nano // size) for nano in times.as_unit("ns").asi8]


def decimals(times: pd.DatetimeIndex) -> list[str]:
    return [f"{n // 10**9}.{str(n % 10**9).zfill(9)[:6]}" for n in times.as_unit("ns").asi8]


FORMS: dict[str, Form] = {
    "milliseconds": iso(3),
    "comma": iso(3, ","),
    "Z": iso(3, after="Z", between="T"),
    "offset": iso(6, after="+00:00"),
    "microseconds": iso(6),
    "nanoseconds": iso(9),
    "unix_ms": counts(10**6),
    "unix_us": counts(10**3),
    "unix_ns": counts(1),
    "unix": decimals,
    "isoformat": lambda times: [t.isoformat() for t in times],  # without .000 where it is zero
    "days first": lambda times: [t.strftime("%d.%m.%Y %H:%M:%S.%f")[:-3] for t in times],
    "months named": lambda times: [t.strftime("%d-%b-%Y %H:%M:%S.%f") for t in times],
    "without marks": lambda times: [t.strftime("%Y%m%dT%H%M%S.%f") for t in times],
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("hertz", "step"), [(4, "250 milliseconds"), (10, "100 milliseconds"), (1000, "1 millisecond")]
)
@pytest.mark.parametrize("block", [False, True])
def test_fractions_are_kept_in_whatever_form(
    tmp_path: Path,
    form: str,
    hertz: int,
    step: str,
    block: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    times = moments(hertz)
    path = write(tmp_path, FORMS[form](times))
    if not block:
        monkeypatch.setattr(csv_file, "parse_block", lambda *_: None)
    reading = read_csv(path)
    assert np.array_equal(reading.series.timestamps, times.to_numpy("datetime64[ns]"))
    assert reading.time_told().endswith(f"; {step}")
    assert np.array_equal(reading.series.values, pd.read_csv(path)[["a", "b"]].to_numpy())
    assert count_grid_rows(path, rules=DROP) == ROWS


@pytest.mark.parametrize(
    ("hertz", "digits", "step"),
    [
        (30, 3, "33.33 milliseconds"),
        (60, 3, "16.67 milliseconds"),
        (256, 3, "3.906 milliseconds"),
        (256, 9, "3.906 milliseconds"),
        (44100, 9, "22.68 microseconds"),
        (1 / 1.5, 1, "1.5 seconds"),
        (3, 9, "333.3 milliseconds"),
    ],
)
def test_a_rate_that_no_digits_tell_is_one_interval(
    tmp_path: Path, hertz: float, digits: int, step: str
) -> None:
    path = write(tmp_path, iso(digits)(moments(hertz)))
    reading = read_csv(path)
    assert reading.time_told().endswith(f"; {step}")
    expected = pd.to_datetime(pd.read_csv(path)["time"], format="ISO8601")
    assert np.array_equal(reading.series.timestamps, expected.to_numpy("datetime64[ns]"))


def test_fractions_that_are_all_zero_are_whole_seconds(tmp_path: Path) -> None:
    stamps = [f"{time}.000" for time in moments(1).strftime("%Y-%m-%d %H:%M:%S")]
    series = read_series(write(tmp_path, stamps))
    assert series.timestamps.dtype == "datetime64[s]"
    assert series.axis.is_fixed
    # Also those that the user foretells.
    rules = CsvRules(date_format="%Y-%m-%d %H:%M:%S.%f")
    assert np.array_equal(
        read_series(tmp_path / "some.csv", rules=rules).timestamps, series.timestamps
    )


def test_local_times_become_utc_with_their_fractions(tmp_path: Path) -> None:
    times = moments(4, "2024-03-31 01:59:50").tz_localize("Europe/Berlin", nonexistent="NaT")
    local = moments(4, "2024-03-31 00:59:00")
    path = write(tmp_path, iso(2)(local))
    series = read_series(path, rules=CsvRules(time_zone="Europe/Berlin"))
    expected = local.tz_localize("Europe/Berlin").tz_convert("UTC").tz_localize(None)
    assert np.array_equal(series.timestamps, expected.to_numpy("datetime64[ns]"))
    assert times.isna().any()  # the hour that the clocks leave out
    path = write(tmp_path, iso(2)(moments(4, "2024-03-31 01:59:50")))
    with pytest.raises(
        CorpusError, match="2024-03-31 02:00:00, a time that the clocks of Europe/B"
    ):
        read_series(path, rules=CsvRules(time_zone="Europe/Berlin"))


@pytest.mark.parametrize(("hertz", "digits"), [(10, 3), (30, 3), (256, 6)])
def test_missing_rows_are_gaps(tmp_path: Path, hertz: int, digits: int) -> None:
    stamps = iso(digits)(moments(hertz))
    kept = [stamp for row, stamp in enumerate(stamps) if row not in (40, 41, 300)]
    path = write(tmp_path, kept)
    with pytest.raises(CorpusError) as caught:
        read_series(path)
    assert f"line 42, column 'time': found {stamps[42].rstrip('0')}," in str(caught.value)
    assert "the setting `gaps`" in str(caught.value)
    series = read_series(path, rules=DROP)
    assert series.missing_rows.tolist() == [40, 41, 300]
    assert series.rows == ROWS
    expected = pd.to_datetime(pd.Series(kept), format="ISO8601").to_numpy("datetime64[ns]")
    assert np.array_equal(np.delete(series.timestamps, [40, 41, 300]), expected)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            {50: 0.03},
            "line 52, column 'time': found 2024-01-31 11:00:03.03, 130 milliseconds after",
        ),
        ({50: -0.1}, "found 2024-01-31 11:00:02.9 a second time, as on the line before"),
        ({50: -0.3}, "found 2024-01-31 11:00:02.7 after 2024-01-31 11:00:02.9 on the line before"),
    ],
)
def test_times_that_are_not_at_one_interval_are_told_and_counted_in_order(
    tmp_path: Path, change: dict[int, float], says: str
) -> None:
    times = [
        time + pd.Timedelta(seconds=change.get(row, 0)) for row, time in enumerate(moments(10))
    ]
    path = write(tmp_path, iso(3)(pd.DatetimeIndex(times)))
    with pytest.raises(CorpusError) as caught:
        read_series(path)
    assert says in str(caught.value)
    rules = CsvRules(time_axis="order")
    if change[50] > -0.2:
        series = read_series(path, rules=rules)
        assert series.axis.kind == "order"
        assert series.axis.time_text(series.timestamps[51]) == "2024-01-31T11:00:03.1"
    else:
        with pytest.raises(CorpusError, match="expected increasing times"):
            read_series(path, rules=rules)


def test_series_of_a_long_table_have_fractions_too(tmp_path: Path) -> None:
    stamps = iso(3)(moments(10))
    values = np.random.default_rng(1).normal(size=(2, ROWS)).round(4)
    parts = [
        pd.DataFrame({"unique_id": name, "ds": stamps, "y": values[place]})
        for place, name in enumerate(("n", "s"))
    ]
    pd.concat(parts).to_csv(tmp_path / "long.csv", index=False)
    series = read_series(tmp_path / "long.csv")
    assert series.features == ("n", "s")
    assert np.array_equal(series.values, values.T)
    assert np.array_equal(series.timestamps, moments(10).to_numpy("datetime64[ns]"))


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_fractions_in_parquet_are_kept(tmp_path: Path, unit: str) -> None:
    times = pd.DatetimeIndex(moments(8).to_numpy(f"datetime64[{unit}]"))
    frame = pd.DataFrame({"when": times, "a": np.random.default_rng(2).normal(size=ROWS)})
    frame.to_parquet(tmp_path / "some.parquet")
    series = read_series(tmp_path / "some.parquet")
    assert np.array_equal(series.timestamps, times.to_numpy("datetime64[ns]"))


def test_they_stay_in_tables_windows_and_samples(tmp_path: Path) -> None:
    series = read_series(write(tmp_path, iso(9)(moments(256))))
    again = decode_series(encode_series(series))
    assert np.array_equal(again.timestamps, series.timestamps)
    assert again.axis == series.axis
    batch = cut_batch(series, 1, length=96, horizon=24)
    back = decode_batch(encode_batch(batch), batch.target_rows[-1], 24)
    assert batch_digest(back) == batch_digest(batch)
    later = cut_batch(decode_series(encode_series(series)), 2, length=96, horizon=24)
    assert batch_digest(later) != batch_digest(batch)
    samples, report = samples_of(series, SplitRule(borders=(0, 200, 300, 400)), 96, 24)
    assert report.times["train"] == ("2024-01-31T10:59:58", "2024-01-31T10:59:58.77734375")
    read = decode_samples(encode_samples(samples))
    for one, other in zip(read, samples, strict=True):
        assert np.array_equal(one.past_timestamps, other.past_timestamps)
        assert np.array_equal(one.target_timestamps, other.target_timestamps)
        assert one.axis == other.axis
    dates = SplitRule(dates=("2024-01-31T10:59:58.500", "2024-01-31T10:59:59"))
    assert samples_of(series, dates, 48, 0)[1].rows["validation"] == (128, 256)


def test_prompts_state_an_interval_below_a_second(tmp_path: Path) -> None:
    series = read_series(write(tmp_path, iso(3)(moments(30))))
    sample = samples_of(series, SplitRule(borders=(0, 200, 300, 400)), 96, 24)[0][0]
    facts = prompt_facts(
        sample, TaskSettings(tell_dates=True), MediaFacts(), views=("figure",), compared=()
    )
    assert facts["interval"] == "33.33 milliseconds"
    assert facts["window_span"] == "3.2 seconds"
    assert facts["uneven"] is False
    assert facts["dates"] == {"first": "2024-01-31 10:59:58", "last": "2024-01-31 11:00:01.166"}


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (1, "1 nanosecond"),
        (250, "250 nanoseconds"),
        (1_000, "1 microsecond"),
        (22_676, "22.68 microseconds"),
        (250_000_000, "250 milliseconds"),
        (999_999_999, "1000 milliseconds"),
        (9_600_000_000, "9.6 seconds"),
        (120_000_000_000, "2 minutes"),
    ],
)
def test_durations_in_words(nanoseconds: int, text: str) -> None:
    assert nanoseconds_text(nanoseconds) == text
