"""Samples become conversations: complete, deterministic, in the model's own format."""

import dataclasses
import random
import re

import numpy as np
import pytest

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.text.qwen_embedded import embedded_tokenizer_folder
from zwu_ts_assets.training.conversation import Conversation
from zwu_ts_assets.training.conversations import (
    conversation_problem,
    make_conversations,
    sample_conversations,
)
from zwu_ts_assets.training.facts import MediaFacts
from zwu_ts_assets.training.forecast import parse_forecast
from zwu_ts_assets.training.prompts import load_templates
from zwu_ts_assets.training.sample import Sample
from zwu_ts_assets.training.split_rule import ETTH1_BORDERS, SplitRule
from zwu_ts_assets.training.task_settings import TaskSettings
from zwu_ts_assets_tests.training.builders import etth1, sample_of, samples_of, series_of, walk

SETTINGS = TaskSettings()
MEDIA = MediaFacts()


def conversations_of(
    samples: list[Sample], settings: TaskSettings = SETTINGS
) -> list[Conversation]:
    return list(make_conversations(samples, settings, load_templates(), MEDIA))


def some_samples() -> list[Sample]:
    return samples_of(series_of(walk(900)), SplitRule(), length=48, horizon=12)[0]


def test_every_sample_has_its_tasks_under_unique_ids() -> None:
    samples = some_samples()
    conversations = conversations_of(samples)
    assert len({c.id for c in conversations}) == len(conversations) == 3 * len(samples)
    by_sample = {sample.id: sample for sample in samples}
    for c in conversations:
        sample = by_sample[c.sample_id]
        assert c.id == f"{sample.id}-{c.task}"
        assert (c.split, c.images, c.videos) == (sample.split, (sample.image,), (sample.video,))
        assert "." not in c.id


def test_a_samples_conversations_depend_on_no_other_sample_nor_on_chance() -> None:
    samples = some_samples()
    whole = conversations_of(samples)
    random.seed(1)
    np.random.seed(1)
    alone = sample_conversations(samples[4], SETTINGS, load_templates(), MEDIA)
    assert alone == [c for c in whole if c.sample_id == samples[4].id]
    assert conversations_of(samples[::-1])[-3:] == whole[:3]


def test_a_forecast_is_the_target_of_the_sample() -> None:
    samples = some_samples()
    for c in conversations_of(samples, TaskSettings(tasks=("forecast",))):
        (sample,) = (s for s in samples if s.id == c.sample_id)
        read = parse_forecast(c.answer, sample.features, 12)
        assert np.abs(read - sample.target).max() <= 0.005


def test_a_changed_conversation_is_found() -> None:
    sample = some_samples()[0]
    templates = load_templates()

    def problem(conversation: Conversation, settings: TaskSettings = SETTINGS) -> str:
        return conversation_problem(conversation, sample, settings, templates, MEDIA)

    for c in sample_conversations(sample, SETTINGS, templates, MEDIA):
        assert problem(c) == ""
        assert "the id is 'x'" in problem(dataclasses.replace(c, id="x"))
        assert "is in test, expected train" in problem(dataclasses.replace(c, split="test"))
        assert "the answer is wrong: " in problem(dataclasses.replace(c, answer="no"))
        assert "prompt holds the reserved word '<video>'" in problem(
            dataclasses.replace(c, prompt=c.prompt + "<video>")
        )
        assert (
            problem(dataclasses.replace(c, prompt="Go on.")) == f"{c.id}: the prompt is another one"
        )
        other = sample_of(walk(48, seed=5), walk(12, seed=6))
        assert "the answer is wrong: " in conversation_problem(
            c, dataclasses.replace(other, id=sample.id), SETTINGS, templates, MEDIA
        )
    asked = sample_conversations(sample, SETTINGS, templates, MEDIA)[-1]
    assert "is not asked this" in problem(asked, TaskSettings(questions_per_sample=0))


@pytest.mark.parametrize(
    "word", ["<|im_start|>", "<|vision_start|>", "<image>", "<video>", "<think>"]
)
def test_a_column_called_like_a_token_is_refused(word: str) -> None:
    sample = sample_of(walk(48), walk(4), features=["a", f"b{word}", "c"])
    with pytest.raises(CorpusError, match=r"column 'b.*a reserved word of the chat template"):
        conversations_of([sample])


