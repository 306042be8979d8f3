"""Text as token ids of a language model: the exact Qwen3-VL tokenizer, or another that is named.

What belongs here: loading a tokenizer, encoding text rows, its vocabulary, and checking that ids
lead back to the text. What does not: finding the tokenizer (`tokenizer_source`, whose two names are
handed on here), building the embedded one (`qwen_embedded`), the small vocabulary (`vocabulary`).
"""

import json
import logging
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from json.encoder import encode_basestring
from operator import itemgetter
from pathlib import Path
from typing import Any, Protocol

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.text.qwen_embedded import embedded_tokenizer_folder
from zwu_ts_assets.text.tokenizer_source import TokenizerSource, resolve_tokenizer
from zwu_ts_assets.timeseries.windows import WindowKey, key_fields

__all__ = [
    "TextTokenizer",
    "TokenizerSource",
    "load_tokenizer",
    "qwen_rows_jsonl",
    "resolve_tokenizer",
    "undecodable_rows",
    "vocabulary_json",
]


class TextTokenizer(Protocol):
    """What the corpus needs of a tokenizer."""

    @property
    def size(self) -> int:
        """The number of entries of the vocabulary, added tokens included."""

    def encode(self, text: str) -> tuple[list[str], list[int]]:
        """Cut a text into tokens and their ids, adding none at the beginning or end."""

    def decode(self, ids: Sequence[int]) -> str:
        """Join the text of all ids, special tokens included."""

    def vocabulary(self) -> dict[str, int]:
        """Return every token with its id, in the order of the ids."""


def load_tokenizer(source: TokenizerSource) -> TextTokenizer:
    """Load a tokenizer from local files; no code that comes with a model is run.

    The embedded tokenizer is built first if it is not in its cache (about 3 s once per machine),
    and read by the `tokenizers` library itself (0.5 s): importing `transformers` would take five
    times as long and then use the same library. Any other is read by
    `transformers.AutoTokenizer`, which knows the classes and files of other models.

    Args:
        source: What `resolve_tokenizer` found.

    Returns:
        The tokenizer.

    Raises:
        CorpusError: If the files are not a tokenizer, or the embedded one cannot be built.
    """
    if source.kind == "embedded":
        return _load_embedded(embedded_tokenizer_folder(Path(source.location).parent))
    return _load_with_transformers(Path(source.location))


@dataclass(frozen=True, eq=False)
class _EmbeddedTokenizer:
    engine: Any  # tokenizers.Tokenizer

    @property
    def size(self) -> int:
        return int(self.engine.get_vocab_size(with_added_tokens=True))

    def encode(self, text: str) -> tuple[list[str], list[int]]:
        encoding = self.engine.encode(text, add_special_tokens=False)
        return encoding.tokens, encoding.ids

    def decode(self, ids: Sequence[int]) -> str:
        return str(self.engine.decode(list(ids), skip_special_tokens=False))

    def vocabulary(self) -> dict[str, int]:
        return _by_id(self.engine.get_vocab(with_added_tokens=True))


@dataclass(frozen=True, eq=False)
class _TransformersTokenizer:
    engine: Any  # a class of transformers that depends on the model

    @property
    def size(self) -> int:
        return len(self.engine)

    def encode(self, text: str) -> tuple[list[str], list[int]]:
        # verbose: a text longer than the model's context is no concern here, and would be warned of
        ids = self.engine.encode(text, add_special_tokens=False, verbose=False)
        return self.engine.convert_ids_to_tokens(ids), ids

    def decode(self, ids: Sequence[int]) -> str:
        text = self.engine.decode(
            list(ids), skip_special_tokens=False, clean_up_tokenization_spaces=False
        )
        return str(text)

    def vocabulary(self) -> dict[str, int]:
        return _by_id(self.engine.get_vocab())


def _by_id(vocabulary: dict[str, int]) -> dict[str, int]:
    tokens: list[str | None] = [None] * len(vocabulary)
    if all(0 <= i < len(tokens) for i in vocabulary.values()):
        for token, i in vocabulary.items():
            tokens[i] = token
        if None not in tokens:  # every id once, as is usual: no sorting
            return {token: i for i, token in enumerate(tokens) if token is not None}
    return dict(sorted(vocabulary.items(), key=itemgetter(1, 0)))


