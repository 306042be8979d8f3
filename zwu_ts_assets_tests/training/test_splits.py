"""Which split a window is in, and what that costs."""

import subprocess
import sys
import tomllib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.training.split_rule import ETTH1_BORDERS, SplitRule
from zwu_ts_assets.training.splits import (
    Borders,
    Placement,
    place,
    resolve_borders,
    split_report,
    train_rows,
)
from zwu_ts_assets_tests.reference import ETTH1_CSV
from zwu_ts_assets_tests.training.builders import START, etth1, hours, samples_of

PUBLISHED = SplitRule(borders=ETTH1_BORDERS)
ROWS = 17_420


def etth1_spans() -> list[tuple[int, int]]:
    return [(96 * i, 96 * i + 192) for i in range(181)]


def test_rows_that_were_interpolated_with_a_row_of_validation_are_not_fitted_on() -> None:
    reach = (np.arange(60), np.arange(60))
    reach[1][21:24] = 24  # row 24 is the first one of validation
    rule = SplitRule(borders=(0, 24, 40, 60))
    assert train_rows(rule, hours(60), reach) == (0, 21)
    assert train_rows(rule, hours(60)) == (0, 24)
    # Rows of the embargo are in no sample.
    assert train_rows(rule.model_copy(update={"embargo_rows": 4}), hours(60), reach) == (0, 20)
    reach[1][19:21] = 21
    assert train_rows(rule.model_copy(update={"embargo_rows": 4}), hours(60), reach) == (0, 20)


def test_the_published_borders_of_etth1_by_hand() -> None:
    """Window i needs rows 96 i to 96 i + 191, and 8640, 11520, 14400 are 90, 120, 150 times 96.

    So train has i = 0..88 (i + 2 <= 90), validation 90..118, test 120..148; 89 and 119 cross a
    border, and 149..180 end or begin after the last one: 89 + 29 + 29 + 2 + 32 = 181.
    """
    report = split_report(resolve_borders(PUBLISHED, hours(ROWS)), hours(ROWS), etth1_spans())
    assert report.samples == {"train": 89, "validation": 29, "test": 29}
    assert report.unused == {
        "embargoed": 2,
        "target incomplete": 0,
        "before the first border": 0,
        "after the last border": 32,
    }
    assert report.embargoed == (89 * 96, 119 * 96)
    assert report.left_out == {
        "embargoed": (89 * 96, 119 * 96),
        "after the last border": tuple(96 * i for i in range(149, 181)),
    }
    assert report.rows == {
        "train": (0, 8640),
        "validation": (8640, 11520),
        "test": (11520, 14400),
    }
    assert report.times["train"] == ("2016-07-01T00:00:00", "2017-06-25T23:00:00")  # 360 days
    assert report.times["validation"] == ("2017-06-26T00:00:00", "2017-10-23T23:00:00")
    assert report.times["test"] == ("2017-10-24T00:00:00", "2018-02-20T23:00:00")


def test_the_default_ratios_of_etth1_by_hand() -> None:
    """70 and 80 per cent of 17,420 are 12,194 and 13,936; in binary it would be 13,935.

    Train has i = 0..125 (192 + 96 * 125 = 12,192), validation 128..143, test 146..179, and window
    180 lacks 52 target rows; 126, 127, 144 and 145 cross a border.
    """
    assert int((0.7 + 0.1) * ROWS) == 13_935
    report = split_report(resolve_borders(SplitRule(), hours(ROWS)), hours(ROWS), etth1_spans())
    assert report.rows == {
        "train": (0, 12_194),
        "validation": (12_194, 13_936),
        "test": (13_936, 17_420),
    }
    assert report.samples == {"train": 126, "validation": 16, "test": 34}
    assert report.embargoed == tuple(96 * i for i in (126, 127, 144, 145))
    assert report.unused["target incomplete"] == 1


def test_dates_are_the_first_row_at_or_after_them() -> None:
    borders = resolve_borders(SplitRule(dates=("2016-07-05", "2016-07-07T10:30")), hours(240))
    assert borders.rows == (0, 96, 155, 240)  # day 4; day 6 at 11:00, which is 6 * 24 + 11
    with_end = SplitRule(dates=("2016-07-05", "2016-07-07", "2016-07-08"))
    assert resolve_borders(with_end, hours(240)).rows == (0, 96, 144, 168)


