"""Samples as Parquet bytes, and back: one documented schema for all splits.

What belongs here: the columns, what they mean, and the columnar form. What does not: which file it
is. The description of each column is in the file itself, as metadata of the field, so that pyarrow,
polars and duckdb users find it without this page.
"""

import io
import itertools
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.timeseries.series import TimeAxis
from zwu_ts_assets.timeseries.windows import Selection
from zwu_ts_assets.training.sample import Sample
from zwu_ts_assets.training.samples import interval_seconds

FORMAT: Final = "zwu_ts_assets samples 2"
"""Names the schema in the file's metadata; the number rises when the columns change."""

_NUMBERS_PER_GROUP: Final = 250_000
"""Of values in a group of rows: as much as writing one takes of memory, beside what it writes."""

_SAMPLES_AT_ONCE: Final = 32


class _Column(NamedTuple):
    name: str
    type: Any  # pyarrow's types are not typed
    description: str


_STRINGS: Final = pa.list_(pa.string())
_TIMES: Final = pa.list_(pa.timestamp("s"))
_FINE_TIMES: Final = pa.list_(pa.timestamp("ns"))
_ROWS: Final = pa.list_(pa.list_(pa.float64()))
# No map, a type that Hugging Face `datasets` does not know.
_VERSION: Final = pa.struct([("asset", pa.string()), ("version", pa.string())])
_VERSIONS: Final = pa.list_(_VERSION)

_COLUMNS: Final = (
    _Column("id", pa.string(), "Unique and stable: the dataset and the first row of the past."),
    _Column("dataset", pa.string(), "Name of the dataset."),
    _Column("split", pa.string(), "train, validation or test."),
    _Column("batch", pa.int64(), "Index of the batch that owns the window."),
    _Column("past_start", pa.int64(), "First row of the past; the CSV's data rows count from 0."),
    _Column("past_stop", pa.int64(), "The row after the past's last one; the target begins here."),
    _Column("target_stop", pa.int64(), "The row after the target's last one."),
    _Column(
        "interval_seconds",
        pa.int64(),
        "Seconds from one row to the next; 0 where that is no whole number, see time_axis.",
    ),
    _Column("past_timestamps", _TIMES, "Time of each past row, as in the CSV, no time zone."),
    _Column("target_timestamps", _TIMES, "Time of each target row."),
    _Column("features", _STRINGS, "Names of the columns, in order."),
    _Column("units", _STRINGS, "Unit of each column; an empty string where none is known."),
    _Column("past", _ROWS, "Past values: one list per row, one number per feature."),
    _Column("target", _ROWS, "Target values: one list per row, one number per feature."),
    _Column("image", pa.string(), "The figure, relative to the dataset's artifact folder."),
    _Column("video", pa.string(), "The video, relative to the dataset's artifact folder."),
    _Column("line_plot", pa.string(), "The plot of its values, likewise; empty if none was drawn."),
    _Column("altered_plot", pa.string(), "The plot of its altered copy, likewise."),
    _Column(
        "alteration",
        pa.string(),
        "What was put into that copy: kind, column, steps; or that it is unchanged.",
    ),
    _Column("stats_text", pa.string(), "Mean, maximum and variance of each column, as text."),
    _Column("stats_tokens", pa.int64(), "Ids of that text in the corpus' tokenizer."),
    _Column("image_tokens", pa.int64(), "Tokens of the figure in Qwen3-VL, with delimiters."),
    _Column(
        "video_tokens", pa.int64(), "Tokens of the video in Qwen3-VL, with times and delimiters."
    ),
    _Column("flags", _STRINGS, "Data quality flags, such as constant:LUFL; usually none."),
    _Column(
        "fingerprints",
        _VERSIONS,
        "Content version of what the sample was made from, by asset; target is the target's rows.",
    ),
)

_INDICES: Final = pa.list_(pa.int64())
_SELECTION: Final = (
    _Column(
        "shown",
        _INDICES,
        "Columns of the feature panels, in order, counted from 0; missing where they show all.",
    ),
    _Column("shown_sizes", _INDICES, "For how many columns each of them stands; likewise."),
)


_AXIS: Final = (
    _Column(
        "time_axis",
        pa.string(),
        "What a step is where it is no fixed time: months:3, business days:1, order, rows.",
    ),
)

_LABELS: Final = (
    _Column("labels", _STRINGS, "What each past row is labelled, where a column labels the rows."),
)


