"""The small vocabulary: stats text to tokens and ids.

What belongs here: splitting the stats text into tokens, numbering the tokens, and the two files
made of that. What does not: the tokenizer of the model (`qwen.py`).

The specials take the first ids. A token of the text that reads like a special, for example `<pad>`,
is refused and not given the special's id: a model would take text for padding, and nobody would
know. `split_stats` never makes such a token; a splitter of your own may.
"""

import json
import re
import reprlib
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.text.named_functions import AllowedCode, module_file, named_function
from zwu_ts_assets.timeseries.windows import WindowKey, key_fields, key_label

SPECIALS: Final = ("<pad>", "<unk>", "<bos>", "<eos>")
_UNK: Final = SPECIALS.index("<unk>")
_BOS: Final = SPECIALS.index("<bos>")
_EOS: Final = SPECIALS.index("<eos>")

# A number with its sign, a word, or any other character that is no white space.
_TOKEN: Final = re.compile(r"-?\d+\.\d+|\w+|[^\w\s]")

SPLITTER: Final = "splitter"
"""The setting that names a splitting function."""

Splitter = Callable[[str], list[str]]


def split_stats(text: str) -> list[str]:
    """Split stats text into numbers, words and single other characters; white space goes.

    `OT: Mean=-0.13` gives `OT`, `:`, `Mean`, `=`, `-0.13`.
    """
    return _TOKEN.findall(text)


def resolve_splitter(name: str | None, allowed: AllowedCode) -> Splitter:
    """The splitting function of a given name.

    Args:
        name: `package.module:function`, a function from a text to its list of tokens; None for
            `split_stats`.
        allowed: Whose functions may be named.

    Raises:
        CorpusError: The name has another form, is not allowed, or leads to no function.
    """
    return split_stats if name is None else named_function(SPLITTER, name, allowed)


def splitter_source(name: str | None, allowed: AllowedCode) -> bytes:
    """The source of the module that a splitter is in, by which a change of it is noticed.

    It is read and not imported: whoever only looks what is out of date runs nobody's code. A
    version of the package would do without the file, but not notice an edit of it.

    Args:
        name: As for `resolve_splitter`; `split_stats` and what is built into Python have none.
        allowed: Whose functions may be named.

    Raises:
        CorpusError: The name has another form, is not allowed, or leads to no readable module.
    """
    file = None if name is None else module_file(SPLITTER, name, allowed)
    try:
        return file.read_bytes() if file else b""
    except OSError as error:
        raise CorpusError(
            f"splitter {name!r}: {file} cannot be read ({error.strerror}). Mend the file."
        ) from error


def build_vocabulary(texts: Iterable[str], split: Splitter = split_stats) -> dict[str, int]:
    """Number the specials and then each new token in the order in which it occurs.

    Args:
        texts: The stats texts, in the order of the batches.
        split: Function from a text to its tokens.

    Returns:
        Ids 0 .. n-1 by token, in the order of the ids.

    Raises:
        CorpusError: The splitter gives something else than a list of texts, or gives a special.
    """
    vocabulary = {special: index for index, special in enumerate(SPECIALS)}
    for text in texts:
        for token in _split(text, split):
            vocabulary.setdefault(token, len(vocabulary))
    return vocabulary


def encode(tokens: Sequence[str], vocabulary: dict[str, int]) -> list[int]:
    """The ids of tokens, between the ids of `<bos>` and `<eos>`; unknown tokens become `<unk>`.

    Raises:
        CorpusError: A token reads like a special.
    """
    _refuse_specials(tokens)
    return [_BOS, *(vocabulary.get(token, _UNK) for token in tokens), _EOS]


def decode(ids: Sequence[int], vocabulary: dict[str, int]) -> list[str]:
    """The tokens of ids, without the `<bos>` and `<eos>` around them.

    Raises:
        CorpusError: The ids do not begin and end so, or the vocabulary has no such id.
    """
    if len(ids) < 2 or ids[0] != _BOS or ids[-1] != _EOS:
        raise CorpusError(
            f"ids begin with {list(ids[:1])} and end with {list(ids[-1:])}; expected {_BOS} "
            f"(<bos>) and {_EOS} (<eos>). Make them with `encode`."
        )
    tokens = {index: token for token, index in vocabulary.items()}
    unknown = sorted(set(ids) - set(tokens))
    if unknown:
        raise CorpusError(
            f"ids {unknown[:5]} are not in the vocabulary of {len(vocabulary)} tokens; expected "
            "ids that were made with it. Use the vocabulary that belongs to them."
        )
    return [tokens[index] for index in ids[1:-1]]


def vocabulary_json(vocabulary: dict[str, int]) -> bytes:
    """The vocabulary as indented JSON in UTF-8, in the order of the dictionary."""
    return json.dumps(vocabulary, indent=2, ensure_ascii=False).encode("utf-8")