def test_an_embargo_is_taken_from_the_split_before_the_border() -> None:
    """One row less for train and validation costs each the window that ended at the border."""
    rule = SplitRule(borders=ETTH1_BORDERS, embargo_rows=1)
    report = split_report(resolve_borders(rule, hours(ROWS)), hours(ROWS), etth1_spans())
    assert report.samples == {"train": 88, "validation": 28, "test": 29}
    assert report.embargoed == tuple(96 * i for i in (88, 89, 118, 119))
    assert report.rows["test"] == (11_520, 14_400)


def test_a_window_whose_target_has_a_gap_is_unused_for_that_reason_alone() -> None:
    borders = Borders((10, 30, 60, 80), 0, 100)
    missing = np.array([25, 45, 90])
    spans = [(start, start + 6) for start in range(10, 80)]
    report = split_report(borders, hours(100), spans, missing)
    holding = [s for s, stop in spans if any(s <= row < stop for row in (25, 45))]
    assert report.unused["target has a gap"] == len(holding) == 12
    assert sum(report.samples.values()) + sum(report.unused.values()) == len(spans)
    assert place(borders, 20, 26, missing) == Placement(None, "target has a gap")
    assert place(borders, 19, 25, missing) == Placement("train", None)
    # What lies outside the borders anyway is not told as a gap, and without gaps there is none.
    assert place(borders, 85, 91, missing).reason == "after the last border"
    assert "target has a gap" not in split_report(borders, hours(100), spans).unused


@pytest.mark.parametrize(
    ("past_start", "target_stop", "placement"),
    [
        (10, 30, Placement("train", None)),
        (9, 29, Placement(None, "before the first border")),
        (11, 31, Placement(None, "embargoed")),  # reaches row 30, the first of validation
        (30, 50, Placement("validation", None)),
        (20, 60, Placement(None, "embargoed")),  # over all of validation
        (60, 80, Placement("test", None)),
        (61, 81, Placement(None, "after the last border")),
        (80, 90, Placement(None, "after the last border")),
        (75, 101, Placement(None, "target incomplete")),
        (85, 101, Placement(None, "after the last border")),
    ],
)
def test_a_window_is_placed(past_start: int, target_stop: int, placement: Placement) -> None:
    assert place(Borders((10, 30, 60, 80), 0, 100), past_start, target_stop) == placement


@given(
    borders=st.lists(st.integers(0, 200), min_size=4, max_size=4, unique=True).map(sorted),
    embargo=st.integers(0, 30),
    length=st.integers(1, 40),
    stride=st.integers(1, 20),
)
def test_no_row_is_shared_and_every_window_counts_once(
    borders: list[int], embargo: int, length: int, stride: int
) -> None:
    first, second, third, last = borders
    resolved = Borders((first, second, third, last), embargo, 200)
    spans = [(start, start + length) for start in range(0, 200, stride)]
    rows: dict[str, set[int]] = {"train": set(), "validation": set(), "test": set()}
    for start, stop in spans:
        split = place(resolved, start, stop).split
        if split is not None:
            rows[split] |= set(range(start, stop))
    for one, other in (("train", "validation"), ("train", "test"), ("validation", "test")):
        if rows[one] and rows[other]:
            assert min(rows[other]) - max(rows[one]) > embargo
    report = split_report(resolved, hours(200), spans)
    assert sum(report.samples.values()) + sum(report.unused.values()) == len(spans)
    assert len(report.embargoed) == report.unused["embargoed"]


@given(rows=st.integers(10, 100_000), hundredths=st.integers(1, 99), data=st.data())
def test_ratios_divide_all_rows_to_the_exact_share(
    rows: int, hundredths: int, data: st.DataObject
) -> None:
    second = data.draw(st.integers(0, 100 - hundredths))
    ratios = (hundredths / 100, second / 100, (100 - hundredths - second) / 100)
    train, both = rows * hundredths // 100, rows * (hundredths + second) // 100
    rule = SplitRule(ratios=ratios)
    if train == 0:
        with pytest.raises(CorpusError, match="no row to train on"):
            resolve_borders(rule, hours(rows))
        return
    assert resolve_borders(rule, hours(rows)).rows == (0, train, both, rows)


