"""Tables that are packed, in Parquet or in `.tsf` are read as the same table in plain text is.

pandas, and the compressors' own programs' formats, make the files.
"""

import bz2
import datetime
import gzip
import lzma
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.timeseries import table_formats
from zwu_ts_assets.timeseries.csv_file import Reading, count_data_rows, count_grid_rows, read_csv
from zwu_ts_assets.timeseries.csv_rules import CsvRules, settings_file, table_stem, table_suffix

ROWS = 300
VALUES = np.random.default_rng(5).normal(size=(ROWS, 3)) * [1e-7, 1.0, 1e13]
DROP = CsvRules(gaps="drop")


def frame_of(freq: str = "1h", zone: str | None = None) -> pd.DataFrame:
    """Random numbers with all their digits."""
    times = pd.date_range("2016-07-01", periods=ROWS, freq=freq, tz=zone)
    return pd.DataFrame(VALUES, columns=["a", "b c", "d,e"]).assign(when=times)


def same(reading: Reading, frame: pd.DataFrame) -> None:
    """Hold a reading against the frame that the file was made of."""
    times = pd.to_datetime(frame["when"], utc=True).dt.tz_localize(None)
    values = frame.drop(columns="when")
    assert reading.series.features == tuple(values.columns)
    expected = values.to_numpy(np.float64)
    assert np.array_equal(reading.series.values, expected, equal_nan=True)
    assert reading.series.timestamps.tolist() == times.dt.to_pydatetime().tolist()


PACK: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": lambda data: pa.compress(data, codec="zstd", asbytes=True),
}


@pytest.mark.parametrize("packing", ["", *PACK])
@pytest.mark.parametrize(("suffix", "mark"), [(".csv", ","), (".tsv", "\t"), (".txt", ";")])
def test_texts_are_read_plain_and_packed(
    tmp_path: Path, suffix: str, mark: str, packing: str
) -> None:
    frame = frame_of()
    data = frame.to_csv(index=False, sep=mark).encode("utf-8")
    path = tmp_path / f"load{suffix}{packing}"
    path.write_bytes(PACK[packing](data) if packing else data)
    same(read_csv(path), frame)
    assert count_data_rows(path) == ROWS
    assert count_grid_rows(path, rules=DROP) == ROWS


@pytest.mark.parametrize("packing", PACK)
def test_a_message_about_a_packed_text_names_the_line(tmp_path: Path, packing: str) -> None:
    path = tmp_path / f"load.csv{packing}"
    path.write_bytes(PACK[packing](b"date,a\n2016-07-01,1\n2016-07-02,x1\n"))
    with pytest.raises(CorpusError) as caught:
        read_csv(path)
    assert str(caught.value).startswith(f"{path}, line 3, column 'a': found the text 'x1'")


