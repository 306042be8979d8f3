"""What the formats share whose rows are single questions: for rewards and for evaluation.

What belongs here: a question with its media as columns, and Parquet with media in it. What does
not: any format's shape.

Questions share media, so a table holds the same picture in many rows. Parquet keeps each of them
once for all rows of a group, as a dictionary; readers see it in every row.
"""

import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from importlib import resources
from typing import Any, Final

from zwu_ts_assets.training import reward
from zwu_ts_assets.training.conversation import Turn
from zwu_ts_assets.training.export_files import WrittenFile
from zwu_ts_assets.training.exports.rows import in_media_folder, json_line, written
from zwu_ts_assets.training.exports.source import Entry, ExportSource
from zwu_ts_assets.training.reward import Truth, truth_json
from zwu_ts_assets.training.sample import Sample

REWARD: Final = "reward.py"
"""The file that reads and grades answers, in every export of single questions."""

SAMPLES_PER_FILE: Final = 1_000
"""Their pictures are some 300 MB: the hub advises files below 500 MB."""

_ROWS_PER_GROUP: Final = 200  # of some twenty samples: what a reader holds in memory at once
_DICTIONARY: Final = 1 << 28  # bytes of different media in a group
_LAYOUT_VERSION: Final = "1"  # raise it when the same rows give other bytes of a file


def single_source(source: ExportSource) -> ExportSource:
    """The same questions, each in a conversation of its own that has the question's id.

    A question that was not the first of its conversation is asked with all media shown up to it.
    """
    made = []
    for conversation in source.conversations:
        images = videos = 0
        for turn in conversation.turns:
            images, videos = images + turn.images, videos + turn.videos
            made.append(
                replace(
                    conversation,
                    id=turn.question.id,
                    images=conversation.images[:images],
                    videos=conversation.videos[:videos],
                    turns=(replace(turn, images=images, videos=videos),),
                )
            )
    return replace(source, conversations=made)


def truth_text(sample: Sample, turn: Turn) -> str:
    """What is right about a question, as the reward takes it."""
    question = turn.question
    column = question.subject.get("feature")
    ahead = question.form == "numbers" and column in sample.features
    last = float(sample.past[-1, sample.features.index(str(column))]) if ahead else None
    truth = Truth(question.form, question.answer, question.options, question.tolerance, last)
    return truth_json(truth)


def reward_file() -> WrittenFile:
    """The file with the reward, as the scorer has it."""
    # Beside the module that is imported, wherever that is.
    content = resources.files(reward.__package__ or "").joinpath(REWARD).read_bytes()
    return written(REWARD, content)


def cuts(entries: Sequence[Entry]) -> list[Sequence[Entry]]:
    """The entries of one file each."""
    starts = range(0, len(entries), SAMPLES_PER_FILE)
    return [entries[at : at + SAMPLES_PER_FILE] for at in starts]


def numbered(stem: str, count: int) -> list[str]:
    """Names of so many Parquet files: one has no number."""
    if count == 1:
        return [f"{stem}.parquet"]
    return [f"{stem}-{number:05d}-of-{count:05d}.parquet" for number in range(count)]


Rows = Sequence[tuple[Mapping[str, Any], Sequence[str]]]
"""Rows without pictures, each with the paths of its pictures in the corpus."""


def parquet_file(
    name: str, rows: Rows, schema: Callable[[], Any], source: ExportSource
) -> WrittenFile:
    """A Parquet file of rows with their pictures in the column `images`.

    Args:
        name: Of the file.
        rows: What it holds; at least one.
        schema: Makes the Arrow schema, `images` included; called when the file is made, so that
            nobody else pays for pyarrow.
        source: Where pictures come from.
    """
    made_from = sha256(_LAYOUT_VERSION.encode("ascii"))
    for row, pictures in rows:
        made_from.update(json_line(row).encode("utf-8"))
        for path in pictures:
            made_from.update(bytes.fromhex(source.media[path].sha256))
    return WrittenFile(name, made_from.hexdigest(), lambda: _parquet(rows, schema(), source))


def _parquet(rows: Rows, schema: Any, source: ExportSource) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = io.BytesIO()
    with pq.ParquetWriter(
        sink,
        schema,
        compression="zstd",
        dictionary_pagesize_limit=_DICTIONARY,
        write_page_checksum=True,
    ) as writer:
        for at in range(0, len(rows), _ROWS_PER_GROUP):
            group = rows[at : at + _ROWS_PER_GROUP]
            held = {path: source.read_media(path) for _, paths in group for path in paths}
            whole = [
                {
                    **row,
                    "images": [{"bytes": held[p], "path": in_media_folder(p)} for p in paths],
                }
                for row, paths in group
            ]
            columns = [
                pa.array([row[name] for row in whole], type=kind)
                for name, kind in zip(schema.names, schema.types, strict=True)
            ]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema))
    return sink.getvalue()


def arrow_schema(row: Mapping[str, Any]) -> Any:
    """The Arrow schema of rows like this one, told to Hugging Face `datasets` too.

    Args:
        row: From a column's name to `str`, `int`, `float`, a list of one of these, a mapping, or
            `IMAGES`.
    """
    import pyarrow as pa

    features = {name: _feature(kind) for name, kind in row.items()}
    told = json.dumps({"info": {"features": features}})
    fields = [pa.field(name, _arrow(kind)) for name, kind in row.items()]
    return pa.schema(fields, metadata={"huggingface": told})


IMAGES: Final = "images"
"""In a schema: a list of pictures."""

_TYPES: Final = {str: "string", int: "int64", float: "float64"}


def _feature(kind: Any) -> Any:
    if kind == IMAGES:
        return [{"_type": "Image"}]
    if isinstance(kind, list):
        return [_feature(kind[0])]
    if isinstance(kind, Mapping):
        return {name: _feature(inner) for name, inner in kind.items()}
    return {"dtype": _TYPES[kind], "_type": "Value"}


def _arrow(kind: Any) -> Any:
    import pyarrow as pa

    if kind == IMAGES:
        return pa.list_(pa.struct([("bytes", pa.binary()), ("path", pa.string())]))
    if isinstance(kind, list):
        return pa.list_(_arrow(kind[0]))
    if isinstance(kind, Mapping):
        return pa.struct([(name, _arrow(inner)) for name, inner in kind.items()])
    return {str: pa.string(), int: pa.int64(), float: pa.float64()}[kind]


def pictures_of(stream: Any) -> Iterator[tuple[str, bytes]]:
    """The pictures of a Parquet file with their paths in the export, each time a row shows one."""
    import pyarrow.parquet as pq

    parquet = pq.ParquetFile(stream, page_checksum_verification=True)
    if "images" not in parquet.schema_arrow.names:
        return
    for batch in parquet.iter_batches(batch_size=64, columns=["images"]):
        for pictures in batch.column("images").to_pylist():
            for picture in pictures:
                yield picture["path"], picture["bytes"]