_FINE_AXIS: Final = (
    _Column(
        "time_axis",
        pa.string(),
        "What a step is where it is no whole number of seconds: nanoseconds:250000000, order.",
    ),
)


def _schema(columns: Sequence[_Column]) -> Any:
    return pa.schema(
        [
            pa.field(name, kind, nullable=False, metadata={"description": description})
            for name, kind, description in columns
        ],
        metadata={"format": FORMAT},
    )


SAMPLE_SCHEMA: Final = _schema(_COLUMNS)
"""The columns of every samples file, in order."""


def _fine(columns: Sequence[_Column]) -> list[_Column]:
    """The columns of times with fractions of a second."""
    return [each._replace(type=_FINE_TIMES) if each.type == _TIMES else each for each in columns]


_SCHEMAS: Final = {
    (selection, axis, labels, fine): _schema(
        (
            *(_fine(_COLUMNS) if fine else _COLUMNS),
            *(_SELECTION if selection else ()),
            *((_FINE_AXIS if fine else _AXIS) if axis else ()),
            *(_LABELS if labels else ()),
        )
    )
    for selection in (False, True)
    for axis in (False, True)
    for labels in (False, True)
    for fine in (False, True)
}


def encode_samples(samples: Iterable[Sample]) -> bytes:
    """Samples as a Parquet file, the same bytes for the same samples.

    Args:
        samples: The samples of one split, or of all, taken one by one; none give a file with the
            same columns. Either all have a selection of columns, or none has; all have the same
            time axis.
    """
    sink = io.BytesIO()
    remaining = iter(samples)
    first = next(remaining, None)
    some = () if first is None else (first,)
    schema = _SCHEMAS[
        any(sample.shown for sample in some),
        any(not sample.axis.is_fixed for sample in some),
        any(sample.labels for sample in some),
        any(sample.past_timestamps.dtype == "datetime64[ns]" for sample in some),
    ]
    with pq.ParquetWriter(sink, schema, compression="zstd") as writer:
        group: list[Sample] = []
        numbers = 0
        for sample in itertools.chain(some, remaining):
            group.append(sample)
            numbers += sample.past.size + sample.target.size
            if numbers >= _NUMBERS_PER_GROUP:
                writer.write_table(_table(group, schema))
                group, numbers = [], 0
        if group or not some:
            writer.write_table(_table(group, schema))
    return sink.getvalue()


def decode_samples(data: bytes) -> list[Sample]:
    """What `encode_samples` was given, as a list; see `samples_in`."""
    return list(samples_in(data))


def samples_in(data: bytes) -> Iterator[Sample]:
    """What `encode_samples` was given, one by one.

    Raises:
        CorpusError: The bytes are no Parquet file, or not one of ours.
    """
    with _damage_told():
        file = pq.ParquetFile(io.BytesIO(data))
        schema = file.schema_arrow
        found = (schema.metadata or {}).get(b"format", b"").decode("utf-8", "replace")
        known = [schema.names for schema in _SCHEMAS.values()]
        if found != FORMAT or schema.names not in known:
            raise CorpusError(
                f"a samples file has the format {found!r} and the columns "
                f"{', '.join(schema.names)}; expected {FORMAT!r}. Materialize samples again."
            )
        for batch in file.iter_batches(batch_size=_SAMPLES_AT_ONCE):
            yield from _samples(pa.Table.from_batches([batch]))


@contextmanager
def _damage_told() -> Iterator[None]:
    """Say what to do about bytes that pyarrow cannot read."""
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        raise CorpusError(
            f"a samples file is damaged ({error}); materialize samples again"
        ) from error


def _table(samples: Sequence[Sample], schema: Any) -> Any:
    arrays = []
    column: list[Any]
    for name, kind in zip(schema.names, schema.types, strict=True):
        if name == "interval_seconds":
            column = [interval_seconds(sample) for sample in samples]
        elif name == "time_axis":
            column = [sample.axis.to_text() for sample in samples]
        elif name == "fingerprints":  # equal mappings may list their entries in different orders
            column = [sorted(sample.fingerprints.items()) for sample in samples]
        elif name == "shown":
            column = [_selection(sample).columns for sample in samples]
        elif name == "shown_sizes":
            column = [_selection(sample).sizes for sample in samples]
        else:
            column = [getattr(sample, name) for sample in samples]
        arrays.append(_array(column, kind))
    return pa.Table.from_arrays(arrays, schema=schema)


def _selection(sample: Sample) -> Selection:
    assert sample.shown is not None, f"{sample.id} shows all columns, others of its file do not"
    return sample.shown


