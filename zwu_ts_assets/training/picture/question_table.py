"""Questions as Parquet bytes, and back: one documented schema for all splits.

What belongs here: the columns, what they mean, and the columnar form. What does not: which file it
is. There is no map type among them, which Hugging Face `datasets` cannot load: what a question is
about is text in JSON.
"""

import io
import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.training.picture.question import PictureQuestion

FORMAT: Final = "zwu_ts_assets questions 1"
"""Names the schema in the file's metadata; the number rises when the columns change."""

_ROWS_PER_GROUP: Final = 10_000
_ROWS_AT_ONCE: Final = 256


class _Column(NamedTuple):
    name: str
    type: Any  # pyarrow's types are not typed
    description: str


_STRINGS: Final = pa.list_(pa.string())

_COLUMNS: Final = (
    _Column("id", pa.string(), "Unique and stable: the sample and the task."),
    _Column("sample", pa.string(), "The sample whose media are shown first."),
    _Column("other_sample", pa.string(), "A second sample whose media are shown; usually empty."),
    _Column("split", pa.string(), "train, validation or test."),
    _Column("task", pa.string(), "Name of the task."),
    _Column("level", pa.int64(), "1 read, 2 locate, 3 watch, 4 join, 5 look ahead."),
    _Column("needs", _STRINGS, "The views in which the answer stands."),
    _Column("given", _STRINGS, "The views that are shown: those it needs, if it can be answered."),
    _Column("form", pa.string(), "How it is answered: choice, name, number, numbers."),
    _Column("subject", pa.string(), "What it is about, as a JSON object."),
    _Column("options", _STRINGS, "The options, in the order A, B, ...; none for open questions."),
    _Column("right", pa.int64(), "The right option, counted from 0; -1 where it is no option."),
    _Column("answer", pa.string(), "What stands behind `Answer: ` in the right answer."),
    _Column("tolerance", pa.float64(), "By how much a number may be off; 0 for other forms."),
    _Column("values", pa.list_(pa.float64()), "What was compared, by option; often none."),
    _Column("wording", pa.int64(), "Which wording was used, counted from 0."),
    _Column("prompt", pa.string(), "The question, its options and how to answer."),
    _Column("series", pa.string(), "The lines of the prompt that give numbers; usually empty."),
    _Column("rationale", pa.string(), "How the answer is read off the media."),
)

QUESTION_SCHEMA: Final = pa.schema(
    [
        pa.field(name, kind, nullable=False, metadata={"description": description})
        for name, kind, description in _COLUMNS
    ],
    metadata={"format": FORMAT},
)
"""The columns of every questions file, in order."""


def encode_questions(questions: Iterable[PictureQuestion]) -> bytes:
    """Questions as a Parquet file, the same bytes for the same questions.

    Args:
        questions: Those of one split, or of all, taken one by one; none give a file with the same
            columns.
    """
    sink = io.BytesIO()
    remaining = iter(questions)
    with pq.ParquetWriter(sink, QUESTION_SCHEMA, compression="zstd") as writer:
        group = [*_tables(itertools.islice(remaining, _ROWS_PER_GROUP))] or [_table([])]
        while group:
            writer.write_table(pa.concat_tables(group).combine_chunks())
            group = [*_tables(itertools.islice(remaining, _ROWS_PER_GROUP))]
    return sink.getvalue()


def _tables(questions: Iterable[PictureQuestion]) -> Iterator[Any]:
    """Tables of some questions each: as objects they take much more memory."""
    while some := list(itertools.islice(questions, _ROWS_AT_ONCE)):
        yield _table(some)


def _table(questions: Sequence[PictureQuestion]) -> Any:
    rows = [_row(question) for question in questions]
    columns = [
        pa.array([row[name] for row in rows], type=kind)
        for name, kind in zip(QUESTION_SCHEMA.names, QUESTION_SCHEMA.types, strict=True)
    ]
    return pa.Table.from_arrays(columns, schema=QUESTION_SCHEMA)


def decode_questions(data: bytes) -> list[PictureQuestion]:
    """What `encode_questions` was given, as a list; see `questions_in`."""
    return list(questions_in(data))


def questions_in(data: bytes) -> Iterator[PictureQuestion]:
    """What `encode_questions` was given, one by one; the subject has lists instead of tuples.

    Raises:
        CorpusError: The bytes are no Parquet file, or not one of ours.
    """
    try:
        file = pq.ParquetFile(io.BytesIO(data))
        found = (file.schema_arrow.metadata or {}).get(b"format", b"").decode("utf-8", "replace")
        if found != FORMAT or file.schema_arrow.names != QUESTION_SCHEMA.names:
            raise CorpusError(
                f"a questions file has the format {found!r} and the columns "
                f"{', '.join(file.schema_arrow.names)}; expected {FORMAT!r}. Make questions again."
            )
        for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE):
            yield from map(_question, batch.to_pylist())
    except (pa.ArrowException, OSError) as error:
        raise CorpusError(f"a questions file is damaged ({error}); make questions again") from error


def _row(question: PictureQuestion) -> dict[str, Any]:
    row = {name: getattr(question, name, None) for name in QUESTION_SCHEMA.names}
    row["sample"] = question.sample_id
    row["subject"] = json.dumps(dict(question.subject), ensure_ascii=False, sort_keys=True)
    return row


def _question(row: dict[str, Any]) -> PictureQuestion:
    fields = dict(row)
    fields["sample_id"] = fields.pop("sample")
    fields["subject"] = json.loads(fields["subject"])
    for name in ("needs", "given", "options", "values"):
        fields[name] = tuple(fields[name])
    return PictureQuestion(**fields)
