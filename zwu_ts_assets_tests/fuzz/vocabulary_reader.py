"""The reader of the small vocabulary.

Held of every input: what is accepted numbers its tokens from 0, begins with the specials, and is
the same when it is written and read again.
"""

from collections.abc import Sequence
from typing import Final

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.text.vocabulary import (
    SPECIALS,
    build_vocabulary,
    read_vocabulary,
    vocabulary_json,
)
from zwu_ts_assets_tests.fuzz import MESSAGE_LIMIT

_GOOD: Final = vocabulary_json(build_vocabulary(["OT: Mean=1.00, 温度"]))
_HEAD: Final = b'{"<pad>": 0, "<unk>": 1, "<bos>": 2, "<eos>": 3'

SEEDS: Final[Sequence[bytes]] = [
    b"",
    _GOOD,
    _GOOD[:-1],
    _HEAD + b"}",
    _HEAD + b', "a": 4}',
    _HEAD + b', "a": 4, "a": 4}',
    _HEAD + b', "a": 5}',
    _HEAD + b', "a": true}',
    _HEAD + b', "a": 4.0}',
    _HEAD + b', "\\ud800": 4}',
    _HEAD + b', "\\ud83d\\ude00": 4, "": 5, "\\u0000": 6}',
    _HEAD + b', "a": ' + b"9" * 5_000 + b"}",
    _HEAD + b', "a": NaN}',
    _HEAD + b', "a": {"b": 1}}',
    b"[" * 5_000,
    b'{"a":' * 5_000,
    b"\xff",
    b"\xef\xbb\xbf" + _HEAD + b"}",
    b'"' + b"a" * 500 + b'"',
]

WORDS: Final[Sequence[bytes]] = [
    *(f'"{special}"'.encode("ascii") for special in SPECIALS),
    _HEAD,
    b'": 4, "',
    b"\\ud800",
    b"NaN",
    b"-Infinity",
    b"1e999",
    b"true",
    b"[[[[[[[[",
]


def check(data: bytes) -> bool:
    """Read it, write it and read it again."""
    try:
        vocabulary = read_vocabulary(data)
    except CorpusError as error:
        assert str(error).startswith("vocabulary: ")
        assert len(str(error)) < MESSAGE_LIMIT
        return False
    assert list(vocabulary.values()) == list(range(len(vocabulary)))
    assert tuple(vocabulary)[: len(SPECIALS)] == SPECIALS
    assert list(read_vocabulary(vocabulary_json(vocabulary)).items()) == list(vocabulary.items())
    return True