def test_columns_whose_names_make_a_token_only_together_are_refused() -> None:
    """The list of columns joins names by a comma; a template of a user may join them otherwise."""
    sample = sample_of(walk(48), walk(4), features=["<im", "age>", "c"])
    assert all("<image>" not in c.prompt for c in conversations_of([sample]))


def test_numbers_that_vanish_behind_the_decimals_are_refused() -> None:
    tiny = [sample_of(walk(48) * 1e-4, walk(4) * 1e-4)]
    with pytest.raises(
        CorpusError, match=r"column 'a' varies by .* in all samples, but numbers have"
    ):
        conversations_of(tiny)
    with pytest.raises(CorpusError, match=r"Write `decimals = (\d)` below `\[tasks\]`") as caught:
        conversations_of(tiny)
    wanted = re.search(r"decimals = (\d+)", str(caught.value))
    assert wanted is not None
    assert conversations_of(tiny, TaskSettings(decimals=int(wanted[1])))
    assert conversations_of([sample_of(np.ones((48, 3)), walk(4))])


def test_large_numbers_are_written_out() -> None:
    sample = sample_of(walk(48) * 1e13, walk(4) * 1e13)
    (forecast,) = (c for c in conversations_of([sample]) if c.task == "forecast")
    assert [float(text) for text in forecast.answer.split("\n")[0].split(": ")[1].split()] == [
        float(f"{value:.2f}") for value in sample.target[:, 0]
    ]


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> object:
    """The exact tokenizer, as `transformers` loads it."""
    from transformers import AutoTokenizer

    folder = embedded_tokenizer_folder(tmp_path_factory.mktemp("tokenizers"))
    return AutoTokenizer.from_pretrained(str(folder), local_files_only=True)


# The part of Qwen3-VL's published chat template that renders such messages, written out here.
CHAT = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{% for part in m.content %}"
    "{% if part.type == 'image' %}<|vision_start|><|image_pad|><|vision_end|>"
    "{% elif part.type == 'video' %}<|vision_start|><|video_pad|><|vision_end|>"
    "{% else %}{{ part.text }}{% endif %}{% endfor %}<|im_end|>\n{% endfor %}"
)


def test_the_chat_template_adds_exactly_the_tokens_of_two_turns(tokenizer: object) -> None:
    """Whatever the texts are, only the template's own special tokens are in the result."""
    added = set(range(151_643, 151_669))
    for c in conversations_of(some_samples()[:3], TaskSettings(questions_per_sample=5)):
        turns = [
            {
                "role": "user",
                "content": [
                    {"type": "image"},
                    {"type": "video"},
                    {"type": "text", "text": c.prompt},
                ],
            },
            {"role": "assistant", "content": [{"type": "text", "text": c.answer}]},
        ]
        text = tokenizer.apply_chat_template(turns, chat_template=CHAT, tokenize=False)  # type: ignore[attr-defined]
        ids = tokenizer(text)["input_ids"]  # type: ignore[operator]
        special = [tokenizer.convert_ids_to_tokens(i) for i in ids if i in added]  # type: ignore[attr-defined]
        vision = ["<|vision_start|>", "<|image_pad|>", "<|vision_end|>"]
        assert special == [
            "<|im_start|>",
            *vision,
            *[token.replace("image", "video") for token in vision],
            "<|im_end|>",
            "<|im_start|>",
            "<|im_end|>",
        ]
        assert tokenizer.decode(ids) == text  # type: ignore[attr-defined]


@pytest.mark.shared
def test_the_real_file_with_the_published_borders() -> None:
    """89 + 29 + 29 samples, each with forecast, description and one question."""
    samples, _ = samples_of(etth1(), SplitRule(borders=ETTH1_BORDERS))
    chosen = samples[::10]
    conversations = conversations_of(chosen)
    assert len(samples) == 147
    assert len(conversations) == 3 * len(chosen) == 45
    forecast = conversations[0].answer.split("\n")
    assert forecast[0].startswith("HUFL: 11.99 12.52 12.32 ")  # rows 96, 97, 98 of the file
    assert [len(line.split(" ")) for line in forecast] == [97] * 7