def read_vocabulary(data: bytes) -> dict[str, int]:
    """Read what `vocabulary_json` wrote.

    Returns:
        Ids 0 .. n-1 by token, in the order of the ids.

    Raises:
        CorpusError: It is not such JSON, ids are missing or double, or a special has another id.
    """
    try:
        pairs = json.loads(data.decode("utf-8"), object_pairs_hook=_Pairs)
    except (ValueError, RecursionError) as error:  # not UTF-8, not JSON, or JSON nested too deeply
        raise CorpusError(
            f"vocabulary: found data that is not JSON in UTF-8 ({error}); expected an object from "
            "token to id. Make the vocabulary again."
        ) from error
    if not isinstance(pairs, _Pairs):
        raise CorpusError(
            f"vocabulary: found JSON of another kind ({type(pairs).__name__}); expected an object "
            "from token to id. Make the vocabulary again."
        )
    ids: dict[str, int] = {}
    for token, index in pairs:
        if not _encodable(token):
            raise CorpusError(
                f"vocabulary: found half of a surrogate pair in the token {_shown(token)}; "
                "expected text. Make the vocabulary again."
            )
        if not isinstance(index, int) or isinstance(index, bool):
            raise CorpusError(
                f"vocabulary: found {_shown(index)} as the id of {_shown(token)}; expected a whole "
                "number. Make the vocabulary again."
            )
        ids[token] = index
    vocabulary = dict(sorted(ids.items(), key=lambda pair: pair[1]))
    if len(vocabulary) != len(pairs) or list(vocabulary.values()) != list(range(len(pairs))):
        raise CorpusError(
            f"vocabulary: {len(pairs)} entries do not pair {len(pairs)} different tokens with the "
            f"ids 0 to {len(pairs) - 1}; expected each token and each id once. Make the vocabulary "
            "again."
        )
    if tuple(vocabulary)[: len(SPECIALS)] != SPECIALS:
        raise CorpusError(
            f"vocabulary: found {_shown(list(vocabulary)[: len(SPECIALS)])} as the first ids; "
            f"expected {list(SPECIALS)}. Make the vocabulary again."
        )
    return vocabulary


def token_rows_jsonl(
    rows: Iterable[tuple[WindowKey, str]], vocabulary: dict[str, int], split: Splitter = split_stats
) -> bytes:
    r"""Tokens and ids of each window, one JSON object per line, in UTF-8 with `\n` as line end.

    Each begins with the field `batch`, followed by `row` where the key has one.

    Args:
        rows: (key, stats text), as `parse_stats` gives them.
        vocabulary: The ids.
        split: Function from a text to its tokens; the one that the vocabulary was built with.

    Raises:
        CorpusError: As `build_vocabulary`; the message names the window.
    """
    lines = []
    for key, text in rows:
        try:
            tokens = _split(text, split)
        except CorpusError as error:
            raise CorpusError(f"{key_label(key)}: {error}") from error
        row = {**key_fields(key), "tokens": tokens, "ids": encode(tokens, vocabulary)}
        lines.append(json.dumps(row, ensure_ascii=False) + "\n")
    return "".join(lines).encode("utf-8")


class _Pairs(list[tuple[str, object]]):
    """The members of a JSON object as they stand there, a token twice included."""


def _split(text: str, split: Splitter) -> list[str]:
    """The tokens of a text, checked: a splitter may be anyone's function."""
    tokens: object = split(text)
    if not isinstance(tokens, list) or not all(isinstance(token, str) for token in tokens):
        raise CorpusError(
            f"splitter {getattr(split, '__qualname__', split)!r}: found {repr(tokens)[:80]} as its "
            "result; expected a list of str. Correct the function."
        )
    if broken := [token for token in tokens if not _encodable(token)]:
        raise CorpusError(
            f"splitter {getattr(split, '__qualname__', split)!r}: found half of a surrogate pair "
            f"in its token {_shown(broken[0])}; expected text. Correct the function."
        )
    _refuse_specials(tokens)
    return tokens


def _encodable(token: str) -> bool:
    """Whether UTF-8 has bytes for it: JSON and a splitter can make halves of surrogate pairs."""
    return not any("\ud800" <= character <= "\udfff" for character in token)


def _shown(value: object) -> str:
    """A value as Python writes it, shortened if it would drown the message."""
    text = reprlib.repr(value)
    return text if len(text) <= 200 else f"{text[:200]}..."


def _refuse_specials(tokens: Sequence[str]) -> None:
    """Refuse tokens of a text that would be taken for specials."""
    for special in SPECIALS:
        if special in tokens:
            raise CorpusError(
                f"tokens: found {special!r} in the text; expected no token that reads like one of "
                f"the specials {', '.join(SPECIALS)}, because it would get the special's id. "
                "Rename the column, or split such a token in the splitter."
            )
