"""Words that must not occur in a prompt or an answer.

What belongs here: the list, and finding one. What does not: who is to blame for it (`prompts`,
`conversations`).

A tokenizer turns the added tokens of Qwen into one id wherever they stand, also in a column's name,
and trainers count the placeholders of media: one too many ends the training, or worse, shifts it.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.text.qwen_files import ADDED_TOKENS

PLACEHOLDERS: Final = ("<image>", "<video>", "<audio>")
"""What Qwen's own fine-tuning code, ms-swift and LLaMA-Factory replace by media."""

_SWIFT_TAGS: Final = ("<img>", "</img>", "<bbox>", "<ref-object>", "<cot-process>")

RESERVED: Final = (*ADDED_TOKENS, *PLACEHOLDERS, *_SWIFT_TAGS)
"""All reserved words: the 26 added tokens of Qwen, placeholders, and further tags of ms-swift."""


def reserved_word(text: str) -> str:
    """The first reserved word in a text; an empty string if there is none.

    Also looked for in the text as the tokenizer sees it, in Unicode's normal form C.
    """
    seen = text if text.isascii() else text + "\n" + unicodedata.normalize("NFC", text)
    # Every reserved word begins with it, and nearly no text has it.
    if "<" not in seen:
        return ""
    return next((word for word in RESERVED if word in seen), "")


_THOUGHT: Final = re.compile(r"<think>\n((?:(?!</?think>).)*)\n</think>\n\n(.*)", re.DOTALL)


def without_thought(answer: str) -> str:
    """An answer without the tags around the thought that it begins with; as it is without one.

    These are the only reserved words that an answer may hold: thinking models are trained on them.
    """
    match = _THOUGHT.fullmatch(answer)
    return answer if match is None else f"{match[1]}\n{match[2]}"


def require_usable_names(features: Iterable[str], units: Iterable[str]) -> None:
    """Refuse columns whose name or unit would be taken for a token, or breaks a line.

    Raises:
        CorpusError: Names the column.
    """
    for name, unit in zip(features, units, strict=True):
        for what, text in (("name", name), ("unit", unit)):
            word = reserved_word(text)
            if word:
                raise CorpusError(
                    f"column {name!r}: its {what} holds {word!r}, a reserved word of the chat "
                    f"template or of a trainer; expected plain text. Change the {what} of the "
                    "column."
                )
            if len(text.splitlines()) > 1 or text != text.strip():
                raise CorpusError(
                    f"column {name!r}: its {what} is {text!r}; expected one line without white "
                    f"space around it, so that answers can be read back. Change the {what} of the "
                    "column."
                )
