"""From byte-pair ranks to the files of the exact Qwen3-VL tokenizer.

What belongs here: what the tokenizer consists of (tokens, merges, split pattern, added tokens) and
how its files are written, as pure functions from bytes to bytes. What does not: where the ranks
come from, checking hashes and keeping the files (`qwen_embedded`).

The ranks alone determine the tokenizer: the first 256 are the single bytes, and every later token
is the join of two earlier ones. Which two is found by splitting the token with the lower ranks
only; that is the merge which made it.
"""

import base64
import binascii
import json
from itertools import pairwise
from typing import Any

ADDED_TOKENS: tuple[str, ...] = (
    *("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>"),
    *("<|box_start|>", "<|box_end|>", "<|quad_start|>", "<|quad_end|>", "<|vision_start|>"),
    *("<|vision_end|>", "<|vision_pad|>", "<|image_pad|>", "<|video_pad|>"),
    *("<tool_call>", "</tool_call>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>"),
    *("<|fim_pad|>", "<|repo_name|>", "<|file_sep|>", "<tool_response>", "</tool_response>"),
    *("<think>", "</think>"),
)
"""The tokens that follow the byte-pair ones, in the order of their ids."""

_SPECIAL_TOKENS = 14  # up to <|video_pad|>; the later ones are ordinary text to a decoder
_BYTE_PAIR_TOKENS = 151_643
# How text is cut before byte pairs are joined. Digits stand alone: "12.73" is five tokens.
_SPLIT_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)

MERGES_HEADER = b"#version: 0.2\n"
"""The first line of `merges.txt`; the published hash is that of the lines after it."""


def tokenizer_files(raw_ranks: bytes) -> dict[str, bytes]:
    """Make the content of every tokenizer file.

    Args:
        raw_ranks: The content of a `qwen.tiktoken`: lines of a token in base64 and its rank.

    Returns:
        The content of `merges.txt`, `tokenizer.json`, `tokenizer_config.json` and `vocab.json`.

    Raises:
        ValueError: If these are not the ranks of a byte-pair tokenizer of the right size.
    """
    ranks = _parse_ranks(raw_ranks)
    vocabulary = {_visible(token): rank for token, rank in ranks.items()}
    merges = _merges(ranks)
    return {
        "merges.txt": MERGES_HEADER + "".join(f"{a} {b}\n" for a, b in merges).encode(),
        "tokenizer.json": _compact_json(_tokenizer_json(vocabulary, merges)),
        "tokenizer_config.json": _compact_json(_tokenizer_config()),
        "vocab.json": _compact_json(vocabulary),
    }


def _parse_ranks(raw: bytes) -> dict[bytes, int]:
    """Read lines of `base64 rank`, ranks counting up from 0."""
    ranks: dict[bytes, int] = {}
    for number, line in enumerate(raw.splitlines()):
        fields = line.split()
        try:
            token = base64.b64decode(fields[0], validate=True)
            rank = int(fields[1])
        except (IndexError, binascii.Error, ValueError) as error:
            raise ValueError(f"line {number + 1} is not a token in base64 and its rank") from error
        if rank != number or token in ranks:
            raise ValueError(f"line {number + 1} repeats a token or has rank {rank}, not {number}")
        ranks[token] = rank
    if len(ranks) != _BYTE_PAIR_TOKENS:
        raise ValueError(f"it has {len(ranks):,} tokens, expected {_BYTE_PAIR_TOKENS:,}")
    if not all(bytes([byte]) in ranks for byte in range(256)):
        raise ValueError("not every single byte is a token")
    return ranks


def _merges(ranks: dict[bytes, int]) -> list[tuple[str, str]]:
    """Recover the pair that each token of more than one byte was merged from, in rank order."""
    merges = []
    for token, rank in ranks.items():
        if len(token) == 1:
            continue
        parts = [token[i : i + 1] for i in range(len(token))]
        while len(parts) > 2:
            pair_ranks = [ranks.get(a + b, rank) for a, b in pairwise(parts)]
            lowest = min(pair_ranks)
            if lowest >= rank:
                raise ValueError(f"no lower ranks lead to the token of rank {rank}")
            at = pair_ranks.index(lowest)
            parts[at : at + 2] = [parts[at] + parts[at + 1]]
        merges.append((_visible(parts[0]), _visible(parts[1])))
    return merges


def _byte_symbols() -> dict[int, str]:
    """Map each byte to a printable character, as GPT-2's byte-level BPE does.

    Printable Latin-1 characters stand for themselves; the other bytes, in order, take the
    characters from U+0100 on (a space becomes "Ġ").
    """
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    symbols = {}
    substitutes = iter(range(0x100, 0x200))
    for byte in range(256):
        symbols[byte] = chr(byte if byte in printable else next(substitutes))
    return symbols


_SYMBOLS = _byte_symbols()


def _visible(token: bytes) -> str:
    return token.decode("latin-1").translate(_SYMBOLS)


def _compact_json(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def _added_token(token: str) -> dict[str, Any]:
    return {
        "content": token,
        "single_word": False,
        "lstrip": False,
        "rstrip": False,
        "normalized": False,
        "special": ADDED_TOKENS.index(token) < _SPECIAL_TOKENS,
    }


def _tokenizer_json(vocabulary: dict[str, int], merges: list[tuple[str, str]]) -> dict[str, Any]:
    """Describe the tokenizer in the file format of the `tokenizers` library."""
    byte_level = {
        "type": "ByteLevel",
        "add_prefix_space": False,
        "trim_offsets": False,
        "use_regex": False,
    }
    split = {
        "type": "Split",
        "pattern": {"Regex": _SPLIT_PATTERN},
        "behavior": "Isolated",
        "invert": False,
    }
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {"id": _BYTE_PAIR_TOKENS + i, **_added_token(token)}
            for i, token in enumerate(ADDED_TOKENS)
        ],
        "normalizer": {"type": "NFC"},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, byte_level]},
        "post_processor": byte_level,
        "decoder": byte_level,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": "",
            "end_of_word_suffix": "",
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
            "vocab": vocabulary,
            "merges": merges,
        },
    }


def _tokenizer_config() -> dict[str, Any]:
    """Tell `transformers` which class reads the folder and which tokens are special."""
    return {
        "add_bos_token": False,
        "add_prefix_space": False,
        "added_tokens_decoder": {
            str(_BYTE_PAIR_TOKENS + i): _added_token(token) for i, token in enumerate(ADDED_TOKENS)
        },
        "additional_special_tokens": list(ADDED_TOKENS[1:_SPECIAL_TOKENS]),
        "bos_token": None,
        "clean_up_tokenization_spaces": False,
        "eos_token": "<|im_end|>",
        "errors": "replace",
        "model_max_length": 262144,
        "pad_token": "<|endoftext|>",
        "split_special_tokens": False,
        "tokenizer_class": "Qwen2Tokenizer",
        "unk_token": None,
    }