def _load_embedded(folder: Path) -> TextTokenizer:
    from tokenizers import Tokenizer

    return _EmbeddedTokenizer(Tokenizer.from_file(str(folder / "tokenizer.json")))


def _load_with_transformers(folder: Path) -> TextTokenizer:
    with _without_advice():
        from transformers import AutoTokenizer

        try:
            engine = AutoTokenizer.from_pretrained(
                str(folder), local_files_only=True, trust_remote_code=False
            )
        except Exception as error:  # the tokenizers library raises nothing narrower
            reason = " ".join(str(error).split())
            raise CorpusError(
                f"{folder}: the files are there, but no tokenizer can be loaded from them "
                f"({type(error).__name__}: {reason}). A tokenizer.json that the tokenizers library "
                "wrote always works; code that comes with a model is never run. Put the model's "
                "own tokenizer files there or name another folder."
            ) from error
    return _TransformersTokenizer(engine)


@contextmanager
def _without_advice() -> Iterator[None]:
    """Keep `transformers` from advising every user to install a deep-learning framework."""
    logger = logging.getLogger("transformers")

    def wanted(record: logging.LogRecord) -> bool:
        return "PyTorch" not in record.getMessage()

    logger.addFilter(wanted)
    try:
        yield
    finally:
        logger.removeFilter(wanted)


def qwen_rows_jsonl(rows: Iterable[tuple[WindowKey, str]], tokenizer: TextTokenizer) -> bytes:
    """Encode texts into JSON Lines, a row per window.

    Args:
        rows: Key and text, in the order of the file.
        tokenizer: The tokenizer.

    Returns:
        UTF-8 lines of `{"batch": int, "text": str, "tokens": [str], "ids": [int]}`, with
        `"row": int` after the batch where the key has a row.
    """
    lines = []
    for key, text in rows:
        tokens, ids = tokenizer.encode(text)
        row = {**key_fields(key), "text": text, "tokens": tokens, "ids": ids}
        lines.append(json.dumps(row, ensure_ascii=False) + "\n")
    return "".join(lines).encode()


def vocabulary_json(tokenizer: TextTokenizer) -> bytes:
    """Return the whole vocabulary as a JSON object from token to id, in the order of the ids.

    Args:
        tokenizer: The tokenizer.

    Returns:
        UTF-8 JSON, one entry a line: 151,669 entries for the default tokenizer.
    """
    # As `json.dumps(..., ensure_ascii=False, indent=2)` writes it, in a fifth of its time: with an
    # indent, that takes a way through plain Python.
    lines = (f"  {encode_basestring(token)}: {i}" for token, i in tokenizer.vocabulary().items())
    return ("{\n" + ",\n".join(lines) + "\n}").encode()


def undecodable_rows(rows_jsonl: bytes, tokenizer: TextTokenizer) -> list[WindowKey]:
    """List the windows whose ids are not those of their text, or do not lead back to it.

    Text and decoded text are compared in Unicode normalisation form C, which the Qwen tokenizer
    puts every text into; apart from that it loses nothing, so for the default tokenizer a batch in
    the list is an error. A tokenizer that lowercases, drops spaces or knows no such character
    loses text by design, and lists every row it did that to.

    Args:
        rows_jsonl: What `qwen_rows_jsonl` returned.
        tokenizer: The tokenizer of these rows.

    Returns:
        Their keys, in the order of the file; empty if every row leads back to its text.

    Raises:
        CorpusError: If a line is not such a row.
    """
    undecodable: list[WindowKey] = []
    for number, line in enumerate(rows_jsonl.splitlines(), start=1):
        try:
            row = json.loads(line)
            batch = int(row["batch"])
            key: WindowKey = (batch, int(row["row"])) if "row" in row else batch
            text, ids = str(row["text"]), [int(id) for id in row["ids"]]
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
            raise CorpusError(
                f"token rows, line {number}: not a row with batch, text and ids "
                f"({type(error).__name__}: {error}). The file is torn; make it again."
            ) from error
        # Comparing with fresh ids first finds an id outside the vocabulary, which decoding skips.
        if tokenizer.encode(text)[1] != ids or _composed(tokenizer.decode(ids)) != _composed(text):
            undecodable.append(key)
    return undecodable


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)
