"""Parquet with media in it: how rows are divided into files and groups, written, and typed.

What belongs here: the small language of column types, Arrow's and Hugging Face's names for them,
and the bytes of a file. What does not: any format's columns.

Rows share media, so a table holds the same picture in many rows. Parquet keeps each of them once
for all rows of a group, as a dictionary; readers see it in every row.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from hashlib import sha256
from types import UnionType
from typing import Any, BinaryIO, Final, Generic, TypeVar

from zwu_ts_assets.training.export_files import WrittenFile
from zwu_ts_assets.training.exports.rows import in_media_folder, json_line
from zwu_ts_assets.training.exports.source import ExportSource, Medium

IMAGES: Final = "images"
"""In a schema: a list of pictures."""

VIDEOS: Final = "videos"
"""In a schema: a list of videos."""

FILE_BYTES: Final = 128_000_000
"""Of rows and media in a file: the hub advises files below 500 MB."""

_ROWS_PER_GROUP: Final = 200
_GROUP_BYTES: Final = 32_000_000  # of rows and media: what a reader holds in memory at once
_DICTIONARY: Final = 1 << 30  # bytes of different media in a group, whatever they are
_LAYOUT_VERSION: Final = "2"  # raise it when the same rows give other bytes of a file

ParquetRow = tuple[Mapping[str, Any], Mapping[str, Sequence[str]]]
"""A row without its media, and by column the paths of its media in the corpus."""

T = TypeVar("T")


def parquet_files(
    stem: str,
    items: Iterable[T],
    row_of: Callable[[T], ParquetRow],
    columns: Mapping[str, Any],
    source: ExportSource,
) -> list[WrittenFile]:
    """Parquet files of rows with their media, each of about `FILE_BYTES` at most.

    A row is made when it is counted and again when its file is written, and never kept: of a
    corpus of any size, no more than one file is in memory.

    Args:
        stem: Of the files' names, see `numbered`.
        items: What rows are made of: small keys, which are all kept; of none there is no file.
        row_of: Makes a row; the same each time.
        columns: Names and types, as `arrow_schema` takes them.
        source: Where media come from.
    """
    files: list[_File[T]] = []
    for item in items:
        row, media = row_of(item)
        line = json_line(row).encode("utf-8")
        paths = {path: source.media[path] for column in media.values() for path in column}
        if not files or not files[-1].has_room(len(line), paths):
            files.append(_File())
        files[-1].add(item, line, paths)
    return [
        WrittenFile(
            name,
            file.made_from.hexdigest(),
            # The schema too is made only then, so that nobody else pays for pyarrow.
            partial(_write, file.groups, row_of, columns, source),
        )
        for name, file in zip(numbered(stem, len(files)), files, strict=True)
    ]


def numbered(stem: str, count: int) -> list[str]:
    """Names of so many Parquet files: one has no number."""
    if count == 1:
        return [f"{stem}.parquet"]
    return [f"{stem}-{number:05d}-of-{count:05d}.parquet" for number in range(count)]


class _File(Generic[T]):
    """What a file will hold, group by group, counted in bytes before compression."""

    def __init__(self) -> None:
        self.groups: list[list[T]] = [[]]
        self.made_from = sha256(_LAYOUT_VERSION.encode("ascii"))
        self._bytes = self._group_bytes = 0
        self._seen: set[str] = set()  # in the last group

    def has_room(self, line: int, media: Mapping[str, Medium]) -> bool:
        """Whether a row more is within the limit."""
        return self._bytes + self._more(line, media) <= FILE_BYTES

    def add(self, item: T, line: bytes, media: Mapping[str, Medium]) -> None:
        """Add a row, told by its text; a medium that rows of a group share counts once."""
        if len(self.groups[-1]) == _ROWS_PER_GROUP or (
            self.groups[-1] and self._group_bytes + self._more(len(line), media) > _GROUP_BYTES
        ):
            self.groups.append([])
            self._group_bytes = 0
            self._seen = set()
        more = self._more(len(line), media)
        self._bytes += more
        self._group_bytes += more
        self._seen |= set(media)
        self.groups[-1].append(item)
        self.made_from.update(line + b"\n")
        for facts in media.values():
            self.made_from.update(bytes.fromhex(facts.sha256))

    def _more(self, line: int, media: Mapping[str, Medium]) -> int:
        return line + sum(each.bytes for path, each in media.items() if path not in self._seen)


def _write(
    groups: Sequence[Sequence[T]],
    row_of: Callable[[T], ParquetRow],
    columns: Mapping[str, Any],
    source: ExportSource,
    sink: BinaryIO,
) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = arrow_schema(columns)
    with pq.ParquetWriter(
        sink,
        schema,
        compression="zstd",
        dictionary_pagesize_limit=_DICTIONARY,
        write_page_checksum=True,
    ) as writer:
        for rows in (list(map(row_of, group)) for group in groups):
            paths = (path for _, media in rows for column in media.values() for path in column)
            held = {path: source.read_media(path) for path in dict.fromkeys(paths)}
            whole = [
                {**row, **{column: _embedded(paths, held) for column, paths in media.items()}}
                for row, media in rows
            ]
            arrays = [
                pa.array([row[name] for row in whole], type=kind)
                for name, kind in zip(schema.names, schema.types, strict=True)
            ]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))


def _embedded(paths: Sequence[str], held: Mapping[str, bytes]) -> list[dict[str, Any]]:
    return [{"bytes": held[path], "path": in_media_folder(path)} for path in paths]


def arrow_schema(columns: Mapping[str, Any]) -> Any:
    """The Arrow schema of such columns, told to Hugging Face `datasets` too.

    Args:
        columns: From a column's name to `str`, `int`, `float`, one of these or None (`int | None`),
            a list of one type, a mapping, `IMAGES` or `VIDEOS`.
    """
    import pyarrow as pa

    features = {name: _feature(kind) for name, kind in columns.items()}
    told = json.dumps({"info": {"features": features}})
    fields = [pa.field(name, _arrow(kind)) for name, kind in columns.items()]
    return pa.schema(fields, metadata={"huggingface": told})


def row_schema(columns: Mapping[str, Any]) -> dict[str, Any]:
    """The shape of a row as it is read for validation: of media the path alone."""
    return {
        name: [{"path": str}] if kind in (IMAGES, VIDEOS) else kind
        for name, kind in columns.items()
    }


def columns_but_bytes(columns: Mapping[str, Any]) -> list[str]:
    """What to read of a file for rows without the content of their media."""
    return [
        f"{name}.list.element.path" if kind in (IMAGES, VIDEOS) else name
        for name, kind in columns.items()
    ]


_MEDIA: Final = {IMAGES: "Image", VIDEOS: "Video"}
_TYPES: Final = {str: "string", int: "int64", float: "float64"}


def _feature(kind: Any) -> Any:
    if isinstance(kind, str):
        return [{"_type": _MEDIA[kind]}]
    if isinstance(kind, list):
        return [_feature(kind[0])]
    if isinstance(kind, Mapping):
        return {name: _feature(inner) for name, inner in kind.items()}
    return {"dtype": _TYPES[_plain(kind)], "_type": "Value"}


def _arrow(kind: Any) -> Any:
    import pyarrow as pa

    if isinstance(kind, str):
        return pa.list_(pa.struct([("bytes", pa.binary()), ("path", pa.string())]))
    if isinstance(kind, list):
        return pa.list_(_arrow(kind[0]))
    if isinstance(kind, Mapping):
        return pa.struct([(name, _arrow(inner)) for name, inner in kind.items()])
    return {str: pa.string(), int: pa.int64(), float: pa.float64()}[_plain(kind)]


def _plain(kind: Any) -> Any:
    """The type of a value that may also be None."""
    return kind.__args__[0] if isinstance(kind, UnionType) else kind


def media_of(stream: Any, columns: Mapping[str, Any]) -> Iterator[tuple[str, bytes]]:
    """The media of a Parquet file with their paths in the export, each time a row shows one.

    Args:
        stream: The file, whoever wrote it: columns of another type are skipped.
        columns: What a sound file has.
    """
    import pyarrow.parquet as pq

    parquet = pq.ParquetFile(stream, page_checksum_verification=True)
    found = parquet.schema_arrow
    for name, kind in columns.items():
        if isinstance(kind, str) and name in found.names and found.field(name).type == _arrow(kind):
            for batch in parquet.iter_batches(batch_size=_ROWS_AT_ONCE, columns=[name]):
                for medium in (m for shown in batch.column(name).to_pylist() for m in shown or ()):
                    if medium is not None and medium["bytes"] is not None:
                        yield medium["path"], medium["bytes"]


_ROWS_AT_ONCE: Final = 16
