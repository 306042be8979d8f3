"""Texts and conversations counted in tokens, each text once.

What belongs here: the counts that samples, preflight and exports share. What does not: the
tokenizers (`text/`), what media are in tokens (`training/media_tokens.py`).
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

from zwu_ts_assets.orchestration.assets.text_products import loaded_tokenizer
from zwu_ts_assets.text.qwen import TextTokenizer, TokenizerSource
from zwu_ts_assets.training.processor import Size
from zwu_ts_assets.training.profiles import ConversationLengths, Lengths, TurnTokens
from zwu_ts_assets.training.readers import Clip


@dataclass(frozen=True)
class TokenCounts:
    """Texts and videos counted in a tokenizer that is loaded when it is first used.

    Attributes:
        source: Where the tokenizer comes from.
    """

    source: TokenizerSource

    @property
    def name(self) -> str:
        """What exports call it."""
        return f"{self.source.kind} {self.source.digest[:16]}"

    @property
    def tokenizer(self) -> TextTokenizer:
        """The tokenizer; one per process."""
        return loaded_tokenizer(self.source)

    def of_text(self, text: str) -> int:
        """Tokens of a text; each is counted once, since all exports ask for the same ones."""
        return _text_tokens(self.source, text)

    def of_chat(self, turns: Sequence[TurnTokens], media: int) -> int:
        """Tokens of a conversation without its media, see `ConversationLengths.text`."""
        return _lengths(self.source).text(turns, media)

    def of_conversation(
        self, turns: Sequence[TurnTokens], images: Sequence[Size], videos: Sequence[Clip]
    ) -> Lengths:
        """Tokens of a conversation for each consumer, see `ConversationLengths`."""
        return _lengths(self.source).of(turns, images, videos)


@functools.lru_cache(maxsize=200_000)
def _text_tokens(source: TokenizerSource, text: str) -> int:
    return len(loaded_tokenizer(source).encode(text)[1])


@functools.lru_cache(maxsize=4)
def _lengths(source: TokenizerSource) -> ConversationLengths:
    return ConversationLengths(loaded_tokenizer(source))
