"""The length of a conversation is that of the rendered chat template, media put in their place."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from transformers.utils.chat_template_utils import render_jinja_template

from zwu_ts_assets.text.qwen import TextTokenizer, TokenizerSource, load_tokenizer
from zwu_ts_assets.training.export_files import WrittenFile
from zwu_ts_assets.training.exports.formats import FORMATS
from zwu_ts_assets.training.processor import Size
from zwu_ts_assets.training.profiles import PROFILES, ConversationLengths
from zwu_ts_assets.training.readers import Clip
from zwu_ts_assets_tests.training.corpora import text_source

# The part of Qwen3-VL's published chat template that renders such messages, written out here.
TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{% for part in m.content %}"
    "{% if part.type == 'image' %}<|vision_start|><|image_pad|><|vision_end|>"
    "{% elif part.type == 'video' %}<|vision_start|><|video_pad|><|vision_end|>"
    "{% else %}{{ part.text }}{% endif %}{% endfor %}<|im_end|>\n{% endfor %}"
)
IMAGE, VIDEO = 1_738, 6_978
"""Tokens of 1792x992 pixels and of 8 such frames at 2 fps, as the real processor gives them."""

FIGURE, FILM = Size(1792, 992), Clip(Size(1792, 992), 8, 2.0)


@pytest.fixture(scope="module")
def tokenizer(embedded_folder: Path) -> TextTokenizer:
    return load_tokenizer(TokenizerSource("embedded", str(embedded_folder), ""))


@pytest.fixture(scope="module")
def rows(tokenizer: TextTokenizer) -> list[dict[str, Any]]:
    """The conversations of a corpus of the default canvas, as the hub gets them."""
    plain = text_source(features=("HUFL", "Öl °C", "日本\u2028x"), units=("kW", "", "%"))
    sized = {
        path: replace(facts, width=1792, height=992, frames=8 if facts.frames > 1 else 1)
        for path, facts in plain.media.items()
    }
    source = replace(
        plain,
        media=sized,
        count_tokens=lambda text: len(tokenizer.encode(text)[1]),
        lengths=ConversationLengths(tokenizer).of,
    )
    return [
        row
        for file in FORMATS["huggingface"](source)
        if isinstance(file, WrittenFile) and file.path.startswith(("images/", "videos/"))
        for row in pq.read_table(io.BytesIO(file.build())).to_pylist()
    ]


def test_a_row_has_as_many_tokens_as_the_chat_template_makes_of_it(
    tokenizer: TextTokenizer, rows: list[dict[str, Any]]
) -> None:
    assert len(rows) == 12
    for row in rows:
        text = render_jinja_template([row["messages"]], chat_template=TEMPLATE)[0][0]
        ids = tokenizer.encode(text)[1]
        media = len(row["images"]) + len(row["videos"])
        expected = len(ids) - 3 * media + IMAGE * len(row["images"]) + VIDEO * len(row["videos"])
        assert row["length"] == row["tokens"]["qwen3_vl"] == expected


def test_a_consumer_that_reads_no_videos_has_no_length_for_them(
    rows: list[dict[str, Any]],
) -> None:
    assert {bool(row["videos"]) for row in rows} == {False, True}
    for row in rows:
        assert (row["tokens"]["trl"] is None) == bool(row["videos"])
        assert all(row["tokens"][each.name] for each in PROFILES if each.videos)


def test_a_consumer_that_drops_line_ends_has_one_token_less_for_each_medium(
    tokenizer: TextTokenizer,
) -> None:
    keeps = replace(PROFILES[0], name="keeps")
    drops = replace(PROFILES[0], name="drops", line_ends=False)
    lengths = ConversationLengths(tokenizer, [keeps, drops]).of([(100, 5)], [FIGURE] * 2, [FILM])
    assert lengths["keeps"] == 10 + 105 + 3 + 2 * IMAGE + VIDEO
    assert lengths["drops"] == 10 + 105 + 2 * IMAGE + VIDEO


def test_media_that_a_consumer_refuses_have_no_length(tokenizer: TextTokenizer) -> None:
    lengths = ConversationLengths(tokenizer).of([(1, 1)], [Size(4096, 1)], [])
    assert lengths["qwen3_vl"] is None
    assert lengths["trl"] is None
