"""Samples as Parquet: read back exactly, the same bytes, one schema."""

import dataclasses
import io
import subprocess
import sys
from pathlib import Path

import datasets
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.timeseries.windows import Selection
from zwu_ts_assets.training import sample_table
from zwu_ts_assets.training.sample import Sample
from zwu_ts_assets.training.sample_table import (
    SAMPLE_SCHEMA,
    decode_samples,
    encode_samples,
)
from zwu_ts_assets.training.split_rule import SplitRule
from zwu_ts_assets_tests.training.builders import sample_of, samples_of, series_of, walk


def assert_equal(one: Sample, other: Sample) -> None:
    for field in dataclasses.fields(Sample):
        a, b = getattr(one, field.name), getattr(other, field.name)
        if isinstance(a, np.ndarray):
            assert (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes()), field.name
        else:
            assert a == b, field.name
            assert type(a) is type(b), field.name


def tiny() -> list[Sample]:
    return samples_of(series_of(walk(400)), SplitRule(), length=16, horizon=8)[0]


def test_samples_are_read_back_exactly() -> None:
    samples = tiny()
    back = decode_samples(encode_samples(samples))
    assert len(back) == len(samples) > 20
    for one, other in zip(samples, back, strict=True):
        assert_equal(one, other)


def test_a_selection_is_read_back_and_no_column_of_it_is_there_without() -> None:
    samples = tiny()
    some = [dataclasses.replace(s, shown=Selection((2, 0), (1, 2))) for s in samples]
    back = decode_samples(encode_samples(some))
    for one, other in zip(some, back, strict=True):
        assert_equal(one, other)
    table = pd.read_parquet(io.BytesIO(encode_samples(some)))
    assert table["shown"][0].tolist() == [2, 0]
    assert table["shown_sizes"][0].tolist() == [1, 2]
    with pytest.raises(AssertionError, match="shows all columns"):
        encode_samples([some[0], samples[1]])


@settings(max_examples=30)
@given(
    past=hnp.arrays(
        np.float64,
        st.tuples(st.integers(2, 5), st.just(2)),
        elements=st.floats(-1e150, 1e150),  # the statistics text squares them
    ),
    target_rows=st.integers(0, 3),
    names=st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=2),
    flags=st.lists(st.text(st.characters(exclude_categories=["Cs"]))),
)
def test_whatever_is_in_a_sample_is_read_back(
    past: np.ndarray, target_rows: int, names: list[str], flags: list[str]
) -> None:
    plain = sample_of(past, past[:target_rows])
    sample = dataclasses.replace(
        plain,
        features=(names[0], names[1]),
        units=("µ", ""),
        flags=tuple(flags),
        fingerprints={"z": "1", "a": "2"},
    )
    data = encode_samples([sample, plain])
    for one, other in zip([sample, plain], decode_samples(data), strict=True):
        assert_equal(one, other)


def test_the_same_samples_give_the_same_bytes() -> None:
    samples = tiny()
    turned = [
        dataclasses.replace(s, fingerprints=dict(sorted(s.fingerprints.items(), reverse=True)))
        for s in decode_samples(encode_samples(samples))
    ]
    assert encode_samples(turned) == encode_samples(samples)


def test_an_empty_split_has_the_same_schema() -> None:
    empty, full = (pq.read_schema(io.BytesIO(encode_samples(s))) for s in ([], tiny()))
    assert empty.equals(full, check_metadata=True)
    assert decode_samples(encode_samples([])) == []


def test_many_samples_are_written_in_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = tiny()
    monkeypatch.setattr(sample_table, "_NUMBERS_PER_GROUP", 200)
    data = encode_samples(samples)
    assert pq.ParquetFile(io.BytesIO(data)).num_row_groups > 5
    for one, other in zip(samples, decode_samples(data), strict=True):
        assert_equal(one, other)


def test_pandas_reads_the_columns_as_they_are_described() -> None:
    samples = tiny()
    frame = pd.read_parquet(io.BytesIO(encode_samples(samples)))
    assert list(frame["id"]) == [s.id for s in samples]
    assert frame["interval_seconds"].unique().tolist() == [3600]
    row = frame.iloc[3]
    assert np.array_equal(np.stack(row["target"]), samples[3].target)
    assert str(row["past_timestamps"][1])[:19] == str(samples[3].past_timestamps[1])
    told = {each["asset"]: each["version"] for each in row["fingerprints"]}
    assert told == dict(samples[3].fingerprints)


def test_every_column_is_described_in_the_file() -> None:
    schema = pq.read_schema(io.BytesIO(encode_samples([])))
    for field in schema:
        description = field.metadata[b"description"].decode()
        assert description.endswith(".")
    # Everything in a sample is in a column; the last three only where they say something.
    fields = {field.name for field in dataclasses.fields(Sample)}
    assert fields - {"shown", "axis", "labels"} == {*schema.names} - {"interval_seconds"}


def test_datasets_loads_every_column(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "cache"))
    samples = tiny()
    (tmp_path / "train.parquet").write_bytes(encode_samples(samples))
    loaded = datasets.load_dataset("parquet", data_files=str(tmp_path / "train.parquet"))["train"]
    assert loaded.column_names == SAMPLE_SCHEMA.names
    assert loaded["id"][:] == [sample.id for sample in samples]
    for row, sample in zip(loaded, samples, strict=True):
        assert row["past"] == sample.past.tolist()
        versions = {each["asset"]: each["version"] for each in row["fingerprints"]}
        assert versions == dict(sample.fingerprints)


def test_damaged_and_foreign_files_are_refused() -> None:
    data = encode_samples(tiny())
    for bad in (b"", b"PAR1", data[:-20], data[:100] + data[400:]):
        with pytest.raises(CorpusError, match="damaged"):
            decode_samples(bad)
    sink = io.BytesIO()
    pq.write_table(pa.table({"id": ["x"]}), sink)
    with pytest.raises(CorpusError, match="expected 'zwu_ts_assets samples 2'"):
        decode_samples(sink.getvalue())


def test_writing_and_reading_does_without_pandas() -> None:
    code = (
        "import sys\n"
        "from zwu_ts_assets.training.sample_table import decode_samples, encode_samples\n"
        "decode_samples(encode_samples([]))\n"
        "assert 'pandas' not in sys.modules and 'dagster' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert SAMPLE_SCHEMA.names[0] == "id"
