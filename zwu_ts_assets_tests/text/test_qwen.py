"""Text to ids and back, in the exact Qwen3-VL tokenizer and in others that a user names."""

import json
import logging
import socket
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import NoReturn

import pytest
from huggingface_hub import constants
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.text.qwen import (
    TextTokenizer,
    TokenizerSource,
    load_tokenizer,
    qwen_rows_jsonl,
    resolve_tokenizer,
    undecodable_rows,
    vocabulary_json,
)
from zwu_ts_assets_tests.reference import GOLDEN, REPOSITORY

STATS = "HUFL: Mean=8.58, Max=12.73, Var=6.62 OT: Mean=24.23, Max=33.13, Var=18.05"


@pytest.fixture(scope="module")
def qwen(embedded_folder: Path) -> TextTokenizer:
    return load_tokenizer(TokenizerSource("embedded", str(embedded_folder), ""))


@pytest.fixture(scope="module")
def through_transformers(embedded_folder: Path) -> TextTokenizer:
    """The same folder as any other client would load it."""
    return load_tokenizer(TokenizerSource("folder", str(embedded_folder), ""))


@pytest.fixture
def own(tmp_path: Path) -> TextTokenizer:
    """A tokenizer of a user's own: lower-cased whole words."""
    vocabulary = {"<unk>": 0, "mean": 2, "max": 1}
    engine = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))  # noqa: S106
    engine.normalizer = normalizers.Lowercase()
    engine.pre_tokenizer = pre_tokenizers.Whitespace()
    engine.decoder = decoders.Fuse()
    (tmp_path / "own").mkdir()
    engine.save(str(tmp_path / "own" / "tokenizer.json"))
    source = resolve_tokenizer("own", project_dir=tmp_path, cache_dir=tmp_path / "cache")
    return load_tokenizer(source)


def golden_rows(name: str) -> list[dict[str, object]]:
    lines = (GOLDEN / name).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.shared
def test_the_rows_of_all_golden_stats_are_the_golden_bytes(qwen: TextTokenizer) -> None:
    golden = (GOLDEN / "batch_stats_qwen.jsonl").read_bytes()
    rows = [json.loads(line) for line in golden.splitlines()]
    assert qwen_rows_jsonl([(row["batch"], row["text"]) for row in rows], qwen) == golden
    assert sum(len(row["ids"]) for row in rows) == 29_892
    assert undecodable_rows(golden, qwen) == []


@pytest.mark.shared
@pytest.mark.parametrize("tokenizer", ["qwen", "through_transformers"])
def test_awkward_texts_have_the_golden_ids(tokenizer: str, request: pytest.FixtureRequest) -> None:
    loaded: TextTokenizer = request.getfixturevalue(tokenizer)
    rows = golden_rows("qwen_texts.jsonl")
    assert len(rows) == 150
    for row in rows:
        assert loaded.encode(str(row["text"]))[1] == row["ids"], row["text"]


@pytest.mark.parametrize("tokenizer", ["qwen", "through_transformers"])
def test_known_facts_of_the_qwen_tokenizer_hold(
    tokenizer: str, request: pytest.FixtureRequest
) -> None:
    loaded: TextTokenizer = request.getfixturevalue(tokenizer)
    assert loaded.size == 151_669
    assert loaded.encode("Hello, world!")[1] == [9707, 11, 1879, 0]
    assert loaded.encode("<|im_start|>user")[1] == [151_644, 872]
    assert loaded.encode("<think></think>")[1] == [151_667, 151_668]
    assert loaded.encode("12.73") == (["1", "2", ".", "7", "3"], [16, 17, 13, 22, 18])
    assert loaded.encode(" Mean=") == (["ĠMean", "="], [16_327, 28])
    assert loaded.encode("") == ([], [])
    assert loaded.encode("e\u0301") == loaded.encode("\u00e9")


def test_transformers_reads_the_embedded_folder_as_the_same_tokenizer(
    qwen: TextTokenizer, through_transformers: TextTokenizer
) -> None:
    assert qwen.vocabulary() == through_transformers.vocabulary()


@settings(deadline=None)  # a busy machine is no failure
@given(text=st.text(max_size=60))
def test_both_ways_of_loading_agree_and_lose_nothing_but_the_normal_form(
    qwen: TextTokenizer, through_transformers: TextTokenizer, text: str
) -> None:
    tokens, ids = qwen.encode(text)
    assert (tokens, ids) == through_transformers.encode(text)
    assert qwen.decode(ids) == through_transformers.decode(ids)
    assert qwen.decode(ids) == unicodedata.normalize("NFC", text)


def test_special_tokens_are_decoded_too(qwen: TextTokenizer) -> None:
    text = "<|im_start|>user\n<|image_pad|><think>"
    assert qwen.decode(qwen.encode(text)[1]) == text


def test_the_vocabulary_is_complete_and_in_the_order_of_ids(qwen: TextTokenizer) -> None:
    vocabulary = qwen.vocabulary()
    assert list(vocabulary.values()) == list(range(151_669))
    assert list(vocabulary)[:3] == ["!", '"', "#"]
    assert list(vocabulary)[-1] == "</think>"
    tokens, ids = qwen.encode(STATS)
    assert [vocabulary[token] for token in tokens] == ids


def test_vocabulary_json_is_the_vocabulary_one_entry_a_line(qwen: TextTokenizer) -> None:
    content = vocabulary_json(qwen)
    assert json.loads(content) == qwen.vocabulary()
    assert content.startswith(b'{\n  "!": 0,\n')
    assert content.count(b"\n") == 151_669 + 1
    assert "Ġ".encode() in content
    assert content == vocabulary_json(qwen)


