"""The TSVs that VLMEvalKit reads, for questions about pictures.

What belongs here: this format's row and files. What does not: what it shares with other formats
whose rows are single questions (`rows`).

VLMEvalKit (commit e8e78f05) takes `$LMUData/NAME.tsv` with the columns A and B for a
multiple-choice set of pictures, and without them for a set of open questions. A picture that many
questions share stands in the row of the first one, and the others name that row's `index`; several
pictures of one question are a list. It writes each picture to a PNG (releases before its issue 839
to a JPEG, which blurs colours and digits), and asks in its own words: question, options, and a
request to choose. An open question is asked as it stands; its own report of such a set ends in
`NotImplementedError`, so that it only infers, and `score` reads what it wrote.

Its image sets take no videos. Frames in their place would take 3 MB a question, since several
pictures of one question cannot be shared, so questions about videos are left out and counted.
"""

import base64
import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from typing import BinaryIO, Final

from zwu_ts_assets.storage.spool import Spool
from zwu_ts_assets.training.card import card_files
from zwu_ts_assets.training.export_files import ExportFile, WrittenFile
from zwu_ts_assets.training.exports.manifest import manifest_file
from zwu_ts_assets.training.exports.rows import (
    MESSAGE,
    QUESTION,
    Schema,
    in_media_folder,
    json_line,
    question_row,
    reward_file,
    single_source,
    user_text,
)
from zwu_ts_assets.training.exports.source import (
    Entry,
    ExportSource,
    conversations_of,
    entries_by_split,
)
from zwu_ts_assets.training.picture.question import LETTERS
from zwu_ts_assets.training.sample import Conversation, Turn

NAME: Final = "vlmevalkit"

OPEN: Final = "_open"
"""Ends the names of tables of open questions."""

_LAYOUT_VERSION: Final = "1"  # raise it when the same rows give other bytes of a file

RECORD: Final[Schema] = {
    "id": str,
    "messages": [MESSAGE],
    "images": [str],
    "reply": str,
    "question": QUESTION,
}
"""The column `record`, as JSON: the row as other formats have it, for `validate`."""

_COLUMNS: Final = ("index", "id", "split", "category", "l2-category", "question", "answer")

_Row = tuple[Conversation, int]
"""A conversation of one question, and its `index`."""


def vlmevalkit_export(source: ExportSource) -> Iterator[ExportFile]:
    """The files for VLMEvalKit: `{dataset}_{split}.tsv`, those of open questions and the reward.

    Where no question shows pictures alone, there is no table, and the card says so.

    Raises:
        CorpusError: As `entries_by_split` says.
    """
    single = single_source(source)
    entries_by_split(single, even=False)  # refuses what no format could write, here too
    asked = Spool(each for each in single.conversations if _is_taken(each))
    chosen = replace(single, conversations=asked)
    entries = entries_by_split(chosen, even=False) if asked else {}
    files: dict[str, list[str]] = {}
    for split, found in entries.items():
        files[split] = []
        for ending, has_options in (("", True), (OPEN, False)):
            rows = _Rows(found, has_options=has_options)
            if any(True for _ in rows):
                files[split].append(f"{source.dataset}_{split}{ending}.tsv")
                yield _tsv_file(files[split][-1], rows, chosen)
    yield reward_file()
    yield manifest_file(chosen, NAME, entries, files, lambda _, path: in_media_folder(path))
    left = len(single.conversations) - len(asked)
    yield from card_files(
        source.card,
        format_name=NAME,
        configurations=_configurations(files),
        usage=_usage(f"{source.dataset}_test", left),
    )


def _configurations(files: Mapping[str, Sequence[str]]) -> dict[str, dict[str, list[str]]]:
    """The tables of either kind, which have other columns, by split."""
    found: dict[str, dict[str, list[str]]] = {}
    for split, names in files.items():
        for name in names:
            kind = "open" if name.endswith(f"{OPEN}.tsv") else "default"
            found.setdefault(kind, {})[split] = [name]
    return found


def _is_taken(conversation: Conversation) -> bool:
    return bool(conversation.images and not conversation.videos)


@dataclass(frozen=True)
class _Rows:
    """The rows of a table, made each time they are gone through, and never kept."""

    entries: Sequence[Entry]
    has_options: bool

    def __iter__(self) -> Iterator[_Row]:
        some = (
            each
            for each in conversations_of(self.entries)
            if bool(each.turns[0].question.options) == self.has_options
        )
        return ((each, index) for index, each in enumerate(some))


