"""Series and windows as Parquet bytes, and back.

What belongs here: the columnar form of rows. What does not: which file it is. Parquet keeps
timestamps and floats exactly and is read by pandas, polars and duckdb as it is.
"""

import io
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from zwu_ts_assets.corpus.errors import CorpusError

TIME_COLUMN: Final = "timestamp"


def encode_table(
    timestamps: NDArray[np.datetime64],
    values: NDArray[np.float64],
    features: tuple[str, ...],
    facts: dict[str, str],
) -> bytes:
    """Rows as a Parquet file, the same bytes for the same rows.

    Args:
        timestamps: (rows,) datetime64[s].
        values: (rows, features) float64.
        features: Column names.
        facts: Further text for the file's own metadata.
    """
    # Positional, since a feature may bear any name, also that of the time column. From buffers,
    # since `pa.array` would import pandas, which takes longer than writing all windows.
    seconds = pa.py_buffer(np.ascontiguousarray(timestamps, dtype="datetime64[s]").view(np.int64))
    columns = [pa.Array.from_buffers(pa.timestamp("s"), len(timestamps), [None, seconds])]
    for i in range(len(features)):
        column = pa.py_buffer(np.ascontiguousarray(values[:, i], dtype=np.float64))
        columns.append(pa.Array.from_buffers(pa.float64(), len(timestamps), [None, column]))
    table = pa.Table.from_arrays(columns, names=[TIME_COLUMN, *features])
    sink = io.BytesIO()
    pq.write_table(table.replace_schema_metadata(facts), sink, compression="zstd")
    return sink.getvalue()


def decode_table(
    data: bytes,
) -> tuple[NDArray[np.datetime64], NDArray[np.float64], tuple[str, ...], dict[str, str]]:
    """What `encode_table` was given: timestamps, values, features, facts.

    Raises:
        CorpusError: The bytes are no Parquet file, or not one of ours.
    """
    try:
        # Not `pq.read_table`: it looks columns up by name and fails where two bear the same.
        table = pq.ParquetFile(io.BytesIO(data)).read()
    except pa.ArrowInvalid as error:
        raise CorpusError(
            f"a stored table is damaged ({error}); materialize its asset again"
        ) from error
    timestamps = _numbers(table.column(0).cast(pa.timestamp("s")), np.int64).view("datetime64[s]")
    values = np.column_stack([_numbers(column, np.float64) for column in table.columns[1:]])
    metadata = table.schema.metadata or {}
    facts = {key.decode("utf-8"): value.decode("utf-8") for key, value in metadata.items()}
    return timestamps, np.ascontiguousarray(values), tuple(table.column_names[1:]), facts


def _numbers(column: Any, dtype: type) -> NDArray[Any]:
    """The values of a column without nulls; `to_numpy` would import pandas."""
    array = column.combine_chunks()
    size = np.dtype(dtype).itemsize
    return np.frombuffer(array.buffers()[1], dtype, len(array), offset=array.offset * size)
