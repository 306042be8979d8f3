"""The files that a score is made from: predictions, questions, and what the readers made of them.

What belongs here: reading them, and telling the user what is wrong with one, by file and line.
What does not: what the predictions say (`reward`) and how many are right (`score`).
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.training.picture.question import PictureQuestion
from zwu_ts_assets.training.picture.question_table import decode_questions
from zwu_ts_assets.training.sample import Sample
from zwu_ts_assets.training.sample_table import decode_samples

_TOLD: Final = 5  # problems of one file


def read_questions(path: Path) -> list[PictureQuestion]:
    """The questions of a Parquet file.

    Raises:
        CorpusError: There is no such file, or it is none of questions.
    """
    try:
        return decode_questions(_content(path))
    except CorpusError as error:
        raise CorpusError(f"{path}: {error}") from error


def read_samples(path: Path) -> list[Sample]:
    """The samples of a Parquet file; errors as above."""
    try:
        return decode_samples(_content(path))
    except CorpusError as error:
        raise CorpusError(f"{path}: {error}") from error


def read_predictions(
    path: Path, questions: Sequence[PictureQuestion], others: Mapping[str, str] | None = None
) -> dict[str, str]:
    """What a model wrote, by the id of the question.

    Args:
        path: JSON Lines, an object with `id` and `prediction` each; other keys are not looked at,
            blank lines are left out. Or a `.tsv` with these columns, as VLMEvalKit writes it.
        questions: All that may be answered.
        others: Splits of further questions by id, to tell a user who mixed them up.

    Raises:
        CorpusError: The file cannot be read, a line is no such object, or an id is unknown or
            there twice; the message names file, line and what was found.
    """
    known = {question.id for question in questions}
    found: dict[str, str] = {}
    lines: dict[str, int] = {}
    problems = []
    try:
        text = _content(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CorpusError(
            f"{path}: byte {error.start} is no UTF-8; expected JSON Lines in UTF-8"
        ) from error
    for number, (problem, name, prediction) in _predictions(path, text):
        if not problem and name not in known:
            split = (others or {}).get(name, "")
            problem = f"no question has the id {name[:80]!r}"
            problem += f" in this split; it is in {split}" if split else ""
        if not problem and name in found:
            problem = f"the id {name[:80]!r} is on line {lines[name]} already"
        if problem:
            problems.append(f"{path}, line {number}: {problem}")
        else:
            found[name], lines[name] = prediction, number
    if problems:
        more = len(problems) - _TOLD
        told = [*problems[:_TOLD], *([f"and {more} more lines like these"] if more > 0 else [])]
        raise CorpusError(
            ";\n".join(told) + '. Expected one object {"id": ..., "prediction": ...} for each '
            "question, each id once."
        )
    if not found:
        raise CorpusError(f"{path}: there is no prediction in it")
    return found


def _predictions(path: Path, text: str) -> Iterator[tuple[int, tuple[str, str, str]]]:
    """Of each prediction the line, and what is wrong with it, its id and its text."""
    if path.suffix == ".tsv":
        csv.field_size_limit(_LONGEST_CELL)
        rows = csv.DictReader(io.StringIO(text, newline=""), dialect="excel-tab")
        try:
            for row in rows:
                yield rows.line_num, _of_row({key: row[key] for key in row if row[key] is not None})
        except csv.Error as error:
            yield rows.line_num, (f"no table ({error})", "", "")
        return
    # Not `splitlines`: it also ends lines at signs that JSON allows within a text.
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield number, _prediction(line)


_LONGEST_CELL: Final = 1 << 28  # a harness writes pictures beside the answers


def _prediction(line: str) -> tuple[str, str, str]:
    """What is wrong with a line, its id and its prediction."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        return f"no JSON ({error})", "", ""
    if not isinstance(row, dict):
        return f"found {type(row).__name__}, expected an object", "", ""
    return _of_row(row)


def _of_row(row: Mapping[str, Any]) -> tuple[str, str, str]:
    for key in ("id", "prediction"):
        if key not in row:
            return (
                f"`{key}` is missing; found {', '.join(map(repr, row))[:200] or 'nothing'}",
                "",
                "",
            )
        if not isinstance(row[key], str):
            return f"`{key}` is {json.dumps(row[key])[:80]}, expected a text", "", ""
    return "", row["id"], row["prediction"]


def read_evidence(path: Path) -> dict[str, object]:
    """What the readers made of the questions, as `make evidence` writes it.

    Raises:
        CorpusError: There is no such file, or it is no evidence.
    """
    try:
        found = json.loads(_content(path))
    except (ValueError, RecursionError) as error:
        raise CorpusError(f"{path}: no JSON ({error}); make the evidence again") from error
    if not isinstance(found, dict) or not isinstance(found.get("rows"), list):
        raise CorpusError(f"{path}: no evidence, which has `rows`; make the evidence again")
    return found


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CorpusError(
            f"{path}: cannot be read ({error.strerror}); name another file"
        ) from error
