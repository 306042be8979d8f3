"""Rows as the trainers read them: registration, roles, placeholders and the chat template."""

import json
import runpy
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer
from transformers.utils.chat_template_utils import render_jinja_template

from benchmarks.trainers.runs import Job
from zwu_ts_assets.training.exports.source import ExportSource
from zwu_ts_assets.training.reserved import reserved_word

# What the template of Qwen3-VL makes of a turn with media, written down from its documentation.
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n"
    "{% if message.content is string %}{{ message.content }}"
    "{% else %}{% for part in message.content %}"
    "{% if part.type == 'image' %}<|vision_start|><|image_pad|><|vision_end|>"
    "{% elif part.type == 'video' %}<|vision_start|><|video_pad|><|vision_end|>"
    "{% else %}{{ part.text }}{% endif %}{% endfor %}{% endif %}<|im_end|>\n{% endfor %}"
)


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def parts(user: str) -> list[dict[str, str]]:
    """A user's text as a chat template takes it: the leading lines are media."""
    found = []
    kinds = {"<image>": "image", "<video>": "video"}
    first, *others = user.split("\n", 1)
    while first in kinds:
        found.append({"type": kinds[first]})
        first, *others = others[0].split("\n", 1)
    return [*found, {"type": "text", "text": "\n".join([first, *others])}]


def test_the_snippet_of_qwen_names_files_that_exist_wherever_it_is(
    exports_once: Path, tmp_path: Path, source: ExportSource
) -> None:
    folder = tmp_path / "elsewhere"
    shutil.copytree(exports_once / "qwen", folder)
    registered = runpy.run_path(str(folder / "qwen_datasets.py"))["DATASETS"]
    assert list(registered) == ["demo_train", "demo_validation", "demo_test"]
    found = []
    for entry in registered.values():
        assert set(entry) == {"annotation_path", "data_path"}
        for row in lines(Path(entry["annotation_path"])):
            assert list(row) == ["id", "image", "video", "conversations", "questions"]
            speakers = [turn["from"] for turn in row["conversations"]]
            assert speakers == ["human", "gpt"] * len(row["questions"])
            user = "".join(turn["value"] for turn in row["conversations"][::2])
            assert user.count("<image>") == len(row["image"])
            assert user.count("<video>") == len(row["video"])
            for path in row["image"] + row["video"]:
                assert (Path(entry["data_path"]) / path).is_relative_to(folder)
                assert (Path(entry["data_path"]) / path).is_file()
            found.append(row["id"])
    assert found == [each.id for each in source.conversations]


def test_llama_factory_finds_datasets_by_their_description(exports_once: Path) -> None:
    folder = exports_once / "llama_factory"
    info = json.loads((folder / "dataset_info.json").read_bytes())
    assert list(info) == ["demo_train", "demo_validation", "demo_test"]
    for entry in info.values():
        assert entry["formatting"] == "sharegpt"
        columns, tags = entry["columns"], entry["tags"]
        for row in json.loads((folder / entry["file_name"]).read_bytes()):
            turns = row[columns["messages"]]
            roles = [turn[tags["role_tag"]] for turn in turns]
            assert roles == [tags["user_tag"], tags["assistant_tag"]] * len(row["questions"])
            said = "".join(turn[tags["content_tag"]] for turn in turns[::2])
            assert said.count("<image>") == len(row[columns["images"]])
            assert said.count("<video>") == len(row[columns["videos"]])
            assert all((folder / path).is_file() for path in row[columns["images"]])


def test_every_added_token_of_the_tokenizer_is_reserved(embedded_tokenizer: Tokenizer) -> None:
    added = {token.content for token in embedded_tokenizer.get_added_tokens_decoder().values()}
    assert {word for word in added if reserved_word(f"a {word}s") == ""} == set()


def test_ms_swift_and_llama_factory_have_the_same_rows(exports_once: Path) -> None:
    for split in ("train", "validation", "test"):
        array = json.loads((exports_once / "llama_factory" / f"{split}.json").read_bytes())
        assert lines(exports_once / "ms_swift" / f"{split}.jsonl") == array


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_the_chat_template_gives_each_medium_its_place_and_each_turn_its_end(
    exports_once: Path, embedded_tokenizer: Tokenizer, split: str
) -> None:
    for row in lines(exports_once / "ms_swift" / f"{split}.jsonl"):
        messages = [
            {**turn, "content": parts(turn["content"])} if turn["role"] == "user" else turn
            for turn in row["messages"]
        ]
        text = render_jinja_template([messages], chat_template=TEMPLATE)[0][0]
        tokens = embedded_tokenizer.encode(text, add_special_tokens=False).tokens
        counts = {
            name: tokens.count(f"<|{name}|>")
            for name in ("im_start", "im_end", "image_pad", "video_pad", "vision_start")
        }
        images, videos = len(row["images"]), len(row["videos"])
        assert counts == {
            "im_start": 2 * len(row["questions"]),
            "im_end": 2 * len(row["questions"]),
            "image_pad": images,
            "video_pad": videos,
            "vision_start": images + videos,
        }
        assert "<image>" not in text
        assert "<video>" not in text


@pytest.mark.parametrize(
    ("export", "start", "options"),
    [
        ("huggingface", "SFTTrainer", ["max_length=None", "assistant_only_loss=True"]),
        ("rl", "GRPOTrainer", ["reward_funcs=[reward]", "train.parquet"]),
        ("rl", "swift rlhf", ["--dataset", "--external_plugins", "--reward_funcs"]),
        ("rl", "data.prompt_key=messages", ["data.max_prompt_length=16384"]),
        ("rl", "data.prompt_key=problem", ["data.max_prompt_length=16384"]),
        ("ms_swift", "swift sft", ["--dataset", "--output_dir"]),
        ("llama_factory", "dataset_dir:", ["template: qwen3_vl_nothink", "cutoff_len: "]),
        ("qwen", "--dataset_use", ["demo_train", "--output_dir"]),
    ],
)
def test_each_card_has_the_command_that_real_trainers_are_run_with(
    exports_once: Path, tmp_path: Path, export: str, start: str, options: list[str]
) -> None:
    # `make trainers` takes commands and code from these blocks.
    block = Job(exports_once / export, "demo", tmp_path, tmp_path).block(start)
    assert [option for option in options if option not in block] == []
    if "import" in block:
        compile(block, "README.md", "exec")
    else:
        assert shlex.split(block)
