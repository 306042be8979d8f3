"""How many tokens a conversation is, exactly, for each consumer.

What belongs here: adding up prompts, answers, media and the chat template. What does not: what a
medium is in tokens (`media_tokens`, `readers`), what a trainer's limit does to it (`preflight`).
"""

from collections.abc import Callable, Sequence
from typing import Final

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.text.qwen import TextTokenizer
from zwu_ts_assets.training.processor import Size
from zwu_ts_assets.training.profiles import PROFILES, Profile
from zwu_ts_assets.training.readers import Clip

_TURN: Final = "<|im_start|>user\n<|im_end|>\n<|im_start|>assistant\n<|im_end|>\n"
_LINE_END: Final = "<|vision_end|>\n<|vision_end|>"

Lengths = dict[str, int | None]
"""By the name of a consumer: tokens; None where it refuses the media, or reads no videos."""

TurnTokens = tuple[int, int]
"""Tokens of a prompt and of its answer, without white space around them."""

MeasureLengths = Callable[[Sequence[TurnTokens], Sequence[Size], Sequence[Clip]], Lengths]
"""`ConversationLengths.of`."""


class ConversationLengths:
    """Measures conversations for each consumer with its defaults, before it cuts anything.

    The template of Qwen3-VL: no system message; each medium between two delimiters, on a line of
    its own. Special tokens and line ends cut the text around prompts and answers, which begin with
    no white space, so the tokens of all parts add up.
    """

    def __init__(self, tokenizer: TextTokenizer, profiles: Sequence[Profile] = PROFILES) -> None:
        """Count what is the same in all conversations.

        Args:
            tokenizer: Qwen3-VL's, with which prompts and answers are counted too.
            profiles: The consumers.
        """
        self._tokenizer = tokenizer
        self._profiles = profiles
        self._turn = len(tokenizer.encode(_TURN)[1])
        self._line_end = len(tokenizer.encode(_LINE_END)[1]) - 2
        self._media: dict[tuple[str, Size | Clip], int | None] = {}

    def text(self, turns: Sequence[TurnTokens], media: int) -> int:
        """Tokens of a conversation without its media, whose delimiters are counted with them.

        Args:
            turns: Tokens of each prompt and answer.
            media: How many media the conversation shows.
        """
        return sum(map(sum, turns)) + self._turn * len(turns) + self._line_end * media

    def of(
        self, turns: Sequence[TurnTokens], images: Sequence[Size], videos: Sequence[Clip]
    ) -> Lengths:
        """Tokens of a conversation.

        Args:
            turns: Tokens of each prompt and answer.
            images: Pixels of each image that is shown.
            videos: The videos that are shown.
        """
        shown: list[Size | Clip] = [*images, *videos]
        text = self.text(turns, len(shown))
        found: Lengths = {}
        for profile in self._profiles:
            media = [self._medium(profile, each) for each in shown]
            known = [count for count in media if count is not None]
            lost = 0 if profile.line_ends else self._line_end * len(shown)
            found[profile.name] = text - lost + sum(known) if len(known) == len(shown) else None
        return found

    def _medium(self, profile: Profile, medium: Size | Clip) -> int | None:
        """Tokens of a medium, delimiters and timestamps included; None where it is refused."""
        key = (profile.name, medium)
        if key not in self._media:
            try:
                if isinstance(medium, Clip):
                    self._media[key] = profile.video(medium, self._tokenizer).tokens
                else:
                    self._media[key] = profile.image(medium).tokens
            except CorpusError:
                self._media[key] = None
        return self._media[key]
