"""Words that a trainer or a chat template takes for something else than text.

What belongs here: which words these are, and finding one. What does not: wording prompts without
them (`prompts`).

A feature named `<image>` or a unit named `<|im_end|>` would move a picture or end a turn without
any trainer saying so; so no prompt and no answer may hold such a word.
"""

from typing import Final

from zwu_ts_assets.corpus.qwen_files import ADDED_TOKENS

IMAGE_PLACEHOLDER: Final = "<image>"
VIDEO_PLACEHOLDER: Final = "<video>"

# What the three trainers replace in the text of a message, whatever the model.
_TRAINER_TAGS: Final = (
    *(IMAGE_PLACEHOLDER, VIDEO_PLACEHOLDER, "<audio>"),
    *("<bbox>", "<ref-object>", "<cot-process>"),
)

RESERVED_WORDS: Final = (*ADDED_TOKENS, *_TRAINER_TAGS)
"""The added tokens of the Qwen3-VL tokenizer, then the tags that trainers replace."""


def reserved_word(text: str) -> str:
    """The first reserved word in a text, or an empty string if there is none."""
    found = [(text.find(word), word) for word in RESERVED_WORDS if word in text]
    return min(found)[1] if found else ""
