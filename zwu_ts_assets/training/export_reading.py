"""Reading the rows of an export, whatever its format, as one kind of thing.

What belongs here: opening the files with rows and the media of an export, and rows that have not
the shape of their format. What does not: judging what a row says (`validation`).

Nothing of a tar is ever unpacked to disk, and a path in a row is looked up, never opened. Whoever
made an export may have made it to harm: files are read through no link out of its folder, and none
that is no regular file; and there are bounds on all that is read before it is looked at.
"""

import hashlib
import itertools
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from zwu_ts_assets.figures.mp4 import VIDEO_LIMIT
from zwu_ts_assets.figures.verification import PNG_LIMIT
from zwu_ts_assets.storage.regular_files import open_inside
from zwu_ts_assets.training.exports import (
    huggingface,
    llama_factory,
    lmms_eval,
    ms_swift,
    qwen,
    rl,
    vlmevalkit,
    webdataset,
)
from zwu_ts_assets.training.exports.manifest_reading import Manifest, loaded_json
from zwu_ts_assets.training.exports.parquet import (
    arrow_schema,
    columns_but_bytes,
    media_of,
    row_schema,
)
from zwu_ts_assets.training.exports.rows import MESSAGE_ROW, Schema, mismatch
from zwu_ts_assets.training.profiles import PROFILES

_ROWS: Final[Mapping[str, Schema]] = {
    qwen.NAME: qwen.ROW,
    ms_swift.NAME: MESSAGE_ROW,
    llama_factory.NAME: MESSAGE_ROW,
    webdataset.NAME: webdataset.ROW,
    vlmevalkit.NAME: vlmevalkit.RECORD,
}

_IN_PARQUET: Final = frozenset({huggingface.NAME, rl.NAME, lmms_eval.NAME})

ROW_LIMIT: Final = 64 * 1024 * 1024
"""Bytes of a row: the target span of a thousand columns has a thirtieth of it."""

ROWS_LIMIT: Final = 2_000_000
"""Rows of a file, and members of a shard."""

ARRAY_LIMIT: Final = 512 * 1024 * 1024
"""Bytes of a file that is one JSON array, and has to be read at once."""

TSV_LIMIT: Final = 2 * 1024 * 1024 * 1024
"""Bytes of a table with pictures in its cells, which refer to each other."""

# Of Parquet: a text that a file has once may be in all of its rows.
_ROWS_AT_ONCE: Final = 16


@dataclass(frozen=True)
class Problem:
    """What is wrong with an export.

    Attributes:
        file: Relative to the export's folder.
        row: Counted from 1; in a shard, the sample's number. None where it is the file itself.
        id: Of the conversation or sample; empty where none is known.
        reason: A sentence without its end.
    """

    file: str
    row: int | None
    id: str
    reason: str

    def __str__(self) -> str:
        row = "" if self.row is None else f", row {self.row}"
        name = f" ({self.id})" if self.id else ""
        told = f"{self.file}{row}{name}: {self.reason}"
        return told.encode("utf-8", "backslashreplace").decode("utf-8")  # a terminal can show it


@dataclass(frozen=True)
class ReadConversation:
    """A conversation as a row has it; media are told by their path in the export.

    `texts` are what user and assistant say in turn, two for each of the questions. `tokens` are
    those of the conversation by consumer, in formats whose rows tell them.
    """

    file: str
    row: int
    split: str
    id: str
    images: tuple[str, ...]
    videos: tuple[str, ...]
    texts: tuple[str, ...]
    questions: tuple[Mapping[str, Any], ...]
    tokens: Mapping[str, int | None] | None = None

    def problem(self, reason: str) -> Problem:
        """A problem of this row."""
        return Problem(self.file, self.row, self.id, reason)


@dataclass(frozen=True)
class ReadSample:
    """What a row says of a sample, in formats with a row per sample."""

    file: str
    row: int
    split: str
    values: Mapping[str, Any]
    image: str
    video: str

    @property
    def id(self) -> str:
        """The sample's id."""
        return str(self.values["id"])

    def problem(self, reason: str) -> Problem:
        """A problem of this row."""
        return Problem(self.file, self.row, self.id, reason)


Read = ReadConversation | ReadSample | Problem