def _tsv_file(name: str, rows: _Rows, source: ExportSource) -> WrittenFile:
    made_from = sha256(_LAYOUT_VERSION.encode("ascii"))
    for conversation, _ in rows:
        made_from.update(_record(conversation).encode("utf-8"))
        for path in conversation.images:
            made_from.update(bytes.fromhex(source.media[path].sha256))
    return WrittenFile(name, made_from.hexdigest(), partial(_tsv, rows, source))


def _tsv(rows: _Rows, source: ExportSource, sink: BinaryIO) -> None:
    most = max(len(each.turns[0].question.options) for each, _ in rows)
    text = io.TextIOWrapper(sink, encoding="utf-8", newline="")
    writer = csv.writer(text, dialect="excel-tab", lineterminator="\n")
    writer.writerow([*_COLUMNS, *LETTERS[:most], "image", "record"])
    first: dict[str, int] = {}
    for conversation, index in rows:
        (turn,) = conversation.turns
        question = turn.question
        offered = [*question.options, *[""] * (most - len(question.options))]
        writer.writerow(
            [
                *(index, question.id, conversation.split, question.task, question.level),
                *((asked_text(turn), LETTERS[question.right]) if most else _open(turn)),
                *offered,
                *(_image(conversation, index, first, source), _record(conversation)),
            ]
        )
    text.detach()  # flushed, and not closed


def _open(turn: Turn) -> tuple[str, str]:
    """An open question, which VLMEvalKit asks as it stands, and its answer."""
    return turn.prompt.strip(), turn.question.answer


def _image(
    conversation: Conversation, index: int, first: dict[str, int], source: ExportSource
) -> str:
    """Pictures in base64; one that stands in an earlier row is named by that row's index."""
    pictures = [
        base64.b64encode(source.read_media(path)).decode("ascii") for path in conversation.images
    ]
    if len(pictures) > 1:
        return json.dumps(pictures)
    at = first.setdefault(conversation.images[0], index)
    # A cell of up to 64 signs is taken for an index.
    return str(at) if at != index and len(pictures[0]) > _LONGEST_INDEX else pictures[0]


_LONGEST_INDEX: Final = 64


def asked_text(turn: Turn) -> str:
    """The question without its options and the form of its answer, which VLMEvalKit adds."""
    options = turn.question.options
    text = turn.prompt.strip()
    for line in (f"\nA. {options[0]}\n", f"\n- {options[0]}\n"):
        before, found, _ = text.rpartition(line)
        if found:
            return before
    return text


def _record(conversation: Conversation) -> str:
    (turn,) = conversation.turns
    return json_line(
        {
            "id": conversation.id,
            "messages": [{"role": "user", "content": user_text(turn)}],
            "images": [in_media_folder(path) for path in conversation.images],
            "reply": turn.answer,
            "question": question_row(turn.question),
        }
    )


def read_rows(stream: BinaryIO) -> Iterator[dict[str, str]]:
    """The rows of a TSV, whose cells are long.

    Raises:
        ValueError: It is no TSV in UTF-8, or a row has other columns than the first.
    """
    csv.field_size_limit(_LONGEST_CELL)
    try:
        text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
        lines = csv.reader(text, dialect="excel-tab")
        head = next(lines, [])
        for row in lines:
            if len(row) != len(head):
                raise ValueError(f"a row has {len(row)} cells, expected {len(head)}")
            yield dict(zip(head, row, strict=True))
    except csv.Error as error:
        raise ValueError(str(error)) from error


_LONGEST_CELL: Final = 1 << 28


def pictures_of_row(row: Mapping[str, str], rows: Mapping[str, str]) -> list[bytes]:
    """The pictures of a row.

    Args:
        row: The row.
        rows: The cells `image` of all rows by index.

    Raises:
        ValueError: They are not in the form that VLMEvalKit reads.
    """
    cell = row["image"]
    if len(cell) <= _LONGEST_INDEX:
        cell = rows.get(cell, cell)
    if not cell.startswith("["):
        return [base64.b64decode(cell, validate=True)]
    listed = json.loads(cell)
    if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
        raise ValueError("the cell `image` is no list of texts")
    return [base64.b64decode(each, validate=True) for each in listed]


def _usage(name: str, left: int) -> str:
    told = (
        f"\n\nVLMEvalKit takes questions about pictures; {left} others, about videos or text "
        "alone, are left out here. `lmms_eval` has those about videos."
        if left
        else ""
    )
    return f"""With VLMEvalKit:

    export LMUData=/path/to/this/folder
    PRED_FORMAT=tsv python run.py --data {name} --model ... --judge exact_matching

It writes pictures to `images/` in that folder. Its own report counts letters; the file
`..._{name}.tsv` that it writes has the columns `id` and `prediction`, and so can be given to
`score` as it is. Open questions are in `{name}{OPEN}`: it has no report of its own for them, so add
`--mode infer` and give what it writes to `score`.{told}"""