def _samples(table: Any) -> Iterator[Sample]:
    columns: dict[str, list[Any]] = {
        name: _values(table.column(name).combine_chunks(), _kind_of(table, name, kind))
        for name, kind, _ in (*_COLUMNS, *_SELECTION, *_AXIS, *_LABELS)
        if name != "interval_seconds"  # follows from the timestamps
        and name in table.column_names
    }
    for row in zip(*columns.values(), strict=True):
        fields = dict(zip(columns, row, strict=True))
        for name in ("past", "target"):
            fields[name] = fields[name].reshape(-1, len(fields["features"]))
        if "shown" in fields:
            chosen, sizes = (tuple(fields.pop(n).tolist()) for n in ("shown", "shown_sizes"))
            fields["shown"] = Selection(chosen, sizes)
        if "time_axis" in fields:
            fields["axis"] = TimeAxis.from_text(fields.pop("time_axis"))
        yield Sample(**fields)


def _kind_of(table: Any, name: str, kind: Any) -> Any:
    """The type that a column was written in; Parquet has no seconds."""
    if kind != _TIMES or table.column(name).type.value_type.unit != "ns":
        return kind
    return _FINE_TIMES


def _array(values: list[Any], kind: Any) -> Any:
    """An Arrow array from buffers: `pa.array` would import pandas, which takes longer than this."""
    if kind == pa.string():
        encoded = [value.encode("utf-8") for value in values]
        buffers = [None, _offsets(encoded), pa.py_buffer(b"".join(encoded))]
        return pa.Array.from_buffers(kind, len(values), buffers)
    if kind == _VERSION:
        columns = [[value[i] for value in values] for i in range(2)]
        arrays = [_array(column, pa.string()) for column in columns]
        return pa.StructArray.from_arrays(arrays, fields=list(kind))
    if pa.types.is_list(kind):
        inner = kind.value_type
        flat: Any
        if pa.types.is_primitive(inner):
            dtype = _dtype(inner)
            flat = np.concatenate([np.empty(0, dtype), *(np.asarray(v, dtype) for v in values)])
        else:
            flat = [item for value in values for item in value]
        return pa.ListArray.from_arrays(_offset_array(values), _array(flat, inner), type=kind)
    plain = np.ascontiguousarray(values, dtype=_dtype(kind))
    return pa.Array.from_buffers(kind, len(plain), [None, pa.py_buffer(plain.view(np.int64))])


def _values(array: Any, kind: Any) -> list[Any]:
    """The values of an array as `Sample` holds them; the numbers of rows one after another."""
    if kind == _VERSIONS:
        return [{each["asset"]: each["version"] for each in row} for row in array.to_pylist()]
    if kind == _STRINGS:
        return [tuple(names) for names in array.to_pylist()]
    if not pa.types.is_list(kind):
        return list(array.to_pylist())
    bounds = _plain(array.offsets, np.int32) - array.offsets[0].as_py()
    inner = array.flatten()
    if kind == _INDICES:
        flat = _plain(inner, np.int64)
    elif kind == _ROWS:
        bounds = (_plain(inner.offsets, np.int32) - inner.offsets[0].as_py())[bounds]
        flat = _plain(inner.flatten(), np.float64)
    else:  # Parquet has no seconds: they come back as milliseconds
        unit = kind.value_type.unit
        flat = _plain(inner.cast(pa.timestamp(unit)), np.int64).view(f"datetime64[{unit}]")
    return [flat[start:stop] for start, stop in itertools.pairwise(bounds)]


def _plain(array: Any, dtype: type) -> NDArray[Any]:
    """The numbers of an array without nulls; `to_numpy` would import pandas."""
    if not len(array):
        return np.empty(0, dtype)
    offset = array.offset * np.dtype(dtype).itemsize
    return np.frombuffer(array.buffers()[1], dtype, len(array), offset=offset)


def _dtype(kind: Any) -> Any:
    if kind == pa.float64():
        return np.float64
    return f"datetime64[{kind.unit}]" if pa.types.is_timestamp(kind) else np.int64


def _offsets(values: Sequence[Any]) -> Any:
    lengths = np.fromiter(map(len, values), np.int64, len(values))
    ends = np.concatenate([[0], np.cumsum(lengths)])
    return pa.py_buffer(ends.astype(np.int32))


def _offset_array(values: Sequence[Any]) -> Any:
    return pa.Array.from_buffers(pa.int32(), len(values) + 1, [None, _offsets(values)])