def read_export(folder: Path, manifest: Manifest) -> Iterator[Read]:
    """Read all rows, split by split; a row that cannot be read is a problem."""
    for split, names in manifest.files.items():
        for name in names:
            schema = _schema(manifest.format, name)
            try:
                rows = _rows(folder, name, manifest.format)
                for number, (key, row) in enumerate(rows, start=1):
                    if number > ROWS_LIMIT:
                        yield Problem(name, number, "", f"more than {ROWS_LIMIT:,} are not read")
                        break
                    yield from _read_row(manifest.format, schema, name, number, split, key, row)
            except OSError as error:
                yield Problem(name, None, "", f"cannot be read ({error.strerror or error})")
            except tarfile.TarError as error:
                yield Problem(name, None, "", f"is not a whole tar ({error})")
            except (ValueError, RecursionError) as error:
                kind = "Parquet of this format" if name.endswith(".parquet") else "JSON in UTF-8"
                yield Problem(name, None, "", f"is not {kind} ({error})")


def _schema(format_name: str, name: str) -> Schema:
    """The shape of the rows of a file."""
    if format_name in _IN_PARQUET:
        return row_schema(_columns(format_name, name))
    return _ROWS[format_name]


def _columns(format_name: str, name: str) -> Mapping[str, Any]:
    """The columns of a Parquet file."""
    if format_name != huggingface.NAME:
        return rl.COLUMNS
    if name.startswith(f"{huggingface.SAMPLES}/"):
        return huggingface.SAMPLE_ROW_COLUMNS
    return huggingface.COLUMNS


def _rows(folder: Path, name: str, format_name: str) -> Iterator[tuple[str, Any]]:
    """The rows of a file; a line that is no JSON is a row that is the error."""
    if format_name == webdataset.NAME:
        with _shard(folder, name) as archive:
            for member in _members(archive):
                if member.name.endswith(".json"):
                    content = _content(archive, member, ROW_LIMIT)
                    yield member.name.removesuffix(".json"), _loaded(content)
    elif format_name in _IN_PARQUET:
        with open_inside(folder, name) as file:
            columns = _columns(format_name, name)
            yield from (("", row) for row in _parquet_rows(file, columns))
    elif format_name == vlmevalkit.NAME:
        with open_inside(folder, name, TSV_LIMIT) as file:
            for row in vlmevalkit.read_rows(file):
                yield row.get("id", ""), _loaded(row.get("record", "").encode("utf-8"))
    elif format_name == llama_factory.NAME:
        with open_inside(folder, name, ARRAY_LIMIT) as file:
            rows = loaded_json(file.read(ARRAY_LIMIT))
        if not isinstance(rows, list):
            raise ValueError("expected an array of rows")
        for row in rows:
            yield "", row
    else:
        with open_inside(folder, name) as file:
            # Bytes are split at line feeds alone, as the loaders do it.
            while line := file.readline(ROW_LIMIT + 1):
                if len(line) > ROW_LIMIT:
                    raise ValueError(f"a row has more than {ROW_LIMIT:,} bytes")
                if line.strip():
                    yield "", _loaded(line)


def _parquet_rows(stream: BinaryIO, columns: Mapping[str, Any]) -> Iterator[Any]:
    """The rows of a Parquet file with such columns, of embedded media the paths alone.

    Raises:
        ValueError: It is no Parquet, or has other columns than those of the format.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    expected = arrow_schema(columns)
    try:
        file = pq.ParquetFile(stream, page_checksum_verification=True)
        found = file.schema_arrow
        if found.names != expected.names:
            raise ValueError(f"the row has the columns {found.names}, expected {expected.names}")
        for field, wanted in zip(found, expected, strict=True):
            if field.type != wanted.type:
                raise ValueError(f"{field.name} is {field.type}, expected {wanted.type}")
        read = columns_but_bytes(columns)
        for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE, columns=read):
            yield from batch.to_pylist()
    except pa.ArrowException as error:
        raise ValueError(str(error)) from error


def _loaded(content: bytes | str) -> Any:
    try:
        return loaded_json(content) if isinstance(content, bytes) else ValueError(content)
    except (ValueError, RecursionError) as error:
        return error


@contextmanager
def _shard(folder: Path, name: str) -> Iterator[tarfile.TarFile]:
    with open_inside(folder, name) as file:
        bounded = cast(BinaryIO, _BoundedReads(file))
        with tarfile.open(fileobj=bounded, mode="r:") as archive:
            yield archive


class _BoundedReads:
    """A file of which nobody reads very much at once: a tar can say that a header has terabytes."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        if not 0 <= size <= VIDEO_LIMIT:
            raise tarfile.ReadError(f"a header of {size:,} bytes")
        return self._file.read(size)


