"""The verification of token rows: both kinds of rows against the vocabulary they belong to.

Held of every input: a problem is told in a sentence, never as an error, and rows without a problem
are those that the stats make.
"""

from collections.abc import Sequence
from typing import Final

from zwu_ts_assets.text.qwen import qwen_rows_jsonl
from zwu_ts_assets.text.qwen import vocabulary_json as tokenizer_vocabulary_json
from zwu_ts_assets.text.stats import parse_stats
from zwu_ts_assets.text.verification import qwen_problem, vocabulary_problem
from zwu_ts_assets.text.vocabulary import build_vocabulary, token_rows_jsonl, vocabulary_json
from zwu_ts_assets_tests.fuzz import MESSAGE_LIMIT


class Letters:
    """A tokenizer whose tokens are characters and whose ids are their code points."""

    size = 128

    def encode(self, text: str) -> tuple[list[str], list[int]]:
        """Cut a text into its characters."""
        return list(text), list(map(ord, text))

    def decode(self, ids: Sequence[int]) -> str:
        """Join the characters."""
        return "".join(map(chr, ids))

    def vocabulary(self) -> dict[str, int]:
        """ASCII."""
        return {chr(number): number for number in range(self.size)}


_STATS: Final = (
    "--- Batch 0 ---\na: Mean=1.00, Max=2.00, Var=0.25\n\n"
    "--- Batch 4 ---\na: Mean=1.00, Max=2.00, Var=0.25\n\n"
)
_BLOCKS: Final = parse_stats(_STATS)
_VOCABULARY: Final = build_vocabulary(text for _, text in _BLOCKS)
_ROWS: Final = token_rows_jsonl(_BLOCKS, _VOCABULARY)
_TOKENIZER: Final = Letters()
_QWEN_ROWS: Final = qwen_rows_jsonl(_BLOCKS, _TOKENIZER)
_QWEN_VOCABULARY: Final = tokenizer_vocabulary_json(_TOKENIZER)

SEEDS: Final[Sequence[bytes]] = [
    b"",
    _ROWS,
    _QWEN_ROWS,
    _ROWS.replace(b"[2,", b"[3,"),
    _QWEN_ROWS.replace(b"[97,", b"[98,"),
    _QWEN_ROWS.replace(b"[97,", b"[-1,"),
    _QWEN_ROWS.replace(b"[97,", b"[1e3,"),
    _QWEN_ROWS.replace(b"[97,", b"[" + b"9" * 30 + b","),
    _ROWS[:-10],
    _ROWS + b"\n",
    b"[" * 5_000,
    b'{"batch":' * 3_000,
    b"{}\n",
    b"[]\n1\nnull\n",
    b'{"batch": 0, "tokens": null, "ids": {}}\n',
    b'{"batch": 0, "tokens": [[]], "ids": [2, [], 3]}\n',
    b'{"batch": 0, "text": 1, "tokens": [], "ids": [2, 3]}\n',
    b'{"batch": 0, "row": 0, "tokens": ["a"], "ids": [2, 4, 3]}\n',
    b'{"batch": 0, "row": null, "text": "a", "tokens": ["a"], "ids": [97]}\n',
    b'{"batch": "\\ud800", "text": "\\ud800", "tokens": ["\\ud800"], "ids": [2, 3]}\n',
    b"\xff\n",
]

WORDS: Final[Sequence[bytes]] = [
    b'"batch": ',
    b'"row": ',
    b'"tokens": [',
    b'"ids": [2, ',
    b", 3]}\n",
    b'"text": "',
    b"null",
    b"NaN",
    b"\\ud800",
    b"1e999",
    b"1114112",
]


def check(data: bytes) -> bool:
    """Verify it as rows of the small vocabulary and as rows of a tokenizer."""
    small = vocabulary_problem(vocabulary_json(_VOCABULARY), data)
    large = qwen_problem(_STATS.encode("utf-8"), data, _QWEN_VOCABULARY, _TOKENIZER)
    assert max(len(small), len(large)) < MESSAGE_LIMIT
    return not small or not large
