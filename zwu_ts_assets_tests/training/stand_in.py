"""A tokenizer that is made in no time and right about timestamps, for tests of everything else."""

import re
from collections.abc import Sequence


class TimestampTokenizer:
    """Cuts `<12.2 seconds>` as Qwen3-VL's tokenizer does; `test_media_tokens` holds it to that."""

    size = 0

    def encode(self, text: str) -> tuple[list[str], list[int]]:
        """Cut a timestamp; anything else is a mistake of the test."""
        assert re.fullmatch(r"<\d+\.\d seconds>", text), text
        tokens = re.findall(r" seconds|.", text)
        return tokens, [0] * len(tokens)

    def decode(self, ids: Sequence[int]) -> str:
        """Nothing that is tested here decodes."""
        raise NotImplementedError

    def vocabulary(self) -> dict[str, int]:
        """Nothing that is tested here looks into the vocabulary."""
        raise NotImplementedError