def _members(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """The files of a shard, as far as they are counted."""
    for number, member in enumerate(archive, start=1):
        if number > ROWS_LIMIT:
            raise tarfile.TarError(f"it has more than {ROWS_LIMIT:,} members")
        # What a tar remembers of each would grow for as long as there are members.
        archive.members.clear()  # type: ignore[attr-defined]
        if member.isreg():
            yield member


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo, limit: int) -> bytes | str:
    """The bytes of a member, or why they are not read."""
    if member.sparse is not None:  # it claims more bytes than the tar has
        return "is sparse"
    if member.size > limit:
        return f"has {member.size:,} bytes, at most {limit:,} are read"
    stream = archive.extractfile(member)
    return b"" if stream is None else stream.read()


def media_limit(path: str) -> int:
    """How many bytes of a medium are read."""
    return PNG_LIMIT if path.endswith(".png") else VIDEO_LIMIT


def _read_row(
    format_name: str, schema: Schema, file: str, number: int, split: str, key: str, row: Any
) -> Iterator[Read]:
    name = row.get("id") if isinstance(row, dict) else None
    name = name if isinstance(name, str) else key
    if isinstance(row, Exception):
        yield Problem(file, number, name, f"is not JSON in UTF-8 ({row})")
    elif problem := mismatch(row, schema):
        yield Problem(file, number, name, problem)
    elif format_name == qwen.NAME:
        turns = [(each["from"], each["value"]) for each in row["conversations"]]
        yield _conversation(
            *(file, number, split, name, row["image"], row["video"], turns, row["questions"]),
            roles=("human", "gpt"),
        )
    elif format_name == vlmevalkit.NAME:
        turns = [*_turns(row["messages"]), ("assistant", row["reply"])]
        yield _conversation(
            *(file, number, split, name, row["images"], [], turns, [row["question"]])
        )
    elif format_name == huggingface.NAME:
        yield from _of_hub(file, number, split, row)
    elif format_name in _IN_PARQUET:
        told = row["extra_info"]
        turns = [*_turns(row["messages"]), ("assistant", told["reply"])]
        images = [picture["path"] for picture in row["images"]]
        yield _conversation(
            *(file, number, split, name, images, row["videos"], turns, [told["question"]])
        )
    elif format_name in {ms_swift.NAME, llama_factory.NAME}:
        yield _conversation(
            *(file, number, split, name, row["images"], row["videos"]),
            *(_turns(row["messages"]), row["questions"]),
        )
    else:
        yield from _of_shard(file, number, split, key, row)


def _of_hub(file: str, number: int, split: str, row: dict[str, Any]) -> Iterator[Read]:
    if "questions" not in row:
        yield ReadSample(file, number, split, row, row["image"], row["video"])
        return
    turns = [(said["role"], huggingface.text_of(said["content"])) for said in row["messages"]]
    images, videos = ([each["path"] for each in row[kind]] for kind in ("images", "videos"))
    read = _conversation(*(file, number, split, row["id"], images, videos, turns, row["questions"]))
    if isinstance(read, ReadConversation):
        told = row["tokens"]
        if row["length"] != told[PROFILES[0].name]:
            yield read.problem(
                f"its length is {row['length']}, but its tokens are {told[PROFILES[0].name]}"
            )
        read = replace(read, tokens=told)
    yield read


def _of_shard(file: str, number: int, split: str, key: str, row: dict[str, Any]) -> Iterator[Read]:
    before = f"{key}."
    if key != row["id"]:
        yield Problem(file, number, key, f"holds the sample {row['id']!r}, expected {key!r}")
    yield ReadSample(file, number, split, row, f"{before}png", f"{before}mp4")
    for each in row["conversations"]:
        images = [before + path for path in each["images"]]
        videos = [before + path for path in each["videos"]]
        turns = _turns(each["messages"])
        yield _conversation(
            *(file, number, split, each["id"], images, videos, turns, each["questions"])
        )


def _turns(messages: Sequence[Mapping[str, str]]) -> list[tuple[str, str]]:
    return [(each["role"], each["content"]) for each in messages]


def _conversation(
    file: str,
    number: int,
    split: str,
    name: str,
    images: Sequence[str],
    videos: Sequence[str],
    turns: Sequence[tuple[str, str]],
    questions: Sequence[Mapping[str, Any]],
    roles: tuple[str, str] = ("user", "assistant"),
) -> Read:
    found = [role for role, _ in turns]
    expected = list(roles) * max(len(questions), 1)
    if found != expected:
        reason = f"the turns are by {found}, expected {expected}: two for each question"
        return Problem(file, number, name, reason)
    texts = tuple(text for _, text in turns)
    return ReadConversation(
        file, number, split, name, tuple(images), tuple(videos), texts, tuple(questions)
    )