@pytest.mark.parametrize("packing", PACK)
@pytest.mark.parametrize("damage", ["plain", "cut", "empty"])
def test_what_cannot_be_unpacked_is_told(tmp_path: Path, packing: str, damage: str) -> None:
    text = frame_of().to_csv(index=False).encode("utf-8")
    data = {"plain": text, "cut": PACK[packing](text)[:-9], "empty": b""}[damage]
    path = tmp_path / f"load.csv{packing}"
    path.write_bytes(data)
    with pytest.raises(CorpusError) as caught:
        read_csv(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "cannot be unpacked as" in str(caught.value) or "the file is empty" in str(caught.value)


@pytest.mark.parametrize("packing", PACK)
def test_a_file_that_unpacks_to_too_much_is_refused_in_time(
    tmp_path: Path, packing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_formats, "FILE_LIMIT", 1 << 20)
    path = tmp_path / f"load.csv{packing}"
    path.write_bytes(PACK[packing](b"1" * (8 << 20)))
    with pytest.raises(CorpusError, match="unpacks to more than 1,048,576 bytes"):
        read_csv(path)


def changed(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with columns of other types."""
    match name:
        case "plain":
            return frame
        case "whole numbers":
            return frame.assign(a=np.arange(ROWS) % 7 + 2**53, b=np.arange(ROWS) % 3 == 0)
        case "float32":
            return frame.astype({"a": np.float32, "b c": np.float32})
        case "nanoseconds":
            return frame.assign(when=frame["when"].dt.as_unit("ns"))
        case "dictionary":
            return frame.astype({"a": "category"})
        case "gaps":
            return frame.assign(a=frame["a"].where(frame["a"] > 0))
        case _:
            raise AssertionError(name)


@pytest.mark.parametrize(
    "kind", ["plain", "whole numbers", "float32", "nanoseconds", "dictionary", "gaps"]
)
@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Berlin"])
def test_parquet_is_read_bit_for_bit(tmp_path: Path, kind: str, zone: str | None) -> None:
    frame = changed(kind, frame_of(zone=zone))
    path = tmp_path / "load.parquet"
    frame.to_parquet(path)
    same(read_csv(path, rules=DROP if kind == "gaps" else CsvRules()), frame)
    assert count_data_rows(path) == ROWS


def test_the_index_of_a_frame_in_parquet_is_its_time(tmp_path: Path) -> None:
    frame = frame_of()
    path = tmp_path / "load.parquet"
    frame.set_index("when").to_parquet(path)
    same(read_csv(path), frame)
    frame.set_index("when").rename_axis(None).to_parquet(path)
    reading = read_csv(path)
    assert reading.columns.time_name == "__index_level_0__"
    assert reading.series.features == ("a", "b c", "d,e")


def test_row_numbers_that_pandas_writes_beside_the_columns_are_no_feature(tmp_path: Path) -> None:
    frame = frame_of()
    path = tmp_path / "load.parquet"
    halves = [frame[:40].reset_index(drop=True), frame[40:].reset_index(drop=True)]
    pd.concat(halves).to_parquet(path)
    assert "__index_level_0__" in pq.read_table(path).column_names
    reading = read_csv(path)
    same(reading, frame)
    assert "'__index_level_0__' left out, row numbers that pandas wrote" in reading.notes[0]
    # An index that begins elsewhere may be years: it is a column like others.
    frame.set_index(pd.Index([1900 + row // 2 for row in range(len(frame))])).to_parquet(path)
    assert read_csv(path).columns.names[-1] == "__index_level_0__"


def test_texts_dates_and_decimals_in_parquet_are_read_and_lists_are_left_out(
    tmp_path: Path,
) -> None:
    days = [datetime.date(2016, 7, 1) + datetime.timedelta(days=row) for row in range(40)]
    numbers = pa.array([Decimal(f"{row * 7 % 11}.125") for row in range(40)])
    table = pa.table(
        {
            "day": days,
            "price": numbers,
            "remark": ["a text"] * 40,
            "more": [[1, 2]] * 40,
        }
    )
    path = tmp_path / "load.parquet"
    pq.write_table(table.drop_columns("remark"), path)
    reading = read_csv(path)
    assert reading.series.values[:, 0].tolist() == [row * 7 % 11 + 0.125 for row in range(40)]
    assert str(reading.series.timestamps[39]) == "2016-08-09T00:00:00"
    assert "'more' left out, of the type list" in reading.notes[0]
    remarks = pa.array(['a "b", c'] * 40)
    pq.write_table(table.set_column(2, "remark", remarks), path)
    reading = read_csv(path)
    assert reading.series.features == ("price",)
    assert dict(reading.columns.left_out) == {"remark": "text, such as 'a \"b\", c'"}


def test_a_message_about_parquet_names_the_row(tmp_path: Path) -> None:
    path = tmp_path / "load.parquet"
    frame_of().assign(a=[*VALUES[:9, 0], np.inf, *VALUES[10:, 0]]).to_parquet(path)
    with pytest.raises(CorpusError) as caught:
        read_csv(path)
    assert str(caught.value).startswith(f"{path}, row 10, column 'a': found 'inf', infinity")
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(CorpusError, match="cannot be read as Parquet"):
        read_csv(path)


TSF = """\
# Dataset Information
@relation small
@attribute series_name string
@attribute state string
@attribute start_timestamp date
@frequency half_hourly
@horizon 24
@missing true
@equallength false
@data
T1:NSW:2002-01-01 00-00-00:1.5,2.25,?,4
T2:VIC:2002-01-01 00-30-00:-5,6e3,7
"""


def test_series_of_a_tsf_file_become_columns(tmp_path: Path) -> None:
    path = tmp_path / "small.tsf"
    path.write_text(TSF, "utf-8")
    reading = read_csv(path, rules=DROP)
    assert reading.series.features == ("T1 NSW", "T2 VIC")
    nan = np.nan
    expected = np.array([[1.5, nan], [2.25, -5], [nan, 6000], [4, 7]])
    assert np.array_equal(reading.series.values, expected, equal_nan=True)
    times = pd.date_range("2002-01-01", periods=4, freq="30min")
    assert reading.series.timestamps.tolist() == times.to_pydatetime().tolist()
    assert count_grid_rows(path, rules=DROP) == 4


@pytest.mark.parametrize(
    ("frequency", "freq"),
    [
        ("10_minutes", "10min"),
        ("4_seconds", "4s"),
        ("hourly", "1h"),
        ("daily", "1D"),
        ("weekly", "7D"),
    ],
)
def test_frequencies_of_a_tsf_file_are_those_of_pandas(
    tmp_path: Path, frequency: str, freq: str
) -> None:
    path = tmp_path / "small.tsf"
    head = TSF.replace("half_hourly", frequency).partition("T1:")[0]
    path.write_text(f"{head}T1:NSW:2002-01-01 00-00-00:1,3,2,4,1,9\n", "utf-8")
    times = pd.date_range("2002-01-01", periods=6, freq=freq)
    assert read_csv(path).series.timestamps.tolist() == times.to_pydatetime().tolist()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("@frequency half_hourly\n", ""), "found no `@frequency`"),
        (("half_hourly", "sometimes"), ", line 6: found the frequency 'sometimes'"),
        (("@data\n", ""), "found no line `@data`"),
        (("T2:VIC", "T1:NSW"), ", line 12: found a second series named 'T1 NSW'"),
        (("00-30-00", "00-31-00"), "series 'T2 VIC': begins at 2002-01-01 00:31:00"),
        (("2002-01-01 00-00-00", "soon"), ", line 11: found the start 'soon'"),
        (("T1:NSW:", "T1:"), ", line 11: found 3 parts"),
        (("2.25", "x"), ", row 2, column 'T1 NSW': found the text 'x'"),
    ],
)
def test_a_tsf_file_that_is_none_is_told(
    tmp_path: Path, change: tuple[str, str], says: str
) -> None:
    path = tmp_path / "small.tsf"
    path.write_text(TSF.replace(*change), "utf-8")
    with pytest.raises(CorpusError) as caught:
        read_csv(path, rules=DROP)
    assert str(caught.value).startswith(str(path))
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("name", "suffix", "settings"),
    [
        ("a.csv", ".csv", "a.toml"),
        ("a.b.CSV.gz", ".CSV.gz", "a.b.toml"),
        ("a.parquet", ".parquet", "a.toml"),
        ("a.parquet.gz", "", "a.parquet.toml"),
        ("a.gz", "", "a.toml"),
        ("readme.txt", "", "readme.toml"),
        ("readme.csv", ".csv", "readme.toml"),
        (".csv", "", ".csv.toml"),
    ],
)
def test_suffixes_of_tables(name: str, suffix: str, settings: str) -> None:
    assert table_suffix(name) == suffix
    assert settings_file(Path("data") / name) == Path("data") / settings
    assert table_stem(Path(name)) == settings.removesuffix(".toml")


def test_nothing_of_a_table_is_left_in_the_temporary_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tempfile

    here: list[Any] = []
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    for name in ("load.parquet", "load.csv.gz"):
        path = tmp_path / name
        if name.endswith("parquet"):
            frame_of().to_parquet(path)
        else:
            path.write_bytes(gzip.compress(frame_of().to_csv(index=False).encode()))
        read_csv(path)
        here += (tmp_path / "temporary").iterdir()
    assert here == []
