"""Series and batches as Parquet bytes, and back.

What belongs here: the columnar form of rows. What does not: which file it is. Parquet keeps
timestamps and floats exactly and is read by pandas, polars and duckdb as it is.
"""

import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.timeseries.series import FIXED, Labels, Series, TimeAxis
from zwu_ts_assets.timeseries.windows import Batch, read_selection, selection_json

TIME_COLUMN: Final = "timestamp"

# Columns of marks that follow the features, named so in the file's own metadata. They are told by
# their place, since a feature may bear any name.
_MARKS: Final = "marks"
_MISSING: Final = "missing"
_AXIS: Final = "time_axis"  # in the file's own metadata, where a step is no fixed time
_INTERPOLATED: Final = "interpolated:"
_LABELLED: Final = "labelled "  # and the number of the label, whose names are in the metadata
_LABELS: Final = "labels"
_BEGINS: Final = "begins"


def encode_series(series: Series) -> bytes:
    """A series as a Parquet file, the same bytes for the same series.

    After the features come, where there are any, a column `missing` that marks the rows that lack a
    value, a column `interpolated:NAME` for each feature that has interpolated values, a column
    `labelled NUMBER` for each label, whose name the file's own metadata tell, and a column `begins`
    that marks the rows with which another case begins.
    """
    marks: dict[str, NDArray[np.bool_]] = {}
    if series.missing is not None:
        marks[_MISSING] = series.missing
    if series.interpolated is not None:
        columns = series.interpolated.T
        marks |= {
            f"{_INTERPOLATED}{number}": column
            for number, column in enumerate(columns)
            if column.any()
        }
    facts = {} if series.axis.is_fixed else {_AXIS: series.axis.to_text()}
    if series.labels is not None:
        codes, names = series.labels.codes, series.labels.names
        marks |= {f"{_LABELLED}{number}": codes == number for number in range(len(names))}
        facts[_LABELS] = json.dumps(names)
    if series.breaks is not None:
        marks[_BEGINS] = np.zeros(series.rows, np.bool_)
        marks[_BEGINS][series.breaks] = True
    return encode_table(series.timestamps, series.values, series.features, facts, marks)


def decode_series(data: bytes) -> Series:
    """What `encode_series` was given.

    Raises:
        CorpusError: The bytes are no Parquet file, or not one of ours.
    """
    with _told_if_damaged():
        timestamps, values, features, facts, marks = _decode(data)
        interpolated = None
        if any(name.startswith(_INTERPOLATED) for name in marks):
            interpolated = np.zeros(values.shape, np.bool_)
            for name, column in marks.items():
                if name.startswith(_INTERPOLATED):
                    interpolated[:, int(name.removeprefix(_INTERPOLATED))] = column
        axis = TimeAxis.from_text(facts[_AXIS]) if _AXIS in facts else FIXED
        labels = None
        if _LABELS in facts:
            names = tuple(json.loads(facts[_LABELS]))
            codes = np.full(len(values), -1, np.int64)
            for number in range(len(names)):
                codes[marks[f"{_LABELLED}{number}"]] = number
            labels = Labels(codes, names)
        breaks = np.flatnonzero(marks[_BEGINS]) if _BEGINS in marks else None
        missing = marks.get(_MISSING)
        return Series(timestamps, values, features, missing, interpolated, axis, labels, breaks)


def encode_batch(batch: Batch) -> bytes:
    """A batch of one window or more as a Parquet file, the same bytes for the same batch.

    The file's own metadata tell where it starts and, of several windows, where each does. How many
    target rows there are is not part of it: rows that are appended change no earlier batch.
    """
    facts = {"start": str(batch.start)}
    if len(batch.starts) > 1:
        facts["starts"] = json.dumps(batch.starts)
        facts["window_length"] = str(batch.length)
    if batch.shown is not None:
        facts["shown"] = selection_json(batch.shown)
    return encode_table(batch.timestamps, batch.values, batch.features, facts)


def decode_batch(data: bytes, target_rows: int, horizon: int) -> Batch:
    """What `encode_batch` was given.

    Args:
        data: The bytes.
        target_rows: Of the batch's last window. Those of the others follow from it, since the rows
            between are the batch's own.
        horizon: The most that a window can have.

    Raises:
        CorpusError: The bytes are no Parquet file, or not one of ours.
    """
    with _told_if_damaged():
        timestamps, values, features, facts = decode_table(data)
        starts = tuple(json.loads(facts.get("starts", f"[{facts['start']}]")))
        return Batch(
            starts=starts,
            length=int(facts.get("window_length", len(timestamps))),
            timestamps=timestamps,
            values=values,
            features=features,
            target_rows=tuple(min(horizon, target_rows + starts[-1] - start) for start in starts),
            shown=read_selection(facts["shown"]) if "shown" in facts else None,
        )


def empty_batch() -> Batch:
    """A batch without windows, of which nothing is kept but its record."""
    return Batch((), 0, np.empty(0, "datetime64[s]"), np.empty((0, 0)), (), ())