def test_thirds_are_ratios_too() -> None:
    assert resolve_borders(SplitRule(ratios=(1 / 3, 1 / 3, 1 / 3)), hours(100)).rows == (
        0,
        33,
        66,
        100,
    )


def test_statistics_are_fitted_on_rows_that_training_samples_may_have() -> None:
    assert train_rows(PUBLISHED, hours(ROWS)) == (0, 8640)
    rule = SplitRule(borders=ETTH1_BORDERS, embargo_rows=24)
    assert train_rows(rule, hours(ROWS)) == (0, 8616)


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        ({"ratios": (0.7, 0.1, 0.1)}, "add up to 0.9; expected 1"),
        ({"ratios": (0, 0.5, 0.5)}, "ratio of train is 0"),
        ({"ratios": (1.5, -0.25, -0.25)}, "less than or equal to 1"),
        ({"borders": (0, 10, 5, 20)}, "expected increasing rows"),
        ({"borders": (0, 0, 5, 20)}, "expected increasing rows"),
        ({"dates": ("2017-01-01", "2016-01-01")}, "expected increasing ones"),
        ({"dates": ("2017-01-01",)}, "at least 2 items"),
        ({"dates": ("now", "2017-01-01")}, "'now' is no date; expected ISO 8601"),
        ({"dates": ("2017-01-01T00:00Z", "2018-01-01")}, "without a time zone"),
        ({"dates": ("", "2018-01-01")}, "'' is no date"),
        ({"ratios": (0.7, 0.1, 0.2), "dates": ("2017-01-01", "2018-01-01")}, "by ratios and by d"),
        ({"embargo_rows": -1}, "greater than or equal to 0"),
        ({"embargo": 5}, "not permitted"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(rule: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        SplitRule.model_validate(rule)


def test_lists_and_dates_as_toml_has_them_are_taken() -> None:
    rule = SplitRule.model_validate(tomllib.loads("dates = [2017-07-01, 2017-10-01T12:00:00]"))
    assert rule.dates == ("2017-07-01", "2017-10-01T12:00:00")
    assert SplitRule.model_validate(tomllib.loads("ratios = [1, 0, 0]")).ratios == (1.0, 0.0, 0.0)
    rows = SplitRule.model_validate(tomllib.loads("borders = [0, 8640, 11520, 14400]"))
    assert rows == PUBLISHED


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        (PUBLISHED, "ends at row 14400, but the series has 500 rows"),
        (SplitRule(dates=("2015-01-01", "2016-07-03")), "2015-01-01 is not within the series"),
        (SplitRule(dates=("2016-07-03", "2019-01-01")), "2019-01-01 is not within the series"),
        (SplitRule(embargo_rows=350), "leaves no row to train on"),
    ],
)
def test_a_rule_that_does_not_fit_the_series_is_refused(rule: SplitRule, sentence: str) -> None:
    with pytest.raises(CorpusError, match=sentence):
        resolve_borders(rule, hours(500))


def test_an_empty_split_has_no_times() -> None:
    report = split_report(
        resolve_borders(SplitRule(ratios=(0.5, 0.0, 0.5)), hours(100)), hours(100), [(0, 10)]
    )
    assert report.times["validation"] is None
    assert report.samples == {"train": 1, "validation": 0, "test": 0}
    assert report.times["test"] == (str(START + np.timedelta64(50, "h")), str(hours(100)[-1]))


@pytest.mark.shared
def test_the_real_file_gives_the_published_split() -> None:
    assert ETTH1_CSV.exists()
    samples, report = samples_of(etth1(), PUBLISHED)
    assert report.samples == {"train": 89, "validation": 29, "test": 29}
    assert report.unused["embargoed"] == 2
    assert [s.batch for s in samples if s.split == "validation"] == list(range(90, 119))
    assert str(samples[89].past_timestamps[0]) == "2017-06-26T00:00:00"


def test_settings_are_read_without_numpy() -> None:
    """Definitions read them whenever they load."""
    code = (
        "import sys\n"
        "import zwu_ts_assets.training.split_rule, zwu_ts_assets.training.task_settings\n"
        "assert not {'numpy', 'pyarrow', 'jinja2'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
