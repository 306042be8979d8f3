"""The verifications of token rows find their problem, and nothing in sound ones."""

import pytest

from zwu_ts_assets.text.qwen import qwen_rows_jsonl
from zwu_ts_assets.text.qwen import vocabulary_json as tokenizer_vocabulary_json
from zwu_ts_assets.text.verification import qwen_problem, vocabulary_problem
from zwu_ts_assets.text.vocabulary import build_vocabulary, token_rows_jsonl, vocabulary_json
from zwu_ts_assets_tests.fuzz.token_rows import Letters

STATS = b"--- Batch 0 ---\na: Mean=1.00, Max=2.00, Var=0.25\n\n"
TEXT = "a: Mean=1.00, Max=2.00, Var=0.25"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (b"\xff\n", "line 1 of the rows: not JSON in UTF-8"),
        (b"[" * 100_000, "line 1 of the rows: not JSON in UTF-8"),
        (b"null\n", "line 1 of the rows is not a row with batch, tokens and ids"),
        (b'{"batch": 0, "tokens": ["a"], "ids": null}\n', "line 1 of the rows is not a row"),
        (b'{"batch": 0, "tokens": [["a"]], "ids": [2, 3]}\n', "line 1 of the rows is not a row"),
        (
            b'{"batch": 0, "tokens": ["a"], "ids": [2, true, 3]}\n',
            "line 1 of the rows is not a row",
        ),
        (
            b'{"batch": 0, "row": "3", "tokens": ["a"], "ids": [2, 3]}\n',
            "line 1 of the rows is not",
        ),
    ],
)
def test_damaged_token_rows_are_a_problem_told_and_no_error(rows: bytes, said: str) -> None:
    vocabulary = vocabulary_json(build_vocabulary([TEXT]))
    assert vocabulary_problem(vocabulary, rows).startswith(said)
    assert qwen_problem(STATS, rows, b"{}", Letters()).startswith(said)


def test_rows_of_windows_that_overlap_are_told_by_their_first_row() -> None:
    stats = b"--- Batch 0 Row 0 ---\n" + TEXT.encode() + b"\n\n"
    vocabulary = build_vocabulary([TEXT])
    entries = tokenizer_vocabulary_json(Letters())
    rows = qwen_rows_jsonl([((0, 0), TEXT)], Letters())
    assert qwen_problem(stats, rows, entries, Letters()) == ""
    assert "do not match" in qwen_problem(STATS, rows, entries, Letters())
    wrong = rows.replace(b'"ids": [97,', b'"ids": [98,')
    assert qwen_problem(stats, wrong, entries, Letters()) == (
        "the ids of batch 0 row 0 do not decode to its text"
    )
    small = token_rows_jsonl([((0, 0), TEXT)], vocabulary).replace(b"[2,", b"[3,")
    assert vocabulary_problem(vocabulary_json(vocabulary), small) == (
        "batch 0 row 0 is not between <bos> and <eos>"
    )


def test_a_damaged_vocabulary_or_text_is_a_problem_told_and_no_error() -> None:
    vocabulary = build_vocabulary([TEXT])
    rows = token_rows_jsonl([(0, TEXT)], vocabulary)
    assert vocabulary_problem(vocabulary_json(vocabulary), rows) == ""
    assert vocabulary_problem(b"[]", rows).startswith("vocabulary: found JSON of another kind")
    rows = qwen_rows_jsonl([(0, TEXT)], Letters())
    assert qwen_problem(STATS, rows, tokenizer_vocabulary_json(Letters()), Letters()) == ""
    assert qwen_problem(STATS, rows, b"{", Letters()).startswith("the vocabulary: not JSON")
    assert qwen_problem(STATS, rows, b"[]", Letters()) == (
        "the vocabulary has no entries, the tokenizer 128"
    )
    assert "stats text, line 1" in qwen_problem(b"x", rows, b"{}", Letters())
    assert "can't decode" in qwen_problem(b"\xff", rows, b"{}", Letters())