def encode_table(
    timestamps: NDArray[np.datetime64],
    values: NDArray[np.float64],
    features: tuple[str, ...],
    facts: dict[str, str],
    marks: Mapping[str, NDArray[np.bool_]] | None = None,
) -> bytes:
    """Rows as a Parquet file, the same bytes for the same rows.

    Args:
        timestamps: (rows,) datetime64[s] or [ns].
        values: (rows, features) float64.
        features: Column names.
        facts: Further text for the file's own metadata.
        marks: (rows,) bool by name: columns after the features. That of a feature is named by its
            number, and in the file by its name.
    """
    marks = marks or {}
    # Positional, since a feature may bear any name, also that of the time column. From buffers,
    # since `pa.array` would import pandas, which takes longer than writing all windows.
    unit = np.datetime_data(timestamps.dtype)[0]
    counts = pa.py_buffer(np.ascontiguousarray(timestamps).view(np.int64))
    columns = [pa.Array.from_buffers(pa.timestamp(unit), len(timestamps), [None, counts])]
    for i in range(len(features)):
        column = pa.py_buffer(np.ascontiguousarray(values[:, i], dtype=np.float64))
        columns.append(pa.Array.from_buffers(pa.float64(), len(timestamps), [None, column]))
    names = [TIME_COLUMN, *features]
    for name, mark in marks.items():
        packed = pa.py_buffer(np.packbits(mark, bitorder="little"))
        columns.append(pa.Array.from_buffers(pa.bool_(), len(timestamps), [None, packed]))
        kind, _, number = name.partition(":")
        names.append(f"{kind}:{features[int(number)]}" if number else kind)
    if marks:
        facts = {**facts, _MARKS: json.dumps(list(marks))}
    table = pa.Table.from_arrays(columns, names=names)
    sink = io.BytesIO()
    pq.write_table(table.replace_schema_metadata(facts), sink, compression="zstd")
    return sink.getvalue()


def decode_table(
    data: bytes,
) -> tuple[NDArray[np.datetime64], NDArray[np.float64], tuple[str, ...], dict[str, str]]:
    """What `encode_table` was given, but for marks: timestamps, values, features, facts.

    Raises:
        CorpusError: The bytes are no Parquet file, or not one of ours.
    """
    with _told_if_damaged():
        timestamps, values, features, facts, _ = _decode(data)
    return timestamps, values, features, facts


_Decoded = tuple[
    NDArray[np.datetime64],
    NDArray[np.float64],
    tuple[str, ...],
    dict[str, str],
    dict[str, NDArray[np.bool_]],
]


@contextmanager
def _told_if_damaged() -> Iterator[None]:
    """Turn what damaged bytes end with into an error that says what to do."""
    try:
        yield
    # Arrow's own errors are of these types, but for what zstd and Thrift find: an `OSError`.
    except (pa.ArrowException, OSError, ValueError, KeyError, IndexError) as error:
        raise CorpusError(
            f"a stored table is damaged ({str(error)[:200]}); materialize its asset again"
        ) from error


def _decode(data: bytes) -> _Decoded:
    """Timestamps, values, features, facts and marks of a table."""
    # Not `pq.read_table`: it looks columns up by name and fails where two bear the same.
    table = pq.ParquetFile(io.BytesIO(data)).read()
    # Parquet has no seconds: they come back as milliseconds.
    unit = "ns" if table.column(0).type.unit == "ns" else "s"
    counts = _numbers(table.column(0).cast(pa.timestamp(unit)), np.int64)
    timestamps = counts.view(f"datetime64[{unit}]")
    metadata = table.schema.metadata or {}
    facts = {key.decode("utf-8"): value.decode("utf-8") for key, value in metadata.items()}
    names = json.loads(facts.pop(_MARKS, "[]"))
    columns = table.columns[1 : table.num_columns - len(names)]
    values = np.column_stack([_numbers(column, np.float64) for column in columns])
    marked = table.columns[table.num_columns - len(names) :]
    marks = {name: _bits(column) for name, column in zip(names, marked, strict=True)}
    features = tuple(table.column_names[1 : 1 + len(columns)])
    return timestamps, np.ascontiguousarray(values), features, facts, marks


def _numbers(column: Any, dtype: type) -> NDArray[Any]:
    """The values of a column without nulls; `to_numpy` would import pandas."""
    array = column.combine_chunks()
    size = np.dtype(dtype).itemsize
    return np.frombuffer(array.buffers()[1], dtype, len(array), offset=array.offset * size)


def _bits(column: Any) -> NDArray[np.bool_]:
    """The values of a column of booleans without nulls; `to_numpy` would import pandas."""
    array = column.combine_chunks()
    packed = np.frombuffer(array.buffers()[1], np.uint8)
    bits = np.unpackbits(packed, bitorder="little", count=array.offset + len(array))
    return bits[array.offset :].astype(np.bool_)