def test_rows_are_readable_json_lines_in_the_given_order(qwen: TextTokenizer) -> None:
    assert qwen_rows_jsonl([(17, "é=1"), (3, "")], qwen).decode() == (
        '{"batch": 17, "text": "é=1", "tokens": ["Ã©", "=", "1"], "ids": [963, 28, 16]}\n'
        '{"batch": 3, "text": "", "tokens": [], "ids": []}\n'
    )
    assert qwen_rows_jsonl([((17, 1640), "1")], qwen).decode() == (
        '{"batch": 17, "row": 1640, "text": "1", "tokens": ["1"], "ids": [16]}\n'
    )
    assert qwen_rows_jsonl([], qwen) == b""


@settings(deadline=None)  # a busy machine is no failure
@given(texts=st.lists(st.text(max_size=40), max_size=5))
def test_every_row_has_one_line_and_leads_back_to_its_text(
    qwen: TextTokenizer, texts: list[str]
) -> None:
    rows = qwen_rows_jsonl(enumerate(texts), qwen)
    assert rows.count(b"\n") == len(texts)
    assert [json.loads(line)["text"] for line in rows.splitlines()] == texts
    assert undecodable_rows(rows, qwen) == []


@pytest.mark.parametrize("ids", [[], [16], [28, 16, 151_669], [-1], [2**40], [28, 16, 16]], ids=str)
def test_ids_that_do_not_give_the_text_are_found(qwen: TextTokenizer, ids: list[int]) -> None:
    good = qwen_rows_jsonl([(0, "=1"), (2, "=1")], qwen)
    bad = json.dumps({"batch": 1, "text": "=1", "tokens": [], "ids": ids}).encode() + b"\n"
    assert undecodable_rows(good + bad, qwen) == [1]
    told = bad.replace(b'"batch": 1,', b'"batch": 1, "row": 99,')
    assert undecodable_rows(good + told, qwen) == [(1, 99)]


@pytest.mark.parametrize(
    "line",
    [b'{"batch": 1, "text": "a", "ids": [6', b'{"batch": 1}', b"[]", b'{"batch": 1, "text'],
)
def test_a_torn_row_is_named_by_its_line(qwen: TextTokenizer, line: bytes) -> None:
    rows = qwen_rows_jsonl([(0, "=1")], qwen)
    with pytest.raises(CorpusError, match="token rows, line 2: not a row with batch, text and ids"):
        undecodable_rows(rows + line, qwen)


def test_a_tokenizer_of_the_users_own_works(own: TextTokenizer) -> None:
    assert own.size == 3
    assert own.vocabulary() == {"<unk>": 0, "max": 1, "mean": 2}
    assert list(own.vocabulary()) == ["<unk>", "max", "mean"]
    assert own.encode("Mean Max 7") == (["mean", "max", "<unk>"], [2, 1, 0])
    assert own.decode([2, 1]) in {"meanmax", "mean max"}


def test_rows_that_a_lossy_tokenizer_lost_are_listed(own: TextTokenizer) -> None:
    rows = qwen_rows_jsonl([(0, "mean"), (1, "Mean"), (2, "7"), (3, "max")], own)
    assert undecodable_rows(rows, own) == [1, 2]


def test_the_default_needs_no_network(
    embedded_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hf"))
    source = resolve_tokenizer(None, project_dir=tmp_path, cache_dir=embedded_folder.parent)
    assert source.location == str(embedded_folder)
    assert load_tokenizer(source).encode("=1")[1] == [28, 16]
    as_folder = resolve_tokenizer(str(embedded_folder), project_dir=tmp_path, cache_dir=tmp_path)
    assert load_tokenizer(as_folder).encode("=1")[1] == [28, 16]


def test_a_folder_whose_json_is_no_tokenizer_is_named(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "tokenizer.json").write_text('{"model": 3}', encoding="utf-8")
    source = resolve_tokenizer("own", project_dir=tmp_path, cache_dir=tmp_path)
    with pytest.raises(CorpusError) as raised:
        load_tokenizer(source)
    assert str(raised.value).startswith(
        f"{tmp_path / 'own'}: the files are there, but no tokenizer"
    )
    assert "name another folder" in str(raised.value)


def test_code_that_comes_with_a_model_is_refused_and_never_run(tmp_path: Path) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    config = {"tokenizer_class": "Own", "auto_map": {"AutoTokenizer": ["own.Own", None]}}
    (folder / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
    (folder / "vocab.txt").write_text("a\nb\n", encoding="utf-8")
    (folder / "own.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')", encoding="utf-8")
    source = resolve_tokenizer("own", project_dir=tmp_path, cache_dir=tmp_path)
    with pytest.raises(CorpusError, match="code that comes with a model is never run"):
        load_tokenizer(source)
    assert not (tmp_path / "ran").exists()


def test_loading_prints_nothing_and_silences_nothing_else(
    own: TextTokenizer, tmp_path: Path
) -> None:
    program = f"""
import logging
from zwu_ts_assets.text.qwen import TokenizerSource, load_tokenizer
load_tokenizer(TokenizerSource("folder", {str(tmp_path / "own")!r}, ""))
logging.getLogger("transformers").warning("PyTorch and all else is told again")
"""
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert ran.stdout == ""
    assert ran.stderr.splitlines() == ["[transformers] PyTorch and all else is told again"]
    assert not logging.getLogger("transformers").filters


def test_the_embedded_tokenizer_does_not_wait_for_transformers(embedded_folder: Path) -> None:
    program = f"""
import sys
from zwu_ts_assets.text.qwen import TokenizerSource, load_tokenizer
load_tokenizer(TokenizerSource("embedded", {str(embedded_folder)!r}, "")).encode("a")
print(sorted({{"transformers", "torch", "huggingface_hub"}} & set(sys.modules)))
"""
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert (ran.stdout, ran.stderr) == ("[]\n", "")