def read_media(folder: Path, manifest: Manifest) -> Iterator[tuple[str, str, bytes | str]]:
    """Read all declared media, one at a time.

    Yields:
        The file to name, the path in the export and the content, or why there is none.
    """
    if manifest.format in _IN_PARQUET or manifest.format == vlmevalkit.NAME:
        yield from _embedded_media(folder, manifest)
        return
    if manifest.format != webdataset.NAME:
        for path in manifest.media:
            yield path, path, _medium(folder, path)
        return
    split_of = {sample.id: sample.split for sample in manifest.samples}
    missing = dict.fromkeys(manifest.media)
    for name in (each for names in manifest.files.values() for each in names):
        try:
            with _shard(folder, name) as archive:
                for member in _members(archive):
                    if member.name in missing:
                        del missing[member.name]
                        content = _content(archive, member, media_limit(member.name))
                        yield name, member.name, content
        except (OSError, tarfile.TarError):
            continue  # told by `read_export`, and its media are told as missing
    for name in missing:
        split = split_of.get(name.partition(".")[0], "*")
        yield f"{split}-*.tar", name, "the file is missing"


def _medium(folder: Path, path: str) -> bytes | str:
    """The content of a medium with a file of its own, or why there is none."""
    try:
        with open_inside(folder, path, media_limit(path)) as file:
            return file.read(media_limit(path))
    except FileNotFoundError:
        return "the file is missing"
    except OSError as error:
        return f"cannot be read: {error.strerror or error}"


def _embedded_media(folder: Path, manifest: Manifest) -> Iterator[tuple[str, str, bytes | str]]:
    """Media from the files with rows, all others from files of their own."""
    import pyarrow as pa

    missing = dict.fromkeys(manifest.media)
    in_table = manifest.format == vlmevalkit.NAME
    for name in (each for names in manifest.files.values() for each in names):
        seen: set[tuple[str, bytes]] = set()
        try:
            with open_inside(folder, name, TSV_LIMIT if in_table else None) as file:
                columns = _columns(manifest.format, name)
                for path, content in (
                    _pictures_of_tsv(file) if in_table else media_of(file, columns)
                ):
                    key = path, hashlib.sha256(content).digest()
                    # Rows share pictures; each different one is looked at.
                    if path in manifest.media and key not in seen:
                        seen.add(key)
                        missing.pop(path, None)
                        yield name, path, content
        except (OSError, ValueError, RecursionError, pa.ArrowException):
            continue  # told by `read_export`, and its media are told as missing
    for path in missing:
        yield path, path, _medium(folder, path)


def _pictures_of_tsv(stream: BinaryIO) -> Iterator[tuple[str, bytes]]:
    """The pictures of a TSV with their paths in the export, each time that a row shows one."""
    rows = list(vlmevalkit.read_rows(stream))
    cells = {row.get("index", ""): row.get("image", "") for row in rows}
    for row in rows:
        record = _loaded(row.get("record", "").encode("utf-8"))
        if isinstance(record, Exception) or mismatch(record, vlmevalkit.RECORD):
            continue  # told by `read_export`
        yield from zip(record["images"], vlmevalkit.pictures_of_row(row, cells), strict=False)


def shard_problems(folder: Path, manifest: Manifest) -> Iterator[Problem]:
    """Whether the members of shards are as loaders expect: whole samples, side by side."""
    for name in (each for names in manifest.files.values() for each in names):
        try:
            with _shard(folder, name) as archive:
                members = [member.name for member in _members(archive)]
        except (OSError, tarfile.TarError):
            continue  # told by `read_export`
        there: set[str] = set()  # sets, since a shard may hold 100,000 samples
        seen: dict[str, None] = {}
        for number, (before, member) in enumerate(itertools.pairwise(["", *members]), start=1):
            key, dot, field = member.partition(".")
            if not dot or not field or "/" in member:
                yield Problem(name, None, member, "is no name of the form KEY.json")
            elif key in seen and before.partition(".")[0] != key:
                yield Problem(name, None, member, f"member {number} is apart from its sample")
            elif member in there:
                yield Problem(name, None, member, "occurs twice in the shard")
            there.add(member)
            seen[key] = None
        for key in seen:
            for field in ("json", "png", "mp4"):
                if f"{key}.{field}" not in there:
                    yield Problem(name, None, key, f"the sample has no {key}.{field}")
