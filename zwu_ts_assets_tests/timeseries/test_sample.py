"""The synthetic sample: the committed file is the generator's, and has what tests need of it."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.timeseries.csv_file import read_series
from zwu_ts_assets.timeseries.sample import sample_csv
from zwu_ts_assets.timeseries.series import Series
from zwu_ts_assets_tests.reference import ETTH1_CSV, REPOSITORY
from zwu_ts_assets_tests.timeseries.csv_text import write

SAMPLE = REPOSITORY / "data" / "sample.csv"


@pytest.fixture
def series() -> Series:
    return read_series(SAMPLE)


def test_the_committed_file_is_what_the_generator_makes() -> None:
    assert SAMPLE.read_bytes() == sample_csv()


def test_the_module_prints_the_file() -> None:
    command = [sys.executable, "-m", "zwu_ts_assets.timeseries.sample"]
    printed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, check=True).stdout
    assert printed == SAMPLE.read_bytes()


def test_it_makes_five_batches_and_leaves_twenty_rows_over(series: Series) -> None:
    assert series.rows == 5 * 96 + 20
    assert series.interval == np.timedelta64(1, "h")
    assert series.features == ("HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT")


@pytest.mark.shared
def test_it_has_the_header_of_etth1_and_none_of_its_rows() -> None:
    ours = SAMPLE.read_text(encoding="ascii").splitlines()
    theirs = ETTH1_CSV.read_text(encoding="ascii").splitlines()
    assert ours[0] == theirs[0]
    assert not set(ours[1:]) & set(theirs[1:])


def test_two_columns_stand_still_in_batch_3_and_in_no_other(series: Series) -> None:
    for batch in range(5):
        rows = series.values[96 * batch : 96 * batch + 96]
        still = [
            name
            for name, column in zip(series.features, rows.T, strict=True)
            if len(set(column.tolist())) == 1
        ]
        assert still == (["LUFL", "LULL"] if batch == 3 else [])


def test_loads_follow_the_day(series: Series) -> None:
    for name in ("HUFL", "MUFL", "OT"):
        column = series.values[: 20 * 24, series.features.index(name)].reshape(20, 24)
        by_hour = column.mean(axis=0)
        assert np.ptp(by_hour) > 2.0, name
        assert np.ptp(by_hour) > 2 * (column - by_hour).std(), name


def test_the_same_arguments_give_the_same_bytes_and_another_seed_others() -> None:
    assert sample_csv(rows=50, seed=1) == sample_csv(rows=50, seed=1)
    assert sample_csv(rows=50, seed=1) != sample_csv(rows=50, seed=2)


def test_more_rows_only_add_to_the_end() -> None:
    assert sample_csv(rows=600).startswith(sample_csv(rows=500))


@pytest.mark.parametrize("rows", [1, 3, 96, 300, 1000])
def test_any_number_of_rows_is_a_valid_csv(tmp_path: Path, rows: int) -> None:
    content = sample_csv(rows=rows)
    assert b"-0.0000" not in content
    assert read_series(write(tmp_path, content)).rows == rows


@pytest.mark.parametrize(("rows", "seed"), [(0, 1), (-5, 1), (5, -1)])
def test_arguments_out_of_bounds_are_refused(rows: int, seed: int) -> None:
    with pytest.raises(CorpusError, match=f"found rows={rows}, seed={seed}; expected rows of 1"):
        sample_csv(rows=rows, seed=seed)
