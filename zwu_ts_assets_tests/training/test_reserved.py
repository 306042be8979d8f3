"""No word that a tokenizer or a trainer takes for something else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.training.reserved import RESERVED, require_usable_names, reserved_word

# Written out here, from the model's published tokenizer_config.json and the trainers' documents.
WORDS = [
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|object_ref_start|>",
    "<|object_ref_end|>",
    "<|box_start|>",
    "<|box_end|>",
    "<|quad_start|>",
    "<|quad_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|vision_pad|>",
    "<|image_pad|>",
    "<|video_pad|>",
    "<tool_call>",
    "</tool_call>",
    "<|fim_prefix|>",
    "<|fim_middle|>",
    "<|fim_suffix|>",
    "<|fim_pad|>",
    "<|repo_name|>",
    "<|file_sep|>",
    "<tool_response>",
    "</tool_response>",
    "<think>",
    "</think>",
    "<image>",
    "<video>",
    "<audio>",
]


@pytest.mark.parametrize("word", WORDS)
def test_every_reserved_word_is_found_anywhere(word: str) -> None:
    assert reserved_word(f"a {word}b") == word
    assert reserved_word(f"é{word}") == word
    with pytest.raises(CorpusError, match=r"column 'OT.*: its name holds"):
        require_usable_names(["HUFL", f"OT{word}"], ["", ""])
    with pytest.raises(CorpusError, match="column 'OT': its unit holds"):
        require_usable_names(["OT"], [word])


def test_there_are_26_added_tokens_and_the_placeholders() -> None:
    assert len(WORDS) == 29
    assert set(WORDS) <= set(RESERVED)


@given(st.text(alphabet="abc <>|_imgevdo/", max_size=30))
def test_a_text_is_free_exactly_if_it_holds_none(text: str) -> None:
    assert (reserved_word(text) == "") == (not any(word in text for word in RESERVED))


@pytest.mark.parametrize("name", ["two\nlines", "a\rb", "a\u2028b", " padded", "padded ", "tab\t"])
def test_names_that_answers_could_not_be_read_back_with_are_refused(name: str) -> None:
    with pytest.raises(CorpusError, match="expected one line without white space around it"):
        require_usable_names([name], [""])


def test_ordinary_names_are_usable() -> None:
    require_usable_names(["HUFL", "a < b", "<img", "Temperatur Öl"], ["MW", "", "°C", "m³/h"])
