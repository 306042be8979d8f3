"""The parser of the statistics' text.

Held of every input: what is accepted is the text that its blocks make.
"""

from collections.abc import Sequence
from typing import Final

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.text.stats import parse_stats
from zwu_ts_assets.timeseries.windows import key_text
from zwu_ts_assets_tests.fuzz import MESSAGE_LIMIT

_LINE: Final = "OT: Mean=24.23, Max=33.13, Var=18.05\n"

SEEDS: Final[Sequence[bytes]] = [
    text.encode("utf-8")
    for text in (
        "",
        f"--- Batch 0 ---\n{_LINE}\n",
        f"--- Batch 0 ---\n{_LINE}{_LINE}\n--- Batch 3 ---\n{_LINE}\n",
        f"--- Batch 9 ---\n{_LINE}\n--- Batch 8 ---\n{_LINE}\n",
        f"--- Batch 0 Row 0 ---\n{_LINE}\n--- Batch 0 Row 7 ---\n{_LINE}\n",
        f"--- Batch 0 Row 0 ---\n{_LINE}\n--- Batch 1 ---\n{_LINE}\n",
        f"--- Batch 0 ---\n{_LINE}",
        f"--- Batch 0 ---\nMean: Mean=-0.00, Max=1.00, Var=0.00: {_LINE}\n",
        f"--- Batch 0 ---\n--- Batch 1 ---: {_LINE}\n",
        f"--- Batch 0 ---\r\n{_LINE}\r\n",
        "--- Batch " + "9" * 5_000 + f" ---\n{_LINE}\n",
        f"--- Batch 0 ---\n\u2028\x85温度{_LINE}\n",
    )
] + [b"\xff\xfe\x00"]

WORDS: Final[Sequence[bytes]] = [
    b"--- Batch ",
    b" ---\n",
    b" Row ",
    b": Mean=",
    b", Max=",
    b", Var=",
    b"-0.00",
    b"\n\n",
    b"\xd9\xa3",
    b"9" * 400,
]


def check(data: bytes) -> bool:
    """Parse it; bytes that are no UTF-8 become lone surrogates, which a `str` may hold too."""
    text = data.decode("utf-8", "surrogateescape")
    try:
        blocks = parse_stats(text)
    except CorpusError as error:
        assert str(error).startswith("stats text, line ")
        assert len(str(error)) < MESSAGE_LIMIT
        return False
    keys = [key for key, _ in blocks]
    assert len({type(key) for key in keys}) <= 1
    assert keys == sorted(set(keys))
    # Line ends became spaces, the blank line's among them; nothing else may have changed.
    again = "".join(f"--- {key_text(key)} --- {lines}  " for key, lines in blocks)
    assert again == text.replace("\n", " ")
    return bool(blocks)
