"""Which tokenizer a name means, in which order, and what is wrong with a folder that is none."""

import json
import shutil
import socket
from pathlib import Path
from typing import Any, NoReturn

import huggingface_hub
import pytest
from huggingface_hub import constants

from zwu_ts_assets.errors import CorpusError
from zwu_ts_assets.text.tokenizer_source import (
    DEFAULT_TOKENIZER,
    TokenizerSource,
    resolve_tokenizer,
)


@pytest.fixture(autouse=True)
def model_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the test an empty Hugging Face cache of its own, and no network."""

    def refuse(*_: object, **__: object) -> NoReturn:
        raise AssertionError("the network was used")

    cache = tmp_path / "hf"
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    return cache


def resolve(name: str | None, project: Path) -> TokenizerSource:
    return resolve_tokenizer(name, project_dir=project, cache_dir=project / ".cache")


def write_tokenizer(folder: Path, vocabulary: dict[str, int] | None = None) -> Path:
    """Write the smallest tokenizer.json there is: whole words."""
    folder.mkdir(parents=True, exist_ok=True)
    model = {"type": "WordLevel", "vocab": vocabulary or {"<unk>": 0, "a": 1}, "unk_token": "<unk>"}
    content = {"version": "1.0", "added_tokens": [], "model": model}
    (folder / "tokenizer.json").write_text(json.dumps(content), encoding="utf-8")
    return folder


def cache_model(cache: Path, model_id: str) -> Path:
    """Lay out a model the way the Hugging Face cache does."""
    repo = cache / f"models--{model_id.replace('/', '--')}"
    commit = "0123456789abcdef0123456789abcdef01234567"
    (repo / "refs").mkdir(parents=True)
    (repo / "refs" / "main").write_text(commit, encoding="utf-8")
    return write_tokenizer(repo / "snapshots" / commit)


@pytest.mark.parametrize("name", [None, DEFAULT_TOKENIZER])
def test_the_default_is_the_embedded_one_and_nothing_is_built_yet(
    tmp_path: Path, name: str | None
) -> None:
    source = resolve(name, tmp_path)
    assert source.kind == "embedded"
    assert Path(source.location).parent == tmp_path / ".cache"
    assert not (tmp_path / ".cache").exists()
    assert len(source.digest) == 64


def test_the_local_model_cache_comes_before_the_embedded_one(
    tmp_path: Path, model_cache: Path
) -> None:
    snapshot = cache_model(model_cache, DEFAULT_TOKENIZER)
    source = resolve(None, tmp_path)
    assert (source.kind, source.location) == ("cache", str(snapshot))


def test_a_folder_in_the_project_comes_before_the_local_model_cache(
    tmp_path: Path, model_cache: Path
) -> None:
    cache_model(model_cache, DEFAULT_TOKENIZER)
    folder = write_tokenizer(tmp_path / "Qwen3-VL-2B-Instruct")
    source = resolve(None, tmp_path)
    assert (source.kind, source.location) == ("folder", str(folder))


def test_a_folder_the_user_names_comes_first(tmp_path: Path) -> None:
    write_tokenizer(tmp_path / "Qwen3-VL-2B-Instruct")
    mine = write_tokenizer(tmp_path / "mine")
    assert resolve("mine", tmp_path).location == str(mine)
    assert resolve("./mine", tmp_path).location == str(mine)
    assert resolve(str(mine), tmp_path / "elsewhere").location == str(mine)
    assert Path(resolve("../mine", mine).location).samefile(mine)


def test_a_tilde_means_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    mine = write_tokenizer(tmp_path / "mine")
    assert resolve("~/mine", tmp_path / "project").location == str(mine)


def test_a_tilde_with_no_such_user_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="no user with that home folder"):
        resolve("~no-such-user-here/mine", tmp_path)


def test_owner_and_name_mean_the_folder_if_the_project_has_it(tmp_path: Path) -> None:
    mine = write_tokenizer(tmp_path / "some" / "model")
    assert resolve("some/model", tmp_path) == TokenizerSource(
        "folder", str(mine), resolve(str(mine), tmp_path).digest
    )


def test_a_cached_model_is_used_without_asking_the_hub(tmp_path: Path, model_cache: Path) -> None:
    snapshot = cache_model(model_cache, "some/model")
    source = resolve("some/model", tmp_path)
    assert (source.kind, source.location) == ("cache", str(snapshot))


def test_a_cached_model_without_its_tokenizer_does_not_count(
    tmp_path: Path, model_cache: Path
) -> None:
    snapshot = cache_model(model_cache, DEFAULT_TOKENIZER)
    (snapshot / "tokenizer.json").rename(snapshot / "model.safetensors")
    assert resolve(None, tmp_path).kind == "embedded"


def test_another_model_id_is_downloaded_its_tokenizer_files_only(
    tmp_path: Path, model_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {}

    def download(model_id: str, *, allow_patterns: list[str]) -> str:
        asked.update(model_id=model_id, patterns=set(allow_patterns))
        return str(cache_model(model_cache, model_id))

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    source = resolve("some/model", tmp_path)
    assert source.kind == "hub"
    assert asked["model_id"] == "some/model"
    assert {"tokenizer.json", "vocab.json", "merges.txt"} <= asked["patterns"]
    assert not any("*" in pattern or "safetensors" in pattern for pattern in asked["patterns"])
    again = resolve("some/model", tmp_path)
    assert again == TokenizerSource("cache", source.location, source.digest)


def test_a_model_that_cannot_be_reached_gets_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*_: object, **__: object) -> NoReturn:
        raise OSError("Name or service not known")

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(socket, "getaddrinfo", unreachable)
    monkeypatch.setattr(socket.socket, "connect", unreachable)
    with pytest.raises(CorpusError) as raised:
        resolve("some/model", tmp_path)
    message = str(raised.value)
    assert message.startswith("tokenizer 'some/model': it is neither a folder nor in the local")
    assert "Name or service not known" in message
    assert "put them in a folder and name that folder" in message


@pytest.mark.parametrize(
    "name",
    [
        *(
            "",
            ".",
            "..",
            "model",
            "a/b/c",
            "owner/../secret",
            "owner/..",
            "-x/model",
            "own er/model",
        ),
        *(
            "owner/mo\ndel",
            "https://host/model",
            "owner/model?x",
            "owner\\model",
            "owner/a--b",
            "ö/ü",
        ),
        "owner/" + "x" * 97,
    ],
)
def test_a_name_that_is_neither_folder_nor_model_id_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(CorpusError) as raised:
        resolve(name, tmp_path)
    assert str(raised.value).startswith(
        f"tokenizer {name!r}: there is no such folder in {tmp_path}"
    )
    assert "model id of the form owner/name" in str(raised.value)


@pytest.mark.parametrize("name", ["./none", "../none", "/none/at/all"])
def test_a_named_folder_that_does_not_exist_says_what_it_should_hold(
    tmp_path: Path, name: str
) -> None:
    with pytest.raises(CorpusError, match="the tokenizer folder does not exist") as raised:
        resolve(name, tmp_path)
    assert "none" in str(raised.value)
    assert "tokenizer.json, or tokenizer_config.json with one of vocab.json" in str(raised.value)


def test_a_file_in_place_of_the_folder_is_named(tmp_path: Path) -> None:
    file = write_tokenizer(tmp_path / "mine") / "tokenizer.json"
    with pytest.raises(CorpusError, match="this is a file, expected a tokenizer folder") as raised:
        resolve("mine/tokenizer.json", tmp_path)
    assert str(raised.value).startswith(str(file))


@pytest.mark.parametrize("by", ["name", "convention"])
def test_a_folder_without_a_tokenizer_says_what_is_there_and_what_is_expected(
    tmp_path: Path, by: str
) -> None:
    folder = tmp_path / "Qwen3-VL-2B-Instruct"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"weights")
    (folder / "config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(CorpusError) as raised:
        resolve(str(folder) if by == "name" else None, tmp_path)
    message = str(raised.value)
    assert message.startswith(
        f"{folder}: this is not a tokenizer folder. Found: config.json, model"
    )
    assert "Expected: tokenizer.json, or tokenizer_config.json with one of vocab.json" in message


@pytest.mark.parametrize("vocabulary", ["vocab.json", "vocab.txt", "tokenizer.model"])
def test_older_folders_have_a_vocabulary_and_a_configuration(
    tmp_path: Path, vocabulary: str
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / vocabulary).write_text("{}", encoding="utf-8")
    with pytest.raises(CorpusError, match="this is not a tokenizer folder"):
        resolve("mine", tmp_path)
    (tmp_path / "mine" / "tokenizer_config.json").write_text("{}", encoding="utf-8")
    assert resolve("mine", tmp_path).kind == "folder"


@pytest.mark.parametrize("name", ["tokenizer.json", "tokenizer_config.json"])
def test_broken_json_is_named(tmp_path: Path, name: str) -> None:
    file = write_tokenizer(tmp_path / "mine") / name
    file.write_text('{"model": {"vocab": {"a": 1', encoding="utf-8")
    with pytest.raises(
        CorpusError, match=r"not valid JSON .*; it may have been cut short"
    ) as raised:
        resolve("mine", tmp_path)
    assert str(raised.value).startswith(f"{file}: ")


def test_bytes_that_are_no_text_are_broken_json(tmp_path: Path) -> None:
    (write_tokenizer(tmp_path / "mine") / "tokenizer.json").write_bytes(b"\x89PNG\xff\xfe")
    with pytest.raises(CorpusError, match="not valid JSON"):
        resolve("mine", tmp_path)


def test_a_git_lfs_pointer_gets_the_command_that_fetches_the_file(tmp_path: Path) -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 7032399\n"
    (write_tokenizer(tmp_path / "mine") / "tokenizer.json").write_bytes(pointer)
    with pytest.raises(CorpusError, match=r"Git LFS pointer.*git lfs pull"):
        resolve("mine", tmp_path)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    mine = write_tokenizer(tmp_path / "mine")
    (mine / "vocab.json").symlink_to(tmp_path / "gone")
    with pytest.raises(
        CorpusError, match=r"vocab\.json: this tokenizer file cannot be read \(No such"
    ):
        resolve("mine", tmp_path)


def test_the_digest_tells_the_content_and_not_the_place(tmp_path: Path) -> None:
    mine = write_tokenizer(tmp_path / "mine")
    first = resolve("mine", tmp_path).digest
    copy = shutil.copytree(mine, tmp_path / "copy")
    assert resolve("copy", tmp_path).digest == first
    (copy / "README.md").write_text("no part of the tokenizer", encoding="utf-8")
    assert resolve("copy", tmp_path).digest == first
    (copy / "added_tokens.json").write_text("{}", encoding="utf-8")
    assert resolve("copy", tmp_path).digest != first
    write_tokenizer(mine, {"<unk>": 0, "b": 1})
    assert resolve("mine", tmp_path).digest != first
