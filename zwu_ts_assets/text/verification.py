"""Whether vocabularies and token rows are what they should be, told from themselves.

What belongs here: opening what was written and holding its parts against each other. What does not:
making anything. A problem is returned as a sentence; no problem as an empty string.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.text.qwen import TextTokenizer, undecodable_rows
from zwu_ts_assets.text.stats import parse_stats
from zwu_ts_assets.text.vocabulary import SPECIALS, read_vocabulary
from zwu_ts_assets.timeseries.windows import WindowKey, key_label


def vocabulary_problem(vocab: bytes, rows_jsonl: bytes) -> str:
    """Whether each row's ids, looked up in the vocabulary, give its tokens again."""
    try:
        by_id = {number: token for token, number in read_vocabulary(vocab).items()}
        rows = _read_rows(rows_jsonl)
    except CorpusError as error:
        return str(error)
    bos, eos = SPECIALS.index("<bos>"), SPECIALS.index("<eos>")
    for row in rows:
        if row.ids[:1] != [bos] or row.ids[-1:] != [eos]:
            return f"{key_label(row.key)} is not between <bos> and <eos>"
        if [by_id.get(number) for number in row.ids[1:-1]] != row.tokens:
            return f"the ids of {key_label(row.key)} do not give its tokens"
    return ""


def qwen_problem(stats: bytes, rows_jsonl: bytes, vocab: bytes, tokenizer: TextTokenizer) -> str:
    """Whether every window of the stats has a row, and its ids decode to the text again."""
    try:
        expected = parse_stats(stats.decode("utf-8"))
        rows = _read_rows(rows_jsonl)
        entries = _json(vocab, "the vocabulary")
    except (CorpusError, UnicodeDecodeError) as error:
        return str(error)
    if [(row.key, row.text) for row in rows] != expected:
        return f"{len(rows)} rows do not match the {len(expected)} windows of the stats"
    if not isinstance(entries, dict) or len(entries) != tokenizer.size:
        count = len(entries) if isinstance(entries, dict) else "no"
        return f"the vocabulary has {count} entries, the tokenizer {tokenizer.size}"
    if undecodable := undecodable_rows(rows_jsonl, tokenizer):
        return f"the ids of {key_label(undecodable[0])} do not decode to its text"
    return ""


@dataclass(frozen=True)
class _Row:
    key: WindowKey
    text: str | None
    tokens: list[str]
    ids: list[int]


def _read_rows(rows_jsonl: bytes) -> list[_Row]:
    """The rows of a JSON Lines file of tokens.

    Raises:
        CorpusError: A line is not such a row.
    """
    rows = []
    for number, line in enumerate(rows_jsonl.splitlines(), start=1):
        row = _json(line, f"line {number} of the rows")
        if not isinstance(row, dict) or not (
            _is_whole(row.get("batch"))
            and _is_whole(row.get("row", 0))
            and isinstance(row.get("text"), str | None)
            and _is_list(row.get("tokens"), lambda token: isinstance(token, str))
            and _is_list(row.get("ids"), _is_whole)
        ):
            raise CorpusError(f"line {number} of the rows is not a row with batch, tokens and ids")
        key: WindowKey = (row["batch"], row["row"]) if "row" in row else row["batch"]
        rows.append(_Row(key, row.get("text"), row["tokens"], row["ids"]))
    return rows


def _json(data: bytes, what: str) -> object:
    try:
        return json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:  # not UTF-8, not JSON, or nested too deeply
        raise CorpusError(f"{what}: not JSON in UTF-8 ({error})") from error


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_list(value: object, holds: Callable[[object], bool]) -> bool:
    return isinstance(value, list) and all(map(holds, value))
