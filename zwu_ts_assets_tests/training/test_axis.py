"""What a step is reaches samples, their files, splits and prompts, from the CSV on."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from zwu_ts_assets.config.settings import Settings
from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.orchestration.assets.corpus_products import raw_product
from zwu_ts_assets.orchestration.assets.tables import decode_series, encode_series
from zwu_ts_assets.timeseries.csv_file import read_series
from zwu_ts_assets.timeseries.csv_rules import CsvRules
from zwu_ts_assets.timeseries.series import FIXED, Series, TimeAxis
from zwu_ts_assets.training.facts import MediaFacts, prompt_facts
from zwu_ts_assets.training.prompts import load_templates
from zwu_ts_assets.training.sample import Sample
from zwu_ts_assets.training.sample_table import (
    SAMPLE_SCHEMA,
    decode_samples,
    encode_samples,
)
from zwu_ts_assets.training.split_rule import SplitRule
from zwu_ts_assets.training.splits import resolve_borders
from zwu_ts_assets.training.task_settings import TaskSettings
from zwu_ts_assets_tests.training.builders import samples_of, walk

RULE = SplitRule(borders=(0, 48, 72, 96))
UNEVEN = "The steps are counted in rows: the time from one to the next differs or is not known."


def series_at(folder: Path, stamps: list[str] | None, **rules: object) -> Series:
    """The series of a CSV with such stamps, or with none."""
    numbers = walk(96, 3).round(6)
    frame = pd.DataFrame(numbers, columns=list("abc"))
    if stamps is not None:
        frame.insert(0, "when", stamps)
    path = folder / "some.csv"
    frame.to_csv(path, index=False)
    return read_series(path, rules=CsvRules(**rules))  # type: ignore[arg-type]


def stamps(freq: str, form: str) -> list[str]:
    return pd.date_range("2001-01-01", periods=96, freq=freq).strftime(form).tolist()


def facts_of(sample: Sample) -> dict[str, object]:
    settings = TaskSettings(tell_dates=True)
    media = MediaFacts(patch_length=12, patch_stride=6)
    return prompt_facts(sample, settings, media, views=("figure",), compared=())


MONTHS = ("MS", "%Y-%m")


@pytest.mark.parametrize(
    ("freq", "form", "axis", "unit", "first", "last"),
    [
        ("MS", "%Y-%m", "months:1", "month", "2001-01", "2002-12"),
        ("QS", "%Y-%m-%d", "months:3", "quarter", "2001-01", "2006-10"),
        ("YS", "%Y", "months:12", "year", "2001", "2024"),
        ("ME", "%Y-%m-%d", "months:1", "month", "2001-01-31", "2002-12-31"),
        ("B", "%Y-%m-%d", "business days:1", "business day", "2001-01-01", "2001-02-01"),
        ("W", "%Y-%m-%d", "seconds", "week", "2001-01-07 00:00:00", "2001-06-17 00:00:00"),
        ("h", "%Y-%m-%d %H:%M", "seconds", "hour", "2001-01-01 00:00:00", "2001-01-01 23:00:00"),
    ],
)
def test_spans_and_dates_are_told_in_the_steps_of_the_series(
    tmp_path: Path, freq: str, form: str, axis: str, unit: str, first: str, last: str
) -> None:
    series = series_at(tmp_path, stamps(freq, form))
    assert series.axis.to_text() == axis
    again = decode_series(encode_series(series))
    assert again.axis == series.axis
    assert np.array_equal(again.timestamps, series.timestamps)
    samples, report = samples_of(series, RULE, length=24, horizon=12)
    data = encode_samples(samples)
    sample = decode_samples(data)[0]
    assert sample.axis == series.axis
    facts = facts_of(sample)
    spans = [facts[name] for name in ("interval", "window_span", "patch_span")]
    assert spans == [f"1 {unit}", f"24 {unit}s", f"12 {unit}s"]
    assert facts["dates"] == {"first": first, "last": last}
    assert report.times["train"] is not None
    assert report.times["train"][0].replace("T", " ") == first
    assert UNEVEN not in load_templates().introduction(facts)


@pytest.mark.parametrize("has_times", [True, False])
def test_rows_that_are_only_counted_are_called_so(tmp_path: Path, has_times: bool) -> None:
    odd = pd.date_range("2001-01-01", periods=120, freq="D")
    odd = odd[odd.day % 5 != 0][:96]
    when = odd.strftime("%Y-%m-%d").tolist() if has_times else None
    series = series_at(tmp_path, when, time_axis="order")
    assert series.axis == TimeAxis("order" if has_times else "rows")
    assert decode_series(encode_series(series)).axis == series.axis
    samples, _ = samples_of(series, RULE, length=24, horizon=12)
    data = encode_samples(samples)
    sample = decode_samples(data)[0]
    facts = facts_of(sample)
    assert facts["window_span"] == "24 rows"
    prompt = load_templates().introduction(facts)
    assert prompt.endswith(UNEVEN)
    ends = ("2001-01-01T00:00:00", "2001-01-29T00:00:00") if has_times else ("row 0", "row 23")
    assert f"The first step is at {ends[0].replace('T', ' ')}, the last at " in prompt
    assert series.axis.time_text(series.timestamps[23]) == ends[1]


def test_dates_of_splits_are_those_of_the_calendar(tmp_path: Path) -> None:
    series = series_at(tmp_path, stamps(*MONTHS))
    rule = SplitRule(dates=("2005-01-01", "2006-07-01"))
    assert resolve_borders(rule, series.timestamps).rows[:3] == (0, 48, 66)


def test_files_of_a_fixed_interval_say_nothing_of_it(tmp_path: Path) -> None:
    series = series_at(tmp_path, stamps("h", "%Y-%m-%d %H:%M"))
    assert series.axis == FIXED
    assert b"time_axis" not in encode_series(series)
    samples, _ = samples_of(series, RULE, length=24, horizon=12)
    assert decode_samples(encode_samples(samples))[0].axis == FIXED
    assert "time_axis" not in SAMPLE_SCHEMA.names


def test_rows_without_times_are_not_split_by_dates(tmp_path: Path) -> None:
    series_at(tmp_path, None)
    csv = tmp_path / "some.csv"
    by_dates = Settings.model_validate({"split": {"dates": ["2005-01-01", "2006-01-01"]}})
    with pytest.raises(CorpusError, match=r"rows without times, and the setting `split` has dates"):
        raw_product(csv, by_dates)
    details = raw_product(csv, Settings.model_validate({})).details
    assert details["time"] == "no times, rows are counted"
    assert (details["first_timestamp"], details["interval"]) == ("row 0", "1 row")
